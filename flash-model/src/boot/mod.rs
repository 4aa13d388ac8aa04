//! MCUboot as a machine: decision, validation, swap and recovery as steps of one flash operation or
//! one hash each, so that every step is a place where the power may fail.

mod config;
mod machine;
mod phase;
mod plan;
mod status;
mod swap_move;

pub use config::{BootConfig, SwapMode};
pub use machine::{BootIn, BootLoader, BootOut, BootResult};
