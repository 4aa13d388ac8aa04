//! Links that are no radio keep the machine contract under arbitrary inputs and faults.

use link_model::{DatagramConfig, DatagramPipe, LinkIn, LinkOut, SerialConfig, SerialPipe};
use proptest::prelude::*;
use sim_core::contract::{Harness, check};
use sim_core::{Machine, Ppm, Sdu, Seed, Span, Time};
use std::marker::PhantomData;

/// Hosts that answer what reaches the device, and halt its processor for it.
struct Hosts<M>(PhantomData<M>);

impl<M> Harness for Hosts<M>
where
    M: Clone + for<'e> Machine<In = LinkIn, Out = LinkOut, Env<'e> = ()>,
{
    type Machine = M;
    fn env(&self) {}
    fn answer(&mut self, now: Time, out: &LinkOut) -> Option<LinkIn> {
        match out {
            LinkOut::Connected => Some(LinkIn::Discover),
            LinkOut::Wrote(sdu) if sdu.tag.is_multiple_of(2) => {
                Some(LinkIn::Deaf { until: now + Span::from_ms(5) })
            }
            LinkOut::Wrote(sdu) => {
                Some(LinkIn::Notify(Sdu { tag: sdu.tag, bytes: b"an answer\n".to_vec() }))
            }
            _ => None,
        }
    }
}

fn input() -> impl Strategy<Value = LinkIn> {
    let octets = prop::collection::vec(prop_oneof![Just(b'\n'), any::<u8>()], 0..300);
    prop_oneof![
        4 => (1u32..9, octets).prop_map(|(tag, bytes)| LinkIn::Write(Sdu { tag, bytes })),
        1 => Just(LinkIn::Connect { timeout: Span::from_s(1) }),
        1 => Just(LinkIn::Discover),
        1 => Just(LinkIn::Disconnect),
        1 => Just(LinkIn::Advertise),
        1 => Just(LinkIn::PowerOff),
        1 => Just(LinkIn::PeripheralDisconnect),
    ]
}

fn script() -> impl Strategy<Value = Vec<(Span, LinkIn)>> {
    prop::collection::vec((0u64..40_000, input()), 0..40).prop_map(|script| {
        let mut all = vec![
            (Span::ZERO, LinkIn::Advertise),
            (Span::ZERO, LinkIn::Connect { timeout: Span::from_s(5) }),
        ];
        all.extend(script.into_iter().map(|(us, input)| (Span::from_us(us), input)));
        all
    })
}

proptest! {
    #[test]
    fn a_network_keeps_the_contract(
        script in script(),
        (loss, reorder, duplicate) in (0u32..300_000, 0u32..300_000, 0u32..300_000),
        (rate, mtu, jitter) in (prop_oneof![Just(0u32), 1_000u32..1_000_000], 128u16..400, 0u64..50),
        seed: u64,
    ) {
        let config = DatagramConfig {
            loss: Ppm::new(loss),
            reorder: Ppm::new(reorder),
            duplicate: Ppm::new(duplicate),
            jitter: Span::from_ms(jitter),
            rate,
            mtu,
            ..DatagramConfig::default()
        };
        let pipe = DatagramPipe::new(config, Seed(seed));
        check(&mut Hosts(PhantomData), &pipe, script, Span::from_s(10));
    }

    #[test]
    fn a_serial_line_keeps_the_contract(
        script in script(),
        (baud, error, rx_ring, latency) in (1_200u32..2_000_000, 0u32..100_000, 0u32..300, 0u64..3),
        seed: u64,
    ) {
        let latency = Span::from_ms(latency);
        let config = SerialConfig { baud, error: Ppm::new(error), rx_ring, latency };
        let pipe = SerialPipe::new(config, Seed(seed));
        check(&mut Hosts(PhantomData), &pipe, script, Span::from_s(10));
    }
}
