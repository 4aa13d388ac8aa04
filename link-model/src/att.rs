//! L2CAP and ATT as far as they decide sizes and round trips: the one SMP characteristic and the
//! procedures that a GATT client runs before it can use it.

/// L2CAP basic header in front of each ATT PDU, octets (Vol 3 Part A 3.1).
pub(crate) const L2CAP_HEADER: u16 = 4;
/// Opcode and handle of a write command or notification, octets (Vol 3 Part F 3.4.5.3, 3.4.7.1).
pub(crate) const ATT_HEADER: u16 = 3;
/// Write response: the opcode, octets (Vol 3 Part F 3.4.5.2).
pub(crate) const WRITE_RESPONSE_LEN: u16 = 1;
/// Confirmation of an indication: the opcode, octets (Vol 3 Part F 3.4.7.3).
pub(crate) const CONFIRMATION_LEN: u16 = 1;
/// Error response, octets (Vol 3 Part F 3.4.1.1).
pub(crate) const ERROR_RESPONSE_LEN: u16 = 5;
/// Insufficient Authentication (Vol 3 Part F 3.4.1.1): the error for a link that is not encrypted
/// while there is no key for it, and for a key that is not good enough (Vol 3 Part C 10.3.1;
/// Zephyr's `bt_gatt_check_perm`). A central that has a key would have used it.
pub(crate) const INSUFFICIENT_AUTHENTICATION: u8 = 0x05;
/// MTU before the exchange (Vol 3 Part G 5.2.1).
pub(crate) const DEFAULT_MTU: u16 = 23;
/// Longest attribute value (Vol 3 Part F 3.2.9).
pub(crate) const MAX_VALUE: usize = 512;

/// One request and response of the set-up, in the order in which they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Procedure {
    /// Exchange MTU.
    ExchangeMtu,
    /// Find By Type Value for the 128-bit UUID of the SMP service.
    FindService,
    /// Read By Type for characteristic declarations: finds the SMP characteristic.
    FindCharacteristic,
    /// The same again behind it: answered with an error, there are no more.
    EndOfCharacteristics,
    /// Find Information behind the value: finds the client characteristic configuration.
    FindConfiguration,
    /// Write Request that enables notifications.
    EnableNotifications,
}

impl Procedure {
    pub(crate) const FIRST: Self = Self::ExchangeMtu;

    pub(crate) const fn next(self) -> Option<Self> {
        match self {
            Self::ExchangeMtu => Some(Self::FindService),
            Self::FindService => Some(Self::FindCharacteristic),
            Self::FindCharacteristic => Some(Self::EndOfCharacteristics),
            Self::EndOfCharacteristics => Some(Self::FindConfiguration),
            Self::FindConfiguration => Some(Self::EnableNotifications),
            Self::EnableNotifications => None,
        }
    }

    /// ATT PDU lengths of request and response, octets (Vol 3 Part F 3.4.2 to 3.4.5).
    const fn lengths(self) -> (u16, u16) {
        match self {
            Self::ExchangeMtu => (3, 3),
            Self::FindService => (1 + 2 + 2 + 2 + 16, 1 + 4),
            Self::FindCharacteristic => (1 + 2 + 2 + 2, 2 + 2 + 1 + 2 + 16),
            Self::EndOfCharacteristics => (1 + 2 + 2 + 2, 5),
            Self::FindConfiguration => (1 + 2 + 2, 2 + 2 + 2),
            Self::EnableNotifications => (1 + 2 + 2, 1),
        }
    }

    /// Octets of the request on an L2CAP channel.
    pub(crate) const fn request_len(self) -> u16 {
        L2CAP_HEADER + self.lengths().0
    }

    /// Octets of the response on an L2CAP channel.
    pub(crate) const fn response_len(self) -> u16 {
        L2CAP_HEADER + self.lengths().1
    }
}

/// Octets of an attribute value inside the octets `from..to` of its L2CAP frame.
pub(crate) fn value_octets(from: u16, to: u16) -> u8 {
    let header = L2CAP_HEADER + ATT_HEADER;
    (to.saturating_sub(header) - from.saturating_sub(header)) as u8
}

#[cfg(test)]
mod tests {
    use super::{Procedure, value_octets};

    #[test]
    fn every_set_up_pdu_fits_the_default_mtu() {
        let mut p = Some(Procedure::FIRST);
        while let Some(procedure) = p {
            assert!(procedure.request_len() <= 27 && procedure.response_len() <= 27);
            p = procedure.next();
        }
    }

    #[test]
    fn headers_are_not_counted_as_value() {
        assert_eq!(value_octets(0, 251), 244);
        assert_eq!(value_octets(251, 502), 251);
        assert_eq!(value_octets(0, 5), 0);
    }
}
