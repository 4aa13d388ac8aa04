//! The device's application: Zephyr with its SMP server, or the server of another protocol.

use crate::scenario::Scenario;
use flash_model::FlashView;
use server_model::foreign::{ForeignProtocol, ForeignServer};
use server_model::{Server, ServerConfig, ServerIn, ServerOut};
use sim_core::{Machine, Seed, Time};

/// What runs on the device.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly every device has the SMP server")]
pub(super) enum Application {
    Smp(Server),
    Foreign(Box<ForeignServer>),
}

impl Application {
    /// The protocol that the scenario's client needs when it speaks no SMP, with what this seed
    /// draws for it.
    pub(super) fn protocol(scenario: &Scenario, seed: Seed) -> Option<ForeignProtocol> {
        let mut protocol = scenario.foreign.clone();
        if let Some(ForeignProtocol::OwnProtocol(own)) = &mut protocol {
            own.draw = seed.stream("own_protocol").at(0, 0);
        }
        protocol
    }

    pub(super) fn new(config: &ServerConfig, protocol: Option<&ForeignProtocol>) -> Self {
        match protocol {
            None => Self::Smp(Server::new(config.clone())),
            Some(protocol) => Self::Foreign(Box::new(ForeignServer::new(config, protocol.clone()))),
        }
    }

    /// Tells an SMP server something, another one nothing.
    #[inline]
    pub(super) fn tell_smp(&mut self, now: Time, input: ServerIn, flash: &dyn FlashView) {
        if let Self::Smp(server) = self {
            server.handle(now, input, flash);
        }
    }

    pub(super) fn handle(&mut self, now: Time, input: ServerIn, flash: &dyn FlashView) {
        match self {
            Self::Smp(server) => server.handle(now, input, flash),
            Self::Foreign(server) => server.handle(now, input, flash),
        }
    }

    #[inline]
    pub(super) fn deadline(&self) -> Option<Time> {
        match self {
            Self::Smp(server) => server.deadline(),
            Self::Foreign(server) => deadline(server),
        }
    }

    #[inline]
    pub(super) fn on_deadline(&mut self, now: Time, flash: &dyn FlashView) {
        match self {
            Self::Smp(server) => server.on_deadline(now, flash),
            Self::Foreign(server) => on_deadline(server, now, flash),
        }
    }

    /// What an SMP server says. Apart from what others say, whose calls would have it go through
    /// memory.
    #[inline]
    pub(super) fn poll(&mut self) -> Option<ServerOut> {
        if let Self::Smp(server) = self { server.poll() } else { None }
    }

    /// Whether an SMP server has nothing to say. Of another one nobody knows.
    #[inline]
    pub(super) fn is_silent_smp(&self) -> bool {
        matches!(self, Self::Smp(server) if server.is_silent())
    }

    /// What the server of another protocol says.
    pub(super) fn poll_foreign(&mut self) -> Option<ServerOut> {
        if let Self::Foreign(server) = self { server.poll() } else { None }
    }

    #[inline]
    pub(super) const fn is_foreign(&self) -> bool {
        matches!(self, Self::Foreign(_))
    }

    pub(super) fn idle(&self) -> bool {
        match self {
            Self::Smp(server) => server.idle(),
            Self::Foreign(server) => server.idle(),
        }
    }

    pub(super) fn set_active_slot(&mut self, slot: u8) {
        match self {
            Self::Smp(server) => server.set_active_slot(slot),
            Self::Foreign(server) => server.set_active_slot(slot),
        }
    }
}

// Other protocols stay out of the code of the common one, which must fit the instruction cache.

#[cold]
#[inline(never)]
fn deadline(server: &ForeignServer) -> Option<Time> {
    server.deadline()
}

#[cold]
#[inline(never)]
fn on_deadline(server: &mut ForeignServer, now: Time, flash: &dyn FlashView) {
    server.on_deadline(now, flash);
}
