//! Connection events, one line each: packets, losses, and spans in which the peripheral is deaf.

use super::milliseconds;
use flash_model::{FlashEvent, OpKind};
use link_model::{LinkEvent, Reception, Role};
use sim_core::{Span, Time};
use std::collections::VecDeque;

/// Lines that are kept: more than any screen is high.
const KEPT: usize = 128;
/// Parts of a line that are kept; further packets are only counted.
const PARTS: usize = 160;

/// A piece of a connection event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// A packet.
    Packet {
        /// Who sent it.
        from: Role,
        /// It carries something.
        data: bool,
        /// How it arrived.
        reception: Reception,
        /// It was sent before.
        again: bool,
    },
    /// Flash work began; its length is known when it is over.
    Deaf {
        /// What work.
        kind: OpKind,
        /// How long it took.
        took: Option<Span>,
    },
}

/// A line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// A connection event in which something was sent, lost or erased.
    Event {
        /// Counter of the event.
        counter: u16,
        /// What happened in it, in order.
        parts: Vec<Part>,
        /// Further packets that are not among the parts.
        more: u32,
    },
    /// Events with one empty packet of each end, in a row.
    Idle {
        /// Counter of the first.
        first: u16,
        /// Counter of the last.
        last: u16,
        /// How many.
        count: u32,
    },
    /// Something that is no event.
    Word(String),
}

/// The last connection events.
#[derive(Clone, Debug, Default)]
pub(crate) struct Timeline {
    lines: VecDeque<Line>,
    /// The event of the last line goes on.
    open: bool,
    connected: bool,
    deaf_since: Option<Time>,
    events: u64,
    crc_errors: u64,
    unheard: u64,
}

impl Timeline {
    /// The last lines, oldest first.
    pub(crate) fn last(&self, count: usize) -> impl Iterator<Item = &Line> {
        self.lines.iter().skip(self.lines.len().saturating_sub(count))
    }

    /// Connection events that have closed.
    pub(crate) fn events(&self) -> u64 {
        self.events
    }

    /// Packets that arrived with a CRC error, and packets that were not heard.
    pub(crate) fn losses(&self) -> (u64, u64) {
        (self.crc_errors, self.unheard)
    }

    /// Whether the central believes in a connection.
    pub(crate) fn is_connected(&self) -> bool {
        self.connected
    }

    /// Takes what the link tells.
    pub(crate) fn link(&mut self, _at: Time, event: &LinkEvent) {
        match event {
            &LinkEvent::Packet {
                counter, from, octets, reception, retransmission, closes, ..
            } => {
                self.crc_errors += u64::from(reception == Reception::CrcError);
                self.unheard += u64::from(reception == Reception::Missed);
                let (data, again) = (octets > 0, retransmission);
                self.part(Some(counter), Part::Packet { from, data, reception, again });
                if closes.is_some() {
                    self.close();
                }
            }
            LinkEvent::Silent { .. } => self.close(),
            LinkEvent::ConnectInd { interval_us, heard, .. } => {
                self.connected = true;
                let unheard = if *heard { "" } else { ", not heard" };
                let interval = milliseconds(Span::from_us((*interval_us).into()));
                self.push(Line::Word(format!("connected, interval {interval}{unheard}")));
            }
            LinkEvent::ParamsUpdated { interval_us, .. } => {
                let interval = milliseconds(Span::from_us((*interval_us).into()));
                self.push(Line::Word(format!("interval {interval} from now on")));
            }
            LinkEvent::Mtu { att_mtu } => self.push(Line::Word(format!("ATT MTU {att_mtu}"))),
            LinkEvent::DataLength { octets } => {
                self.push(Line::Word(format!("data length {octets} octets")));
            }
            LinkEvent::Lost { role: Role::Central, .. } => {
                self.connected = false;
                self.push(Line::Word("link lost".to_owned()));
            }
            _ => {}
        }
    }

