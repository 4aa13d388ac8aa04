//! How a device divides its flash into partitions.

use crate::{Area, Geometry};

/// The partitions of a device with one updatable image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The boot loader.
    pub boot: Area,
    /// Primary and secondary slot.
    pub slots: [Area; 2],
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
        /// Size of the part.
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
    /// nRF52840 DK without scratch partition (Zephyr `dts/vendor/nordic/nrf52840_partition.dtsi`).
    pub const fn nrf52840dk() -> Self {
        Self {
            boot: Area::new(0, 0xc000),
            slots: [Area::new(0xc000, 0x76000), Area::new(0x82000, 0x76000)],
            storage: Some(Area::new(0xf8000, 0x8000)),
        }
    }

    /// The primary slot, which runs.
    pub const fn primary(&self) -> Area {
        self.slots[0]
    }

    /// The secondary slot, which takes uploads.
    pub const fn secondary(&self) -> Area {
        self.slots[1]
    }

    /// Whether the partitions begin and end at pages, lie inside the part, do not overlap, and the
    /// slots are not empty.
    pub fn check(&self, geometry: &Geometry) -> Result<(), LayoutError> {
        let named = self.named();
        for &(part, area) in named.iter().flatten() {
            let Area { start, len } = area;
            let page = geometry.page;
            if start % page != 0 || len % page != 0 {
                return Err(LayoutError::Unaligned { part, start, len, page });
            }
            if start.checked_add(len).is_none_or(|end| end > geometry.size) {
                return Err(LayoutError::OutOfPart { part, start, len, size: geometry.size });
            }
        }
        for (part, area) in named[1..3].iter().flatten() {
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

    fn named(&self) -> [Option<(&'static str, Area)>; 4] {
        [
            Some(("boot", self.boot)),
            Some(("primary", self.slots[0])),
            Some(("secondary", self.slots[1])),
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
