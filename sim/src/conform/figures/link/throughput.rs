//! `throughput_kbps` and `pairs_per_event`: a full link at a given interval and event length.

use super::super::row::{Figures, Inputs, wrong};
use super::bench::Method;
use super::config::{
    self, Sizes, central_controller, encrypted, event_end, interval_or, loss, max_pairs, phys,
    senders,
};
use super::measure::{Carried, carried, full_link};
use crate::conform::difference::Difference;
use link_model::{ChannelConfig, EndConfig, LinkConfig, Role};
use serde_json::{Map, Value};
use sim_core::{Seed, Span};

/// The pattern of fragments over events repeats at least this often in a count.
const REPEATS: u64 = 20;

/// Rate of one end, or of each, over a clean link that never runs dry.
pub(super) fn throughput(
    inputs: &Inputs<'_>,
    _: &Map<String, Value>,
) -> Result<Figures, Difference> {
    let interval = interval_or(inputs)?;
    let interval = interval.ok_or_else(|| wrong("conn_interval_ms", "a value", "none"))?;
    let method = method(inputs)?;
    // Of raw data every octet counts, of GATT procedures those of values.
    let (raw, method) = (method.is_none(), method.unwrap_or(Method::Unconfirmed));
    let sizes = if raw { Sizes::of_raw(inputs)? } else { Sizes::of(inputs)? };
    let config = sizes.on(common(inputs, interval)?);
    let mut runs = Vec::new();
    for phy in phys(inputs)? {
        for full in senders(inputs)? {
            let config = LinkConfig { phy, ..config.clone() };
            let run = one_run(config, &full, sizes, method)?;
            let of =
                |role: Role| run.kbps(if raw { run.octets } else { run.values }[role as usize]);
            runs.extend(full.iter().map(|&role| (format!("{phy:?}, {role:?}"), of(role), run)));
        }
    }
    let duplex = inputs.text("traffic")? == "duplex";
    let (_, kbps, run) = agreed(&runs)?;
    Ok(Figures::new()
        .number("kbps", kbps)
        .number("kBps", kbps / 8.0)
        .number("kbps_sum", if duplex { kbps * 2.0 } else { kbps })
        .number("packets_per_event", run.pairs_per_event())
        .number("pairs", run.pairs_per_event())
        .words("per", if duplex { &["each direction"] } else { &["one direction"] }))
}

/// Pairs of packets in an event of a given length, the link never running dry.
pub(super) fn pairs_per_event(
    inputs: &Inputs<'_>,
    _: &Map<String, Value>,
) -> Result<Figures, Difference> {
    let sizes = Sizes::of(inputs)?;
    let event = inputs.span_or("event_length_ms")?;
    // Without an interval nothing but the event length bounds an event.
    let interval = interval_or(inputs)?;
    if interval.or(event).is_none() {
        return Err(wrong("event_length_ms", "a value", "none"));
    }
    let interval = interval.unwrap_or(config::LONGEST.interval);
    let config = sizes.on(common(inputs, interval)?);
    let mut runs = Vec::new();
    for phy in phys(inputs)? {
        for full in senders(inputs)? {
            let config = LinkConfig { phy, ..config.clone() };
            let run = one_run(config, &full, sizes, Method::Unconfirmed)?;
            let pairs = run.pairs_per_event();
            runs.push((format!("{phy:?}, {full:?}"), pairs, run));
        }
    }
    let (_, pairs, _) = agreed(&runs)?;
    Ok(Figures::new().number("pairs", pairs).number("packets_per_event", pairs))
}

/// What both kinds say of a link.
fn common(inputs: &Inputs<'_>, interval: Span) -> Result<LinkConfig, Difference> {
    central_controller(inputs)?;
    let extension = inputs.truth_or("event_extension")?.unwrap_or(false);
    let end = EndConfig {
        // A row without an event length is of events as long as the interval.
        event_length: inputs.span_or("event_length_ms")?.unwrap_or(Span::ZERO).min(interval),
        event_extension: extension,
        ..EndConfig::default()
    };
    Ok(LinkConfig {
        params: config::params(interval),
        encrypted: encrypted(inputs)?,
        event_end: event_end(inputs)?,
        max_pairs: max_pairs(inputs)?,
        channel: ChannelConfig { loss: loss(inputs)?, ..ChannelConfig::default() },
        central: end,
        peripheral: end,
        ..config::plain()
    })
}

/// How the values go out; `None` for raw data, whose method is described in words. There the
/// packets of an event are stated, since the host sets their number.
fn method(inputs: &Inputs<'_>) -> Result<Option<Method>, Difference> {
    Ok(match inputs.text("method")? {
        "write_command_or_notification" | "write_command" | "notification" => {
            Some(Method::Unconfirmed)
        }
        "write_request" | "indication" | "write_request_or_indication" => Some(Method::Confirmed),
        text if text.starts_with("raw ACL") && inputs.has("packets_per_event") => None,
        other => {
            return Err(wrong(
                "method",
                "a GATT procedure, or raw ACL with packets_per_event",
                other,
            ));
        }
    })
}

fn one_run(
    config: LinkConfig,
    full: &[Role],
    sizes: Sizes,
    method: Method,
) -> Result<Carried, Difference> {
    let mut bench = full_link(config, full, sizes.sender(method), Seed(1))?;
    // A confirmed write takes two events; fragments come round after as many events as there are.
    carried(&mut bench, 2 * sizes.fragments() * REPEATS)?.of_sizes(sizes)
}

/// The figure of all runs, which must be one.
fn agreed(runs: &[(String, f64, Carried)]) -> Result<(String, f64, Carried), Difference> {
    let first = runs.first().cloned();
    let first = first.ok_or_else(|| Difference::new("inputs", "something to run", "nothing"))?;
    for (name, figure, _) in runs {
        if (figure - first.1).abs() > 1e-9 * first.1 {
            let got = format!("{} with {}, {figure} with {name}", first.1, first.0);
            return Err(Difference::new("inputs", "one figure for all that they cover", got));
        }
    }
    Ok(first)
}
