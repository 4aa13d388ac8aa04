//! mcumgr-toolkit, mcumgr-client, the Go tool and Zephyr's own client: what each makes of losses,
//! refusals and offsets that it did not expect.

use crate::server::{Reaction, Script, Seen, slot};
use crate::world::{World, config, image};
use client_model::{
    ClientConfig, ClientError, ClientEvent, ClientIn, Mode, Outcome,
    Phase::{self, *},
    StrategyKind, Transport,
};
use sim_core::{Sdu, Span, Time};
use smp_wire::errors::ErrorBody;
use smp_wire::group;
use smp_wire::header::Header;

const LEN: usize = 4_000;
const TOOLS: [StrategyKind; 4] = [
    StrategyKind::McumgrToolkit,
    StrategyKind::McumgrClient,
    StrategyKind::GoMcumgr,
    StrategyKind::ZephyrImgMgmtClient,
];
/// What a server answers that is asked for the boot loader.
const MCUBOOT: &[u8] = b"\xa1\x6abootloader\x67MCUboot";

fn with(kind: StrategyKind, change: impl FnOnce(&mut ClientConfig)) -> World {
    let mut config = config(kind, LEN);
    change(&mut config);
    let mut world = World::new(config);
    world.transport = Transport::Udp;
    world.att_mtu = 2_050;
    world.boot_takes = Span::ZERO;
    world.server.script = Box::new(|seen, _| boot_loader(seen));
    world
}

/// The answer to the question for the boot loader, which the small server does not know.
fn boot_loader(seen: &Seen) -> Reaction {
    if seen.is(group::OS, group::os::BOOTLOADER_INFO) {
        Reaction::Body(MCUBOOT.to_vec())
    } else {
        Reaction::Normal
    }
}

/// A script that does `reaction` to the n-th upload request, counted from 1.
fn at_chunk(n: usize, reaction: &Reaction) -> Box<Script> {
    let (reaction, mut count) = (reaction.clone(), 0);
    Box::new(move |seen, _| {
        count += usize::from(seen.chunk().is_some());
        if seen.chunk().is_some() && count == n { reaction.clone() } else { boot_loader(seen) }
    })
}

/// A success with this offset.
fn wants(off: u32) -> Reaction {
    let mut body = b"\xa1\x63off\x1a".to_vec();
    body.extend_from_slice(&off.to_be_bytes());
    Reaction::Body(body)
}

fn offsets(world: &World) -> Vec<u32> {
    world.chunks().map(|seen| seen.chunk().and_then(|chunk| chunk.off).expect("off")).collect()
}

fn seqs(world: &World) -> Vec<u8> {
    world.chunks().map(|seen| seen.header.seq).collect()
}

/// When each chunk was sent.
fn sent_at(world: &World) -> Vec<Time> {
    let chunk = |(at, event): &(Time, ClientEvent)| {
        matches!(event, ClientEvent::UploadChunk { .. }).then_some(*at)
    };
    world.log.iter().filter_map(chunk).collect()
}

fn ended_at(world: &World) -> Time {
    world.finished.expect("it ended").0
}

#[test]
fn each_tool_installs_and_its_user_confirms() {
    for kind in TOOLS {
        for transport in [Transport::Udp, Transport::Serial, Transport::Ble] {
            let mut world = with(kind, |_| {});
            world.transport = transport;
            world.ends(Outcome::Confirmed);
            assert_eq!(world.server.slots[0], slot(0, [0xbb; 32], "ca"), "{kind:?}");
            assert_eq!(world.server.stored, image(LEN).bytes[..]);
        }
    }
}

#[test]
fn only_mcumgr_toolkit_looks_before_it_uploads() {
    let expected: [(StrategyKind, &[Phase]); 4] = [
        (TOOLS[0], &[BootLoader, List, Upload, Test, Reset]),
        (TOOLS[1], &[Upload, Test, Reset]),
        (TOOLS[2], &[Upload, Test, Reset]),
        (TOOLS[3], &[Upload, List, Test, Reset]),
    ];
    for (kind, phases) in expected {
        let mut world = with(kind, |_| {});
        world.ends(Outcome::Confirmed);
        let all = world.phases();
        assert_eq!(all[2..2 + phases.len()], *phases, "{kind:?}");
    }
}

