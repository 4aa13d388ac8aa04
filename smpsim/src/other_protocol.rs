//! What a report says of clients and servers of other protocols than SMP.

use crate::human::seconds;
use server_model::foreign::ForeignProtocol;
use sim::report::Report;
use sim::scenario::Scenario;
use sim_core::Time;
use std::fmt::Write;

/// The device's server in the line of settings, if it has another than SMP's.
pub(crate) fn server(scenario: &Scenario) -> Option<String> {
    Some(match scenario.foreign.as_ref()? {
        ForeignProtocol::OwnProtocol(own) => format!("no SMP, a ring of {}", own.ring),
        ForeignProtocol::SecureDfu => {
            let receipts = scenario.settings.get("client.receipts");
            format!("no SMP, receipts {receipts}")
        }
        ForeignProtocol::Oad => "no SMP".to_owned(),
    })
}

/// What the line of requests is about.
pub(crate) const fn label(scenario: &Scenario) -> &'static str {
    if scenario.foreign.is_some() { "client" } else { "smp   " }
}

/// What the client of such a protocol cannot see.
pub(crate) fn unseen(text: &mut String, scenario: &Scenario, report: &Report) {
    if scenario.foreign.is_none() {
        return;
    }
    let counts = &report.counts;
    if let Some(at) = counts.crashed {
        let at = seconds(at.since(Time::ZERO));
        let _ = writeln!(text, "  the device crashed at {at}");
    }
    let (taken, sent) = (counts.upload_off, counts.upload_end);
    if taken < sent && report.document.error.as_deref() == Some("no_disconnect") {
        let _ = writeln!(
            text,
            "  every packet was acknowledged, and the device has {taken} of the {sent} octets"
        );
    }
}
