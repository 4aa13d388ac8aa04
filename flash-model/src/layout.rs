//! How a device divides its flash into partitions.

use crate::{Area, Geometry};

/// The partitions of a device with one updatable image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The boot loader.
    pub boot: Area,
    /// Primary and secondary slot.
    pub slots: [Area; 2],
    /// Where a boot loader that swaps through a scratch area puts the pages of one step.
    pub scratch: Option<Area>,
    /// Settings and the like.
    pub storage: Option<Area>,
}

/// Why a layout does not fit a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    /// Partitions are erased by whole pages.
    #[error(
        "{part} partition ({start:#x} + {len:#x}) does not begin and end at a page of {page:#x}"
    )]
    Unaligned {
        /// Name of the partition.
        part: &'static str,
        /// Its first address.
        start: u32,
        /// Its length in octets.
        len: u32,
        /// Page size of the part.
        page: u32,
    },
    /// The flash is smaller than that.
    #[error("{part} partition ({start:#x} + {len:#x}) ends behind the flash ({size:#x})")]
    OutOfPart {
        /// Name of the partition.
        part: &'static str,
        /// Its first address.
        start: u32,
        /// Its length in octets.
        len: u32,
        /// First address behind the part.
        size: u32,
    },
    /// Two partitions share octets.
    #[error("{a} and {b} partition overlap")]
    Overlap {
        /// Name of one.
        a: &'static str,
        /// Name of the other.
        b: &'static str,
    },
    /// An image needs room.
    #[error("{part} partition is empty")]
    Empty {
        /// Name of the partition.
        part: &'static str,
    },
}

impl Layout {
    /// Every layout known by name.
    pub const PRESETS: &[(&str, Self)] = &[
        ("nrf52840dk", Self::nrf52840dk()),
        ("nrf52840dk-2022", Self::nrf52840dk_2022()),
        ("nrf52833dk", Self::nrf52833dk()),
        ("nrf5340dk", Self::nrf5340dk()),
        ("nrf54l15dk", Self::nrf54l15dk()),
        ("ncs", Self::ncs_partition_manager()),
    ];

    /// nRF52840 DK without scratch partition (Zephyr `dts/vendor/nordic/nrf52840_partition.dtsi`).
    pub const fn nrf52840dk() -> Self {
        Self {
            boot: Area::new(0, 0xc000),
            slots: [Area::new(0xc000, 0x76000), Area::new(0x82000, 0x76000)],
            scratch: None,
            storage: Some(Area::new(0xf8000, 0x8000)),
        }
    }

    /// nRF52840 DK with a scratch partition of 30 pages (Zephyr up to 3.2,
    /// `boards/arm/nrf52840dk_nrf52840/nrf52840dk_nrf52840.dts` of 2022 and before).
    pub const fn nrf52840dk_2022() -> Self {
        Self {
            boot: Area::new(0, 0xc000),
            slots: [Area::new(0xc000, 0x67000), Area::new(0x73000, 0x67000)],
            scratch: Some(Area::new(0xda000, 0x1e000)),
            storage: Some(Area::new(0xf8000, 0x8000)),
        }
    }

    /// nRF52833 DK, 512 KiB (Zephyr `boards/nordic/nrf52833dk/nrf52833dk_nrf52833.dts`).
    pub const fn nrf52833dk() -> Self {
        Self {
            boot: Area::new(0, 0xc000),
            slots: [Area::new(0xc000, 0x37000), Area::new(0x43000, 0x37000)],
            scratch: None,
            storage: Some(Area::new(0x7a000, 0x6000)),
        }
    }

    /// Application core of the nRF5340 DK, the slots for one image as the parts for TF-M and its
    /// non-secure image together (Zephyr `dts/vendor/nordic/nrf5340_cpuapp_partition.dtsi`). The 32
    /// KiB from 0xf0000 that TF-M keeps for itself belong to no partition here.
    pub const fn nrf5340dk() -> Self {
        Self {
            boot: Area::new(0, 0x1_0000),
            slots: [Area::new(0x1_0000, 0x7_0000), Area::new(0x8_0000, 0x7_0000)],
            scratch: None,
            storage: Some(Area::new(0xf_8000, 0x8000)),
        }
    }

    /// Application core of the nRF54L15 DK (Zephyr
    /// `dts/vendor/nordic/nrf54l15_cpuapp_partition.dtsi`). The last 96 KiB belong to the other core.
    pub const fn nrf54l15dk() -> Self {
        Self {
            boot: Area::new(0, 0x1_0000),
            slots: [Area::new(0x1_0000, 0xa_6000), Area::new(0xb_6000, 0xa_6000)],
            scratch: None,
            storage: Some(Area::new(0x15_c000, 0x9000)),
        }
    }

