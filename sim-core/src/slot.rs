//! The exchange by which flash work and radio work share a processor, without knowing each other.

use crate::{Span, Time};

/// How urgent a request for time is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// Takes what is free.
    Normal,
    /// Competes with ordinary work of the owner.
    High,
}

/// One message of the exchange. The world routes it between the one who asks (flash) and the one
/// who owns the time (the link layer of the same device).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// Time is wanted: this much, without interruption.
    Ask {
        /// Length of the work.
        len: Span,
        /// How urgent it is.
        priority: Priority,
    },
    /// The time begins now and ends at `until` at the latest.
    Grant {
        /// End of the granted time.
        until: Time,
    },
    /// The request is refused; ask again, perhaps with a higher priority.
    Deny,
    /// The work is over; the time goes back to its owner.
    Done,
}
