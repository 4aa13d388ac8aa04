//! The stream and its ring, without a client.

use super::{Held, Outages, Uplink, UplinkConfig};
use crate::ClientOut;
use crate::event::ClientEvent as E;
use proptest::prelude::*;
use sim_core::{Span, Time};
use std::collections::VecDeque;

const IMAGE: u32 = 10_000;

fn config() -> UplinkConfig {
    UplinkConfig {
        rate: 1_000,
        latency: Span::from_ms(100),
        outages: None,
        block: 1_000,
        ring: 4_000,
        start: 0,
        flow_control: true,
    }
}

struct Rig {
    uplink: Uplink,
    now: Time,
    out: VecDeque<ClientOut>,
    events: Vec<(u64, E)>,
}

impl Rig {
    fn new(config: &UplinkConfig) -> Self {
        let uplink = Uplink::new(config, IMAGE);
        let mut rig = Self { uplink, now: Time::ZERO, out: VecDeque::new(), events: Vec::new() };
        rig.uplink.ask(rig.now, 0, &mut rig.out);
        rig.drain();
        rig
    }

    fn drain(&mut self) {
        let ms = self.now.as_ns() / 1_000_000;
        for out in self.out.drain(..) {
            let ClientOut::Trace(event) = out else { panic!("{out:?}") };
            self.events.push((ms, event));
        }
    }

    fn step(&mut self) -> bool {
        let Some(due) = self.uplink.deadline() else { return false };
        assert!(due >= self.now, "a deadline lies in the past");
        self.now = due;
        self.uplink.on_deadline(due, &mut self.out);
        self.drain();
        true
    }

    fn until(&mut self, ms: u64) {
        let until = Time::ZERO + Span::from_ms(ms);
        while self.uplink.deadline().is_some_and(|due| due <= until) {
            self.step();
        }
        self.now = until;
    }

    fn acknowledge(&mut self, off: u32) {
        self.uplink.acknowledge(self.now, off, &mut self.out);
        self.drain();
    }

    fn seen(&mut self) -> Vec<(u64, E)> {
        std::mem::take(&mut self.events)
    }
}

#[test]
fn blocks_come_at_the_rate_after_one_latency_and_the_host_waits_for_room() {
    let mut rig = Rig::new(&config());
    rig.until(60_000);
    let buffered = |ms, end| (ms, E::Buffered { end, held: end });
    let first = [(0, E::HostAsk { off: 0 })];
    let blocks = [buffered(1_100, 1_000), buffered(2_100, 2_000), buffered(3_100, 3_000)];
    assert_eq!(rig.seen(), [&first[..], &blocks, &[buffered(4_100, 4_000)]].concat());
    // Room for less than a block is not told; the host learns of a whole one half a round trip
    // later and the block comes with the other half.
    rig.acknowledge(999);
    rig.until(70_000);
    assert_eq!(rig.seen(), []);
    rig.acknowledge(1_000);
    rig.until(80_000);
    assert_eq!(rig.seen(), [(71_100, E::Buffered { end: 5_000, held: 4_000 })]);
}

#[test]
fn a_chunk_is_held_from_its_last_octet_until_it_is_overwritten() {
    let mut rig = Rig::new(&config());
    rig.until(2_200);
    assert_eq!(rig.uplink.holds(1_500, 500), Held::Yes);
    assert_eq!(rig.uplink.holds(1_500, 501), Held::NotYet);
    assert_eq!(rig.uplink.missing(1_500, 501), 1);
    rig.acknowledge(2_000);
    rig.until(5_200);
    assert_eq!(rig.uplink.holds(0, 100), Held::Gone, "the fifth thousand took its place");
    assert_eq!(rig.uplink.holds(1_000, 100), Held::Yes, "acknowledged, and still there");
    rig.until(60_000);
    assert_eq!(rig.uplink.holds(IMAGE - 1, 500), Held::NotYet);
    rig.acknowledge(IMAGE - 4_000);
    rig.until(120_000);
    assert_eq!(rig.uplink.holds(IMAGE - 1, 500), Held::Yes, "behind the image there is nothing");
}

#[test]
fn asking_again_forgets_the_ring() {
    let mut rig = Rig::new(&config());
    rig.until(3_500);
    rig.seen();
    rig.uplink.ask(rig.now, 500, &mut rig.out);
    rig.drain();
    rig.until(4_700);
    let again = E::HostAsk { off: 500 };
    assert_eq!(rig.seen(), [(3_500, again), (4_600, E::Buffered { end: 1_500, held: 1_000 })]);
    assert_eq!(rig.uplink.holds(499, 1), Held::Gone);
}

