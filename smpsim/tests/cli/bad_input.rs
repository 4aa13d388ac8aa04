//! What cannot be used: exit status 2 and one clear message.

use crate::{Folder, command, seen, smpsim};
use sim::scenario::keys::{KEYS, Kind};

#[test]
fn wrong_usage_is_told_with_the_way_to_help() {
    for args in [
        &["upload"][..],
        &["run", "--sed", "1"],
        &["run", "--seed", "many"],
        &["run", "--seed", "-1"],
        &["run", "--force"],
        &["run", "reference", "reference"],
        &["frame"],
        &["conform"],
        &["image"],
        &["image", "inspect"],
        &["presets", "--why"],
    ] {
        let seen = smpsim(args).with_status(2);
        assert_eq!(seen.out, "", "{args:?}");
        assert!(
            seen.err.contains("--help") || seen.err.contains("Usage"),
            "{args:?}: {}",
            seen.err
        );
    }
}

#[test]
fn help_and_version_are_no_errors() {
    for args in [&["--help"][..], &["run", "--help"], &["image", "inspect", "--help"], &["-V"]] {
        let seen = smpsim(args).with_status(0);
        assert!(!seen.out.is_empty() && seen.err.is_empty(), "{args:?}");
    }
    let help = smpsim(&["--help"]).out;
    for command in ["run", "presets", "image", "frame", "conform"] {
        assert!(help.lines().any(|line| line.trim_start().starts_with(command)), "{help}");
    }
}

/// A scenario file's text, the line to be named, and what else must be said.
const FILES: &[(&str, usize, &[&str])] = &[
    ("[link\n", 1, &["not TOML"]),
    ("[link]\ninterval_us = \n", 2, &["not TOML"]),
    ("[link]\ninterval_us = 7500\ninterval_us = 7500\n", 3, &["not TOML", "duplicate"]),
    ("[link]\n\nintervall_us = 1\n", 3, &["link.intervall_us", "link.interval_us?"]),
    ("client.windw = 1\n", 1, &["client.windw", "client.window?"]),
    ("[zzz]\nqqq = 1\n", 2, &["zzz.qqq"]),
    ("[link]\ninterval_us = \"7500\"\n", 2, &["link.interval_us", "number", "7500"]),
    ("[client]\nwindow = 1.5\n", 2, &["client.window", "float"]),
    ("[client]\nwindow = [3]\n", 2, &["client.window", "array"]),
    ("[server]\nreassembly = 1\n", 2, &["server.reassembly", "true or false"]),
    ("[server]\nreassembly = \"true\"\n", 2, &["server.reassembly", "true or false"]),
    ("[link]\nphy = \"3M\"\n", 2, &["link.phy", "2M", "\"3M\""]),
    ("[link]\nphy = 2\n", 2, &["link.phy", "2M"]),
    ("[image]\nversion = \"1.2\"\n", 2, &["image.version", "1.2.3"]),
    ("[image]\ntlv_sha256 = \"abc\"\n", 2, &["image.tlv_sha256", "64 hex digits"]),
    ("\n[client]\nwindow = 0\n", 3, &["client.window", "1 to 64", "0"]),
    ("[client]\nwindow = 65\n", 2, &["client.window", "1 to 64", "65"]),
    ("[client]\nwindow = -3\n", 2, &["client.window", "1 to 64", "-3"]),
    ("[client]\nwindow = 99999999999999999999\n", 2, &["client.window", "too large"]),
];

#[test]
fn a_wrong_scenario_file_is_refused_with_its_name_the_line_and_the_key() {
    let folder = Folder::new();
    for (text, line, parts) in FILES {
        let file = folder.file("mine.toml", text);
        let place = format!("{file}:{line}: ");
        smpsim(&["run", &file]).refuses(&[&[place.as_str()], *parts].concat());
        smpsim(&["run", &file, "--explain"]).refuses(&[&place]);
    }
}

#[test]
fn a_base_that_does_not_exist_is_refused_with_those_that_do() {
    let folder = Folder::new();
    let file = folder.file("mine.toml", "base = \"refrence\"\n");
    smpsim(&["run", &file]).refuses(&[&file, "refrence", "reference-lossy"]);
}

/// Lawful alone, but not together with the rest of the reference.
const TOGETHER: &[(&str, &[&str])] = &[
    ("link.interval_us=8000", &["link.interval_us", "7500", "8750"]),
    ("link.timeout_ms=105", &["link.timeout_ms", "10"]),
    ("link.interval_us=2500000", &["link.timeout_ms", "4000"]),
    ("link.win_offset_us=1000", &["link.win_offset_us", "1250"]),
    ("link.win_offset_us=12500", &["link.win_offset_us", "11250"]),
    ("link.update_win_offset_us=1", &["link.update_win_offset_us", "1250"]),
    ("central.scan_window_us=60001", &["central.scan_window_us", "60000"]),
    ("server.stream_buf=510", &["server.stream_buf"]),
    ("layout.slot1_start=0x10000", &["layout", "overlap"]),
    ("layout.slot_size=0x2001", &["layout", "0x2001"]),
    ("image.size=600000", &["image.size", "600000", "483328"]),
    ("slot0.size=600000", &["slot0.size", "600000", "483328"]),
    ("image.size=480000", &["480000", "475136"]),
];

