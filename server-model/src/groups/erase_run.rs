//! Erasing a stretch of flash on behalf of a command.

use crate::ServerEvent;
use crate::groups::Context;
use flash_model::{Area, FlashOp};

/// One call to erase a stretch of flash, page by page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    area: Area,
    /// Address of the next page.
    next: u32,
    /// The call has not been put into the trace yet.
    new: bool,
}

impl Default for Run {
    fn default() -> Self {
        Self::NONE
    }
}

impl Run {
    /// No call at all.
    pub(crate) const NONE: Self = Self { area: Area::new(0, 0), next: 0, new: false };

    /// A call for this stretch, which begins and ends at a page; it may be empty.
    pub(crate) const fn new(area: Area) -> Self {
        Self { area, next: area.start, new: true }
    }

    /// The next page; the first look puts the call into the trace.
    pub(crate) fn next_page(&mut self, cx: &mut Context<'_>) -> Option<FlashOp> {
        if std::mem::take(&mut self.new) {
            let Area { start: at, len } = self.area;
            cx.trace(ServerEvent::Erase { tag: cx.tag, at, len });
        }
        let at = self.next;
        if at >= self.area.end() {
            return None;
        }
        self.next += cx.flash.geometry().page;
        Some(FlashOp::Erase { at })
    }

    /// Octets of the call, if there is one.
    #[cfg(test)]
    pub(crate) fn len(&self) -> Option<u32> {
        self.new.then_some(self.area.len)
    }
}
