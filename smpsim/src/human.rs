//! The report of a run for people: one screen.

use crate::{carriage, gateway, other_protocol, radio};
use client_model::{ClientError, Phase, StrategyKind, Transport};
use flash_model::SwapType;
use sim::advise::Advice;
use sim::diagnosis;
use sim::report::budget::Cause;
use sim::report::{BootSpan, PhaseSpan, Report};
use sim::scenario::{Scenario, SlotSpec};
use sim::world::Prepared;
use sim_core::{Span, Time};
use smp_wire::errors::Rc;
use std::fmt::Write;
use std::io::IsTerminal;

/// Longest bar, characters.
const BAR: u64 = 32;

/// Who was the client, and what would have helped it.
pub(crate) enum Played<'a> {
    /// A strategy of the simulator.
    Strategy(&'a [Advice]),
    /// A program outside, by its command; what helps a strategy need not help it.
    Program(&'a str),
}

/// Renders the report.
pub(crate) fn report(prepared: &Prepared, report: &Report, played: &Played<'_>) -> String {
    let mut text = String::new();
    head(&mut text, prepared, report, played);
    phases(&mut text, report);
    gateway::report(&mut text, prepared, report);
    let transport = prepared.scenario().transport();
    budget(&mut text, report, transport);
    counts(&mut text, prepared.scenario(), report);
    if let Played::Strategy(advice) = played {
        help(&mut text, prepared, report, advice);
    }
    text
}

fn head(text: &mut String, prepared: &Prepared, report: &Report, played: &Played<'_>) {
    let document = &report.document;
    let scenario = prepared.scenario();
    let as_expected = scenario.expects(document.outcome, document.error.as_deref());
    let outcome = paint(document.outcome, as_expected);
    let _ = writeln!(
        text,
        "{}: {outcome} after {} of virtual time (seed {}, {} of wall time)",
        document.scenario,
        seconds(document.duration_s),
        document.seed,
        wall(document.wall_s),
    );
    if let Some(error) = &document.error_text {
        let _ = writeln!(text, "  {error}");
    }
    if let Some(preset) = diagnosis::resembles(prepared, report) {
        let _ = writeln!(text, "  looks like {preset}: smpsim presets --why {preset}");
    }
    nameless_boot_loader(text, report);
    other_protocol::unseen(text, scenario, report);
    radio::bad_air(text, prepared, report);
    carriage::impossible(text, scenario, report);
    if let Some(octets) = report.counts.too_long {
        let _ = writeln!(
            text,
            "  a write of {octets} octets was never sent: an attribute value has at most 512, so \
             link.mtu above 515 gains nothing",
        );
    }
    let _ = writeln!(
        text,
        "  {} of {} octets over {}; {}",
        match document.image.version.as_str() {
            "" => "a file that is no image".to_owned(),
            version => format!("image {version}"),
        },
        document.image.size,
        scenario.slot0.version,
        setting(scenario, played),
    );
    text.push_str(&radio::surroundings(scenario));
    if let (Some(at), Some(cut)) = (report.counts.power_failed, scenario.power_cut) {
        let _ = writeln!(
            text,
            "  the supply of the device failed at {} for {}{}",
            seconds(at.since(Time::ZERO)),
            seconds(cut.off),
            match report.counts.boots.iter().find(|boot| boot.cut) {
                Some(boot) => format!(", {} into the boot loader's work", seconds(boot.took)),
                None => String::new(),
            },
        );
    }
}

/// A client that must know the boot loader was told that the server has no such command.
fn nameless_boot_loader(text: &mut String, report: &Report) {
    let unknown = Rc::NotSupported.code();
    if let Some(ClientError::Rc { phase: Phase::BootLoader, rc, .. }) = report.counts.error
        && rc == unknown
    {
        let _ = writeln!(
            text,
            "  the server does not tell its boot loader: CONFIG_MCUMGR_GRP_OS_BOOTLOADER_INFO, since \
             Zephyr 3.5\n    --set server.profile=z37 --set server.bootloader_info=true",
        );
    }
}

fn setting(scenario: &Scenario, played: &Played<'_>) -> String {
    let get = |path| scenario.settings.get(path).to_string().replace('"', "");
    let strategy = get("client.strategy");
    let kind = StrategyKind::from_name(&strategy);
    let client = match (played, kind) {
        (Played::Program(command), _) => format!("exec:{command}"),
        (_, Some(StrategyKind::NcsCentralSample)) => {
            format!("{strategy}, chunks of {}", get("client.chunk"))
        }
        (_, Some(kind)) if kind.has_window() => {
            format!("{strategy}, window {}", get("client.window"))
        }
        _ => strategy,
    };
    let server = other_protocol::server(scenario).unwrap_or_else(|| {
        let [profile, count, size] =
            ["server.profile", "server.buf_count", "server.buf_size"].map(get);
        format!("server {profile} {count} x {size}")
    });
    format!("{client}; {}; {server}", carriage::setting(scenario))
}

fn phases(text: &mut String, report: &Report) {
    let _ = writeln!(text, "\n  phase             start        time");
    for row in rows(&report.counts.phases) {
        let line = format!(
            "  {:<14} {:>8}  {:>10}  {}",
            row.phase.name(),
            seconds(row.start.since(Time::ZERO)),
            seconds(row.end.since(row.start)),
            remark(report, &row),
        );
        let _ = writeln!(text, "{}", line.trim_end());
    }
    first_answer(text, report);
}

/// Phases as the table shows them: connecting takes in discovery, parameters and, when it is a
/// reconnection, the image list.
fn rows(phases: &[PhaseSpan]) -> Vec<PhaseSpan> {
    let mut rows: Vec<PhaseSpan> = Vec::with_capacity(phases.len());
    for span in phases.iter().filter(|span| span.phase != Phase::Done) {
        let joins = match (rows.last().map(|row| row.phase), span.phase) {
            (Some(Phase::Connect | Phase::Reconnect), Phase::Discover | Phase::Params)
            | (Some(Phase::Reconnect), Phase::List) => true,
            (last, phase) => last == Some(phase),
        };
        match rows.last_mut() {
            Some(row) if joins => row.end = span.end,
            _ => rows.push(*span),
        }
    }
    rows
}

fn remark(report: &Report, span: &PhaseSpan) -> String {
    let document = &report.document;
    match span.phase {
        Phase::Upload if document.goodput_bps == 0 => {
            format!("not completed: {} of {} octets", report.counts.upload_off, document.image.size)
        }
        Phase::Upload => format!(
            "{}; first answer after {}",
            kilobytes(document.goodput_bps),
            seconds(document.first_answer_s),
        ),
        Phase::Wait => boot_before(report, span).map(boot_remark).unwrap_or_default(),
        _ => String::new(),
    }
}

/// The boot that a wait was for: the last one that began before its end.
fn boot_before<'r>(report: &'r Report, span: &PhaseSpan) -> Option<&'r BootSpan> {
    report.counts.boots.iter().rev().find(|boot| boot.start < span.end)
}

