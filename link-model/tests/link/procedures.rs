//! PHY, channel map and connection updates, from outside the machine.

use crate::hosts::Hosts;
use link_model::{
    ChannelMap, ConnParams, LinkConfig, LinkEvent, LinkIn, LinkOut, ParamsRefusal, ParamsRequest,
    ParamsRule, Phy, Reception, Role, UpdateProcedure, reason,
};
use sim_core::{Span, Time};

/// A packet of the trace.
struct Seen {
    counter: u16,
    start: Time,
    air: Span,
    octets: u8,
    from: Role,
    valid: bool,
}

fn packets(hosts: &Hosts) -> Vec<Seen> {
    let seen = |(end, event): (Time, LinkEvent)| match event {
        LinkEvent::Packet { counter, air_us, octets, from, reception, .. } => {
            let air = Span::from_us(air_us.into());
            let valid = reception == Reception::Valid;
            Some(Seen { counter, start: end.before(air), air, octets, from, valid })
        }
        _ => None,
    };
    hosts.events().filter_map(seen).collect()
}

/// Every update that was sent: what, when it was sent, when it comes into force.
fn updates(hosts: &Hosts) -> Vec<(UpdateProcedure, u16, u16)> {
    let update = |(_, event)| match event {
        LinkEvent::Update { procedure, instant, counter } => Some((procedure, counter, instant)),
        _ => None,
    };
    hosts.events().filter_map(update).collect()
}

fn count(hosts: &Hosts, wanted: impl Fn(&LinkEvent) -> bool) -> usize {
    hosts.events().filter(|(_, event)| wanted(event)).count()
}

fn at_interval(units: u16) -> LinkConfig {
    LinkConfig { params: ConnParams::from_units(units, 0, 400), ..LinkConfig::default() }
}

fn request(interval_min: u16, interval_max: u16, timeout: u16) -> LinkIn {
    LinkIn::RequestParams(ParamsRequest { interval_min, interval_max, latency: 0, timeout })
}

/// Runs until the peripheral has answered `LL_PHY_REQ`; the update follows in the next event.
fn until_phy_response(hosts: &mut Hosts) {
    hosts.run_until(|out| {
        let LinkOut::Trace(LinkEvent::Packet { octets, taken, from, .. }) = out else {
            return false;
        };
        *octets == 3 && *taken && *from == Role::Peripheral
    });
}

#[test]
fn both_ends_change_from_1m_at_the_instant_and_not_before() {
    for phy in [Phy::TwoM, Phy::CodedS2, Phy::CodedS8] {
        let hosts = Hosts::connected(LinkConfig { phy, ..at_interval(24) }, 1);
        let [(UpdateProcedure::PhyUpdate, counter, instant)] = updates(&hosts)[..] else {
            panic!("{:?}", updates(&hosts));
        };
        assert_eq!(instant, counter + 6);
        for packet in packets(&hosts) {
            assert!(packet.valid);
            let in_force = if packet.counter < instant { Phy::OneM } else { phy };
            assert_eq!(packet.air, in_force.air_time(packet.octets, false), "{phy:?}");
        }
        assert_eq!(count(&hosts, |e| *e == LinkEvent::Phy { phy }), 1);
        assert!(packets(&hosts).iter().any(|p| p.counter > instant && p.octets > 0));
    }
}

#[test]
fn without_the_procedure_the_phy_is_in_force_from_the_first_packet() {
    let config = LinkConfig { phy: Phy::TwoM, phy_update: false, ..LinkConfig::default() };
    let hosts = Hosts::connected(config, 1);
    assert_eq!(updates(&hosts), []);
    assert_eq!(count(&hosts, |e| *e == LinkEvent::Phy { phy: Phy::TwoM }), 1);
    let all = packets(&hosts);
    assert!(all.iter().all(|p| p.air == Phy::TwoM.air_time(p.octets, false)));
}

#[test]
fn on_1m_no_update_is_sent() {
    let hosts = Hosts::connected(LinkConfig::default(), 1);
    assert_eq!(updates(&hosts), []);
    assert_eq!(count(&hosts, |e| matches!(e, LinkEvent::Phy { .. })), 0);
}

