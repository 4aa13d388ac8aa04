//! smpclient and smpmgr: one request at a time, and nothing is tried twice.

use crate::server::{Reaction, Script, Seen, slot};
use crate::world::{World, config, image};
use client_model::{
    ClientConfig, ClientError, ClientIn, Mode, Outcome,
    Phase::{self, *},
    StrategyKind, Transport,
};
use sim_core::{Sdu, Span};
use smp_wire::errors::ErrorBody;
use smp_wire::group;

const LEN: usize = 4_000;

fn with(kind: StrategyKind, change: impl FnOnce(&mut ClientConfig)) -> World {
    let mut config = config(kind, LEN);
    change(&mut config);
    let mut world = World::new(config);
    world.boot_takes = Span::ZERO;
    world
}

fn smpclient() -> World {
    with(StrategyKind::Smpclient, |_| {})
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

#[test]
fn the_tool_uploads_marks_and_resets_and_its_user_comes_back_to_confirm() {
    for kind in [StrategyKind::Smpclient, StrategyKind::Smpmgr] {
        let mut world = with(kind, |config| config.estimated_swap = Span::from_s(20));
        world.ends(Outcome::Confirmed);
        let phases = [
            Connect, Discover, Params, Upload, Test, Reset, Wait, Reconnect, Discover, Params,
            List, Confirm, Done,
        ];
        assert_eq!(world.phases(), phases);
        assert_eq!(world.server.slots[0], slot(0, [0xbb; 32], "ca"));
        let answered = world.phase_at(Reset, 0) + world.latency;
        assert_eq!(world.phase_at(Wait, 0), answered + Span::from_ms(1), "the tool is gone");
        assert_eq!(world.phase_at(Reconnect, 0), answered + Span::from_s(20));
    }
}

#[test]
fn other_modes_end_with_the_tool() {
    for (mode, phases, outcome) in [
        (Mode::UploadOnly, &[Upload, Done][..], Outcome::Uploaded),
        (Mode::TestOnly, &[Upload, Test, Reset, Wait, Done], Outcome::Tested),
        (Mode::ConfirmOnly, &[Upload, Confirm, Reset, Wait, Done], Outcome::Confirmed),
    ] {
        let mut world = with(StrategyKind::Smpmgr, |config| {
            config.mode = mode;
            config.estimated_swap = Span::from_s(20);
        });
        world.ends(outcome);
        let expected: Vec<Phase> =
            [Connect, Discover, Params].iter().chain(phases).copied().collect();
        assert_eq!(world.phases(), expected);
        let (at, _) = world.finished.expect("it ended");
        assert!(at < sim_core::Time::ZERO + Span::from_s(3), "nobody waits for the swap");
    }
}

#[test]
fn one_lost_message_ends_the_update() {
    for (kind, wait) in [(StrategyKind::Smpclient, 2_500), (StrategyKind::Smpmgr, 2_000)] {
        for reaction in [Reaction::LoseRequest, Reaction::LoseAnswer] {
            let mut world = with(kind, |_| {});
            world.server.script = at_chunk(3, &reaction);
            world.fails_with(ClientError::Timeout { phase: Upload });
            assert_eq!(world.chunks().count(), 3);
            let (at, _) = world.finished.expect("it ended");
            let sent = world.phase_at(Upload, 0) + world.latency * 2;
            assert_eq!(at, sent + Span::from_ms(wait));
        }
        let mut world = with(kind, |_| {});
        world.server.script = at_chunk(1, &Reaction::LoseRequest);
        world.fails_with(ClientError::Timeout { phase: Upload });
        let (at, _) = world.finished.expect("it ended");
        assert_eq!(at, world.phase_at(Upload, 0) + Span::from_s(40));
    }
}

#[test]
fn the_next_chunk_begins_where_the_server_says() {
    let mut world = smpclient();
    world.server.upload = Some((LEN as u32, image(LEN).bytes[..1500].to_vec()));
    world.ends(Outcome::Confirmed);
    assert_eq!(offsets(&world)[..2], [0, 1500]);
    let mut world = smpclient();
    world.server.script = at_chunk(3, &Reaction::Body(b"\xa1\x63off\x19\x01\x7f".to_vec()));
    world.ends(Outcome::Confirmed);
    let offsets = offsets(&world);
    assert_eq!(offsets[2], 0x17f + 1, "the third chunk");
    assert_eq!(offsets[3], 0x17f);
    assert_eq!(world.server.stored, image(LEN).bytes[..]);
}

#[test]
fn a_server_that_forgot_the_upload_is_told_all_again_but_the_digest() {
    let mut world = smpclient();
    world.server.script = at_chunk(3, &Reaction::Body(b"\xa1\x63off\x00".to_vec()));
    world.ends(Outcome::Confirmed);
    assert_eq!(world.server.stored, image(LEN).bytes[..]);
    let again = world.chunks().nth(3).expect("a chunk");
    assert_eq!(again.body()[..9], *b"\xa5\x63len\x19\x0f\xa0\x63");
    assert!(again.body().ends_with(b"\x65image\x00\x67upgrade\xf4"));
    let chunk = again.chunk().expect("a chunk");
    assert_eq!((chunk.off, chunk.len, chunk.sha), (Some(0), Some(LEN as u32), None));
}

#[test]
fn an_error_and_a_digest_that_differs_end_the_update() {
    let mut world = smpclient();
    world.server.script = at_chunk(3, &Reaction::Refuse(ErrorBody::Rc(2)));
    world.fails_with(ClientError::UploadRejected { rc: 2, group: None });
    assert_eq!(world.chunks().count(), 3);
    let mut world = smpclient();
    world.server.script = at_chunk(3, &Reaction::Body(b"\xa0".to_vec()));
    world.fails_with(ClientError::MalformedAnswer { phase: Upload });
    let mut world = smpclient();
    let body = b"\xa2\x63off\x19\x0f\xa0\x65match\xf4".to_vec();
    world.server.script = at_chunk(3, &Reaction::Body(body));
    world.fails_with(ClientError::MatchFailed);
}

#[test]
fn a_late_answer_is_taken_for_the_next_one() {
    let mut world = smpclient();
    world.server.script = Box::new(|seen, _| {
        if seen.is(group::OS, group::os::PARAMS) { Reaction::LoseAnswer } else { Reaction::Normal }
    });
    // The parameters come 50 ms after they were given up, before the first chunk is answered.
    let params = vec![0x0b, 0, 0, 1, 0, 0, 0, 6, 0xa0];
    world.latency = Span::from_ms(100);
    world.input_after(Span::from_ms(2_610), ClientIn::Received(Sdu { tag: 1, bytes: params }));
    world.fails_with(ClientError::BadSequence { seq: 0 });
    assert_eq!(world.chunks().count(), 1);
}

#[test]
fn without_parameters_it_goes_on_after_its_wait() {
    let mut world = smpclient();
    world.server.script = Box::new(|seen, _| {
        if seen.is(group::OS, group::os::PARAMS) { Reaction::LoseRequest } else { Reaction::Normal }
    });
    world.ends(Outcome::Confirmed);
    let wait = world.phase_at(Upload, 0).since(world.phase_at(Params, 0));
    assert_eq!(wait, Span::from_ms(2_500));
}

#[test]
fn numbers_are_counted_modulo_255_by_process() {
    let seqs = |kind| -> Vec<u8> {
        let mut config = config(kind, 60_000);
        config.estimated_swap = Span::ZERO;
        let mut world = World::new(config);
        world.boot_takes = Span::ZERO;
        world.ends(Outcome::Confirmed);
        world.server.seen.iter().map(|seen| seen.header.seq).collect()
    };
    let counted = |len: usize| -> Vec<u8> { (0..len).map(|n| (n % 255) as u8).collect() };
    let library = seqs(StrategyKind::Smpclient);
    assert!(library.len() > 260);
    assert_eq!(library, counted(library.len()));
    let tool = seqs(StrategyKind::Smpmgr);
    let first = tool.len() - 3;
    assert_eq!(tool[..first], counted(first));
    assert_eq!(tool[first..], [0, 1, 2], "the user's run is a process of its own");
}

#[test]
fn where_nothing_fits_the_first_chunk_is_empty() {
    let mut world = smpclient();
    world.att_mtu = 23;
    world.server.script = Box::new(|seen: &Seen, _| match seen.chunk() {
        Some(_) => Reaction::Refuse(ErrorBody::Rc(3)),
        None => Reaction::Normal,
    });
    world.fails_with(ClientError::UploadRejected { rc: 3, group: None });
    let first = world.chunks().next().expect("a chunk");
    assert_eq!(first.chunk().and_then(|chunk| chunk.data).map(<[u8]>::len), Some(0));
    let tag = world.writes.last().expect("a write").tag;
    let pieces = world.writes.iter().filter(|sdu| sdu.tag == tag).count();
    assert!(pieces > 1, "in several writes, though the server cannot put them together");
}

#[test]
fn datagrams_are_as_long_as_the_link_takes_whatever_the_servers_buffer() {
    for (link_mtu, longest) in [(0, 1_472), (576, 548)] {
        let mut world = with(StrategyKind::Smpclient, |config| config.mtu_option = link_mtu);
        world.transport = Transport::Udp;
        world.att_mtu = u16::MAX;
        world.server.params = Some((384, 4));
        world.ends(Outcome::Confirmed);
        let frames: Vec<usize> = world.chunks().map(|seen| seen.frame.len()).collect();
        assert_eq!(frames.iter().max(), Some(&longest));
    }
}
