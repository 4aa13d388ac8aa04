//! The boot loader on a device: against formulas for its cost, properties that must hold whatever the
//! flow and wherever the power fails, corners that no recorded run reaches, and the machine contract.

mod contract;
mod corners;
mod cost_table;
mod costs;
mod lawful;
mod mode_corners;
mod properties;
mod rig;
