//! Several devices on one central.

use crate::{kept, prepared};
use client_model::ClientEvent;
use link_model::{LinkEvent, Role};
use proptest::prelude::*;
use sim::fleet::{FleetReport, run, seed_of};
use sim::trace::{Event, Record, Sink};
use sim_core::{Span, Time};
use std::cell::RefCell;
use std::rc::Rc;

/// Air time of `CONNECT_IND`: preamble, access address, header, 34 octets, CRC on LE 1M.
const CONNECT_IND: Span = Span::from_us(8 * (1 + 4 + 2 + 34 + 3));

#[derive(Clone, Default)]
struct Shared(Rc<RefCell<Vec<(u8, Record)>>>);

struct Part(Shared, u8, Span);

impl Sink for Part {
    fn record(&mut self, record: &Record) {
        let at = record.at + self.2;
        self.0.0.borrow_mut().push((self.1, Record { at, ..*record }));
    }
}

const SMALL: [&str; 2] = ["image.size=40000", "slot0.size=40000"];

fn fleet(settings: &[&str], seed: u64) -> (FleetReport, Vec<(u8, Record)>) {
    let prepared = prepared("reference", &[&SMALL[..], settings].concat());
    let shared = Shared::default();
    let report = run(&prepared, seed, |device, start| Part(shared.clone(), device, start));
    (report, shared.0.take())
}

const ONE_BY_ONE: [&str; 2] = ["fleet.devices=3", "fleet.order=one-by-one"];
const AT_ONCE: [&str; 2] = ["fleet.devices=3", "fleet.order=at-once"];

/// What the central's radio is used for, device by device: every packet that it sends or hears.
fn use_of_radio(records: &[(u8, Record)]) -> Vec<(Time, Time, u8, &'static str)> {
    let mut uses: Vec<_> = records
        .iter()
        .filter_map(|(device, record)| {
            let (air, what) = match record.event {
                Event::Link(LinkEvent::Packet { air_us, from: Role::Central, .. }) => {
                    (Span::from_us(air_us.into()), "sent")
                }
                Event::Link(LinkEvent::Packet { air_us, .. }) => {
                    (Span::from_us(air_us.into()), "heard")
                }
                Event::Link(LinkEvent::ConnectInd { .. }) => (CONNECT_IND, "connects"),
                _ => return None,
            };
            Some((record.at.before(air), record.at, *device, what))
        })
        .collect();
    uses.sort_unstable();
    uses
}

#[track_caller]
fn assert_one_packet_at_a_time(records: &[(u8, Record)]) {
    for pair in use_of_radio(records).windows(2) {
        let [first, second] = pair else { unreachable!("windows of two") };
        assert!(first.1 <= second.0, "{first:?} and {second:?} overlap");
    }
}

#[test]
fn one_by_one_each_device_has_the_run_that_it_would_have_alone() {
    let (report, records) = fleet(&ONE_BY_ONE, 7);
    let mut start = Span::ZERO;
    for (device, member) in (0u8..).zip(&report.members) {
        let alone = kept("reference", &SMALL, seed_of(7, device)).0;
        assert_eq!(member.report.document.trace_digest, alone.document.trace_digest);
        assert_eq!(member.report.document.seed, seed_of(7, device));
        assert_eq!(member.start, start);
        start += member.report.document.duration_s;
    }
    assert_eq!(report.document.duration_s, start);
    assert!(records.windows(2).all(|w| w[0].1.at <= w[1].1.at));
    assert_one_packet_at_a_time(&records);
}

#[test]
fn each_device_has_its_own_air() {
    let (report, _) = fleet(&[&ONE_BY_ONE[..], &["link.loss_ppm=50000"]].concat(), 1);
    let digests: std::collections::BTreeSet<_> =
        report.members.iter().map(|m| m.report.digest).collect();
    assert_eq!(digests.len(), 3);
}

