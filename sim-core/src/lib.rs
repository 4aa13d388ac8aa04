//! What every simulated machine stands on: virtual time, the agenda, named random streams, the
//! `Machine` trait and the few values that machines exchange.
//! It knows no word of SMP, Bluetooth or flash, reads no clock and starts no thread.
//!
//! A world is a set of [`Machine`]s. Each is a value that takes facts (`handle`), says when it
//! wants to be woken (`deadline`), and is emptied of outputs (`poll`) before it is touched again.
//! [`contract`] checks any machine against these rules.

mod agenda;
pub mod contract;
mod machine;
mod pool;
mod random;
mod slot;
mod time;
mod trace;

pub use agenda::{Agenda, NodeId, Rank};
pub use machine::Machine;
pub use pool::{Pool, Sdu};
pub use random::{Ppm, Seed, Stream};
pub use slot::{Priority, Slot};
pub use time::{Span, Time};
pub use trace::Words;
