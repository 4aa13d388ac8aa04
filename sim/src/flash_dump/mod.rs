//! What a dump of flash holds, and what the next boot will make of it.
//!
//! Nothing is put in words here: the findings are values, which the program prints.

mod advice;
mod boot_run;
mod dump;
mod image;
mod next_boot;
mod report;
mod setup;
mod status;
mod trailer;

pub use advice::Advice;
pub use boot_run::{BootRun, Ending, Phase, PhaseKind};
pub use dump::{Dump, DumpError};
pub use image::{ImageReport, SignatureReport, TlvReport};
pub use next_boot::NextBoot;
pub use report::{Assumed, Decision, FlashReport, PartitionReport, inspect};
pub use setup::{Setup, SetupError};
pub use status::{Progress, StatusRun};
pub use trailer::{FieldReport, TrailerReport};
