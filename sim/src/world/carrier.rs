//! What carries frames between client and device: a radio link, datagrams or a serial line.

use crate::scenario::{Carriage, Scenario};
use client_model::Transport;
use link_model::{DatagramPipe, Link, LinkIn, LinkOut, SerialPipe};
use server_model::ServerIn;
use sim_core::{Machine, Sdu, Seed, Span, Time};

/// The number of the client among the peers of the server's socket.
const PEER: u32 = 0;

/// The link of a world. The radio link is matched first and in line, since updates over it are what
/// the program is mostly used for; the pipes lie behind calls.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "the radio link is reached without a pointer")]
pub(super) enum Carrier {
    Ble(Link),
    Udp(Box<DatagramPipe>),
    Serial(Box<SerialPipe>),
}

impl Carrier {
    pub(super) fn new(scenario: &Scenario, seed: Seed) -> Self {
        match scenario.carriage {
            Carriage::Ble => Self::Ble(Link::new(scenario.link.clone(), seed)),
            Carriage::Udp(config) => Self::Udp(Box::new(DatagramPipe::new(config, seed))),
            Carriage::Serial(config) => Self::Serial(Box::new(SerialPipe::new(config, seed))),
        }
    }

    /// Tells a radio link something, a pipe nothing.
    #[inline]
    pub(super) fn tell_radio(&mut self, now: Time, input: LinkIn) {
        if let Self::Ble(link) = self {
            link.handle(now, input, ());
        }
    }

    pub(super) fn handle(&mut self, now: Time, input: LinkIn) {
        match self {
            Self::Ble(link) => link.handle(now, input, ()),
            Self::Udp(pipe) => pipe.handle(now, input, ()),
            Self::Serial(pipe) => pipe.handle(now, input, ()),
        }
    }

    #[inline]
    pub(super) fn on_deadline(&mut self, now: Time) {
        match self {
            Self::Ble(link) => link.on_deadline(now, ()),
            pipe => pipe.on_pipe_deadline(now),
        }
    }

    #[cold]
    #[inline(never)]
    fn on_pipe_deadline(&mut self, now: Time) {
        match self {
            Self::Ble(_) => {}
            Self::Udp(pipe) => pipe.on_deadline(now, ()),
            Self::Serial(pipe) => pipe.on_deadline(now, ()),
        }
    }

    #[inline]
    pub(super) fn deadline(&self) -> Option<Time> {
        match self {
            Self::Ble(link) => link.deadline(),
            pipe => pipe.pipe_deadline(),
        }
    }

    #[cold]
    #[inline(never)]
    fn pipe_deadline(&self) -> Option<Time> {
        match self {
            Self::Ble(_) => None,
            Self::Udp(pipe) => pipe.deadline(),
            Self::Serial(pipe) => pipe.deadline(),
        }
    }

    /// What a radio link says. Apart from what pipes say, whose calls would have it go through
    /// memory.
    #[inline]
    pub(super) fn poll(&mut self) -> Option<LinkOut> {
        if let Self::Ble(link) = self { link.poll() } else { None }
    }

    /// Whether a radio link has nothing to say. Of a pipe nobody knows.
    #[inline]
    pub(super) fn is_silent_radio(&self) -> bool {
        matches!(self, Self::Ble(link) if link.is_silent())
    }

    /// What a pipe says.
    pub(super) fn poll_pipe(&mut self) -> Option<LinkOut> {
        match self {
            Self::Ble(_) => None,
            Self::Udp(pipe) => pipe.poll(),
            Self::Serial(pipe) => pipe.poll(),
        }
    }

    #[inline]
    pub(super) const fn is_radio(&self) -> bool {
        matches!(self, Self::Ble(_))
    }

    /// What carries the frames.
    pub(super) const fn transport(&self) -> Transport {
        match self {
            Self::Ble(_) => Transport::Ble,
            Self::Udp(_) => Transport::Udp,
            Self::Serial(_) => Transport::Serial,
        }
    }

    /// What reaches the server of what the client wrote on a pipe.
    #[cold]
    #[inline(never)]
    pub(super) fn at_server(&self, sdu: Sdu) -> ServerIn {
        match self {
            Self::Ble(_) => ServerIn::Write(sdu),
            Self::Udp(_) => ServerIn::Datagram { peer: PEER, sdu: Box::new(sdu) },
            Self::Serial(_) => ServerIn::Serial(Box::new(sdu)),
        }
    }

    /// The radio link.
    ///
    /// # Panics
    /// When it is another one: only fleets ask, and theirs are radio links.
    pub(super) fn radio(&self) -> &Link {
        match self {
            Self::Ble(link) => link,
            _ => panic!("only radio links share a central's radio"),
        }
    }

    /// Tells a radio link when the central's radio is there for it.
    pub(super) fn set_central_radio(&mut self, free_from: Time, wanted_at: Time) {
        if let Self::Ble(link) = self {
            link.set_central_radio(free_from, wanted_at);
        }
    }

    /// Places the anchors of a radio link so far into the interval.
    pub(super) fn with_phase(scenario: &Scenario, seed: Seed, phase: Span) -> Self {
        let mut config = scenario.link.clone();
        config.anchor_phase = Some(phase);
        Self::Ble(Link::new(config, seed))
    }
}
