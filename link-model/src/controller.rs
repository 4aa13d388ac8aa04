//! One end's link layer: what it has to send, acknowledgement and retransmission.

use crate::att::{Procedure, value_octets};
use crate::params::ConnParams;
use sim_core::{Sdu, Time};
use std::collections::VecDeque;

/// What a queued frame means to the other end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Payload {
    /// An SMP write (from the central) or notification (from the peripheral).
    Value(Sdu),
    /// An ATT request of the set-up.
    Request(Procedure),
    /// Its answer.
    Response(Procedure),
    /// A link layer control PDU.
    Control(Control),
}

/// Link layer control PDUs (Vol 6 Part B 2.4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Control {
    LengthReq,
    LengthRsp,
    ConnectionParamReq(ConnParams),
    ConnectionUpdateInd(ConnParams),
    TerminateInd,
}

impl Control {
    /// Payload with opcode, octets.
    const fn len(self) -> u16 {
        match self {
            Self::LengthReq | Self::LengthRsp => 1 + 8,
            Self::ConnectionParamReq(_) => 1 + 23,
            Self::ConnectionUpdateInd(_) => 1 + 11,
            Self::TerminateInd => 1 + 1,
        }
    }
}

/// A frame on its way into packets.
#[derive(Clone, Debug)]
struct Queued {
    payload: Payload,
    /// Octets of the L2CAP frame, or of the control PDU.
    len: u16,
    /// Octets that the other end has acknowledged.
    acknowledged: u16,
}

/// The PDU that waits for its acknowledgement.
#[derive(Clone, Copy, Debug)]
struct Unacknowledged {
    /// Octets of the front frame from here ...
    from: u16,
    /// ... to here; both 0 for an empty PDU.
    to: u16,
    sent_before: bool,
}

/// A packet as it goes on the air.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Packet {
    pub(crate) tag: u32,
    pub(crate) octets: u8,
    pub(crate) value_octets: u8,
    pub(crate) retransmission: bool,
    pub(crate) md: bool,
    sn: bool,
    nesn: bool,
    /// Holds the last octets of its frame.
    completes: bool,
    /// Built for the first time.
    first: bool,
}

/// A frame of ours that is acknowledged to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Acknowledged {
    /// The write or notification of this request.
    Value { tag: u32 },
    /// The end of the connection.
    Terminate,
    /// Something that nobody waits for.
    Other,
}

/// What a valid packet brought.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Heard {
    /// A frame of ours is now acknowledged to its end.
    pub(crate) acknowledged: Option<Acknowledged>,
    /// The packet was new.
    pub(crate) taken: bool,
    /// The packet was new and completes a frame of the other end.
    pub(crate) completes_frame: bool,
}

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
}

impl Controller {
    /// More frames than this never wait: 64 requests of 65,535 octets in writes of 20 are fewer.
    const QUEUE_LIMIT: usize = 1 << 18;

    pub(crate) fn new(alive: bool, supervision: Time) -> Self {
        Self {
            alive,
            established: false,
            supervision: if alive { supervision } else { Time::MAX },
            crc_errors: 0,
            queue: VecDeque::new(),
            unacknowledged: None,
            sn: false,
            nesn: false,
        }
    }

    /// Queues a frame of `len` octets behind what is waiting.
    pub(crate) fn push(&mut self, payload: Payload, len: u16) {
        assert!(self.queue.len() < Self::QUEUE_LIMIT, "transmit queue without bound");
        self.queue.push_back(Queued { payload, len, acknowledged: 0 });
    }

    /// Queues a control PDU. It goes in front of data whose transmission has not begun, as link
    /// layers do, since procedures have time limits.
    pub(crate) fn push_control(&mut self, pdu: Control) {
        let busy = self.unacknowledged.is_some_and(|u| u.to > 0)
            || self.queue.front().is_some_and(|q| q.acknowledged > 0);
        let control = |frame: &Queued| matches!(frame.payload, Payload::Control(_));
        let begun = usize::from(busy && !self.queue.is_empty());
        let place = begun + self.queue.iter().skip(begun).take_while(|f| control(f)).count();
        let frame = Queued { payload: Payload::Control(pdu), len: pdu.len(), acknowledged: 0 };
        self.queue.insert(place, frame);
    }

    /// Payload octets that [`Controller::build`] would send now.
    pub(crate) fn next_octets(&self, max_octets: u8) -> u8 {
        match (self.unacknowledged, self.queue.front()) {
            (Some(pending), _) => (pending.to - pending.from) as u8,
            (None, Some(frame)) => (frame.len - frame.acknowledged).min(max_octets.into()) as u8,
            (None, None) => 0,
        }
    }

    /// Builds the packet for the next turn: the unacknowledged PDU again, or the next fragment of
    /// at most `max_octets`, or an empty PDU. The more-data bit is decided here and stays.
    pub(crate) fn build(&mut self, max_octets: u8) -> Packet {
        let pending = self.unacknowledged.unwrap_or_else(|| match self.queue.front() {
            Some(frame) => Unacknowledged {
                from: frame.acknowledged,
                to: frame.len.min(frame.acknowledged + u16::from(max_octets)),
                sent_before: false,
            },
            None => Unacknowledged { from: 0, to: 0, sent_before: false },
        });
        self.unacknowledged = Some(Unacknowledged { sent_before: true, ..pending });
        let empty = pending.to == 0;
        let front = self.queue.front().filter(|_| !empty);
        let completes = front.is_some_and(|f| f.len == pending.to);
        let (tag, value) = match front.map(|f| &f.payload) {
            Some(Payload::Value(sdu)) => (sdu.tag, value_octets(pending.from, pending.to)),
            _ => (0, 0),
        };
        let md = match (empty, completes) {
            (true, _) => !self.queue.is_empty(),
            (false, true) => self.queue.len() > 1,
            (false, false) => true,
        };
        Packet {
            tag,
            octets: (pending.to - pending.from) as u8,
            value_octets: value,
            retransmission: pending.sent_before && !empty,
            md,
            sn: self.sn,
            nesn: self.nesn,
            completes,
            first: !pending.sent_before,
        }
    }

