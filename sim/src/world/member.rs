//! A world as one of several that share a central: what that central tells it.

use super::carrier::Carrier;
use super::route::Message;
use super::{LINK, Prepared, World};
use crate::trace::Sink;
use client_model::{Client, ClientIn};
use link_model::{Link, LinkIn};
use sim_core::{Seed, Span, Time};

/// The place of a world among those of its central.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Membership {
    /// A connection that the client asked for, and that the central has not begun: when it was
    /// asked for, and how long the attempt may last.
    asked: Option<(Time, Span)>,
}

impl<S: Sink> World<S> {
    /// A world whose anchors lie `phase` into the interval and whose central begins a connection
    /// when [`Self::begin_connection`] says so.
    pub(crate) fn member(prepared: &Prepared, seed: Seed, sink: S, phase: Span) -> Self {
        let client = Client::new(prepared.client_config(seed));
        let mut world = Self::unpowered(prepared, seed, sink, Some(client));
        world.link = Carrier::with_phase(prepared.scenario(), seed, phase);
        world.membership = Some(Membership { asked: None });
        world.device.run_application(&mut world.inbox);
        world.inbox.push_back(Message::Client(ClientIn::Start));
        world.settle();
        world
    }

    /// The radio link, to look at.
    pub(crate) fn link(&self) -> &Link {
        self.link.radio()
    }

    /// Tells the link when the central's radio is there for it.
    pub(crate) fn set_central_radio(&mut self, free_from: Time, wanted_at: Time) {
        self.link.set_central_radio(free_from, wanted_at);
        self.agenda.set(LINK, self.link.deadline());
    }

    /// Since when a connection waits for the central to begin it.
    pub(crate) fn connection_asked(&self) -> Option<Time> {
        self.membership?.asked.map(|(since, _)| since)
    }

    /// The central begins the connection that was asked for.
    pub(crate) fn begin_connection(&mut self, now: Time) {
        let asked = self.membership.as_mut().and_then(|membership| membership.asked.take());
        if let Some((_, timeout)) = asked {
            self.now = self.now.max(now);
            self.tell_link(LinkIn::Connect { timeout });
            self.settle();
        }
    }

    /// The client wants a connection.
    #[cold]
    #[inline(never)]
    pub(super) fn connect(&mut self, timeout: Span) {
        match &mut self.membership {
            Some(membership) => membership.asked = Some((self.now, timeout)),
            None => self.tell_link(LinkIn::Connect { timeout }),
        }
    }
}
