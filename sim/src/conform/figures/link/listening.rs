//! `listen_window_us`: how long the peripheral listens for an anchor.

use super::super::row::{Figures, Inputs, wrong};
use super::bench::Bench;
use super::config::{self, LONGEST, SHORTEST_INTERVAL, interval_or};
use crate::conform::difference::Difference;
use link_model::{ConnParams, EndConfig, LinkConfig};
use serde_json::{Map, Value};
use sim_core::{Seed, Span};

/// Most anchors that a peripheral may skip (Vol 6 Part B 4.5.1).
const LATENCY_MAX: u16 = 499;

/// Event whose window is measured: all procedures are over by then, and the peripheral skips what
/// it may.
const EVENT: u16 = 2_000;

/// The window at an anchor that lies so long behind the last one that the peripheral heard.
pub(super) fn listen_window(
    inputs: &Inputs<'_>,
    _: &Map<String, Value>,
) -> Result<Figures, Difference> {
    let since = inputs.span("since_anchor_ms")?;
    let params = params(interval_or(inputs)?, since)?;
    let end = |ppm| EndConfig { sca_ppm: ppm, ..EndConfig::default() };
    let config = LinkConfig {
        params,
        central: end(inputs.small("central_ppm")?),
        peripheral: end(inputs.small("peripheral_ppm")?),
        ..config::plain()
    };
    let mut bench = Bench::connected(config, Seed(1))?;
    // The widest window between two events is that at the end of the longest sleep.
    let from = bench.next_event();
    let mut widest = Span::ZERO;
    for n in 0..=params.latency {
        bench.run_to_event(from.wrapping_add(EVENT).wrapping_add(n))?;
        widest = widest.max(bench.link.listen_window());
    }
    Ok(Figures::new().us("us", widest))
}

/// Parameters under which the peripheral may hear nothing for so long: an interval as long where
/// there is one, otherwise the longest of which latency makes it up.
fn params(interval: Option<Span>, since: Span) -> Result<ConnParams, Difference> {
    let fits = |latency: &u16| {
        let anchors = u64::from(*latency) + 1;
        let each = Span::from_ns(since.as_ns() / anchors);
        each * anchors == since
            && each.as_ns().is_multiple_of(1_250_000)
            && each >= SHORTEST_INTERVAL
            && each <= LONGEST.interval
            && interval.is_none_or(|interval| interval == each)
    };
    let latency = (0..=LATENCY_MAX).find(fits).ok_or_else(|| {
        let got = format!("{} us", since.as_us());
        wrong("since_anchor_ms", "intervals of 1.25 ms steps, up to 500", got)
    })?;
    let interval = Span::from_ns(since.as_ns() / (u64::from(latency) + 1));
    Ok(ConnParams { interval, latency, ..LONGEST })
}
