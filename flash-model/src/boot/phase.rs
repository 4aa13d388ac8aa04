//! The course of one boot: decide, judge the secondary image, upgrade or clear it away, judge the
//! primary image (MCUboot `boot_prepare_image_for_update`, `boot_validate_slot`,
//! `context_boot_go`). How an upgrade goes is not here, only what its mode has to do with judging.

use super::bootstrap::Bootstrap;
use super::direct_xip::Candidates;
use super::firmware_loader;
use super::plan::Plan;
use super::status::interrupted;
use super::upgrade::{Unable, Upgrade};
use super::{BootMode, BootResult};
use crate::image::{SlotState, slot_header, slot_state};
use crate::{BootEvent, SwapType};

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
    /// The secondary slot, or its trailer, is erased.
    Refused(Wanted),
    /// Nothing is asked for, but an image may be installed all the same.
    Bootstrap(Bootstrap),
    /// The images are being exchanged or copied.
    Upgrade(Upgrade, Outcome),
    /// Slots are equivalent: one of them is chosen.
    Choose(Candidates),
    /// The application is not usable; the firmware loader has been hashed.
    JudgeFirmwareLoader,
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

pub(super) const UNTOUCHED: Outcome = Outcome { swap: SwapType::None, resumed: false };
pub(super) const SECONDARY: usize = 1;

impl Phase {
    /// Writes down the steps of this phase and says which one follows.
    pub(super) fn refill(self, plan: &mut Plan<'_>) -> Self {
        match self {
            Self::Off | Self::End(_) => self,
            Self::Decide => decide(plan),
            Self::LookAtSecondary(wanted) => look_at_secondary(plan, wanted),
            Self::JudgeSecondary(wanted) => judge_secondary(plan, wanted),
            Self::SecondaryEmpty(wanted) => secondary_empty(plan, wanted),
            Self::Refused(wanted) => refused(plan, wanted),
            Self::Bootstrap(stage) => stage.refill(plan),
            Self::Upgrade(mut upgrade, outcome) => {
                let more = upgrade.refill(plan);
                if more { Self::Upgrade(upgrade, outcome) } else { Self::LookAtPrimary(outcome) }
            }
            Self::Choose(candidates) => candidates.refill(plan),
            Self::JudgeFirmwareLoader => firmware_loader::judge(plan),
            Self::LookAtPrimary(outcome) => look_at_primary(plan, outcome),
            Self::JudgePrimary(outcome) => judge_primary(plan, outcome),
        }
    }
}

/// Slots that do not fit together rule out any upgrade.
fn decide(plan: &mut Plan<'_>) -> Phase {
    match plan.config.mode {
        BootMode::DirectXip { .. } | BootMode::RamLoad => Phase::Choose(Candidates::new(plan)),
        BootMode::SingleSlot | BootMode::FirmwareLoader => Phase::LookAtPrimary(UNTOUCHED),
        _ if plan.config.slots_compatible(plan.layout, &plan.view.geometry()) => upgrade(plan),
        _ => {
            plan.note(BootEvent::Decision { swap: SwapType::None, resumed: false });
            Phase::LookAtPrimary(UNTOUCHED)
        }
    }
}

/// A swap that has begun goes on; otherwise the trailers decide. Swaps in place need a header in the
/// primary slot.
fn upgrade(plan: &mut Plan<'_>) -> Phase {
    let found = interrupted(plan);
    if let Some(found) = found.filter(|found| found.entries > 0) {
        plan.note(BootEvent::Decision { swap: found.swap, resumed: true });
        let outcome = Outcome { swap: found.swap, resumed: true };
        return upgrade_phase(Upgrade::resume(plan, &found), outcome);
    }
    let in_place = matches!(plan.config.mode, BootMode::SwapMove | BootMode::SwapOffset);
    let no_primary = slot_header(plan.view, plan.layout.primary().start).is_err();
    let swap = match found {
        _ if in_place && no_primary => SwapType::None,
        Some(found) if found.swap != SwapType::None => {
            plan.note(BootEvent::Decision { swap: found.swap, resumed: true });
            return Phase::LookAtSecondary(Wanted { swap: found.swap, initialised: true });
        }
        _ => plan.swap_type(),
    };
    plan.note(BootEvent::Decision { swap, resumed: false });
    match swap {
        SwapType::None if plan.config.bootstrap => Phase::Bootstrap(Bootstrap::LookAtPrimary),
        SwapType::None => Phase::LookAtPrimary(UNTOUCHED),
        _ => Phase::LookAtSecondary(Wanted { swap, initialised: false }),
    }
}

