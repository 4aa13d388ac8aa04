//! Time that the peripheral's radio gives to flash, and time that it keeps.

use crate::hosts::Hosts;
use link_model::{
    CloseCause, ConnParams, EndConfig, LinkConfig, LinkEvent, LinkIn, LinkOut, Reception, Role,
};
use sim_core::{Ppm, Priority, Slot, Span, Time};

const GUARD: Span = Span::from_us(200);

fn at_interval(interval: Span) -> LinkConfig {
    LinkConfig {
        params: ConnParams { interval, ..LinkConfig::default().params },
        ..LinkConfig::default()
    }
}

fn ask(hosts: &mut Hosts, len: Span, priority: Priority) {
    hosts.tell(LinkIn::Slot(Slot::Ask { len, priority }));
}

/// The last thing that flash was told, if it was told in this moment.
fn told_now(hosts: &Hosts) -> Option<Slot> {
    let now = hosts.now;
    hosts.said.iter().rev().take_while(|(at, _)| *at == now).find_map(|(_, out)| match out {
        LinkOut::Slot(slot) => Some(*slot),
        _ => None,
    })
}

/// Runs to the end of the next event.
fn event_closes(hosts: &mut Hosts) {
    hosts.run_until(|out| {
        matches!(
            out,
            LinkOut::Trace(LinkEvent::Packet { closes: Some(_), .. } | LinkEvent::Silent { .. })
        )
    });
}

fn granted(hosts: &mut Hosts) -> Time {
    hosts.run_until(|out| matches!(out, LinkOut::Slot(Slot::Grant { .. })));
    hosts.now
}

/// Gives granted time back at its end.
fn work(hosts: &mut Hosts, len: Span) {
    hosts.advance(len);
    hosts.tell(LinkIn::Slot(Slot::Done));
}

/// Closed events, with the moment and whether the peripheral heard the central.
fn heard(hosts: &Hosts, from: Time) -> Vec<(Time, bool)> {
    hosts
        .events()
        .filter(|(at, _)| *at > from)
        .filter_map(|(at, event)| match event {
            LinkEvent::Packet { from: Role::Central, reception, .. } => {
                Some((at, reception == Reception::Valid))
            }
            _ => None,
        })
        .collect()
}

#[test]
fn without_a_connection_time_is_given_at_once() {
    for slot in [
        Slot::Ask { len: Span::from_ms(90), priority: Priority::Normal },
        Slot::Claim { len: Span::from_ms(90), age: Span::ZERO },
    ] {
        let mut hosts = Hosts::new(LinkConfig::default(), 1);
        hosts.tell(LinkIn::Advertise);
        hosts.tell(LinkIn::Slot(slot));
        let until = Time::ZERO + Span::from_ms(90);
        assert_eq!(hosts.messages(), [&LinkOut::Slot(Slot::Grant { until })]);
        // Nobody is heard meanwhile.
        hosts.tell(LinkIn::Connect { timeout: Span::from_ms(80) });
        hosts.run_until(|out| matches!(out, LinkOut::ConnectFailed));
        assert!(!hosts.messages().contains(&&LinkOut::Connected));
    }
}

#[test]
fn what_fits_before_the_next_event_is_granted_at_once_and_disturbs_nothing() {
    let mut hosts = Hosts::connected(LinkConfig::default(), 1);
    for priority in [Priority::Normal, Priority::High] {
        event_closes(&mut hosts);
        let asked = hosts.now;
        let len = Span::from_us(7_600);
        ask(&mut hosts, len, priority);
        assert_eq!(told_now(&hosts), Some(Slot::Grant { until: asked + len }));
        work(&mut hosts, len);
        hosts.advance(Span::from_ms(30));
        assert!(heard(&hosts, asked).iter().all(|(_, heard)| *heard));
    }
}

