//! Settings, strategies, seeds and `--explain`.

use crate::{Folder, document, smpsim};
use sim::scenario::keys::KEYS;

#[test]
fn a_setting_changes_the_run_and_the_last_one_wins() {
    let changed = document(&["--set", "client.window=1"]);
    assert_eq!(changed["smp"]["window_max"], 1);
    let twice = document(&["--set", "client.window=3", "--set", "client.window=1"]);
    assert_eq!(twice["trace_digest"], changed["trace_digest"]);
    assert_ne!(document(&[])["trace_digest"], changed["trace_digest"]);
}

#[test]
fn numbers_may_be_written_in_hex_and_with_underscores() {
    let plain = document(&["--set", "link.interval_us=7500"]);
    for value in ["7_500", "0x1d4c"] {
        let same = document(&["--set", &format!("link.interval_us={value}")]);
        assert_eq!(same["trace_digest"], plain["trace_digest"]);
    }
}

#[test]
fn a_strategy_is_short_for_its_setting() {
    let rc_first = ["--set", "server.profile=z30"];
    let short = document(&[&["--strategy", "ncs-central-sample"], &rc_first[..]].concat());
    let long =
        document(&[&["--set", "client.strategy=ncs-central-sample"], &rc_first[..]].concat());
    assert_eq!(short["trace_digest"], long["trace_digest"]);
    assert_eq!(short["smp"]["window_max"], 1);
    let android = document(&["--strategy", "android"]);
    assert_eq!(android["trace_digest"], document(&[])["trace_digest"]);
    smpsim(&["run", "--strategy", "hope"]).refuses(&["--strategy hope", "`smpsim strategies`"]);
}

#[test]
fn the_seed_stands_in_the_document() {
    assert_eq!(document(&[])["seed"], 1);
    assert_eq!(document(&["--seed", "0"])["seed"], 0);
}

#[test]
fn explain_shows_every_key_and_runs_nothing() {
    let seen = smpsim(&["run", "--explain"]).with_status(0);
    for key in KEYS {
        let (section, leaf) = key.path.split_once('.').expect("every key has a section");
        let section = seen.out.split(&format!("\n[{section}]\n")).nth(1).expect(section);
        let section = section.split("\n[").next().unwrap_or_default();
        let line = section.lines().find(|line| line.starts_with(&format!("{leaf} = ")));
        let (_, note) = line.and_then(|line| line.split_once(" # ")).expect(key.path);
        assert!(!note.trim().is_empty(), "{}", key.path);
    }
    assert!(!seen.out.contains("virtual time"), "{}", seen.out);
    assert_eq!(seen.err, "");
}

#[test]
fn explain_shows_settings_that_were_changed_with_their_defaults() {
    let args = ["run", "reference-lossy", "--explain", "--set", "link.interval_us=7500"];
    let out = smpsim(&args).with_status(0).out;
    for (head, default) in [("interval_us = 7500", "11250"), ("loss_ppm = 20000", "default 0")] {
        let line = out.lines().find(|line| line.starts_with(head)).expect(head);
        assert!(line.contains(default), "{line}");
    }
}

#[test]
fn what_explain_prints_is_a_scenario_that_does_the_same() {
    let folder = Folder::new();
    for preset in ["reference", "seed-gateway", "seed-android"] {
        let file = folder.file("whole.toml", smpsim(&["run", preset, "--explain"]).out);
        assert_eq!(document(&[&file])["trace_digest"], document(&[preset])["trace_digest"]);
    }
}

