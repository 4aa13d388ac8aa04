//! A Bluetooth LE connection between one central and one peripheral, packet by packet: connection
//! events, acknowledgement and retransmission, L2CAP fragments, ATT and the SMP characteristic.
//! It carries payload bytes without looking into them and knows neither SMP commands nor flash.
//!
//! [`Link`] is one machine for both ends, since what one end hears depends on what the other sent
//! and when. Section numbers in this crate are of the Bluetooth Core Specification.
//!
//! For comparison there are two links that are no radio, with the same inputs and outputs:
//! [`DatagramPipe`], a network, and [`SerialPipe`], a UART.

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
mod host;
mod link;
mod listening;
mod params;
mod peripheral;
mod phy;
mod pipe;
mod request;
mod reservation;
mod trace;

pub use channel::{
    AdaptiveMap, AdaptiveMapConfig, BitErrors, Bursts, Channel, ChannelConfig, ChannelMap, Csa,
    Csa1, Csa2, DATA_CHANNELS, Interference, MIN_USED, Radio, Reception, Signal, data_channel_mhz,
    wifi_covers,
};
pub use config::{EventEnd, LinkConfig, ServiceSecurity};
pub use control::UpdateProcedure;
pub use end::EndConfig;
pub use link::{Link, LinkIn, LinkOut};
pub use params::{
    AndroidPriority, ConnParams, ParamsRefusal, ParamsRequest, ParamsRule, core_check,
};
pub use phy::{Phy, T_IFS};
pub use pipe::{DatagramConfig, DatagramPipe, PipeKind, SerialConfig, SerialPipe, UDP_HEADERS};
pub use trace::{CloseCause, DatagramFate, LinkEvent, Role, reason};