    /// nRF52840 with the partition manager of the nRF Connect SDK: MCUboot at 0
    /// (`CONFIG_PM_PARTITION_SIZE_MCUBOOT`), settings storage at the end
    /// (`CONFIG_PM_PARTITION_SIZE_SETTINGS_STORAGE`), and what is left shared equally by the slots
    /// (`share_size` in sdk-mcuboot `boot/zephyr/pm.yml`). The primary slot includes the 0x200 octets
    /// of `mcuboot_pad`, where the image header lies. Computed by that rule, not read from a build;
    /// a build's `partitions.yml` tells its own.
    pub const fn ncs_partition_manager() -> Self {
        const FLASH: u32 = 0x10_0000;
        const MCUBOOT: u32 = 0xc000;
        const SETTINGS: u32 = 0x2000;
        const SLOT: u32 = (FLASH - SETTINGS - MCUBOOT) / 2;
        Self {
            boot: Area::new(0, MCUBOOT),
            slots: [Area::new(MCUBOOT, SLOT), Area::new(MCUBOOT + SLOT, SLOT)],
            scratch: None,
            storage: Some(Area::new(FLASH - SETTINGS, SETTINGS)),
        }
    }

    /// The name of the layout that the development kit of a part has; of the nRF52840 DK for parts
    /// without one.
    pub fn preset_of(part: &str) -> &'static str {
        match part {
            "nrf52833" => "nrf52833dk",
            "nrf5340" => "nrf5340dk",
            "nrf54l15" => "nrf54l15dk",
            _ => "nrf52840dk",
        }
    }

    /// The layout of this name in [`Self::PRESETS`].
    pub fn preset(name: &str) -> Option<Self> {
        Self::PRESETS.iter().find(|(known, _)| *known == name).map(|(_, layout)| *layout)
    }

    /// The primary slot, which runs.
    pub const fn primary(&self) -> Area {
        self.slots[0]
    }

    /// The secondary slot, which takes uploads.
    pub const fn secondary(&self) -> Area {
        self.slots[1]
    }

    /// Whether the partitions begin and end at pages, lie inside the part, do not overlap, and
    /// neither slots nor scratch area are empty.
    pub fn check(&self, geometry: &Geometry) -> Result<(), LayoutError> {
        self.check_with(geometry, None)
    }

    /// The same for a device with an external part, whose addresses are given.
    pub fn check_with(
        &self,
        geometry: &Geometry,
        external: Option<Area>,
    ) -> Result<(), LayoutError> {
        let named = self.named();
        for &(part, area) in named.iter().flatten() {
            let Area { start, len } = area;
            let page = geometry.page;
            if start % page != 0 || len % page != 0 {
                return Err(LayoutError::Unaligned { part, start, len, page });
            }
            let array = external.filter(|external| start >= external.start);
            let array = array.unwrap_or(Area::new(0, geometry.size));
            if start.checked_add(len).is_none_or(|end| end > array.end()) {
                return Err(LayoutError::OutOfPart { part, start, len, size: array.end() });
            }
        }
        for (part, area) in named[1..4].iter().flatten() {
            if area.len == 0 {
                return Err(LayoutError::Empty { part });
            }
        }
        for (n, (a, first)) in named.iter().flatten().enumerate() {
            for (b, second) in named.iter().flatten().skip(n + 1) {
                if first.overlaps(second) {
                    return Err(LayoutError::Overlap { a, b });
                }
            }
        }
        Ok(())
    }

    fn named(&self) -> [Option<(&'static str, Area)>; 5] {
        [
            Some(("boot", self.boot)),
            Some(("primary", self.slots[0])),
            Some(("secondary", self.slots[1])),
            self.scratch.map(|area| ("scratch", area)),
            self.storage.map(|area| ("storage", area)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::{Layout, LayoutError};
    use crate::{Area, Part};

    const GEOMETRY: crate::Geometry = Part::nrf52840().geometry;

    #[test]
    fn the_dk_fits_its_part_without_a_gap() {
        let dk = Layout::nrf52840dk();
        assert_eq!(dk.check(&GEOMETRY), Ok(()));
        assert_eq!(dk.boot.end(), dk.primary().start);
        assert_eq!(dk.primary().end(), dk.secondary().start);
        assert_eq!(dk.storage.map(|s| (s.start, s.end())), Some((dk.secondary().end(), 0x10_0000)));
        assert_eq!(dk.primary().page_count(GEOMETRY.page), 118);
    }

    #[test]
    fn the_dk_does_not_fit_the_smaller_part() {
        let error = Layout::nrf52840dk().check(&Part::nrf52833().geometry).unwrap_err();
        assert!(
            matches!(error, LayoutError::OutOfPart { part: "primary", .. })
                || matches!(error, LayoutError::OutOfPart { part: "secondary", .. })
        );
    }

    #[test]
    fn every_preset_fits_its_part_and_uses_what_belongs_to_it_to_the_end() {
        for (name, layout) in Layout::PRESETS {
            let part = Part::ALL.into_iter().find(|part| Layout::preset_of(part.name) == *name);
            let part = part.unwrap_or(Part::nrf52840());
            assert_eq!(layout.check(&part.geometry), Ok(()), "{name}");
            assert_eq!(Layout::preset(name), Some(*layout));
            let parts = layout.named().into_iter().flatten().map(|(_, area)| area);
            let others = match part.name {
                "nrf5340" => 0x8000,
                "nrf54l15" => 96 * 1024,
                _ => 0,
            };
            let used = parts.map(|area| area.len).sum::<u32>();
            assert_eq!(used + others, part.geometry.size, "{name}");
        }
        assert_eq!(Layout::preset("nrf52841dk"), None);
    }

    #[test]
    fn the_partition_manager_shares_what_is_left_between_two_equal_slots() {
        let ncs = Layout::ncs_partition_manager();
        assert_eq!(ncs.primary(), Area::new(0xc000, 0x79000));
        assert_eq!(ncs.secondary(), Area::new(0x85000, 0x79000));
    }

    #[test]
    fn a_slot_may_lie_in_an_external_part_and_must_end_in_it() {
        let external = Area::new(0x1200_0000, 0x80_0000);
        let with = |secondary| {
            let dk = Layout::nrf52840dk();
            Layout { slots: [dk.primary(), secondary], ..dk }.check_with(&GEOMETRY, Some(external))
        };
        assert_eq!(with(Area::new(0x1200_0000, 0x76000)), Ok(()));
        assert_eq!(with(Area::new(0x127f_f000, 0x1000)), Ok(()));
        for out in [Area::new(0x127f_f000, 0x2000), Area::new(0x11ff_f000, 0x1000)] {
            let error = with(out).expect_err("ends behind its part");
            assert!(matches!(error, LayoutError::OutOfPart { part: "secondary", .. }));
        }
    }

    #[test]
    fn a_scratch_area_is_held_to_the_same_rules() {
        let good = Layout::nrf52840dk_2022();
        let scratch = |start, len| Layout { scratch: Some(Area::new(start, len)), ..good };
        assert!(matches!(
            scratch(0xda000, 0x1e800).check(&GEOMETRY),
            Err(LayoutError::Unaligned { part: "scratch", .. })
        ));
        assert_eq!(
            scratch(0xda000, 0x1f000).check(&GEOMETRY),
            Err(LayoutError::Overlap { a: "scratch", b: "storage" })
        );
        assert_eq!(
            scratch(0xd9000, 0x1f000).check(&GEOMETRY),
            Err(LayoutError::Overlap { a: "secondary", b: "scratch" })
        );
        assert_eq!(
            scratch(0xda000, 0).check(&GEOMETRY),
            Err(LayoutError::Empty { part: "scratch" })
        );
    }

    #[test]
    fn each_fault_is_named_with_its_partition() {
        let good = Layout::nrf52840dk();
        let slots = |a, b| Layout { slots: [a, b], ..good };
        let s = good.secondary();
        assert!(matches!(
            slots(Area::new(0xc004, 0x1000), s).check(&GEOMETRY),
            Err(LayoutError::Unaligned { part: "primary", .. })
        ));
        assert!(matches!(
            slots(Area::new(0xc000, 0x77000), s).check(&GEOMETRY),
            Err(LayoutError::Overlap { a: "primary", b: "secondary" })
        ));
        assert!(matches!(
            slots(Area::new(0xc000, 0), s).check(&GEOMETRY),
            Err(LayoutError::Empty { part: "primary" })
        ));
        assert!(matches!(
            slots(good.primary(), Area::new(0xffff_f000, 0x1000)).check(&GEOMETRY),
            Err(LayoutError::OutOfPart { part: "secondary", .. })
        ));
    }
}
