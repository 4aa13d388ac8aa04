//! Page erases that cost connection events: while the processor is halted, the peripheral hears
//! nothing. Writes are too many to tell of each.

use super::milliseconds;
use flash_model::{FlashEvent, OpKind};
use link_model::{LinkEvent, Reception, Role};
use sim::trace::{Event, Record};
use sim_core::{Span, Time};

/// An erase that made the peripheral miss connection events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DeafAlert {
    /// When it was over.
    pub(crate) at: Time,
    address: u32,
    took: Span,
    events: u32,
}

impl DeafAlert {
    /// The alert in words.
    pub(crate) fn text(&self) -> String {
        let plural = if self.events == 1 { "" } else { "s" };
        format!(
            "flash erase page 0x{:05X} {} blocks {} connection event{plural}",
            self.address,
            milliseconds(self.took),
            self.events
        )
    }
}

/// Counts the events that each erase costs. A packet that began before its end is
/// recorded after it, so that the alert waits for the link's next record.
#[derive(Clone, Debug, Default)]
pub(crate) struct Deaf {
    since: Option<(Time, u32)>,
    ended: Option<DeafAlert>,
    events: u32,
    last: Option<u16>,
}

impl Deaf {
    /// Takes a record, and tells of work that is now known to have cost events.
    pub(crate) fn record(&mut self, record: &Record) -> Option<DeafAlert> {
        match record.event {
            Event::Flash(FlashEvent::Start { kind: OpKind::Erase, at, .. }) => {
                let alert = self.close();
                self.since = Some((record.at, at));
                (self.events, self.last) = (0, None);
                alert
            }
            Event::Flash(
                FlashEvent::End { .. } | FlashEvent::Cut { .. } | FlashEvent::Failed { .. },
            ) => {
                let (since, address) = self.since.take()?;
                let took = record.at.since(since);
                self.ended = Some(DeafAlert { at: record.at, address, took, events: 0 });
                None
            }
            Event::Link(LinkEvent::Packet { counter, from, reception, air_us, .. }) => {
                let began = record.at.before(Span::from_us(air_us.into()));
                let inside = self.since.is_some() || self.ended.is_some_and(|e| began < e.at);
                if inside && from == Role::Central && reception == Reception::Missed {
                    self.count(counter);
                }
                self.close()
            }
            _ => None,
        }
    }

    fn count(&mut self, counter: u16) {
        self.events += u32::from(self.last != Some(counter));
        self.last = Some(counter);
    }

    fn close(&mut self) -> Option<DeafAlert> {
        let alert = self.ended.take()?;
        let events = std::mem::take(&mut self.events);
        (events > 0).then_some(DeafAlert { events, ..alert })
    }
}
