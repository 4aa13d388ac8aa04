//! Runs of MCUboot's own boot code, one scenario a line: every operation of every step, every
//! state, and every power cut. Reads (`bytes_read`) are not compared: the models read flash in
//! place.

mod booted;
mod cuts;
mod oplog;
mod replay;
mod scenario;
mod setup;
mod states;

use super::{Failure, FileResult};
use scenario::Scenario;
use serde::Deserialize as _;
use serde_json::Value;

/// Whether a line is such a scenario.
pub(super) fn recognises(line: &Value) -> bool {
    ["mode", "areas", "steps", "states"].iter().all(|key| line.get(key).is_some())
}

/// Replays every line. One that cannot be replayed is a failed case.
pub(super) fn check(lines: &[Value]) -> FileResult {
    let mut result = FileResult { kind: "runs of MCUboot", ..FileResult::default() };
    for (n, line) in lines.iter().enumerate() {
        let id = line["id"].as_str().map_or_else(|| format!("scenario {}", n + 1), str::to_owned);
        let replayed = Scenario::deserialize(line).map_err(|problem| problem.to_string()).and_then(
            |scenario| {
                replay::replay(&id, &scenario, &mut result).map_err(|problem| problem.to_string())
            },
        );
        if let Err(problem) = replayed {
            result.failures.push(Failure {
                case: id,
                expected: "a scenario that can be replayed".to_owned(),
                got: problem,
            });
        }
    }
    result
}
