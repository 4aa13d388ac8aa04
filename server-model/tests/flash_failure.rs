//! What commands are answered with when flash finds no time beside the radio.

mod support;

use flash_model::{Device, Layout, Part, RadioSync};
use server_model::{EraseMode, Profile, ServerConfig};
use smp_wire::errors::{ErrorBody, find_error};
use smp_wire::header::HEADER_LEN;
use smp_wire::image::UploadRequest;
use support::requests::{BASIC, OS, READ, V2, WRITE, frame as request, text};
use support::upload::{first, frame, next, response, world};
use support::{World, hex, image};

const IMAGE: u16 = 1;

fn config(profile: Profile, erase: EraseMode) -> ServerConfig {
    ServerConfig { profile, erase, buf_size: 2475, erase_storage: true, ..ServerConfig::default() }
}

/// The code of the protocol, or of the group, as version 1 and version 2 show it.
fn code(body: &[u8]) -> Option<(char, i32)> {
    find_error(body).map(|error| match error {
        ErrorBody::Group { rc, .. } => ('g', rc.into()),
        ErrorBody::Rc(rc) => ('r', rc),
    })
}

/// The answer while flash fails, in both versions of the protocol; the server goes on afterwards.
fn codes(world: &World, frames: [&[u8]; 2]) -> [Option<(char, i32)>; 2] {
    frames.map(|frame| {
        let mut world = world.clone();
        world.flash_fails = true;
        let code = code(&world.body(frame));
        assert_eq!(world.ops.len(), 1, "nothing more is tried");
        world.flash_fails = false;
        let echo = request(READ, OS, 0, &format!("a1{}{}", text("d"), text("x")));
        assert_eq!(hex(&world.body(&echo)), format!("bf{}{}ff", text("r"), text("x")));
        code
    })
}

fn both(op: u8, group: u16, id: u8, body: &str) -> [Vec<u8>; 2] {
    [op, op | V2].map(|op| request(op, group, id, body))
}

#[test]
fn a_chunk_whose_write_or_progressive_erase_fails_is_a_write_that_failed() {
    let new = image(5_000, 2);
    let chunk = [0, 1].map(|version| frame(&first(&new, 600), version));
    let frames = [&chunk[0][..], &chunk[1][..]];
    for (profile, expected) in [
        (Profile::Z32, [Some(('r', 1)), Some(('r', 1))]),
        (Profile::Z37, [Some(('r', 1)), Some(('g', 12))]),
    ] {
        let world = world(config(profile, EraseMode::Progressive));
        assert_eq!(codes(&world, frames), expected, "{profile:?}");
    }
    // The erase is over, and then the write fails.
    let mut later = world(config(Profile::Z37, EraseMode::Progressive));
    response(&later.body(&frame(&first(&new, 600), 1)));
    later.ops.clear();
    let second = [0, 1].map(|version| frame(&next(&new, 600, 600), version));
    assert_eq!(codes(&later, [&second[0], &second[1]]), [Some(('r', 1)), Some(('g', 12))]);
}

#[test]
fn a_first_chunk_whose_erase_fails_is_an_erase_that_failed() {
    let new = image(5_000, 2);
    let chunk = [0, 1].map(|version| frame(&first(&new, 600), version));
    let mut world = world(config(Profile::Z37, EraseMode::UpFront));
    world.load(1, &image(3_000, 3));
    assert_eq!(codes(&world, [&chunk[0], &chunk[1]]), [Some(('r', 1)), Some(('g', 13))]);
}

#[test]
fn an_upload_whose_flash_failed_is_over_where_a_refusal_ends_it() {
    let new = image(5_000, 2);
    let mut world = world(config(Profile::Z37, EraseMode::Progressive));
    response(&world.body(&frame(&first(&new, 600), 1)));
    world.flash_fails = true;
    world.body(&frame(&next(&new, 600, 600), 1));
    world.flash_fails = false;
    let answer = response(&world.body(&frame(&next(&new, 1_200, 600), 1)));
    assert_eq!(answer.off, Some(0), "no upload is in progress");
    // And a new one works.
    let answer = response(&world.body(&frame(&first(&new, 600), 1)));
    assert_eq!(answer.off, Some(600));
}

/// A part that was sent an image, which ends inside a write unit, up to the
/// erase of the trailer's page, which fails; and the image.
fn without_its_trailer(part: Part, profile: Profile) -> (World, Vec<u8>) {
    let layout = Layout::preset(Layout::preset_of(part.name)).expect("there is one");
    let config = ServerConfig { layout, ..config(profile, EraseMode::Progressive) };
    let mut world = World::with_flash(config, Device::new(part, RadioSync::None));
    let new = image(1_202, 2);
    assert!(!new.len().is_multiple_of(4));
    response(&world.body(&frame(&first(&new, 600), 1)));
    response(&world.body(&frame(&next(&new, 600, 600), 1)));
    world.erases_fail = true;
    let answer = code(&world.body(&frame(&next(&new, 1_200, 600), 1)));
    assert_eq!(answer, Some(if profile == Profile::Z32 { ('r', 1) } else { ('g', 12) }));
    world.erases_fail = false;
    world.ops.clear();
    (world, new)
}