fn boot_remark(boot: &BootSpan) -> String {
    match (boot.refused, boot.swap) {
        (true, _) => "MCUboot refused the new image and erased slot 1".to_owned(),
        (false, SwapType::None) => format!("MCUboot without a swap {}", seconds(boot.took)),
        (false, swap) => format!("MCUboot swap ({}) {}", swap.name(), seconds(boot.took)),
    }
}

/// Why the first upload answer took long, when that was worth a remark.
fn first_answer(text: &mut String, report: &Report) {
    let Some(first) = &report.counts.first_answer else { return };
    if first.erases > 1 {
        let _ = writeln!(
            text,
            "  the first answer waits for {} page erases: with their radio windows {} of its {}",
            first.erases,
            seconds(first.budget.of(Cause::FlashErase)),
            seconds(first.took),
        );
    }
}

fn budget(text: &mut String, report: &Report, transport: Transport) {
    let document = &report.document;
    let total = document.duration_s;
    let _ = writeln!(text, "\n  where the time went     whole        in upload");
    for cause in Cause::ALL {
        let span = document.budget_s.of(cause);
        let _ = writeln!(
            text,
            "{}",
            format!(
                "  {:<16} {:>10} {:>3} %  {:>10}  {}",
                cause.name(),
                seconds(span),
                percent(span, total),
                seconds(document.upload_budget_s.of(cause)),
                bar(span, total),
            )
            .trim_end(),
        );
    }
    let largest = Cause::ALL.into_iter().max_by_key(|cause| document.upload_budget_s.of(*cause));
    if let Some(cause) = largest.filter(|_| !document.upload_s.is_zero()) {
        let meaning = carriage::meaning(cause, transport);
        let _ = writeln!(text, "  most of the upload is {}: {meaning}", cause.name());
    }
}

