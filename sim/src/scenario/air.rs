//! The air of a scenario. Its physics are computed here in floating point, by a mathematics library
//! that is the same on every platform, and go into the link as integers.

use super::layout;
use super::resolve::Resolver;
use super::value::Value;
use super::{ScenarioError, Settings};
use link_model::{
    AdaptiveMapConfig, Bursts, ChannelConfig, ChannelMap, Csa1, Interference, Phy, Radio, Signal,
    wifi_covers,
};
use sim_core::{Ppm, Span};
use std::collections::BTreeMap;

/// Attenuation over the first metre at 2.44 GHz, dB: 40.2 in free space (model choice).
const LOSS_AT_1_M_DB: f64 = 40.0;

/// Constant of the error rate of non-coherent binary frequency shift keying, 0.5 * exp(-x), at
/// which one bit in a thousand is wrong.
const MARGIN_AT_SENSITIVITY: f64 = 6.2146;

/// Equally likely shadowings that the normal distribution is reduced to.
const SHADOWINGS: u32 = 32;

/// Wi-Fi keys, whose defaults `link.environment` decides.
const WIFI_CHANNELS: &str = "link.wifi_channels";
const WIFI_SHARE: &str = "link.wifi_share_ppm";
/// The key of the radio that both ends have.
const RADIO: &str = "radio.soc";

pub(super) const ENVIRONMENT: &str = "link.environment";

/// Names of environments.
pub const ENVIRONMENTS: &[&str] = &["clean", "home", "office", "hostile"];

/// Names of radios.
pub const RADIOS: &[&str] = &{
    let mut names = [""; Radio::ALL.len()];
    let mut i = 0;
    while i < names.len() {
        names[i] = Radio::ALL[i].name();
        i += 1;
    }
    names
};

/// Wi-Fi of an environment: its channels and the share of time that it takes. The channels cover
/// 10, 20 and all of the 37 data channels (model choice).
fn wifi_of(environment: &str) -> (&'static str, i64) {
    match environment {
        "home" => ("6", 100_000),
        "office" => ("6,10", 300_000),
        "hostile" => ("1,3,5,7,9,11,13", 600_000),
        _ => ("", 0),
    }
}

/// Whether the environment decides the default of this key.
pub(super) fn is_of_environment(path: &str) -> bool {
    path == WIFI_CHANNELS || path == WIFI_SHARE
}

/// Defaults that the environment decides.
pub(super) fn overlay(settings: &Settings) -> BTreeMap<&'static str, Value> {
    let environment = match settings.get(ENVIRONMENT) {
        Value::Choice(word) => *word,
        other => unreachable!("{ENVIRONMENT} is checked to be a word, not {other}"),
    };
    let (channels, share) = wifi_of(environment);
    BTreeMap::from([
        (WIFI_CHANNELS, Value::Text(channels.to_owned())),
        (WIFI_SHARE, Value::Int(share)),
        (RADIO, radio_of(settings.get(layout::PART))),
    ])
}

/// The radio beside a flash part.
fn radio_of(part: &Value) -> Value {
    match part {
        Value::Choice("nrf54l15") => Value::Choice("nrf54l15"),
        _ => Value::Choice("nrf52840"),
    }
}

/// A probability in units of 2^-64.
#[expect(
    clippy::cast_sign_loss,
    reason = "a probability is not negative, and the cast saturates at one"
)]
pub fn threshold(probability: f64) -> u64 {
    (probability * TWO_TO_64) as u64
}

/// The probability that a threshold stands for.
#[expect(clippy::cast_precision_loss, reason = "53 bits of a probability are enough to print it")]
pub fn probability(threshold: u64) -> f64 {
    threshold as f64 / TWO_TO_64
}

const TWO_TO_64: f64 = 18_446_744_073_709_551_616.0;

/// Bit error rate of a signal this many decibels above the sensitivity: non-coherent frequency shift
/// keying, pinned to one in a thousand at 0 dB (model choice).
pub fn bit_error_rate(above_sensitivity_db: f64) -> f64 {
    0.5 * libm::exp(-MARGIN_AT_SENSITIVITY * libm::pow(10.0, above_sensitivity_db / 10.0))
}

