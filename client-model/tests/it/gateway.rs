//! A client that gets the image from a host while it uploads.

use crate::server::{Reaction, Script};
use crate::world::{World, config, image};
use client_model::{
    ClientConfig, ClientError, ClientEvent, Outages, Outcome, Phase, StrategyKind, UplinkConfig,
};
use sim_core::{Machine, Span, Time};

const LEN: usize = 11_000;

fn uplink(rate: u32) -> UplinkConfig {
    UplinkConfig {
        rate,
        latency: Span::from_ms(100),
        outages: None,
        block: 1_000,
        ring: 4_096,
        start: 2_000,
        flow_control: true,
    }
}

fn gateway(window: u8, uplink: Option<UplinkConfig>) -> World {
    let config = ClientConfig { window, uplink, ..config(StrategyKind::Android, LEN) };
    let mut world = World::new(config);
    world.boot_takes = Span::ZERO;
    world
}

fn upload_s(world: &World) -> Span {
    world.phase_at(Phase::Test, 0).since(world.phase_at(Phase::Upload, 0))
}

/// Every chunk, when it was sent, held against the octets that had come by then.
#[track_caller]
fn assert_only_what_had_come_was_sent(world: &World) {
    let mut come = 0;
    for (at, event) in &world.log {
        match *event {
            ClientEvent::HostAsk { off } => come = off,
            ClientEvent::Buffered { end, .. } => come = end,
            ClientEvent::UploadChunk { off, len, .. } => {
                assert!(off + len <= come, "at {at}: {off} + {len}, {come} had come");
            }
            _ => {}
        }
    }
}

fn starvations(world: &World) -> usize {
    world.events(|event| matches!(event, ClientEvent::Starved { .. }))
}

#[test]
fn it_connects_when_enough_has_come_and_sends_nothing_that_has_not() {
    for window in [1, 3] {
        let mut world = gateway(window, Some(uplink(1_000)));
        world.ends(Outcome::Confirmed);
        assert_eq!(world.server.stored, image(LEN).bytes[..]);
        assert_eq!(world.phases()[..2], [Phase::Buffer, Phase::Connect]);
        // Two blocks of a second each after 100 ms.
        assert_eq!(world.phase_at(Phase::Connect, 0), Time::ZERO + Span::from_ms(2_100));
        assert_only_what_had_come_was_sent(&world);
        // The line needs 11.1 s for the image, and the last octets are sent once they are there.
        let end = world.phase_at(Phase::Test, 0);
        assert!(end > Time::ZERO + Span::from_ms(11_100) && end < Time::ZERO + Span::from_s(12));
        assert!(starvations(&world) > 3);
        let fed = world.events(|event| matches!(event, ClientEvent::Fed { .. }));
        assert_eq!(fed, starvations(&world));
    }
}

#[test]
fn a_host_faster_than_the_link_changes_nothing_but_the_start() {
    for window in [1, 3] {
        let mut alone = gateway(window, None);
        alone.ends(Outcome::Confirmed);
        let fast = UplinkConfig { ring: 8_192, ..uplink(1_000_000) };
        let mut fed = gateway(window, Some(fast));
        fed.ends(Outcome::Confirmed);
        assert_eq!(starvations(&fed), 0);
        assert_eq!(fed.writes, alone.writes);
        let shift = fed.phase_at(Phase::Connect, 0).since(alone.phase_at(Phase::Connect, 0));
        let phases = |world: &World, shift| {
            let times = world.log.iter().filter(|(_, event)| {
                matches!(event, ClientEvent::Send { .. } | ClientEvent::Answer { .. })
            });
            times.map(|(at, event)| (*at + shift, *event)).collect::<Vec<_>>()
        };
        assert_eq!(phases(&fed, Span::ZERO), phases(&alone, shift));
    }
}

#[test]
fn the_host_waits_while_the_ring_is_full() {
    let mut world = gateway(1, Some(uplink(100_000)));
    world.latency = Span::from_ms(200);
    world.ends(Outcome::Confirmed);
    let held = world.log.iter().filter_map(|(_, event)| match event {
        ClientEvent::Buffered { held, .. } => Some(*held),
        _ => None,
    });
    assert!((4_000..=4_096).contains(&held.max().expect("blocks came")));
    assert_eq!(world.events(|event| matches!(event, ClientEvent::Overflow { .. })), 0);
    assert_eq!(world.events(|event| matches!(event, ClientEvent::HostAsk { .. })), 1);
}

