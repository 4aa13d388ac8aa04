//! What a user can change about a scenario: one change a candidate, with what makes it in the real
//! system and what it costs.

use crate::scenario::Scenario;
use crate::scenario::value::Value;
use client_model::fit::{
    ATT_HEADER, ATTRIBUTE_MAX, ExtraKeys, frame_limit, largest_data, overhead,
};
use client_model::{Origin, StrategyKind, Transport};
use core::fmt::Write;
use smp_wire::cbor::MapForm;

/// Buffers of nRF Connect SDK's OTA DFU option, octets (`NCS_SAMPLE_MCUMGR_BT_OTA_DFU`).
const LARGE_BUFFER: u32 = 2_475;
/// Connection intervals to try, microseconds.
const INTERVALS: [u32; 6] = [7_500, 11_250, 15_000, 30_000, 50_000, 100_000];
/// MTUs that fill one and two link layer packets of 251 octets.
const MTUS: [u32; 2] = [247, 498];
/// The connection interval that a phone gives, microseconds: Apple's least, and Android's for a
/// high priority.
const IOS_LEAST: u32 = 15_000;
const ANDROID_HIGH: u32 = 11_250;

/// A change to try. Of changes with the same subject only the best is worth telling.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) subject: &'static str,
    /// As `--set` takes them.
    pub(super) settings: Vec<String>,
    /// Who has to do what.
    pub(super) how: String,
    /// RAM that it takes on the device or in the client, octets; negative when it frees some.
    pub(super) ram: i64,
}

/// Every change that applies to the scenario.
pub(super) fn all(scenario: &Scenario) -> Vec<Candidate> {
    let mut all = single(scenario);
    all.extend(strategies(scenario));
    all.extend(waiting(scenario));
    all
}

/// The changes that leave the client what it is; few enough for the report of a run.
pub(super) fn single(scenario: &Scenario) -> Vec<Candidate> {
    let s = Current { scenario };
    let mut list = Vec::new();
    list.extend(window(&s));
    list.extend(chunk(&s));
    list.extend(erase(&s));
    list.extend(buffers(&s));
    if s.is_ble() {
        list.extend(radio(&s));
    }
    if scenario.transport() == Transport::Serial {
        let how = "both: 1,000,000 baud (current-speed of the UART in the devicetree)";
        list.push(plain("baud", &["serial.baud=1000000"], how));
    }
    if scenario.host.is_some() {
        list.push(plain(
            "host",
            &["host.flow_control=true"],
            "gateway: its host waits while the ring is full",
        ));
        list.push(Candidate {
            ram: (1 << 20) - s.number("host.ring"),
            ..plain("host", &["host.ring=1048576"], "gateway: a ring of 1 MiB")
        });
    }
    list
}

fn plain(subject: &'static str, settings: &[&str], how: &str) -> Candidate {
    let settings = settings.iter().map(|&setting| setting.to_owned()).collect();
    Candidate { subject, settings, how: how.to_owned(), ram: 0 }
}

/// The values in force.
struct Current<'s> {
    scenario: &'s Scenario,
}

impl Current<'_> {
    fn number(&self, path: &str) -> i64 {
        match self.scenario.settings.get(path) {
            Value::Int(number) => *number,
            other => unreachable!("{path} is checked to be a number, not {other}"),
        }
    }

    /// A number of octets, which no key allows to be negative.
    fn octets(&self, path: &str) -> u32 {
        self.number(path).unsigned_abs() as u32
    }

    fn word(&self, path: &str) -> &str {
        match self.scenario.settings.get(path) {
            Value::Choice(word) => word,
            other => unreachable!("{path} is checked to be a word, not {other}"),
        }
    }

    fn truth(&self, path: &str) -> bool {
        matches!(self.scenario.settings.get(path), Value::Bool(true))
    }

    fn strategy(&self) -> StrategyKind {
        StrategyKind::from_name(self.word("client.strategy")).expect("the choice lists strategies")
    }

    fn is_ble(&self) -> bool {
        self.scenario.transport() == Transport::Ble
    }

    fn mtu(&self) -> u16 {
        self.octets("link.mtu").min(self.octets("server.mtu")) as u16
    }

    /// Octets of the longest frame that the server takes, as its client can know it.
    fn frame_limit(&self, mtu: u16) -> u32 {
        let reassembly = self.truth("server.reassembly");
        frame_limit(
            mtu.min(ATTRIBUTE_MAX + ATT_HEADER),
            Some(self.octets("server.buf_size")),
            reassembly,
        )
    }
}

