//! Requests on their way: sequence numbers, time-outs, splitting into writes, merging of
//! notifications.

use crate::ClientOut;
use crate::event::ClientEvent;
use crate::strategy::{Habits, Sent, SeqRule};
use sim_core::{Pool, Sdu, Span, Time};
use smp_wire::begin;
use smp_wire::header::{HEADER_LEN, Header, put_len};
use std::collections::VecDeque;

/// Where the sequence number stands in a frame.
const SEQ_AT: usize = 6;
/// Where the group stands.
const GROUP_AT: usize = 4;

/// What a request asks.
#[derive(Clone, Copy, Debug)]
pub(super) enum Asked {
    /// The command of the current step.
    Command,
    /// To take a chunk.
    Chunk(Sent),
}

/// A request that is neither answered nor given up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pending {
    pub(super) tag: u32,
    pub(super) seq: u8,
    /// When its time is up; `Time::MAX` for never.
    due: Time,
    pub(super) asked: Asked,
}

/// A notification put to those before it.
#[derive(Debug)]
pub(super) enum Merged {
    /// More are needed.
    Partial,
    /// It is no frame, nor part of one.
    Dropped { tag: u32 },
    /// A whole frame; it begins with a header.
    Frame { tag: u32, frame: Vec<u8> },
}

/// A frame to be sent.
pub(super) struct Outgoing {
    pub(super) frame: Vec<u8>,
    pub(super) asked: Asked,
    pub(super) timeout: Option<Span>,
    pub(super) seq: Seq,
}

/// Where a frame's sequence number comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seq {
    /// The next by the client's rule.
    Next,
    /// This one.
    Given(u8),
    /// The frame has it already.
    InFrame,
}

/// All requests of a client.
#[derive(Clone, Debug, Default)]
pub(super) struct Requests {
    /// By counter; all rules but one have one counter, the first.
    next_seq: [Option<u8>; 3],
    last_tag: u32,
    /// Oldest first.
    pending: Vec<Pending>,
    /// The beginning of an answer, and how long it will be.
    partial: Vec<u8>,
    partial_len: usize,
    pool: Pool,
}

impl Requests {
    /// A new connection: half an answer is forgotten, and sequence numbers that count by
    /// connection begin anew.
    pub(super) fn reconnect(&mut self, rule: SeqRule) {
        if matches!(rule, SeqRule::Count | SeqRule::CountTo { .. }) {
            self.next_seq[0] = None;
        }
        self.partial.clear();
    }

    /// The sequence number of the next request, which is thereby taken.
    fn number(&mut self, rule: SeqRule, frame: &[u8]) -> u8 {
        let (counter, first, last) = match rule {
            SeqRule::Zero => return 0,
            SeqRule::Count => (0, 0, u8::MAX),
            SeqRule::CountTo { last } => (0, 0, last),
            SeqRule::Process { first, last } => (0, first, last),
            SeqRule::ByGroup { first } => {
                let group = u16::from_be_bytes([frame[GROUP_AT], frame[GROUP_AT + 1]]);
                let counter = usize::from(group).min(first.len() - 1);
                (counter, first[counter], u8::MAX)
            }
        };
        let seq = self.next_seq[counter].unwrap_or(first);
        self.next_seq[counter] = Some(if seq == last { 0 } else { seq.wrapping_add(1) });
        seq
    }

    /// A frame that consists of its header, to be completed and sent, or given back.
    pub(super) fn open(&mut self, habits: &Habits, op: u8, group: u16, id: u8) -> Vec<u8> {
        let mut frame = self.pool.take();
        begin(&mut frame, Header { version: habits.version, ..Header::request(op, group, id, 0) });
        frame
    }

    /// A frame made of given octets.
    pub(super) fn open_with(&mut self, octets: &[u8]) -> Vec<u8> {
        let mut frame = self.pool.take();
        frame.extend_from_slice(octets);
        frame
    }

    /// Gives a buffer back.
    pub(super) fn give(&mut self, buffer: Vec<u8>) {
        self.pool.give(buffer);
    }

