//! One end's controller and host: how long its events may be, what its buffers hold, how fast its
//! host is.

use sim_core::Span;

/// One end of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndConfig {
    /// Time that the controller reserves for a connection event; zero for the whole interval.
    pub event_length: Span,
    /// Whether an event may go on beyond `event_length`, up to the interval, while the radio is not
    /// wanted elsewhere.
    pub event_extension: bool,
    /// Data PDUs that the controller holds for sending; 0 for as many as the host likes.
    pub tx_buffers: u8,
    /// Data PDUs that the controller holds until the host takes them; 0 for as many as come.
    pub rx_buffers: u8,
    /// Time that the host takes to fetch one received data PDU out of its buffer, one after the
    /// other; a value reaches the host with its last one.
    pub host_rx: Span,
    /// From the completion of a data PDU (number of completed packets) to the host's next one lying
    /// in the controller.
    pub host_turnaround: Span,
    /// Sleep clock accuracy, parts per million: 0 to 500.
    pub sca_ppm: u16,
}

impl Default for EndConfig {
    /// A controller without bounds and a host without delays.
    fn default() -> Self {
        Self {
            event_length: Span::ZERO,
            event_extension: true,
            tx_buffers: 0,
            rx_buffers: 0,
            host_rx: Span::ZERO,
            host_turnaround: Span::ZERO,
            sca_ppm: 50,
        }
    }
}
