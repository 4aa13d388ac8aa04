//! The driver: makes a machine of a [`FrameClient`].

use super::traffic::Traffic;
use super::{FrameAction, FrameClient, FrameEvent, Outgoing, Protocol};
use crate::config::ClientConfig;
use crate::error::{ClientError, Finish};
use crate::event::{ClientEvent, Phase};
use crate::fit::ATT_HEADER;
use crate::session::console::Console;
use crate::strategy::{Habits, Limits, Transport};
use crate::uplink::{Held, Uplink};
use crate::{ClientIn, ClientOut};
use sim_core::{Sdu, Time};
use std::collections::VecDeque;

/// How far the connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// There is none, and nobody asked for one.
    Down,
    /// A gateway waits for the begin of the image.
    AwaitingHost,
    Connecting {
        retries_left: u8,
    },
    RetryPause {
        retries_left: u8,
        until: Time,
    },
    DiscoveryDelay {
        retries_left: u8,
        until: Time,
    },
    Discovering {
        retries_left: u8,
    },
    Ready,
    Done,
}

/// Requests that wait for octets from a gateway's host.
#[derive(Clone, Debug)]
struct HeldBack {
    since: Time,
    requests: VecDeque<Outgoing>,
}

/// A [`FrameClient`] and what is around it.
#[derive(Clone, Debug)]
pub(crate) struct Driver {
    client: Box<dyn FrameClient>,
    protocol: Protocol,
    config: ClientConfig,
    traffic: Traffic,
    /// The port of a serial link, over which SMP goes as lines.
    console: Option<Box<Console>>,
    state: State,
    phase: Phase,
    limits: Limits,
    /// The link may be up, so that the end of the update has to end it.
    link_up: bool,
    was_ready: bool,
    timer: Option<Time>,
    /// Octets of the value that is being looked at.
    received_len: u16,
    /// Where a gateway has the image from.
    uplink: Option<Uplink>,
    held_back: Option<HeldBack>,
    actions: Vec<FrameAction>,
    out: VecDeque<ClientOut>,
}

