//! Presets of an end of the link, and of the device's processor: a word that decides the defaults of
//! other keys. What a file or the command line sets wins over them.

use super::Settings;
use super::controllers::{self, Controller};
use super::keys;
use super::value::Value;
use client_model::StrategyKind;
use link_model::EventEnd;
use sim_core::Span;
use std::collections::BTreeMap;

/// The key of the central.
const CENTRAL: &str = "central.preset";
/// The key of the peripheral.
const PERIPHERAL: &str = "peripheral.preset";

/// The key of the device's processor.
const CPU: &str = "server.cpu_preset";

/// The word under which nothing differs from the table of keys.
const REFERENCE: &str = "reference";

/// A preset: a controller and what its host is known for.
struct Preset {
    name: &'static str,
    /// Name of the controller.
    controller: &'static str,
    /// Where its values come from.
    source: &'static str,
    /// Values of further keys.
    values: &'static [(&'static str, &'static str)],
}

/// Android asks for an MTU of 498 through its SMP library (517 of its own accord since Android 14,
/// where the server's 498 decides), so the reference's `link.mtu` stands. Of each range of
/// intervals the one that logs and time stamps show is taken, else the longest.
const CENTRALS: &[Preset] = &[
    Preset {
        name: "s140",
        controller: "softdevice-nrf52",
        source: "S140 7.3 ble_gap.h and ble_gatt.h; MTU of its throughput tables",
        values: &[("link.mtu", "247")],
    },
    Preset {
        name: "sdc",
        controller: "sdc",
        source: "sdk-nrf subsys/bluetooth/controller/Kconfig",
        values: &[],
    },
    Preset {
        name: "zephyr-ll",
        controller: "zephyr-ll",
        source: "Zephyr subsys/bluetooth/common/Kconfig",
        values: &[],
    },
    Preset {
        name: "ios",
        controller: "phone",
        source: "Apple developer forum 773555; pairs an event of 2016 (Memfault, 2019), 6 and 7 are \
                 known of later ones",
        values: &[
            ("link.interval_us", "30000"),
            ("link.mtu", "185"),
            ("central.max_pairs", "4"),
            ("central.params_rule", "apple"),
        ],
    },
    Preset {
        name: "android-high",
        controller: "phone",
        source: "AOSP GattService, 11.25 to 15 ms; a phone's log of October 2023",
        values: &[("link.interval_us", "11250")],
    },
    Preset {
        name: "android-balanced",
        controller: "phone",
        source: "AOSP GattService, 30 to 50 ms",
        values: &[("link.interval_us", "50000")],
    },
    Preset {
        name: "android-low-power",
        controller: "phone",
        source: "AOSP GattService, 100 to 125 ms and latency 2",
        values: &[("link.interval_us", "125000"), ("link.latency", "2")],
    },
    Preset {
        name: "bluez",
        controller: "phone",
        source: "Linux net/bluetooth/hci_core.c, 30 to 50 ms; smpclient issue 41",
        values: &[("link.interval_us", "48750"), ("link.timeout_ms", "420"), ("link.mtu", "517")],
    },
];

const PERIPHERALS: &[Preset] = &[
    Preset {
        name: "s140",
        controller: "softdevice-nrf52",
        source: "S140 7.3 ble_gap.h and ble_gatt.h; MTU of its throughput tables",
        values: &[("server.mtu", "247")],
    },
    Preset {
        name: "sdc",
        controller: "sdc",
        source: "sdk-nrf subsys/bluetooth/controller/Kconfig",
        values: &[],
    },
    Preset {
        name: "zephyr-ll",
        controller: "zephyr-ll",
        source: "Zephyr subsys/bluetooth/common/Kconfig",
        values: &[],
    },
];

/// A processor, and what it makes of the keys that state its times.
type Processor = (&'static str, &'static str, [(&'static str, &'static str); 3]);

/// The key of the client.
const CLIENT: &str = "client.strategy";

