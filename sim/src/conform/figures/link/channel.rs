//! `csa1` and `csa2`: the channel of an event of a connection that gets there.

use super::super::row::{Figures, Inputs, wrong};
use super::bench::Bench;
use super::config;
use crate::conform::difference::Difference;
use link_model::{ChannelMap, Csa, Csa1, DATA_CHANNELS, LinkConfig};
use serde_json::{Map, Value};
use sim_core::{Seed, Span};

/// Algorithm #1: a connection whose hop leads through the stated channel.
pub(super) fn csa1(inputs: &Inputs<'_>, _: &Map<String, Value>) -> Result<Figures, Difference> {
    let last = inputs.small::<u8>("last_unmapped")?;
    let hop = inputs.small::<u8>("hop")?;
    if Csa1::new(hop).is_none() {
        return Err(wrong("hop", "5 to 16", hop));
    }
    // Before its first event a connection stands on channel 0, and each event goes on by the hop.
    let leads =
        |events: &u16| (events * u16::from(hop)) % u16::from(DATA_CHANNELS) == u16::from(last);
    let events = (0..u16::from(DATA_CHANNELS)).find(leads);
    let counter = events.ok_or_else(|| wrong("last_unmapped", "0 to 36", last))?;
    let config = LinkConfig {
        csa: Csa::One,
        hop: Some(hop),
        channel_map: channel_map(inputs)?,
        ..short_events()
    };
    channel_at(config, counter)
}

/// Algorithm #2: a connection with the stated access address.
pub(super) fn csa2(inputs: &Inputs<'_>, _: &Map<String, Value>) -> Result<Figures, Difference> {
    let counter = inputs.small::<u16>("event_counter")?;
    let stated = inputs.small_or::<u16>("channel_id")?;
    // A channel identifier alone stands for the access addresses that give it.
    let access_address = match (inputs.small_or::<u32>("access_address")?, stated) {
        (Some(address), _) => address,
        (None, Some(id)) => id.into(),
        (None, None) => return Err(wrong("access_address", "a value", "none")),
    };
    let id = (access_address >> 16) as u16 ^ access_address as u16;
    if stated.is_some_and(|stated| stated != id) {
        return Err(wrong(
            "channel_id",
            &format!("{id}, from the access address"),
            stated.unwrap_or(0),
        ));
    }
    let config = LinkConfig {
        csa: Csa::Two,
        access_address: Some(access_address),
        channel_map: channel_map(inputs)?,
        ..short_events()
    };
    Ok(channel_at(config, counter)?.count("channel_id", id.into()))
}

fn channel_map(inputs: &Inputs<'_>) -> Result<ChannelMap, Difference> {
    let bits = inputs.whole("channel_map")?;
    let few = || wrong("channel_map", "two or more of 37 channels", format!("{bits:#x}"));
    ChannelMap::new(bits).ok_or_else(few)
}

fn short_events() -> LinkConfig {
    LinkConfig { params: config::params(Span::from_us(7_500)), ..config::plain() }
}

/// Runs a connection to the event with this counter.
fn channel_at(config: LinkConfig, counter: u16) -> Result<Figures, Difference> {
    let mut bench = Bench::connecting(config, Seed(1))?;
    bench.run_to_event(counter)?;
    let channel = bench.link.channel();
    let channel = channel.ok_or_else(|| Difference::new("link", "a connection", "none"))?;
    let figures =
        Figures::new().number("unmapped", channel.unmapped).number("channel", channel.channel);
    Ok(match channel.prn_e {
        Some(prn_e) => figures.number("prn_e", prn_e),
        None => figures,
    })
}
