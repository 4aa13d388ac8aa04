//! From settings to what the machines are built with.

use super::faults::FaultSpec;
use super::gateway::FleetSpec;
use super::pipe::Carriage;
use super::value::Value;
use super::{ScenarioError, Settings, layout, server};
use client_model::{ClientConfig, Era, Image, Mode, StrategyKind, UplinkConfig};
use flash_model::{
    BootConfig, BootMode, ImageSpec, ImageVersion, Part, RadioSync, SyncConfig, flags,
};
use link_model::LinkConfig;
use server_model::foreign::ForeignProtocol;
use server_model::{HookRefusal, ServerConfig};
use sim_core::Span;

/// A scenario whose values fit together.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The settings it was resolved from.
    pub settings: Settings,
    /// Outcome that it expects, as a word of [`super::keys::OUTCOMES`].
    pub expected_outcome: &'static str,
    /// Error that an expected failure must have; `none` for any.
    pub expected_error: &'static str,
    /// Longest virtual time of a run.
    pub limit: Span,
    /// The image to install, unless a file is given.
    pub image: ImageSpec,
    /// Take the image although the boot loader will refuse it.
    pub image_force: bool,
    /// An image 1 to install with it.
    pub image1: Option<ImageSpec>,
    /// The running image.
    pub slot0: ImageSpec,
    /// What slot 1 holds at the start.
    pub slot1: SlotSpec,
    /// Upgrade request in slot 1 at the start: `None`, test (false) or permanent (true).
    pub slot1_mark: Option<bool>,
    /// The flash part on the chip.
    pub part: Part,
    /// The external part, which slot 1 lies in.
    pub external: Option<Part>,
    /// How the application's flash shares time with the radio.
    pub flash_sync: SyncConfig,
    /// Whether writes, not only erases, make the radio deaf.
    pub deaf_on_write: bool,
    /// The boot loader.
    pub boot: BootConfig,
    /// When and how the supply of the device fails.
    pub power_cut: Option<PowerCut>,
    /// What goes wrong between client and server.
    pub faults: FaultSpec,
    /// The SMP server and the partitions.
    pub server: ServerConfig,
    /// From the boot loader's jump to advertising.
    pub start: Span,
    /// The radio link.
    pub link: LinkConfig,
    /// What carries the frames: that link, or a pipe.
    pub carriage: Carriage,
    /// Where a gateway gets the image from while it uploads. The phase of outages is not drawn yet.
    pub host: Option<UplinkConfig>,
    /// The devices that the central updates.
    pub fleet: FleetSpec,
    /// What the device speaks when it is not SMP; nothing is drawn for it yet.
    pub foreign: Option<ForeignProtocol>,
}

/// A supply that fails once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PowerCut {
    /// When it fails, from the start of the run.
    pub at: Span,
    /// Whether a flash operation in progress is left torn, rather than undone.
    pub torn: bool,
    /// How long it is away.
    pub off: Span,
}

/// What slot 1 holds at the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SlotSpec {
    /// Nothing.
    Erased,
    /// Another image.
    Old(ImageSpec),
    /// The image to install.
    New,
}

/// Header and SHA-256 TLV area of a generated image, octets besides header and body.
const TLV_OCTETS: u32 = 40;

impl Scenario {
    /// Resolves settings.
    ///
    /// # Errors
    /// When lawful values do not fit together.
    pub fn resolve(settings: &Settings) -> Result<Self, ScenarioError> {
        if let Some(file) = settings.wanted_layout() {
            return Err(ScenarioError::Together {
                key: layout::FILE,
                problem: format!("{file} was not read"),
            });
        }
        let r = Resolver { settings };
        let part = layout::part(r.word(layout::PART));
        let server = r.server()?;
        let carriage = r.carriage(r.fleet())?;
        let has_radio = carriage == Carriage::Ble;
        let flash_sync = r.flash_sync(&part)?;
        let scenario = Self {
            settings: settings.clone(),
            expected_outcome: r.word("expect.outcome"),
            expected_error: r.word("expect.error"),
            limit: Span::from_s(r.number("run.limit_s")),
            image: r.image(
                "image.size",
                "image.version",
                "image.seed",
                Some("image.tlv_sha256"),
            )?,
            image_force: r.truth("image.force"),
            image1: match r.number("image1.size") {
                0 => None,
                _ => Some(r.image("image1.size", "image1.version", "image1.seed", None)?),
            },
            slot0: r.image(
                "slot0.size",
                "slot0.version",
                "slot0.seed",
                Some("slot0.tlv_sha256"),
            )?,
            slot1: match r.word("slot1.content") {
                "old" => {
                    SlotSpec::Old(r.image("slot1.size", "slot1.version", "slot1.seed", None)?)
                }
                "new" => SlotSpec::New,
                _ => SlotSpec::Erased,
            },
            slot1_mark: match r.word("slot1.mark") {
                "test" => Some(false),
                "permanent" => Some(true),
                _ => None,
            },
            flash_sync: if has_radio {
                flash_sync
            } else {
                SyncConfig { radio: RadioSync::None, ..flash_sync }
            },
            deaf_on_write: !has_radio || r.truth("flash.deaf_on_write"),
            boot: r.boot(&server.layout, &part),
            power_cut: r.power_cut(),
            faults: r.faults(),
            server,
            start: Span::from_us(r.number("server.start_us")),
            link: r.link()?,
            carriage,
            host: r.host(r.fleet())?,
            fleet: r.fleet(),
            foreign: r.foreign(),
            part,
            external: layout::external(r.word(layout::EXTERNAL)),
        };
        server::check(&scenario)?;
        if scenario.foreign.is_some() && scenario.image1.is_some() {
            return Err(ScenarioError::Together {
                key: "image1.size",
                problem: format!(
                    "{} knows one image only; set 0",
                    scenario.settings.get("client.strategy")
                ),
            });
        }
        Ok(scenario)
    }

