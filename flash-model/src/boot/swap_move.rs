//! Swapping two images without a scratch area (MCUboot `swap_move.c`): the primary image moves up
//! by one page, from its last page down; then, page by page from the start, the secondary page
//! comes to its place and the moved page goes to the secondary slot.
//!
//! After each copied page an entry of the status in the primary trailer is written: one per moved
//! page, two per swapped page. A page is redone from its erase when its entry is missing.

use super::plan::Plan;
use super::status::Interrupted;
use super::upgrade::{Unable, finish, larger_image, pages};
use crate::{BootEvent, Field, Magic, SwapType, image};

/// A swap in progress.
#[derive(Clone, Copy, Debug)]
pub(super) struct SwapMove {
    /// Its type.
    pub(super) swap: SwapType,
    /// Octets of the larger image.
    size: u32,
    /// Pages of the larger image.
    pages: u32,
    /// Whether the primary trailer is set up already.
    initialised: bool,
    stage: Stage,
}

#[derive(Clone, Copy, Debug)]
enum Stage {
    /// Give a revert the request it lacks, so that it can be taken up again.
    Request,
    /// Set up the primary trailer and drop the request.
    Trailers,
    /// Move the page below `to` up to `to`.
    Move { to: u32 },
    /// Swap this page; `second` when the secondary one is in place already.
    Swap { page: u32, second: bool },
    /// Note the outcome in the primary trailer.
    Finish,
    /// Nothing is left to do.
    Over,
}

impl SwapMove {
    /// A swap from its beginning, or with the primary trailer set up but no page moved
    /// (`initialised`). It covers the larger of the two images.
    pub(super) fn new(plan: &Plan<'_>, swap: SwapType, initialised: bool) -> Result<Self, Unable> {
        let size = larger_image(plan, plan.layout.slots)?;
        let pages = pages(size, plan.page());
        let slot_pages = plan.layout.primary().page_count(plan.page());
        let stage = if pages + plan.trailer_pages() >= slot_pages {
            Stage::Finish
        } else if swap == SwapType::Revert {
            Stage::Request
        } else {
            Stage::Trailers
        };
        Ok(Self { swap, size, pages, initialised, stage })
    }

    /// A swap of which some status entries are written.
    pub(super) fn resume(plan: &Plan<'_>, found: &Interrupted, size: u32) -> Result<Self, Unable> {
        let Interrupted { swap, entries, .. } = *found;
        let pages = pages(size, plan.page());
        let slot_pages = plan.layout.slots.map(|slot| slot.page_count(plan.page()));
        if pages >= slot_pages[0] || pages > slot_pages[1] {
            return Err(Unable::Assertion("rc == 0"));
        }
        let moves = plan.config.max_sectors;
        let stage = if entries < moves {
            Stage::Move { to: pages.saturating_sub(entries) }
        } else {
            let swapped = entries - moves;
            Stage::Swap { page: swapped / 2, second: swapped % 2 == 1 }
        };
        let swap = Self { swap, size, pages, initialised: true, stage };
        let found = |at| image::slot_header(plan.view, at).is_ok();
        if swap.headers(plan).into_iter().all(found) { Ok(swap) } else { Err(Unable::NoHeader) }
    }

    /// Whether pages will change places. Otherwise the larger image leaves no page to move into, and
    /// MCUboot only notes an outcome in the primary trailer (`swap_run`, `boot_perform_update`).
    pub(super) fn has_room(&self) -> bool {
        !matches!(self.stage, Stage::Finish)
    }

    /// Where the headers of the old and the new image lie at this stage (MCUboot
    /// `boot_read_image_header` of swap-move).
    fn headers(&self, plan: &Plan<'_>) -> [u32; 2] {
        let [primary, secondary] = plan.layout.slots.map(|slot| slot.start);
        let moved = primary + plan.page();
        match self.stage {
            Stage::Move { to: 0 } | Stage::Swap { page: 0, second: false } => [moved, secondary],
            Stage::Swap { page: 0, second: true } => [moved, primary],
            _ => [primary, secondary],
        }
    }

    /// Writes down the steps of the next page or stage; false when the swap is over.
    pub(super) fn refill(&mut self, plan: &mut Plan<'_>) -> bool {
        self.stage = match self.stage {
            Stage::Request => self.request(plan),
            Stage::Trailers => self.trailers(plan),
            Stage::Move { to: 0 } => Stage::Swap { page: 0, second: false },
            Stage::Move { to } => self.move_up(plan, to),
            Stage::Swap { page, .. } if page >= self.pages => Stage::Finish,
            Stage::Swap { page, second: false } => Self::swap_in(plan, page),
            Stage::Swap { page, second: true } => self.swap_out(plan, page),
            Stage::Finish => {
                finish(plan, self.swap);
                Stage::Over
            }
            Stage::Over => return false,
        };
        true
    }

    /// A revert has no request in the secondary slot. While the primary trailer is set up anew,
    /// nothing would tell of the revert; so it is made to look like a permanent upgrade first.
    fn request(self, plan: &mut Plan<'_>) -> Stage {
        let slot = plan.layout.secondary();
        if plan.trailer(slot).magic == Magic::Unset {
            let map = plan.map(slot);
            plan.erase_trailer(slot);
            plan.write_flag(slot, Field::ImageOk);
            plan.write(map.swap_size(self.size));
            plan.write(map.magic());
        }
        Stage::Trailers
    }

    fn trailers(self, plan: &mut Plan<'_>) -> Stage {
        if !self.initialised {
            plan.erase_trailer(plan.layout.primary());
            plan.init_trailer(plan.layout.primary(), self.swap, self.size);
        }
        plan.erase_trailer(plan.layout.secondary());
        Stage::Move { to: self.pages }
    }

    fn move_up(self, plan: &mut Plan<'_>, to: u32) -> Stage {
        let done = self.pages - to;
        let target = plan.layout.primary().start + to * plan.page();
        plan.erase_for_copy(target);
        plan.copy_page(target - plan.page(), target);
        plan.write_status(plan.layout.primary(), done, 1);
        plan.note(BootEvent::Moved { done: done as u16 + 1, of: self.pages as u16 });
        Stage::Move { to: to - 1 }
    }

    /// The secondary page comes to its place in the primary slot.
    fn swap_in(plan: &mut Plan<'_>, page: u32) -> Stage {
        let [primary, secondary] = plan.layout.slots.map(|slot| slot.start + page * plan.page());
        plan.erase_for_copy(primary);
        plan.copy_page(secondary, primary);
        plan.write_status(plan.layout.primary(), plan.config.max_sectors + 2 * page, 1);
        Stage::Swap { page, second: true }
    }

    /// The primary page, which lies one page up, goes to the secondary slot.
    fn swap_out(self, plan: &mut Plan<'_>, page: u32) -> Stage {
        let [primary, secondary] = plan.layout.slots.map(|slot| slot.start + page * plan.page());
        plan.erase_for_copy(secondary);
        plan.copy_page(primary + plan.page(), secondary);
        plan.write_status(plan.layout.primary(), plan.config.max_sectors + 2 * page + 1, 2);
        plan.note(BootEvent::Swapped { done: page as u16 + 1, of: self.pages as u16 });
        Stage::Swap { page: page + 1, second: false }
    }
}
