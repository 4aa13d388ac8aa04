//! A connection event, packet by packet.

use crate::channel::Reception;
use crate::connection::{Connection, Phase};
use crate::controller::{Control, Heard, Packet, Payload};
use crate::link::{Link, LinkOut};
use crate::phy::T_IFS;
use crate::trace::{CloseCause, LinkEvent, Role, reason};
use sim_core::Time;

/// Events between an update and its instant (Zephyr `ull_llcp_conn_upd.c`: latency + 6).
const INSTANT_DELTA: u16 = 6;

/// CRC errors in a row that close an event (Vol 6 Part B 4.5.6).
const CRC_ERROR_LIMIT: u8 = 2;

impl Link {
    /// When the radio acts next. An anchor at which the central just sends needs no call of its
    /// own: the packet is built when its end, or an input after the anchor, comes.
    pub(crate) fn radio_deadline(&self, connection: &Connection) -> Time {
        match connection.phase {
            Phase::Gap { anchor } if connection.anchor_matters() => anchor,
            Phase::Gap { anchor } => {
                let octets = connection.central.next_octets(connection.octets);
                anchor + self.air.of(octets)
            }
            Phase::Air { end, .. } => end,
        }
    }

    /// Begins the event whose anchor has passed, with what was queued at the anchor. Comes before
    /// anything else that happens at `now`. Returns whether there was one.
    pub(crate) fn begin_event(&mut self, now: Time) -> bool {
        if let Some(connection) = &self.connection
            && let Phase::Gap { anchor } = connection.phase
            && anchor <= now
        {
            self.anchor(anchor);
            return true;
        }
        false
    }

    /// Ends the packet on the air when its time has come. Returns whether it had.
    pub(crate) fn end_packet(&mut self, now: Time) -> bool {
        let Some(connection) = &self.connection else { return false };
        match connection.phase {
            Phase::Air { from, packet, end, spoiled, .. } if end <= now => {
                match from {
                    Role::Central => self.central_packet_ended(now, packet, spoiled),
                    Role::Peripheral => self.peripheral_packet_ended(now, packet, spoiled),
                }
                true
            }
            _ => false,
        }
    }

    fn anchor(&mut self, now: Time) {
        self.apply_update(now);
        let Some(connection) = self.connection.as_mut() else { return };
        connection.event_start = now;
        connection.event_packets = 0;
        connection.central.crc_errors = 0;
        connection.peripheral.crc_errors = 0;
        if connection.central.alive {
            self.send(Role::Central, now);
        } else {
            let counter = connection.counter;
            self.trace(LinkEvent::EmptyEvent { counter });
            self.close(now);
        }
    }

    /// Puts the next packet of `from` on the air at `start`. It is built now, which is `T_IFS` before
    /// it starts (or at the anchor): what a host queues later goes into a later packet.
    fn send(&mut self, from: Role, start: Time) {
        let deaf_until = self.deaf_until;
        let Some(connection) = self.connection.as_mut() else { return };
        let octets = connection.octets;
        let packet = connection.end_mut(from).build(octets);
        let end = start + self.air.of(packet.octets);
        connection.event_packets += 1;
        if from == Role::Central {
            connection.central_md = packet.md;
        }
        connection.phase = Phase::Air { from, packet, start, end, spoiled: deaf_until > start };
    }

    fn central_packet_ended(&mut self, now: Time, packet: Packet, spoiled: bool) {
        let reception = self.reception(Role::Central, spoiled);
        let Some(connection) = self.connection.as_mut() else { return };
        let mut closes = None;
        let mut heard = Heard::default();
        match reception {
            Reception::Missed => closes = Some(CloseCause::Silence),
            Reception::CrcError => {
                connection.peripheral.crc_errors += 1;
                if connection.peripheral.crc_errors == CRC_ERROR_LIMIT {
                    closes = Some(CloseCause::CrcErrors);
                }
            }
            Reception::Valid => {
                heard = connection.peripheral.hear(&packet, now + connection.params.timeout);
            }
        }
        self.trace_packet(Role::Central, &packet, reception, heard.taken, closes);
        match closes {
            Some(_) => self.close(now),
            None => self.send(Role::Peripheral, now + T_IFS),
        }
        self.pass_up(now, Role::Peripheral, heard);
    }

    fn peripheral_packet_ended(&mut self, now: Time, packet: Packet, spoiled: bool) {
        let reception = self.reception(Role::Peripheral, spoiled);
        let Some(connection) = self.connection.as_mut() else { return };
        let leaves = connection.peripheral_leaves;
        let first = reception == Reception::Valid && !connection.central.established;
        let mut heard = Heard::default();
        let closes = match reception {
            Reception::Missed => Some(CloseCause::Silence),
            Reception::CrcError => {
                connection.central.crc_errors += 1;
                if connection.central.crc_errors == CRC_ERROR_LIMIT {
                    Some(CloseCause::CrcErrors)
                } else {
                    self.more(now, reception, packet.md).err()
                }
            }
            Reception::Valid => {
                heard = connection.central.hear(&packet, now + connection.params.timeout);
                self.more(now, reception, packet.md).err()
            }
        };
        self.trace_packet(Role::Peripheral, &packet, reception, heard.taken, closes);
        match closes {
            Some(_) => self.close(now),
            None => self.send(Role::Central, now + T_IFS),
        }
        self.pass_up(now, Role::Central, heard);
        if first {
            self.out.push_back(LinkOut::Connected);
        }
        if leaves {
            self.lose(now, Role::Peripheral, reason::REMOTE_TERMINATED);
        }
    }

