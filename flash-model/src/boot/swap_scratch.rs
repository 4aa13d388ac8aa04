//! Swapping two images through a scratch area (MCUboot `swap_scratch.c`): as many pages as the scratch
//! area holds change places in each step, from the end of the larger image to its start.
//!
//! A step has three parts, each ended by a status entry: secondary to scratch, primary to secondary,
//! scratch to primary. A part is redone from its erases when its entry is missing. When the first
//! step touches the pages in which the trailer begins, its status is kept in the scratch area.

use super::plan::Plan;
use super::status::Interrupted;
use super::upgrade::{Unable, finish, larger_image, pages};
use crate::{Area, BootEvent, Field, Flag, SwapType};

/// A swap in progress.
#[derive(Clone, Copy, Debug)]
pub(super) struct SwapScratch {
    swap: SwapType,
    /// Octets of the larger image.
    size: u32,
    scratch: Area,
    /// Number of the step, from 0.
    step: u32,
    stage: Stage,
}

#[derive(Clone, Copy, Debug)]
enum Stage {
    /// Secondary to scratch.
    Save,
    /// Primary to secondary.
    SwapOut,
    /// Scratch to primary.
    SwapIn,
    /// Nothing is left to do.
    Over,
}

/// What a step covers.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    /// Offset in both slots.
    offset: u32,
    /// Octets that are erased, whole pages.
    len: u32,
    /// Octets that are copied: less where the trailer begins.
    copied: u32,
    /// Whether the status of this step lies in the scratch area.
    in_scratch: bool,
    /// Offset of the first page that holds a part of the trailer.
    trailer_page: u32,
}

impl SwapScratch {
    /// A swap from its beginning.
    pub(super) fn new(plan: &Plan<'_>, swap: SwapType) -> Result<Self, Unable> {
        let size = larger_image(plan, plan.layout.slots)?;
        Self::at(plan, swap, size, 0)
    }

    /// A swap of which some status entries are written.
    pub(super) fn resume(plan: &Plan<'_>, found: &Interrupted, size: u32) -> Result<Self, Unable> {
        Self::at(plan, found.swap, size, found.entries)
    }

    fn at(plan: &Plan<'_>, swap: SwapType, size: u32, entries: u32) -> Result<Self, Unable> {
        let slot = plan.layout.primary();
        if pages(size, plan.page()) > slot.page_count(plan.page()) {
            return Err(Unable::Assertion("rc == 0"));
        }
        let scratch = plan.layout.scratch.ok_or(Unable::Assertion("fap != NULL"))?;
        let stage = match entries % 3 {
            0 => Stage::Save,
            1 => Stage::SwapOut,
            _ => Stage::SwapIn,
        };
        Ok(Self { swap, size, scratch, step: entries / 3, stage })
    }

    /// Writes down the steps of the next part; false when the swap is over.
    pub(super) fn refill(&mut self, plan: &mut Plan<'_>) -> bool {
        let Some(stretch) = self.stretch(plan) else {
            if matches!(self.stage, Stage::Over) {
                return false;
            }
            finish(plan, self.swap);
            self.stage = Stage::Over;
            return true;
        };
        match self.stage {
            Stage::Save => self.save(plan, &stretch),
            Stage::SwapOut => self.swap_out(plan, &stretch),
            Stage::SwapIn => self.swap_in(plan, &stretch),
            Stage::Over => return false,
        }
        true
    }

    /// The stretch of this step (MCUboot `boot_copy_sz`, `boot_swap_sectors`); `None` behind the last.
    fn stretch(&self, plan: &Plan<'_>) -> Option<Stretch> {
        let (page, slot) = (plan.page(), plan.layout.primary());
        let per_step = self.scratch.page_count(page);
        let end = pages(self.size, page).checked_sub(self.step * per_step).filter(|&n| n > 0)?;
        let offset = end.saturating_sub(per_step) * page;
        let len = end * page - offset;
        let trailer_page = slot.len - plan.trailer_pages() * page;
        let mut copied = len;
        if offset + len > trailer_page {
            let before_trailer = plan.status_at(slot, 0) - slot.start - offset;
            copied = before_trailer.min(plan.status_at(self.scratch, 0) - self.scratch.start);
        }
        let in_scratch = self.step == 0 && copied != len;
        Some(Stretch { offset, len, copied, in_scratch, trailer_page })
    }

