//! The steps a boot loader is about to take, and the vocabulary in which phases write them down.

use super::{BootConfig, BootMode};
use crate::trailer::{FLAG_SET, FieldBytes};
use crate::{
    Area, BootEvent, Field, Flag, FlashView, Layout, SwapType, Trailer, TrailerMap, image,
    swap_type,
};
use std::collections::VecDeque;

/// Octets that the boot loader copies in one go (MCUboot `boot_copy_region`).
pub(super) const COPY_CHUNK: u32 = 1024;

/// The smallest thing a boot loader does.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// Erases one page.
    Erase { at: u32 },
    /// Copies a chunk inside the flash.
    Copy { from: u32, to: u32, len: u32 },
    /// Writes a trailer field or status entry.
    Write(FieldBytes),
    /// Hashes octets.
    Hash { at: u32, len: u32 },
    /// Tells the trace.
    Note(BootEvent),
}

/// What a phase sees and where it puts its steps.
pub(super) struct Plan<'a> {
    pub(super) view: &'a dyn FlashView,
    pub(super) config: &'a BootConfig,
    pub(super) layout: &'a Layout,
    pub(super) steps: &'a mut VecDeque<Step>,
}

impl Plan<'_> {
    pub(super) fn page(&self) -> u32 {
        self.view.geometry().page
    }

    pub(super) fn trailer(&self, slot: Area) -> Trailer {
        Trailer::read_at(self.view, &self.map(slot))
    }

    pub(super) fn map(&self, slot: Area) -> TrailerMap {
        self.config.trailer_map(slot, &self.view.geometry())
    }

    /// Pages that belong to the trailer at the end of each slot.
    pub(super) fn trailer_pages(&self) -> u32 {
        self.config.trailer_pages(self.layout, &self.view.geometry())
    }

    /// What the trailers ask for.
    pub(super) fn swap_type(&self) -> SwapType {
        swap_type(self.view, self.layout, self.config.mode)
    }

    /// Address of an entry of an area's swap status.
    pub(super) fn status_at(&self, area: Area, entry: u32) -> u32 {
        let sectors = self.config.status_sectors(self.layout, area);
        self.map(area).status_at(entry, sectors, self.config.entries_per_sector())
    }

    /// Where the image in a slot lies, for a swap of this type.
    pub(super) fn image(&self, slot: usize, swap: SwapType) -> Area {
        if slot == 0 { self.layout.primary() } else { self.secondary_image(swap) }
    }

    /// Where the image in the secondary slot lies: swap-offset looks for an upload behind the first
    /// page and for the image of a revert at the start. When there is none, the trailers alone, not
    /// a swap that has begun, say where to look next (MCUboot `boot_read_image_header` of
    /// swap-offset).
    pub(super) fn secondary_image(&self, swap: SwapType) -> Area {
        let slot = self.layout.secondary();
        if self.config.mode != BootMode::SwapOffset {
            return slot;
        }
        let behind = self.behind_first_page(slot);
        let revert_due = self.swap_type() == SwapType::Revert;
        let first = if swap == SwapType::Revert || revert_due { slot } else { behind };
        if image::slot_header(self.view, first.start).is_ok() {
            return first;
        }
        if revert_due { behind } else { slot }
    }

    /// A slot without its first page.
    pub(super) fn behind_first_page(&self, slot: Area) -> Area {
        Area::new(slot.start + self.page(), slot.len - self.page())
    }

    /// Whether the image in a slot is acceptable, once it has been hashed.
    pub(super) fn accepts(&self, slot: usize, image: Area) -> bool {
        let limit = self.config.limit(self.layout, &self.view.geometry(), slot);
        image::judge(self.view, image, limit, &self.config.images).is_ok()
    }

    pub(super) fn note(&mut self, event: BootEvent) {
        self.steps.push_back(Step::Note(event));
    }

    pub(super) fn hash(&mut self, slot: usize, len: u32) {
        self.note(BootEvent::Hash { slot: slot as u8, len });
        let at = self.layout.slots[slot].start;
        self.steps.push_back(Step::Hash { at, len });
    }

    /// Erases the whole slot of an image that is bad for good, the first page first.
    pub(super) fn refuse(&mut self, slot: usize) {
        self.note(BootEvent::Refused { slot: slot as u8 });
        self.erase_area(self.layout.slots[slot]);
    }

    pub(super) fn erase(&mut self, at: u32) {
        self.steps.push_back(Step::Erase { at });
    }

    /// Erases a page that will be copied over. Where no erase is needed, nothing happens (MCUboot
    /// `boot_erase_region`); all other erases are to clear something away and become writes of ones
    /// there (`boot_scramble_region`).
    pub(super) fn erase_for_copy(&mut self, at: u32) {
        if self.view.needs_erase(at) {
            self.erase(at);
        }
    }

    /// Erases the pages of an area that will be copied over.
    pub(super) fn erase_area_for_copy(&mut self, area: Area) {
        if self.view.needs_erase(area.start) {
            self.erase_area(area);
        }
    }

    /// Erases the pages of an area, the first one first.
    pub(super) fn erase_area(&mut self, area: Area) {
        for at in (area.start..area.end()).step_by(self.page() as usize) {
            self.erase(at);
        }
    }

    /// Erases the pages of an area, the last one first.
    pub(super) fn erase_backwards(&mut self, area: Area) {
        let page = self.page();
        for n in 1..=area.page_count(page) {
            self.erase(area.end() - n * page);
        }
    }

    /// Copies one page.
    pub(super) fn copy_page(&mut self, from: u32, to: u32) {
        self.copy(from, to, self.page());
    }

    /// Copies octets in chunks.
    pub(super) fn copy(&mut self, from: u32, to: u32, len: u32) {
        for done in (0..len).step_by(COPY_CHUNK as usize) {
            let len = COPY_CHUNK.min(len - done);
            self.steps.push_back(Step::Copy { from: from + done, to: to + done, len });
        }
    }

    pub(super) fn write(&mut self, field: FieldBytes) {
        self.steps.push_back(Step::Write(field));
    }

    pub(super) fn write_flag(&mut self, slot: Area, field: Field) {
        self.write(self.map(slot).flag(field, FLAG_SET));
    }

    pub(super) fn write_status(&mut self, area: Area, entry: u32, value: u8) {
        let at = self.status_at(area, entry);
        self.write(self.map(area).status(at, value));
    }

    /// Erases the trailer pages of a slot, the last one first (MCUboot
    /// `swap_scramble_trailer_sectors`).
    pub(super) fn erase_trailer(&mut self, slot: Area) {
        let page = self.page();
        let pages = self.trailer_pages().min(slot.page_count(page));
        self.erase_backwards(Area::new(slot.end() - pages * page, pages * page));
    }

    /// Sets up a trailer for a swap.
    pub(super) fn init_trailer(&mut self, area: Area, swap: SwapType, swap_size: u32) {
        self.init_trailer_with(area, swap, swap_size, None);
    }

    /// Sets up a trailer for a swap (MCUboot `swap_status_init`). The magic comes last: it makes the
    /// rest count. A confirmation asked for in the secondary slot is taken over.
    pub(super) fn init_trailer_with(
        &mut self,
        area: Area,
        swap: SwapType,
        swap_size: u32,
        tlv_sizes: Option<[u16; 2]>,
    ) {
        let map = self.map(area);
        if swap != SwapType::None {
            self.write(map.flag(Field::SwapInfo, swap.swap_info()));
        }
        // The secondary trailer itself is set up right after its erase.
        let secondary = self.layout.secondary();
        if area != secondary && self.trailer(secondary).image_ok == Flag::Set {
            self.write_flag(area, Field::ImageOk);
        }
        self.write(map.swap_size(swap_size));
        if let Some(sizes) = tlv_sizes {
            self.write(map.tlv_sizes(sizes));
        }
        self.write(map.magic());
    }

    /// Confirms the primary image unless it says something already (MCUboot `swap_set_image_ok`).
    pub(super) fn confirm_primary(&mut self) {
        let slot = self.layout.primary();
        if self.trailer(slot).image_ok == Flag::Unset {
            self.write_flag(slot, Field::ImageOk);
        }
    }
}
