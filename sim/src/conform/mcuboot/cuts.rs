//! Power cuts in a step: the supply fails at one operation, the boot loader runs until something
//! boots.

use super::booted::{self, ASSERTION, NOTHING};
use super::oplog::OpLog;
use super::scenario::{Cuts, Row};
use super::setup::Setup;
use super::states::States;
use crate::conform::difference::{Difference, same, same_digest};
use crate::conform::{Failure, FileResult};
use flash_model::{BareDevice, BootResult, Cut, FlashOp};
use serde::Deserialize as _;
use serde_json::Value;
use std::collections::BTreeMap;

/// Most runs of the boot loader after a cut.
const PATIENCE: u32 = 3;

/// The cuts of one step, by the operation at which the power goes.
pub(super) struct Strikes<'s> {
    setup: &'s Setup,
    /// The scenario and the step.
    case: String,
    rows: BTreeMap<u32, Vec<(Cut, Row)>>,
}

impl<'s> Strikes<'s> {
    /// Reads the rows of a step. One that cannot be read is a failed case.
    pub(super) fn new<'c>(
        setup: &'s Setup,
        case: String,
        cuts: impl Iterator<Item = &'c Cuts>,
        result: &mut FileResult,
    ) -> Self {
        let mut rows: BTreeMap<u32, Vec<(Cut, Row)>> = BTreeMap::new();
        let lists = cuts.flat_map(|cuts| [(Cut::Atomic, &cuts.none), (Cut::Half, &cuts.half)]);
        for (cut, value) in lists.flat_map(|(cut, list)| list.iter().map(move |v| (cut, v))) {
            match Row::deserialize(value) {
                Ok(row) => rows.entry(row.0).or_default().push((cut, row)),
                Err(problem) => result.failures.push(unreadable(&case, cut, value, &problem)),
            }
        }
        Self { setup, case, rows }
    }

    /// Lets the power fail at operation `k`, as often as there are rows for it.
    pub(super) fn strike(
        &mut self,
        k: u32,
        rig: &BareDevice,
        op: &FlashOp,
        states: &mut States<'_>,
        result: &mut FileResult,
    ) {
        for (cut, row) in self.rows.remove(&k).unwrap_or_default() {
            let mut rig = rig.clone();
            rig.fail_during(op.clone(), cut, 0);
            match recover(self.setup, &mut rig, &row, states) {
                Ok(()) => result.passed += 1,
                Err(difference) => result.failures.push(difference.of(&self.case_of(cut, &row))),
            }
        }
    }

    /// The step is over after `ops` operations: what is left was never reached.
    pub(super) fn finish(self, ops: u32, result: &mut FileResult) {
        for (cut, row) in self.rows.values().flatten() {
            let got = format!("{ops} operations");
            let difference = Difference::new("operation of the step", row.0, got);
            result.failures.push(difference.of(&self.case_of(*cut, row)));
        }
    }

    fn case_of(&self, cut: Cut, row: &Row) -> String {
        format!("{}, {} cut at operation {}", self.case, name(cut), row.0)
    }
}

/// Runs the boot loader after the cut and compares.
fn recover(
    setup: &Setup,
    rig: &mut BareDevice,
    row: &Row,
    states: &mut States<'_>,
) -> Result<(), Difference> {
    let Row(_, boots, booted, state, n_ops, digest, over_contents, assertion) = row;
    let mut first = None;
    let mut runs = 0;
    let (result, name) = loop {
        let mut log = OpLog::default();
        let result = setup.boot(rig, &mut log);
        first.get_or_insert(log);
        runs += 1;
        let name = booted::name(setup, rig, result, booted);
        if runs == PATIENCE || name != NOTHING && name != ASSERTION {
            break (result, name);
        }
    };
    let first = first.unwrap_or_default();
    same("booted", booted, &name)?;
    if let BootResult::Assertion(condition) = result {
        let expected = assertion.as_deref().map_or("none", booted::condition);
        same("assertion", expected, condition)?;
    }
    same("runs of the boot loader", *boots, runs)?;
    same("operations of the first run", *n_ops, first.len())?;
    same_digest("digest of the first run", digest, &first.digest())?;
    same("octets written over contents", *over_contents, first.over_contents)?;
    states.meet(rig, *state)
}

fn unreadable(case: &str, cut: Cut, row: &Value, problem: &serde_json::Error) -> Failure {
    Failure {
        case: format!("{case}, a {} cut", name(cut)),
        expected: "[k, boots, booted, state, n_ops, digest]".to_owned(),
        got: format!("{row}: {problem}"),
    }
}

const fn name(cut: Cut) -> &'static str {
    match cut {
        Cut::Atomic => "none",
        Cut::Half | Cut::Torn { .. } => "half",
    }
}
