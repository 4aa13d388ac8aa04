//! A connection event, packet by packet.

use crate::channel::Reception;
use crate::connection::{Connection, Ended, OnAir, Phase};
use crate::controller::{Acknowledged, Heard, Payload};
use crate::host::HostWork;
use crate::link::{Link, LinkOut};
use crate::phy::T_IFS;
use crate::trace::{CloseCause, LinkEvent, Role, reason};
use sim_core::{Sdu, Time};

/// CRC errors in a row that close an event (Vol 6 Part B 4.5.6).
const CRC_ERROR_LIMIT: u8 = 2;

impl Link {
    /// When the radio acts next. An anchor at which the central just sends needs no call of its
    /// own: the packet is built when its end, or an input after the anchor, comes.
    pub(crate) fn radio_deadline(&self, connection: &Connection) -> Time {
        match connection.phase {
            Phase::Gap { anchor } if self.bounded || connection.anchor_matters() => anchor,
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
        if self.apply_update(now) {
            return;
        }
        let Some(connection) = self.connection.as_mut() else { return };
        if self.bounded || connection.params.latency > 0 || !connection.central.alive {
            self.unusual_anchor(now);
            return;
        }
        connection.begin(now);
        connection.send(Role::Central, now, &self.air, self.deaf_until);
    }

    /// An anchor at which more must be asked than what the central sends: whether it sends at all,
    /// whether the peripheral listens, and how long the event may last.
    #[cold]
    #[inline(never)]
    fn unusual_anchor(&mut self, now: Time) {
        let Some(connection) = self.connection.as_mut() else { return };
        let ppm = self.config.sca_sum();
        let skips = connection.params.latency > 0 && connection.skips(now, ppm);
        connection.skipped = if skips { connection.skipped + 1 } else { 0 };
        connection.begin(now);
        if !connection.central.alive || now < self.central_radio.free_from {
            let counter = connection.counter;
            connection.anchor_missed(ppm);
            self.trace(LinkEvent::Silent { counter, role: Role::Central });
            self.close(now);
            return;
        }
        connection.reserve(&self.config, self.central_radio);
        connection.peripheral_done = skips;
        connection.send(Role::Central, now, &self.air, self.deaf_until);
    }

    fn packet_ended(&mut self, now: Time, on_air: &OnAir) {
        let Some(connection) = self.connection.as_mut() else { return };
        let OnAir { from, packet, .. } = *on_air;
        if connection.update.is_some()
            && let Some(event) = connection.choose_instant(on_air)
        {
            self.out.push_back(LinkOut::Trace(event));
        }
        let timeout = connection.params.timeout;
        let listener = connection.end(from.peer());
        let reception = if on_air.spoiled || !listener.alive || connection.astray {
            Reception::Missed
        } else {
            self.channel.fate_of(self.events, connection, on_air)
        };
        let listener = connection.end_mut(from.peer());
        let first = !listener.established;
        let mut heard = Heard::default();
        let closes = match reception {
            Reception::Missed => {
                if from == Role::Central {
                    connection.anchor_missed(self.config.sca_sum());
                }
                Some(CloseCause::Silence)
            }
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
                heard = listener.hear(packet, now, timeout);
                let more = connection.central_md || packet.md();
                connection.ends_after(from, more, now, &self.config, &self.air)
            }
        };
        let ended = Ended { reception, taken: heard.taken, closes };
        self.out.push_back(LinkOut::Trace(connection.packet_event(on_air, &ended, &self.air)));
        if connection.hopping.adaptive.is_some() {
            connection.note_channel(self.events, from, reception, closes);
        }
        let leaves = connection.leaver == Some(from);
        match closes {
            Some(_) => {
                let adapts = connection.hopping.adaptive.is_some();
                self.close(now);
                if adapts {
                    self.adapt_channel_map(now);
                }
            }
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
            self.lose(now, from, reason::REMOTE_TERMINATED);
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
            self.answer_flash(now);
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
            (_, Acknowledged::Terminate) => self.lose(now, sender, reason::LOCAL_TERMINATED),
            (_, Acknowledged::Other) => {}
        }
    }

    /// Hands the frame that `to` has just received whole to its host, who may fetch it later.
    fn deliver(&mut self, to: Role) {
        let Some(connection) = self.connection.as_mut() else { return };
        let sender = connection.end_mut(to.peer());
        if !self.bounded
            && let Some(sdu) = sender.deliver_value()
        {
            return self.take_value(to, sdu);
        }
        let Some(payload) = sender.deliver() else { return };
        if self.bounded
            && !payload.is_control()
            && let Some(fetched) = connection.end(to).fetched()
        {
            self.put_off(fetched, HostWork::Fetch(to, payload));
        } else {
            self.take(to, payload);
        }
    }

    fn take_value(&mut self, to: Role, sdu: Sdu) {
        self.out.push_back(match to {
            Role::Central => LinkOut::Received(sdu),
            Role::Peripheral if self.refuses => return self.refuse_write(sdu.tag),
            Role::Peripheral => LinkOut::Wrote(sdu),
        });
    }

    /// The host of `to`, or its link layer, has a frame.
    #[cold]
    #[inline(never)]
    pub(crate) fn take(&mut self, to: Role, payload: Payload) {
        match payload {
            Payload::Value(sdu) => self.take_value(to, sdu),
            Payload::WriteRequest(sdu) => self.answer_write(sdu),
            Payload::WriteResponse { tag } => self.write_answered(tag),
            Payload::Indication(sdu) => self.confirm(sdu),
            Payload::Confirmation { tag } => self.confirmed(tag),
            Payload::Request(procedure) => self.answer(procedure),
            Payload::Response(procedure) => self.response(procedure),
            Payload::Control(control) => self.take_control(to, control),
        }
    }
}
