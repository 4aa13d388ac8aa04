//! The table of `docs/sweep.md`: what an answer that is really lost costs each real client.

use crate::prepared;
use client_model::{Origin, StrategyKind, Transport};
use sim::trace::Null;
use std::fmt::Write;

/// Lines of `docs/sweep.md` between which the table stands.
pub const MARKERS: [&str; 2] = ["<!-- fault table -->", "<!-- end of fault table -->"];

/// Which upload answer is lost.
const LOST: [&str; 3] = ["none", "20", "last"];

/// Where a client is looked at: the first of these whose link it can use.
const PLACES: [(&str, Transport, &[&str]); 2] = [
    ("reference", Transport::Ble, &[]),
    ("reference-serial", Transport::Serial, &["server.profile=z37", "server.bootloader_info=true"]),
];

/// The table, as Markdown.
pub fn table() -> String {
    let mut text = String::from("| client | over | none | 20th | last |\n|---|---|---|---|---|\n");
    for kind in StrategyKind::ALL.iter().filter(|kind| kind.origin() == Origin::Real) {
        let place = PLACES.iter().find(|(_, link, _)| kind.transports().contains(link));
        let Some((preset, link, settings)) = place else { continue };
        let cells = LOST.map(|lost| update(preset, settings, *kind, lost));
        let link = if *link == Transport::Ble { "Bluetooth" } else { "serial line" };
        let _ = writeln!(text, "| {} | {link} | {} |", kind.name(), cells.join(" | "));
    }
    text
}

/// How long an update takes, or why it fails.
fn update(preset: &str, settings: &[&str], kind: StrategyKind, lost: &str) -> String {
    let own = [format!("client.strategy={}", kind.name()), format!("fault.drop_response={lost}")];
    let all: Vec<&str> = settings.iter().copied().chain(own.iter().map(String::as_str)).collect();
    let document = sim::report::run(&prepared(preset, &all), 1, Null).0.document;
    match document.error {
        Some(error) => format!("fails: {error}"),
        None if document.outcome == "confirmed" => {
            let tenths = (document.duration_s.as_us() + 50_000) / 100_000;
            format!("{}.{}", tenths / 10, tenths % 10)
        }
        None => document.outcome.into(),
    }
}
