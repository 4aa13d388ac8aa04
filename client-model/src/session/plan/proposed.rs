//! The flow of the proposed clients: that of the Android library, in which nothing ends the update
//! that can be done without.

use super::android::Android;
use super::{Purpose, Rules, Step, Task, Trouble, Verdict};
use crate::error::{ClientError, Outcome};
use smp_wire::errors::{ErrorBody, Rc};
use smp_wire::image::SlotState;

#[derive(Debug)]
pub(super) struct Proposed;

impl Rules for Proposed {
    fn opening(&self, task: &Task) -> Vec<Step> {
        Android.opening(task)
    }

    fn listed(
        &self,
        task: &Task,
        purpose: Purpose,
        slots: &[SlotState],
    ) -> Result<Verdict, ClientError> {
        Android.listed(task, purpose, slots)
    }

    fn marked(
        &self,
        task: &Task,
        confirm: bool,
        slots: Option<&[SlotState]>,
    ) -> Result<Option<Outcome>, ClientError> {
        Android.marked(task, confirm, slots)
    }

    /// A slot that cannot be erased beforehand is erased by the upload. A server of Zephyr 3.2
    /// erases, and then answers with an error all the same.
    ///
    /// The boot loader is asked for its mode only when the server knows no marks: one that runs the
    /// newest image in place needs none, and for all others the question would be a round trip for
    /// nothing.
    fn goes_on(&self, task: &Task, step: Step, trouble: Trouble) -> Option<Vec<Step>> {
        match (step, trouble) {
            (Step::EraseSlot | Step::EraseSettings, _) => Some(Vec::new()),
            (Step::Test | Step::Confirm, Trouble::Refused(ErrorBody::Rc(rc)))
                if rc == Rc::NotSupported.code() =>
            {
                match (task.without_marks(), task.boot_loader_asked) {
                    (true, _) => Some(Vec::new()),
                    (false, false) => Some(vec![Step::BootName, step]),
                    (false, true) => None,
                }
            }
            _ => Android.goes_on(task, step, trouble),
        }
    }

    fn asks_boot_mode(&self) -> bool {
        Android.asks_boot_mode()
    }
}
