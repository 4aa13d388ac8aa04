//! Connection parameters, and which of them a central takes from its peripheral.

use sim_core::Span;

/// Parameters of a connection (Vol 6 Part B 4.5.1, 4.5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnParams {
    /// Connection interval; 7.5 ms to 4 s in steps of 1.25 ms.
    pub interval: Span,
    /// Anchors that the peripheral may skip when it has nothing to send; 0 to 499.
    pub latency: u16,
    /// Supervision timeout; 100 ms to 32 s in steps of 10 ms.
    pub timeout: Span,
}

impl ConnParams {
    /// Parameters from the units of the air: 1.25 ms and 10 ms.
    pub const fn from_units(interval: u16, latency: u16, timeout: u16) -> Self {
        Self {
            interval: Span::from_us(interval as u64 * 1_250),
            latency,
            timeout: Span::from_ms(timeout as u64 * 10),
        }
    }
}

/// Which parameters a central takes when the peripheral asks for others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ParamsRule {
    /// Whatever the Core Specification allows.
    #[default]
    Any,
    /// Apple's Accessory Design Guidelines.
    Apple,
}
