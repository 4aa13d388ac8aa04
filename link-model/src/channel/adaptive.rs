//! Which data channels a central leaves out: those on which its packets go unanswered. The Core
//! Specification leaves the judgement to the implementation (Vol 6 Part B 4.5.8.1); the rules here
//! are a model choice.

use super::selection::{ChannelMap, DATA_CHANNELS, MIN_USED};
use sim_core::{Ppm, Span, Time};

/// Packets that a channel must have carried in a period before it is judged.
const MIN_TRIALS: u16 = 4;
/// Periods that a channel stays out.
const PERIODS_OUT: u64 = 8;

/// How a central judges its channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdaptiveMapConfig {
    /// Time between judgements; more than zero.
    pub period: Span,
    /// Share of failed packets above which a channel is left out.
    pub per_limit: Ppm,
    /// Fewest channels that stay in use, 2 to 37.
    pub min_channels: u8,
}

/// What a central knows of its channels, and which of them it wants to use.
#[derive(Clone, Debug)]
pub struct AdaptiveMap {
    config: AdaptiveMapConfig,
    /// Channels that the host allows.
    allowed: ChannelMap,
    wanted: ChannelMap,
    next: Time,
    good: [u16; DATA_CHANNELS as usize],
    bad: [u16; DATA_CHANNELS as usize],
    out_until: [Time; DATA_CHANNELS as usize],
}

impl AdaptiveMap {
    /// A central that knows nothing yet and uses all channels that its host allows.
    pub fn new(config: AdaptiveMapConfig, allowed: ChannelMap, now: Time) -> Self {
        Self {
            config,
            allowed,
            wanted: allowed,
            next: now + config.period,
            good: [0; DATA_CHANNELS as usize],
            bad: [0; DATA_CHANNELS as usize],
            out_until: [Time::ZERO; DATA_CHANNELS as usize],
        }
    }

    /// A packet of the central on this channel was acknowledged by the next one it heard, or was
    /// not: silence, a CRC error or a negative acknowledgement.
    pub fn note(&mut self, channel: u8, ok: bool) {
        let counts = if ok { &mut self.good } else { &mut self.bad };
        let count = &mut counts[usize::from(channel)];
        *count = count.saturating_add(1);
    }

    /// Judges the channels when a period is over; the new map, when it is another one.
    pub fn take_wanted(&mut self, now: Time) -> Option<ChannelMap> {
        if now < self.next {
            return None;
        }
        self.next = now + self.config.period;
        let wanted = self.judge(now);
        self.good.fill(0);
        self.bad.fill(0);
        (std::mem::replace(&mut self.wanted, wanted) != wanted).then_some(wanted)
    }

    /// The worst channels above the limit go as long as enough are left; those that have been out
    /// long enough come back.
    fn judge(&mut self, now: Time) -> ChannelMap {
        let least = self.config.min_channels.max(MIN_USED);
        let mut bits = self.wanted.bits();
        for channel in 0..DATA_CHANNELS {
            if self.allowed.contains(channel) && self.out_until[usize::from(channel)] <= now {
                bits |= 1 << channel;
            }
        }
        let mut order: [u8; DATA_CHANNELS as usize] = std::array::from_fn(|channel| channel as u8);
        order.sort_by_key(|channel| std::cmp::Reverse(self.over(*channel)));
        for channel in order {
            if bits.count_ones() <= u32::from(least) || self.over(channel).is_none() {
                break;
            }
            bits &= !(1 << channel);
            self.out_until[usize::from(channel)] = now + self.config.period * PERIODS_OUT;
        }
        ChannelMap::new(bits).expect("two channels or more are left")
    }

    /// Share of a channel's packets that failed, ppm, when it lies over the limit.
    fn over(&self, channel: u8) -> Option<u32> {
        let (good, bad) = (self.good[usize::from(channel)], self.bad[usize::from(channel)]);
        let trials = u64::from(good) + u64::from(bad);
        if trials < u64::from(MIN_TRIALS) {
            return None;
        }
        let rate = (u64::from(bad) * 1_000_000 / trials) as u32;
        (rate > self.config.per_limit.get()).then_some(rate)
    }
}

#[cfg(test)]
mod tests {
    use super::{AdaptiveMap, AdaptiveMapConfig, PERIODS_OUT};
    use crate::channel::ChannelMap;
    use sim_core::{Ppm, Span, Time};

    const CONFIG: AdaptiveMapConfig = AdaptiveMapConfig {
        period: Span::from_s(1),
        per_limit: Ppm::new(250_000),
        min_channels: 6,
    };

    fn at(s: u64) -> Time {
        Time::ZERO + Span::from_s(s)
    }

    fn noted(map: &mut AdaptiveMap, bad: impl Fn(u8) -> bool) {
        for channel in 0..37 {
            (0..10).for_each(|_| map.note(channel, !bad(channel)));
        }
    }

    #[test]
    fn bad_channels_leave_at_the_end_of_the_period_and_come_back_later() {
        let mut map = AdaptiveMap::new(CONFIG, ChannelMap::ALL, Time::ZERO);
        noted(&mut map, |channel| channel < 10);
        assert_eq!(map.take_wanted(at(0)), None);
        let wanted = map.take_wanted(at(1)).expect("ten channels are bad");
        assert_eq!(wanted.bits(), ChannelMap::ALL.bits() & !0x3ff);
        for s in 2..=PERIODS_OUT {
            assert_eq!(map.take_wanted(at(s)), None);
        }
        assert_eq!(map.take_wanted(at(PERIODS_OUT + 1)), Some(ChannelMap::ALL));
    }

    #[test]
    fn the_best_channels_stay_when_all_are_bad() {
        let mut map = AdaptiveMap::new(CONFIG, ChannelMap::ALL, Time::ZERO);
        noted(&mut map, |_| true);
        (20..26).for_each(|channel| (0..5).for_each(|_| map.note(channel, true)));
        assert_eq!(map.take_wanted(at(1)).map(ChannelMap::bits), Some(0x3f << 20));
    }

    #[test]
    fn little_evidence_and_a_low_rate_change_nothing() {
        let mut map = AdaptiveMap::new(CONFIG, ChannelMap::ALL, Time::ZERO);
        (0..3).for_each(|_| map.note(7, false));
        (0..25).for_each(|_| map.note(8, false));
        (0..75).for_each(|_| map.note(8, true));
        assert_eq!(map.take_wanted(at(1)), None);
    }

    #[test]
    fn channels_that_the_host_forbids_never_come_in() {
        let allowed = ChannelMap::new(0xff_ff00).expect("sixteen channels");
        let mut map = AdaptiveMap::new(CONFIG, allowed, Time::ZERO);
        noted(&mut map, |channel| channel < 12);
        assert_eq!(map.take_wanted(at(1)).map(ChannelMap::bits), Some(0xff_f000));
        assert_eq!(map.take_wanted(at(9)), Some(allowed));
    }
}
