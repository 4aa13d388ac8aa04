//! One end's link layer: what it has to send, acknowledgement and retransmission.

mod buffers;
mod packet;

use crate::att::value_octets;
use crate::control::Control;
use crate::end::EndConfig;
use buffers::Buffers;
pub(crate) use packet::{Acknowledged, Heard, Packet, Payload};
use packet::{Queued, Unacknowledged};
use sim_core::{Sdu, Span, Time};
use std::collections::VecDeque;

/// The link layer of one end.
#[derive(Clone, Debug)]
pub(crate) struct Controller {
    /// Whether this end considers itself connected.
    pub(crate) alive: bool,
    /// Whether any valid packet was heard.
    pub(crate) established: bool,
    /// When this end gives the connection up; never, once it has.
    pub(crate) supervision: Time,
    /// Packets with CRC errors in a row within this event.
    pub(crate) crc_errors: u8,
    queue: VecDeque<Queued>,
    unacknowledged: Option<Unacknowledged>,
    sn: bool,
    nesn: bool,
    /// What holds data back, if anything does.
    buffers: Option<Box<Buffers>>,
}

impl Controller {
    /// More frames than this never wait: 64 requests of 65,535 octets in writes of 20 are fewer.
    const QUEUE_LIMIT: usize = 1 << 18;

    pub(crate) fn new(config: &EndConfig, alive: bool, supervision: Time) -> Self {
        Self {
            alive,
            established: false,
            supervision: if alive { supervision } else { Time::MAX },
            crc_errors: 0,
            queue: VecDeque::new(),
            unacknowledged: None,
            sn: false,
            nesn: false,
            buffers: Buffers::new(config),
        }
    }

    /// Queues a frame of `len` octets behind what is waiting.
    pub(crate) fn push(&mut self, payload: Payload, len: u16) {
        assert!(self.queue.len() < Self::QUEUE_LIMIT, "transmit queue without bound");
        self.queue.push_back(Queued::new(payload, len));
    }

    /// Queues a control PDU. It goes in front of data whose transmission has not begun, as link
    /// layers do, since procedures have time limits.
    pub(crate) fn push_control(&mut self, pdu: Control) {
        let busy = self.unacknowledged.is_some_and(|u| u.to > 0)
            || self.queue.front().is_some_and(|q| q.acknowledged > 0);
        let begun = usize::from(busy && !self.queue.is_empty());
        let place = begun + self.queue.iter().skip(begun).take_while(|f| f.is_control()).count();
        self.queue.insert(place, Queued::new(Payload::Control(pdu), pdu.len()));
    }

    /// Whether nothing waits to be sent or acknowledged; empty PDUs do not count.
    pub(crate) fn has_nothing_to_send(&self) -> bool {
        self.queue.is_empty()
    }

    /// Payload octets that [`Controller::build`] would send now, if buffers do not hold it back.
    pub(crate) fn next_octets(&self, max_octets: u8) -> u8 {
        match (self.unacknowledged, self.queue.front()) {
            (Some(pending), _) => (pending.to - pending.from) as u8,
            (None, Some(frame)) => (frame.len - frame.acknowledged).min(max_octets.into()) as u8,
            (None, None) => 0,
        }
    }

    /// Whether this end has taken the PDU that `peer` sent last.
    pub(crate) fn has_taken_from(&self, peer: &Self) -> bool {
        self.nesn != peer.sn
    }

    /// Payload octets of the packet that starts at `start`, when the PDU under way is
    /// `acknowledged` by then, or not. Data that wait for a buffer count as if they lay in it.
    pub(crate) fn following_octets(
        &mut self,
        acknowledged: bool,
        max_octets: u8,
        start: Time,
    ) -> u8 {
        let room = if self.buffers.is_some() { self.load(max_octets, start) } else { max_octets };
        let Some(pending) = self.unacknowledged.filter(|_| acknowledged) else {
            return self.next_octets(room);
        };
        let rest = match self.queue.front() {
            Some(front) if pending.to < front.len => front.len - pending.to.max(front.acknowledged),
            _ => self.queue.get(1).map_or(0, |frame| frame.len),
        };
        rest.min(max_octets.into()) as u8
    }