    /// Takes what the flash tells while there is a connection.
    pub(crate) fn flash(&mut self, at: Time, event: &FlashEvent) {
        match *event {
            FlashEvent::Start { kind, .. } => {
                self.deaf_since = Some(at);
                self.part(None, Part::Deaf { kind, took: None });
            }
            // The operation waits for windows; only in them the processor halts.
            FlashEvent::Window { kind, len_us, .. } => {
                let took = Span::from_us(len_us.into());
                match self.deaf_since.take() {
                    Some(_) => self.end_deaf(took),
                    None => self.part(None, Part::Deaf { kind, took: Some(took) }),
                }
            }
            FlashEvent::End { .. } | FlashEvent::Cut { .. } | FlashEvent::Failed { .. } => {
                let Some(since) = self.deaf_since.take() else { return };
                self.end_deaf(at.since(since));
            }
            FlashEvent::Ask { .. } => {}
        }
    }

    /// Appends to the event of this counter, or to the last one.
    fn part(&mut self, counter: Option<u16>, part: Part) {
        if counter.is_none() {
            self.reopen_idle();
        }
        let same = match self.lines.back() {
            Some(Line::Event { counter: last, .. }) => counter.is_none_or(|it| it == *last),
            _ => false,
        };
        if !same {
            let counter = counter.unwrap_or_else(|| self.last_counter());
            self.push(Line::Event { counter, parts: Vec::new(), more: 0 });
            self.open = true;
        }
        let Some(Line::Event { parts, more, .. }) = self.lines.back_mut() else { return };
        if parts.len() < PARTS {
            parts.push(part);
        } else {
            *more += 1;
        }
    }

    /// Makes the last one of a row of empty events a line of its own, as something follows it.
    fn reopen_idle(&mut self) {
        let Some(Line::Idle { last, count, .. }) = self.lines.back_mut() else { return };
        let counter = *last;
        (*last, *count) = (counter.wrapping_sub(1), *count - 1);
        if *count == 0 {
            self.lines.pop_back();
        }
        let empty = |from| {
            let (data, again) = (false, false);
            Part::Packet { from, data, reception: Reception::Valid, again }
        };
        let parts = vec![empty(Role::Central), empty(Role::Peripheral)];
        self.push(Line::Event { counter, parts, more: 0 });
    }

    fn last_counter(&self) -> u16 {
        let counter = |line: &Line| match *line {
            Line::Event { counter, .. } => Some(counter),
            Line::Idle { last, .. } => Some(last),
            Line::Word(_) => None,
        };
        self.lines.iter().rev().find_map(counter).unwrap_or(0)
    }

    fn end_deaf(&mut self, took: Span) {
        let parts = self.lines.iter_mut().rev().filter_map(|line| match line {
            Line::Event { parts, .. } => Some(parts),
            _ => None,
        });
        for part in parts.flat_map(|parts| parts.iter_mut().rev()) {
            if let Part::Deaf { took: unknown @ None, .. } = part {
                *unknown = Some(took);
                return;
            }
        }
    }

    /// The event is over. One in which nothing was to be said joins those before it.
    fn close(&mut self) {
        self.events += 1;
        if !std::mem::take(&mut self.open) {
            return;
        }
        let Some(Line::Event { counter, parts, .. }) = self.lines.back() else { return };
        let idle = |part: &Part| {
            matches!(part, Part::Packet { data: false, reception: Reception::Valid, .. })
        };
        if parts.len() > 2 || !parts.iter().all(idle) {
            return;
        }
        let counter = *counter;
        self.lines.pop_back();
        match self.lines.back_mut() {
            Some(Line::Idle { last, count, .. }) => (*last, *count) = (counter, *count + 1),
            _ => self.push(Line::Idle { first: counter, last: counter, count: 1 }),
        }
    }

    fn push(&mut self, line: Line) {
        if self.lines.len() == KEPT {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }
}

#[cfg(test)]
mod tests {
    use super::{Line, Part, Timeline};
    use flash_model::{FlashEvent, OpKind};
    use link_model::{CloseCause, LinkEvent, Reception, Role};
    use sim_core::{Span, Time};

