//! Whatever arrives, the server keeps the machine's contract, and answers the next good request.

mod support;

use flash_model::{Device, FlashOp, FlashView, Part, RadioSync};
use proptest::prelude::*;
use server_model::{DropReason, EraseMode, Profile, Server, ServerConfig, ServerIn, ServerOut};
use sim_core::contract::{Harness, check};
use sim_core::{Sdu, Span, Time};
use smp_wire::serial::encode;
use support::{World, image};

const ECHO: &[u8] = b"\x02\0\0\x06\0\0\x77\0\xa1\x61d\x62hi";
const ECHOED: &[u8] = b"\x03\0\0\x07\0\0\x77\0\xbf\x61r\x62hi\xff";

/// Any mix of options with so many buffers of one of these sizes.
fn config(
    buf_count: std::ops::Range<u32>,
    buf_sizes: &'static [u32],
) -> impl Strategy<Value = ServerConfig> {
    let switches = any::<[bool; 6]>();
    (switches, buf_count, prop::sample::select(buf_sizes)).prop_map(
        |([reassembly, params, legacy_rc, progressive, control, verbose], buf_count, buf_size)| {
            ServerConfig {
                buf_size,
                buf_count,
                reassembly,
                params,
                legacy_rc,
                verbose_errors: verbose,
                frugal_list: control,
                erase: if progressive { EraseMode::Progressive } else { EraseMode::UpFront },
                conn_param_control: control,
                erase_storage: verbose,
                profile: if params { Profile::Z4x } else { Profile::Z32 },
                settings: verbose,
                fs: control,
                shell: progressive,
                ..ServerConfig::default()
            }
        },
    )
}

/// A write that is often close to a request: a header of a known command, then anything.
fn write() -> impl Strategy<Value = Vec<u8>> {
    let command = prop::sample::select(vec![
        (0u8, 0u8),
        (0, 5),
        (0, 6),
        (1, 0),
        (1, 1),
        (1, 5),
        (3, 0),
        (3, 3),
        (8, 0),
        (8, 1),
        (9, 0),
        (63, 0),
    ]);
    let body = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..60),
        prop::sample::select(vec![
            b"\xa0".to_vec(),
            b"\xbf\xff".to_vec(),
            b"\xa1\x67confirm\xf5".to_vec(),
            first_chunk(),
            b"\xa4\x63off\0\x63len\x09\x64data\x43abc\x64name\x67/lfs1/x".to_vec(),
            b"\xa1\x64argv\x82\x66kernel\x67version".to_vec(),
        ]),
    ];
    let request =
        (0u8..8, command, body, any::<bool>()).prop_map(|(op, (group, id), body, true_len)| {
            let len = if true_len { body.len() as u8 } else { body.len() as u8 / 2 };
            let mut frame = vec![op, 0, 0, len, 0, group, 1, id];
            frame.extend(body);
            frame
        });
    prop_oneof![1 => prop::collection::vec(any::<u8>(), 0..40), 4 => request]
}

/// A request as it is, or in the lines of a serial console.
fn lines() -> impl Strategy<Value = Vec<u8>> {
    (any::<bool>(), write()).prop_map(|(framed, frame)| {
        let mut lines = Vec::new();
        encode(&frame, &mut lines);
        if framed { lines } else { frame }
    })
}

/// The payload of a first chunk of 700 octets.
fn first_chunk() -> Vec<u8> {
    let image = image(628, 2);
    let mut body = b"\xa3\x63off\x00\x63len\x19\x02\xbc\x64data\x58\x60".to_vec();
    body.extend_from_slice(&image[..96]);
    body
}

fn flash() -> Device {
    let mut flash = Device::new(Part::nrf52840(), RadioSync::None);
    let layout = ServerConfig::default().layout;
    flash.load(layout.slots[0].start, &image(1000, 1));
    flash.load(layout.slots[1].start, &image(1000, 2));
    flash
}

/// A world that answers everything at once, or nothing at all; its flash forgets.
struct Surroundings {
    flash: Device,
    answers: bool,
}

impl Harness for Surroundings {
    type Machine = Server;

    fn env(&self) -> &dyn FlashView {
        &self.flash
    }

