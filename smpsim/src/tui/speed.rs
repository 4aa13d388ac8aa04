//! How fast virtual time runs beside the clock on the wall.

use sim_core::Span;
use std::fmt;
use std::time::Duration;

/// A factor, or no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Speed {
    /// Virtual time per wall time, thousandths.
    Milli(u32),
    /// As fast as the machine can.
    Max,
}

/// What the keys step through.
const STEPS: &[Speed] = &[
    Speed::Milli(10),
    Speed::Milli(30),
    Speed::Milli(100),
    Speed::Milli(300),
    Speed::Milli(1_000),
    Speed::Milli(3_000),
    Speed::Milli(10_000),
    Speed::Milli(30_000),
    Speed::Milli(100_000),
    Speed::Max,
];

impl Speed {
    /// Reads `--speed`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        match text.parse::<f64>() {
            _ if text == "max" => Ok(Self::Max),
            Ok(factor) if (0.01..=1_000.0).contains(&factor) => {
                Ok(Self::Milli(thousandths(factor)))
            }
            _ => Err("expected max, or a factor from 0.01 to 1000 such as 10".to_owned()),
        }
    }

    /// The next faster step.
    pub(crate) fn faster(self) -> Self {
        STEPS.iter().copied().find(|step| *step > self).unwrap_or(self)
    }

    /// The next slower step.
    pub(crate) fn slower(self) -> Self {
        STEPS.iter().rev().copied().find(|step| *step < self).unwrap_or(self)
    }

    /// Virtual time that passes in this much wall time; `None` without a limit.
    pub(crate) fn span(self, wall: Duration) -> Option<Span> {
        match self {
            Self::Milli(milli) => {
                let wall = u64::try_from(wall.as_micros()).unwrap_or(u64::MAX);
                Some(Span::from_ns(wall.saturating_mul(milli.into())))
            }
            Self::Max => None,
        }
    }
}

#[expect(clippy::cast_sign_loss, reason = "a factor is not negative")]
fn thousandths(factor: f64) -> u32 {
    (factor * 1e3).round() as u32
}

impl fmt::Display for Speed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Max => write!(f, "max"),
            Self::Milli(milli) if milli % 1_000 == 0 => write!(f, "x{}", milli / 1_000),
            Self::Milli(milli) if milli < 1_000 && 1_000 % milli == 0 => {
                write!(f, "1/{}x", 1_000 / milli)
            }
            Self::Milli(milli) => write!(f, "x{}", f64::from(milli) / 1e3),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{STEPS, Speed};
    use sim_core::Span;
    use std::time::Duration;

    #[test]
    fn keys_lead_from_a_hundredth_to_no_limit_and_back() {
        let mut speed = STEPS[0];
        assert_eq!(speed.slower(), speed);
        for step in &STEPS[1..] {
            speed = speed.faster();
            assert_eq!(speed, *step);
        }
        assert_eq!(speed.faster(), Speed::Max);
        assert_eq!(Speed::Milli(20_000).slower(), Speed::Milli(10_000));
        assert_eq!(Speed::Milli(20_000).faster(), Speed::Milli(30_000));
    }

    #[test]
    fn a_factor_is_wall_time_times_so_much() {
        let wall = Duration::from_millis(20);
        assert_eq!(Speed::Milli(10).span(wall), Some(Span::from_us(200)));
        assert_eq!(Speed::Milli(30_000).span(wall), Some(Span::from_ms(600)));
        assert_eq!(Speed::Max.span(wall), None);
    }

    #[test]
    fn speeds_are_read_and_shown() {
        let shown = |text| Speed::parse(text).map(|speed| speed.to_string());
        assert_eq!(shown("max").as_deref(), Ok("max"));
        assert_eq!(shown("0.01").as_deref(), Ok("1/100x"));
        assert_eq!(shown("2.5").as_deref(), Ok("x2.5"));
        assert_eq!(shown("30").as_deref(), Ok("x30"));
        for text in ["0", "-1", "nan", "1001", "fast"] {
            assert!(shown(text).is_err(), "{text}");
        }
    }
}
