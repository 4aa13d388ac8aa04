//! Sessions recorded from SMP servers of Zephyr: each request, what came back, and what became of
//! the flash. A line behind the first is a step, and each step is a case.
//!
//! The server that a file describes is built and the stated contents are put into its flash. Then a
//! server model and a flash model go through the steps. Neither link nor client is between them and
//! the file: the steps say what reaches the server's transport and when.

pub(super) mod bench;
pub(super) mod build;
mod bulk_upload;
mod compare;
mod contents;
mod exchange;
mod flash_state;
mod judge;
mod kconfig_build;
mod meta;
mod named_build;
mod replay;
mod running;
mod step;

use super::{FileResult, ReadError};
use meta::Meta;
use replay::Replay;
use serde::Deserialize as _;
use serde_json::Value;
use step::Step;

/// Whether this `meta` belongs to such a session.
pub(super) fn recognises(meta: &Value) -> bool {
    meta.get("kconfig").is_some() || meta.get("buf_size").is_some() && meta.get("server").is_some()
}

/// Goes through the steps; `numbers` are the line numbers of `lines`.
pub(super) fn check(lines: &[Value], numbers: &[usize]) -> Result<FileResult, ReadError> {
    let at = |n: usize| move |problem: String| ReadError::Malformed { line: numbers[n], problem };
    let meta = Meta::deserialize(&lines[0]["meta"]).map_err(|e| at(0)(format!("`meta`: {e}")))?;
    let mut steps = Vec::with_capacity(lines.len());
    for (n, line) in lines.iter().enumerate().skip(1) {
        steps.push(Step::read(line).map_err(at(n))?);
    }
    let mut replay = Replay::new(&meta, &steps).map_err(at(0))?;
    let mut result = FileResult { kind: "session of an SMP server", ..FileResult::default() };
    for (n, step) in steps.iter().enumerate() {
        replay.step(step, &mut result).map_err(at(n + 1))?;
    }
    Ok(result)
}
