//! `smpsim presets`, and that each preset does what it says.

use crate::{Folder, document, smpsim};

fn names() -> Vec<String> {
    let out = smpsim(&["presets"]).with_status(0).out;
    let presets = out.lines().filter(|line| !line.is_empty() && !line.starts_with("Failures,"));
    presets.map(|line| line.split(' ').next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn the_list_has_a_line_with_a_reason_for_each_preset() {
    let out = smpsim(&["presets"]).with_status(0).out;
    for name in ["reference", "reference-lossy", "reference-reassembly"].into_iter().chain([
        "seed-gateway",
        "seed-gateway-400",
        "seed-android",
    ]) {
        let line = out.lines().find(|line| line.starts_with(&format!("{name} ")));
        let (_, about) = line.and_then(|line| line.split_once(' ')).expect(name);
        assert!(about.trim().len() > 20, "{name}: {about}");
    }
}

/// The value of a key in the resolved scenario, without quotes.
fn resolved(name: &str, key: &str) -> String {
    let out = smpsim(&["run", name, "--explain"]).with_status(0).out;
    let head = format!("{key} = ");
    let line = out.lines().find_map(|line| line.strip_prefix(&head)).expect("every key is shown");
    let value = line.split('#').next().unwrap_or_default();
    value.trim().trim_matches('"').to_owned()
}

#[test]
fn every_preset_ends_as_its_scenario_expects() {
    for name in names() {
        let document = document(&[&name]);
        assert_eq!(document["scenario"], name);
        assert_eq!(document["outcome"], resolved(&name, "outcome"), "{name}");
        match resolved(&name, "error").as_str() {
            "none" => {}
            error => assert_eq!(document["error"], error, "{name}"),
        }
    }
}

#[test]
fn the_recorded_phone_fails_as_it_did_and_that_is_expected() {
    let seen = smpsim(&["run", "seed-android"]).with_status(0);
    assert!(seen.out.starts_with("seed-android: failed"), "{}", seen.out);
    assert!(seen.out.contains("confirm_no_effect: "), "{}", seen.out);
    assert_eq!(seen.err, "");
    let reversed = ["run", "seed-android", "--set", "expect.error=timeout"];
    let err = smpsim(&reversed).with_status(1).err;
    assert!(err.contains("expects failed (timeout)"), "{err}");
}

#[test]
fn a_shown_preset_is_a_scenario_file_that_does_the_same() {
    let folder = Folder::new();
    for name in names() {
        let text = smpsim(&["presets", "--why", &name, "--file"]).with_status(0).out;
        let file = folder.file("copy.toml", &text);
        assert_eq!(document(&[&name])["trace_digest"], document(&[&file])["trace_digest"]);
    }
}

#[test]
fn an_unknown_preset_is_refused_with_the_names_that_exist() {
    smpsim(&["presets", "--why", "refrence"]).refuses(&["refrence", "reference-lossy"]);
    smpsim(&["run", "refrence"]).refuses(&["refrence", "reference-lossy", "seed-android"]);
}

#[test]
fn a_file_that_has_a_presets_name_does_not_stand_in_for_it() {
    let folder = Folder::new();
    folder.file("reference", "[client]\nwindow = 1\n");
    let mut command = crate::command();
    command.current_dir(folder.path("")).args(["run", "reference", "--json"]);
    let there = crate::seen(&mut command).with_status(0).json();
    assert_eq!(there["trace_digest"], document(&[])["trace_digest"]);
}
