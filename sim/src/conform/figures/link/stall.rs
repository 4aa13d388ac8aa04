//! `missed_anchors` and `stall_survives`: a peripheral whose processor stands still for a while,
//! beginning at any place between two anchors.

use super::super::row::{Figures, Inputs, wrong};
use super::bench::Bench;
use super::config::{self, interval_or};
use crate::conform::difference::Difference;
use link_model::{ConnParams, LinkConfig, LinkIn, Reception, Role, core_check};
use serde_json::{Map, Value};
use sim_core::{Seed, Span, Time};

/// Places between two anchors at which a stall begins.
const PHASES: u64 = 200;

/// Fewest and most anchors that fall into a stall.
pub(in super::super) fn missed_anchors(
    inputs: &Inputs<'_>,
    _: &Map<String, Value>,
) -> Result<Figures, Difference> {
    let (mut min, mut max) = (u64::MAX, 0);
    let stalls = Stalls::of(inputs, config::LONGEST.timeout)?;
    for (mut bench, until) in stalls.each()? {
        let missed = missed(&mut bench, until)?;
        (min, max) = (min.min(missed), max.max(missed));
    }
    Ok(Figures::new().count("min", min).count("max", max))
}

/// Anchors from now to `until` at which the central sent and the peripheral did not hear it.
fn missed(bench: &mut Bench, until: Time) -> Result<u64, Difference> {
    let mut missed = 0;
    let from = bench.now;
    while let Some(packet) = bench.next_packet() {
        let inside = packet.start >= from && packet.start < until;
        missed += u64::from(inside && packet.first && packet.reception == Reception::Missed);
        if packet.start >= until {
            return Ok(missed);
        }
    }
    Err(Difference::new("link", "a connection that outlives the stall", "one that is lost"))
}

/// Whether the connection outlives a stall, wherever it begins.
pub(in super::super) fn stall_survives(
    inputs: &Inputs<'_>,
    _: &Map<String, Value>,
) -> Result<Figures, Difference> {
    let stalls = Stalls::of(inputs, inputs.span("timeout_ms")?)?;
    let mut all = true;
    for (mut bench, until) in stalls.each()? {
        all &= heard_again(&mut bench, until);
    }
    Ok(Figures::new().truth("survives", all))
}

/// Whether both ends hear each other again after `until`.
fn heard_again(bench: &mut Bench, until: Time) -> bool {
    while let Some(packet) = bench.next_packet() {
        let answered = packet.from == Role::Peripheral && packet.reception == Reception::Valid;
        if answered && packet.start >= until {
            return bench.lost.is_none();
        }
    }
    false
}

/// Stalls of one length that begin at every place between two anchors.
struct Stalls {
    config: LinkConfig,
    stall: Span,
}

impl Stalls {
    fn of(inputs: &Inputs<'_>, timeout: Span) -> Result<Self, Difference> {
        let interval = interval_or(inputs)?;
        let interval = interval.ok_or_else(|| wrong("conn_interval_ms", "a value", "none"))?;
        let latency = inputs.small_or("latency")?.unwrap_or(0);
        let operations = match inputs.one_of(&["erases", "page_erases", "count"]) {
            Some(key) => inputs.small::<u16>(key)?,
            None => 1,
        };
        let params = ConnParams { interval, latency, timeout };
        core_check(interval, latency, timeout).map_err(|refusal| {
            Difference::new("inputs", "lawful connection parameters", format!("{refusal:?}"))
        })?;
        Ok(Self {
            config: LinkConfig { params, ..config::plain() },
            stall: inputs.span("stall_ms")? * operations.into(),
        })
    }

    /// Links in the middle of a stall, and when it ends.
    fn each(&self) -> Result<impl Iterator<Item = (Bench, Time)>, Difference> {
        let mut bench = Bench::connected(self.config.clone(), Seed(1))?;
        // The next anchor is told by the packet that begins at it.
        bench.run_to_event(bench.next_event().wrapping_add(10))?;
        let mut ahead = bench.clone();
        let first = ahead.next_packet();
        let first = first.ok_or_else(|| Difference::new("link", "another event", "none"))?;
        let interval = self.config.params.interval;
        let stall = self.stall;
        Ok((0..PHASES).map(move |n| {
            let begins = first.start + Span::from_ns(interval.as_ns() * n / PHASES);
            let mut bench = bench.clone();
            bench.pass_to(begins);
            let until = bench.now + stall;
            bench.input(LinkIn::Deaf { until });
            (bench, until)
        }))
    }
}
