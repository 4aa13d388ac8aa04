//! What goes over the link: requests that wait for answers, writes, merged notifications.

use super::{OTHER_PROTOCOL, Outgoing, Protocol, smp};
use crate::ClientOut;
use crate::event::{ClientEvent, Phase};
use sim_core::Sdu;
use smp_wire::header::{HEADER_LEN, Header};
use std::collections::VecDeque;

/// What the trace shows of a frame that is shorter than a header.
const NO_HEADER: Header = Header::request(0, OTHER_PROTOCOL, 0, 0);

/// A request without its answer.
#[derive(Clone, Copy, Debug)]
struct Pending {
    tag: u32,
    seq: u8,
    chunk: Option<(u32, u32)>,
}

/// What a request is about.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct About {
    pub(super) phase: Option<Phase>,
    pub(super) chunk: Option<(u32, u32)>,
}

/// All that one client has on its way.
#[derive(Clone, Debug, Default)]
pub(super) struct Traffic {
    last_tag: u32,
    /// Oldest first.
    pending: VecDeque<Pending>,
    /// The beginning of an SMP frame.
    partial: Vec<u8>,
}

impl Traffic {
    /// A new connection: half a frame is forgotten.
    pub(super) fn reconnect(&mut self) {
        self.partial.clear();
    }

    /// Requests without an answer.
    pub(super) fn outstanding(&self) -> usize {
        self.pending.len()
    }

    /// What the request is about.
    pub(super) fn about(protocol: Protocol, outgoing: &Outgoing) -> About {
        let phase = outgoing.chunk.map(|_| Phase::Upload);
        let other = About { phase, chunk: outgoing.chunk };
        if protocol == Protocol::Other {
            return other;
        }
        let Ok(header) = Header::parse(&outgoing.bytes) else { return About::default() };
        let body = &outgoing.bytes[HEADER_LEN..];
        About { phase: smp::phase(header, body), chunk: smp::chunk(header, body) }
    }

    /// Numbers a request that is handed over now.
    pub(super) fn note(
        &mut self,
        protocol: Protocol,
        outgoing: &Outgoing,
        chunk: Option<(u32, u32)>,
        out: &mut VecDeque<ClientOut>,
    ) -> u32 {
        self.last_tag += 1;
        let tag = self.last_tag;
        let header = match protocol {
            Protocol::Smp => Header::parse(&outgoing.bytes).unwrap_or(NO_HEADER),
            Protocol::Other => Header::request(0, OTHER_PROTOCOL, outgoing.id, tag as u8),
        };
        let Header { op, group, seq, id, .. } = header;
        if protocol == Protocol::Smp {
            self.replace(seq, chunk, out);
        }
        self.pending.push_back(Pending { tag, seq, chunk });
        let len = outgoing.bytes.len().min(u16::MAX.into()) as u16;
        let crc32 = crc32fast::hash(&outgoing.bytes);
        trace(out, ClientEvent::Send { tag, group, id, op, seq, len, crc32 });
        if let Some((off, len)) = chunk {
            trace(out, ClientEvent::UploadChunk { tag, off, len });
        }
        tag
    }

    /// A request that takes another's sequence number, or sends its chunk again, is sent because the
    /// other is no longer waited for.
    fn replace(&mut self, seq: u8, chunk: Option<(u32, u32)>, out: &mut VecDeque<ClientOut>) {
        let off = chunk.map(|(off, _)| off);
        self.pending.retain(|old| {
            let again = off.is_some() && old.chunk.map(|(off, _)| off) == off;
            let replaced = again || old.seq == seq;
            if replaced {
                trace(out, ClientEvent::Timeout { tag: old.tag });
            }
            !replaced
        });
    }

    /// Puts a notification to those before it; gives the frame back that is now whole, if one is.
    /// A frame that does not end where a notification ends is dropped with all its octets.
    pub(super) fn merge(&mut self, sdu: &Sdu, out: &mut VecDeque<ClientOut>) -> Option<Vec<u8>> {
        self.partial.extend_from_slice(&sdu.bytes);
        let len = Header::parse(&self.partial).ok().map(|h| HEADER_LEN + usize::from(h.len));
        match len {
            Some(len) if self.partial.len() < len => None,
            Some(len) if self.partial.len() == len => Some(std::mem::take(&mut self.partial)),
            _ => {
                self.partial.clear();
                trace(out, ClientEvent::Stale { tag: sdu.tag });
                None
            }
        }
    }

    /// Finds the request that an SMP frame answers; tells where the upload goes on, if it was about
    /// a chunk. `tag` is what the link says of the frame.
    pub(super) fn answer(
        &mut self,
        frame: &[u8],
        tag: u32,
        out: &mut VecDeque<ClientOut>,
    ) -> Option<u32> {
        let header = Header::parse(frame).expect("a merged frame begins with a header");
        let at = self.pending.iter().position(|request| request.seq == header.seq);
        let Some(request) = at.and_then(|at| self.pending.remove(at)) else {
            trace(out, ClientEvent::Stale { tag });
            return None;
        };
        let (rc, group) = smp::code(frame);
        let len = frame.len().min(u16::MAX.into()) as u16;
        trace(out, ClientEvent::Answer { tag: request.tag, rc, group, len });
        request.chunk.and_then(|_| smp::expected(frame))
    }

    /// The oldest requests are answered by a value of `len` octets.
    pub(super) fn answered(
        &mut self,
        count: u32,
        rc: i32,
        len: u16,
        out: &mut VecDeque<ClientOut>,
    ) {
        for _ in 0..count {
            let Some(Pending { tag, .. }) = self.pending.pop_front() else { return };
            trace(out, ClientEvent::Answer { tag, rc, group: None, len });
        }
    }

    /// The time of the oldest requests is up.
    pub(super) fn time_out(&mut self, count: u32, out: &mut VecDeque<ClientOut>) {
        for _ in 0..count {
            let Some(Pending { tag, .. }) = self.pending.pop_front() else { return };
            trace(out, ClientEvent::Timeout { tag });
        }
    }

    /// Nothing will be answered any more.
    pub(super) fn give_up(&mut self, out: &mut VecDeque<ClientOut>) {
        for Pending { tag, .. } in self.pending.drain(..) {
            trace(out, ClientEvent::GiveUp { tag });
        }
    }
}

fn trace(out: &mut VecDeque<ClientOut>, event: ClientEvent) {
    out.push_back(ClientOut::Trace(event));
}
