//! `core_params_ok`, `apple_params_ok` and `android_priority`: which connection parameters a
//! central takes when its peripheral asks, and which it asks for itself.

use super::super::row::{Figures, Inputs, wrong};
use super::bench::Bench;
use super::config;
use crate::conform::difference::Difference;
use link_model::{
    AndroidPriority, ConnParams, LinkConfig, LinkEvent, LinkIn, ParamsRequest, ParamsRule,
};
use serde_json::{Map, Value};
use sim_core::{Seed, Span};

/// Events in which a request is answered and its update comes into force, if it does.
const EVENTS: u16 = 40;

/// A central that keeps to the Core Specification alone.
pub(super) fn core_params(
    inputs: &Inputs<'_>,
    _: &Map<String, Value>,
) -> Result<Figures, Difference> {
    let interval = inputs.span("interval_ms")?;
    asked(inputs, ParamsRule::Any, interval, interval)
}

/// A central of Apple's; by `edition` the guidelines of another year.
pub(super) fn apple_params(
    inputs: &Inputs<'_>,
    _: &Map<String, Value>,
) -> Result<Figures, Difference> {
    let rule = match inputs.one_of(&["edition", "rules", "year"]).map(|key| inputs.text_or(key)) {
        None | Some(Ok(Some("current"))) => ParamsRule::Apple,
        Some(Ok(Some(text))) if text.contains("2013") => ParamsRule::Apple2013,
        Some(other) => return Err(wrong("edition", "2013 or current", format!("{other:?}"))),
    };
    let (min, max) = (inputs.span("interval_min_ms")?, inputs.span("interval_max_ms")?);
    asked(inputs, rule, min, max)
}

/// Lets the peripheral ask, and looks at what comes of it.
fn asked(
    inputs: &Inputs<'_>,
    rule: ParamsRule,
    min: Span,
    max: Span,
) -> Result<Figures, Difference> {
    let latency = inputs.small("latency")?;
    let timeout = inputs.span("timeout_ms")?;
    let config =
        LinkConfig { params_rule: rule, param_update_delay: Span::ZERO, ..config::plain() };
    let mut bench = Bench::connected(config, Seed(1))?;
    // What the request cannot even state is refused by the host that would send it.
    let Some(request) = ParamsRequest::from_times(min, max, latency, timeout) else {
        return Ok(Figures::new().truth("ok", false));
    };
    bench.input(LinkIn::RequestParams(request));
    let until = bench.next_event().wrapping_add(EVENTS);
    for event in bench.events_until(until)? {
        match event {
            LinkEvent::ParamsUpdated { .. } => return Ok(Figures::new().truth("ok", true)),
            LinkEvent::ParamsRefused { .. } => return Ok(Figures::new().truth("ok", false)),
            _ => {}
        }
    }
    Err(Difference::new("link", "an answer to the request for parameters", "none"))
}

/// What an Android central asks its controller for, and takes.
pub(super) fn android_priority(
    inputs: &Inputs<'_>,
    _: &Map<String, Value>,
) -> Result<Figures, Difference> {
    let priority = match inputs.text("priority")? {
        "HIGH" => AndroidPriority::High,
        "BALANCED" => AndroidPriority::Balanced,
        "LOW_POWER" => AndroidPriority::LowPower,
        other => return Err(wrong("priority", "HIGH, BALANCED or LOW_POWER", other)),
    };
    let request = priority.request();
    let params = ParamsRule::Any.choose(&request);
    in_force(params)?;
    let ms = |units: u16, step: f64| f64::from(units) * step;
    Ok(Figures::new()
        .number("interval_min_units", request.interval_min)
        .number("interval_max_units", request.interval_max)
        .number("interval_min_ms", ms(request.interval_min, 1.25))
        .number("interval_max_ms", ms(request.interval_max, 1.25))
        .number("latency", request.latency)
        .number("timeout_ms", ms(request.timeout, 10.0)))
}

/// Lets a central update its connection to these parameters.
fn in_force(params: ConnParams) -> Result<(), Difference> {
    let mut bench = Bench::connected(config::plain(), Seed(1))?;
    bench.input(LinkIn::UpdateParams(params));
    let until = bench.next_event().wrapping_add(EVENTS);
    let wanted = params.interval.as_us();
    let updated = bench.events_until(until)?.into_iter().any(|event| match event {
        LinkEvent::ParamsUpdated { interval_us, .. } => u64::from(interval_us) == wanted,
        _ => false,
    });
    if updated {
        Ok(())
    } else {
        Err(Difference::new("link", "these parameters in force", "others"))
    }
}
