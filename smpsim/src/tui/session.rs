//! A run that can be stopped, stepped and started again, without a terminal.

use super::keys::Action;
use super::model::Model;
use super::speed::Speed;
use sim::world::{Prepared, World};
use sim_core::{Seed, Time};
use std::time::Duration;

/// Steps of the world that one key press may take; a step without an end would freeze the screen.
const STEP_BOUND: u32 = 1_000_000;

/// The world, with the model of the screen as its sink.
pub(crate) struct Session<'p> {
    prepared: &'p Prepared,
    seed: u64,
    world: World<Model>,
}

impl<'p> Session<'p> {
    /// A run at time zero.
    pub(crate) fn new(prepared: &'p Prepared, seed: u64, pace: Speed) -> Self {
        let model = Model::new(prepared, seed, pace);
        let mut session = Self { prepared, seed, world: World::new(prepared, Seed(seed), model) };
        session.look();
        session
    }

    /// What is to be shown.
    pub(crate) fn model(&self) -> &Model {
        &self.world.sink
    }

    /// Whether time passes.
    pub(crate) fn is_running(&self) -> bool {
        self.model().running
    }

    /// Carries out what a key asks for; `false` to leave.
    pub(crate) fn act(&mut self, action: Action) -> bool {
        let model = &mut self.world.sink;
        match action {
            Action::Pause => model.running = !model.running && model.end.is_none(),
            Action::Slower => model.speed = model.speed.slower(),
            Action::Faster => model.speed = model.speed.faster(),
            Action::Help => model.help = !model.help,
            Action::NextEvent => self.step_until_more(|model| model.timeline.events()),
            Action::NextFrame => self.step_until_more(|model| model.smp.frames()),
            Action::Restart => *self = Self::new(self.prepared, self.seed, model.speed),
            Action::Quit => return false,
        }
        true
    }

    /// Lets time pass for this much time of the wall, when it runs. Without a limit of speed,
    /// `busy` tells whether there is wall time left for another step.
    pub(crate) fn pass(&mut self, wall: Duration, mut busy: impl FnMut() -> bool) {
        if !self.is_running() {
            return;
        }
        match self.model().speed.span(wall) {
            Some(span) => {
                let until = Time::from_ns(self.world.now().as_ns().saturating_add(span.as_ns()));
                self.world.advance_to(until);
            }
            None => {
                while self.world.ended().is_none() && busy() {
                    for _ in 0..256 {
                        self.world.step();
                    }
                }
            }
        }
        self.look();
    }

    /// Stops after the step with which this count has grown, or at the end.
    fn step_until_more(&mut self, count: impl Fn(&Model) -> u64) {
        let before = count(self.model());
        for _ in 0..STEP_BOUND {
            if self.world.ended().is_some() || count(self.model()) > before {
                break;
            }
            self.world.step();
        }
        self.world.sink.running = false;
        self.look();
    }

    fn look(&mut self) {
        let (now, end) = (self.world.now(), self.world.ended());
        let (model, device) = self.world.sink_and_device();
        model.look(now, device.flash_view());
        if let (Some(end), None) = (end, &self.model().end) {
            self.world.sink.finish(end, self.prepared.scenario());
        }
    }
}
