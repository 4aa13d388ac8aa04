//! How a connection hops over the data channels.

use super::Reception;
use super::access_address;
use super::adaptive::AdaptiveMap;
use super::selection::{Channel, ChannelMap, Csa, Csa1, Csa2};
use crate::config::LinkConfig;
use crate::connection::Connection;
use crate::link::Link;
use crate::trace::{CloseCause, LinkEvent, Role};
use sim_core::{Seed, Stream, Time};

/// Where connections take their access addresses and hops from.
#[derive(Clone, Debug)]
pub(crate) struct Draws {
    access_addresses: Stream,
    hops: Stream,
}

/// Access address, hop and channel map of one connection. The channel of an event is computed when
/// somebody asks for it.
#[derive(Clone, Debug)]
pub(crate) struct Hopping {
    access_address: u32,
    hop: Csa1,
    csa: Csa,
    map: ChannelMap,
    /// Number of the connection's first event among all events of the run.
    first_event: u64,
    /// Judgement of the channels, when the central adapts its map.
    pub(crate) adaptive: Option<Box<AdaptiveMap>>,
}

impl Draws {
    pub(crate) fn new(seed: Seed) -> Self {
        Self { access_addresses: seed.stream("link.access_address"), hops: seed.stream("link.hop") }
    }

    /// Hopping of a connection that is made at `now`; `connection` is different for each of a run.
    pub(crate) fn hopping(
        &self,
        config: &LinkConfig,
        connection: u64,
        first_event: u64,
        now: Time,
    ) -> Hopping {
        let drawn_hop = || {
            let span = u64::from(Csa1::HOP_MAX - Csa1::HOP_MIN) + 1;
            Csa1::HOP_MIN + (self.hops.at(connection, 0) % span) as u8
        };
        let map = config.channel_map;
        Hopping {
            access_address: config
                .access_address
                .unwrap_or_else(|| access_address::draw(&self.access_addresses, connection)),
            hop: Csa1::new(config.hop.unwrap_or_else(drawn_hop)).expect("a hop is 5 to 16"),
            csa: config.csa,
            map,
            first_event,
            adaptive: config
                .adaptive_map
                .map(|config| Box::new(AdaptiveMap::new(config, map, now))),
        }
    }
}

impl Hopping {
    /// Channel of the event with this connection event counter, which is number `event` of the run.
    pub(crate) fn channel(&self, counter: u16, event: u64) -> Channel {
        match self.csa {
            Csa::One => self.hop.at(event - self.first_event, self.map),
            Csa::Two => Csa2::new(self.access_address).channel(counter, self.map),
        }
    }

    /// The map in force.
    pub(crate) fn map(&self) -> ChannelMap {
        self.map
    }

    /// Another map is in force from the event in progress or the next one on.
    pub(crate) fn set_map(&mut self, map: ChannelMap) {
        self.map = map;
    }

    /// What the trace learns, so that the channel of every event follows from it.
    pub(crate) fn event(&self) -> LinkEvent {
        LinkEvent::Channels {
            access_address: self.access_address,
            hop: self.hop.hop(),
            csa: self.csa.number(),
        }
    }
}

impl Connection {
    /// What the central learns of the channel of event number `event` from a packet that has just
    /// ended. Silence is no news while the peripheral may sleep through events.
    #[cold]
    #[inline(never)]
    pub(crate) fn note_channel(
        &mut self,
        event: u64,
        from: Role,
        reception: Reception,
        closes: Option<CloseCause>,
    ) {
        let gave_up = from == Role::Central && closes == Some(CloseCause::CrcErrors);
        let silence = gave_up || reception == Reception::Missed;
        let ok = match (from, reception) {
            _ if silence && self.params.latency > 0 => return,
            _ if silence => false,
            (Role::Central, _) => return,
            (Role::Peripheral, Reception::Valid) => !self.central.awaits_acknowledgement(),
            (Role::Peripheral, _) => false,
        };
        let channel = self.hopping.channel(self.counter, event).channel;
        if let Some(adaptive) = &mut self.hopping.adaptive {
            adaptive.note(channel, ok);
        }
    }
}

impl Link {
    /// Starts a channel map update when the central has come to want another map.
    #[cold]
    #[inline(never)]
    pub(crate) fn adapt_channel_map(&mut self, now: Time) {
        let adaptive = self.connected(Role::Central).and_then(|c| c.hopping.adaptive.as_mut());
        if let Some(map) = adaptive.and_then(|adaptive| adaptive.take_wanted(now)) {
            self.want(|wanted| wanted.map = Some(map));
        }
    }
}
