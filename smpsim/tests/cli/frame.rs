//! `smpsim frame`.

use crate::{fed, smpsim, testdata};
use serde_json::Value;

/// `rc` 8 to an erase of the settings, as a phone logged it.
const NOT_SUPPORTED: &str = "03000006003f0100bf62726308ff";

fn logged_frames() -> Vec<Value> {
    let log = std::fs::read_to_string(testdata("seed-android-log.jsonl")).expect("it is there");
    let lines = log.lines().map(|line| serde_json::from_str(line).expect("JSON"));
    lines.filter(|line: &Value| line["hex"].is_string()).collect()
}

#[test]
fn the_frames_of_a_phones_log_are_decoded_as_logged() {
    let logged = logged_frames();
    assert_eq!(logged.len(), 8);
    for line in &logged {
        let hex = line["hex"].as_str().expect("text");
        let document = smpsim(&["frame", "--json", hex]).with_status(0).json();
        assert_eq!(document["schema"], "smpsim.frame/1");
        let frames = document["frames"].as_array().expect("a list");
        assert_eq!(frames.len(), 1, "{hex}");
        let frame = &frames[0];
        let fields =
            [("op", "op"), ("ver", "version"), ("flags", "flags"), ("len", "len")].into_iter();
        for (logged, shown) in fields.chain([("group", "group"), ("seq", "seq"), ("id", "id")]) {
            assert_eq!(frame[shown], line[logged], "{shown} of {hex}");
        }
        assert_eq!(frame["problem"], Value::Null);
        let cbor = frame["cbor"].as_str().expect("every logged payload is CBOR");
        for key in line["cbor"].as_object().expect("a map").keys() {
            assert!(cbor.contains(&format!("{key:?}: ")), "{key} in {cbor}");
        }
    }
}

#[test]
fn a_frame_is_told_in_words() {
    let out = smpsim(&["frame", NOT_SUPPORTED]).with_status(0).out;
    for part in ["write response", "group 63", "seq 1", "SMP v1", "{\"rc\": 8}", "MGMT_ERR_ENOTSUP"]
    {
        assert!(out.contains(part), "no {part:?} in: {out}");
    }
}

#[test]
fn a_hash_in_an_image_list_is_shown_whole() {
    let list = logged_frames().swap_remove(3);
    let out = smpsim(&["frame", list["hex"].as_str().expect("text")]).with_status(0).out;
    for image in list["cbor"]["images"].as_array().expect("a list") {
        let hash = image["hash"].as_str().expect("text");
        assert!(out.contains(&format!("h'{hash}'")), "{hash} in {out}");
    }
}

#[test]
fn a_dash_reads_frames_behind_each_other_from_standard_input() {
    let logged = logged_frames();
    let hex: Vec<&str> = logged.iter().filter_map(|line| line["hex"].as_str()).collect();
    let seen = fed(&["frame", "-", "--json"], hex.join("\n").as_bytes()).with_status(0);
    assert_eq!(seen.json()["frames"].as_array().map(Vec::len), Some(hex.len()));
    let out = fed(&["frame", "-"], hex.concat().as_bytes()).with_status(0).out;
    assert!(out.contains("frame 8 of 8"), "{out}");
}

#[test]
fn octets_may_be_written_as_logs_write_them() {
    let plain = smpsim(&["frame", NOT_SUPPORTED]).with_status(0).out;
    for hex in [
        "03-00-00-06-00-3F-01-00-BF-62-72-63-08-FF",
        "03:00:00:06:00:3f:01:00:bf:62:72:63:08:ff",
        "0x03000006003f0100bf62726308ff",
        "0x03, 0x00, 0x00, 0x06, 0x00, 0x3f, 0x01, 0x00, 0xbf, 0x62, 0x72, 0x63, 0x08, 0xff",
    ] {
        assert_eq!(smpsim(&["frame", hex]).with_status(0).out, plain, "{hex}");
    }
    let apart = ["frame", "03000006", "003f0100", "bf62726308ff"];
    assert_eq!(smpsim(&apart).with_status(0).out, plain);
}