/// Wi-Fi on these data channels that takes a share of the time, below one, with frames of this mean
/// length.
pub fn interference(channels: u64, share: f64, frame: Span) -> Interference {
    let frame_us = frame.as_us() as u32;
    let calls_per_us = share / ((1.0 - share) * f64::from(frame_us));
    Interference {
        channels,
        idle: threshold(1.0 - share),
        stays_idle: threshold(libm::exp(-calls_per_us)),
    }
}

/// The number below which a standard normal variable lies with this probability, 0 to 1 exclusive,
/// by bisection.
fn normal_quantile(below: f64) -> f64 {
    let (mut low, mut high) = (-10.0, 10.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        let share = 0.5 * libm::erfc(-middle / core::f64::consts::SQRT_2);
        if share < below {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

impl Resolver<'_> {
    /// What the air does to packets.
    ///
    /// # Errors
    /// When the Wi-Fi channels are no list of such.
    pub(super) fn air(&self) -> Result<ChannelConfig, ScenarioError> {
        let ppm = |path| Ppm::new(self.octets(path));
        let bursts = Bursts {
            good: Span::from_ms(self.number("link.burst_good_ms")),
            bad: Span::from_ms(self.number("link.burst_bad_ms")),
            good_loss: ppm("link.burst_good_loss_ppm"),
            bad_loss: ppm("link.burst_bad_loss_ppm"),
        };
        let lossless = bursts.good_loss == Ppm::ZERO && bursts.bad_loss == Ppm::ZERO;
        Ok(ChannelConfig {
            loss: ppm("link.loss_ppm"),
            miss: ppm("link.miss_ppm"),
            signals: self.signals(),
            bursts: (!lossless).then_some(bursts),
            interference: self.wifi()?,
        })
    }

    /// Data channels that the host allows.
    ///
    /// # Errors
    /// When fewer than two are left.
    pub(super) fn channel_map(&self) -> Result<ChannelMap, ScenarioError> {
        ChannelMap::new(self.number("link.channel_map")).ok_or_else(|| ScenarioError::Together {
            key: "link.channel_map",
            problem: "fewer than two of the 37 data channels are in use".to_owned(),
        })
    }

    /// The hop of channel selection algorithm #1, unless it is to be drawn.
    ///
    /// # Errors
    /// When it is too short.
    pub(super) fn hop(&self) -> Result<Option<u8>, ScenarioError> {
        let hop = self.number("link.hop") as u8;
        if hop != 0 && Csa1::new(hop).is_none() {
            return Err(ScenarioError::Together {
                key: "link.hop",
                problem: format!(
                    "{hop} is not a hop; take {} to {}, or 0 to have it drawn",
                    Csa1::HOP_MIN,
                    Csa1::HOP_MAX
                ),
            });
        }
        Ok((hop != 0).then_some(hop))
    }

    /// How the central leaves out bad channels.
    pub(super) fn adaptive_map(&self) -> Option<AdaptiveMapConfig> {
        self.truth("central.adaptive_map").then(|| AdaptiveMapConfig {
            period: Span::from_ms(self.number("central.adaptive_map_period_ms")),
            per_limit: Ppm::new(self.octets("central.adaptive_map_per_limit_ppm")),
            min_channels: self.number("central.adaptive_map_min_channels") as u8,
        })
    }

    /// Signals of equal likelihood, one for each shadowing; none without bit errors.
    fn signals(&self) -> Vec<Signal> {
        let constant = f64::from(self.octets("link.ber_e9")) / 1e9;
        let distance = self.octets("link.distance_cm");
        if distance == 0 {
            let bit_errors = [threshold(constant); 4];
            return (constant > 0.0)
                .then_some(Signal { rssi_dbm: None, bit_errors })
                .into_iter()
                .collect();
        }
        let exponent = f64::from(self.octets("link.path_loss_exponent_e2")) / 100.0;
        let path_loss = LOSS_AT_1_M_DB + 10.0 * exponent * libm::log10(f64::from(distance) / 100.0);
        let level = f64::from(self.decibels("link.tx_dbm")) - path_loss;
        let sigma = f64::from(self.octets("link.shadowing_db_e1")) / 10.0;
        let shadowings = if sigma > 0.0 { SHADOWINGS } else { 1 };
        let share = |n: u32| (f64::from(n) + 0.5) / f64::from(shadowings);
        (0..shadowings)
            .map(|n| self.signal(level + sigma * normal_quantile(share(n)), constant))
            .collect()
    }

    /// A signal of this level, dBm, with errors of `constant` rate besides those of weakness.
    fn signal(&self, level: f64, constant: f64) -> Signal {
        let radio = Radio::from_name(self.word(RADIO)).expect("the choice lists radios");
        let bit_errors = Phy::ALL.map(|phy| {
            let weak = bit_error_rate(level - f64::from(radio.sensitivity_dbm(phy)));
            threshold(weak + constant - weak * constant)
        });
        // Range of RSSI: Vol 4 Part E 7.5.4.
        let rssi = libm::round(level).clamp(-127.0, 20.0);
        Signal { rssi_dbm: Some(rssi as i8), bit_errors }
    }

    /// Wi-Fi, when there is any.
    fn wifi(&self) -> Result<Option<Interference>, ScenarioError> {
        let channels = wifi_channels(self.text(WIFI_CHANNELS))
            .map_err(|problem| ScenarioError::Together { key: WIFI_CHANNELS, problem })?;
        let share = f64::from(self.octets(WIFI_SHARE)) / 1e6;
        let frame = Span::from_us(self.number("link.wifi_frame_us"));
        let any = channels != 0 && share > 0.0;
        Ok(any.then(|| interference(channels, share, frame)))
    }

    fn decibels(&self, path: &str) -> i8 {
        i8::try_from(self.signed(path)).expect("the range of a level fits")
    }
}

/// Data channels that a list of Wi-Fi channels covers.
fn wifi_channels(text: &str) -> Result<u64, String> {
    let mut covered = 0;
    for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
        let Ok(channel @ 1..=13) = entry.parse() else {
            return Err(format!(
                "{entry:?} is not a Wi-Fi channel; give numbers from 1 to 13, such as 1,6,11"
            ));
        };
        covered |= wifi_covers(channel);
    }
    Ok(covered)
}

#[cfg(test)]
mod tests {
    use super::{bit_error_rate, interference, normal_quantile, probability, wifi_channels};
    use crate::scenario::{PRESETS, Scenario, Settings};
    use link_model::{BitErrors, ChannelConfig, LinkConfig};
    use sim_core::Span;

    fn link(settings: &[&str]) -> LinkConfig {
        let mut all = Settings::preset(PRESETS[0].name).expect("there is one");
        for setting in settings {
            all.set(setting).expect("lawful");
        }
        Scenario::resolve(&all).expect("lawful together").link
    }

    fn refused(setting: &str) -> String {
        let mut all = Settings::preset(PRESETS[0].name).expect("there is one");
        all.set(setting).expect("lawful alone");
        Scenario::resolve(&all).expect_err("must be refused").to_string()
    }

    #[test]
    fn a_signal_at_the_sensitivity_has_one_wrong_bit_in_a_thousand() {
        for (db, ber) in [(0.0, 1e-3), (1.0, 2.000_64e-4), (3.0, 2.059_76e-6), (-3.0, 2.219_63e-2)]
        {
            let got = bit_error_rate(db);
            assert!((got / ber - 1.0).abs() < 1e-4, "{db} dB: {got}");
        }
    }

    #[test]
    fn quantiles_are_those_of_the_normal_distribution() {
        for (below, z) in [(0.5, 0.0), (0.841_344_746, 1.0), (0.022_750_132, -2.0)] {
            let got: f64 = normal_quantile(below);
            assert!((got - z).abs() < 1e-7, "{got} for {z}");
        }
    }

    #[test]
    fn wifi_hits_packets_as_often_as_its_formula_says() {
        let office = interference(1, 0.3, Span::from_us(500));
        for (us, expected) in [(328, 0.47), (1_064, 0.72), (2_120, 0.89)] {
            let hit = probability(office.hit(Span::from_us(us)));
            assert!((hit - expected).abs() < 0.005, "{us} us: {hit}");
        }
    }

    #[test]
    fn by_default_the_air_does_nothing() {
        assert_eq!(link(&[]).channel, ChannelConfig::default());
        assert_eq!(link(&["link.environment=clean"]).channel, ChannelConfig::default());
    }

    #[test]
    fn a_constant_bit_error_rate_reaches_the_link() {
        let signals = link(&["link.ber_e9=10000"]).channel.signals;
        let [signal] = signals[..] else { panic!("{signals:?}") };
        assert_eq!(signal.rssi_dbm, None);
        let error = BitErrors::new(signal.bit_errors[0]).packet_error(251, true);
        assert!((probability(error) - 0.020_899).abs() < 1e-6);
    }

    /// -95 dBm at 562 m in the open with 0 dBm: 40 + 20 * log10(562) = 95.
    #[test]
    fn a_distance_gives_a_level_and_bit_errors_by_physical_layer() {
        let signals = link(&["link.distance_cm=56234"]).channel.signals;
        let [signal] = signals[..] else { panic!("{signals:?}") };
        assert_eq!(signal.rssi_dbm, Some(-95));
        let [one, two, s2, s8] = signal.bit_errors.map(probability);
        assert!((one / 1e-3 - 1.0).abs() < 1e-3, "{one}");
        assert!(two > 1e-2 && s2 < 1e-6 && s8 < 1e-12, "{two} {s2} {s8}");
    }

    #[test]
    fn shadowing_spreads_the_level_by_its_deviation() {
        let signals = link(&["link.distance_cm=1000", "link.shadowing_db_e1=60"]).channel.signals;
        let levels: Vec<f64> =
            signals.iter().map(|s| f64::from(s.rssi_dbm.expect("a distance is set"))).collect();
        let mean = levels.iter().sum::<f64>() / 32.0;
        let variance = levels.iter().map(|l| (l - mean).powi(2)).sum::<f64>() / 32.0;
        assert_eq!(levels.len(), 32);
        assert!((mean + 60.0).abs() < 0.1, "{mean}");
        assert!((variance.sqrt() - 6.0).abs() < 0.3, "{variance}");
    }

    #[test]
    fn environments_cover_ten_twenty_and_all_data_channels() {
        for (name, covered, share) in [("home", 10, 0.1), ("office", 20, 0.3), ("hostile", 37, 0.6)]
        {
            let channel = link(&[&format!("link.environment={name}")]).channel;
            let wifi = channel.interference.expect("there is Wi-Fi");
            assert_eq!(wifi.channels.count_ones(), covered, "{name}");
            assert!((1.0 - probability(wifi.idle) - share).abs() < 1e-9, "{name}");
        }
    }

    #[test]
    fn a_single_setting_wins_over_the_environment() {
        let settings = ["link.environment=office", "link.wifi_share_ppm=0"];
        assert_eq!(link(&settings).channel.interference, None);
        let settings = ["link.environment=office", "link.environment=clean"];
        assert_eq!(link(&settings).channel.interference, None);
    }

    #[test]
    fn channels_hops_and_maps_that_there_are_not_are_refused() {
        assert!(refused("link.hop=4").starts_with("link.hop: 4 is not a hop"));
        assert!(refused("link.channel_map=0x100").starts_with("link.channel_map: fewer than two"));
        assert!(refused("link.wifi_channels=1,14").starts_with("link.wifi_channels: \"14\""));
        assert_eq!(wifi_channels(" 6 , 10 "), Ok(0x3ff << 11 | 0x3ff << 21));
        assert!(wifi_channels("6;10").is_err());
    }

    #[test]
    fn an_adaptive_map_is_there_when_asked_for() {
        assert_eq!(link(&[]).adaptive_map, None);
        let adaptive = link(&["central.adaptive_map=true"]).adaptive_map.expect("asked for");
        assert_eq!(adaptive.period, Span::from_s(2));
    }
}
