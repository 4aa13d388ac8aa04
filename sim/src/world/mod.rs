//! A world: one central with its client, one peripheral, the link between them, and time.
//!
//! The world owns the machines as plain fields, so that a reader follows a frame by going to
//! definitions. It moves time to the earliest deadline, wakes that machine, and carries what it
//! says to whom it concerns, until nobody has anything to say.

mod application;
mod carrier;
mod device;
mod faults;
mod member;
mod prepared;
mod route;

pub use device::{Device, DeviceState};
pub use prepared::{PrepareError, Prepared};

use crate::scenario::PowerCut;
use crate::trace::{Event, Record, Sink, WorldEvent};
use application::Application;
use carrier::Carrier;
use client_model::{Client, ClientIn, Finish};
use faults::Faults;
use flash_model::BootIn;
use link_model::LinkIn;
use member::Membership;
use route::Message;
use server_model::ServerIn;
use sim_core::{Agenda, NodeId, Rank, Sdu, Seed, Span, Time};
use std::collections::VecDeque;

const POWER: NodeId = NodeId(0);
const FLASH: NodeId = NodeId(1);
const BOOT: NodeId = NodeId(2);
const LINK: NodeId = NodeId(3);
const SERVER: NodeId = NodeId(4);
const CLIENT: NodeId = NodeId(5);
const FAULT: NodeId = NodeId(6);

/// Ranks of the nodes above, in that order.
const NODES: [(Rank, u8); 7] = [
    (Rank::Power, 0),
    (Rank::Flash, 0),
    (Rank::Flash, 1),
    (Rank::Link, 0),
    (Rank::Server, 0),
    (Rank::Client, 0),
    (Rank::Fault, 0),
];

/// Messages under way at one moment; more means that machines feed each other for ever.
const MESSAGE_BOUND: usize = 100_000;

/// One central, one peripheral, and everything that happens between them.
#[derive(Clone, Debug)]
pub struct World<S> {
    now: Time,
    agenda: Agenda,
    limit: Time,
    /// The supply failure to come.
    power_cut: Option<PowerCut>,
    /// Declared faults, when there are any.
    faults: Option<Box<Faults>>,
    /// Chance of what a torn flash operation leaves.
    draw: u64,
    device: Device,
    link: Carrier,
    /// `None` when requests come in through the port.
    client: Option<Client>,
    /// Notification values for whoever injects requests.
    port: VecDeque<Vec<u8>>,
    /// Datagrams for peers outside.
    datagrams: VecDeque<(u32, Vec<u8>)>,
    inbox: VecDeque<Message>,
    /// The world is one of several with the same central.
    membership: Option<Membership>,
    /// Where records go.
    pub sink: S,
    ended: Option<End>,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The client came to an end.
    Finished(Finish),
    /// The limit of virtual time was reached.
    TimeLimit,
}

impl<S: Sink> World<S> {
    /// A world at time zero: the application runs and advertises, and the client begins to connect.
    pub fn new(prepared: &Prepared, seed: Seed, sink: S) -> Self {
        let client = Client::new(prepared.client_config(seed));
        Self::with_client(prepared, seed, sink, client)
    }

    /// A world like that with a client of one's own, perhaps built from
    /// [`Prepared::client_config`].
    pub fn with_client(prepared: &Prepared, seed: Seed, sink: S, client: Client) -> Self {
        let mut world = Self::build(prepared, seed, sink, Some(client));
        world.inbox.push_back(Message::Client(ClientIn::Start));
        world.settle();
        world
    }

    /// A world without a client of its own: a central outside is connected, subscribed at the
    /// scenario's MTU, and writes through [`World::inject`]. Nothing takes air time.
    pub fn with_port(prepared: &Prepared, seed: Seed, sink: S) -> Self {
        let link = &prepared.scenario().link;
        let att_mtu = link.central_mtu.min(link.peripheral_mtu);
        let mut world = Self::build(prepared, seed, sink, None);
        world.inbox.push_back(Message::Server(ServerIn::Subscribed { att_mtu }));
        world.settle();
        world
    }

    /// A world whose peripheral gets its supply at time zero: the boot loader runs first, on
    /// whatever flash holds. It has no client, no radio and no end; peers outside send datagrams.
    pub fn powered_on(prepared: &Prepared, seed: Seed, sink: S) -> Self {
        let mut world = Self::unpowered(prepared, seed, sink, None);
        world.limit = Time::MAX;
        world.device.advertises = false;
        world.device.reset();
        world.inbox.push_back(Message::Boot(BootIn::Start));
        world.settle();
        world
    }

    fn build(prepared: &Prepared, seed: Seed, sink: S, client: Option<Client>) -> Self {
        let mut world = Self::unpowered(prepared, seed, sink, client);
        world.device.run_application(&mut world.inbox);
        world
    }

