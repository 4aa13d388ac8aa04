//! A build whose options the session states: Zephyr 3.2.

use super::build::{Build, Port, area, areas, facts, geometry, part, volume};
use super::meta::Meta;
use super::step::{Step, What};
use flash_model::Layout;
use server_model::{EraseMode, FsOptions, Profile, ServerConfig};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Builds the server of these options.
pub(super) fn kconfig_build(meta: &Meta, steps: &[Step]) -> Result<Build, String> {
    let flash = meta.flash.as_ref().ok_or("`meta` has no `flash`")?;
    let options = Options(&meta.kconfig);
    let area = |name: &str| area(flash, name);
    let more_images = match options.number("CONFIG_IMG_MGMT_UPDATABLE_IMAGE_NUMBER")? {
        1 => Vec::new(),
        2 => vec![[area("slot2")?, area("slot3")?]],
        n => return Err(format!("{n} images: 1 or 2 are modelled")),
    };
    let flash_storage = area("storage").ok();
    let verbose = options.yes("CONFIG_MGMT_VERBOSE_ERR_RESPONSE");
    let progressive = options.yes("CONFIG_IMG_ERASE_PROGRESSIVELY");
    let config = ServerConfig {
        profile: Profile::Z32,
        buf_size: options.number("CONFIG_MCUMGR_BUF_SIZE")?,
        buf_count: options.number("CONFIG_MCUMGR_BUF_COUNT")?,
        reassembly: steps.iter().any(|step| matches!(step.what, What::Write(_))),
        image: options.yes("CONFIG_MCUMGR_CMD_IMG_MGMT"),
        stat: options.yes("CONFIG_MCUMGR_CMD_STAT_MGMT"),
        fs: meta.littlefs.is_some(),
        fs_options: Arc::new(FsOptions { crc32: true, ..volume(flash_storage, flash.page_size) }),
        echo: options.yes("CONFIG_OS_MGMT_ECHO"),
        taskstat: options.yes("CONFIG_OS_MGMT_TASKSTAT"),
        info: options.yes("CONFIG_MCUMGR_GRP_OS_INFO"),
        params: options.yes("CONFIG_OS_MGMT_MCUMGR_PARAMS"),
        // The group has no other command; its own option is not among those that are stated.
        erase_storage: options.yes("CONFIG_MCUMGR_GRP_ZEPHYR_BASIC"),
        legacy_rc: options.yes("CONFIG_MCUMGR_SMP_LEGACY_RC_BEHAVIOUR"),
        verbose_errors: verbose && options.yes("CONFIG_IMG_MGMT_VERBOSE_ERR"),
        frugal_list: options.yes("CONFIG_IMG_MGMT_FRUGAL_LIST"),
        canonical: options.yes("CONFIG_ZCBOR_CANONICAL"),
        erase: if progressive { EraseMode::Progressive } else { EraseMode::UpFront },
        direct_upload: options.yes("CONFIG_IMG_MGMT_DIRECT_IMAGE_UPLOAD"),
        image_check: options.yes("CONFIG_IMG_ENABLE_IMAGE_CHECK"),
        stream_buf: options.number("CONFIG_IMG_BLOCK_BUF_SIZE")?,
        reset_ms: options.number("CONFIG_OS_MGMT_RESET_MS")?,
        layout: Layout {
            boot: area("boot")?,
            slots: [area("slot0")?, area("slot1")?],
            scratch: None,
            storage: flash_storage,
        },
        more_images,
        facts: Arc::new(facts(&meta.device)),
        ..ServerConfig::default()
    };
    let build = Build {
        config,
        part: part(geometry(flash)),
        areas: areas(flash),
        boot: None,
        port: Port::Write,
        persists: true,
        counts_ops: true,
    };
    build.checked()
}

/// Kconfig options by name.
struct Options<'m>(&'m BTreeMap<String, String>);

impl Options<'_> {
    fn yes(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| value == "y")
    }

    fn number(&self, name: &str) -> Result<u32, String> {
        let value = self.0.get(name).ok_or_else(|| format!("`kconfig` has no {name}"))?;
        value.parse().map_err(|_| format!("`kconfig.{name}` is {value}, not a number"))
    }
}

#[cfg(test)]
mod tests {
    use super::kconfig_build;
    use crate::conform::transcript::meta::Meta;
    use crate::kconfig::Kconfig;
    use crate::scenario::{Scenario, Settings};
    use serde::Deserialize as _;
    use serde_json::json;
    use server_model::ServerConfig;
    use std::collections::BTreeMap;

