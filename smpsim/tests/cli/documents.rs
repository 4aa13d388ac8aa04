//! That `docs/` describes what the program writes: every field, every event, nothing else.

use crate::{Folder, document, repository, smpsim, testdata};
use serde_json::Value;
use sim::scenario::keys::{ERRORS, KEYS, Kind};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

fn text(name: &str) -> String {
    std::fs::read_to_string(repository().join("docs").join(name)).expect("it is there")
}

/// The part of a document under a heading of the second level.
fn section<'t>(text: &'t str, heading: &str) -> &'t str {
    let parts = text.split("\n## ").skip(1);
    parts
        .filter_map(|part| part.split_once('\n'))
        .find_map(|(head, body)| (head == heading).then_some(body))
        .unwrap_or_else(|| panic!("no section {heading}"))
}

/// Table rows by the name in code marks that they begin with.
fn rows(section: &str) -> BTreeMap<&str, &str> {
    let lines = section.lines().filter_map(|line| line.strip_prefix("| `"));
    lines.filter_map(|line| line.split_once("` |")).collect()
}

/// Dotted paths of all that stands in a value; `[]` for the entries of a list.
fn paths(prefix: &str, value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
                paths(&path, inner, into);
                into.insert(path);
            }
        }
        Value::Array(list) => {
            for inner in list {
                paths(&format!("{prefix}[]"), inner, into);
            }
        }
        _ => {}
    }
}

/// Every field is described, and nothing is described that no document has.
#[track_caller]
pub(crate) fn describes(schema: &str, documents: &[Value]) {
    let text = text("json.md");
    let rows = rows(section(&text, schema));
    let mut found = BTreeSet::new();
    for document in documents {
        assert_eq!(document["schema"], schema);
        paths("", document, &mut found);
    }
    // The causes are described once for both budgets, the fields of an image once for all of a file.
    let once = |path: &str| {
        let (_, inner) =
            path.split_once("budget_s.").or_else(|| path.split_once("other_images[]."))?;
        Some(inner.to_owned())
    };
    let found: BTreeSet<String> =
        found.into_iter().map(|path| once(&path).unwrap_or(path)).collect();
    for path in &found {
        assert!(rows.contains_key(path.as_str()), "docs/json.md: no {path} in {schema}");
    }
    for path in rows.keys().filter(|path| !ERRORS.contains(path)) {
        assert!(found.contains(*path), "docs/json.md describes {path}, which {schema} has not");
    }
}

#[test]
fn every_field_of_a_run_is_described() {
    let kconfig = testdata("kconfig/seed-004-prj.conf");
    let documents =
        [document(&[]), document(&["seed-android"]), document(&["--kconfig", &kconfig])];
    let gateway = document(&["seed-gateway-cellular"]);
    let mut fleet = document(&["--set", "fleet.devices=2", "--set", "image.size=6000"]);
    for device in fleet["fleet"]["devices"].as_array_mut().expect("a list") {
        // As described already.
        assert_eq!(device["run"].take()["schema"], "smpsim.run/1");
    }
    describes("smpsim.run/1", &[&documents[..], &[gateway, fleet]].concat());
}

#[test]
fn every_field_of_an_image_a_frame_and_a_conformance_report_is_described() {
    let folder = Folder::new();
    let package = folder.file("dfu_application.zip", crate::containers::package(b"no image"));
    let key = testdata("imgtool/rsa2048.pub.pem");
    let images = [
        (0, vec!["--key", &key], testdata("imgtool/rsa2048.bin")),
        (0, vec![], testdata("imgtool/padded_confirmed.bin")),
        (1, vec![], package),
    ];
    let images = images.map(|(status, args, file)| {
        let args = [&["image", "inspect", "--json"], &args[..], &[&file]].concat();
        smpsim(&args).with_status(status).json()
    });
    describes("smpsim.image/1", &images);
    let frame = ["frame", "--json", "03000006003f0100bf62726308ff"];
    describes("smpsim.frame/1", &[smpsim(&frame).with_status(0).json()]);
    let other = folder.file("other.json", "{}");
    let conform = ["conform", "--json", &other];
    describes("smpsim.conform/1", &[smpsim(&conform).with_status(1).json()]);
}