    /// Numbers the frame, hands it over in writes of at most `write_max` octets and waits for the
    /// answer. Returns the request that had the same number and was not answered yet.
    pub(super) fn send(
        &mut self,
        now: Time,
        outgoing: Outgoing,
        rule: SeqRule,
        write_max: usize,
        out: &mut VecDeque<ClientOut>,
    ) -> Option<Pending> {
        let Outgoing { mut frame, mut asked, timeout, seq } = outgoing;
        let mut overwritten = None;
        if seq != Seq::InFrame {
            put_len(&mut frame);
            frame[SEQ_AT] = match seq {
                Seq::Given(seq) => seq,
                _ => self.number(rule, &frame),
            };
            if rule != SeqRule::Zero {
                overwritten = self.take(frame[SEQ_AT], rule);
            }
        }
        self.last_tag += 1;
        let tag = self.last_tag;
        let header = Header::parse(&frame).expect("the frame was begun with a header");
        if let Asked::Chunk(sent) = &mut asked {
            sent.seq = header.seq;
        }
        let due = timeout.map_or(Time::MAX, |timeout| now + timeout);
        self.pending.push(Pending { tag, seq: header.seq, due, asked });
        let Header { op, group, seq, id, .. } = header;
        out.push_back(ClientOut::Trace(ClientEvent::Send {
            tag,
            group,
            id,
            op,
            seq,
            len: frame.len() as u16,
            crc32: crc32fast::hash(&frame),
        }));
        if let Asked::Chunk(sent) = asked {
            let (off, len) = (sent.request.off, sent.request.len);
            out.push_back(ClientOut::Trace(ClientEvent::UploadChunk { tag, off, len }));
        }
        self.write(Sdu { tag, bytes: frame }, write_max, out);
        overwritten
    }

    /// A frame that fits one write is handed over as it is; a longer one is copied piece by piece.
    fn write(&mut self, frame: Sdu, write_max: usize, out: &mut VecDeque<ClientOut>) {
        if frame.bytes.len() <= write_max {
            out.push_back(ClientOut::Write(frame));
            return;
        }
        for piece in frame.bytes.chunks(write_max.max(1)) {
            let mut bytes = self.pool.take();
            bytes.extend_from_slice(piece);
            out.push_back(ClientOut::Write(Sdu { tag: frame.tag, bytes }));
        }
        self.give(frame.bytes);
    }

    /// Puts a notification to those before it. The header of the first tells how long the frame
    /// is; one that does not end where a notification ends is dropped with all its octets.
    pub(super) fn merge(&mut self, sdu: Sdu) -> Merged {
        let Sdu { tag, mut bytes } = sdu;
        if self.partial.is_empty() {
            let Ok(header) = Header::parse(&bytes) else {
                self.give(bytes);
                return Merged::Dropped { tag };
            };
            self.partial_len = HEADER_LEN + usize::from(header.len);
            std::mem::swap(&mut self.partial, &mut bytes);
        } else {
            self.partial.extend_from_slice(&bytes);
        }
        self.give(bytes);
        if self.partial.len() < self.partial_len {
            return Merged::Partial;
        }
        let frame = std::mem::take(&mut self.partial);
        if frame.len() > self.partial_len {
            self.give(frame);
            return Merged::Dropped { tag };
        }
        Merged::Frame { tag, frame }
    }

    /// The request that an answer with this sequence number belongs to.
    pub(super) fn take(&mut self, seq: u8, rule: SeqRule) -> Option<Pending> {
        match rule {
            SeqRule::Zero => self.take_oldest(),
            SeqRule::Count
            | SeqRule::CountTo { .. }
            | SeqRule::Process { .. }
            | SeqRule::ByGroup { .. } => {
                let at = self.pending.iter().position(|pending| pending.seq == seq)?;
                Some(self.pending.remove(at))
            }
        }
    }

    /// The request that waits longest.
    pub(super) fn take_oldest(&mut self) -> Option<Pending> {
        (!self.pending.is_empty()).then(|| self.pending.remove(0))
    }

    /// A request whose time is up, the earliest first.
    pub(super) fn take_overdue(&mut self, now: Time) -> Option<Pending> {
        let due = self.deadline();
        let at = self.pending.iter().position(|pending| pending.due == due && due <= now)?;
        Some(self.pending.remove(at))
    }

    /// When the next request's time is up; `Time::MAX` for never.
    pub(super) fn deadline(&self) -> Time {
        self.pending.iter().fold(Time::MAX, |first, pending| first.min(pending.due))
    }

    /// Requests that are neither answered nor given up.
    pub(super) fn outstanding(&self) -> usize {
        self.pending.len()
    }
}
