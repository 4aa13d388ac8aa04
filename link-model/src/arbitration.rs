//! How the peripheral's radio shares its time with flash.

use crate::connection::Phase;
use crate::link::{Link, LinkOut};
use crate::trace::{LinkEvent, Role};
use sim_core::{Slot, Span, Time};

/// Time kept between the end of granted flash work and the next anchor, for the radio to wake up;
/// the settle time that Zephyr's flash driver leaves (`soc_flash_nrf_ticker.c`: 200 us).
const SLOT_GUARD: Span = Span::from_us(200);

impl Link {
    pub(crate) fn take_slot_message(&mut self, now: Time, slot: Slot) {
        let Slot::Ask { len, .. } = slot else { return };
        self.slot_asked = Some(len);
        match self.connected(Role::Peripheral).map(|c| c.phase) {
            None => self.grant_slot(now),
            Some(Phase::Gap { anchor }) if now + len + SLOT_GUARD <= anchor => self.grant_slot(now),
            Some(_) => {}
        }
    }

    /// Gives flash the time it waits for, whatever anchors lie inside. Called when an event has
    /// just closed, so that at least one event is served between two grants.
    pub(crate) fn grant_slot(&mut self, now: Time) {
        let Some(len) = self.slot_asked.take() else { return };
        let until = now + len;
        let anchors = self.connected(Role::Peripheral).map_or(0, |c| c.anchors_before(now, until));
        self.trace(LinkEvent::SlotGranted { len_us: len.as_us() as u32, anchors });
        self.out.push_back(LinkOut::Slot(Slot::Grant { until }));
    }
}