#[test]
fn a_new_connection_starts_on_1m_again() {
    let config = LinkConfig { phy: Phy::TwoM, ..LinkConfig::default() };
    let mut hosts = Hosts::connected(config, 1);
    hosts.tell(LinkIn::Disconnect);
    hosts.run_until(|out| matches!(out, LinkOut::Lost { .. }));
    hosts.advance(Span::from_ms(50));
    let from = hosts.said.len();
    hosts.tell(LinkIn::Advertise);
    hosts.tell(LinkIn::Connect { timeout: Span::from_s(30) });
    hosts.run_until(|out| *out == LinkOut::Connected);
    let first = hosts.said[from..].iter().find_map(|(_, out)| match out {
        LinkOut::Trace(LinkEvent::Packet { air_us, octets, .. }) => Some((*air_us, *octets)),
        _ => None,
    });
    let (air_us, octets) = first.expect("a connection has packets");
    assert_eq!(u64::from(air_us), Phy::OneM.air_time(octets, false).as_us());
}

/// Only what an end sends while it is deaf gets lost, so the update is repeated until it is heard.
#[test]
fn a_phy_update_that_the_peripheral_missed_costs_the_connection() {
    for deaf_events in [3, 9] {
        let mut hosts = Hosts::connected(LinkConfig::default(), 1);
        hosts.tell(LinkIn::SetPhy(Phy::TwoM));
        until_phy_response(&mut hosts);
        let until = hosts.now + LinkConfig::default().params.interval * deaf_events;
        hosts.tell(LinkIn::Deaf { until });
        hosts.run_until(|out| matches!(out, LinkOut::Trace(LinkEvent::Phy { .. })));
        let in_force = hosts.now;
        hosts.advance(Span::from_s(5));
        let heard = packets(&hosts).iter().any(|p| p.start >= in_force && p.valid);
        let lost = hosts.messages().contains(&&LinkOut::Lost { reason: reason::TIMEOUT });
        assert_eq!((heard, lost), if deaf_events < 6 { (true, false) } else { (false, true) });
    }
}

/// Packets already fit the slower PHY while the update is under way, so that none is too long to be
/// repeated after it.
#[test]
fn data_fit_a_slower_phy_before_and_after_its_instant() {
    let config = at_interval(16);
    let fitting = config.fitting_data_length(Phy::CodedS8, config.params.interval);
    assert!(fitting < 251);
    let mut hosts = Hosts::connected(config, 1);
    for tag in 1..30 {
        hosts.write(tag, 480);
    }
    hosts.advance(Span::from_ms(100));
    hosts.tell(LinkIn::SetPhy(Phy::CodedS8));
    hosts.advance(Span::from_s(8));
    let [(_, sent, instant)] = updates(&hosts)[..] else { panic!("{:?}", updates(&hosts)) };
    let all = packets(&hosts);
    assert!(all.iter().any(|p| p.counter <= sent && p.octets == 251));
    assert!(all.iter().all(|p| p.counter <= sent || p.octets <= fitting));
    let spans = all.windows(2).filter(|p| p[0].counter >= instant && p[0].from == Role::Central);
    for pair in spans {
        assert!(pair[1].start.since(pair[0].start) < Span::from_ms(20), "no event runs over");
    }
    let written = hosts.messages().iter().filter(|o| matches!(o, LinkOut::Written { .. })).count();
    assert_eq!(written, 29);
}

#[test]
fn a_faster_phy_carries_longer_packets_again() {
    let config = LinkConfig { phy: Phy::CodedS8, phy_update: false, ..at_interval(16) };
    let mut hosts = Hosts::connected(config, 1);
    hosts.tell(LinkIn::SetPhy(Phy::OneM));
    hosts.advance(Span::from_s(1));
    hosts.write(1, 480);
    hosts.advance(Span::from_s(1));
    assert!(packets(&hosts).iter().any(|p| p.octets == 251));
    let last = hosts.events().filter_map(|(_, e)| match e {
        LinkEvent::DataLength { octets } => Some(octets),
        _ => None,
    });
    assert_eq!(last.last(), Some(251));
}

#[test]
fn latency_delays_the_instants_of_connection_and_phy_updates_and_not_of_channel_maps() {
    let params = ConnParams::from_units(12, 4, 400);
    let mut hosts = Hosts::connected(LinkConfig { params, ..LinkConfig::default() }, 1);
    hosts.tell(LinkIn::SetPhy(Phy::TwoM));
    hosts.advance(Span::from_s(1));
    hosts.tell(LinkIn::SetChannelMap(ChannelMap::new(0x3ff).expect("ten channels")));
    hosts.advance(Span::from_s(1));
    hosts.tell(LinkIn::UpdateParams(ConnParams::from_units(9, 0, 400)));
    hosts.advance(Span::from_s(1));
    hosts.tell(LinkIn::UpdateParams(ConnParams::from_units(12, 0, 400)));
    hosts.advance(Span::from_s(1));
    let deltas: Vec<_> =
        updates(&hosts).iter().map(|(what, sent, instant)| (*what, instant - sent)).collect();
    assert_eq!(
        deltas,
        [
            (UpdateProcedure::PhyUpdate, 10),
            (UpdateProcedure::ChannelMapUpdate, 6),
            (UpdateProcedure::ConnectionUpdate, 10),
            (UpdateProcedure::ConnectionUpdate, 6),
        ]
    );
}