    /// Builds the packet for the next turn: the unacknowledged PDU again, or the next fragment of
    /// at most `max_octets`, or an empty PDU. The more-data bit is decided here and stays.
    ///
    /// `start` is when the packet goes on the air.
    pub(crate) fn build(&mut self, max_octets: u8, start: Time) -> Packet {
        let room = if self.buffers.is_some() { self.load(max_octets, start) } else { max_octets };
        let pending = self.unacknowledged.unwrap_or_else(|| match self.queue.front() {
            Some(frame) if room > 0 => Unacknowledged {
                from: frame.acknowledged,
                to: frame.len.min(frame.acknowledged + u16::from(room)),
                sent_before: false,
            },
            _ => Unacknowledged { from: 0, to: 0, sent_before: false },
        });
        self.unacknowledged = Some(Unacknowledged { sent_before: true, ..pending });
        let empty = pending.to == 0;
        let front = self.queue.front().filter(|_| !empty);
        let completes = front.is_some_and(|f| f.len == pending.to);
        let (tag, value, control) = match front.map(|f| &f.payload) {
            Some(Payload::Value(sdu) | Payload::WriteRequest(sdu) | Payload::Indication(sdu)) => {
                (sdu.tag, value_octets(pending.from, pending.to), false)
            }
            Some(Payload::WriteResponse { tag } | Payload::Confirmation { tag }) => {
                (*tag, 0, false)
            }
            Some(Payload::Control(_)) => (0, 0, true),
            _ => (0, 0, false),
        };
        let md = match (empty, completes) {
            (true, _) => !self.queue.is_empty(),
            (false, true) => self.queue.len() > 1,
            (false, false) => true,
        };
        let bit = |set: bool, bit: u8| if set { bit } else { 0 };
        let bits = bit(md, Packet::MD)
            | bit(self.sn, Packet::SN)
            | bit(self.nesn, Packet::NESN)
            | bit(control, Packet::CONTROL)
            | bit(completes, Packet::COMPLETES)
            | bit(!pending.sent_before, Packet::FIRST);
        let packet = Packet::new(tag, (pending.to - pending.from) as u8, value, bits);
        if self.buffers.is_some() { packet.with_md(self.holds_more(packet)) } else { packet }
    }

    /// The packet just built never left the antenna; another may be built in its stead.
    pub(crate) fn take_back(&mut self, packet: Packet) {
        if packet.is_first() {
            self.unacknowledged = None;
        }
    }

    /// Whether the packet just built carries an update.
    pub(crate) fn sends_update(&self, packet: Packet) -> bool {
        let front = self.queue.front().map(|frame| &frame.payload);
        packet.octets > 0 && matches!(front, Some(Payload::Control(control)) if control.is_update())
    }

    /// Takes a packet with a valid CRC (Vol 6 Part B 4.5.9): acknowledgement, then new data.
    ///
    /// The connection counts as lost when no other such packet comes within `timeout`.
    pub(crate) fn hear(&mut self, packet: Packet, now: Time, timeout: Span) -> Heard {
        self.supervision = now + timeout;
        self.established = true;
        self.crc_errors = 0;
        let mut heard = Heard::default();
        if packet.nesn() != self.sn {
            self.sn = !self.sn;
            heard.acknowledged = self.acknowledge(now);
        }
        if packet.sn() == self.nesn && (self.buffers.is_none() || self.admits(packet, now)) {
            self.nesn = !self.nesn;
            heard.taken = true;
            heard.completes_frame = packet.completes();
        }
        heard
    }

    /// The value in the front frame, if there is one, for the end that has just received its last
    /// fragment. The bytes move; the tag stays for the acknowledgement.
    pub(crate) fn deliver_value(&mut self) -> Option<Sdu> {
        match &mut self.queue.front_mut()?.payload {
            Payload::Value(sdu) => {
                Some(Sdu { tag: sdu.tag, bytes: std::mem::take(&mut sdu.bytes) })
            }
            _ => None,
        }
    }

    /// The payload of the front frame, for the end that has just received its last fragment. The
    /// bytes of a value move; its tag stays for the acknowledgement.
    pub(crate) fn deliver(&mut self) -> Option<Payload> {
        let moved = |sdu: &mut Sdu| Sdu { tag: sdu.tag, bytes: std::mem::take(&mut sdu.bytes) };
        Some(match &mut self.queue.front_mut()?.payload {
            Payload::Value(sdu) => Payload::Value(moved(sdu)),
            Payload::WriteRequest(sdu) => Payload::WriteRequest(moved(sdu)),
            Payload::Indication(sdu) => Payload::Indication(moved(sdu)),
            other => other.clone(),
        })
    }

    /// Whether the packet sent last is still to be acknowledged.
    pub(crate) fn awaits_acknowledgement(&self) -> bool {
        self.unacknowledged.is_some()
    }

