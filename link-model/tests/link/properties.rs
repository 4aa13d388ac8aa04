//! What holds on every link, whatever is lost, missed, skipped or held back.

use crate::hosts::Hosts;
use link_model::{
    ChannelConfig, CloseCause, ConnParams, EndConfig, EventEnd, LinkConfig, LinkEvent, LinkIn,
    LinkOut, Phy, Reception, Role, T_IFS,
};
use proptest::prelude::*;
use sim_core::{Ppm, Sdu, Span, Time};

/// Ends of every kind.
pub(crate) fn end() -> impl Strategy<Value = EndConfig> {
    let event_length = prop_oneof![Just(0u64), 2_500u64..20_000];
    (event_length, any::<bool>(), 0u8..5, 0u8..4, 0u64..6_000, 0u64..6_000, 0u16..=500).prop_map(
        |(length, event_extension, tx_buffers, rx_buffers, rx_us, turnaround_us, sca_ppm)| {
            EndConfig {
                event_length: Span::from_us(length),
                event_extension,
                tx_buffers,
                rx_buffers,
                host_rx: Span::from_us(rx_us),
                host_turnaround: Span::from_us(turnaround_us),
                sca_ppm,
            }
        },
    )
}

fn config() -> impl Strategy<Value = LinkConfig> {
    let phy = prop::sample::select(vec![Phy::OneM, Phy::TwoM, Phy::CodedS2, Phy::CodedS8]);
    let event_end = prop_oneof![
        Just(EventEnd::Fit),
        (0u64..2_000).prop_map(|us| EventEnd::WorstPair { overhead: Span::from_us(us) }),
    ];
    let loss = prop_oneof![Just(0u32), 0u32..300_000];
    let miss = prop_oneof![Just(0u32), 0u32..100_000];
    let sizes = (27u8..=251, 23u16..=498, 0u8..6);
    let params = (6u16..=80, prop_oneof![Just(0u16), 0u16..12]);
    let link = (phy, any::<bool>(), event_end, params, sizes, loss, miss);
    (link, end(), end()).prop_map(|(link, central, peripheral)| {
        let (phy, encrypted, event_end, (interval, latency), sizes, loss, miss) = link;
        LinkConfig {
            params: ConnParams::from_units(interval, latency, 400),
            phy,
            phy_update: false,
            encrypted,
            event_end,
            data_length: sizes.0,
            central_mtu: sizes.1,
            max_pairs: sizes.2,
            central,
            peripheral,
            channel: ChannelConfig {
                loss: Ppm::new(loss),
                miss: Ppm::new(miss),
                ..ChannelConfig::default()
            },
            ..LinkConfig::default()
        }
    })
}

/// A write or notification, a pause before it, and perhaps a deafness that begins with it.
#[derive(Clone, Debug)]
struct Step {
    pause_us: u64,
    from_central: bool,
    octets: usize,
    deaf_us: Option<u64>,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let deaf = prop_oneof![4 => Just(None), 1 => (1u64..90_000).prop_map(Some)];
    let step = (0u64..60_000, any::<bool>(), 0usize..=500, deaf).prop_map(
        |(pause_us, from_central, octets, deaf_us)| Step {
            pause_us,
            from_central,
            octets,
            deaf_us,
        },
    );
    prop::collection::vec(step, 1..30)
}

/// What went in, and everything that was said after the set-up.
struct Run {
    config: LinkConfig,
    hosts: Hosts,
    sent: [Vec<Sdu>; 2],
    deaf: Vec<(Time, Time)>,
}

