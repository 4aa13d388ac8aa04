//! `air_time_us`: a packet is sent, and its record says how long it took.

use super::super::row::{Figures, Inputs, wrong};
use super::bench::Method;
use super::config::{self, HEADERS, Sizes, encrypted, phy};
use super::measure::full_link;
use crate::conform::difference::Difference;
use link_model::{LinkConfig, Role};
use serde_json::{Map, Value};
use sim_core::{Seed, Span};

/// Packets among which one of the wanted length must be.
const PACKETS: u32 = 1_000;

/// Shortest packet that carries more than the start of a frame.
const SMALLEST_DATA_LENGTH: u8 = 27;

/// Air time of a packet with so many octets.
pub(super) fn air_time(inputs: &Inputs<'_>, _: &Map<String, Value>) -> Result<Figures, Difference> {
    let octets = inputs.small::<u8>("payload_octets")?;
    if octets > 251 {
        return Err(wrong("payload_octets", "at most 251", octets));
    }
    let config = LinkConfig { phy: phy(inputs)?, encrypted: encrypted(inputs)?, ..config::plain() };
    let air = packet_of(config, octets)?;
    Ok(Figures::new().us("us", air))
}

/// Sends frames of which one packet has exactly so many octets. Those too short for a frame of
/// their own are the rest of a longer one, and empty packets are there anyway.
fn packet_of(config: LinkConfig, octets: u8) -> Result<Span, Difference> {
    let data_length = octets.max(SMALLEST_DATA_LENGTH);
    let alone = u16::from(octets) >= HEADERS;
    let frame = if alone { u16::from(octets) } else { u16::from(data_length) + u16::from(octets) };
    let sizes = Sizes { data_length, att_mtu: (frame - 4).max(23), value: frame - HEADERS };
    let sender = sizes.sender(Method::Unconfirmed);
    let mut bench = full_link(sizes.on(config), &[Role::Central], sender, Seed(1))?;
    for _ in 0..PACKETS {
        match bench.next_packet() {
            Some(packet) if packet.octets == octets => return Ok(packet.end.since(packet.start)),
            Some(_) => {}
            None => break,
        }
    }
    Err(Difference::new("link", format!("a packet of {octets} octets"), "none"))
}
