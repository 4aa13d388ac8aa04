//! What loss and the physical layer do to the goodput of a link whose sender is always full.

use crate::hosts::Hosts;
use link_model::{ChannelConfig, ConnParams, LinkConfig, LinkEvent, Phy, Role};
use proptest::prelude::*;
use sim_core::{Ppm, Span, Time};

const SEEDS: u64 = 20;

/// Octets of attribute values that arrive in `span`, averaged over the seeds. The supervision
/// timeout is longer than the span, so that no connection is lost.
fn mean_octets(interval_us: u64, phy: Phy, loss: u32, span: Span) -> u64 {
    let config = LinkConfig {
        params: ConnParams { interval: Span::from_us(interval_us), latency: 0, timeout: span * 4 },
        phy,
        phy_update: false,
        encrypted: true,
        central_mtu: 247,
        peripheral_mtu: 247,
        channel: ChannelConfig { loss: Ppm::new(loss), ..ChannelConfig::default() },
        ..LinkConfig::default()
    };
    let sum: u64 = (1..=SEEDS).map(|seed| octets_taken(config.clone(), seed, span)).sum();
    sum / SEEDS
}

fn octets_taken(config: LinkConfig, seed: u64, span: Span) -> u64 {
    let mut hosts = Hosts::connected(config, seed);
    hosts.refill = Some(244);
    // More than an event takes, so that the queue never runs dry.
    for tag in 0..400 {
        hosts.write(tag * 1_000_000, 244);
    }
    let from = hosts.now;
    hosts.advance(span);
    taken_from_central(&hosts, from)
}

fn taken_from_central(hosts: &Hosts, from: Time) -> u64 {
    hosts
        .events()
        .filter(|(at, _)| *at > from)
        .map(|(_, event)| match event {
            LinkEvent::Packet { from: Role::Central, taken: true, value_octets, .. } => {
                u64::from(value_octets)
            }
            _ => 0,
        })
        .sum()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn goodput_does_not_rise_with_loss(
        interval in prop::sample::select(vec![7_500u64, 11_250, 15_000, 50_000, 100_000]),
        phy in prop::sample::select(vec![Phy::OneM, Phy::TwoM]),
        loss in 0u32..300_000,
        more in 10_000u32..200_000,
    ) {
        let span = Span::from_s(4);
        let less_lossy = mean_octets(interval, phy, loss, span);
        let lossier = mean_octets(interval, phy, loss + more, span);
        prop_assert!(
            lossier * 100 <= less_lossy * 101,
            "{loss} ppm: {less_lossy} octets; {} ppm: {lossier}", loss + more
        );
    }

    #[test]
    fn two_megabit_never_loses_to_one(
        interval in prop::sample::select(vec![7_500u64, 11_250, 15_000, 50_000, 100_000]),
        loss in 0u32..300_000,
    ) {
        let span = Span::from_s(4);
        let one = mean_octets(interval, Phy::OneM, loss, span);
        let two = mean_octets(interval, Phy::TwoM, loss, span);
        prop_assert!(two * 100 >= one * 99, "1M: {one} octets, 2M: {two}");
    }
}
