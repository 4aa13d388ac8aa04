//! A scenario from its first contents to its last step.

use super::booted;
use super::cuts::Strikes;
use super::oplog::OpLog;
use super::scenario::{Action, Scenario, Step};
use super::setup::{NO_FAILURE, Setup, SetupError};
use super::states::States;
use crate::conform::FileResult;
use crate::conform::difference::{Difference, same, stated};
use crate::report::hex;
use flash_model::{
    Area, BareDevice, BootResult, Cut, Device, FlashEvent, FlashOp, SetConfirmedError,
    SetNextError, SetPendingError, Watch, set_confirmed, set_next, set_pending,
};
use sha2::{Digest as _, Sha256};
use sim_core::Time;

/// What an action came to.
struct Outcome {
    /// MCUboot's error number.
    rc: i32,
    /// Of a boot.
    result: Option<BootResult>,
}

/// Logs a step, and lets the supply of copies fail before each of its operations.
struct Stricken<'w, 's> {
    log: OpLog,
    strikes: &'w mut Strikes<'s>,
    states: &'w mut States<'s>,
    result: &'w mut FileResult,
}

impl Watch for Stricken<'_, '_> {
    fn before(&mut self, rig: &BareDevice, op: &FlashOp) -> Option<(Cut, u32)> {
        self.strikes.strike(self.log.len() + 1, rig, op, self.states, self.result);
        None
    }

    fn flash(&mut self, device: &Device, now: Time, event: FlashEvent) {
        self.log.flash(device, now, event);
    }
}

/// Replays a scenario. It is one case, and each of its power cuts is another.
pub(super) fn replay(
    id: &str,
    scenario: &Scenario,
    result: &mut FileResult,
) -> Result<(), SetupError> {
    let setup = Setup::new(scenario)?;
    let mut rig = setup.rig(scenario)?;
    let mut states = States::new(scenario, &setup);
    let mut verdict = sizes(scenario, &setup)
        .and_then(|()| states.meet(&rig, scenario.initial_state).map_err(|d| d.within("init")));
    for (n, step) in scenario.steps.iter().enumerate() {
        let place = format!("step {n} ({})", step.action.name());
        let compared = if let Action::Flash { items } = &step.action {
            setup.change(&mut rig, items)?;
            Ok(())
        } else {
            let cuts = scenario.cuts.iter().filter(|cuts| cuts.step == n);
            let mut strikes = Strikes::new(&setup, format!("{id}: {place}"), cuts, result);
            let log = OpLog::default();
            let mut watch = Stricken { log, strikes: &mut strikes, states: &mut states, result };
            let outcome = act(&setup, &mut rig, &step.action, &mut watch)?;
            let log = watch.log;
            strikes.finish(log.len(), result);
            compare(&setup, &rig, step, &outcome, &log)
        };
        let compared = compared.and_then(|()| states.meet(&rig, step.state));
        verdict = verdict.and(compared.map_err(|difference| difference.within(&place)));
    }
    match verdict.and(states.into_next_boot()) {
        Ok(()) => result.passed += 1,
        Err(difference) => result.failures.push(difference.of(id)),
    }
    Ok(())
}

/// What the file says of sizes and images, besides what they are made from.
fn sizes(scenario: &Scenario, setup: &Setup) -> Result<(), Difference> {
    let Setup { config, geometry, layout, .. } = setup;
    let (sectors, entries) = (scenario.max_sectors, config.entries_per_sector());
    let trailer = |area: Area, sectors| config.trailer_map(area, geometry).len(sectors, entries);
    same("max_align", scenario.max_align, geometry.max_align())?;
    same("status_size", scenario.status_size, sectors * entries * geometry.write_size)?;
    same("trailer_size", scenario.trailer_size, trailer(layout.primary(), sectors))?;
    if let (Some(expected), Some(scratch)) = (scenario.scratch_trailer_size, layout.scratch) {
        same("scratch_trailer_size", expected, trailer(scratch, 1))?;
    }
    for (name, image) in &scenario.images {
        let bytes = &setup.images[name];
        same(&format!("octets of image {name}"), image.total_len, bytes.len() as u32)?;
        let sha256 = hex(&Sha256::digest(bytes));
        same(&format!("SHA-256 of image {name}"), &image.file_sha256, &sha256)?;
    }
    Ok(())
}

