//! What follows from a boot loader's build for a layout: lengths of trailers, the largest image, and
//! whether the slots fit together.

use super::{BootConfig, BootMode};
use crate::{Area, Field, Geometry, Layout, TrailerMap};

impl BootConfig {
    /// Octets of the longest image, TLVs included, that this boot loader accepts in both slots
    /// (MCUboot `bootutil_max_image_size`).
    pub fn max_image_len(&self, layout: &Layout, geometry: &Geometry) -> u32 {
        let [primary, secondary] = [0, 1].map(|slot| self.limit(layout, geometry, slot));
        match self.mode {
            BootMode::SingleSlot | BootMode::FirmwareLoader => primary,
            _ => primary.min(secondary),
        }
    }

    /// Where the image of an upload begins in a slot: swap-offset leaves a page before it.
    pub const fn upload_offset(&self, geometry: &Geometry) -> u32 {
        match self.mode {
            BootMode::SwapOffset => geometry.page,
            _ => 0,
        }
    }

    /// Where the fields of a slot's trailer lie.
    pub const fn trailer_map(&self, slot: Area, geometry: &Geometry) -> TrailerMap {
        let tlv_sizes = matches!(self.mode, BootMode::SwapOffset);
        TrailerMap::new(slot, geometry).with_tlv_sizes(tlv_sizes)
    }

    /// Swap status entries per sector (MCUboot `BOOT_STATUS_STATE_COUNT`).
    pub const fn entries_per_sector(&self) -> u32 {
        match self.mode {
            BootMode::SwapOffset => 2,
            BootMode::SingleSlot | BootMode::FirmwareLoader => 0,
            _ => 3,
        }
    }

    /// Sectors that the swap status of an area is for: those of one step in the scratch area.
    pub fn status_sectors(&self, layout: &Layout, area: Area) -> u32 {
        if layout.scratch == Some(area) { 1 } else { self.max_sectors }
    }

    /// Octets of a slot's trailer (MCUboot `boot_trailer_sz`).
    pub fn trailer_len(&self, slot: Area, geometry: &Geometry) -> u32 {
        self.trailer_map(slot, geometry).len(self.max_sectors, self.entries_per_sector())
    }

    /// Octets of the scratch area's trailer: its status is that of one step (MCUboot
    /// `boot_scratch_trailer_sz`).
    pub(super) fn scratch_trailer_len(&self, scratch: Area, geometry: &Geometry) -> u32 {
        self.trailer_map(scratch, geometry).len(1, self.entries_per_sector())
    }

    /// Longest image in one slot.
    pub(super) fn limit(&self, layout: &Layout, geometry: &Geometry, slot: usize) -> u32 {
        let area = layout.slots[slot];
        let map = self.trailer_map(area, geometry);
        match self.mode {
            BootMode::SwapMove | BootMode::SwapOffset => {
                let trailer = self.trailer_pages(layout, geometry) * geometry.page;
                let spare = usize::from(self.mode == BootMode::SwapOffset);
                let mut room = layout.slots.map(|slot| slot.len.saturating_sub(trailer));
                room[spare] = room[spare].saturating_sub(geometry.page);
                room[0].min(room[1])
            }
            BootMode::SwapScratch => {
                let trailer = self.trailer_len(area, geometry);
                let in_first_page = (trailer - 1) % geometry.page + 1;
                let scratch = layout.scratch.unwrap_or(Area::new(0, geometry.size));
                let padding =
                    self.scratch_trailer_len(scratch, geometry).saturating_sub(in_first_page);
                area.len.saturating_sub(trailer + padding)
            }
            BootMode::OverwriteOnly { .. } | BootMode::DirectXip { .. } | BootMode::RamLoad => {
                map.at(Field::SwapInfo).saturating_sub(area.start)
            }
            BootMode::SingleSlot | BootMode::FirmwareLoader => {
                area.len.saturating_sub(self.trailer_len(area, geometry))
            }
        }
    }

    /// Pages at the end of a slot from the one in which the trailer starts.
    pub(super) fn trailer_pages(&self, layout: &Layout, geometry: &Geometry) -> u32 {
        self.trailer_len(layout.primary(), geometry).div_ceil(geometry.page)
    }

