//! Figures of links and flash: all agree, and whatever is changed in a row is noticed.

use crate::testdata;
use serde_json::{Map, Value, json};
use sim::conform::{FileResult, check};
use std::collections::BTreeSet;

fn set(name: &str) -> Value {
    let text = std::fs::read_to_string(testdata().join("figures").join(name)).expect("vendored");
    serde_json::from_str(&text).expect("JSON")
}

fn checked(document: &Value) -> FileResult {
    check(&document.to_string(), &|_| None).expect("readable")
}

/// A file with these rows and the head of another.
fn with_rows(document: &Value, rows: Vec<Value>) -> Value {
    let mut changed = document.clone();
    changed["rows"] = rows.into();
    changed
}

fn rows(document: &Value) -> &[Value] {
    document["rows"].as_array().expect("rows")
}

fn object<'r>(row: &'r Value, key: &str) -> &'r Map<String, Value> {
    row[key].as_object().expect("an object")
}

/// The first row of each kind and each set of inputs.
fn samples(document: &Value) -> Vec<&Value> {
    let mut seen = BTreeSet::new();
    let shape = |row: &Value| {
        let inputs: Vec<String> = object(row, "inputs").keys().cloned().collect();
        (row["kind"].to_string(), inputs)
    };
    rows(document).iter().filter(|row| seen.insert(shape(row))).collect()
}

/// Runs rows that must all fail; those that do not.
fn agreeing(document: &Value, rows: Vec<Value>) -> Vec<String> {
    let ids: Vec<String> = rows.iter().map(|row| row["id"].to_string()).collect();
    let result = checked(&with_rows(document, rows));
    let failed: BTreeSet<&str> =
        result.failures.iter().filter_map(|f| f.case.split(": ").next()).collect();
    ids.into_iter().filter(|id| !failed.contains(id.trim_matches('"'))).collect()
}

/// A row under a name that tells what was changed.
fn renamed(row: &Value, change: &str) -> Value {
    let mut row = row.clone();
    row["id"] = format!("{} {change}", row["id"].as_str().expect("an id")).into();
    row
}

#[test]
fn every_published_figure_of_a_link_comes_out_of_the_link() {
    let link = set("link.json");
    let result = checked(&link);
    assert_eq!(
        (result.passed as usize, result.failures.len()),
        (rows(&link).len(), 0),
        "{result:?}"
    );
    let note = "ti-85: refused: 85 pairs of 2468 us need 209.78 ms, the interval has 200 ms; at \
                most 81";
    assert_eq!(result.notes, [note]);
}

#[test]
fn every_published_figure_of_flash_comes_out_of_the_device() {
    let flash = set("flash.json");
    let result = checked(&flash);
    let all = rows(&flash).len();
    assert_eq!((result.passed as usize, result.failures.len()), (all, 0), "{result:?}");
}

/// Something else, beyond any tolerance of the sets.
fn other(key: &str, value: &Value) -> Value {
    match value {
        Value::Bool(truth) => (!truth).into(),
        Value::Number(n) => {
            let n = n.as_f64().expect("a number");
            let up = !key.ends_with("_max");
            if up { (n.abs() * 2.0 + 10.0).into() } else { (n / 10.0).into() }
        }
        Value::String(text) => format!("{text}1").into(),
        other => panic!("{key}: {other}"),
    }
}

#[test]
fn each_changed_expectation_fails() {
    for name in ["link.json", "flash.json"] {
        let document = set(name);
        let changed: Vec<Value> = rows(&document)
            .iter()
            // What a unit is called is for the reader; its number is what counts.
            .flat_map(|row| {
                object(row, "expect").iter().filter(|(k, _)| *k != "unit").map(move |e| (row, e))
            })
            .map(|(row, (key, value))| {
                let mut changed = renamed(row, key);
                changed["expect"][key] = other(key, value);
                changed
            })
            .collect();
        assert_eq!(agreeing(&document, changed), [""; 0], "{name}");
    }
}

/// Inputs that may be left out where something else says the same: defaults of the programs that
/// the rows are about, what follows from another input, and rules of the model in words.
const DEFAULTS: [&str; 18] = [
    "csa2 access_address",
    "csa2 channel_id",
    "ideal_rate event_end_overhead_us",
    "partial_erase soc",
    "progressive_ingest buffer_bytes",
    "radio_sync partial_erase",
    "rram_ingest soc",
    "slices_per_window slot_us",
    "stream_flash final_flush",
    "throughput_kbps bandwidth",
    "throughput_kbps event_length_ms",
    "throughput_kbps loss",
    "throughput_vs_ber close",
    "throughput_vs_ber event_end_overhead_us",
    "throughput_vs_ber sync",
    "update_instant latency",
    "words_per_window slot_us",
    "words_per_window t_word_us",
];

