//! A link with nothing but two small hosts around it, of which either may always have something to
//! send. What happens is read from the link's own trace.

use crate::conform::difference::Difference;
use link_model::{Link, LinkConfig, LinkEvent, LinkIn, LinkOut, Reception, Role};
use sim_core::{Machine as _, Sdu, Seed, Span, Time};
use std::collections::VecDeque;

/// Values that lie in a controller at any time: more than the two that keep an event open, so that
/// a sender never runs dry while an acknowledgement is on its way to its host.
const AHEAD: u32 = 6;

/// Steps without any packet after which a link counts as at rest.
const QUIET_STEPS: u32 = 100_000;

/// How long the central tries to connect.
const ATTEMPT: Span = Span::from_s(60);

/// Connections that are tried before one must have come as far as notifications.
const ATTEMPTS: u32 = 100;

/// How a host sends its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    /// Write commands of the central or notifications of the peripheral, as many as fit.
    Unconfirmed,
    /// Write requests of the central or indications of the peripheral, each after the answer to the
    /// one before.
    Confirmed,
}

/// A host that always has another value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sender {
    /// Octets of each value.
    pub(super) value: u16,
    /// How they go out.
    pub(super) method: Method,
}

/// A packet that has ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packet {
    /// When it began.
    pub(super) start: Time,
    /// When it ended.
    pub(super) end: Time,
    /// Who sent it.
    pub(super) from: Role,
    /// Link layer payload, octets.
    pub(super) octets: u8,
    /// Octets of attribute values among them.
    pub(super) value: u8,
    /// The receiver took it as new.
    pub(super) taken: bool,
    /// How it arrived.
    pub(super) reception: Reception,
    /// Which value it belongs to; 0 for none.
    pub(super) tag: u32,
    /// The first of its event: it began at the anchor.
    pub(super) first: bool,
}

/// A link, its hosts, and virtual time.
#[derive(Clone, Debug)]
pub(super) struct Bench {
    pub(super) link: Link,
    pub(super) now: Time,
    senders: [Option<Sender>; 2],
    ready: bool,
    attempts: u32,
    tag: u32,
    /// The next packet is the first of its event.
    at_anchor: bool,
    /// Counter of the event in progress, or between events of the next one.
    next_counter: u16,
    /// Trace events other than packets since the last look.
    pub(super) events: Vec<(Time, LinkEvent)>,
    /// Why an end considers the connection lost.
    pub(super) lost: Option<u8>,
    /// What the hosts say next; they wait until the link has said everything.
    replies: Vec<LinkIn>,
    packets: VecDeque<Packet>,
}

impl Bench {
    /// A link whose central has just made a connection; its first event has the counter 0.
    ///
    /// # Errors
    /// When that does not come about.
    pub(super) fn connecting(config: LinkConfig, seed: Seed) -> Result<Self, Difference> {
        let mut bench = Self {
            link: Link::new(config, seed),
            now: Time::ZERO,
            senders: [None; 2],
            ready: false,
            attempts: 1,
            tag: 0,
            at_anchor: true,
            next_counter: 0,
            events: Vec::new(),
            lost: None,
            replies: Vec::new(),
            packets: VecDeque::new(),
        };
        bench.input(LinkIn::Advertise);
        bench.input(LinkIn::Connect { timeout: ATTEMPT });
        while bench.link.channel().is_none() {
            bench.step().ok_or_else(|| Difference::new("link", "a connection", "none"))?;
        }
        Ok(bench)
    }

    /// A link whose central has connected, found the service and enabled notifications.
    ///
    /// # Errors
    /// When that does not come about.
    pub(super) fn connected(config: LinkConfig, seed: Seed) -> Result<Self, Difference> {
        let mut bench = Self::connecting(config, seed)?;
        while !bench.ready {
            let packet = bench.next_packet();
            packet.ok_or_else(|| Difference::new("link", "notifications enabled", "no such"))?;
        }
        Ok(bench)
    }

    /// Lets a host send from now on.
    pub(super) fn fill(&mut self, role: Role, sender: Sender) {
        self.senders[role as usize] = Some(sender);
        let ahead = if sender.method == Method::Confirmed { 1 } else { AHEAD };
        for _ in 0..ahead {
            self.queue(role);
        }
        self.settle();
    }

    /// Hands something in.
    pub(super) fn input(&mut self, input: LinkIn) {
        self.link.handle(self.now, input, ());
        self.settle();
    }

    /// Runs until a packet has ended; none when the link is at rest or lost.
    pub(super) fn next_packet(&mut self) -> Option<Packet> {
        for _ in 0..QUIET_STEPS {
            if let Some(packet) = self.packets.pop_front() {
                return Some(packet);
            }
            self.step()?;
        }
        None
    }

