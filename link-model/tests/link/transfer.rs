//! Throughput, loss and the life of a connection, seen from outside the machine.

use crate::hosts::Hosts;
use link_model::{
    ChannelConfig, CloseCause, ConnParams, LinkConfig, LinkEvent, LinkIn, LinkOut, ParamsRequest,
    Phy, Reception, Role, reason,
};
use sim_core::{Ppm, Sdu, Span, Time};

/// The peripheral asks for this interval and timeout, in the units of the air.
fn request(interval: u16, timeout: u16) -> LinkIn {
    let (interval_min, interval_max) = (interval, interval);
    LinkIn::RequestParams(ParamsRequest { interval_min, interval_max, latency: 0, timeout })
}

fn loses(loss: Ppm) -> ChannelConfig {
    ChannelConfig { loss, ..ChannelConfig::default() }
}

fn pairs_per_event(hosts: &Hosts) -> Vec<u16> {
    let mut packets = 0;
    hosts
        .events()
        .filter_map(|(_, e)| match e {
            LinkEvent::Packet { closes, .. } => {
                packets += 1;
                closes.map(|_| std::mem::take(&mut packets) / 2)
            }
            _ => None,
        })
        .collect()
}

/// A sender that is always full, for `span`; returns pairs per event in the steady state.
fn full_sender(interval_us: u64, phy: Phy, encrypted: bool, data_length: u8, mtu: u16) -> u16 {
    let c = LinkConfig {
        params: ConnParams { interval: Span::from_us(interval_us), ..LinkConfig::default().params },
        phy,
        encrypted,
        data_length,
        central_mtu: mtu,
        ..LinkConfig::default()
    };
    let mut hosts = Hosts::connected(c, 1);
    let octets = usize::from(mtu - 3);
    hosts.refill = Some(octets);
    for tag in 0..8 {
        hosts.write(tag * 1_000_000, octets);
    }
    hosts.advance(Span::from_us(interval_us) * 20);
    let pairs = pairs_per_event(&hosts);
    *pairs.iter().rev().nth(2).expect("twenty events have closed")
}

/// Published S132/S140 tables (encrypted), and the unencrypted reference link.
#[test]
fn a_full_sender_gets_as_many_pairs_an_event_as_published() {
    assert_eq!(full_sender(7_500, Phy::OneM, true, 27, 23), 9);
    assert_eq!(full_sender(7_500, Phy::TwoM, true, 27, 23), 12);
    assert_eq!(full_sender(50_000, Phy::OneM, true, 251, 247), 18);
    assert_eq!(full_sender(50_000, Phy::TwoM, true, 251, 247), 34);
    assert_eq!(full_sender(11_250, Phy::OneM, false, 251, 498), 3);
}

#[test]
fn the_pair_limit_of_a_phone_closes_the_event() {
    let c = LinkConfig { max_pairs: 1, ..LinkConfig::default() };
    let mut hosts = Hosts::connected(c, 1);
    hosts.write(1, 495);
    hosts.advance(Span::from_ms(40));
    let limited = hosts
        .events()
        .any(|(_, e)| matches!(e, LinkEvent::Packet { closes: Some(CloseCause::PairLimit), .. }));
    assert!(limited);
}

#[test]
fn set_up_reaches_ready_with_the_smaller_mtu_and_one_subscription() {
    let c = LinkConfig { peripheral_mtu: 247, ..LinkConfig::default() };
    let hosts = Hosts::connected(c, 1);
    let said = hosts.messages();
    assert_eq!(said[0], &LinkOut::Connected);
    assert_eq!(said[1], &LinkOut::Subscribed { att_mtu: 247 });
    assert_eq!(said[2], &LinkOut::Ready { att_mtu: 247 });
    assert_eq!(said.len(), 3);
}

#[test]
fn a_write_arrives_whole_and_once_and_is_acknowledged_after_that() {
    for loss in [0, 100_000, 300_000] {
        let c = LinkConfig { channel: loses(Ppm::new(loss)), ..LinkConfig::default() };
        let mut hosts = Hosts::connected(c, 9);
        for tag in 1..=20 {
            hosts.write(tag, 480);
        }
        hosts.advance(Span::from_s(20));
        let mut wrote = Vec::new();
        let mut written = Vec::new();
        for out in hosts.messages() {
            match out {
                LinkOut::Wrote(sdu) => {
                    assert_eq!(sdu.bytes, vec![sdu.tag as u8; 480]);
                    wrote.push(sdu.tag);
                }
                LinkOut::Written { tag } => {
                    assert!(wrote.contains(tag), "acknowledged before it arrived");
                    written.push(*tag);
                }
                _ => {}
            }
        }
        assert_eq!(wrote, (1..=20).collect::<Vec<_>>());
        assert_eq!(written, wrote);
    }
}

