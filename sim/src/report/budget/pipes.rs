//! The budget over links that are no radio.
//!
//! A request waits (`link_wait`) until its transmission begins, and again from its end to the
//! arrival. The transmission itself is divided by octets: those of the frame are `link_payload`,
//! headers, base64, markers and checksums `link_overhead`. Flash keeps nothing from the wire.

use super::{BudgetFold, Cause, Place};
use link_model::{DatagramFate, LinkEvent, PipeKind, Role, UDP_HEADERS};
use sim_core::{Span, Time};

/// What carries the requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wire {
    Air,
    Datagrams,
    Lines,
}

/// Octets of a frame's length and CRC, which lines carry with it.
const LENGTH_AND_CRC: u32 = 4;

impl Wire {
    /// Octets that must arrive for a frame of so many.
    pub(super) const fn octets_for(self, frame: u32) -> u32 {
        match self {
            Self::Lines => frame + LENGTH_AND_CRC,
            Self::Air | Self::Datagrams => frame,
        }
    }

    /// What is in a datagram or a line: a line is a marker, whole quads of base64, and a line feed.
    const fn content(self, octets: u32) -> u32 {
        match self {
            Self::Lines => octets.saturating_sub(3) / 4 * 3,
            Self::Air | Self::Datagrams => octets,
        }
    }
}

impl BudgetFold {
    #[inline(never)]
    pub(super) fn pipe(&mut self, at: Time, event: &LinkEvent) {
        match *event {
            LinkEvent::Opened { kind, .. } => {
                self.mark(at);
                self.subscribed = true;
                self.on_chip = false;
                self.wire = match kind {
                    PipeKind::Datagrams => Wire::Datagrams,
                    PipeKind::Lines => Wire::Lines,
                };
            }
            LinkEvent::Datagram { tag, octets, wire_us, from, fate, .. } => {
                let octets = u32::from(octets);
                self.transmitted(at, tag, from, wire_us, octets + UDP_HEADERS);
                if fate != DatagramFate::Delivered {
                    self.lose(at, tag);
                }
            }
            LinkEvent::Line { tag, octets, damaged, wire_us, from } => {
                self.transmitted(at, tag, from, wire_us, octets.into());
                // Hardly ever does its CRC fit a damaged frame; if it does, the answer will tell.
                if damaged > 0 {
                    self.lose(at, tag);
                }
            }
            LinkEvent::Arrived { tag, octets, from: Role::Central } => {
                self.mark(at);
                let sent = |r: &super::Request| r.tag == tag && r.place == Place::ToServer;
                if self.unanswered.iter().any(sent) {
                    self.arrived(tag, self.wire.content(octets.into()));
                }
            }
            LinkEvent::Unheard { tag, .. } => self.lose(at, tag),
            _ => {}
        }
    }

    /// The server sends an answer of so many octets.
    #[inline(never)]
    pub(super) fn answer_begins(&mut self, tag: u32, octets: u32) {
        if let Some(request) = self.unanswered.iter_mut().find(|r| r.tag == tag) {
            request.unsent = octets;
        }
    }

    /// A transmission of `octets` ends, of the oldest request, or of its answer.
    fn transmitted(&mut self, end: Time, tag: u32, from: Role, wire_us: u32, octets: u32) {
        let content = self.wire.content(octets);
        let Some(oldest) = self.unanswered.front_mut() else { return };
        if oldest.tag != tag || oldest.place.sender() != Some(from) {
            return;
        }
        let payload = content.min(oldest.unsent);
        oldest.unsent -= payload;
        let wire = Span::from_us(wire_us.into());
        self.mark(end.before(wire).max(self.marked));
        let whole = end.since(self.marked);
        let payload = Span::from_ns(
            (whole.as_ns() * u64::from(payload)).checked_div(octets.into()).unwrap_or(0),
        );
        self.mark_as(end.before(payload), Cause::LinkOverhead);
        self.mark_as(end, Cause::LinkPayload);
    }
}