#[test]
fn at_once_takes_less_time_than_one_by_one_and_each_device_longer_than_alone() {
    let (one_by_one, _) = fleet(&ONE_BY_ONE, 1);
    let (at_once, records) = fleet(&AT_ONCE, 1);
    assert_eq!((one_by_one.document.as_expected, at_once.document.as_expected), (3, 3));
    assert!(at_once.document.duration_s < one_by_one.document.duration_s);
    assert!(at_once.document.throughput_bps > one_by_one.document.throughput_bps);
    for (shared, alone) in at_once.members.iter().zip(&one_by_one.members) {
        let (shared, alone) = (&shared.report.document, &alone.report.document);
        assert!(shared.upload_s > alone.upload_s, "{:?} {:?}", shared.upload_s, alone.upload_s);
        assert_eq!(shared.budget_s.total(), shared.duration_s);
    }
    assert_one_packet_at_a_time(&records);
}

#[test]
fn a_fleet_is_the_same_each_time_and_another_under_another_seed() {
    for order in [ONE_BY_ONE, AT_ONCE] {
        let digest = |seed| fleet(&order, seed).0.document.trace_digest;
        assert_eq!(digest(1), digest(1));
        assert_ne!(digest(1), digest(2));
    }
}

#[test]
fn the_central_begins_one_connection_at_a_time() {
    let (_, records) = fleet(&["fleet.devices=8", "fleet.order=at-once"], 3);
    // From the first phase on, the devices are heard one after the other.
    let connected: Vec<u8> = records
        .iter()
        .filter(|(_, record)| matches!(record.event, Event::Link(LinkEvent::ConnectInd { .. })))
        .map(|(device, _)| *device)
        .take(8)
        .collect();
    assert_eq!(connected, (0..8).collect::<Vec<_>>());
}

#[test]
fn a_crowded_radio_starves_nobody() {
    // Twenty anchors in 11.25 ms: nine places for them, and a pair is longer than a place.
    let (report, records) = fleet(&["fleet.devices=20", "fleet.order=at-once"], 1);
    for member in &report.members {
        let document = &member.report.document;
        assert_eq!(document.outcome, "confirmed", "{:?}", document.error_text);
    }
    assert_one_packet_at_a_time(&records);
}

#[test]
fn the_end_of_one_update_leaves_the_others_their_radio() {
    // The devices end one after the other; the last packets are the last one's alone.
    let (report, records) = fleet(&AT_ONCE, 1);
    let ends: Vec<Time> = records
        .iter()
        .filter(|(_, record)| matches!(record.event, Event::Client(ClientEvent::Finish { .. })))
        .map(|(_, record)| record.at)
        .collect();
    assert_eq!(ends.len(), 3);
    let last = ends.iter().max().expect("three").since(Time::ZERO);
    assert_eq!(report.document.duration_s, last);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn the_radio_of_the_central_does_one_thing_at_a_time(
        devices in 2u8..7,
        window in 1u8..5,
        units in 6u32..40,
        phy in prop::sample::select(&["1M", "2M"][..]),
        sync in prop::sample::select(&["none", "mpsl"][..]),
        loss in prop_oneof![Just(0u32), 1_000u32..100_000],
        seed: u64,
    ) {
        let settings = [
            "fleet.order=at-once".to_owned(),
            format!("fleet.devices={devices}"),
            format!("client.window={window}"),
            format!("link.interval_us={}", units * 1_250),
            format!("link.phy={phy}"),
            format!("flash.radio_sync={sync}"),
            format!("link.loss_ppm={loss}"),
            "image.size=6000".to_owned(),
            "slot0.size=6000".to_owned(),
        ];
        let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
        let (report, records) = fleet(&settings, seed);
        assert_one_packet_at_a_time(&records);
        for member in &report.members {
            let document = &member.report.document;
            prop_assert_eq!(document.budget_s.total(), document.duration_s);
        }
    }
}
