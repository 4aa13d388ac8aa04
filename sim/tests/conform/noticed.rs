//! One changed value in the reference is one failed case at least.

use crate::{check_alone, paths, scenario};
use serde_json::{Value, json};

/// What no octet of the flash depends on, by the end of its path.
const NOT_COMPARED: [&str; 5] = ["/id", "/note", "/stride", "/bytes_read", "/overwrite_only_fast"];

/// Another value of the same kind.
fn changed(value: &Value) -> Option<Value> {
    Some(match value {
        Value::Bool(flag) => json!(!flag),
        Value::Number(number) => json!(number.as_u64()? + 1),
        Value::String(text) => {
            let mut text = text.clone();
            let last = text.pop();
            text.push(if last == Some('1') { '2' } else { '1' });
            json!(text)
        }
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    })
}

/// Changes each value in turn and returns the paths of changes that nothing came of.
fn unnoticed(scenario: &Value) -> Vec<String> {
    let good = check_alone(scenario);
    assert!(good.failures.is_empty(), "{:?}", good.failures);
    let mut unnoticed = Vec::new();
    for path in paths(scenario) {
        let Some(value) = scenario.pointer(&path).and_then(changed) else { continue };
        let mut other = scenario.clone();
        *other.pointer_mut(&path).expect("the path was found there") = value;
        let result = check_alone(&other);
        // Cuts at neighbouring operations on one page come to the same.
        let place_of_cut = path.starts_with("/cuts/") && path.ends_with("/0");
        let compared = !place_of_cut && !NOT_COMPARED.iter().any(|end| path.ends_with(end));
        if compared && result.failures.is_empty() {
            unnoticed.push(path);
        }
    }
    unnoticed
}

#[test]
fn every_changed_value_of_a_scenario_is_noticed() {
    for (file, id) in [
        ("flows", "g-swap-move-a4-m128-p10-test_revert"),
        ("flows", "g-swap-scratch-a8-m128-p10s2-test_confirm"),
        ("direct_xip", "g-direct-xip-revert-a4-m128-p8-xr_none"),
    ] {
        assert_eq!(unnoticed(&scenario(file, id, 2)), [""; 0], "{id}");
    }
}
