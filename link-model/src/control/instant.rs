//! Updates that come into force at an instant: an event counter that both ends know ahead
//! (Vol 6 Part B 5.1.1, 5.1.2, 5.1.10). Counters go round at 65536.

use super::Control;
use crate::channel::ChannelMap;
use crate::connection::{Connection, OnAir, Phase};
use crate::link::Link;
use crate::params::ConnParams;
use crate::phy::Phy;
use crate::trace::{LinkEvent, Role};
use serde::Serialize;
use sim_core::{Span, Time};

/// Events from the one that first carries an update to its instant, to which the peripheral latency
/// is added where the peripheral may sleep through the update (Zephyr's controller,
/// `ull_llcp_conn_upd.c`, `ull_llcp_phy.c`, `ull_llcp_chmu.c`; the Core Specification demands 6).
const INSTANT_DELTA: u16 = 6;

/// A procedure that ends at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UpdateProcedure {
    /// `LL_CONNECTION_UPDATE_IND`.
    ConnectionUpdate,
    /// `LL_PHY_UPDATE_IND`.
    PhyUpdate,
    /// `LL_CHANNEL_MAP_IND`.
    ChannelMapUpdate,
}

/// What an update brings.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    Params {
        params: ConnParams,
        /// From the anchor of the instant to the transmit window.
        offset: Span,
    },
    Phy(Phy),
    Channels(ChannelMap),
}

/// An update on its way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Update {
    pub(crate) change: Change,
    /// Event counter at which it comes into force; chosen when the central first sends it.
    pub(crate) instant: Option<u16>,
    /// The peripheral has received it.
    pub(crate) heard: bool,
}

impl Update {
    /// Whether the instant is reached or passed; counters go round.
    pub(crate) fn is_due(&self, counter: u16) -> bool {
        self.instant.is_some_and(|instant| counter.wrapping_sub(instant) < 1 << 15)
    }

    fn procedure(&self) -> UpdateProcedure {
        match self.change {
            Change::Params { .. } => UpdateProcedure::ConnectionUpdate,
            Change::Phy(_) => UpdateProcedure::PhyUpdate,
            Change::Channels(_) => UpdateProcedure::ChannelMapUpdate,
        }
    }
}

impl UpdateProcedure {
    /// Events from the one that first carries the update to its instant.
    const fn delta(self, latency: u16) -> u16 {
        match self {
            Self::ConnectionUpdate | Self::PhyUpdate => INSTANT_DELTA + latency,
            Self::ChannelMapUpdate => INSTANT_DELTA,
        }
    }

    const fn pdu(self) -> Control {
        match self {
            Self::ConnectionUpdate => Control::ConnectionUpdateInd,
            Self::PhyUpdate => Control::PhyUpdateInd,
            Self::ChannelMapUpdate => Control::ChannelMapInd,
        }
    }
}

impl Connection {
    /// Sends an update to the peripheral.
    pub(super) fn send_update(&mut self, change: Change) {
        let update = Update { change, instant: None, heard: false };
        self.central.push_control(update.procedure().pdu());
        self.update = Some(update);
    }

    /// Chooses the instant when a packet of the central carries the update for the first time.
    #[cold]
    #[inline(never)]
    pub(crate) fn choose_instant(&mut self, on_air: &OnAir) -> Option<LinkEvent> {
        let update = self.update.as_mut().filter(|update| update.instant.is_none())?;
        if on_air.from != Role::Central || !self.central.sends_update(on_air.packet) {
            return None;
        }
        let (procedure, counter) = (update.procedure(), self.counter);
        let instant = counter.wrapping_add(procedure.delta(self.params.latency));
        update.instant = Some(instant);
        Some(LinkEvent::Update { procedure, instant, counter })
    }
}

impl Link {
    /// Brings an update into force when its instant is reached. A peripheral that has not received it
    /// by then listens in vain and is not heard any more. Returns whether the anchor has moved into a
    /// transmit window that is still to come.
    #[inline]
    pub(crate) fn apply_update(&mut self, now: Time) -> bool {
        let Some(connection) = self.connection.as_mut() else { return false };
        let counter = connection.counter;
        match connection.update.take_if(|update| update.is_due(counter)) {
            Some(update) => self.in_force(now, &update),
            None => false,
        }
    }

    #[cold]
    #[inline(never)]
    fn in_force(&mut self, now: Time, update: &Update) -> bool {
        let Some(connection) = self.connection.as_mut() else { return false };
        connection.astray |= !update.heard;
        let mut moved = false;
        match update.change {
            Change::Params { params, offset } => {
                self.params_in_force(now, params, update.heard);
                moved = !offset.is_zero();
                if let Some(connection) = self.connection.as_mut().filter(|_| moved) {
                    connection.phase = Phase::Gap { anchor: now + offset };
                }
            }
            Change::Phy(phy) => self.phy_in_force(phy),
            Change::Channels(map) => self.set_channel_map(map),
        }
        self.procedure_over();
        moved
    }
}
