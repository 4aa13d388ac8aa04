//! From settings to what the machines are built with.

use super::value::Value;
use super::{ScenarioError, Settings, layout};
use client_model::{ClientConfig, Era, Image, Mode, StrategyKind};
use flash_model::{BootConfig, BootMode, ImageSpec, ImageVersion, Part, RadioSync};
use link_model::{ConnParams, LinkConfig, Phy};
use server_model::{EraseMode, Profile, ServerConfig};
use sim_core::{Ppm, Span};

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
    /// The running image.
    pub slot0: ImageSpec,
    /// What slot 1 holds at the start.
    pub slot1: SlotSpec,
    /// Upgrade request in slot 1 at the start: `None`, test (false) or permanent (true).
    pub slot1_mark: Option<bool>,
    /// The flash part.
    pub part: Part,
    /// How flash shares time with the radio.
    pub radio_sync: RadioSync,
    /// Whether writes, not only erases, make the radio deaf.
    pub deaf_on_write: bool,
    /// The boot loader.
    pub boot: BootConfig,
    /// When and how the supply of the device fails.
    pub power_cut: Option<PowerCut>,
    /// The SMP server and the partitions.
    pub server: ServerConfig,
    /// From the boot loader's jump to advertising.
    pub start: Span,
    /// The link.
    pub link: LinkConfig,
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
        let part = match r.word("flash.part") {
            "nrf52833" => Part::nrf52833(),
            _ => Part::nrf52840(),
        };
        let server = r.server();
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
            radio_sync: match r.word("flash.radio_sync") {
                "mpsl" => RadioSync::Mpsl,
                _ => RadioSync::None,
            },
            deaf_on_write: r.truth("flash.deaf_on_write"),
            boot: r.boot(&server.layout, &part),
            power_cut: r.power_cut(),
            server,
            start: Span::from_us(r.number("server.start_us")),
            link: r.link()?,
            part,
        };
        scenario
            .server
            .check(&scenario.part.geometry)
            .map_err(|e| ScenarioError::Together { key: server_key(&e), problem: e.to_string() })?;
        if scenario.boot.mode == BootMode::SwapScratch && scenario.server.layout.scratch.is_none() {
            return Err(ScenarioError::Together {
                key: "boot.mode",
                problem: "swap-scratch needs a scratch partition; set layout.scratch_start and \
                          layout.scratch_size, or layout.preset = \"nrf52840dk-2022\""
                    .to_owned(),
            });
        }
        Ok(scenario)
    }

    /// What the client is built with.
    pub fn client_config(&self, image: Image) -> ClientConfig {
        let r = Resolver { settings: &self.settings };
        let strategy = StrategyKind::from_name(r.word("client.strategy"))
            .expect("the choice lists the strategies");
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
                _ => Era::Modern,
            },
            erase_settings: r.truth("client.erase_settings"),
            estimated_swap: Span::from_s(r.number("client.estimated_swap_s")),
            connect_timeout: Span::from_s(r.number("client.connect_timeout_s")),
            connect_retries: r.number("client.connect_retries") as u8,
            connect_retry_pause: Span::from_ms(r.number("client.connect_retry_pause_ms")),
            memory_alignment: r.number("client.memory_alignment") as u16,
            ..ClientConfig::new(strategy, image)
        }
    }

    /// The expected end in words.
    pub fn expected(&self) -> String {
        match self.expected_error {
            "none" => self.expected_outcome.to_owned(),
            error => format!("{} ({error})", self.expected_outcome),
        }
    }

    /// Whether the scenario expects this end.
    pub fn expects(&self, outcome: &str, error: Option<&str>) -> bool {
        outcome == self.expected_outcome
            && (self.expected_error == "none" || error == Some(self.expected_error))
    }
}

fn server_key(error: &server_model::ConfigError) -> &'static str {
    use server_model::ConfigError as E;
    match error {
        E::NoBuffer => "server.buf_count",
        E::BufferTooSmall(_) | E::BufferTooLarge(_) => "server.buf_size",
        E::StreamBuffer { .. } => "server.stream_buf",
        E::Layout(_) => "layout",
    }
}