    fn packet(timeline: &mut Timeline, counter: u16, from: Role, octets: u8, last: bool) {
        let event = LinkEvent::Packet {
            tag: 0,
            counter,
            air_us: 80,
            octets,
            value_octets: 0,
            from,
            reception: Reception::Valid,
            retransmission: false,
            md: false,
            taken: true,
            closes: last.then_some(CloseCause::NoMoreData),
        };
        timeline.link(Time::ZERO, &event);
    }

    fn idle(timeline: &mut Timeline, counter: u16) {
        packet(timeline, counter, Role::Central, 0, false);
        packet(timeline, counter, Role::Peripheral, 0, true);
    }

    #[test]
    fn empty_events_in_a_row_are_one_line() {
        let mut timeline = Timeline::default();
        for counter in 5..9 {
            idle(&mut timeline, counter);
        }
        packet(&mut timeline, 9, Role::Central, 251, false);
        packet(&mut timeline, 9, Role::Peripheral, 0, true);
        idle(&mut timeline, 10);
        let lines: Vec<_> = timeline.last(10).cloned().collect();
        assert_eq!(lines[0], Line::Idle { first: 5, last: 8, count: 4 });
        assert!(matches!(&lines[1], Line::Event { counter: 9, parts, .. } if parts.len() == 2));
        assert_eq!(lines[2], Line::Idle { first: 10, last: 10, count: 1 });
        assert_eq!(timeline.events(), 6);
    }

    #[test]
    fn flash_work_behind_an_empty_event_stands_in_its_line() {
        let mut timeline = Timeline::default();
        for counter in 5..8 {
            idle(&mut timeline, counter);
        }
        let kind = OpKind::Write;
        timeline.flash(Time::ZERO, &FlashEvent::Start { kind, at: 0, len: 4, crc: 0 });
        let lines: Vec<_> = timeline.last(9).cloned().collect();
        assert_eq!(lines[0], Line::Idle { first: 5, last: 6, count: 2 });
        let Line::Event { counter: 7, parts, .. } = &lines[1] else { panic!("{lines:?}") };
        assert_eq!((lines.len(), parts.len()), (2, 3));
        assert_eq!(parts[2], Part::Deaf { kind, took: None });
    }

    #[test]
    fn work_in_windows_is_told_window_by_window() {
        let mut timeline = Timeline::default();
        let at = |ms| Time::ZERO + Span::from_ms(ms);
        let kind = OpKind::Erase;
        packet(&mut timeline, 3, Role::Central, 251, true);
        timeline.flash(at(10), &FlashEvent::Start { kind, at: 0, len: 0x1000, crc: 0 });
        timeline.flash(at(10), &FlashEvent::Window { kind, units: 2, len_us: 6_000 });
        packet(&mut timeline, 4, Role::Central, 251, true);
        timeline.flash(at(25), &FlashEvent::Window { kind, units: 1, len_us: 3_000 });
        timeline.flash(at(28), &FlashEvent::End { kind, at: 0 });
        let deaf = |ms| Part::Deaf { kind, took: Some(Span::from_ms(ms)) };
        let last = |line: &Line| match line {
            Line::Event { parts, .. } => parts.last().copied(),
            _ => None,
        };
        let lasts: Vec<_> = timeline.last(2).map(last).collect();
        assert_eq!(lasts, [Some(deaf(6)), Some(deaf(3))]);
    }

    #[test]
    fn flash_work_stands_in_the_event_in_which_it_began() {
        let mut timeline = Timeline::default();
        packet(&mut timeline, 3, Role::Central, 251, false);
        let at = |ms| Time::ZERO + Span::from_ms(ms);
        let kind = OpKind::Erase;
        timeline.flash(at(10), &FlashEvent::Start { kind, at: 0, len: 0x1000, crc: 0 });
        timeline.flash(at(95), &FlashEvent::End { kind, at: 0 });
        let Some(Line::Event { parts, .. }) = timeline.last(1).next() else { panic!("an event") };
        assert_eq!(parts[1], Part::Deaf { kind, took: Some(Span::from_ms(85)) });
    }
}
