//! What there is to do, decided from the image list alone.

use crate::config::Mode;
use crate::error::{ClientError, Outcome};
use crate::event::Phase;
use crate::strategy::Order;
use smp_wire::image::SlotState;

/// The slot that takes the new image of a device that swaps.
const TARGET_SLOT: u32 = 1;

/// One thing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Asks for the server's buffers; precedes the plan on each connection.
    Params,
    List(Purpose),
    Upload,
    /// Goes on with an upload that a lost link interrupted.
    ResumeUpload,
    EraseSettings,
    Test,
    Confirm,
    Reset,
}

/// Why the image list is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To decide what there is to do.
    Validate,
    /// To learn the hash of the image that was uploaded.
    FindUploaded,
    /// To see which image runs after the reset.
    AfterReset,
}

/// What the update is about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Task {
    pub(super) image: u32,
    pub(super) hash: [u8; 32],
    pub(super) mode: Mode,
    pub(super) erase_settings: bool,
    pub(super) resets_after_upload_only: bool,
}

/// What the list before the upload says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Do this; without a further word the update then ends so.
    Do(Vec<Step>, Outcome),
    /// Both slots are in use: reset and look again.
    ResetFirst,
}

/// The plan before anything is known.
pub(super) fn opening(order: Order, task: &Task) -> Vec<Step> {
    match order {
        Order::ListFirst => vec![Step::List(Purpose::Validate)],
        Order::UploadFirst => {
            let mut steps = vec![Step::Upload];
            if task.mode != Mode::UploadOnly {
                steps.push(Step::List(Purpose::FindUploaded));
            }
            steps.extend(after_upload(task, true, true));
            steps
        }
    }
}

/// The steps after the upload. `test` and `confirm`: whether the marks that the mode calls for are
/// still to be made.
fn after_upload(task: &Task, test: bool, confirm: bool) -> Vec<Step> {
    let mode = task.mode;
    let reset = mode != Mode::UploadOnly || task.resets_after_upload_only;
    let mut steps = Vec::new();
    if reset && task.erase_settings {
        steps.push(Step::EraseSettings);
    }
    match mode {
        Mode::TestAndConfirm | Mode::TestOnly if test => steps.push(Step::Test),
        Mode::ConfirmOnly if confirm => steps.push(Step::Confirm),
        _ => {}
    }
    if reset {
        steps.push(Step::Reset);
    }
    if mode != Mode::UploadOnly {
        steps.push(Step::List(Purpose::AfterReset));
    }
    if mode == Mode::TestAndConfirm && confirm {
        steps.push(Step::Confirm);
    }
    steps
}

/// The checks before the upload, as the Android library makes them (`Validate.validate` for one
/// image and swapping slots): an image that is in any slot is not uploaded again; a target slot
/// that is pending, or an image under test, calls for a reset first.
pub(super) fn validate(slots: &[SlotState], task: &Task) -> Result<Verdict, ClientError> {
    for slot in slots.iter().filter(|slot| slot.image.unwrap_or(0) == task.image) {
        if slot.hash == Some(task.hash) {
            let (steps, reached) = present(slot, task);
            return Ok(Verdict::Do(steps, reached));
        }
        if slot.slot == TARGET_SLOT {
            if slot.pending || slot.confirmed != slot.active {
                return Ok(Verdict::ResetFirst);
            }
            // The library then uploads nothing and reports success.
            if slot.confirmed {
                return Err(ClientError::SlotInUse);
            }
        }
    }
    let mut steps = vec![Step::Upload];
    steps.extend(after_upload(task, true, true));
    Ok(Verdict::Do(steps, Outcome::Uploaded))
}

/// What is left to do for an image that a slot holds already, and what is reached without more.
fn present(slot: &SlotState, task: &Task) -> (Vec<Step>, Outcome) {
    let reached = match (slot.active, slot.confirmed) {
        (true, true) => Outcome::Confirmed,
        (true, false) => Outcome::Tested,
        (false, _) => Outcome::Uploaded,
    };
    let kept = slot.permanent || slot.confirmed;
    let steps = match (task.mode, slot.active) {
        (Mode::UploadOnly, _) | (Mode::TestOnly, true) => Vec::new(),
        (Mode::TestAndConfirm | Mode::ConfirmOnly, true) if kept => Vec::new(),
        (Mode::TestAndConfirm, true) => vec![Step::Confirm],
        _ => {
            let test = !slot.pending && !slot.confirmed && !slot.active;
            after_upload(task, test, !kept)
        }
    };
    (steps, reached)
}

/// The hash of the image in the target slot.
pub(super) fn uploaded_hash(slots: &[SlotState], image: u32) -> Option<[u8; 32]> {
    slots
        .iter()
        .find(|slot| slot.image.unwrap_or(0) == image && slot.slot == TARGET_SLOT)
        .and_then(|slot| slot.hash)
}

/// What the list after the reset says about the image that was to run.
pub(super) fn after_reset(slots: &[SlotState], task: &Task) -> Result<Outcome, ClientError> {
    let mut ours = slots
        .iter()
        .filter(|slot| slot.image.unwrap_or(0) == task.image && slot.hash == Some(task.hash));
    let Some(first) = ours.next() else {
        return Err(ClientError::ImageNotActive { listed: false });
    };
    let slot = std::iter::once(first).chain(ours).find(|slot| slot.active).unwrap_or(first);
    match (slot.active, slot.pending, slot.confirmed) {
        (true, _, true) => Ok(Outcome::Confirmed),
        (true, _, false) if task.mode == Mode::ConfirmOnly => Err(ClientError::ConfirmNoEffect),
        (true, _, false) => Ok(Outcome::Tested),
        (false, true, _) => Err(ClientError::ImageNotActive { listed: true }),
        (false, false, _) => Err(ClientError::Reverted),
    }
}

/// Whether a test had its effect: the image is pending (Android `Test`).
pub(super) fn tested(slots: &[SlotState], hash: &[u8; 32]) -> Result<(), ClientError> {
    match slots.iter().find(|slot| slot.hash.as_ref() == Some(hash)) {
        Some(slot) if slot.pending => Ok(()),
        Some(_) => Err(ClientError::TestNoEffect),
        None => Err(ClientError::ImageNotListed { phase: Phase::Test }),
    }
}

/// Whether a confirm had its effect: the image is permanent or confirmed (Android `Confirm`).
pub(super) fn confirmed(slots: &[SlotState], hash: &[u8; 32]) -> Result<(), ClientError> {
    match slots.iter().find(|slot| slot.hash.as_ref() == Some(hash)) {
        Some(slot) if slot.permanent || slot.confirmed => Ok(()),
        Some(_) => Err(ClientError::ConfirmNoEffect),
        None => Err(ClientError::ImageNotListed { phase: Phase::Confirm }),
    }
}
