//! Sizes and times of a flash part, and stretches of it.

use sim_core::Span;

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

/// A flash part: sizes, times and what a word endures between erases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// What the part is called in reports.
    pub name: &'static str,
    /// Sizes.
    pub geometry: Geometry,
    /// Time to erase one page.
    pub erase_page: Span,
    /// Time to write one 32-bit word.
    pub write_word: Span,
    /// How often a word may be written between erases (nWRITE), a write of all ones included.
    pub writes_per_word: u8,
}

impl Geometry {
    /// The octets that one write pulse programs and that nWRITE counts by.
    pub const WORD: u32 = 4;

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

impl Part {
    /// nRF52840: 1 MiB, 85 ms a page (nrfx `NRFX_NVMC` page erase time), 41 us a word (nRF52840
    /// Product Specification, NVMC electrical specification).
    pub const fn nrf52840() -> Self {
        Self {
            name: "nrf52840",
            geometry: Geometry { size: 0x10_0000, page: 4096, write_size: 4 },
            erase_page: Span::from_ms(85),
            write_word: Span::from_us(41),
            writes_per_word: 2,
        }
    }

    /// nRF52833: 512 KiB, 87.5 ms a page, 42 us a word (nRF52833 Product Specification, NVMC; the
    /// same figures in BabbleSim's hardware model of the part).
    pub const fn nrf52833() -> Self {
        Self {
            name: "nrf52833",
            geometry: Geometry { size: 0x8_0000, page: 4096, write_size: 4 },
            erase_page: Span::from_us(87_500),
            write_word: Span::from_us(42),
            writes_per_word: 2,
        }
    }

    /// Time to write `len` octets: each started word takes its pulse.
    pub fn write_time(&self, len: u32) -> Span {
        self.write_word * u64::from(len.div_ceil(Geometry::WORD))
    }
}

#[cfg(test)]
mod tests {
    use super::{Area, Part};
    use sim_core::Span;

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

    #[test]
    fn a_buffer_of_512_takes_128_word_pulses() {
        assert_eq!(Part::nrf52840().write_time(512), Span::from_us(5_248));
        assert_eq!(Part::nrf52840().write_time(1), Span::from_us(41));
        assert_eq!(Part::nrf52833().write_time(512), Span::from_us(5_376));
    }
}
