//! A central whose radio serves several connections.

use crate::hosts::Hosts;
use link_model::{CloseCause, ConnParams, EndConfig, LinkConfig, LinkEvent, LinkOut, Role};
use sim_core::{Span, Time};

fn config() -> LinkConfig {
    LinkConfig {
        params: ConnParams::from_units(40, 0, 400),
        anchor_phase: Some(Span::ZERO),
        ..LinkConfig::default()
    }
}

fn full() -> Hosts {
    let mut hosts = Hosts::connected(config(), 1);
    hosts.fill(true, false, 244);
    hosts.advance(Span::from_s(1));
    let anchor = hosts.link.next_anchor().expect("connected");
    hosts.advance(anchor.since(hosts.now) - Span::from_us(10));
    hosts
}

fn next_event(hosts: &mut Hosts) -> (u16, CloseCause) {
    hosts.run_until(|out| matches!(out, LinkOut::Trace(LinkEvent::Packet { closes: Some(_), .. })));
    *hosts.closed_events().last().expect("one has closed")
}

#[test]
fn an_anchor_while_the_radio_is_in_use_elsewhere_is_silent_and_the_next_one_is_not() {
    let mut hosts = full();
    let anchor = hosts.link.next_anchor().expect("connected");
    hosts.link.set_central_radio(anchor + Span::from_ms(1), Time::MAX);
    let from = hosts.said.len();
    hosts.advance(Span::from_ms(40));
    let said: Vec<_> = hosts.said[from..].iter().collect();
    let [(at, LinkOut::Trace(LinkEvent::Silent { role: Role::Central, .. }))] = said[..] else {
        panic!("{said:?}");
    };
    assert_eq!(*at, anchor);
    assert_eq!(hosts.link.next_anchor(), Some(anchor + config().params.interval));
    assert!(next_event(&mut hosts).0 > 2);
}

#[test]
fn a_radio_that_is_free_again_at_the_anchor_is_used() {
    let mut hosts = full();
    let anchor = hosts.link.next_anchor().expect("connected");
    hosts.link.set_central_radio(anchor, Time::MAX);
    let from = hosts.said.len();
    hosts.advance(Span::from_ms(40));
    let silent = |(_, o): &(Time, LinkOut)| matches!(o, LinkOut::Trace(LinkEvent::Silent { .. }));
    assert!(!hosts.said[from..].iter().any(silent));
}

#[test]
fn an_event_ends_before_the_radio_is_wanted_elsewhere() {
    let pair = Span::from_us(2_468);
    let needs = Span::from_us(2 * 2_088 + 300 + 830);
    for pairs in 1..8_u16 {
        for (more, expected) in [(Span::ZERO, pairs), (Span::from_us(1), pairs + 1)] {
            let mut hosts = full();
            let anchor = hosts.link.next_anchor().expect("connected");
            // One nanosecond short of one pair more, or just enough.
            let wanted = anchor + pair * u64::from(pairs) + needs + more;
            hosts.link.set_central_radio(Time::ZERO, Time::from_ns(wanted.as_ns() - 1));
            assert_eq!(next_event(&mut hosts), (expected * 2, CloseCause::EventLength));
            assert!(hosts.now <= wanted);
        }
    }
}

#[test]
fn an_event_in_progress_is_shortened_and_says_until_when_it_takes_the_radio() {
    let mut hosts = full();
    let anchor = hosts.link.next_anchor().expect("connected");
    assert_eq!(hosts.link.central_event_end(), None);
    hosts.advance(Span::from_ms(5));
    assert_eq!(hosts.link.central_event_end(), Some(anchor + config().params.interval));
    let wanted = anchor + Span::from_ms(20);
    hosts.link.set_central_radio(Time::ZERO, wanted);
    assert_eq!(hosts.link.central_event_end(), Some(wanted));
    assert_eq!(next_event(&mut hosts).1, CloseCause::EventLength);
    assert!(hosts.now <= wanted);
    assert_eq!(hosts.link.central_event_end(), None);
}

/// The first pair is sent however early the radio is wanted, and the reserved end says so.
#[test]
fn the_first_pair_is_sent_in_any_case() {
    let mut hosts = full();
    let anchor = hosts.link.next_anchor().expect("connected");
    hosts.link.set_central_radio(Time::ZERO, anchor + Span::from_us(100));
    hosts.advance(Span::from_us(20));
    let end = hosts.link.central_event_end().expect("in an event");
    assert_eq!(end, anchor + Span::from_us(2_088 + 150 + 2_088));
    assert_eq!(next_event(&mut hosts), (2, CloseCause::EventLength));
    assert!(hosts.now <= end);
}

#[test]
fn a_radio_given_back_serves_the_whole_interval_again() {
    let mut hosts = full();
    let unshared = next_event(&mut hosts);
    let now = hosts.now;
    hosts.link.set_central_radio(Time::ZERO, now);
    assert_eq!(next_event(&mut hosts), (2, CloseCause::EventLength));
    hosts.link.set_central_radio(Time::ZERO, Time::MAX);
    assert_eq!(next_event(&mut hosts), unshared);
}

#[test]
fn what_is_reserved_ends_with_the_event_length_though_the_event_may_extend_itself() {
    let central = EndConfig { event_length: Span::from_us(7_500), ..EndConfig::default() };
    let mut hosts = Hosts::connected(LinkConfig { central, ..config() }, 1);
    hosts.fill(true, false, 244);
    hosts.advance(Span::from_ms(500));
    let anchor = hosts.link.next_anchor().expect("connected");
    hosts.advance(anchor.since(hosts.now) + Span::from_ms(1));
    assert_eq!(hosts.link.central_event_end(), Some(anchor + Span::from_us(7_500)));
    hosts.advance(Span::from_ms(20));
    assert!(hosts.link.central_event_end() > Some(anchor + Span::from_ms(20)));
}

#[test]
fn anchors_lie_where_the_central_places_them() {
    for phase_us in [0, 1, 1_250, 7_777, 49_999, 50_000] {
        for seed in 1..6 {
            let phase = Span::from_us(phase_us);
            let c = LinkConfig { anchor_phase: Some(phase), ..config() };
            let interval = c.params.interval;
            let mut hosts = Hosts::new(c, seed);
            hosts.tell(link_model::LinkIn::Advertise);
            hosts.tell(link_model::LinkIn::Connect { timeout: Span::from_s(30) });
            hosts.run_until(|out| matches!(out, LinkOut::Trace(LinkEvent::ConnectInd { .. })));
            let anchor = hosts.link.next_anchor().expect("connected");
            assert_eq!(anchor.as_ns() % interval.as_ns(), phase.as_ns() % interval.as_ns());
            let wait = anchor.since(hosts.now);
            assert!(wait >= Span::from_us(1_250) && wait < Span::from_us(1_250) + interval);
            hosts.run_until(|out| *out == LinkOut::Connected);
        }
    }
}