    /// The packet just built never left the antenna; another may be built in its stead.
    pub(crate) fn take_back(&mut self, packet: &Packet) {
        if packet.first {
            self.unacknowledged = None;
        }
    }

    /// Whether the packet just built carries new connection parameters.
    pub(crate) fn sends_update(&self, packet: &Packet) -> bool {
        let front = self.queue.front().map(|frame| &frame.payload);
        packet.octets > 0
            && matches!(front, Some(Payload::Control(Control::ConnectionUpdateInd(_))))
    }

    /// Takes a packet with a valid CRC (Vol 6 Part B 4.5.9): acknowledgement, then new data.
    ///
    /// `supervision` is when the connection counts as lost unless another such packet comes.
    pub(crate) fn hear(&mut self, packet: &Packet, supervision: Time) -> Heard {
        self.supervision = supervision;
        self.established = true;
        self.crc_errors = 0;
        let mut heard = Heard::default();
        if packet.nesn != self.sn {
            self.sn = !self.sn;
            heard.acknowledged = self.acknowledge();
        }
        if packet.sn == self.nesn {
            self.nesn = !self.nesn;
            heard.taken = true;
            heard.completes_frame = packet.completes;
        }
        heard
    }

    /// The payload of the front frame, for the end that has just received its last fragment. The
    /// bytes of a value move; its tag stays for the acknowledgement.
    pub(crate) fn deliver(&mut self) -> Option<Payload> {
        Some(match &mut self.queue.front_mut()?.payload {
            Payload::Value(sdu) => {
                Payload::Value(Sdu { tag: sdu.tag, bytes: std::mem::take(&mut sdu.bytes) })
            }
            other => other.clone(),
        })
    }

    /// Leaves the connection: forgets everything that waits to be sent.
    pub(crate) fn leave(&mut self) {
        self.alive = false;
        self.supervision = Time::MAX;
        self.queue.clear();
        self.unacknowledged = None;
    }

    fn acknowledge(&mut self) -> Option<Acknowledged> {
        let done = self.unacknowledged.take()?;
        if done.to == 0 {
            return None;
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
    use sim_core::{Sdu, Time};

    fn pair() -> (Controller, Controller) {
        (Controller::new(true, Time::ZERO), Controller::new(true, Time::ZERO))
    }

    fn value(tag: u32) -> Payload {
        Payload::Value(Sdu { tag, bytes: vec![7; 495] })
    }

    #[test]
    fn a_full_write_takes_two_packets_and_the_first_promises_the_second() {
        let (mut a, mut b) = pair();
        a.push(value(1), 502);
        let first = a.build(251);
        assert_eq!((first.octets, first.value_octets, first.md), (251, 244, true));
        assert!(!b.hear(&first, Time::ZERO).completes_frame);
        let ack = b.build(251);
        assert!(a.hear(&ack, Time::ZERO).acknowledged.is_none());
        let second = a.build(251);
        assert_eq!((second.octets, second.value_octets, second.md), (251, 251, false));
        assert!(b.hear(&second, Time::ZERO).completes_frame);
        assert_eq!(a.deliver(), Some(value(1)));
        let ack = b.build(251);
        let acknowledged = a.hear(&ack, Time::ZERO).acknowledged;
        assert_eq!(acknowledged, Some(Acknowledged::Value { tag: 1 }));
    }

    #[test]
    fn an_unacknowledged_packet_is_sent_again_and_taken_once() {
        let (mut a, mut b) = pair();
        a.push(value(1), 10);
        let first = a.build(251);
        assert!(b.hear(&first, Time::ZERO).completes_frame);
        b.build(251); // lost
        let again = a.build(251);
        assert!(again.retransmission && !first.retransmission);
        assert!(!b.hear(&again, Time::ZERO).completes_frame, "the repeat is no new data");
    }

    #[test]
    fn an_empty_packet_must_be_acknowledged_before_data_follow() {
        let (mut a, _) = pair();
        assert_eq!(a.build(251).octets, 0);
        a.push(value(1), 10);
        let again = a.build(251);
        assert_eq!(again.octets, 0);
        assert!(again.md && !again.retransmission);
    }

    #[test]
    fn control_pdus_keep_their_order() {
        let (mut a, mut b) = pair();
        a.push(value(1), 502);
        a.push_control(Control::LengthRsp);
        a.push_control(Control::TerminateInd);
        let first = a.build(251);
        assert_eq!(first.octets, 9);
        b.hear(&first, Time::ZERO);
        a.hear(&b.build(251), Time::ZERO);
        assert_eq!(a.build(251).octets, 2);
    }

    #[test]
    fn control_overtakes_waiting_data_but_not_a_begun_frame() {
        let (mut a, mut b) = pair();
        a.push(value(1), 502);
        a.push_control(Control::TerminateInd);
        assert_eq!(a.build(251).octets, 2);
        let (mut c, _) = pair();
        c.push(value(1), 502);
        let begun = c.build(251);
        c.push_control(Control::TerminateInd);
        b.hear(&begun, Time::ZERO);
        c.hear(&b.build(251), Time::ZERO);
        assert_eq!(c.build(251).octets, 251);
    }
}
