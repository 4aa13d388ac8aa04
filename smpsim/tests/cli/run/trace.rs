//! `--trace`: what happened, one JSON object a line.

use crate::{Folder, document, figure, smpsim};
use serde_json::Value;

/// Runs with a trace; gives document and records.
fn traced(args: &[&str]) -> (Value, Vec<Value>) {
    let folder = Folder::new();
    let file = folder.path("run.jsonl");
    let document = document(&[args, &["--trace", &file]].concat());
    assert_eq!(folder.names(), ["run.jsonl"], "nothing else is left behind");
    (document, records(&std::fs::read_to_string(file).expect("the trace is UTF-8")))
}

fn records(text: &str) -> Vec<Value> {
    assert!(text.ends_with('\n'), "the last line is whole");
    text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
}

fn count(records: &[Value], node: &str, event: &str) -> usize {
    records.iter().filter(|r| r["node"] == node && r["event"] == event).count()
}

#[test]
fn every_record_has_time_node_and_event_and_time_never_runs_backwards() {
    for preset in ["reference", "reference-lossy", "seed-gateway", "seed-android"] {
        let (document, records) = traced(&[preset]);
        let mut before = 0;
        for record in &records {
            let at = record["at_ns"].as_u64().expect("a time");
            assert!(at >= before, "{record}");
            before = at;
            let node = record["node"].as_str().expect("a node");
            let nodes = ["world", "client", "link", "server", "flash", "boot"];
            assert!(nodes.contains(&node), "{record}");
            assert!(record["event"].is_string(), "{record}");
        }
        let last = records.last().expect("a run has records");
        assert_eq!((&last["node"], &last["event"]), (&"client".into(), &"finish".into()));
        assert_eq!(last["outcome"], document["outcome"]);
        assert_eq!(last["error"].get("name").unwrap_or(&Value::Null), &document["error"]);
        let end = last["at_ns"].as_f64().expect("a time") / 1e9;
        assert!((end - figure(&document, "duration_s")).abs() < 1e-9);
    }
}

#[test]
fn its_records_are_what_the_document_counts() {
    let (document, records) = traced(&["reference-lossy"]);
    let counted = |path: &str| {
        let pointer = format!("/{}", path.replace('.', "/"));
        document.pointer(&pointer).and_then(Value::as_u64).expect("a count") as usize
    };
    assert_eq!(count(&records, "client", "send"), counted("smp.requests"));
    assert_eq!(count(&records, "client", "answer"), counted("smp.responses"));
    assert_eq!(count(&records, "client", "timeout"), counted("smp.timeouts"));
    assert_eq!(count(&records, "link", "packet"), counted("link.packets"));
    let erases = records
        .iter()
        .filter(|r| r["node"] == "flash" && r["event"] == "start" && r["kind"] == "erase");
    assert_eq!(erases.count(), counted("flash.erases"));
    assert_eq!(count(&records, "boot", "start"), 1);
}

#[test]
fn the_chunks_are_as_many_as_the_frames_of_the_preset_make() {
    for (preset, chunks) in [("reference", 797), ("reference-reassembly", 153)] {
        let (document, records) = traced(&[preset]);
        assert_eq!(count(&records, "client", "upload_chunk"), chunks, "{preset}");
        // Together they are the image, octet by octet, in order.
        let mut end = 0;
        for chunk in records.iter().filter(|r| r["event"] == "upload_chunk") {
            assert_eq!(chunk["off"], end);
            end += chunk["len"].as_u64().expect("a length");
        }
        assert_eq!(document["image"]["size"], end);
    }
}

#[test]
fn writing_it_changes_nothing() {
    let (traced, _) = traced(&["reference-lossy"]);
    assert_eq!(traced["trace_digest"], document(&["reference-lossy"])["trace_digest"]);
}

#[test]
fn a_run_that_fails_leaves_its_whole_trace() {
    let folder = Folder::new();
    let file = folder.path("run.jsonl");
    smpsim(&["run", "--trace", &file, "--set", "run.limit_s=20"]).with_status(1);
    let records = records(&std::fs::read_to_string(&file).expect("it is there"));
    let last = records.last().expect("a run has records");
    assert_eq!((&last["node"], &last["event"]), (&"world".into(), &"time_limit".into()));
    assert_eq!(last["at_ns"], 20_000_000_000_u64);
}

#[test]
fn a_folder_that_does_not_exist_is_refused_and_not_made() {
    let folder = Folder::new();
    let file = folder.path("none/run.jsonl");
    smpsim(&["run", "--trace", &file]).refuses(&[&file]);
    assert_eq!(folder.names(), [""; 0]);
    smpsim(&["run", "--trace", &folder.path("")]).refuses(&["directory"]);
}

#[test]
fn a_run_that_is_refused_leaves_no_file_and_the_old_trace_as_it_was() {
    let folder = Folder::new();
    let file = folder.file("run.jsonl", "old");
    for refused in [
        ["--set", "client.window=0"],
        ["--set", "link.interval_us=8000"],
        ["--set", "image.size=500000"],
        ["--require", "uploads<20"],
        ["--image", "none.bin"],
    ] {
        smpsim(&[&["run", "--trace", &file], &refused[..]].concat()).with_status(2);
        assert_eq!(folder.names(), ["run.jsonl"], "{refused:?}");
        assert_eq!(std::fs::read_to_string(&file).expect("it is there"), "old");
    }
    smpsim(&["run", "--trace", &file]).with_status(0);
    assert_ne!(std::fs::read_to_string(&file).expect("it is there"), "old");
}

#[cfg(unix)]
#[test]
fn a_link_is_followed_and_a_full_device_is_told() {
    let folder = Folder::new();
    let (file, link) = (folder.path("run.jsonl"), folder.path("link.jsonl"));
    std::os::unix::fs::symlink(&file, &link).expect("the folder takes links");
    smpsim(&["run", "seed-android", "--trace", &link]).with_status(0);
    assert!(std::fs::symlink_metadata(&link).expect("it is there").is_symlink());
    assert!(!records(&std::fs::read_to_string(&file).expect("it is there")).is_empty());
    if std::path::Path::new("/dev/full").exists() {
        smpsim(&["run", "--trace", "/dev/full"]).refuses(&["--trace", "space"]);
    }
}
