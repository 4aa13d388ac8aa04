//! Where the time went: every nanosecond of a run belongs to exactly one of ten causes.
//!
//! The rule follows the oldest unanswered request. Each instant belongs to where that request, or
//! its answer, is: not yet sent, `client`; waiting for an anchor or its turn, `link_wait`; on the
//! air, `link_payload`, `link_overhead` or `link_retransmit`; in the server's hands, what the work
//! queue is doing, `flash_erase`, `flash_write` (waiting for a radio window included) or `server`.
//! With nothing outstanding: `boot_swap` while the boot loader runs, `reconnect` while the link is
//! down or not yet subscribed, else `client`. A gateway's wait for its host is `client`, also before
//! it connects.
//!
//! `pipes` is what is different over datagrams and serial lines.

mod pipes;

use crate::trace::{Event, Record, Sink, WorldEvent};
use client_model::{ClientEvent, Phase};
use flash_model::{BootEvent, EXTERNAL_BASE, FlashEvent, OpKind};
use link_model::{LinkEvent, Phy, Reception, Role};
use pipes::Wire;
use serde::Serialize;
use server_model::ServerEvent;
use sim_core::{Span, Time};
use std::collections::VecDeque;

/// A cause of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Octets of SMP frames on the air for the first time.
    LinkPayload,
    /// Preambles, headers, CRCs, acknowledgements and turn-round times around them.
    LinkOverhead,
    /// Packets sent again.
    LinkRetransmit,
    /// Waiting for an anchor, a turn or a buffer.
    LinkWait,
    /// Erasing, and waiting for a radio window to erase.
    FlashErase,
    /// Writing, and waiting for a radio window to write.
    FlashWrite,
    /// The server's processor, and its wait for acknowledgements.
    Server,
    /// The client's own pauses and turn-round times.
    Client,
    /// Connecting, discovering, subscribing, and links that are down.
    Reconnect,
    /// The boot loader.
    BootSwap,
}

impl Cause {
    /// All causes, in the order of reports.
    pub const ALL: [Self; 10] = [
        Self::LinkPayload,
        Self::LinkOverhead,
        Self::LinkRetransmit,
        Self::LinkWait,
        Self::FlashErase,
        Self::FlashWrite,
        Self::Server,
        Self::Client,
        Self::Reconnect,
        Self::BootSwap,
    ];

    /// What it is, in a few words for people.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::LinkPayload => "octets of SMP frames on the air",
            Self::LinkOverhead => "headers, acknowledgements and turn-round times on the air",
            Self::LinkRetransmit => "packets sent again",
            Self::LinkWait => "waiting for the next connection event, or for a turn in it",
            Self::FlashErase => "erasing pages, waiting for radio windows included",
            Self::FlashWrite => "writing words, waiting for radio windows included",
            Self::Server => "the server's processor and its wait for acknowledgements",
            Self::Client => "the client's own pauses",
            Self::Reconnect => "link down or not yet subscribed, the client's wait included",
            Self::BootSwap => "the boot loader hashing and swapping",
        }
    }

    /// Name in JSON documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LinkPayload => "link_payload",
            Self::LinkOverhead => "link_overhead",
            Self::LinkRetransmit => "link_retransmit",
            Self::LinkWait => "link_wait",
            Self::FlashErase => "flash_erase",
            Self::FlashWrite => "flash_write",
            Self::Server => "server",
            Self::Client => "client",
            Self::Reconnect => "reconnect",
            Self::BootSwap => "boot_swap",
        }
    }
}

/// Time by cause; the sum is the time covered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    spans: [Span; Cause::ALL.len()],
}

impl Budget {
    /// Time of one cause.
    pub fn of(&self, cause: Cause) -> Span {
        self.spans[cause as usize]
    }

    /// Time of all causes.
    pub fn total(&self) -> Span {
        self.spans.iter().fold(Span::ZERO, |sum, span| sum + *span)
    }

    /// Time by cause since `earlier`, which must be an earlier state of this budget.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let mut spans = self.spans;
        for (span, before) in spans.iter_mut().zip(earlier.spans) {
            *span = *span - before;
        }
        Self { spans }
    }
}

/// Where an unanswered request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Its packets are to be sent by the central.
    ToServer,
    /// The server has it. Packets of it that the central repeats, because the acknowledgement was
    /// lost, tell nothing more.
    Server,
    /// The packets of its answer are to be sent by the peripheral.
    ToClient,
    /// It was dropped, and the client will wait for its time-out.
    Lost,
}