    fn unpowered(prepared: &Prepared, seed: Seed, sink: S, client: Option<Client>) -> Self {
        let scenario = prepared.scenario();
        let protocol = client.as_ref().and_then(|_| Application::protocol(scenario, seed));
        let mut world = Self {
            now: Time::ZERO,
            agenda: Agenda::new(&NODES),
            limit: Time::ZERO + scenario.limit,
            power_cut: scenario.power_cut,
            faults: Faults::new(scenario.faults, prepared.image().len()),
            draw: seed.stream("power").at(0, 0),
            device: Device::new(prepared, protocol),
            link: Carrier::new(scenario, seed),
            client,
            port: VecDeque::new(),
            datagrams: VecDeque::new(),
            inbox: VecDeque::with_capacity(16),
            membership: None,
            sink,
            ended: None,
        };
        world.wake_for_faults();
        world
    }

    /// A write of the SMP characteristic from outside. `tag` numbers the request for the trace.
    pub fn inject(&mut self, tag: u32, bytes: &[u8]) {
        let sdu = Sdu { tag, bytes: bytes.to_vec() };
        self.inbox.push_back(Message::Server(ServerIn::Write(sdu)));
        self.settle();
    }

    /// The next notification for whoever injects.
    pub fn poll_port(&mut self) -> Option<Vec<u8>> {
        self.port.pop_front()
    }

    /// A datagram to the server's SMP port. `peer` is where the answer goes; `tag` numbers the
    /// request for the trace.
    pub fn inject_datagram(&mut self, tag: u32, peer: u32, bytes: &[u8]) {
        let sdu = Sdu { tag, bytes: bytes.to_vec() };
        self.inbox.push_back(Message::Server(ServerIn::Datagram { peer, sdu: sdu.into() }));
        self.settle();
    }

    /// The next datagram of the server, and the peer that it is for.
    pub fn poll_datagram(&mut self) -> Option<(u32, Vec<u8>)> {
        self.datagrams.pop_front()
    }

    /// Notes that the deadline `due` came late by so much, for a world that is bound to a clock.
    pub fn note_late(&mut self, due: Time, late: Span) {
        self.sink.record(&Record {
            at: due,
            event: Event::World(WorldEvent::Late { by_us: late.as_us() }),
        });
    }

    /// Virtual time.
    pub fn now(&self) -> Time {
        self.now
    }

    /// How the run ended, once it has.
    pub fn ended(&self) -> Option<End> {
        self.ended
    }

    /// The peripheral.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The sink and the peripheral, for a sink that shows what the flash holds.
    pub fn sink_and_device(&mut self) -> (&mut S, &Device) {
        (&mut self.sink, &self.device)
    }

    /// The sink and the peripheral, of a world that is no longer needed.
    pub(crate) fn into_parts(self) -> (S, Device) {
        (self.sink, self.device)
    }

    /// When something will happen next; `None` when the run has ended.
    pub fn deadline(&self) -> Option<Time> {
        if self.ended.is_some() {
            return None;
        }
        let next = self.agenda.next().map_or(Time::MAX, |(due, _)| due);
        Some(next.min(self.limit))
    }

    /// Lets the next thing happen. Does nothing once the run has ended.
    pub fn step(&mut self) {
        self.step_to(Time::MAX);
    }

    /// Runs until the end and tells how it ended.
    pub fn run(&mut self) -> End {
        loop {
            if let Some(end) = self.ended {
                return end;
            }
            self.step();
        }
    }

    /// Lets everything happen up to and including `until`, or to the end of the run.
    pub fn advance_to(&mut self, until: Time) {
        while self.step_to(until) {}
        if self.ended.is_none() {
            self.now = self.now.max(until);
        }
    }

    /// Lets the next thing happen, unless it lies behind `until` or the run has ended. Returns
    /// whether anything happened.
    fn step_to(&mut self, until: Time) -> bool {
        if self.ended.is_some() {
            return false;
        }
        let (due, node) = self.agenda.next().unwrap_or((Time::MAX, POWER));
        if due.min(self.limit) > until {
            return false;
        }
        if due >= self.limit {
            self.now = self.limit;
            self.record(Event::World(WorldEvent::TimeLimit));
            self.ended = Some(End::TimeLimit);
            return true;
        }
        debug_assert!(due >= self.now, "time runs backwards");
        self.now = due;
        self.wake(node);
        if !self.inbox.is_empty() {
            self.settle();
        }
        true
    }

    /// Delivers messages until nobody has anything to say at this moment. Nobody hears any more once
    /// the run has ended.
    fn settle(&mut self) {
        if self.link.is_radio() && !self.device.server.is_foreign() {
            self.settle_as::<true>();
        } else {
            self.settle_uncommon();
        }
    }

    /// Kept apart from the common world, whose messages it would send through memory.
    #[cold]
    #[inline(never)]
    fn settle_uncommon(&mut self) {
        self.settle_as::<false>();
    }

    fn settle_as<const COMMON: bool>(&mut self) {
        if self.ended.is_some() {
            self.inbox.clear();
        }
        for _ in 0..MESSAGE_BOUND {
            let Some(message) = self.inbox.pop_front() else { return };
            self.deliver::<COMMON>(message);
        }
        panic!("messages at {} do not end", self.now);
    }

    fn record(&mut self, event: Event) {
        self.sink.record(&Record { at: self.now, event });
    }

    /// Tells the link something, from outside the machines.
    fn tell_link(&mut self, input: LinkIn) {
        self.inbox.push_back(Message::Link(input));
    }
}