#[test]
fn a_scenario_file_builds_on_a_preset_and_names_itself() {
    let folder = Folder::new();
    let text = "base = \"reference\"\nabout = \"mine\"\n\n[link]\nloss_ppm = 20_000\n";
    let mine = folder.file("mine.toml", text);
    let document_of_mine = document(&[&mine]);
    assert_eq!(document_of_mine["trace_digest"], document(&["reference-lossy"])["trace_digest"]);
    assert_eq!(document_of_mine["scenario"], mine);
    // As an editor on Windows saves it.
    let text = format!("\u{feff}{}", text.replace('\n', "\r\n"));
    let windows = folder.file("windows.toml", text);
    assert_eq!(document(&[&windows])["trace_digest"], document_of_mine["trace_digest"]);
    // A path without an extension is a file, too.
    let plain = folder.file("plain", "[link]\nloss_ppm = 20000\n");
    assert_eq!(document(&[&plain])["trace_digest"], document_of_mine["trace_digest"]);
}

#[test]
fn a_scenario_may_expect_a_failure() {
    let folder = Folder::new();
    let text = "[expect]\noutcome = \"failed\"\nerror = \"connect_timeout\"\n\
                [link]\nloss_ppm = 1000000\n";
    let file = folder.file("dead.toml", text);
    assert_eq!(document(&[&file])["outcome"], "failed");
    let err = smpsim(&["run", &file, "--set", "link.loss_ppm=0"]).with_status(1).err;
    assert!(err.contains("is confirmed, the scenario expects failed (connect_timeout)"), "{err}");
}

#[test]
fn each_mode_ends_with_the_outcome_of_its_name() {
    for (mode, outcome) in [
        ("test-and-confirm", "confirmed"),
        ("test-only", "tested"),
        ("upload-only", "uploaded"),
        ("confirm-only", "confirmed"),
    ] {
        let expected = format!("expect.outcome={outcome}");
        let mode = format!("client.mode={mode}");
        assert_eq!(document(&["--set", &mode, "--set", &expected])["outcome"], outcome);
    }
}

#[test]
fn a_scenario_without_a_base_is_the_reference() {
    let folder = Folder::new();
    let file = folder.file("empty.toml", "");
    assert_eq!(document(&[&file])["trace_digest"], document(&[])["trace_digest"]);
}

#[test]
fn what_keeps_the_ends_apart_is_said_where_they_lose_each_other() {
    let far =
        ["run", "--set", "link.distance_cm=100000", "--set", "link.path_loss_exponent_e2=350"];
    let out = smpsim(&far).with_status(1).out;
    assert!(out.contains("100000 cm apart"), "{out}");
    assert!(out.contains("need -95 dBm on 1M:\n    try a smaller link.distance_cm"), "{out}");
    let clean = smpsim(&["run"]).with_status(0).out;
    assert!(!clean.contains("dBm") && !clean.contains("Wi-Fi"), "{clean}");
}

#[test]
fn what_is_said_to_help_against_wifi_helps() {
    let run = |sets: &[&str]| {
        let sets = sets.iter().flat_map(|set| ["--set", set]);
        smpsim(&["run"].into_iter().chain(sets).collect::<Vec<_>>())
    };
    let everywhere = run(&["link.environment=hostile"]).with_status(1).out;
    assert!(everywhere.contains("every data channel: only less of it"), "{everywhere}");
    assert!(!everywhere.contains("adaptive_map"), "{everywhere}");
    run(&["link.environment=hostile", "link.wifi_share_ppm=200000"]).with_status(0);
    let partly = ["link.wifi_channels=1,6,11", "link.wifi_share_ppm=950000", "link.timeout_ms=200"];
    let out = run(&partly).with_status(1).out;
    let told = "of 37 data channels: try a longer link.timeout_ms, or central.adaptive_map=true";
    assert!(out.contains(told), "{out}");
    run(&[&partly[..], &["link.timeout_ms=4000"]].concat()).with_status(0);
    run(&[&partly[..], &["central.adaptive_map=true"]].concat()).with_status(0);
}

#[test]
fn flash_that_waits_for_the_radio_tells_its_windows() {
    let out = smpsim(&["run", "reference-ncs"]).with_status(0).out;
    assert!(out.contains("flash waits for mpsl, erases in slices"), "{out}");
    assert!(out.contains(" radio windows, "), "{out}");
    assert!(!smpsim(&["run"]).with_status(0).out.contains(" radio windows, "));
}
