//! `smpsim conform`.

use crate::output::{print, print_json, read};
use crate::{Refusal, Verdict};
use serde::Serialize;
use sim::conform::{FileResult, check};
use std::io::Read as _;
use std::path::{Path, PathBuf};

#[derive(Serialize)]
struct Document {
    schema: &'static str,
    passed: u32,
    failed: u32,
    exempt: u32,
    files: Vec<FileDocument>,
}

#[derive(Serialize)]
struct FileDocument {
    file: String,
    kind: &'static str,
    passed: u32,
    failed: u32,
    exempt: u32,
    failures: Vec<FailureDocument>,
    notes: Vec<String>,
}

#[derive(Serialize)]
struct FailureDocument {
    case: String,
    expected: String,
    got: String,
}

/// Checks each file; all are read before anything is printed, so that a wrong name costs no run.
pub(crate) fn run(files: &[PathBuf], json: bool) -> Result<Verdict, Refusal> {
    let texts = files.iter().map(|file| text(file)).collect::<Result<Vec<_>, _>>()?;
    let mut documents = Vec::with_capacity(files.len());
    for (file, text) in files.iter().zip(texts) {
        let name = file.display().to_string();
        let folder = file.parent().unwrap_or(Path::new(""));
        let companion = |name: &str| std::fs::read(folder.join(name)).ok();
        let result = check(&text, &companion).map_err(|e| Refusal(format!("{name}: {e}")))?;
        documents.push(document(name, result));
    }
    let passed = documents.iter().map(|file| file.passed).sum();
    let failed = documents.iter().map(|file| file.failed).sum();
    let exempt = documents.iter().map(|file| file.exempt).sum();
    if json {
        let schema = "smpsim.conform/1";
        print_json(&Document { schema, passed, failed, exempt, files: documents })?;
    } else {
        for file in &documents {
            for failure in &file.failures {
                print(&format!(
                    "{}: {}\n  expected {}\n  got      {}\n",
                    file.file, failure.case, failure.expected, failure.got
                ));
            }
            for note in &file.notes {
                print(&format!("{}: {note}\n", file.file));
            }
            print(&format!(
                "{} ({}): {} passed, {} failed\n",
                file.file, file.kind, file.passed, file.failed
            ));
        }
        print(&format!("{exempt} exempt\n{passed} passed, {failed} failed\n"));
    }
    Ok(if failed == 0 { Verdict::Yes } else { Verdict::No })
}

/// A file's text, also out of a gzip file.
fn text(path: &Path) -> Result<String, Refusal> {
    let mut bytes = read(path)?;
    if bytes.starts_with(&GZIP) {
        let mut unpacked = Vec::new();
        flate2::read::MultiGzDecoder::new(bytes.as_slice())
            .read_to_end(&mut unpacked)
            .map_err(|e| Refusal(format!("{}: gzip: {e}", path.display())))?;
        bytes = unpacked;
    }
    String::from_utf8(bytes)
        .map_err(|e| Refusal(format!("{}: not UTF-8 text: {e}", path.display())))
}

/// First octets of a gzip file (RFC 1952 section 2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];

fn document(file: String, result: FileResult) -> FileDocument {
    FileDocument {
        file,
        kind: result.kind,
        passed: result.passed,
        failed: result.failures.len() as u32,
        exempt: result.exempt,
        failures: result
            .failures
            .into_iter()
            .map(|f| FailureDocument { case: f.case, expected: f.expected, got: f.got })
            .collect(),
        notes: result.notes,
    }
}
