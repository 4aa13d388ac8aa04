//! What the server makes of a packet before any handler looks at it, era by era.

mod support;

use server_model::{DropReason, Profile, ServerConfig, ServerIn};
use smp_wire::serial::encode;
use support::{World, hex, unhex};

/// A session of packets: each with the frames that come back.
struct Row {
    what: &'static str,
    profiles: &'static [Profile],
    packet: &'static str,
    answers: &'static [&'static str],
    drop: Option<DropReason>,
}

const EARLY: &[Profile] = &[Profile::Z30, Profile::Z32];
const LATER: &[Profile] = &[Profile::Z37, Profile::Z4x];

const ECHOED: &str = "0300000700000900bf6172626869ff";

const ROWS: &[Row] = &[
    Row {
        what: "a response operation, known command",
        profiles: EARLY,
        packet: "0100000600000800a16164626869",
        answers: &["0300000600000800bf62726303ff"],
        drop: None,
    },
    Row {
        what: "a response operation, unknown command",
        profiles: EARLY,
        packet: "01000001004d0800a0",
        answers: &["03000006004d0800bf62726308ff"],
        drop: None,
    },
    Row {
        what: "a response operation, known command",
        profiles: LATER,
        packet: "0100000600000800a16164626869",
        answers: &["0300000600000800bf62726308ff"],
        drop: None,
    },
    Row {
        what: "an operation that does not exist, of version 4",
        profiles: LATER,
        packet: "1f00000600000800a16164626869",
        answers: &["0b00000600000800bf62726308ff"],
        drop: None,
    },
    Row {
        what: "a packet shorter than a header",
        profiles: &Profile::ALL,
        packet: "000000",
        answers: &[],
        drop: Some(DropReason::Stub),
    },
    Row {
        what: "a length beyond the packet",
        profiles: &Profile::ALL,
        packet: "0200002800000900a16164626869",
        answers: &["0300000600000900bf62726309ff"],
        drop: None,
    },
    Row {
        what: "a length short of the payload: the decoder sees all of it",
        profiles: &Profile::ALL,
        packet: "0200000200000900a16164626869",
        answers: &[ECHOED],
        drop: Some(DropReason::Stub),
    },
    Row {
        what: "two requests in one packet",
        profiles: &Profile::ALL,
        packet: "0200000600000900a161646268690200000600000a00a1616462796f",
        answers: &[ECHOED, "0300000700000a00bf617262796fff"],
        drop: None,
    },
    Row {
        what: "good, bad, good: the error ends the packet",
        profiles: &Profile::ALL,
        packet: "0200000600000900a161646268690000000100090a09a00200000600000b00a1616462796f",
        answers: &[ECHOED, "0100000600090a09bf62726308ff"],
        drop: Some(DropReason::AfterError),
    },
    Row {
        what: "version 2 of the header",
        profiles: EARLY,
        packet: "0a00000600000800a16164626869",
        answers: &["0300000700000800bf6172626869ff"],
        drop: None,
    },
    Row {
        what: "version 2 of the header",
        profiles: LATER,
        packet: "0a00000600000100a16164626869",
        answers: &["0b00000700000100bf6172626869ff"],
        drop: None,
    },
    Row {
        what: "a version to come",
        profiles: LATER,
        packet: "1200000600000300a16164626869",
        answers: &["0b00000600000300bf6272630dff"],
        drop: None,
    },
    Row {
        what: "a version to come, unknown group",
        profiles: LATER,
        packet: "18000001004d0300a0",
        answers: &["09000006004d0300bf6272630dff"],
        drop: None,
    },
    Row {
        what: "flags and reserved bits",
        profiles: &Profile::ALL,
        packet: "e2aa000600000900a16164626869",
        answers: &[ECHOED],
        drop: None,
    },
    Row {
        what: "an error of a group is a success to the packet",
        profiles: LATER,
        packet: "0a00000a00010600a167636f6e6669726df40a00000600000100a16164626869",
        answers: &[
            "0b00001400010600bf63657272bf6567726f7570016272631818ffff",
            "0b00000700000100bf6172626869ff",
        ],
        drop: None,
    },
    Row {
        what: "translated to version 1 it ends the packet",
        profiles: LATER,
        packet: "0200000a00010600a167636f6e6669726df40200000600000100a16164626869",
        answers: &["0300000600010600bf62726303ff"],
        drop: Some(DropReason::AfterError),
    },
];

