//! Requests and answers that are lost, late or not what was expected.

use crate::server::{Reaction, Script};
use crate::world::{World, config, image};
use client_model::{ClientError, ClientEvent, Outcome, Phase, StrategyKind};
use sim_core::{Span, Time};

/// 50 chunks or so.
const LEN: usize = 11_000;

fn android(window: u8) -> World {
    let mut config = config(StrategyKind::Android, LEN);
    config.window = window;
    let mut world = World::new(config);
    world.boot_takes = Span::ZERO;
    world
}

/// A script that does `reaction` to the n-th upload request, counted from 1.
fn at_chunk(n: usize, reaction: &Reaction) -> Box<Script> {
    let (reaction, mut count) = (reaction.clone(), 0);
    Box::new(move |seen, _| {
        count += usize::from(seen.chunk().is_some());
        if seen.chunk().is_some() && count == n { reaction.clone() } else { Reaction::Normal }
    })
}

fn offsets(world: &World) -> Vec<u32> {
    world.chunks().map(|seen| seen.chunk().and_then(|chunk| chunk.off).expect("off")).collect()
}

fn upload_s(world: &World) -> Span {
    world.phase_at(Phase::Test, 0).since(world.phase_at(Phase::Upload, 0))
}

#[test]
fn with_window_1_one_lost_message_ends_the_update_after_2_5_s() {
    for reaction in [Reaction::LoseRequest, Reaction::LoseAnswer] {
        let mut world = android(1);
        world.server.script = at_chunk(3, &reaction);
        world.fails_with(ClientError::Timeout { phase: Phase::Upload });
        assert_eq!(world.chunks().count(), 3);
        let (at, _) = world.finished.expect("it ended");
        let sent = world
            .log
            .iter()
            .rfind(|(_, event)| matches!(event, ClientEvent::UploadChunk { .. }))
            .expect("a chunk");
        assert_eq!(at, sent.0 + Span::from_ms(2_500));
    }
}

#[test]
fn with_window_1_the_first_chunk_may_take_40_s() {
    let mut world = android(1);
    world.server.script = at_chunk(1, &Reaction::LoseRequest);
    world.fails_with(ClientError::Timeout { phase: Phase::Upload });
    let (at, _) = world.finished.expect("it ended");
    assert_eq!(at, world.phase_at(Phase::Upload, 0) + Span::from_s(40));
}

#[test]
fn with_window_3_a_lost_request_is_sent_again_at_once() {
    let mut world = android(3);
    world.server.script = at_chunk(10, &Reaction::LoseRequest);
    world.ends(Outcome::Confirmed);
    assert_eq!(world.server.stored, image(LEN).bytes[..]);
    let offsets = offsets(&world);
    let lost = offsets[9];
    let again = offsets.iter().filter(|&&off| off == lost).count();
    // The two chunks behind it are answered with its offset: each calls for it once.
    assert_eq!(again, 3);
    // Its own time-out comes long after and changes nothing.
    assert_eq!(world.events(|event| matches!(event, ClientEvent::Timeout { .. })), 1);
    // The last chunk's answer comes in the meantime, but the upload waits for the time-out.
    assert!(upload_s(&world) > Span::from_ms(2_500));
    assert!(upload_s(&world) < Span::from_ms(3_500));
}

#[test]
fn with_window_3_a_lost_answer_costs_no_resend() {
    let mut clean = android(3);
    clean.ends(Outcome::Confirmed);
    let mut world = android(3);
    world.server.script = at_chunk(10, &Reaction::LoseAnswer);
    world.ends(Outcome::Confirmed);
    assert_eq!(offsets(&world), offsets(&clean));
    assert_eq!(world.events(|event| matches!(event, ClientEvent::Timeout { .. })), 1);
}

#[test]
fn with_window_3_a_lost_last_answer_uploads_everything_again() {
    let mut clean = android(3);
    clean.ends(Outcome::Confirmed);
    let count = clean.chunks().count();
    let mut world = android(3);
    world.server.script = at_chunk(count, &Reaction::LoseAnswer);
    world.ends(Outcome::Confirmed);
    // The resent last chunk is answered with offset 0.
    assert_eq!(world.chunks().count(), 2 * count + 1);
    assert_eq!(world.server.stored, image(LEN).bytes[..]);
    assert!(upload_s(&world) > Span::from_s(20));
}

#[test]
fn with_window_3_five_failures_of_one_chunk_end_the_update() {
    let mut world = android(3);
    world.server.script = Box::new(|seen, _| match seen.chunk() {
        Some(chunk) if chunk.off > Some(0) => Reaction::LoseRequest,
        _ => Reaction::Normal,
    });
    world.fails_with(ClientError::Timeout { phase: Phase::Upload });
    let mut per_offset = std::collections::BTreeMap::new();
    for off in offsets(&world) {
        *per_offset.entry(off).or_insert(0) += 1;
    }
    assert_eq!(per_offset.values().max(), Some(&5));
}