#[test]
fn mcumgr_toolkit_gives_up_after_ten_seconds_without_an_answer() {
    for reaction in [Reaction::LoseRequest, Reaction::LoseAnswer] {
        let mut world = with(StrategyKind::McumgrToolkit, |_| {});
        world.server.script = at_chunk(3, &reaction);
        world.fails_with(ClientError::Timeout { phase: Upload });
        assert_eq!(offsets(&world), [0, 283, 566]);
        assert_eq!(ended_at(&world), sent_at(&world)[2] + Span::from_s(10));
    }
}

#[test]
fn mcumgr_toolkit_skips_foreign_numbers_and_follows_any_offset() {
    let mut world = with(StrategyKind::McumgrToolkit, |config| config.draw = 254);
    world.server.script = at_chunk(3, &wants(283));
    // The answer to the first request, once more.
    let stale = vec![11, 0, 0, 6, 0, 1, 0, 1, 0xa1, 0x63, b'o', b'f', b'f', 0];
    world.input_after(Span::from_ms(250), ClientIn::Received(Sdu { tag: 0, bytes: stale }));
    world.ends(Outcome::Confirmed);
    assert_eq!(world.events(|event| matches!(event, ClientEvent::Stale { .. })), 1);
    // The server has 566 octets: it answers the chunk at 283 with what it expects.
    assert_eq!(offsets(&world)[..5], [0, 283, 566, 283, 566]);
    // Two commands went before the upload.
    assert_eq!(seqs(&world)[..3], [0, 1, 2]);
}

#[test]
fn mcumgr_toolkit_wants_the_answer_to_be_of_its_command() {
    let mut world = with(StrategyKind::McumgrToolkit, |config| config.mode = Mode::UploadOnly);
    world.server.script = at_chunk(1, &Reaction::LoseAnswer);
    let foreign = vec![11, 0, 0, 1, 0, 0, 0, 1, 0xa0];
    world.input_after(Span::from_ms(80), ClientIn::Received(Sdu { tag: 0, bytes: foreign }));
    world.fails_with(ClientError::MalformedAnswer { phase: Upload });
}

#[test]
fn mcumgr_toolkit_refuses_an_offset_behind_the_image() {
    let mut world = with(StrategyKind::McumgrToolkit, |_| {});
    world.server.script = at_chunk(2, &wants(LEN as u32 + 1));
    world.fails_with(ClientError::OffsetOutOfRange { off: LEN as u32 + 1 });
}

#[test]
fn only_mcumgr_toolkit_looks_at_the_servers_digest() {
    for kind in TOOLS {
        let mut world = with(kind, |config| config.mode = Mode::UploadOnly);
        world.server.script = Box::new(move |seen, _| {
            let Some(chunk) = seen.chunk() else { return boot_loader(seen) };
            let got = chunk.off.expect("off") as usize + chunk.data.expect("data").len();
            let last = *b"\xa2\x63off\x19\x0f\xa0\x65match\xf4";
            if got == LEN { Reaction::Body(last.to_vec()) } else { Reaction::Normal }
        });
        let error = world.run().expect("it ends").error;
        let looks = kind == StrategyKind::McumgrToolkit;
        assert_eq!(error, looks.then_some(ClientError::MatchFailed), "{kind:?}");
    }
}

#[test]
fn mcumgr_toolkit_needs_the_boot_loaders_name() {
    let mut world = with(StrategyKind::McumgrToolkit, |_| {});
    world.server.script = Box::new(|_, _| Reaction::Normal);
    world.fails_with(ClientError::Rc { phase: BootLoader, rc: 8, group: None });
    assert_eq!(world.chunks().count(), 0);
}

#[test]
fn mcumgr_toolkit_leaves_an_image_alone_that_runs_already() {
    let mut world = with(StrategyKind::McumgrToolkit, |_| {});
    world.server.slots[0] = slot(0, [0xbb; 32], "ca");
    world.ends(Outcome::Confirmed);
    assert_eq!((world.chunks().count(), world.server.resets), (0, 0));
}

