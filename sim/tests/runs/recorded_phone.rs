//! The recorded phone: the simulated client sends the recorded requests, octet for octet, and the
//! simulated server gives the recorded answers.

use crate::kept;
use client_model::ClientEvent;
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

#[test]
fn the_server_asks_for_a_fast_connection_as_the_log_shows() {
    let (report, _) = kept("seed-android", &[], 1);
    assert_eq!(report.document.link.interval_us, 11_250);
}
