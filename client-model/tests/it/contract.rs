//! The bargain of a machine, under any input; and buffers that go round.

use crate::server::Server;
use crate::world::config;
use client_model::{
    Client, ClientConfig, ClientIn, ClientOut, LenRule, Mode, Origin, StrategyKind, Transport,
    UplinkConfig,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use sim_core::contract::{Harness, check};
use sim_core::{Machine, Sdu, Span, Time};
use std::collections::BTreeSet;

/// Answers as a link and a server would, so that random inputs meet every state.
struct Peers {
    server: Server,
    writes: usize,
}

impl Harness for Peers {
    type Machine = Client;

    fn env(&self) {}

    fn answer(&mut self, _: Time, out: &ClientOut) -> Option<ClientIn> {
        match out {
            ClientOut::Connect { .. } => Some(ClientIn::Connected),
            ClientOut::Discover => {
                Some(ClientIn::Ready { transport: Transport::Ble, att_mtu: 247 })
            }
            ClientOut::Disconnect => Some(ClientIn::Lost { reason: 0x16 }),
            ClientOut::Write(sdu) => {
                self.writes += 1;
                // Now and then an answer is lost.
                let answer = self.server.write(sdu.bytes.clone())?;
                (!self.writes.is_multiple_of(7))
                    .then_some(ClientIn::Received(Sdu { tag: sdu.tag, bytes: answer }))
            }
            ClientOut::SetParams(_) | ClientOut::Finished(_) | ClientOut::Trace(_) => None,
        }
    }
}

fn peers() -> Peers {
    let mut server = Server::new([0xbb; 32]);
    server.rc_first = true;
    server.params = Some((1024, 4));
    Peers { server, writes: 0 }
}

fn any_config() -> impl Strategy<Value = ClientConfig> {
    let kinds = StrategyKind::ALL.iter().copied();
    let kind = select(kinds.filter(|kind| kind.origin() == Origin::Real).collect::<Vec<_>>());
    let mode = prop_oneof![
        Just(Mode::TestAndConfirm),
        Just(Mode::ConfirmOnly),
        Just(Mode::TestOnly),
        Just(Mode::UploadOnly)
    ];
    let rule = prop_oneof![Just(LenRule::Image), Just(LenRule::Slot { len: 3000 })];
    let uplink = prop_oneof![2 => Just(None), 1 => any_uplink().prop_map(Some)];
    (kind, mode, rule, 0u8..6, any::<bool>(), 0u16..5, uplink).prop_map(
        |(kind, mode, len_rule, window, erase_settings, memory_alignment, uplink)| ClientConfig {
            uplink,
            mode,
            len_rule,
            window,
            erase_settings,
            memory_alignment,
            estimated_swap: Span::from_s(5),
            ..config(kind, 2_000)
        },
    )
}

fn any_uplink() -> impl Strategy<Value = UplinkConfig> {
    (1u32..50_000, 0u64..500, 0u32..700, 0u32..2_500, 0u32..3_000, any::<bool>()).prop_map(
        |(rate, latency, block, ring, start, flow_control)| UplinkConfig {
            rate,
            latency: Span::from_ms(latency),
            outages: None,
            block,
            ring,
            start,
            flow_control,
        },
    )
}

fn any_input() -> impl Strategy<Value = ClientIn> {
    let header =
        (0u8..32, vec(any::<u8>(), 7), vec(any::<u8>(), 0..40)).prop_map(|(first, rest, body)| {
            let mut bytes = [vec![first], rest, body].concat();
            smp_wire::header::put_len(&mut bytes);
            bytes[6] %= 4;
            bytes
        });
    let notification = prop_oneof![header, vec(any::<u8>(), 0..300)];
    prop_oneof![
        2 => Just(ClientIn::Start),
        2 => Just(ClientIn::Connected),
        1 => Just(ClientIn::ConnectFailed),
        2 => (0u16..600).prop_map(|att_mtu| ClientIn::Ready { transport: Transport::Ble, att_mtu }),
        1 => any::<u8>().prop_map(|reason| ClientIn::Lost { reason }),
        1 => any::<u8>().prop_map(|code| ClientIn::Refused { code }),
        1 => any::<u32>().prop_map(|tag| ClientIn::Written { tag }),
        8 => (any::<u32>(), notification)
            .prop_map(|(tag, bytes)| ClientIn::Received(Sdu { tag, bytes })),
    ]
}

fn any_pause() -> impl Strategy<Value = Span> {
    prop_oneof![Just(0), 0u64..50, 0u64..70_000].prop_map(Span::from_ms)
}

proptest! {
    #[test]
    fn the_bargain_holds_and_arbitrary_octets_never_panic(
        config in any_config(),
        script in vec((any_pause(), any_input()), 0..60),
    ) {
        let script = [vec![(Span::ZERO, ClientIn::Start)], script].concat();
        check(&mut peers(), &Client::new(config), script, Span::from_s(600));
    }

    /// Answers that are valid SMP with arbitrary bodies, to whatever is outstanding.
    #[test]
    fn arbitrary_answers_end_the_update_or_let_it_go_on(
        config in any_config(),
        bodies in vec(vec(any::<u8>(), 0..24), 1..20),
    ) {
        let mut harness = Arbitrary { bodies, next: 0 };
        let script = vec![(Span::ZERO, ClientIn::Start)];
        check(&mut harness, &Client::new(config), script, Span::from_s(600));
    }
}

struct Arbitrary {
    bodies: Vec<Vec<u8>>,
    next: usize,
}

impl Harness for Arbitrary {
    type Machine = Client;

    fn env(&self) {}

    fn answer(&mut self, _: Time, out: &ClientOut) -> Option<ClientIn> {
        match out {
            ClientOut::Connect { .. } => Some(ClientIn::Connected),
            ClientOut::Discover => {
                Some(ClientIn::Ready { transport: Transport::Ble, att_mtu: 498 })
            }
            ClientOut::Write(sdu) => {
                let body = self.bodies.get(self.next)?;
                self.next += 1;
                let mut bytes = sdu.bytes[..8].to_vec();
                bytes[0] += 1;
                bytes.extend_from_slice(body);
                bytes[2..4].copy_from_slice(&(body.len() as u16).to_be_bytes());
                Some(ClientIn::Received(Sdu { tag: sdu.tag, bytes }))
            }
            _ => None,
        }
    }
}

/// What came of driving a client with a server that answers in the request's own buffer.
pub(crate) struct Buffers {
    pub(crate) buffers: BTreeSet<usize>,
    pub(crate) requests: usize,
}

pub(crate) fn drive_with_own_buffers(client: &mut Client) -> Buffers {
    let mut peers = peers();
    peers.server.params = None;
    let mut found = Buffers { buffers: BTreeSet::new(), requests: 0 };
    let mut inputs = std::collections::VecDeque::from([ClientIn::Start]);
    let mut now = Time::ZERO;
    loop {
        if let Some(input) = inputs.pop_front() {
            client.handle(now, input, ());
        } else if let Some(due) =
            client.deadline().filter(|&due| due < Time::ZERO + Span::from_s(10))
        {
            now = due;
            client.on_deadline(now, ());
        } else {
            return found;
        }
        while let Some(out) = client.poll() {
            let ClientOut::Write(sdu) = out else {
                inputs.extend(peers.answer(now, &out));
                continue;
            };
            found.requests += 1;
            found.buffers.insert(sdu.bytes.as_ptr() as usize);
            if let Some(bytes) = peers.server.write(sdu.bytes) {
                inputs.push_back(ClientIn::Received(Sdu { tag: sdu.tag, bytes }));
            }
        }
    }
}