#[test]
fn what_fits_behind_the_next_event_waits_for_it() {
    let mut hosts = Hosts::connected(LinkConfig::default(), 1);
    event_closes(&mut hosts);
    hosts.advance(Span::from_ms(5));
    let asked = hosts.now;
    let len = Span::from_us(7_600);
    ask(&mut hosts, len, Priority::Normal);
    assert_eq!(told_now(&hosts), None);
    event_closes(&mut hosts);
    assert_eq!(told_now(&hosts), Some(Slot::Grant { until: hosts.now + len }));
    assert!(hosts.now.since(asked) < Span::from_us(7_000));
}

#[test]
fn an_event_that_leaves_too_little_behind_it_refuses_what_waited_for_it() {
    let mut hosts = Hosts::connected(LinkConfig::default(), 1);
    hosts.fill(true, false, 480);
    event_closes(&mut hosts);
    let len = Span::from_us(7_600);
    ask(&mut hosts, len, Priority::Normal);
    assert_eq!(told_now(&hosts), None);
    event_closes(&mut hosts);
    assert_eq!(told_now(&hosts), Some(Slot::Deny));
    // Raised, it waits for one more event and then takes its time over the anchor that follows.
    let denied = hosts.now;
    ask(&mut hosts, len, Priority::High);
    assert_eq!(told_now(&hosts), Some(Slot::Deny), "nothing new");
    let from = granted(&mut hosts);
    assert!(from > denied);
    work(&mut hosts, len);
    event_closes(&mut hosts);
    event_closes(&mut hosts);
    let deaf = |at: Time| at > from && at < from + len;
    assert!(heard(&hosts, from).iter().any(|(at, heard)| !heard && deaf(*at)));
    assert!(heard(&hosts, from).iter().all(|(at, heard)| *heard != deaf(*at)));
}

#[test]
fn what_fits_nowhere_is_refused_at_once() {
    let reserved = LinkConfig {
        peripheral: EndConfig { event_length: Span::from_ms(4), ..EndConfig::default() },
        ..LinkConfig::default()
    };
    for (config, len) in [
        (LinkConfig::default(), Span::from_us(89_800)),
        (at_interval(Span::from_us(7_500)), Span::from_us(7_600)),
        // Four of 11.25 ms are reserved.
        (reserved, Span::from_us(7_600)),
    ] {
        let mut hosts = Hosts::connected(config, 1);
        event_closes(&mut hosts);
        hosts.advance(Span::from_ms(5));
        ask(&mut hosts, len, Priority::Normal);
        assert_eq!(told_now(&hosts), Some(Slot::Deny), "{len:?}");
    }
}

/// 85 ms of 89.8 at 50 ms: each erase covers one anchor and the next one is served.
#[test]
fn urgent_work_longer_than_an_interval_leaves_every_second_event_to_the_radio() {
    let mut hosts = Hosts::connected(at_interval(Span::from_ms(50)), 1);
    let mut grants = Vec::new();
    for _ in 0..10 {
        ask(&mut hosts, Span::from_us(89_800), Priority::Normal);
        assert_eq!(told_now(&hosts), Some(Slot::Deny));
        ask(&mut hosts, Span::from_us(89_800), Priority::High);
        grants.push(granted(&mut hosts));
        work(&mut hosts, Span::from_ms(85));
    }
    for pair in grants.windows(2) {
        assert_eq!(pair[1].since(pair[0]), Span::from_ms(100));
    }
}

#[test]
fn time_given_back_early_serves_the_next_anchor() {
    let mut hosts = Hosts::connected(at_interval(Span::from_ms(50)), 1);
    ask(&mut hosts, Span::from_ms(60), Priority::High);
    let from = granted(&mut hosts);
    work(&mut hosts, Span::from_ms(10));
    hosts.advance(Span::from_ms(60));
    assert!(heard(&hosts, from).iter().all(|(_, heard)| *heard));
}