    fn answer(&mut self, _: Time, out: &ServerOut) -> Option<ServerIn> {
        match out {
            _ if !self.answers => None,
            ServerOut::Notify(sdu) => Some(ServerIn::Notified { tag: sdu.tag }),
            ServerOut::Flash(FlashOp::Write { data, .. }) => {
                Some(ServerIn::FlashDone { data: data.clone() })
            }
            ServerOut::Flash(_) => Some(ServerIn::FlashDone { data: Vec::new() }),
            ServerOut::Reset => Some(ServerIn::Start),
            ServerOut::ConnParams { .. }
            | ServerOut::Trace(_)
            | ServerOut::Datagram { .. }
            | ServerOut::Serial(_)
            | ServerOut::Shell(_)
            | ServerOut::RawSerial(_) => None,
        }
    }
}

fn input() -> impl Strategy<Value = ServerIn> {
    prop_oneof![
        8 => (any::<u8>(), write())
            .prop_map(|(tag, bytes)| ServerIn::Write(Sdu { tag: tag.into(), bytes })),
        1 => any::<u8>().prop_map(|tag| ServerIn::Notified { tag: tag.into() }),
        1 => any::<u16>().prop_map(|att_mtu| ServerIn::Subscribed { att_mtu }),
        4 => (any::<u8>(), 0u8..4, lines()).prop_map(|(tag, transport, bytes)| {
            let sdu = Sdu { tag: tag.into(), bytes };
            match transport {
                0 => ServerIn::Datagram { peer: 1, sdu: sdu.into() },
                1 => ServerIn::Serial(sdu.into()),
                2 => ServerIn::Shell(sdu.into()),
                _ => ServerIn::RawSerial(sdu.into()),
            }
        }),
        1 => Just(ServerIn::ConnParamsFailed),
        1 => Just(ServerIn::Unsubscribed),
        1 => prop::collection::vec(any::<u8>(), 0..9).prop_map(|data| ServerIn::FlashDone { data }),
        1 => Just(ServerIn::Start),
    ]
}

proptest! {
    #[test]
    fn the_machine_keeps_its_contract_in_any_world(
        config in config(1..6, &[16, 64, 384, 2475]),
        cpu_us in 0u64..500,
        answers in any::<bool>(),
        script in prop::collection::vec((0u64..400, input()), 0..30),
    ) {
        let server = Server::new(ServerConfig { cpu: Span::from_us(cpu_us), ..config });
        let opening = [ServerIn::Start, ServerIn::Subscribed { att_mtu: 50 }];
        let opening = opening.into_iter().map(|input| (Span::ZERO, input));
        let script = script.into_iter().map(|(ms, input)| (Span::from_ms(ms), input));
        let script = opening.chain(script).collect();
        let mut surroundings = Surroundings { flash: flash(), answers };
        check(&mut surroundings, &server, script, Span::from_s(10));
    }

    #[test]
    fn after_any_writes_an_echo_is_answered_and_only_the_slot_and_storage_were_touched(
        config in config(2..6, &[64, 384, 2475]),
        writes in prop::collection::vec((any::<bool>(), write()), 1..20),
    ) {
        let mut world = World::with_flash(config.clone(), flash());
        for (at_once, bytes) in writes {
            world.write(&bytes);
            if !at_once {
                world.advance(Span::from_ms(1));
            }
        }
        world.advance(Span::from_ms(300));
        prop_assert!(world.server.idle());
        if world.resets > 0 {
            world.start();
        }
        let slot = config.layout.slots[1];
        let allowed = |at| slot.contains(at)
            || config.layout.storage.is_some_and(|storage| storage.contains(at));
        prop_assert!(world.ops.iter().all(|op| allowed(op.at())), "{:?}", world.ops);
        // A partial request swallows what follows until it is complete or overrun.
        world.notified.clear();
        world.drops();
        let mut tries = 0;
        while !world.exchange(&[ECHO]).iter().any(|frame| frame == ECHOED) {
            prop_assert!(config.reassembly && tries < 200, "{:?}", world.drops());
            tries += 1;
        }
        prop_assert!(!world.drops().contains(&DropReason::NoBuffer), "a buffer was lost");
    }
}
