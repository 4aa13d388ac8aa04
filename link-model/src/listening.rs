//! When the peripheral listens: how early and how long, since clocks drift, and at which anchors,
//! since it may skip some.

use crate::config::LinkConfig;
use crate::connection::{Connection, Phase};
use crate::link::Link;
use crate::phy::T_IFS;
use crate::trace::Role;
use sim_core::{Span, Time};

/// Jitter of both ends' clocks to either side of an anchor, 16 us each (Vol 6 Part B 4.2.2; nRF
/// Connect SDK, `SoftDevice` Controller, "Peripheral role timing ranges").
const JITTER: Span = Span::from_us(16 + 16);

impl LinkConfig {
    /// Drift of both sleep clocks together, parts per million.
    pub(crate) fn sca_sum(&self) -> u64 {
        u64::from(self.central.sca_ppm) + u64::from(self.peripheral.sca_ppm)
    }
}

impl Connection {
    /// From the opening of the peripheral's window to an anchor, and from there to its end, as far
    /// as drift of `ppm` since the last anchor that it heard demands (Vol 6 Part B 4.2.4).
    fn widening(&self, anchor: Time, ppm: u64) -> Span {
        let since = anchor.since(self.heard_anchor);
        JITTER + Span::from_ns((since.as_ns() * ppm).div_ceil(1_000_000))
    }

    /// Widening at which a peripheral no longer knows one anchor from the next (Vol 6 Part B
    /// 4.2.4).
    fn widening_limit(&self) -> Span {
        (self.params.interval / 2).saturating_sub(T_IFS)
    }

    /// Half of the listening window at an anchor.
    pub(crate) fn half_window(&self, anchor: Time, ppm: u64) -> Span {
        self.widening(anchor, ppm).min(self.widening_limit())
    }

    /// The peripheral has not heard the central at the anchor of this event. When its window would
    /// reach half way to the next anchor, it cannot find the central again and waits for the
    /// supervision timeout.
    #[cold]
    #[inline(never)]
    pub(crate) fn anchor_missed(&mut self, ppm: u64) {
        let next = self.event_start + self.params.interval;
        self.astray |= self.widening(next, ppm) >= self.widening_limit();
    }

    /// Whether the peripheral skips the coming anchor (Vol 6 Part B 4.5.1): it has nothing to send
    /// and nothing unacknowledged, the last anchor it used brought an empty packet without more
    /// data, and no procedure is under way. Called before the event begins.
    pub(crate) fn skips(&self, anchor: Time, ppm: u64) -> bool {
        let answered = self.heard_anchor == self.event_start && !self.central_data;
        self.skipped < self.params.latency
            && (self.skipped > 0 || answered)
            && self.peripheral.alive
            && self.peripheral.established
            && self.peripheral.has_nothing_to_send()
            && self.update.is_none()
            && self.widening(anchor + self.params.interval, ppm) < self.widening_limit()
    }

    /// The first anchor from `anchor` on that the peripheral uses, if its host stays silent.
    fn used_anchor(&self, anchor: Time, ppm: u64) -> Time {
        if self.params.latency == 0 || !self.skips(anchor, ppm) {
            return anchor;
        }
        anchor + self.params.interval * u64::from(self.params.latency - self.skipped)
    }
}

impl Link {
    /// Width of the peripheral's listening window at the next anchor that it uses, or at that of
    /// the event in progress: the drift of both sleep clocks since the last anchor it heard, and
    /// 16 us of jitter for each end, to either side. Zero without a connection.
    pub fn listen_window(&self) -> Span {
        let ppm = self.config.sca_sum();
        self.connection.as_ref().filter(|c| c.end(Role::Peripheral).alive).map_or(Span::ZERO, |c| {
            let anchor = match c.phase {
                Phase::Gap { anchor } => c.used_anchor(anchor, ppm),
                Phase::Air(_) => c.event_start,
            };
            c.half_window(anchor, ppm) * 2
        })
    }

    /// When the peripheral's radio begins to listen for the next anchor that it uses, between
    /// events; `None` during an event, and without a connection.
    pub(crate) fn radio_begins(&self) -> Option<Time> {
        let ppm = self.config.sca_sum();
        let connection = self.connection.as_ref().filter(|c| c.peripheral.alive)?;
        let Phase::Gap { anchor } = connection.phase else { return None };
        let anchor = connection.used_anchor(anchor, ppm);
        Some(anchor.before(connection.half_window(anchor, ppm)))
    }
}
