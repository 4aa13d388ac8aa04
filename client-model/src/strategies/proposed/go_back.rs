//! Goes back to the server's offset at the first answer that shows a gap.

use super::pipeline::GoBack as How;
use super::upload::Idea;

/// On the first answer below what was expected, whatever else is in flight is void: the server
/// stores nothing out of order. Sends from the server's offset at once, and ignores what comes back
/// for the void requests.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct GoBack;

impl Idea for GoBack {
    fn goes_back(&self) -> How {
        How::AtOnce
    }
}
