//! What the air does to a packet.

use sim_core::{Ppm, Seed, Stream};

/// How a packet arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reception {
    /// Heard, CRC valid.
    Valid,
    /// Access address heard, CRC wrong.
    CrcError,
    /// Access address not heard.
    Missed,
}

/// What is known of the air.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChannelConfig {
    /// Probability that a packet is received with a CRC error.
    pub loss: Ppm,
    /// Probability that a packet's access address is missed.
    pub miss: Ppm,
}

/// Independent loss with constant probabilities. The fate of a packet is a function of the seed,
/// the connection event and the packet's place in it, so that two clients under one seed meet the
/// same air.
#[derive(Clone, Debug)]
pub(crate) struct Channel {
    stream: Stream,
    loss: Ppm,
    miss: Ppm,
}

impl Channel {
    pub(crate) fn new(seed: Seed, config: &ChannelConfig) -> Self {
        Self { stream: seed.stream("link.channel"), loss: config.loss, miss: config.miss }
    }

    /// Fate of packet number `packet` of connection event number `event`, events being counted over
    /// all connections of the run.
    pub(crate) fn reception(&self, event: u64, packet: u32) -> Reception {
        if self.loss == Ppm::ZERO && self.miss == Ppm::ZERO {
            return Reception::Valid;
        }
        if self.miss.accepts(self.stream.at(event, 2 * u64::from(packet) + 1)) {
            Reception::Missed
        } else if self.loss.accepts(self.stream.at(event, 2 * u64::from(packet))) {
            Reception::CrcError
        } else {
            Reception::Valid
        }
    }
}
