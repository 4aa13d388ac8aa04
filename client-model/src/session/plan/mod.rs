//! What there is to do: the steps of an update, decided by the client's flow.
//!
//! Each flow has a file. It says with which steps an update begins, what the image list means, and
//! what an answer or its absence means; the session carries the steps out. [`Rules`] is what a flow
//! is asked, [`rules`] finds it.

mod android;
mod command_line;
mod ios;
mod mcumgr_toolkit;
mod proposed;
mod upload_first;

use crate::config::Mode;
use crate::error::{ClientError, Outcome};
use crate::event::Phase;
use crate::strategy::Flow;
use sim_core::Span;
use smp_wire::errors::ErrorBody;
use smp_wire::image::SlotState;
use std::fmt;

/// The slot that takes the new image of a device that swaps.
const TARGET_SLOT: u32 = 1;

/// `enum mcuboot_mode` of `MCUboot`'s `boot_status.h`: direct execution in place, without and with
/// revert.
const DIRECT_XIP: i32 = 4;
const DIRECT_XIP_WITH_REVERT: i32 = 5;

/// One thing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Asks for the server's buffers. Precedes the plan on each connection of a client whose
    /// habits say so.
    Params,
    /// Tries with an echo which frames arrive.
    Probe,
    /// Asks for the boot loader's name.
    BootName,
    /// Asks for the boot loader's mode.
    BootMode,
    List(Purpose),
    /// Nothing for so long.
    Pause(Span),
    /// Erases the slot that the upload goes to.
    EraseSlot,
    Upload,
    /// Goes on with an upload that a lost link interrupted.
    ResumeUpload,
    EraseSettings,
    Test,
    Confirm,
    /// Confirms another image than the one to install; the answer is taken as a list that is asked
    /// for to decide what there is to do.
    ConfirmOther([u8; 32]),
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

/// What the update is about, and what has been learned of the device.
#[derive(Clone, Copy, Debug)]
pub(super) struct Task {
    pub(super) image: u32,
    pub(super) hash: [u8; 32],
    pub(super) mode: Mode,
    pub(super) erase_settings: bool,
    pub(super) resets_after_upload_only: bool,
    pub(super) erases_first: bool,
    /// The client asks for the boot loader before the list.
    pub(super) asks_boot_loader: bool,
    /// The boot loader was asked for its name.
    pub(super) boot_loader_asked: bool,
    /// Number of the boot loader's mode, once it told.
    pub(super) boot_mode: Option<i32>,
}

impl Task {
    /// The boot loader runs the newest image in place and never goes back: the server refuses
    /// marks.
    pub(super) fn without_marks(&self) -> bool {
        self.boot_mode == Some(DIRECT_XIP)
    }

    /// The boot loader swaps nothing.
    pub(super) fn boots_in_place(&self) -> bool {
        matches!(self.boot_mode, Some(DIRECT_XIP | DIRECT_XIP_WITH_REVERT))
    }

    fn is_ours(&self, slot: &SlotState) -> bool {
        slot.image.unwrap_or(0) == self.image
    }
}

/// What a list means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Do this, after what is already to be done; without a further word the update then ends so.
    Do(Vec<Step>, Outcome),
    /// Both slots are in use: reset and look again.
    ResetFirst,
    /// The image to install has this hash.
    Found([u8; 32]),
}

/// Why a command was of no use.
#[derive(Clone, Copy, Debug)]
pub(super) enum Trouble {
    /// The server refused it.
    Refused(ErrorBody),
    /// No answer came, however often it was sent.
    Silent,
}

/// What a flow is asked. Without a word it lists nothing, takes every mark for made and ends at the
/// first trouble.
pub(super) trait Rules: fmt::Debug + Sync {
    /// The plan before anything is known.
    fn opening(&self, task: &Task) -> Vec<Step>;

    /// What a list means that was asked for with this purpose.
    fn listed(
        &self,
        task: &Task,
        purpose: Purpose,
        slots: &[SlotState],
    ) -> Result<Verdict, ClientError> {
        match purpose {
            Purpose::Validate => Ok(Verdict::Do(Vec::new(), Outcome::Uploaded)),
            Purpose::FindUploaded => uploaded_hash(slots, task).map(Verdict::Found),
            Purpose::AfterReset => {
                after_reset(slots, task).map(|outcome| Verdict::Do(Vec::new(), outcome))
            }
        }
    }

    /// A mark was answered without an error: whether the client sees its effect, and how the
    /// update ends if all that is left to do succeeds (`None`: as before). `confirm`: the image was
    /// confirmed, else marked for a trial boot. `slots` is the list in the answer, if it has one.
    fn marked(
        &self,
        task: &Task,
        confirm: bool,
        slots: Option<&[SlotState]>,
    ) -> Result<Option<Outcome>, ClientError> {
        let _ = (task, slots);
        Ok(Some(if confirm { Outcome::Confirmed } else { Outcome::Tested }))
    }

    /// A command of the plan was of no use: the steps by which the update goes on all the same,
    /// before what is already to be done; `None` ends the update. Not asked about the reset.
    fn goes_on(&self, task: &Task, step: Step, trouble: Trouble) -> Option<Vec<Step>> {
        let _ = (task, step, trouble);
        None
    }

