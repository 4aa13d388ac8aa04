//! Published and derived figures of links and flash: a file of rows, each with inputs and what
//! comes of them. Every row is run through the same machines that a simulated update uses, and what
//! they do is counted; no figure is computed beside them.

mod flash;
mod link;
mod real;
mod row;
mod tolerance;

use super::difference::Difference;
use super::{Failure, FileResult};
use row::{Figures, Inputs};
use serde_json::{Map, Value};

/// Version of the form of the file that is read here.
const SCHEMA: u64 = 1;

/// What runs the rows of one kind. It may look at the whole row, for what is asked of it.
type Run = fn(&Inputs<'_>, &Map<String, Value>) -> Result<Figures, Difference>;

/// Whether the document is a file of figures.
pub(super) fn recognises(document: &Value) -> bool {
    document.get("topic").is_some_and(Value::is_string)
        && document.get("rows").is_some_and(Value::is_array)
}

/// Runs each row. A row is a case.
pub(super) fn check(document: &Value) -> FileResult {
    let topic = document["topic"].as_str().unwrap_or_default();
    let (kind, runs): (_, fn(&str) -> Option<Run>) = match topic {
        "ble-link" => ("figures of a link", link::runs),
        "nrf52840-flash" => ("figures of flash", flash::runs),
        _ => return refused("topic", "ble-link or nrf52840-flash", topic),
    };
    if document["schema"].as_u64() != Some(SCHEMA) {
        return refused("schema", &SCHEMA.to_string(), &document["schema"].to_string());
    }
    let rows = document["rows"].as_array().map(Vec::as_slice).unwrap_or_default();
    if rows.is_empty() {
        return refused("rows", "at least one", "none");
    }
    let mut result = FileResult { kind, ..FileResult::default() };
    for (n, row) in rows.iter().enumerate() {
        let case = row["id"].as_str().map_or_else(|| format!("row {}", n + 1), str::to_owned);
        match run(row, runs) {
            Ok(notes) => {
                result.passed += 1;
                result.notes.extend(notes.into_iter().map(|note| format!("{case}: {note}")));
            }
            Err(difference) => result.failures.push(difference.of(&case)),
        }
    }
    result
}

fn refused(place: &str, expected: &str, got: &str) -> FileResult {
    let failure =
        Failure { case: place.to_owned(), expected: expected.to_owned(), got: got.to_owned() };
    FileResult { kind: "figures", failures: vec![failure], ..FileResult::default() }
}

/// Runs a row; its notes when it agrees.
fn run(row: &Value, runs: fn(&str) -> Option<Run>) -> Result<Vec<String>, Difference> {
    let object = row.as_object().ok_or_else(|| Difference::new("row", "an object", row))?;
    let kind = row["kind"].as_str().unwrap_or_default();
    let Some(run) = runs(kind) else {
        return Err(Difference::new("kind", "a kind of this topic", &row["kind"]));
    };
    let inputs = Inputs::of(object);
    let figures = run(&inputs, object)?;
    inputs.unread()?;
    figures.meet(object)?;
    Ok(figures.notes)
}
