//! Images made by imgtool, beside the document that states what is in them.

use crate::{paths, testdata};
use serde_json::{Value, json};
use sim::conform::{FileResult, ReadError, check};

fn document() -> Value {
    let text = std::fs::read_to_string(testdata().join("imgtool/expected.json")).expect("vendored");
    serde_json::from_str(&text).expect("JSON")
}

fn beside(name: &str) -> Option<Vec<u8>> {
    std::fs::read(testdata().join("imgtool").join(name)).ok()
}

fn checked(document: &Value) -> FileResult {
    check(&document.to_string(), &beside).expect("every file is there")
}

#[test]
fn every_field_of_every_image_agrees() {
    let result = checked(&document());
    assert!(result.failures.is_empty(), "{:?}", result.failures);
    assert_eq!((result.kind, result.passed), ("images made by imgtool", 6));
}

#[test]
fn every_changed_value_is_noticed_in_its_image_alone() {
    let good = document();
    let about = ["name", "file", "note", "imgtool_args", "public_key"];
    let mut seen = 0;
    for path in paths(&good["images"]) {
        let field = path.split('/').nth(2).unwrap_or_default();
        let other = match &good["images"].pointer(&path) {
            Some(Value::Number(n)) => json!(n.as_u64().expect("no image has others") + 8),
            Some(Value::String(text)) => json!(format!("{text}0")),
            Some(Value::Bool(flag)) => json!(!flag),
            _ => continue,
        };
        // What the spacing of a trailer would be cannot be seen where there is none.
        if about.contains(&field) || field == "max_align" {
            continue;
        }
        let mut changed = good.clone();
        *changed["images"].pointer_mut(&path).expect("found there") = other;
        let result = checked(&changed);
        assert_eq!((result.passed, result.failures.len()), (5, 1), "{path}");
        seen += 1;
    }
    assert!(seen > 200, "{seen} values");
}

#[test]
fn a_changed_octet_of_an_image_or_another_key_is_noticed() {
    let good = document().to_string();
    let images = ["ecdsa_p256.bin", "ed25519.bin", "rsa2048.bin", "padded_confirmed.bin"];
    for image in images {
        for at in [0, 40, 1000, 1700] {
            let flipped = |name: &str| {
                let mut bytes = beside(name)?;
                if name == image {
                    bytes[at] ^= 1;
                }
                Some(bytes)
            };
            let result = check(&good, &flipped).expect("every file is there");
            assert_eq!((result.passed, result.failures.len()), (5, 1), "{image} at {at}");
        }
    }
    let swapped = |name: &str| beside(&name.replace("ed25519.pub", "ecdsa_p256.pub"));
    let result = check(&good, &swapped).expect("every file is there");
    assert_eq!((result.passed, result.failures.len()), (5, 1));
    assert!(result.failures[0].got.contains("No signature found"), "{:?}", result.failures);
}

#[test]
fn a_missing_file_is_named() {
    for missing in ["rsa2048.bin", "rsa2048.pub.pem"] {
        let without = |name: &str| beside(name).filter(|_| name != missing);
        let problem = check(&document().to_string(), &without).expect_err("it is missing");
        assert_eq!(problem, ReadError::NoCompanion { name: missing.to_owned() });
    }
}

#[test]
fn octets_that_are_no_image_or_no_key_are_failed_cases() {
    let good = document().to_string();
    for len in [0, 1, 31, 100, 600] {
        let cut = |name: &str| {
            beside(name).map(|mut bytes| {
                bytes.truncate(len);
                bytes
            })
        };
        let result = check(&good, &cut).expect("every file is there");
        assert_eq!((result.passed, result.failures.len()), (0, 6), "{len} octets");
    }
}

#[test]
fn no_value_leads_to_a_panic() {
    let good = document();
    for path in paths(&good) {
        for value in [Value::Null, json!(-1), json!(u64::MAX), json!("expected.json"), json!([])] {
            let mut other = good.clone();
            *other.pointer_mut(&path).expect("found there") = value;
            let _ = check(&other.to_string(), &beside);
        }
    }
}
