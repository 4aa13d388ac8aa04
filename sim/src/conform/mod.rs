//! Recorded reference data held against the models.
//!
//! Each file's kind is recognised by what stands in it. The stated initial state is rebuilt, the
//! same machines that a run uses answer, and every difference is a failed case. What cannot be
//! recognised or carried out counts as failed, never as skipped.

mod clients;
mod difference;
mod figures;
mod imgtool;
mod mcuboot;
mod seed_log;
mod transcript;

use serde_json::Value;

/// What became of one file.
#[derive(Clone, Debug, Default)]
pub struct FileResult {
    /// Kind of the file.
    pub kind: &'static str,
    /// Cases that agree.
    pub passed: u32,
    /// Cases among these and the failures that were carried out but not compared, because the
    /// recording is no reference there: the server only had to survive them.
    pub exempt: u32,
    /// Cases that do not, each with what was expected and what came.
    pub failures: Vec<Failure>,
    /// What else a reader should know of cases that agree, a line each.
    pub notes: Vec<String>,
}

/// A case that does not agree.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Which case.
    pub case: String,
    /// What the reference says.
    pub expected: String,
    /// What the models say.
    pub got: String,
}

/// Why a file cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Neither JSON nor JSON lines.
    #[error("line {line}: not JSON: {problem}")]
    NotJson {
        /// Line, counted from 1.
        line: usize,
        /// What the parser says.
        problem: String,
    },
    /// Nothing in it.
    #[error("the file is empty")]
    Empty,
    /// A line that cannot be what it seems to be.
    #[error("line {line}: {problem}")]
    Malformed {
        /// Line, counted from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// A file that it names is not there.
    #[error("it names the file {name}, which cannot be read beside it")]
    NoCompanion {
        /// The name.
        name: String,
    },
}

/// The octets of a file that lies beside the one that is checked, by the name that stands in it.
pub type Companions<'a> = &'a dyn Fn(&str) -> Option<Vec<u8>>;

/// Holds one file's text against the models. `companions` gives the files that it names.
///
/// # Errors
/// When it cannot be read at all, or a file that it names is missing.
pub fn check(text: &str, companions: Companions<'_>) -> Result<FileResult, ReadError> {
    let (lines, numbers) = read(text)?;
    let meta = lines[0].get("meta");
    if meta.is_some_and(seed_log::recognises) {
        return Ok(seed_log::check(&lines));
    }
    if meta.is_some_and(transcript::recognises) {
        return transcript::check(&lines, &numbers);
    }
    if lines.iter().any(mcuboot::recognises) {
        return Ok(mcuboot::check(&lines));
    }
    if imgtool::recognises(&lines[0]) {
        return imgtool::check(&lines[0], companions);
    }
    if figures::recognises(&lines[0]) {
        return Ok(figures::check(&lines[0]));
    }
    if clients::recognises(&lines[0]) {
        return Ok(clients::check(&lines[0]));
    }
    Ok(FileResult {
        kind: "unknown",
        failures: vec![Failure {
            case: "kind of the file".to_owned(),
            expected:
                "a log of SMP frames (`meta` with `server_params`, then lines with `dir` and \
                 `hex`), a session of an SMP server (`meta` with `kconfig`, or with `server` and \
                 `buf_size`, then lines with `step`), runs of MCUboot (lines with `mode`, `areas`, `steps` and `states`), \
                 images made by imgtool (`images` with `file`), figures of a link or of flash \
                 (`topic`, `rows`), or uploads of clients (`kind` recorded or computed, with \
                 `client` and `cases`, or with `clients`)"
                    .to_owned(),
            got: "something else".to_owned(),
        }],
        ..FileResult::default()
    })
}

/// One JSON document, or one a line; with the number of each line.
fn read(text: &str) -> Result<(Vec<Value>, Vec<usize>), ReadError> {
    if let Ok(whole) = serde_json::from_str::<Value>(text) {
        return Ok((vec![whole], vec![1]));
    }
    let (mut lines, mut numbers) = (Vec::new(), Vec::new());
    for (n, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let value = serde_json::from_str(line)
            .map_err(|e| ReadError::NotJson { line: n + 1, problem: e.to_string() })?;
        lines.push(value);
        numbers.push(n + 1);
    }
    if lines.is_empty() { Err(ReadError::Empty) } else { Ok((lines, numbers)) }
}

#[cfg(test)]
mod tests {
    use super::{ReadError, check};

    fn alone(_: &str) -> Option<Vec<u8>> {
        None
    }

    const LOG: &str = include_str!("../../../testdata/seed-android-log.jsonl");

    #[test]
    fn the_recorded_phone_gets_the_recorded_answers() {
        let result = check(LOG, &alone).expect("readable");
        assert_eq!((result.passed, result.failures.len()), (4, 0), "{:?}", result.failures);
    }

    #[test]
    fn an_answer_with_one_changed_octet_fails() {
        let changed = LOG.replace("62726308ff", "62726307ff");
        let result = check(&changed, &alone).expect("readable");
        assert_eq!((result.passed, result.failures.len()), (3, 1));
        assert!(result.failures[0].expected.contains("62726307ff"));
        assert!(result.failures[0].got.contains("62726308ff"));
    }

    #[test]
    fn a_lost_answer_in_the_log_fails() {
        let kept: Vec<&str> = LOG.lines().take(8).collect();
        let result = check(&kept.join("\n"), &alone).expect("readable");
        assert_eq!((result.passed, result.failures.len()), (3, 1));
    }

    #[test]
    fn a_log_without_a_request_proves_nothing_and_fails() {
        let kept: Vec<&str> = LOG.lines().filter(|line| !line.contains("\"tx\"")).collect();
        let result = check(&kept.join("\n"), &alone).expect("readable");
        assert_eq!((result.passed, result.failures.len()), (0, 1));
    }

    #[test]
    fn an_unknown_kind_is_a_failure_and_no_json_is_an_error() {
        assert_eq!(check("{\"a\": 1}", &alone).expect("readable").failures.len(), 1);
        let e = check("{\"a\": 1}\n{\"a\": \n", &alone).expect_err("must be refused");
        assert!(matches!(e, ReadError::NotJson { line: 2, .. }), "{e:?}");
        assert_eq!(check("\n", &alone).expect_err("must be refused"), ReadError::Empty);
    }
}
