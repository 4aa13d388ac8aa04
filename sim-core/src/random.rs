//! Named random streams from one seed.
//!
//! A component derives its stream from (seed, its path name), so a draw more in one place never
//! moves the draws of another. Indexed draws are functions of their coordinates, so two strategies
//! under one seed meet the same channel. The mixer is fixed here for good: a golden test pins the
//! first draws, and no crate's version can change a digest.

/// A probability in parts per million, as scenarios state it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ppm(u32);

/// The one seed of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seed(pub u64);

/// One component's source of randomness.
#[derive(Clone, Debug)]
pub struct Stream {
    key: u64,
    drawn: u64,
}

impl Ppm {
    /// Never.
    pub const ZERO: Self = Self(0);
    /// Always.
    pub const ONE: Self = Self(1_000_000);

    /// A probability; values above one million are taken as certain.
    pub const fn new(ppm: u32) -> Self {
        Self(if ppm > 1_000_000 { 1_000_000 } else { ppm })
    }

    /// Parts per million.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// Whether a uniform draw falls inside this probability, exactly: no draw passes at zero, every
    /// draw at one.
    #[inline]
    pub const fn accepts(self, draw: u64) -> bool {
        // The high half of draw * 1e6 is uniform in 0..1e6.
        (((draw as u128) * 1_000_000) >> 64) < self.0 as u128
    }
}

impl Seed {
    /// The stream of the component with this path name, `link.channel` for one.
    pub fn stream(self, path: &str) -> Stream {
        let mut key = mix(self.0 ^ 0x6a09_e667_f3bc_c908);
        for &b in path.as_bytes() {
            key = mix(key ^ u64::from(b));
        }
        Stream { key, drawn: 0 }
    }
}

impl Stream {
    /// The next draw in sequence, uniform over all 64 bits.
    pub fn draw(&mut self) -> u64 {
        self.drawn += 1;
        mix(self.key.wrapping_add(self.drawn.wrapping_mul(GOLDEN)))
    }

    /// The next draw in sequence, uniform in `0..bound` (0 for a bound of 0).
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.draw()) * u128::from(bound)) >> 64) as u64
    }

    /// The draw at coordinates (a, b), whatever was drawn before; uniform over all 64 bits.
    #[inline]
    pub const fn at(&self, a: u64, b: u64) -> u64 {
        let once = mix(self.key ^ a.wrapping_mul(GOLDEN).wrapping_add(0x3c6e_f372_fe94_f82b));
        mix(once ^ b.wrapping_mul(0xd6e8_feb8_6659_fd93))
    }
}

/// 2^64 divided by the golden ratio, odd: the increment of `SplitMix64`.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// The finaliser of `SplitMix64` (Steele, Lea, Flood, "Fast splittable pseudorandom number
/// generators", OOPSLA 2014), variant 13 of Stafford's mixers.
#[inline]
const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::{Ppm, Seed};

    #[test]
    fn the_first_draws_are_pinned_for_good() {
        let mut s = Seed(1).stream("link.channel");
        let drawn = [s.draw(), s.draw(), s.draw(), s.at(0, 0), s.at(1, 0), s.at(0, 1)];
        assert_eq!(
            drawn,
            [
                0x7eae_8816_06ff_0530,
                0x52ff_da23_fbff_f994,
                0xff57_4532_051a_6876,
                0xc5cc_0fb3_9436_88be,
                0xba06_e8df_b2d8_f30f,
                0x4254_2ef1_1f2b_2840
            ],
            "{drawn:#018x?}"
        );
    }

    #[test]
    fn indexed_draws_do_not_depend_on_what_was_drawn_before() {
        let mut s = Seed(7).stream("a");
        let before = s.at(3, 4);
        s.draw();
        assert_eq!(s.at(3, 4), before);
        assert_ne!(s.at(4, 3), before);
    }

    #[test]
    fn streams_differ_by_name_and_by_seed() {
        assert_ne!(Seed(1).stream("a").draw(), Seed(1).stream("b").draw());
        assert_ne!(Seed(1).stream("a").draw(), Seed(2).stream("a").draw());
    }

    #[test]
    fn a_probability_is_met_within_three_deviations() {
        let s = Seed(5).stream("coin");
        let hits = (0..1_000_000u64).filter(|&i| Ppm::new(20_000).accepts(s.at(i, 0))).count();
        assert!((19_580..=20_420).contains(&hits), "{hits}");
    }

    #[test]
    fn never_and_always_are_exact() {
        assert!(!Ppm::ZERO.accepts(0));
        assert!(Ppm::ONE.accepts(u64::MAX));
    }
}
