//! Air time of one packet.

use serde::Serialize;
use sim_core::Span;

/// Time between the end of a packet and the start of the answer (Vol 6 Part B 4.1.1).
pub const T_IFS: Span = Span::from_us(150);

/// Message integrity code of an encrypted packet that is not empty, octets (Vol 6 Part B 2.4).
pub(crate) const MIC: u64 = 4;

/// Physical layer of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Phy {
    /// LE 1M.
    #[serde(rename = "1M")]
    OneM,
    /// LE 2M.
    #[serde(rename = "2M")]
    TwoM,
    /// LE Coded, two symbols a bit.
    #[serde(rename = "coded-s2")]
    CodedS2,
    /// LE Coded, eight symbols a bit.
    #[serde(rename = "coded-s8")]
    CodedS8,
}

impl Phy {
    /// Every physical layer.
    pub const ALL: [Self; 4] = [Self::OneM, Self::TwoM, Self::CodedS2, Self::CodedS8];

    /// Air time of a packet with `octets` of link layer payload (0 to 251, without MIC).
    ///
    /// Vol 6 Part B 2.1 and 2.2: preamble, access address 4, header 2, payload, MIC when encrypted
    /// and not empty, CRC 3 octets.
    pub const fn air_time(self, octets: u8, encrypted: bool) -> Span {
        let mic = if encrypted && octets > 0 { MIC } else { 0 };
        let pdu = 2 + octets as u64 + mic + 3;
        Span::from_us(match self {
            Self::OneM => 8 * (1 + 4 + pdu),
            Self::TwoM => 4 * (2 + 4 + pdu),
            Self::CodedS2 => CODED_BLOCK_1 + 2 * (8 * pdu + 3),
            Self::CodedS8 => CODED_BLOCK_1 + 8 * (8 * pdu + 3),
        })
    }

    /// Air time of preamble and access address (Vol 6 Part B 2.1, 2.2).
    pub const fn sync_time(self) -> Span {
        Span::from_us(match self {
            Self::OneM => 8 * (1 + 4),
            Self::TwoM => 4 * (2 + 4),
            Self::CodedS2 | Self::CodedS8 => 80 + 256,
        })
    }

    /// Air time of one payload octet.
    pub const fn octet_time(self) -> Span {
        Span::from_us(match self {
            Self::OneM => 8,
            Self::TwoM => 4,
            Self::CodedS2 => 16,
            Self::CodedS8 => 64,
        })
    }
}

/// Air times of a connection's packets by payload octets, us.
#[derive(Clone, Debug)]
pub(crate) struct AirTimes([u16; 256]);

impl AirTimes {
    pub(crate) fn new(phy: Phy, encrypted: bool) -> Self {
        let mut octets = 0..=u8::MAX;
        Self(std::array::from_fn(|_| {
            let octets = octets.next().unwrap_or(u8::MAX);
            phy.air_time(octets, encrypted).as_us() as u16
        }))
    }

    #[inline]
    pub(crate) fn us(&self, octets: u8) -> u16 {
        self.0[usize::from(octets)]
    }

    #[inline]
    pub(crate) fn of(&self, octets: u8) -> Span {
        Span::from_us(self.us(octets).into())
    }
}

/// Preamble 80, access address 256, coding indicator 16 and first terminator 24 us: always sent
/// with eight symbols a bit (Vol 6 Part B 2.2).
const CODED_BLOCK_1: u64 = 80 + 256 + 16 + 24;

#[cfg(test)]
mod tests {
    use super::Phy;

    /// Time limits that Vol 6 Part B 2.4.2.21 prints, and sums of the packet's fields.
    #[test]
    fn air_times_are_those_of_the_specification() {
        let us = |phy: Phy, octets, mic| phy.air_time(octets, mic).as_us();
        assert_eq!(us(Phy::OneM, 0, true), 80);
        assert_eq!(us(Phy::TwoM, 0, true), 44);
        assert_eq!(us(Phy::CodedS8, 0, true), 720);
        assert_eq!(us(Phy::OneM, 27, false), 296);
        assert_eq!(us(Phy::OneM, 27, true), 328);
        assert_eq!(us(Phy::TwoM, 27, true), 168);
        assert_eq!(us(Phy::CodedS8, 27, true), 2704);
        assert_eq!(us(Phy::OneM, 251, true), 2120);
        assert_eq!(us(Phy::TwoM, 251, true), 1064);
        assert_eq!(us(Phy::CodedS8, 251, true), 17040);
        assert_eq!(us(Phy::CodedS2, 251, true), 4542);
    }
}
