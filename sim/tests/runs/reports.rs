//! What users measured against what the nearest settings give: the table of `docs/reports.md`. The
//! models are never tuned to these figures, so a row may lie outside; the table says so.
//!
//! With `UPDATE_SNAPSHOTS=1` the table in the document is written anew.

use super::{prepared, report};
use link_model::{Link, LinkIn, LinkOut};
use serde_json::Value;
use sim_core::{Machine as _, Sdu, Seed, Span, Time};
use std::fmt::Write;

const REPORTS: &str = include_str!("../../../testdata/figures/reports.json");
const MARKERS: [&str; 2] = ["<!-- reports -->", "<!-- end of reports -->"];
const WINDOWS: [&str; 2] = ["<!-- windows -->", "<!-- end of windows -->"];

/// The settings that come nearest to a report, on top of the preset `reference`.
struct Nearest {
    id: &'static str,
    settings: &'static [&'static str],
    /// Notifications over the bare link, not an update.
    bare: bool,
}

const fn nearest(id: &'static str, settings: &'static [&'static str]) -> Nearest {
    Nearest { id, settings, bare: false }
}

/// Stop and wait with chunks of 224 octets, as two clients on Linux had it.
const NEAREST: &[Nearest] = &[
    nearest(
        "dfu-z19244",
        &[
            "central.preset=bluez",
            "peripheral.preset=zephyr-ll",
            "server.profile=z30",
            "server.erase=up-front",
            "flash.radio_sync=ticker",
            "client.strategy=ncs-central-sample",
            "client.chunk=224",
            "image.size=154980",
        ],
    ),
    nearest("dfu-android-w1", &["central.preset=android-balanced", "client.window=1"]),
    nearest("dfu-android-w3", &["central.preset=android-high", "client.window=3"]),
    nearest(
        "dfu-smpclient41",
        &[
            "central.preset=bluez",
            "central.host_latency_us=100000",
            "server.legacy_rc=true",
            "client.strategy=ncs-central-sample",
            "client.chunk=224",
            "image.size=205351",
        ],
    ),
    nearest(
        "dfu-dz79216-256",
        &[
            "central.preset=android-balanced",
            "link.interval_us=45000",
            "link.mtu=256",
            "client.window=1",
        ],
    ),
    nearest(
        "dfu-ios186-w1",
        &[
            "central.preset=ios",
            "link.interval_us=15000",
            "link.mtu=247",
            "flash.part=nrf54l15",
            "client.window=1",
        ],
    ),
    nearest(
        "dfu-pixel7",
        &[
            "central.preset=android-high",
            "peripheral.preset=sdc",
            "link.phy=2M",
            "flash.part=nrf54l15",
            "server.buf_count=6",
            "server.buf_size=2475",
            "server.reassembly=true",
            "server.params=true",
            "client.window=5",
        ],
    ),
    Nearest {
        id: "notsmp-iphone16",
        settings: &[
            "central.preset=ios",
            "central.max_pairs=3",
            "link.interval_us=15000",
            "link.phy=2M",
            "link.mtu=247",
        ],
        bare: true,
    },
];

#[test]
fn the_table_of_reports_is_what_the_models_give() {
    holds(MARKERS, &table());
}

/// The table between the markers is the one that was made.
fn holds([first, second]: [&str; 2], made: &str) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/reports.md");
    let document = std::fs::read_to_string(path).expect("docs/reports.md is there");
    let (head, rest) = document.split_once(first).expect("it has the first marker");
    let (shown, tail) = rest.split_once(second).expect("it has the second marker");
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(path, format!("{head}{first}\n\n{made}\n{second}{tail}")).expect("writable");
    } else {
        assert!(shown.trim() == made.trim(), "docs/reports.md should have:\n{made}");
    }
}

