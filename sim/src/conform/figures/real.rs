//! Whole numbers and times of the models as the decimal fractions that rows state, and back.

use sim_core::Span;

/// Whole numbers below this are exact in a JSON number.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A count as a number.
#[expect(clippy::cast_precision_loss, reason = "figures have fewer than 53 bits")]
pub(super) fn real(n: u64) -> f64 {
    n as f64
}

/// A time in microseconds.
pub(super) fn us(span: Span) -> f64 {
    real(span.as_ns()) / 1e3
}

/// A time in milliseconds.
pub(super) fn ms(span: Span) -> f64 {
    real(span.as_ns()) / 1e6
}

/// The whole number that this is, if it is one.
#[expect(clippy::cast_sign_loss, reason = "negative numbers are none")]
pub(super) fn whole(n: f64) -> Option<u64> {
    (n >= 0.0 && n.fract() == 0.0 && n <= EXACT).then_some(n as u64)
}

/// The nearest number of millionths, of fractions up to some thousands.
pub(super) fn millionths(fraction: f64) -> Option<u32> {
    whole((fraction * 1e6).round())?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::{millionths, whole};

    #[test]
    fn only_whole_numbers_that_are_exact_count_as_such() {
        assert_eq!(whole(7.0), Some(7));
        for n in [-1.0, 0.5, 1e300, f64::NAN, f64::INFINITY] {
            assert_eq!(whole(n), None, "{n}");
        }
        assert_eq!((millionths(1.05), millionths(-0.5)), (Some(1_050_000), None));
    }
}
