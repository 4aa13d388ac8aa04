//! The server of a scenario: keys as Kconfig options, and what they need of each other.

use super::resolve::Resolver;
use super::{Scenario, ScenarioError, layout, lists};
use flash_model::{Area, BootMode, EXTERNAL_BASE};
use server_model::{
    ConfigError, DeviceFacts, EraseMode, FsOptions, Profile, Rtc, ServerConfig, SettingsOptions,
    ShellOptions,
};
use sim_core::Span;
use std::sync::Arc;

impl Resolver<'_> {
    /// The server and the partitions.
    ///
    /// # Errors
    /// A list that cannot be read.
    pub(super) fn server(&self) -> Result<ServerConfig, ScenarioError> {
        let footer = self.octets("server.update_footer");
        Ok(ServerConfig {
            profile: self.profile(),
            buf_size: self.octets("server.buf_size"),
            buf_count: self.octets("server.buf_count"),
            reassembly: self.truth("server.reassembly"),
            udp_mtu: self.octets("server.udp_mtu"),
            original_protocol: self.truth("server.original_protocol"),
            legacy_rc: self.truth("server.legacy_rc"),
            verbose_errors: self.truth("server.verbose_errors"),
            canonical: self.truth("server.canonical"),
            conn_param_control: self.truth("server.conn_param_control"),
            cpu: Span::from_us(self.number("server.cpu_us")),
            cpu_per_octet: Span::from_ns(self.number("server.cpu_ns_per_octet")),
            sha_bytes_per_s: self.octets("server.sha_Bps"),
            image: self.truth("server.image"),
            frugal_list: self.truth("server.frugal_list"),
            erase: match self.word("server.erase") {
                "up-front" => EraseMode::UpFront,
                _ => EraseMode::Progressive,
            },
            allow_erase_pending: self.truth("server.allow_erase_pending"),
            direct_upload: self.truth("server.direct_upload"),
            image_check: self.truth("server.image_check"),
            slot_info: self.truth("server.slot_info"),
            compare_build_number: self.truth("server.compare_build_number"),
            update_footer: (footer > 0).then_some(footer),
            reject_mismatched_slot: self.truth("server.reject_mismatched_slot"),
            confirm_other_secondary: self.truth("server.confirm_other_secondary"),
            confirm_other_images: self.truth("server.confirm_other_images"),
            upload_hook: self.refusal("server.upload_hook"),
            stream_buf: self.octets("server.stream_buf"),
            boot_mode: self.boot_mode(),
            layout: layout::resolve(|path| self.octets(path)),
            more_images: layout::further_images(self.number("server.images"), |path| {
                self.octets(path)
            }),
            ..self.groups(self.system_group())?
        })
    }

    fn profile(&self) -> Profile {
        let name = self.word("server.profile");
        let known = Profile::ALL.into_iter().find(|profile| profile.name() == name);
        known.expect("the choice lists the eras")
    }

    /// The commands of the operating system group.
    fn system_group(&self) -> ServerConfig {
        ServerConfig {
            echo: self.truth("server.echo"),
            params: self.truth("server.params"),
            taskstat: self.truth("server.taskstat"),
            taskstat_only_supported: self.truth("server.taskstat_only_supported"),
            taskstat_signed_priority: self.truth("server.taskstat_signed_priority"),
            info: self.truth("server.info"),
            info_max: self.octets("server.info_max"),
            facts: Arc::new(DeviceFacts {
                node_name: self.text("server.node_name").to_owned(),
                board: self.text("server.board").to_owned(),
                ..DeviceFacts::default()
            }),
            datetime: self.truth("server.datetime"),
            datetime_ms: self.truth("server.datetime_ms"),
            rtc: match self.word("server.rtc") {
                "running" => Rtc::Running { epoch_ms: self.number("server.rtc_epoch_s") * 1_000 },
                "broken" => Rtc::Broken,
                _ => Rtc::Unset,
            },
            bootloader_info: self.truth("server.bootloader_info"),
            no_downgrade: self.truth("server.no_downgrade"),
            reset: self.truth("server.reset"),
            reset_hook: self.refusal("server.reset_hook"),
            reset_hook_yields: self.truth("server.reset_hook_yields"),
            reset_boot_mode: self.truth("server.reset_boot_mode"),
            reset_ms: self.octets("server.reset_ms"),
            ..ServerConfig::default()
        }
    }

    /// The groups that neither update nor reset.
    fn groups(&self, config: ServerConfig) -> Result<ServerConfig, ScenarioError> {
        Ok(ServerConfig {
            stat: self.truth("server.stat"),
            stat_name_len: self.octets("server.stat_name_len"),
            settings: self.truth("server.settings"),
            settings_options: Arc::new(SettingsOptions {
                backend: self.truth("server.settings_backend"),
                name_len: self.octets("server.settings_name_len"),
                value_len: self.octets("server.settings_value_len"),
                registered: self.list("server.settings_values", lists::settings)?,
                protected: self.list("server.settings_protected", lists::protected)?,
            }),
            fs: self.truth("server.fs"),
            fs_options: Arc::new(self.fs_options()?),
            shell: self.truth("server.shell"),
            shell_options: Arc::new(self.shell_options()?),
            enumeration: self.truth("server.enum"),
            enum_details: self.truth("server.enum_details"),
            enum_names: self.truth("server.enum_names"),
            enum_handlers: self.truth("server.enum_handlers"),
            enum_max_entries: self.octets("server.enum_max_entries"),
            erase_storage: self.truth("server.erase_storage"),
            ..config
        })
    }

    fn fs_options(&self) -> Result<FsOptions, ScenarioError> {
        let limit = self.octets("server.fs_chunk_limit");
        Ok(FsOptions {
            mount_point: self.text("server.fs_mount_point").trim_end_matches('/').to_owned(),
            block_count: self.octets("server.fs_blocks"),
            path_len: self.octets("server.fs_path_len"),
            status: self.truth("server.fs_status"),
            crc32: self.truth("server.fs_crc32"),
            sha256: self.truth("server.fs_sha256"),
            hash_types: self.truth("server.fs_hash_types"),
            large_files: self.truth("server.fs_large_files"),
            chunk_limit: (limit > 0).then_some(limit),
            idle_close_ms: self.octets("server.fs_idle_close_ms"),
            protected: self.list("server.fs_protected", lists::protected)?,
            ..FsOptions::default()
        })
    }

    fn shell_options(&self) -> Result<ShellOptions, ScenarioError> {
        let mut options = ShellOptions {
            line_len: self.octets("server.shell_line_len"),
            output_len: self.octets("server.shell_output_len"),
            legacy_return_code: self.truth("server.shell_legacy_return_code"),
            ..ShellOptions::default()
        };
        options.commands.extend(self.list("server.shell_commands", lists::shell_commands)?);
        options.commands.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(options)
    }

    fn list<T>(
        &self,
        key: &'static str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, ScenarioError> {
        read(self.text(key)).map_err(|problem| together(key, problem))
    }
}

