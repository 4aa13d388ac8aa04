//! Loss seen from outside the machine: throughput against bit errors, bursts, Wi-Fi, and what a
//! central does about bad channels.

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "counts are small and probabilities are positive"
)]

use crate::hosts::Hosts;
use link_model::{
    AdaptiveMapConfig, BitErrors, Bursts, ChannelConfig, ChannelMap, ConnParams, Csa, Csa1, Csa2,
    Interference, LinkConfig, LinkEvent, LinkOut, Phy, Reception, Role, Signal, wifi_covers,
};
use sim_core::{Ppm, Span};

/// A probability in units of 2^-64.
fn threshold(probability: f64) -> u64 {
    (probability * 2f64.powi(64)) as u64
}

fn bit_errors(ber: f64) -> ChannelConfig {
    let signal = Signal { rssi_dbm: None, bit_errors: [threshold(ber); 4] };
    ChannelConfig { signals: vec![signal], ..ChannelConfig::default() }
}

/// An encrypted link with packets of 251 octets and writes of 244, for a published `SoftDevice`.
fn softdevice(phy: Phy, interval: Span, channel: ChannelConfig) -> LinkConfig {
    LinkConfig {
        params: ConnParams { interval, latency: 0, timeout: Span::from_s(32) },
        phy,
        phy_update: false,
        encrypted: true,
        central_mtu: 247,
        channel,
        ..LinkConfig::default()
    }
}

/// Octets of a write that fills one packet of 251.
const WRITE: usize = 244;

/// A connected link whose central always has data.
fn full_sender(config: LinkConfig, seed: u64) -> Hosts {
    let mut hosts = Hosts::connected(config, seed);
    hosts.refill = Some(WRITE);
    for tag in 0..8 {
        hosts.write(tag * 10_000_000, WRITE);
    }
    hosts.said.clear();
    hosts
}

/// Goodput over so many intervals, kbit/s, of data that the peripheral's host got.
fn goodput(config: &LinkConfig, events: u32) -> f64 {
    let mut hosts = full_sender(config.clone(), 1);
    let mut octets = 0;
    for _ in 0..events / 10 {
        hosts.advance(config.params.interval * 10);
        let arrived = hosts.said.iter().filter(|(_, out)| matches!(out, LinkOut::Wrote(_)));
        octets += arrived.count() * WRITE;
        hosts.said.clear();
    }
    let ms = config.params.interval.as_us() * u64::from(events / 10 * 10) / 1_000;
    octets as f64 * 8.0 / ms as f64
}

/// Against an independent Monte Carlo of the same rules: any bit error in an access address loses
/// the packet and ends the event, the second CRC error in a row ends it. Interval in ms, bit error
/// rate, kbit/s, tolerance.
const ONE_M: &[(u64, f64, f64, f64)] = &[
    (15, 1e-6, 519.3, 0.02),
    (15, 5e-5, 461.5, 0.03),
    (15, 1e-4, 404.7, 0.03),
    (15, 3e-4, 230.8, 0.03),
    (50, 0.0, 702.7, 0.02),
    (50, 1e-6, 700.7, 0.02),
    (50, 1e-5, 681.7, 0.02),
    (50, 3e-4, 124.2, 0.03),
    (400, 1e-5, 698.7, 0.02),
    (400, 1e-4, 110.3, 0.06),
    (400, 3e-4, 15.9, 0.06),
];

/// The same on LE 2M.
const TWO_M: &[(u64, f64, f64, f64)] = &[
    (15, 1e-6, 1_168.3, 0.02),
    (15, 1e-5, 1_141.2, 0.02),
    (15, 5e-5, 1_009.0, 0.03),
    (15, 3e-4, 353.9, 0.03),
    (50, 0.0, 1_327.4, 0.02),
    (50, 1e-6, 1_322.7, 0.02),
    (50, 5e-5, 989.1, 0.03),
    (50, 1e-4, 630.1, 0.03),
    (400, 0.0, 1_376.2, 0.02),
    (400, 1e-6, 1_359.1, 0.02),
    (400, 5e-5, 351.7, 0.06),
    (400, 3e-4, 15.9, 0.06),
];

/// Events that make the statistical error of a row small against its tolerance.
fn events_for(interval_ms: u64, ber: f64) -> u32 {
    match (interval_ms, ber < 2e-5) {
        (400, false) => 8_000,
        (400, true) => 400,
        (_, true) => 2_000,
        (_, false) => 6_000,
    }
}

