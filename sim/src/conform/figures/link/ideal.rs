//! `ideal_rate` and `infeasible`: links that lose no time at the end of an event.

use super::super::real::ms;
use super::super::row::{Figures, Inputs, wrong};
use super::bench::{Bench, Method};
use super::config::{self, Sizes, encrypted, interval_or, max_pairs, phy};
use super::measure::{Carried, carried, full_link};
use crate::conform::difference::Difference;
use link_model::{EventEnd, LinkConfig, Role, T_IFS};
use serde_json::{Map, Value};
use sim_core::{Seed, Span, Time};

/// Values in a count.
const VALUES: u64 = 400;

/// Which octets a rate counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counted {
    LinkLayer,
    Value,
}

/// Rate of a sender that never runs dry, with or without connection events.
pub(super) fn ideal_rate(
    inputs: &Inputs<'_>,
    _: &Map<String, Value>,
) -> Result<Figures, Difference> {
    let sizes = Sizes::of(inputs)?;
    let unit = inputs.text("unit")?;
    let counted = match unit.split(',').next() {
        Some("LL payload") => Counted::LinkLayer,
        Some("GATT payload") => Counted::Value,
        _ => return Err(wrong("unit", "LL payload or GATT payload", unit)),
    };
    let interval = interval_or(inputs)?;
    if interval.is_some() == unit.contains("no interval") {
        return Err(wrong("unit", "no interval exactly where none is stated", unit));
    }
    let overhead = inputs.span_or("event_end_overhead_us")?.filter(|overhead| !overhead.is_zero());
    let event_end = overhead.map_or(EventEnd::Fit, |overhead| EventEnd::WorstPair { overhead });
    let (_, run) = carried_by_central(inputs, sizes, event_end, max_pairs(inputs)?)?;
    let octets = match counted {
        Counted::LinkLayer => run.octets,
        Counted::Value => run.values,
    };
    let kbps = run.kbps(octets[Role::Central as usize]);
    let figures = Figures::new().number("kbps", kbps).number("kBps", kbps / 8.0);
    Ok(match interval {
        Some(_) => figures.number("pairs", run.pairs_per_event()),
        None => figures,
    })
}

/// A link that ends its events like this, and what a central that never runs dry carries on it.
fn carried_by_central(
    inputs: &Inputs<'_>,
    sizes: Sizes,
    event_end: EventEnd,
    max_pairs: u8,
) -> Result<(LinkConfig, Carried), Difference> {
    let interval = interval_or(inputs)?;
    let config = sizes.on(LinkConfig {
        phy: phy(inputs)?,
        encrypted: encrypted(inputs)?,
        event_end,
        max_pairs,
        params: config::params(interval.unwrap_or(config::LONGEST.interval)),
        ..config::plain()
    });
    let sender = sizes.sender(Method::Unconfirmed);
    let mut bench = full_link(config.clone(), &[Role::Central], sender, Seed(1))?;
    let run = match interval {
        Some(_) => carried(&mut bench, sizes.fragments() * VALUES)?,
        None => within_an_event(&mut bench)?,
    };
    Ok((config, run.of_sizes(sizes)?))
}

/// What whole values take inside one event, from the start of the first packet of one value to the
/// start of the first packet of another: as many as fit the event.
fn within_an_event(bench: &mut Bench) -> Result<Carried, Difference> {
    let (mut run, mut whole) = (Carried::default(), None);
    let mut from: Option<Time> = None;
    let (mut tag, mut begun) = (0, 0);
    while let Some(packet) = bench.next_packet() {
        if packet.first {
            if let Some(whole) = whole {
                return Ok(whole);
            }
            (from, tag, begun, run) = (None, 0, 0, Carried::default());
        }
        if packet.from == Role::Central && packet.tag != tag {
            tag = packet.tag;
            begun += 1;
            match from {
                // The first packet of an event may belong to a value that an event before began.
                None if begun == 2 => from = Some(packet.start),
                None => {}
                Some(from) => whole = Some(Carried { time: packet.start.since(from), ..run }),
            }
        }
        if from.is_some() {
            run.add(&packet);
        }
    }
    Err(Difference::new("link", "a link in full swing", "at rest"))
}

/// A published number of packets, or a rate, that air time forbids: the link is asked for it and
/// gives less.
pub(super) fn infeasible(
    inputs: &Inputs<'_>,
    _: &Map<String, Value>,
) -> Result<Figures, Difference> {
    let sizes = Sizes::of(inputs)?;
    let interval = interval_or(inputs)?;
    let claimed = inputs.whole_or("packets_per_event")?;
    let rate = match inputs.one_of(&["kBps", "claimed_kBps", "kbps", "claimed_kbps"]) {
        Some(key) if key.ends_with("kBps") => Some(inputs.number(key)? * 8.0),
        Some(key) => Some(inputs.number(key)?),
        None => None,
    };
    if claimed.is_none() && rate.is_none() {
        return Err(wrong("packets_per_event", "a claim", "none"));
    }
    let (config, run) = carried_by_central(inputs, sizes, EventEnd::Fit, 0)?;
    let pair = config.phy.air_time(sizes.data_length, config.encrypted)
        + config.phy.air_time(0, config.encrypted)
        + T_IFS * 2;
    let kbps = run.kbps(run.values[Role::Central as usize]);
    let feasible = claimed.is_none_or(|claimed| run.most_pairs >= claimed)
        && rate.is_none_or(|rate| kbps >= rate);
    let figures = Figures::new()
        .truth("feasible", feasible)
        .count("max_pairs", run.most_pairs)
        .number("max_kbps", kbps)
        .number("max_kBps", kbps / 8.0);
    let refusal = match (feasible, claimed, interval) {
        (true, ..) => return Ok(figures),
        (false, Some(claimed), Some(interval)) => too_many(claimed, pair, interval, run.most_pairs),
        (false, ..) => format!("refused: at most {kbps:.1} kbit/s of values"),
    };
    Ok(figures.note(refusal))
}

fn too_many(claimed: u64, pair: Span, interval: Span, most: u64) -> String {
    format!(
        "refused: {claimed} pairs of {} us need {} ms, the interval has {} ms; at most {most}",
        pair.as_us(),
        ms(pair * claimed),
        ms(interval),
    )
}
