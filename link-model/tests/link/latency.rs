//! Peripheral latency, window widening and supervision.

use crate::hosts::Hosts;
use link_model::{ConnParams, LinkConfig, LinkEvent, LinkIn, LinkOut, Reception, Role, reason};
use sim_core::{Sdu, Span};

fn config(latency: u16) -> LinkConfig {
    LinkConfig { params: ConnParams::from_units(24, latency, 400), ..LinkConfig::default() }
}

/// A connection on which nothing has happened for long.
fn idle(latency: u16) -> Hosts {
    let mut hosts = Hosts::connected(config(latency), 1);
    hosts.advance(Span::from_s(2));
    hosts.said.clear();
    hosts
}

/// Whether each packet of the central was heard.
fn heard(hosts: &Hosts) -> Vec<bool> {
    hosts
        .events()
        .filter_map(|(_, event)| match event {
            LinkEvent::Packet { from: Role::Central, reception, .. } => {
                Some(reception == Reception::Valid)
            }
            _ => None,
        })
        .collect()
}

#[test]
fn an_idle_peripheral_listens_once_in_latency_and_one_anchors_and_the_central_sends_at_all() {
    for latency in [0, 1, 4, 30] {
        let mut hosts = idle(latency);
        hosts.advance(config(0).params.interval * 310);
        let heard = heard(&hosts);
        assert!((309..=311).contains(&heard.len()), "{}", heard.len());
        let used: Vec<usize> = (0..heard.len()).filter(|n| heard[*n]).collect();
        let step = usize::from(latency) + 1;
        assert!(used.windows(2).all(|pair| pair[1] - pair[0] == step), "{latency}: {used:?}");
        assert!(used.len() >= 310 / step);
    }
}

#[test]
fn a_notification_goes_out_at_the_next_anchor_whatever_the_latency() {
    for pause in 0..12 {
        let mut hosts = idle(10);
        hosts.advance(config(0).params.interval * pause);
        let from = hosts.now;
        hosts.tell(LinkIn::Notify(Sdu { tag: 1, bytes: vec![5; 30] }));
        hosts.run_until(|out| matches!(out, LinkOut::Received(_)));
        assert!(hosts.now.since(from) <= config(0).params.interval + Span::from_ms(1));
        // Its acknowledgement comes with the next anchor, which the peripheral uses too.
        hosts.run_until(|out| matches!(out, LinkOut::Notified { .. }));
        assert!(hosts.now.since(from) <= config(0).params.interval * 2 + Span::from_ms(1));
    }
}

#[test]
fn a_write_waits_for_the_anchor_that_the_peripheral_uses_and_keeps_it_listening() {
    let mut hosts = idle(10);
    let from = hosts.now;
    hosts.write(1, 20);
    hosts.write(2, 20);
    hosts.run_until(|out| matches!(out, LinkOut::Wrote(Sdu { tag: 2, .. })));
    assert!(hosts.now.since(from) <= config(0).params.interval * 11 + Span::from_ms(2));
    hosts.run_until(|out| matches!(out, LinkOut::Trace(LinkEvent::Packet { closes: Some(_), .. })));
    hosts.said.clear();
    hosts.advance(config(0).params.interval * 2);
    // After data it listens at the next anchor; that brings none, and it skips again.
    assert_eq!(heard(&hosts), [true, false]);
}

#[test]
fn a_peripheral_with_latency_is_heard_often_enough_for_both_supervision_timers() {
    let params = ConnParams::from_units(24, 60, 367);
    assert!(params.timeout > params.interval * 61 * 2);
    let mut hosts = Hosts::connected(LinkConfig { params, ..config(0) }, 1);
    hosts.advance(Span::from_s(60));
    assert!(
        !hosts
            .messages()
            .iter()
            .any(|o| { matches!(o, LinkOut::Lost { .. } | LinkOut::PeripheralLost { .. }) })
    );
}

#[test]
fn the_listening_window_has_its_published_width() {
    let width = |interval_ms, central_ppm, peripheral_ppm| {
        let mut c = config(0);
        c.params.interval = Span::from_ms(interval_ms);
        c.params.timeout = Span::from_s(20);
        c.central.sca_ppm = central_ppm;
        c.peripheral.sca_ppm = peripheral_ppm;
        let mut hosts = Hosts::connected(c, 1);
        hosts.run_until(|out| {
            matches!(out, LinkOut::Trace(LinkEvent::Packet { closes: Some(_), .. }))
        });
        hosts.link.listen_window()
    };
    assert_eq!(width(1_000, 250, 250), Span::from_us(1_064));
    assert_eq!(width(50, 20, 20), Span::from_us(68));
}

#[test]
fn the_window_grows_with_latency_and_with_missed_anchors_up_to_its_limit() {
    let mut skipping = idle(9);
    skipping.run_until(|out| {
        matches!(
            out,
            LinkOut::Trace(LinkEvent::Packet { from: Role::Peripheral, closes: Some(_), .. })
        )
    });
    // 50 and 50 ppm over ten intervals of 30 ms.
    assert_eq!(skipping.link.listen_window(), Span::from_us(2 * (32 + 30)));
    let mut deaf = idle(0);
    let mut last = deaf.link.listen_window();
    let until = deaf.now + Span::from_s(4);
    deaf.tell(LinkIn::Deaf { until });
    for _ in 0..100 {
        deaf.advance(Span::from_ms(30));
        let now = deaf.link.listen_window();
        assert!(now >= last && now <= Span::from_us(2 * (15_000 - 150)));
        last = now;
    }
    assert!(last > Span::from_us(2 * (32 + 290)), "{last:?}");
    assert_eq!(Hosts::new(config(0), 1).link.listen_window(), Span::ZERO);
}

