//! The link keeps the machine contract under arbitrary inputs and loss.

use crate::properties::end;
use link_model::{
    ChannelConfig, ChannelMap, ConnParams, Link, LinkConfig, LinkIn, LinkOut, ParamsRequest, Phy,
};
use proptest::prelude::*;
use sim_core::contract::{Harness, check};
use sim_core::{Ppm, Priority, Sdu, Seed, Slot, Span, Time};

struct Silent {
    att_mtu: u16,
}

impl Harness for Silent {
    type Machine = Link;
    fn env(&self) {}
    fn answer(&mut self, now: Time, out: &LinkOut) -> Option<LinkIn> {
        match out {
            LinkOut::Connected => Some(LinkIn::Discover),
            LinkOut::Subscribed { att_mtu } => {
                self.att_mtu = *att_mtu;
                None
            }
            LinkOut::PeripheralLost { .. } => Some(LinkIn::Advertise),
            LinkOut::Slot(Slot::Grant { until }) => {
                assert!(*until >= now);
                Some(LinkIn::Deaf { until: *until })
            }
            LinkOut::Wrote(sdu) => Some(LinkIn::Notify(Sdu { tag: sdu.tag, bytes: vec![1; 20] })),
            _ => None,
        }
    }
}

const PHYS: [Phy; 4] = [Phy::OneM, Phy::TwoM, Phy::CodedS2, Phy::CodedS8];

fn input() -> impl Strategy<Value = LinkIn> {
    prop_oneof![
        (0u64..5_000).prop_map(|ms| LinkIn::Connect { timeout: Span::from_ms(ms) }),
        Just(LinkIn::Discover),
        (1u32..9, 0usize..600).prop_map(|(tag, n)| LinkIn::Write(Sdu { tag, bytes: vec![0; n] })),
        (1u32..9, 0usize..600)
            .prop_map(|(tag, n)| LinkIn::WriteRequest(Sdu { tag, bytes: vec![0; n] })),
        Just(LinkIn::Disconnect),
        Just(LinkIn::Advertise),
        Just(LinkIn::PowerOff),
        (6u16..40, 0u16..40).prop_map(|(min, more)| {
            LinkIn::RequestParams(ParamsRequest {
                interval_min: min,
                interval_max: min + more,
                latency: 0,
                timeout: 42,
            })
        }),
        prop::sample::select(PHYS.to_vec()).prop_map(LinkIn::SetPhy),
        (6u16..40).prop_map(|i| LinkIn::UpdateParams(ConnParams::from_units(i, 0, 42))),
        (3u64..1 << 37).prop_map(|bits| {
            LinkIn::SetChannelMap(ChannelMap::new(bits).unwrap_or(ChannelMap::ALL))
        }),
        Just(LinkIn::PeripheralDisconnect),
        (1u64..100, any::<bool>()).prop_map(|(ms, high)| LinkIn::Slot(Slot::Ask {
            len: Span::from_ms(ms),
            priority: if high { Priority::High } else { Priority::Normal },
        })),
        (1u64..100, 0u64..100).prop_map(|(len, age)| LinkIn::Slot(Slot::Claim {
            len: Span::from_ms(len),
            age: Span::from_ms(age),
        })),
        prop::sample::select(vec![Slot::Abort, Slot::Done]).prop_map(LinkIn::Slot),
    ]
}

/// Ends with buffers, event lengths and latency, or without any of them.
fn config() -> impl Strategy<Value = LinkConfig> {
    let bounds = prop_oneof![Just(None), (end(), end(), 0u16..8).prop_map(Some)];
    (unbounded(), bounds).prop_map(|(config, bounds)| {
        let Some((central, peripheral, latency)) = bounds else { return config };
        let params = ConnParams {
            latency,
            timeout: config.params.timeout * u64::from(latency + 1),
            ..config.params
        };
        LinkConfig { params, central, peripheral, ..config }
    })
}

fn unbounded() -> impl Strategy<Value = LinkConfig> {
    let phy = (prop::sample::select(PHYS.to_vec()), any::<bool>(), any::<bool>(), 0u64..4);
    let loss = prop_oneof![Just(0u32), Just(100_000), Just(1_000_000)];
    (phy, loss, 6u16..80, 27u8..=251, 23u16..517, 0u8..4, 0u64..3, 0u64..2).prop_map(
        |(
            (phy, phy_update, encrypted, offset),
            loss,
            interval,
            data_length,
            central_mtu,
            max_pairs,
            latency_ms,
            delay_s,
        )| {
            LinkConfig {
                params: ConnParams::from_units(interval, 0, 100),
                phy,
                phy_update,
                encrypted,
                encryption_procedure: phy_update,
                win_offset: Span::from_us(1_250) * offset,
                update_win_offset: Span::from_us(1_250) * offset,
                scan_window: Span::from_ms(60 - 10 * offset),
                data_length,
                central_mtu,
                max_pairs,
                central_host_latency: Span::from_ms(latency_ms),
                param_update_delay: Span::from_s(delay_s),
                channel: ChannelConfig {
                    loss: Ppm::new(loss),
                    miss: Ppm::new(loss / 10),
                    ..ChannelConfig::default()
                },
                ..LinkConfig::default()
            }
        },
    )
}

proptest! {
    #[test]
    fn whatever_the_hosts_do_the_link_keeps_the_contract(
        script in prop::collection::vec((0u64..400, input()), 0..40),
        config in config(),
        seed: u64,
    ) {
        let mut start = vec![
            (Span::ZERO, LinkIn::Advertise),
            (Span::ZERO, LinkIn::Connect { timeout: Span::from_s(5) }),
        ];
        start.extend(script.into_iter().map(|(ms, i)| (Span::from_ms(ms), i)));
        let link = Link::new(config, Seed(seed));
        check(&mut Silent { att_mtu: 23 }, &link, start, Span::from_s(10));
    }
}