#[test]
fn mcumgr_toolkit_does_without_marks_where_there_are_none() {
    let state_write =
        |seen: &Seen| seen.is(group::IMAGE, group::image::STATE) && seen.header.op == 2;
    for (error, tolerated) in [
        (ErrorBody::Rc(8), true),
        (ErrorBody::Rc(3), false),
        (ErrorBody::Group { group: 1, rc: 8 }, false),
    ] {
        let mut world = with(StrategyKind::McumgrToolkit, |c| c.mode = Mode::ConfirmOnly);
        world.server.script =
            Box::new(
                move |seen, _| {
                    if state_write(seen) { Reaction::Refuse(error) } else { boot_loader(seen) }
                },
            );
        let finish = world.run().expect("it ends");
        assert_eq!(finish.error.is_none(), tolerated, "{error:?}");
        assert_eq!(world.server.resets, u32::from(tolerated));
    }
}

#[test]
fn mcumgr_toolkit_takes_the_servers_buffer_only_when_told_to_ask() {
    for (auto_frame, frame_max) in [(false, 384), (true, 1_024)] {
        let mut world = with(StrategyKind::McumgrToolkit, |config| config.auto_frame = auto_frame);
        world.server.params = Some((1_024, 4));
        world.ends(Outcome::Confirmed);
        let first = world.chunks().next().and_then(|seen| seen.chunk()?.data).expect("data");
        assert_eq!(first.len(), frame_max - 101);
    }
}

#[test]
fn mcumgr_client_sends_a_lost_chunk_again_under_a_new_number() {
    for (nth, pause) in [(1, Span::from_s(60)), (3, Span::from_ms(200))] {
        for reaction in [Reaction::LoseRequest, Reaction::LoseAnswer] {
            let mut world = with(StrategyKind::McumgrClient, |_| {});
            world.server.script = at_chunk(nth, &reaction);
            world.ends(Outcome::Confirmed);
            let (offsets, sent_at) = (offsets(&world), sent_at(&world));
            assert_eq!(offsets.len(), 9);
            assert_eq!(offsets[nth - 1], offsets[nth]);
            assert_eq!(seqs(&world), (0..9).collect::<Vec<u8>>());
            assert_eq!(sent_at[nth], sent_at[nth - 1] + pause);
        }
    }
}

#[test]
fn mcumgr_client_tries_a_chunk_five_times() {
    let mut world = with(StrategyKind::McumgrClient, |_| {});
    world.server.script = Box::new(|seen, _| match seen.chunk() {
        Some(chunk) if chunk.off > Some(0) => Reaction::LoseRequest,
        _ => Reaction::Normal,
    });
    world.fails_with(ClientError::Timeout { phase: Upload });
    assert_eq!(offsets(&world), [0, 512, 512, 512, 512, 512]);
    assert_eq!(ended_at(&world), sent_at(&world)[1] + Span::from_s(1));
}

/// An answer that comes after 200 ms is taken for a failed answer to the next try.
#[test]
fn mcumgr_client_lives_with_150_ms_and_dies_of_250_ms() {
    let mut world = with(StrategyKind::McumgrClient, |_| {});
    world.latency = Span::from_ms(150);
    world.ends(Outcome::Confirmed);
    assert_eq!(world.chunks().count(), 8);
    let mut world = with(StrategyKind::McumgrClient, |_| {});
    world.latency = Span::from_ms(250);
    let error = world.run().and_then(|finish| finish.error).expect("it fails");
    assert!(matches!(error.name(), "timeout" | "bad_sequence"), "{error}");
    assert_eq!(offsets(&world), [0, 512, 512, 512, 512, 512]);
    assert!(ended_at(&world) < sent_at(&world)[1] + Span::from_s(1), "late answers cost tries");
}

