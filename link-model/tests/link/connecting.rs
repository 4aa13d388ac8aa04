//! Advertising, scanning, the first anchor, and how connections end, from outside the machine.

use crate::hosts::Hosts;
use link_model::{LinkConfig, LinkEvent, LinkIn, LinkOut, Phy, Role, T_IFS, reason};
use sim_core::{Sdu, Span, Time};

/// From the start of the advertisement that is answered to the end of `CONNECT_IND`: 37 and 34
/// octets of payload.
fn exchange() -> Span {
    Phy::OneM.air_time(37, false) + T_IFS + Phy::OneM.air_time(34, false)
}

/// Starts advertising at 0 and scanning at `scan`; returns when the answered advertisement began.
fn answered(config: LinkConfig, seed: u64, scan: Span) -> Time {
    let mut hosts = Hosts::new(config, seed);
    hosts.tell(LinkIn::Advertise);
    hosts.advance(scan);
    hosts.tell(LinkIn::Connect { timeout: Span::from_s(60) });
    hosts.run_until(|out| matches!(out, LinkOut::Trace(LinkEvent::ConnectInd { .. })));
    hosts.now.before(exchange())
}

#[test]
fn a_central_that_always_scans_hears_the_first_advertisement() {
    for seed in 0..20 {
        let heard = answered(LinkConfig::default(), seed, Span::ZERO);
        assert!(heard.since(Time::ZERO) <= Span::from_ms(10));
    }
}

#[test]
fn a_central_that_scans_now_and_then_hears_only_what_begins_and_ends_in_its_windows() {
    let (interval, window) = (Span::from_ms(100), Span::from_ms(10));
    let config =
        LinkConfig { scan_interval: interval, scan_window: window, ..LinkConfig::default() };
    let scan = Span::from_ms(20);
    let mut late = 0;
    let mut later_channel = 0;
    for seed in 0..60 {
        let heard = answered(config.clone(), seed, scan);
        let scanned = heard.since(Time::ZERO + scan);
        let into = Span::from_ns(scanned.as_ns() % interval.as_ns());
        assert!(into + Phy::OneM.air_time(37, false) <= window, "{into:?}");
        late += u32::from(scanned > interval);
        let channel = scanned.as_ns() / interval.as_ns() % 3;
        later_channel += u32::from([1, 2].contains(&channel));
    }
    assert!(late > 30 && later_channel > 20, "{late} {later_channel}");
}

#[test]
fn the_window_offset_moves_the_first_anchor() {
    for units in [0, 1, 9] {
        let win_offset = Span::from_us(1_250) * units;
        let hosts = Hosts::connected(LinkConfig { win_offset, ..LinkConfig::default() }, 1);
        let created = hosts
            .events()
            .find(|(_, e)| matches!(e, LinkEvent::ConnectInd { .. }))
            .map(|(at, _)| at);
        let first = hosts.events().find_map(|(end, e)| match e {
            LinkEvent::Packet { air_us, .. } => Some(end.before(Span::from_us(air_us.into()))),
            _ => None,
        });
        let delay = first.expect("sent").since(created.expect("created"));
        assert_eq!(delay, Span::from_us(1_250) + win_offset);
    }
}

#[test]
fn the_peripheral_can_end_the_connection_and_both_ends_learn_why() {
    let mut hosts = Hosts::connected(LinkConfig::default(), 1);
    hosts.tell(LinkIn::PeripheralDisconnect);
    hosts.advance(Span::from_ms(100));
    let said = hosts.messages();
    assert!(said.contains(&&LinkOut::Lost { reason: reason::REMOTE_TERMINATED }));
    assert!(said.contains(&&LinkOut::PeripheralLost { reason: reason::LOCAL_TERMINATED }));
    let ends = hosts.events().filter(|(_, e)| matches!(e, LinkEvent::Lost { .. })).count();
    assert_eq!(ends, 2);
    let last = hosts.events().last().map(|(at, _)| at);
    assert!(last.is_some_and(|at| hosts.now.since(at) > Span::from_ms(50)), "the air is still");
}

/// The central leaves after one acknowledgement. When that is not heard, the peripheral goes by its
/// supervision timeout.
#[test]
fn a_peripheral_that_is_deaf_to_the_acknowledgement_waits_for_its_timeout() {
    let mut hosts = Hosts::connected(LinkConfig::default(), 1);
    hosts.tell(LinkIn::PeripheralDisconnect);
    hosts.run_until(|out| {
        matches!(out, LinkOut::Trace(LinkEvent::Packet { from: Role::Peripheral, octets: 2, .. }))
    });
    let until = hosts.now + Span::from_ms(100);
    hosts.tell(LinkIn::Deaf { until });
    hosts.run_until(|out| *out == LinkOut::Lost { reason: reason::REMOTE_TERMINATED });
    let left = hosts.now;
    hosts.run_until(|out| *out == LinkOut::PeripheralLost { reason: reason::TIMEOUT });
    assert!(hosts.now.since(left) > Span::from_s(3));
}

#[test]
fn hosts_that_are_not_connected_cannot_disconnect() {
    let mut hosts = Hosts::new(LinkConfig::default(), 1);
    hosts.tell(LinkIn::PeripheralDisconnect);
    hosts.tell(LinkIn::Disconnect);
    hosts.tell(LinkIn::SetPhy(Phy::TwoM));
    assert!(hosts.said.is_empty());
    assert_eq!(sim_core::Machine::deadline(&hosts.link), None);
}

/// Core Specification Vol 3 Part F 3.2.9.
#[test]
fn an_attribute_value_of_512_octets_is_written_and_a_longer_one_is_not() {
    let config = LinkConfig { central_mtu: 517, peripheral_mtu: 517, ..LinkConfig::default() };
    let mut hosts = Hosts::connected(config, 1);
    hosts.write(1, 512);
    hosts.write(2, 513);
    hosts.advance(Span::from_s(1));
    let wrote: Vec<usize> = hosts
        .messages()
        .iter()
        .filter_map(|out| match out {
            LinkOut::Wrote(Sdu { bytes, .. }) => Some(bytes.len()),
            _ => None,
        })
        .collect();
    assert_eq!(wrote, [512]);
    let too_long = LinkEvent::TooLong { tag: 2, octets: 513 };
    assert!(hosts.events().any(|(_, e)| e == too_long));
}
