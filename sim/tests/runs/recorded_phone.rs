//! The recorded phone: the simulated client sends the recorded requests, octet for octet, and the
//! simulated server gives the recorded answers.

use crate::kept;
use client_model::ClientEvent;
use link_model::LinkEvent;
use serde_json::Value;
use server_model::ServerEvent;
use sim::frame::parse_hex;
use sim::trace::Event;

const LOG: &str = include_str!("../../../testdata/seed-android-log.jsonl");

/// Length and CRC-32 of the frames of one direction.
fn recorded(direction: &str) -> Vec<(u16, u32)> {
    LOG.lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|line| line["dir"] == direction)
        .map(|line| {
            let frame = parse_hex(line["hex"].as_str().expect("hex")).expect("octets");
            (frame.len() as u16, crc32fast::hash(&frame))
        })
        .collect()
}

#[test]
fn requests_and_answers_are_those_of_the_log() {
    let (report, records) = kept("seed-android", &[], 1);
    let sent: Vec<(u16, u32)> = records
        .iter()
        .filter_map(|record| match record.event {
            Event::Client(ClientEvent::Send { len, crc32, .. }) => Some((len, crc32)),
            _ => None,
        })
        .collect();
    let answered: Vec<(u16, u32)> = records
        .iter()
        .filter_map(|record| match record.event {
            Event::Server(ServerEvent::Reply { len, crc32, .. }) => Some((len, crc32)),
            _ => None,
        })
        .collect();
    assert_eq!(sent, recorded("tx"));
    assert_eq!(answered, recorded("rx"));
    assert_eq!(report.document.error.as_deref(), Some("confirm_no_effect"));
    assert_eq!(report.document.flash.writes, 0, "the confirm changes nothing");
}

/// In the log 11.25 ms came 0.35 s after the first write; an update from 40 ms takes a request, an
/// answer and six events.
#[test]
fn the_fast_connection_comes_as_soon_after_the_first_write_as_in_the_log() {
    let (_, records) = kept("seed-android", &["client.mode=test-and-confirm"], 1);
    let at = |wanted: fn(&Event) -> bool| {
        records.iter().find(|record| wanted(&record.event)).expect("it happens").at
    };
    let written = at(|event| matches!(event, Event::Client(ClientEvent::Send { .. })));
    let updated = at(|event| {
        matches!(event, Event::Link(LinkEvent::ParamsUpdated { interval_us: 11_250, .. }))
    });
    let took = updated.since(written).as_secs_f64();
    assert!((0.25..0.45).contains(&took), "{took}");
}
