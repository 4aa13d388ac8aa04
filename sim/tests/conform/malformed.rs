//! Documents that are not what they should be: failed cases with a message, no panic.

use crate::{check_alone, paths, scenario};
use serde_json::{Value, json};
use sim::conform::{FileResult, ReadError, check};

fn small() -> Value {
    scenario("direct_xip", "g-direct-xip-revert-a4-m128-p8-xr_none", 1)
}

fn with(path: &str, value: Value) -> FileResult {
    let mut scenario = small();
    *scenario.pointer_mut(path).expect("the path is there") = value;
    check_alone(&scenario)
}

/// The one failure that a change leads to says all of `parts`.
#[track_caller]
fn fails_with(result: &FileResult, parts: &[&str]) {
    let [failure] = &result.failures[..] else { panic!("{:?}", result.failures) };
    for part in parts {
        assert!(failure.got.contains(part), "no {part} in {failure:?}");
    }
}

#[test]
fn no_value_in_a_scenario_leads_to_a_panic() {
    let values = [
        Value::Null,
        json!(true),
        json!(-1),
        json!(0),
        json!(1),
        json!(33),
        json!(u32::MAX),
        json!(u64::MAX),
        json!(""),
        json!("0"),
        json!("ffffffff"),
        json!("swap-offset"),
        json!("\u{e9}t\u{e9}"),
        json!([]),
        json!({}),
    ];
    for (file, id) in [
        ("direct_xip", "g-direct-xip-revert-a4-m128-p8-xr_none"),
        ("flows", "g-swap-scratch-a4-m128-p10s2-empty_pending"),
        ("flows", "g-swap-offset-a4-m128-p10-erase_while_unconfirmed"),
    ] {
        let good = scenario(file, id, 1);
        for path in paths(&good) {
            for value in &values {
                let mut other = good.clone();
                *other.pointer_mut(&path).expect("the path was found there") = value.clone();
                let result = check_alone(&other);
                assert!(result.passed > 0 || !result.failures.is_empty(), "{id} {path} {value}");
            }
        }
    }
}

#[test]
fn what_is_wrong_is_named() {
    fails_with(&with("/mode", json!("swap-sideways")), &["mode", "swap-sideways"]);
    fails_with(&with("/page", json!(100)), &["page", "100"]);
    fails_with(&with("/align", json!(3)), &["align", "3"]);
    fails_with(&with("/areas/primary/0", json!("xyz")), &["primary", "xyz"]);
    fails_with(&with("/areas/primary/0", json!("c001")), &["primary", "0xc001", "page"]);
    fails_with(&with("/areas/secondary/1", json!("ffffffff")), &["0x4000000"]);
    fails_with(&with("/areas/secondary/0", json!("d000")), &["overlap"]);
    fails_with(&with("/max_sectors", json!(u32::MAX)), &["trailer", "does not fit"]);
    fails_with(&with("/images/A/version", json!("1.x")), &["image A", "1.x"]);
    fails_with(&with("/images/A/hdr_size", json!(31)), &["image A", "31"]);
    fails_with(&with("/init/0/2", json!("Z")), &["images", "Z"]);
    fails_with(&with("/init/0/3", json!(0x7fff)), &["leaves area primary"]);
    fails_with(&with("/init/0/0", json!("burn")), &["burn", "put, xor, fill or hex"]);
    fails_with(&with("/initial_state", json!(99)), &["state 99"]);
    fails_with(&with("/steps/0/do", json!("reset")), &["reset"]);
    fails_with(&with("/steps/0/state", json!(99)), &["state 99"]);
    fails_with(&with("/cuts/0/step", json!(99)), &["step 99"]);
    fails_with(&with("/steps", json!([])), &["step 0"]);
}

#[test]
fn an_option_that_is_not_known_cannot_be_honoured() {
    let mut scenario = small();
    scenario["options"] = json!({ "encrypted": true });
    fails_with(&check_alone(&scenario), &["encrypted"]);
    scenario["options"] = json!({ "downgrade_prevention": "counter" });
    fails_with(&check_alone(&scenario), &["counter"]);
}

#[test]
fn a_row_that_cannot_be_read_fails_alone() {
    let good = check_alone(&small());
    let result = with("/cuts/0/half/0", json!([1, "two"]));
    fails_with(&result, &["[1,\"two\"]"]);
    assert_eq!(result.passed, good.passed - 1);
    let result = with("/cuts/0/none/0/0", json!(10_000));
    fails_with(&result, &["operations"]);
    assert_eq!(result.passed, good.passed - 1);
}

#[test]
fn a_line_that_is_no_scenario_fails_beside_those_that_are() {
    let good = small();
    let passed = check_alone(&good).passed;
    let text = format!("{good}\n{{\"id\": \"other\"}}\n{good}\n");
    let result = check(&text, &|_| None).expect("JSON");
    assert_eq!((result.passed, result.failures.len()), (2 * passed, 1));
    assert_eq!(result.failures[0].case, "other");
}

#[test]
fn a_scenario_may_stand_alone_on_many_lines() {
    let good = small();
    let pretty = serde_json::to_string_pretty(&good).expect("JSON");
    let result = check(&pretty, &|_| None).expect("JSON");
    assert_eq!((result.passed, result.failures.len()), (check_alone(&good).passed, 0));
    assert!(matches!(check(&pretty[..900], &|_| None), Err(ReadError::NotJson { .. })));
}
