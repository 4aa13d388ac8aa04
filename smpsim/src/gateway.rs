//! What the host's stream did to the upload, for people.

use crate::human::seconds;
use client_model::UplinkConfig;
use sim::report::{GatewayDoc, Report};
use sim::world::Prepared;
use sim_core::{Span, Time};
use std::fmt::Write;

/// A wait shorter than this share of the upload is not worth a measure.
const WORTH: u64 = 100;

/// Appends what there is to tell of a gateway; nothing without a host.
pub(crate) fn report(text: &mut String, prepared: &Prepared, report: &Report) {
    let document = &report.document;
    let (Some(host), Some(gateway)) = (&prepared.scenario().host, &document.gateway) else {
        return;
    };
    let image = document.image.size;
    let _ = writeln!(text, "\n  gateway  {}", stream(gateway, image));
    if gateway.host_done_s.is_none() {
        let whole = Span::from_s(u64::from(image).div_ceil(u64::from(host.rate.max(1))));
        let _ = writeln!(
            text,
            "           it needs {} for them without outages: a faster link (host.rate_Bps), or a\n\
             \u{20}            longer run (run.limit_s)",
            seconds(whole),
        );
        return;
    }
    let upload = document.upload_s;
    if !gateway.starved_s.is_zero() {
        let _ = writeln!(
            text,
            "           the host link starved the upload for {} of {}, {}",
            seconds(gateway.starved_s),
            seconds(upload),
            times(gateway.underruns),
        );
    }
    if gateway.starved_s * WORTH >= upload && !gateway.starved_s.is_zero() {
        starved(text, host, gateway, image);
    } else if gateway.underruns == 0 && document.goodput_bps < u64::from(host.rate) {
        early(text, host, gateway);
    }
    if gateway.overflows > 0 {
        let _ = writeln!(
            text,
            "           {} octets found no room in the ring of {}, {}, and came again:\n\
             \u{20}            a host that waits needs none of that (--set host.flow_control=true)",
            gateway.dropped_octets,
            host.ring,
            times(gateway.overflows),
        );
    }
}

/// How the image came.
fn stream(gateway: &GatewayDoc, image: u32) -> String {
    let mut text = match gateway.host_done_s {
        Some(done) => {
            format!("the host brought {image} octets in {}", seconds(done.since(Time::ZERO)))
        }
        None => format!("the host did not bring all of {image} octets"),
    };
    if !gateway.buffer_s.is_zero() {
        let _ = write!(text, ", {} of it before connecting", seconds(gateway.buffer_s));
    }
    let _ = write!(text, "; the ring held at most {}", gateway.ring_max);
    text
}

/// What helps a starving upload. Nothing but the host's own link shortens the whole; a later start
/// keeps the device's link from idling.
fn starved(text: &mut String, host: &UplinkConfig, gateway: &GatewayDoc, image: u32) {
    let rate = u64::from(host.rate);
    let missing =
        (u128::from(gateway.starved_s.as_ns()) * u128::from(rate)).div_ceil(1_000_000_000);
    let start = u128::from(host.start.min(image)) + missing;
    let start = start.next_multiple_of(host.block.into()).min(image.into());
    let ring = if start > host.ring.into() {
        format!(" --set host.ring={}", start.next_power_of_two())
    } else {
        String::new()
    };
    let _ = writeln!(
        text,
        "             a faster link to the host saves that time; connecting once about {start} octets\n\
         \u{20}            are there keeps the device's link from idling, and ends no earlier\n\
         \u{20}            (--set host.start_octets={start}{ring})",
    );
}

/// A host that outruns the upload need not be waited for.
fn early(text: &mut String, host: &UplinkConfig, gateway: &GatewayDoc) {
    if gateway.buffer_s > Span::from_s(1) {
        let _ = writeln!(
            text,
            "           the host is faster than the upload: connecting at once saves up to {}\n\
             \u{20}            (--set host.start_octets={})",
            seconds(gateway.buffer_s),
            host.block,
        );
    }
}

fn times(n: u32) -> String {
    match n {
        1 => "once".to_owned(),
        n => format!("{n} times"),
    }
}
