//! The air: which channel a connection event uses and what becomes of its packets.

mod access_address;
mod adaptive;
mod bit_errors;
mod burst;
mod fate;
mod fraction;
mod hopping;
mod interference;
mod selection;
mod signal;

pub use adaptive::{AdaptiveMap, AdaptiveMapConfig};
pub use bit_errors::BitErrors;
pub use burst::Bursts;
pub use interference::{Interference, data_channel_mhz, wifi_covers};
pub use selection::{Channel, ChannelMap, Csa, Csa1, Csa2, DATA_CHANNELS, MIN_USED};
pub use signal::{Radio, Signal};

pub(crate) use fate::Medium;
pub(crate) use hopping::{Draws, Hopping};

use sim_core::Ppm;

/// How a packet arrived, from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reception {
    /// Heard, CRC valid.
    Valid,
    /// Access address heard, CRC wrong.
    CrcError,
    /// Access address not heard.
    Missed,
}

/// What is known of the air. Its parts act independently: a packet is missed when any part has it
/// missed, otherwise it has a CRC error when any part gives it one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChannelConfig {
    /// Probability that a packet is received with a CRC error.
    pub loss: Ppm,
    /// Probability that a packet's access address is missed.
    pub miss: Ppm,
    /// What the receivers may hear of each other, equally likely; one is drawn for a run. Empty
    /// for a signal without bit errors.
    pub signals: Vec<Signal>,
    /// Bursts of loss on each data channel.
    pub bursts: Option<Bursts>,
    /// Wi-Fi on some data channels.
    pub interference: Option<Interference>,
}
