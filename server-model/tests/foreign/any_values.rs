//! Whatever comes in, in whatever order, the servers stay within flash and go on.

use crate::World;
use proptest::prelude::*;
use server_model::ServerIn;
use server_model::foreign::{ForeignProtocol, LOOK, OwnArea, OwnErase, OwnProtocolConfig};
use sim_core::{Ppm, Span};

/// What a client, or the air, may do.
#[derive(Clone, Debug)]
enum Deed {
    Write(Vec<u8>),
    Wait(u64),
    Leave,
    Listen(u16),
}

fn deed() -> impl Strategy<Value = Deed> {
    let small = prop::collection::vec(0u8..8, 1..8);
    let control = prop_oneof![
        small,
        (1u8..3, 0u32..9000)
            .prop_map(|(kind, size)| [&[1, kind][..], &size.to_le_bytes()].concat()),
    ];
    let packet = (0u32..4, 1u32..5000, 0usize..250).prop_map(|(off, len, data)| {
        [&off.to_le_bytes()[..], &len.to_le_bytes(), &vec![0x33; data]].concat()
    });
    prop_oneof![
        3 => control.prop_map(Deed::Write),
        3 => packet.prop_map(Deed::Write),
        2 => prop::collection::vec(any::<u8>(), 0..250).prop_map(Deed::Write),
        2 => (0u64..400).prop_map(Deed::Wait),
        1 => Just(Deed::Leave),
        1 => (23u16..500).prop_map(Deed::Listen),
    ]
}

fn protocol() -> impl Strategy<Value = ForeignProtocol> {
    let own = (300u32..9000, any::<bool>(), 0u32..3, any::<u64>()).prop_map(
        |(ring, in_writer, area, draw)| {
            ForeignProtocol::OwnProtocol(OwnProtocolConfig {
                ring,
                erase: if in_writer { OwnErase::InWriter } else { OwnErase::First },
                area: [OwnArea::Slot1, OwnArea::Slot0, OwnArea::Storage][area as usize],
                error_first: u32::MAX,
                overwrite: Ppm::new(500_000),
                draw,
                ..OwnProtocolConfig::default()
            })
        },
    );
    prop_oneof![own, Just(ForeignProtocol::SecureDfu), Just(ForeignProtocol::Oad)]
}

proptest! {
    #[test]
    fn nothing_that_comes_stops_them(
        protocol in protocol(),
        deeds in prop::collection::vec(deed(), 0..60),
    ) {
        let mut world = World::new(protocol);
        for deed in deeds {
            match deed {
                Deed::Write(bytes) => world.write(&bytes),
                Deed::Wait(ms) => world.advance(Span::from_ms(ms)),
                Deed::Leave => world.input(ServerIn::Unsubscribed),
                Deed::Listen(att_mtu) => world.input(ServerIn::Subscribed { att_mtu }),
            }
            if !std::mem::take(&mut world.resets).is_empty() {
                world.start(247);
            }
        }
        world.advance(Span::from_s(300));
        world.start(247);
        world.answers.clear();
        prop_assert_eq!(world.ask(&[LOOK]).len(), 1);
    }
}