#[test]
fn a_withdrawn_request_gets_no_time() {
    let mut hosts = Hosts::connected(at_interval(Span::from_ms(50)), 1);
    event_closes(&mut hosts);
    ask(&mut hosts, Span::from_ms(60), Priority::High);
    hosts.tell(LinkIn::Slot(Slot::Done));
    let from = hosts.now;
    hosts.advance(Span::from_ms(500));
    assert!(!hosts.messages().iter().any(|out| matches!(out, LinkOut::Slot(_))));
    assert!(heard(&hosts, from).iter().all(|(_, heard)| *heard));
}

#[test]
fn a_connection_about_to_time_out_comes_before_urgent_work() {
    // 90 of 200 ms leave no two anchors of 50 ms: with a timeout that near nothing may be lost.
    let params =
        ConnParams { timeout: Span::from_ms(180), ..at_interval(Span::from_ms(50)).params };
    let mut hosts = Hosts::connected(LinkConfig { params, ..LinkConfig::default() }, 1);
    ask(&mut hosts, Span::from_us(89_800), Priority::High);
    hosts.advance(Span::from_s(2));
    assert!(!hosts.messages().iter().any(|out| matches!(out, LinkOut::Slot(_))));

    // When the connection is gone, the time is there.
    hosts.tell(LinkIn::Disconnect);
    let gone = granted(&mut hosts);
    assert!(
        hosts
            .said
            .iter()
            .any(|(at, out)| *at == gone && matches!(out, LinkOut::PeripheralLost { .. }))
    );
}

#[test]
fn urgent_work_never_costs_the_connection_even_where_many_packets_are_lost() {
    let params = ConnParams { timeout: Span::from_ms(420), ..LinkConfig::default().params };
    for seed in 0..10 {
        let mut config = LinkConfig { params, ..LinkConfig::default() };
        config.channel.loss = Ppm::new(200_000);
        let mut hosts = Hosts::connected(config, seed);
        let end = hosts.now + Span::from_s(20);
        while hosts.now < end {
            ask(&mut hosts, Span::from_us(89_800), Priority::High);
            granted(&mut hosts);
            work(&mut hosts, Span::from_ms(85));
        }
        let lost = hosts.messages().iter().any(|out| matches!(out, LinkOut::Lost { .. }));
        assert!(!lost, "seed {seed}");
    }
}

/// Claims at a moment so long behind the anchor of an event; what is said to that.
fn claim_after_anchor(hosts: &mut Hosts, since: Span, len: Span, age: Span) -> Option<Slot> {
    event_closes(hosts);
    let closed = hosts.now;
    // An empty pair takes 310 us on LE 1M and the event began with it.
    let anchor = closed.before(Span::from_us(80 + 150 + 80));
    hosts.advance((anchor + since).since(closed));
    hosts.tell(LinkIn::Slot(Slot::Claim { len, age }));
    told_now(hosts)
}

#[test]
fn a_claim_is_answered_at_once_by_who_has_waited_longer() {
    let mut hosts = Hosts::connected(at_interval(Span::from_ms(30)), 1);
    let (ms, len) = (Span::from_ms, Span::from_us(9_203));
    let free = claim_after_anchor(&mut hosts, ms(5), len, ms(1));
    assert!(matches!(free, Some(Slot::Grant { .. })), "nothing is in its way");
    work(&mut hosts, len);
    let younger = claim_after_anchor(&mut hosts, ms(25), len, Span::from_us(5_800));
    assert_eq!(younger, Some(Slot::Deny), "the event waits for 25 ms");
    let older = claim_after_anchor(&mut hosts, ms(25), len, ms(29));
    assert!(matches!(older, Some(Slot::Grant { .. })));
    let from = hosts.now;
    work(&mut hosts, len);
    hosts.advance(ms(30));
    assert_eq!(
        heard(&hosts, from).iter().map(|(_, heard)| *heard).collect::<Vec<_>>(),
        [false, true]
    );
}

