//! Nordic's library for iOS (`FirmwareUpgradeManager.swift`).
//!
//! It believes what it was told: a confirm that leaves the image pending is taken for made, and
//! after the reset only mode test and confirm looks at the list again, where an image that is not
//! there is no failure.

use super::{
    Purpose, Rules, Step, TARGET_SLOT, Task, Trouble, Verdict, marked_slot, upload, uploaded_hash,
};
use crate::config::Mode;
use crate::error::{ClientError, Outcome};
use crate::event::Phase;
use sim_core::Span;
use smp_wire::image::SlotState;

/// Between the list and the upload, because devices would overlook what comes sooner
/// (`listCallback`).
const BEFORE_UPLOAD: Span = Span::from_ms(100);

#[derive(Debug)]
pub(super) struct Ios;

impl Rules for Ios {
    fn opening(&self, _: &Task) -> Vec<Step> {
        vec![Step::Params, Step::BootName, Step::List(Purpose::Validate)]
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
            Purpose::AfterReset => Ok(find_again(slots, task)),
        }
    }

    /// A test must leave the image pending. A confirm in mode confirm only may leave it pending:
    /// it was marked for a trial boot before, and the library holds that a reset is what it needs
    /// (`confirmCallback`). An image under test that was confirmed is not permanent, and there
    /// that is a failure.
    fn marked(
        &self,
        task: &Task,
        confirm: bool,
        slots: Option<&[SlotState]>,
    ) -> Result<Option<Outcome>, ClientError> {
        if !confirm {
            let slot = marked_slot(slots, &task.hash, Phase::Test)?;
            return if slot.pending {
                Ok(Some(Outcome::Tested))
            } else {
                Err(ClientError::TestNoEffect)
            };
        }
        let slot = marked_slot(slots, &task.hash, Phase::Confirm);
        let made = match (task.mode, slot) {
            (Mode::ConfirmOnly, Ok(slot)) => slot.permanent || slot.pending,
            (_, Ok(slot)) => slot.active || slot.permanent || slot.confirmed,
            (_, Err(ClientError::ImageNotListed { .. })) => true,
            (_, Err(error)) => return Err(error),
        };
        if made { Ok(Some(Outcome::Confirmed)) } else { Err(ClientError::ConfirmNoEffect) }
    }

    /// Neither the boot loader's name nor its mode nor the erasing of settings has to be answered,
    /// let alone well.
    fn goes_on(&self, _: &Task, step: Step, _: Trouble) -> Option<Vec<Step>> {
        matches!(step, Step::BootName | Step::BootMode | Step::EraseSettings).then(Vec::new)
    }

    fn asks_boot_mode(&self) -> bool {
        true
    }

    fn needs_reset_answer(&self) -> bool {
        true
    }

    /// A boot loader that told it runs images in place swaps nothing; in mode upload only, success
    /// is reported as soon as the reset was sent.
    fn waits_for_swap(&self, task: &Task, last: bool) -> bool {
        let left_at_once = last && mode(task) == Mode::UploadOnly;
        !task.boots_in_place() && !left_at_once
    }
}

/// The mode in force: marks are an error on a boot loader that runs the newest image in place
/// (`bootloaderModeCallback`).
fn mode(task: &Task) -> Mode {
    if task.without_marks() { Mode::UploadOnly } else { task.mode }
}

/// What the list says of the image: `listCallback`, `validateSecondarySlotUpload`.
fn validate(slots: &[SlotState], task: &Task) -> Result<Verdict, ClientError> {
    let mut ours = slots.iter().filter(|slot| task.is_ours(slot));
    let first = ours.clone().next();
    if let Some(slot) = first.filter(|slot| slot.hash == Some(task.hash)) {
        let known = Known { uploaded: true, tested: true, confirmed: slot.confirmed };
        return Ok(go_on(task, known));
    }
    let Some(target) = ours.find(|slot| slot.slot == TARGET_SLOT) else {
        return Ok(go_on(task, Known::default()));
    };
    if target.hash == Some(task.hash) {
        if target.permanent && mode(task) == Mode::TestOnly {
            return Err(ClientError::SlotInUse);
        }
        let tested = target.pending && !target.permanent;
        return Ok(go_on(task, Known { uploaded: true, tested, confirmed: target.permanent }));
    }
    match first.and_then(|slot| slot.hash) {
        Some(running) if target.confirmed => {
            Ok(Verdict::Do(vec![Step::ConfirmOther(running)], Outcome::Uploaded))
        }
        _ if target.pending => Ok(Verdict::ResetFirst),
        _ => Ok(go_on(task, Known::default())),
    }
}

/// What the library notes of the image.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    uploaded: bool,
    tested: bool,
    confirmed: bool,
}

/// From the pause before the upload to the end (`upload`, `uploadDidFinish`).
fn go_on(task: &Task, known: Known) -> Verdict {
    let mut steps = vec![Step::Pause(BEFORE_UPLOAD)];
    if !known.uploaded {
        steps.extend(upload(task));
    }
    if task.erase_settings {
        steps.push(Step::EraseSettings);
    }
    let reached = match known {
        Known { confirmed: true, .. } => Outcome::Confirmed,
        _ => Outcome::Uploaded,
    };
    match mode(task) {
        Mode::UploadOnly => steps.push(Step::Reset),
        Mode::ConfirmOnly if known.confirmed => steps.push(Step::Reset),
        Mode::ConfirmOnly => steps.extend([Step::Confirm, Step::Reset]),
        // What is pending is taken for tested, and nobody resets.
        Mode::TestOnly if known.tested => {}
        Mode::TestOnly => steps.extend([Step::Test, Step::Reset]),
        Mode::TestAndConfirm if known.tested && known.confirmed => {}
        Mode::TestAndConfirm if known.tested => steps.push(Step::Confirm),
        Mode::TestAndConfirm => {
            steps.extend([Step::Test, Step::Reset, Step::List(Purpose::AfterReset)]);
        }
    }
    Verdict::Do(steps, reached)
}

/// After the reset the image is looked for by its hash, in whatever slot, and confirmed
/// (`listAfterUploadReset`). One that is not there has nothing to be confirmed, and that is the end
/// of it.
fn find_again(slots: &[SlotState], task: &Task) -> Verdict {
    let there = slots.iter().any(|slot| slot.hash == Some(task.hash));
    let steps = if there { vec![Step::Confirm] } else { Vec::new() };
    Verdict::Do(steps, Outcome::Tested)
}
