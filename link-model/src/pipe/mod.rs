//! Links that are no radio: datagrams over a network, and lines over a UART.
//!
//! Both are machines with the inputs and outputs of [`crate::Link`], so that a world carries frames
//! over any of the three alike. Connecting means opening a socket or a port, which succeeds at once
//! and tells nothing about the device; nothing ends such a connection but the client. Inputs that
//! only a radio has are ignored.

mod datagram;
mod serial;

pub use datagram::{DatagramConfig, DatagramPipe, UDP_HEADERS};
pub use serial::{SerialConfig, SerialPipe};

use serde::Serialize;

/// What a pipe carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PipeKind {
    /// Datagrams, a frame each.
    Datagrams,
    /// Lines of text.
    Lines,
}