#[test]
fn the_channels_follow_the_new_map_from_the_instant_on_and_not_before() {
    let map = ChannelMap::new(0x7f << 20).expect("seven channels");
    let mut hosts = Hosts::connected(LinkConfig::default(), 1);
    hosts.tell(LinkIn::SetChannelMap(map));
    let mut outside = [0, 0];
    let mut in_force = 0;
    for _ in 0..100 {
        hosts.run_until(|out| {
            in_force |= u8::from(*out == LinkOut::Trace(LinkEvent::ChannelMap { map }));
            matches!(out, LinkOut::Trace(LinkEvent::Packet { from: Role::Central, .. }))
        });
        let channel = hosts.link.channel().expect("connected").channel;
        outside[usize::from(in_force)] += u32::from(!map.contains(channel));
    }
    assert_eq!(in_force, 1);
    assert!(outside[0] > 0 && outside[1] == 0, "{outside:?}");
    assert!(packets(&hosts).iter().all(|p| p.valid));
}

#[test]
fn a_map_that_is_in_force_already_is_not_sent() {
    let mut hosts = Hosts::connected(LinkConfig::default(), 1);
    hosts.tell(LinkIn::SetChannelMap(ChannelMap::ALL));
    hosts.tell(LinkIn::SetPhy(Phy::OneM));
    hosts.advance(Span::from_s(1));
    assert_eq!(updates(&hosts), []);
}

#[test]
fn a_peripheral_that_missed_a_channel_map_is_lost() {
    let mut hosts = Hosts::connected(LinkConfig::default(), 1);
    let until = hosts.now + Span::from_ms(200);
    hosts.tell(LinkIn::Deaf { until });
    hosts.tell(LinkIn::SetChannelMap(ChannelMap::new(3).expect("two channels")));
    hosts.run_until(|out| matches!(out, LinkOut::Lost { reason: reason::TIMEOUT }));
    let in_force = hosts
        .events()
        .find(|(_, e)| matches!(e, LinkEvent::ChannelMap { map } if map.count() == 2));
    assert!(in_force.is_some(), "the central uses the map whether it was heard or not");
    assert!(hosts.now > until + Span::from_s(3));
}

/// Event counters are those of the air: 16 bits.
#[test]
fn instants_go_round_at_65536() {
    let mut hosts = Hosts::connected(at_interval(6), 1);
    let passed = |hosts: &Hosts| packets(hosts).last().expect("packets").counter;
    let events = u64::from(65_531 - passed(&hosts));
    hosts.said.clear();
    hosts.advance(Span::from_us(7_500) * events);
    hosts.said.clear();
    let map = ChannelMap::new(0xfff).expect("twelve channels");
    hosts.tell(LinkIn::SetChannelMap(map));
    hosts.tell(LinkIn::SetPhy(Phy::TwoM));
    hosts.run_until(|out| *out == LinkOut::Trace(LinkEvent::ChannelMap { map }));
    let [(UpdateProcedure::ChannelMapUpdate, sent, instant)] = updates(&hosts)[..] else {
        panic!("{:?}", updates(&hosts));
    };
    assert!(sent > 65_500 && instant < 10, "{sent} {instant}");
    assert_eq!(instant, sent.wrapping_add(6));
    assert_eq!(packets(&hosts).last().map(|p| p.counter), Some(instant.wrapping_sub(1)));
    hosts.advance(Span::from_s(1));
    assert_eq!(count(&hosts, |e| *e == LinkEvent::Phy { phy: Phy::TwoM }), 1);
    assert!(packets(&hosts).iter().all(|p| p.valid));
}

