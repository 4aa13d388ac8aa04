//! Updates in which everything goes well.

use crate::server::slot;
use crate::world::{World, config};
use client_model::{
    ClientEvent, ClientOut, Era, Mode, Outcome,
    Phase::{self, *},
    StrategyKind,
};
use sim_core::Span;
use smp_wire::group;

fn android(window: u8) -> World {
    let mut config = config(StrategyKind::Android, 20_000);
    config.window = window;
    config.estimated_swap = Span::from_s(20);
    World::new(config)
}

const AROUND: [Phase; 5] = [Connect, Discover, Params, List, Upload];

#[test]
fn android_uploads_tests_resets_waits_and_confirms() {
    for window in [1, 2, 3, 8] {
        let mut world = android(window);
        world.ends(Outcome::Confirmed);
        let rest = [Test, Reset, Wait, Reconnect, Discover, Params, List, Confirm, Done];
        assert_eq!(world.phases(), [&AROUND[..], &rest].concat(), "window {window}");
        assert_eq!(world.server.stored, crate::world::image(20_000).bytes[..]);
        assert_eq!(world.server.slots[0], slot(0, [0xbb; 32], "ca"));
    }
}

#[test]
fn the_swap_is_waited_for_from_the_answer_to_the_reset() {
    let mut world = android(1);
    world.ends(Outcome::Confirmed);
    let answered = world.phase_at(Reset, 0) + world.latency;
    assert_eq!(world.phase_at(Wait, 0), world.phase_at(Reset, 0) + Span::from_ms(4_250));
    assert_eq!(world.phase_at(Reconnect, 0), answered + Span::from_s(20));
}

#[test]
fn an_estimate_that_is_over_when_the_link_goes_down_is_not_waited_for() {
    let mut config = config(StrategyKind::Android, 2_000);
    config.estimated_swap = Span::from_s(4);
    let mut world = World::new(config);
    world.ends(Outcome::Confirmed);
    assert_eq!(world.phase_at(Reconnect, 0), world.phase_at(Wait, 0));
}

#[test]
fn the_devzone_sample_uploads_first_and_learns_the_hash_from_the_list() {
    let mut config = config(StrategyKind::NcsCentralSample, 20_000);
    config.image.tlv_sha256 = [0x11; 32];
    let mut world = World::new(config);
    world.server.uploaded_hash = [0x77; 32];
    world.server.rc_first = true;
    world.ends(Outcome::Confirmed);
    let phases = [
        Connect, Discover, Upload, List, Test, Reset, Wait, Reconnect, Discover, List, Confirm,
        Done,
    ];
    assert_eq!(world.phases(), phases);
    assert_eq!(world.chunks().count(), 134);
    let last = world.chunks().last().and_then(crate::server::Seen::chunk).expect("a chunk");
    assert_eq!((last.off, last.data.map(<[u8]>::len)), (Some(19_950), Some(50)));
    assert!(world.server.seen.iter().all(|seen| seen.header.seq == 0));
    assert!(world.server.seen.iter().all(|seen| seen.header.version == 0));
    assert_eq!(world.server.slots[0].hash, Some([0x77; 32]));
}

#[test]
fn the_devzone_sample_writes_its_keys_in_its_order() {
    let mut config = config(StrategyKind::NcsCentralSample, 500);
    config.chunk = 400;
    config.mode = Mode::UploadOnly;
    let mut world = World::new(config);
    world.att_mtu = 498;
    world.server.rc_first = true;
    world.ends(Outcome::Uploaded);
    let frames: Vec<&[u8]> = world.chunks().map(|seen| &seen.frame[8..]).collect();
    let first = [b"\xbf\x65image\0\x64data\x59\x01\x90".as_slice()].concat();
    assert!(frames[0].starts_with(&first));
    assert!(
        frames[0].ends_with(b"\x63len\x19\x01\xf4\x63off\0\x63sha\x4512345\x67upgrade\xf4\xff")
    );
    assert!(frames[1].starts_with(b"\xbf\x65image\0\x64data\x58\x64"));
    assert!(frames[1].ends_with(b"\x63off\x19\x01\x90\x67upgrade\xf4\xff"));
}

