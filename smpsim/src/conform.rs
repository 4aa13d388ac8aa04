//! `smpsim conform`.

use crate::output::{print, print_json, read_text};
use crate::{Refusal, Verdict};
use serde::Serialize;
use sim::conform::{FileResult, check};
use std::path::PathBuf;

#[derive(Serialize)]
struct Document {
    schema: &'static str,
    passed: u32,
    failed: u32,
    files: Vec<FileDocument>,
}

#[derive(Serialize)]
struct FileDocument {
    file: String,
    kind: &'static str,
    passed: u32,
    failed: u32,
    failures: Vec<FailureDocument>,
}

#[derive(Serialize)]
struct FailureDocument {
    case: String,
    expected: String,
    got: String,
}

/// Checks each file; all are read before anything is printed, so that a wrong name costs no run.
pub(crate) fn run(files: &[PathBuf], json: bool) -> Result<Verdict, Refusal> {
    let texts = files.iter().map(|file| read_text(file)).collect::<Result<Vec<_>, _>>()?;
    let mut documents = Vec::with_capacity(files.len());
    for (file, text) in files.iter().zip(texts) {
        let name = file.display().to_string();
        let result = check(&text).map_err(|e| Refusal(format!("{name}: {e}")))?;
        documents.push(document(name, result));
    }
    let passed = documents.iter().map(|file| file.passed).sum();
    let failed = documents.iter().map(|file| file.failed).sum();
    if json {
        print_json(&Document { schema: "smpsim.conform/1", passed, failed, files: documents })?;
    } else {
        for file in &documents {
            for failure in &file.failures {
                print(&format!(
                    "{}: {}\n  expected {}\n  got      {}\n",
                    file.file, failure.case, failure.expected, failure.got
                ));
            }
            print(&format!(
                "{} ({}): {} passed, {} failed\n",
                file.file, file.kind, file.passed, file.failed
            ));
        }
        print(&format!("0 exempt\n{passed} passed, {failed} failed\n"));
    }
    Ok(if failed == 0 { Verdict::Yes } else { Verdict::No })
}

fn document(file: String, result: FileResult) -> FileDocument {
    FileDocument {
        file,
        kind: result.kind,
        passed: result.passed,
        failed: result.failures.len() as u32,
        failures: result
            .failures
            .into_iter()
            .map(|f| FailureDocument { case: f.case, expected: f.expected, got: f.got })
            .collect(),
    }
}
