//! `smpsim run` with several devices on one central.

use crate::human::{kilobytes, paint, seconds, wall};
use crate::output::{PartialFile, print, print_json};
use crate::{Refusal, Verdict};
use sim::fleet::{self, FleetReport, Member, SharedLines};
use sim::report::RunDoc;
use sim::require::Requirement;
use sim::scenario::FleetOrder;
use sim::world::Prepared;
use std::fmt::Write;

/// Runs all devices; records go to `trace`.
pub(crate) fn carry_out(
    prepared: &Prepared,
    seed: u64,
    trace: Option<&PartialFile<'_>>,
) -> Result<FleetReport, Refusal> {
    let Some(trace) = trace else {
        return Ok(fleet::run(prepared, seed, |_, _| sim::trace::Null));
    };
    let lines = SharedLines::new(trace.writer()?);
    let report = fleet::run(prepared, seed, |device, start| lines.of(device, start));
    lines.finish().map_err(|e| Refusal(format!("--trace: {e}")))?;
    Ok(report)
}

/// The conditions that do not hold, in words. Those on the section `fleet` are about the whole, all
/// others about each device.
pub(crate) fn broken(
    requirements: &[Requirement],
    report: &FleetReport,
    document: &RunDoc,
) -> Result<Vec<String>, Refusal> {
    let whole = serde_json::to_value(document).map_err(Refusal::new)?;
    let devices = report
        .document
        .devices
        .iter()
        .map(|device| serde_json::to_value(&device.run).map_err(Refusal::new))
        .collect::<Result<Vec<_>, _>>()?;
    let mut broken = Vec::new();
    for requirement in requirements {
        if requirement.is_about_fleet() {
            let checked = requirement.check(&whole).map_err(Refusal::new)?;
            if !checked.holds {
                let figure = checked.figure;
                broken.push(format!("--require {requirement} does not hold: it is {figure}"));
            }
            continue;
        }
        for (run, number) in devices.iter().zip(1u8..) {
            let checked = requirement.check(run).map_err(Refusal::new)?;
            if !checked.holds {
                broken.push(format!(
                    "--require {requirement} does not hold for device {number}: it is {}",
                    checked.figure
                ));
            }
        }
    }
    Ok(broken)
}

/// Prints the report, and tells whether every device ended as the scenario expects.
pub(crate) fn tell(
    prepared: &Prepared,
    report: &FleetReport,
    document: &RunDoc,
    json: bool,
    broken: &[String],
) -> Result<Verdict, Refusal> {
    if json {
        print_json(document)?;
    } else {
        print(&text(prepared, report, document));
    }
    let scenario = prepared.scenario();
    for (member, number) in report.members.iter().zip(1..) {
        let document = &member.report.document;
        if !scenario.expects(document.outcome, document.error.as_deref()) {
            eprintln!(
                "smpsim: the outcome of device {number} is {}{}, the scenario expects {}",
                document.outcome,
                document.error.as_ref().map(|e| format!(" ({e})")).unwrap_or_default(),
                scenario.expected(),
            );
        }
    }
    for condition in broken {
        eprintln!("smpsim: {condition}");
    }
    let all = report.document.as_expected == report.members.len() as u32;
    Ok(if all && broken.is_empty() { Verdict::Yes } else { Verdict::No })
}

fn text(prepared: &Prepared, report: &FleetReport, document: &RunDoc) -> String {
    let fleet = &report.document;
    let scenario = prepared.scenario();
    let devices = report.members.len();
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{}: {devices} devices {}: {} of {devices} as expected after {} of virtual time (seed {}, {} \
         of wall time)",
        document.scenario,
        match scenario.fleet.order {
            FleetOrder::OneByOne => "one by one",
            FleetOrder::AtOnce => "at once",
        },
        fleet.as_expected,
        seconds(fleet.duration_s),
        fleet.seed,
        wall(document.wall_s),
    );
    let starved = if scenario.host.is_some() { "     starved" } else { "" };
    let _ = writeln!(
        text,
        "\n  device  outcome           start         time       upload      goodput{starved}"
    );
    for (member, number) in report.members.iter().zip(1u8..) {
        row(&mut text, prepared, member, number);
    }
    let _ = writeln!(
        text,
        "     all                           {:>11}               {:>10}",
        seconds(fleet.duration_s),
        kilobytes(fleet.throughput_bps),
    );
    for (member, number) in report.members.iter().zip(1u8..) {
        if let Some(error) = &member.report.document.error_text {
            let _ = writeln!(text, "  device {number}: {error}");
        }
    }
    let _ = writeln!(text, "\n  trace  {}", fleet.trace_digest);
    text
}

fn row(text: &mut String, prepared: &Prepared, member: &Member, number: u8) {
    let document = &member.report.document;
    let as_expected = prepared.scenario().expects(document.outcome, document.error.as_deref());
    let outcome = format!("{:<11}", document.outcome);
    let _ = writeln!(
        text,
        "  {number:>6}  {}{:>11}  {:>11}  {:>11}  {:>11}{}",
        paint(&outcome, as_expected),
        seconds(member.start),
        seconds(document.duration_s),
        seconds(document.upload_s),
        kilobytes(document.goodput_bps),
        match &document.gateway {
            Some(gateway) => format!("  {:>10}", seconds(gateway.starved_s)),
            None => String::new(),
        },
    );
}
