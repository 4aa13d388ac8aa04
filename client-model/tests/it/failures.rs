//! Every named failure, and what the client does then.

use crate::server::{Reaction, slot};
use crate::world::{World, config};
use client_model::{
    ClientError as E, ClientEvent, ClientOut, Finish, Mode, Outcome, Phase, StrategyKind,
};
use sim_core::Span;
use smp_wire::errors::ErrorBody;
use smp_wire::group;

fn android() -> World {
    let mut config = config(StrategyKind::Android, 3_000);
    config.window = 3;
    World::new(config)
}

fn sample(chunk: u16) -> World {
    let mut config = config(StrategyKind::NcsCentralSample, 3_000);
    config.chunk = chunk;
    let mut world = World::new(config);
    world.server.rc_first = true;
    world
}

/// The n-th request (from 0) to this command is answered so.
fn react(world: &mut World, group: u16, id: u8, nth: usize, reaction: Reaction) {
    let mut count = 0;
    world.server.script = Box::new(move |seen, _| {
        let hit = seen.is(group, id) && count == nth;
        count += usize::from(seen.is(group, id));
        if hit { reaction.clone() } else { Reaction::Normal }
    });
}

fn refuse(rc: i32) -> Reaction {
    Reaction::Refuse(ErrorBody::Rc(rc))
}

const STATE: (u16, u8) = (group::IMAGE, group::image::STATE);
const UPLOAD: (u16, u8) = (group::IMAGE, group::image::UPLOAD);
const RESET: (u16, u8) = (group::OS, group::os::RESET);

#[test]
fn four_attempts_to_connect_with_half_a_second_between() {
    let mut world = android();
    world.deaf_attempts = 4;
    world.fails_with(E::ConnectTimeout { attempts: 4 });
    let (at, _) = world.finished.expect("it ended");
    assert_eq!(at.as_ns(), (Span::from_s(120) + Span::from_ms(1_500)).as_ns());
    assert!(!world.outs.contains(&ClientOut::Disconnect), "there is no link to end");

    let mut world = android();
    world.deaf_attempts = 3;
    world.ends(Outcome::Confirmed);
}

#[test]
fn a_link_that_dies_before_it_is_ready_is_a_failed_attempt() {
    let mut world = android();
    let lost = client_model::ClientIn::Lost { reason: 0x3e };
    world.input_after(Span::from_ms(100), lost);
    world.ends(Outcome::Confirmed);
    assert_eq!(
        world.phases()[..4],
        [Phase::Connect, Phase::Discover, Phase::Connect, Phase::Discover]
    );
}

#[test]
fn a_lost_link_is_named_with_what_was_going_on() {
    // Parameters, list, then the upload.
    for (write, phase) in [(1, Phase::Params), (2, Phase::List), (6, Phase::Upload)] {
        let mut world = android();
        world.cut_at_write = Some(write);
        world.latency = Span::from_ms(30);
        world.fails_with(E::LinkLost { phase, reason: 0x08 });
    }
    let mut world = android();
    world.cut_at_write = Some(6);
    world.run();
    let given_up = world.events(|event| matches!(event, ClientEvent::GiveUp { .. }));
    assert!(given_up > 0);
}

#[test]
fn each_command_has_its_time() {
    let cases = [
        (STATE, 0, Phase::List, 5_000),
        (STATE, 1, Phase::Test, 2_500),
        (STATE, 3, Phase::Confirm, 2_500),
    ];
    for ((group, id), nth, phase, ms) in cases {
        let mut world = android();
        react(&mut world, group, id, nth, Reaction::LoseRequest);
        world.fails_with(E::Timeout { phase });
        let (at, _) = world.finished.expect("it ended");
        let begun = world.phase_at(phase, 0);
        assert_eq!(at.since(begun), Span::from_ms(ms), "{phase}");
    }
}

