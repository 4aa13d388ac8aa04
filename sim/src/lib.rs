//! Worlds in which a client updates the firmware of a device over a simulated link: scenarios, the
//! world that wires the models together, the trace, reports and conformance with recorded data.
//! It contains no protocol rules (the model crates do), no sockets and no screen.

pub mod advise;
pub mod checkers;
pub mod chunk;
pub mod conform;
pub mod diagnosis;
pub mod emulate;
pub mod explain;
pub mod flash_dump;
pub mod fleet;
pub mod frame;
pub mod image_file;
pub mod kconfig;
pub mod layout_file;
pub mod profiles;
pub mod report;
pub mod require;
pub mod scenario;
pub mod sweep;
pub mod trace;
pub mod world;

pub use report::hex;
