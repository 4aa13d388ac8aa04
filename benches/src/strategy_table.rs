//! The table of `docs/strategies.md`: what each proposed strategy gains, alone and together with the
//! others, against the plain upload and the real clients.

use crate::prepared;
use client_model::{Origin, StrategyKind, Transport};
use sim::scenario::{Scenario, Settings};
use sim::trace::Null;
use sim_core::Span;
use std::fmt::Write;

/// Lines of `docs/strategies.md` between which the table stands.
pub const MARKERS: [&str; 2] = ["<!-- strategy table -->", "<!-- end of strategy table -->"];

/// The plain upload, as long as no link is lost.
const PLAIN: &str = "resume-update";

/// A column: its number in the text is its place here.
struct Column {
    preset: &'static str,
    settings: &'static [&'static str],
}

const fn column(preset: &'static str, settings: &'static [&'static str]) -> Column {
    Column { preset, settings }
}

const COLUMNS: [Column; 11] = [
    column("reference", &[]),
    column("reference", &["link.loss_ppm=50000"]),
    column("reference", &["link.mtu=247"]),
    column("reference", &["server.buf_size=384", "server.params=true"]),
    column("reference-reassembly", &[]),
    column("reference-ncs", &[]),
    column("seed-gateway", &[]),
    column("reference", &["server.erase=up-front", "slot1.content=old"]),
    column("reference-udp", &["udp.loss_ppm=10000"]),
    column("reference-udp", &["server.buf_count=2"]),
    column("reference-reassembly", &["link.mtu=247"]),
];

/// Seeds of a cell, which shows their median.
const SEEDS: u64 = 3;

/// The commands of the columns, then the table, as Markdown.
pub fn table() -> String {
    let mut text = String::from("```\n");
    for (n, Column { preset, settings }) in COLUMNS.iter().enumerate() {
        let _ = write!(text, "{}  smpsim run {preset} --set client.strategy=NAME", n + 1);
        for setting in *settings {
            let _ = write!(text, " --set {setting}");
        }
        text.push('\n');
    }
    text.push_str("```\n\n| strategy |");
    for n in 1..=COLUMNS.len() {
        let _ = write!(text, " {n} |");
    }
    text.push_str("\n|---|");
    text.push_str(&"---|".repeat(COLUMNS.len()));
    text.push('\n');
    let plain = COLUMNS.each_ref().map(|column| upload(column, PLAIN).ok());
    row(&mut text, "the plain upload", &plain.map(|time| time.map_or_else(failed, seconds)));
    for kind in StrategyKind::ALL.iter().filter(|kind| kind.origin() == Origin::Proposed) {
        let cell = |n: usize| cell(&COLUMNS[n], kind.name(), plain[n]);
        row(&mut text, &format!("`{}`", kind.name()), &std::array::from_fn(cell));
    }
    row(&mut text, "the fastest real client", &COLUMNS.each_ref().map(fastest));
    text
}

fn row(text: &mut String, name: &str, cells: &[String; COLUMNS.len()]) {
    let _ = writeln!(text, "| {name} | {} |", cells.join(" | "));
}

/// Upload time, and what it is less than the plain one.
fn cell(column: &Column, strategy: &str, plain: Option<Span>) -> String {
    match (upload(column, strategy), plain) {
        (Err(why), _) => why,
        (Ok(time), None) => seconds(time),
        (Ok(time), Some(plain)) => {
            let (time_us, plain_us) = (time.as_us().cast_signed(), plain.as_us().cast_signed());
            match (time_us - plain_us) * 100 / plain_us {
                0 => seconds(time),
                percent => format!("{} ({percent:+} %)", seconds(time)),
            }
        }
    }
}

fn fastest(column: &Column) -> String {
    let real = StrategyKind::ALL.iter().filter(|kind| kind.origin() == Origin::Real);
    real.filter_map(|kind| Some((upload(column, kind.name()).ok()?, kind.name())))
        .min()
        .map_or_else(failed, |(time, name)| format!("{} {name}", seconds(time)))
}

fn failed() -> String {
    "fails".into()
}

/// Median upload time; else why there is none, in a word.
fn upload(column: &Column, strategy: &str) -> Result<Span, String> {
    let kind = StrategyKind::from_name(strategy).expect("a strategy of the program");
    let link = if column.preset == "reference-udp" { Transport::Udp } else { Transport::Ble };
    if !kind.transports().contains(&link) {
        return Err("n/a".into());
    }
    let strategy = format!("client.strategy={strategy}");
    let settings: Vec<&str> = column.settings.iter().copied().chain([strategy.as_str()]).collect();
    if !fits_together(column.preset, &settings) {
        return Err("n/a".into());
    }
    let prepared = prepared(column.preset, &settings);
    let mut times: Vec<Option<Span>> = (1..=SEEDS)
        .map(|seed| {
            let document = sim::report::run(&prepared, seed, Null).0.document;
            document.error.is_none().then_some(document.upload_s)
        })
        .collect();
    // Failures count as longest.
    times.sort_by_key(|time| time.map_or(u64::MAX, Span::as_ns));
    times[times.len() / 2].ok_or_else(failed)
}

fn fits_together(preset: &str, settings: &[&str]) -> bool {
    let mut all = Settings::preset(preset).expect("a preset of the program");
    for setting in settings {
        all.set(setting).expect("a lawful setting");
    }
    Scenario::resolve(&all).is_ok()
}

fn seconds(time: Span) -> String {
    let hundredths = (time.as_us() + 5_000) / 10_000;
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}
