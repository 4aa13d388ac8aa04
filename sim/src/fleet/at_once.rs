//! Worlds that run at once, coupled by the radio of their central.
//!
//! The worlds are woken in the order of time, those with a lower number first. Before one is woken
//! its link learns what the others want of the radio: an anchor at which another event, or a
//! `CONNECT_IND`, is still on the air is skipped, and an event ends before the next anchor of
//! another. The rules of that are a model choice after controllers that give every link the time up
//! to the next one's anchor:
//!
//! - Anchors lie apart by the interval over the number of devices, rounded down to 1.25 ms, so that
//!   each has an equal part of the interval as long as all have the same interval.
//! - Of two anchors that are closer together than a pair of full packets, the link that has been
//!   skipped more often in a row comes first, as in Zephyr's controller (`ticker.c`, lazy).
//! - The central begins one connection at a time, in the order in which they were asked for. It
//!   scans while no event is in progress, and an advertisement counts when `CONNECT_IND` is over
//!   before the next anchor.
//! - The radio is free of a device whose update has ended.

use super::seed_of;
use crate::scenario::Scenario;
use crate::trace::Sink;
use crate::world::{Prepared, World};
use sim_core::{Seed, Span, Time};

/// Step of anchors (Core Specification Vol 6 Part B 4.5.3: window offsets are multiples of it).
const STEP_NS: u64 = 1_250_000;

/// Later than any anchor, and not [`Time::MAX`], by which a link would have the radio alone.
const NOT_WANTED: Time = Time::from_ns(u64::MAX - 1);

/// The worlds of one central.
pub(super) struct AtOnce<S> {
    worlds: Vec<World<S>>,
    /// Anchors of each that were skipped in a row.
    skipped: Vec<u32>,
    /// A pair of full packets.
    pair: Span,
}

impl<S: Sink> AtOnce<S> {
    /// All worlds at their start; `sink` gives each its sink.
    pub(super) fn new(prepared: &Prepared, seed: u64, mut sink: impl FnMut(u8) -> S) -> Self {
        let scenario = prepared.scenario();
        let devices = scenario.fleet.devices;
        let member = |device| {
            let seed = Seed(seed_of(seed, device));
            let mut world = World::member(prepared, seed, sink(device), phase(scenario, device));
            world.set_central_radio(Time::ZERO, NOT_WANTED);
            world
        };
        let link = &scenario.link;
        let mut fleet = Self {
            worlds: (0..devices).map(member).collect(),
            skipped: vec![0; devices.into()],
            pair: link.worst_pair(link.phy, link.data_length),
        };
        fleet.begin_next_connection(Time::ZERO);
        fleet
    }

    /// Runs all to their ends.
    pub(super) fn run(mut self) -> Vec<World<S>> {
        while self.step() {}
        self.worlds
    }

    fn step(&mut self) -> bool {
        let due = |(index, world): (usize, &World<S>)| Some((world.deadline()?, index));
        let Some((now, index)) = self.worlds.iter().enumerate().filter_map(due).min() else {
            return false;
        };
        let anchor = self.anchor_due(index, now);
        let (mut free_from, wanted_at) = self.radio_for(index, now);
        if anchor && self.yields(index, now) {
            free_from = free_from.max(now + Span::from_ns(1));
        }
        let world = &mut self.worlds[index];
        world.set_central_radio(free_from, wanted_at);
        world.step();
        if anchor && !self.anchor_due(index, now) {
            let begun = self.worlds[index].link().central_event_end().is_some();
            self.skipped[index] = if begun { 0 } else { self.skipped[index] + 1 };
        }
        self.begin_next_connection(now);
        true
    }

    /// Whether a link's event would begin now.
    fn anchor_due(&self, index: usize, now: Time) -> bool {
        let link = self.worlds[index].link();
        link.central_event_end().is_none() && link.next_anchor().is_some_and(|at| at <= now)
    }

    /// The other links whose updates go on.
    fn others(&self, index: usize) -> impl Iterator<Item = (usize, &World<S>)> {
        let going_on =
            move |(other, world): &(usize, &World<S>)| *other != index && world.ended().is_none();
        self.worlds.iter().enumerate().filter(going_on)
    }

    /// From when on the other links leave the radio alone, and when the next of them wants it.
    fn radio_for(&self, index: usize, now: Time) -> (Time, Time) {
        let (mut free_from, mut wanted_at) = (Time::ZERO, NOT_WANTED);
        for (_, other) in self.others(index) {
            let link = other.link();
            let busy = link.central_event_end().max(link.connect_ind_end());
            free_from = free_from.max(busy.unwrap_or(Time::ZERO));
            if let Some(anchor) = link.next_anchor() {
                wanted_at = wanted_at.min(anchor.max(now));
            }
        }
        (free_from, wanted_at)
    }

    /// Whether a link whose anchor is now leaves the radio to another, whose anchor is near and who
    /// has been skipped more often.
    fn yields(&self, index: usize, now: Time) -> bool {
        self.others(index).any(|(other, world)| {
            let near = world.link().next_anchor().is_some_and(|at| at < now + self.pair);
            near && self.skipped[other] > self.skipped[index]
        })
    }

    fn begin_next_connection(&mut self, now: Time) {
        if self.worlds.iter().any(|world| world.ended().is_none() && world.link().is_initiating()) {
            return;
        }
        let asked = |(index, world): (usize, &World<S>)| {
            let since = world.connection_asked().filter(|_| world.ended().is_none())?;
            Some((since, index))
        };
        if let Some((_, next)) = self.worlds.iter().enumerate().filter_map(asked).min() {
            self.worlds[next].begin_connection(now);
        }
    }
}

/// Where in the interval the anchors of a device lie.
fn phase(scenario: &Scenario, device: u8) -> Span {
    let interval = scenario.link.params.interval.as_ns();
    let place = u64::from(device) * interval / u64::from(scenario.fleet.devices);
    Span::from_ns(place / STEP_NS * STEP_NS)
}
