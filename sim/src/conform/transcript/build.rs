//! The server, the flash and the boot loader that a session was recorded from.

use super::meta::{DeviceMeta, Flash, Meta};
use super::step::{Step, What};
use flash_model::{Area, BootConfig, BootMode, Geometry, Layout, Part};
use server_model::{
    DeviceFacts, EraseMode, FsOptions, Profile, ServerConfig, SettingsOptions, StatGroup, Thread,
};
use sim_core::Span;
use smp_wire::group;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Everything that runs.
#[derive(Clone, Debug)]
pub(super) struct Build {
    pub(super) config: ServerConfig,
    pub(super) part: Part,
    /// Partitions by name.
    pub(super) areas: BTreeMap<String, Area>,
    /// The boot loader that runs at each start; without one, contents are left as they are.
    pub(super) boot: Option<BootConfig>,
    pub(super) port: Port,
    /// Contents survive a power cycle.
    pub(super) persists: bool,
    /// The set counts operations and hashes partitions.
    pub(super) counts_ops: bool,
}

/// How frames reach the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Port {
    /// Each as a GATT write.
    Write,
    /// Each as a datagram.
    Datagram,
    /// In the lines of a UART of its own.
    Uart,
    /// In lines that the shell passes on.
    Shell,
}

/// Operations take no time: what is recorded does not depend on it.
const fn part(geometry: Geometry) -> Part {
    Part { geometry, erase_page: Span::ZERO, write_word: Span::ZERO, ..Part::nrf52840() }
}

impl Build {
    pub(super) fn new(meta: &Meta, steps: &[Step]) -> Result<Self, String> {
        if meta.kconfig.is_empty() { Self::named(meta) } else { Self::from_kconfig(meta, steps) }
    }

