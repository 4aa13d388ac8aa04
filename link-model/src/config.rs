//! What a link is like.

use crate::phy::{Phy, T_IFS};
use sim_core::{Ppm, Span};

/// Parameters of a connection (Vol 6 Part B 4.5.1, 4.5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnParams {
    /// Connection interval; 7.5 ms to 4 s in steps of 1.25 ms.
    pub interval: Span,
    /// Anchors that the peripheral may skip when it has nothing to send; 0 to 499.
    pub latency: u16,
    /// Supervision timeout; 100 ms to 32 s in steps of 10 ms.
    pub timeout: Span,
}

impl ConnParams {
    /// Parameters from the units of the air: 1.25 ms and 10 ms.
    pub const fn from_units(interval: u16, latency: u16, timeout: u16) -> Self {
        Self {
            interval: Span::from_us(interval as u64 * 1_250),
            latency,
            timeout: Span::from_ms(timeout as u64 * 10),
        }
    }
}

/// Data length before the procedure, octets (Vol 6 Part B 4.5.10).
pub(crate) const DATA_LENGTH_DEFAULT: u8 = 27;

/// Everything that decides how a [`crate::Link`] behaves.
#[derive(Clone, Debug)]
pub struct LinkConfig {
    /// Parameters that the central chooses when it connects.
    pub params: ConnParams,
    /// Physical layer, from the first packet on.
    pub phy: Phy,
    /// Whether data packets carry a MIC.
    pub encrypted: bool,
    /// Largest link layer payload that both ends agree on by the data length procedure, octets;
    /// 27 (no procedure) to 251.
    pub data_length: u8,
    /// ATT MTU that the central asks for and that the peripheral accepts, whichever is smaller.
    pub central_mtu: u16,
    /// See `central_mtu`.
    pub peripheral_mtu: u16,
    /// Time that the central's controller keeps free between the last pair of packets and the next
    /// anchor. 830 us reproduces the throughput tables of the S132 and S140 `SoftDevice`
    /// specifications, chapter "Bluetooth Low Energy data throughput".
    pub event_overhead: Span,
    /// Most pairs of packets in one event, as phones limit them; 0 for no limit but time.
    pub max_pairs: u8,
    /// Host time of the central between a received notification and a write that answers it.
    pub central_host_latency: Span,
    /// Advertising interval; each event adds a random 0 to 10 ms (Vol 6 Part B 4.4.2.2.1).
    pub adv_interval: Span,
    /// Age of a connection before which the peripheral's host keeps a parameter request to itself
    /// (Zephyr `BT_CONN_PARAM_UPDATE_TIMEOUT`, 5000 ms).
    pub param_update_delay: Span,
    /// Probability that a packet is received with a CRC error.
    pub loss: Ppm,
    /// Probability that a packet's access address is missed.
    pub miss: Ppm,
}

impl Default for LinkConfig {
    /// A clean 1M link as Android's SMP library makes one: 11.25 ms, data length 251, MTU 498.
    fn default() -> Self {
        Self {
            params: ConnParams::from_units(9, 0, 400),
            phy: Phy::OneM,
            encrypted: false,
            data_length: 251,
            central_mtu: 498,
            peripheral_mtu: 498,
            event_overhead: Span::from_us(830),
            max_pairs: 0,
            central_host_latency: Span::ZERO,
            adv_interval: Span::from_ms(100),
            param_update_delay: Span::from_s(5),
            loss: Ppm::ZERO,
            miss: Ppm::ZERO,
        }
    }
}

impl LinkConfig {
    /// The data length that both ends agree on for this interval: `data_length`, or less where a
    /// full pair would not fit an event, as controllers lower their supported time (nRF Connect
    /// SDK, `SoftDevice` Controller, ACL connection timing; Vol 6 Part B 4.5.10).
    pub fn fitting_data_length(&self, interval: Span) -> u8 {
        let fits = |octets: &u8| self.worst_pair(*octets) + self.event_overhead <= interval;
        (DATA_LENGTH_DEFAULT..=self.data_length).rev().find(fits).unwrap_or(DATA_LENGTH_DEFAULT)
    }

    /// Length of a pair in which both packets are full, for packets of `octets`: what must still
    /// fit, besides `event_overhead`, when the central starts a pair.
    pub fn worst_pair(&self, octets: u8) -> Span {
        (self.phy.air_time(octets, self.encrypted) + T_IFS) * 2
    }
}