/// Whether such a server could be built for the part, and whether its boot loader could update it.
///
/// # Errors
/// The key to change.
pub(super) fn check(scenario: &Scenario) -> Result<(), ScenarioError> {
    let Scenario { server, part, external, .. } = scenario;
    layout::check_external(part, external.as_ref(), &server.layout)?;
    layout::check_further_images(server, &part.geometry)?;
    let external = external.map(|external| Area::new(EXTERNAL_BASE, external.geometry.size));
    server.check_with(&part.geometry, external).map_err(|e| together(key(&e), e.to_string()))?;
    check_boot_mode(scenario)
}

fn together(key: &'static str, problem: impl Into<String>) -> ScenarioError {
    ScenarioError::Together { key, problem: problem.into() }
}

/// Modes in which the update of a world has no meaning are refused.
fn check_boot_mode(scenario: &Scenario) -> Result<(), ScenarioError> {
    let problem = match scenario.boot.mode {
        BootMode::DirectXip { .. } if scenario.external.is_some() => {
            "with direct-xip the new image runs where it lies, and from an external part none does \
             here; take a mode that copies, or flash.secondary = \"none\""
        }
        BootMode::SwapScratch if scenario.server.layout.scratch.is_none() => {
            "swap-scratch needs a scratch partition; set layout.scratch_start and \
             layout.scratch_size, or layout.preset = \"nrf52840dk-2022\""
        }
        BootMode::SingleSlot if scenario.server.image => {
            "an application of a single-slot boot loader has no image group \
             (MCUMGR_GRP_IMG depends on !MCUBOOT_BOOTLOADER_MODE_SINGLE_APP): it cannot be updated \
             over SMP; set server.image = false to see what a client makes of it"
        }
        BootMode::FirmwareLoader => {
            "with firmware-loader the update is the work of a second application in slot 1, which \
             no scenario describes; `smpsim flash inspect` shows what the boot loader does"
        }
        _ => return Ok(()),
    };
    Err(together("boot.mode", problem))
}

fn key(error: &ConfigError) -> &'static str {
    match error {
        ConfigError::NoBuffer => "server.buf_count",
        ConfigError::BufferTooSmall(_) | ConfigError::BufferTooLarge(_) => "server.buf_size",
        ConfigError::StreamBuffer { .. } => "server.stream_buf",
        ConfigError::ActiveSlot(_) => "boot.mode",
        ConfigError::Layout(_) => "layout",
    }
}

