//! The gateway's side of the client: the image comes from a host, block by block, into a ring, while
//! the upload takes it out again.
//!
//! The ring keeps what the server has not acknowledged; what it has may be overwritten, and until
//! it is, a client that repeats a chunk still finds it. Octets arrive in order, without gaps.

mod config;

pub use config::{Outages, UplinkConfig};

use crate::ClientOut;
use crate::event::ClientEvent;
use sim_core::Time;
use std::collections::VecDeque;

/// Whether the octets of a chunk are in the ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Held {
    /// All of them.
    Yes,
    /// Some are still to come.
    NotYet,
    /// Some were overwritten; only the host has them.
    Gone,
}

/// A block, or a part of one, on its way.
#[derive(Clone, Copy, Debug)]
struct Block {
    off: u32,
    len: u32,
    /// When its last octet has come.
    due: Time,
}

/// The host may send the octets below `end`, and the first that it sends for this come from `from`
/// on.
#[derive(Clone, Copy, Debug)]
struct Grant {
    end: u32,
    from: Time,
}

/// The stream from the host and the ring that it fills.
#[derive(Clone, Debug)]
pub(crate) struct Uplink {
    config: UplinkConfig,
    /// Octets of the image.
    len: u32,
    /// The server has the octets below.
    acknowledged: u32,
    /// The octets from here to `arrived` are in the ring.
    oldest: u32,
    arrived: u32,
    /// The next block that arrives.
    block: Option<Block>,
    /// The last block has come whole; the line takes the next one from here on.
    line_free: Time,
    /// With flow control: what the host was told, oldest first.
    grants: VecDeque<Grant>,
    /// Without: where the host's next block begins. Another place than `arrived` means that octets
    /// were dropped; what comes then is dropped too, and needs no steps of its own.
    sending: u32,
    /// Without: when the first octets come that the gateway has asked for.
    anew: Option<Time>,
}

impl Uplink {
    /// A stream of an image of `len` octets that nobody has asked for yet.
    pub(crate) fn new(config: &UplinkConfig, len: u32) -> Self {
        let config = UplinkConfig {
            block: config.block.max(1),
            ring: config.ring.max(1),
            start: config.start.min(len),
            ..config.clone()
        };
        Self {
            config,
            len,
            acknowledged: 0,
            oldest: 0,
            arrived: 0,
            block: None,
            line_free: Time::ZERO,
            grants: VecDeque::new(),
            sending: 0,
            anew: None,
        }
    }

    /// Asks the host for the image from `off` on, and forgets what is in the ring.
    pub(crate) fn ask(&mut self, now: Time, off: u32, out: &mut VecDeque<ClientOut>) {
        (self.acknowledged, self.oldest, self.arrived, self.sending) = (off, off, off, off);
        self.block = None;
        self.line_free = now;
        self.grants.clear();
        trace(out, ClientEvent::HostAsk { off });
        let from = now + self.config.latency;
        if self.config.flow_control {
            self.grants.push_back(Grant { end: self.limit(), from });
        } else {
            self.anew = Some(from);
        }
        self.schedule();
    }

    /// When the next block has come.
    pub(crate) fn deadline(&self) -> Option<Time> {
        self.block.map(|block| block.due)
    }

    /// Takes the block that has come, if one has.
    pub(crate) fn on_deadline(&mut self, now: Time, out: &mut VecDeque<ClientOut>) {
        let Some(block) = self.block.take_if(|block| block.due <= now) else { return };
        self.line_free = block.due;
        self.sending = block.off + block.len;
        let room = self.limit().saturating_sub(self.arrived);
        let taken = if block.off == self.arrived { block.len.min(room) } else { 0 };
        if taken > 0 {
            self.arrived += taken;
            self.oldest = self.oldest.max(self.arrived.saturating_sub(self.config.ring));
            let held = self.arrived.saturating_sub(self.acknowledged);
            trace(out, ClientEvent::Buffered { end: self.arrived, held });
        }
        if taken < block.len {
            let off = block.off + taken;
            trace(out, ClientEvent::Overflow { off, len: block.len - taken });
        }
        self.ask_again(now, out);
        self.schedule();
    }

    /// The server has the octets below `off`.
    pub(crate) fn acknowledge(&mut self, now: Time, off: u32, out: &mut VecDeque<ClientOut>) {
        if off <= self.acknowledged {
            return;
        }
        self.acknowledged = off.min(self.len);
        if self.config.flow_control {
            self.grant(now);
        } else {
            self.ask_again(now, out);
        }
        self.schedule();
    }

