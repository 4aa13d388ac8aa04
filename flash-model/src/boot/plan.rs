//! The steps a boot loader is about to take, and the vocabulary in which phases write them down.

use super::BootConfig;
use crate::trailer::{FLAG_SET, FieldBytes};
use crate::{
    Area, BootEvent, Field, Flag, FlashView, Layout, SwapType, Trailer, TrailerMap, image,
};
use std::collections::VecDeque;

/// Octets that the boot loader copies in one go (MCUboot `boot_copy_region`).
const COPY_CHUNK: u32 = 1024;

/// The smallest thing a boot loader does.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// Erases one page.
    Erase { at: u32 },
    /// Copies a chunk inside the flash.
    Copy { from: u32, to: u32, len: u32 },
    /// Writes a trailer field or status entry.
    Write(FieldBytes),
    /// Hashes that many octets.
    Hash { len: u32 },
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
        Trailer::read(self.view, slot)
    }

    pub(super) fn map(&self, slot: Area) -> TrailerMap {
        TrailerMap::new(slot, &self.view.geometry())
    }

    /// Pages that belong to the trailer at the end of each slot.
    pub(super) fn trailer_pages(&self) -> u32 {
        self.config.trailer_pages(self.layout, &self.view.geometry())
    }

    /// Address of an entry of the primary slot's swap status.
    pub(super) fn status_at(&self, entry: u32) -> u32 {
        let per_sector = self.config.entries_per_sector();
        self.map(self.layout.primary()).status_at(entry, self.config.max_sectors, per_sector)
    }

    /// Whether the image in a slot is acceptable, once it has been hashed.
    pub(super) fn accepts(&self, slot: Area) -> bool {
        let limit = self.config.max_image_len(self.layout, &self.view.geometry());
        image::judge(self.view, slot, limit).is_ok()
    }

    pub(super) fn note(&mut self, event: BootEvent) {
        self.steps.push_back(Step::Note(event));
    }

    pub(super) fn hash(&mut self, slot: usize, len: u32) {
        self.note(BootEvent::Hash { slot: slot as u8, len });
        self.steps.push_back(Step::Hash { len });
    }

    pub(super) fn erase(&mut self, at: u32) {
        self.steps.push_back(Step::Erase { at });
    }

    /// Copies one page in chunks.
    pub(super) fn copy_page(&mut self, from: u32, to: u32) {
        let page = self.page();
        for done in (0..page).step_by(COPY_CHUNK as usize) {
            let len = COPY_CHUNK.min(page - done);
            self.steps.push_back(Step::Copy { from: from + done, to: to + done, len });
        }
    }

    pub(super) fn write(&mut self, field: FieldBytes) {
        self.steps.push_back(Step::Write(field));
    }

    pub(super) fn write_flag(&mut self, slot: Area, field: Field) {
        self.write(self.map(slot).flag(field, FLAG_SET));
    }

    pub(super) fn write_status(&mut self, entry: u32, value: u8) {
        let at = self.status_at(entry);
        self.write(self.map(self.layout.primary()).status(at, value));
    }

    /// Erases the trailer pages of a slot, the last one first (MCUboot
    /// `swap_scramble_trailer_sectors`).
    pub(super) fn erase_trailer(&mut self, slot: Area) {
        let page = self.page();
        for n in 1..=self.trailer_pages().min(slot.page_count(page)) {
            self.erase(slot.end() - n * page);
        }
    }

    /// Sets up the primary trailer for a swap (MCUboot `swap_status_init`). The magic comes last: it
    /// makes the rest count. A confirmation asked for in the secondary slot is taken over.
    pub(super) fn init_trailer(&mut self, swap: SwapType, swap_size: u32) {
        let [slot, secondary] = self.layout.slots;
        let map = self.map(slot);
        if swap != SwapType::None {
            self.write(map.flag(Field::SwapInfo, swap as u8));
        }
        if self.trailer(secondary).image_ok == Flag::Set {
            self.write_flag(slot, Field::ImageOk);
        }
        self.write(map.swap_size(swap_size));
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
