//! The course of one boot: decide, judge the secondary image, swap or clear it away, judge the
//! primary image (MCUboot `boot_prepare_image_for_update`, `boot_validate_slot`,
//! `context_boot_go`). What differs between upgrade modes is not here.

use super::BootResult;
use super::plan::Plan;
use super::status::interrupted;
use super::swap_move::{SwapMove, Unable};
use crate::image::{SlotState, slot_header, slot_state};
use crate::{BootEvent, SwapType, swap_type};

/// Where a boot stands. A phase is entered when all steps of the one before are done, so what it
/// reads from flash is up to date.
#[derive(Clone, Copy, Debug)]
pub(super) enum Phase {
    /// Power is not up yet.
    Off,
    /// Look at the trailers.
    Decide,
    /// Look at the header of the secondary image.
    LookAtSecondary(Wanted),
    /// The secondary image has been hashed.
    JudgeSecondary(Wanted),
    /// The secondary slot held no image; its trailer is erased.
    SecondaryEmpty(Wanted),
    /// Erase the secondary slot from this page on.
    EraseSecondary(Wanted, u32),
    /// The secondary slot is cleared away.
    Refused(Wanted),
    /// Pages change places.
    Swap(SwapMove, Outcome),
    /// Look at the header of the primary image.
    LookAtPrimary(Outcome),
    /// The primary image has been hashed.
    JudgePrimary(Outcome),
    /// It is over.
    End(BootResult),
}

/// A swap that is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    swap: SwapType,
    /// The primary trailer is set up for it, but no page has moved.
    initialised: bool,
}

/// What this boot has done to the images.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outcome {
    pub(super) swap: SwapType,
    pub(super) resumed: bool,
}

const UNTOUCHED: Outcome = Outcome { swap: SwapType::None, resumed: false };
const SECONDARY: usize = 1;

impl Phase {
    /// Writes down the steps of this phase and says which one follows.
    pub(super) fn refill(self, plan: &mut Plan<'_>) -> Self {
        match self {
            Self::Off | Self::End(_) => self,
            Self::Decide => decide(plan),
            Self::LookAtSecondary(wanted) => look_at_secondary(plan, wanted),
            Self::JudgeSecondary(wanted) => judge_secondary(plan, wanted),
            Self::SecondaryEmpty(wanted) => secondary_empty(plan, wanted),
            Self::EraseSecondary(wanted, page) => erase_secondary(plan, wanted, page),
            Self::Refused(wanted) => refused(plan, wanted),
            Self::Swap(mut swap, outcome) => {
                let more = swap.refill(plan);
                if more { Self::Swap(swap, outcome) } else { Self::LookAtPrimary(outcome) }
            }
            Self::LookAtPrimary(outcome) => look_at_primary(plan, outcome),
            Self::JudgePrimary(outcome) => judge_primary(plan, outcome),
        }
    }
}

/// Slots that do not fit together and a primary slot without image rule out any swap.
fn decide(plan: &mut Plan<'_>) -> Phase {
    let compatible = plan.config.slots_compatible(plan.layout, &plan.view.geometry());
    let found = if compatible { interrupted(plan) } else { None };
    if let Some(found) = found.filter(|found| found.entries > 0) {
        plan.note(BootEvent::Decision { swap: found.swap, resumed: true });
        let outcome = Outcome { swap: found.swap, resumed: true };
        return swap_phase(SwapMove::resume(plan, &found), outcome);
    }
    let swap = match found {
        _ if !compatible || slot_header(plan.view, plan.layout.primary().start).is_err() => {
            SwapType::None
        }
        Some(found) if found.swap != SwapType::None => {
            plan.note(BootEvent::Decision { swap: found.swap, resumed: true });
            return Phase::LookAtSecondary(Wanted { swap: found.swap, initialised: true });
        }
        _ => swap_type(plan.view, plan.layout),
    };
    plan.note(BootEvent::Decision { swap, resumed: false });
    match swap {
        SwapType::None => Phase::LookAtPrimary(UNTOUCHED),
        _ => Phase::LookAtSecondary(Wanted { swap, initialised: false }),
    }
}

