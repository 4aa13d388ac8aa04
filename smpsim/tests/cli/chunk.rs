//! `smpsim chunk`.

use crate::smpsim;
use serde_json::{Value, json};

fn chunk(args: &[&str]) -> Value {
    smpsim(&[&["chunk", "--json"], args].concat()).with_status(0).json()
}

/// Data octets by offset of the only link.
fn data(document: &Value) -> Vec<Option<u64>> {
    let [link] = &document["links"].as_array().expect("a list")[..] else { panic!("{document}") };
    let classes = link["classes"].as_array().expect("a list");
    classes.iter().map(|class| class["data"].as_u64()).collect()
}

#[test]
fn without_a_link_there_is_a_table_of_several() {
    let out = smpsim(&["chunk"]).with_status(0).out;
    let row = |title: &str| -> Vec<String> {
        let row = out.lines().find_map(|line| line.strip_prefix(title)).expect("a row");
        row.split_whitespace().map(str::to_owned).collect()
    };
    assert_eq!(row("mtu 23 (20)"), ["-"; 7]);
    assert_eq!(row("mtu 65 (62)"), ["-", "-", "-", "32", "40", "39", "37"]);
    assert_eq!(row("mtu 247 (244)"), ["176", "169", "178", "214", "222", "221", "219"]);
    assert_eq!(row("buf_size 2475"), ["2406", "2399", "2408", "2444", "2452", "2451", "2449"]);
    assert!(out.lines().all(|line| line.chars().count() <= 110), "{out}");
    assert_eq!(chunk(&[])["links"].as_array().map(Vec::len), Some(9));
}

#[test]
fn one_link_is_told_in_full() {
    let out = smpsim(&["chunk", "--mtu", "498", "--len", "373928"]).with_status(0).out;
    for part in [
        "frames of up to 495 octets",
        "first chunk           426     495       1",
        "off from 65536        469     495       1",
        "requests for the image: 797",
        "smallest ATT MTU without reassembly: 103",
        "len = mtu - 3 - (off == 0 ? 69 : off < 256 ? 23 : off < 65536 ? 24 : 26);",
        "let len = mtu - 3 - match off { 0 => 69, 1..=255 => 23, 256..=65535 => 24, _ => 26 };",
        "frames of 496 to 498 octets pass it and then fail with -12 (ENOMEM)",
    ] {
        assert!(out.contains(part), "no {part:?} in\n{out}");
    }
    assert!(!out.contains("no first chunk through"), "{out}");
}

#[test]
fn a_set_of_keys_of_the_users_own_decides() {
    let sample = ["--mtu", "491", "--map", "indefinite", "--sha", "5", "--image", "0", "--upgrade"];
    let every = chunk(&[&sample[..], &["--every-chunk"]].concat());
    assert_eq!(data(&every), [Some(430), Some(448), Some(447), Some(445)]);
    let first_only = chunk(&sample);
    assert_eq!(data(&first_only), [Some(430), Some(464), Some(463), Some(461)]);
    assert_eq!(every["keys"]["map"], "indefinite");
    assert_eq!(every["keys"]["in_every_chunk"], true);
}

#[test]
fn reassembly_a_buffer_alone_and_a_serial_console_each_have_their_limit() {
    let limit = |args: &[&str]| chunk(args)["links"][0]["limit"].as_u64();
    assert_eq!(limit(&["--mtu", "247", "--buf-size", "2475"]), Some(244));
    assert_eq!(limit(&["--mtu", "247", "--buf-size", "2475", "--reassembly"]), Some(2475));
    assert_eq!(limit(&["--buf-size", "1024"]), Some(1024));
    assert_eq!(limit(&["--buf-size", "384", "--serial"]), Some(380));
    let writes = chunk(&["--mtu", "247", "--buf-size", "2475", "--reassembly"]);
    assert_eq!(writes["links"][0]["classes"][3]["writes"], 11);
    assert_eq!(writes["links"][0]["refused_clients"], json!([]));
}

#[test]
fn what_fails_at_a_small_mtu_is_told() {
    let out = smpsim(&["chunk", "--mtu", "100"]).with_status(0).out;
    for part in ["rc 3 (EINVAL); the smallest ATT MTU for these keys is 103", "android", "emsgsize"]
    {
        assert!(out.contains(part), "no {part:?} in\n{out}");
    }
    let out = smpsim(&["chunk", "--mtu", "23"]).with_status(0).out;
    assert!(out.contains("first chunk             -       -"), "{out}");
    assert!(!out.contains("len = "), "{out}");
}

#[test]
fn an_attribute_ends_at_512_octets() {
    let out = smpsim(&["chunk", "--mtu", "517"]).with_status(0).out;
    assert!(out.contains("at most 512 octets"), "{out}");
    let out = smpsim(&["chunk", "--mtu", "515"]).with_status(0).out;
    assert!(!out.contains("at most 512 octets"), "{out}");
}

#[test]
fn arguments_that_make_no_sense_are_refused() {
    for args in [
        &["--mtu", "3"][..],
        &["--mtu", "65536"],
        &["--reassembly", "--mtu", "247"],
        &["--serial"],
        &["--serial", "--buf-size", "384", "--mtu", "247"],
        &["--buf-size", "0"],
        &["--len", "0", "--mtu", "247"],
        &["--sha", "65", "--mtu", "247"],
        &["--map", "open", "--mtu", "247"],
    ] {
        let seen = smpsim(&[&["chunk"], args].concat()).with_status(2);
        assert_eq!(seen.out, "");
    }
}

#[test]
fn every_field_is_described() {
    let documents = [
        chunk(&["--mtu", "100", "--len", "20000", "--image", "0"]),
        chunk(&["--mtu", "23"]),
        chunk(&["--buf-size", "384", "--serial"]),
    ];
    crate::documents::describes("smpsim.chunk/1", &documents);
}
