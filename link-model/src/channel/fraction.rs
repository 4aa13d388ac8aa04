//! Probabilities in units of 2^-64, so that a uniform 64-bit draw below one happens with it. All
//! arithmetic rounds down; a chain of a thousand products is off by less than 1e-16.

/// Both of two independent events.
#[inline]
pub(crate) const fn both(a: u64, b: u64) -> u64 {
    ((a as u128 * b as u128) >> 64) as u64
}

/// The opposite of an event; that of the impossible one is as good as certain.
#[inline]
pub(crate) const fn opposite(a: u64) -> u64 {
    if a == 0 { u64::MAX } else { a.wrapping_neg() }
}

/// The event `times` times, independently; once or more.
pub(crate) const fn each_time(a: u64, times: u32) -> u64 {
    let (mut result, mut power, mut left) = (u64::MAX, a, times);
    loop {
        if left & 1 == 1 {
            result = if result == u64::MAX { power } else { both(result, power) };
        }
        left >>= 1;
        if left == 0 {
            return result;
        }
        power = both(power, power);
    }
}

/// An exponentially distributed number with mean 1, in units of 2^-24, from one uniform draw.
///
/// -ln(u) = ln 2 * -log2(u); the bits of the fraction of log2 come from squaring the mantissa, so
/// that no platform's mathematics library has a say.
pub(crate) fn exponential(draw: u64) -> u64 {
    const FRACTION: u32 = 24;
    /// ln 2 in units of 2^-32.
    const LN_2: u64 = 0xb172_17f8;
    let draw = draw | 1;
    let zeros = draw.leading_zeros();
    // The mantissa lies in 1 to 2, in units of 2^-63.
    let mut mantissa = draw << zeros;
    let mut log = 0u64;
    for _ in 0..FRACTION {
        let square = u128::from(mantissa) * u128::from(mantissa);
        let carry = (square >> 127) as u32;
        log = log << 1 | u64::from(carry);
        mantissa = (square >> (63 + carry)) as u64;
    }
    let minus_log2 = (u64::from(zeros + 1) << FRACTION) - log;
    (minus_log2 * LN_2) >> 32
}

#[cfg(test)]
mod tests {
    #![expect(clippy::cast_precision_loss, reason = "numbers of a test are small")]

    use super::{both, each_time, exponential, opposite};
    use sim_core::Seed;

    const HALF: u64 = 1 << 63;

    #[test]
    fn products_and_powers_of_a_half() {
        assert_eq!(both(HALF, HALF), 1 << 62);
        assert_eq!([1, 2, 3, 10].map(|n| each_time(HALF, n)), [63, 62, 61, 54].map(|b| 1u64 << b));
        assert_eq!(opposite(HALF), HALF);
        assert_eq!((opposite(0), opposite(u64::MAX)), (u64::MAX, 1));
    }

    #[test]
    fn logarithms_of_known_draws() {
        let unit = f64::from(1 << 24);
        for (draw, expected) in
            [(HALF, 2f64.ln()), (u64::MAX, 0.0), (1, 64.0 * 2f64.ln()), (3 << 62, -0.75f64.ln())]
        {
            let got = exponential(draw) as f64 / unit;
            assert!((got - expected).abs() < 1e-6, "{draw:#x}: {got} for {expected}");
        }
    }

    /// Mean 1, and a share of 1/e above it.
    #[test]
    fn draws_are_exponentially_distributed() {
        let stream = Seed(3).stream("test");
        let draws: Vec<f64> = (0..100_000)
            .map(|n| exponential(stream.at(n, 0)) as f64 / f64::from(1 << 24))
            .collect();
        let mean = draws.iter().sum::<f64>() / 1e5;
        assert!((mean - 1.0).abs() < 0.01, "{mean}");
        let above = draws.iter().filter(|x| **x > 1.0).count() as f64 / 1e5;
        assert!((above - (-1f64).exp()).abs() < 0.005, "{above}");
    }
}