/// The three figures of one pull request, on which people decide whether windows and reassembly are
/// worth their while: kB/s from and to, preset, settings, and how the slot is erased.
type Window = (f64, f64, &'static str, &'static [&'static str], &'static str);

const OF_ONE_PULL_REQUEST: [Window; 3] = [
    (2.0, 4.0, "reference", &["central.preset=android-balanced", "client.window=1"], "on the fly"),
    (16.0, 20.0, "reference", &[], "on the fly"),
    (36.0, 36.0, "reference-reassembly", &["server.erase=up-front"], "erased beforehand"),
];

#[test]
fn the_three_figures_for_windows_and_reassembly_are_met_within_a_fifth() {
    let mut text = String::from(
        "| reported | preset | settings | interval | round trip | slot | model |\n\
         |---|---|---|---|---|---|---|\n",
    );
    for (low, high, preset, settings, slot) in OF_ONE_PULL_REQUEST {
        let mut all = vec!["client.mode=upload-only", "expect.outcome=uploaded"];
        all.extend(settings);
        let document = report(preset, &all).document;
        let rate = f64::from(u32::try_from(document.goodput_bps).expect("a rate")) / 1e3;
        let reported =
            if low < high { format!("{low} to {high} kB/s") } else { format!("{low} kB/s") };
        let settings: Vec<_> = settings.iter().map(|s| format!("`{s}`")).collect();
        // As many round trips go on at once as there are requests outstanding.
        let outstanding = f64::from(document.smp.window_max);
        let round_trip =
            document.upload_s.as_secs_f64() * outstanding / f64::from(document.smp.requests);
        let _ = writeln!(
            text,
            "| {reported} | `{preset}` | {} | {} ms | {:.0} ms | {slot} | {rate:.2} kB/s |",
            settings.join(" "),
            f64::from(document.link.interval_us) / 1e3,
            round_trip * 1e3,
        );
        assert!((low * 0.8..=high * 1.2).contains(&rate), "{rate} is not near {low} to {high}");
    }
    holds(WINDOWS, &text);
}

fn table() -> String {
    let reports: Value = serde_json::from_str(REPORTS).expect("JSON");
    let mut text = String::from(
        "| report | measured, with its tolerance | nearest settings | model | in range |\n\
         |---|---|---|---|---|\n",
    );
    for row in reports["rows"].as_array().expect("rows") {
        let id = row["id"].as_str().expect("an id");
        let found = NEAREST.iter().find(|nearest| nearest.id == id);
        let nearest = found.unwrap_or_else(|| panic!("no settings for {id}"));
        let (low, high, unit) = range(row);
        let model = if nearest.bare { bare(nearest) } else { update(nearest) };
        let settings: Vec<_> = nearest.settings.iter().map(|s| format!("`{s}`")).collect();
        let _ = writeln!(
            text,
            "| {id}: {} | {} to {} {unit} | {} | {} {unit} | {} |",
            row["source"].as_str().expect("a source"),
            shown(low),
            shown(high),
            settings.join(" "),
            shown(model),
            if (low..=high).contains(&model) { "yes" } else { "no" },
        );
    }
    text
}

/// Rate that a row states, widened by its tolerance, in the row's unit.
fn range(row: &Value) -> (f64, f64, &'static str) {
    let expect = &row["expect"];
    let tolerance = row["tol"]["rel"].as_f64().expect("a relative tolerance");
    let of = |key: &str| expect[key].as_f64();
    let (low, high, unit) = match (of("kBps"), of("kBps_min"), of("kBps_max")) {
        (Some(rate), ..) => (rate, rate, "kB/s"),
        (None, Some(low), Some(high)) => (low, high, "kB/s"),
        _ => (of("kbps_min").expect("a rate"), of("kbps_max").expect("a rate"), "kbit/s"),
    };
    (low * (1.0 - tolerance), high * (1.0 + tolerance), unit)
}

fn shown(rate: f64) -> String {
    if rate < 100.0 { format!("{rate:.2}") } else { format!("{rate:.0}") }
}

/// Goodput of an upload, kB/s.
fn update(nearest: &Nearest) -> f64 {
    let mut settings = vec!["client.mode=upload-only", "expect.outcome=uploaded"];
    settings.extend(nearest.settings);
    let document = report("reference", &settings).document;
    assert_eq!(document.outcome, "uploaded", "{}: {:?}", nearest.id, document.error_text);
    f64::from(u32::try_from(document.goodput_bps).expect("a rate")) / 1e3
}

/// Notifications of 244 octets, as many as go, over the link alone for ten seconds, kbit/s.
fn bare(nearest: &Nearest) -> f64 {
    const OCTETS: usize = 244;
    const AHEAD: u32 = 6;
    let config = prepared("reference", nearest.settings).scenario().link.clone();
    let mut link = Link::new(config, Seed(1));
    let (mut now, mut from, mut received) = (Time::ZERO, None, 0_u64);
    link.handle(now, LinkIn::Advertise, ());
    link.handle(now, LinkIn::Connect { timeout: Span::from_s(30) }, ());
    let notify = |tag| LinkIn::Notify(Sdu { tag, bytes: vec![0; OCTETS] });
    let end = |from: Option<Time>| from.map(|from| from + Span::from_s(10));
    while end(from).is_none_or(|end| now < end) {
        let mut replies = Vec::new();
        while let Some(out) = link.poll() {
            match out {
                LinkOut::Connected => replies.push(LinkIn::Discover),
                LinkOut::Ready { .. } => {
                    from = Some(now);
                    replies.extend((1..=AHEAD).map(notify));
                }
                LinkOut::Notified { tag } => replies.push(notify(tag + AHEAD)),
                LinkOut::Received(sdu) => received += sdu.bytes.len() as u64,
                _ => {}
            }
        }
        if replies.is_empty() {
            now = link.deadline().expect("a link that goes on");
            link.on_deadline(now, ());
        }
        for reply in replies {
            link.handle(now, reply, ());
            assert!(received < u64::from(u32::MAX));
        }
    }
    f64::from(u32::try_from(received * 8).expect("a few seconds")) / 10e3
}