fn act(
    setup: &Setup,
    rig: &mut BareDevice,
    action: &Action,
    watch: &mut impl Watch,
) -> Result<Outcome, SetupError> {
    let layout = &setup.layout;
    let ops = match action {
        Action::Boot => {
            let result = setup.boot(rig, watch);
            let rc = i32::from(!matches!(result, BootResult::Booted { .. }));
            return Ok(Outcome { rc, result: Some(result) });
        }
        Action::Pending { permanent } => set_pending(&rig.device, layout, *permanent)
            .map_err(|SetPendingError::BadMagic| BOOT_EBADIMAGE),
        Action::Confirm => {
            set_confirmed(&rig.device, layout).map_err(|SetConfirmedError::BadMagic| BOOT_EBADVECT)
        }
        Action::SetNext { slot, active, confirm } => {
            set_next(&rig.device, setup.slot(slot)?, *active, *confirm)
                .map_err(|SetNextError::BadMagic| BOOT_EBADIMAGE)
        }
        Action::Flash { items } => setup.change(rig, items).map(|()| Ok(Vec::new()))?,
    };
    let rc = match ops {
        Ok(ops) => {
            for op in ops {
                rig.carry_out(op, watch).expect(NO_FAILURE);
            }
            0
        }
        Err(rc) => rc,
    };
    Ok(Outcome { rc, result: None })
}

/// MCUboot `bootutil_public.h`.
const BOOT_EBADIMAGE: i32 = 3;
const BOOT_EBADVECT: i32 = 4;

fn compare(
    setup: &Setup,
    rig: &BareDevice,
    step: &Step,
    outcome: &Outcome,
    log: &OpLog,
) -> Result<(), Difference> {
    if let Some(result) = outcome.result {
        let expected = step.booted.as_deref().unwrap_or_default();
        stated("booted", step.booted.as_ref(), &booted::name(setup, rig, result, expected))?;
        let none = || String::from("none");
        let version = match result {
            BootResult::Booted { version, .. } => version.to_string(),
            BootResult::Dead | BootResult::Assertion(_) => none(),
        };
        same("version", step.version.clone().unwrap_or_else(none), version)?;
        if let BootResult::Assertion(condition) = result {
            let expected = step.assert.as_deref().map_or("none", booted::condition);
            same("assertion", expected, condition)?;
        }
    }
    // Code that stops at an assertion answers nothing.
    if !matches!(outcome.result, Some(BootResult::Assertion(_))) {
        stated("rc", step.rc.as_ref(), &outcome.rc)?;
    }
    if let Some(ops) = &step.ops {
        operations(ops, log)?;
    }
    stated("erases", step.n_erase.as_ref(), &log.erases)?;
    stated("writes", step.n_write.as_ref(), &log.writes)?;
    stated("octets written", step.bytes_written.as_ref(), &log.written)?;
    same("octets written over contents", step.nonerased_bytes_written, log.over_contents)?;
    stated("digest of the operations", step.ops_sha256.as_ref(), &log.digest())
}

/// The first operation that differs.
fn operations(expected: &[String], log: &OpLog) -> Result<(), Difference> {
    const END: &str = "no more";
    let mut got = log.lines();
    for (n, expected) in expected.iter().enumerate() {
        let got = got.next().unwrap_or(END);
        same(&format!("operation {}", n + 1), expected.as_str(), got)?;
    }
    let behind = got.next().unwrap_or(END);
    same(&format!("operation {}", expected.len() + 1), END, behind)
}

impl Action {
    const fn name(&self) -> &'static str {
        match self {
            Self::Pending { .. } => "pending",
            Self::Confirm => "confirm",
            Self::SetNext { .. } => "set_next",
            Self::Flash { .. } => "flash",
            Self::Boot => "boot",
        }
    }
}