/// A client that connects otherwise than the table of keys says, and how.
type Connecting = (StrategyKind, &'static str, [(&'static str, &'static str); 2]);

const CLIENTS: &[Connecting] = &[(
    StrategyKind::Ios,
    "CONNECTION_TIMEOUT of its library, which tries once",
    [("client.connect_timeout_s", "20"), ("client.connect_retries", "0")],
)];

/// No source measures Zephyr's server alone. The values suppose 64 MHz: 32,000 cycles for decoding,
/// the work queue and the switches between threads, about four cycles for each octet, which is
/// copied from buffer to buffer, and the 128 cycles an octet of `boot.sha_Bps`.
const PROCESSORS: &[Processor] = &[(
    "cortex-m4",
    "model choice for 64 MHz",
    [("server.cpu_us", "500"), ("server.cpu_ns_per_octet", "60"), ("server.sha_Bps", "500000")],
)];

/// Names for `server.cpu_preset`.
pub(super) const CPU_NAMES: &[&str] = &["free", PROCESSORS[0].0];

/// Names for `central.preset`.
pub(super) const CENTRAL_NAMES: &[&str] = &names::<{ CENTRALS.len() + 1 }>(CENTRALS);
/// Names for `peripheral.preset`.
pub(super) const PERIPHERAL_NAMES: &[&str] = &names::<{ PERIPHERALS.len() + 1 }>(PERIPHERALS);

const fn names<const N: usize>(presets: &[Preset]) -> [&'static str; N] {
    let mut names = [REFERENCE; N];
    let mut i = 0;
    while i < presets.len() {
        names[i + 1] = presets[i].name;
        i += 1;
    }
    names
}

/// Keys of an end's controller, for the central and for the peripheral.
const EVENT_LENGTH: [&str; 2] = ["central.event_length_us", "peripheral.event_length_us"];
const EVENT_EXTENSION: [&str; 2] = ["central.event_extension", "peripheral.event_extension"];
const TX_BUFFERS: [&str; 2] = ["central.tx_buffers", "peripheral.tx_buffers"];
const RX_BUFFERS: [&str; 2] = ["central.rx_buffers", "peripheral.rx_buffers"];
/// The central alone decides when an event ends.
const EVENT_OVERHEAD: &str = "link.event_overhead_us";

/// A default that a preset decides.
pub(super) struct Default {
    pub(super) value: Value,
    /// The preset with its source; `None` where it says nothing, and the table of keys holds.
    pub(super) origin: Option<String>,
}

/// The defaults of all keys that presets of an end can decide.
pub(super) fn defaults(settings: &Settings) -> BTreeMap<&'static str, Default> {
    let mut all = BTreeMap::new();
    for (end, (key, presets)) in [(CENTRAL, CENTRALS), (PERIPHERAL, PERIPHERALS)].iter().enumerate()
    {
        for path in paths(end, presets) {
            all.insert(path, Default { value: of_table(path), origin: None });
        }
        let name = match settings.get(key) {
            Value::Choice(name) => *name,
            other => unreachable!("{key} is checked to be a word, not {other}"),
        };
        let Some(preset) = presets.iter().find(|preset| preset.name == name) else { continue };
        for (path, value) in values(end, preset) {
            let origin = Some(format!("{key} {name}: {}", preset.source));
            all.insert(path, Default { value, origin });
        }
    }
    all.extend(processor(settings));
    all.extend(client(settings));
    all
}

/// The defaults that the client decides.
fn client(settings: &Settings) -> impl Iterator<Item = (&'static str, Default)> {
    let chosen = settings.get(CLIENT).clone();
    CLIENTS.iter().flat_map(move |(kind, source, values)| {
        let is_chosen = chosen == Value::Choice(kind.name());
        values.map(|(path, word)| {
            let origin = is_chosen.then(|| format!("{CLIENT} {}: {source}", kind.name()));
            let value = if is_chosen { parse(path, word) } else { of_table(path) };
            (path, Default { value, origin })
        })
    })
}

