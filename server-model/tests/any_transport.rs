//! Whatever comes over whichever transport, in pieces of any size: the server does not panic, stays
//! within the slot and the storage, and answers the next good request.

mod support;

use flash_model::{Device, Part, RadioSync};
use proptest::prelude::*;
use server_model::{DropReason, Profile, ServerConfig, ServerIn};
use sim_core::{Sdu, Span};
use smp_wire::serial::encode;
use support::{World, image};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transport {
    Bluetooth,
    Udp,
    Serial,
    Shell,
    Raw,
}

const TRANSPORTS: [Transport; 5] =
    [Transport::Bluetooth, Transport::Udp, Transport::Serial, Transport::Shell, Transport::Raw];

const ECHO: &[u8] = b"\x02\0\0\x06\0\0\x77\0\xa1\x61d\x62hi";
const ECHOED: &[u8] = b"\x03\0\0\x07\0\0\x77\0\xbf\x61r\x62hi\xff";

impl Transport {
    /// What the transport puts around a frame, or its lines when it cuts it.
    fn framed(self, frame: &[u8]) -> Vec<u8> {
        if !matches!(self, Self::Serial | Self::Shell) {
            return frame.to_vec();
        }
        let mut lines = Vec::new();
        encode(frame, &mut lines);
        lines
    }

    fn input(self, bytes: Vec<u8>) -> ServerIn {
        let sdu = Sdu { tag: 1, bytes };
        match self {
            Self::Bluetooth => ServerIn::Write(sdu),
            Self::Udp => ServerIn::Datagram { peer: 3, sdu: sdu.into() },
            Self::Serial => ServerIn::Serial(sdu.into()),
            Self::Shell => ServerIn::Shell(sdu.into()),
            Self::Raw => ServerIn::RawSerial(sdu.into()),
        }
    }

    /// What a client can send to bring a receiver back that waits for the end of something.
    fn recovery(self) -> Vec<u8> {
        match self {
            Self::Serial => b"\n".to_vec(),
            // The line feed ends a line; the marker resolves one of which half has come.
            Self::Shell => b"\n\x04\x14\n".to_vec(),
            _ => Vec::new(),
        }
    }
}

/// Often a request, framed for its transport; sometimes anything at all.
fn traffic() -> impl Strategy<Value = (Transport, Vec<u8>)> {
    let command =
        prop::sample::select(vec![(0u8, 0u8), (0, 5), (0, 6), (1, 0), (1, 1), (1, 5), (63, 0)]);
    let body = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..300),
        prop::sample::select(vec![
            b"\xa0".to_vec(),
            b"\xa1\x67confirm\xf5".to_vec(),
            b"\xa3\x63off\x00\x63len\x19\x02\xbc\x64data\x44\x3d\xb8\xf3\x96".to_vec(),
        ]),
    ];
    let request = (0u8..40, command, body).prop_map(|(op, (group, id), body)| {
        let [high, low] = (body.len() as u16).to_be_bytes();
        [&[op, 0, high, low, 0, group, 1, id], &body[..]].concat()
    });
    let lines =
        "(\x06\x09|\x04\x14|\x06|\x04|)[A-Za-z0-9+/=]{0,140}\n?".prop_map(String::into_bytes);
    (
        prop::sample::select(TRANSPORTS.to_vec()),
        prop_oneof![
            1 => prop::collection::vec(any::<u8>(), 0..200).prop_map(|bytes| (false, bytes)),
            1 => lines.prop_map(|bytes| (false, bytes)),
            4 => request.prop_map(|bytes| (true, bytes)),
        ],
    )
        .prop_map(|(transport, (frame, bytes))| {
            let bytes = if frame { transport.framed(&bytes) } else { bytes };
            (transport, bytes)
        })
}

fn flash() -> Device {
    let mut flash = Device::new(Part::nrf52840(), RadioSync::None);
    let layout = ServerConfig::default().layout;
    flash.load(layout.slots[0].start, &image(1000, 1));
    flash.load(layout.slots[1].start, &image(1000, 2));
    flash
}

proptest! {
    #[test]
    fn after_anything_a_good_request_is_answered_on_every_transport(
        profile in prop::sample::select(Profile::ALL.to_vec()),
        // Four receivers may each keep a buffer; a request and its response need one each.
        buf_count in 6u32..9,
        reassembly in any::<bool>(),
        traffic in prop::collection::vec((traffic(), 1usize..400, any::<bool>()), 1..20),
    ) {
        let config = ServerConfig {
            profile,
            buf_count,
            reassembly,
            erase_storage: true,
            ..ServerConfig::default()
        };
        let mut world = World::with_flash(config.clone(), flash());
        for ((transport, bytes), piece, at_once) in traffic {
            for piece in bytes.chunks(piece) {
                world.input(transport.input(piece.to_vec()));
            }
            if !at_once {
                world.settle();
            }
        }
        world.advance(Span::from_ms(300));
        prop_assert!(world.server.idle());
        if world.resets > 0 {
            world.start();
        }
        let allowed = |at| config.layout.slots[1].contains(at)
            || config.layout.storage.is_some_and(|storage| storage.contains(at));
        prop_assert!(world.ops.iter().all(|op| allowed(op.at())), "{:?}", world.ops);
        world.drops();
        for transport in TRANSPORTS {
            world.input(transport.input(transport.recovery()));
            world.settle();
            world.notified.clear();
            // Without markers a partial request swallows what follows until complete or overrun.
            let desync = match transport {
                Transport::Bluetooth => reassembly,
                Transport::Raw => true,
                _ => false,
            };
            let mut tries = 0;
            loop {
                world.input(transport.input(transport.framed(ECHO)));
                world.settle();
                let answers = std::mem::take(&mut world.notified);
                if answers.iter().any(|answer| *answer == transport.framed(ECHOED)) {
                    break;
                }
                tries += 1;
                prop_assert!(desync && tries < 200, "{transport:?} {:?}", world.drops());
            }
        }
        prop_assert!(!world.drops().contains(&DropReason::NoBuffer), "a buffer was lost");
    }
}
