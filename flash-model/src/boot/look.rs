//! What a boot loader would find in flash, without running it.

use super::BootConfig;
use super::plan::Plan;
use super::status::{Interrupted, interrupted};
use crate::{Area, FlashView, ImageError, Layout};
use std::collections::VecDeque;

impl BootConfig {
    /// The area that holds the status of a swap and what it says (MCUboot `swap_read_status`);
    /// `None` when no trailer tells of a swap in progress. A status without entries is that of a
    /// swap that has not begun to move pages, if it is one at all.
    pub fn interrupted_swap(&self, view: &dyn FlashView, layout: &Layout) -> Option<Interrupted> {
        self.with_plan(view, layout, interrupted)
    }

    /// Where the image in a slot, 0 or 1, lies: from its first octet to the end of the slot.
    pub fn image_area(&self, view: &dyn FlashView, layout: &Layout, slot: usize) -> Area {
        self.with_plan(view, layout, |plan| plan.image(slot, plan.swap_type()))
    }

    /// Whether the image in a slot, 0 or 1, is acceptable (MCUboot `bootutil_img_validate`).
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn judge(
        &self,
        view: &dyn FlashView,
        layout: &Layout,
        slot: usize,
    ) -> Result<(), ImageError> {
        let image = self.image_area(view, layout, slot);
        let limit = self.limit(layout, &view.geometry(), slot);
        crate::image::judge(view, image, limit, &self.images)
    }

    fn with_plan<T>(
        &self,
        view: &dyn FlashView,
        layout: &Layout,
        ask: impl FnOnce(&Plan<'_>) -> T,
    ) -> T {
        let mut steps = VecDeque::new();
        ask(&Plan { view, config: self, layout, steps: &mut steps })
    }
}
