//! How real clients upload: recorded or computed sequences of requests, and recorded reactions to
//! what goes wrong.
//!
//! Each case builds the client that the file names with the settings that it states and lets it
//! upload the image that it describes over a link without delay to a server model with its flash.
//! The clients are the machines that a run uses, strategy and session; no formula is held beside
//! them. Faults happen between the two ends, as a scenario names them.

mod error_text;
mod fault;
mod fields;
mod frame_hex;
mod image;
mod reactions;
mod run;
mod sender;
mod sequence;
mod server;
mod setup;
mod timeouts;

use super::difference::Difference;
use super::{Failure, FileResult};
use reactions::Recorded;
use serde_json::Value;

/// Whether the document is about clients.
pub(super) fn recognises(document: &Value) -> bool {
    let of_a_kind = matches!(document["kind"].as_str(), Some("recorded" | "computed"));
    let sequences = document.get("client").is_some() && document.get("cases").is_some();
    of_a_kind && (sequences || document.get("clients").is_some_and(Value::is_array))
}

/// Carries out each case, or each scenario of each client.
pub(super) fn check(document: &Value) -> FileResult {
    if document.get("clients").is_some() { reactions(document) } else { sequences(document) }
}

fn sequences(document: &Value) -> FileResult {
    let mut result = FileResult { kind: "requests of a client", ..FileResult::default() };
    let cases = document["cases"].as_array().map(Vec::as_slice).unwrap_or_default();
    if cases.is_empty() {
        return nothing(result, "cases");
    }
    for (n, case) in cases.iter().enumerate() {
        let verdict =
            setup::client(document).and_then(|kind| sequence::check(kind, document, case));
        count(&mut result, verdict, &format!("case {}", n + 1));
    }
    result
}

fn reactions(document: &Value) -> FileResult {
    let mut result = FileResult { kind: "reactions of clients", ..FileResult::default() };
    let clients = document["clients"].as_array().map(Vec::as_slice).unwrap_or_default();
    for (n, client) in clients.iter().enumerate() {
        let recorded = Recorded::new(document, n);
        let name = client["client"].as_str().unwrap_or("a client without a name");
        let transport = client["transport"].as_str().unwrap_or("no transport");
        let transport = transport.split(':').next().unwrap_or_default();
        for scenario in client["scenarios"].as_array().into_iter().flatten() {
            let place = scenario["scenario"].as_str().unwrap_or("a scenario without a name");
            let verdict = match &recorded {
                Ok(recorded) => recorded.check(scenario),
                Err(difference) => Err(difference.clone()),
            };
            count(&mut result, verdict, &format!("{name}, {transport}: {place}"));
        }
    }
    if result.passed == 0 && result.failures.is_empty() {
        return nothing(result, "scenarios");
    }
    result
}

fn count(result: &mut FileResult, verdict: Result<(), Difference>, case: &str) {
    match verdict {
        Ok(()) => result.passed += 1,
        Err(difference) => result.failures.push(difference.of(case)),
    }
}

fn nothing(mut result: FileResult, what: &str) -> FileResult {
    let failure = Failure {
        case: what.to_owned(),
        expected: "at least one".to_owned(),
        got: "none".to_owned(),
    };
    result.failures.push(failure);
    result
}
