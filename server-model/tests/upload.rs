//! The image upload: what each kind of chunk is answered with, and what it does to flash.

mod support;

use flash_model::{Area, FlashOp, FlashView};
use server_model::{EraseMode, ServerConfig, ServerEvent, ServerIn};
use smp_wire::errors::{ErrorBody, find_error};
use smp_wire::image::{UploadRequest, UploadResponse};
use support::upload::{SHA, first, frame, next, world};
use support::{TEST_PENDING, World, image};

fn config() -> ServerConfig {
    ServerConfig { buf_size: 2475, ..ServerConfig::default() }
}

/// The offset, or the error code, that a chunk is answered with.
fn answer(world: &mut World, request: &UploadRequest<'_>) -> Result<u32, i32> {
    let body = world.body(&frame(request, 0));
    match find_error(&body) {
        Some(ErrorBody::Rc(rc)) => Err(rc),
        Some(ErrorBody::Group { .. }) => panic!("SMP version 1 knows no group errors"),
        None => Ok(UploadResponse::decode(&body).ok().and_then(|rsp| rsp.off).expect("an offset")),
    }
}

/// Uploads all of an image in chunks; erases and writes of the first request, then of all others.
fn upload(world: &mut World, image: &[u8], chunk: usize) -> [(usize, usize); 2] {
    world.ops.clear();
    let mut off = answer(world, &first(image, chunk)).expect("taken");
    let first = world.erases_and_writes();
    while (off as usize) < image.len() {
        let before = off as usize;
        off = answer(world, &next(image, before, chunk)).expect("taken");
        assert_eq!(off as usize, image.len().min(before + chunk));
    }
    [first, world.erases_and_writes()]
}

#[test]
fn a_used_slot_is_erased_inside_the_first_request() {
    let image_b = image(373_928 - 72, 2);
    assert_eq!(image_b.len(), 373_928);
    let mut world = world(config());
    world.load(1, &image(300_000, 3));
    let [first, others] = upload(&mut world, &image_b, 2400);
    assert_eq!(first, (93, 4));
    assert_eq!(others, (0, 731 - 4));
    assert_eq!(world.slot(1)[..image_b.len()], image_b);
}

#[test]
fn a_blank_slot_is_not_erased() {
    let image_b = image(10_000, 2);
    let mut world = world(config());
    let [first, others] = upload(&mut world, &image_b, 400);
    assert_eq!(first.0 + others.0, 0);
    assert_eq!(first.1 + others.1, image_b.len().div_ceil(512));
    assert_eq!(world.slot(1)[..image_b.len()], image_b);
}

#[test]
fn progressive_erase_takes_a_page_before_its_first_write_and_the_trailer_last() {
    let image_b = image(10_000, 2);
    let mut world = world(ServerConfig { erase: EraseMode::Progressive, ..config() });
    world.load(1, &image(300_000, 3));
    let slot = world.server.config().layout.slots[1];
    world.flash.load(slot.end() - 100, &[0]);
    let [first, others] = upload(&mut world, &image_b, 400);
    assert_eq!(first, (0, 0));
    assert_eq!(others, (3 + 1, image_b.len().div_ceil(512)));
    assert_eq!(world.slot(1)[..image_b.len()], image_b);
    assert!(world.flash.is_blank(Area::new(slot.end() - 4096, 4096)));
}

#[test]
fn an_erase_of_a_page_precedes_the_write_that_needs_it() {
    let image_b = image(5_000, 2);
    let mut world = world(ServerConfig { erase: EraseMode::Progressive, ..config() });
    let start = world.server.config().layout.slots[1].start;
    answer(&mut world, &first(&image_b, 1000)).expect("taken");
    let at: Vec<_> = world.ops.iter().map(FlashOp::at).collect();
    assert_eq!(at, [start, start]);
    assert!(matches!(world.ops[0], FlashOp::Erase { .. }));
    assert!(matches!(world.ops[1], FlashOp::Write { .. }));
}

#[test]
fn a_restart_in_progressive_mode_erases_the_first_page_again() {
    let image_b = image(5_000, 2);
    let mut world = world(ServerConfig { erase: EraseMode::Progressive, ..config() });
    answer(&mut world, &first(&image_b, 1000)).expect("taken");
    let unnamed = UploadRequest { sha: None, ..first(&image_b, 1000) };
    assert_eq!(world.erases_and_writes(), (1, 1));
    assert_eq!(answer(&mut world, &unnamed), Ok(1000));
    assert_eq!(world.erases_and_writes(), (1, 1));
}

#[test]
fn writes_happen_inside_the_request_that_fills_the_buffer() {
    let image_b = image(5_000, 2);
    let mut world = world(config());
    let mut writes = Vec::new();
    answer(&mut world, &first(&image_b, 300)).expect("taken");
    writes.push(world.erases_and_writes().1);
    for (off, len) in [(300, 211), (511, 1), (512, 1024), (1536, 511)] {
        answer(&mut world, &next(&image_b, off, len)).expect("taken");
        writes.push(world.erases_and_writes().1);
    }
    assert_eq!(writes, [0, 0, 1, 2, 0]);
}

