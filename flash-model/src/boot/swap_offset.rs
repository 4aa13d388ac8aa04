//! Swapping two images in place, the upload lying one page behind the start of the secondary slot
//! (MCUboot `swap_offset.c`): page by page from the start, the primary page goes to the free page of
//! the secondary slot, and the upload's page behind it comes to the primary slot. The old image ends
//! up at the start of the secondary slot; a revert goes the same way backwards.
//!
//! Two status entries are written per page. A page that lies behind the image it would copy, by
//! more than one page, is not copied; its entry is written all the same.

use super::plan::Plan;
use super::status::Interrupted;
use super::upgrade::{Unable, finish, larger_image, pages};
use crate::image::{image_len, slot_header};
use crate::{Area, BootEvent, Field, Magic, SwapType};

/// A swap in progress.
#[derive(Clone, Copy, Debug)]
pub(super) struct SwapOffset {
    swap: SwapType,
    /// Octets of the larger image.
    size: u32,
    /// Octets of the normal TLVs of both images, as a trailer that is set up says them. MCUboot does
    /// not read them back when it takes up a swap.
    tlv_sizes: [u16; 2],
    /// Pages of the primary and the secondary image.
    used: [u32; 2],
    /// Whether the primary trailer is set up already.
    initialised: bool,
    stage: Stage,
}

#[derive(Clone, Copy, Debug)]
enum Stage {
    /// Give a revert the request it lacks, so that it can be taken up again.
    Request { entries: u32 },
    /// Set up the primary trailer and drop the request.
    Trailers { entries: u32 },
    /// Carry out what the entry of this number, from 0, will say.
    Swap { entry: u32 },
    /// Note the outcome in the primary trailer.
    Finish,
    /// Nothing is left to do.
    Over,
}

impl SwapOffset {
    /// A swap from its beginning, or with the primary trailer set up but no page moved
    /// (`initialised`).
    pub(super) fn new(plan: &Plan<'_>, swap: SwapType, initialised: bool) -> Result<Self, Unable> {
        let images = [plan.layout.primary(), plan.secondary_image(swap)];
        let size = larger_image(plan, images)?;
        let slot_pages = plan.layout.primary().page_count(plan.page());
        let no_room = pages(size, plan.page()) + plan.trailer_pages() > slot_pages;
        let stage = if no_room { Stage::Finish } else { Stage::Request { entries: 0 } };
        let tlv_sizes = images.map(|image| normal_tlvs(plan, image));
        let used = used_pages(plan, images, tlv_sizes);
        Ok(Self { swap, size, tlv_sizes, used, initialised, stage })
    }

    /// A swap of which some status entries are written.
    pub(super) fn resume(plan: &Plan<'_>, found: &Interrupted, size: u32) -> Result<Self, Unable> {
        let last = pages(size, plan.page()) - 1;
        if last >= plan.layout.primary().page_count(plan.page()) {
            return Err(Unable::Assertion("rc == 0"));
        }
        let images = moved_images(plan, found, last);
        if images.iter().any(|image| slot_header(plan.view, image.start).is_err()) {
            return Err(Unable::NoHeader);
        }
        // As long as the first page is in progress, MCUboot goes through its preparations again.
        let entries = found.entries;
        let stage =
            if entries < 2 { Stage::Request { entries } } else { Stage::Swap { entry: entries } };
        let used = used_pages(plan, images, stated_tlvs(plan));
        let (swap, tlv_sizes) = (found.swap, [0, 0]);
        Ok(Self { swap, size, tlv_sizes, used, initialised: true, stage })
    }

    /// Whether pages will change places.
    pub(super) fn has_room(&self) -> bool {
        !matches!(self.stage, Stage::Finish)
    }

    /// Writes down the steps of the next page or stage; false when the swap is over.
    pub(super) fn refill(&mut self, plan: &mut Plan<'_>) -> bool {
        self.stage = match self.stage {
            Stage::Request { entries } => {
                self.request(plan);
                Stage::Trailers { entries }
            }
            Stage::Trailers { entries } => {
                self.trailers(plan);
                Stage::Swap { entry: entries }
            }
            Stage::Swap { entry } => self.swap(plan, entry),
            Stage::Finish => {
                finish(plan, self.swap);
                Stage::Over
            }
            Stage::Over => return false,
        };
        true
    }

