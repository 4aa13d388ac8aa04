//! The `DevZone` sample, its buttons pressed in the order its author intended: the upload first,
//! then the list, which tells the hash that marks need.

use super::{Purpose, Rules, Step, Task, after_upload, effect_is_shown, upload};
use crate::config::Mode;
use crate::error::{ClientError, Outcome};
use smp_wire::image::SlotState;

#[derive(Debug)]
pub(super) struct UploadFirst;

impl Rules for UploadFirst {
    fn opening(&self, task: &Task) -> Vec<Step> {
        let mut steps = upload(task);
        if task.mode != Mode::UploadOnly {
            steps.push(Step::List(Purpose::FindUploaded));
        }
        steps.extend(after_upload(task, true, true));
        steps
    }

    fn marked(
        &self,
        task: &Task,
        confirm: bool,
        slots: Option<&[SlotState]>,
    ) -> Result<Option<Outcome>, ClientError> {
        effect_is_shown(task, confirm, slots)
    }
}
