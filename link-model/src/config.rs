//! What a link is like.

use crate::channel::ChannelConfig;
use crate::end::EndConfig;
use crate::params::{ConnParams, ParamsRule};
use crate::phy::{Phy, T_IFS};
use sim_core::Span;

/// Data length before the procedure, octets (Vol 6 Part B 4.5.10).
pub(crate) const DATA_LENGTH_DEFAULT: u8 = 27;

/// When the central starts another pair of packets in a connection event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventEnd {
    /// When a pair of two full packets and this much time still fit. 830 us reproduces the
    /// throughput tables of the S132 and S140 `SoftDevice` specifications, chapter "Bluetooth Low
    /// Energy data throughput".
    WorstPair {
        /// Time kept free behind the pair.
        overhead: Span,
    },
    /// When the pair itself still fits, as ideal figures have it.
    Fit,
}

impl Default for EventEnd {
    fn default() -> Self {
        Self::WorstPair { overhead: Span::from_us(830) }
    }
}

impl EventEnd {
    /// What must still fit for a pair whose longest form takes `worst`.
    pub fn needs(self, worst: Span) -> Span {
        match self {
            Self::WorstPair { overhead } => worst + overhead,
            Self::Fit => worst,
        }
    }
}

/// Everything that decides how a [`crate::Link`] behaves.
#[derive(Clone, Debug)]
pub struct LinkConfig {
    /// Parameters that the central chooses when it connects.
    pub params: ConnParams,
    /// Physical layer.
    pub phy: Phy,
    /// Whether a connection starts on LE 1M and the central changes to `phy` by the PHY update
    /// procedure; otherwise `phy` is in force from the first packet on.
    pub phy_update: bool,
    /// Whether data packets carry a MIC.
    pub encrypted: bool,
    /// Largest link layer payload that both ends agree on by the data length procedure, octets;
    /// 27 (no procedure) to 251.
    pub data_length: u8,
    /// ATT MTU that the central asks for and that the peripheral accepts, whichever is smaller.
    pub central_mtu: u16,
    /// See `central_mtu`.
    pub peripheral_mtu: u16,
    /// Controller of the central, and what its host adds.
    pub central: EndConfig,
    /// Controller of the peripheral, and what its host adds.
    pub peripheral: EndConfig,
    /// When the central starts another pair of packets.
    pub event_end: EventEnd,
    /// Which parameters the central takes when the peripheral asks.
    pub params_rule: ParamsRule,
    /// Most pairs of packets in one event, as phones limit them; 0 for no limit but time.
    pub max_pairs: u8,
    /// Host time of the central between a received notification and a write that answers it.
    pub central_host_latency: Span,
    /// Advertising interval; each event adds a random 0 to 10 ms (Vol 6 Part B 4.4.2.2.1).
    pub adv_interval: Span,
    /// Age of a connection before which the peripheral's host keeps a parameter request to itself
    /// (Zephyr `BT_CONN_PARAM_UPDATE_TIMEOUT`, 5000 ms).
    pub param_update_delay: Span,
    /// What the air does to packets.
    pub channel: ChannelConfig,
}

impl Default for LinkConfig {
    /// A clean 1M link as Android's SMP library makes one: 11.25 ms, data length 251, MTU 498.
    fn default() -> Self {
        Self {
            params: ConnParams::from_units(9, 0, 400),
            phy: Phy::OneM,
            phy_update: true,
            encrypted: false,
            data_length: 251,
            central_mtu: 498,
            peripheral_mtu: 498,
            central: EndConfig::default(),
            peripheral: EndConfig::default(),
            event_end: EventEnd::default(),
            params_rule: ParamsRule::Any,
            max_pairs: 0,
            central_host_latency: Span::ZERO,
            adv_interval: Span::from_ms(100),
            param_update_delay: Span::from_s(5),
            channel: ChannelConfig::default(),
        }
    }
}

impl LinkConfig {
    /// The data length that both ends agree on for this interval: `data_length`, or less where a
    /// full pair would not fit an event, as controllers lower their supported time (nRF Connect
    /// SDK, `SoftDevice` Controller, ACL connection timing; Vol 6 Part B 4.5.10).
    pub fn fitting_data_length(&self, interval: Span) -> u8 {
        let fits = |octets: &u8| self.event_end.needs(self.worst_pair(*octets)) <= interval;
        (DATA_LENGTH_DEFAULT..=self.data_length).rev().find(fits).unwrap_or(DATA_LENGTH_DEFAULT)
    }

    /// Length of a pair in which both packets are full, for packets of `octets`: what must still
    /// fit, besides `event_overhead`, when the central starts a pair.
    pub fn worst_pair(&self, octets: u8) -> Span {
        (self.phy.air_time(octets, self.encrypted) + T_IFS) * 2
    }
}
