//! `firmware_update` of mcumgr-toolkit 0.10.0: the boot loader must give its name, an image that runs
//! is not installed again, and the tool ends with the reset. Its user does the rest, as with any
//! command line ([`super::command_line`]).

use super::command_line::{mark_and_reset, users_part};
use super::{Purpose, Rules, Step, Task, Trouble, Verdict, after_reset, upload, uploaded_hash};
use crate::config::Mode;
use crate::error::{ClientError, Outcome};
use smp_wire::errors::{ErrorBody, Rc};
use smp_wire::image::SlotState;

#[derive(Debug)]
pub(super) struct McumgrToolkit;

impl Rules for McumgrToolkit {
    /// An upload alone is a command of its own, which asks nothing before.
    fn opening(&self, task: &Task) -> Vec<Step> {
        match task.mode {
            Mode::UploadOnly => upload(task),
            _ => vec![Step::BootName, Step::List(Purpose::Validate)],
        }
    }

    /// Without an active image that has the hash, the upload begins, whatever the slots hold.
    fn listed(
        &self,
        task: &Task,
        purpose: Purpose,
        slots: &[SlotState],
    ) -> Result<Verdict, ClientError> {
        match purpose {
            Purpose::Validate => {}
            Purpose::FindUploaded => return uploaded_hash(slots, task).map(Verdict::Found),
            Purpose::AfterReset => {
                let outcome = after_reset(slots, task)?;
                return Ok(Verdict::Do(Vec::new(), outcome));
            }
        }
        let active = slots.iter().find(|slot| task.is_ours(slot) && slot.active);
        if let Some(active) = active.filter(|active| active.hash == Some(task.hash)) {
            let reached = if active.confirmed { Outcome::Confirmed } else { Outcome::Tested };
            return Ok(Verdict::Do(Vec::new(), reached));
        }
        let mut steps = upload(task);
        steps.extend(mark_and_reset(task));
        steps.extend(users_part(task));
        Ok(Verdict::Do(steps, Outcome::Uploaded))
    }

    /// Servers in recovery know no marks: the image is taken for installed.
    fn goes_on(&self, _: &Task, step: Step, trouble: Trouble) -> Option<Vec<Step>> {
        let Trouble::Refused(error) = trouble else { return None };
        let tolerated = match step {
            Step::Test | Step::Confirm => error == ErrorBody::Rc(Rc::NotSupported.code()),
            Step::EraseSettings => true,
            _ => false,
        };
        tolerated.then(Vec::new)
    }

    fn needs_reset_answer(&self) -> bool {
        true
    }

    /// The tool has ended when the reset is answered.
    fn waits_for_swap(&self, _: &Task, last: bool) -> bool {
        !last
    }
}
