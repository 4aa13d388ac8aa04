//! The link that a row describes.

use super::super::real::millionths;
use super::super::row::{Inputs, wrong};
use super::bench::{Method, Sender};
use crate::conform::difference::Difference;
use crate::scenario::controllers::{Controller, controller};
use link_model::{ConnParams, EventEnd, LinkConfig, Phy, Role};
use sim_core::{Ppm, Span};

/// Longest connection interval and supervision timeout (Vol 6 Part B 4.5.2).
pub(super) const LONGEST: ConnParams = ConnParams::from_units(3_200, 0, 3_200);

/// Shortest connection interval.
pub(super) const SHORTEST_INTERVAL: Span = Span::from_us(7_500);

/// L2CAP header and ATT opcode and handle, octets of each frame besides the value.
pub(super) const HEADERS: u16 = 4 + 3;

/// What the headers of L2CAP add to an ATT MTU.
const L2CAP_HEADER: u16 = 4;

/// Smallest ATT MTU (Vol 3 Part G 5.2.1).
const SMALLEST_MTU: u16 = 23;

/// Smallest maximum of link layer octets (Vol 6 Part B 4.5.10).
const SMALLEST_DATA_LENGTH: u8 = 27;

/// A clean link with nothing limited, as rows have it unless they say otherwise.
pub(super) fn plain() -> LinkConfig {
    LinkConfig { phy_update: false, params: LONGEST, ..LinkConfig::default() }
}

/// The one physical layer of the row.
pub(super) fn phy(inputs: &Inputs<'_>) -> Result<Phy, Difference> {
    match phys(inputs)?.as_slice() {
        [phy] => Ok(*phy),
        _ => Err(wrong("phy", "one physical layer", "any")),
    }
}

/// The physical layers of the row; for "any" the two uncoded ones, each of which must then give the
/// same figures.
pub(super) fn phys(inputs: &Inputs<'_>) -> Result<Vec<Phy>, Difference> {
    let name = inputs.text("phy")?;
    let word = name.to_ascii_lowercase().replace(['_', ' '], "-");
    let word = word.trim_start_matches("le-").trim_start_matches("coded-");
    Ok(match word {
        "1m" => vec![Phy::OneM],
        "2m" => vec![Phy::TwoM],
        "s2" => vec![Phy::CodedS2],
        "s8" => vec![Phy::CodedS8],
        "any" => vec![Phy::OneM, Phy::TwoM],
        _ => return Err(wrong("phy", "1M, 2M, S2, S8 or any", name)),
    })
}

/// Whether packets carry a MIC, under either name that rows have for it.
pub(super) fn encrypted(inputs: &Inputs<'_>) -> Result<bool, Difference> {
    let key = inputs.one_of(&["encrypted", "mic"]).unwrap_or("encrypted");
    inputs.truth(key)
}

/// The controller that decides when events end: of two that are named, the central's.
pub(super) fn central_controller(inputs: &Inputs<'_>) -> Result<Controller, Difference> {
    let text = inputs.text("controller")?;
    let ends: Vec<&str> = text.split('+').map(str::trim).collect();
    let central = ends.iter().find(|end| end.ends_with(" central")).or(ends.first());
    let name = central.map_or(text, |end| end.trim_end_matches(" central"));
    // Phones and Zephyr's controller come with further words.
    let family = |name: &str| match name {
        _ if name.starts_with("phone") => controller("phone"),
        _ if name.starts_with("zephyr") => controller("zephyr-ll"),
        _ => None,
    };
    controller(name)
        .or_else(|| controller(&format!("softdevice-{name}")))
        .or_else(|| family(name))
        .ok_or_else(|| wrong("controller", "a known controller", text))
}

/// When the central stops starting pairs: as its controller does, unless the row states the time
/// that is kept free.
pub(super) fn event_end(inputs: &Inputs<'_>) -> Result<EventEnd, Difference> {
    let rule = central_controller(inputs)?.event_end;
    let stated = inputs.span_or("event_end_overhead_us")?;
    Ok(stated.map_or(rule, |overhead| EventEnd::WorstPair { overhead }))
}

/// Connection parameters for an interval, with a timeout that no loss of the row reaches.
pub(super) fn params(interval: Span) -> ConnParams {
    ConnParams { interval, ..LONGEST }
}

/// The connection interval: a multiple of 1.25 ms.
pub(super) fn interval_or(inputs: &Inputs<'_>) -> Result<Option<Span>, Difference> {
    let Some(interval) = inputs.span_or("conn_interval_ms")? else { return Ok(None) };
    if interval.as_ns() == 0
        || !interval.as_ns().is_multiple_of(1_250_000)
        || interval > LONGEST.interval
    {
        let got = format!("{} us", interval.as_us());
        return Err(wrong("conn_interval_ms", "1.25 ms steps up to 4 s", got));
    }
    Ok(Some(interval))
}

/// What the link layer carries and what of it is value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    /// Most link layer octets.
    pub(super) data_length: u8,
    pub(super) att_mtu: u16,
    /// Octets of each value.
    pub(super) value: u16,
}

