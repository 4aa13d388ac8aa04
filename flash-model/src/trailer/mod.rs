//! The trailer at the end of a slot: where its fields lie, what they say, and what follows from it.

mod decision;
mod map;
mod read;
mod request;

pub use decision::{SwapRow, SwapType, swap_row, swap_type};
pub(crate) use map::{FLAG_SET, FieldBytes};
pub use map::{Field, TrailerMap};
pub use read::{Flag, Magic, Trailer};
pub use request::{
    SetConfirmedError, SetNextError, SetPendingError, set_confirmed, set_next, set_pending,
};