    /// Options as a session states them, some on and some off.
    const OPTIONS: [(&str, [&str; 2]); 17] = [
        ("CONFIG_MCUMGR_BUF_SIZE", ["2475", "1024"]),
        ("CONFIG_MCUMGR_BUF_COUNT", ["4", "2"]),
        ("CONFIG_MCUMGR_SMP_LEGACY_RC_BEHAVIOUR", ["y", "n"]),
        ("CONFIG_MGMT_VERBOSE_ERR_RESPONSE", ["y", "n"]),
        ("CONFIG_IMG_MGMT_VERBOSE_ERR", ["y", "n"]),
        ("CONFIG_IMG_MGMT_UPDATABLE_IMAGE_NUMBER", ["1", "1"]),
        ("CONFIG_IMG_MGMT_FRUGAL_LIST", ["n", "y"]),
        ("CONFIG_IMG_MGMT_DIRECT_IMAGE_UPLOAD", ["y", "n"]),
        ("CONFIG_IMG_ERASE_PROGRESSIVELY", ["n", "y"]),
        ("CONFIG_IMG_BLOCK_BUF_SIZE", ["512", "256"]),
        ("CONFIG_IMG_ENABLE_IMAGE_CHECK", ["y", "n"]),
        ("CONFIG_OS_MGMT_RESET_MS", ["250", "100"]),
        ("CONFIG_OS_MGMT_ECHO", ["y", "n"]),
        ("CONFIG_OS_MGMT_TASKSTAT", ["y", "n"]),
        ("CONFIG_OS_MGMT_MCUMGR_PARAMS", ["y", "n"]),
        ("CONFIG_MCUMGR_GRP_OS_INFO", ["y", "n"]),
        ("CONFIG_MCUMGR_CMD_STAT_MGMT", ["y", "n"]),
    ];

    /// What is the same in every such session.
    const ALWAYS: [&str; 3] =
        ["CONFIG_MCUMGR", "CONFIG_MCUMGR_CMD_IMG_MGMT", "CONFIG_MCUMGR_CMD_OS_MGMT"];

    #[test]
    fn a_session_and_a_build_with_the_same_options_have_the_same_server() {
        for which in [0, 1] {
            let mut options: Vec<(&str, &str)> = ALWAYS.map(|name| (name, "y")).into();
            options.extend(OPTIONS.map(|(name, values)| (name, values[which])));
            let line = |(name, value): &(&str, &str)| format!("{name}={value}\n");
            let text: String = options.iter().map(line).collect();
            let mut settings = Settings::preset("reference").expect("a preset");
            let kconfig = Kconfig::read(&[("prj.conf", &text)]).expect("options");
            kconfig.apply(&mut settings).expect("values that fit");
            let of_run = Scenario::resolve(&settings).expect("a scenario").server;

            let slot = |n: u32| json!({ "off": 0xc000 + n * 0x7_6000, "size": 0x7_6000 });
            let meta = json!({
                "kconfig": options.iter().copied().collect::<BTreeMap<_, _>>(),
                "flash": { "size": 0x10_0000, "page_size": 4096, "write_block": 4, "partitions": {
                    "boot": { "off": 0, "size": 0xc000 }, "slot0": slot(0), "slot1": slot(1),
                    "storage": { "off": 0xf_8000, "size": 0x8000 } } },
            });
            let meta = Meta::deserialize(&meta).expect("a first line");
            let of_session = kconfig_build(&meta, &[]).expect("a build").config;
            assert_eq!(stated(&of_session), stated(&of_run), "{text}");
        }
    }

    /// What the options above say, and nothing else.
    fn stated(config: &ServerConfig) -> ServerConfig {
        let &ServerConfig {
            profile, buf_size, buf_count, image, stat, echo, taskstat, info, ..
        } = config;
        let &ServerConfig { params, legacy_rc, verbose_errors, frugal_list, .. } = config;
        let &ServerConfig { erase, direct_upload, image_check, stream_buf, reset_ms, .. } = config;
        ServerConfig {
            profile,
            buf_size,
            buf_count,
            image,
            stat,
            echo,
            taskstat,
            info,
            params,
            legacy_rc,
            verbose_errors,
            frugal_list,
            erase,
            direct_upload,
            image_check,
            stream_buf,
            reset_ms,
            ..ServerConfig::default()
        }
    }
}