/// The keys of an upload request of the `DevZone` sample, whose chunks its user sets.
fn sample_keys(first: bool, image: u32) -> ExtraKeys {
    let later = ExtraKeys { image: Some(0), upgrade: true, ..ExtraKeys::default() };
    if first { ExtraKeys { len: Some(image), sha: Some(5), ..later } } else { later }
}

fn window(s: &Current<'_>) -> Vec<Candidate> {
    let outstanding = (s.number("server.buf_count") - 1).max(1);
    match s.strategy() {
        StrategyKind::NcsCentralSample => {
            let chunk = s.octets("client.chunk");
            let frame = overhead(MapForm::Indefinite, u32::MAX, &sample_keys(false, 0)) + 3 + chunk;
            let settings = vec![
                "client.strategy=go-back".to_owned(),
                format!("client.window={outstanding}"),
                format!("client.frame_max={frame}"),
            ];
            let how = format!(
                "client: {outstanding} requests outstanding, frames as long as now; after a gap back to \
                 the offset in the answer"
            );
            vec![Candidate {
                subject: "window",
                settings,
                how,
                ram: i64::from(frame) * (outstanding - 1),
            }]
        }
        StrategyKind::Android | StrategyKind::Ios => [1, outstanding]
            .into_iter()
            .map(|window| Candidate {
                subject: "window",
                settings: vec![format!("client.window={window}")],
                how: match window {
                    1 => "client: one request at a time".to_owned(),
                    _ => format!(
                        "client: {window} requests outstanding, the server's buffers less one"
                    ),
                },
                ram: 0,
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn chunk(s: &Current<'_>) -> Vec<Candidate> {
    let mut list = Vec::new();
    if s.strategy() != StrategyKind::NcsCentralSample {
        return list;
    }
    let image = s.octets("image.size");
    let largest = |mtu: u16| {
        // bt_dfu_smp_command sends one write, whatever the server's buffers are.
        let limit = u32::from(mtu.saturating_sub(ATT_HEADER)).min(s.frame_limit(mtu));
        let fits =
            |off, first| largest_data(limit, MapForm::Indefinite, off, &sample_keys(first, image));
        Some(fits(0, true)?.min(fits(u32::MAX, false)?))
    };
    let mtus = [u32::from(s.mtu())].into_iter().chain(MTUS).filter(|mtu| *mtu >= s.mtu().into());
    for mtu in mtus {
        let Some(chunk) = largest(mtu as u16).filter(|chunk| *chunk >= 32) else { continue };
        let mut settings = vec![format!("client.chunk={chunk}")];
        let mut how = format!("client: chunks of {chunk} octets, the most that fit MTU {mtu}");
        if mtu != u32::from(s.mtu()) {
            settings.extend([format!("link.mtu={mtu}"), format!("server.mtu={mtu}")]);
            let _ = write!(how, "; both: CONFIG_BT_L2CAP_TX_MTU={mtu}");
        }
        let ram = i64::from(chunk) - s.number("client.chunk");
        list.push(Candidate { subject: "chunk", settings, how, ram });
    }
    list
}

fn erase(s: &Current<'_>) -> Vec<Candidate> {
    let mut list = vec![
        plain("erase", &["server.erase=progressive"], "server: CONFIG_IMG_ERASE_PROGRESSIVELY=y"),
        plain("erase", &["server.erase=up-front"], "server: CONFIG_IMG_ERASE_PROGRESSIVELY=n"),
    ];
    if s.truth("flash.partial_erase") {
        let how = "server: CONFIG_SOC_FLASH_NRF_PARTIAL_ERASE=n";
        list.push(plain("slices", &["flash.partial_erase=false"], how));
    }
    let syncs = [
        ("none", "server: CONFIG_SOC_FLASH_NRF_RADIO_SYNC_NONE=y, flash waits for nobody"),
        ("mpsl", "server: CONFIG_SOC_FLASH_NRF_RADIO_SYNC_MPSL=y, flash waits for radio windows"),
    ];
    if s.is_ble() {
        list.extend(syncs.map(|(sync, how)| Candidate {
            subject: "sync",
            settings: vec![format!("flash.radio_sync={sync}")],
            how: how.to_owned(),
            ram: 0,
        }));
    }
    list
}

fn buffers(s: &Current<'_>) -> Vec<Candidate> {
    let (size, count) = (s.number("server.buf_size"), s.number("server.buf_count"));
    let large = i64::from(LARGE_BUFFER);
    vec![
        Candidate {
            subject: "buffers",
            settings: vec![
                format!("server.buf_size={large}"),
                "server.reassembly=true".to_owned(),
                "server.params=true".to_owned(),
            ],
            how: format!(
                "server: CONFIG_MCUMGR_TRANSPORT_NETBUF_SIZE={large}, \
                 CONFIG_MCUMGR_TRANSPORT_BT_REASSEMBLY=y, CONFIG_MCUMGR_GRP_OS_MCUMGR_PARAMS=y"
            ),
            ram: (large - size) * count,
        },
        Candidate {
            subject: "buffers",
            settings: vec![
                format!("server.buf_count={}", count * 2),
                format!("client.window={}", count * 2 - 1),
            ],
            how: format!(
                "server: CONFIG_MCUMGR_TRANSPORT_NETBUF_COUNT={}; client: {} requests outstanding",
                count * 2,
                count * 2 - 1
            ),
            ram: size * count,
        },
    ]
}

fn radio(s: &Current<'_>) -> Vec<Candidate> {
    let timeout = s.number("link.timeout_ms") / 10;
    let central = s.word("central.preset");
    let mut list: Vec<Candidate> = INTERVALS
        .into_iter()
        .filter(|&interval| match central {
            "ios" => interval >= IOS_LEAST && interval.is_multiple_of(IOS_LEAST),
            name if name.starts_with("android") => interval == ANDROID_HIGH,
            _ => true,
        })
        .map(|interval| Candidate {
            subject: "interval",
            settings: vec![format!("link.interval_us={interval}")],
            how: interval_call(central, interval, timeout),
            ram: 0,
        })
        .collect();
    list.push(plain(
        "phy",
        &["link.phy=2M"],
        "both: LE 2M, CONFIG_BT_CTLR_PHY_2M=y; central: bt_conn_le_phy_update",
    ));
    list.push(plain(
        "length",
        &["link.data_length=251"],
        "both: CONFIG_BT_CTLR_DATA_LENGTH_MAX=251, CONFIG_BT_BUF_ACL_TX_SIZE=251, CONFIG_BT_BUF_ACL_RX_SIZE=255",
    ));
    list.extend(MTUS.into_iter().filter(|mtu| *mtu > s.mtu().into()).map(|mtu| Candidate {
        subject: "mtu",
        settings: vec![format!("link.mtu={mtu}"), format!("server.mtu={mtu}")],
        how: format!("both: CONFIG_BT_L2CAP_TX_MTU={mtu}; central: bt_gatt_exchange_mtu"),
        ram: 0,
    }));
    list
}

/// Who asks for an interval, and by what call.
fn interval_call(central: &str, interval: u32, timeout: i64) -> String {
    let ms = f64::from(interval) / 1e3;
    let units = interval / 1_250;
    match central {
        "ios" => format!(
            "server: asks for {ms} ms, CONFIG_BT_PERIPHERAL_PREF_MIN_INT={units}; the phone decides"
        ),
        name if name.starts_with("android") => {
            format!("phone: requestConnectionPriority(CONNECTION_PRIORITY_HIGH), {ms} ms")
        }
        _ => format!(
            "central: interval {ms} ms, bt_conn_le_param_update with BT_LE_CONN_PARAM({units}, {units}, 0, {timeout})"
        ),
    }
}

/// Other clients, as they are.
fn strategies(scenario: &Scenario) -> Vec<Candidate> {
    let s = Current { scenario };
    StrategyKind::ALL
        .iter()
        .filter(|kind| **kind != s.strategy() && kind.origin() != Origin::OtherProtocol)
        .map(|kind| Candidate {
            subject: "strategy",
            settings: vec![format!("client.strategy={}", kind.name())],
            how: match kind.origin() {
                Origin::Real => format!("client: {}, {}", kind.name(), kind.summary()),
                _ => format!("client: write it as {} does: {}", kind.name(), kind.summary()),
            },
            ram: 0,
        })
        .collect()
}

/// Waits that are longer than what they wait for.
fn waiting(scenario: &Scenario) -> Vec<Candidate> {
    let s = Current { scenario };
    let waits = s.number("client.estimated_swap_s");
    (waits > 0)
        .then(|| {
            plain(
                "wait",
                &["client.estimated_swap_s=0"],
                "client: connects again as soon as the device is heard",
            )
        })
        .into_iter()
        .collect()
}
