//! MCUboot as a machine: decision, validation, swap and recovery as steps of one flash operation or
//! one hash each, so that every step is a place where the power may fail.

mod bootstrap;
mod config;
mod direct_xip;
mod firmware_loader;
mod limits;
mod look;
mod machine;
mod overwrite_only;
mod phase;
mod plan;
mod status;
mod swap_move;
mod swap_offset;
mod swap_scratch;
mod upgrade;

pub use config::{BootConfig, BootMode};
pub use machine::{BootIn, BootLoader, BootOut, BootResult};
pub use status::Interrupted;
