//! Gateways: a host that is slow, fast, away, or careless.

use crate::{kept, prepared, report};
use client_model::ClientEvent;
use sim::report::GatewayDoc;
use sim::report::budget::Cause;
use sim::trace::{Event, Record};
use sim_core::{Span, Time};

const SMALL: [&str; 2] = ["image.size=60000", "slot0.size=60000"];

fn with(settings: &[&'static str]) -> Vec<&'static str> {
    [&SMALL[..], settings].concat()
}

fn gateway(settings: &[&'static str]) -> (sim::report::Report, GatewayDoc) {
    let report = report("reference", &with(settings));
    assert_eq!(report.document.outcome, "confirmed");
    let gateway = report.document.gateway.clone().expect("there is a host");
    (report, gateway)
}

fn client_events(records: &[Record]) -> impl Iterator<Item = (Time, ClientEvent)> {
    records.iter().filter_map(|record| match record.event {
        Event::Client(event) => Some((record.at, event)),
        _ => None,
    })
}

#[test]
fn without_a_host_nothing_is_told_of_one() {
    let (report, records) = kept("reference", &SMALL, 1);
    assert!(report.document.gateway.is_none());
    assert!(client_events(&records).all(|(_, event)| !matches!(
        event,
        ClientEvent::HostAsk { .. } | ClientEvent::Starved { .. }
    )));
}

#[test]
fn a_slow_host_bounds_the_goodput_and_never_lets_it_be_higher() {
    for rate in ["host.rate_Bps=1000", "host.rate_Bps=4000", "host.rate_Bps=9000"] {
        let (report, gateway) = gateway(&[rate, "host.start_octets=0"]);
        let bound: u64 = rate.split('=').next_back().expect("a value").parse().expect("a number");
        // Until the link is there, octets come that the upload then finds in the ring.
        let upload = report.counts.upload.expect("there was one");
        let ns = upload.end.since(Time::ZERO).as_ns();
        assert!(60_000 * 1_000_000_000 < bound * ns, "{ns} ns at {bound}");
        let goodput = report.document.goodput_bps;
        assert!((bound * 9 / 10..bound * 21 / 20).contains(&goodput), "{goodput} of {bound}");
        assert!(gateway.underruns > 10);
        // The image is whole in the device after it is whole in the gateway.
        let done = gateway.host_done_s.expect("it came");
        assert_eq!(done.as_ns() / 1_000_000, 100 + 60_000_000 / bound);
        assert!(upload.end > done);
    }
}

#[test]
fn what_starves_is_a_part_of_the_clients_time() {
    let (report, gateway) = gateway(&["host.rate_Bps=2000", "host.start_octets=10000"]);
    let client = report.document.upload_budget_s.of(Cause::Client);
    assert!(gateway.starved_s <= client);
    assert!(gateway.starved_s * 10 > client * 9, "{:?} of {client:?}", gateway.starved_s);
    assert_eq!(report.document.budget_s.total(), report.document.duration_s);
    // 10,000 octets at 2000 a second after 100 ms.
    assert_eq!(gateway.buffer_s, Span::from_ms(5_100));
    assert!(report.document.budget_s.of(Cause::Client) >= gateway.buffer_s + gateway.starved_s);
}

#[test]
fn a_host_faster_than_the_link_changes_nothing_but_the_start() {
    let fast = ["host.rate_Bps=10000000", "host.start_octets=0", "host.latency_ms=0"];
    let (report, gateway) = gateway(&fast);
    let alone = kept("reference", &SMALL, 1).0.document;
    assert_eq!((gateway.underruns, gateway.starved_s), (0, Span::ZERO));
    assert_eq!(report.document.upload_s, alone.upload_s);
    assert_eq!(report.document.duration_s, alone.duration_s);
    assert_eq!(report.document.upload_budget_s, alone.upload_budget_s);
}

#[test]
fn with_flow_control_the_ring_is_never_exceeded_and_without_it_overflows_are_counted() {
    let small_ring = ["host.rate_Bps=40000", "host.ring=8000", "host.start_octets=4000"];
    let (_, waits) = gateway(&small_ring);
    assert!((7_000..=8_000).contains(&waits.ring_max), "{}", waits.ring_max);
    assert_eq!((waits.overflows, waits.dropped_octets), (0, 0));
    let (report, careless) = gateway(&[&small_ring[..], &["host.flow_control=false"]].concat());
    assert!(careless.ring_max <= 8_000);
    assert!(careless.overflows > 3 && careless.dropped_octets > 8_000, "{careless:?}");
    // Without a dropped octet the image would be there after 1.6 s.
    assert!(careless.host_done_s > Some(Time::ZERO + Span::from_ms(1_600)));
    assert!(report.document.smp.retries == 0, "the device sees nothing of it");
}

#[test]
fn outages_are_seen_as_starvation() {
    let away = ["host.rate_Bps=5000", "host.outage_every_s=8", "host.outage_s=4"];
    let (_, gateway_) = gateway(&[&away[..], &["host.start_octets=2000"]].concat());
    let (_, steady) = gateway(&["host.rate_Bps=5000", "host.start_octets=2000"]);
    let longer = gateway_.host_done_s.expect("it came").since(steady.host_done_s.expect("it came"));
    // 12 s of transfer meet two or three outages.
    let outages = longer.as_ns() / 1_000_000_000 / 4;
    assert!((2..=3).contains(&outages), "{longer:?}");
    assert!(gateway_.starved_s > steady.starved_s + Span::from_s(4));
}

#[test]
fn the_seed_draws_the_phase_of_outages_and_the_same_seed_the_same() {
    let away = with(&["host.rate_Bps=5000", "host.outage_every_s=8", "host.outage_s=4"]);
    let done =
        |seed| kept("reference", &away, seed).0.document.gateway.expect("a host").host_done_s;
    assert_eq!(done(1), done(1));
    assert!((2..8).any(|seed| done(seed) != done(1)));
}

#[test]
fn chunks_that_the_server_dropped_are_repeated_from_the_ring() {
    let host = ["host.rate_Bps=12000", "host.ring=4000", "host.start_octets=4000"];
    // A slow server with fewer buffers than requests.
    let server = ["server.buf_count=2", "server.cpu_us=30000", "flash.deaf_on_write=false"];
    let hard = with(&[&host[..], &server, &["link.loss_ppm=50000"]].concat());
    for seed in 1..=5 {
        let (report, records) = kept("reference", &hard, seed);
        assert_eq!(report.document.outcome, "confirmed", "seed {seed}");
        assert!(report.document.smp.retries > 0);
        let mut held_max = 0;
        for (_, event) in client_events(&records) {
            if let ClientEvent::Buffered { held, .. } = event {
                held_max = held_max.max(held);
            }
        }
        assert!(held_max <= 4_000);
    }
}

#[test]
fn a_ring_shorter_than_a_chunk_ends_with_its_error() {
    let settings = with(&["host.rate_Bps=5000", "host.ring=300", "host.start_octets=0"]);
    let document = report("reference", &settings).document;
    assert_eq!((document.outcome, document.error.as_deref()), ("failed", Some("ring_too_small")));
}

#[test]
fn the_cellular_gateway_starves_and_its_device_is_updated() {
    let scenario = prepared("seed-gateway-cellular", &[]);
    assert_eq!(scenario.scenario().host.as_ref().map(|host| host.rate), Some(2_000));
    let (report, records) = kept("seed-gateway-cellular", &[], 1);
    let gateway = report.document.gateway.expect("there is a host");
    assert!(gateway.starved_s > Span::from_s(5), "{gateway:?}");
    assert!(gateway.ring_max <= 131_072);
    // As in the log: the connection begins when 131,000 octets are there.
    let begun = client_events(&records)
        .take_while(|(_, event)| {
            !matches!(event, ClientEvent::Phase { phase: client_model::Phase::Connect })
        })
        .filter_map(|(_, event)| match event {
            ClientEvent::Buffered { end, .. } => Some(end),
            _ => None,
        })
        .last();
    assert_eq!(begun, Some(131_000));
}