    /// The boot loader's mode is asked for when it told its name.
    fn asks_boot_mode(&self) -> bool {
        false
    }

    /// A reset whose answer does not come before the link goes down is a failure.
    fn needs_reset_answer(&self) -> bool {
        false
    }

    /// The client waits for the swap after the reset. `last`: nothing is to be done after it.
    fn waits_for_swap(&self, task: &Task, last: bool) -> bool {
        let _ = (task, last);
        true
    }
}

/// The rules of a flow.
pub(super) fn rules(flow: Flow) -> &'static dyn Rules {
    match flow {
        Flow::Android => &android::Android,
        Flow::UploadFirst => &upload_first::UploadFirst,
        Flow::Ios => &ios::Ios,
        Flow::CommandLine => &command_line::CommandLine,
        Flow::McumgrToolkit => &mcumgr_toolkit::McumgrToolkit,
        Flow::Proposed => &proposed::Proposed,
    }
}

/// The steps after the upload. `test` and `confirm`: whether the marks that the mode calls for are
/// still to be made.
fn after_upload(task: &Task, test: bool, confirm: bool) -> Vec<Step> {
    let mode = task.mode;
    let reset = mode != Mode::UploadOnly || task.resets_after_upload_only;
    let marks = !task.without_marks();
    let mut steps = Vec::new();
    if reset && task.erase_settings {
        steps.push(Step::EraseSettings);
    }
    match mode {
        Mode::TestAndConfirm | Mode::TestOnly if test && marks => steps.push(Step::Test),
        Mode::ConfirmOnly if confirm && marks => steps.push(Step::Confirm),
        _ => {}
    }
    if reset {
        steps.push(Step::Reset);
    }
    if mode != Mode::UploadOnly {
        steps.push(Step::List(Purpose::AfterReset));
    }
    if mode == Mode::TestAndConfirm && confirm && marks {
        steps.push(Step::Confirm);
    }
    steps
}

/// The upload, after the slot was erased if the client does that by a command.
fn upload(task: &Task) -> Vec<Step> {
    let mut steps = if task.erases_first { vec![Step::EraseSlot] } else { Vec::new() };
    steps.push(Step::Upload);
    steps
}

/// The hash of the image in the target slot.
fn uploaded_hash(slots: &[SlotState], task: &Task) -> Result<[u8; 32], ClientError> {
    slots
        .iter()
        .find(|slot| task.is_ours(slot) && slot.slot == TARGET_SLOT)
        .and_then(|slot| slot.hash)
        .ok_or(ClientError::ImageNotListed { phase: Phase::List })
}

/// What the list after the reset says about the image that was to run.
fn after_reset(slots: &[SlotState], task: &Task) -> Result<Outcome, ClientError> {
    let mut ours = slots.iter().filter(|slot| task.is_ours(slot) && slot.hash == Some(task.hash));
    let Some(first) = ours.next() else {
        return Err(ClientError::ImageNotActive { listed: false });
    };
    // Early servers call nothing active but slot 0 of image 0; another core runs what lies in the
    // primary slot of its image.
    let runs = |slot: &SlotState| slot.active || task.image > 0 && slot.slot == 0;
    let slot = std::iter::once(first).chain(ours).find(|slot| runs(slot)).unwrap_or(first);
    match (runs(slot), slot.pending, slot.confirmed) {
        (true, _, true) => Ok(Outcome::Confirmed),
        (true, _, false) if task.mode == Mode::ConfirmOnly => Err(ClientError::ConfirmNoEffect),
        (true, _, false) => Ok(Outcome::Tested),
        (false, true, _) => Err(ClientError::ImageNotActive { listed: true }),
        (false, false, _) => Err(ClientError::Reverted),
    }
}

/// The slot that a mark was for, in the answer to the mark.
fn marked_slot<'a>(
    slots: Option<&'a [SlotState]>,
    hash: &[u8; 32],
    phase: Phase,
) -> Result<&'a SlotState, ClientError> {
    let slots = slots.ok_or(ClientError::MalformedAnswer { phase })?;
    slots
        .iter()
        .find(|slot| slot.hash.as_ref() == Some(hash))
        .ok_or(ClientError::ImageNotListed { phase })
}

/// The answer to a mark must show its effect: the image is pending after a test, permanent or
/// confirmed after a confirm (Android `Test`, `Confirm`).
fn effect_is_shown(
    task: &Task,
    confirm: bool,
    slots: Option<&[SlotState]>,
) -> Result<Option<Outcome>, ClientError> {
    if confirm {
        let slot = marked_slot(slots, &task.hash, Phase::Confirm)?;
        let made = slot.permanent || slot.confirmed;
        return if made { Ok(Some(Outcome::Confirmed)) } else { Err(ClientError::ConfirmNoEffect) };
    }
    match marked_slot(slots, &task.hash, Phase::Test)? {
        slot if slot.pending => Ok(None),
        _ => Err(ClientError::TestNoEffect),
    }
}
