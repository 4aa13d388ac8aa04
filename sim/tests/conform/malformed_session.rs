//! Sessions that are not what they should be.

use crate::paths;
use crate::sessions::{check_lines, session};
use serde_json::{Value, json};
use sim::conform::{FileResult, ReadError, check};

fn check_text(lines: &[Value]) -> Result<FileResult, ReadError> {
    let text: Vec<String> = lines.iter().map(Value::to_string).collect();
    check(&text.join("\n"), &|_| None)
}

/// A short session of each set with every kind of step that it has.
fn short(set: &str, name: &str, steps: usize) -> Vec<Value> {
    let mut lines = session(set, name);
    lines.truncate(1 + steps);
    // Long texts take time, and nothing is found in them that short ones do not show.
    let meta = lines[0]["meta"].as_object_mut().expect("an object");
    if let Some(images) = meta.get_mut("images").and_then(Value::as_object_mut) {
        images.retain(|name, _| name.len() == 1);
    }
    lines
}

#[test]
fn no_value_in_a_session_leads_to_a_panic() {
    let values = [
        Value::Null,
        json!(0),
        json!(1),
        json!(u32::MAX),
        json!(u64::MAX),
        json!("y"),
        json!("ffffffff"),
        json!({}),
    ];
    let sessions = [
        ("zephyr-3.2", "reset-default-0", 3),
        ("zephyr-3.2", "images-two-0", 2),
        ("zephyr-3.2", "gatt-default-0", 2),
        ("zephyr-3.2", "erase-prog-0", 3),
        ("zephyr-4.4", "life_fullupload-m0-v1-0", 1),
        ("zephyr-4.4", "batch-udp-v2-1", 3),
        ("zephyr-4.4", "enumhang-udp-v2-0", 2),
        ("zephyr-4.4", "ramload-mps2048-v1-0", 2),
    ];
    for (turn, (set, name, steps)) in sessions.into_iter().enumerate() {
        let good = short(set, name, steps);
        for (n, line) in good.iter().enumerate() {
            for (m, path) in paths(line).into_iter().enumerate() {
                // Most of what a line holds stands in several sessions: a third of the values each.
                for value in values.iter().skip((m + turn) % 3).step_by(3) {
                    let mut other = good.clone();
                    *other[n].pointer_mut(&path).expect("the path was found there") = value.clone();
                    if let Ok(result) = check_text(&other) {
                        let cases = result.passed as usize + result.failures.len();
                        assert!(cases > 0, "{name} {n} {path} {value}");
                    }
                }
            }
        }
    }
}

/// The one problem that a change leads to stands in this line and says all of `parts`.
#[track_caller]
fn refuses(set: &str, name: &str, line: usize, path: &str, value: &Value, parts: &[&str]) {
    let mut lines = short(set, name, 6);
    *lines[line - 1].pointer_mut(path).expect("the path is there") = value.clone();
    let problem = match check_text(&lines) {
        Err(ReadError::Malformed { line: at, problem }) if at == line => problem,
        other => panic!("{path}: {other:?}"),
    };
    for part in parts {
        assert!(problem.contains(part), "{path}: no {part} in {problem}");
    }
}

#[test]
fn what_is_wrong_in_the_first_line_is_named_with_it() {
    let wrong = |path: &str, value: Value, parts: &[&str]| {
        refuses("zephyr-3.2", "reset-default-0", 1, path, &value, parts);
    };
    wrong(
        "/meta/kconfig/CONFIG_MCUMGR_BUF_SIZE",
        json!("many"),
        &["CONFIG_MCUMGR_BUF_SIZE", "many"],
    );
    wrong("/meta/kconfig/CONFIG_MCUMGR_BUF_COUNT", json!("0"), &["buf_count"]);
    wrong("/meta/kconfig/CONFIG_IMG_MGMT_UPDATABLE_IMAGE_NUMBER", json!("3"), &["3 images"]);
    wrong("/meta/flash/partitions", json!({}), &["flash.partitions", "boot"]);
    wrong("/meta/flash/partitions/slot1/off", json!(0), &["overlap"]);
    wrong("/meta/flash/page_size", json!(0), &["pages of 0"]);
    wrong("/meta/flash/size", json!(4_000_000_000_u32), &["4000000000"]);
    wrong("/meta/images/A/b64", json!("?"), &["image A", "base 64"]);
    wrong("/meta/init/slot0/image", json!("Z"), &["init.slot0", "Z"]);
    wrong("/meta/init", json!({ "slot7": { "image": "A" } }), &["slot7"]);
    let fill = json!({ "fill": { "len": 4_000_000_000_u32, "seed": 1 } });
    wrong("/meta/init/slot0", fill, &["init.slot0", "fill.len"]);
    let trailer = json!({ "trailer": { "magic": "excellent" } });
    wrong("/meta/init/slot0", trailer, &["init.slot0", "excellent"]);
    let patch = json!({ "patch": [{ "off": 1_000_000, "hex": "00" }] });
    wrong("/meta/init/slot0", patch, &["init.slot0", "leave the partition"]);
    wrong("/meta/init/slot0", json!({ "melted": true }), &["init.slot0", "melted"]);
}

#[test]
fn what_is_wrong_in_a_step_is_named_with_its_line() {
    let wrong = |line: usize, path: &str, value: Value, parts: &[&str]| {
        refuses("zephyr-3.2", "reset-default-0", line, path, &value, parts);
    };
    wrong(2, "/req", json!("02x"), &["req", "x"]);
    wrong(2, "/req", json!(2), &["req", "text"]);
    wrong(2, "/rsp", json!("030"), &["answer"]);
    wrong(3, "/ms", json!("long"), &["ms"]);
    wrong(3, "/ms", json!(u64::MAX), &["ms", "86400000"]);
    wrong(3, "/action", json!(7), &["action"]);
    wrong(4, "/exit", json!("yes"), &["string"]);
    let mut lines = short("zephyr-3.2", "reset-default-0", 6);
    lines[4] = json!(["no", "step"]);
    let refused = check_text(&lines).expect_err("no step");
    assert_eq!(refused.to_string(), "line 5: a step is an object");
}

#[test]
fn lines_are_counted_with_empty_ones() {
    let mut text: Vec<String> =
        short("zephyr-3.2", "reset-default-0", 3).iter().map(Value::to_string).collect();
    text.insert(1, String::new());
    text[3] = text[3].replace("wait_ms", "wait_ms\",\"req\":\"0z");
    let refused = check(&text.join("\n"), &|_| None).expect_err("a request that is no hex");
    assert!(refused.to_string().starts_with("line 4: `req`"), "{refused}");
}

#[test]
fn a_kind_of_step_that_is_not_known_fails_alone() {
    let good = short("zephyr-3.2", "reset-default-0", 6);
    for unknown in [json!({ "step": 99 }), json!({ "step": 99, "action": "dance" })] {
        let mut lines = good.clone();
        lines.insert(3, unknown);
        let result = check_lines(&lines);
        assert_eq!((result.passed, result.failures.len()), (6, 1));
        assert!(result.failures[0].case.starts_with("step 99: kind"), "{:?}", result.failures);
    }
}