impl Run {
    /// `None` when no connection came about, or none that lasted through its set-up.
    fn new(config: LinkConfig, steps: &[Step], seed: u64) -> Option<Self> {
        let mut hosts = Hosts::new(config.clone(), seed);
        hosts.tell(LinkIn::Advertise);
        hosts.tell(LinkIn::Connect { timeout: Span::from_s(30) });
        hosts.run_until(|o| matches!(o, LinkOut::Connected | LinkOut::ConnectFailed));
        hosts.tell(LinkIn::Discover);
        hosts.advance(Span::from_s(10));
        let mtu = hosts.messages().iter().find_map(|o| match o {
            LinkOut::Ready { att_mtu } => Some(usize::from(*att_mtu)),
            _ => None,
        })?;
        let mut run = Self { config, hosts, sent: [Vec::new(), Vec::new()], deaf: Vec::new() };
        for (tag, step) in (1u32..).zip(steps) {
            run.hosts.advance(Span::from_us(step.pause_us));
            run.take(tag, step, mtu);
        }
        // Thirty values in fragments of 27 octets, one every 100 ms, some of them twice.
        for _ in 0..30 {
            run.hosts.advance(Span::from_s(10));
            let both = [Role::Central, Role::Peripheral];
            if both.iter().all(|role| run.is_over(*role)) {
                break;
            }
        }
        Some(run)
    }

    fn take(&mut self, tag: u32, step: &Step, mtu: usize) {
        let now = self.hosts.now;
        if let Some(us) = step.deaf_us {
            let until = now + Span::from_us(us);
            self.hosts.tell(LinkIn::Deaf { until });
            self.deaf.push((now, until));
        }
        let bytes = (0..step.octets.min(mtu - 3)).map(|n| (n as u32 ^ tag) as u8).collect();
        let sdu = Sdu { tag, bytes };
        let role = if step.from_central { Role::Central } else { Role::Peripheral };
        if !self.lost(role) {
            self.sent[role as usize].push(sdu.clone());
        }
        self.hosts.tell(match role {
            Role::Central => LinkIn::Write(sdu),
            Role::Peripheral => LinkIn::Notify(sdu),
        });
    }

    /// Whether all values of this end have arrived, or never will.
    fn is_over(&self, role: Role) -> bool {
        self.received(role).len() == self.sent[role as usize].len()
            || self.lost(Role::Central)
            || self.lost(Role::Peripheral)
    }

    fn lost(&self, role: Role) -> bool {
        self.hosts.messages().into_iter().any(|out| match role {
            Role::Central => matches!(out, LinkOut::Lost { .. }),
            Role::Peripheral => matches!(out, LinkOut::PeripheralLost { .. }),
        })
    }

    /// Values that the other end's host received from `role`.
    fn received(&self, role: Role) -> Vec<Sdu> {
        let from = |out: &LinkOut| match (role, out) {
            (Role::Central, LinkOut::Wrote(sdu)) | (Role::Peripheral, LinkOut::Received(sdu)) => {
                Some(sdu.clone())
            }
            _ => None,
        };
        self.hosts.messages().into_iter().filter_map(from).collect()
    }

    /// Packets with the moments of their starts and ends.
    fn packets(&self) -> Vec<(Time, Time, LinkEvent)> {
        self.hosts
            .events()
            .filter_map(|(at, event)| match event {
                LinkEvent::Packet { air_us, .. } => {
                    Some((at.before(Span::from_us(air_us.into())), at, event))
                }
                _ => None,
            })
            .collect()
    }
}

/// Octets of link layer payload that one direction can carry in an event: the last pair starts
/// while a longest one still fits, and no octet costs less than its share of a full pair.
fn most_octets(config: &LinkConfig, event: Span) -> u64 {
    let octets = config.fitting_data_length(config.phy, config.params.interval);
    let air = |n| config.phy.air_time(n, config.encrypted);
    let pair = (air(octets) + air(0) + T_IFS * 2).as_ns();
    let last = match config.event_end {
        EventEnd::WorstPair { .. } => config.event_end.needs((air(octets) + T_IFS) * 2).as_ns(),
        EventEnd::Fit => pair,
    };
    let before = event.as_ns().saturating_sub(last);
    u64::from(octets) + (before * u64::from(octets)).div_ceil(pair)
}

