//! Partition tables as builds have them, good and bad.

use flash_model::{Area, Layout, Part};
use proptest::prelude::*;
use sim::layout_file::parse;
use std::path::{Path, PathBuf};

/// The files of a folder of test data, with their texts.
fn files(folder: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/layouts").join(folder);
    let entries = std::fs::read_dir(folder).expect("the folder is there");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("readable").path()).collect();
    paths.retain(|path| path.is_file() && path.extension().is_some_and(|end| end != "md"));
    paths.sort();
    let name = |path: &PathBuf| path.file_name().expect("a file").to_string_lossy().into_owned();
    let text = |path: &PathBuf| std::fs::read_to_string(path).expect("text");
    paths.iter().map(|path| (name(path), text(path))).collect()
}

/// What the first line says behind this word.
fn said<'t>(text: &'t str, word: &str) -> &'t str {
    let line = text.lines().next().expect("a line");
    let (_, said) = line.split_once(word).expect(word);
    said.trim_end_matches("*/").trim()
}

fn area(text: &str) -> Area {
    let number = |text: &str| u32::from_str_radix(text.trim_start_matches("0x"), 16);
    let (start, len) = text.split_once('+').expect("start+length");
    Area::new(number(start).expect("hex"), number(len).expect("hex"))
}

fn expected(text: &str) -> Layout {
    let words: Vec<_> =
        said(text, "layout:").split(' ').map(|word| word.split_once('=').expect("a=b")).collect();
    let find = |name| words.iter().find(|(word, _)| *word == name).map(|(_, at)| area(at));
    Layout {
        boot: find("boot").expect("boot"),
        slots: ["slot0", "slot1"].map(|slot| find(slot).expect(slot)),
        scratch: find("scratch"),
        storage: find("storage"),
    }
}

#[test]
fn every_form_gives_the_partitions_that_it_says() {
    let files = files("");
    assert_eq!(files.len(), 10);
    for (name, text) in files {
        assert_eq!(parse(&name, &text), Ok(expected(&text)), "{name}");
    }
}

#[test]
fn a_name_without_a_known_ending_is_judged_by_its_text() {
    for (name, text) in files("") {
        assert_eq!(parse("-", &text), Ok(expected(&text)), "{name}");
    }
}

#[test]
fn lines_may_end_as_on_windows() {
    for (name, text) in files("") {
        let text = text.replace('\n', "\r\n");
        assert_eq!(parse(&name, &text), Ok(expected(&text)), "{name}");
    }
}

#[test]
fn what_is_wrong_is_named_with_its_line() {
    let files = files("bad");
    assert_eq!(files.len(), 27);
    for (name, text) in files {
        let error = parse(&name, &text).expect_err(&name).to_string();
        assert_eq!(error, format!("{name}{}", said(&text, "error: ")));
    }
}

#[test]
fn partitions_that_do_not_end_at_pages_are_for_the_part_to_refuse() {
    let text = "mcuboot_primary: {address: 0xc000, size: 0x75800}\n\
                mcuboot_secondary: {address: 0x82000, size: 0x76000}\n";
    let layout = parse("x.yml", text).expect("the file alone is sound");
    assert!(layout.check(&Part::nrf52840().geometry).is_err());
}

#[test]
fn many_nodes_in_each_other_are_an_error_and_no_crash() {
    let deep = "a { ".repeat(200_000);
    assert!(parse("x.dts", &deep).is_err());
    let deep = format!("&slot0_partition {{ reg = <{}", "(".repeat(200_000));
    assert!(parse("x.dts", &deep).is_err());
    let deep = format!("&slot0_partition {{ reg = <{}1 1>; }};", "(".repeat(200_000));
    assert!(parse("x.dts", &deep).is_err());
    assert!(parse("x.yml", &format!("a: {}", "[".repeat(200_000))).is_err());
    assert!(parse("x.yml", &format!("a: {}", "{b: ".repeat(20_000))).is_err());
}

/// Files with some octets changed, left out or doubled: near enough to the real ones to go deep.
fn damaged() -> impl Strategy<Value = (String, String)> {
    let all: Vec<_> = files("").into_iter().chain(files("bad")).collect();
    let edits =
        prop::collection::vec((any::<prop::sample::Index>(), 0..8_usize, "[ -~\n]{0,3}"), 1..6);
    (prop::sample::select(all), edits).prop_map(|((name, text), edits)| {
        let mut text: Vec<char> = text.chars().collect();
        for (at, drop, insert) in edits {
            let at = at.index(text.len() + 1);
            let end = (at + drop).min(text.len());
            text.splice(at..end, insert.chars());
        }
        (name, text.into_iter().collect())
    })
}

proptest! {
    #[test]
    fn any_text_gives_a_layout_or_an_error(text in any::<String>()) {
        for name in ["x.yml", "x.dts", "x"] {
            let _ = parse(name, &text);
        }
    }

    #[test]
    fn any_words_of_the_languages_give_a_layout_or_an_error(
        words in prop::collection::vec(
            prop::sample::select(vec![
                "/", "{", "}", ";", "};", "<", ">", "=", ":", "&", "&{", "(", ")", "reg", "label",
                "partitions", "slot0_partition:", "&slot0_partition", "/delete-node/", "\"image-0\"",
                "compatible", "\"fixed-partitions\"", "0xc000", "DT_SIZE_K(4)", "-", "<<", "*", "'",
                "\"", "\\", "/*", "*/", "//", "\n", "#define", "#", ",", "mcuboot_primary:", "size:",
                "address:", "*a", "&a", "[", "]", "- ", "? ", "| ", "> ", "%", "---\n", "...\n", "é",
            ]),
            0..40,
        ),
    ) {
        let text = words.join(" ");
        for name in ["x.yml", "x.dts"] {
            let _ = parse(name, &text);
        }
    }

    #[test]
    fn any_damage_gives_a_layout_that_does_not_overlap_or_an_error((name, text) in damaged()) {
        if let Ok(layout) = parse(&name, &text) {
            let [primary, secondary] = layout.slots;
            prop_assert!(!primary.overlaps(&secondary), "{text}");
        }
    }
}
