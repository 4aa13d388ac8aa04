//! One row a run, and what all rows of a sweep have in common.

use super::cell::{Cell, word};
use super::columns::Figures;
use super::plan::Plan;
use super::shard::Shard;
use super::{command_line, quoted};
use core::fmt::Write;
use std::sync::Arc;

/// What is the same in every row of a sweep, or of a shard of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heading {
    /// Keys of the varied settings.
    pub axes: Vec<&'static str>,
    /// Digest of the plan.
    pub plan: String,
    /// Version of the program that ran it.
    pub version: String,
    /// The part of the plan that was run.
    pub shard: Shard,
    /// Arguments of `smpsim run` that all runs share.
    pub base: String,
    /// Runs of the whole plan.
    pub runs: u64,
    /// Seeds of each cell.
    pub seeds: u64,
}

impl Heading {
    /// The heading of a plan's rows.
    pub fn of(plan: &Plan) -> Self {
        Self {
            axes: plan.axes().iter().map(|axis| axis.key).collect(),
            plan: plan.digest().to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            shard: plan.shard(),
            base: plan.base().to_owned(),
            runs: plan.runs(),
            seeds: plan.seeds().count,
        }
    }

    /// The command that carries out one run of a cell again.
    pub fn command(&self, cell: &Cell, seed: u64) -> String {
        let mut text =
            format!("smpsim run {} --strategy {}", self.base, quoted(cell.strategy.name()));
        for (key, value) in self.axes.iter().zip(&cell.values) {
            let _ = write!(text, " --set {}", quoted(&format!("{key}={}", word(value))));
        }
        let seed = seed.to_string();
        let _ = write!(text, " {}", command_line(["--seed", &seed]));
        text
    }
}

/// One run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its number in the plan, from 0.
    pub run: u64,
    /// Its cell.
    pub cell: Arc<Cell>,
    /// Its seed.
    pub seed: u64,
    /// What came of it, or why the cell cannot be run.
    pub result: Result<Box<Figures>, Arc<str>>,
}