    /// Whether the slots allow an upgrade (MCUboot `boot_slots_compatible`, `boot_read_sectors`).
    /// Slots that their own trailer would fill are refused too: MCUboot does not survive such a
    /// build.
    pub fn slots_compatible(&self, layout: &Layout, geometry: &Geometry) -> bool {
        let [primary, secondary] = layout.slots.map(|slot| slot.page_count(geometry.page));
        let fit = match self.mode {
            BootMode::SwapMove => primary == secondary || primary == secondary + 1,
            BootMode::SwapOffset => primary == secondary || primary + 1 == secondary,
            BootMode::SwapScratch => {
                primary == secondary && layout.scratch.is_some_and(|area| area.len > 0)
            }
            BootMode::OverwriteOnly { .. } => primary == secondary,
            _ => true,
        };
        fit && primary.max(secondary) <= self.max_sectors
            && self.trailer_pages(layout, geometry) < secondary
    }
}

#[cfg(test)]
mod tests {
    use super::{BootConfig, BootMode};
    use crate::{Area, Geometry, Layout, Part};

    const GEOMETRY: Geometry = Part::nrf52840().geometry;

    fn slots(pages: [u32; 2]) -> Layout {
        let [a, b] = pages.map(|n| n * GEOMETRY.page);
        let slots = [Area::new(0xc000, a), Area::new(0xc000 + a, b)];
        let scratch = Some(Area::new(0xf0000, 2 * GEOMETRY.page));
        Layout { slots, storage: None, scratch, ..Layout::nrf52840dk() }
    }

    fn mode(mode: BootMode) -> BootConfig {
        BootConfig { mode, ..BootConfig::default() }
    }

    #[test]
    fn the_longest_image_leaves_what_each_mode_needs() {
        let longest = |m, write_size| {
            let geometry = Geometry { write_size, ..GEOMETRY };
            let scratch = Some(Area::new(0xf8000, 0x8000));
            let layout = Layout { scratch, storage: None, ..Layout::nrf52840dk() };
            mode(m).max_image_len(&layout, &geometry)
        };
        assert_eq!(longest(BootMode::SwapMove, 4), 475_136);
        assert_eq!(longest(BootMode::SwapOffset, 4), 475_136);
        assert_eq!(longest(BootMode::SwapScratch, 4), 481_744);
        assert_eq!(longest(BootMode::SwapScratch, 8), 480_208);
        assert_eq!(longest(BootMode::OverwriteOnly { fast: true }, 4), 483_288);
        assert_eq!(longest(BootMode::DirectXip { revert: true }, 4), 483_288);
        assert_eq!(longest(BootMode::SingleSlot, 4), 483_280);
    }

    #[test]
    fn the_longest_image_of_swap_move_leaves_a_page_of_the_primary_slot() {
        let config = BootConfig::default();
        assert_eq!(config.max_image_len(&slots([13, 12]), &GEOMETRY), 11 * 4096);
        assert_eq!(config.max_image_len(&slots([1, 1]), &GEOMETRY), 0);
    }

    #[test]
    fn slots_may_differ_by_one_page_in_one_direction() {
        let fits = |m, pages| mode(m).slots_compatible(&slots(pages), &GEOMETRY);
        for m in [BootMode::SwapMove, BootMode::SwapOffset, BootMode::SwapScratch] {
            assert!(fits(m, [12, 12]));
            assert!(!fits(m, [14, 12]) && !fits(m, [12, 14]));
            assert!(!fits(m, [1, 1]), "a trailer as long as the slot");
        }
        assert!(fits(BootMode::SwapMove, [13, 12]) && !fits(BootMode::SwapMove, [12, 13]));
        assert!(fits(BootMode::SwapOffset, [12, 13]) && !fits(BootMode::SwapOffset, [13, 12]));
        assert!(!fits(BootMode::SwapScratch, [13, 12]) && !fits(BootMode::SwapScratch, [12, 13]));
        let small = BootConfig { max_sectors: 12, ..BootConfig::default() };
        assert!(!small.slots_compatible(&slots([13, 12]), &GEOMETRY));
        assert!(small.slots_compatible(&slots([12, 12]), &GEOMETRY));
    }
}
