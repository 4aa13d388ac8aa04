//! Clients that ask for the boot loader, and the ages of Android's library.

use crate::server::{Reaction, Script};
use crate::world::{World, config};
use client_model::{
    ClientError, Era, Mode, Outcome,
    Phase::{self, *},
    StrategyKind,
};
use sim_core::Span;
use smp_wire::group;

/// A server that tells its boot loader's name and this mode.
fn boot_loader(mode: u8) -> Box<Script> {
    Box::new(move |seen, _| {
        if !seen.is(group::OS, group::os::BOOTLOADER_INFO) {
            return Reaction::Normal;
        }
        match seen.body() {
            [0xa0] => Reaction::Body(b"\xa1\x6abootloader\x67MCUboot".to_vec()),
            b"\xa1\x65query\x64mode" => Reaction::Body([&b"\xa1\x64mode"[..], &[mode]].concat()),
            other => panic!("{other:?}"),
        }
    })
}

fn with(kind: StrategyKind, era: Era, mode: Mode) -> World {
    let mut config = config(kind, 4_000);
    config.era = era;
    config.mode = mode;
    config.estimated_swap = Span::from_s(20);
    World::new(config)
}

fn asked(world: &World) -> usize {
    world.server.seen.iter().filter(|seen| seen.is(0, group::os::BOOTLOADER_INFO)).count()
}

#[test]
fn the_latest_library_asks_and_takes_silence_for_a_boot_loader_that_swaps() {
    let mut world = with(StrategyKind::Android, Era::Modern, Mode::TestAndConfirm);
    world.ends(Outcome::Confirmed);
    assert_eq!(asked(&world), 0);
    let expected: Vec<Phase> = world.phases();
    for (script, questions) in [(None, 1), (Some(boot_loader(3)), 2)] {
        let mut world = with(StrategyKind::Android, Era::Latest, Mode::TestAndConfirm);
        if let Some(script) = script {
            world.server.script = script;
        }
        world.ends(Outcome::Confirmed);
        assert_eq!(asked(&world), questions);
        let mut phases = world.phases();
        assert_eq!(phases.remove(3), BootLoader);
        assert_eq!(phases, expected);
    }
    let mut world = with(StrategyKind::Android, Era::Latest, Mode::TestAndConfirm);
    world.server.script = Box::new(|seen, _| {
        if seen.is(0, group::os::BOOTLOADER_INFO) { Reaction::LoseAnswer } else { Reaction::Normal }
    });
    world.ends(Outcome::Confirmed);
    let wait = world.phase_at(List, 0).since(world.phase_at(BootLoader, 0));
    assert_eq!(wait, Span::from_ms(2_500));
}

/// A proposed client asks when a mark is refused, and goes on only where there are none to be made.
#[test]
fn a_proposed_client_asks_when_a_mark_is_not_supported() {
    for kind in [StrategyKind::GoBack, StrategyKind::SmpsimBest] {
        let refusing = |boot_mode| {
            let mut world = with(kind, Era::Modern, Mode::TestAndConfirm);
            let mut tells = boot_loader(boot_mode);
            world.server.script = Box::new(move |seen, n| {
                let mark = seen.is(1, 0) && seen.header.op == 2;
                let refusal = smp_wire::errors::ErrorBody::Rc(8);
                if mark { Reaction::Refuse(refusal) } else { tells(seen, n) }
            });
            world
        };
        for mode in [3, 5] {
            let mut world = refusing(mode);
            let (rc, group, phase) = (8, None, Test);
            world.fails_with(ClientError::Rc { rc, group, phase });
            assert_eq!((asked(&world), world.server.resets), (2, 0));
        }
        let mut world = refusing(4);
        world.run();
        assert_eq!((asked(&world), world.server.resets), (2, 1));
        let mut clean = with(kind, Era::Modern, Mode::TestAndConfirm);
        clean.ends(Outcome::Confirmed);
        assert_eq!(asked(&clean), 0);
    }
}

/// Mode 4 is direct execution in place without revert, 5 with revert.
#[test]
fn without_revert_nothing_is_marked() {
    let marks = |kind, boot_mode| {
        let mut world = with(kind, Era::Latest, Mode::ConfirmOnly);
        world.server.script = boot_loader(boot_mode);
        world.run();
        assert_eq!(world.server.resets, 1);
        world.server.seen.iter().filter(|seen| seen.is(1, 0) && seen.header.op == 2).count()
    };
    for kind in [StrategyKind::Android, StrategyKind::Ios] {
        assert_eq!(marks(kind, 3), 1);
        assert_eq!(marks(kind, 4), 0);
        assert_eq!(marks(kind, 5), 1);
    }
}

#[test]
fn ios_does_not_wait_for_a_swap_that_there_is_not() {
    for (boot_mode, waits) in [(3, true), (4, false), (5, false)] {
        let mut world = with(StrategyKind::Ios, Era::Modern, Mode::TestOnly);
        world.server.script = boot_loader(boot_mode);
        world.run();
        let (at, _) = world.finished.expect("it ended");
        assert_eq!(at > world.phase_at(Wait, 0), waits, "mode {boot_mode}");
    }
}

#[test]
fn the_early_library_gives_every_answer_a_second() {
    for window in [1, 3] {
        let mut config = config(StrategyKind::Android, 4_000);
        config.era = Era::Early;
        config.window = window;
        let mut world = World::new(config);
        let mut first = true;
        world.server.script = Box::new(move |seen, _| {
            let lost = seen.chunk().is_some() && std::mem::take(&mut first);
            if lost { Reaction::LoseRequest } else { Reaction::Normal }
        });
        if window > 1 {
            world.ends(Outcome::Confirmed);
            assert!(world.phase_at(Test, 0).since(world.phase_at(Upload, 0)) < Span::from_s(3));
            continue;
        }
        world.fails_with(ClientError::Timeout { phase: Upload });
        let (at, _) = world.finished.expect("it ended");
        assert_eq!(at, world.phase_at(Upload, 0) + Span::from_s(1));
        assert!(world.server.seen.iter().all(|seen| seen.header.version == 0));
    }
}
