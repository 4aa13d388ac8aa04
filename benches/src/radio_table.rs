//! The table of the README: what each way of sharing time between flash and radio costs the
//! reference upload, by connection interval.

use crate::prepared;
use sim::trace::Null;
use std::fmt::Write;

/// Fastest upload with a page erase before each page: 4096 octets in 85 ms and 1024 words of 41 us,
/// octets a second (nRF52840 Product Specification, NVMC).
pub const PROGRESSIVE_BOUND: u64 = 32_260;
/// Fastest upload into erased flash: 4 octets in 41 us, octets a second.
pub const ERASED_BOUND: u64 = 97_560;

/// Lines of the README between which the table stands.
pub const MARKERS: [&str; 2] = ["<!-- radio table -->", "<!-- end of radio table -->"];

/// Connection intervals, us.
const INTERVALS: [u32; 7] = [7_500, 11_250, 15_000, 30_000, 50_000, 100_000, 400_000];

/// A row: how it is called, its settings, and the bound that holds.
struct Row {
    name: &'static str,
    settings: &'static [&'static str],
    bound: u64,
}

const fn progressive(name: &'static str, settings: &'static [&'static str]) -> Row {
    Row { name, settings, bound: PROGRESSIVE_BOUND }
}

const ROWS: [Row; 7] = [
    progressive("none", &["flash.radio_sync=none"]),
    progressive("none, slices", &["flash.radio_sync=none", "flash.partial_erase=true"]),
    progressive("ticker", &["flash.radio_sync=ticker"]),
    progressive("ticker, slices", &["flash.radio_sync=ticker", "flash.partial_erase=true"]),
    progressive("mpsl", &["flash.radio_sync=mpsl"]),
    progressive("mpsl, slices", &["flash.radio_sync=mpsl", "flash.partial_erase=true"]),
    Row { name: "none, erased before", settings: &["server.erase=up-front"], bound: ERASED_BOUND },
];

/// The table as Markdown.
///
/// # Panics
/// When an upload is faster than flash can be, or does not come to its end.
pub fn table() -> String {
    let mut text = String::from("| `flash.radio_sync` | PHY |");
    for interval in INTERVALS {
        let _ = write!(text, " {} ms |", f64::from(interval) / 1e3);
    }
    text.push_str(" bound |\n|---|---|");
    text.push_str(&"---|".repeat(INTERVALS.len() + 1));
    text.push('\n');
    for row in &ROWS {
        for phy in ["1M", "2M"] {
            let _ = write!(text, "| {} | {phy} |", row.name);
            for interval in INTERVALS {
                let _ = write!(text, " {} |", cell(row, phy, interval));
            }
            let _ = writeln!(text, " {} |", kilo(row.bound));
        }
    }
    text
}

/// Goodput and duration of one upload.
fn cell(row: &Row, phy: &str, interval: u32) -> String {
    let link = [format!("link.phy={phy}"), format!("link.interval_us={interval}")];
    let mut settings = vec!["client.mode=upload-only", "expect.outcome=uploaded"];
    settings.extend(row.settings);
    settings.extend(link.iter().map(String::as_str));
    let document = sim::report::run(&prepared("reference", &settings), 1, Null).0.document;
    let goodput = document.goodput_bps;
    assert_eq!(document.outcome, "uploaded", "{settings:?}: {:?}", document.error_text);
    assert!(goodput > 0 && goodput <= row.bound, "{settings:?}: {goodput} octets a second");
    let tenths = (document.upload_s.as_us() + 50_000) / 100_000;
    format!("{} in {}.{} s", kilo(goodput), tenths / 10, tenths % 10)
}

/// Thousands of octets with two decimals, rounded down, so that no figure passes its bound.
fn kilo(octets: u64) -> String {
    format!("{}.{:02}", octets / 1_000, octets / 10 % 100)
}