#[test]
fn throughput_falls_with_bit_errors_as_computed_elsewhere() {
    let mut wrong = Vec::new();
    for (phy, rows) in [(Phy::OneM, ONE_M), (Phy::TwoM, TWO_M)] {
        for &(ms, ber, expected, tolerance) in rows {
            let config = softdevice(phy, Span::from_ms(ms), bit_errors(ber));
            let got = goodput(&config, events_for(ms, ber));
            if (got / expected - 1.0).abs() > tolerance {
                wrong.push(format!("{phy:?} {ms} ms {ber}: {got:.1} for {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// An event dies at a lost packet, so long events pay only while few are lost.
#[test]
fn the_longest_interval_wins_on_clean_air_and_loses_on_bad() {
    for phy in [Phy::OneM, Phy::TwoM] {
        let at = |ber: f64| {
            [15, 50, 400].map(|ms| {
                let config = softdevice(phy, Span::from_ms(ms), bit_errors(ber));
                goodput(&config, events_for(ms, ber))
            })
        };
        let clean = at(1e-6);
        assert!(clean[0] < clean[1] && clean[1] < clean[2], "{phy:?}: {clean:?}");
        let bad = at(1e-4);
        assert!(bad[0] > bad[2] * 3.0 && bad[1] > bad[2], "{phy:?}: {bad:?}");
        // On 1M an event of 50 ms has 18 pairs and lives about as long; what it loses at its end,
        // one of 15 ms loses to the time kept free before the next anchor.
        assert!(phy == Phy::OneM || bad[0] > bad[1], "{bad:?}");
    }
}

/// Fates of the packets of a sender that is always full, by octets of payload.
fn fates(config: LinkConfig, seconds: u64) -> Vec<(u8, Role, Reception)> {
    let mut hosts = full_sender(config, 3);
    hosts.advance(Span::from_s(seconds));
    hosts
        .events()
        .filter_map(|(_, event)| match event {
            LinkEvent::Packet { octets, from, reception, .. } => Some((octets, from, reception)),
            _ => None,
        })
        .collect()
}

#[test]
fn packets_fail_as_often_as_the_threshold_of_their_length_says() {
    let ber = 1e-4;
    let errors = BitErrors::new(threshold(ber));
    let fates = fates(softdevice(Phy::OneM, Span::from_ms(50), bit_errors(ber)), 300);
    for octets in [0, 251] {
        let all = fates.iter().filter(|(n, ..)| *n == octets);
        let failed = all.clone().filter(|(.., fate)| *fate != Reception::Valid).count() as f64;
        let all = all.count() as f64;
        let expected = errors.packet_error(octets, octets > 0) as f64 / 2f64.powi(64);
        let deviation = (expected * (1.0 - expected) / all).sqrt();
        assert!((failed / all - expected).abs() < 4.0 * deviation, "{octets}: {failed} of {all}");
    }
}

/// Channel of each packet, computed from the trace alone, with the packet's fate.
fn by_channel(hosts: &Hosts) -> Vec<(u8, Reception)> {
    let (mut hop, mut map) = (None, ChannelMap::ALL);
    let (mut events, mut last) = (0u64, 0u16);
    let mut channels = Vec::new();
    for (_, event) in hosts.events() {
        match event {
            LinkEvent::Channels { access_address, hop: length, csa } => {
                hop = Some((Csa1::new(length).expect("a hop"), Csa2::new(access_address), csa));
                (events, last) = (0, 0);
            }
            LinkEvent::ChannelMap { map: other } => map = other,
            LinkEvent::Packet { counter, reception, .. } => {
                events += u64::from(counter.wrapping_sub(last));
                last = counter;
                let (one, two, csa) = hop.expect("said when the connection was made");
                let channel =
                    if csa == 1 { one.at(events, map) } else { two.channel(counter, map) };
                channels.push((channel.channel, reception));
            }
            _ => {}
        }
    }
    channels
}

fn wifi(channels: u64) -> ChannelConfig {
    let interference = Interference {
        channels,
        idle: threshold(0.1),
        stays_idle: threshold((-0.9f64 / (0.1 * 500.0)).exp()),
    };
    ChannelConfig { interference: Some(interference), ..ChannelConfig::default() }
}

/// Both algorithms, with a counter that goes round: what is lost is lost on Wi-Fi's channels.
#[test]
fn the_trace_tells_on_which_channel_a_packet_was_lost() {
    let covered = wifi_covers(6);
    for csa in [Csa::One, Csa::Two] {
        let config = LinkConfig {
            csa,
            params: ConnParams::from_units(6, 0, 400),
            channel: wifi(covered),
            ..LinkConfig::default()
        };
        let mut hosts = Hosts::connected(config, 2);
        hosts.advance(Span::from_us(7_500) * 70_000);
        let packets = by_channel(&hosts);
        let lost = packets.iter().filter(|(_, fate)| *fate != Reception::Valid);
        assert!(lost.clone().count() > 10_000);
        for (channel, _) in lost {
            assert!(covered >> channel & 1 == 1, "{csa:?}: lost on channel {channel}");
        }
        let used = packets.iter().fold(0, |used, (channel, _)| used | 1u64 << channel);
        assert_eq!(used, ChannelMap::ALL.bits());
    }
}

#[test]
fn the_link_says_which_channel_it_is_on() {
    let map = 0x1e_0000_0011;
    let config = LinkConfig {
        channel_map: ChannelMap::new(map).expect("two channels or more"),
        access_address: Some(0x5065_5d2b),
        ..LinkConfig::default()
    };
    let mut hosts = Hosts::new(config.clone(), 1);
    assert_eq!(hosts.link.channel(), None);
    hosts = Hosts::connected(config, 1);
    let channel = hosts.link.channel().expect("connected");
    let told = hosts.events().find(|(_, e)| {
        matches!(e, LinkEvent::Channels { access_address: 0x5065_5d2b, csa: 2, hop: 5..=16 })
    });
    assert!(told.is_some());
    assert!(map >> channel.channel & 1 == 1);
    assert!((0..=u16::MAX).any(|n| Csa2::new(0x5065_5d2b).prn_e(n) == channel.prn_e.unwrap_or(0)));
}

#[test]
fn every_connection_has_an_access_address_of_its_own() {
    let mut addresses: Vec<u32> = (1..=50)
        .flat_map(|seed| {
            let hosts = Hosts::connected(LinkConfig::default(), seed);
            let told: Vec<u32> = hosts
                .events()
                .filter_map(|(_, e)| match e {
                    LinkEvent::Channels { access_address, .. } => Some(access_address),
                    _ => None,
                })
                .collect();
            told
        })
        .collect();
    addresses.sort_unstable();
    addresses.dedup();
    assert_eq!(addresses.len(), 50);
}

#[test]
fn a_level_is_told_when_it_is_known() {
    let signal = Signal { rssi_dbm: Some(-71), bit_errors: [0; 4] };
    let channel = ChannelConfig { signals: vec![signal], ..ChannelConfig::default() };
    let known = Hosts::connected(LinkConfig { channel, ..LinkConfig::default() }, 1);
    assert!(known.events().any(|(_, e)| e == LinkEvent::Rssi { dbm: -71 }));
    let unknown = Hosts::connected(LinkConfig::default(), 1);
    assert!(!unknown.events().any(|(_, e)| matches!(e, LinkEvent::Rssi { .. })));
}

/// Two runs at different loads meet the same bursts: a channel that swallows everything in the one
/// swallows everything in the other.
#[test]
fn bursts_are_the_same_for_whoever_sends() {
    let bursts = Bursts {
        good: Span::from_s(2),
        bad: Span::from_s(1),
        good_loss: Ppm::ZERO,
        bad_loss: Ppm::ONE,
    };
    let channel = ChannelConfig { bursts: Some(bursts), ..ChannelConfig::default() };
    let config = LinkConfig {
        params: ConnParams { timeout: Span::from_s(32), ..LinkConfig::default().params },
        channel,
        ..LinkConfig::default()
    };
    let first_packets = |busy: bool| -> Vec<(u16, Reception)> {
        let mut hosts = Hosts::connected(config.clone(), 4);
        if busy {
            hosts.refill = Some(400);
            hosts.write(1, 400);
        }
        hosts.advance(Span::from_s(20));
        let mut firsts: Vec<(u16, Reception)> = hosts
            .events()
            .filter_map(|(_, e)| match e {
                LinkEvent::Packet { counter, reception, from: Role::Central, .. } => {
                    Some((counter, reception))
                }
                _ => None,
            })
            .collect();
        firsts.dedup_by_key(|(counter, _)| *counter);
        firsts
    };
    let (idle, busy) = (first_packets(false), first_packets(true));
    let lost = idle.iter().filter(|(_, fate)| *fate == Reception::Missed).count();
    assert!((300..900).contains(&lost), "{lost} of {}", idle.len());
    assert_eq!(idle, busy);
}

#[test]
fn an_adaptive_map_leaves_wifi_aside_and_carries_more() {
    let adaptive_map = Some(AdaptiveMapConfig {
        period: Span::from_s(2),
        per_limit: Ppm::new(250_000),
        min_channels: 10,
    });
    let covered = wifi_covers(6) | wifi_covers(10);
    let plain = softdevice(Phy::OneM, Span::from_ms(15), wifi(covered));
    let adaptive = LinkConfig { adaptive_map, ..plain.clone() };
    let (without, with) = (goodput(&plain, 4_000), goodput(&adaptive, 4_000));
    assert!(with > without * 1.5, "{with} against {without} kbit/s");

    let mut hosts = full_sender(adaptive, 1);
    hosts.advance(Span::from_s(15));
    let maps: Vec<u64> = hosts
        .events()
        .filter_map(|(_, e)| match e {
            LinkEvent::ChannelMap { map } => Some(map.bits()),
            _ => None,
        })
        .collect();
    let wifi_left = maps.iter().map(|map| (map & covered).count_ones()).min();
    assert!(wifi_left.is_some_and(|left| left <= 2), "{maps:x?}");
    assert!(maps.iter().all(|map| (map & !covered).count_ones() >= 15), "{maps:x?}");
}