#[test]
fn mcumgr_client_wants_the_offset_to_move() {
    let mut world = with(StrategyKind::McumgrClient, |_| {});
    world.server.script = at_chunk(3, &wants(1_024));
    world.fails_with(ClientError::WrongOffset { off: 1_024 });
    // An error map passes for an answer without an offset.
    let mut world = with(StrategyKind::McumgrClient, |_| {});
    world.server.script = at_chunk(3, &Reaction::Refuse(ErrorBody::Group { group: 1, rc: 5 }));
    world.fails_with(ClientError::WrongOffset { off: 1_024 });
    let mut world = with(StrategyKind::McumgrClient, |_| {});
    world.server.script = at_chunk(3, &Reaction::Refuse(ErrorBody::Rc(2)));
    world.fails_with(ClientError::UploadRejected { rc: 2, group: None });
}

#[test]
fn mcumgr_client_uploads_all_again_after_a_lost_last_answer() {
    let mut world = with(StrategyKind::McumgrClient, |config| config.mtu_option = 1_000);
    world.server.script = at_chunk(4, &Reaction::LoseAnswer);
    world.ends(Outcome::Confirmed);
    assert_eq!(offsets(&world), [0, 1000, 2000, 3000, 3000, 0, 1000, 2000, 3000]);
}

#[test]
fn mcumgr_client_speaks_smp_v2_over_udp_only() {
    for (transport, version, seq) in [(Transport::Udp, 1, 0), (Transport::Serial, 0, 7)] {
        let mut world = with(StrategyKind::McumgrClient, |config| config.draw = 7);
        world.transport = transport;
        world.ends(Outcome::Confirmed);
        let Header { version: v, seq: s, .. } = world.server.seen[0].header;
        assert_eq!((v, s), (version, seq));
    }
}

#[test]
fn the_go_tool_notices_a_lost_chunk_by_the_chunks_behind_it() {
    for (nth, expected) in [(1, [0, 438, 0, 438, 919]), (3, [0, 438, 919, 1_400, 919])] {
        let mut world = with(StrategyKind::GoMcumgr, |_| {});
        world.transport = Transport::Ble;
        world.att_mtu = 515;
        world.server.script = at_chunk(nth, &Reaction::LoseRequest);
        world.ends(Outcome::Confirmed);
        let offsets = offsets(&world);
        assert_eq!(offsets[..5], expected);
        assert_eq!(offsets.len(), 11, "two requests more than chunks");
        assert_eq!(world.server.stored, image(LEN).bytes[..]);
    }
}

#[test]
fn the_go_tool_ignores_refusals_and_goes_round_in_circles() {
    let mut world = with(StrategyKind::GoMcumgr, |_| {});
    world.server.script = Box::new(|seen, n| match seen.chunk() {
        Some(_) if n < 60 => Reaction::Refuse(ErrorBody::Rc(3)),
        _ => Reaction::Normal,
    });
    world.ends(Outcome::Confirmed);
    let offsets = offsets(&world);
    assert!(offsets.len() > 60);
    assert_eq!(offsets.iter().filter(|&&off| off == 0).count(), 21);
}

#[test]
fn the_go_tool_spins_for_ever_without_the_last_answer() {
    let mut world = with(StrategyKind::GoMcumgr, |_| {});
    world.server.script = at_chunk(8, &Reaction::LoseAnswer);
    assert_eq!(world.run(), None);
    assert_eq!(world.chunks().count(), 8);
    assert_eq!(world.server.stored, image(LEN).bytes[..], "the server has it all");
}

#[test]
fn the_go_tool_of_2020_has_other_keys_numbers_and_time_outs() {
    for (era, first_key, seq, timeout) in [
        (client_model::Era::Modern, &b"image"[..], 5, Span::from_s(10)),
        (client_model::Era::Legacy, b"data", 0x42, Span::from_s(3)),
    ] {
        let mut world = with(StrategyKind::GoMcumgr, |config| {
            config.era = era;
            config.draw = 5;
        });
        world.server.script = at_chunk(2, &Reaction::LoseRequest);
        world.ends(Outcome::Confirmed);
        let first = world.chunks().next().expect("a chunk");
        assert_eq!(&first.body()[2..2 + first_key.len()], first_key);
        assert_eq!(first.header.seq, seq);
        assert_eq!(sent_at(&world)[2], sent_at(&world)[1] + timeout);
    }
}

