//! Connection parameters: what the Core Specification allows, and which of them a central takes
//! when its peripheral asks.

use serde::Serialize;
use sim_core::Span;

/// Unit of connection intervals and window offsets (Vol 6 Part B 4.5.1).
pub(crate) const INTERVAL_UNIT: Span = Span::from_us(1_250);
/// Unit of supervision timeouts (Vol 6 Part B 4.5.2).
const TIMEOUT_UNIT: Span = Span::from_ms(10);

/// Parameters of a connection (Vol 6 Part B 4.5.1, 4.5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnParams {
    /// Connection interval; 7.5 ms to 4 s in steps of 1.25 ms.
    pub interval: Span,
    /// Anchors that the peripheral may skip when it has nothing to send; 0 to 499.
    pub latency: u16,
    /// Supervision timeout; 100 ms to 32 s in steps of 10 ms.
    pub timeout: Span,
}

impl ConnParams {
    /// Parameters from the units of the air: 1.25 ms and 10 ms.
    pub const fn from_units(interval: u16, latency: u16, timeout: u16) -> Self {
        Self {
            interval: Span::from_us(interval as u64 * 1_250),
            latency,
            timeout: Span::from_ms(timeout as u64 * 10),
        }
    }
}

/// Parameters that a peripheral asks for, in the units of the air (Vol 6 Part B 2.4.2.16).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParamsRequest {
    /// Shortest interval that it can use, 1.25 ms.
    pub interval_min: u16,
    /// Longest interval that it can use, 1.25 ms.
    pub interval_max: u16,
    /// Anchors that it wants to skip.
    pub latency: u16,
    /// Supervision timeout, 10 ms.
    pub timeout: u16,
}

impl ParamsRequest {
    /// A request from times; `None` for one that the PDU cannot state.
    pub fn from_times(min: Span, max: Span, latency: u16, timeout: Span) -> Option<Self> {
        let units = |span: Span, unit: Span| {
            let whole = span.as_ns().is_multiple_of(unit.as_ns());
            whole.then(|| u16::try_from(span.as_ns() / unit.as_ns()).ok())?
        };
        Some(Self {
            interval_min: units(min, INTERVAL_UNIT)?,
            interval_max: units(max, INTERVAL_UNIT)?,
            latency,
            timeout: units(timeout, TIMEOUT_UNIT)?,
        })
    }

    /// The request as connection parameters, with its longest interval.
    pub const fn slowest(self) -> ConnParams {
        ConnParams::from_units(self.interval_max, self.latency, self.timeout)
    }

    const fn fastest(self) -> ConnParams {
        ConnParams::from_units(self.interval_min, self.latency, self.timeout)
    }
}

/// Why parameters are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ParamsRefusal {
    /// An interval is too short or too long.
    IntervalRange,
    /// An interval is no multiple of its step.
    IntervalStep,
    /// The longest interval is not far enough above the shortest.
    IntervalSpread,
    /// The peripheral would skip too many anchors.
    LatencyRange,
    /// The supervision timeout is too short or too long.
    TimeoutRange,
    /// The supervision timeout is no multiple of 10 ms.
    TimeoutStep,
    /// The peripheral may be silent for too long: (1 + latency) x interval.
    Silence,
    /// The supervision timeout leaves too few chances: it is no larger than a multiple of
    /// (1 + latency) x interval.
    TimeoutShort,
}

