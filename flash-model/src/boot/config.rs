//! How a boot loader was built, and what follows from it for a layout.

use crate::{Geometry, Layout, TrailerMap};

/// How two images change places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SwapMode {
    /// Without scratch area: the primary image first moves up by one page (MCUboot
    /// `MCUBOOT_SWAP_USING_MOVE`).
    Move,
}

/// How the boot loader was built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BootConfig {
    /// How images change places.
    pub mode: SwapMode,
    /// Most pages a slot may have (`BOOT_MAX_IMG_SECTORS`); fixes the length of the trailer.
    pub max_sectors: u32,
    /// Whether the primary image is hashed at each boot (`MCUBOOT_VALIDATE_PRIMARY_SLOT`).
    pub validate_primary: bool,
    /// Whether a lower version is erased instead of swapped in (`MCUBOOT_DOWNGRADE_PREVENTION`
    /// without security counters).
    pub downgrade_prevention: bool,
    /// SHA-256 speed in octets per second; at 0 hashing takes no time.
    pub sha_bytes_per_s: u32,
}

/// MCUboot's Zephyr port before v2.2.0: swap-move, 128 sectors, primary validated, downgrades
/// allowed; SHA-256 in software at 64 MHz taken as 500 kB/s.
impl Default for BootConfig {
    fn default() -> Self {
        Self {
            mode: SwapMode::Move,
            max_sectors: 128,
            validate_primary: true,
            downgrade_prevention: false,
            sha_bytes_per_s: 500_000,
        }
    }
}

impl BootConfig {
    /// Octets of the longest image, TLVs included, that this boot loader accepts (MCUboot
    /// `bootutil_max_image_size`, `app_max_size`): whole pages that neither slot needs for its
    /// trailer, less the page of the primary slot that moving up takes.
    pub fn max_image_len(&self, layout: &Layout, geometry: &Geometry) -> u32 {
        let SwapMode::Move = self.mode;
        let trailer = self.trailer_pages(layout, geometry) * geometry.page;
        let [primary, secondary] = layout.slots.map(|slot| slot.len.saturating_sub(trailer));
        primary.saturating_sub(geometry.page).min(secondary)
    }

    /// Swap status entries per sector.
    pub(super) const fn entries_per_sector(&self) -> u32 {
        let SwapMode::Move = self.mode;
        3
    }

    /// Pages at the end of a slot from the one in which the trailer starts.
    pub(super) fn trailer_pages(&self, layout: &Layout, geometry: &Geometry) -> u32 {
        TrailerMap::new(layout.primary(), geometry)
            .len(self.max_sectors, self.entries_per_sector())
            .div_ceil(geometry.page)
    }

    /// Whether the slots allow a swap (MCUboot `boot_slots_compatible`, `boot_read_sectors`): as
    /// many pages in both or one more in the primary, and no more than `max_sectors`. Slots that
    /// their own trailer would fill are refused too: MCUboot does not survive such a build.
    pub(super) fn slots_compatible(&self, layout: &Layout, geometry: &Geometry) -> bool {
        let SwapMode::Move = self.mode;
        let [primary, secondary] = layout.slots.map(|slot| slot.page_count(geometry.page));
        let fit = primary == secondary || primary == secondary + 1;
        fit && primary <= self.max_sectors && self.trailer_pages(layout, geometry) < secondary
    }
}

#[cfg(test)]
mod tests {
    use super::BootConfig;
    use crate::{Area, Geometry, Layout, Part};

    const GEOMETRY: Geometry = Part::nrf52840().geometry;

    fn slots(pages: [u32; 2]) -> Layout {
        let [a, b] = pages.map(|n| n * GEOMETRY.page);
        let slots = [Area::new(0xc000, a), Area::new(0xc000 + a, b)];
        Layout { slots, storage: None, ..Layout::nrf52840dk() }
    }

    #[test]
    fn the_longest_image_leaves_the_trailer_pages_and_one_more() {
        let config = BootConfig::default();
        assert_eq!(config.max_image_len(&Layout::nrf52840dk(), &GEOMETRY), 475_136);
        assert_eq!(config.max_image_len(&slots([13, 12]), &GEOMETRY), 11 * 4096);
        assert_eq!(config.max_image_len(&slots([1, 1]), &GEOMETRY), 0);
    }

    #[test]
    fn slots_may_differ_by_one_page_in_one_direction() {
        let config = BootConfig::default();
        let fits = |pages| config.slots_compatible(&slots(pages), &GEOMETRY);
        assert!(fits([12, 12]) && fits([13, 12]));
        assert!(!fits([12, 13]) && !fits([14, 12]));
        let small = BootConfig { max_sectors: 12, ..config };
        assert!(!small.slots_compatible(&slots([13, 12]), &GEOMETRY));
        assert!(small.slots_compatible(&slots([12, 12]), &GEOMETRY));
        assert!(!fits([1, 1]), "a trailer as long as the slot");
    }
}
