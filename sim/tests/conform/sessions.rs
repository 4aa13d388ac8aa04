//! All recorded sessions of SMP servers.

use crate::{testdata, unpacked};
use serde_json::Value;
use sim::conform::{FileResult, check};
use std::path::PathBuf;

/// The files of a set, in order.
fn files(set: &str) -> Vec<PathBuf> {
    let folder = std::fs::read_dir(testdata().join(set)).expect("vendored");
    let paths = folder.map(|entry| entry.expect("readable").path());
    let mut paths: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|e| e == "gz")).collect();
    paths.sort();
    paths
}

/// Goes through every file of a set; the set must not shrink unnoticed.
#[track_caller]
fn all_agree(set: &str, count: usize, cases: u32, exempt: u32) {
    let files = files(set);
    assert_eq!(files.len(), count);
    let (mut passed, mut survived, mut failures) = (0, 0, Vec::new());
    for file in files {
        let name = file.file_stem().expect("a file").to_string_lossy().into_owned();
        let result = check(&unpacked(&file), &|_| None).expect("a session");
        assert_eq!(result.kind, "session of an SMP server", "{name}");
        passed += result.passed;
        survived += result.exempt;
        failures.extend(result.failures.into_iter().map(|failure| (name.clone(), failure)));
    }
    let shown: Vec<_> = failures.iter().take(10).collect();
    assert!(failures.is_empty(), "{} failed: {shown:#?}", failures.len());
    assert_eq!((passed, survived), (cases, exempt));
}

#[test]
fn every_step_of_zephyr_3_2_holds() {
    all_agree("zephyr-3.2", 176, 12_347, 0);
}

#[test]
fn every_step_of_zephyr_4_4_holds() {
    all_agree("zephyr-4.4", 139, 11_806, 14);
}

/// The lines of a session.
pub(crate) fn session(set: &str, name: &str) -> Vec<Value> {
    let text = unpacked(&testdata().join(set).join(name).with_extension("jsonl.gz"));
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// Checks a session.
pub(crate) fn check_lines(lines: &[Value]) -> FileResult {
    let text: Vec<String> = lines.iter().map(Value::to_string).collect();
    check(&text.join("\n"), &|_| None).expect("a session")
}

/// The numbers of the steps that fail.
#[track_caller]
pub(crate) fn failing_steps(lines: &[Value]) -> Vec<u64> {
    let failures = check_lines(lines).failures;
    let number = |case: &str| {
        let digits = case.strip_prefix("step ").expect("a step").split([' ', ':']).next();
        digits.and_then(|digits| digits.parse().ok()).expect("a number")
    };
    failures.iter().map(|failure| number(&failure.case)).collect()
}
