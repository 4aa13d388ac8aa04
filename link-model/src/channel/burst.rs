//! Bursts of loss: each data channel is good for a while, then bad for a while.

use super::fraction::exponential;
use super::selection::DATA_CHANNELS;
use sim_core::{Ppm, Seed, Span, Stream, Time};

/// A Gilbert-Elliott channel in continuous time, one per data channel index, with exponentially
/// distributed sojourns. Its state is a function of seed, channel and time, so that two clients
/// under one seed meet the same air. A lost packet is lost from its access address on, as in a
/// fade (model choice).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bursts {
    /// Mean time that a channel stays good; more than zero.
    pub good: Span,
    /// Mean time that it stays bad; more than zero.
    pub bad: Span,
    /// Probability that a packet is lost on a good channel.
    pub good_loss: Ppm,
    /// Probability that a packet is lost on a bad channel.
    pub bad_loss: Ppm,
}

/// One stay of a channel in a state.
#[derive(Clone, Copy, Debug)]
struct Sojourn {
    bad: bool,
    number: u32,
    until: Time,
}

/// The states of all data channels, each as of the last time that somebody asked for it.
#[derive(Clone, Debug)]
pub(crate) struct BurstStates {
    config: Bursts,
    sojourns: Stream,
    packets: Stream,
    channels: [Sojourn; DATA_CHANNELS as usize],
}

impl BurstStates {
    /// The states at the beginning: each channel is bad with the share of time that it is bad in
    /// the long run.
    pub(crate) fn new(seed: Seed, config: Bursts) -> Self {
        let sojourns = seed.stream("link.bursts");
        let (good, bad) = (u128::from(config.good.as_ns()), u128::from(config.bad.as_ns()));
        let share = ((bad << 64) / (good + bad).max(1)) as u64;
        let mut number = 0;
        let channels = [(); DATA_CHANNELS as usize].map(|()| {
            let bad = sojourns.at(number, u64::MAX) < share;
            number += 1;
            Sojourn { bad, number: 0, until: Time::ZERO }
        });
        let mut states =
            Self { config, sojourns, packets: seed.stream("link.bursts.packets"), channels };
        for channel in 0..DATA_CHANNELS {
            states.channels[usize::from(channel)].until = Time::ZERO + states.length(channel);
        }
        states
    }

    /// Whether a channel is bad at `now`, which must not lie before an earlier question for it.
    pub(crate) fn is_bad(&mut self, channel: u8, now: Time) -> bool {
        while self.channels[usize::from(channel)].until <= now {
            let sojourn = &mut self.channels[usize::from(channel)];
            sojourn.bad = !sojourn.bad;
            sojourn.number += 1;
            let length = self.length(channel);
            self.channels[usize::from(channel)].until += length;
        }
        self.channels[usize::from(channel)].bad
    }

    /// Whether a packet that begins on a channel at `now` is lost.
    pub(crate) fn loses(&mut self, channel: u8, now: Time, event: u64, packet: u32) -> bool {
        let bad = self.is_bad(channel, now);
        let loss = if bad { self.config.bad_loss } else { self.config.good_loss };
        loss.accepts(self.packets.at(event, packet.into()))
    }

    /// Length of a channel's present sojourn; never zero, so that time goes on.
    fn length(&self, channel: u8) -> Span {
        let Sojourn { bad, number, .. } = self.channels[usize::from(channel)];
        let mean = if bad { self.config.bad } else { self.config.good };
        let draw = self.sojourns.at(channel.into(), number.into());
        let ns = (u128::from(mean.as_ns()) * u128::from(exponential(draw))) >> 24;
        Span::from_ns((ns as u64).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::{BurstStates, Bursts};
    use sim_core::{Ppm, Seed, Span, Time};

    const BURSTS: Bursts = Bursts {
        good: Span::from_ms(3_000),
        bad: Span::from_ms(1_000),
        good_loss: Ppm::new(10_000),
        bad_loss: Ppm::new(900_000),
    };

    fn at(ms: u64) -> Time {
        Time::ZERO + Span::from_ms(ms)
    }

    #[test]
    fn a_state_does_not_depend_on_when_one_asked_before() {
        let (mut often, mut seldom) =
            (BurstStates::new(Seed(1), BURSTS), BurstStates::new(Seed(1), BURSTS));
        for ms in 0..60_000 {
            let state = often.is_bad(5, at(ms));
            if ms % 7_001 == 0 {
                assert_eq!(seldom.is_bad(5, at(ms)), state, "{ms} ms");
            }
        }
    }

    #[test]
    fn channels_change_on_their_own_and_are_bad_as_long_as_configured() {
        let mut states = BurstStates::new(Seed(6), BURSTS);
        let (mut bad, mut turns, mut together) = (0u32, 0u32, 0u32);
        let mut last = [false; 37];
        for ms in (0..600_000).step_by(10) {
            let now: Vec<bool> = (0..37).map(|channel| states.is_bad(channel, at(ms))).collect();
            bad += now.iter().filter(|bad| **bad).count() as u32;
            let turned = now.iter().zip(&last).filter(|(now, last)| now != last).count() as u32;
            turns += turned;
            together += u32::from(turned > 1);
            last.copy_from_slice(&now);
        }
        let share = f64::from(bad) / (37.0 * 60_000.0);
        assert!((share - 0.25).abs() < 0.01, "{share}");
        // 37 channels over 600 s with a cycle of 4 s: 11,100 turns.
        assert!((10_500..11_500).contains(&turns), "{turns}");
        assert!(together < turns / 5, "{together} of {turns}");
    }

    #[test]
    fn packets_are_lost_as_often_as_the_state_says() {
        let mut states = BurstStates::new(Seed(6), BURSTS);
        let (mut lost, mut all) = ([0u32; 2], [0u32; 2]);
        for event in 0..400_000u64 {
            let now = at(event);
            let state = usize::from(states.is_bad(9, now));
            all[state] += 1;
            lost[state] += u32::from(states.loses(9, now, event, 1));
        }
        let [good, bad] = [0, 1].map(|state| f64::from(lost[state]) / f64::from(all[state]));
        assert!((good - 0.01).abs() < 0.002 && (bad - 0.9).abs() < 0.01, "{good} {bad}");
    }
}
