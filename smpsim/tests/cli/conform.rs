//! `smpsim conform`.

use crate::{Folder, smpsim, testdata};

fn log() -> String {
    std::fs::read_to_string(testdata("seed-android-log.jsonl")).expect("it is there")
}

#[test]
fn the_recorded_phone_gets_the_recorded_answers() {
    let file = testdata("seed-android-log.jsonl");
    let out = smpsim(&["conform", &file]).with_status(0).out;
    assert_eq!(out.lines().last(), Some("4 passed, 0 failed"));
    assert!(out.lines().rev().nth(1).is_some_and(|line| line.contains("exempt")), "{out}");

    let document = smpsim(&["conform", "--json", &file]).with_status(0).json();
    assert_eq!(document["schema"], "smpsim.conform/1");
    assert_eq!((&document["passed"], &document["failed"]), (&4.into(), &0.into()));
    assert_eq!(document["files"][0]["file"], file);
    assert_eq!(document["files"][0]["failures"].as_array().map(Vec::len), Some(0));
}

#[test]
fn an_answer_with_one_changed_octet_fails_with_what_was_expected_and_what_came() {
    let folder = Folder::new();
    let file = folder.file("log.jsonl", log().replace("62726308ff", "62726307ff"));
    let out = smpsim(&["conform", &file]).with_status(1).out;
    assert!(out.contains("expected 03000006003f0100bf62726307ff"), "{out}");
    assert!(out.contains("got      03000006003f0100bf62726308ff"), "{out}");
    assert_eq!(out.lines().last(), Some("3 passed, 1 failed"));

    let document = smpsim(&["conform", "--json", &file]).with_status(1).json();
    let failure = &document["files"][0]["failures"][0];
    assert!(failure["case"].as_str().is_some_and(|case| case.starts_with("request 3")));
    assert_eq!(failure["expected"], "03000006003f0100bf62726307ff");
    assert_eq!(failure["got"], "03000006003f0100bf62726308ff");
}

#[test]
fn every_changed_answer_is_noticed() {
    let folder = Folder::new();
    let log = log();
    let answers = log.lines().enumerate().filter(|(_, line)| line.contains("\"dir\":\"rx\""));
    for (n, answer) in answers {
        // The sequence number, which no model takes from the log's answer.
        let (head, hex) = answer.split_once("\"hex\":\"").expect("an answer has octets");
        let changed = format!("{head}\"hex\":\"{}77{}", &hex[..12], &hex[14..]);
        let text: Vec<&str> =
            log.lines().enumerate().map(|(i, line)| if i == n { &changed } else { line }).collect();
        let file = folder.file("log.jsonl", text.join("\n"));
        let out = smpsim(&["conform", &file]).with_status(1).out;
        assert_eq!(out.lines().last(), Some("3 passed, 1 failed"), "line {}", n + 1);
    }
}

#[test]
fn an_unknown_kind_counts_as_failed() {
    let folder = Folder::new();
    let file = folder.file("other.json", "{\"temperature\": 21}");
    let out = smpsim(&["conform", &file]).with_status(1).out;
    assert_eq!(out.lines().last(), Some("0 passed, 1 failed"));
    assert!(out.contains("unknown"), "{out}");
}

#[test]
fn one_failing_file_among_several_decides() {
    let folder = Folder::new();
    let other = folder.file("other.json", "{\"temperature\": 21}");
    let good = testdata("seed-android-log.jsonl");
    let out = smpsim(&["conform", &good, &other]).with_status(1).out;
    assert_eq!(out.lines().last(), Some("4 passed, 1 failed"));
    assert!(out.contains(&format!("{good} (log of SMP frames): 4 passed, 0 failed")), "{out}");
    let out = smpsim(&["conform", &good, &good]).with_status(0).out;
    assert_eq!(out.lines().last(), Some("8 passed, 0 failed"));
}

#[test]
fn what_cannot_be_read_is_refused_before_anything_is_judged() {
    let folder = Folder::new();
    let good = testdata("seed-android-log.jsonl");
    let text = folder.file("text.jsonl", "{\"a\": 1}\nnot JSON\n");
    smpsim(&["conform", &text]).refuses(&[&text, "line 2", "not JSON"]);
    smpsim(&["conform", &good, &text]).refuses(&[&text, "line 2"]);
    let cut = folder.file("cut.jsonl", &log()[..log().len() - 20]);
    smpsim(&["conform", &cut]).refuses(&[&cut, "line 9"]);
    let empty = folder.file("empty.jsonl", "");
    smpsim(&["conform", &empty]).refuses(&[&empty, "empty"]);
    let binary = folder.file("binary.jsonl", b"\xff\xfe{}");
    smpsim(&["conform", "--json", &binary]).refuses(&[&binary, "UTF-8"]);
    smpsim(&["conform", &good, &folder.path("none.jsonl")]).refuses(&["none.jsonl"]);
    smpsim(&["conform", &folder.path("")]).refuses(&["directory"]);
}

