//! NOR flash behind a serial bus: what its tables of parameters say, and how long its work takes.

use sim_core::Span;

/// Times of a serial flash and of the bus to it. Typical values; the factors lead to the longest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Qspi {
    /// Erasing 4 KiB.
    pub erase_4k: Span,
    /// Erasing 32 KiB.
    pub erase_32k: Span,
    /// Erasing 64 KiB.
    pub erase_64k: Span,
    /// Erasing the chip.
    pub erase_chip: Span,
    /// The longest erase, in typical ones.
    pub erase_max_factor: u32,
    /// Programming a whole page of [`Self::PAGE`] octets.
    pub program_page: Span,
    /// Programming the first octet of less than a page.
    pub program_first: Span,
    /// Programming each further octet.
    pub program_further: Span,
    /// The longest programming, in typical ones.
    pub program_max_factor: u32,
    /// Entering deep power-down.
    pub enter_power_down: Span,
    /// Leaving it.
    pub exit_power_down: Span,
    /// One octet on the bus; commands and addresses are not counted (model choice).
    pub octet_on_bus: Span,
}

impl Qspi {
    /// Octets that are programmed together.
    pub const PAGE: u32 = 256;

    /// MX25R6435F: its JEDEC SFDP basic table in Zephyr's `nrf52840dk_nrf52840.dts`, decoded by
    /// JESD216 (DWORD 10 erases, DWORD 11 programming), power-down times and bus of that devicetree:
    /// 8 MHz, four data lines.
    pub const fn mx25r6435f() -> Self {
        Self {
            erase_4k: Span::from_ms(48),
            erase_32k: Span::from_ms(240),
            erase_64k: Span::from_ms(480),
            erase_chip: Span::from_s(52),
            erase_max_factor: 8,
            program_page: Span::from_us(896),
            program_first: Span::from_us(32),
            program_further: Span::from_us(1),
            program_max_factor: 6,
            enter_power_down: Span::from_us(10),
            exit_power_down: Span::from_us(35),
            octet_on_bus: Span::from_ns(250),
        }
    }

    /// The longest that erasing 4 KiB takes.
    pub const fn erase_4k_max(&self) -> Span {
        Span::from_ns(self.erase_4k.as_ns() * self.erase_max_factor as u64)
    }

    /// The longest that programming a page takes.
    pub const fn program_page_max(&self) -> Span {
        Span::from_ns(self.program_page.as_ns() * self.program_max_factor as u64)
    }

    /// Time to erase `len` octets by steps of `step` octets, which is 4, 32 or 64 KiB; `None` for
    /// other steps. The drivers of this model erase by 4 KiB, the sectors of the boot loader.
    pub fn erase(&self, len: u32, step: u32) -> Option<Span> {
        let one = match step {
            0x1000 => self.erase_4k,
            0x8000 => self.erase_32k,
            0x1_0000 => self.erase_64k,
            _ => return None,
        };
        Some(one * u64::from(len.div_ceil(step)))
    }

    /// Time the chip takes to program `len` octets from the start of a page: whole pages by the
    /// time of a page, less than one by the times of its octets, but not longer than a page.
    pub const fn program(&self, len: u32) -> Span {
        let pages = self.program_page.as_ns() * (len / Self::PAGE) as u64;
        let rest = match len % Self::PAGE {
            0 => 0,
            octets => {
                self.program_first.as_ns() + self.program_further.as_ns() * (octets - 1) as u64
            }
        };
        let page = self.program_page.as_ns();
        Span::from_ns(pages + if rest < page { rest } else { page })
    }

    /// Time that `len` octets need on the bus.
    pub fn bus(&self, len: u32) -> Span {
        self.octet_on_bus * u64::from(len)
    }

    /// Time to write `len` octets at an address: each page goes over the bus and is programmed
    /// before the next one.
    pub(crate) fn write(&self, at: u32, len: u32) -> Span {
        let first = len.min((Self::PAGE - at % Self::PAGE) % Self::PAGE);
        self.program(first) + self.program(len - first) + self.bus(len)
    }
}

#[cfg(test)]
mod tests {
    use super::Qspi;
    use sim_core::Span;

    const QSPI: Qspi = Qspi::mx25r6435f();

    #[test]
    fn a_slot_is_erased_in_five_and_a_half_seconds_by_4_kib() {
        assert_eq!(QSPI.erase(0x76000, 0x1000), Some(Span::from_us(5_664_000)));
        assert_eq!(QSPI.erase(0x7_6000, 0x1_0000), Some(Span::from_us(8 * 480_000)));
        assert_eq!(QSPI.erase(0x76000, 0x2000), None);
        assert_eq!(QSPI.erase_4k_max(), Span::from_ms(384));
        assert_eq!(QSPI.program_page_max(), Span::from_us(5_376));
    }

    #[test]
    fn a_sector_is_programmed_by_pages_after_a_millisecond_of_bus() {
        assert_eq!(QSPI.program(4096), Span::from_us(14_336));
        assert_eq!(QSPI.bus(4096), Span::from_us(1024));
        assert_eq!(QSPI.write(0x1200_0000, 4096), Span::from_us(15_360));
    }

    #[test]
    fn less_than_a_page_takes_the_time_of_its_octets() {
        assert_eq!(QSPI.program(1), Span::from_us(32));
        assert_eq!(QSPI.program(4), Span::from_us(35));
        assert_eq!(QSPI.program(255), Span::from_us(286));
        assert_eq!(QSPI.program(260), Span::from_us(896 + 35));
        // The page in which a write begins and the one in which it ends count by themselves.
        let split = QSPI.program(56) + QSPI.program(44) + QSPI.bus(100);
        assert_eq!(QSPI.write(200, 100), split);
        assert_eq!(QSPI.write(200, 56), QSPI.program(56) + QSPI.bus(56));
        assert!(QSPI.program(255) < QSPI.program(256));
    }
}
