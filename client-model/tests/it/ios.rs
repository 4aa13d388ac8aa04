//! The iOS library: what losses cost it, in what order it hears of things, and what it believes.

use crate::server::{Reaction, Script, slot};
use crate::world::{World, config, image};
use client_model::{
    ClientConfig, ClientError, ClientEvent, Mode, Outcome,
    Phase::{self, *},
    StrategyKind,
};
use sim_core::{Span, Time};
use smp_wire::errors::ErrorBody;
use smp_wire::group;

/// 50 chunks or so.
const LEN: usize = 10_600;

fn with(depth: u8, change: impl FnOnce(&mut ClientConfig)) -> World {
    let mut config = config(StrategyKind::Ios, LEN);
    config.window = depth;
    change(&mut config);
    let mut world = World::new(config);
    world.boot_takes = Span::ZERO;
    world
}

fn ios(depth: u8) -> World {
    with(depth, |_| {})
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

fn upload(world: &World) -> Span {
    world.phase_at(Test, 0).since(world.phase_at(Upload, 0))
}

const AROUND: [Phase; 6] = [Connect, Discover, Params, BootLoader, List, Upload];

#[test]
fn it_asks_once_for_the_buffers_and_comes_back_for_list_and_confirm() {
    let mut world = with(3, |config| config.erase_settings = true);
    world.ends(Outcome::Confirmed);
    let rest = [EraseSettings, Test, Reset, Wait, Reconnect, Discover, List, Confirm, Done];
    assert_eq!(world.phases(), [&AROUND[..], &rest].concat());
    let pause = world.phase_at(Upload, 0).since(world.phase_at(List, 0));
    assert_eq!(pause, world.latency + Span::from_ms(100), "a tenth of a second after the list");
    assert_eq!(world.server.slots[0], slot(0, [0xbb; 32], "ca"));
}

#[test]
fn test_only_and_confirm_only_end_without_a_look_at_the_new_image() {
    for (mode, mark, outcome) in
        [(Mode::TestOnly, Test, Outcome::Tested), (Mode::ConfirmOnly, Confirm, Outcome::Confirmed)]
    {
        let mut world = with(1, |config| {
            config.mode = mode;
            config.estimated_swap = Span::from_s(10);
        });
        world.ends(outcome);
        assert_eq!(world.phases(), [&AROUND[..], &[mark, Reset, Wait, Done]].concat());
        let (at, _) = world.finished.expect("it ended");
        assert_eq!(at, world.phase_at(Reset, 0) + world.latency + Span::from_s(10));
    }
}

#[test]
fn upload_only_resets_and_is_done() {
    let mut world = with(1, |config| {
        config.mode = Mode::UploadOnly;
        config.estimated_swap = Span::from_s(100);
    });
    world.ends(Outcome::Uploaded);
    assert_eq!(world.phases(), [&AROUND[..], &[Reset, Wait, Done]].concat());
    let (at, _) = world.finished.expect("it ended");
    assert_eq!(at, world.phase_at(Wait, 0), "nothing is waited for");
}

/// What the library's source lets expect for 50 chunks and a round trip of 100 ms.
#[test]
fn losses_cost_what_the_source_lets_expect() {
    let cost = |depth, nth, reaction: Option<Reaction>| {
        let mut world = ios(depth);
        world.latency = Span::from_ms(100);
        if let Some(reaction) = reaction {
            world.server.script = at_chunk(nth, &reaction);
        }
        world.ends(Outcome::Confirmed);
        assert_eq!(world.server.stored, image(LEN).bytes[..]);
        (world.chunks().count(), upload(&world))
    };
    let ms = Span::from_ms;
    assert_eq!(cost(3, 0, None), (50, ms(1_800)));
    // All that follows the lost chunk is sent in vain, and then again.
    assert_eq!(cost(3, 6, Some(Reaction::LoseRequest)), (95, ms(23_200)));
    assert_eq!(cost(3, 6, Some(Reaction::LoseAnswer)), (53, ms(21_700)));
    assert_eq!(cost(1, 6, Some(Reaction::LoseRequest)), (51, ms(25_000)));
}

#[test]
fn a_chunk_that_is_never_answered_goes_three_times_under_one_number() {
    let mut world = ios(1);
    let mut nth = 0;
    world.server.script = Box::new(move |seen, _| {
        nth += usize::from(seen.chunk().is_some());
        if nth >= 5 && seen.chunk().is_some() { Reaction::LoseRequest } else { Reaction::Normal }
    });
    world.fails_with(ClientError::Timeout { phase: Upload });
    let frames: Vec<_> = world.chunks().skip(4).map(|seen| &seen.frame).collect();
    assert_eq!(frames.len(), 3);
    assert!(frames.iter().all(|frame| *frame == frames[0]), "the same octets");
    let sent: Vec<Time> = world
        .log
        .iter()
        .filter(|(_, event)| matches!(event, ClientEvent::UploadChunk { .. }))
        .map(|&(at, _)| at)
        .collect();
    let pause = Span::from_s(20);
    assert_eq!(sent[5..], [sent[4] + pause, sent[4] + pause * 2]);
    let (at, _) = world.finished.expect("it ended");
    assert_eq!(at, sent[4] + pause * 3, "it sleeps once more before it gives up");
}

#[test]
fn a_command_that_is_not_answered_goes_again_too() {
    let mut world = ios(1);
    let mut nth = 0;
    world.server.script = Box::new(move |seen, _| {
        nth += usize::from(seen.is(group::IMAGE, group::image::STATE));
        let lost = nth == 1 && seen.is(group::IMAGE, group::image::STATE);
        if lost { Reaction::LoseAnswer } else { Reaction::Normal }
    });
    world.ends(Outcome::Confirmed);
    let lists: Vec<_> =
        world.server.seen.iter().filter(|seen| seen.is(1, 0) && seen.header.op == 0).collect();
    assert_eq!(lists[0].frame, lists[1].frame);
    assert_eq!(world.phases().iter().filter(|&&phase| phase == List).count(), 2);
    let pause = world.phase_at(Upload, 0).since(world.phase_at(List, 0));
    assert_eq!(pause, Span::from_s(50) + world.latency + Span::from_ms(100));
}

#[test]
fn settings_that_nobody_erases_are_no_reason_to_stop() {
    let erase = (group::ZEPHYR_BASIC, group::zephyr_basic::ERASE_STORAGE);
    for reaction in [Reaction::LoseRequest, Reaction::Refuse(ErrorBody::Rc(3))] {
        let mut world = with(1, |config| config.erase_settings = true);
        world.server.script =
            Box::new(
                move |seen, _| {
                    if seen.is(erase.0, erase.1) { reaction.clone() } else { Reaction::Normal }
                },
            );
        world.ends(Outcome::Confirmed);
    }
}

#[test]
fn a_busy_server_is_asked_again_after_a_tenth_of_a_second() {
    for body in [b"\xa1\x62rc\x0a".as_slice(), b"\xa2\x62rc\x0a\x63off\x19\x02\x5e".as_slice()] {
        let mut world = ios(1);
        world.server.script = at_chunk(4, &Reaction::Body(body.to_vec()));
        world.ends(Outcome::Confirmed);
        let offsets = offsets(&world);
        assert_eq!(offsets[3..5], [606, 606]);
        assert_eq!(world.server.stored, image(LEN).bytes[..]);
        let events: Vec<Time> = world
            .log
            .iter()
            .filter(|(_, event)| matches!(event, ClientEvent::UploadChunk { .. }))
            .map(|&(at, _)| at)
            .collect();
        assert_eq!(events[4].since(events[3]), world.latency + Span::from_ms(100));
    }
}

#[test]
fn a_refused_chunk_and_a_wrong_digest_end_the_update() {
    let mut world = ios(3);
    world.server.script = at_chunk(7, &Reaction::Refuse(ErrorBody::Rc(3)));
    world.fails_with(ClientError::UploadRejected { rc: 3, group: None });
    let mut world = ios(3);
    let body = b"\xa2\x63off\x19\x02\x5c\x65match\xf4".to_vec();
    world.server.script = at_chunk(7, &Reaction::Body(body));
    world.fails_with(ClientError::MatchFailed);
}

#[test]
fn a_reset_without_a_good_answer_is_a_failure() {
    for (reaction, error) in [
        (
            Reaction::Refuse(ErrorBody::Rc(10)),
            ClientError::Rc { phase: Reset, rc: 10, group: None },
        ),
        (Reaction::LoseAnswer, ClientError::LinkLost { phase: Reset, reason: 8 }),
    ] {
        let mut world = ios(1);
        world.server.script = Box::new(move |seen, _| {
            if seen.is(group::OS, group::os::RESET) { reaction.clone() } else { Reaction::Normal }
        });
        world.fails_with(error);
    }
}

#[test]
fn on_a_link_that_is_too_short_nothing_is_sent() {
    for att_mtu in [23, 65, 73] {
        let mut world = ios(1);
        world.att_mtu = att_mtu;
        let finish = world.run().expect("it ends");
        assert_eq!(finish.error.map(|error| error.name()), Some("insufficient_mtu"), "{att_mtu}");
        assert_eq!(world.chunks().count(), 0);
    }
    // The server takes no first chunk below 32 octets; that is not looked at here.
    let mut world = ios(1);
    world.att_mtu = 108;
    world.ends(Outcome::Confirmed);
    assert_eq!(
        world.chunks().next().and_then(|seen| seen.chunk()?.data).map(<[u8]>::len),
        Some(34)
    );
}

#[test]
fn keys_come_in_an_order_of_the_process_and_each_group_counts_from_its_own_number() {
    let run = |draw: u64| {
        let mut world = with(1, |config| config.draw = draw);
        world.ends(Outcome::Confirmed);
        let first = world.chunks().next().expect("a chunk").frame.clone();
        let seqs = |group| -> Vec<u8> {
            let of = world.server.seen.iter().filter(|seen| seen.header.group == group);
            of.map(|seen| seen.header.seq).collect()
        };
        (first, seqs(0), seqs(1))
    };
    let (first, os, image) = run(0);
    assert_eq!(first[..14], *b"\x0a\x00\x00\xe7\x00\x01\x01\x01\xa4\x64data");
    assert_eq!((&os[..], &image[..3]), (&[0, 1, 2][..], &[0, 1, 2][..]));
    let (other, os, image) = run(0x00_00_00_07_fe_01_00_03);
    assert_eq!(first.len(), other.len());
    assert_eq!(other[8..13], *b"\xa4\x63sha");
    assert_eq!((&os[..], &image[..3]), (&[254, 255, 0][..], &[7, 8, 9][..]));
}

/// The image waits in slot 1 for a trial boot. Android's library stops there; this one resets and
/// reports success, and the image goes again unless it confirms itself.
#[test]
fn a_confirm_that_leaves_the_image_pending_is_taken_for_made() {
    let mut world = with(1, |config| config.mode = Mode::ConfirmOnly);
    world.server.slots = vec![slot(0, [0xaa; 32], "ca"), slot(1, [0xbb; 32], "p")];
    world.ends(Outcome::Confirmed);
    assert_eq!(world.chunks().count(), 0, "it is there already");
    assert_eq!(world.server.resets, 1);
    assert_eq!(world.server.slots[0], slot(0, [0xbb; 32], "a"), "on trial, not confirmed");
    world.server.boot();
    assert_eq!(world.server.slots[0].hash, Some([0xaa; 32]));
}

#[test]
fn a_slot_in_use_is_freed_first() {
    let mut world = ios(1);
    world.server.slots = vec![slot(0, [0xaa; 32], "ca"), slot(1, [0xcc; 32], "p")];
    world.ends(Outcome::Confirmed);
    assert_eq!(world.server.resets, 2, "once to free the slot, once for the new image");
    let mut world = ios(1);
    world.server.slots = vec![slot(0, [0xaa; 32], "a"), slot(1, [0xcc; 32], "c")];
    world.run();
    let first = world.server.seen.iter().find(|seen| seen.is(1, 0) && seen.header.op == 2);
    let body = first.expect("a state write").body().to_vec();
    assert!(body.windows(32).any(|window| window == [0xaa; 32]), "the running image is confirmed");
}

#[test]
fn an_image_that_is_gone_after_the_reset_is_no_failure_to_it() {
    let mut world = ios(1);
    world.server.reverts = true;
    world.ends(Outcome::Confirmed);
    assert_eq!(world.server.slots[0].hash, Some([0xaa; 32]), "the old image runs");
}