#[test]
fn a_chunk_out_of_order_is_answered_with_the_current_offset_and_not_written() {
    let image_b = image(5_000, 2);
    let mut world = world(config());
    assert_eq!(answer(&mut world, &first(&image_b, 600)), Ok(600));
    assert_eq!(answer(&mut world, &next(&image_b, 600, 600)), Ok(1200));
    world.ops.clear();
    for off in [600, 599, 1, 1201, 4000] {
        assert_eq!(answer(&mut world, &next(&image_b, off, 600)), Ok(1200), "{off}");
    }
    assert_eq!(world.erases_and_writes(), (0, 0));
    assert_eq!(answer(&mut world, &next(&image_b, 1200, 600)), Ok(1800));
}

#[test]
fn an_empty_chunk_at_the_right_offset_asks_where_the_upload_stands() {
    let image_b = image(5_000, 2);
    let mut world = world(config());
    answer(&mut world, &first(&image_b, 600)).expect("taken");
    for data in [None, Some(&[][..])] {
        let probe = UploadRequest { off: Some(600), data, ..UploadRequest::default() };
        assert_eq!(answer(&mut world, &probe), Ok(600));
    }
}

#[test]
fn without_an_upload_every_later_chunk_is_answered_with_zero() {
    let image_b = image(5_000, 2);
    let mut world = world(config());
    assert_eq!(answer(&mut world, &next(&image_b, 600, 600)), Ok(0));
    assert_eq!(world.erases_and_writes(), (0, 0));
}

#[test]
fn after_the_last_octet_the_upload_is_forgotten() {
    let image_b = image(2_000, 2);
    let mut world = world(config());
    upload(&mut world, &image_b, 700);
    assert_eq!(answer(&mut world, &next(&image_b, 1400, 700)), Ok(0));
    // A naive client starts over, and the slot is erased again.
    assert_eq!(answer(&mut world, &first(&image_b, 700)), Ok(700));
    assert_eq!(world.erases_and_writes(), (2, 1));
}

#[test]
fn the_same_name_resumes_and_any_other_restarts() {
    let image_b = image(5_000, 2);
    let mut world = world(config());
    answer(&mut world, &first(&image_b, 600)).expect("taken");
    answer(&mut world, &next(&image_b, 600, 600)).expect("taken");
    world.ops.clear();
    assert_eq!(answer(&mut world, &first(&image_b, 600)), Ok(1200));
    assert_eq!(world.erases_and_writes(), (0, 0));
    for sha in [None, Some(&SHA[..8]), Some(&[1; 32][..]), Some(&[][..])] {
        let again = UploadRequest { sha, ..first(&image_b, 600) };
        assert_eq!(answer(&mut world, &again), Ok(600), "{sha:?}");
        assert_eq!(world.erases_and_writes(), (3, 1));
    }
}

#[test]
fn a_name_of_one_octet_resumes_too() {
    let image_b = image(5_000, 2);
    let mut world = world(config());
    let short = UploadRequest { sha: Some(&SHA[..1]), ..first(&image_b, 600) };
    answer(&mut world, &short).expect("taken");
    answer(&mut world, &next(&image_b, 600, 600)).expect("taken");
    assert_eq!(answer(&mut world, &short), Ok(1200));
}