impl Place {
    /// Whose packets carry the request, or its answer, from here.
    const fn sender(self) -> Option<Role> {
        match self {
            Self::ToServer => Some(Role::Central),
            Self::Server | Self::Lost => None,
            Self::ToClient => Some(Role::Peripheral),
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Request {
    tag: u32,
    /// Octets of its frame that have not arrived yet.
    missing: u32,
    /// Octets of it, or of its answer, that a pipe has not transmitted yet.
    unsent: u32,
    place: Place,
}

/// Folds records into a budget.
#[derive(Clone, Debug)]
pub struct BudgetFold {
    budget: Budget,
    /// All time before this has its cause.
    marked: Time,
    /// Unanswered requests, oldest first.
    unanswered: VecDeque<Request>,
    /// A packet of the oldest request has ended in the connection event that is still open.
    in_burst: bool,
    flash: Option<Cause>,
    /// The flash at work keeps the radio from the air; an external part does not, and there may be no
    /// radio.
    on_chip: bool,
    boot_runs: bool,
    subscribed: bool,
    /// A gateway waits for its host before it connects.
    buffering: bool,
    /// Air time of an octet on the PHY in force.
    octet_time: Span,
    wire: Wire,
}

impl Default for BudgetFold {
    fn default() -> Self {
        Self::new()
    }
}

impl BudgetFold {
    /// A fold of a run from its start.
    pub fn new() -> Self {
        Self {
            budget: Budget::default(),
            marked: Time::ZERO,
            unanswered: VecDeque::with_capacity(16),
            in_burst: false,
            flash: None,
            on_chip: true,
            boot_runs: false,
            subscribed: false,
            buffering: false,
            octet_time: Phy::OneM.octet_time(),
            wire: Wire::Air,
        }
    }

    /// The budget up to `end`, which is not before the last record.
    #[must_use]
    pub fn until(&self, end: Time) -> Budget {
        let mut budget = self.budget;
        budget.spans[self.cause() as usize] += end.since(self.marked);
        budget
    }

    /// The cause that holds now.
    fn cause(&self) -> Cause {
        match self.unanswered.front().map(|request| request.place) {
            Some(Place::Server) => self.flash.unwrap_or(Cause::Server),
            Some(Place::ToServer | Place::ToClient) => {
                let air = if self.in_burst { Cause::LinkOverhead } else { Cause::LinkWait };
                self.flash.filter(|_| self.on_chip).unwrap_or(air)
            }
            None if self.boot_runs => Cause::BootSwap,
            None if self.buffering => Cause::Client,
            None if !self.subscribed => Cause::Reconnect,
            Some(Place::Lost) | None => Cause::Client,
        }
    }

    fn mark(&mut self, until: Time) {
        self.mark_as(until, self.cause());
    }

    fn mark_as(&mut self, until: Time, cause: Cause) {
        self.budget.spans[cause as usize] += until.since(self.marked);
        self.marked = self.marked.max(until);
    }

    fn client(&mut self, at: Time, event: &ClientEvent) {
        match *event {
            ClientEvent::Send { tag, len, .. } => {
                self.mark(at);
                let unsent = u32::from(len);
                let missing = self.wire.octets_for(unsent);
                let place = Place::ToServer;
                self.unanswered.push_back(Request { tag, missing, unsent, place });
            }
            ClientEvent::Answer { tag, .. }
            | ClientEvent::Timeout { tag }
            | ClientEvent::GiveUp { tag } => self.forget(at, tag),
            ClientEvent::Phase { phase } if self.buffering != (phase == Phase::Buffer) => {
                self.mark(at);
                self.buffering = !self.buffering;
            }
            _ => {}
        }
    }

    fn forget(&mut self, at: Time, tag: u32) {
        self.mark(at);
        if self.unanswered.front().is_some_and(|request| request.tag == tag) {
            self.in_burst = false;
        }
        self.unanswered.retain(|request| request.tag != tag);
    }

    fn link(&mut self, at: Time, event: &LinkEvent) {
        let LinkEvent::Packet {
            tag,
            air_us,
            value_octets,
            from,
            reception,
            retransmission,
            taken,
            closes,
            ..
        } = *event
        else {
            return self.rest_of_link(at, *event);
        };
        let air = Span::from_us(air_us.into());
        let oldest = self.unanswered.front().filter(|oldest| oldest.tag == tag);
        match oldest.map(|oldest| oldest.place) {
            Some(place) if place.sender() == Some(from) => {
                self.packet(at, air, value_octets, retransmission);
                self.in_burst = reception != Reception::Missed;
            }
            // Its last packet again, since the acknowledgement was lost: the answer waits.
            Some(Place::ToClient) if from == Role::Central && retransmission => {
                self.packet(at, air, value_octets, retransmission);
            }
            _ => {}
        }
        if taken && value_octets > 0 && from == Role::Central {
            self.mark(at);
            self.arrived(tag, value_octets.into());
        }
        if closes.is_some() && self.in_burst {
            self.mark(at);
            self.in_burst = false;
        }
    }

    #[inline(never)]
    fn rest_of_link(&mut self, at: Time, event: LinkEvent) {
        match event {
            LinkEvent::Silent { .. } if self.in_burst => {
                self.mark(at);
                self.in_burst = false;
            }
            LinkEvent::TooLong { tag, .. } | LinkEvent::Refused { tag, .. } => self.lose(at, tag),
            // A connection starts on LE 1M unless the trace says otherwise.
            LinkEvent::ConnectInd { .. } => self.octet_time = Phy::OneM.octet_time(),
            LinkEvent::Phy { phy } => self.octet_time = phy.octet_time(),
            LinkEvent::Subscribed => {
                self.mark(at);
                self.subscribed = true;
            }
            LinkEvent::Lost { role: Role::Central, .. } => {
                self.mark(at);
                self.unanswered.clear();
                self.in_burst = false;
                self.subscribed = false;
            }
            LinkEvent::Opened { .. }
            | LinkEvent::Datagram { .. }
            | LinkEvent::Line { .. }
            | LinkEvent::Arrived { .. }
            | LinkEvent::Unheard { .. } => self.pipe(at, &event),
            _ => {}
        }
    }

    /// A packet of the oldest request, or of its answer, ends.
    fn packet(&mut self, end: Time, air: Span, value_octets: u8, retransmission: bool) {
        let start = end.before(air).max(self.marked);
        self.mark(start);
        if retransmission {
            self.mark_as(end, Cause::LinkRetransmit);
        } else {
            let payload = self.octet_time * u64::from(value_octets);
            let payload_from = end.before(payload).max(self.marked);
            self.mark_as(payload_from, Cause::LinkOverhead);
            self.mark_as(end, Cause::LinkPayload);
        }
    }

    fn arrived(&mut self, tag: u32, octets: u32) {
        let oldest = self.unanswered.front().map(|request| request.tag);
        let Some(request) = self.unanswered.iter_mut().find(|r| r.tag == tag) else { return };
        request.missing = request.missing.saturating_sub(octets);
        // One that was dropped stays so, also when the rest of it arrives.
        if request.missing == 0 && request.place != Place::Lost {
            request.place = Place::Server;
            self.in_burst &= oldest != Some(tag);
        }
    }

    fn server(&mut self, at: Time, event: &ServerEvent) {
        match *event {
            ServerEvent::Reply { tag, len, .. } => {
                self.put(at, tag, Place::ToClient);
                if self.wire != Wire::Air {
                    self.answer_begins(tag, len.into());
                }
            }
            ServerEvent::Drop { tag, reason } if reason.loses_request() => self.lose(at, tag),
            _ => {}
        }
    }

    fn lose(&mut self, at: Time, tag: u32) {
        self.put(at, tag, Place::Lost);
    }

    fn put(&mut self, at: Time, tag: u32, place: Place) {
        self.mark(at);
        if let Some(request) = self.unanswered.iter_mut().find(|r| r.tag == tag) {
            request.place = place;
        }
    }

    fn flash(&mut self, at: Time, event: &FlashEvent) {
        if self.boot_runs {
            return;
        }
        let flash = match *event {
            FlashEvent::Ask { kind, .. }
            | FlashEvent::Start { kind, .. }
            | FlashEvent::Window { kind, .. } => Some(match kind {
                OpKind::Erase => Cause::FlashErase,
                OpKind::Write | OpKind::Copy => Cause::FlashWrite,
            }),
            FlashEvent::End { .. } | FlashEvent::Failed { .. } | FlashEvent::Cut { .. } => None,
        };
        if flash != self.flash {
            self.mark(at);
        }
        self.on_chip = self.wire == Wire::Air
            && !matches!(event, FlashEvent::Start { at: EXTERNAL_BASE.., .. });
        self.flash = flash;
    }

    fn boot(&mut self, at: Time, event: &BootEvent) {
        match event {
            BootEvent::Start => {
                self.mark(at);
                self.boot_runs = true;
                self.flash = None;
            }
            BootEvent::Done { .. } | BootEvent::Dead | BootEvent::Assertion => {
                self.mark(at);
                self.boot_runs = false;
            }
            _ => {}
        }
    }

    /// Without supply nothing runs on the device.
    fn power_fails(&mut self, at: Time) {
        self.mark(at);
        self.boot_runs = false;
        self.flash = None;
    }
}

impl Sink for BudgetFold {
    #[inline]
    fn record(&mut self, record: &Record) {
        match &record.event {
            Event::World(WorldEvent::PowerFails) => self.power_fails(record.at),
            Event::World(WorldEvent::Fault { tag, .. }) => self.lose(record.at, *tag),
            Event::Client(event) => self.client(record.at, event),
            Event::Link(event) => self.link(record.at, event),
            Event::Server(event) => self.server(record.at, event),
            Event::Flash(event) => self.flash(record.at, event),
            Event::Boot(event) => self.boot(record.at, event),
            Event::World(_) => {}
        }
    }
}
