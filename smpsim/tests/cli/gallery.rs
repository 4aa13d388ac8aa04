//! `smpsim presets --why` for the failures of the gallery: texts, commands that work as printed, and
//! the document that lists them.

use crate::{Folder, document, repository, smpsim};
use sim::scenario::gallery;
use std::fmt::Write;

/// The section of `docs/gallery.md` about each preset, after a table of all.
fn described() -> String {
    let mut table = "| preset | what one sees |\n|---|---|\n".to_owned();
    let mut sections = String::new();
    for (name, settings) in gallery() {
        let lesson = settings.lesson().expect("of the gallery");
        let _ = writeln!(table, "| [`{name}`](#{name}) | {} |", lesson.symptom);
        let _ = write!(
            sections,
            "\n## {name}\n\n{}.\n\n- **Symptom.** {}\n- **Cause.** {}\n- **Fix.** {}\n\n```\nsmpsim run \
             {name}\n{}\n```\n",
            settings.about,
            lesson.symptom,
            lesson.cause,
            lesson.fix,
            lesson.command(name),
        );
    }
    table + &sections
}

#[test]
fn the_document_of_the_gallery_says_what_the_presets_say() {
    let path = repository().join("docs/gallery.md");
    let text = std::fs::read_to_string(path).expect("it is there");
    let (_, found) = text.split_once("<!-- gallery -->\n").expect("the mark");
    let expected = described();
    for (found, expected) in found.lines().zip(expected.lines()) {
        assert_eq!(found, expected);
    }
    assert_eq!(found.lines().count(), expected.lines().count());
}

#[test]
fn every_lesson_prints_its_texts_and_two_commands_that_do_what_they_say() {
    for (name, settings) in gallery() {
        let lesson = settings.lesson().expect("of the gallery");
        let out = smpsim(&["presets", "--why", name]).with_status(0).out;
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        for text in [&lesson.symptom, &lesson.cause, &lesson.fix] {
            assert!(words(&out).contains(&words(text)), "{name}: {text}");
        }
        assert!(out.lines().all(|line| line.starts_with("  smpsim run") || line.len() < 1_000));
        let commands: Vec<&str> =
            out.lines().filter_map(|line| line.strip_prefix("  smpsim ")).collect();
        let [see, mend] = commands[..] else { panic!("{name}: {commands:?}") };
        assert_eq!(see, format!("run {name}"));
        for command in [see, mend] {
            let arguments: Vec<String> =
                command.split(' ').map(|word| word.replace('\'', "")).collect();
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            smpsim(&arguments).with_status(0);
        }
        let mended: Vec<&str> = mend.split(' ').skip(1).collect();
        assert_eq!(document(&mended)["outcome"], "confirmed", "{name}");
    }
}

#[test]
fn a_lesson_ends_with_its_scenario_and_file_prints_that_alone() {
    let out = smpsim(&["presets", "--why", "emsgsize"]).with_status(0).out;
    let file = smpsim(&["presets", "--why", "emsgsize", "--file"]).with_status(0).out;
    assert!(file.starts_with("base = \"seed-gateway\"\n"), "{file}");
    let (_, settings) = file.split_once("\n\n").expect("a blank line behind the head");
    assert!(out.ends_with(settings), "{out}");
    assert!(!out.contains("\ncause = "), "told already: {out}");
    // Without a lesson there is only the file.
    let reference = smpsim(&["presets", "--why", "reference"]).with_status(0).out;
    assert!(reference.starts_with("about = "), "{reference}");
}

#[test]
fn the_list_has_the_failures_in_a_group_of_their_own() {
    let out = smpsim(&["presets"]).with_status(0).out;
    let (measured, failures) = out.split_once("\nFailures,").expect("two groups");
    for (name, _) in gallery() {
        let line = format!("\n{name} ");
        assert!(failures.contains(&line) && !measured.contains(&line), "{name}");
    }
    assert!(measured.starts_with("reference "));
}

#[test]
fn a_run_that_looks_like_a_known_failure_names_its_preset() {
    let set = ["run", "seed-gateway", "--set", "link.mtu=247", "--set", "client.chunk=400"];
    let out = smpsim(&set).with_status(1).out;
    assert!(out.contains("looks like emsgsize: smpsim presets --why emsgsize"), "{out}");
    let healthy = smpsim(&["run", "reference"]).with_status(0).out;
    assert!(!healthy.contains("looks like"), "{healthy}");
}

#[test]
fn explain_names_the_preset_that_shows_a_code_at_work() {
    let out = smpsim(&["explain", "-122"]).with_status(0).out;
    assert!(out.contains("At work: smpsim presets --why emsgsize"), "{out}");
    let json = smpsim(&["explain", "8", "--group", "63", "--json"]).with_status(0).json();
    assert_eq!(json["explanations"][0]["preset"], "settings-not-supported");
}

#[test]
fn a_scenario_of_ones_own_may_teach_too_and_half_a_lesson_is_refused() {
    let folder = Folder::new();
    let half = folder.file("half.toml", "base = \"reference\"\nsymptom = \"It fails.\"\n");
    smpsim(&["run", &half]).refuses(&["half.toml:2", "symptom, cause, fix, fix_set"]);
    let explained = smpsim(&["run", "emsgsize", "--explain"]).with_status(0).out;
    let copy = folder.file("copy.toml", &explained);
    assert!(explained.contains("\nfix_set = ["), "{explained}");
    assert_eq!(document(&[&copy])["error"], "emsgsize");
}

#[test]
fn a_place_that_is_none_is_refused_with_what_was_expected() {
    smpsim(&["run", "--set", "fault.drop_request=0"])
        .refuses(&["fault.drop_request", "none, last, or a number from 1"]);
}
