//! The strategies that nobody has: what they do, and what they survive.

use crate::server::Reaction;
use crate::world::{World, config, image};
use client_model::{
    ClientConfig, ClientError, ClientOut, Origin, Outcome, Phase, StrategyKind as Kind, Transport,
};
use sim_core::Span;

pub(crate) const LEN: usize = 9_000;

pub(crate) fn proposed() -> impl Iterator<Item = Kind> {
    Kind::ALL.iter().copied().filter(|kind| kind.origin() == Origin::Proposed)
}

/// A world with a server of 4 buffers of 244 octets, whose answers take 30 ms.
fn world(kind: Kind, window: u8) -> World {
    let mut world = World::new(ClientConfig { window, ..config(kind, LEN) });
    world.server.params = Some((244, 4));
    world.boot_takes = Span::ZERO;
    world
}

fn offsets(world: &World) -> Vec<u32> {
    world.chunks().map(|seen| seen.chunk().and_then(|chunk| chunk.off).expect("off")).collect()
}

/// Does `reaction` to the n-th upload request, counted from 1.
fn at_chunk(world: &mut World, n: usize, reaction: Reaction) {
    let mut count = 0;
    world.server.script = Box::new(move |seen, _| {
        count += usize::from(seen.chunk().is_some());
        let hit = seen.chunk().is_some() && count == n;
        if hit { reaction.clone() } else { Reaction::Normal }
    });
}

fn upload_time(world: &World) -> Span {
    world.phase_at(Phase::Test, 0).since(world.phase_at(Phase::Upload, 0))
}

#[test]
fn each_of_them_updates() {
    for kind in proposed() {
        let mut world = world(kind, 3);
        world.ends(Outcome::Confirmed);
        assert_eq!(world.server.stored, image(LEN).bytes[..], "{kind:?}");
        let repeated = offsets(&world).windows(2).any(|two| two[0] >= two[1]);
        assert!(!repeated, "{kind:?} sends nothing twice when nothing is lost");
    }
}

#[test]
fn each_of_them_survives_every_single_loss() {
    for kind in proposed() {
        let mut clean = world(kind, 3);
        clean.ends(Outcome::Confirmed);
        for n in 1..=clean.chunks().count() {
            for reaction in [Reaction::LoseRequest, Reaction::LoseAnswer] {
                let mut world = world(kind, 3);
                at_chunk(&mut world, n, reaction);
                world.ends(Outcome::Confirmed);
                assert_eq!(world.server.stored, image(LEN).bytes[..], "{kind:?} {n}");
            }
        }
    }
}

#[test]
fn going_back_at_once_costs_a_round_trip_or_two() {
    let cost = |kind| {
        let mut clean = world(kind, 3);
        clean.ends(Outcome::Confirmed);
        let mut lossy = world(kind, 3);
        at_chunk(&mut lossy, 5, Reaction::LoseRequest);
        lossy.ends(Outcome::Confirmed);
        upload_time(&lossy).saturating_sub(upload_time(&clean))
    };
    assert!(cost(Kind::GoBack) <= Span::from_ms(60), "{:?}", cost(Kind::GoBack));
}

#[test]
fn measured_timeouts_find_a_lost_answer_sooner() {
    let cost = |kind| {
        let mut world = world(kind, 1);
        at_chunk(&mut world, 10, Reaction::LoseAnswer);
        world.ends(Outcome::Confirmed);
        upload_time(&world)
    };
    assert!(cost(Kind::GoBack) > Span::from_ms(2_500));
    assert!(cost(Kind::RttTimeout) < Span::from_ms(1_500), "{:?}", cost(Kind::RttTimeout));
}

#[test]
fn a_lost_last_answer_costs_the_best_one_no_second_upload() {
    let count = |kind| {
        let mut clean = world(kind, 1);
        clean.ends(Outcome::Confirmed);
        let mut world = world(kind, 1);
        at_chunk(&mut world, clean.chunks().count(), Reaction::LoseAnswer);
        world.ends(Outcome::Confirmed);
        (clean.chunks().count(), world.chunks().count())
    };
    let (clean, best) = count(Kind::SmpsimBest);
    assert_eq!(best, clean + 1, "the last chunk again");
    let (clean, plain) = count(Kind::GoBack);
    assert_eq!(plain, 2 * clean + 1);
}

#[test]
fn only_those_that_say_so_go_on_after_a_lost_link() {
    for kind in proposed() {
        let mut world = world(kind, 1);
        world.cut_at_write = Some(12);
        if !matches!(kind, Kind::ResumeUpdate | Kind::SmpsimBest) {
            world.fails_with(ClientError::LinkLost { phase: Phase::Upload, reason: 8 });
            continue;
        }
        world.ends(Outcome::Confirmed);
        assert_eq!(world.server.stored, image(LEN).bytes[..]);
        let zeros = offsets(&world).iter().filter(|&&off| off == 0).count();
        assert_eq!(zeros, 2, "{kind:?} asks where the server stands");
        assert!(world.server.seen.iter().all(|seen| !seen.is(1, 5)), "nothing is erased");
    }
}