#[test]
fn without_flow_control_what_finds_no_room_is_dropped_and_asked_for_again() {
    let mut rig = Rig::new(&UplinkConfig { flow_control: false, ring: 2_500, ..config() });
    rig.until(4_200);
    let overflow = |off, len| E::Overflow { off, len };
    let tail = [(3_100, E::Buffered { end: 2_500, held: 2_500 }), (3_100, overflow(2_500, 500))];
    assert_eq!(rig.seen()[3..], tail);
    rig.acknowledge(1_000);
    // Asked at 4.2 s: the stream begins anew at 4.3 s, and the block that was on its way is cut off.
    rig.until(6_000);
    // The block that came at 4.1 s was of no use: it is told of now.
    let again = [
        (4_200, overflow(3_000, 1_000)),
        (4_200, E::HostAsk { off: 2_500 }),
        (5_300, E::Buffered { end: 3_500, held: 2_500 }),
    ];
    assert_eq!(rig.seen(), again);
    // The host has gone on: its next block finds no room.
    rig.until(6_400);
    assert_eq!(rig.seen(), [(6_300, overflow(3_500, 1_000))]);
}

#[test]
fn blocks_that_the_host_sent_before_it_was_asked_again_are_dropped() {
    let slow_way = Span::from_ms(2_500);
    let mut rig = Rig::new(&UplinkConfig { flow_control: false, latency: slow_way, ..config() });
    rig.until(7_600);
    rig.acknowledge(4_000);
    rig.until(10_200);
    let seen = rig.seen();
    let dropped: u32 = seen
        .iter()
        .filter_map(|(_, event)| match event {
            E::Overflow { len, .. } => Some(*len),
            _ => None,
        })
        .sum();
    // One found the ring full at 7.5 s, two more came until 10.1 s.
    assert_eq!(dropped, 3_000, "{seen:?}");
    rig.until(11_200);
    assert_eq!(rig.seen(), [(11_100, E::Buffered { end: 5_000, held: 1_000 })]);
}

/// However small the blocks, dropping them takes no steps.
#[test]
fn a_stream_that_finds_no_room_costs_nothing_until_there_is_some() {
    let config = UplinkConfig {
        flow_control: false,
        rate: 100_000_000,
        block: 1,
        ring: 512,
        latency: Span::ZERO,
        ..config()
    };
    let mut rig = Rig::new(&config);
    rig.until(1_000);
    assert_eq!(rig.seen().len(), 1 + 512 + 1, "asked, one a block, one for the first dropped");
    assert_eq!(rig.uplink.deadline(), None);
    rig.acknowledge(1);
    // The rest of the image has come and gone.
    let rest = rig.uplink.len - 513;
    let dropped = E::Overflow { off: 513, len: rest };
    assert_eq!(rig.seen(), [(1_000, dropped), (1_000, E::HostAsk { off: 512 })]);
}

#[test]
fn an_upload_that_the_server_has_in_part_needs_no_room_for_that_part() {
    for flow_control in [true, false] {
        let mut rig = Rig::new(&UplinkConfig { flow_control, ..config() });
        rig.acknowledge(8_000);
        rig.until(20_000);
        assert_eq!(rig.uplink.holds(8_000, 2_000), Held::Yes, "flow control {flow_control}");
        assert!(rig.seen().iter().all(|(_, event)| !matches!(event, E::Overflow { .. })));
    }
}

fn any_config() -> impl Strategy<Value = UplinkConfig> {
    let outages = prop_oneof![
        Just(None),
        (1u64..5_000, 1u64..5_000, 0u64..10_000).prop_map(|(length, more, first)| Some(Outages {
            every: Span::from_ms(length + more),
            length: Span::from_ms(length),
            first: Span::from_ms(first % (length + more)),
        }))
    ];
    (100u32..1_000_000, 0u64..3_000, outages, 1u32..3_000, 700u32..20_000, any::<bool>()).prop_map(
        |(rate, latency, outages, block, ring, flow_control)| UplinkConfig {
            rate,
            latency: Span::from_ms(latency),
            outages,
            block,
            ring,
            start: 0,
            flow_control,
        },
    )
}

proptest! {
    /// A reader that takes a chunk as soon as it is there gets the whole image, never faster than
    /// the line, and finds the ring within its bounds.
    #[test]
    fn every_image_comes_through(config in any_config(), chunk in 1u32..350, pause in 0u64..200) {
        let mut rig = Rig::new(&config);
        let mut off = 0;
        let mut steps = 0;
        while off < IMAGE {
            steps += 1;
            prop_assert!(steps < 1_000_000, "it does not end");
            match rig.uplink.holds(off, chunk) {
                Held::Yes => {
                    rig.until(rig.now.as_ns().div_ceil(1_000_000) + pause);
                    off = (off + chunk).min(IMAGE);
                    rig.acknowledge(off);
                }
                Held::NotYet => prop_assert!(rig.step(), "nothing comes any more at {}", off),
                Held::Gone => prop_assert!(false, "{} was overwritten", off),
            }
            let carried = u64::from(config.rate) * (rig.now.as_ns() / 1_000);
            prop_assert!(u64::from(off) * 1_000_000 <= carried + u64::from(config.rate));
        }
        for (_, event) in rig.seen() {
            match event {
                E::Buffered { held, .. } => prop_assert!(held <= config.ring),
                E::Overflow { .. } => prop_assert!(!config.flow_control),
                _ => {}
            }
        }
    }
}
