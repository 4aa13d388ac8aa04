//! One changed value in what a session expects is one failed step, at that step.

use crate::sessions::{check_lines, failing_steps, session};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What a server says or does, by the end of its path in a step.
const EXPECTED: [&str; 21] = [
    "/rsp",
    "/serial_out",
    "/att_error",
    "/dropped",
    "/no_rx_buffer",
    "/exit",
    "/reset_happened",
    "/reset_after",
    "/ops/erase_calls",
    "/ops/pages_erased/0/0",
    "/ops/pages_erased/0/1",
    "/ops/write_calls",
    "/ops/bytes_written",
    "/flash_sha256/slot0",
    "/flash_sha256/slot1",
    "/flash_sha256/storage",
    "/flash_state/slot0_trailer/swap_info",
    "/flash_state/slot1_trailer/magic",
    "/flash_state/slot1_pages_used/0/1",
    "/flash_state_before/slot0_trailer/image_ok",
    "/rsps/0",
];

/// Another value of the same kind.
fn changed(value: &Value) -> Option<Value> {
    Some(match value {
        Value::Bool(flag) => json!(!flag),
        Value::Number(number) => json!(number.as_u64()? + 1),
        Value::String(text) => {
            let mut text = text.clone();
            let last = text.pop()?;
            text.push(if last == '1' { '2' } else { '1' });
            json!(text)
        }
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    })
}

/// What follows from a state that a session states is compared up to the next one.
fn lasts(path: &str) -> bool {
    path.starts_with("/flash_s")
}

/// Changes each expected value in turn, or at most `most` of a kind; the kinds that there were.
#[track_caller]
fn each_change_is_noticed(set: &str, name: &str, most: usize) -> BTreeSet<&'static str> {
    let good = session(set, name);
    assert_eq!(failing_steps(&good), [0; 0], "{name}");
    let mut changes = BTreeSet::new();
    for path in EXPECTED {
        let found = good.iter().enumerate().skip(1).filter_map(|(n, step)| {
            // Where there are several answers, the first of them alone is no more than a copy.
            let several = path == "/rsp" && step.get("rsps").is_some();
            let value = if several { None } else { step.pointer(path).and_then(changed) };
            value.map(|value| (n, value))
        });
        for (n, value) in found.take(most) {
            let mut other = good.clone();
            *other[n].pointer_mut(path).expect("it was found there") = value;
            let failing = failing_steps(&other);
            // A reset that is not awaited is missed when the boot comes.
            let at = if path == "/reset_after" { n + 1 } else { n };
            let step = good[at]["step"].as_u64().expect("a number");
            assert_eq!(failing.first(), Some(&step), "{name}: {path} of step {step}");
            assert!(
                failing.len() == 1 || lasts(path),
                "{name}: {path} of step {step}: {failing:?}"
            );
            changes.insert(path);
        }
    }
    changes
}

#[test]
fn every_changed_value_is_noticed_where_it_stands() {
    let mut changes = BTreeSet::new();
    for (set, name, most) in [
        ("zephyr-3.2", "reset-default-0", 8),
        ("zephyr-3.2", "batch-prog-0", 4),
        ("zephyr-3.2", "framing-default-0", 3),
        ("zephyr-3.2", "gatt-default-0", 6),
        ("zephyr-3.2", "serial-prog-1", 8),
        ("zephyr-3.2", "life_test-revert-prog-0", 8),
        ("zephyr-3.2", "images-two-0", 4),
        ("zephyr-3.2", "zbasic-legacy-0", 6),
        ("zephyr-4.4", "life_test-revert-m0-v2-0", 8),
        ("zephyr-4.4", "life_upload_over_pending-m0-v1-0", 6),
        ("zephyr-4.4", "reset-udp-v1-0", 6),
        ("zephyr-4.4", "batch-udp-v2-1", 9),
        ("zephyr-4.4", "serial-m0-v1-0", 8),
        ("zephyr-4.4", "basic-shl-v2-1", 8),
    ] {
        changes.extend(each_change_is_noticed(set, name, most));
    }
    assert_eq!(changes, BTreeSet::from(EXPECTED));
}

#[test]
fn silence_where_an_answer_must_come_is_noticed_and_so_is_the_reverse() {
    let good = session("zephyr-4.4", "batch-udp-v2-1");
    let answered = |step: &Value| step["rsp"].is_string();
    let silent = |step: &Value| step["req"].is_string() && step["rsp"].is_null();
    let at = |which: &dyn Fn(&Value) -> bool| good.iter().position(which).expect("there is one");
    let number = |n: usize| good[n]["step"].as_u64().expect("a number");

    let mut other = good.clone();
    let n = at(&silent);
    other[n]["rsp"] = good[at(&answered)]["rsp"].clone();
    assert_eq!(failing_steps(&other), [number(n)]);

    for removed in [json!(null), json!("")] {
        let mut other = good.clone();
        let n = at(&answered);
        other[n]["rsp"] = removed;
        assert_eq!(failing_steps(&other), [number(n)]);
    }
    let mut other = good.clone();
    let n = at(&answered);
    other[n].as_object_mut().expect("an object").remove("rsp");
    assert_eq!(failing_steps(&other), [number(n)]);
}