/// The defaults that the processor decides.
fn processor(settings: &Settings) -> impl Iterator<Item = (&'static str, Default)> {
    let chosen = settings.get(CPU).clone();
    PROCESSORS.iter().flat_map(move |(name, source, values)| {
        let is_chosen = chosen == Value::Choice(name);
        values.map(|(path, word)| {
            let origin = is_chosen.then(|| format!("{CPU} {name}: {source}"));
            let value = if is_chosen { parse(path, word) } else { of_table(path) };
            (path, Default { value, origin })
        })
    })
}

/// What a preset says.
fn values(end: usize, preset: &Preset) -> Vec<(&'static str, Value)> {
    let known = controllers::controller(preset.controller);
    let Controller { end: config, event_end } = known.expect("a test holds every name");
    let mut values = vec![
        (EVENT_LENGTH[end], microseconds(config.event_length)),
        (EVENT_EXTENSION[end], Value::Bool(config.event_extension)),
        (TX_BUFFERS[end], Value::Int(config.tx_buffers.into())),
        (RX_BUFFERS[end], Value::Int(config.rx_buffers.into())),
    ];
    if let (0, EventEnd::WorstPair { overhead }) = (end, event_end) {
        values.push((EVENT_OVERHEAD, microseconds(overhead)));
    }
    values.extend(preset.values.iter().map(|(path, word)| (*path, parse(path, word))));
    values
}

fn paths(end: usize, presets: &[Preset]) -> impl Iterator<Item = &'static str> {
    let controller =
        [EVENT_LENGTH[end], EVENT_EXTENSION[end], TX_BUFFERS[end], RX_BUFFERS[end]].into_iter();
    let overhead = (end == 0).then_some(EVENT_OVERHEAD);
    controller
        .chain(overhead)
        .chain(presets.iter().flat_map(|preset| preset.values.iter().map(|(path, _)| *path)))
}

fn microseconds(span: Span) -> Value {
    Value::Int(i64::try_from(span.as_us()).expect("no more than an interval"))
}

fn of_table(path: &str) -> Value {
    let key = keys::find(path).expect("a test holds every path");
    parse(path, key.default)
}

fn parse(path: &str, word: &str) -> Value {
    let key = keys::find(path).expect("a test holds every path");
    Value::parse_word(key, word).expect("a test holds every value")
}

#[cfg(test)]
mod tests {
    use super::super::{Scenario, Settings};
    use super::{CENTRAL, CENTRAL_NAMES, PERIPHERAL, PERIPHERAL_NAMES};
    use client_model::{ClientConfig, Image, StrategyKind};
    use link_model::ParamsRule;
    use sim_core::Span;

    fn with(settings: &[&str]) -> Settings {
        let mut all = Settings::preset("reference").expect("there is one");
        for setting in settings {
            all.set(setting).expect("lawful");
        }
        all
    }

    #[test]
    fn every_pair_of_ends_fits_together_and_the_reference_changes_nothing() {
        for central in CENTRAL_NAMES {
            for peripheral in PERIPHERAL_NAMES {
                let both = [format!("{CENTRAL}={central}"), format!("{PERIPHERAL}={peripheral}")];
                let settings = with(&[&both[0], &both[1]]);
                Scenario::resolve(&settings).unwrap_or_else(|e| panic!("{both:?}: {e}"));
            }
        }
        let reference = with(&["central.preset=reference", "peripheral.preset=reference"]);
        for key in super::keys::KEYS {
            assert_eq!(reference.get(key.path), with(&[]).get(key.path), "{}", key.path);
        }
    }