#[test]
fn every_field_of_advice_is_described() {
    let advise =
        |args: &[&str]| smpsim(&[&["advise", "--seeds", "1", "--json"], args].concat()).json();
    let small = ["--set", "image.size=60000", "--set", "slot0.size=60000"];
    let slow = advise(&[&["seed-gateway"], &small[..]].concat());
    let failing = advise(&["emsgsize"]);
    describes("smpsim.advise/1", &[slow, failing]);
}

#[test]
fn every_field_of_an_explanation_and_of_profiles_is_described() {
    let explain = smpsim(&["explain", "8", "--group", "image", "--json"]).with_status(0).json();
    describes("smpsim.explain/1", &[explain]);
    let list = smpsim(&["profiles", "--json"]).with_status(0).json();
    let diff = smpsim(&["profiles", "--diff", "z32", "z37", "--json"]).with_status(0).json();
    describes("smpsim.profiles/1", &[list, diff]);
}

#[test]
fn every_error_is_described() {
    let text = text("json.md");
    let rows = rows(section(&text, "smpsim.run/1"));
    for error in ERRORS.iter().filter(|error| **error != "none") {
        assert!(rows.contains_key(error), "docs/json.md does not describe the error {error}");
    }
}

/// The fields of each event, by node and event, as the sources of the models define them.
fn events() -> BTreeMap<(String, String), Vec<String>> {
    let mut events = BTreeMap::new();
    for entry in std::fs::read_dir(repository()).expect("the repository") {
        let source = entry.expect("readable").path().join("src");
        read_sources(&source, &mut events);
    }
    events
}

fn read_sources(folder: &Path, events: &mut BTreeMap<(String, String), Vec<String>>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.map(|entry| entry.expect("readable").path()) {
        read_sources(&path, events);
        let Some("rs") = path.extension().and_then(|e| e.to_str()) else { continue };
        let source = std::fs::read_to_string(&path).expect("UTF-8");
        for part in source.split("\npub enum ").skip(1) {
            let (head, body) = part.split_once(" {\n").expect("an enum has a body");
            if let Some(node) = head.strip_suffix("Event").filter(|node| !node.is_empty()) {
                let body = body.split("\n}").next().unwrap_or_default();
                read_enum(&snake_case(node), body, events);
            }
        }
    }
}

/// Variants stand four blanks from the margin, their fields eight; attributes and comments between.
fn read_enum(node: &str, body: &str, events: &mut BTreeMap<(String, String), Vec<String>>) {
    let mut open: Option<(String, String)> = None;
    for line in body.lines() {
        let name: String =
            line.trim().chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        match line.len() - line.trim_start().len() {
            4 if name.starts_with(|c: char| c.is_ascii_uppercase()) => {
                let event = (node.to_owned(), snake_case(&name));
                events.insert(event.clone(), Vec::new());
                open = Some(event);
            }
            8 if line.contains(": ") && !name.is_empty() => {
                if let Some(fields) = open.as_ref().and_then(|event| events.get_mut(event)) {
                    fields.push(name);
                }
            }
            _ => {}
        }
    }
}

fn snake_case(name: &str) -> String {
    let mut text = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(c.to_ascii_lowercase());
    }
    text
}

#[test]
fn every_event_and_field_of_the_trace_is_described() {
    let text = text("trace.md");
    let events = events();
    let nodes: BTreeSet<&str> = events.keys().map(|(node, _)| node.as_str()).collect();
    assert_eq!(nodes, BTreeSet::from(["boot", "client", "flash", "link", "server", "world"]));
    for ((node, event), fields) in &events {
        let row = *rows(section(&text, node)).get(event.as_str()).unwrap_or_else(|| {
            panic!("docs/trace.md does not describe the event {event} of {node}")
        });
        for field in fields {
            let marked = format!("`{field}`");
            assert!(row.contains(&marked), "docs/trace.md: no {field} for {event} of {node}");
        }
    }
    for node in nodes {
        for event in rows(section(&text, node)).keys() {
            let known = events.contains_key(&(node.to_owned(), (*event).to_owned()));
            assert!(known, "docs/trace.md describes {event} of {node}, which there is not");
        }
    }
}