#[test]
fn an_answer_too_many_or_in_another_order_is_noticed() {
    let good = session("zephyr-4.4", "batch-mps2048-v1-0");
    let batch = |step: &Value| step["rsps"].as_array().is_some_and(|rsps| rsps.len() == 3);
    let n = good.iter().position(batch).expect("there is one");
    let step = good[n]["step"].as_u64().expect("a number");
    let with = |change: &dyn Fn(&mut Vec<Value>)| {
        let mut other = good.clone();
        change(other[n]["rsps"].as_array_mut().expect("a list"));
        failing_steps(&other)
    };
    assert_eq!(with(&|rsps| rsps.swap(0, 1)), [step]);
    assert_eq!(with(&|rsps| drop(rsps.pop())), [step]);
    assert_eq!(with(&|rsps| rsps.push(rsps[0].clone())), [step]);

    // Answers that came late may be in any order behind the others.
    let mut late = good.clone();
    let rsps = late[n]["rsps"].as_array_mut().expect("a list");
    let behind = [rsps.pop(), rsps.pop()].map(|frame| frame.expect("three"));
    late[n]["late_rsps"] = json!(behind);
    assert_eq!(failing_steps(&late), [0; 0]);
    late[n]["late_rsps"].as_array_mut().expect("a list").pop();
    assert_eq!(failing_steps(&late), [step]);
}

#[test]
fn the_first_contents_are_compared_too() {
    let mut other = session("zephyr-3.2", "reset-default-0");
    let hash = changed(&other[0]["meta"]["flash_sha256"]["slot0"]).expect("a text");
    other[0]["meta"]["flash_sha256"]["slot0"] = hash;
    assert_eq!(failing_steps(&other).first(), Some(&1));

    let mut other = session("zephyr-4.4", "life_retest-m0-v1-0");
    other[0]["meta"]["flash_state"]["slot1_pages_used"] = json!([[7, 8]]);
    assert_eq!(failing_steps(&other).first(), Some(&1));
}

/// The step that asks for the thread list, with another value in its answer.
fn threads_with(change: impl Fn(&str) -> String) -> (Vec<Value>, u64) {
    let mut lines = session("zephyr-4.4", "os-mps400-v1-0");
    let list = |step: &Value| step["rsp"].as_str().is_some_and(|rsp| rsp.contains("66737461636b"));
    let threads =
        |step: &Value| step["rsp"].as_str().is_some_and(|rsp| rsp.contains("6673746b757365"));
    let n = lines.iter().position(|step| list(step) || threads(step)).expect("a thread list");
    let changed = change(lines[n]["rsp"].as_str().expect("an answer"));
    lines[n]["rsp"] = json!(changed);
    let number = lines[n]["step"].as_u64().expect("a number");
    (lines, number)
}

#[test]
fn stack_use_is_compared_by_type_and_stack_size_by_value() {
    // `stkuse` 254 (18fe) as 253, as a text, and `stksiz` 512 (190200) as 513.
    let (lines, _) = threads_with(|rsp| rsp.replacen("73746b75736518fe", "73746b75736518fd", 1));
    assert_eq!(failing_steps(&lines), [0; 0]);
    let (lines, step) = threads_with(|rsp| rsp.replacen("73746b75736518fe", "73746b7573656141", 1));
    assert_eq!(failing_steps(&lines), [step]);
    let (lines, step) =
        threads_with(|rsp| rsp.replacen("73746b73697a190200", "73746b73697a190201", 1));
    assert_eq!(failing_steps(&lines), [step]);
}

#[test]
fn a_step_that_varied_is_compared_by_structure() {
    let mut lines = session("zephyr-4.4", "batch-udp-v2-1");
    let n = lines.iter().position(|step| step["rsp"].is_string()).expect("an answer");
    let number = lines[n]["step"].as_u64().expect("a number");
    let answer = lines[n]["rsp"].as_str().expect("an answer").to_owned();
    let other = answer.replace("617278ff", "617279ff").replace("6178ff", "6179ff");
    assert_ne!(other, answer);
    lines[n]["rsp"] = json!(other);
    assert_eq!(failing_steps(&lines), [number]);
    lines[n]["varies"] = json!(true);
    assert_eq!(failing_steps(&lines), [0; 0]);
    // Another key is another structure.
    lines[n]["rsp"] = json!(answer.replace("bf6172", "bf6173"));
    assert_eq!(failing_steps(&lines), [number]);
}

#[test]
fn a_step_in_which_the_recorded_server_stopped_is_survived_and_counted() {
    let good = session("zephyr-4.4", "enumhang-udp-v2-0");
    let result = check_lines(&good);
    let exempt = good.iter().filter(|step| step["server_hung"] == json!(true)).count();
    assert_eq!((result.exempt as usize, result.failures.len()), (exempt, 0));
    assert!(exempt > 0);
    // As any other step it would fail or pass by its answer.
    let mut other = good.clone();
    let n = good.iter().position(|step| step["server_hung"] == json!(true)).expect("there is one");
    other[n]["rsp"] = json!("0900000200000000bfff");
    assert_eq!(check_lines(&other).failures.len(), 0);
    other[n]["server_hung"] = json!(false);
    assert_eq!(failing_steps(&other), [good[n]["step"].as_u64().expect("a number")]);
}