    /// A build whose options are stated (Zephyr 3.2).
    fn from_kconfig(meta: &Meta, steps: &[Step]) -> Result<Self, String> {
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
            fs_options: Arc::new(FsOptions {
                crc32: true,
                ..volume(flash_storage, flash.page_size)
            }),
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
        let build = Self {
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

    /// One of the published builds of Zephyr 4.4.
    fn named(meta: &Meta) -> Result<Self, String> {
        let server = meta.server.as_str();
        let ram_load = server.starts_with("mps");
        let layout = match &meta.flash {
            Some(flash) => Layout {
                boot: Area::new(0, 0),
                slots: [area(flash, "slot0")?, area(flash, "slot1")?],
                scratch: None,
                storage: None,
            },
            None if ram_load => RAM_LAYOUT,
            None => NATIVE_LAYOUT,
        };
        let boot_mode = if ram_load { BootMode::RamLoad } else { BootMode::SwapOffset };
        let has = |group: u16| meta.groups.contains(&group);
        let config = ServerConfig {
            profile: Profile::Z4x,
            buf_size: meta.buf_size.ok_or("`meta` has no `buf_size`")?,
            buf_count: meta.buf_count.ok_or("`meta` has no `buf_count`")?,
            image: has(group::IMAGE),
            stat: has(group::STAT),
            settings: has(group::SETTINGS),
            fs: has(group::FS),
            fs_options: Arc::new(FsOptions {
                crc32: true,
                sha256: true,
                hash_types: true,
                ..volume(layout.storage, Part::nrf52840().geometry.page)
            }),
            settings_options: Arc::new(SettingsOptions {
                backend: false,
                ..SettingsOptions::default()
            }),
            shell: has(group::SHELL),
            enumeration: has(group::ENUM),
            erase_storage: has(group::ZEPHYR_BASIC),
            taskstat: true,
            info: true,
            params: server != "nopar",
            verbose_errors: ram_load || server == "m0",
            slot_info: true,
            boot_mode,
            layout,
            facts: Arc::new(facts(&meta.device)),
            ..ServerConfig::default()
        };
        let boot = meta.flash.as_ref().map(|_| BootConfig {
            mode: boot_mode,
            sha_bytes_per_s: 0,
            ..BootConfig::default()
        });
        let (geometry, areas) = match &meta.flash {
            Some(flash) => (geometry(flash), areas(flash)),
            None if ram_load => (RAM_GEOMETRY, slots(&layout)),
            None => (Part::nrf52840().geometry, slots(&layout)),
        };
        let build = Self {
            config,
            part: part(geometry),
            areas,
            boot,
            port: match server {
                "udp" => Port::Datagram,
                "shl" => Port::Shell,
                _ => Port::Uart,
            },
            persists: !ram_load,
            counts_ops: false,
        };
        build.checked()
    }

    fn checked(self) -> Result<Self, String> {
        let Geometry { size, page, write_size } = self.part.geometry;
        let power = write_size.is_power_of_two() && write_size <= 32;
        if size > LARGEST || page == 0 || page % 32 != 0 || !power {
            return Err(format!(
                "`flash`: {size} octets in pages of {page} written by {write_size}: no part that \
                 can be simulated"
            ));
        }
        self.config.check(&self.part.geometry).map_err(|e| e.to_string())?;
        for (name, area) in &self.areas {
            let end = area.start.checked_add(area.len);
            if end.is_none_or(|end| end > size) {
                return Err(format!("`flash.partitions.{name}` leaves the flash"));
            }
        }
        let boot = self.boot.clone().unwrap_or_default();
        for slot in self.config.layout.slots.into_iter().chain(self.config.more_images.concat()) {
            let entries = 3 * boot.max_sectors.max(slot.len / page);
            if entries * write_size + 7 * 32 > slot.len {
                return Err(format!("`flash.partitions`: no trailer fits {} octets", slot.len));
            }
        }
        Ok(self)
    }
}

/// No part of this kind is larger; keeps a wrong size from asking for gigabytes.
const LARGEST: u32 = 0x0400_0000;

/// The volume in the storage partition.
fn volume(storage: Option<Area>, block_size: u32) -> FsOptions {
    let blocks = storage.map_or(0, |area| area.len / block_size.max(1));
    FsOptions { block_size, block_count: blocks, ..FsOptions::default() }
}

/// Partitions of a program for the host (Zephyr `boards/native/native_sim/native_sim.dts`).
const NATIVE_LAYOUT: Layout = Layout {
    boot: Area::new(0, 0xc000),
    slots: [Area::new(0xc000, 0x6_9000), Area::new(0x7_5000, 0x6_9000)],
    scratch: Some(Area::new(0xd_e000, 0x1_e000)),
    storage: Some(Area::new(0xf_c000, 0x4000)),
};

/// Two slots in the RAM of a device whose boot loader copies nothing from flash.
const RAM_LAYOUT: Layout = Layout {
    boot: Area::new(0, 0x8000),
    slots: [Area::new(0x8000, 0x8_0000), Area::new(0x8_8000, 0x8_0000)],
    scratch: None,
    storage: Some(Area::new(0x10_8000, 0x8000)),
};

const RAM_GEOMETRY: Geometry = Geometry { size: 0x11_0000, page: 0x400, write_size: 4 };

const fn geometry(flash: &Flash) -> Geometry {
    Geometry { size: flash.size, page: flash.page_size, write_size: flash.write_block }
}

fn area(flash: &Flash, name: &str) -> Result<Area, String> {
    let partition = flash.partitions.get(name);
    Ok((*partition.ok_or_else(|| format!("`flash.partitions` has no {name}"))?).into())
}

fn areas(flash: &Flash) -> BTreeMap<String, Area> {
    flash.partitions.iter().map(|(name, &partition)| (name.clone(), partition.into())).collect()
}

fn slots(layout: &Layout) -> BTreeMap<String, Area> {
    ["slot0", "slot1"].into_iter().map(str::to_owned).zip(layout.slots).collect()
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

fn facts(device: &DeviceMeta) -> DeviceFacts {
    let text = |letter: &str| device.info.get(letter).cloned().unwrap_or_default();
    let threads = device.tasks.iter().map(|task| Thread {
        name: task.name.clone(),
        priority: task.prio,
        tid: task.tid,
        state: task.state,
        stack_size: task.stksiz,
        stack_used: task.stkuse,
        ..Thread::default()
    });
    let stats = device.stats.iter().map(|stat| StatGroup {
        name: stat.name.clone(),
        fields: stat
            .fields
            .iter()
            .map(|(name, value)| (name.clone(), value.as_u64().unwrap_or_default() as u32))
            .collect(),
    });
    let known = DeviceFacts::default();
    DeviceFacts {
        node_name: text("n"),
        kernel_release: text("r"),
        kernel_version: text("v"),
        build_date: device.info.get("b").cloned(),
        machine: text("m"),
        processor: text("p"),
        board: text("i"),
        threads: if device.tasks.is_empty() { known.threads } else { threads.collect() },
        stats: if device.stats.is_empty() { known.stats } else { stats.collect() },
    }
}

#[cfg(test)]
mod tests {
    use super::Build;
    use crate::conform::transcript::meta::Meta;
    use crate::kconfig::Kconfig;
    use crate::scenario::{Scenario, Settings};
    use serde::Deserialize as _;
    use serde_json::json;
    use server_model::ServerConfig;

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
                "kconfig": serde_json::Map::from_iter(
                    options.iter().map(|&(name, value)| (name.to_owned(), json!(value))),
                ),
                "flash": { "size": 0x10_0000, "page_size": 4096, "write_block": 4, "partitions": {
                    "boot": { "off": 0, "size": 0xc000 }, "slot0": slot(0), "slot1": slot(1),
                    "storage": { "off": 0xf_8000, "size": 0x8000 } } },
            });
            let meta = Meta::deserialize(&meta).expect("a first line");
            let of_session = Build::new(&meta, &[]).expect("a build").config;
            assert_eq!(stated(of_session), stated(of_run), "{text}");
        }
    }

    /// What the options above say, and nothing else.
    fn stated(config: ServerConfig) -> ServerConfig {
        let ServerConfig {
            profile, buf_size, buf_count, image, stat, echo, taskstat, info, ..
        } = config;
        let ServerConfig { params, legacy_rc, verbose_errors, frugal_list, .. } = config;
        let ServerConfig { erase, direct_upload, image_check, stream_buf, reset_ms, .. } = config;
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
