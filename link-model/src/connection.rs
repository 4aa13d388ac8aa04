//! A connection as both ends and the air between them see it.

use crate::att::DEFAULT_MTU;
use crate::channel::{Hopping, Reception};
use crate::config::{EventEnd, LinkConfig};
use crate::control::{Held, Procedures, Update};
use crate::controller::{Controller, Packet};
use crate::params::ConnParams;
use crate::phy::{AirTimes, Phy, T_IFS};
use crate::request::Requests;
use crate::trace::{CloseCause, LinkEvent, Role};
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

/// One connection.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    pub(crate) params: ConnParams,
    /// Which channel each event uses.
    pub(crate) hopping: Hopping,
    /// Physical layer in force.
    pub(crate) phy: Phy,
    /// Data packets carry a MIC.
    pub(crate) encrypted: bool,
    /// Frames of the hosts that wait until encryption is on.
    pub(crate) held: Held,
    /// What the central's link layer does and will do.
    pub(crate) procedures: Procedures,
    /// An update under way.
    pub(crate) update: Option<Update>,
    /// The peripheral missed an update and listens at the wrong times.
    pub(crate) astray: bool,
    /// The data length procedure is complete.
    pub(crate) length_agreed: bool,
    /// Effective data length, octets.
    pub(crate) octets: u8,
    pub(crate) att_mtu: u16,
    /// Requests of the central's GATT client.
    pub(crate) requests: Requests,
    /// Indications of the peripheral's GATT server.
    pub(crate) indications: Requests,
    pub(crate) subscribed: bool,
    pub(crate) created: Time,
    /// Event counter of the air (`connEventCount`).
    pub(crate) counter: u16,
    pub(crate) phase: Phase,
    /// Anchor of the event in progress, or of the last one.
    pub(crate) event_start: Time,
    pub(crate) event_packets: u16,
    /// Until when both ends take part in the event in progress.
    pub(crate) event_limit: Time,
    /// Until when the central goes on with it; kept only where the ends' limits may differ.
    pub(crate) central_until: Time,
    /// The peripheral's own time in this event is over.
    pub(crate) peripheral_done: bool,
    /// The last anchor at which the peripheral heard the central.
    pub(crate) heard_anchor: Time,
    /// Anchors that the peripheral has skipped since it listened.
    pub(crate) skipped: u16,
    pub(crate) central: Controller,
    pub(crate) peripheral: Controller,
    /// More-data bit of the central's last packet.
    pub(crate) central_md: bool,
    /// The central's last packet carried data or promised some.
    pub(crate) central_data: bool,
    /// This end has received a terminate PDU and leaves after its answer.
    pub(crate) leaver: Option<Role>,
}