    /// Whether the central starts another pair. After a packet with a CRC error it does not know
    /// the peer's more-data bit and goes on, as Zephyr's controller does.
    fn more(&self, now: Time, reception: Reception, peer_md: bool) -> Result<(), CloseCause> {
        let Some(connection) = &self.connection else { return Err(CloseCause::Silence) };
        if reception == Reception::Valid && !connection.central_md && !peer_md {
            return Err(CloseCause::NoMoreData);
        }
        let limit = u16::from(self.config.max_pairs) * 2;
        if limit > 0 && connection.event_packets >= limit {
            return Err(CloseCause::PairLimit);
        }
        let used = connection.event_time(now + T_IFS);
        let needed = self.config.worst_pair(connection.octets) + self.config.event_overhead;
        if used + needed > connection.params.interval {
            return Err(CloseCause::NoTime);
        }
        Ok(())
    }

    /// The fate of the packet that has just ended.
    fn reception(&self, from: Role, spoiled: bool) -> Reception {
        let Some(connection) = self.connection.as_ref() else { return Reception::Missed };
        let listens = match from {
            Role::Central => connection.peripheral.alive,
            Role::Peripheral => connection.central.alive,
        };
        if spoiled || !listens {
            return Reception::Missed;
        }
        self.channel.reception(self.events, u32::from(connection.event_packets))
    }

    fn trace_packet(
        &mut self,
        from: Role,
        packet: &Packet,
        reception: Reception,
        taken: bool,
        closes: Option<CloseCause>,
    ) {
        let counter = self.connection.as_ref().map_or(0, |c| c.counter);
        let air_us = self.air.us(packet.octets);
        self.trace(LinkEvent::Packet {
            tag: packet.tag,
            counter,
            air_us,
            octets: packet.octets,
            value_octets: packet.value_octets,
            from,
            reception,
            retransmission: packet.retransmission,
            md: packet.md,
            taken,
            closes,
        });
    }

    /// Ends the event; the next anchor is one interval after this one's. An event that ran past
    /// that anchor, since its first pair is sent however long it is, costs the anchors it covers.
    fn close(&mut self, now: Time) {
        let Some(connection) = self.connection.as_mut() else { return };
        let mut anchor = connection.event_start;
        loop {
            anchor += connection.params.interval;
            connection.counter = connection.counter.wrapping_add(1);
            self.events += 1;
            if anchor >= now {
                break;
            }
        }
        connection.phase = Phase::Gap { anchor };
        if self.slot_asked.is_some() {
            self.grant_slot(now);
        }
    }

    /// Hands what a valid packet brought to the host of `to`: first the acknowledgement of its own
    /// frame, then a completed frame of the peer.
    fn pass_up(&mut self, now: Time, to: Role, heard: Heard) {
        if let Some(payload) = heard.acknowledged {
            self.acknowledged(now, to, &payload);
        }
        if heard.completes_frame {
            let peer = match to {
                Role::Central => Role::Peripheral,
                Role::Peripheral => Role::Central,
            };
            let payload = self.connection.as_mut().and_then(|c| c.end_mut(peer).deliver());
            if let Some(payload) = payload {
                self.deliver(to, payload);
            }
        }
    }

    fn acknowledged(&mut self, now: Time, sender: Role, payload: &Payload) {
        match (sender, payload) {
            (Role::Central, Payload::Value(sdu)) => {
                self.out.push_back(LinkOut::Written { tag: sdu.tag });
            }
            (Role::Peripheral, Payload::Value(sdu)) => {
                self.out.push_back(LinkOut::Notified { tag: sdu.tag });
            }
            (Role::Central, Payload::Control(Control::TerminateInd)) => {
                self.lose(now, Role::Central, reason::LOCAL_TERMINATED);
            }
            _ => {}
        }
    }

    fn deliver(&mut self, to: Role, payload: Payload) {
        match payload {
            Payload::Value(sdu) => self.out.push_back(match to {
                Role::Central => LinkOut::Received(sdu),
                Role::Peripheral => LinkOut::Wrote(sdu),
            }),
            Payload::Request(procedure) => self.answer(procedure),
            Payload::Response(procedure) => self.response(procedure),
            Payload::Control(control) => self.take_control(to, control),
        }
    }

    fn take_control(&mut self, to: Role, control: Control) {
        let Some(connection) = self.connection.as_mut() else { return };
        match control {
            Control::LengthReq => connection.end_mut(to).push_control(Control::LengthRsp),
            Control::LengthRsp => {
                let octets = self.config.fitting_data_length(connection.params.interval);
                connection.octets = octets;
                self.trace(LinkEvent::DataLength { octets });
            }
            Control::ConnectionParamReq(params) => {
                let delta = INSTANT_DELTA + connection.params.latency;
                let instant = connection.counter.wrapping_add(delta);
                connection.update = Some((instant, params));
                let update = Control::ConnectionUpdateInd { params, instant };
                connection.end_mut(to).push_control(update);
            }
            Control::ConnectionUpdateInd { .. } => {}
            Control::TerminateInd => connection.peripheral_leaves = true,
        }
    }

    /// Brings new parameters into force when their instant is reached.
    fn apply_update(&mut self, now: Time) {
        let Some(connection) = self.connection.as_mut() else { return };
        let Some((instant, params)) = connection.update else { return };
        if instant != connection.counter {
            return;
        }
        connection.update = None;
        connection.params = params;
        // The supervision timer starts anew with the new parameters (Vol 6 Part B 5.1.1).
        let supervision = now + params.timeout;
        for end in [&mut connection.central, &mut connection.peripheral] {
            if end.alive && end.established {
                end.supervision = supervision;
            }
        }
        self.trace(LinkEvent::ParamsUpdated {
            interval_us: params.interval.as_us() as u32,
            timeout_ms: (params.timeout.as_us() / 1_000) as u16,
        });
    }
}