fn counts(text: &mut String, scenario: &Scenario, report: &Report) {
    let d = &report.document;
    let _ = writeln!(
        text,
        "\n  {} {} requests, {} answers, {} retries, {} timeouts, {} dropped, at most {} outstanding\n\
         \u{20}\u{20}link   {}\n\
         \u{20}\u{20}flash  {} page erases (at most {} of one page), {} words in {} writes, busy {}{}\n\
         \u{20}\u{20}trace  {}",
        other_protocol::label(scenario),
        d.smp.requests,
        d.smp.responses,
        d.smp.retries,
        d.smp.timeouts,
        d.smp.dropped,
        d.smp.window_max,
        carriage::counts(&d.link, scenario.transport()),
        d.flash.erases,
        d.flash.max_page_erases,
        d.flash.words,
        d.flash.writes,
        seconds(d.flash.busy_s),
        radio::windows(&d.flash),
        d.trace_digest,
    );
}

/// How many measures are named at the end.
const NAMED: usize = 2;

fn help(text: &mut String, prepared: &Prepared, report: &Report, advice: &[Advice]) {
    if report.document.upload_s.is_zero() {
        return;
    }
    if advice.is_empty() {
        let _ = writeln!(text, "\n  no single measure that was tried shortens the upload by 1 %");
        return;
    }
    let _ = writeln!(text, "\n  what would shorten the upload most (each measured alone)");
    for advice in advice.iter().take(NAMED) {
        let settings: Vec<String> = advice.settings.iter().map(|s| format!("--set {s}")).collect();
        let _ = writeln!(
            text,
            "  {} instead of {}: {}{}\n    {}",
            seconds(advice.upload),
            seconds(report.document.upload_s),
            advice.how,
            blank_slot(prepared, advice),
            settings.join(" "),
        );
    }
}

/// Erasing up front costs nothing while the slot is blank; a second update would pay for it.
fn blank_slot(prepared: &Prepared, advice: &Advice) -> &'static str {
    let up_front = advice.settings.iter().any(|setting| setting == "server.erase=up-front");
    if up_front && prepared.scenario().slot1 == SlotSpec::Erased {
        ", as long as slot 1 is blank"
    } else {
        ""
    }
}

/// A rate, rounded to 0.1 kB/s.
pub(crate) fn kilobytes(octets_per_s: u64) -> String {
    let tenths = (octets_per_s + 50) / 100;
    format!("{}.{} kB/s", tenths / 10, tenths % 10)
}

pub(crate) fn seconds(span: Span) -> String {
    let us = span.as_ns().div_euclid(1_000);
    format!("{}.{:03} s", us / 1_000_000, us / 1_000 % 1_000)
}

pub(crate) fn wall(seconds: f64) -> String {
    format!("{:.1} ms", seconds * 1e3)
}

fn percent(part: Span, whole: Span) -> u64 {
    (part.as_ns() * 100 + whole.as_ns() / 2).checked_div(whole.as_ns()).unwrap_or_default()
}

fn bar(part: Span, whole: Span) -> String {
    let mark = if unicode() { "█" } else { "#" };
    let length = (part.as_ns() * BAR).div_ceil(whole.as_ns().max(1));
    mark.repeat(length as usize)
}

/// Whether the terminal is set up for UTF-8; when nothing is set, it is taken to be.
pub(crate) fn unicode() -> bool {
    ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|value| !value.is_empty())
        .is_none_or(|value| value.to_ascii_uppercase().replace('-', "").contains("UTF8"))
}

/// Green or red, on a terminal that wants colour.
pub(crate) fn paint(word: &str, good: bool) -> String {
    let colour = std::io::stdout().is_terminal()
        && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    match (colour, good) {
        (false, _) => word.to_owned(),
        (true, true) => format!("\x1b[1;32m{word}\x1b[0m"),
        (true, false) => format!("\x1b[1;31m{word}\x1b[0m"),
    }
}
