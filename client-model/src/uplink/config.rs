//! What the line between host and gateway is like, and when octets come over it.

use sim_core::{Span, Time};

/// The stream by which a gateway gets the image from a host, and the ring that it is kept in.
///
/// Where no source is named, the rules are a model choice; the defaults of block, ring and start
/// are those of a user's gateway (console log of January 2023: blocks of 1000 octets, the
/// connection begun when 131,000 were there, which is what fits 128 KiB).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UplinkConfig {
    /// Octets a second that the line brings; 0 counts as 1.
    pub rate: u32,
    /// From asking to the first octet that answers, a round trip.
    pub latency: Span,
    /// Times at which the line brings nothing.
    pub outages: Option<Outages>,
    /// Octets of a block, 0 counts as 1. A block is there when its last octet has come.
    pub block: u32,
    /// Octets of the ring, 0 counts as 1.
    pub ring: u32,
    /// Octets that must be there before the client connects; never more than the image.
    pub start: u32,
    /// Whether the host waits while the ring is full. Otherwise it sends on, what finds no room is
    /// dropped, and the gateway asks again from there.
    pub flow_control: bool,
}

/// Times at which the line brings nothing, again and again. What was on its way comes afterwards;
/// nothing is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outages {
    /// From the begin of one to the begin of the next.
    pub every: Span,
    /// How long each lasts, less than `every`.
    pub length: Span,
    /// Begin of the one that begins first after the start of the run, less than `every`.
    pub first: Span,
}

impl Outages {
    /// When work that may begin at `start` and needs `work` of the line is done.
    fn done(&self, start: Time, work: Span) -> Time {
        let (every, length) = (self.every.as_ns().max(1), self.length.as_ns());
        let usable = every.saturating_sub(length).max(1);
        let first = self.first.as_ns() % every;
        // How far into its period `start` lies; a period begins with its outage.
        let into = (start.as_ns() % every + every - first) % every;
        let wait = length.saturating_sub(into);
        let left = every - into.max(length).min(every - 1);
        let work = work.as_ns();
        if work <= left {
            return start + Span::from_ns(wait + work);
        }
        // Each further period brings `usable` after its outage; work that ends with a period does
        // not wait for the next outage.
        let rest = work - left;
        let whole = (rest - 1) / usable;
        let last = rest - whole * usable;
        start + Span::from_ns(wait + left + whole * every + length + last)
    }
}

impl UplinkConfig {
    /// When `octets` have come, of which the first may come from `start` on.
    pub(super) fn arrival(&self, start: Time, octets: u32) -> Time {
        let ns = (u64::from(octets) * 1_000_000_000).div_ceil(self.rate.max(1).into());
        let work = Span::from_ns(ns);
        match &self.outages {
            Some(outages) => outages.done(start, work),
            None => start + work,
        }
    }

    /// Room below which the host is not told of any: a block, or half a small ring, as receivers
    /// avoid a silly window (RFC 1122, 4.2.3.3).
    pub(super) fn least_room(&self) -> u32 {
        self.block.min(self.ring / 2).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::{Outages, UplinkConfig};
    use proptest::prelude::*;
    use sim_core::{Span, Time};

    fn line(outages: Option<Outages>) -> UplinkConfig {
        UplinkConfig {
            rate: 1_000,
            latency: Span::ZERO,
            outages,
            block: 1_000,
            ring: 1 << 17,
            start: 0,
            flow_control: true,
        }
    }

    fn s(seconds: u64) -> Time {
        Time::ZERO + Span::from_s(seconds)
    }

    #[test]
    fn a_clean_line_needs_octets_over_rate() {
        assert_eq!(line(None).arrival(s(3), 2_500), s(5) + Span::from_ms(500));
        let odd = UplinkConfig { rate: 3, ..line(None) };
        assert_eq!(odd.arrival(Time::ZERO, 1).as_ns(), 333_333_334, "never earlier than the rate");
    }

    #[test]
    fn an_outage_shifts_what_it_meets_and_nothing_else() {
        // Away from 5 to 7, from 15 to 17, and so on.
        let [every, length, first] = [10, 2, 5].map(Span::from_s);
        let line = line(Some(Outages { every, length, first }));
        assert_eq!(line.arrival(s(0), 4_000), s(4));
        assert_eq!(line.arrival(s(0), 5_000), s(5), "done as the outage begins");
        assert_eq!(line.arrival(s(0), 6_000), s(8));
        assert_eq!(line.arrival(s(6), 1_000), s(8), "nothing begins in an outage");
        assert_eq!(line.arrival(s(7), 8_000), s(15));
        assert_eq!(line.arrival(s(7), 16_000), s(25));
        assert_eq!(line.arrival(s(7), 17_000), s(28));
    }

    proptest! {
        /// Against the same, walked millisecond by millisecond.
        #[test]
        fn work_is_done_when_the_line_was_up_as_long_as_it_needs(
            every in 2u64..40,
            length in 1u64..39,
            first in 0u64..40,
            start in 0u64..100,
            work in 1u32..100,
        ) {
            let length = length.min(every - 1);
            let first = first % every;
            let up = |ms: u64| (ms + every - first) % every >= length;
            let mut left = work;
            let mut ms = start;
            while left > 0 {
                left -= u32::from(up(ms));
                ms += 1;
            }
            let outages = Outages {
                every: Span::from_ms(every),
                length: Span::from_ms(length),
                first: Span::from_ms(first),
            };
            let line = line(Some(outages));
            prop_assert_eq!(line.arrival(Time::ZERO + Span::from_ms(start), work).as_ns(), ms * 1_000_000);
        }
    }
}
