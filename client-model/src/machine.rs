//! The client as a machine: what it is told and what it tells.

use crate::config::ClientConfig;
use crate::error::Finish;
use crate::event::ClientEvent;
use crate::session::Session;
use crate::strategy::Strategy;
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
    /// The MTU is exchanged, the SMP service found, notifications are on.
    Ready {
        /// ATT MTU, octets.
        att_mtu: u16,
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
    /// End the connection.
    Disconnect,
    /// The update is over; nothing follows.
    Finished(Finish),
    /// Something for the trace.
    Trace(ClientEvent),
}

/// A client that makes one update: a session and its strategy.
#[derive(Clone, Debug)]
pub struct Client {
    session: Session,
}

impl Client {
    /// A client with the strategy that `config` names.
    pub fn new(config: ClientConfig) -> Self {
        let strategy = config.build_strategy();
        Self::with_strategy(config, strategy)
    }

    /// A client with a strategy of one's own; what `config` says about strategies is not looked
    /// at.
    pub fn with_strategy(config: ClientConfig, strategy: Box<dyn Strategy>) -> Self {
        Self { session: Session::new(config, strategy) }
    }

    /// Gives the client a buffer to fill again. A frame in several writes leaves with more buffers
    /// than its answer brings back; whoever has the rest may return it here. Changes nothing else.
    pub fn recycle(&mut self, buffer: Vec<u8>) {
        self.session.recycle(buffer);
    }
}

impl Machine for Client {
    type In = ClientIn;
    type Out = ClientOut;
    type Env<'e> = ();

    fn handle(&mut self, now: Time, input: ClientIn, (): ()) {
        match input {
            ClientIn::Start => self.session.start(now),
            ClientIn::Connected => self.session.connected(now),
            ClientIn::ConnectFailed => self.session.connect_failed(now),
            ClientIn::Ready { att_mtu } => self.session.ready(now, att_mtu),
            ClientIn::Lost { reason } => self.session.lost(now, reason),
            ClientIn::Received(sdu) => self.session.received(now, sdu),
            ClientIn::Written { .. } => {}
        }
    }

    fn deadline(&self) -> Option<Time> {
        self.session.deadline()
    }

    fn on_deadline(&mut self, now: Time, (): ()) {
        self.session.on_deadline(now);
    }

    fn poll(&mut self) -> Option<ClientOut> {
        self.session.poll()
    }
}
