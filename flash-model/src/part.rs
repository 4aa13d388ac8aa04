//! Flash parts: sizes, times, and what their cells endure.

use crate::Geometry;
use crate::qspi::Qspi;
use sim_core::Span;

/// A flash part. Times are typical values unless a field says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// What the part is called in scenarios and reports.
    pub name: &'static str,
    /// Sizes.
    pub geometry: Geometry,
    /// Time to erase one page; where none is needed, to fill one with ones.
    pub erase_page: Span,
    /// The longest that erasing one page takes, as its driver reckons.
    pub erase_page_max: Option<Span>,
    /// Time to erase the whole array at once.
    pub erase_all: Option<Span>,
    /// Nominal time at which a page erased in slices counts as erased (nrfx
    /// `NVMC_PAGE_ERASE_DURATION_MS`).
    pub partial_erase: Option<Span>,
    /// Time to write one 32-bit word among others that follow each other.
    pub write_word: Span,
    /// How often a word may be written between erases (nWRITE), a write of all ones included.
    pub writes_per_word: u8,
    /// How often a page may be erased, or a line written where no erase is needed.
    pub endurance: u32,
    /// What the cells are and how they are reached.
    pub memory: Memory,
}

/// What the cells of a part are and how they are reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// NOR flash of a microcontroller: a write turns ones into zeros, an erase turns a page into
    /// ones, and the processor halts meanwhile.
    Nor,
    /// Resistive memory of a microcontroller: a write changes bits both ways.
    Rram {
        /// Time to write one 32-bit word without the write buffer.
        write_word_unbuffered: Span,
    },
    /// NOR flash behind a serial bus, which erases and programs by itself.
    Qspi(Qspi),
}

impl Part {
    /// Every part known by name.
    pub const ALL: [Self; 6] = [
        Self::nrf52840(),
        Self::nrf52833(),
        Self::nrf5340(),
        Self::nrf5340_net(),
        Self::nrf54l15(),
        Self::mx25r6435f(),
    ];

    /// nRF52840: 1 MiB, 85 ms a page (`NVMC_PAGE_ERASE_DURATION_MS` in nrfx `nrfx_mdk_fixups.h`),
    /// 41 us a word, 169 ms for all, nWRITE and endurance (nRF52840 Product Specification, NVMC
    /// electrical specification), 89.7 ms at most (Zephyr `soc/nordic/nrf52/soc.h`,
    /// `FLASH_PAGE_ERASE_MAX_TIME_US`).
    pub const fn nrf52840() -> Self {
        Self {
            name: "nrf52840",
            geometry: Geometry { size: 0x10_0000, page: 4096, write_size: 4 },
            erase_page: Span::from_ms(85),
            erase_page_max: Some(Span::from_us(89_700)),
            erase_all: Some(Span::from_ms(169)),
            partial_erase: Some(Span::from_ms(85)),
            write_word: Span::from_us(41),
            writes_per_word: 2,
            endurance: 10_000,
            memory: Memory::Nor,
        }
    }

    /// nRF52833: 512 KiB, 87.5 ms a page, 42 us a word (nRF52833 Product Specification, NVMC; the
    /// same figures in BabbleSim's hardware model of the part); nrfx counts 87 ms.
    pub const fn nrf52833() -> Self {
        Self {
            name: "nrf52833",
            geometry: Geometry { size: 0x8_0000, page: 4096, write_size: 4 },
            erase_page: Span::from_us(87_500),
            erase_all: None,
            partial_erase: Some(Span::from_ms(87)),
            write_word: Span::from_us(42),
            ..Self::nrf52840()
        }
    }

    /// Application core of the nRF5340: 1 MiB, 87.5 ms a page, 173 ms for all, 43 us a word, nWRITE
    /// and endurance (nRF5340 Product Specification, NVMC electrical specification); nrfx counts
    /// 87 ms; 89.7 ms at most (Zephyr `soc/nordic/nrf53/soc.h`).
    pub const fn nrf5340() -> Self {
        Self {
            name: "nrf5340",
            erase_page: Span::from_us(87_500),
            erase_all: Some(Span::from_ms(173)),
            partial_erase: Some(Span::from_ms(87)),
            write_word: Span::from_us(43),
            ..Self::nrf52840()
        }
    }

    /// Network core of the nRF5340: 256 KiB in pages of 2048 octets (nrfx `nrfx_mdk_fixups.h`),
    /// times as the application core.
    pub const fn nrf5340_net() -> Self {
        Self {
            name: "nrf5340-net",
            geometry: Geometry { size: 0x4_0000, page: 2048, write_size: 4 },
            erase_all: None,
            ..Self::nrf5340()
        }
    }

    /// nRF54L15: 1524 KiB of RRAM, written in lines of 16 octets, 65 us a word without write buffer
    /// and 22 us on average with `WRITEBUFSIZE` = 1, 10,000 writes a line, bits changing both ways
    /// (nRF54L15 Datasheet, RRAMC, RRAM programming parameters). The model writes through the buffer
    /// of one line (model choice; Zephyr's `NRF_RRAM_WRITE_BUFFER_SIZE` sets it). No erase is
    /// needed; where software insists on one, it is a write of ones, by the 4096 octets of
    /// `erase-block-size` (Zephyr devicetree `nrf54l_05_10_15.dtsi`).
    pub const fn nrf54l15() -> Self {
        const WORD_US: u64 = 22;
        let geometry = Geometry { size: 1524 * 1024, page: 4096, write_size: 16 };
        Self {
            name: "nrf54l15",
            geometry,
            erase_page: Span::from_us(WORD_US * (geometry.page / Geometry::WORD) as u64),
            erase_page_max: None,
            erase_all: None,
            partial_erase: None,
            write_word: Span::from_us(WORD_US),
            writes_per_word: u8::MAX,
            endurance: 10_000,
            memory: Memory::Rram { write_word_unbuffered: Span::from_us(65) },
        }
    }