    /// The image that runs in the primary slot of a further image of this size at the start: as the
    /// running application, with another body. `None` for one without room for a body.
    pub(crate) fn running_beside(&self, size: u32) -> Option<ImageSpec> {
        let body_len = size.checked_sub(u32::from(self.slot0.hdr_size) + TLV_OCTETS)?;
        let seed = self.slot0.seed.wrapping_add(100);
        let spec = ImageSpec { body_len, seed, stated_sha256: None, ..self.slot0 };
        (body_len > 0).then_some(spec)
    }

    /// What the client is built with.
    pub fn client_config(&self, image: Image) -> ClientConfig {
        let r = Resolver { settings: &self.settings };
        let strategy = r.strategy();
        let defaults = ClientConfig::new(strategy, image);
        ClientConfig {
            window: r.number("client.window") as u8,
            chunk: r.number("client.chunk") as u16,
            mode: match r.word("client.mode") {
                "confirm-only" => Mode::ConfirmOnly,
                "test-only" => Mode::TestOnly,
                "upload-only" => Mode::UploadOnly,
                _ => Mode::TestAndConfirm,
            },
            era: match r.word("client.era") {
                "legacy" => Era::Legacy,
                "latest" => Era::Latest,
                "early" => Era::Early,
                _ => Era::Modern,
            },
            erase_settings: r.truth("client.erase_settings"),
            estimated_swap: Span::from_s(r.number("client.estimated_swap_s")),
            connect_timeout: Span::from_s(r.number("client.connect_timeout_s")),
            connect_retries: r.number("client.connect_retries") as u8,
            connect_retry_pause: Span::from_ms(r.number("client.connect_retry_pause_ms")),
            memory_alignment: r.number("client.memory_alignment") as u16,
            uplink: self.host.clone(),
            serial_line: r.number("serial.line_len") as u16,
            mtu_option: r.number("client.mtu_option") as u16,
            frame_max: r.number("client.frame_max") as u16,
            auto_frame: r.truth("client.auto_frame"),
            sends_sha: r.truth("client.sends_sha"),
            other: r.other_options(),
            answer_timeout: match r.number("client.answer_timeout_ms") {
                0 => None,
                ms => Some(Span::from_ms(ms)),
            },
            user_retries: r.number("client.user_retries") as u8,
            clears_pending: r.truth("client.clears_pending"),
            version_buf: r.number("client.version_buf") as u8,
            discovery_delay: match self.carriage {
                Carriage::Ble => defaults.discovery_delay,
                // Nothing is discovered there.
                _ => Span::ZERO,
            },
            ..defaults
        }
    }

    /// The expected end in words.
    pub fn expected(&self) -> String {
        match self.expected_error {
            error if error != "none" && self.expects_failure() => {
                format!("{} ({error})", self.expected_outcome)
            }
            _ => self.expected_outcome.to_owned(),
        }
    }

    /// Whether the scenario expects this end.
    pub fn expects(&self, outcome: &str, error: Option<&str>) -> bool {
        let any_error = self.expected_error == "none" || !self.expects_failure();
        outcome == self.expected_outcome && (any_error || error == Some(self.expected_error))
    }

    /// Whether it expects an end that comes with an error.
    fn expects_failure(&self) -> bool {
        matches!(self.expected_outcome, "failed" | "reverted")
    }
}

/// Reads settings that are known to be of their keys' types.
pub(super) struct Resolver<'s> {
    settings: &'s Settings,
}

