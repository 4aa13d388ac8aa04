//! The fate of packets.

use super::bit_errors::BitErrors;
use super::burst::BurstStates;
use super::interference::Interference;
use super::{ChannelConfig, Reception};
use crate::connection::{Connection, OnAir};
use crate::phy::{MIC, Phy};
use sim_core::{Ppm, Seed, Span, Stream, Time};

/// What the air does to packets. The fate of one is a function of the seed, the connection event
/// and the packet's place in it, and with bursts also of channel and time: two clients under one
/// seed meet the same air.
#[derive(Clone, Debug)]
pub(crate) struct Medium {
    /// Every packet arrives.
    clean: bool,
    stream: Stream,
    loss: Ppm,
    miss: Ppm,
    /// What acts on a packet besides constant loss.
    further: Option<Box<Further>>,
}

/// The parts of the air that few scenarios have.
#[derive(Clone, Debug)]
struct Further {
    rssi_dbm: Option<i8>,
    /// By physical layer, in the order of [`Phy::ALL`].
    bit_errors: Option<[BitErrors; 4]>,
    bit_draws: Stream,
    bursts: Option<BurstStates>,
    interference: Option<Interference>,
    interference_draws: Stream,
}

/// A packet on its way.
#[derive(Clone, Copy, Debug)]
struct Flight {
    /// Number of the connection event, counted over all connections of the run.
    event: u64,
    /// Place in the event.
    packet: u32,
    /// Payload and MIC, octets.
    body: u8,
    phy: Phy,
    air: Span,
    start: Time,
}

impl Medium {
    pub(crate) fn new(seed: Seed, config: &ChannelConfig) -> Self {
        let further = Further::new(seed, config).map(Box::new);
        Self {
            clean: config.loss == Ppm::ZERO && config.miss == Ppm::ZERO && further.is_none(),
            stream: seed.stream("link.channel"),
            loss: config.loss,
            miss: config.miss,
            further,
        }
    }

    /// Fate of the packet that has just ended, in connection event number `event` of the run.
    #[inline]
    pub(crate) fn fate_of(
        &mut self,
        event: u64,
        connection: &Connection,
        on_air: &OnAir,
    ) -> Reception {
        if self.clean {
            return Reception::Valid;
        }
        self.unclean(event, connection, on_air)
    }

    #[inline(never)]
    fn unclean(&mut self, event: u64, connection: &Connection, on_air: &OnAir) -> Reception {
        let octets = on_air.packet.octets;
        let mic = if connection.encrypted && octets > 0 { MIC as u8 } else { 0 };
        let flight = Flight {
            event,
            packet: connection.event_packets.into(),
            body: octets + mic,
            phy: connection.phy,
            air: on_air.end.since(on_air.start),
            start: on_air.start,
        };
        self.data_packet(&flight, || connection.hopping.channel(connection.counter, event).channel)
    }

    /// Level of the signal, dBm, when it follows from a distance.
    pub(crate) fn rssi_dbm(&self) -> Option<i8> {
        self.further.as_ref()?.rssi_dbm
    }

    /// Fate of a packet of a connection; `channel` tells on which data channel it flew.
    fn data_packet(&mut self, flight: &Flight, channel: impl FnOnce() -> u8) -> Reception {
        let constant = self.constant(flight.event, flight.packet);
        match &mut self.further {
            Some(further) => constant.max(further.data_packet(flight, channel)),
            None => constant,
        }
    }

    /// Fate of an advertisement or of the answer to it, on LE 1M. Bursts and Wi-Fi spare the
    /// advertising channels, which lie between the usual Wi-Fi channels (model choice).
    pub(crate) fn advertising_packet(&self, event: u64, packet: u32, octets: u8) -> Reception {
        let constant = self.constant(event, packet);
        match &self.further {
            Some(further) => constant.max(further.bits(Phy::OneM, event, packet, octets)),
            None => constant,
        }
    }

    /// Independent loss with constant probabilities.
    fn constant(&self, event: u64, packet: u32) -> Reception {
        if self.miss == Ppm::ZERO && self.loss == Ppm::ZERO {
            return Reception::Valid;
        }
        if self.miss.accepts(self.stream.at(event, 2 * u64::from(packet) + 1)) {
            Reception::Missed
        } else if self.loss.accepts(self.stream.at(event, 2 * u64::from(packet))) {
            Reception::CrcError
        } else {
            Reception::Valid
        }
    }
}

