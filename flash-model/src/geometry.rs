//! Sizes of a flash part, and stretches of it.

/// Sizes of a flash part, in octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// Whole array.
    pub size: u32,
    /// Smallest erasable unit.
    pub page: u32,
    /// Writes start at a multiple of this and are a multiple of it long.
    pub write_size: u32,
}

/// A stretch of flash: `start` is an address in the array, `len` is in octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Area {
    /// First address.
    pub start: u32,
    /// Length in octets.
    pub len: u32,
}

impl Geometry {
    /// The octets that one write pulse programs and that nWRITE counts by.
    pub const WORD: u32 = 4;

    /// What an address or a length has beyond a multiple of `unit`, which must not be 0. Units of
    /// flash are powers of two nearly always, where a mask spares the division.
    #[inline]
    pub const fn beyond_unit(octets: u32, unit: u32) -> u32 {
        if unit.is_power_of_two() { octets & (unit - 1) } else { octets % unit }
    }

    /// Number of pages.
    pub const fn pages(&self) -> u32 {
        self.size / self.page
    }

    /// Spacing of the fields of an MCUboot trailer: 8, or the write size where that is larger
    /// (MCUboot `BOOT_MAX_ALIGN`).
    pub const fn max_align(&self) -> u32 {
        if self.write_size > 8 { self.write_size } else { 8 }
    }
}

impl Area {
    /// The stretch of `len` octets from `start`.
    pub const fn new(start: u32, len: u32) -> Self {
        Self { start, len }
    }

    /// First address behind the stretch.
    ///
    /// # Panics
    /// When it does not fit 32 bits; [`crate::Layout::check`] refuses such areas.
    pub const fn end(&self) -> u32 {
        self.start + self.len
    }

    /// Whether an address lies in the stretch.
    pub const fn contains(&self, at: u32) -> bool {
        at >= self.start && at - self.start < self.len
    }

    /// Whether the two stretches share an octet.
    pub const fn overlaps(&self, other: &Self) -> bool {
        self.len > 0 && other.len > 0 && (self.contains(other.start) || other.contains(self.start))
    }

    /// Number of pages of size `page` that the stretch touches when it starts at a page.
    pub const fn page_count(&self, page: u32) -> u32 {
        self.len.div_ceil(page)
    }

    /// Addresses of these pages, ascending.
    pub fn pages(&self, page: u32) -> impl DoubleEndedIterator<Item = u32> + use<> {
        let start = self.start;
        (0..self.page_count(page)).map(move |n| start + n * page)
    }
}

#[cfg(test)]
mod tests {
    use super::{Area, Geometry};

    #[test]
    fn what_is_beyond_a_unit_is_the_remainder_for_any_unit() {
        for unit in 1..70 {
            for octets in [0, 1, unit - 1, unit, unit + 1, 4096, 0xffff_fffe, u32::MAX] {
                assert_eq!(Geometry::beyond_unit(octets, unit), octets % unit, "{octets} {unit}");
            }
        }
    }

    #[test]
    fn neighbours_do_not_overlap_but_one_octet_more_does() {
        let a = Area::new(0x1000, 0x1000);
        assert!(!a.overlaps(&Area::new(0x2000, 0x1000)));
        assert!(!a.overlaps(&Area::new(0x0, 0x1000)));
        assert!(a.overlaps(&Area::new(0x1fff, 1)));
        assert!(a.overlaps(&Area::new(0x0, 0x1001)));
        assert!(a.overlaps(&Area::new(0x0, 0x9000)));
        assert!(!a.overlaps(&Area::new(0x1800, 0)));
    }

    #[test]
    fn pages_are_listed_from_the_start_and_a_started_page_counts() {
        let a = Area::new(0x3000, 0x1001);
        assert_eq!(a.page_count(0x1000), 2);
        assert_eq!(a.pages(0x1000).collect::<Vec<_>>(), [0x3000, 0x4000]);
        assert_eq!(a.pages(0x1000).next_back(), Some(0x4000));
    }
}