impl Resolver<'_> {
    pub(super) fn settings(&self) -> &Settings {
        self.settings
    }

    pub(super) fn number(&self, path: &str) -> u64 {
        match self.settings.get(path) {
            Value::Int(number) => number.unsigned_abs(),
            other => unreachable!("{path} is checked to be a number, not {other}"),
        }
    }

    pub(super) fn strategy(&self) -> StrategyKind {
        StrategyKind::from_name(self.word("client.strategy"))
            .expect("the choice lists the strategies")
    }

    pub(super) fn signed(&self, path: &str) -> i64 {
        match self.settings.get(path) {
            Value::Int(number) => *number,
            other => unreachable!("{path} is checked to be a number, not {other}"),
        }
    }

    pub(super) fn octets(&self, path: &str) -> u32 {
        self.number(path) as u32
    }

    pub(super) fn truth(&self, path: &str) -> bool {
        matches!(self.settings.get(path), Value::Bool(true))
    }

    pub(super) fn word(&self, path: &str) -> &'static str {
        match self.settings.get(path) {
            Value::Choice(word) => word,
            other => unreachable!("{path} is checked to be a word, not {other}"),
        }
    }

    pub(super) fn text(&self, path: &str) -> &str {
        match self.settings.get(path) {
            Value::Text(text) => text,
            other => unreachable!("{path} is checked to be a text, not {other}"),
        }
    }

    pub(super) fn refusal(&self, path: &str) -> Option<HookRefusal> {
        match self.settings.get(path) {
            Value::Refusal(refusal) => *refusal,
            other => unreachable!("{path} is checked to be a refusal, not {other}"),
        }
    }

    fn version(&self, path: &str) -> ImageVersion {
        match self.settings.get(path) {
            Value::Version(version) => *version,
            other => unreachable!("{path} is checked to be a version, not {other}"),
        }
    }

    fn image(
        &self,
        size: &'static str,
        version: &str,
        seed: &str,
        stated: Option<&str>,
    ) -> Result<ImageSpec, ScenarioError> {
        let hdr_size = self.octets("image.hdr_size");
        let body_len = self
            .octets(size)
            .checked_sub(hdr_size + TLV_OCTETS)
            .filter(|len| *len > 0)
            .ok_or_else(|| ScenarioError::Together {
                key: size,
                problem: format!(
                    "no room for a body behind a header of {hdr_size} and {TLV_OCTETS} octets of TLVs; \
                     make it larger, or image.hdr_size smaller"
                ),
            })?;
        let stated_sha256 = match stated.map(|path| self.settings.get(path)) {
            Some(Value::Hash(hash)) => *hash,
            _ => None,
        };
        Ok(ImageSpec {
            version: self.version(version),
            hdr_size: hdr_size as u16,
            body_len,
            seed: self.octets(seed),
            flags: match self.boot_mode() {
                BootMode::RamLoad => flags::RAM_LOAD,
                _ => 0,
            },
            stated_sha256,
        })
    }

    pub(super) fn boot_mode(&self) -> BootMode {
        BootMode::from_name(self.word("boot.mode")).expect("the choice lists names of modes")
    }

    fn boot(&self, layout: &flash_model::Layout, part: &Part) -> BootConfig {
        BootConfig {
            mode: self.boot_mode(),
            max_sectors: match self.octets("boot.max_sectors") {
                0 => layout.slots.map(|slot| slot.page_count(part.geometry.page)).into_iter().max(),
                sectors => Some(sectors),
            }
            .unwrap_or_default(),
            validate_primary: self.truth("boot.validate_primary"),
            downgrade_prevention: self.word("boot.downgrade") == "prevent",
            bootstrap: self.truth("boot.bootstrap"),
            sha_bytes_per_s: self.octets("boot.sha_Bps"),
            ..BootConfig::default()
        }
    }

    fn power_cut(&self) -> Option<PowerCut> {
        let at = Span::from_us(self.number("power.cut_us"));
        let torn = self.word("power.level") == "torn";
        let off = Span::from_us(self.number("power.off_us"));
        (!at.is_zero()).then_some(PowerCut { at, torn, off })
    }
}

#[cfg(test)]
mod tests {
    use super::Scenario;
    use crate::scenario::{PRESETS, Settings};

    fn with(setting: &str) -> Result<Scenario, String> {
        let mut settings = Settings::preset("reference").expect("there is one");
        settings.set(setting).expect("lawful alone");
        Scenario::resolve(&settings).map_err(|e| e.to_string())
    }

    #[test]
    fn every_preset_resolves() {
        for preset in PRESETS {
            let settings = Settings::preset(preset.name).expect("presets are lawful");
            Scenario::resolve(&settings).unwrap_or_else(|e| panic!("{}: {e}", preset.name));
        }
    }

    #[test]
    fn values_that_do_not_fit_together_name_the_key_to_change() {
        let e = |setting| with(setting).expect_err("must be refused");
        assert_eq!(
            e("link.interval_us=8000"),
            "link.interval_us: 8000 is no multiple of 1250; take 7500 or 8750"
        );
        assert!(e("link.timeout_ms=105").starts_with("link.timeout_ms"));
        assert!(e("link.interval_us=2500000").starts_with("link.timeout_ms: 4000 must be larger"));
        assert!(e("server.stream_buf=510").starts_with("server.stream_buf"));
        assert!(e("layout.slot1_start=0x10000").starts_with("layout"));
        assert_eq!(e("layout.file=pm.yml"), "layout.file: pm.yml was not read");
    }
}
