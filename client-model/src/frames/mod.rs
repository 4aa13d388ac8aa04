//! Clients that are not the SMP session: a client of another protocol, or one that makes every SMP
//! frame itself. They are told what happens on the link and say what to send.
//!
//! A [`FrameClient`] needs one method. Around it the driver connects with the attempts and pauses of
//! [`ClientConfig`](crate::ClientConfig), splits what is sent into writes, keeps one timer, and
//! writes the trace, from which reports are made. What it does besides depends on
//! [`FrameClient::protocol`]: of SMP frames it reads the headers, and so finds chunks, phases and
//! answers by itself.

mod driver;
mod smp;
mod traffic;

pub(crate) use driver::Driver;

use crate::error::Finish;
use crate::event::Phase;
use crate::strategy::{Limits, LinkParams};
use sim_core::Time;
use std::fmt;

/// The group that the trace shows for requests of other protocols; SMP reserves none so high.
pub const OTHER_PROTOCOL: u16 = u16::MAX;

/// A client that makes its own frames.
///
/// It hears [`FrameEvent::Start`] first and ends with [`FrameAction::Finish`]. Whatever it has to
/// say at a moment it appends to `actions`, which are carried out in order.
pub trait FrameClient: CloneFrameClient + fmt::Debug + Send {
    /// What it speaks; asked once.
    fn protocol(&self) -> Protocol;

    /// Something happened.
    fn handle(&mut self, now: Time, event: FrameEvent<'_>, actions: &mut Vec<FrameAction>);
}

/// Clones a client behind a box; every client that is `Clone` has it.
pub trait CloneFrameClient {
    /// A copy in a box of its own.
    fn clone_box(&self) -> Box<dyn FrameClient>;
}

impl<C: FrameClient + Clone + 'static> CloneFrameClient for C {
    fn clone_box(&self) -> Box<dyn FrameClient> {
        Box::new(self.clone())
    }
}

impl Clone for Box<dyn FrameClient> {
    fn clone(&self) -> Self {
        (**self).clone_box()
    }
}

/// What a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// SMP. What is sent are whole frames, header first; what is received are whole frames, too,
    /// merged from notifications by the length in their header. An answer belongs to the oldest
    /// request with its sequence number.
    Smp,
    /// Another. What is received are single values, and the client says what they answer.
    Other,
}

/// What a client is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameEvent<'a> {
    /// The update begins.
    Start,
    /// A connection is ready for use.
    Ready {
        /// What the link takes. `max_packet` is one write, `buf_count` unknown.
        limits: Limits,
    },
    /// A frame, or a value, has come.
    Received(&'a [u8]),
    /// The moment of [`FrameAction::SetTimer`] has come.
    Timer,
    /// The connection ended; what was unanswered will stay so.
    Lost {
        /// HCI error code (Core Specification Vol 1 Part F).
        reason: u8,
    },
    /// No attempt to connect succeeded.
    ConnectFailed {
        /// Attempts made.
        attempts: u8,
    },
}

/// What a client wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FrameAction {
    /// Connect, with retries; [`FrameEvent::Ready`] or [`FrameEvent::ConnectFailed`] follows. Has no
    /// effect on a client that is connected or connecting.
    Connect,
    /// Send something. Without a ready connection it goes nowhere.
    Send(Outgoing),
    /// Of [`Protocol::Other`]: the oldest requests are answered by what was just received.
    Answered {
        /// How many.
        count: u32,
        /// 0, or what the protocol has for an error.
        code: i32,
        /// The other end has the image below this, where the answer tells.
        off: Option<u32>,
    },
    /// The oldest requests are no longer waited for: their time is up.
    GiveUp {
        /// How many.
        count: u32,
    },
    /// Sets the one timer, or stops it.
    SetTimer(Option<Time>),
    /// Ask the central's controller for other connection parameters.
    SetParams(LinkParams),
    /// A part of the update begins, for the trace. The driver notes by itself when a connection is
    /// made, when the first chunk is sent ([`Phase::Upload`]), and the wait after a reset; of SMP
    /// all of them.
    Phase(Phase),
    /// End the connection; [`FrameEvent::Lost`] follows.
    Disconnect,
    /// The update is over; nothing follows.
    Finish(Finish),
}

/// One request: what is sent at once, and waits for one answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outgoing {
    /// The octets; of SMP one frame.
    pub bytes: Vec<u8>,
    /// Octets of a write at most; 0 for as many as the link takes.
    pub write_max: u16,
    /// Of [`Protocol::Other`]: what it is, for the trace, such as an operation code.
    pub id: u8,
    /// Of [`Protocol::Other`]: which octets of the image it carries, first and how many.
    pub chunk: Option<(u32, u32)>,
}

impl Outgoing {
    /// A request that carries nothing of the image, or an SMP frame.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, ..Self::default() }
    }
}