/// Whether the Core Specification allows these parameters: interval 7.5 ms to 4 s in steps of
/// 1.25 ms, latency up to 499, timeout 100 ms to 32 s in steps of 10 ms and larger than
/// (1 + latency) x interval x 2 (Vol 6 Part B 4.5.1, 4.5.2).
///
/// # Errors
/// The first rule that is broken.
pub fn core_check(interval: Span, latency: u16, timeout: Span) -> Result<(), ParamsRefusal> {
    let step = |span: Span, unit: Span| span.as_ns().is_multiple_of(unit.as_ns());
    holds(within(interval, 7_500, 4_000_000), ParamsRefusal::IntervalRange)?;
    holds(step(interval, INTERVAL_UNIT), ParamsRefusal::IntervalStep)?;
    holds(latency <= 499, ParamsRefusal::LatencyRange)?;
    holds(within(timeout, 100_000, 32_000_000), ParamsRefusal::TimeoutRange)?;
    holds(step(timeout, TIMEOUT_UNIT), ParamsRefusal::TimeoutStep)?;
    holds(timeout > silence(interval, latency) * 2, ParamsRefusal::TimeoutShort)
}

/// Longest silence of a healthy peripheral.
fn silence(interval: Span, latency: u16) -> Span {
    interval * (u64::from(latency) + 1)
}

fn within(span: Span, min_us: u64, max_us: u64) -> bool {
    Span::from_us(min_us) <= span && span <= Span::from_us(max_us)
}

fn holds(rule: bool, otherwise: ParamsRefusal) -> Result<(), ParamsRefusal> {
    if rule { Ok(()) } else { Err(otherwise) }
}

/// Which parameters a central takes when the peripheral asks for others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ParamsRule {
    /// Whatever the Core Specification allows.
    #[default]
    Any,
    /// Apple's Accessory Design Guidelines, as an Apple engineer states them (Apple developer
    /// forum, thread 773555).
    Apple,
    /// Apple's guidelines of 2013 (Bluetooth Accessory Design Guidelines 3.6, quoted on the list
    /// bluetooth-dev in December 2013), for accessories that are no HID.
    Apple2013,
}

impl ParamsRule {
    /// Whether a central of this rule takes what is asked for.
    ///
    /// # Errors
    /// The first rule that is broken, those of the Core Specification first.
    pub fn check(self, request: &ParamsRequest) -> Result<(), ParamsRefusal> {
        let ConnParams { interval: min, latency, timeout } = request.fastest();
        let max = request.slowest().interval;
        core_check(min, latency, timeout)?;
        core_check(max, latency, timeout)?;
        holds(min <= max, ParamsRefusal::IntervalSpread)?;
        match self {
            Self::Any => Ok(()),
            Self::Apple => apple(min, max, latency, timeout),
            Self::Apple2013 => apple_2013(min, max, latency, timeout),
        }
    }

    /// The parameters that the central makes of a request that it takes: the longest interval, as
    /// phones do; Apple's keep to multiples of 15 ms (model choice).
    pub fn choose(self, request: &ParamsRequest) -> ConnParams {
        let params = request.slowest();
        match self {
            Self::Any | Self::Apple2013 => params,
            Self::Apple => {
                let step = APPLE_STEP.as_ns();
                let interval = Span::from_ns(params.interval.as_ns() / step * step);
                ConnParams { interval, ..params }
            }
        }
    }
}

/// Step of the shortest interval, and least distance of the longest one from it.
const APPLE_STEP: Span = Span::from_ms(15);

fn apple(min: Span, max: Span, latency: u16, timeout: Span) -> Result<(), ParamsRefusal> {
    let silence = silence(max, latency);
    holds(min >= APPLE_STEP, ParamsRefusal::IntervalRange)?;
    holds(min.as_ns().is_multiple_of(APPLE_STEP.as_ns()), ParamsRefusal::IntervalStep)?;
    let both_shortest = min == APPLE_STEP && max == APPLE_STEP;
    holds(both_shortest || max >= min + APPLE_STEP, ParamsRefusal::IntervalSpread)?;
    holds(latency <= 30, ParamsRefusal::LatencyRange)?;
    holds(within(timeout, 6_000_000, 18_000_000), ParamsRefusal::TimeoutRange)?;
    holds(silence <= Span::from_s(6), ParamsRefusal::Silence)?;
    holds(timeout > silence * 3, ParamsRefusal::TimeoutShort)
}