/// The window opens 5 ms behind the anchor of the instant, the next anchors are intervals later.
#[test]
fn an_update_moves_the_anchors_into_its_transmit_window() {
    let offset = Span::from_ms(5);
    let config = LinkConfig { update_win_offset: offset, ..at_interval(24) };
    let mut hosts = Hosts::connected(config, 1);
    hosts.tell(LinkIn::UpdateParams(ConnParams::from_units(12, 0, 400)));
    hosts.advance(Span::from_s(1));
    let [(_, _, instant)] = updates(&hosts)[..] else { panic!("{:?}", updates(&hosts)) };
    let mut anchors: Vec<(u16, Time)> = packets(&hosts)
        .iter()
        .filter(|p| p.from == Role::Central)
        .map(|p| (p.counter, p.start))
        .collect();
    anchors.dedup_by_key(|(counter, _)| *counter);
    for pair in anchors.windows(2) {
        let expected = match pair[1].0 {
            counter if counter < instant => Span::from_ms(30),
            counter if counter == instant => Span::from_ms(30) + offset,
            _ => Span::from_ms(15),
        };
        assert_eq!(pair[1].1.since(pair[0].1), expected);
    }
    assert!(anchors.last().is_some_and(|(counter, _)| *counter > instant + 10));
    assert!(packets(&hosts).iter().all(|p| p.valid));
}

#[test]
fn apples_central_refuses_what_breaks_its_rules_and_takes_what_does_not() {
    let config = LinkConfig {
        params_rule: ParamsRule::Apple,
        param_update_delay: Span::ZERO,
        ..at_interval(24)
    };
    let mut hosts = Hosts::connected(config, 1);
    hosts.tell(request(6, 9, 42));
    hosts.advance(Span::from_s(2));
    let refused = LinkEvent::ParamsRefused { reason: ParamsRefusal::IntervalRange };
    assert_eq!(count(&hosts, |e| *e == refused), 1);
    assert_eq!(updates(&hosts), []);
    assert_eq!(count(&hosts, |e| matches!(e, LinkEvent::ParamsUpdated { .. })), 0);
    hosts.tell(request(12, 12, 600));
    hosts.advance(Span::from_s(2));
    let taken = LinkEvent::ParamsUpdated { interval_us: 15_000, timeout_ms: 6_000 };
    assert_eq!(count(&hosts, |e| *e == taken), 1);
    assert_eq!(count(&hosts, |e| matches!(e, LinkEvent::ParamsRefused { .. })), 1);
}

#[test]
fn a_central_without_rules_refuses_what_is_unlawful() {
    let mut hosts =
        Hosts::connected(LinkConfig { param_update_delay: Span::ZERO, ..at_interval(24) }, 1);
    hosts.tell(request(80, 100, 20));
    hosts.advance(Span::from_s(2));
    let refused = LinkEvent::ParamsRefused { reason: ParamsRefusal::TimeoutShort };
    assert_eq!(count(&hosts, |e| *e == refused), 1);
    assert_eq!(updates(&hosts), []);
}

#[test]
fn procedures_of_the_central_run_one_after_the_other() {
    let config = LinkConfig { phy: Phy::TwoM, param_update_delay: Span::ZERO, ..at_interval(24) };
    let mut hosts = Hosts::new(config, 1);
    hosts.tell(LinkIn::Advertise);
    hosts.tell(LinkIn::Connect { timeout: Span::from_s(30) });
    hosts.run_until(|out| *out == LinkOut::Connected);
    hosts.tell(request(12, 12, 400));
    hosts.tell(LinkIn::SetChannelMap(ChannelMap::new(0xffff).expect("sixteen channels")));
    hosts.advance(Span::from_s(3));
    let order: Vec<LinkEvent> = hosts
        .events()
        .map(|(_, e)| e)
        .filter(|e| {
            let map = matches!(e, LinkEvent::ChannelMap { map } if *map != ChannelMap::ALL);
            map || matches!(
                e,
                LinkEvent::Phy { .. }
                    | LinkEvent::Update { .. }
                    | LinkEvent::ParamsUpdated { .. }
                    | LinkEvent::DataLength { .. }
            )
        })
        .collect();
    assert!(
        matches!(
            order[..],
            [
                LinkEvent::DataLength { octets: 251 },
                LinkEvent::Update { procedure: UpdateProcedure::PhyUpdate, .. },
                LinkEvent::Phy { .. },
                LinkEvent::Update { procedure: UpdateProcedure::ChannelMapUpdate, .. },
                LinkEvent::ChannelMap { .. },
                LinkEvent::Update { procedure: UpdateProcedure::ConnectionUpdate, .. },
                LinkEvent::ParamsUpdated { interval_us: 15_000, .. },
            ]
        ),
        "{order:?}"
    );
}