#[test]
fn a_claim_yields_to_what_an_event_has_reserved_and_breaks_off_what_goes_beyond() {
    let mut hosts = Hosts::connected(at_interval(Span::from_ms(50)), 1);
    hosts.fill(true, false, 480);
    event_closes(&mut hosts);
    // Into the first packet of the next event.
    hosts.run_until(|out| {
        matches!(out, LinkOut::Trace(LinkEvent::Packet { from: Role::Central, .. }))
    });
    let len = Span::from_us(9_203);
    let age = Span::from_ms(100);
    hosts.tell(LinkIn::Slot(Slot::Claim { len, age }));
    assert_eq!(told_now(&hosts), Some(Slot::Deny));
    // A full pair takes 4540 us; the event goes on far beyond.
    hosts.advance(Span::from_ms(10));
    let tick = hosts.now;
    hosts.tell(LinkIn::Slot(Slot::Claim { len, age }));
    assert_eq!(told_now(&hosts), Some(Slot::Grant { until: tick + len }));
    hosts.advance(Span::from_us(1_500));
    hosts.tell(LinkIn::Slot(Slot::Abort));
    let aborted = hosts.now;
    work(&mut hosts, len - Span::from_us(1_500));
    hosts.advance(Span::from_ms(50));
    let deaf = |at: &Time| *at > aborted && *at <= tick + len;
    for (at, event) in hosts.events().filter(|(at, _)| deaf(at)) {
        if let LinkEvent::Packet { from, reception, closes, .. } = event {
            assert_eq!((from, reception), (Role::Central, Reception::Missed), "{at}");
            assert_eq!(closes, Some(CloseCause::Silence));
        }
    }
    let after = heard(&hosts, tick + len);
    assert!(after.iter().all(|(_, heard)| *heard) && !after.is_empty());
}

#[test]
fn a_packet_of_the_peripheral_that_is_broken_off_is_missed_and_the_trace_says_when() {
    let mut hosts = Hosts::connected(at_interval(Span::from_ms(50)), 1);
    hosts.fill(false, true, 480);
    hosts.run_until(|out| {
        matches!(
            out,
            LinkOut::Trace(LinkEvent::Packet { from: Role::Central, counter, .. }) if *counter > 3
        )
    });
    // The answer begins 150 us later and is full: far more than 150 us long.
    hosts.advance(Span::from_us(300));
    let broken = hosts.now;
    for deaf_ms in [1, 2] {
        hosts.tell(LinkIn::Deaf { until: broken + Span::from_ms(deaf_ms) });
    }
    hosts.advance(Span::from_ms(100));
    let off = |event: &LinkEvent| matches!(event, LinkEvent::BrokenOff { .. });
    let breaks: Vec<_> = hosts.events().filter(|(_, event)| off(event)).collect();
    let [(at, LinkEvent::BrokenOff { role: Role::Peripheral, counter })] = breaks[..] else {
        panic!("once: {breaks:?}");
    };
    assert_eq!(at, broken);
    let first = hosts.events().find_map(|(at, event)| match event {
        LinkEvent::Packet { counter, reception, .. } if at > broken => Some((counter, reception)),
        _ => None,
    });
    assert_eq!(first, Some((counter, Reception::Missed)));
}

#[test]
fn granted_time_ends_before_the_radio_wakes_up() {
    let mut hosts = Hosts::connected(at_interval(Span::from_ms(50)), 1);
    event_closes(&mut hosts);
    let window = hosts.link.listen_window() / 2;
    // To the next anchor, 50 ms behind the last; an empty pair took 310 us of that.
    let room = Span::from_us(50_000 - 310) - window - GUARD;
    ask(&mut hosts, room + Span::from_us(10), Priority::Normal);
    assert_eq!(told_now(&hosts), Some(Slot::Deny), "it fits behind no event either");
    ask(&mut hosts, room - Span::from_us(10), Priority::Normal);
    assert!(matches!(told_now(&hosts), Some(Slot::Grant { .. })));
}
