//! The boot loader on a device: against reference runs of the real boot code, against formulas for
//! its cost, in corners that those runs do not reach, and against the machine contract.

mod contract;
mod corners;
mod costs;
mod golden;
mod lawful;
mod properties;
mod rig;
mod scenario;