impl Driver {
    pub(crate) fn new(config: ClientConfig, client: Box<dyn FrameClient>) -> Self {
        Self {
            protocol: client.protocol(),
            client,
            traffic: Traffic::default(),
            console: None,
            state: State::Down,
            phase: Phase::Connect,
            limits: Limits::default(),
            link_up: false,
            was_ready: false,
            timer: None,
            received_len: 0,
            uplink: config.uplink.as_ref().map(|uplink| Uplink::new(uplink, config.image.len())),
            config,
            held_back: None,
            actions: Vec::new(),
            out: VecDeque::new(),
        }
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn handle(&mut self, now: Time, input: ClientIn) {
        match input {
            ClientIn::Start => self.start(now),
            ClientIn::Connected => self.connected(now),
            ClientIn::ConnectFailed => self.connect_failed(now),
            ClientIn::Ready { transport, att_mtu } => self.ready(now, transport, att_mtu),
            ClientIn::Refused { code } => self.refused(code),
            ClientIn::Lost { reason } => self.lost(now, reason),
            ClientIn::Received(sdu) => self.received(now, sdu),
            ClientIn::Written { .. } => {}
        }
    }

    fn start(&mut self, now: Time) {
        let Some(uplink) = &mut self.uplink else {
            return self.tell(now, FrameEvent::Start);
        };
        let may_start = uplink.may_start();
        self.state = State::AwaitingHost;
        if !may_start {
            self.enter(Phase::Buffer);
        }
        if let Some(uplink) = &mut self.uplink {
            uplink.ask(now, 0, &mut self.out);
        }
        self.start_when_buffered(now);
    }

    fn connected(&mut self, now: Time) {
        if let State::Connecting { retries_left } = self.state {
            self.link_up = true;
            self.enter(Phase::Discover);
            let until = now + self.config.discovery_delay;
            self.state = State::DiscoveryDelay { retries_left, until };
            self.serve_connection(now);
        }
    }

    fn connect_failed(&mut self, now: Time) {
        if let State::Connecting { retries_left } = self.state {
            self.retry(now, retries_left);
        }
    }

    fn ready(&mut self, now: Time, transport: Transport, att_mtu: u16) {
        if !matches!(self.state, State::Discovering { .. }) {
            return;
        }
        self.was_ready = true;
        self.state = State::Ready;
        self.traffic.reconnect();
        let att_mtu = self.open_console(transport).unwrap_or(att_mtu);
        let max_packet = att_mtu.saturating_sub(ATT_HEADER);
        self.limits = Limits { transport, att_mtu, max_packet, buf_count: None };
        self.tell(now, FrameEvent::Ready { limits: self.limits });
    }

    /// Opens the port of a serial link; the ATT MTU that stands for its lines.
    fn open_console(&mut self, transport: Transport) -> Option<u16> {
        self.console = None;
        if transport != Transport::Serial || self.protocol != Protocol::Smp {
            return None;
        }
        let mut ways = Habits::default().serial;
        if self.config.serial_line > 0 {
            ways.line = self.config.serial_line;
        }
        let att_mtu = ways.line.saturating_add(ATT_HEADER);
        self.console = Some(Box::new(Console::new(ways)));
        Some(att_mtu)
    }

    /// The service demands more security than the link has.
    fn refused(&mut self, code: u8) {
        if matches!(self.state, State::Discovering { .. }) {
            self.fail(ClientError::InsufficientAuthentication { code });
        }
    }

    fn lost(&mut self, now: Time, reason: u8) {
        self.link_up = false;
        self.console = None;
        self.traffic.give_up(&mut self.out);
        self.held_back = None;
        match self.state {
            State::Connecting { retries_left }
            | State::DiscoveryDelay { retries_left, .. }
            | State::Discovering { retries_left } => self.retry(now, retries_left),
            State::Ready => {
                self.state = State::Down;
                if self.phase == Phase::Reset {
                    self.enter(Phase::Wait);
                }
                self.tell(now, FrameEvent::Lost { reason });
            }
            State::Down | State::AwaitingHost | State::RetryPause { .. } | State::Done => {}
        }
    }

    fn received(&mut self, now: Time, sdu: Sdu) {
        if self.state != State::Ready {
            return self.trace(ClientEvent::Stale { tag: sdu.tag });
        }
        let Sdu { tag, bytes } = sdu;
        if self.protocol == Protocol::Other {
            self.received_len = bytes.len().min(u16::MAX.into()) as u16;
            return self.tell(now, FrameEvent::Received(&bytes));
        }
        let Some(console) = &mut self.console else {
            return self.notified(now, &Sdu { tag, bytes });
        };
        for packet in console.read(&bytes) {
            match packet {
                Ok(frame) => self.notified(now, &Sdu { tag, bytes: frame }),
                Err(_) => self.trace(ClientEvent::Stale { tag }),
            }
        }
    }

    /// A part of an SMP frame, or a whole one, has come.
    fn notified(&mut self, now: Time, sdu: &Sdu) {
        let tag = sdu.tag;
        let Some(frame) = self.traffic.merge(sdu, &mut self.out) else { return };
        let off = self.traffic.answer(&frame, tag, &mut self.out);
        self.acknowledge(now, off);
        self.tell(now, FrameEvent::Received(&frame));
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn deadline(&self) -> Option<Time> {
        let connection = match self.state {
            State::RetryPause { until, .. } | State::DiscoveryDelay { until, .. } => Some(until),
            _ => None,
        };
        let timer = self.timer.filter(|_| self.held_back.is_none());
        let host = self.uplink.as_ref().and_then(Uplink::deadline);
        let console = self.console.as_ref().and_then(|console| console.deadline());
        connection.into_iter().chain(timer).chain(host).chain(console).min()
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn on_deadline(&mut self, now: Time) {
        if let Some(console) = &mut self.console {
            console.on_deadline(now, &mut self.out);
        }
        self.serve_connection(now);
        self.serve_uplink(now);
        if self.held_back.is_none() && self.timer.take_if(|due| *due <= now).is_some() {
            self.tell(now, FrameEvent::Timer);
        }
    }

    /// What was said and nobody has taken yet, the oldest first.
    #[cold]
    #[inline(never)]
    pub(crate) fn said(&mut self) -> &mut VecDeque<ClientOut> {
        &mut self.out
    }

    /// Lets the client speak and does what it says.
    fn tell(&mut self, now: Time, event: FrameEvent<'_>) {
        if self.state == State::Done {
            return;
        }
        let mut actions = std::mem::take(&mut self.actions);
        self.client.handle(now, event, &mut actions);
        for action in actions.drain(..) {
            if self.state != State::Done {
                self.act(now, action);
            }
        }
        self.actions = actions;
        let nothing_comes = self.state == State::Down && self.timer.is_none();
        if nothing_comes {
            self.fail(ClientError::StrategyStalled);
        }
    }

    fn act(&mut self, now: Time, action: FrameAction) {
        match action {
            FrameAction::Connect if self.state == State::Down => {
                self.connect(self.config.connect_retries);
            }
            FrameAction::Send(outgoing) => self.send(now, outgoing),
            FrameAction::Answered { count, code, off } => {
                self.traffic.answered(count, code, self.received_len, &mut self.out);
                self.acknowledge(now, off);
            }
            FrameAction::GiveUp { count } => self.traffic.time_out(count, &mut self.out),
            FrameAction::SetTimer(due) => self.timer = due.map(|due| due.max(now)),
            FrameAction::SetParams(params) => self.out.push_back(ClientOut::SetParams(params)),
            FrameAction::Phase(phase) => self.enter_if_new(phase),
            FrameAction::Disconnect if self.link_up => self.out.push_back(ClientOut::Disconnect),
            FrameAction::Connect | FrameAction::Disconnect => {}
            FrameAction::Finish(finish) => self.finish(finish),
        }
    }

    fn send(&mut self, now: Time, outgoing: Outgoing) {
        if self.state != State::Ready {
            return;
        }
        if let Some(held) = &mut self.held_back {
            return held.requests.push_back(outgoing);
        }
        let about = Traffic::about(self.protocol, &outgoing);
        if self.uplink.is_some()
            && let Some((off, len)) = about.chunk
            && !self.octets_are_there(now, off, len)
        {
            if self.state == State::Ready {
                self.held_back = Some(HeldBack { since: now, requests: [outgoing].into() });
            }
            return;
        }
        if let Some(phase) = about.phase {
            self.enter_if_new(phase);
        }
        let (frame, max_packet) = (outgoing.bytes.len() as u32, self.limits.max_packet);
        if self.limits.transport == Transport::Udp && frame > max_packet.into() {
            return self.fail(ClientError::InsufficientMtu { frame, max_packet });
        }
        let Self { traffic, protocol, out, .. } = self;
        let tag = traffic.note(*protocol, &outgoing, about.chunk, out);
        self.write(now, tag, outgoing);
    }

    fn write(&mut self, now: Time, tag: u32, outgoing: Outgoing) {
        let Outgoing { bytes, write_max, .. } = outgoing;
        if let Some(console) = &mut self.console {
            return console.write(now, &Sdu { tag, bytes }, &mut self.out);
        }
        let room = self.limits.max_packet;
        let write_max = if write_max == 0 { room } else { write_max.min(room) };
        for piece in bytes.chunks(usize::from(write_max.max(1))) {
            self.out.push_back(ClientOut::Write(Sdu { tag, bytes: piece.to_vec() }));
        }
    }

    fn connect(&mut self, retries_left: u8) {
        self.enter(if self.was_ready { Phase::Reconnect } else { Phase::Connect });
        self.state = State::Connecting { retries_left };
        self.out.push_back(ClientOut::Connect { timeout: self.config.connect_timeout });
    }

    fn retry(&mut self, now: Time, retries_left: u8) {
        if let Some(retries_left) = retries_left.checked_sub(1) {
            let until = now + self.config.connect_retry_pause;
            self.state = State::RetryPause { retries_left, until };
        } else {
            self.state = State::Down;
            let attempts = self.config.connect_retries.saturating_add(1);
            self.tell(now, FrameEvent::ConnectFailed { attempts });
        }
    }

    fn serve_connection(&mut self, now: Time) {
        match self.state {
            State::RetryPause { retries_left, until } if until <= now => self.connect(retries_left),
            State::DiscoveryDelay { retries_left, until } if until <= now => {
                self.state = State::Discovering { retries_left };
                self.out.push_back(ClientOut::Discover);
            }
            _ => {}
        }
    }

    fn start_when_buffered(&mut self, now: Time) {
        let may_start = self.uplink.as_ref().is_none_or(Uplink::may_start);
        if self.state == State::AwaitingHost && may_start {
            self.state = State::Down;
            self.tell(now, FrameEvent::Start);
        }
    }

    /// Takes what has come from a gateway's host, and sends what waited for it.
    fn serve_uplink(&mut self, now: Time) {
        let Some(uplink) = &mut self.uplink else { return };
        uplink.on_deadline(now, &mut self.out);
        self.start_when_buffered(now);
        let Some(held) = self.held_back.take() else { return };
        let first = held.requests.front();
        let chunk = first.and_then(|first| Traffic::about(self.protocol, first).chunk);
        let uplink = self.uplink.as_ref();
        let there = chunk.zip(uplink).is_none_or(|((off, len), uplink)| {
            uplink.holds(off, len) != Held::NotYet || uplink.deadline().is_none()
        });
        if !there {
            self.held_back = Some(held);
            return;
        }
        self.trace(ClientEvent::Fed { end: uplink.map_or(0, Uplink::arrived) });
        self.timer = self.timer.map(|due| due + now.since(held.since));
        for outgoing in held.requests {
            self.send(now, outgoing);
        }
    }

    /// Whether the ring holds a chunk. Asks for what it has let go of, and ends the update when it
    /// will never hold it.
    fn octets_are_there(&mut self, now: Time, off: u32, len: u32) -> bool {
        let Some(uplink) = &mut self.uplink else { return true };
        match uplink.holds(off, len) {
            Held::Yes => return true,
            Held::Gone => uplink.ask(now, off, &mut self.out),
            Held::NotYet => {}
        }
        let (missing, ring) = (uplink.missing(off, len), uplink.ring());
        let nothing_comes = uplink.deadline().is_none() && self.traffic.outstanding() == 0;
        self.trace(ClientEvent::Starved { off, missing });
        if nothing_comes {
            let chunk = len.min(u16::MAX.into()) as u16;
            self.fail(ClientError::RingTooSmall { ring, chunk });
        }
        false
    }

    /// The other end has the image below `off`: a gateway's ring may let go of it.
    fn acknowledge(&mut self, now: Time, off: Option<u32>) {
        if let (Some(uplink), Some(off)) = (&mut self.uplink, off) {
            uplink.acknowledge(now, off, &mut self.out);
        }
    }

    fn fail(&mut self, error: ClientError) {
        self.finish(Finish { outcome: error.outcome(), error: Some(error) });
    }

    fn finish(&mut self, finish: Finish) {
        self.traffic.give_up(&mut self.out);
        self.timer = None;
        self.held_back = None;
        self.uplink = None;
        self.enter(Phase::Done);
        let Finish { outcome, error } = finish;
        self.trace(ClientEvent::Finish { outcome, error });
        if self.link_up {
            self.out.push_back(ClientOut::Disconnect);
        }
        self.state = State::Done;
        self.out.push_back(ClientOut::Finished(finish));
    }

    fn enter_if_new(&mut self, phase: Phase) {
        if self.phase != phase {
            self.enter(phase);
        }
    }

    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.trace(ClientEvent::Phase { phase });
    }

    fn trace(&mut self, event: ClientEvent) {
        self.out.push_back(ClientOut::Trace(event));
    }
}