#[cfg(test)]
mod tests {
    use crate::scenario::{Scenario, Settings};
    use flash_model::{Area, BootMode, flags};
    use server_model::{HookRefusal, Rtc, ServerConfig};
    use smp_wire::errors::Rc;

    fn with(settings: &[&str]) -> Result<Scenario, String> {
        let mut all = Settings::preset("reference").expect("there is one");
        for setting in settings {
            all.set(setting).map_err(|e| e.to_string())?;
        }
        Scenario::resolve(&all).map_err(|e| e.to_string())
    }

    #[test]
    fn what_no_key_changes_is_as_zephyr_has_it() {
        let zephyr = ServerConfig::default();
        let server = with(&[]).expect("fits together").server;
        let facts = (&server.facts, &server.fs_options, &server.settings_options);
        assert_eq!(facts, (&zephyr.facts, &zephyr.fs_options, &zephyr.settings_options));
        let same = ServerConfig {
            buf_size: zephyr.buf_size,
            erase: zephyr.erase,
            shell_options: zephyr.shell_options.clone(),
            ..server
        };
        assert_eq!(same, zephyr);
    }

    #[test]
    fn hooks_lists_and_clocks_become_options_of_the_server() {
        let server = with(&[
            "server.upload_hook=11",
            "server.rtc=running",
            "server.rtc_epoch_s=60",
            "server.shell_commands=hello=Hello",
            "server.settings_values=app/name=6869",
            "server.update_footer=0x1800",
            "server.node_name=Kitchen sensor",
        ])
        .expect("fits together")
        .server;
        assert_eq!(server.upload_hook, Some(HookRefusal::Rc(Rc::AccessDenied)));
        assert_eq!(server.rtc, Rtc::Running { epoch_ms: 60_000 });
        assert!(server.shell_options.commands.iter().any(|command| command.name == "hello"));
        assert_eq!(server.settings_options.registered[0].value, b"hi");
        assert_eq!(server.update_footer, Some(0x1800));
        assert_eq!(server.facts.node_name, "Kitchen sensor");
    }

    #[test]
    fn texts_that_are_no_list_and_no_refusal_name_their_key() {
        for setting in
            ["server.shell_commands=hello", "server.settings_values=a=0", "server.fs_protected=a=x"]
        {
            let e = with(&[setting]).expect_err(setting);
            assert!(e.starts_with(setting.split('=').next().expect("a key")), "{e}");
        }
        let e = with(&["server.upload_hook=99"]).expect_err("must be refused");
        assert!(e.contains("a code of the protocol from 1 to 13"), "{e}");
    }

    #[test]
    fn further_images_have_slots_of_their_own() {
        let slots = [
            "layout.slot_size=0x38000",
            "layout.slot1_start=0x44000",
            "layout.slot2_start=0x7c000",
            "layout.slot2_size=0x38000",
            "layout.slot3_start=0xb4000",
            "image.size=200000",
            "slot0.size=200000",
            "server.images=2",
        ];
        let server = with(&slots).expect("fits together").server;
        let expected = [Area::new(0x7c000, 0x38000), Area::new(0xb4000, 0x38000)];
        assert_eq!(server.more_images, [expected]);
        for (change, part) in [
            ("server.images=3", "layout.slot4_size: server.images needs this slot"),
            ("layout.slot3_start=0xb4001", "layout.slot3_start: the slot does not begin"),
            ("layout.slot3_start=0x7d000", "layout.slot3_start: the slot overlaps"),
            ("layout.slot3_size=0x90000", "layout.slot3_start: the slot ends behind"),
        ] {
            let e = with(&[&slots[..], &[change]].concat()).expect_err(change);
            assert!(e.starts_with(part), "{e}");
        }
    }

    #[test]
    fn modes_in_which_an_update_has_no_meaning_are_refused() {
        for mode in BootMode::ALL {
            let outcome = with(&[&format!("boot.mode={}", mode.name())]);
            let refused = [BootMode::SwapScratch, BootMode::SingleSlot, BootMode::FirmwareLoader];
            assert_eq!(outcome.is_err(), refused.contains(&mode), "{mode:?}");
            assert!(outcome.err().is_none_or(|e| e.starts_with("boot.mode: ")));
        }
        assert!(with(&["boot.mode=single-slot", "server.image=false"]).is_ok());
        let external = with(&["boot.mode=direct-xip", "flash.secondary=mx25r64"]);
        assert!(external.is_err_and(|e| e.starts_with("boot.mode: with direct-xip")));
        let image = with(&["boot.mode=ram-load"]).expect("fits together").image;
        assert_eq!(image.flags, flags::RAM_LOAD);
    }
}
