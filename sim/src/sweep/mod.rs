//! Sweeps: strategies x settings x seeds, on all cores, one row a run.
//!
//! A [`Plan`] is a list of cells, each a strategy with a value for each varied setting, times the
//! seeds. [`carry_out`] runs what a [`Shard`] of it owns and hands over the [`Row`]s in the order of
//! the plan, whatever the number of threads; nothing but the rows of a batch is kept. [`Summarizer`]
//! folds rows into one [`CellSummary`] a cell. [`merge()`] makes the rows of shards those of the whole.
//! Rows, and with them all that is made of them, hold no wall time.

mod cell;
mod columns;
mod contender;
mod document;
mod merge;
mod plan;
mod read;
mod row;
mod run;
mod shard;
mod summary;
mod write;

#[cfg(test)]
mod tests;

pub use cell::Cell;
pub use columns::{Column, Figures, Shape, Shown};
pub use contender::Contender;
pub use document::{CellDoc, CountDoc, FailureDoc, SpanDoc, SweepDoc, VaryDoc, WorstDoc};
pub use merge::{MergeError, merge};
pub use plan::{Axis, Order, Plan, Seeds, SweepError};
pub use read::Reader;
pub use row::{Heading, Row};
pub use run::{Done, Watch, carry_out};
pub use shard::Shard;
pub use summary::{CURVE, CellSummary, Counts, Spread, Summarizer, Summary, Worst};
pub use write::{CsvRows, JsonRows};

/// A word as a POSIX shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./=,:+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// Arguments as a POSIX shell takes them.
pub fn command_line<'a>(arguments: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<String> = arguments.into_iter().map(quoted).collect();
    words.join(" ")
}
