//! The `DevZone` sample as its users change it: a wait with a limit, and what -16 then means; and
//! buffers that are too short for the image list.

use crate::server::{Reaction, Script};
use crate::world::{World, config, image};
use client_model::{
    ClientConfig, ClientError as E, ClientEvent, ClientIn, Outcome, Phase, StrategyKind,
};
use sim_core::{Sdu, Span};

const LEN: usize = 5_000;

fn with(change: impl FnOnce(&mut ClientConfig)) -> World {
    let mut config = config(StrategyKind::NcsCentralSample, LEN);
    change(&mut config);
    let mut world = World::new(config);
    world.server.rc_first = true;
    world
}

fn impatient(config: &mut ClientConfig) {
    config.answer_timeout = Some(Span::from_s(2));
    config.user_retries = 3;
}

/// The answer to the n-th upload request, counted from 1, and to all later ones if so, is lost.
fn lose_answer(n: usize, and_later: bool) -> Box<Script> {
    let mut count = 0;
    Box::new(move |seen, _| {
        count += usize::from(seen.chunk().is_some());
        let hit = count == n || and_later && count > n;
        if seen.chunk().is_some() && hit { Reaction::LoseAnswer } else { Reaction::Normal }
    })
}

fn sent_at(world: &World, nth: usize) -> sim_core::Time {
    let chunk = |event: &ClientEvent| matches!(event, ClientEvent::UploadChunk { .. });
    world.log.iter().filter(|(_, event)| chunk(event)).nth(nth).expect("a chunk").0
}

#[test]
fn after_one_lost_answer_every_further_command_is_refused_with_minus_16() {
    let mut world = with(impatient);
    world.server.script = lose_answer(5, false);
    world.fails_with(E::Ebusy { attempts: 3 });
    assert_eq!(world.chunks().count(), 5, "nothing more reaches the server");
    let (at, _) = world.finished.expect("it ended");
    assert_eq!(at, sent_at(&world, 4) + Span::from_s(6));
}

#[test]
fn an_answer_that_comes_late_lets_the_upload_go_on() {
    let mut world = with(impatient);
    world.latency = Span::from_ms(4_500);
    // The reset is answered before the link goes down.
    world.link_dies_after = Some(Span::from_s(10));
    world.boot_takes = Span::ZERO;
    world.ends(Outcome::Confirmed);
    assert_eq!(world.server.stored, image(LEN).bytes[..]);
}

#[test]
fn one_that_lets_go_of_the_answer_sends_the_chunk_again_and_goes_on() {
    let mut world = with(|config| {
        impatient(config);
        config.clears_pending = true;
    });
    world.server.script = lose_answer(5, false);
    world.boot_takes = Span::ZERO;
    world.ends(Outcome::Confirmed);
    assert_eq!(world.server.stored, image(LEN).bytes[..]);
    assert_eq!(sent_at(&world, 5), sent_at(&world, 4) + Span::from_s(2));
    let offsets: Vec<u32> =
        world.chunks().map(|seen| seen.chunk().and_then(|chunk| chunk.off).expect("off")).collect();
    assert_eq!(offsets[4], offsets[5]);
    assert_eq!(offsets.len(), LEN.div_ceil(150) + 1);
}

#[test]
fn it_gives_up_when_no_answer_comes_at_all() {
    let mut world = with(|config| {
        impatient(config);
        config.clears_pending = true;
    });
    world.server.script = lose_answer(5, true);
    world.fails_with(E::Timeout { phase: Phase::Upload });
    assert_eq!(world.chunks().count(), 4 + 3);
}

#[test]
fn the_key_version_overruns_five_octets_and_its_text_may_overrun_eight() {
    let crash = |version_buf| {
        let mut world = with(|config| config.version_buf = version_buf);
        world.boot_takes = Span::ZERO;
        world.run().expect("it ends").error
    };
    assert_eq!(crash(5), Some(E::ClientCrashed { octets: 7, buffer: 5 }));
    // The NUL is the eighth octet.
    assert_eq!(crash(7), Some(E::ClientCrashed { octets: 7, buffer: 7 }));
    // Key and "1.0.0" fit.
    assert_eq!(crash(8), None);
    assert_eq!(crash(0), None);
}

#[test]
fn a_service_that_demands_more_security_ends_the_update_at_once() {
    for kind in [StrategyKind::NcsCentralSample, StrategyKind::Android] {
        let mut world = World::new(config(kind, LEN));
        world.refusal = Some(0x05);
        world.fails_with(E::InsufficientAuthentication { code: 0x05 });
        assert_eq!(world.writes, [], "nothing was written");
        assert!(world.phases().contains(&Phase::Discover));
    }
}

#[test]
fn a_refusal_while_nothing_is_being_discovered_changes_nothing() {
    let mut world = World::new(config(StrategyKind::Android, LEN));
    world.input_after(Span::ZERO, ClientIn::Refused { code: 0x05 });
    world.input_after(Span::ZERO, ClientIn::Received(Sdu { tag: 0, bytes: vec![0; 8] }));
    world.boot_takes = Span::ZERO;
    world.ends(Outcome::Confirmed);
}
