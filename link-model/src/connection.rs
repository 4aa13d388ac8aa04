//! A connection as both ends and the air between them see it.

use crate::att::DEFAULT_MTU;
use crate::channel::Reception;
use crate::config::LinkConfig;
use crate::controller::{Controller, Packet};
use crate::params::ConnParams;
use crate::phy::{AirTimes, T_IFS};
use crate::trace::{CloseCause, LinkEvent, Role};
use sim_core::Time;

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
    Air(OnAir),
}

/// A packet on the air.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OnAir {
    pub(crate) from: Role,
    /// The peripheral was deaf during a part of it.
    pub(crate) spoiled: bool,
    pub(crate) packet: Packet,
    pub(crate) start: Time,
    pub(crate) end: Time,
}

/// What became of a packet.
pub(crate) struct Ended {
    pub(crate) reception: Reception,
    /// The receiver took it as new.
    pub(crate) taken: bool,
    /// Why the event ends with it, if it does.
    pub(crate) closes: Option<CloseCause>,
}

/// New connection parameters on their way (Vol 6 Part B 5.1.1).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Update {
    pub(crate) params: ConnParams,
    /// Event counter at which they come into force; chosen when the central first sends them.
    pub(crate) instant: Option<u16>,
    /// The peripheral has received them.
    pub(crate) heard: bool,
}

impl Update {
    /// Whether the instant is reached or passed; counters go round.
    pub(crate) fn is_due(&self, counter: u16) -> bool {
        self.instant.is_some_and(|instant| counter.wrapping_sub(instant) < 1 << 15)
    }
}

/// Events between an update and its instant (Zephyr `ull_llcp_conn_upd.c`: latency + 6).
const INSTANT_DELTA: u16 = 6;

/// One connection.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    pub(crate) params: ConnParams,
    /// Parameters under way.
    pub(crate) update: Option<Update>,
    /// The peripheral missed an update and listens at the wrong times.
    pub(crate) astray: bool,
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
            astray: false,
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
        !self.central.alive || self.update.as_ref().is_some_and(|u| u.is_due(self.counter))
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

    /// Puts the next packet of `from` on the air at `start`. It is built now, which is `T_IFS` before
    /// it starts (or at the anchor): what a host queues later goes into a later packet.
    pub(crate) fn send(&mut self, from: Role, start: Time, air: &AirTimes, deaf_until: Time) {
        let octets = self.octets;
        let packet = self.end_mut(from).build(octets);
        let end = start + air.of(packet.octets);
        self.event_packets += 1;
        if from == Role::Central {
            self.central_md = packet.md;
            let counter = self.counter;
            let delta = INSTANT_DELTA + self.params.latency;
            if let Some(update) = self.update.as_mut().filter(|update| update.instant.is_none())
                && self.central.sends_update(&packet)
            {
                update.instant = Some(counter.wrapping_add(delta));
            }
        }
        let spoiled = deaf_until > start;
        self.phase = Phase::Air(OnAir { from, spoiled, packet, start, end });
    }

    /// Why the event ends after a packet of `from`, if it does. The peripheral always has its turn;
    /// the central starts another pair when there are `more` data and it fits.
    pub(crate) fn ends_after(
        &self,
        from: Role,
        more: bool,
        now: Time,
        config: &LinkConfig,
        air: &AirTimes,
    ) -> Option<CloseCause> {
        if from == Role::Central {
            return None;
        }
        if !more {
            return Some(CloseCause::NoMoreData);
        }
        let limit = u16::from(config.max_pairs) * 2;
        if limit > 0 && self.event_packets >= limit {
            return Some(CloseCause::PairLimit);
        }
        let used = (now + T_IFS).since(self.event_start);
        let pair = (air.of(self.octets) + T_IFS) * 2;
        (used + config.event_end.needs(pair) > self.params.interval).then_some(CloseCause::NoTime)
    }

    /// What the trace learns of a packet when it has ended.
    pub(crate) fn packet_event(&self, on_air: &OnAir, ended: &Ended, air: &AirTimes) -> LinkEvent {
        let OnAir { from, ref packet, .. } = *on_air;
        let Ended { reception, taken, closes } = *ended;
        LinkEvent::Packet {
            tag: packet.tag,
            counter: self.counter,
            air_us: air.us(packet.octets),
            octets: packet.octets,
            value_octets: packet.value_octets,
            from,
            reception,
            retransmission: packet.retransmission,
            md: packet.md,
            taken,
            closes,
        }
    }
}
