//! Same scenario and seed, same digest.

use crate::{kept, prepared, report};
use sim::scenario::PRESETS;
use sim::trace::Digest;
use sim::world::World;
use sim_core::{Seed, Span, Time};

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

#[test]
fn the_channel_does_not_depend_on_what_the_client_does() {
    // Both clients meet the same first packets until they act differently.
    let records = |window| kept("reference-lossy", &[window], 7).1;
    let (one, three) = (records("client.window=1"), records("client.window=3"));
    let same = one.iter().zip(&three).take_while(|(a, b)| a == b).count();
    assert!(same > 100, "only {same} records in common");
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
