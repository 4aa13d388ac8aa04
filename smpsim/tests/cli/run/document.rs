//! The JSON document of a run.

use super::CAUSES;
use crate::{document, figure, smpsim};
use serde_json::Value;

/// Every field that a document must have.
const FIELDS: &[&str] = &[
    "schema",
    "scenario",
    "seed",
    "outcome",
    "error",
    "image.size",
    "image.sha256",
    "image.tlv_sha256",
    "image.version",
    "duration_s",
    "upload_s",
    "goodput_Bps",
    "budget_s",
    "upload_budget_s",
    "smp.requests",
    "smp.responses",
    "smp.retries",
    "smp.timeouts",
    "smp.window_max",
    "link.kind",
    "link.events",
    "link.packets",
    "link.retransmissions",
    "link.lost_packets",
    "link.held_back",
    "link.doubled",
    "link.mtu",
    "link.interval_us",
    "flash.erases",
    "flash.writes",
    "flash.words",
    "flash.busy_s",
    "flash.max_page_erases",
    "boot.swaps",
    "boot.swap_s",
    "boot.booted",
    "boot.swap_type",
    "trace_digest",
    "wall_s",
];

fn has(document: &Value, path: &str) -> bool {
    let mut here = Some(document);
    for step in path.split('.') {
        here = here.and_then(|value| value.get(step));
    }
    here.is_some()
}

#[test]
fn it_has_every_field_of_its_schema_whatever_the_outcome() {
    let failed = smpsim(&["run", "--json", "--set", "link.loss_ppm=1000000"]).with_status(1).json();
    for document in [document(&[]), document(&["seed-android"]), failed] {
        assert_eq!(document["schema"], "smpsim.run/1");
        for path in FIELDS {
            assert!(has(&document, path), "no {path} in {document}");
        }
        for budget in ["budget_s", "upload_budget_s"] {
            let causes: Vec<&String> =
                document[budget].as_object().expect("a map").keys().collect();
            assert_eq!(causes, CAUSES);
        }
    }
}

#[test]
fn its_texts_are_of_the_kinds_that_the_schema_names() {
    let document = document(&["--seed", "18446744073709551615"]);
    assert_eq!(document["scenario"], "reference");
    assert_eq!(document["seed"], u64::MAX);
    assert_eq!(document["outcome"], "confirmed");
    assert_eq!(document["error"], Value::Null);
    assert_eq!(document["image"]["version"], "1.1.0+0");
    assert_eq!(document["boot"]["booted"], "1.1.0+0");
    assert_eq!(document["boot"]["swap_type"], "test");
    let hex = |value: &Value, digits: usize| {
        let text = value.as_str().expect("text");
        assert_eq!(text.len(), digits, "{text}");
        assert!(text.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f')), "{text}");
    };
    hex(&document["trace_digest"], 16);
    hex(&document["image"]["sha256"], 64);
    hex(&document["image"]["tlv_sha256"], 64);
}

fn sum(document: &Value, budget: &str) -> f64 {
    document[budget].as_object().expect("a map").values().filter_map(Value::as_f64).sum()
}

#[test]
fn the_causes_add_up_to_the_time_that_passed() {
    for args in [
        &["reference"][..],
        &["reference-lossy"],
        &["reference-reassembly"],
        &["seed-gateway"],
        &["seed-android"],
        &["reference", "--set", "link.loss_ppm=200000", "--seed", "3"],
        &["reference", "--set", "link.miss_ppm=100000", "--set", "link.interval_us=50000"],
    ] {
        let document = document(args);
        for (budget, whole) in [("budget_s", "duration_s"), ("upload_budget_s", "upload_s")] {
            let (sum, whole) = (sum(&document, budget), figure(&document, whole));
            assert!((sum - whole).abs() < 1e-6, "{budget} of {args:?}: {sum}, not {whole}");
            let causes = document[budget].as_object().expect("a map");
            assert!(causes.values().all(|v| v.as_f64().is_some_and(|s| s >= 0.0)), "{document}");
        }
        for cause in CAUSES {
            let part = |budget: &str| figure(&document, &format!("{budget}.{cause}"));
            assert!(part("upload_budget_s") <= part("budget_s"), "{cause} of {args:?}");
        }
    }
}

#[test]
fn goodput_is_the_image_over_the_time_of_its_upload() {
    let document = document(&[]);
    let rate = figure(&document, "image.size") / figure(&document, "upload_s");
    assert!((figure(&document, "goodput_Bps") - rate).abs() <= 1.0, "{rate}");
}

#[test]
fn the_same_scenario_and_seed_give_the_same_document_but_for_the_wall_time() {
    for preset in ["reference", "reference-lossy", "seed-gateway"] {
        let [first, second] = [(); 2].map(|()| {
            let mut document = document(&[preset, "--seed", "42"]);
            let wall = document.as_object_mut().and_then(|map| map.remove("wall_s"));
            assert!(wall.and_then(|wall| wall.as_f64()).is_some_and(|wall| wall > 0.0));
            document
        });
        assert_eq!(first, second);
    }
}

#[test]
fn another_seed_meets_another_channel_and_gives_another_digest() {
    let digests: Vec<Value> = ["1", "2", "3"]
        .iter()
        .map(|seed| document(&["reference-lossy", "--seed", seed])["trace_digest"].clone())
        .collect();
    assert!(digests[0] != digests[1] && digests[1] != digests[2] && digests[0] != digests[2]);
}
