//! How long an event may last: the time that each end reserves for it, and a central's radio that
//! serves other connections too.

use crate::config::LinkConfig;
use crate::connection::{Connection, Phase};
use crate::end::EndConfig;
use crate::link::{Initiating, Link};
use crate::phy::T_IFS;
use crate::trace::{CloseCause, Role};
use sim_core::Time;

/// When the central's radio is there for this connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CentralRadio {
    pub(crate) free_from: Time,
    pub(crate) wanted_at: Time,
}

impl CentralRadio {
    /// A radio that nobody else uses.
    pub(crate) const OWN: Self = Self { free_from: Time::ZERO, wanted_at: Time::MAX };

    /// Whether nobody else uses the radio between these moments.
    pub(crate) fn is_free(self, from: Time, until: Time) -> bool {
        self.free_from <= from && until <= self.wanted_at
    }
}

impl EndConfig {
    /// Whether an event of this end may be shorter than the interval.
    pub(crate) fn bounds_events(&self) -> bool {
        !self.event_length.is_zero() && !self.event_extension
    }

    /// Until when this end takes part in an event.
    fn takes_part_until(&self, event_start: Time) -> Time {
        if self.bounds_events() { event_start + self.event_length } else { Time::MAX }
    }
}

impl LinkConfig {
    /// Whether anything can shorten events or hold packets back, now or later.
    pub(crate) fn bounds_events(&self) -> bool {
        self.anchor_phase.is_some()
            || [&self.central, &self.peripheral]
                .into_iter()
                .any(|end| end.bounds_events() || end.bounds_buffers())
    }
}

impl Connection {
    /// Until when the central goes on with the event that has begun.
    fn central_end(&self, config: &LinkConfig, radio: CentralRadio) -> Time {
        (self.event_start + self.params.interval)
            .min(config.central.takes_part_until(self.event_start))
            .min(radio.wanted_at)
    }

    /// Sets how long the event that has begun may last.
    pub(crate) fn reserve(&mut self, config: &LinkConfig, radio: CentralRadio) {
        self.central_until = self.central_end(config, radio);
        self.event_limit =
            self.central_until.min(config.peripheral.takes_part_until(self.event_start));
    }

    /// A pair that would end at `end` does not fit what is reserved: the central starts none, or
    /// starts it and is no longer heard.
    #[inline(never)]
    pub(crate) fn out_of_time(&mut self, end: Time) -> Option<CloseCause> {
        if end > self.event_start + self.params.interval {
            Some(CloseCause::NoTime)
        } else if end > self.central_until {
            Some(CloseCause::EventLength)
        } else {
            self.peripheral_done = true;
            None
        }
    }
}

impl Link {
    /// Tells the link about a central radio that serves other connections too: it is in use there
    /// until `free_from`, so that an anchor before that is skipped, and wanted there at
    /// `wanted_at`, so that an event must end before that, as at the end of an event length. The
    /// first pair of an event is sent in any case. `Time::ZERO` and `Time::MAX` give the radio
    /// back to this link alone.
    ///
    /// An event in progress is shortened too. Call it at the current moment, when all that was due
    /// before has been served.
    pub fn set_central_radio(&mut self, free_from: Time, wanted_at: Time) {
        self.central_radio = CentralRadio { free_from, wanted_at };
        self.bounded = self.central_radio != CentralRadio::OWN || self.config.bounds_events();
        if let Some(connection) = &mut self.connection
            && let Phase::Air(_) = connection.phase
        {
            connection.reserve(&self.config, self.central_radio);
        }
    }

    /// Whether the central is about to begin a connection: it scans, or `CONNECT_IND` is on the air.
    pub fn is_initiating(&self) -> bool {
        self.initiating != Initiating::No
    }

    /// When the `CONNECT_IND` on the air, or about to be, ends.
    pub fn connect_ind_end(&self) -> Option<Time> {
        match self.initiating {
            Initiating::ConnectInd { end, .. } => Some(end),
            _ => None,
        }
    }

    /// The central's next anchor: between events the coming one, during an event the one after it.
    /// `None` when the central is not connected. A link whose radio is not shared and that has no
    /// [`LinkConfig::anchor_phase`] may begin an event as late as its first packet ends.
    pub fn next_anchor(&self) -> Option<Time> {
        let connection = self.connection.as_ref().filter(|c| c.central.alive)?;
        Some(match connection.phase {
            Phase::Gap { anchor } => anchor,
            Phase::Air(_) => connection.event_start + connection.params.interval,
        })
    }

    /// Until when the event in progress may occupy the central's radio: the end of what is reserved
    /// for it, or of the pair on the air when that is later, the answer taken as full. `None`
    /// between events, and when the central is not connected.
    pub fn central_event_end(&self) -> Option<Time> {
        let connection = self.connection.as_ref().filter(|c| c.central.alive)?;
        let Phase::Air(on_air) = connection.phase else { return None };
        let pair_end = match on_air.from {
            Role::Central => on_air.end + T_IFS + self.air.of(connection.octets),
            Role::Peripheral => on_air.end,
        };
        let reserved = match self.config.central.event_length {
            length if length.is_zero() => Time::MAX,
            length => connection.event_start + length,
        };
        let end = connection.central_end(&self.config, self.central_radio).min(reserved);
        Some(end.max(pair_end))
    }
}
