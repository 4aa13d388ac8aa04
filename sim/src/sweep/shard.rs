//! Parts of a sweep that are run apart from each other.

use core::fmt;

/// The `number`th of `of` parts, counted from 1. It owns every `of`th run, so that parts take about
/// the same time and hold about the same number of runs of each cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shard {
    number: u64,
    of: u64,
}

impl Shard {
    /// All of a sweep.
    pub const WHOLE: Self = Self { number: 1, of: 1 };

    /// The `number`th of `of` parts; `None` when there is none such.
    pub const fn new(number: u64, of: u64) -> Option<Self> {
        if number >= 1 && number <= of { Some(Self { number, of }) } else { None }
    }

    /// Reads `3/16`.
    ///
    /// # Errors
    /// What was expected instead.
    pub fn parse(text: &str) -> Result<Self, String> {
        text.split_once('/')
            .and_then(|(number, of)| Self::new(number.parse().ok()?, of.parse().ok()?))
            .ok_or_else(|| format!("expected I/N with I from 1 to N, 3/16 for one; got {text:?}"))
    }

    /// Which part, from 1.
    pub const fn number(self) -> u64 {
        self.number
    }

    /// How many parts there are.
    pub const fn of(self) -> u64 {
        self.of
    }

    /// Whether this is all of a sweep.
    pub const fn is_whole(self) -> bool {
        self.of == 1
    }

    /// How many of `runs` runs it owns.
    pub const fn share(self, runs: u64) -> u64 {
        (runs + self.of - self.number) / self.of
    }

    /// The run that it carries out as its `place`th, counted from 0.
    pub const fn run(self, place: u64) -> u64 {
        place * self.of + self.number - 1
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

#[cfg(test)]
mod tests {
    use super::Shard;
    use proptest::prelude::*;

    #[test]
    fn what_is_no_part_is_refused() {
        for text in ["", "3", "0/4", "5/4", "1/0", "a/4", "1/4/2", "-1/4", "1.0/2"] {
            let e = Shard::parse(text).expect_err("must be refused");
            assert!(e.contains("I/N"), "{e}");
        }
        assert_eq!(Shard::parse("16/16").map(|s| s.to_string()), Ok("16/16".to_owned()));
    }

    proptest! {
        #[test]
        fn each_run_belongs_to_exactly_one_part(runs in 0_u64..200, of in 1_u64..30) {
            let mut owned = vec![0; runs as usize];
            for number in 1..=of {
                let shard = Shard::new(number, of).expect("in range");
                for place in 0..shard.share(runs) {
                    owned[shard.run(place) as usize] += 1;
                }
            }
            prop_assert!(owned.iter().all(|times| *times == 1));
        }
    }
}
