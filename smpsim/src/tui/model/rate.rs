//! How fast the image arrives.

use server_model::ServerEvent;
use sim_core::{Span, Time};
use std::collections::VecDeque;

/// Length of a bucket of the small chart.
const BUCKET: Span = Span::from_ms(250);
/// Buckets that are kept: more than any screen is wide.
const BUCKETS: usize = 512;
/// What "now" averages over, buckets.
const NOW: usize = 4;

/// The upload as the server answers it.
#[derive(Clone, Debug)]
pub(crate) struct Rate {
    size: u32,
    /// The first answer to a chunk, and the latest.
    span: Option<(Time, Time)>,
    off: u32,
    taken: u64,
    /// Octets taken in each bucket, oldest first; the last one is number `newest`.
    buckets: VecDeque<u32>,
    newest: u64,
}

impl Rate {
    /// For an image of so many octets.
    pub(crate) fn new(size: u32) -> Self {
        let buckets = VecDeque::with_capacity(BUCKETS);
        Self { size, span: None, off: 0, taken: 0, buckets, newest: 0 }
    }

    /// Takes what the server tells.
    pub(crate) fn server(&mut self, at: Time, event: &ServerEvent) {
        let ServerEvent::Upload { off, len_accepted, .. } = *event else { return };
        let start = self.span.map_or(at, |(start, _)| start);
        self.span = Some((start, at));
        self.off = off;
        self.taken += u64::from(len_accepted);
        self.reach(bucket(at));
        if let Some(last) = self.buckets.back_mut() {
            *last += u32::from(len_accepted);
        }
    }

    fn reach(&mut self, number: u64) {
        if self.buckets.is_empty() {
            self.newest = number;
            self.buckets.push_back(0);
        }
        for _ in self.newest..number.min(self.newest + BUCKETS as u64) {
            if self.buckets.len() == BUCKETS {
                self.buckets.pop_front();
            }
            self.buckets.push_back(0);
        }
        self.newest = self.newest.max(number);
    }

    /// Where the upload goes on, octets from the start of the image.
    pub(crate) fn off(&self) -> u32 {
        self.off
    }

    /// Size of the image, octets.
    pub(crate) fn size(&self) -> u32 {
        self.size
    }

    /// Whether the server has the whole image.
    pub(crate) fn is_complete(&self) -> bool {
        self.off >= self.size
    }

    /// Tenths of a percent that have arrived.
    pub(crate) fn permille(&self) -> u64 {
        (u64::from(self.off) * 1_000).checked_div(self.size.into()).unwrap_or(0).min(1_000)
    }

    /// Octets a second since the first answer.
    pub(crate) fn average(&self, now: Time) -> u64 {
        let Some((start, last)) = self.span else { return 0 };
        let end = if self.is_complete() { last } else { now };
        per_second(self.taken, end.since(start))
    }

    /// Octets a second during the last second; 0 when the upload is over.
    pub(crate) fn now(&self, now: Time) -> u64 {
        let chart = self.chart(now, NOW + 1);
        // The bucket of this moment is not over yet.
        let whole = &chart[..chart.len().saturating_sub(1)];
        let octets = whole.iter().map(|octets| u64::from(*octets)).sum();
        per_second(octets, BUCKET * whole.len() as u64)
    }

    /// Time until the whole image has arrived, at the average rate.
    pub(crate) fn left(&self, now: Time) -> Option<Span> {
        let rate = self.average(now);
        let missing = u64::from(self.size.saturating_sub(self.off));
        (rate > 0 && missing > 0).then(|| Span::from_ms(missing * 1_000 / rate))
    }

    /// Octets of the last `width` buckets up to now, oldest first.
    pub(crate) fn chart(&self, now: Time, width: usize) -> Vec<u32> {
        let mut chart: Vec<u32> = self.buckets.iter().copied().collect();
        if chart.is_empty() {
            return chart;
        }
        let silent = bucket(now).saturating_sub(self.newest).min(BUCKETS as u64);
        chart.resize(chart.len() + silent as usize, 0);
        chart.split_off(chart.len().saturating_sub(width))
    }
}

fn bucket(at: Time) -> u64 {
    at.as_ns() / BUCKET.as_ns()
}

fn per_second(octets: u64, span: Span) -> u64 {
    (octets * 1_000_000).checked_div(span.as_us()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::Rate;
    use server_model::ServerEvent;
    use sim_core::{Span, Time};

    fn at(ms: u64) -> Time {
        Time::ZERO + Span::from_ms(ms)
    }

    fn taken(rate: &mut Rate, ms: u64, off: u32, len_accepted: u16) {
        rate.server(at(ms), &ServerEvent::Upload { tag: 1, off, len_accepted });
    }

    #[test]
    fn a_steady_upload_has_its_rate_now_on_average_and_to_the_end() {
        let mut rate = Rate::new(10_000);
        for n in 0..=40 {
            taken(&mut rate, 1_000 + n * 100, n as u32 * 100, if n == 0 { 0 } else { 100 });
        }
        let now = at(5_000);
        assert_eq!(rate.average(now), 1_000);
        assert!((900..=1_100).contains(&rate.now(now)), "{}", rate.now(now));
        assert_eq!(rate.permille(), 400);
        assert_eq!(rate.left(now), Some(Span::from_s(6)));
    }

    #[test]
    fn silence_shows_in_the_chart_and_an_end_keeps_the_average() {
        let mut rate = Rate::new(500);
        taken(&mut rate, 0, 100, 100);
        taken(&mut rate, 1_000, 500, 400);
        assert_eq!(rate.chart(at(2_000), 20), [100, 0, 0, 0, 400, 0, 0, 0, 0]);
        assert_eq!(rate.chart(at(2_000), 2), [0, 0]);
        assert!(rate.is_complete());
        assert_eq!(rate.average(at(2_000)), rate.average(at(60_000)));
        assert_eq!((rate.now(at(60_000)), rate.left(at(60_000))), (0, None));
    }

    #[test]
    fn before_the_first_answer_there_is_nothing() {
        let rate = Rate::new(500);
        assert_eq!((rate.average(at(9)), rate.now(at(9)), rate.left(at(9))), (0, 0, None));
        assert!(rate.chart(at(9), 10).is_empty());
    }
}