#[test]
fn what_is_no_hex_is_refused() {
    smpsim(&["frame", "03zz"]).refuses(&["character 3", "'z'"]);
    smpsim(&["frame", "030"]).refuses(&["odd", "3"]);
    smpsim(&["frame", ""]).refuses(&["no octets"]);
    smpsim(&["frame", "-", "00"]).refuses(&["stands alone"]);
    fed(&["frame", "-"], b"").refuses(&["no octets"]);
    fed(&["frame", "-"], b"03 00 \xff").refuses(&["UTF-8"]);
}

#[test]
fn a_malformed_frame_is_a_no_that_says_what_is_wrong() {
    let deep = format!("02001388000009 00 {}", "81".repeat(5_000));
    for (hex, problem) in [
        ("030000", "3 octets"),
        ("0200002800000900a16164626869", "announces 40 octets"),
        ("0200000100000900ff", "not CBOR"),
        (deep.as_str(), "nested too deep"),
        ("020000070000090061a1", "announces 7 octets"),
        ("0200000300000900a0a0a0", "2 octets of the payload lie behind its CBOR"),
        ("0200000200000900a161", "ends inside its CBOR"),
        // A whole frame, and the beginning of another.
        ("0000000200010000bfff03", "1 octets"),
    ] {
        let seen = smpsim(&["frame", hex]).with_status(1);
        assert!(seen.out.contains(problem), "{hex:.40}: {}", seen.out);
        let document = smpsim(&["frame", "--json", hex]).with_status(1).json();
        let last = document["frames"].as_array().and_then(|f| f.last()).expect("a frame");
        let told = last["problem"].as_str().expect("a problem");
        assert!(told.contains(problem), "{told}");
    }
}

#[test]
fn octets_of_any_kind_are_decoded_or_called_malformed() {
    let plain: Vec<u8> = (0..28)
        .step_by(2)
        .map(|i| u8::from_str_radix(&NOT_SUPPORTED[i..i + 2], 16).expect("hex"))
        .collect();
    for place in 0..plain.len() {
        for value in [0x00, 0x1f, 0x7f, 0x9f, 0xfb, 0xff] {
            let mut octets = plain.clone();
            octets[place] = value;
            let hex = sim::hex(&octets);
            let status = smpsim(&["frame", &hex]).status;
            assert!(status == 0 || status == 1, "{hex}: {status}");
        }
    }
}

#[test]
fn every_key_of_an_upload_is_told_and_what_a_server_would_not_take_is_noted() {
    let first = "0200001d00010201a2636f6666184064646174615085fd03a4c3d3ab20eb4be8fbac0e636d";
    let out = smpsim(&["frame", first]).with_status(0).out;
    for part in ["off   where the data stand", "data  octets of the image"] {
        assert!(out.contains(part), "no {part:?} in: {out}");
    }
    assert!(!out.contains("note:"), "{out}");
    let read = smpsim(&["frame", "0000000100010101a0"]).with_status(0).out;
    assert!(read.contains("note: this command does not take a read"), "{read}");
    let document = smpsim(&["frame", "--json", first]).with_status(0).json();
    assert_eq!(document["frames"][0]["fields"][0]["path"], "off");
    assert_eq!(document["frames"][0]["notes"], serde_json::json!([]));
}

#[test]
fn the_commands_of_every_group_are_named() {
    for (hex, words) in [
        ("0800000f00020100a1646e616d6568736d705f73767273", ["group 2 stat", "command 0 show"]),
        ("0800000100030003a0", ["group 3 settings", "command 3 load/save"]),
        ("0800000900080101a1646e616d65632f6162", ["group 8 fs", "command 1 status"]),
        ("0a00000800090000a16461726776816161", ["group 9 shell", "command 0 exec"]),
        ("08000008000a0d02a165696e64657801", ["group 10 enum", "command 2 single"]),
        ("0a000001003f0100a0", ["group 63 zephyr basic", "command 0 erase storage"]),
    ] {
        let out = smpsim(&["frame", hex]).out;
        assert!(words.iter().all(|word| out.contains(word)), "{hex}: {out}");
    }
}
