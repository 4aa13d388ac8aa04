//! Wi-Fi traffic on some of the data channels.

use super::Reception;
use super::fraction::{both, each_time, opposite};
use sim_core::Span;

/// Wi-Fi on a set of data channels, which takes a share u of the time with frames of mean length f
/// and exponentially distributed gaps. A packet of T us is hit with probability
/// 1 - (1 - u) * exp(-T * u / ((1 - u) * f)): the air is taken when it begins, or a frame begins
/// during it. What is hit is lost (model choice).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interference {
    /// Data channels, bit 0 for channel 0. The share is that of each of them.
    pub channels: u64,
    /// Probability 1 - u that the air is free, in units of 2^-64.
    pub idle: u64,
    /// Probability exp(-u / ((1 - u) * f)) that it stays so for one more microsecond, in units of
    /// 2^-64.
    pub stays_idle: u64,
}

impl Interference {
    /// Probability that a packet of this air time is hit on one of the channels, in units of 2^-64.
    pub fn hit(&self, air: Span) -> u64 {
        let us = u32::try_from(air.as_us()).unwrap_or(u32::MAX).max(1);
        opposite(both(self.idle, each_time(self.stays_idle, us)))
    }

    /// What this draw makes of a packet whose preamble and access address take `sync` of its time
    /// on the air: it is missed when these are hit.
    pub(crate) fn reception(&self, channel: u8, sync: Span, air: Span, draw: u64) -> Reception {
        if self.channels >> channel & 1 == 0 || draw >= self.hit(air) {
            Reception::Valid
        } else if draw >= self.hit(sync) {
            Reception::CrcError
        } else {
            Reception::Missed
        }
    }
}

/// Centre frequency of a data channel, MHz (Vol 6 Part B 1.4.1): from 2404 in steps of 2, without
/// the advertising channel at 2426.
pub const fn data_channel_mhz(channel: u8) -> u16 {
    let place = channel as u16 + if channel > 10 { 1 } else { 0 };
    2_404 + 2 * place
}

/// Data channels that a 20 MHz Wi-Fi channel covers, bit 0 for channel 0: those whose centre lies
/// less than 10 MHz from its own, which is 2412 MHz for channel 1 and 5 MHz higher for each further
/// one up to 13 (IEEE 802.11 clause 15.4.4.3). They are 8 to 10 of the 37.
pub const fn wifi_covers(wifi_channel: u8) -> u64 {
    let centre = 2_407 + 5 * wifi_channel as u16;
    let (mut covered, mut channel) = (0, 0);
    while channel < super::selection::DATA_CHANNELS {
        if data_channel_mhz(channel).abs_diff(centre) < 10 {
            covered |= 1 << channel;
        }
        channel += 1;
    }
    covered
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "counts are small and probabilities are positive"
    )]

    use super::{Interference, data_channel_mhz, wifi_covers};
    use crate::channel::{ChannelMap, Reception};
    use sim_core::{Seed, Span};

    fn wifi(share: f64, frame_us: f64) -> Interference {
        let unit = 2f64.powi(64);
        Interference {
            channels: wifi_covers(6),
            idle: ((1.0 - share) * unit) as u64,
            stays_idle: ((-share / ((1.0 - share) * frame_us)).exp() * unit) as u64,
        }
    }

    #[test]
    fn long_packets_are_hit_more_often() {
        let office = wifi(0.3, 500.0);
        for (us, expected) in [(328, 0.47), (1_064, 0.72), (2_120, 0.89)] {
            let hit = office.hit(Span::from_us(us)) as f64 / 2f64.powi(64);
            assert!((hit - expected).abs() < 0.005, "{us} us: {hit}");
        }
    }

    #[test]
    fn data_channels_lie_beside_the_advertising_channels() {
        let mhz = [0, 10, 11, 36].map(data_channel_mhz);
        assert_eq!(mhz, [2_404, 2_424, 2_428, 2_478]);
    }

    #[test]
    fn a_wifi_channel_covers_nine_or_ten_data_channels() {
        assert_eq!(wifi_covers(1), 0x1ff);
        assert_eq!(wifi_covers(6), 0x3ff << 11);
        assert_eq!(wifi_covers(11).count_ones(), 9);
        let all = (1..=13).fold(0, |all, channel| all | wifi_covers(channel));
        assert_eq!(all, ChannelMap::ALL.bits());
    }

    #[test]
    fn packets_are_hit_as_often_as_the_formula_says_and_only_where_wifi_is() {
        const DRAWS: u64 = 100_000;
        let (office, stream) = (wifi(0.3, 500.0), Seed(2).stream("test"));
        let (sync, air) = (Span::from_us(40), Span::from_us(2_120));
        let fates: Vec<Reception> =
            (0..DRAWS).map(|n| office.reception(15, sync, air, stream.at(n, 0))).collect();
        let share = |wanted| fates.iter().filter(|f| **f == wanted).count() as f64 / DRAWS as f64;
        let hit = |us: f64| 1.0 - 0.7 * (-us * 0.3 / (0.7 * 500.0)).exp();
        assert!((share(Reception::Missed) - hit(40.0)).abs() < 0.006);
        assert!((share(Reception::CrcError) - (hit(2_120.0) - hit(40.0))).abs() < 0.006);
        assert_eq!(office.reception(3, sync, air, 0), Reception::Valid);
    }
}