/// The text of recorded runs of MCUboot.
fn runs(name: &str) -> String {
    use std::io::Read as _;
    let packed = std::fs::read(testdata(name)).expect("it is there");
    let mut text = String::new();
    flate2::read::GzDecoder::new(&packed[..]).read_to_string(&mut text).expect("a gzip file");
    text
}

#[test]
fn runs_of_mcuboot_are_read_packed_and_unpacked() {
    let packed = testdata("mcuboot/direct_xip.jsonl.gz");
    let out = smpsim(&["conform", &packed]).with_status(0).out;
    assert!(out.contains(&format!("{packed} (runs of MCUboot): 138 passed, 0 failed")), "{out}");

    let text = runs("mcuboot/direct_xip.jsonl.gz");
    let folder = Folder::new();
    let unpacked = folder.file("runs.jsonl", &text);
    let out = smpsim(&["conform", &unpacked]).with_status(0).out;
    assert_eq!(out.lines().last(), Some("138 passed, 0 failed"));
    let one = folder.file("one.json", text.lines().next().expect("a line"));
    let out = smpsim(&["conform", &one]).with_status(0).out;
    assert_eq!(out.lines().last(), Some("1 passed, 0 failed"));

    let octets = std::fs::read(&packed).expect("it is there");
    let cut = folder.file("cut.jsonl.gz", &octets[..octets.len() / 2]);
    smpsim(&["conform", &cut]).refuses(&[&cut, "gzip"]);
}

#[test]
fn a_changed_operation_of_a_run_fails_with_what_was_expected_and_what_came() {
    let text = runs("mcuboot/wide_align.jsonl.gz");
    let first = text.lines().next().expect("a line");
    let folder = Folder::new();
    let changed = folder.file("run.json", first.replacen("\"E ", "\"E 1", 1));
    let document = smpsim(&["conform", "--json", &changed]).with_status(1).json();
    assert_eq!(document["failed"], 1);
    let failure = &document["files"][0]["failures"][0];
    let case = failure["case"].as_str().expect("text");
    assert!(case.contains("-test_revert") && case.contains("operation"), "{case}");
    let [expected, got] = ["expected", "got"].map(|key| failure[key].as_str().expect("text"));
    assert_eq!(expected, got.replacen("E ", "E 1", 1));
}

#[test]
fn images_of_imgtool_are_read_beside_their_document() {
    let out = smpsim(&["conform", &testdata("imgtool/expected.json")]).with_status(0).out;
    assert_eq!(out.lines().last(), Some("6 passed, 0 failed"));
    let folder = Folder::new();
    let text = std::fs::read(testdata("imgtool/expected.json")).expect("it is there");
    let alone = folder.file("expected.json", text);
    smpsim(&["conform", &alone]).refuses(&[&alone, "plain_prot_tlvs.bin"]);
}

#[test]
fn sessions_of_servers_are_replayed_and_steps_without_a_reference_counted() {
    let session = testdata("zephyr-4.4/enumhang-udp-v2-0.jsonl.gz");
    let out = smpsim(&["conform", &session]).with_status(0).out;
    let last: Vec<&str> = out.lines().rev().take(2).collect();
    assert_eq!(last, ["14 passed, 0 failed", "7 exempt"], "{out}");
    let document = smpsim(&["conform", "--json", &session]).with_status(0).json();
    assert_eq!((&document["exempt"], &document["files"][0]["exempt"]), (&7.into(), &7.into()));
}

#[test]
fn a_changed_answer_of_a_session_fails_with_what_was_expected_and_what_came() {
    let text = runs("zephyr-3.2/zbasic-default-0.jsonl.gz");
    let folder = Folder::new();
    let changed = folder.file("session.jsonl", text.replacen("\"rsp\":\"03", "\"rsp\":\"13", 1));
    let document = smpsim(&["conform", "--json", &changed]).with_status(1).json();
    assert_eq!(document["failed"], 1);
    let failure = &document["files"][0]["failures"][0];
    assert!(failure["case"].as_str().is_some_and(|case| case.starts_with("step ")));
    let [expected, got] = ["expected", "got"].map(|key| failure[key].as_str().expect("text"));
    assert_eq!(expected, got.replacen("03", "13", 1));
}

#[test]
fn a_session_that_is_damaged_is_refused_with_its_line() {
    let text = runs("zephyr-3.2/reset-default-0.jsonl.gz");
    let folder = Folder::new();
    let step = folder.file("step.jsonl", text.replacen("\"req\":\"02", "\"req\":\"0?", 1));
    smpsim(&["conform", &step]).refuses(&[&step, "line 2", "req", "?"]);
    let meta =
        folder.file("meta.jsonl", text.replacen("\"slot1\":{\"off\"", "\"slot9\":{\"off\"", 1));
    smpsim(&["conform", "--json", &meta]).refuses(&[&meta, "line 1", "slot1"]);
}
