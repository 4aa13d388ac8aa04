//! Goes on after a lost link within the same update.

use super::upload::Idea;

/// Connects again and sends the first chunk with the SHA-256: the server answers with the offset
/// that it has reached, and the upload goes on there.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ResumeUpdate;

impl Idea for ResumeUpdate {
    fn survives_link_loss(&mut self) -> bool {
        true
    }
}