#[test]
fn each_dropped_input_fails_unless_its_default_says_the_same() {
    let mut agree = BTreeSet::new();
    for name in ["link.json", "flash.json"] {
        let document = set(name);
        let changed: Vec<Value> = samples(&document)
            .into_iter()
            .flat_map(|row| object(row, "inputs").keys().map(move |key| (row, key)))
            .map(|(row, key)| {
                let kind = row["kind"].as_str().expect("a kind");
                let mut changed = renamed(row, &format!("| {kind} {key}"));
                changed["inputs"].as_object_mut().expect("an object").remove(key);
                changed
            })
            .collect();
        agree.extend(agreeing(&document, changed));
    }
    let agree: BTreeSet<&str> =
        agree.iter().filter_map(|id| id.trim_matches('"').split("| ").nth(1)).collect();
    assert_eq!(agree, BTreeSet::from(DEFAULTS));
}

/// A row of each kind of a set, changed so, fails.
fn each_sample_fails(name: &str, change: impl Fn(&mut Value)) {
    let document = set(name);
    let mut changed: Vec<Value> =
        samples(&document).into_iter().map(|row| renamed(row, "changed")).collect();
    changed.iter_mut().for_each(change);
    assert_eq!(agreeing(&document, changed), [""; 0], "{name}");
}

#[test]
fn an_input_that_its_kind_does_not_know_fails() {
    for name in ["link.json", "flash.json"] {
        each_sample_fails(name, |row| row["inputs"]["temperature"] = 85.into());
    }
}

#[test]
fn a_row_with_nothing_to_compare_fails() {
    let document = set("link.json");
    let mut row = rows(&document)[0].clone();
    row["expect"] = json!({});
    let result = checked(&with_rows(&document, vec![row]));
    assert_eq!((result.passed, result.failures.len()), (0, 1));
}

#[test]
fn a_row_that_expects_nothing_fails_whatever_its_kind() {
    for name in ["link.json", "flash.json"] {
        each_sample_fails(name, |row| {
            row.as_object_mut().expect("an object").remove("expect");
        });
    }
}

#[test]
fn a_key_beside_the_inputs_qualifies_them() {
    let document = set("flash.json");
    let row = |us: u32| {
        json!({
            "id": "longest", "kind": "erase_time", "corner": "max",
            "inputs": { "soc": "nrf52840", "bytes": 8192 }, "expect": { "us": us },
        })
    };
    let result = checked(&with_rows(&document, vec![row(2 * 89_700), row(2 * 85_000)]));
    assert_eq!((result.passed, result.failures.len()), (1, 1), "{result:?}");
}

#[test]
fn words_are_written_whole_and_at_their_addresses() {
    let document = set("flash.json");
    let row = |ops: &str, allowed: bool| {
        json!({
            "id": ops, "kind": "nor_semantics", "inputs": { "ops": ops },
            "expect": { "allowed": allowed },
        })
    };
    let rows = vec![
        row("write of 4 octets at address 8", true),
        row("write of 1 byte", false),
        row("write of 4 octets at address 2", false),
        row("write FFFFFFFF twice", true),
        row("write FFFFFFFF three times", false),
    ];
    let result = checked(&with_rows(&document, rows));
    assert_eq!((result.passed, result.failures.len()), (5, 0), "{result:?}");
}

#[test]
fn files_and_rows_of_no_known_kind_fail() {
    let document = set("link.json");
    let mut row = rows(&document)[0].clone();
    row["kind"] = "air_time_ms".into();
    for changed in [
        with_rows(&document, vec![row]),
        with_rows(&document, vec![json!(7)]),
        with_rows(&document, Vec::new()),
        json!({ "schema": 1, "topic": "weather", "rows": rows(&document) }),
        json!({ "schema": 2, "topic": "ble-link", "rows": rows(&document) }),
    ] {
        let result = checked(&changed);
        assert_eq!((result.passed, result.failures.len()), (0, 1), "{result:?}");
    }
}

#[test]
fn figures_that_cannot_be_simulated_fail_and_do_not_panic() {
    let link = set("link.json");
    let flash = set("flash.json");
    let absurd =
        [json!(0), json!(-1), json!(1e300), json!("0x"), json!("?"), json!(null), json!([])];
    for document in [link, flash] {
        for row in samples(&document).into_iter().filter(|row| row["kind"] != "throughput_vs_ber") {
            for key in object(row, "inputs").keys() {
                let changed = absurd.iter().enumerate().map(|(n, value)| {
                    let mut changed = renamed(row, &format!("{key} {n}"));
                    changed["inputs"][key] = value.clone();
                    changed
                });
                checked(&with_rows(&document, changed.collect()));
            }
        }
    }
}
