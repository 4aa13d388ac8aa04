//! Recorded reference data of other programs against the models: what agrees, what is noticed, and
//! what cannot be carried out.

mod clients;
mod clients_noticed;
mod figures;
mod imgtool;
mod malformed;
mod malformed_session;
mod mcuboot;
mod noticed;
mod sessions;
mod sessions_noticed;

use serde_json::Value;
use sim::conform::{FileResult, check};
use std::path::{Path, PathBuf};

fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata")
}

/// A file of runs of MCUboot, unpacked.
fn runs(name: &str) -> String {
    unpacked(&testdata().join("mcuboot").join(name).with_extension("jsonl.gz"))
}

/// The text in a gzip file.
fn unpacked(path: &Path) -> String {
    use std::io::Read as _;
    let packed = std::fs::File::open(path).expect("vendored");
    let mut text = String::new();
    flate2::read::GzDecoder::new(packed).read_to_string(&mut text).expect("a gzip file");
    text
}

/// The scenario of this name with at most so many rows in each list of cuts.
fn scenario(file: &str, id: &str, rows: usize) -> Value {
    let text = runs(file);
    let mut lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let mut scenario = lines.find(|scenario| scenario["id"] == id).expect("a scenario of the file");
    for cuts in scenario["cuts"].as_array_mut().into_iter().flatten() {
        for list in ["none", "half"] {
            cuts[list].as_array_mut().expect("a list").truncate(rows);
        }
    }
    scenario
}

/// Checks one scenario.
fn check_alone(scenario: &Value) -> FileResult {
    check(&scenario.to_string(), &|_| None).expect("JSON")
}

/// Paths to all values in a document that hold no others, and to those that do.
fn paths(value: &Value) -> Vec<String> {
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(map) => map.iter().map(|(name, value)| (name.clone(), value)).collect(),
        Value::Array(list) => list.iter().enumerate().map(|(n, v)| (n.to_string(), v)).collect(),
        _ => Vec::new(),
    };
    let mut all = vec![String::new()];
    for (name, value) in inner {
        let name = name.replace('~', "~0").replace('/', "~1");
        all.extend(paths(value).into_iter().map(|path| format!("/{name}{path}")));
    }
    all
}