#[test]
fn a_refused_erase_is_done_without() {
    let mut world = world(Kind::EraseAhead, 1);
    world.ends(Outcome::Confirmed);
    assert_eq!(world.server.seen.iter().filter(|seen| seen.is(1, 5)).count(), 1);
    let phases = world.phases();
    let at = |phase| phases.iter().position(|&p| p == phase).expect("the phase");
    assert!(at(Phase::EraseSlot) < at(Phase::Upload));
}

#[test]
fn interval_control_asks_for_a_long_timeout_first_and_then_for_a_short_interval() {
    let mut world = world(Kind::IntervalControl, 1);
    world.ends(Outcome::Confirmed);
    let asked: Vec<(u64, u64)> = world
        .outs
        .iter()
        .filter_map(|out| match out {
            ClientOut::SetParams(params) => {
                Some((params.interval.as_us(), params.timeout.as_us() / 1_000))
            }
            _ => None,
        })
        .collect();
    assert_eq!(asked, [(30_000, 20_000), (12_500, 4_000)]);
}

#[test]
fn the_best_one_waits_for_a_busy_server() {
    let mut world = world(Kind::SmpsimBest, 3);
    let mut refusals = 0;
    world.server.script = Box::new(move |seen, n| {
        let busy = seen.chunk().is_some() && n > 8 && refusals < 5;
        refusals += usize::from(busy);
        let error = smp_wire::errors::ErrorBody::Rc(10);
        if busy { Reaction::Refuse(error) } else { Reaction::Normal }
    });
    world.ends(Outcome::Confirmed);
    assert!(upload_time(&world) > Span::from_ms(300));
    assert_eq!(world.server.stored, image(LEN).bytes[..]);
}

#[test]
fn a_refusal_for_good_ends_every_one() {
    for kind in proposed() {
        let mut world = world(kind, 3);
        at_chunk(&mut world, 3, Reaction::Refuse(smp_wire::errors::ErrorBody::Rc(3)));
        world.fails_with(ClientError::UploadRejected { rc: 3, group: None });
    }
}

#[test]
fn a_server_that_stands_still_ends_every_one() {
    for kind in proposed() {
        let mut world = world(kind, 3);
        world.server.script = Box::new(|seen, _| match seen.chunk() {
            Some(_) => Reaction::Body(b"\xbf\x63off\x05\xff".to_vec()),
            None => Reaction::Normal,
        });
        let finish = world.run().expect("it ends");
        assert_eq!(finish.error.map(|error| error.name()), Some("not_acknowledged"), "{kind:?}");
        assert!(world.chunks().count() < 80);
    }
}

#[test]
fn an_echo_shows_whether_the_server_puts_frames_together() {
    for reassembles in [true, false] {
        let mut world = world(Kind::SmpsimBest, 3);
        world.server.params = Some((1_024, 4));
        world.server.single_writes = !reassembles;
        world.ends(Outcome::Confirmed);
        let longest = world.chunks().map(|seen| seen.frame.len()).max();
        assert_eq!(longest, Some(if reassembles { 1_024 } else { 244 }));
    }
}

#[test]
fn an_echo_without_an_answer_costs_round_trips_not_seconds() {
    for transport in [Transport::Ble, Transport::Udp] {
        let before_upload = |silent: bool| {
            let mut world = world(Kind::SmpsimBest, 3);
            world.transport = transport;
            world.att_mtu = 498;
            world.server.params = None;
            world.server.script = Box::new(move |seen, _| {
                let lost = seen.is(0, 0) && silent;
                if lost { Reaction::LoseRequest } else { Reaction::Normal }
            });
            world.run();
            world.phase_at(Phase::Upload, 0)
        };
        let lost = before_upload(true).since(before_upload(false));
        assert!(lost > Span::from_ms(400) && lost < Span::from_s(4), "{transport:?}: {lost:?}");
    }
}

#[test]
fn echoes_find_the_buffer_of_a_server_that_tells_nothing() {
    for (buffer, longest) in [(512, 495), (384, 384), (300, 256), (200, 128)] {
        let mut world = world(Kind::SmpsimBest, 3);
        world.att_mtu = 498;
        world.server.params = None;
        world.server.single_writes = true;
        world.server.script = Box::new(move |seen, _| {
            if seen.frame.len() > buffer { Reaction::LoseRequest } else { Reaction::Normal }
        });
        world.ends(Outcome::Confirmed);
        assert_eq!(world.chunks().map(|seen| seen.frame.len()).max(), Some(longest), "{buffer}");
    }
}

#[test]
fn the_best_one_listens_for_the_device_as_soon_as_the_link_is_down() {
    let wait = |kind, boot_s| {
        let mut world = World::new(ClientConfig {
            estimated_swap: Span::from_s(40),
            connect_retries: 0,
            ..config(kind, LEN)
        });
        world.boot_takes = Span::from_s(boot_s);
        world.ends(Outcome::Confirmed);
        world.phase_at(Phase::Confirm, 0).since(world.phase_at(Phase::Reset, 0))
    };
    assert!(wait(Kind::SmpsimBest, 35) < Span::from_ms(36_000));
    assert!(wait(Kind::GoBack, 35) > Span::from_s(40));
    // Longer than one attempt lasts, yet within the estimate and one attempt more.
    assert!(wait(Kind::SmpsimBest, 65) < Span::from_ms(66_000));
}
