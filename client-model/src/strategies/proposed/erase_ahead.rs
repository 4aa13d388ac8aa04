//! Erases the slot by a command of its own before the upload.

use super::pen;
use super::upload::Idea;
use crate::strategy::Habits;

/// The image erase command goes before the first chunk, with 40 s for its answer. A server that
/// refuses it gets the upload as it is; after a lost link nothing is erased again.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct EraseAhead;

impl Idea for EraseAhead {
    fn habits(&self) -> Habits {
        Habits { erases_first: true, ..pen::habits() }
    }
}