#[test]
fn a_notification_made_on_reception_waits_for_the_packet_after_the_next() {
    let mut hosts = Hosts::connected(LinkConfig::default(), 1);
    hosts.write(1, 20);
    hosts.run_until(|out| matches!(out, LinkOut::Wrote(_)));
    let counter_then = last_counter(&hosts);
    hosts.tell(LinkIn::Notify(Sdu { tag: 1, bytes: vec![5; 30] }));
    hosts.run_until(|out| matches!(out, LinkOut::Received(_)));
    // One short write, no more data on either side: the answer needs the next event.
    assert_eq!(last_counter(&hosts), counter_then + 1);
    hosts.run_until(|out| *out == LinkOut::Notified { tag: 1 });
    assert_eq!(last_counter(&hosts), counter_then + 2, "acknowledged at the anchor after it");
}

fn last_counter(hosts: &Hosts) -> u16 {
    hosts
        .events()
        .filter_map(|(_, e)| match e {
            LinkEvent::Packet { counter, .. } => Some(counter),
            _ => None,
        })
        .last()
        .expect("a connection has packets")
}

#[test]
fn nothing_is_heard_while_the_peripheral_is_deaf_and_the_link_goes_on_after_it() {
    let mut hosts = Hosts::connected(LinkConfig::default(), 1);
    let until = hosts.now + Span::from_ms(85);
    hosts.tell(LinkIn::Deaf { until });
    hosts.write(1, 495);
    hosts.advance(Span::from_ms(85));
    assert!(!hosts.messages().iter().any(|o| matches!(o, LinkOut::Wrote(_))));
    hosts.advance(Span::from_ms(25));
    assert!(hosts.messages().iter().any(|o| matches!(o, LinkOut::Wrote(_))));
    let missed = hosts
        .events()
        .filter(|(_, e)| {
            matches!(e, LinkEvent::Packet { reception: Reception::Missed, from: Role::Central, .. })
        })
        .count();
    assert!((7..=8).contains(&missed), "{missed} anchors of 11.25 ms inside 85 ms");
}

#[test]
fn a_device_that_is_reset_is_missed_after_the_supervision_timeout() {
    let mut hosts = Hosts::connected(LinkConfig::default(), 1);
    hosts.advance(Span::from_ms(100));
    let off = hosts.now;
    hosts.tell(LinkIn::PowerOff);
    hosts.run_until(|out| *out == LinkOut::Lost { reason: reason::TIMEOUT });
    let waited = hosts.now.since(off);
    assert!(waited <= Span::from_s(4) && waited > Span::from_ms(3_980), "{waited:?}");
    assert!(!hosts.messages().iter().any(|o| matches!(o, LinkOut::PeripheralLost { .. })));
}

#[test]
fn a_disconnect_reaches_both_ends_with_their_reasons() {
    let mut hosts = Hosts::connected(LinkConfig::default(), 1);
    hosts.tell(LinkIn::Disconnect);
    hosts.advance(Span::from_ms(50));
    let said = hosts.messages();
    assert!(said.contains(&&LinkOut::Lost { reason: reason::LOCAL_TERMINATED }));
    assert!(said.contains(&&LinkOut::PeripheralLost { reason: reason::REMOTE_TERMINATED }));
}

#[test]
fn after_a_loss_the_peripheral_can_be_found_again() {
    let mut hosts = Hosts::connected(LinkConfig::default(), 1);
    hosts.tell(LinkIn::PowerOff);
    hosts.run_until(|out| matches!(out, LinkOut::Lost { .. }));
    hosts.tell(LinkIn::Advertise);
    hosts.tell(LinkIn::Connect { timeout: Span::from_s(30) });
    hosts.run_until(|out| *out == LinkOut::Connected);
    hosts.tell(LinkIn::Discover);
    hosts.run_until(|out| matches!(out, LinkOut::Ready { att_mtu: 498 }));
}

#[test]
fn an_attempt_with_nobody_advertising_fails_at_its_timeout() {
    let mut hosts = Hosts::new(LinkConfig::default(), 1);
    hosts.tell(LinkIn::Connect { timeout: Span::from_s(30) });
    hosts.run_until(|out| *out == LinkOut::ConnectFailed);
    assert_eq!(hosts.now, Time::ZERO + Span::from_s(30));
}

#[test]
fn when_every_packet_is_lost_no_connection_comes_about() {
    let c = LinkConfig { channel: loses(Ppm::ONE), ..LinkConfig::default() };
    let mut hosts = Hosts::new(c, 1);
    hosts.tell(LinkIn::Advertise);
    hosts.tell(LinkIn::Connect { timeout: Span::from_s(30) });
    hosts.run_until(|out| *out == LinkOut::ConnectFailed);
    assert!(!hosts.messages().contains(&&LinkOut::Connected));
}

#[test]
fn parameters_asked_for_by_the_peripheral_come_into_force_at_their_instant() {
    let c = LinkConfig {
        params: ConnParams::from_units(32, 0, 42),
        param_update_delay: Span::ZERO,
        ..LinkConfig::default()
    };
    let mut hosts = Hosts::connected(c, 1);
    hosts.tell(request(9, 42));
    hosts.advance(Span::from_s(1));
    let (at, _) = hosts
        .events()
        .find(|(_, e)| *e == LinkEvent::ParamsUpdated { interval_us: 11_250, timeout_ms: 420 })
        .expect("the central accepts");
    let anchors: Vec<Time> = hosts
        .events()
        .filter(|(t, e)| *t > at && matches!(e, LinkEvent::Packet { from: Role::Central, .. }))
        .map(|(t, _)| t)
        .collect();
    assert_eq!(anchors[2].since(anchors[1]), Span::from_us(11_250));
}

