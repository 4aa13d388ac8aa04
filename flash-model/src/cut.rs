//! What a failing supply leaves of a flash operation that it interrupts.

use sim_core::Span;

/// How an operation is left when the supply fails during it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Nothing of it has happened: cuts strike between operations, as in MCUboot's own simulator.
    Atomic,
    /// Half of it has happened, in address order: the lower half of a page is erased; of n octets
    /// the first n / 2 are written, rounded down to whole words. A fixed rule, which does not depend
    /// on when the supply failed.
    Half,
    /// As much as its time allowed. Words written before are whole, and the bits of the word in
    /// progress that had to fall have fallen by chance. A page is untouched in the first tenth of
    /// its erase time and reads as erased in the last; between, each zero has risen by chance, the
    /// later the likelier. Weak cells, which read differently at each boot, are not modelled.
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

    /// The octets that a write of `data` has put down `after` its start, one word in `word`; to be
    /// ANDed with what is there.
    pub(crate) fn tear_write(self, after: Span, word: Span, data: &[u8]) -> Vec<u8> {
        match self {
            Self::Atomic => Vec::new(),
            Self::Half => data[..data.len() / 2 / 4 * 4].to_vec(),
            Self::Torn { draw } => {
                let (Some(whole), Some(begun)) = (
                    after.as_ns().checked_div(word.as_ns()),
                    after.as_ns().checked_rem(word.as_ns()),
                ) else {
                    return data.to_vec();
                };
                let done = (whole as usize).saturating_mul(4).min(data.len());
                let torn = (done + 4).min(data.len());
                let still_one = CERTAIN - begun * CERTAIN / word.as_ns();
                let mut octets = data[..torn].to_vec();
                for (n, octet) in octets.iter_mut().enumerate().skip(done) {
                    *octet |= chance_bits(draw, n as u64, still_one);
                }
                octets
            }
        }
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
    use sim_core::Span;

    const TORN: Cut = Cut::Torn { draw: 7 };
    const ERASE: Span = Span::from_ms(85);
    const WORD: Span = Span::from_us(41);

    #[test]
    fn an_atomic_cut_leaves_nothing() {
        let mut page = [0u8; 64];
        assert!(!Cut::Atomic.tear_erase(ERASE, ERASE, &mut page));
        assert_eq!(page, [0; 64]);
        assert!(Cut::Atomic.tear_write(ERASE, WORD, &[0; 64]).is_empty());
    }

    #[test]
    fn half_a_flag_is_nothing_and_half_a_magic_is_eight_octets() {
        assert!(Cut::Half.tear_write(Span::ZERO, WORD, &[1, 255, 255, 255]).is_empty());
        assert_eq!(Cut::Half.tear_write(Span::ZERO, WORD, &[0; 16]).len(), 8);
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
        let torn = TORN.tear_write(WORD * 2 + Span::from_us(20), WORD, &[0; 16]);
        assert_eq!(torn.len(), 12);
        assert_eq!(torn[..8], [0; 8]);
        let left = torn[8..].iter().map(|octet| octet.count_ones()).sum::<u32>();
        assert!(left > 4 && left < 28, "some bits of the word are still ones: {left}");
    }

    #[test]
    fn the_same_draw_leaves_the_same_bits() {
        let at = |draw| Cut::Torn { draw }.tear_write(Span::from_us(20), WORD, &[0; 64]);
        assert_eq!(at(1), at(1));
        assert_ne!(at(1), at(2));
    }
}