#[test]
fn refusals_keep_both_forms_of_their_code() {
    let group_error = |rc| Reaction::Refuse(ErrorBody::Group { group: 1, rc });
    let rc = |phase, rc, group| E::Rc { phase, rc, group };
    let cases = [
        (STATE, 0, refuse(8), rc(Phase::List, 8, None)),
        (STATE, 1, refuse(3), rc(Phase::Test, 3, None)),
        (STATE, 1, group_error(28), rc(Phase::Test, 28, Some(1))),
        (STATE, 3, refuse(6), rc(Phase::Confirm, 6, None)),
        (UPLOAD, 0, refuse(3), E::UploadRejected { rc: 3, group: None }),
        (UPLOAD, 4, group_error(9), E::UploadRejected { rc: 9, group: Some(1) }),
    ];
    for ((group, id), nth, reaction, error) in cases {
        let mut world = android();
        react(&mut world, group, id, nth, reaction);
        world.fails_with(error);
        assert_eq!(world.outs.iter().filter(|out| **out == ClientOut::Disconnect).count(), 1);
    }
}

#[test]
fn answers_that_are_something_else_are_malformed() {
    for (nth, phase) in [(0, Phase::List), (1, Phase::Test), (2, Phase::List), (3, Phase::Confirm)]
    {
        for body in [vec![0xa0], vec![0xff], vec![]] {
            let mut world = android();
            react(&mut world, STATE.0, STATE.1, nth, Reaction::Body(body));
            world.fails_with(E::MalformedAnswer { phase });
        }
    }
}

#[test]
fn with_window_1_a_malformed_answer_ends_the_upload_and_with_3_the_chunk_is_sent_again() {
    let broken = Reaction::Body(vec![0xbf]);
    let mut world = World::new(config(StrategyKind::Android, 3_000));
    react(&mut world, UPLOAD.0, UPLOAD.1, 2, broken.clone());
    world.fails_with(E::MalformedAnswer { phase: Phase::Upload });
    let mut world = android();
    react(&mut world, UPLOAD.0, UPLOAD.1, 2, broken);
    world.ends(Outcome::Confirmed);
}

#[test]
fn the_digest_is_looked_at_with_window_3_only() {
    let body = [b"\xbf\x63off\x19\x0b\xb8\x65match".as_slice(), &[0xf4, 0xff]].concat();
    let last = |window| {
        let mut config = config(StrategyKind::Android, 3_000);
        config.window = window;
        let mut world = World::new(config);
        let body = body.clone();
        world.server.script = Box::new(move |seen, _| match seen.chunk() {
            Some(chunk) if chunk.off > Some(2_700) => Reaction::Body(body.clone()),
            _ => Reaction::Normal,
        });
        world.run().and_then(|finish| finish.error)
    };
    assert_eq!(last(3), Some(E::MatchFailed));
    // It goes on to the test, where the server does not know the image.
    assert_eq!(last(1), Some(E::Rc { phase: Phase::Test, rc: 3, group: None }));
}

#[test]
fn an_offset_behind_the_end_is_named() {
    for window in [1, 3] {
        let mut config = config(StrategyKind::Android, 3_000);
        config.window = window;
        let mut world = World::new(config);
        let beyond = Reaction::Body(b"\xbf\x63off\x19\x0b\xb9\xff".to_vec());
        react(&mut world, UPLOAD.0, UPLOAD.1, 1, beyond);
        world.fails_with(E::OffsetOutOfRange { off: 3_001 });
    }
}

#[test]
fn a_link_too_small_for_the_first_chunk_is_named() {
    for window in [1, 3] {
        let mut config = config(StrategyKind::Android, 3_000);
        config.window = window;
        let mut world = World::new(config);
        world.att_mtu = 65;
        world.fails_with(E::ChunkDoesNotFit { limit: 62, off: 0 });
        assert_eq!(world.chunks().count(), 0);
    }
}

#[test]
fn a_tiny_buffer_stops_the_first_command() {
    let mut world = android();
    world.server.params = Some((8, 1));
    world.fails_with(E::InsufficientMtu { frame: 9, max_packet: 8 });
}

