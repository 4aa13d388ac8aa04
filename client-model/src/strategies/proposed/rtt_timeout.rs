//! Time-outs from measured round trips.

use super::pipeline::News;
use super::upload::Idea;
use crate::strategy::{Sent, View};
use sim_core::Span;
use std::collections::VecDeque;

/// Longest erasure of a page (nRF52840 Product Specification, NVMC: 85 ms, up to 90).
const PAGE_ERASE: Span = Span::from_ms(90);
/// Octets of a page (nRF52840 Product Specification, NVMC).
const PAGE: u32 = 4096;
/// The server erases a page when it has its first so many octets (Zephyr
/// `CONFIG_IMG_BLOCK_BUF_SIZE`).
const BLOCK: u32 = 512;
/// No time-out is longer than this, however often it ran out.
const MAX: Span = Span::from_s(10);
/// Doublings of a time-out that runs out again and again.
const DOUBLINGS_MAX: u32 = 6;

/// Mean round trip plus four mean deviations, with the gains of RFC 6298; requests that wait for an
/// erasure, their own or one before them, are a class of their own.
///
/// Each request has a sequence number of its own, so that an answer always belongs to one sending,
/// and a request that was sent in vain does no harm: at offsets above 0 the server answers what it
/// expects. So a time-out may be too short now and then; each that was doubles those that follow.
#[derive(Clone, Debug, Default)]
pub(super) struct RttTimeout {
    quick: RoundTrip,
    slow: RoundTrip,
    /// The shortest round trip, which is an interval or more.
    shortest: Option<Span>,
    /// How often the time-out was doubled since an answer last came in time.
    doublings: u32,
    /// Numbers of the slow requests that are not answered yet, oldest first.
    slow_ends: VecDeque<u32>,
}

/// One class of round trips.
#[derive(Clone, Copy, Debug, Default)]
struct RoundTrip(Option<(Span, Span)>);

impl RoundTrip {
    fn measure(&mut self, took: Span) {
        self.0 = Some(match self.0 {
            None => (took, took / 2),
            Some((mean, deviation)) => {
                let off = mean.saturating_sub(took) + took.saturating_sub(mean);
                ((mean * 7 + took) / 8, (deviation * 3 + off) / 4)
            }
        });
    }

    fn bound(self) -> Option<Span> {
        self.0.map(|(mean, deviation)| mean + deviation * 4)
    }
}

impl RttTimeout {
    /// The chunk up to `end` was answered after this time.
    pub(super) fn measure(&mut self, end: u32, took: Span) {
        self.doublings = 0;
        self.shortest = Some(self.shortest.map_or(took, |shortest| shortest.min(took)));
        let slow = self.slow_ends.contains(&end);
        self.slow_ends.retain(|&slow| slow > end);
        if slow { self.slow.measure(took) } else { self.quick.measure(took) }
    }

    /// A time-out ran out.
    pub(super) fn back_off(&mut self) {
        self.doublings = (self.doublings + 1).min(DOUBLINGS_MAX);
    }

    /// An answer came too late, so that a time-out was too short. All that were in flight then are
    /// late together, which counts once.
    pub(super) fn late(&mut self) {
        self.doublings = self.doublings.max(1);
    }

    /// The time-out of a chunk up to `end`, sent while the server stands at `reached`; `plain`
    /// before anything was measured.
    pub(super) fn of(&mut self, reached: u32, end: u32, plain: Span) -> Span {
        let pages = end / PAGE - reached.saturating_sub(BLOCK) / PAGE;
        if pages > 0 {
            self.slow_ends.push_back(end);
        }
        let class = if pages > 0 { self.slow } else { self.quick };
        let (Some(bound), Some(shortest)) = (class.bound(), self.shortest) else { return plain };
        let least = PAGE_ERASE * u64::from(pages + 1) + shortest;
        (bound.max(least) * (1 << self.doublings)).min(MAX.max(plain))
    }
}

impl Idea for RttTimeout {
    fn begin(&mut self, _: &View<'_>) {
        *self = Self::default();
    }

    fn timeout(
        &mut self,
        view: &View<'_>,
        reached: u32,
        (off, len): (u32, u32),
        plain: Span,
    ) -> Span {
        let last = off + len == view.image.len();
        if off == 0 || last { plain } else { self.of(reached, off + len, plain) }
    }

    fn heard(&mut self, view: &View<'_>, sent: &Sent, _: News, _: u32) {
        if sent.request.off > 0 {
            self.measure(sent.request.off + sent.request.len, view.now.since(sent.at));
        }
    }

    fn timed_out(&mut self, _: &View<'_>, _: &Sent) {
        self.back_off();
    }

    fn late(&mut self) {
        self.late();
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX, PAGE_ERASE, RttTimeout};
    use sim_core::Span;

    const PLAIN: Span = Span::from_ms(2_500);

    /// Chunks of 100 octets from 1000 on, which cross no page, answered after these times.
    fn measured(ms: &[u64]) -> RttTimeout {
        let mut timer = RttTimeout::default();
        for &ms in ms {
            timer.of(1_000, 1_100, PLAIN);
            timer.measure(1_100, Span::from_ms(ms));
        }
        timer
    }

    #[test]
    fn before_anything_is_measured_the_plain_time_holds() {
        assert_eq!(RttTimeout::default().of(1_000, 1_100, PLAIN), PLAIN);
        assert_eq!(measured(&[20; 50]).of(4_000, 4_100, PLAIN), PLAIN, "no slow one yet");
    }

    #[test]
    fn even_round_trips_wait_for_an_erasure_and_slow_ones_for_theirs_too() {
        let mut timer = measured(&[20; 50]);
        assert_eq!(timer.of(1_000, 1_100, PLAIN), PAGE_ERASE + Span::from_ms(20));
        for _ in 0..50 {
            timer.of(4_000, 4_200, PLAIN);
            timer.measure(4_200, Span::from_ms(110));
        }
        assert_eq!(timer.of(4_000, 4_200, PLAIN), PAGE_ERASE * 2 + Span::from_ms(20));
        assert_eq!(timer.of(1_000, 1_100, PLAIN), PAGE_ERASE + Span::from_ms(20));
    }

    #[test]
    fn a_chunk_behind_a_page_border_in_flight_is_slow_and_one_in_its_first_block_too() {
        let mut timer = measured(&[20; 50]);
        let quick = timer.of(5_000, 5_100, PLAIN);
        assert_eq!(timer.of(4_000, 4_700, PLAIN), PLAIN);
        assert_eq!(timer.of(4_300, 4_700, PLAIN), PLAIN);
        assert_eq!(timer.of(4_608, 5_100, PLAIN), quick);
    }

    #[test]
    fn uneven_round_trips_wait_longer_than_the_longest() {
        let timeout = measured(&[20, 20, 200].repeat(20)).of(1_000, 1_100, PLAIN);
        assert!(timeout > Span::from_ms(200) && timeout < Span::from_ms(600), "{timeout:?}");
    }

    #[test]
    fn a_timeout_that_ran_out_doubles_until_an_answer_comes() {
        let mut timer = measured(&[20; 50]);
        let plain = timer.of(1_000, 1_100, PLAIN);
        timer.back_off();
        assert_eq!(timer.of(1_000, 1_100, PLAIN), plain * 2);
        (0..40).for_each(|_| timer.back_off());
        assert_eq!(timer.of(1_000, 1_100, PLAIN), (plain * 64).min(MAX));
        timer.measure(1_100, Span::from_ms(20));
        assert_eq!(timer.of(1_000, 1_100, PLAIN), plain);
    }
}