#[test]
fn every_word_in_a_trace_is_described() {
    let folder = Folder::new();
    let file = folder.path("run.jsonl");
    let (trace, json) = (text("trace.md"), text("json.md"));
    let mut sorts = BTreeSet::new();
    for args in [
        &["reference-lossy"][..],
        &["seed-gateway", "--set", "link.miss_ppm=50000"],
        &["seed-android"],
        &["lost-fragment"],
        &["not-paired"],
        &["reference", "--set", "link.loss_ppm=400000", "--set", "run.limit_s=60"],
        &["reference-udp", "--set", "udp.duplicate_ppm=20000", "--set", "udp.reorder_ppm=20000"],
        &["reference-udp", "--set", "server.params=true"],
        &["reference-udp", "--set", "udp.loss_ppm=1000000"],
        &["reference-serial", "--set", "serial.error_ppm=20"],
        &["reference", "--strategy", "seed-own-protocol", "--seed", "2"],
        &["reference", "--strategy", "nordic-secure-dfu"],
        &["reference", "--strategy", "ti-oad"],
    ] {
        smpsim(&[&["run", "--trace", &file], args].concat());
        for line in std::fs::read_to_string(&file).expect("it is there").lines() {
            let record: Value = serde_json::from_str(line).expect("JSON");
            let fields = record.as_object().expect("a map");
            let (node, event) = (text_of(&record["node"]), text_of(&record["event"]));
            for (field, value) in fields.iter().filter(|(field, _)| *field != "node") {
                sorts.insert((node.clone(), event.clone(), field.clone(), text_of(value)));
            }
        }
    }
    assert!(sorts.len() > 30, "{sorts:?}");
    let general = trace.split("\n## ").next().unwrap_or_default();
    for (node, event, field, word) in sorts {
        let section = section(&trace, &node);
        let row = rows(section)[event.as_str()];
        let marked = |name: &str| format!("`{name}`");
        let known = row.contains(&marked(&field)) || general.contains(&marked(&field));
        assert!(known, "docs/trace.md: no {field} for {event} of {node}");
        let word = marked(&word);
        assert!(
            word == "``" || section.contains(&word) || json.contains(&word),
            "{word} of {field}"
        );
    }
}

/// A word, the name of an error, or nothing for numbers and truth values.
fn text_of(value: &Value) -> String {
    value.as_str().or(value["name"].as_str()).unwrap_or_default().to_owned()
}

#[test]
fn the_scenario_that_is_shown_runs_and_every_section_is_named() {
    let text = text("scenario.md");
    let example = text.split("```toml\n").nth(1).and_then(|t| t.split("```").next());
    let folder = Folder::new();
    let file = folder.file("gateway.toml", example.expect("there is one"));
    let document = document(&[&file, "--require", "upload_s<40"]);
    assert_eq!(document["link"]["interval_us"], 30_000);
    assert_eq!(document["smp"]["window_max"], 2);
    for key in KEYS {
        let section = key.path.split('.').next().unwrap_or_default();
        assert!(text.contains(&format!("`[{section}]`")), "docs/scenario.md: no [{section}]");
    }
}

/// What a key takes, as the table has it.
fn values(kind: Kind) -> String {
    match kind {
        Kind::Int { min, max } => format!("{min} to {max}"),
        Kind::Bool => "`true`, `false`".to_owned(),
        Kind::Choice(words) => format!("`{}`", words.join("`, `")),
        Kind::Version => "`1.2.3` or `1.2.3+4`".to_owned(),
        Kind::Hash => "64 hex digits, or empty".to_owned(),
        Kind::Path => "a file, or empty".to_owned(),
        Kind::Text => "one line of text".to_owned(),
        Kind::Refusal => "`none`, `11`, `1/9`".to_owned(),
        Kind::Nth => "`none`, `last`, `7`".to_owned(),
    }
}

#[test]
fn every_key_of_a_scenario_is_described_with_values_and_default() {
    let text = text("scenario.md");
    let rows = rows(section(&text, "Keys"));
    for key in KEYS {
        let default = if key.default.is_empty() { "empty" } else { &format!("`{}`", key.default) };
        let row = format!("{} | {default} | {} |", values(key.kind), key.doc);
        let found = rows.get(key.path).map(|row| row.trim());
        assert_eq!(found, Some(row.as_str()), "docs/scenario.md: | `{}` | {row}", key.path);
    }
    assert_eq!(rows.len(), KEYS.len(), "docs/scenario.md describes a key that there is not");
}