#[test]
fn with_window_3_a_server_that_stands_still_ends_the_update() {
    let mut world = android(3);
    world.server.script = Box::new(|seen, _| match seen.chunk() {
        Some(_) => Reaction::Body(b"\xbf\x63off\x00\xff".to_vec()),
        None => Reaction::Normal,
    });
    let finish = world.run();
    let error = finish.and_then(|finish| finish.error).expect("it fails");
    assert_eq!(error.name(), "not_acknowledged");
}

#[test]
fn the_next_chunk_begins_where_the_server_says() {
    for window in [1, 3] {
        let mut world = android(window);
        world.server.upload = Some((LEN as u32, image(LEN).bytes[..1500].to_vec()));
        world.ends(Outcome::Confirmed);
        assert_eq!(offsets(&world)[..2], [0, 1500]);
        assert_eq!(world.server.stored, image(LEN).bytes[..]);
    }
}

#[test]
fn a_late_answer_is_dropped() {
    let mut world = android(3);
    let mut first_list = true;
    world.server.script = Box::new(move |seen, _| {
        // The parameters are answered late, after they were given up.
        let params = seen.is(0, 6);
        if params && std::mem::take(&mut first_list) {
            Reaction::LoseAnswer
        } else {
            Reaction::Normal
        }
    });
    world.input_after(
        Span::from_ms(1_500),
        client_model::ClientIn::Received(sim_core::Sdu {
            tag: 1,
            bytes: vec![1, 0, 0, 1, 0, 0, 0xff, 6, 0xa0],
        }),
    );
    world.ends(Outcome::Confirmed);
    let stale: Vec<Time> = world
        .log
        .iter()
        .filter(|(_, event)| *event == ClientEvent::Stale { tag: 1 })
        .map(|(at, _)| *at)
        .collect();
    assert_eq!(stale, [Time::from_ns(1_500_000_000)]);
}

#[test]
fn answers_in_several_notifications_are_put_together() {
    let mut world = android(1);
    world.att_mtu = 110;
    world.ends(Outcome::Confirmed);
    assert_eq!(world.events(|event| matches!(event, ClientEvent::Stale { .. })), 0);
}

#[test]
fn no_answer_to_the_parameters_costs_a_second_and_keeps_frames_to_one_write() {
    let mut world = android(1);
    world.server.params = Some((2475, 4));
    world.server.script =
        Box::new(|seen, _| if seen.is(0, 6) { Reaction::LoseRequest } else { Reaction::Normal });
    world.ends(Outcome::Confirmed);
    let pause = world.phase_at(Phase::List, 0).since(world.phase_at(Phase::Params, 0));
    assert_eq!(pause, Span::from_s(1));
    assert!(world.chunks().all(|seen| seen.frame.len() <= 244));
}

#[test]
fn the_devzone_sample_waits_for_ever() {
    let mut world = World::new(config(StrategyKind::NcsCentralSample, LEN));
    world.server.rc_first = true;
    world.server.script = at_chunk(5, &Reaction::LoseAnswer);
    assert_eq!(world.run(), None);
    assert_eq!(world.chunks().count(), 5);
}

/// The figures that a model of the library's source gives for 50 chunks, a window of 3 and a round
/// trip of 100 ms.
#[test]
fn losses_cost_what_the_source_lets_expect() {
    let cost = |nth, reaction: Option<Reaction>| {
        let mut world = android(3);
        world.latency = Span::from_ms(100);
        if let Some(reaction) = reaction {
            world.server.script = at_chunk(nth, &reaction);
        }
        world.ends(Outcome::Confirmed);
        (world.chunks().count(), upload_s(&world))
    };
    assert_eq!(cost(0, None), (50, Span::from_ms(1_800)));
    assert_eq!(cost(3, Some(Reaction::LoseRequest)), (54, Span::from_ms(2_700)));
    assert_eq!(cost(3, Some(Reaction::LoseAnswer)), (50, Span::from_ms(2_600)));
    // The last chunk goes at 1.7 s and is given up after 20; its repetition is answered with 0.
    let twice = Span::from_ms(1_700 + 20_000 + 100 + 1_800);
    assert_eq!(cost(50, Some(Reaction::LoseAnswer)), (101, twice));
}

#[test]
fn a_sequence_number_that_is_needed_again_fails_its_request() {
    let mut config = config(StrategyKind::Android, 70_000);
    config.window = 3;
    let mut world = World::new(config);
    world.latency = Span::from_ms(1);
    world.boot_takes = Span::ZERO;
    world.server.script = at_chunk(3, &Reaction::LoseAnswer);
    world.ends(Outcome::Confirmed);
    assert_eq!(world.server.stored, image(70_000).bytes[..]);
    // 256 requests go out before its 2.5 s are over, and it is sent again in vain.
    assert_eq!(world.events(|event| matches!(event, ClientEvent::GiveUp { .. })), 1);
    assert_eq!(world.events(|event| matches!(event, ClientEvent::Timeout { .. })), 0);
    let offsets = offsets(&world);
    assert_eq!(offsets.iter().filter(|&&off| off == offsets[2]).count(), 2);
}
