//! The trace: the only way in which a world is observed.
//!
//! Records are small and closed. Reports, checkers, exports and golden tests are folds over them;
//! payload bytes appear as length and CRC-32.

mod record;
mod sink;

pub use record::{Event, FaultKind, Node, Record, WorldEvent};
pub use sink::{Digest, JsonLines, Keep, Null, Sink};
