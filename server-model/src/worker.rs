//! The work queue: takes packets, goes through their requests, sends the responses.

use crate::groups::{Answer, Command, Context, Outcome, Step, Work};
use crate::transport::{Origin, Packet};
use crate::{DropReason, Server, ServerEvent, ServerOut};
use flash_model::FlashView;
use sim_core::{Span, Time};
use smp_wire::errors::Rc;
use smp_wire::header::{HEADER_LEN, Header, OP_READ, OP_WRITE};
use std::cell::Cell;

/// Where the work queue stands.
#[derive(Clone, Debug, Default)]
pub(crate) enum Phase {
    /// Nothing to do.
    #[default]
    Idle,
    /// Submitted; it runs when everything else of this moment has happened. Requests that arrive
    /// together are therefore all queued before the first one is taken.
    Woken(Time),
    /// The next request of the packet, if there is one, comes first.
    Next,
    /// The processor is at work on a request until then.
    Computing(Time),
    /// The processor hashes what a command looked at, until then.
    Hashing(Time, Box<AfterHash>),
    /// A command goes on, unless it waits for a flash operation.
    Working {
        /// The command.
        work: Work,
        /// A flash operation of it is under way.
        waits: bool,
    },
    /// A response is on its way.
    Notifying {
        /// Octets of it that the link layer has.
        sent: usize,
        /// Octets of it in all.
        len: usize,
    },
    /// A response is to go over another transport than Bluetooth.
    Ready,
    /// A datagram waits for the socket, until then or until the next datagram is read.
    Sending(Time),
}

/// What comes after a hash.
#[derive(Clone, Debug)]
pub(crate) enum AfterHash {
    /// The answer.
    Answer(Outcome),
    /// Work with flash operations in it.
    Work(Work),
}

/// The work queue and the request that it is busy with.
#[derive(Clone, Debug)]
pub(crate) struct Worker {
    pub(crate) phase: Phase,
    pub(crate) packet: Packet,
    pub(crate) header: Header,
    /// Where the payload of the request begins in the packet.
    body_at: usize,
    /// The response has a buffer of its own.
    pub(crate) has_buffer: bool,
    pub(crate) response: Vec<u8>,
    /// The response is an error, which ends the packet.
    pub(crate) ends_packet: bool,
}

/// Stands before the first request of a packet.
const NO_REQUEST: Header = Header::request(OP_READ, 0, 0, 0);

impl Default for Worker {
    fn default() -> Self {
        Self {
            phase: Phase::Idle,
            packet: Packet::default(),
            header: NO_REQUEST,
            body_at: 0,
            has_buffer: false,
            response: Vec::new(),
            ends_packet: false,
        }
    }
}

impl Worker {
    pub(crate) const fn idle(&self) -> bool {
        matches!(self.phase, Phase::Idle)
    }

    pub(crate) const fn waits_for_flash(&self) -> bool {
        matches!(self.phase, Phase::Working { waits: true, .. })
    }

    pub(crate) const fn deadline(&self) -> Option<Time> {
        match self.phase {
            Phase::Woken(at)
            | Phase::Computing(at)
            | Phase::Hashing(at, _)
            | Phase::Sending(at) => Some(at),
            _ => None,
        }
    }

    /// Octets of the packet behind the request.
    pub(crate) fn left_in_packet(&self) -> usize {
        self.packet.bytes.len().saturating_sub(self.body_at + usize::from(self.header.len))
    }

    /// A packet was queued.
    pub(crate) fn wake(&mut self, now: Time) {
        if self.idle() {
            self.phase = Phase::Woken(now);
        }
    }
}

impl Server {
    /// The moment of [`Worker::deadline`] has come.
    pub(crate) fn on_turn(&mut self, now: Time, flash: &dyn FlashView) {
        match self.worker.phase {
            Phase::Woken(_) => self.take_packet(None),
            Phase::Computing(_) => self.execute(now, flash),
            Phase::Hashing(..) => self.end_hash(),
            Phase::Sending(_) => return self.end_sending(now, flash),
            _ => {}
        }
        self.run(now, flash);
    }

    /// The work queue gets its turn within this moment, if it was just woken.
    pub(crate) fn begin_turn(&mut self, now: Time, flash: &dyn FlashView) {
        if let Phase::Woken(_) = self.worker.phase {
            self.take_packet(None);
            self.run(now, flash);
        }
    }