#[test]
fn a_host_that_does_not_wait_overflows_the_ring_and_is_asked_again() {
    let careless = UplinkConfig { flow_control: false, ..uplink(100_000) };
    let mut world = gateway(1, Some(careless));
    world.latency = Span::from_ms(200);
    world.ends(Outcome::Confirmed);
    assert_eq!(world.server.stored, image(LEN).bytes[..]);
    assert_only_what_had_come_was_sent(&world);
    assert!(world.events(|event| matches!(event, ClientEvent::Overflow { .. })) > 0);
    assert!(world.events(|event| matches!(event, ClientEvent::HostAsk { .. })) > 1);
}

#[test]
fn an_outage_of_the_host_starves_the_upload_as_long() {
    let [every, length, first] = [100, 20, 5].map(Span::from_s);
    let away = UplinkConfig { outages: Some(Outages { every, length, first }), ..uplink(1_000) };
    let mut world = gateway(3, Some(away));
    world.ends(Outcome::Confirmed);
    let mut without = gateway(3, Some(uplink(1_000)));
    without.ends(Outcome::Confirmed);
    assert_eq!(upload_s(&world), upload_s(&without) + length);
}

/// Fails the n-th upload request, counted from 1.
fn at_chunk(n: usize, reaction: Reaction) -> Box<Script> {
    let mut count = 0;
    Box::new(move |seen, _| {
        count += usize::from(seen.chunk().is_some());
        if seen.chunk().is_some() && count == n { reaction.clone() } else { Reaction::Normal }
    })
}

#[test]
fn a_lost_chunk_is_sent_again_from_the_ring_while_the_next_is_waited_for() {
    let mut world = gateway(3, Some(uplink(1_000)));
    world.server.script = at_chunk(8, Reaction::LoseRequest);
    world.ends(Outcome::Confirmed);
    assert_eq!(world.server.stored, image(LEN).bytes[..]);
    assert_only_what_had_come_was_sent(&world);
    assert_eq!(world.events(|event| matches!(event, ClientEvent::HostAsk { .. })), 1);
}

#[test]
fn what_was_overwritten_is_asked_for_again() {
    // The server forgets everything and wants the beginning, which the ring no longer has.
    let mut world = gateway(1, Some(UplinkConfig { start: 0, ..uplink(50_000) }));
    let mut count = 0;
    world.server.script = Box::new(move |seen, _| {
        count += usize::from(seen.chunk().is_some());
        let lost = seen.chunk().is_some() && count == 40;
        if lost { Reaction::Body(b"\xbf\x63off\x00\xff".to_vec()) } else { Reaction::Normal }
    });
    world.ends(Outcome::Confirmed);
    assert_eq!(world.server.stored, image(LEN).bytes[..]);
    assert_only_what_had_come_was_sent(&world);
    let asked: Vec<u32> = world
        .log
        .iter()
        .filter_map(|(_, event)| match event {
            ClientEvent::HostAsk { off } => Some(*off),
            _ => None,
        })
        .collect();
    assert_eq!(asked, [0, 0]);
}

#[test]
fn an_image_that_the_server_has_in_part_is_read_past_that_part() {
    let mut world = gateway(3, Some(uplink(2_000)));
    world.server.upload = Some((LEN as u32, image(LEN).bytes[..8_000].to_vec()));
    world.ends(Outcome::Confirmed);
    assert_eq!(world.server.stored, image(LEN).bytes[..]);
    assert_only_what_had_come_was_sent(&world);
}

#[test]
fn a_ring_that_cannot_hold_a_chunk_is_named() {
    let small = UplinkConfig { ring: 150, start: 0, ..uplink(10_000) };
    let mut world = gateway(1, Some(small));
    world.fails_with(ClientError::RingTooSmall { ring: 150, chunk: 175 });
}

#[test]
fn a_lost_link_ends_a_starving_upload_as_it_ends_any() {
    let mut world = gateway(1, Some(uplink(1_000)));
    // The 12th write is an upload request, with starvation before it.
    world.cut_at_write = Some(12);
    world.fails_with(ClientError::LinkLost { phase: Phase::Upload, reason: 8 });
    assert!(starvations(&world) > 0);
    assert_eq!(world.client.deadline(), None, "nothing comes after the end");
}
