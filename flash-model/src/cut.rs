//! What a failing supply leaves of a flash operation that it interrupts.

use crate::{Geometry, Part};
use sim_core::Span;

/// How an operation is left when the supply fails during it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Nothing of it has happened: cuts strike between operations, as in MCUboot's own simulator.
    Atomic,
    /// Half of it has happened, in address order: the lower half of a page is erased; of n octets
    /// the first n / 2 are written, rounded down to whole words, or lines of resistive memory. A fixed rule, which does not depend
    /// on when the supply failed.
    Half,
    /// As much as its time allowed. Words written before are whole, and the bits of the word in
    /// progress that had to fall have fallen by chance. A page is untouched in the first tenth of
    /// its erase time and reads as erased in the last; between, each zero has risen by chance, the
    /// later the likelier. Weak cells, which read differently at each boot, are not modelled.
    ///
    /// What is written together: a word; a line of resistive memory, whose bits have changed either
    /// way by chance (its write buffer is lost; that the part's error correction may refuse such a
    /// line is not modelled); a page of an external part, while its octets are on the bus too (model
    /// choice).
    Torn {
        /// Where chance comes from: the same draw leaves the same bits.
        draw: u64,
    },
}

/// Chances are whole numbers out of this many.
const CERTAIN: u64 = 1 << 16;

impl Cut {
    /// Leaves of a page what an erase of `total` has done `after` its start; whether any of it.
    pub(crate) fn tear_erase(self, after: Span, total: Span, page: &mut [u8]) -> bool {
        match self {
            Self::Atomic => false,
            Self::Half => {
                let half = page.len() / 2;
                page[..half].fill(0xff);
                true
            }
            Self::Torn { draw } => {
                let tenth = total.as_ns() / 10;
                let beyond = after.as_ns().saturating_sub(tenth);
                if beyond == 0 {
                    return false;
                }
                // From the end of the first tenth to the start of the last: 0 to certainty.
                let risen = (beyond * CERTAIN).checked_div(8 * tenth).unwrap_or(CERTAIN);
                for (n, octet) in page.iter_mut().enumerate() {
                    *octet |= chance_bits(draw, n as u64, risen);
                }
                true
            }
        }
    }

    /// The octets that a write of `data` has put down `after` its start, where `old` octets lie at
    /// the address `at`; to be written.
    pub(crate) fn tear_write(
        self,
        part: &Part,
        (at, old): (u32, &[u8]),
        data: &[u8],
        after: Span,
    ) -> Vec<u8> {
        let draw = match self {
            Self::Atomic => return Vec::new(),
            Self::Half => {
                let unit =
                    if part.needs_erase() { Geometry::WORD } else { part.geometry.write_size };
                let half = data.len() / 2;
                return data[..half - half % unit as usize].to_vec();
            }
            Self::Torn { draw } => draw,
        };
        let (mut done, mut left) = (0, after);
        while done < data.len() {
            let (octets, time) = part.pulse(at + done as u32, (data.len() - done) as u32);
            if left < time {
                let changed = left.as_ns() * CERTAIN / time.as_ns();
                let torn = done + octets as usize;
                let mut written = data[..torn].to_vec();
                for (n, octet) in written.iter_mut().enumerate().skip(done) {
                    // NOR bits that had to fall stay ones; resistive ones stay what they were.
                    let kept = chance_bits(draw, n as u64, CERTAIN - changed);
                    let stays = if part.needs_erase() { 0xff } else { old[n] };
                    *octet = *octet & !kept | stays & kept;
                }
                return written;
            }
            left = left - time;
            done += octets as usize;
        }
        data.to_vec()
    }
}

/// Eight bits, each one with this chance out of [`CERTAIN`].
fn chance_bits(draw: u64, n: u64, chance: u64) -> u8 {
    let low = mix(draw ^ mix(2 * n));
    let high = mix(draw ^ mix(2 * n + 1));
    (0..8).fold(0, |octet, bit| {
        let word = if bit < 4 { low } else { high };
        let sample = word >> (16 * (bit % 4)) & (CERTAIN - 1);
        octet | u8::from(sample < chance) << bit
    })
}

