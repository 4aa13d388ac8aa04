//! How the peripheral's radio shares its time with flash.
//!
//! Two ways to ask, as drivers have them. [`Slot::Ask`] is a timeslot of Nordic's multi-protocol
//! service layer, or flash work of a `SoftDevice` (nRF Connect SDK, `SoftDevice` Controller,
//! "Scheduling": priorities of timing-activities). With normal priority it disturbs no connection
//! event. With high priority it competes with them as an equal: the event that is scheduled already
//! runs to its end, then the work has its time, whatever anchors lie inside. Connections in set-up
//! and those about to time out come before both.
//!
//! [`Slot::Claim`] is a slot at a tick of Zephyr's own controller (`ticker.c`,
//! `ticker_resolve_collision`): it is granted or skipped there and then. It yields to the time that
//! an event in progress has reserved, and to a coming event that has waited longer; an event in
//! progress beyond its reservation is broken off at [`Slot::Abort`].

use crate::connection::{Connection, Phase};
use crate::link::{Link, LinkOut};
use crate::phy::T_IFS;
use crate::trace::{LinkEvent, Role};
use sim_core::{Priority, Slot, Span, Time};

/// Time kept between the end of granted flash work and the radio's next use, for it to wake up;
/// the settle time that Zephyr's flash driver leaves (`soc_flash_nrf_ticker.c`: 200 us).
const SLOT_GUARD: Span = Span::from_us(200);

/// A connection that has missed an event is about to time out when no more intervals than these are
/// left (Zephyr `ull_conn.c`: six).
const LAST_INTERVALS: u64 = 6;

/// Anchors that must be left between granted work and the supervision timeout (model choice).
const ANCHORS_LEFT: u64 = 2;

/// Time that flash waits for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    len: Span,
    priority: Priority,
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Grant,
    Deny,
    Wait,
}

impl Link {
    pub(crate) fn take_slot_message(&mut self, now: Time, slot: Slot) {
        match slot {
            Slot::Ask { len, priority } => {
                let wanted = Wanted { len, priority };
                let verdict = self.verdict(now, wanted);
                self.settle_slot(now, wanted, verdict);
            }
            Slot::Claim { len, age } => {
                let wanted = Wanted { len, priority: Priority::Normal };
                let verdict = self.verdict_at_once(now, len, age);
                self.settle_slot(now, wanted, verdict);
            }
            Slot::Abort => self.go_deaf(now, self.slot_until),
            Slot::Done => {
                self.slot_asked = None;
                self.slot_until = now;
                self.deaf_until = self.deaf_until.min(now);
            }
            Slot::Grant { .. } | Slot::Deny => {}
        }
    }

    /// Answers flash, if it waits for time: an event has just closed, or the connection is gone.
    #[cold]
    #[inline(never)]
    pub(crate) fn answer_flash(&mut self, now: Time) {
        let Some(wanted) = self.slot_asked.take() else { return };
        let Some(connection) = self.connected(Role::Peripheral) else {
            return self.settle_slot(now, wanted, Verdict::Grant);
        };
        // An anchor that the peripheral skips is no event of its own.
        let ran = connection.skipped == 0;
        let verdict = match wanted.priority {
            _ if self.is_free(now, wanted.len) => Verdict::Grant,
            _ if !ran => Verdict::Wait,
            Priority::Normal => Verdict::Deny,
            Priority::High if self.comes_first(now + wanted.len) => Verdict::Wait,
            Priority::High => Verdict::Grant,
        };
        self.settle_slot(now, wanted, verdict);
    }

    fn settle_slot(&mut self, now: Time, wanted: Wanted, verdict: Verdict) {
        match verdict {
            Verdict::Grant => self.grant_slot(now, wanted.len),
            Verdict::Deny => self.out.push_back(LinkOut::Slot(Slot::Deny)),
            Verdict::Wait => self.slot_asked = Some(wanted),
        }
    }

    /// Gives flash its time. Between events the radio is off from now on.
    fn grant_slot(&mut self, now: Time, len: Span) {
        let until = now + len;
        let connection = self.connected(Role::Peripheral);
        let anchors = connection.as_ref().map_or(0, |c| c.anchors_before(now, until));
        let between = connection.is_none_or(|c| matches!(c.phase, Phase::Gap { .. }));
        self.slot_until = until;
        if between {
            self.deaf_until = self.deaf_until.max(until);
        }
        self.trace(LinkEvent::SlotGranted { len_us: len.as_us() as u32, anchors });
        self.out.push_back(LinkOut::Slot(Slot::Grant { until }));
    }

    /// What becomes of a request that may wait.
    fn verdict(&self, now: Time, wanted: Wanted) -> Verdict {
        let Some(connection) = self.peripheral_connection() else { return Verdict::Grant };
        let event = self.reservation((self.air.of(0) + T_IFS) * 2);
        let fits_nowhere = event + wanted.len + SLOT_GUARD > connection.params.interval;
        if self.is_free(now, wanted.len) {
            Verdict::Grant
        } else if wanted.priority == Priority::Normal && fits_nowhere {
            Verdict::Deny
        } else {
            Verdict::Wait
        }
    }

    /// What becomes of a request that may not wait and has been repeated for `age`.
    fn verdict_at_once(&self, now: Time, len: Span, age: Span) -> Verdict {
        let Some(connection) = self.peripheral_connection() else { return Verdict::Grant };
        if self.is_free(now, len) {
            return Verdict::Grant;
        }
        let reserved = match connection.phase {
            Phase::Gap { .. } => false,
            Phase::Air(_) => {
                let pair = (self.air.of(connection.octets) + T_IFS) * 2;
                now < connection.event_start + self.reservation(pair)
            }
        };
        let waits_longer = now.since(connection.heard_anchor) > age;
        if reserved || waits_longer || self.comes_first(now + len) {
            Verdict::Deny
        } else {
            Verdict::Grant
        }
    }

    fn peripheral_connection(&self) -> Option<&Connection> {
        self.connection.as_ref().filter(|c| c.peripheral.alive)
    }

    /// Whether work of this length disturbs nothing if it begins now.
    fn is_free(&self, now: Time, len: Span) -> bool {
        self.radio_begins().is_some_and(|begins| now + len + SLOT_GUARD <= begins)
    }

    /// Whether the connection comes before flash work that lasts `until`: it is not established yet,
    /// or about to time out, or would be afterwards.
    fn comes_first(&self, until: Time) -> bool {
        let Some(connection) = self.peripheral_connection() else { return false };
        let interval = connection.params.interval;
        let supervision = connection.peripheral.supervision;
        let missed = connection.heard_anchor < connection.event_start;
        let last = if missed { interval * LAST_INTERVALS } else { Span::ZERO };
        !connection.peripheral.established
            || until + interval * ANCHORS_LEFT > supervision
            || until + last > supervision
    }

    /// Time that the peripheral's controller keeps for an event: its event length, or `unset`. For
    /// what is to follow an event that is an empty pair (model choice), for an event in progress
    /// the longest pair, which Zephyr reserves (`BT_CTLR_PERIPHERAL_RESERVE_MAX`).
    fn reservation(&self, unset: Span) -> Span {
        let set = self.config.peripheral.event_length;
        if set.is_zero() { unset } else { set }
    }
}