    /// A flash operation returns its buffer.
    pub(crate) fn take_back(&mut self, data: Vec<u8>) {
        if let Phase::Working { work, waits: true } = &self.worker.phase
            && let Some(data) = self.groups.take_back(work, data)
        {
            self.spare.give(data);
        }
    }

    /// A flash operation is over.
    pub(crate) fn on_flash_done(&mut self, now: Time, flash: &dyn FlashView) {
        if let Phase::Working { waits, .. } = &mut self.worker.phase {
            *waits = false;
        }
        self.run(now, flash);
    }

    /// A flash operation was given up; the command is answered with what its group says to that.
    #[cold]
    #[inline(never)]
    pub(crate) fn on_flash_failed(&mut self, now: Time, flash: &dyn FlashView) {
        let Self { config, quirks, worker, groups, out, .. } = self;
        let Phase::Working { work, .. } = &worker.phase else { return };
        let Packet { tag, origin, .. } = worker.packet;
        let hashed = &Cell::new(0);
        let cx = Context { config, quirks, now, flash, tag, origin, hashed, out };
        let outcome = groups.flash_failed(work, &cx, &mut worker.response);
        self.answer(outcome);
        self.run(now, flash);
    }

    /// The link layer has the acknowledgement of a notification.
    pub(crate) fn on_notified(&mut self, tag: u32, now: Time, flash: &dyn FlashView) {
        let Phase::Notifying { sent, len } = self.worker.phase else { return };
        if tag != self.worker.packet.tag {
            return;
        }
        if sent < len {
            self.notify(sent, len);
        } else {
            self.end_response();
        }
        self.run(now, flash);
    }

    /// The connection is gone: a notification that waited for its acknowledgement fails.
    pub(crate) fn link_lost(&mut self, now: Time, flash: &dyn FlashView) {
        if matches!(self.worker.phase, Phase::Notifying { .. }) {
            self.give_up_response(DropReason::Unreachable);
            self.run(now, flash);
        }
    }

    /// Goes on until there is something to wait for, or nothing to do.
    pub(crate) fn run(&mut self, now: Time, flash: &dyn FlashView) {
        loop {
            match &self.worker.phase {
                Phase::Next => self.next_request(now),
                Phase::Computing(until) if *until <= now => self.execute(now, flash),
                Phase::Hashing(until, _) if *until <= now => self.end_hash(),
                Phase::Working { waits: false, .. } => self.step(now, flash),
                Phase::Ready => self.transmit_elsewhere(now),
                _ => return,
            }
        }
    }

    /// Each transport has a queue of its own, which is drained as a whole before another one has its
    /// turn (Zephyr `transport/smp.c`, `smp_handle_reqs`).
    fn take_packet(&mut self, after: Option<Origin>) {
        let same = |packet: &Packet| after.is_none_or(|last| last.same_transport(packet.origin));
        let in_order = self.queue.front().is_none_or(same);
        let next = if in_order { self.queue.pop_front() } else { self.take_from_behind(same) };
        self.worker.phase = match next {
            Some(packet) => {
                self.worker.packet = packet;
                self.worker.body_at = 0;
                self.worker.header = NO_REQUEST;
                Phase::Next
            }
            None => Phase::Idle,
        };
    }

    /// The first packet of these, or the first of all.
    #[cold]
    #[inline(never)]
    fn take_from_behind(&mut self, these: impl FnMut(&Packet) -> bool) -> Option<Packet> {
        let at = self.queue.iter().position(these).unwrap_or(0);
        self.queue.remove(at)
    }

    pub(crate) fn close_packet(&mut self) {
        let packet = std::mem::take(&mut self.worker.packet);
        let origin = packet.origin;
        self.recycle(packet);
        self.take_packet(Some(origin));
    }

    /// The checks that come before a handler is looked for (Zephyr `smp.c`,
    /// `smp_process_request_packet`).
    fn next_request(&mut self, now: Time) {
        let worker = &mut self.worker;
        let start = worker.body_at + usize::from(worker.header.len);
        let rest = &worker.packet.bytes[start..];
        let tag = worker.packet.tag;
        let Ok(header) = Header::parse(rest) else {
            if !rest.is_empty() {
                self.trace(ServerEvent::Drop { tag, reason: DropReason::Stub });
            }
            return self.close_packet();
        };
        let whole = rest.len() - HEADER_LEN >= usize::from(header.len);
        worker.header = header;
        worker.body_at = start + HEADER_LEN;
        let Header { op, len, group, seq, id, .. } = header;
        let served = !self.quirks.op_checked_first || op == OP_READ || op == OP_WRITE;
        worker.has_buffer = whole && served && self.buffers.take();
        self.trace(ServerEvent::Take { tag, group, op, id, seq, len });
        if !whole {
            self.refuse(Rc::Corrupt);
        } else if !served {
            self.refuse(Rc::NotSupported);
        } else if !self.worker.has_buffer {
            self.refuse(Rc::NoMemory);
        } else {
            let octets = HEADER_LEN as u64 + u64::from(len);
            let time = self.config.cpu + self.config.cpu_per_octet * octets;
            self.worker.phase = Phase::Computing(now + time);
        }
    }