/// The finaliser of `SplitMix64`: every input bit reaches every output bit.
const fn mix(mut x: u64) -> u64 {
    x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::Cut;
    use crate::Part;
    use sim_core::Span;

    const TORN: Cut = Cut::Torn { draw: 7 };
    const ERASE: Span = Span::from_ms(85);
    const WORD: Span = Span::from_us(41);

    /// What is left of a write to erased NOR flash.
    fn torn(cut: Cut, after: Span, data: &[u8]) -> Vec<u8> {
        cut.tear_write(&Part::nrf52840(), (0, &vec![0xff; data.len()]), data, after)
    }

    #[test]
    fn an_atomic_cut_leaves_nothing() {
        let mut page = [0u8; 64];
        assert!(!Cut::Atomic.tear_erase(ERASE, ERASE, &mut page));
        assert_eq!(page, [0; 64]);
        assert!(torn(Cut::Atomic, ERASE, &[0; 64]).is_empty());
    }

    #[test]
    fn half_a_flag_is_nothing_and_half_a_magic_is_eight_octets() {
        assert!(torn(Cut::Half, Span::ZERO, &[1, 255, 255, 255]).is_empty());
        assert_eq!(torn(Cut::Half, Span::ZERO, &[0; 16]).len(), 8);
        let mut page = [0u8; 64];
        assert!(Cut::Half.tear_erase(Span::ZERO, ERASE, &mut page));
        assert_eq!((page[31], page[32]), (0xff, 0));
    }

    #[test]
    fn a_torn_erase_raises_more_bits_the_later_it_is_cut() {
        let ones = |ms| {
            let mut page = vec![0u8; 4096];
            TORN.tear_erase(Span::from_ms(ms), ERASE, &mut page);
            page.iter().map(|octet| octet.count_ones()).sum::<u32>()
        };
        assert_eq!((ones(0), ones(8)), (0, 0));
        assert!(ones(20) > 0 && ones(20) < ones(42) && ones(42) < ones(70));
        let half = ones(42);
        assert!((15_000..18_000).contains(&half), "about half of 32768: {half}");
        assert_eq!((ones(77), ones(85)), (32_768, 32_768));
    }

    #[test]
    fn a_torn_write_keeps_whole_words_and_tears_one() {
        let torn = torn(TORN, WORD * 2 + Span::from_us(20), &[0; 16]);
        assert_eq!(torn.len(), 12);
        assert_eq!(torn[..8], [0; 8]);
        let left = torn[8..].iter().map(|octet| octet.count_ones()).sum::<u32>();
        assert!(left > 4 && left < 28, "some bits of the word are still ones: {left}");
    }

    #[test]
    fn the_same_draw_leaves_the_same_bits() {
        let at = |draw| torn(Cut::Torn { draw }, Span::from_us(20), &[0; 64]);
        assert_eq!(at(1), at(1));
        assert_ne!(at(1), at(2));
    }

    #[test]
    fn a_line_of_resistive_memory_is_torn_both_ways_and_the_rest_is_old() {
        let part = Part::nrf54l15();
        let old = [[0x00; 16], [0xff; 16]].concat();
        let data = [[0xff; 16], [0x00; 16]].concat();
        let line = part.write_time(16);
        let at = |after| TORN.tear_write(&part, (0x40, &old), &data, after);
        let ones = |octets: &[u8]| octets.iter().map(|octet| octet.count_ones()).sum::<u32>();
        let first = at(line / 2);
        assert_eq!(first.len(), 16);
        assert!((32..96).contains(&ones(&first)), "{first:x?}");
        let second = at(line + line / 2);
        assert_eq!(second[..16], data[..16]);
        assert!((32..96).contains(&ones(&second[16..])), "{second:x?}");
        assert_eq!(at(line * 2), data);
        let half = Cut::Half.tear_write(&part, (0, &old), &data[..24], line);
        assert!(half.is_empty(), "not a whole line");
    }

    #[test]
    fn the_bits_of_a_page_of_an_external_part_fall_together() {
        let part = Part::mx25r6435f();
        let data = vec![0; 1024];
        let page = part.write_time(256);
        let torn = TORN.tear_write(&part, (0x1200_0000, &data), &data, page + page / 2);
        assert_eq!(torn.len(), 512);
        assert_eq!(torn[..256], data[..256]);
        let left = torn[256..].iter().map(|octet| octet.count_ones()).sum::<u32>();
        assert!((900..1150).contains(&left), "about half of 2048: {left}");
    }
}
