//! Bodies of the OS group, one file a command.

mod bootloader;
mod datetime;
mod echo;
mod info;
mod params;
mod reset;
mod tasks;

pub use bootloader::{BootloaderRequest, BootloaderResponse};
pub use datetime::{DateTime, DateTimeError, DateTimeRequest, DateTimeResponse};
pub use echo::{EchoRequest, EchoResponse};
pub use info::{InfoRequest, InfoResponse};
pub use params::ParamsResponse;
pub use reset::ResetRequest;
pub use tasks::{TaskEntry, emit_tasks};
