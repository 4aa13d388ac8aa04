//! One changed value in a file about clients is one failed case at least, and a strange one is no
//! more than that.

use crate::clients::{checked, document};
use crate::paths;
use serde_json::{Value, json};

/// Inputs that no request of some client depends on, and remarks.
const WITHOUT_EFFECT: [(&str, &str); 13] = [
    // Only words are read.
    ("", "/inputs/transport"),
    ("", "/inputs/buf_count"),
    ("", "/inputs/window_max"),
    // Whole quads of base64 go on a line.
    ("", "/inputs/line_len"),
    ("android_windowN", "/inputs/window"),
    // The server's buffer alone counts.
    ("android", "/inputs/att_mtu"),
    ("ios", "/inputs/att_mtu"),
    // Multiples of 0 and of 1 are the same.
    ("ios", "/inputs/byte_alignment"),
    ("smpclient_udp", "/inputs/buf_size"),
    ("mcumgr_toolkit_serial", "/inputs/buf_size"),
    // Chunks are rounded down to whole words.
    ("zephyr_img_mgmt_client", "/inputs/netbuf_size"),
    ("zephyr_img_mgmt_client", "/inputs/alignment"),
    // The server's buffer is as long as the frame that the client takes by itself.
    ("mcumgr_toolkit_serial", "/inputs/auto_frame_size"),
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

/// The file with its shortest case alone.
fn shortest_case(name: &str) -> Value {
    let mut file = document(name);
    let cases = file["cases"].as_array_mut().expect("cases");
    cases.sort_by_key(|case| case["requests"]["total_frames"].as_u64());
    cases.truncate(1);
    file
}

/// The changes under `place` of which nothing comes.
fn unnoticed(file: &Value, place: &str) -> Vec<String> {
    assert!(checked(file).failures.is_empty(), "{:?}", checked(file).failures);
    let inner = file.pointer(place).expect("the place is there");
    let mut unnoticed = Vec::new();
    for path in paths(inner) {
        let Some(value) = inner.pointer(&path).and_then(changed) else { continue };
        let mut other = file.clone();
        *other.pointer_mut(&format!("{place}{path}")).expect("the path is there") = value;
        if checked(&other).failures.is_empty() {
            unnoticed.push(path);
        }
    }
    unnoticed
}

#[test]
fn every_changed_value_of_a_case_is_noticed() {
    for name in [
        "android_window1",
        "android_windowN",
        "ios",
        "smpclient_ble",
        "smpclient_udp",
        "smpclient_serial",
        "mcumgr_toolkit_serial",
        "mcumgr_client",
        "go_mcumgr_cli",
        "zephyr_img_mgmt_client",
        "ncs_central_dfu_sample",
    ] {
        let mut left = unnoticed(&shortest_case(name), "/cases/0");
        left.retain(|path| {
            !WITHOUT_EFFECT.iter().any(|(file, end)| name.starts_with(file) && path.ends_with(end))
        });
        assert_eq!(left, [""; 0], "{name}");
    }
}

#[test]
fn every_changed_value_of_a_scenario_is_noticed() {
    let mut file = document("reactions");
    for client in file["clients"].as_array_mut().expect("clients") {
        let scenarios = client["scenarios"].as_array_mut().expect("scenarios");
        scenarios.retain(|scenario| {
            let name = scenario["scenario"].as_str().expect("a name");
            ["drop_response_3", "late_response_3", "rc2_at_3", "resume_at_1500"].contains(&name)
        });
    }
    for n in 0..file["clients"].as_array().expect("clients").len() {
        let mut alone = file.clone();
        alone["clients"] = json!([file["clients"][n]]);
        if file["clients"][n]["settings"] == "as for udp" {
            alone["clients"][0]["settings"] = file["clients"][n - 1]["settings"].clone();
        }
        let go = alone["clients"][0]["transport"].as_str().expect("text").starts_with("none");
        if go {
            // Where its order varies, less is compared.
            let scenarios = alone["clients"][0]["scenarios"].as_array_mut().expect("scenarios");
            scenarios.retain(|scenario| scenario["scenario"] == "resume_at_1500");
        }
        let mut left = unnoticed(&alone, "/clients/0/scenarios");
        // Wordings and the time of the recorder are its own.
        left.retain(|path| {
            !["/wall_s", "/error", "/result", "/note"].iter().any(|end| path.ends_with(end))
        });
        assert_eq!(left, [""; 0], "{}", alone["clients"][0]["client"]);
    }
}

#[test]
fn another_remark_another_error_and_another_result_are_noticed() {
    let mut file = document("reactions");
    file["clients"] = json!([file["clients"][0]]);
    let scenarios = file["clients"][0]["scenarios"].as_array_mut().expect("scenarios");
    scenarios.retain(|scenario| scenario["scenario"] == "drop_response_3");
    let good = file.clone();
    assert!(checked(&good).failures.is_empty());
    for (path, other) in [
        ("/requests/2/note", "request lost"),
        ("/requests/2/note", "response delayed"),
        ("/error", "wrong offset received"),
        ("/error", "device returned error: rc=2"),
        ("/error", "Wrong Hash"),
        ("/error", "never ends"),
        ("/result", "completed"),
    ] {
        let mut file = good.clone();
        let place = format!("/clients/0/scenarios/0{path}");
        *file.pointer_mut(&place).expect("the path is there") = json!(other);
        assert_eq!(checked(&file).failures.len(), 1, "{path} {other}");
    }
}

/// Failures when a scenario of the Go program counts so many requests more than were recorded.
fn failures_of_go(name: &str, more: u64) -> usize {
    let mut file = document("reactions");
    let clients = file["clients"].as_array_mut().expect("clients");
    clients.retain(|client| client["transport"].as_str().is_some_and(|t| t.starts_with("none")));
    let scenarios = clients[0]["scenarios"].as_array_mut().expect("scenarios");
    scenarios.retain(|scenario| scenario["scenario"] == name);
    let count = scenarios[0]["upload_requests"].as_u64().expect("a count");
    scenarios[0]["upload_requests"] = json!(count + more);
    checked(&file).failures.len()
}

#[test]
fn a_count_of_the_go_program_may_differ_by_one_where_a_chunk_is_missed() {
    for (name, more, failures) in [
        ("refuse_3", 0, 0),
        ("refuse_3", 1, 0),
        ("refuse_3", 2, 1),
        ("ok", 0, 0),
        ("ok", 1, 1),
        ("resume_at_1500", 1, 1),
        ("rc3_always", 1, 1),
    ] {
        assert_eq!(failures_of_go(name, more), failures, "{name}, {more} more");
    }
}

/// Where the server forgets the upload, five requests more are sent than the nine of the image.
#[test]
fn the_go_program_goes_back_two_chunks_after_the_server_forgot() {
    let mut file = document("reactions");
    let clients = file["clients"].as_array_mut().expect("clients");
    clients.retain(|client| client["transport"].as_str().is_some_and(|t| t.starts_with("none")));
    let offsets: [u32; 14] =
        [0, 438, 919, 1400, 1881, 0, 438, 919, 1400, 1881, 2362, 2843, 3324, 3805];
    let next = [438, 919, 0, 0, 0, 438, 919, 1400, 1881, 2362, 2843, 3324, 3805, 4000];
    let keys = |off: u32| match off {
        0 => json!(["image", "off", "len", "sha", "data"]),
        _ => json!(["image", "off", "data"]),
    };
    let len = |off: u32| if off == 0 { 438 } else { (4_000 - off).min(481) };
    let requests = offsets.iter().zip(next).enumerate().map(|(n, (&off, next))| {
        let mut response = json!({ "rc": 0, "off": next });
        if next == 4_000 {
            response["match"] = json!(true);
        }
        let (len, keys) = (len(off), keys(off));
        json!({ "off": off, "data_len": len, "keys": keys, "seq_rel": n, "rsp": response })
    });
    clients[0]["scenarios"].as_array_mut().expect("scenarios").push(json!({
        "scenario": "state_lost_3",
        "result": "completed",
        "image_complete_on_server": true,
        "upload_requests": 14,
        "requests": requests.collect::<Vec<_>>(),
    }));
    let failures = checked(&file).failures;
    assert!(failures.is_empty(), "{failures:#?}");
}

/// Without frames in hex the order of keys is still compared, also with one told in words.
#[test]
fn another_order_of_keys_is_noticed_without_frames() {
    for (name, key, order) in [
        ("go_mcumgr_cli", "key_order", json!("struct order off image len sha data here")),
        ("go_mcumgr_cli", "key_order", json!(["image", "off", "data", "len", "sha"])),
        ("mcumgr_client", "key_order_first", json!(["data", "image", "off", "len", "sha"])),
        ("mcumgr_client", "key_order_later", json!("image data off")),
    ] {
        let mut file = shortest_case(name);
        let case = file["cases"][0].as_object_mut().expect("a case");
        case.retain(|key, _| !key.ends_with("_frame_hex"));
        assert!(checked(&file).failures.is_empty(), "{name}");
        file[key] = order;
        let failures = checked(&file).failures;
        assert_eq!(failures.len(), 1, "{name} {key}");
        assert!(failures[0].case.contains(key), "{failures:?}");
    }
}

/// The tool's one time-out holds for the parameters too, which come as late as all responses: it goes
/// on without them, with shorter chunks. A first and a later time-out are the upload's.
#[test]
fn a_latency_also_delays_the_parameters() {
    for (client, data_len, noticed) in [
        ("smpclient", 917, None),
        ("smpclient", 918, Some("data_len")),
        ("mcumgr-toolkit", 923, Some("data_len")),
    ] {
        let mut file = document("reactions");
        let clients = file["clients"].as_array_mut().expect("clients");
        clients.retain(|other| other["client"].as_str().is_some_and(|c| c.starts_with(client)));
        clients.truncate(1);
        let mut request = clients[0]["scenarios"][0]["requests"][0].clone();
        request["data_len"] = json!(data_len);
        clients[0]["scenarios"] = json!([{
            "scenario": "server_latency_450ms",
            "result": "error",
            "error": "timed out",
            "image_complete_on_server": false,
            "upload_requests": 1,
            "requests": [request],
        }]);
        let failures = checked(&file).failures;
        assert_eq!(failures.len(), usize::from(noticed.is_some()), "{client}: {failures:#?}");
        let named = failures.iter().all(|f| noticed.is_some_and(|key| f.case.contains(key)));
        assert!(named, "{client}: {failures:#?}");
    }
}

#[test]
fn no_value_leads_to_a_panic() {
    let values = [
        Value::Null,
        json!(true),
        json!(-1),
        json!(0),
        json!(1),
        json!(u16::MAX),
        json!(u32::MAX),
        json!(u64::MAX),
        json!(1.5),
        json!(""),
        json!("a..data[1].."),
        json!("\u{e9}t\u{e9}"),
        json!([]),
        json!([[1, 2]]),
        json!({}),
    ];
    let mut reactions = document("reactions");
    for client in reactions["clients"].as_array_mut().expect("clients") {
        client["scenarios"].as_array_mut().expect("scenarios").truncate(1);
        client["scenarios"][0]["requests"].as_array_mut().expect("requests").truncate(1);
    }
    let mut files = vec![reactions];
    for name in ["smpclient_ble", "mcumgr_client", "go_mcumgr_cli", "ncs_central_dfu_sample", "ios"]
    {
        let mut file = shortest_case(name);
        file["cases"][0]["requests"]["first"].as_array_mut().expect("a list").truncate(1);
        files.push(file);
    }
    for file in files {
        for path in paths(&file) {
            for value in &values {
                let mut other = file.clone();
                *other.pointer_mut(&path).expect("the path was found there") = value.clone();
                let result = checked(&other);
                assert!(result.passed > 0 || !result.failures.is_empty(), "{path} {value}");
            }
        }
    }
}

/// The one failure that a change leads to says all of `parts`.
#[track_caller]
fn fails_with(path: &str, value: Value, parts: &[&str]) {
    let mut file = shortest_case("smpclient_ble");
    *file.pointer_mut(path).expect("the path is there") = value;
    let result = checked(&file);
    let [failure] = &result.failures[..] else { panic!("{:?}", result.failures) };
    let text = format!("{failure:?}");
    for part in parts {
        assert!(text.contains(part), "no {part} in {failure:?}");
    }
}

#[test]
fn what_is_wrong_is_named() {
    fails_with("/client", json!("curl"), &["client", "curl", "smpclient"]);
    fails_with("/cases/0/inputs", json!([]), &["inputs", "an object"]);
    fails_with("/cases/0/inputs/transport", json!("pigeon"), &["transport", "pigeon", "udp"]);
    fails_with("/cases/0/inputs/att_mtu", json!(3), &["att_mtu", "4 or more", "3"]);
    fails_with("/cases/0/inputs/att_mtu", json!(70_000), &["att_mtu", "16 bits", "70000"]);
    fails_with("/cases/0/inputs/image_len", json!(71), &["image_len", "72", "71"]);
    fails_with("/cases/0/inputs/image_len", Value::Null, &["image_len", "whole number", "null"]);
    fails_with("/cases/0/requests/runs/0/wire", json!([1]), &["wire", "[octets, count]"]);
    fails_with("/cases/0/requests/total_frames", json!("x"), &["total_frames", "whole number"]);
    fails_with("/cases/0/first_frame_hex", json!("0a"), &["first_frame_hex", "data[N]"]);
    fails_with("/key_order_first", json!(["len"]), &["key_order_first", "len off"]);
}

#[test]
fn an_input_that_the_client_does_not_have_cannot_be_honoured() {
    let mut file = shortest_case("smpclient_ble");
    file["cases"][0]["inputs"]["retries"] = json!(3);
    let result = checked(&file);
    assert!(result.failures[0].case.contains("inputs.retries"), "{:?}", result.failures);
}

#[test]
fn a_file_without_cases_proves_nothing_and_fails() {
    let mut file = document("ios");
    file["cases"] = json!([]);
    assert_eq!(checked(&file).failures.len(), 1);
    let mut file = document("reactions");
    file["clients"] = json!([]);
    assert_eq!(checked(&file).failures.len(), 1);
}

#[test]
fn a_scenario_with_an_unknown_name_fails() {
    let mut file = document("reactions");
    file["clients"] = json!([file["clients"][0]]);
    let scenarios = file["clients"][0]["scenarios"].as_array_mut().expect("scenarios");
    scenarios.truncate(2);
    scenarios[1]["scenario"] = json!("lightning_strike");
    let result = checked(&file);
    assert_eq!((result.passed, result.failures.len()), (1, 1));
    assert!(result.failures[0].expected.contains("drop_request_N"), "{:?}", result.failures);
}