fn look_at_secondary(plan: &mut Plan<'_>, wanted: Wanted) -> Phase {
    let image = plan.secondary_image(wanted.swap);
    let state = slot_state(plan.view, image);
    if state == SlotState::NoImage {
        if plan.config.mode.swaps() {
            plan.erase_trailer(plan.layout.secondary());
        }
        return Phase::SecondaryEmpty(wanted);
    }
    let overwrites = !plan.config.mode.swaps();
    if wrong_upload_address(plan, wanted) || overwrites && refused_downgrade(plan, wanted) {
        return refuse(plan, wanted);
    }
    match state {
        SlotState::Hashable { len } => {
            plan.hash(SECONDARY, len);
            Phase::JudgeSecondary(wanted)
        }
        SlotState::NoImage | SlotState::Invalid => refuse(plan, wanted),
    }
}

/// An upload for swap-offset leaves the first page of its slot alone. A header there comes from an
/// upload to the start of the slot, or from an old image that was not erased. Once the trailer is set
/// up, the swap itself puts one there.
fn wrong_upload_address(plan: &Plan<'_>, wanted: Wanted) -> bool {
    plan.config.mode == BootMode::SwapOffset
        && !wanted.initialised
        && wanted.swap != SwapType::Revert
        && slot_header(plan.view, plan.layout.secondary().start).is_ok()
}

fn judge_secondary(plan: &mut Plan<'_>, wanted: Wanted) -> Phase {
    let Wanted { swap, initialised } = wanted;
    if !plan.accepts(SECONDARY, plan.secondary_image(swap)) {
        return refuse(plan, wanted);
    }
    if refused_downgrade(plan, wanted) {
        return refuse(plan, Wanted { swap, initialised: false });
    }
    let begun = Upgrade::new(plan, swap, initialised);
    let has_room = begun.is_ok_and(|upgrade| upgrade.has_room());
    let outcome = if has_room { Outcome { swap, resumed: initialised } } else { UNTOUCHED };
    upgrade_phase(begun, outcome)
}

pub(super) fn upgrade_phase(upgrade: Result<Upgrade, Unable>, outcome: Outcome) -> Phase {
    match upgrade {
        Ok(upgrade) => Phase::Upgrade(upgrade, outcome),
        Err(Unable::NoHeader) => Phase::LookAtPrimary(UNTOUCHED),
        Err(Unable::Assertion(condition)) => Phase::End(BootResult::Assertion(condition)),
    }
}

/// Build numbers do not count (MCUboot `boot_compare_version`), and a revert may go back.
fn refused_downgrade(plan: &Plan<'_>, wanted: Wanted) -> bool {
    if !plan.config.downgrade_prevention || wanted.swap == SwapType::Revert {
        return false;
    }
    let [old, new] = [0, SECONDARY].map(|slot| {
        let version =
            slot_header(plan.view, plan.image(slot, wanted.swap).start).map(|h| h.version);
        version.map(|v| (v.major, v.minor, v.revision))
    });
    matches!((old, new), (Ok(old), Ok(new)) if new < old)
}

/// The image is bad for good: its whole slot is erased.
fn refuse(plan: &mut Plan<'_>, wanted: Wanted) -> Phase {
    plan.refuse(SECONDARY);
    Phase::Refused(wanted)
}

/// A revert that is due but has no image to go back to would be tried at every boot; swap-move drops
/// the primary trailer, and with it the trial.
fn secondary_empty(plan: &mut Plan<'_>, wanted: Wanted) -> Phase {
    let begun = wanted.initialised && wanted.swap == SwapType::Revert;
    let stuck = begun || plan.swap_type() == SwapType::Revert;
    if plan.config.mode == BootMode::SwapMove && stuck {
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
        SlotState::NoImage | SlotState::Invalid => primary_unusable(plan),
        SlotState::Hashable { len } => {
            plan.hash(0, len);
            Phase::JudgePrimary(outcome)
        }
    }
}

fn judge_primary(plan: &mut Plan<'_>, outcome: Outcome) -> Phase {
    if plan.accepts(0, plan.layout.primary()) {
        boot_primary(plan, outcome)
    } else {
        primary_unusable(plan)
    }
}

fn boot_primary(plan: &mut Plan<'_>, outcome: Outcome) -> Phase {
    let Outcome { swap, resumed } = outcome;
    match slot_header(plan.view, plan.layout.primary().start) {
        Ok(header) => {
            Phase::End(BootResult::Booted { slot: 0, version: header.version, swap, resumed })
        }
        Err(_) => primary_unusable(plan),
    }
}

/// Only a firmware loader can stand in for the application.
fn primary_unusable(plan: &mut Plan<'_>) -> Phase {
    plan.note(BootEvent::Refused { slot: 0 });
    match plan.config.mode {
        BootMode::FirmwareLoader => firmware_loader::look(plan),
        _ => Phase::End(BootResult::Dead),
    }
}