#[test]
fn the_sample_refuses_frames_longer_than_the_mtu_with_122_and_nearly_as_long_with_12() {
    // The first frame with 150 octets of an image below 65,536 has 205.
    for (att_mtu, error) in [
        (204, Some(E::Emsgsize { frame: 205, att_mtu: 204 })),
        (205, Some(E::Enomem { frame: 205, att_mtu: 205 })),
        (207, Some(E::Enomem { frame: 205, att_mtu: 207 })),
        (208, None),
    ] {
        let mut world = sample(150);
        world.att_mtu = att_mtu;
        let finish = world.run().expect("it ends");
        assert_eq!(finish.error, error, "MTU {att_mtu}");
        if error.is_some() {
            assert!(world.writes.is_empty(), "it is refused before it is sent");
        }
    }
}

#[test]
fn the_sample_needs_rc_first_and_stops_at_any_other_answer() {
    let mut world = sample(150);
    world.server.rc_first = false;
    world.fails_with(E::ParserNeedsRc);
    assert_eq!(world.chunks().count(), 1);

    let mut world = sample(150);
    react(&mut world, UPLOAD.0, UPLOAD.1, 2, refuse(1));
    world.fails_with(E::UploadRejected { rc: 1, group: None });

    let mut world = sample(150);
    react(&mut world, UPLOAD.0, UPLOAD.1, 2, Reaction::Body(b"\xbf\x62rc\x00\xff".to_vec()));
    world.fails_with(E::MalformedAnswer { phase: Phase::Upload });
}

#[test]
fn the_sample_does_not_look_at_the_offset() {
    let mut world = sample(150);
    let wrong = Reaction::Body(b"\xbf\x62rc\x00\x63off\x00\xff".to_vec());
    react(&mut world, UPLOAD.0, UPLOAD.1, 2, wrong);
    // The server lacks a chunk and never has the whole image.
    world.fails_with(E::ImageNotListed { phase: Phase::List });
    assert_eq!(world.chunks().count(), 20);
}

#[test]
fn a_mark_without_effect_is_not_taken_for_one() {
    let list = |flags| {
        let mut body = Vec::new();
        let slots = [slot(0, [0xaa; 32], "ca"), slot(1, [0xbb; 32], flags)];
        smp_wire::image::emit_state(&mut body, &slots, smp_wire::cbor::MapForm::Definite, true);
        Reaction::Body(body)
    };
    let mut world = android();
    react(&mut world, STATE.0, STATE.1, 1, list(""));
    world.fails_with(E::TestNoEffect);

    let mut config = config(StrategyKind::Android, 3_000);
    config.mode = Mode::ConfirmOnly;
    let mut world = World::new(config);
    react(&mut world, STATE.0, STATE.1, 1, list("p"));
    world.fails_with(E::ConfirmNoEffect);
    assert_eq!(world.server.resets, 0);
}

#[test]
fn an_image_missing_from_the_answer_is_named() {
    let mut body = Vec::new();
    let slots = [slot(0, [0xaa; 32], "ca")];
    smp_wire::image::emit_state(&mut body, &slots, smp_wire::cbor::MapForm::Definite, false);
    for (nth, phase) in [(1, Phase::Test), (3, Phase::Confirm)] {
        let mut world = android();
        react(&mut world, STATE.0, STATE.1, nth, Reaction::Body(body.clone()));
        world.fails_with(E::ImageNotListed { phase });
    }
}

