//! Nordic's library for Android: the image list decides what there is to do
//! (`FirmwareUpgradeManager` and its tasks).

use super::{
    Purpose, Rules, Step, TARGET_SLOT, Task, Trouble, Verdict, after_reset, after_upload,
    effect_is_shown, upload, uploaded_hash,
};
use crate::config::Mode;
use crate::error::{ClientError, Outcome};
use smp_wire::errors::{ErrorBody, Rc};
use smp_wire::image::SlotState;

#[derive(Debug)]
pub(super) struct Android;

impl Rules for Android {
    fn opening(&self, task: &Task) -> Vec<Step> {
        let list = Step::List(Purpose::Validate);
        if task.asks_boot_loader { vec![Step::BootName, list] } else { vec![list] }
    }

    fn listed(
        &self,
        task: &Task,
        purpose: Purpose,
        slots: &[SlotState],
    ) -> Result<Verdict, ClientError> {
        match purpose {
            Purpose::Validate => validate(slots, task),
            Purpose::FindUploaded => uploaded_hash(slots, task).map(Verdict::Found),
            Purpose::AfterReset => {
                after_reset(slots, task).map(|outcome| Verdict::Do(Vec::new(), outcome))
            }
        }
    }

    fn marked(
        &self,
        task: &Task,
        confirm: bool,
        slots: Option<&[SlotState]>,
    ) -> Result<Option<Outcome>, ClientError> {
        effect_is_shown(task, confirm, slots)
    }

    /// The boot loader is taken for one that swaps when it cannot be asked (`Validate`). Servers
    /// without the erase command answer that it is not supported, and with SMP v2 any of the
    /// group's errors is forgiven (`EraseStorage`).
    fn goes_on(&self, _: &Task, step: Step, trouble: Trouble) -> Option<Vec<Step>> {
        let forgiven = match (step, trouble) {
            (Step::EraseSettings, Trouble::Refused(ErrorBody::Rc(rc))) => {
                rc == Rc::NotSupported.code()
            }
            (Step::EraseSettings, Trouble::Silent) => false,
            (step, _) => matches!(step, Step::BootName | Step::BootMode | Step::EraseSettings),
        };
        forgiven.then(Vec::new)
    }

    fn asks_boot_mode(&self) -> bool {
        true
    }
}

/// The checks before the upload, as the library makes them (`Validate.validate` for one image and
/// swapping slots): an image that is in any slot is not uploaded again; a target slot that is
/// pending, or an image under test, calls for a reset first.
fn validate(slots: &[SlotState], task: &Task) -> Result<Verdict, ClientError> {
    for slot in slots.iter().filter(|slot| task.is_ours(slot)) {
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
    let mut steps = upload(task);
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
