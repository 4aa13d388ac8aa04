//! The image upload since Zephyr 3.5: group errors, size checks, what a refusal costs; and what
//! options add in every era.

mod support;

use flash_model::{BootMode, ImageSpec, ImageVersion, flags};
use server_model::{HookRefusal, Profile, ServerConfig};
use sha2::{Digest, Sha256};
use sim_core::Span;
use smp_wire::errors::{ErrorBody, GroupError, Rc, find_error};
use smp_wire::image::{UploadRequest, UploadResponse};
use support::upload::{SHA, first, frame, next, response, world};
use support::{ON_TRIAL, TEST_PENDING, World, image};

const SLOT_LEN: u32 = 0x76000;

fn config() -> ServerConfig {
    ServerConfig { profile: Profile::Z37, buf_size: 2475, ..ServerConfig::default() }
}

/// The offset, or the error of the group.
fn answer(world: &mut World, request: &UploadRequest<'_>) -> Result<u32, u16> {
    let body = world.body(&frame(request, 1));
    match find_error(&body) {
        Some(ErrorBody::Group { group: 1, rc }) => Err(rc),
        Some(error) => panic!("{error:?} is no error of the group"),
        None => Ok(response(&body).off.expect("an offset")),
    }
}

/// Uploads all of an image; the answer to its last chunk.
fn upload(world: &mut World, image: &[u8], sha: &[u8]) -> UploadResponse {
    let head = UploadRequest { sha: Some(sha), ..first(image, 600) };
    let mut last = response(&world.body(&frame(&head, 1)));
    while let Some(off) = last.off.filter(|&off| (off as usize) < image.len()) {
        last = response(&world.body(&frame(&next(image, off as usize, 600), 1)));
    }
    last
}

