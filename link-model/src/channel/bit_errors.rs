//! Independent bit errors: what a bit error rate does to packets of each length.

use super::Reception;
use super::fraction::{both, each_time, opposite};
use crate::phy::MIC;
use std::sync::Arc;

/// Bits of an access address (Vol 6 Part B 2.1.2).
const ACCESS_ADDRESS_BITS: u32 = 32;
/// Octets of header and CRC (Vol 6 Part B 2.4, 2.1.4).
const HEADER_AND_CRC: u32 = 2 + 3;

/// Thresholds for the fate of a packet at one bit error rate, all in units of 2^-64. A bit error in
/// the access address loses the packet, since the receiver wants an exact match; any other is a CRC
/// error. The preamble does not count.
#[derive(Clone, Debug)]
pub struct BitErrors {
    access_address: u64,
    /// By octets between header and CRC: payload and MIC.
    packet: Arc<[u64; 256]>,
}

impl BitErrors {
    /// Independent errors at a bit error rate in units of 2^-64.
    pub fn new(ber: u64) -> Self {
        if ber == 0 {
            return Self { access_address: 0, packet: Arc::new([0; 256]) };
        }
        let bit = opposite(ber);
        let octet = each_time(bit, 8);
        let address = each_time(bit, ACCESS_ADDRESS_BITS);
        let mut intact = both(address, each_time(octet, HEADER_AND_CRC));
        let mut packet = [0; 256];
        for threshold in &mut packet {
            *threshold = opposite(intact);
            intact = both(intact, octet);
        }
        Self { access_address: opposite(address), packet: Arc::new(packet) }
    }

    /// Probability that the access address is not heard, in units of 2^-64.
    pub fn missed(&self) -> u64 {
        self.access_address
    }

    /// Probability that a packet with `octets` of link layer payload, and a MIC or not, does not
    /// arrive whole, in units of 2^-64: 1 - (1 - BER)^(8 * (4 + 2 + octets + MIC + 3)). At most 255
    /// octets with MIC; an empty packet has none.
    pub fn packet_error(&self, octets: u8, mic: bool) -> u64 {
        let mic = if mic && octets > 0 { MIC as usize } else { 0 };
        self.packet[usize::from(octets) + mic]
    }

    /// What this draw makes of a packet whose payload and MIC have `body` octets.
    #[inline]
    pub(crate) fn reception(&self, body: u8, draw: u64) -> Reception {
        if draw >= self.packet[usize::from(body)] {
            Reception::Valid
        } else if draw >= self.access_address {
            Reception::CrcError
        } else {
            Reception::Missed
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "counts are small and probabilities are positive"
    )]

    use super::BitErrors;
    use crate::channel::Reception;
    use sim_core::Seed;

    fn ratio(threshold: u64) -> f64 {
        threshold as f64 / 2f64.powi(64)
    }

    fn at(ber: f64) -> BitErrors {
        BitErrors::new((ber * 2f64.powi(64)) as u64)
    }

    /// Vol 6 Part A 4.1: 0.1 % for payloads up to 37 octets, and 30.8 % of packets with each row of
    /// the reference sensitivity table.
    #[test]
    fn packet_error_rates_are_those_of_the_formula() {
        for (ber, octets, mic) in
            [(1e-3, 37, false), (3.4e-4, 127, false), (1e-5, 251, true), (1e-4, 0, false)]
        {
            let bits = 8.0 * f64::from(9 + u16::from(octets) + if mic { 4 } else { 0 });
            let expected = 1.0 - f64::powf(1.0 - ber, bits);
            let got = ratio(at(ber).packet_error(octets, mic));
            assert!((got - expected).abs() < 1e-9, "{got} for {expected}");
        }
        assert!((ratio(at(1e-3).packet_error(37, false)) - 0.308_01).abs() < 1e-6);
    }

    #[test]
    fn without_bit_errors_every_packet_arrives_and_at_a_half_none() {
        let none = BitErrors::new(0);
        assert_eq!(none.reception(255, 0), Reception::Valid);
        let half = BitErrors::new(1 << 63);
        assert_eq!(half.reception(0, u64::MAX - (1 << 33)), Reception::Missed);
        assert_eq!(half.reception(0, u64::MAX - 1), Reception::CrcError);
    }

    #[test]
    fn draws_miss_and_spoil_packets_as_often_as_the_formulas_say() {
        const DRAWS: u64 = 200_000;
        let stream = Seed(4).stream("test");
        let ber = 3e-4f64;
        let errors = at(ber);
        for body in [0u8, 27, 255] {
            let count = |wanted| {
                let draws = (0..DRAWS).map(|n| stream.at(n, body.into()));
                draws.filter(|draw| errors.reception(body, *draw) == wanted).count() as f64
                    / DRAWS as f64
            };
            let missed = 1.0 - (1.0 - ber).powi(32);
            let spoilt = (1.0 - missed) * (1.0 - (1.0 - ber).powi(8 * (5 + i32::from(body))));
            for (got, p) in
                [(count(Reception::Missed), missed), (count(Reception::CrcError), spoilt)]
            {
                let deviation = (p * (1.0 - p) / DRAWS as f64).sqrt();
                assert!((got - p).abs() < 4.0 * deviation, "{body}: {got} for {p}");
            }
        }
    }
}