fn look_at_secondary(plan: &mut Plan<'_>, wanted: Wanted) -> Phase {
    let slot = plan.layout.secondary();
    match slot_state(plan.view, slot) {
        SlotState::NoImage => {
            plan.erase_trailer(slot);
            Phase::SecondaryEmpty(wanted)
        }
        SlotState::Invalid => refuse(plan, wanted),
        SlotState::Hashable { len } => {
            plan.hash(SECONDARY, len);
            Phase::JudgeSecondary(wanted)
        }
    }
}

fn judge_secondary(plan: &mut Plan<'_>, wanted: Wanted) -> Phase {
    if !plan.accepts(plan.layout.secondary()) {
        return refuse(plan, wanted);
    }
    let Wanted { swap, initialised } = wanted;
    if plan.config.downgrade_prevention && swap != SwapType::Revert && is_downgrade(plan) {
        return refuse(plan, Wanted { swap, initialised: false });
    }
    let begun = SwapMove::new(plan, swap, initialised);
    let has_room = begun.is_ok_and(|swap| swap.has_room());
    let outcome = if has_room { Outcome { swap, resumed: initialised } } else { UNTOUCHED };
    swap_phase(begun, outcome)
}

fn swap_phase(swap: Result<SwapMove, Unable>, outcome: Outcome) -> Phase {
    match swap {
        Ok(swap) => Phase::Swap(swap, outcome),
        Err(Unable::NoHeader) => Phase::LookAtPrimary(UNTOUCHED),
        Err(Unable::Assertion) => Phase::End(BootResult::Dead),
    }
}

/// Build numbers do not count (MCUboot `boot_compare_version`).
fn is_downgrade(plan: &Plan<'_>) -> bool {
    let [old, new] = plan.layout.slots.map(|slot| {
        let version = slot_header(plan.view, slot.start).map(|header| header.version);
        version.map(|v| (v.major, v.minor, v.revision))
    });
    matches!((old, new), (Ok(old), Ok(new)) if new < old)
}

/// The image is bad for good: its whole slot is erased.
fn refuse(plan: &mut Plan<'_>, wanted: Wanted) -> Phase {
    plan.note(BootEvent::Refused { slot: SECONDARY as u8 });
    Phase::EraseSecondary(wanted, 0)
}

fn erase_secondary(plan: &mut Plan<'_>, wanted: Wanted, page: u32) -> Phase {
    let slot = plan.layout.secondary();
    if page == slot.page_count(plan.page()) {
        return Phase::Refused(wanted);
    }
    plan.erase(slot.start + page * plan.page());
    Phase::EraseSecondary(wanted, page + 1)
}

/// A revert that is due but has no image to go back to would be tried at every boot; the primary
/// trailer is dropped, and with it the trial.
fn secondary_empty(plan: &mut Plan<'_>, wanted: Wanted) -> Phase {
    let begun = wanted.initialised && wanted.swap == SwapType::Revert;
    if begun || swap_type(plan.view, plan.layout) == SwapType::Revert {
        plan.erase_trailer(plan.layout.primary());
    }
    Phase::Refused(wanted)
}

/// A swap that had begun and lost its image ends as if it had been reverted.
fn refused(plan: &mut Plan<'_>, wanted: Wanted) -> Phase {
    if wanted.initialised {
        plan.confirm_primary();
    }
    Phase::LookAtPrimary(UNTOUCHED)
}

fn look_at_primary(plan: &mut Plan<'_>, outcome: Outcome) -> Phase {
    let slot = plan.layout.primary();
    if !plan.config.validate_primary {
        return boot_primary(plan, outcome);
    }
    match slot_state(plan.view, slot) {
        SlotState::NoImage | SlotState::Invalid => dead(plan),
        SlotState::Hashable { len } => {
            plan.hash(0, len);
            Phase::JudgePrimary(outcome)
        }
    }
}

fn judge_primary(plan: &mut Plan<'_>, outcome: Outcome) -> Phase {
    if plan.accepts(plan.layout.primary()) { boot_primary(plan, outcome) } else { dead(plan) }
}

fn boot_primary(plan: &mut Plan<'_>, outcome: Outcome) -> Phase {
    let Outcome { swap, resumed } = outcome;
    match slot_header(plan.view, plan.layout.primary().start) {
        Ok(header) => Phase::End(BootResult::Booted { version: header.version, swap, resumed }),
        Err(_) => dead(plan),
    }
}

fn dead(plan: &mut Plan<'_>) -> Phase {
    plan.note(BootEvent::Refused { slot: 0 });
    Phase::End(BootResult::Dead)
}