    /// Whether the ring holds the chunk of `len` octets at `off`, as far as they belong to the
    /// image.
    pub(crate) fn holds(&self, off: u32, len: u32) -> Held {
        if off < self.oldest {
            Held::Gone
        } else if self.missing(off, len) == 0 {
            Held::Yes
        } else {
            Held::NotYet
        }
    }

    /// Octets that the ring lacks to the end of a chunk.
    pub(crate) fn missing(&self, off: u32, len: u32) -> u32 {
        off.saturating_add(len).min(self.len).saturating_sub(self.arrived)
    }

    /// Whether the client may connect.
    pub(crate) fn may_start(&self) -> bool {
        self.arrived >= self.config.start
    }

    /// Octets of the image that have come so far.
    pub(crate) fn arrived(&self) -> u32 {
        self.arrived
    }

    /// Octets of the ring.
    pub(crate) fn ring(&self) -> u32 {
        self.config.ring
    }

    /// The ring holds no octet from here on.
    fn limit(&self) -> u32 {
        self.acknowledged.saturating_add(self.config.ring).min(self.len)
    }

    /// Tells the host of room, unless it is too little to be worth it.
    fn grant(&mut self, now: Time) {
        let end = self.limit();
        let granted = self.grants.back().map_or(self.arrived, |grant| grant.end).max(self.arrived);
        let worth = end == self.len || end.saturating_sub(granted) >= self.config.least_room();
        if end > granted && worth {
            self.grants.push_back(Grant { end, from: now + self.config.latency });
        }
    }

    /// Asks for dropped octets once there is room for a block of them. What the host has sent
    /// meanwhile comes before the answer does, and is dropped.
    fn ask_again(&mut self, now: Time, out: &mut VecDeque<ClientOut>) {
        let dropped = self.sending != self.arrived;
        let room = self.limit() - self.arrived.min(self.limit());
        let least = self.config.least_room().min(self.len - self.arrived);
        if !self.config.flow_control && dropped && room >= least {
            let anew = now + self.config.latency;
            let (off, len) = (self.sending, self.dropped_until(anew));
            if len > 0 {
                trace(out, ClientEvent::Overflow { off, len });
            }
            trace(out, ClientEvent::HostAsk { off: self.arrived });
            self.sending = self.arrived;
            self.anew = Some(anew);
        }
    }

    /// Octets of the whole blocks that come from where the host is until then.
    fn dropped_until(&self, until: Time) -> u32 {
        let left = self.len - self.sending;
        let octets = |blocks: u32| blocks.saturating_mul(self.config.block).min(left);
        let (mut come, mut late) = (0, left.div_ceil(self.config.block) + 1);
        while late - come > 1 {
            let middle = come + (late - come) / 2;
            if self.config.arrival(self.line_free, octets(middle)) <= until {
                come = middle;
            } else {
                late = middle;
            }
        }
        octets(come)
    }

    /// Finds the next block, if none is on its way.
    fn schedule(&mut self) {
        if self.block.is_none() {
            self.block =
                if self.config.flow_control { self.granted_block() } else { self.streamed_block() };
        }
    }

    fn granted_block(&mut self) -> Option<Block> {
        let off = self.arrived;
        while self.grants.front().is_some_and(|grant| grant.end <= off) {
            self.grants.pop_front();
        }
        let from = self.line_free.max(self.grants.front()?.from);
        while self.grants.get(1).is_some_and(|next| next.from <= from) {
            self.grants.pop_front();
        }
        let len = self.config.block.min(self.grants.front()?.end - off);
        Some(Block { off, len, due: self.config.arrival(from, len) })
    }

    fn streamed_block(&mut self) -> Option<Block> {
        if self.sending != self.arrived {
            return None;
        }
        let from = self.anew.take().map_or(self.line_free, |anew| anew.max(self.line_free));
        let (off, len) = (self.sending, self.config.block.min(self.len - self.sending));
        (len > 0).then(|| Block { off, len, due: self.config.arrival(from, len) })
    }
}

fn trace(out: &mut VecDeque<ClientOut>, event: ClientEvent) {
    out.push_back(ClientOut::Trace(event));
}

#[cfg(test)]
mod tests;