#[test]
fn a_refused_chunk_leaves_the_upload_alone() {
    let image_b = image(5_000, 2);
    let mut world = world(config());
    answer(&mut world, &first(&image_b, 600)).expect("taken");
    let bad_magic = [0; 600];
    let refused: [(UploadRequest<'_>, i32); 6] = [
        (UploadRequest { off: None, ..next(&image_b, 600, 600) }, 3),
        (UploadRequest { off: Some(u32::MAX), ..next(&image_b, 600, 600) }, 3),
        (UploadRequest { len: None, ..first(&image_b, 600) }, 3),
        (UploadRequest { data: Some(&image_b[..31]), ..first(&image_b, 600) }, 3),
        (UploadRequest { data: Some(&bad_magic), ..first(&image_b, 600) }, 3),
        (UploadRequest { sha: Some(&[0; 33]), ..first(&image_b, 600) }, 3),
    ];
    world.ops.clear();
    for (chunk, rc) in refused {
        assert_eq!(answer(&mut world, &chunk), Err(rc), "{chunk:?}");
    }
    assert_eq!(world.erases_and_writes(), (0, 0));
    assert_eq!(answer(&mut world, &next(&image_b, 600, 600)), Ok(1200));
}

#[test]
fn a_pending_slot_takes_neither_upload_nor_erase() {
    let image_b = image(5_000, 2);
    let mut world = world(config());
    world.load(1, &image(1_000, 3));
    world.load_trailer(1, TEST_PENDING);
    assert_eq!(answer(&mut world, &first(&image_b, 600)), Err(5));
    let erased = world.body(&[2, 0, 0, 1, 0, 1, 0, 5, 0xa0]);
    assert_eq!(find_error(&erased), Some(ErrorBody::Rc(6)));
    assert_eq!(world.erases_and_writes(), (0, 0));
}

#[test]
fn an_upgrade_must_be_newer_by_more_than_its_build() {
    let upgrade = |world: &mut World, seed| {
        let image_b = image(5_000, seed);
        let chunk = UploadRequest { upgrade: Some(true), ..first(&image_b, 600) };
        answer(world, &chunk)
    };
    assert_eq!(upgrade(&mut world(config()), 2), Ok(600));
    assert_eq!(upgrade(&mut world(config()), 1), Err(6));
    assert_eq!(upgrade(&mut world(config()), 0), Err(6));
    let mut nothing_runs = World::new(config());
    assert_eq!(upgrade(&mut nothing_runs, 2), Err(1));
}

#[test]
fn an_image_too_large_for_the_slot_fails_late_on_a_blank_slot_and_at_once_on_a_used_one() {
    let image_b = image(5_000, 2);
    let too_large = UploadRequest { len: Some(0x76001), ..first(&image_b, 600) };
    assert_eq!(answer(&mut world(config()), &too_large), Ok(600));
    let mut used = world(config());
    used.load(1, &image(1_000, 3));
    assert_eq!(answer(&mut used, &too_large), Err(1));
    assert_eq!(used.erases_and_writes(), (0, 0));
}

#[test]
fn a_chunk_that_would_leave_the_slot_is_refused_again_and_again() {
    let head = image(2_000, 2);
    let mut world = world(config());
    let slot_len = 0x76000;
    let huge = UploadRequest { len: Some(slot_len + 1), ..first(&head, 2000) };
    let mut off = answer(&mut world, &huge).expect("taken");
    let data = [0x11; 2000];
    let chunk = |off| UploadRequest { off: Some(off), data: Some(&data), ..Default::default() };
    while off + 2000 <= slot_len {
        off = answer(&mut world, &chunk(off)).expect("taken");
    }
    world.ops.clear();
    assert_eq!(answer(&mut world, &chunk(off)), Err(1));
    assert_eq!(answer(&mut world, &chunk(off)), Err(1));
    assert_eq!(world.erases_and_writes(), (0, 0));
    let probe = UploadRequest { off: Some(1), data: None, ..Default::default() };
    assert_eq!(answer(&mut world, &probe), Ok(off));
}

#[test]
fn an_erase_command_ends_the_upload_and_leaves_a_blank_slot_alone() {
    let image_b = image(5_000, 2);
    let mut world = world(ServerConfig { legacy_rc: true, ..config() });
    answer(&mut world, &first(&image_b, 600)).expect("taken");
    world.ops.clear();
    assert_eq!(world.body(&[2, 0, 0, 1, 0, 1, 0, 5, 0xa0]), b"\xbfbrc\0\xff");
    assert_eq!(world.erases_and_writes(), (118, 0));
    assert_eq!(answer(&mut world, &next(&image_b, 600, 600)), Ok(0));
    assert_eq!(world.body(&[2, 0, 0, 1, 0, 1, 0, 5, 0xa0]), b"\xbfbrc\0\xff");
    assert_eq!(world.erases_and_writes(), (0, 0));
}

#[test]
fn an_upload_survives_a_disconnect_but_not_a_reboot() {
    let image_b = image(5_000, 2);
    let mut world = world(config());
    answer(&mut world, &first(&image_b, 600)).expect("taken");
    world.input(ServerIn::Unsubscribed);
    world.input(ServerIn::Subscribed { att_mtu: support::WIDE_MTU });
    assert_eq!(answer(&mut world, &first(&image_b, 600)), Ok(600));
    world.start();
    assert_eq!(answer(&mut world, &next(&image_b, 600, 600)), Ok(0));
    world.ops.clear();
    assert_eq!(answer(&mut world, &first(&image_b, 600)), Ok(600));
    assert_eq!(world.erases_and_writes(), (3, 1));
}

#[test]
fn the_trace_tells_offsets_and_what_was_taken() {
    let image_b = image(5_000, 2);
    let mut world = world(config());
    answer(&mut world, &first(&image_b, 600)).expect("taken");
    answer(&mut world, &next(&image_b, 600, 600)).expect("taken");
    answer(&mut world, &next(&image_b, 600, 600)).expect("answered");
    let uploads: Vec<_> = world
        .events
        .iter()
        .filter_map(|event| match *event {
            ServerEvent::Upload { off, len_accepted, .. } => Some((off, len_accepted)),
            _ => None,
        })
        .collect();
    assert_eq!(uploads, [(600, 600), (1200, 600), (1200, 0)]);
}
