//! Two hosts without a will of their own: they drive a link and note what it tells them.

use link_model::{CloseCause, Link, LinkConfig, LinkEvent, LinkIn, LinkOut};
use sim_core::{Machine, Sdu, Seed, Span, Time};

/// A link, its clock and everything it said.
pub(crate) struct Hosts {
    pub(crate) link: Link,
    pub(crate) now: Time,
    pub(crate) said: Vec<(Time, LinkOut)>,
    /// The central answers each acknowledged write with a new one of this many octets.
    pub(crate) refill: Option<usize>,
    /// The peripheral answers each acknowledged notification with a new one of this many octets.
    pub(crate) notify_refill: Option<usize>,
}

impl Hosts {
    pub(crate) fn new(config: LinkConfig, seed: u64) -> Self {
        let link = Link::new(config, Seed(seed));
        Self { link, now: Time::ZERO, said: Vec::new(), refill: None, notify_refill: None }
    }

    /// Advertises, connects, subscribes; panics when that takes more than ten seconds.
    pub(crate) fn connected(config: LinkConfig, seed: u64) -> Self {
        let mut hosts = Self::new(config, seed);
        while !hosts.messages().contains(&&LinkOut::Connected) {
            hosts.tell(LinkIn::Advertise);
            hosts.tell(LinkIn::Connect { timeout: Span::from_s(30) });
            hosts.run_until(|out| matches!(out, LinkOut::Connected | LinkOut::ConnectFailed));
        }
        hosts.tell(LinkIn::Discover);
        hosts.run_until(|out| matches!(out, LinkOut::Ready { .. }));
        hosts
    }

    pub(crate) fn tell(&mut self, input: LinkIn) {
        self.link.handle(self.now, input, ());
        self.drain();
    }

    pub(crate) fn write(&mut self, tag: u32, octets: usize) {
        self.tell(LinkIn::Write(Sdu { tag, bytes: vec![tag as u8; octets] }));
    }

    pub(crate) fn notify(&mut self, tag: u32, octets: usize) {
        self.tell(LinkIn::Notify(Sdu { tag, bytes: vec![tag as u8; octets] }));
    }

    /// Keeps the queue of the central, of the peripheral or of both full of values of this many
    /// octets from now on.
    pub(crate) fn fill(&mut self, central: bool, peripheral: bool, octets: usize) {
        self.refill = central.then_some(octets);
        self.notify_refill = peripheral.then_some(octets);
        for tag in 0..8 {
            if central {
                self.write(tag * 1_000_000, octets);
            }
            if peripheral {
                self.notify(tag * 1_000_000, octets);
            }
        }
    }

    /// Packets of each event that has closed with a packet, and why it closed.
    pub(crate) fn closed_events(&self) -> Vec<(u16, CloseCause)> {
        let mut packets = 0;
        let closed = |(_, event)| match event {
            LinkEvent::Packet { closes, .. } => {
                packets += 1;
                closes.map(|cause| (std::mem::take(&mut packets), cause))
            }
            _ => None,
        };
        self.events().filter_map(closed).collect()
    }

    pub(crate) fn advance(&mut self, span: Span) {
        let until = self.now + span;
        while let Some(due) = self.link.deadline().filter(|&due| due <= until) {
            self.now = due;
            self.link.on_deadline(due, ());
            self.drain();
        }
        self.now = until;
    }

    pub(crate) fn run_until(&mut self, mut wanted: impl FnMut(&LinkOut) -> bool) {
        let from = self.said.len();
        for _ in 0..1_000_000 {
            if self.said[from..].iter().any(|(_, out)| wanted(out)) {
                return;
            }
            let due = self.link.deadline().expect("a link in use has a deadline");
            assert!(due < Time::ZERO + Span::from_s(600), "waited ten minutes");
            self.now = due;
            self.link.on_deadline(due, ());
            self.drain();
        }
        panic!("a million steps without the wanted output");
    }

    /// Everything said, without the trace.
    pub(crate) fn messages(&self) -> Vec<&LinkOut> {
        self.said.iter().map(|(_, o)| o).filter(|o| !matches!(o, LinkOut::Trace(_))).collect()
    }

    pub(crate) fn events(&self) -> impl Iterator<Item = (Time, LinkEvent)> + '_ {
        self.said.iter().filter_map(|(t, out)| match out {
            LinkOut::Trace(event) => Some((*t, *event)),
            _ => None,
        })
    }

    fn drain(&mut self) {
        while let Some(out) = self.link.poll() {
            let sdu = |tag: &u32, octets| Sdu { tag: tag + 1, bytes: vec![0; octets] };
            let again = match (&out, self.refill, self.notify_refill) {
                (LinkOut::Written { tag }, Some(octets), _) => {
                    Some(LinkIn::Write(sdu(tag, octets)))
                }
                (LinkOut::Notified { tag }, _, Some(octets)) => {
                    Some(LinkIn::Notify(sdu(tag, octets)))
                }
                _ => None,
            };
            self.said.push((self.now, out));
            if let Some(input) = again {
                self.link.handle(self.now, input, ());
            }
        }
    }
}