    /// While the primary trailer is set up anew, nothing would tell of a revert; so the secondary
    /// trailer says so first: a request with `copy_done`.
    fn request(&self, plan: &mut Plan<'_>) {
        let slot = plan.layout.secondary();
        if self.swap == SwapType::Revert && plan.trailer(slot).magic == Magic::Unset {
            plan.erase_trailer(slot);
            plan.write_flag(slot, Field::CopyDone);
            self.init_trailer(plan, slot);
        }
    }

    fn trailers(&self, plan: &mut Plan<'_>) {
        if !self.initialised {
            plan.erase_trailer(plan.layout.primary());
            self.init_trailer(plan, plan.layout.primary());
        }
        plan.erase_trailer(plan.layout.secondary());
    }

    fn init_trailer(&self, plan: &mut Plan<'_>, slot: Area) {
        plan.init_trailer_with(slot, self.swap, self.size, Some(self.tlv_sizes));
    }

    fn swap(&self, plan: &mut Plan<'_>, entry: u32) -> Stage {
        let of = pages(self.size, plan.page());
        let done = entry / 2;
        if done >= of {
            if self.swap == SwapType::Revert {
                let slot = plan.layout.secondary();
                plan.erase(slot.start);
                plan.erase_trailer(slot);
            }
            return Stage::Finish;
        }
        let page = if self.swap == SwapType::Revert { of - 1 - done } else { done };
        let [primary, secondary] = plan.layout.slots.map(|slot| slot.start + page * plan.page());
        let behind = secondary + plan.page();
        let reverted = self.swap == SwapType::Revert;
        let (free, next) = if reverted { (behind, secondary) } else { (secondary, behind) };
        let slot = plan.layout.primary();
        if entry.is_multiple_of(2) {
            if page <= self.used[0] {
                plan.erase_for_copy(free);
                plan.copy_page(primary, free);
            }
            plan.write_status(slot, entry, 1);
        } else {
            if page <= self.used[1] {
                plan.erase_for_copy(primary);
                plan.copy_page(next, primary);
            }
            plan.write_status(slot, entry, 2);
            plan.note(BootEvent::Swapped { done: done as u16 + 1, of: of as u16 });
        }
        Stage::Swap { entry: entry + 1 }
    }
}

/// Where MCUboot looks for the headers of both images in a swap of which entries are written
/// (`boot_read_image_header` of swap-offset). It looks for the old one in the primary slot again
/// while the last page is in progress, where by then the new one lies.
fn moved_images(plan: &Plan<'_>, found: &Interrupted, last: u32) -> [Area; 2] {
    let [primary, secondary] = plan.layout.slots;
    let behind = plan.behind_first_page(secondary);
    let (page, second) = (found.entries / 2, found.entries % 2 == 1);
    if found.swap == SwapType::Revert || plan.swap_type() == SwapType::Revert {
        let old_moved = page > last || (page == last && second);
        let new_moved = page > last;
        return [
            if old_moved { behind } else { primary },
            if new_moved { primary } else { secondary },
        ];
    }
    let old_moved = (page > 0 || second) && page < last;
    [if old_moved { secondary } else { primary }, if page > 0 { primary } else { behind }]
}

/// Pages of both images, with so many octets of normal TLVs; 0 without a good header.
fn used_pages(plan: &Plan<'_>, images: [Area; 2], tlv_sizes: [u16; 2]) -> [u32; 2] {
    [0, 1].map(|n| {
        let header = slot_header(plan.view, images[n].start);
        let octets = header.map_or(0, |header| header.hashed_len() as u32);
        (octets + u32::from(tlv_sizes[n])).div_ceil(plan.page())
    })
}

/// Octets of an image's normal TLVs; 0 without a good image.
fn normal_tlvs(plan: &Plan<'_>, image: Area) -> u16 {
    let Ok(header) = slot_header(plan.view, image.start) else { return 0 };
    let end = image_len(plan.view, image).unwrap_or(0);
    end.saturating_sub(header.hashed_len() as u32) as u16
}

/// The TLV sizes as the primary trailer holds them.
fn stated_tlvs(plan: &Plan<'_>) -> [u16; 2] {
    let at = plan.map(plan.layout.primary()).at(Field::TlvSizes);
    let b = plan.view.bytes(at, 4);
    [u16::from_le_bytes([b[0], b[1]]), u16::from_le_bytes([b[2], b[3]])]
}