struct Resolver<'s> {
    settings: &'s Settings,
}

impl Resolver<'_> {
    fn number(&self, path: &str) -> u64 {
        match self.settings.get(path) {
            Value::Int(number) => number.unsigned_abs(),
            other => unreachable!("{path} is checked to be a number, not {other}"),
        }
    }

    fn octets(&self, path: &str) -> u32 {
        self.number(path) as u32
    }

    fn truth(&self, path: &str) -> bool {
        matches!(self.settings.get(path), Value::Bool(true))
    }

    fn word(&self, path: &str) -> &'static str {
        match self.settings.get(path) {
            Value::Choice(word) => word,
            other => unreachable!("{path} is checked to be a word, not {other}"),
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
            flags: 0,
            stated_sha256,
        })
    }

    fn boot_mode(&self) -> BootMode {
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

    fn server(&self) -> ServerConfig {
        ServerConfig {
            profile: match self.word("server.profile") {
                "z30" => Profile::Z30,
                _ => Profile::Z32,
            },
            buf_size: self.octets("server.buf_size"),
            buf_count: self.octets("server.buf_count"),
            reassembly: self.truth("server.reassembly"),
            params: self.truth("server.params"),
            echo: self.truth("server.echo"),
            erase: match self.word("server.erase") {
                "up-front" => EraseMode::UpFront,
                _ => EraseMode::Progressive,
            },
            stream_buf: self.octets("server.stream_buf"),
            reset_ms: self.octets("server.reset_ms"),
            cpu: Span::from_us(self.number("server.cpu_us")),
            conn_param_control: self.truth("server.conn_param_control"),
            boot_mode: self.boot_mode(),
            layout: layout::resolve(|path| self.octets(path)),
            ..ServerConfig::default()
        }
    }

    fn link(&self) -> Result<LinkConfig, ScenarioError> {
        let params = ConnParams {
            interval: Span::from_us(self.number("link.interval_us")),
            latency: self.number("link.latency") as u16,
            timeout: Span::from_ms(self.number("link.timeout_ms")),
        };
        check_params(&params)?;
        Ok(LinkConfig {
            params,
            phy: match self.word("link.phy") {
                "2M" => Phy::TwoM,
                "coded-s2" => Phy::CodedS2,
                "coded-s8" => Phy::CodedS8,
                _ => Phy::OneM,
            },
            encrypted: self.truth("link.encrypted"),
            data_length: self.number("link.data_length") as u8,
            central_mtu: self.number("link.mtu") as u16,
            peripheral_mtu: self.number("server.mtu") as u16,
            event_overhead: Span::from_us(self.number("link.event_overhead_us")),
            max_pairs: self.number("central.max_pairs") as u8,
            central_host_latency: Span::from_us(self.number("central.host_latency_us")),
            adv_interval: Span::from_us(self.number("link.adv_interval_us")),
            param_update_delay: Span::from_ms(self.number("link.param_update_delay_ms")),
            loss: Ppm::new(self.octets("link.loss_ppm")),
            miss: Ppm::new(self.octets("link.miss_ppm")),
        })
    }
}

/// Core Specification Vol 6 Part B 4.5.1 and 4.5.2.
fn check_params(params: &ConnParams) -> Result<(), ScenarioError> {
    let interval = params.interval.as_us();
    let error = |key, problem| Err(ScenarioError::Together { key, problem });
    if !interval.is_multiple_of(1_250) {
        let near = interval / 1_250 * 1_250;
        return error(
            "link.interval_us",
            format!("{interval} is no multiple of 1250; take {near} or {}", near + 1_250),
        );
    }
    if !params.timeout.as_us().is_multiple_of(10_000) {
        return error("link.timeout_ms", "no multiple of 10".to_owned());
    }
    let least = params.interval * 2 * (u64::from(params.latency) + 1);
    if params.timeout <= least {
        return error(
            "link.timeout_ms",
            format!(
                "{} must be larger than (1 + latency) x interval x 2 = {} ms",
                params.timeout.as_us() / 1_000,
                least.as_us().div_ceil(1_000)
            ),
        );
    }
    Ok(())
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