    /// Goes on to the next moment at which the link does something.
    fn step(&mut self) -> Option<()> {
        self.now = self.link.deadline()?;
        self.link.on_deadline(self.now, ());
        self.settle();
        Some(())
    }

    /// Lets time pass up to a moment.
    pub(super) fn pass_to(&mut self, until: Time) {
        while self.link.deadline().is_some_and(|due| due <= until) && self.step().is_some() {}
        self.packets.clear();
        self.now = self.now.max(until);
    }

    /// Counter of the event in progress, or between events of the next one.
    pub(super) fn next_event(&self) -> u16 {
        self.next_counter
    }

    /// Runs until the next event has this counter, and its anchor is still to come.
    ///
    /// # Errors
    /// When the link does not get there.
    pub(super) fn run_to_event(&mut self, counter: u16) -> Result<(), Difference> {
        while self.next_counter != counter || !self.at_anchor {
            if self.step().is_none() || self.lost.is_some() {
                let got = format!("the end before event {counter}");
                return Err(Difference::new("link", "a connection that lasts", got));
            }
            self.packets.clear();
        }
        Ok(())
    }

    /// Trace events that are no packets, from here until the end of event number `counter`.
    ///
    /// # Errors
    /// When the link does not get there.
    pub(super) fn events_until(&mut self, counter: u16) -> Result<Vec<LinkEvent>, Difference> {
        self.events.clear();
        self.run_to_event(counter.wrapping_add(1))?;
        Ok(std::mem::take(&mut self.events).into_iter().map(|(_, event)| event).collect())
    }

    /// Takes what the link says, then lets the hosts answer, until nobody says anything.
    fn settle(&mut self) {
        loop {
            while let Some(out) = self.link.poll() {
                self.take(&out);
            }
            if self.replies.is_empty() {
                return;
            }
            let input = self.replies.remove(0);
            self.link.handle(self.now, input, ());
        }
    }

    fn take(&mut self, out: &LinkOut) {
        match *out {
            LinkOut::Connected => self.replies.push(LinkIn::Discover),
            LinkOut::Ready { .. } => self.ready = true,
            LinkOut::Written { .. } | LinkOut::WriteAnswered { .. } => self.queue(Role::Central),
            LinkOut::Notified { .. } | LinkOut::Confirmed { .. } => self.queue(Role::Peripheral),
            // On bad air it may take several attempts.
            LinkOut::ConnectFailed => self.try_again(),
            LinkOut::Lost { .. } if !self.ready => self.try_again(),
            LinkOut::PeripheralLost { .. } if !self.ready => self.replies.push(LinkIn::Advertise),
            LinkOut::Lost { reason } | LinkOut::PeripheralLost { reason } => {
                self.lost = Some(reason);
            }
            LinkOut::Trace(event) => self.trace(event),
            _ => {}
        }
    }

    fn try_again(&mut self) {
        if self.attempts < ATTEMPTS {
            self.attempts += 1;
            self.replies.push(LinkIn::Connect { timeout: ATTEMPT });
        }
        self.events.clear();
    }

    fn trace(&mut self, event: LinkEvent) {
        let LinkEvent::Packet {
            tag,
            counter,
            air_us,
            octets,
            value_octets,
            from,
            reception,
            taken,
            closes,
            ..
        } = event
        else {
            if let LinkEvent::Silent { counter, .. } = event {
                (self.at_anchor, self.next_counter) = (true, counter.wrapping_add(1));
            }
            self.events.push((self.now, event));
            return;
        };
        let start = Time::from_ns(self.now.as_ns() - Span::from_us(air_us.into()).as_ns());
        let first = std::mem::replace(&mut self.at_anchor, closes.is_some());
        self.next_counter = counter.wrapping_add(closes.is_some().into());
        let (end, value) = (self.now, value_octets);
        let packet = Packet { start, end, from, octets, value, taken, reception, tag, first };
        self.packets.push_back(packet);
    }

    /// Another value of a host that always has one.
    fn queue(&mut self, role: Role) {
        let Some(sender) = self.senders[role as usize] else { return };
        self.tag += 1;
        let sdu = Sdu { tag: self.tag, bytes: vec![0; sender.value.into()] };
        self.replies.push(match (role, sender.method) {
            (Role::Central, Method::Unconfirmed) => LinkIn::Write(sdu),
            (Role::Central, Method::Confirmed) => LinkIn::WriteRequest(sdu),
            (Role::Peripheral, Method::Unconfirmed) => LinkIn::Notify(sdu),
            (Role::Peripheral, Method::Confirmed) => LinkIn::Indicate(sdu),
        });
    }
}