proptest! {
    #[test]
    fn values_arrive_whole_once_and_in_order(config in config(), steps in steps(), seed: u64) {
        let Some(run) = Run::new(config, &steps, seed) else { return Ok(()) };
        for role in [Role::Central, Role::Peripheral] {
            let (sent, received) = (&run.sent[role as usize], run.received(role));
            prop_assert!(received.len() <= sent.len());
            prop_assert_eq!(&sent[..received.len()], &received[..]);
            prop_assert!(run.is_over(role), "{role:?} {:?}", run.config);
        }
    }

    #[test]
    fn the_deaf_peripheral_neither_begins_a_packet_nor_takes_one(
        config in config(),
        steps in steps(),
        seed: u64,
    ) {
        let Some(run) = Run::new(config, &steps, seed) else { return Ok(()) };
        for (start, end, event) in run.packets() {
            let LinkEvent::Packet { from, reception, taken, .. } = event else { continue };
            let begun_deaf = run.deaf.iter().any(|(since, until)| *since <= start && start < *until);
            let touched = run.deaf.iter().any(|(since, until)| *since < end && start < *until);
            prop_assert!(!(from == Role::Peripheral && begun_deaf), "{event:?} at {start}");
            prop_assert!(!touched || (reception == Reception::Missed && !taken), "{event:?}");
        }
    }

    #[test]
    fn both_ends_count_the_same_events_or_the_connection_ends(
        config in config(),
        steps in steps(),
        seed: u64,
    ) {
        let interval = config.params.interval.as_ns();
        let timeout = config.params.timeout;
        let Some(run) = Run::new(config, &steps, seed) else { return Ok(()) };
        let packets = run.packets();
        let mut anchor: Option<(Time, u16)> = None;
        let mut first_of_event = true;
        for (start, _, event) in &packets {
            let LinkEvent::Packet { counter, closes, from, .. } = event else { continue };
            if first_of_event {
                prop_assert_eq!(*from, Role::Central);
                if let Some((last, number)) = anchor {
                    let passed = start.since(last).as_ns();
                    prop_assert_eq!(passed % interval, 0);
                    prop_assert_eq!(passed / interval, u64::from(counter.wrapping_sub(number)));
                }
                anchor = Some((*start, *counter));
            }
            first_of_event = closes.is_some();
        }
        for role in [Role::Central, Role::Peripheral] {
            let mut heard: Option<Time> = None;
            let mut lost = false;
            for (at, out) in &run.hosts.said {
                match out {
                    LinkOut::Trace(LinkEvent::Packet { from, reception: Reception::Valid, .. })
                        if *from == role.peer() => heard = Some(*at),
                    LinkOut::Trace(LinkEvent::Lost { role: who, .. }) if *who == role => {
                        lost = true;
                        let heard = heard.expect("the set-up was heard");
                        prop_assert_eq!(at.since(heard), timeout);
                    }
                    _ => {}
                }
            }
            let heard = heard.expect("the set-up was heard");
            prop_assert!(lost || run.hosts.now.since(heard) <= timeout);
        }
    }

    #[test]
    fn no_event_carries_more_than_its_air_time_allows(
        config in config(),
        octets in 20usize..=244,
        (central, peripheral) in prop::sample::select(vec![(true, false), (false, true), (true, true)]),
        seed: u64,
    ) {
        let interval = config.params.interval;
        let event = match config.central {
            EndConfig { event_extension: false, event_length, .. } if !event_length.is_zero() => {
                event_length.min(interval)
            }
            _ => interval,
        };
        let most = most_octets(&config, event);
        let octets = octets.min(usize::from(config.central_mtu - 3));
        let max_pairs = u16::from(config.max_pairs);
        let Some(mut run) = Run::new(config, &[], seed) else { return Ok(()) };
        run.hosts.said.clear();
        run.hosts.fill(central, peripheral, octets);
        run.hosts.advance(interval * 30);
        let (mut carried, mut packets, mut began) = ([0u64; 2], 0u16, None);
        for (start, end, packet) in run.packets() {
            let LinkEvent::Packet { octets, taken, from, closes, .. } = packet else { continue };
            packets += 1;
            let began_at = *began.get_or_insert(start);
            carried[from as usize] += if taken { u64::from(octets) } else { 0 };
            prop_assert!(packets <= 2 || end <= began_at + event, "{packet:?}");
            if let Some(cause) = closes {
                prop_assert!(carried.iter().all(|n| *n <= most), "{carried:?} of {most}");
                prop_assert!(max_pairs == 0 || packets <= 2 * max_pairs);
                prop_assert!(cause != CloseCause::EventLength || event < interval);
                (carried, packets, began) = ([0; 2], 0, None);
            }
        }
    }
}
