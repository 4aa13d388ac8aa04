//! One record.

use client_model::ClientEvent;
use flash_model::{BootEvent, FlashEvent};
use link_model::LinkEvent;
use serde::Serialize;
use server_model::ServerEvent;
use sim_core::{Time, Words};

/// Who speaks in a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Node {
    /// The world itself: power and reset.
    World,
    /// The client.
    Client,
    /// The radio link.
    Link,
    /// The SMP server.
    Server,
    /// The flash.
    Flash,
    /// The boot loader.
    Boot,
}

/// A fault that a scenario declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The request vanishes at the server.
    DropRequest,
    /// The first write of the request vanishes there.
    DropFragment,
    /// The answer vanishes at the client.
    DropResponse,
    /// The answer reaches the client late.
    LateResponse,
}

/// What happens to a device as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum WorldEvent {
    /// The application resets the device.
    Reset,
    /// The application runs and advertises.
    ApplicationRuns,
    /// The supply of the device fails.
    PowerFails,
    /// The supply of the device is back; the boot loader starts.
    PowerReturns,
    /// The run reached its limit of virtual time.
    TimeLimit,
    /// A declared fault befalls an upload request or its answer.
    Fault {
        /// What happens.
        fault: FaultKind,
        /// Number of the request.
        tag: u32,
    },
    /// A world that is bound to a clock came late to the deadline of this moment. What happened is
    /// the same; peers outside saw it later.
    Late {
        /// How late, in microseconds of the clock.
        by_us: u64,
    },
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Event {
    /// To the device as a whole.
    World(WorldEvent),
    /// In the client.
    Client(ClientEvent),
    /// On the link.
    Link(LinkEvent),
    /// In the server.
    Server(ServerEvent),
    /// In flash.
    Flash(FlashEvent),
    /// In the boot loader.
    Boot(BootEvent),
}

/// One line of the trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// When.
    pub at: Time,
    /// What.
    pub event: Event,
}

impl Record {
    /// Who speaks.
    pub const fn node(&self) -> Node {
        match self.event {
            Event::World(_) => Node::World,
            Event::Client(_) => Node::Client,
            Event::Link(_) => Node::Link,
            Event::Server(_) => Node::Server,
            Event::Flash(_) => Node::Flash,
            Event::Boot(_) => Node::Boot,
        }
    }
}

impl Words for WorldEvent {
    fn words(&self) -> [u64; 2] {
        match *self {
            Self::Reset => [0, 0],
            Self::ApplicationRuns => [1, 0],
            Self::PowerFails => [2, 0],
            Self::PowerReturns => [3, 0],
            Self::TimeLimit => [4, 0],
            Self::Late { by_us } => [5, by_us],
            Self::Fault { fault, tag } => [6, (fault as u64) << 32 | u64::from(tag)],
        }
    }
}

impl Words for Event {
    #[expect(clippy::inline_always, reason = "see `Digest`: the kind is known where it is called")]
    #[inline(always)]
    fn words(&self) -> [u64; 2] {
        match self {
            Self::World(event) => event.words(),
            Self::Client(event) => event.words(),
            Self::Link(event) => event.words(),
            Self::Server(event) => event.words(),
            Self::Flash(event) => event.words(),
            Self::Boot(event) => event.words(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Event, Record};

    #[test]
    fn a_record_is_at_most_32_bytes() {
        assert!(size_of::<Record>() <= 32, "{}, event {}", size_of::<Record>(), size_of::<Event>());
    }
}
