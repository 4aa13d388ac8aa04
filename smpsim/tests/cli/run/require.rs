//! `--require`: budgets for a user's own CI.

use crate::{Folder, smpsim};

fn run(conditions: &[&str]) -> crate::Seen {
    let conditions = conditions.iter().flat_map(|condition| ["--require", condition]);
    smpsim(&["run", "--json"].into_iter().chain(conditions).collect::<Vec<_>>())
}

#[test]
fn conditions_that_hold_change_nothing() {
    let seen = run(&[
        "upload_s<28",
        "upload_s > 11.738",
        "budget_s.flash_erase<=8",
        "smp.retries==0",
        "smp.window_max!=4",
        "boot.swaps>=1",
        "outcome==confirmed",
        "error==null",
        "goodput_Bps>10000",
    ])
    .with_status(0);
    assert_eq!(seen.json()["outcome"], "confirmed");
    assert_eq!(seen.err, "");
}

#[test]
fn a_condition_that_does_not_hold_is_a_no_with_its_figure() {
    let seen = run(&["upload_s<1"]).with_status(1);
    let upload = seen.json()["upload_s"].to_string();
    assert!(seen.err.contains("upload_s<1 does not hold"), "{}", seen.err);
    assert!(seen.err.contains(&upload), "{upload} in {}", seen.err);

    let seen = smpsim(&["run", "--require", "upload_s<1"]).with_status(1);
    assert!(seen.out.starts_with("reference: confirmed"), "the report is printed all the same");
}

#[test]
fn every_broken_condition_is_told() {
    let err = run(&["upload_s<1", "outcome==confirmed", "smp.requests<10"]).with_status(1).err;
    assert_eq!(err.lines().count(), 2, "{err}");
    assert!(err.contains("upload_s<1") && err.contains("smp.requests<10"), "{err}");
}

#[test]
fn a_malformed_condition_is_refused() {
    for condition in ["upload_s", "<20", "upload_s<", ""] {
        run(&[condition]).refuses(&["--require", "expected a path"]);
    }
    run(&["upload_s<fast"]).refuses(&["upload_s", "\"fast\""]);
    run(&["outcome<3"]).refuses(&["outcome", "no order"]);
}

#[test]
fn an_unknown_path_is_refused_with_those_that_exist_and_leaves_nothing_behind() {
    run(&["uploads<20"]).refuses(&["uploads", "upload_s", "duration_s"]);
    run(&["smp.requets<20"]).refuses(&["smp.requets", "requests", "window_max"]);
    let folder = Folder::new();
    let trace = folder.path("run.jsonl");
    smpsim(&["run", "--trace", &trace, "--require", "uploads<20"]).refuses(&["uploads"]);
    assert_eq!(folder.names(), [""; 0]);
}
