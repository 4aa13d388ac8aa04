//! Whole simulated updates, seen through their documents, their traces and the final flash.

mod air;
mod best;
mod budget;
mod determinism;
mod direct_xip;
mod endings;
mod figures;
mod flash_windows;
mod fleet;
mod gallery;
mod gateway;
mod invariants;
mod link_control;
mod other_protocols;
mod parts;
mod pipes;
mod proposed;
mod recorded_phone;
mod reports;
mod two_images;

use sim::report::{Report, run};
use sim::scenario::{Scenario, Settings};
use sim::trace::{Keep, Record};
use sim::world::Prepared;

/// A preset with some settings changed, ready to run.
fn prepared(preset: &str, settings: &[&str]) -> Prepared {
    let mut all = Settings::preset(preset).expect("a preset of the program");
    for setting in settings {
        all.set(setting).expect("a lawful setting");
    }
    let scenario = Scenario::resolve(&all).expect("values that fit together");
    Prepared::new(scenario, None, false).expect("images that fit")
}

/// Runs it and keeps the trace.
fn kept(preset: &str, settings: &[&str], seed: u64) -> (Report, Vec<Record>) {
    let (report, keep) = run(&prepared(preset, settings), seed, Keep::default());
    (report, keep.records)
}

fn report(preset: &str, settings: &[&str]) -> Report {
    kept(preset, settings, 1).0
}
