//! How strong a signal is where it is received, and what that means for its bits.

use crate::phy::Phy;

/// A radio, for its sensitivity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Radio {
    /// nRF52840.
    #[default]
    Nrf52840,
    /// nRF54L15.
    Nrf54l15,
}

impl Radio {
    /// Every radio.
    pub const ALL: [Self; 2] = [Self::Nrf52840, Self::Nrf54l15];

    /// Name in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nrf52840 => "nrf52840",
            Self::Nrf54l15 => "nrf54l15",
        }
    }

    /// The radio of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|radio| radio.name() == name)
    }

    /// Level at which one bit in a thousand is wrong, dBm, for packets of up to 37 octets.
    ///
    /// nRF52840 Product Specification v1, RADIO, electrical specification; nRF54L15 Datasheet,
    /// RADIO, electrical specification, receiver operation.
    pub const fn sensitivity_dbm(self, phy: Phy) -> i8 {
        match (self, phy) {
            (Self::Nrf52840, Phy::OneM) => -95,
            (Self::Nrf52840, Phy::TwoM) => -92,
            (Self::Nrf52840 | Self::Nrf54l15, Phy::CodedS2) => -99,
            (Self::Nrf52840, Phy::CodedS8) => -103,
            (Self::Nrf54l15, Phy::OneM) => -96,
            (Self::Nrf54l15, Phy::TwoM) => -94,
            (Self::Nrf54l15, Phy::CodedS8) => -104,
        }
    }
}

/// A signal as both ends receive it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signal {
    /// Level, dBm, when it follows from a distance.
    pub rssi_dbm: Option<i8>,
    /// Bit error rates in units of 2^-64, in the order of [`Phy::ALL`].
    pub bit_errors: [u64; 4],
}