impl Connection {
    /// A connection whose first anchor lies at `anchor`; `peripheral_heard` tells whether the
    /// peripheral knows of it.
    pub(crate) fn new(
        config: &LinkConfig,
        octets: u8,
        now: Time,
        anchor: Time,
        peripheral_heard: bool,
        hopping: Hopping,
    ) -> Self {
        let params = config.params;
        let established_until = now + params.interval * ESTABLISH_INTERVALS;
        Self {
            params,
            hopping,
            phy: config.first_phy(),
            encrypted: config.encrypted && !config.encryption_procedure,
            held: Held::default(),
            procedures: Procedures::default(),
            update: None,
            length_agreed: false,
            astray: false,
            octets,
            att_mtu: DEFAULT_MTU,
            requests: Requests::default(),
            indications: Requests::default(),
            subscribed: false,
            created: now,
            counter: 0,
            phase: Phase::Gap { anchor },
            event_start: anchor,
            event_packets: 0,
            event_limit: anchor,
            central_until: anchor,
            peripheral_done: false,
            heard_anchor: now,
            skipped: 0,
            central: Controller::new(&config.central, true, established_until),
            peripheral: Controller::new(&config.peripheral, peripheral_heard, established_until),
            central_md: false,
            central_data: false,
            leaver: None,
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

    /// Begins the event whose anchor is `now`.
    #[inline]
    pub(crate) fn begin(&mut self, now: Time) {
        self.event_start = now;
        self.event_limit = now + self.params.interval;
        self.event_packets = 0;
        self.peripheral_done = false;
        self.central.crc_errors = 0;
        self.peripheral.crc_errors = 0;
    }

    /// Whether something besides the central's packet happens at the next anchor: an update, or the
    /// silence of a central that has left.
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
        let mut packet = self.end_mut(from).build(octets, start);
        let mut end = start + air.of(packet.octets);
        let mut spoiled = deaf_until > start;
        self.event_packets += 1;
        if from == Role::Central {
            spoiled |= self.peripheral_done;
            self.central_md = packet.md();
            self.central_data = packet.md() || packet.octets > 0;
        } else if end > self.event_limit {
            packet = self.shorten_answer(packet, start);
            end = start + air.of(packet.octets);
        }
        self.phase = Phase::Air(OnAir { from, spoiled, packet, start, end });
    }

    /// Builds an empty packet in the place of an answer that was queued after the central had
    /// started the pair, and that would run into the next event ([`EventEnd::Fit`]). The first
    /// answer of an event is sent however long it is.
    #[cold]
    #[inline(never)]
    fn shorten_answer(&mut self, packet: Packet, start: Time) -> Packet {
        if self.event_packets <= 2 || packet.is_retransmission() {
            return packet;
        }
        self.peripheral.take_back(packet);
        self.peripheral.build(0, start)
    }

    /// Length of the pair that the central would start now, `T_IFS` behind it included: what it has
    /// to send, and what the peripheral has to answer as things are, whether or not it hears that
    /// its last packet was taken.
    #[cold]
    #[inline(never)]
    fn next_pair(&mut self, now: Time, air: &AirTimes) -> Span {
        let start = now + T_IFS;
        let mut answer = self.peripheral.following_octets(false, self.octets, start);
        if self.central.has_taken_from(&self.peripheral) {
            answer = answer.max(self.peripheral.following_octets(true, self.octets, start));
        }
        let data = self.central.following_octets(false, self.octets, start);
        air.of(data) + T_IFS + air.of(answer) + T_IFS
    }

    /// Why the event ends after a packet of `from`, if it does. The peripheral always has its turn;
    /// the central starts another pair when there are `more` data and it fits.
    pub(crate) fn ends_after(
        &mut self,
        from: Role,
        more: bool,
        now: Time,
        config: &LinkConfig,
        air: &AirTimes,
    ) -> Option<CloseCause> {
        if from == Role::Central {
            self.heard_anchor = self.event_start;
            return None;
        }
        if !more {
            return Some(CloseCause::NoMoreData);
        }
        let limit = u16::from(config.max_pairs) * 2;
        if limit > 0 && self.event_packets >= limit {
            return Some(CloseCause::PairLimit);
        }
        let pair = match config.event_end {
            EventEnd::WorstPair { overhead } => (air.of(self.octets) + T_IFS) * 2 + overhead,
            EventEnd::Fit => self.next_pair(now, air),
        };
        let end = now + T_IFS + pair;
        if end > self.event_limit { self.out_of_time(end) } else { None }
    }

    /// What the trace learns of a packet when it has ended.
    pub(crate) fn packet_event(&self, on_air: &OnAir, ended: &Ended, air: &AirTimes) -> LinkEvent {
        let OnAir { from, packet, .. } = *on_air;
        let Ended { reception, taken, closes } = *ended;
        LinkEvent::Packet {
            tag: packet.tag,
            counter: self.counter,
            air_us: air.us(packet.octets),
            octets: packet.octets,
            value_octets: packet.value_octets,
            from,
            reception,
            retransmission: packet.is_retransmission(),
            md: packet.md(),
            taken,
            closes,
        }
    }
}