    /// MX25R6435F, the 8 MiB of external flash on Nordic's development kits, in the 4 KiB sectors
    /// and by the 4 octets that Zephyr's `nordic,qspi-nor` driver works with; times as in
    /// [`Qspi::mx25r6435f`]. Endurance: MX25R6435F data sheet, features.
    pub const fn mx25r6435f() -> Self {
        let qspi = Qspi::mx25r6435f();
        Self {
            name: "mx25r6435f",
            geometry: Geometry { size: 0x80_0000, page: 4096, write_size: 4 },
            erase_page: qspi.erase_4k,
            erase_page_max: Some(qspi.erase_4k_max()),
            erase_all: Some(qspi.erase_chip),
            partial_erase: None,
            write_word: qspi.program(Geometry::WORD),
            writes_per_word: u8::MAX,
            endurance: 100_000,
            memory: Memory::Qspi(qspi),
        }
    }

    /// The part of this name in [`Self::ALL`].
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.name == name)
    }

    /// Whether a page must be erased before other octets can be written to it.
    pub const fn needs_erase(&self) -> bool {
        !matches!(self.memory, Memory::Rram { .. })
    }

    /// Whether the processor halts while the part erases or writes.
    pub const fn halts_processor(&self) -> bool {
        !matches!(self.memory, Memory::Qspi(_))
    }

    /// The bus parameters of an external part.
    pub const fn qspi(&self) -> Option<&Qspi> {
        match &self.memory {
            Memory::Qspi(qspi) => Some(qspi),
            Memory::Nor | Memory::Rram { .. } => None,
        }
    }

    /// Time to erase the pages that `len` octets from the start of a page touch; no time where none
    /// needs it.
    pub fn erase_time(&self, len: u32) -> Span {
        if self.needs_erase() {
            self.erase_page * u64::from(len.div_ceil(self.geometry.page))
        } else {
            Span::ZERO
        }
    }

    /// Time to write `len` octets from the start of a word, or of a page of an external part: each
    /// started word takes its pulse.
    pub fn write_time(&self, len: u32) -> Span {
        self.write_time_at(0, len)
    }

    /// Time to write `len` octets at an address.
    pub(crate) fn write_time_at(&self, at: u32, len: u32) -> Span {
        match &self.memory {
            Memory::Nor | Memory::Rram { .. } => {
                self.write_word * u64::from(len.div_ceil(Geometry::WORD))
            }
            Memory::Qspi(qspi) => qspi.write(at, len),
        }
    }

    /// Time to read `len` octets before they can be written elsewhere: what lies in the
    /// processor's address space costs nothing.
    pub fn read_time(&self, len: u32) -> Span {
        self.qspi().map_or(Span::ZERO, |qspi| qspi.bus(len))
    }

    /// The first pulse of a write of `len` octets at an address: the octets that change together,
    /// and the time they take.
    pub(crate) fn pulse(&self, at: u32, len: u32) -> (u32, Span) {
        let unit = match &self.memory {
            Memory::Nor => Geometry::WORD,
            Memory::Rram { .. } => self.geometry.write_size,
            Memory::Qspi(_) => Qspi::PAGE,
        };
        let octets = len.min(unit - at % unit);
        (octets, self.write_time_at(at, octets))
    }
}

#[cfg(test)]
mod tests {
    use super::Part;
    use sim_core::Span;

    #[test]
    fn the_nrf52840_takes_85_ms_a_page_and_41_us_a_word() {
        let part = Part::nrf52840();
        assert_eq!(part.write_time(512), Span::from_us(128 * 41));
        assert_eq!(part.write_time(513), Span::from_us(129 * 41));
        assert_eq!(part.write_time(4096), Span::from_us(41_984));
        assert_eq!(part.erase_page, Span::from_ms(85));
        assert_eq!(part.erase_time(0x76000), Span::from_ms(10_030));
        assert_eq!(part.erase_time(1), Span::from_ms(85));
    }

    #[test]
    fn the_parts_of_one_family_differ_in_what_their_sheets_say() {
        let [app, net] = [Part::nrf5340(), Part::nrf5340_net()];
        assert_eq!(app.erase_time(65_536), Span::from_ms(1_400));
        assert_eq!((app.geometry.pages(), net.geometry.pages()), (256, 128));
        assert_eq!(net.erase_time(4096), app.erase_time(8192));
        assert_eq!(Part::nrf52833().partial_erase, Some(Span::from_ms(87)));
    }

    #[test]
    fn resistive_memory_needs_no_erase_and_22_us_a_word() {
        let part = Part::nrf54l15();
        assert_eq!(part.write_time(100_000), Span::from_ms(550));
        assert_eq!(part.erase_time(0x10_0000), Span::ZERO);
        assert_eq!(part.erase_page, part.write_time(4096));
        assert_eq!(part.geometry.max_align(), 16);
    }

    #[test]
    fn parts_are_found_by_their_names() {
        for part in Part::ALL {
            assert_eq!(Part::by_name(part.name), Some(part));
            let (octets, time) = part.pulse(0, 4096);
            assert!(time * u64::from(4096 / octets) == part.write_time(4096), "{}", part.name);
        }
        assert_eq!(Part::by_name("nrf52841"), None);
    }
}