#[test]
fn the_last_chunk_repeated_behind_a_padded_write_is_refused_and_asks_nothing_of_flash() {
    for part in [Part::nrf54l15(), Part::nrf52840()] {
        let (mut world, new) = without_its_trailer(part, Profile::Z32);
        for _ in 0..20 {
            let answer = code(&world.body(&frame(&next(&new, 1_200, 600), 1)));
            assert_eq!(answer, Some(('r', 1)), "{}", part.name);
            assert_eq!(world.ops, [], "{}", part.name);
        }
        assert_eq!(world.slot(1)[..new.len()], new);
        // By its name it goes on where it stands; one of another name works, trailer included.
        let resumed = response(&world.body(&frame(&first(&new, 600), 1)));
        assert_eq!(resumed.off, Some(1_200));
        world.flash.clear(world.server.config().layout.secondary());
        for off in [0, 600, 1_200] {
            let start = UploadRequest { sha: Some(&[1; 32]), ..first(&new, 600) };
            let chunk = if off == 0 { start } else { next(&new, off, 600) };
            let answer = response(&world.body(&frame(&chunk, 1)));
            assert_eq!(answer.off, Some(new.len().min(off + 600) as u32));
        }
        assert_eq!(world.slot(1)[..new.len()], new);
    }
}

#[test]
fn a_later_server_has_forgotten_the_upload_whose_last_chunk_is_repeated() {
    let (mut world, new) = without_its_trailer(Part::nrf54l15(), Profile::Z37);
    let answer = response(&world.body(&frame(&next(&new, 1_200, 600), 1)));
    assert_eq!((answer.off, &world.ops[..]), (Some(0), &[][..]));
}

#[test]
fn an_erase_command_says_that_the_erase_failed() {
    for (profile, expected) in [
        (Profile::Z32, [Some(('r', 1)), Some(('r', 1))]),
        (Profile::Z37, [Some(('r', 1)), Some(('g', 13))]),
    ] {
        let mut world = world(config(profile, EraseMode::Progressive));
        world.load(1, &image(3_000, 3));
        let [v1, v2] = both(WRITE, IMAGE, 5, "a0");
        assert_eq!(codes(&world, [&v1, &v2]), expected, "{profile:?}");
    }
}

#[test]
fn a_failed_erase_of_the_storage_leaves_version_1_without_a_usable_answer() {
    let [v1, v2] = both(WRITE, BASIC, 0, "a0");
    let world = world(config(Profile::Z37, EraseMode::Progressive));
    for (frame, expected) in [(&v1, None), (&v2, Some(('g', 4)))] {
        let mut world = world.clone();
        world.flash_fails = true;
        let answers = world.exchange(&[frame]);
        assert_eq!(answers.first().and_then(|answer| code(&answer[HEADER_LEN..])), expected);
    }
    let early = self::world(config(Profile::Z32, EraseMode::Progressive));
    assert_eq!(codes(&early, [&v1, &v2]), [Some(('r', 1)); 2]);
}

#[test]
fn a_test_says_that_the_write_failed_and_an_early_confirm_says_nothing() {
    let new = image(3_000, 3);
    let test = |world: &mut World| {
        world.load(1, &new);
        let listed = hex(&world.body(&request(READ, IMAGE, 0, "a0")));
        let hash = "6468617368";
        // The second hash of the list is that of slot 1.
        let at = listed.rfind(&format!("{hash}5820")).expect("an image") + hash.len() + 4;
        let digest = listed[at..at + 64].to_owned();
        both(WRITE, IMAGE, 0, &format!("a1{hash}5820{digest}"))
    };
    for (profile, expected) in [
        (Profile::Z32, [Some(('r', 1)), Some(('r', 1))]),
        (Profile::Z37, [Some(('r', 1)), Some(('g', 12))]),
    ] {
        let mut world = world(config(profile, EraseMode::Progressive));
        let [v1, v2] = test(&mut world);
        assert_eq!(codes(&world, [&v1, &v2]), expected, "{profile:?}");
    }
    // {"confirm": true}, of a running image on trial.
    for (profile, expected) in [(Profile::Z32, None), (Profile::Z37, Some(('r', 1)))] {
        let mut world = world(config(profile, EraseMode::Progressive));
        world.load_trailer(0, support::ON_TRIAL);
        let [v1, _] = both(WRITE, IMAGE, 0, "a167636f6e6669726df5");
        let [answer, _] = codes(&world, [&v1, &v1]);
        assert_eq!(answer, expected, "{profile:?}");
    }
}
