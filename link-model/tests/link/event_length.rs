//! How many pairs an event holds: the published rule against the running link, and the ends'
//! event lengths.

use crate::hosts::Hosts;
use link_model::{
    CloseCause, ConnParams, EndConfig, EventEnd, LinkConfig, LinkEvent, Phy, Reception, Role, T_IFS,
};
use sim_core::Span;

const PHYS: [Phy; 4] = [Phy::OneM, Phy::TwoM, Phy::CodedS2, Phy::CodedS8];

fn ends(event_length: Span) -> EndConfig {
    EndConfig { event_length, event_extension: false, ..EndConfig::default() }
}

fn config(interval_us: u64, phy: Phy, octets: u8, encrypted: bool) -> LinkConfig {
    LinkConfig {
        params: ConnParams { interval: Span::from_us(interval_us), ..LinkConfig::default().params },
        phy,
        phy_update: false,
        encrypted,
        data_length: octets,
        central_mtu: u16::from(octets) - 4,
        ..LinkConfig::default()
    }
}

/// Pairs an event, and why it closed, of senders that are always full; every packet that carries
/// data is full too.
fn pairs(config: &LinkConfig, central: bool, peripheral: bool) -> (u16, CloseCause) {
    let mut hosts = Hosts::connected(config.clone(), 1);
    hosts.advance(config.params.interval * 2);
    hosts.fill(central, peripheral, usize::from(config.data_length - 7));
    hosts.advance(config.params.interval * 6);
    let closed = hosts.closed_events();
    let (packets, cause) = closed[closed.len() - 2];
    assert_eq!(packets % 2, 0);
    (packets / 2, cause)
}

/// n = floor((E - worst - OV) / pair) + 1, and one pair where not even that fits.
fn published(config: &LinkConfig, event: Span, duplex: bool) -> u16 {
    let air = |octets| config.phy.air_time(octets, config.encrypted);
    let full = air(config.data_length) + T_IFS;
    let pair = full + T_IFS + air(if duplex { config.data_length } else { 0 });
    let needs = config.event_end.needs(full * 2);
    if event < needs { 1 } else { ((event - needs).as_ns() / pair.as_ns()) as u16 + 1 }
}

#[test]
fn pairs_an_event_follow_the_published_formula_on_every_phy() {
    let mut compared = 0;
    for phy in PHYS {
        for (octets, encrypted) in [(27, true), (27, false), (100, true), (251, true), (251, false)]
        {
            for event in [3_750, 7_500, 11_250, 20_000, 50_000].map(Span::from_us) {
                for (interval, cause) in
                    [(event.as_us(), CloseCause::NoTime), (150_000, CloseCause::EventLength)]
                {
                    let central = ends(event);
                    let c = LinkConfig { central, ..config(interval, phy, octets, encrypted) };
                    let fits = c.fitting_data_length(phy, c.params.interval);
                    if fits < octets || interval < 7_500 {
                        continue; // The ends would agree on less.
                    }
                    for (central, peripheral) in [(true, false), (false, true), (true, true)] {
                        let n = published(&c, event, central && peripheral);
                        let got = pairs(&c, central, peripheral);
                        assert_eq!(got, (n, cause), "{phy:?} {octets} {encrypted} {event:?}");
                        compared += 1;
                    }
                }
            }
        }
    }
    assert!(compared > 300, "{compared}");
}

/// S140 at its defaults, 3.75 ms without extension (`SoftDevice` specification, "BLE role
/// configuration"); one pair on LE Coded in 7.5 ms (`SoftDevice` Controller, suggested intervals).
#[test]
fn short_event_lengths_hold_what_their_specifications_say() {
    let with = |event, c: LinkConfig| LinkConfig { central: ends(Span::from_us(event)), ..c };
    let simplex = |c: &LinkConfig| pairs(c, true, false).0;
    assert_eq!(simplex(&with(3_750, config(50_000, Phy::OneM, 27, true))), 3);
    assert_eq!(simplex(&with(3_750, config(50_000, Phy::OneM, 251, true))), 1);
    assert_eq!(simplex(&with(7_500, config(7_500, Phy::CodedS8, 27, true))), 1);
}