    #[test]
    fn an_end_brings_its_controller_and_its_habits() {
        let link = |settings: &[&str]| Scenario::resolve(&with(settings)).expect("fits").link;
        let ios = link(&["central.preset=ios"]);
        assert_eq!(ios.params.interval, Span::from_ms(30));
        assert_eq!((ios.central_mtu, ios.max_pairs), (185, 4));
        assert_eq!(ios.params_rule, ParamsRule::Apple);
        let nordic = link(&["central.preset=s140", "peripheral.preset=sdc"]);
        assert_eq!(nordic.central.event_length, Span::from_us(3_750));
        assert!(!nordic.central.event_extension && nordic.peripheral.event_extension);
        assert_eq!((nordic.central.tx_buffers, nordic.peripheral.tx_buffers), (1, 3));
    }

    #[test]
    fn a_processor_brings_its_times_and_none_is_free() {
        let server = |settings: &[&str]| Scenario::resolve(&with(settings)).expect("fits").server;
        let free = server(&[]);
        assert!(free.cpu.is_zero() && free.cpu_per_octet.is_zero());
        let processor = server(&["server.cpu_preset=cortex-m4"]);
        assert_eq!(
            (processor.cpu, processor.cpu_per_octet),
            (Span::from_us(500), Span::from_ns(60))
        );
        assert_eq!(processor.sha_bytes_per_s, 500_000);
        let set = server(&["server.cpu_preset=cortex-m4", "server.cpu_us=7"]);
        assert_eq!(set.cpu, Span::from_us(7));
    }

    #[test]
    fn each_client_connects_as_its_library_does_as_long_as_nothing_is_set() {
        let connects = |settings: &Settings| {
            let scenario = Scenario::resolve(settings).expect("fits");
            let image = Image::new(vec![0; 100].into(), [0; 32], [0; 32]);
            let config = scenario.client_config(image);
            (config.connect_timeout, config.connect_retries)
        };
        for kind in StrategyKind::ALL {
            // Where it sends at all.
            let link = kind.transports()[0];
            let link = format!("link.kind={}", super::super::transport_name(link));
            let settings = with(&[&format!("client.strategy={}", kind.name()), &link]);
            let image = Image::new(vec![0; 100].into(), [0; 32], [0; 32]);
            let own = ClientConfig::new(*kind, image);
            assert_eq!(connects(&settings), (own.connect_timeout, own.connect_retries), "{kind:?}");
        }
        let set = with(&["client.connect_retries=5", "client.strategy=ios"]);
        assert_eq!(connects(&set), (Span::from_s(20), 5));
        let back = with(&["client.strategy=ios", "client.strategy=android"]);
        assert_eq!(connects(&back), (Span::from_s(30), 3));
        let text = with(&["client.strategy=ios"]).explain();
        let line = text.lines().find(|line| line.starts_with("connect_retries = 0"));
        assert!(line.is_some_and(|line| line.contains("client.strategy ios")), "{text}");
    }

    #[test]
    fn what_is_set_wins_whatever_the_order_and_the_last_preset_counts() {
        let set = with(&["link.interval_us=15000", "central.preset=ios"]);
        assert_eq!(set.get("link.interval_us").to_string(), "15000");
        assert_eq!(set.get("link.mtu").to_string(), "185");
        let last = with(&["central.preset=ios", "central.preset=android-high"]);
        assert_eq!(last.get("link.mtu").to_string(), "498");
        assert_eq!(last.get("central.max_pairs").to_string(), "0");
    }

    #[test]
    fn explain_names_the_preset_that_a_default_comes_from() {
        let text = with(&["central.preset=bluez", "link.mtu=100"]).explain();
        let line = |key: &str| {
            let found = text.lines().find(|line| line.starts_with(key));
            found.unwrap_or_else(|| panic!("no {key} in {text}")).to_owned()
        };
        assert!(line("timeout_ms = 420").contains("[central.preset bluez: Linux"));
        let mtu = line("mtu = 100");
        assert!(mtu.contains("[set here; central.preset bluez: Linux"), "{mtu}");
        assert!(mtu.ends_with("has 517]"), "{mtu}");
    }
}