#[test]
fn a_parameter_request_waits_until_the_connection_is_five_seconds_old() {
    let mut hosts = Hosts::connected(LinkConfig::default(), 1);
    hosts.tell(request(24, 42));
    hosts.advance(Span::from_s(4));
    let updated = |h: &Hosts| h.events().any(|(_, e)| matches!(e, LinkEvent::ParamsUpdated { .. }));
    assert!(!updated(&hosts));
    hosts.advance(Span::from_s(2));
    assert!(updated(&hosts));
}

#[test]
fn a_write_longer_than_the_mtu_is_not_sent() {
    let mut hosts = Hosts::connected(LinkConfig::default(), 1);
    hosts.write(1, 496);
    hosts.advance(Span::from_ms(100));
    assert!(!hosts.messages().iter().any(|o| matches!(o, LinkOut::Wrote(_))));
    assert!(hosts.events().any(|(_, e)| e == LinkEvent::TooLong { tag: 1, octets: 496 }));
}

/// A full pair on LE Coded S=8 takes 34 ms: at 7.5 ms the controllers agree on less.
#[test]
fn the_data_length_is_lowered_until_a_pair_fits_the_interval() {
    let c = LinkConfig {
        phy: Phy::CodedS8,
        params: ConnParams { interval: Span::from_us(7_500), ..LinkConfig::default().params },
        ..LinkConfig::default()
    };
    let mut hosts = Hosts::connected(c, 1);
    let agreed = hosts.events().filter_map(|(_, e)| match e {
        LinkEvent::DataLength { octets } => Some(octets),
        _ => None,
    });
    let agreed = agreed.last();
    assert!(agreed.is_some_and(|octets| (27..=60).contains(&octets)), "{agreed:?}");
    hosts.write(1, 480);
    hosts.run_until(|out| matches!(out, LinkOut::Wrote(_)));
}

/// What a deaf peripheral would have sent stays unsent: it is neither on the air nor a repeat later.
#[test]
fn a_peripheral_that_goes_deaf_on_reception_sends_nothing_and_answers_afresh_later() {
    let mut hosts = Hosts::connected(LinkConfig::default(), 1);
    hosts.advance(Span::from_ms(50));
    hosts.write(1, 20);
    hosts.run_until(|out| matches!(out, LinkOut::Wrote(_)));
    let until = hosts.now + Span::from_ms(5);
    hosts.tell(LinkIn::Deaf { until });
    hosts.tell(LinkIn::Notify(Sdu { tag: 1, bytes: vec![5; 30] }));
    let from = hosts.said.len();
    hosts.run_until(|out| matches!(out, LinkOut::Received(_)));
    let packets: Vec<LinkEvent> = hosts.said[from..]
        .iter()
        .filter_map(|(_, out)| match out {
            LinkOut::Trace(event @ LinkEvent::Packet { .. }) => Some(*event),
            _ => None,
        })
        .collect();
    // The central repeats its write, the peripheral's first packet is the notification.
    let [
        LinkEvent::Packet { from: Role::Central, retransmission: true, taken: false, .. },
        LinkEvent::Packet {
            from: Role::Peripheral, retransmission: false, value_octets: 30, ..
        },
    ] = packets[..]
    else {
        panic!("{packets:?}");
    };
}

#[test]
fn an_update_that_the_peripheral_missed_costs_the_connection() {
    let slow = ConnParams { timeout: Span::from_s(4), ..ConnParams::from_units(24, 0, 42) };
    let c = LinkConfig { params: slow, param_update_delay: Span::ZERO, ..LinkConfig::default() };
    for deaf_events in [3, 8] {
        let mut hosts = Hosts::connected(c.clone(), 1);
        hosts.tell(request(9, 100));
        // The request has arrived, the update waits for the next anchor; its instant is six later.
        hosts.run_until(|out| {
            matches!(out, LinkOut::Trace(LinkEvent::Packet { octets: 24, taken: true, .. }))
        });
        let until = hosts.now + slow.interval * deaf_events;
        hosts.tell(LinkIn::Deaf { until });
        hosts.run_until(|out| {
            matches!(out, LinkOut::Trace(LinkEvent::ParamsUpdated { interval_us: 11_250, .. }))
        });
        let updated = hosts.said.len();
        hosts.advance(Span::from_s(5));
        let heard = hosts.said[updated..].iter().any(|(_, out)| {
            matches!(out, LinkOut::Trace(LinkEvent::Packet { reception: Reception::Valid, .. }))
        });
        let lost = hosts.messages().contains(&&LinkOut::Lost { reason: reason::TIMEOUT });
        assert_eq!((heard, lost), if deaf_events < 6 { (true, false) } else { (false, true) });
    }
}
