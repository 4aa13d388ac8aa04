//! A connection event, packet by packet.

use crate::channel::Reception;
use crate::connection::{Connection, Ended, OnAir, Phase};
use crate::controller::{Acknowledged, Heard, Payload};
use crate::link::{Link, LinkOut};
use crate::phy::T_IFS;
use crate::trace::{CloseCause, LinkEvent, Role, reason};
use sim_core::Time;

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
            Phase::Air(on_air) => on_air.end,
        }
    }

    /// Begins the event whose anchor has passed, with what was queued at the anchor. Comes before
    /// anything else that happens at `now`. Returns whether there was one.
    #[inline]
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
    #[inline]
    pub(crate) fn end_packet(&mut self, now: Time) -> bool {
        match &self.connection {
            Some(Connection { phase: Phase::Air(on_air), .. }) if on_air.end <= now => {
                let on_air = *on_air;
                self.packet_ended(now, &on_air);
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
            connection.send(Role::Central, now, &self.air, self.deaf_until);
        } else {
            let counter = connection.counter;
            self.trace(LinkEvent::Silent { counter, role: Role::Central });
            self.close(now);
        }
    }

    fn packet_ended(&mut self, now: Time, on_air: &OnAir) {
        let Some(connection) = self.connection.as_mut() else { return };
        let OnAir { from, ref packet, .. } = *on_air;
        let supervision = now + connection.params.timeout;
        let listener = connection.end(from.peer());
        let reception = if on_air.spoiled || !listener.alive || connection.astray {
            Reception::Missed
        } else {
            self.channel.reception(self.events, connection.event_packets.into())
        };
        let listener = connection.end_mut(from.peer());
        let first = !listener.established;
        let mut heard = Heard::default();
        let closes = match reception {
            Reception::Missed => Some(CloseCause::Silence),
            Reception::CrcError => {
                listener.crc_errors += 1;
                if listener.crc_errors == CRC_ERROR_LIMIT {
                    Some(CloseCause::CrcErrors)
                } else {
                    // Without the peer's more-data bit the central goes on, as Zephyr's controller does.
                    connection.ends_after(from, true, now, &self.config, &self.air)
                }
            }
            Reception::Valid => {
                heard = listener.hear(packet, supervision);
                let more = connection.central_md || packet.md;
                connection.ends_after(from, more, now, &self.config, &self.air)
            }
        };
        let ended = Ended { reception, taken: heard.taken, closes };
        self.out.push_back(LinkOut::Trace(connection.packet_event(on_air, &ended, &self.air)));
        let leaves = connection.peripheral_leaves && from == Role::Peripheral;
        match closes {
            Some(_) => self.close(now),
            None => connection.send(from.peer(), now + T_IFS, &self.air, self.deaf_until),
        }
        if let Some(frame) = heard.acknowledged {
            self.acknowledged(now, from.peer(), frame);
        }
        if heard.completes_frame {
            self.deliver(from.peer());
        }
        if first && reception == Reception::Valid && from == Role::Peripheral {
            self.out.push_back(LinkOut::Connected);
        }
        if leaves {
            self.lose(now, Role::Peripheral, reason::REMOTE_TERMINATED);
        }
    }

    /// Ends the event; the next anchor is one interval after this one's. An event that ran past
    /// that anchor, since its first pair is sent however long it is, costs the anchors it covers.
    pub(crate) fn close(&mut self, now: Time) {
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

    /// A frame of `sender` is acknowledged to its end.
    fn acknowledged(&mut self, now: Time, sender: Role, frame: Acknowledged) {
        match (sender, frame) {
            (Role::Central, Acknowledged::Value { tag }) => {
                self.out.push_back(LinkOut::Written { tag });
            }
            (Role::Peripheral, Acknowledged::Value { tag }) => {
                self.out.push_back(LinkOut::Notified { tag });
            }
            (Role::Central, Acknowledged::Terminate) => {
                self.lose(now, Role::Central, reason::LOCAL_TERMINATED);
            }
            _ => {}
        }
    }

    /// Hands the frame that `to` has just received whole to its host.
    fn deliver(&mut self, to: Role) {
        let payload = self.connection.as_mut().and_then(|c| c.end_mut(to.peer()).deliver());
        match payload {
            Some(Payload::Value(sdu)) => self.out.push_back(match to {
                Role::Central => LinkOut::Received(sdu),
                Role::Peripheral => LinkOut::Wrote(sdu),
            }),
            Some(Payload::Request(procedure)) => self.answer(procedure),
            Some(Payload::Response(procedure)) => self.response(procedure),
            Some(Payload::Control(control)) => self.take_control(to, control),
            None => {}
        }
    }
}