#[test]
fn values_that_do_not_fit_together_are_refused_with_the_key_to_change() {
    let folder = Folder::new();
    for (setting, parts) in TOGETHER {
        smpsim(&["run", "--set", setting]).refuses(parts);
        let file = folder.file("mine.toml", format!("{}\n", setting.replace('=', " = ")));
        smpsim(&["run", &file]).refuses(parts);
    }
    let file = folder.file("mine.toml", "link.interval_us = 8000\n");
    smpsim(&["run", &file]).refuses(&[&file, "link.interval_us"]);
}

#[test]
fn a_file_that_cannot_be_read_is_refused() {
    let folder = Folder::new();
    smpsim(&["run", &folder.path("none.toml")]).refuses(&["none.toml"]);
    smpsim(&["run", &folder.path("")]).refuses(&["directory"]);
    let binary = folder.file("binary.toml", b"base = \"\xff\"\n");
    smpsim(&["run", &binary]).refuses(&[&binary, "UTF-8"]);
}

#[test]
fn a_wrong_setting_is_refused_in_the_words_of_the_command_line() {
    for (setting, parts) in [
        ("client.window", &["key=value"][..]),
        ("client.windou=1", &["client.windou", "client.window?"]),
        ("client.window=", &["whole number"]),
        ("client.window=three", &["whole number", "three"]),
        ("client.window=1000", &["1 to 64", "1000"]),
        ("link.encrypted=yes", &["true or false"]),
        ("link.phy=3M", &["2M", "3M"]),
        ("=1", &["unknown key"]),
        ("", &["key=value"]),
    ] {
        smpsim(&["run", "--set", setting]).refuses(&[&["--set"], parts].concat());
    }
}

#[cfg(unix)]
#[test]
fn arguments_that_are_no_text_are_refused() {
    use std::os::unix::ffi::OsStrExt;
    let odd = std::ffi::OsStr::from_bytes(b"\xff\xfe");
    for args in [&["run"][..], &["run", "--set"], &["frame"]] {
        seen(command().args(args).arg(odd)).with_status(2);
    }
    // A file may have any name.
    for args in [&["run", "--image"][..], &["image", "inspect"], &["conform"]] {
        let seen = seen(command().args(args).arg(odd)).with_status(2);
        assert!(seen.err.starts_with("smpsim: "), "{}", seen.err);
    }
}

#[test]
fn the_ends_of_every_range_run_or_are_refused_and_nothing_breaks() {
    for key in KEYS {
        let Kind::Int { min, max } = key.kind else { continue };
        for value in [min, max] {
            let setting = format!("{}={value}", key.path);
            for preset in ["reference", "reference-reassembly", "seed-gateway"] {
                let seen = smpsim(&["run", preset, "--json", "--set", &setting]);
                match seen.status {
                    0 | 1 => assert_eq!(seen.json()["schema"], "smpsim.run/1"),
                    _ => seen.refuses(&[]),
                }
            }
        }
    }
}

#[test]
fn every_word_of_every_choice_runs_or_is_refused() {
    for key in KEYS.iter().filter(|key| !key.path.starts_with("expect.")) {
        let words = match key.kind {
            Kind::Choice(words) => words,
            Kind::Bool => &["true", "false"],
            _ => continue,
        };
        for word in words {
            for preset in ["reference", "seed-gateway", "seed-android"] {
                let setting = format!("{}={word}", key.path);
                let seen = smpsim(&["run", preset, "--json", "--set", &setting]);
                if seen.status == 2 {
                    // What is smaller in one part, or in one preset, has no room for the rest.
                    let smaller = ["flash.part", "layout.preset"].contains(&key.path);
                    // These modes need a partition, or an update has no meaning with them.
                    let modes = ["swap-scratch", "single-slot", "firmware-loader"];
                    let lacks = key.path == "boot.mode" && modes.contains(word);
                    // There is no encryption to start.
                    let starts = key.path == "link.encryption_procedure";
                    // Not every client sends over every link.
                    let link = ["client.strategy", "link.kind"].contains(&key.path)
                        && seen.err.contains("does not send over");
                    let known = smaller || lacks || starts || link;
                    assert!(known || preset == "seed-android", "{}", seen.err);
                    seen.refuses(&[]);
                    continue;
                }
                assert!(seen.status <= 1, "{preset} {setting}: {}", seen.err);
                let document = seen.json();
                let good = ["confirmed", "tested", "uploaded"].map(Into::into);
                assert_eq!(document["error"].is_null(), good.contains(&document["outcome"]));
            }
        }
    }
}
