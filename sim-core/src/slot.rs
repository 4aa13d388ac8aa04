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
///
/// A request is answered by [`Slot::Grant`] or [`Slot::Deny`], or withdrawn by [`Slot::Done`];
/// there is one at a time. Granted time is used up to its end or given back by [`Slot::Done`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// Time is wanted as early as possible: this much, without interruption. The owner may let the
    /// request wait.
    Ask {
        /// Length of the work.
        len: Span,
        /// How urgent it is.
        priority: Priority,
    },
    /// Time is wanted from now on, or not at all; the owner answers at once. Its own work goes on
    /// until [`Slot::Abort`].
    Claim {
        /// Length of the work.
        len: Span,
        /// How long the work has been waiting: who waits longer wins.
        age: Span,
    },
    /// The time begins now and ends at `until` at the latest.
    Grant {
        /// End of the granted time.
        until: Time,
    },
    /// The request is refused; ask again, perhaps with a higher priority.
    Deny,
    /// Claimed time is now used in earnest: the owner stops what it is still doing.
    Abort,
    /// The work is over, or not wanted any more; the time goes back to its owner.
    Done,
}