fn apple_2013(min: Span, max: Span, latency: u16, timeout: Span) -> Result<(), ParamsRefusal> {
    let silence = silence(max, latency);
    let step = Span::from_ms(20);
    holds(min >= step, ParamsRefusal::IntervalRange)?;
    holds(max >= min + step, ParamsRefusal::IntervalSpread)?;
    holds(latency <= 4, ParamsRefusal::LatencyRange)?;
    holds(timeout <= Span::from_s(6), ParamsRefusal::TimeoutRange)?;
    holds(silence <= Span::from_s(2), ParamsRefusal::Silence)?;
    holds(timeout > silence * 3, ParamsRefusal::TimeoutShort)
}

/// Connection priority of an Android application (`BluetoothGatt.requestConnectionPriority`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AndroidPriority {
    /// `CONNECTION_PRIORITY_HIGH`.
    High,
    /// `CONNECTION_PRIORITY_BALANCED`, the state after connecting.
    Balanced,
    /// `CONNECTION_PRIORITY_LOW_POWER`.
    LowPower,
}

impl AndroidPriority {
    /// What Android asks its controller for: `gatt_{high,balanced,low}_priority_*` in the resources
    /// of AOSP's `GattService`; that takes a timeout of 5 s for all of them (older versions: 20 s).
    pub const fn request(self) -> ParamsRequest {
        let (interval_min, interval_max, latency) = match self {
            Self::High => (9, 12, 0),
            Self::Balanced => (24, 40, 0),
            Self::LowPower => (80, 100, 2),
        };
        ParamsRequest { interval_min, interval_max, latency, timeout: 500 }
    }
}

#[cfg(test)]
mod tests {
    use super::{AndroidPriority, ParamsRefusal, ParamsRequest, ParamsRule, core_check};
    use sim_core::Span;

    fn core(interval_us: u64, latency: u16, timeout_ms: u64) -> Result<(), ParamsRefusal> {
        core_check(Span::from_us(interval_us), latency, Span::from_ms(timeout_ms))
    }

    fn asks(
        rule: ParamsRule,
        ms: (u64, u64),
        latency: u16,
        timeout_ms: u64,
    ) -> Option<ParamsRefusal> {
        let (min, max) = (Span::from_ms(ms.0), Span::from_ms(ms.1));
        let request = ParamsRequest::from_times(min, max, latency, Span::from_ms(timeout_ms));
        rule.check(&request.expect("whole units")).err()
    }

    #[test]
    fn the_core_specification_bounds_each_parameter_and_ties_the_timeout_to_the_silence() {
        assert_eq!(core(7_500, 0, 100), Ok(()));
        assert_eq!(core(4_000_000, 0, 32_000), Ok(()));
        assert_eq!(core(6_250, 0, 1_000), Err(ParamsRefusal::IntervalRange));
        assert_eq!(core(4_001_250, 0, 32_000), Err(ParamsRefusal::IntervalRange));
        assert_eq!(core(8_000, 0, 1_000), Err(ParamsRefusal::IntervalStep));
        assert_eq!(core(7_500, 499, 7_510), Ok(()));
        assert_eq!(core(7_500, 500, 32_000), Err(ParamsRefusal::LatencyRange));
        assert_eq!(core(7_500, 0, 90), Err(ParamsRefusal::TimeoutRange));
        assert_eq!(core(7_500, 0, 32_010), Err(ParamsRefusal::TimeoutRange));
        assert_eq!(core(7_500, 0, 105), Err(ParamsRefusal::TimeoutStep));
        assert_eq!(core(100_000, 4, 1_000), Err(ParamsRefusal::TimeoutShort));
        assert_eq!(core(100_000, 4, 1_010), Ok(()));
    }

