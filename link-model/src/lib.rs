//! A Bluetooth LE connection between one central and one peripheral, packet by packet: connection
//! events, acknowledgement and retransmission, L2CAP fragments, ATT and the SMP characteristic.
//! It carries payload bytes without looking into them and knows neither SMP commands nor flash.
//!
//! [`Link`] is one machine for both ends, since what one end hears depends on what the other sent
//! and when. Section numbers in this crate are of the Bluetooth Core Specification.

mod arbitration;
mod att;
mod central;
mod channel;
mod config;
mod connection;
mod control;
mod controller;
mod end;
mod event;
mod link;
mod params;
mod peripheral;
mod phy;
mod trace;

pub use channel::{ChannelConfig, Reception};
pub use config::{EventEnd, LinkConfig};
pub use end::EndConfig;
pub use link::{Link, LinkIn, LinkOut};
pub use params::{ConnParams, ParamsRule};
pub use phy::{Phy, T_IFS};
pub use trace::{CloseCause, LinkEvent, Role, reason};