#[test]
fn bodies_without_parameters_are_an_empty_map_or_nothing() {
    let bodies = |kind, era| {
        let mut config = config(kind, 500);
        config.era = era;
        let mut world = World::new(config);
        world.server.rc_first = true;
        world.ends(Outcome::Confirmed);
        let of = |group, id| {
            let seen = world.server.seen.iter().find(|seen| seen.is(group, id)).expect("sent");
            seen.body().to_vec()
        };
        [of(group::IMAGE, group::image::STATE), of(group::OS, group::os::RESET)]
    };
    assert_eq!(bodies(StrategyKind::Android, Era::Modern), [vec![0xa0], vec![0xa0]]);
    assert_eq!(bodies(StrategyKind::Android, Era::Legacy), [vec![0xbf, 0xff], vec![0xbf, 0xff]]);
    assert_eq!(
        bodies(StrategyKind::NcsCentralSample, Era::Modern),
        [const { Vec::<u8>::new() }; 2]
    );
}

#[test]
fn the_legacy_library_counts_both_octets_of_an_indefinite_map() {
    for (window, lens) in [(1, [172, 218, 217, 217]), (3, [175, 221, 220, 220])] {
        let mut config = config(StrategyKind::Android, 70_000);
        config.era = Era::Legacy;
        config.window = window;
        config.mode = Mode::UploadOnly;
        let mut world = World::new(config);
        world.ends(Outcome::Uploaded);
        let len =
            |seen: &crate::server::Seen| seen.chunk().and_then(|chunk| chunk.data).map(<[u8]>::len);
        let sent: Vec<usize> = world.chunks().filter_map(len).take(4).collect();
        assert_eq!(sent, lens);
        assert!(world.chunks().all(|seen| seen.frame.len() <= 244 && seen.header.version == 0));
    }
}

#[test]
fn sequence_numbers_count_from_zero_on_each_connection_and_wrap() {
    let mut config = config(StrategyKind::Android, 60_000);
    config.window = 3;
    let mut world = World::new(config);
    world.ends(Outcome::Confirmed);
    let params = |seen: &&crate::server::Seen| !seen.is(group::OS, group::os::PARAMS);
    let seqs: Vec<u8> = world.server.seen.iter().filter(params).map(|s| s.header.seq).collect();
    let again = seqs.len() - 2;
    assert!(again > 256);
    let counted: Vec<u8> = (0..again).map(|n| n as u8).chain([0, 1]).collect();
    assert_eq!(seqs, counted);
}

#[test]
fn confirm_only_and_test_only_end_when_the_new_image_runs() {
    let mut config = config(StrategyKind::Android, 2_000);
    config.erase_settings = true;
    config.mode = Mode::ConfirmOnly;
    let mut world = World::new(config.clone());
    world.ends(Outcome::Confirmed);
    let rest = [EraseSettings, Confirm, Reset, Wait, Reconnect, Discover, Params, List, Done];
    assert_eq!(world.phases(), [&AROUND[..], &rest].concat());

    config.mode = Mode::TestOnly;
    let mut world = World::new(config);
    world.ends(Outcome::Tested);
    let rest = [EraseSettings, Test, Reset, Wait, Reconnect, Discover, Params, List, Done];
    assert_eq!(world.phases(), [&AROUND[..], &rest].concat());
}

#[test]
fn upload_only_leaves_the_image_in_its_slot() {
    let mut settings = config(StrategyKind::Android, 2_000);
    settings.mode = Mode::UploadOnly;
    let mut world = World::new(settings);
    world.ends(Outcome::Uploaded);
    assert_eq!(world.phases(), [&AROUND[..], &[Reset, Wait, Done]].concat());
    assert!(!world.server.slots[1].pending);

    let mut settings = config(StrategyKind::NcsCentralSample, 2_000);
    settings.mode = Mode::UploadOnly;
    let mut world = World::new(settings);
    world.server.rc_first = true;
    world.ends(Outcome::Uploaded);
    assert_eq!(world.phases(), [Connect, Discover, Upload, Done]);
    assert_eq!(world.server.resets, 0);
}

#[test]
fn an_image_that_is_there_already_is_not_uploaded_again() {
    let with = |slots: [&str; 2], hashes: [[u8; 32]; 2], mode| {
        let mut config = config(StrategyKind::Android, 2_000);
        config.mode = mode;
        let mut world = World::new(config);
        world.server.slots = vec![slot(0, hashes[0], slots[0]), slot(1, hashes[1], slots[1])];
        let finish = world.run().expect("it ends");
        assert_eq!(finish.error, None);
        assert_eq!(world.chunks().count(), 0);
        (finish.outcome, world.server.resets, world.server.slots[0].hash == Some([0xbb; 32]))
    };
    let (new, old) = ([0xbb; 32], [0xaa; 32]);
    let test = Mode::TestAndConfirm;
    assert_eq!(with(["ca", ""], [new, old], test), (Outcome::Confirmed, 0, true));
    assert_eq!(with(["a", "c"], [new, old], test), (Outcome::Confirmed, 0, true));
    assert_eq!(with(["a", "c"], [new, old], Mode::TestOnly), (Outcome::Tested, 0, true));
    assert_eq!(with(["a", "c"], [new, old], Mode::ConfirmOnly), (Outcome::Confirmed, 1, true));
    assert_eq!(with(["ca", ""], [old, new], test), (Outcome::Confirmed, 1, true));
    assert_eq!(with(["ca", "p"], [old, new], test), (Outcome::Confirmed, 1, true));
    assert_eq!(with(["ca", "pP"], [old, new], test), (Outcome::Confirmed, 1, true));
    assert_eq!(with(["a", "c"], [old, new], test), (Outcome::Confirmed, 1, true));
    assert_eq!(with(["ca", ""], [old, new], Mode::UploadOnly), (Outcome::Uploaded, 0, false));
}

