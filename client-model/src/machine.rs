//! The client as a machine: what it is told and what it tells.

use crate::config::ClientConfig;
use crate::error::Finish;
use crate::event::ClientEvent;
use crate::frames::{Driver, FrameClient};
use crate::kind::Origin;
use crate::session::Session;
use crate::strategies;
use crate::strategy::{LinkParams, Strategy, Transport};
use sim_core::{Machine, Sdu, Span, Time};

/// What a client is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientIn {
    /// The update begins.
    Start,
    /// The connection is made.
    Connected,
    /// The attempt to connect failed, or its time is up.
    ConnectFailed,
    /// The MTU is exchanged, the SMP service found, notifications are on; or the socket or the
    /// serial port is open.
    Ready {
        /// What carries the frames.
        transport: Transport,
        /// ATT MTU, octets; see [`crate::Limits::att_mtu`] for what is no Bluetooth link.
        att_mtu: u16,
    },
    /// The service refuses to be listened to: the link is not secure enough for it.
    Refused {
        /// ATT error code (Core Specification Vol 3 Part F 3.4.1.1).
        code: u8,
    },
    /// The connection ended.
    Lost {
        /// HCI error code (Core Specification Vol 1 Part F).
        reason: u8,
    },
    /// A notification.
    Received(Sdu),
    /// The link took a write. No client modelled so far waits for it.
    Written {
        /// The request it belongs to.
        tag: u32,
    },
}

/// What a client tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientOut {
    /// Connect; the attempt lasts until the device is heard.
    Connect {
        /// The attempt fails after this.
        timeout: Span,
    },
    /// Exchange the MTU, discover the SMP service, enable notifications.
    Discover,
    /// One write without response to the SMP characteristic, at most ATT MTU - 3 octets.
    Write(Sdu),
    /// Ask the central's controller for other connection parameters.
    SetParams(LinkParams),
    /// End the connection.
    Disconnect,
    /// The update is over; nothing follows.
    Finished(Finish),
    /// Something for the trace.
    Trace(ClientEvent),
}

/// A client that makes one update: a session and its strategy, or a client that makes its own
/// frames.
#[derive(Clone, Debug)]
pub struct Client {
    kind: Kind,
}

#[derive(Clone, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "the session is the common one, kept without a detour"
)]
enum Kind {
    Session(Session),
    Frames(Box<Driver>),
}

impl Client {
    /// The client that `config` names.
    pub fn new(config: ClientConfig) -> Self {
        if config.strategy.origin() == Origin::OtherProtocol {
            let client = strategies::build_other(&config);
            return Self::with_frames(config, client);
        }
        let strategy = config.build_strategy();
        Self::with_strategy(config, strategy)
    }

    /// A client with a strategy of one's own; what `config` says about strategies is not looked
    /// at.
    pub fn with_strategy(config: ClientConfig, strategy: Box<dyn Strategy>) -> Self {
        Self { kind: Kind::Session(Session::new(config, strategy)) }
    }

    /// A client that makes its own frames; of `config` only the image, the gateway's host and what
    /// concerns connecting matter.
    pub fn with_frames(config: ClientConfig, client: Box<dyn FrameClient>) -> Self {
        Self { kind: Kind::Frames(Box::new(Driver::new(config, client))) }
    }

    /// Gives the client a buffer to fill again. A frame in several writes leaves with more buffers
    /// than its answer brings back; whoever has the rest may return it here. Changes nothing else.
    pub fn recycle(&mut self, buffer: Vec<u8>) {
        if let Kind::Session(session) = &mut self.kind {
            session.recycle(buffer);
        }
    }
}

impl Machine for Client {
    type In = ClientIn;
    type Out = ClientOut;
    type Env<'e> = ();

    fn handle(&mut self, now: Time, input: ClientIn, (): ()) {
        let session = match &mut self.kind {
            Kind::Session(session) => session,
            Kind::Frames(driver) => return driver.handle(now, input),
        };
        match input {
            ClientIn::Start => session.start(now),
            ClientIn::Connected => session.connected(now),
            ClientIn::ConnectFailed => session.connect_failed(now),
            ClientIn::Ready { transport, att_mtu } => session.ready(now, transport, att_mtu),
            ClientIn::Refused { code } => session.refused(code),
            ClientIn::Lost { reason } => session.lost(now, reason),
            ClientIn::Received(sdu) => session.received(now, sdu),
            ClientIn::Written { .. } => {}
        }
    }

    #[inline]
    fn deadline(&self) -> Option<Time> {
        match &self.kind {
            Kind::Session(session) => session.deadline(),
            Kind::Frames(driver) => driver.deadline(),
        }
    }

    fn on_deadline(&mut self, now: Time, (): ()) {
        match &mut self.kind {
            Kind::Session(session) => session.on_deadline(now),
            Kind::Frames(driver) => driver.on_deadline(now),
        }
    }

    // One queue is chosen, then taken from: what is taken stays in registers that way.
    #[inline]
    fn poll(&mut self) -> Option<ClientOut> {
        let said = match &mut self.kind {
            Kind::Session(session) => session.said(),
            Kind::Frames(driver) => driver.said(),
        };
        said.pop_front()
    }
}