    #[test]
    fn a_central_without_rules_of_its_own_refuses_only_what_the_core_specification_does() {
        assert_eq!(asks(ParamsRule::Any, (15, 15), 0, 100), None);
        let crossed = asks(ParamsRule::Any, (30, 15), 0, 1_000);
        assert_eq!(crossed, Some(ParamsRefusal::IntervalSpread));
        assert_eq!(asks(ParamsRule::Any, (15, 100), 0, 200), Some(ParamsRefusal::TimeoutShort));
    }

    #[test]
    fn apple_refuses_by_each_of_its_rules() {
        let apple = |ms, latency, timeout| asks(ParamsRule::Apple, ms, latency, timeout);
        assert_eq!(apple((15, 15), 0, 6_000), None);
        assert_eq!(apple((15, 30), 30, 6_000), None);
        assert_eq!(apple((30, 60), 30, 6_000), None);
        assert_eq!(apple((10, 30), 0, 6_000), Some(ParamsRefusal::IntervalRange));
        assert_eq!(apple((20, 60), 0, 6_000), Some(ParamsRefusal::IntervalStep));
        assert_eq!(apple((30, 30), 0, 6_000), Some(ParamsRefusal::IntervalSpread));
        assert_eq!(apple((15, 20), 0, 6_000), Some(ParamsRefusal::IntervalSpread));
        assert_eq!(apple((15, 30), 31, 6_000), Some(ParamsRefusal::LatencyRange));
        assert_eq!(apple((15, 30), 0, 5_990), Some(ParamsRefusal::TimeoutRange));
        assert_eq!(apple((15, 30), 0, 18_010), Some(ParamsRefusal::TimeoutRange));
        assert_eq!(apple((150, 210), 30, 18_000), Some(ParamsRefusal::Silence));
        assert_eq!(apple((15, 65), 30, 6_000), Some(ParamsRefusal::TimeoutShort));
    }

    #[test]
    fn apple_in_2013_had_other_rules() {
        let apple = |ms, latency, timeout| asks(ParamsRule::Apple2013, ms, latency, timeout);
        assert_eq!(apple((20, 40), 4, 6_000), None);
        assert_eq!(apple((15, 40), 0, 6_000), Some(ParamsRefusal::IntervalRange));
        assert_eq!(apple((20, 35), 0, 6_000), Some(ParamsRefusal::IntervalSpread));
        assert_eq!(apple((20, 40), 5, 6_000), Some(ParamsRefusal::LatencyRange));
        assert_eq!(apple((20, 40), 0, 6_010), Some(ParamsRefusal::TimeoutRange));
        assert_eq!(apple((20, 500), 4, 6_000), Some(ParamsRefusal::Silence));
        assert_eq!(apple((20, 400), 4, 6_000), Some(ParamsRefusal::TimeoutShort));
    }

    #[test]
    fn the_longest_interval_is_chosen_and_apple_keeps_to_its_step() {
        let request =
            ParamsRequest { interval_min: 12, interval_max: 34, latency: 2, timeout: 600 };
        assert_eq!(ParamsRule::Any.choose(&request), request.slowest());
        let apples = ParamsRule::Apple.choose(&request);
        assert_eq!((apples.interval, apples.latency), (Span::from_ms(30), 2));
    }

    #[test]
    fn what_android_asks_for_is_lawful() {
        for priority in
            [AndroidPriority::High, AndroidPriority::Balanced, AndroidPriority::LowPower]
        {
            assert_eq!(ParamsRule::Any.check(&priority.request()), Ok(()));
        }
        assert_eq!(AndroidPriority::LowPower.request().slowest().interval, Span::from_ms(125));
    }

    #[test]
    fn times_that_no_pdu_can_state_make_no_request() {
        let odd = Span::from_us(11_300);
        assert_eq!(ParamsRequest::from_times(odd, odd, 0, Span::from_ms(420)), None);
        let ms = Span::from_ms(15);
        assert_eq!(ParamsRequest::from_times(ms, ms, 0, Span::from_ms(425)), None);
    }
}