fn config(profile: Profile) -> ServerConfig {
    ServerConfig { profile, ..ServerConfig::default() }
}

#[test]
fn each_packet_is_gone_through_as_its_era_does() {
    for row in ROWS {
        for &profile in row.profiles {
            let mut world = World::new(config(profile));
            let answers: Vec<_> =
                world.exchange(&[&unhex(row.packet)]).iter().map(|frame| hex(frame)).collect();
            assert_eq!(answers, row.answers, "{}, {}", row.what, profile.name());
            let drops = world.drops();
            assert_eq!(drops.first().copied(), row.drop, "{}, {}", row.what, profile.name());
        }
    }
}

#[test]
fn the_same_holds_over_every_transport() {
    for row in ROWS {
        for &profile in row.profiles {
            let mut framed = Vec::new();
            encode(&unhex(row.packet), &mut framed);
            let mut answers = Vec::new();
            for answer in row.answers {
                encode(&unhex(answer), &mut answers);
            }
            let sdu = |bytes| sim_core::Sdu { tag: 1, bytes };
            let mut world = World::new(config(profile));
            world.input(ServerIn::Serial(sdu(framed.clone()).into()));
            world.input(ServerIn::Shell(sdu(framed).into()));
            assert_eq!(world.notified.concat(), answers.repeat(2), "{}", row.what);
            world.notified.clear();
            world.input(ServerIn::Datagram { peer: 1, sdu: sdu(unhex(row.packet)).into() });
            world.settle();
            let datagrams: Vec<_> = world.notified.iter().map(|frame| hex(frame)).collect();
            assert_eq!(datagrams, row.answers, "{}", row.what);
        }
    }
}

#[test]
fn without_the_original_protocol_version_1_is_too_old() {
    let echo = unhex("0200000600000900a16164626869");
    for profile in Profile::ALL {
        let mut world = World::new(ServerConfig { original_protocol: false, ..config(profile) });
        let too_old =
            if LATER.contains(&profile) { "0300000600000900bf6272630cff" } else { ECHOED };
        assert_eq!(hex(&world.ask(&echo)), too_old, "{}", profile.name());
        let version_2 = unhex("0a00000600000900a16164626869");
        let first = if LATER.contains(&profile) { 0x0b } else { 0x03 };
        assert_eq!(world.ask(&version_2)[0], first, "{}", profile.name());
    }
}

#[test]
fn the_operation_is_looked_at_before_or_after_the_response_gets_its_buffer() {
    let response_op = unhex("0100000600000900a16164626869");
    for (profile, rc) in [(Profile::Z32, "02"), (Profile::Z4x, "08")] {
        let mut world = World::new(ServerConfig { buf_count: 1, ..config(profile) });
        let answer = format!("0300000600000900bf627263{rc}ff");
        assert_eq!(hex(&world.ask(&response_op)), answer, "{}", profile.name());
    }
}

#[test]
fn a_response_that_does_not_fit_its_buffer_is_refused() {
    for profile in [Profile::Z32, Profile::Z4x] {
        let mut world = World::new(ServerConfig { buf_size: 64, ..config(profile) });
        for (len, fits) in [(63, true), (64, false)] {
            let text = len - 8 - 5;
            let mut request = vec![2, 0, 0, len - 8, 0, 0, 1, 0, 0xa1, 0x61, b'd', 0x78, text];
            request.resize(usize::from(len), b'x');
            let answer = world.ask(&request);
            assert_eq!(answer.len() == usize::from(len) + 1, fits, "{}", hex(&answer));
            assert_eq!(hex(&answer).ends_with("bf62726307ff"), !fits, "{}", hex(&answer));
        }
    }
}
