//! A command line tool and its user: upload, mark, reset, and the tool is done. It lists nothing
//! before the upload, looks at no list in an answer, and does not come back.
//!
//! In mode test and confirm somebody has to confirm the image that runs on trial. Here the user
//! does: waits for the swap, connects again, looks at the list and confirms (model choice).

use super::{Purpose, Rules, Step, Task, Trouble, upload};
use crate::config::Mode;

#[derive(Debug)]
pub(super) struct CommandLine;

impl Rules for CommandLine {
    fn opening(&self, task: &Task) -> Vec<Step> {
        let mut steps = upload(task);
        steps.extend(mark_and_reset(task));
        steps.extend(users_part(task));
        steps
    }

    /// A user who wants the settings erased goes on when the device cannot do it.
    fn goes_on(&self, _: &Task, step: Step, trouble: Trouble) -> Option<Vec<Step>> {
        let refused = matches!(trouble, Trouble::Refused(_));
        (step == Step::EraseSettings && refused).then(Vec::new)
    }

    fn needs_reset_answer(&self) -> bool {
        true
    }

    /// The tool has ended when the reset is answered.
    fn waits_for_swap(&self, _: &Task, last: bool) -> bool {
        !last
    }
}

/// The mark that the mode calls for, the settings' end if the user wants it, and the reset.
pub(super) fn mark_and_reset(task: &Task) -> Vec<Step> {
    let mark = match task.mode {
        Mode::UploadOnly => return Vec::new(),
        Mode::TestAndConfirm | Mode::TestOnly => Step::Test,
        Mode::ConfirmOnly => Step::Confirm,
    };
    let erase = task.erase_settings.then_some(Step::EraseSettings);
    std::iter::once(mark).chain(erase).chain([Step::Reset]).collect()
}

/// What the user does after the reset, in a further run of the tool.
pub(super) fn users_part(task: &Task) -> Vec<Step> {
    match task.mode {
        Mode::TestAndConfirm => vec![Step::List(Purpose::AfterReset), Step::Confirm],
        Mode::UploadOnly | Mode::TestOnly | Mode::ConfirmOnly => Vec::new(),
    }
}
