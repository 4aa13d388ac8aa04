//! Same scenario and seed, same digest.

use crate::{kept, prepared, report};
use link_model::{LinkEvent, Reception};
use sim::scenario::PRESETS;
use sim::trace::{Digest, Event, Record};
use sim::world::World;
use sim_core::{Seed, Span, Time};
use std::collections::BTreeMap;

#[test]
fn every_preset_does_the_same_twice() {
    for preset in PRESETS {
        let (first, first_records) = kept(preset.name, &[], 1);
        let (second, second_records) = kept(preset.name, &[], 1);
        assert_eq!(first_records, second_records, "{}", preset.name);
        assert_eq!(first.document.trace_digest, second.document.trace_digest);
    }
}

#[test]
fn another_seed_meets_another_channel() {
    let lossy = |seed| kept("reference-lossy", &[], seed).0.document;
    let (a, b) = (lossy(1), lossy(2));
    assert_ne!(a.trace_digest, b.trace_digest);
    assert_ne!(a.link.lost_packets, b.link.lost_packets);
}

/// Fate of each packet that somebody could hear, by connection event and place in it.
fn fates(records: &[Record]) -> BTreeMap<(u32, u16), Reception> {
    let (mut event, mut packet) = (0, 0);
    let mut fates = BTreeMap::new();
    for record in records {
        let closes = match record.event {
            Event::Link(LinkEvent::Packet { reception, closes, .. }) => {
                packet += 1;
                if reception != Reception::Missed {
                    fates.insert((event, packet), reception);
                }
                closes.is_some()
            }
            Event::Link(LinkEvent::Silent { .. }) => true,
            _ => false,
        };
        if closes {
            (event, packet) = (event + 1, 0);
        }
    }
    fates
}

#[test]
fn the_channel_does_not_depend_on_what_the_client_does() {
    let fates = |window| fates(&kept("reference-lossy", &[window, "client.mode=upload-only"], 7).1);
    let (one, three) = (fates("client.window=1"), fates("client.window=3"));
    assert_ne!(one, three, "the clients act differently");
    let both = one.iter().filter_map(|(at, fate)| Some((fate, three.get(at)?)));
    let (same, common) =
        both.fold((0, 0), |(same, all), (a, b)| (same + u32::from(a == b), all + 1));
    assert!(common > 1_000, "{common}");
    assert_eq!(same, common, "of {common} packets at the same place");
}

#[test]
fn a_snapshot_goes_on_like_the_world_it_was_taken_of() {
    let prepared = prepared("reference-lossy", &[]);
    let mut world = World::new(&prepared, Seed(3), Digest::default());
    world.advance_to(Time::ZERO + Span::from_s(9));
    let mut snapshot = world.clone();
    let (end, snapshot_end) = (world.run(), snapshot.run());
    assert_eq!(end, snapshot_end);
    assert_eq!(world.now(), snapshot.now());
    assert_eq!(world.sink.value(), snapshot.sink.value());
}

#[test]
fn advancing_in_small_steps_changes_nothing() {
    let prepared = prepared("reference", &["client.mode=upload-only", "image.size=40000"]);
    let mut whole = World::new(&prepared, Seed(1), Digest::default());
    whole.run();
    let mut stepped = World::new(&prepared, Seed(1), Digest::default());
    let mut until = Time::ZERO;
    while stepped.ended().is_none() {
        until += Span::from_us(777);
        stepped.advance_to(until);
    }
    assert_eq!(whole.sink.value(), stepped.sink.value());
}

#[test]
fn the_document_alone_tells_two_settings_apart() {
    let digest = |setting| report("reference", &[setting]).document.trace_digest;
    assert_ne!(digest("link.interval_us=11250"), digest("link.interval_us=12500"));
}