#[test]
fn each_fault_has_its_code_and_ends_the_upload() {
    let image_b = image(5_000, 2);
    let zeros = [0; 600];
    let too_large = Some(SLOT_LEN + 1);
    let faults: [(UploadRequest<'_>, u16, i32); 9] = [
        (UploadRequest { off: None, ..next(&image_b, 600, 600) }, 20, 3),
        (UploadRequest { off: Some(u32::MAX), ..next(&image_b, 600, 600) }, 20, 3),
        (UploadRequest { data: Some(&image_b[..31]), ..first(&image_b, 600) }, 22, 3),
        (UploadRequest { data: None, len: None, ..first(&image_b, 600) }, 22, 3),
        (UploadRequest { len: None, data: Some(&zeros), ..first(&image_b, 600) }, 21, 3),
        (UploadRequest { len: Some(u32::MAX), ..first(&image_b, 600) }, 21, 3),
        (UploadRequest { data: Some(&zeros), ..first(&image_b, 600) }, 23, 1),
        (UploadRequest { sha: Some(&[0; 33]), ..first(&image_b, 600) }, 24, 3),
        (UploadRequest { len: too_large, sha: None, ..first(&image_b, 600) }, 30, 1),
    ];
    for (chunk, code, rc) in faults {
        let mut world = world(config());
        answer(&mut world, &first(&image_b, 600)).expect("taken");
        world.ops.clear();
        assert_eq!(answer(&mut world, &chunk), Err(code), "{chunk:?}");
        assert_eq!(world.erases_and_writes(), (0, 0));
        assert_eq!(answer(&mut world, &next(&image_b, 600, 600)), Ok(0), "forgotten");
        let body = world.body(&frame(&chunk, 0));
        assert_eq!(find_error(&body), Some(ErrorBody::Rc(rc)), "{chunk:?} in version 1");
    }
}

#[test]
fn a_request_that_cannot_be_decoded_leaves_the_upload_alone() {
    let image_b = image(5_000, 2);
    let mut world = world(config());
    answer(&mut world, &first(&image_b, 600)).expect("taken");
    let malformed = [0x0a, 0, 0, 4, 0, 1, 0, 1, 0xa1, 0x61, b'x', 0xff];
    assert_eq!(find_error(&world.body(&malformed)), Some(ErrorBody::Rc(3)));
    assert_eq!(answer(&mut world, &next(&image_b, 600, 600)), Ok(1200));
}

#[test]
fn data_behind_the_stated_end_are_refused_but_not_in_the_first_chunk() {
    let image_b = image(5_000, 2);
    let mut world = world(config());
    let short = UploadRequest { len: Some(1000), ..first(&image_b, 600) };
    assert_eq!(answer(&mut world, &short), Ok(600));
    assert_eq!(answer(&mut world, &next(&image_b, 600, 401)), Err(31));
    assert_eq!(answer(&mut world, &short), Ok(600));
    assert_eq!(answer(&mut world, &next(&image_b, 600, 400)), Ok(1000));
    let shorter = UploadRequest { len: Some(100), ..short };
    assert_eq!(answer(&mut world, &shorter), Ok(600));
    assert_eq!(answer(&mut world, &next(&image_b, 600, 1)), Err(31));
    let just = UploadRequest { len: Some(600), ..short };
    assert_eq!(answer(&mut world, &just), Ok(600));
    assert_eq!(answer(&mut world, &next(&image_b, 600, 1)), Ok(0), "complete, and forgotten");
}

#[test]
fn the_footer_of_the_boot_loader_counts_where_the_server_knows_it() {
    let image_b = image(5_000, 2);
    let footer = ServerConfig { update_footer: Some(0x1000), ..config() };
    for (len, answers) in
        [(SLOT_LEN - 0x1000, Ok(600)), (SLOT_LEN - 0xfff, Err(30)), (SLOT_LEN + 1, Err(30))]
    {
        let chunk = UploadRequest { len: Some(len), ..first(&image_b, 600) };
        assert_eq!(answer(&mut world(footer.clone()), &chunk), answers, "{len:#x}");
    }
    // Zephyr takes the number of the image for that of its running slot.
    let chunk = UploadRequest { image: Some(2), ..first(&image_b, 600) };
    assert_eq!(answer(&mut world(footer), &chunk), Err(10));
}

#[test]
fn with_swap_offset_an_image_that_leaves_no_spare_page_fails_in_the_erase_or_in_the_end() {
    let image_b = image(5_000, 2);
    let config = ServerConfig { boot_mode: BootMode::SwapOffset, ..config() };
    let slot = config.layout.slots[1];
    let chunk = |len| UploadRequest { len: Some(len), sha: None, ..first(&image_b, 600) };
    for (len, answers, erases) in [
        (4096, Ok(600), 3),
        (4097, Ok(600), 4),
        (SLOT_LEN - 4096, Ok(600), 118),
        (SLOT_LEN - 4095, Err(13), 0),
        (SLOT_LEN, Err(13), 0),
        (SLOT_LEN + 1, Err(30), 0),
    ] {
        let mut used = world(config.clone());
        used.flash.load(slot.start, &[0]);
        assert_eq!(answer(&mut used, &chunk(len)), answers, "{len:#x}");
        assert_eq!(used.erases_and_writes().0, erases, "{len:#x}");
    }

    let mut blank = world(config);
    let mut off = answer(&mut blank, &chunk(SLOT_LEN)).expect("taken");
    assert_eq!(blank.ops[0].at(), slot.start + 4096);
    let data = [0x11; 2000];
    let piece = |off| UploadRequest { off: Some(off), data: Some(&data), ..Default::default() };
    while off + 2000 <= SLOT_LEN - 4096 {
        off = answer(&mut blank, &piece(off)).expect("taken");
    }
    assert_eq!(answer(&mut blank, &piece(off)), Err(12));
    assert_eq!(answer(&mut blank, &piece(off)), Ok(0));
}

#[test]
fn a_slot_that_the_next_boot_needs_is_not_written_to() {
    let image_b = image(5_000, 2);
    for (trailer, slot, allow_erase_pending, answers) in [
        (TEST_PENDING, 1, true, Ok(600)),
        (TEST_PENDING, 1, false, Err(9)),
        (ON_TRIAL, 0, true, Err(9)),
    ] {
        let mut world = world(ServerConfig { allow_erase_pending, ..config() });
        world.load(1, &image(1_000, 3));
        world.load_trailer(slot, trailer);
        assert_eq!(answer(&mut world, &first(&image_b, 600)), answers);
        assert_eq!(answer(&mut world, &next(&image_b, 700, 100)), Ok(answers.unwrap_or(0)));
    }
}

#[test]
fn an_upgrade_must_be_newer_as_the_build_compares() {
    let build = |build| {
        let version = ImageVersion { build, ..ImageVersion::new(1, 0, 1) };
        ImageSpec { version, hdr_size: 32, body_len: 1000, seed: 2, ..ImageSpec::default() }.build()
    };
    let ask = |world: &mut World, bytes: &[u8]| {
        answer(world, &UploadRequest { upgrade: Some(true), ..first(bytes, 600) })
    };
    let by_build = ServerConfig { compare_build_number: true, ..config() };
    assert_eq!(ask(&mut world(config()), &build(7)), Err(27));
    assert_eq!(ask(&mut world(by_build.clone()), &build(7)), Ok(600));
    assert_eq!(ask(&mut world(by_build), &build(0)), Err(27));
    assert_eq!(ask(&mut world(config()), &image(1000, 2)), Ok(600));
    assert_eq!(ask(&mut World::new(config()), &image(1000, 2)), Err(26));
}

#[test]
fn an_image_for_another_address_is_refused_where_the_build_looks() {
    let slot = config().layout.slots[1];
    let fixed = |load_addr: u32| {
        let flags = flags::ROM_FIXED;
        let spec = ImageSpec { flags, hdr_size: 32, body_len: 1000, ..ImageSpec::default() };
        let mut bytes = spec.build();
        bytes[4..8].copy_from_slice(&load_addr.to_le_bytes());
        bytes
    };
    let looks = ServerConfig { reject_mismatched_slot: true, ..config() };
    assert_eq!(answer(&mut world(config()), &first(&fixed(0x1000), 600)), Ok(600));
    assert_eq!(answer(&mut world(looks.clone()), &first(&fixed(0x1000), 600)), Err(25));
    assert_eq!(answer(&mut world(looks.clone()), &first(&fixed(slot.start), 600)), Ok(600));
    assert_eq!(answer(&mut world(looks), &first(&image(1000, 2), 600)), Ok(600));
}

#[test]
fn a_server_that_checks_says_whether_the_image_is_the_one_announced() {
    let image_b = image(5_000, 2);
    let sha: [u8; 32] = Sha256::digest(&image_b).into();
    for profile in [Profile::Z32, Profile::Z37] {
        for boot_mode in [BootMode::SwapMove, BootMode::SwapOffset] {
            let config = ServerConfig { profile, boot_mode, image_check: true, ..config() };
            for (sha, matched) in [(&sha[..], true), (&SHA[..], false), (&sha[..31], false)] {
                let mut world = world(config.clone());
                let last = upload(&mut world, &image_b, sha);
                assert_eq!(last.off, Some(image_b.len() as u32));
                assert_eq!(last.matched, Some(matched));
            }
        }
    }
    assert_eq!(upload(&mut world(config()), &image_b, &sha).matched, None);
}

#[test]
fn an_image_that_is_there_already_is_not_uploaded_again() {
    let image_b = image(5_000, 2);
    let sha: [u8; 32] = Sha256::digest(&image_b).into();
    let mut world = world(ServerConfig { image_check: true, ..config() });
    upload(&mut world, &image_b, &sha);
    world.ops.clear();
    let head = UploadRequest { sha: Some(&sha), ..first(&image_b, 600) };
    let again = response(&world.body(&frame(&head, 1)));
    let len = Some(image_b.len() as u32);
    assert_eq!(again, UploadResponse { rc: None, off: len, matched: Some(true) });
    assert_eq!(world.erases_and_writes(), (0, 0));
    assert_eq!(answer(&mut world, &next(&image_b, 600, 600)), Ok(0), "no upload is in progress");
    // Another length is another image.
    let longer = UploadRequest { len: Some(5_200), ..head };
    assert_eq!(answer(&mut world, &longer), Ok(600));
}

#[test]
fn an_image_check_takes_the_processor_as_long_as_it_hashes() {
    let image_b = image(5_000, 2);
    let sha: [u8; 32] = Sha256::digest(&image_b).into();
    let sha_bytes_per_s = 1_000_000;
    let hash = Span::from_us(image_b.len() as u64);
    let mut world = world(ServerConfig { image_check: true, sha_bytes_per_s, ..config() });
    let head = UploadRequest { sha: Some(&sha), ..first(&image_b, 600) };
    // Is the image there already? The answer is no, and the work goes on after it.
    world.write(&frame(&head, 1));
    world.advance(hash - Span::from_us(1));
    assert_eq!((world.notified.len(), world.erases_and_writes()), (0, (0, 0)));
    world.advance(Span::from_us(1));
    assert_eq!(world.notified.len(), 1);
    assert_ne!(world.erases_and_writes(), (0, 0));
    // A chunk in the middle is not hashed; the last one is.
    world.notified.clear();
    let last = image_b.len() as u32 / 600 * 600;
    for off in (600..last).step_by(600) {
        assert_eq!(answer(&mut world, &next(&image_b, off as usize, 600)), Ok(off + 600));
    }
    let rest = image_b.len() - last as usize;
    world.write(&frame(&next(&image_b, last as usize, rest), 1));
    world.advance(hash - Span::from_us(1));
    assert_eq!(world.notified.len(), 0);
    world.advance(Span::from_us(1));
    assert_eq!(response(&world.notified[0][8..]).matched, Some(true));
}

#[test]
fn a_hook_that_refuses_stops_what_would_be_written() {
    let image_b = image(5_000, 2);
    let chunk = frame(&first(&image_b, 600), 1);
    let with = |profile, upload_hook| {
        let upload_hook = Some(upload_hook);
        world(ServerConfig { profile, upload_hook, verbose_errors: true, ..config() })
    };
    let denied = HookRefusal::Rc(Rc::AccessDenied);
    for profile in [Profile::Z32, Profile::Z37] {
        let mut world = with(profile, denied);
        assert_eq!(world.body(&chunk), b"\xbfbrc\x0b\xff");
        assert_eq!(world.erases_and_writes(), (0, 0));
        let probe = UploadRequest { off: Some(1), ..Default::default() };
        assert_eq!(answer(&mut world, &probe), Ok(0), "what is not written is not asked for");
    }
    // The handler does not notice a group error of the hook, and adds the offset.
    let error = HookRefusal::Group(GroupError::new(64, 7));
    let body = with(Profile::Z37, error).body(&chunk);
    assert_eq!(body, b"\xbfcerr\xbfegroup\x18\x40brc\x07\xffcoff\x00\xff");
}