    /// Looks for the handler and runs it.
    fn execute(&mut self, now: Time, flash: &dyn FlashView) {
        let command = match self.look_up() {
            Ok(command) => command,
            Err(rc) => return self.refuse(rc),
        };
        self.begin_response();
        let Self { config, quirks, worker, groups, out, .. } = self;
        let body = &worker.packet.bytes[worker.body_at..];
        let Packet { tag, origin, .. } = worker.packet;
        let hashed = &Cell::new(0);
        let mut cx = Context { config, quirks, now, flash, tag, origin, hashed, out };
        let answer = groups.handle(command, worker.header.op, body, &mut cx, &mut worker.response);
        if hashed.get() > 0 && config.sha_bytes_per_s > 0 {
            let after = match answer {
                Answer::Now(outcome) => AfterHash::Answer(outcome),
                Answer::Later(work) => AfterHash::Work(work),
                Answer::Planned(plan) => {
                    groups.plan = Some(plan);
                    AfterHash::Work(Work::Plan)
                }
            };
            return self.hash(now, hashed.get(), after);
        }
        match answer {
            Answer::Now(outcome) => self.answer(outcome),
            Answer::Later(work) => self.worker.phase = Phase::Working { work, waits: false },
            Answer::Planned(plan) => {
                groups.plan = Some(plan);
                self.worker.phase = Phase::Working { work: Work::Plan, waits: false };
            }
        }
    }

    /// The handler for the request (Zephyr `smp.c`, `smp_handle_single_req`).
    fn look_up(&self) -> Result<Command, Rc> {
        let Header { op, version, group, id, .. } = self.worker.header;
        if self.quirks.version_checked {
            if version == 0 && !self.config.original_protocol {
                return Err(Rc::TooOld);
            }
            if version > self.quirks.max_version {
                return Err(Rc::TooNew);
            }
        }
        let command = Command::find(&self.config, group, id).ok_or(Rc::NotSupported)?;
        if op != OP_READ && op != OP_WRITE {
            return Err(Rc::Invalid);
        }
        if command.accepts(op) { Ok(command) } else { Err(Rc::NotSupported) }
    }

    /// Takes a command on by one step.
    fn step(&mut self, now: Time, flash: &dyn FlashView) {
        let Self { config, quirks, worker, groups, out, .. } = self;
        let Phase::Working { work, waits } = &mut worker.phase else { return };
        let body = &worker.packet.bytes[worker.body_at..];
        let Packet { tag, origin, .. } = worker.packet;
        let hashed = &Cell::new(0);
        let mut cx = Context { config, quirks, now, flash, tag, origin, hashed, out };
        match groups.step(work, body, &mut cx, &mut worker.response) {
            Step::Flash(op) => {
                *waits = true;
                self.out.push_back(ServerOut::Flash(op));
            }
            Step::Done(outcome) if hashed.get() > 0 && config.sha_bytes_per_s > 0 => {
                self.hash(now, hashed.get(), AfterHash::Answer(outcome));
            }
            Step::Done(outcome) => self.answer(outcome),
        }
    }

    /// The processor takes its time for a hash, whose result the handler knows already.
    #[cold]
    #[inline(never)]
    fn hash(&mut self, now: Time, octets: u32, after: AfterHash) {
        let ns = u64::from(octets) * 1_000_000_000 / u64::from(self.config.sha_bytes_per_s);
        self.worker.phase = Phase::Hashing(now + Span::from_ns(ns), Box::new(after));
    }

    #[cold]
    #[inline(never)]
    fn end_hash(&mut self) {
        let phase = std::mem::take(&mut self.worker.phase);
        let Phase::Hashing(_, after) = phase else { return };
        match *after {
            AfterHash::Answer(outcome) => self.answer(outcome),
            AfterHash::Work(work) => self.worker.phase = Phase::Working { work, waits: false },
        }
    }
}
