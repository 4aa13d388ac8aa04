//! What a link is like.

use crate::channel::{AdaptiveMapConfig, ChannelConfig, ChannelMap, Csa};
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

/// What the SMP service demands of a link (Zephyr's permissions of the characteristic and of its
/// configuration).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ServiceSecurity {
    /// Nothing.
    #[default]
    None,
    /// Encryption, with whatever key (`MCUMGR_TRANSPORT_BT_PERM_RW_ENCRYPT`).
    Encrypted,
    /// Encryption with a key from a pairing that excludes a man in the middle
    /// (`MCUMGR_TRANSPORT_BT_PERM_RW_AUTHEN`).
    Authenticated,
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
    /// Whether encryption starts by its procedure after connecting; otherwise an encrypted link is
    /// so from the first packet on.
    pub encryption_procedure: bool,
    /// Whether the key of an encrypted link comes from a pairing that excludes a man in the middle.
    pub authenticated: bool,
    /// What the SMP service demands.
    pub service_security: ServiceSecurity,
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
    /// From the end of the transmit window delay to the first anchor (`WinOffset`); multiples of
    /// 1.25 ms up to the interval (Vol 6 Part B 4.5.3).
    pub win_offset: Span,
    /// Where in the interval the central places its anchors, as one with several connections does:
    /// the first anchor is the earliest one whose time leaves this rest when divided by the
    /// interval. `None`: as early as can be.
    pub anchor_phase: Option<Span>,
    /// From the anchor of an update's instant to the first anchor of the new interval (`WinOffset`);
    /// multiples of 1.25 ms, no longer than the new interval (Vol 6 Part B 5.1.1).
    pub update_win_offset: Span,
    /// From the start of one scan window of the central to the next, each on another advertising
    /// channel (Vol 6 Part B 4.4.3).
    pub scan_interval: Span,
    /// How long the central scans in each; as long as the interval: always.
    pub scan_window: Span,
    /// Advertising interval; each event adds a random 0 to 10 ms (Vol 6 Part B 4.4.2.2.1).
    pub adv_interval: Span,
    /// Age of a connection before which the peripheral's host keeps a parameter request to itself
    /// (Zephyr `BT_CONN_PARAM_UPDATE_TIMEOUT`, 5000 ms).
    pub param_update_delay: Span,
    /// Channel selection algorithm.
    pub csa: Csa,
    /// Data channels that the central's host allows.
    pub channel_map: ChannelMap,
    /// Hop of channel selection algorithm #1, 5 to 16; drawn for each connection when `None`.
    pub hop: Option<u8>,
    /// Access address of every connection; drawn for each when `None`.
    pub access_address: Option<u32>,
    /// How the central leaves out bad channels; `None` when it does not.
    pub adaptive_map: Option<AdaptiveMapConfig>,
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
            encryption_procedure: false,
            authenticated: false,
            service_security: ServiceSecurity::None,
            data_length: 251,
            central_mtu: 498,
            peripheral_mtu: 498,
            central: EndConfig::default(),
            peripheral: EndConfig::default(),
            event_end: EventEnd::default(),
            params_rule: ParamsRule::Any,
            max_pairs: 0,
            central_host_latency: Span::ZERO,
            win_offset: Span::ZERO,
            anchor_phase: None,
            update_win_offset: Span::ZERO,
            scan_interval: Span::from_ms(60),
            scan_window: Span::from_ms(60),
            adv_interval: Span::from_ms(100),
            param_update_delay: Span::from_s(5),
            csa: Csa::Two,
            channel_map: ChannelMap::ALL,
            hop: None,
            access_address: None,
            adaptive_map: None,
            channel: ChannelConfig::default(),
        }
    }
}

impl LinkConfig {
    /// The data length that both ends agree on for this PHY and interval: `data_length`, or less
    /// where a full pair would not fit an event, as controllers lower their supported time (nRF Connect
    /// SDK, `SoftDevice` Controller, ACL connection timing; Vol 6 Part B 4.5.10).
    pub fn fitting_data_length(&self, phy: Phy, interval: Span) -> u8 {
        let needs = |octets: u8| match self.event_end {
            EventEnd::WorstPair { .. } => self.event_end.needs(self.worst_pair(phy, octets)),
            // What an end needs to send a packet of this length at all.
            EventEnd::Fit => {
                phy.air_time(octets, self.encrypted) + phy.air_time(0, self.encrypted) + T_IFS * 2
            }
        };
        let fits = |octets: &u8| needs(*octets) <= interval;
        (DATA_LENGTH_DEFAULT..=self.data_length).rev().find(fits).unwrap_or(DATA_LENGTH_DEFAULT)
    }

    /// Whether the SMP service refuses a central on this link. Set-up requests wait until a link
    /// that is to be encrypted is so, therefore the moment does not matter.
    pub fn refuses(&self) -> bool {
        match self.service_security {
            ServiceSecurity::None => false,
            ServiceSecurity::Encrypted => !self.encrypted,
            ServiceSecurity::Authenticated => !(self.encrypted && self.authenticated),
        }
    }

    /// Physical layer of the first packet of a connection.
    pub fn first_phy(&self) -> Phy {
        if self.phy_update { Phy::OneM } else { self.phy }
    }

    /// Length of a pair in which both packets are full, for packets of `octets`: what must still
    /// fit, besides `event_overhead`, when the central starts a pair.
    pub fn worst_pair(&self, phy: Phy, octets: u8) -> Span {
        (phy.air_time(octets, self.encrypted) + T_IFS) * 2
    }
}