#[test]
fn a_foreign_pending_image_is_booted_and_reverted_before_the_upload() {
    let mut world = android(2);
    world.server.slots = vec![slot(0, [0xaa; 32], "ca"), slot(1, [0xcc; 32], "p")];
    world.ends(Outcome::Confirmed);
    assert_eq!(world.server.resets, 3);
    let lists = world.phases().iter().filter(|&&phase| phase == List).count();
    assert_eq!(lists, 4);
}

#[test]
fn a_frame_longer_than_a_write_goes_in_pieces_under_one_tag() {
    let mut world = android(3);
    world.server.params = Some((2475, 4));
    world.ends(Outcome::Confirmed);
    let first = world.writes.iter().find(|sdu| sdu.bytes.len() == 244).expect("a long write");
    let lens: Vec<usize> =
        world.writes.iter().filter(|sdu| sdu.tag == first.tag).map(|sdu| sdu.bytes.len()).collect();
    assert_eq!(lens, [244, 244, 244, 244, 244, 244, 244, 244, 244, 244, 35]);
    let sends = world.events(|event| matches!(event, ClientEvent::Send { .. }));
    assert_eq!(sends, world.server.seen.len());
}

#[test]
fn the_trace_tells_of_each_request_and_its_answer() {
    let mut world = android(3);
    world.ends(Outcome::Confirmed);
    let mut open = std::collections::BTreeSet::new();
    let mut frames = world.server.seen.iter();
    for &(_, event) in &world.log {
        match event {
            ClientEvent::Send { tag, len, crc32, .. } => {
                let frame = &frames.next().expect("a frame").frame;
                assert_eq!((usize::from(len), crc32), (frame.len(), crc32fast::hash(frame)));
                assert!(open.insert(tag));
            }
            ClientEvent::Answer { tag, .. } => assert!(open.remove(&tag)),
            _ => {}
        }
    }
    assert!(open.is_empty());
    let chunks = world.events(|event| matches!(event, ClientEvent::UploadChunk { .. }));
    assert_eq!(chunks, world.chunks().count());
    let last = world.log.last().map(|&(_, event)| event);
    assert_eq!(last, Some(ClientEvent::Finish { outcome: Outcome::Confirmed, error: None }));
    let connects = world.outs.iter().filter(|out| matches!(out, ClientOut::Connect { .. })).count();
    assert_eq!(connects, 2);
}

#[test]
fn at_most_the_window_is_outstanding_and_the_first_chunk_goes_alone() {
    for window in [1u8, 2, 3, 6] {
        let mut world = android(window);
        world.ends(Outcome::Confirmed);
        let (mut outstanding, mut most, mut chunks) = (0, 0, 0);
        for &(_, event) in &world.log {
            match event {
                ClientEvent::UploadChunk { .. } => {
                    outstanding += 1;
                    chunks += 1;
                    most = most.max(outstanding);
                }
                ClientEvent::Answer { .. } if outstanding > 0 => {
                    if chunks == 1 {
                        assert_eq!(outstanding, 1);
                    }
                    outstanding -= 1;
                }
                _ => {}
            }
        }
        assert_eq!(most, i32::from(window));
    }
}

#[test]
fn buffers_go_round_without_new_ones() {
    for kind in [StrategyKind::Android, StrategyKind::NcsCentralSample] {
        let mut config = config(kind, 100_000);
        config.window = 3;
        config.mode = Mode::UploadOnly;
        let mut client = client_model::Client::new(config);
        let addresses = crate::contract::drive_with_own_buffers(&mut client);
        assert!(addresses.requests > 400, "{}", addresses.requests);
        assert!(addresses.buffers.len() < 12, "{} buffers", addresses.buffers.len());
    }
}
