//! The transports: what comes in becomes packets for the one work queue, responses go back where
//! their request came from.

mod bluetooth;
mod console;
mod udp;

pub(crate) use bluetooth::{Collected, Collector};
pub(crate) use console::Consoles;

use crate::{DropReason, Server, ServerEvent};
use sim_core::{Sdu, Time};

/// One packet: everything that the work queue gets in one piece. Holds one buffer of the pool.
#[derive(Clone, Debug, Default)]
pub(crate) struct Packet {
    /// Number of the request, for the trace.
    pub(crate) tag: u32,
    /// Responses go there or nowhere.
    pub(crate) origin: Origin,
    pub(crate) bytes: Vec<u8>,
}

/// Where a packet came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The Bluetooth connection of this number.
    Bluetooth(u32),
    /// The UDP peer of this number.
    Udp(u32),
    /// A serial line.
    Console(ConsoleKind),
}

/// How SMP shares a serial line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConsoleKind {
    /// A line of its own, with console framing.
    Uart,
    /// The shell's line, with console framing.
    Shell,
    /// A line of its own, without framing.
    Raw,
}

impl Default for Origin {
    fn default() -> Self {
        Self::Bluetooth(0)
    }
}

impl Origin {
    /// Whether both belong to one transport, which has one queue.
    pub(crate) fn same_transport(self, other: Self) -> bool {
        match (self, other) {
            (Self::Bluetooth(_), Self::Bluetooth(_)) | (Self::Udp(_), Self::Udp(_)) => true,
            (Self::Console(a), Self::Console(b)) => a == b,
            _ => false,
        }
    }
}

impl Server {
    /// Sends the response over any transport but Bluetooth.
    #[cold]
    #[inline(never)]
    pub(crate) fn transmit_elsewhere(&mut self, now: Time) {
        match self.worker.packet.origin {
            Origin::Udp(_) => self.begin_sending(now),
            Origin::Console(kind) => self.send_serially(kind),
            Origin::Bluetooth(_) => {}
        }
    }

    /// Nobody listens to any transport.
    #[cold]
    pub(crate) fn drop_unheard(&mut self, sdu: Sdu) {
        let Sdu { tag, bytes } = sdu;
        self.spare.give(bytes);
        self.trace(ServerEvent::Drop { tag, reason: DropReason::NotRunning });
    }
}
