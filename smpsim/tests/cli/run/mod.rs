//! `smpsim run`.

mod document;
mod figures;
mod fleet;
mod images;
mod options;
mod pipes;
mod require;
mod trace;

use crate::{command, seen, smpsim};

/// The ten causes of the time budget.
const CAUSES: [&str; 10] = [
    "link_payload",
    "link_overhead",
    "link_retransmit",
    "link_wait",
    "flash_erase",
    "flash_write",
    "server",
    "client",
    "reconnect",
    "boot_swap",
];

#[test]
fn without_arguments_the_reference_update_is_run_and_confirmed() {
    let seen = smpsim(&[]).with_status(0);
    assert!(seen.out.starts_with("reference: confirmed after "), "{}", seen.out);
    let (phases, budget) = seen.out.split_once("where the time went").expect("both tables");
    let has = |table: &str, name: &str| {
        let head = format!("  {name} ");
        assert!(table.lines().any(|line| line.starts_with(&head)), "{name}: {}", seen.out);
    };
    for phase in ["connect", "list", "upload", "test", "reset", "wait", "reconnect", "confirm"] {
        has(phases, phase);
    }
    for cause in CAUSES {
        has(budget, cause);
    }
    assert_eq!(seen.err, "");
}

#[test]
fn run_and_no_command_are_the_same() {
    let without_wall = |out: String| {
        let (head, rest) = out.split_once('\n').map(|(h, r)| (h.to_owned(), r.to_owned())).unwrap();
        (head.split(", ").next().map(str::to_owned), rest)
    };
    let alone = without_wall(smpsim(&[]).with_status(0).out);
    assert_eq!(alone, without_wall(smpsim(&["run"]).with_status(0).out));
    assert_eq!(alone, without_wall(smpsim(&["run", "reference"]).with_status(0).out));
}

#[test]
fn the_report_fits_a_screen_and_has_no_colours_off_a_terminal() {
    for preset in ["reference", "reference-lossy", "seed-gateway", "seed-android"] {
        let out = smpsim(&["run", preset]).with_status(0).out;
        assert!(out.lines().count() <= 45, "{out}");
        for line in out.lines() {
            assert!(line.chars().count() <= 120, "{line}");
            assert_eq!(line, line.trim_end(), "no blanks at the end");
        }
        assert!(!out.contains('\x1b'), "{out}");
    }
}

#[test]
fn a_terminal_without_unicode_gets_plain_characters() {
    let seen = seen(command().arg("run").env("LC_ALL", "C")).with_status(0);
    assert!(seen.out.is_ascii(), "{}", seen.out);
    assert!(seen.out.contains("####"), "{}", seen.out);
}

#[test]
fn an_unexpected_outcome_is_told_with_its_error_on_standard_error() {
    let seen = smpsim(&["run", "--set", "link.loss_ppm=1000000"]).with_status(1);
    assert!(seen.out.starts_with("reference: failed after "), "{}", seen.out);
    assert!(seen.out.contains("connect_timeout: "), "{}", seen.out);
    assert!(seen.err.contains("failed (connect_timeout)"), "{}", seen.err);
    assert!(seen.err.contains("expects confirmed"), "{}", seen.err);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin!("smpsim"))
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the program starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("the program ends");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}