impl Further {
    fn new(seed: Seed, config: &ChannelConfig) -> Option<Self> {
        if config.signals.is_empty() && config.bursts.is_none() && config.interference.is_none() {
            return None;
        }
        let draw = u128::from(seed.stream("link.signal").at(0, 0));
        let signal = config.signals.get(((draw * config.signals.len() as u128) >> 64) as usize);
        Some(Self {
            rssi_dbm: signal.and_then(|signal| signal.rssi_dbm),
            bit_errors: signal.map(|signal| signal.bit_errors.map(BitErrors::new)),
            bit_draws: seed.stream("link.bits"),
            bursts: config.bursts.map(|bursts| BurstStates::new(seed, bursts)),
            interference: config.interference,
            interference_draws: seed.stream("link.interference"),
        })
    }

    fn data_packet(&mut self, flight: &Flight, channel: impl FnOnce() -> u8) -> Reception {
        let Flight { event, packet, body, phy, air, start } = *flight;
        let mut worst = self.bits(phy, event, packet, body);
        if self.bursts.is_none() && self.interference.is_none() {
            return worst;
        }
        let channel = channel();
        if let Some(bursts) = &mut self.bursts
            && bursts.loses(channel, start, event, packet)
        {
            worst = Reception::Missed;
        }
        if let Some(wifi) = &self.interference {
            let draw = self.interference_draws.at(event, packet.into());
            worst = worst.max(wifi.reception(channel, phy.sync_time(), air, draw));
        }
        worst
    }

    fn bits(&self, phy: Phy, event: u64, packet: u32, body: u8) -> Reception {
        match &self.bit_errors {
            Some(errors) => {
                errors[phy as usize].reception(body, self.bit_draws.at(event, packet.into()))
            }
            None => Reception::Valid,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Flight, Medium};
    use crate::channel::{Bursts, ChannelConfig, Interference, Reception, Signal};
    use crate::phy::Phy;
    use sim_core::{Ppm, Seed, Span, Time};

    fn flight(event: u64, packet: u32) -> Flight {
        let air = Phy::TwoM.air_time(251, true);
        let start = Time::ZERO + Span::from_ms(event);
        Flight { event, packet, body: 255, phy: Phy::TwoM, air, start }
    }

    fn every_part() -> ChannelConfig {
        let half = 1 << 63;
        ChannelConfig {
            loss: Ppm::new(100_000),
            miss: Ppm::new(50_000),
            signals: vec![Signal { rssi_dbm: Some(-90), bit_errors: [1 << 51; 4] }],
            bursts: Some(Bursts {
                good: Span::from_s(1),
                bad: Span::from_s(1),
                good_loss: Ppm::ZERO,
                bad_loss: Ppm::new(100_000),
            }),
            interference: Some(Interference { channels: 1, idle: half, stays_idle: u64::MAX }),
        }
    }

    #[test]
    fn air_that_does_nothing_is_clean() {
        assert!(Medium::new(Seed(1), &ChannelConfig::default()).clean);
        assert!(!Medium::new(Seed(1), &every_part()).clean);
    }

    /// Constant loss with the draws that it always had.
    #[test]
    fn constant_loss_draws_by_event_and_place() {
        let config = ChannelConfig {
            loss: Ppm::new(300_000),
            miss: Ppm::new(100_000),
            ..ChannelConfig::default()
        };
        let mut medium = Medium::new(Seed(1), &config);
        let stream = Seed(1).stream("link.channel");
        for event in 0..200 {
            let fate = medium.data_packet(&flight(event, 3), || unreachable!("not asked for"));
            let expected = match (
                config.miss.accepts(stream.at(event, 7)),
                config.loss.accepts(stream.at(event, 6)),
            ) {
                (true, _) => Reception::Missed,
                (_, true) => Reception::CrcError,
                _ => Reception::Valid,
            };
            assert_eq!(fate, expected);
        }
    }

    /// All parts together are as bad as the worst of each alone, whatever happened before.
    #[test]
    fn a_packet_suffers_the_worst_of_all_parts() {
        let all = every_part();
        let alone = [
            ChannelConfig { loss: all.loss, miss: all.miss, ..ChannelConfig::default() },
            ChannelConfig { signals: all.signals.clone(), ..ChannelConfig::default() },
            ChannelConfig { bursts: all.bursts, ..ChannelConfig::default() },
            ChannelConfig { interference: all.interference, ..ChannelConfig::default() },
        ];
        let mut seen = [0; 3];
        for event in 0..2_000 {
            let one = |config| {
                Medium::new(Seed(5), config).data_packet(&flight(event, 1), || (event % 2) as u8)
            };
            let fate = one(&all);
            assert_eq!(Some(fate), alone.iter().map(one).max(), "event {event}");
            seen[fate as usize] += 1;
        }
        assert!(seen.iter().all(|n| *n > 200), "{seen:?}");
    }
}