#[test]
fn an_event_goes_on_beyond_its_length_where_it_extends_itself() {
    let mut c = config(50_000, Phy::OneM, 251, true);
    c.central = EndConfig { event_extension: true, ..ends(Span::from_us(3_750)) };
    assert_eq!(pairs(&c, true, false), (18, CloseCause::NoTime));
}

/// The central goes on, but is no longer heard: its packet is lost and comes again at the next
/// anchor, which delivers as many new packets as the peripheral's own rule allows.
#[test]
fn a_peripheral_whose_time_is_over_neither_hears_nor_answers() {
    let mut c = config(50_000, Phy::OneM, 27, true);
    c.peripheral = ends(Span::from_us(3_750));
    let mut hosts = Hosts::connected(c, 1);
    hosts.fill(true, false, 20);
    hosts.advance(Span::from_ms(500));
    let closed = hosts.closed_events();
    assert!(
        closed[closed.len() - 6..].iter().all(|e| *e == (7, CloseCause::Silence)),
        "{closed:?}"
    );
    for (_, event) in hosts.events() {
        let LinkEvent::Packet { from, reception, closes, .. } = event else { continue };
        assert_eq!(reception == Reception::Missed, closes == Some(CloseCause::Silence));
        assert!(reception == Reception::Valid || from == Role::Central);
    }
}

#[test]
fn a_peripherals_event_length_of_zero_or_with_extension_changes_nothing() {
    let plain = config(20_000, Phy::OneM, 251, false);
    let unbounded = pairs(&plain, true, false);
    for peripheral in
        [ends(Span::ZERO), EndConfig { event_extension: true, ..ends(Span::from_us(3_750)) }]
    {
        assert_eq!(pairs(&LinkConfig { peripheral, ..plain.clone() }, true, false), unbounded);
    }
}

#[test]
fn where_a_pair_need_only_fit_itself_the_whole_interval_is_used() {
    let fit = |interval, octets, encrypted| {
        let event_end = EventEnd::Fit;
        LinkConfig { event_end, ..config(interval, Phy::OneM, octets, encrypted) }
    };
    assert_eq!(pairs(&fit(200_000, 251, false), true, false), (81, CloseCause::NoTime));
    assert_eq!(pairs(&fit(11_250, 251, true), true, false), (4, CloseCause::NoTime));
    assert_eq!(pairs(&fit(11_250, 251, true), false, true), (4, CloseCause::NoTime));
    assert_eq!(pairs(&fit(11_250, 251, true), true, true), (2, CloseCause::NoTime));
}

/// An answer that came up while the central's packet was on the air would run into the next
/// anchor; the peripheral promises it instead, and every anchor is used.
#[test]
fn an_answer_that_no_longer_fits_waits_for_the_next_event() {
    let c = LinkConfig { event_end: EventEnd::Fit, ..config(7_500, Phy::OneM, 251, true) };
    for late_us in [0, 3_000, 6_000, 6_600, 7_000] {
        let mut hosts = Hosts::connected(c.clone(), 1);
        hosts.fill(true, false, 244);
        hosts.advance(Span::from_ms(200));
        hosts.run_until(|out| {
            matches!(out, link_model::LinkOut::Trace(LinkEvent::Packet { closes: Some(_), .. }))
        });
        let from = hosts.said.len();
        hosts.advance(Span::from_us(late_us));
        hosts.notify(7, 244);
        hosts.advance(Span::from_ms(75));
        let counters: Vec<u16> = hosts.said[from..]
            .iter()
            .filter_map(|(_, out)| match out {
                link_model::LinkOut::Trace(LinkEvent::Packet { counter, .. }) => Some(*counter),
                _ => None,
            })
            .collect();
        assert!(
            counters.windows(2).all(|w| w[1].wrapping_sub(w[0]) <= 1),
            "{late_us} {counters:?}"
        );
        let received = |o: &&link_model::LinkOut| matches!(o, link_model::LinkOut::Received(_));
        assert_eq!(hosts.messages().into_iter().filter(received).count(), 1);
    }
}
