//! Few buffers in the controllers, and hosts that take their time.

use crate::hosts::Hosts;
use link_model::{ConnParams, EndConfig, LinkConfig, LinkEvent, LinkIn, LinkOut, Phy, Role};
use sim_core::{Sdu, Span, Time};

fn two_m(central: EndConfig, peripheral: EndConfig) -> LinkConfig {
    LinkConfig {
        params: ConnParams::from_units(6, 0, 400),
        phy: Phy::TwoM,
        phy_update: false,
        central,
        peripheral,
        ..LinkConfig::default()
    }
}

fn holds(tx_buffers: u8) -> EndConfig {
    EndConfig { tx_buffers, ..EndConfig::default() }
}

/// Each packet queued after the completion of the one before: two full packets an event on LE 2M
/// at 7.5 ms (Zephyr issue 20153), and three buffers suffice to keep the event open.
#[test]
fn two_buffers_carry_two_packets_an_event_and_three_as_many_as_fit() {
    let pairs = |tx_buffers, refill| {
        let mut hosts = Hosts::connected(two_m(holds(tx_buffers), EndConfig::default()), 1);
        hosts.fill(true, false, refill);
        hosts.advance(Span::from_ms(150));
        let closed = hosts.closed_events();
        let last = closed.len() - 4;
        assert!(closed[last..].iter().all(|event| *event == closed[last]), "{closed:?}");
        closed[last].0 / 2
    };
    let unbounded = pairs(0, 244);
    assert_eq!(unbounded, 4);
    assert_eq!([1, 2, 3, 20].map(|buffers| pairs(buffers, 244)), [1, 2, unbounded, unbounded]);
    // Fragments of one value are packets like any other.
    assert_eq!([1, 2, 3].map(|buffers| pairs(buffers, 495)), [1, 2, unbounded]);
}

#[test]
fn a_host_slower_than_a_pair_leaves_the_event_and_is_ready_at_the_next_anchor() {
    let slow = EndConfig { host_turnaround: Span::from_ms(3), ..holds(3) };
    let mut hosts = Hosts::connected(two_m(slow, EndConfig::default()), 1);
    hosts.fill(true, false, 244);
    hosts.advance(Span::from_ms(150));
    let closed = hosts.closed_events();
    assert!(closed[closed.len() - 5..].iter().all(|(packets, _)| *packets == 6), "{closed:?}");
}

/// The peripheral's host takes 10 ms for each packet: what finds no buffer is not acknowledged and
/// comes again, so that air time passes and nothing is lost.
#[test]
fn packets_without_a_receive_buffer_are_refused_and_repeated() {
    let slow = EndConfig { rx_buffers: 2, host_rx: Span::from_ms(10), ..EndConfig::default() };
    let mut hosts = Hosts::connected(two_m(EndConfig::default(), slow), 1);
    let from = hosts.now;
    for tag in 1..=40 {
        hosts.write(tag, 244);
    }
    hosts.run_until(|out| matches!(out, LinkOut::Wrote(Sdu { tag: 40, .. })));
    let took = hosts.now.since(from);
    assert!(took >= Span::from_ms(400), "{took:?} for 40 packets");
    assert!(took <= Span::from_ms(400 + 15), "the host never waits long: {took:?}");
    let (mut refused, mut taken) = (0, 0);
    for (at, event) in hosts.events() {
        let LinkEvent::Packet {
            from: Role::Central, octets: 251, taken: new, retransmission, ..
        } = event
        else {
            continue;
        };
        assert!(at >= from);
        if new {
            taken += 1;
        } else {
            refused += 1;
        }
        assert!(new || !retransmission || refused > 1);
    }
    assert_eq!(taken, 40);
    assert!(refused > 20, "{refused}");
    let wrote = hosts.messages().iter().filter(|o| matches!(o, LinkOut::Wrote(_))).count();
    assert_eq!(wrote, 40);
}

#[test]
fn a_value_reaches_the_host_when_its_last_packet_is_fetched() {
    let slow = EndConfig { host_rx: Span::from_ms(4), ..EndConfig::default() };
    let mut hosts = Hosts::connected(two_m(EndConfig::default(), slow), 1);
    hosts.advance(Span::from_ms(100));
    hosts.write(1, 495);
    let arrives = |hosts: &mut Hosts| -> Time {
        hosts.run_until(|out| {
            matches!(
                out,
                LinkOut::Trace(LinkEvent::Packet { from: Role::Central, octets: 251, .. })
            )
        });
        hosts.now
    };
    let first = arrives(&mut hosts);
    arrives(&mut hosts);
    assert!(!hosts.messages().iter().any(|o| matches!(o, LinkOut::Wrote(_))));
    hosts.run_until(|out| matches!(out, LinkOut::Wrote(_)));
    assert_eq!(hosts.now.since(first), Span::from_ms(8), "one after the other");
}

#[test]
fn what_lies_unfetched_when_the_connection_ends_is_gone() {
    let slow = EndConfig { host_rx: Span::from_ms(50), ..EndConfig::default() };
    let mut hosts = Hosts::connected(two_m(EndConfig::default(), slow), 1);
    hosts.write(1, 20);
    hosts.run_until(|out| {
        matches!(out, LinkOut::Trace(LinkEvent::Packet { value_octets: 20, taken: true, .. }))
    });
    hosts.tell(LinkIn::PowerOff);
    hosts.advance(Span::from_s(1));
    assert!(!hosts.messages().iter().any(|o| matches!(o, LinkOut::Wrote(_))));
}

#[test]
fn unlimited_buffers_and_hosts_without_delay_are_the_default() {
    let run = |end: EndConfig| {
        let mut hosts = Hosts::connected(two_m(end, end), 1);
        hosts.fill(true, true, 244);
        hosts.advance(Span::from_ms(150));
        hosts.closed_events()
    };
    assert_eq!(run(holds(255)), run(EndConfig::default()));
}