    fn save(&mut self, plan: &mut Plan<'_>, stretch: &Stretch) {
        let [primary, secondary] = plan.layout.slots;
        plan.erase_area(self.scratch);
        if self.step == 0 {
            // A place for the type of the swap while the primary trailer is erased.
            plan.init_trailer(self.scratch, self.swap, self.size);
            if !stretch.in_scratch {
                plan.erase_trailer(primary);
                plan.init_trailer(primary, self.swap, self.size);
                plan.erase_area(self.scratch);
            }
        }
        plan.copy(secondary.start + stretch.offset, self.scratch.start, stretch.copied);
        self.write_status(plan, stretch.in_scratch, 0);
        self.stage = Stage::SwapOut;
    }

    fn swap_out(&mut self, plan: &mut Plan<'_>, stretch: &Stretch) {
        let [primary, secondary] = plan.layout.slots;
        if self.step == 0 {
            plan.erase_trailer(secondary);
        }
        plan.erase_area_for_copy(stretch.erased(secondary));
        let (from, to) = (primary.start + stretch.offset, secondary.start + stretch.offset);
        plan.copy(from, to, stretch.copied);
        self.write_status(plan, stretch.in_scratch, 1);
        self.stage = Stage::SwapIn;
    }

    fn swap_in(&mut self, plan: &mut Plan<'_>, stretch: &Stretch) {
        let slot = plan.layout.primary();
        if stretch.in_scratch {
            plan.erase_trailer(slot);
        }
        plan.erase_area_for_copy(stretch.erased(slot));
        plan.copy(self.scratch.start, slot.start + stretch.offset, stretch.copied);
        if stretch.in_scratch {
            self.hand_over_trailer(plan);
        }
        self.write_status(plan, false, 2);
        if stretch.in_scratch {
            // Last page first: the trailer that would be taken for a swap under way goes at once.
            plan.erase_backwards(self.scratch);
        }
        let (page, per_step) = (plan.page(), self.scratch.page_count(plan.page()));
        let of = pages(self.size, page);
        let done = of.min((self.step + 1) * per_step);
        plan.note(BootEvent::Swapped { done: done as u16, of: of as u16 });
        self.step += 1;
        self.stage = Stage::Save;
    }

    /// Brings what the trailer of the scratch area says to the primary slot.
    fn hand_over_trailer(&self, plan: &mut Plan<'_>) {
        let slot = plan.layout.primary();
        let (from, to) = (plan.status_at(self.scratch, 0), plan.status_at(slot, 0));
        plan.copy(from, to, 2 * plan.view.geometry().write_size);
        let saved = plan.trailer(self.scratch);
        if saved.image_ok == Flag::Set {
            plan.write_flag(slot, Field::ImageOk);
        }
        let swap = SwapType::from_swap_info(saved.swap_info);
        let map = plan.map(slot);
        if swap != SwapType::None {
            plan.write(map.flag(Field::SwapInfo, swap.swap_info()));
        }
        plan.write(map.swap_size(self.size));
        plan.write(map.magic());
    }

    fn write_status(&self, plan: &mut Plan<'_>, in_scratch: bool, part: u8) {
        let area = if in_scratch { self.scratch } else { plan.layout.primary() };
        plan.write_status(area, 3 * self.step + u32::from(part), part + 1);
    }
}

impl Stretch {
    /// The pages of a slot to be erased, without those that went with the trailer.
    fn erased(&self, slot: Area) -> Area {
        let len = if self.in_scratch { self.trailer_page - self.offset } else { self.len };
        Area::new(slot.start + self.offset, len)
    }
}