/// 1000 ppm reach half of 7.5 ms in 3.6 s of deafness; until then, the peripheral finds the central
/// again.
#[test]
fn a_peripheral_that_has_drifted_half_an_interval_is_lost_until_supervision() {
    for (deaf_ms, found) in [(3_400, true), (3_700, false)] {
        let mut c = config(0);
        c.params = ConnParams::from_units(6, 0, 500);
        c.central.sca_ppm = 500;
        c.peripheral.sca_ppm = 500;
        let mut hosts = Hosts::connected(c, 1);
        hosts.advance(Span::from_s(1));
        let until = hosts.now + Span::from_ms(deaf_ms);
        hosts.tell(LinkIn::Deaf { until });
        hosts.advance(Span::from_s(6));
        let lost = |o: &&LinkOut| **o == LinkOut::Lost { reason: reason::TIMEOUT };
        let left = |o: &&LinkOut| **o == LinkOut::PeripheralLost { reason: reason::TIMEOUT };
        assert_eq!(hosts.messages().into_iter().any(|o| lost(&o)), !found);
        assert_eq!(hosts.messages().into_iter().any(|o| left(&o)), !found);
    }
}

/// 500 skipped anchors and 1000 ppm would make the window as wide as half an interval.
#[test]
fn a_peripheral_does_not_skip_until_its_window_reaches_the_next_anchor() {
    let mut c = config(0);
    c.params = ConnParams::from_units(6, 499, 800);
    c.central.sca_ppm = 500;
    c.peripheral.sca_ppm = 500;
    let mut hosts = Hosts::connected(c, 1);
    hosts.advance(Span::from_s(60));
    assert!(
        !hosts
            .messages()
            .iter()
            .any(|o| { matches!(o, LinkOut::Lost { .. } | LinkOut::PeripheralLost { .. }) })
    );
    let heard = heard(&hosts);
    let longest = heard.split(|heard| *heard).map(<[bool]>::len).max();
    assert!(longest.is_some_and(|n| (400..480).contains(&n)), "{longest:?}");
}

/// Six intervals without a valid packet end an attempt at both ends (Vol 6 Part B 4.5.2), a
/// connection that was established only its timeout.
#[test]
fn both_ends_give_up_after_six_intervals_at_first_and_after_the_timeout_later() {
    let mut hosts = Hosts::new(config(0), 1);
    hosts.tell(LinkIn::Advertise);
    hosts.tell(LinkIn::Connect { timeout: Span::from_s(30) });
    hosts.run_until(|out| matches!(out, LinkOut::Trace(LinkEvent::ConnectInd { heard: true, .. })));
    let created = hosts.now;
    hosts.tell(LinkIn::Deaf { until: created + Span::from_s(1) });
    hosts.run_until(|out| matches!(out, LinkOut::PeripheralLost { .. }));
    let lost: Vec<_> = hosts
        .said
        .iter()
        .filter(|(_, o)| matches!(o, LinkOut::PeripheralLost { .. } | LinkOut::ConnectFailed))
        .collect();
    let at = created + config(0).params.interval * 6;
    let why = reason::NOT_ESTABLISHED;
    assert!(lost.contains(&&(at, LinkOut::PeripheralLost { reason: why })), "{lost:?}");
    assert!(lost.contains(&&(at, LinkOut::ConnectFailed)), "{lost:?}");
}

/// Packets with CRC errors are heard, but they keep nobody's connection.
#[test]
fn only_a_valid_crc_restarts_supervision() {
    let mut c = config(0);
    c.params.timeout = Span::from_ms(500);
    let lossy = LinkConfig {
        channel: link_model::ChannelConfig {
            loss: sim_core::Ppm::new(800_000),
            ..link_model::ChannelConfig::default()
        },
        ..c
    };
    let mut lost = 0;
    for seed in 0..10 {
        let mut hosts = Hosts::new(lossy.clone(), seed);
        hosts.tell(LinkIn::Advertise);
        hosts.tell(LinkIn::Connect { timeout: Span::from_s(60) });
        hosts.advance(Span::from_s(30));
        let mut valid = None;
        for (at, out) in &hosts.said {
            match out {
                LinkOut::Trace(LinkEvent::Packet {
                    reception: Reception::Valid,
                    from: Role::Peripheral,
                    ..
                }) => valid = Some(*at),
                LinkOut::Lost { reason } => {
                    assert_eq!(*reason, reason::TIMEOUT);
                    let since = valid.expect("it was established");
                    assert_eq!(at.since(since), Span::from_ms(500));
                    lost += 1;
                }
                _ => {}
            }
        }
    }
    assert!(lost > 0, "no connection came about and was lost again");
}
