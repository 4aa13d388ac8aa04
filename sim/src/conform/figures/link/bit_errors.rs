//! `per_from_ber`, `ber_curve` and `sensitivity_dbm`: what the air of a scenario does to bits and
//! packets, by the thresholds that the link draws against.

use super::super::row::{Figures, Inputs, wrong};
use super::config::phy;
use crate::conform::difference::Difference;
use crate::scenario::air::{bit_error_rate, probability, threshold};
use link_model::{BitErrors, Radio};
use serde_json::{Map, Value};

/// Longest packet for which a sensitivity is the level of one wrong bit in a thousand, octets of
/// payload (Vol 6 Part A 4.1).
const REFERENCE_OCTETS: u8 = 37;

/// Share of packets of a length that do not arrive at a bit error rate.
pub(super) fn packet_error_rate(
    inputs: &Inputs<'_>,
    _: &Map<String, Value>,
) -> Result<Figures, Difference> {
    let ber = inputs.number("ber")?;
    if !(0.0..=1.0).contains(&ber) {
        return Err(wrong("ber", "a probability", ber));
    }
    let (octets, mic) = (payload(inputs, "payload_octets")?, inputs.truth("mic")?);
    Ok(Figures::new().number("per", packet_error(ber, octets, mic)))
}

/// Bit error rate of a signal above or below the sensitivity.
pub(super) fn ber_curve(
    inputs: &Inputs<'_>,
    _: &Map<String, Value>,
) -> Result<Figures, Difference> {
    let above = inputs.number("level_minus_sensitivity_db")?;
    let ber = bit_error_rate(above);
    // What reaches the link is the rate in units of 2^-64.
    let reaches = probability(threshold(ber));
    if (reaches - ber).abs() > f64::EPSILON {
        return Err(Difference::new("ber", ber, format!("{reaches} in the link")));
    }
    Ok(Figures::new().number("ber", ber))
}

/// Level at which as many packets of a length are lost as at the sensitivity those of the reference
/// length.
pub(super) fn sensitivity(
    inputs: &Inputs<'_>,
    _: &Map<String, Value>,
) -> Result<Figures, Difference> {
    let soc = inputs.text("soc")?;
    let radio = Radio::from_name(soc).ok_or_else(|| wrong("soc", "a known radio", soc))?;
    let octets = payload(inputs, "packet_octets_max")?.max(REFERENCE_OCTETS);
    let at_sensitivity = f64::from(radio.sensitivity_dbm(phy(inputs)?));
    let lost = packet_error(bit_error_rate(0.0), REFERENCE_OCTETS, false);
    let (mut low, mut high) = (0.0, 10.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if packet_error(bit_error_rate(middle), octets, false) > lost {
            low = middle;
        } else {
            high = middle;
        }
    }
    Ok(Figures::new().number("dbm", at_sensitivity + low))
}

fn packet_error(ber: f64, octets: u8, mic: bool) -> f64 {
    probability(BitErrors::new(threshold(ber)).packet_error(octets, mic))
}

fn payload(inputs: &Inputs<'_>, key: &str) -> Result<u8, Difference> {
    let octets = inputs.small::<u16>(key)?;
    // A packet of 255 octets is one of 251 with its MIC.
    u8::try_from(octets.min(251)).map_err(|_| wrong(key, "at most 251", octets))
}