    /// Leaves the connection: forgets everything that waits to be sent.
    pub(crate) fn leave(&mut self) {
        self.alive = false;
        self.supervision = Time::MAX;
        self.queue.clear();
        self.unacknowledged = None;
        self.buffers = None;
    }

    fn acknowledge(&mut self, now: Time) -> Option<Acknowledged> {
        let done = self.unacknowledged.take()?;
        if done.to == 0 {
            return None;
        }
        if self.buffers.is_some() {
            self.completed(done.to - done.from, now);
        }
        let front = self.queue.front_mut()?;
        front.acknowledged = done.to;
        if front.acknowledged < front.len {
            return None;
        }
        self.queue.pop_front().map(|frame| match frame.payload {
            Payload::Value(sdu) => Acknowledged::Value { tag: sdu.tag },
            Payload::Control(Control::TerminateInd) => Acknowledged::Terminate,
            _ => Acknowledged::Other,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Acknowledged, Control, Controller, Payload};
    use crate::end::EndConfig;
    use sim_core::{Sdu, Span, Time};

    const TIMEOUT: Span = Span::from_s(4);

    fn pair() -> (Controller, Controller) {
        let end = || Controller::new(&EndConfig::default(), true, Time::ZERO);
        (end(), end())
    }

    fn value(tag: u32) -> Payload {
        Payload::Value(Sdu { tag, bytes: vec![7; 495] })
    }

    #[test]
    fn a_full_write_takes_two_packets_and_the_first_promises_the_second() {
        let (mut a, mut b) = pair();
        a.push(value(1), 502);
        let first = a.build(251, Time::ZERO);
        assert_eq!((first.octets, first.value_octets, first.md()), (251, 244, true));
        assert!(!b.hear(first, Time::ZERO, TIMEOUT).completes_frame);
        let ack = b.build(251, Time::ZERO);
        assert!(a.hear(ack, Time::ZERO, TIMEOUT).acknowledged.is_none());
        let second = a.build(251, Time::ZERO);
        assert_eq!((second.octets, second.value_octets, second.md()), (251, 251, false));
        assert!(b.hear(second, Time::ZERO, TIMEOUT).completes_frame);
        assert_eq!(a.deliver(), Some(value(1)));
        let ack = b.build(251, Time::ZERO);
        let acknowledged = a.hear(ack, Time::ZERO, TIMEOUT).acknowledged;
        assert_eq!(acknowledged, Some(Acknowledged::Value { tag: 1 }));
    }

    #[test]
    fn an_unacknowledged_packet_is_sent_again_and_taken_once() {
        let (mut a, mut b) = pair();
        a.push(value(1), 10);
        let first = a.build(251, Time::ZERO);
        assert!(b.hear(first, Time::ZERO, TIMEOUT).completes_frame);
        b.build(251, Time::ZERO); // lost
        let again = a.build(251, Time::ZERO);
        assert!(again.is_retransmission() && !first.is_retransmission());
        assert!(!b.hear(again, Time::ZERO, TIMEOUT).completes_frame, "the repeat is no new data");
    }

    #[test]
    fn an_empty_packet_must_be_acknowledged_before_data_follow() {
        let (mut a, _) = pair();
        assert_eq!(a.build(251, Time::ZERO).octets, 0);
        a.push(value(1), 10);
        let again = a.build(251, Time::ZERO);
        assert_eq!(again.octets, 0);
        assert!(again.md() && !again.is_retransmission());
    }

    #[test]
    fn control_pdus_keep_their_order() {
        let (mut a, mut b) = pair();
        a.push(value(1), 502);
        a.push_control(Control::LengthRsp);
        a.push_control(Control::TerminateInd);
        let first = a.build(251, Time::ZERO);
        assert_eq!(first.octets, 9);
        b.hear(first, Time::ZERO, TIMEOUT);
        a.hear(b.build(251, Time::ZERO), Time::ZERO, TIMEOUT);
        assert_eq!(a.build(251, Time::ZERO).octets, 2);
    }

    #[test]
    fn control_overtakes_waiting_data_but_not_a_begun_frame() {
        let (mut a, mut b) = pair();
        a.push(value(1), 502);
        a.push_control(Control::TerminateInd);
        assert_eq!(a.build(251, Time::ZERO).octets, 2);
        let (mut c, _) = pair();
        c.push(value(1), 502);
        let begun = c.build(251, Time::ZERO);
        c.push_control(Control::TerminateInd);
        b.hear(begun, Time::ZERO, TIMEOUT);
        c.hear(b.build(251, Time::ZERO), Time::ZERO, TIMEOUT);
        assert_eq!(c.build(251, Time::ZERO).octets, 251);
    }
}