#[test]
fn after_the_reset_the_running_image_decides() {
    // The boot loader went back: the new image is there, unmarked.
    let mut world = android();
    world.server.reverts = true;
    let reverted = Finish { outcome: Outcome::Reverted, error: Some(E::Reverted) };
    assert_eq!(world.run(), Some(reverted));

    let list = |slots: &[_]| {
        let mut body = Vec::new();
        smp_wire::image::emit_state(&mut body, slots, smp_wire::cbor::MapForm::Definite, false);
        Reaction::Body(body)
    };
    let old = slot(0, [0xaa; 32], "ca");
    let mut world = android();
    react(&mut world, STATE.0, STATE.1, 2, list(&[old, slot(1, [0xbb; 32], "p")]));
    world.fails_with(E::ImageNotActive { listed: true });
    let mut world = android();
    react(&mut world, STATE.0, STATE.1, 2, list(&[old]));
    world.fails_with(E::ImageNotActive { listed: false });
}

#[test]
fn a_slot_that_stays_in_use_is_given_up_after_two_resets() {
    let mut world = android();
    world.server.script = Box::new(|seen, _| {
        if !seen.is(STATE.0, STATE.1) {
            return Reaction::Normal;
        }
        let mut body = Vec::new();
        let slots = [slot(0, [0xaa; 32], "ca"), slot(1, [0xcc; 32], "p")];
        smp_wire::image::emit_state(&mut body, &slots, smp_wire::cbor::MapForm::Definite, false);
        Reaction::Body(body)
    });
    world.fails_with(E::SlotInUse);
    assert_eq!(world.server.resets, 2);
    assert_eq!(world.chunks().count(), 0);
}

#[test]
fn android_looks_at_the_link_and_not_at_the_answer_to_the_reset() {
    let mut world = android();
    react(&mut world, RESET.0, RESET.1, 0, Reaction::LoseAnswer);
    world.ends(Outcome::Confirmed);

    // A refused reset is noticed only because the link stays up.
    let mut world = android();
    react(&mut world, RESET.0, RESET.1, 0, refuse(10));
    world.fails_with(E::Rc { phase: Phase::Reset, rc: 10, group: None });
    let (at, _) = world.finished.expect("it ended");
    assert_eq!(at.since(world.phase_at(Phase::Reset, 0)), Span::from_s(120));

    let mut world = android();
    world.link_dies_after = None;
    world.fails_with(E::NoDisconnect);
}

#[test]
fn settings_that_cannot_be_erased_are_forgiven_when_the_server_lacks_the_command() {
    let erase = |reaction| {
        let mut config = config(StrategyKind::Android, 3_000);
        config.erase_settings = true;
        let mut world = World::new(config);
        react(&mut world, group::ZEPHYR_BASIC, 0, 0, reaction);
        let error = world.run().and_then(|finish| finish.error);
        (error, world)
    };
    assert_eq!(erase(refuse(8)).0, None);
    assert_eq!(erase(Reaction::Refuse(ErrorBody::Group { group: 63, rc: 4 })).0, None);
    assert_eq!(erase(Reaction::Body(vec![0xbf, 0xff])).0, None);
    let phase = Phase::EraseSettings;
    assert_eq!(erase(refuse(1)).0, Some(E::Rc { phase, rc: 1, group: None }));
    let (error, world) = erase(Reaction::LoseRequest);
    assert_eq!(error, Some(E::Timeout { phase }));
    let (at, _) = world.finished.expect("it ended");
    assert_eq!(at.since(world.phase_at(phase, 0)), Span::from_s(40));
}

#[test]
fn the_end_is_told_once_and_nothing_follows() {
    let mut world = android();
    react(&mut world, UPLOAD.0, UPLOAD.1, 5, refuse(9));
    world.run();
    let finished = world.outs.iter().filter(|out| matches!(out, ClientOut::Finished(_))).count();
    assert_eq!(finished, 1);
    assert!(matches!(world.outs.last(), Some(ClientOut::Finished(_))));
    let ends: Vec<ClientEvent> = world.log.iter().rev().take(2).map(|(_, event)| *event).collect();
    let done = ClientEvent::Phase { phase: Phase::Done };
    assert!(matches!(ends[0], ClientEvent::Finish { outcome: Outcome::Failed, error: Some(_) }));
    assert_eq!(ends[1], done);
}