impl Sizes {
    /// From the ATT MTU and the link layer octets, or from the payload of packets that hold one
    /// value each.
    pub(super) fn of(inputs: &Inputs<'_>) -> Result<Self, Difference> {
        let payload = inputs.small_or::<u8>("payload_octets")?;
        if payload.is_none() && !inputs.has("att_mtu") {
            return Err(wrong("att_mtu", "a value, or payload_octets", "none"));
        }
        Self::with(inputs, payload)
    }

    /// The same for raw data, whose packets are as long as they may be.
    pub(super) fn of_raw(inputs: &Inputs<'_>) -> Result<Self, Difference> {
        Self::with(inputs, inputs.small_or("max_ll_octets")?)
    }

    fn with(inputs: &Inputs<'_>, payload: Option<u8>) -> Result<Self, Difference> {
        let most = inputs.small_or::<u8>("max_ll_octets")?;
        let most = most.or(payload).ok_or_else(|| wrong("max_ll_octets", "a value", "none"))?;
        if most > 251 {
            return Err(wrong("max_ll_octets", "at most 251", most));
        }
        match inputs.small_or::<u16>("att_mtu")? {
            Some(att_mtu) if att_mtu >= SMALLEST_MTU => {
                // Longer attribute values do not exist (Vol 3 Part F 3.2.9).
                let value = (att_mtu - 3).min(512);
                Ok(Self { data_length: most.max(SMALLEST_DATA_LENGTH), att_mtu, value })
            }
            Some(att_mtu) => Err(wrong("att_mtu", "at least 23", att_mtu)),
            None => Self::one_packet(payload.unwrap_or(most), most),
        }
    }

    /// Values that fill a packet of `payload` octets each, where packets may have `most`.
    fn one_packet(payload: u8, most: u8) -> Result<Self, Difference> {
        let Some(value) = u16::from(payload).checked_sub(HEADERS) else {
            return Err(wrong("payload_octets", "at least 7", payload));
        };
        if payload > most {
            return Err(wrong("payload_octets", &format!("at most {most}"), payload));
        }
        Ok(Self {
            data_length: payload.max(SMALLEST_DATA_LENGTH),
            att_mtu: (u16::from(payload) - L2CAP_HEADER).max(SMALLEST_MTU),
            value,
        })
    }

    /// Packets of one value.
    pub(super) fn fragments(self) -> u64 {
        u64::from((self.value + HEADERS).div_ceil(self.data_length.into()))
    }

    /// The link that carries them.
    pub(super) fn on(self, config: LinkConfig) -> LinkConfig {
        LinkConfig {
            data_length: self.data_length,
            central_mtu: self.att_mtu,
            peripheral_mtu: self.att_mtu,
            ..config
        }
    }

    pub(super) fn sender(self, method: Method) -> Sender {
        Sender { value: self.value, method }
    }
}

/// Limit of pairs in one event: stated, or by the bandwidth that an S130 is configured for.
/// `LOW` and `MID` are one and three pairs, `HIGH` leaves it to time (S130 `SoftDevice`
/// Specification, chapter "Bluetooth Low Energy data throughput").
pub(super) fn max_pairs(inputs: &Inputs<'_>) -> Result<u8, Difference> {
    let stated = inputs.small_or::<u8>("packets_per_event")?;
    let bandwidth = match inputs.text_or("bandwidth")? {
        None | Some("HIGH") => 0,
        Some("MID") => 3,
        Some("LOW") => 1,
        Some(other) => return Err(wrong("bandwidth", "LOW, MID or HIGH", other)),
    };
    Ok(stated.unwrap_or(bandwidth))
}

/// Probability that a packet is lost.
pub(super) fn loss(inputs: &Inputs<'_>) -> Result<Ppm, Difference> {
    let loss = inputs.number_or("loss")?.unwrap_or(0.0);
    let ppm = millionths(loss).filter(|ppm| *ppm <= 1_000_000);
    ppm.map(Ppm::new).ok_or_else(|| wrong("loss", "a probability", loss))
}

/// Which ends always have something to send.
pub(super) fn senders(inputs: &Inputs<'_>) -> Result<Vec<Vec<Role>>, Difference> {
    let both = vec![vec![Role::Central, Role::Peripheral]];
    let (central, peripheral) = (vec![Role::Central], vec![Role::Peripheral]);
    let method = inputs.text_or("method")?.unwrap_or_default();
    let traffic = inputs.text("traffic")?;
    Ok(match (traffic, method) {
        ("duplex", _) => both,
        ("simplex peripheral to central", _) | ("simplex", "notification" | "indication") => {
            vec![peripheral]
        }
        ("simplex central to peripheral", _) | ("simplex", "write_command" | "write_request") => {
            vec![central]
        }
        // Either direction must then give the same figure.
        ("simplex", _) => vec![central, peripheral],
        _ => return Err(wrong("traffic", "simplex or duplex", traffic)),
    })
}
