//! Wall time and virtual time.

#![expect(clippy::disallowed_types, reason = "here the clock of the wall meets virtual time")]

use sim_core::{Span, Time};
use std::time::{Duration, Instant};

/// Largest factor; beyond, a tick of the event loop is half a minute of the device.
const MAX_SPEED: f64 = 10_000.0;
const MIN_SPEED: f64 = 0.001;

const YEAR: Duration = Duration::from_hours(24 * 365);

/// Maps the clock to virtual time: at some moment of the clock it was some virtual time, and since
/// then it runs so many times faster.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    started: Instant,
    origin: Time,
    speed: f64,
}

impl Pace {
    /// A pace that starts now at time zero.
    pub(crate) fn new(speed: f64) -> Self {
        Self { started: Instant::now(), origin: Time::ZERO, speed }
    }

    /// The same pace, with this virtual time being now.
    pub(crate) fn restarted_at(self, origin: Time) -> Self {
        Self { started: Instant::now(), origin, ..self }
    }

    /// Virtual time now.
    pub(crate) fn now(&self) -> Time {
        let elapsed = self.started.elapsed().mul_f64(self.speed);
        // Virtual time stops after three hundred years.
        let elapsed = u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX).min(u64::MAX / 2);
        self.origin + Span::from_ns(elapsed)
    }

    /// When that virtual time comes; `None` for what is more than a year ahead, or never.
    pub(crate) fn at(&self, time: Time) -> Option<Instant> {
        let after_start = time.since(self.origin).as_secs_f64() / self.speed;
        let after_start = Duration::try_from_secs_f64(after_start).ok()?;
        let near = time != Time::MAX && after_start < self.started.elapsed() + YEAR;
        near.then(|| self.started + after_start)
    }
}

/// Reads `--speed`.
pub(crate) fn speed(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(speed) if (MIN_SPEED..=MAX_SPEED).contains(&speed) => Ok(speed),
        _ => Err(format!("expected a factor from {MIN_SPEED} to {MAX_SPEED}, such as 1 or 20")),
    }
}

#[cfg(test)]
mod tests {
    use super::{Pace, speed};
    use sim_core::{Span, Time};
    use std::time::Duration;

    #[test]
    fn virtual_time_runs_faster_by_the_factor() {
        let pace = Pace::new(20.0).restarted_at(Time::ZERO + Span::from_s(5));
        assert!(pace.now() >= Time::ZERO + Span::from_s(5));
        let a = pace.at(Time::ZERO + Span::from_s(5)).expect("near");
        let b = pace.at(Time::ZERO + Span::from_s(25)).expect("near");
        assert_eq!(b - a, Duration::from_secs(1));
        assert_eq!(pace.at(Time::MAX), None);
    }

    #[test]
    fn a_speed_is_a_number_within_reason() {
        assert_eq!(speed("2.5"), Ok(2.5));
        for text in ["0", "-1", "nan", "inf", "fast", "1e9"] {
            assert!(speed(text).is_err(), "{text}");
        }
    }
}