#[test]
fn the_go_tool_connects_again_and_goes_on_at_the_last_good_offset() {
    let mut world = with(StrategyKind::GoMcumgr, |_| {});
    world.transport = Transport::Ble;
    world.att_mtu = 247;
    world.cut_at_write = Some(5);
    world.ends(Outcome::Confirmed);
    let offsets = offsets(&world);
    assert_eq!(offsets.len(), 19, "{offsets:?}");
    assert!(offsets.windows(2).all(|pair| pair[0] < pair[1]), "each chunk reached the server once");
    assert_eq!(world.phases().iter().filter(|&&phase| phase == Upload).count(), 2);
}

#[test]
fn zephyrs_client_sends_the_very_same_request_each_500_ms() {
    let mut world = with(StrategyKind::ZephyrImgMgmtClient, |_| {});
    let mut count = 0;
    world.server.script = Box::new(move |seen, _| {
        count += usize::from(seen.chunk().is_some());
        if (2..5).contains(&count) { Reaction::LoseRequest } else { Reaction::Normal }
    });
    world.ends(Outcome::Confirmed);
    let frames: Vec<&[u8]> = world.chunks().map(|seen| &seen.frame[..]).collect();
    assert!(frames[1..5].iter().all(|frame| *frame == frames[1]));
    let at = sent_at(&world);
    assert!((1..4).all(|n| at[n + 1] == at[n] + Span::from_ms(500)));
    assert_eq!(seqs(&world)[..6], [0, 1, 1, 1, 1, 2]);
}

#[test]
fn zephyrs_client_repeats_thirty_times() {
    let mut world = with(StrategyKind::ZephyrImgMgmtClient, |_| {});
    world.server.script = Box::new(|seen, _| match seen.chunk() {
        Some(_) => Reaction::LoseRequest,
        None => Reaction::Normal,
    });
    world.fails_with(ClientError::Timeout { phase: Upload });
    assert_eq!(world.chunks().count(), 31);
    assert_eq!(ended_at(&world), sent_at(&world)[0] + Span::from_ms(15_500));
}

#[test]
fn zephyrs_client_goes_on_where_the_server_is_further() {
    let mut world = with(StrategyKind::ZephyrImgMgmtClient, |_| {});
    world.server.upload = Some((LEN as u32, image(LEN).bytes[..1_500].to_vec()));
    world.ends(Outcome::Confirmed);
    assert_eq!(offsets(&world)[..3], [0, 1_500, 1_800]);
    assert_eq!(world.server.stored, image(LEN).bytes[..]);
}

/// The data go on although the offset does not: the server ends up with too little of the wrong.
#[test]
fn zephyrs_client_sends_later_data_under_an_offset_that_stays() {
    let mut world =
        with(StrategyKind::ZephyrImgMgmtClient, |config| config.mode = Mode::UploadOnly);
    world.server.script = at_chunk(3, &wants(600));
    world.ends(Outcome::Uploaded);
    let chunks: Vec<(u32, Vec<u8>)> = world
        .chunks()
        .map(|seen| {
            let chunk = seen.chunk().expect("a chunk");
            (chunk.off.expect("off"), chunk.data.expect("data").to_vec())
        })
        .collect();
    let image = image(LEN);
    assert_eq!(chunks[3], (600, image.bytes[900..1_200].to_vec()));
    let sent: usize = chunks.iter().map(|(_, data)| data.len()).sum();
    assert_eq!(sent, LEN, "each octet went once");
    assert!(world.server.stored.is_empty(), "the server still waits for the rest");
}

#[test]
fn zephyrs_client_tells_no_digest_unless_it_is_given_one() {
    for sends_sha in [true, false] {
        let mut world = with(StrategyKind::ZephyrImgMgmtClient, |c| c.sends_sha = sends_sha);
        world.ends(Outcome::Confirmed);
        let first = world.chunks().next().expect("a chunk").chunk().expect("a chunk");
        assert_eq!(first.sha.is_some(), sends_sha);
        assert_eq!(first.data.map(<[u8]>::len), Some(if sends_sha { 300 } else { 340 }));
    }
}
