//! A connection as both ends and the air between them see it.

use crate::att::DEFAULT_MTU;
use crate::config::ConnParams;
use crate::controller::{Controller, Packet};
use crate::trace::Role;
use sim_core::{Span, Time};

/// Intervals without any valid packet after which a new connection counts as failed to be
/// established (Vol 6 Part B 4.5.2).
const ESTABLISH_INTERVALS: u64 = 6;

/// What the radio is doing.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Phase {
    /// Between events.
    Gap {
        /// Next anchor.
        anchor: Time,
    },
    /// A packet is on the air, or its sender is turning round.
    Air {
        from: Role,
        packet: Packet,
        start: Time,
        end: Time,
        /// The peripheral was deaf during a part of it.
        spoiled: bool,
    },
}

/// One connection.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    pub(crate) params: ConnParams,
    /// Parameters that come into force at an event counter.
    pub(crate) update: Option<(u16, ConnParams)>,
    /// Effective data length, octets.
    pub(crate) octets: u8,
    pub(crate) att_mtu: u16,
    pub(crate) subscribed: bool,
    pub(crate) created: Time,
    /// Event counter of the air (`connEventCount`).
    pub(crate) counter: u16,
    pub(crate) phase: Phase,
    /// Anchor of the event in progress.
    pub(crate) event_start: Time,
    pub(crate) event_packets: u16,
    pub(crate) central: Controller,
    pub(crate) peripheral: Controller,
    /// More-data bit of the central's last packet.
    pub(crate) central_md: bool,
    /// The peripheral has received a terminate PDU and leaves after its answer.
    pub(crate) peripheral_leaves: bool,
}

impl Connection {
    /// A connection whose first anchor lies at `anchor`; `peripheral_heard` tells whether the
    /// peripheral knows of it.
    pub(crate) fn new(
        params: ConnParams,
        octets: u8,
        now: Time,
        anchor: Time,
        peripheral_heard: bool,
    ) -> Self {
        Self {
            params,
            update: None,
            octets,
            att_mtu: DEFAULT_MTU,
            subscribed: false,
            created: now,
            counter: 0,
            phase: Phase::Gap { anchor },
            event_start: anchor,
            event_packets: 0,
            central: Controller::new(true, now + params.interval * ESTABLISH_INTERVALS),
            peripheral: Controller::new(
                peripheral_heard,
                now + params.interval * ESTABLISH_INTERVALS,
            ),
            central_md: false,
            peripheral_leaves: false,
        }
    }

    pub(crate) fn end(&self, role: Role) -> &Controller {
        match role {
            Role::Central => &self.central,
            Role::Peripheral => &self.peripheral,
        }
    }

    pub(crate) fn end_mut(&mut self, role: Role) -> &mut Controller {
        match role {
            Role::Central => &mut self.central,
            Role::Peripheral => &mut self.peripheral,
        }
    }

    /// Whether something besides the central's packet happens at the next anchor: new parameters,
    /// or the silence of a central that has left.
    pub(crate) fn anchor_matters(&self) -> bool {
        !self.central.alive || self.update.is_some_and(|(instant, _)| instant == self.counter)
    }

    /// Anchors after `now` and before `until`, as the parameters in force have them.
    pub(crate) fn anchors_before(&self, now: Time, until: Time) -> u16 {
        let Phase::Gap { anchor } = self.phase else { return 0 };
        if anchor >= until {
            return 0;
        }
        let first = if anchor > now { anchor } else { now };
        (until.since(first).as_ns().saturating_sub(1) / self.params.interval.as_ns() + 1) as u16
    }

    /// Time used since the anchor of this event.
    pub(crate) fn event_time(&self, now: Time) -> Span {
        now.since(self.event_start)
    }
}
