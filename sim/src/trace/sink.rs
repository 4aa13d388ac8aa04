//! Where records go.

use super::record::{Event, Node, Record};
use serde::Serialize;
use sim_core::Words;
use std::io::{self, Write};

/// Takes records, in order.
pub trait Sink {
    /// Takes one record.
    fn record(&mut self, record: &Record);
}

/// Takes records and forgets them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Null;

impl Sink for Null {
    #[inline]
    fn record(&mut self, _: &Record) {}
}

/// Folds all records into 64 bits: two runs with the same digest did the same things at the same
/// times. Not a cryptographic hash.
#[derive(Clone, Copy, Debug, Default)]
pub struct Digest {
    state: u64,
    records: u64,
}

impl Digest {
    /// Odd, with bits well spread: the fraction of the golden ratio.
    const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

    /// The digest so far.
    pub fn value(&self) -> u64 {
        let mut z = self.state ^ self.records;
        z = (z ^ (z >> 32)).wrapping_mul(Self::MULTIPLIER);
        z ^ (z >> 29)
    }
}

impl Sink for Digest {
    // Inlined where the kind of event is known, the words are made from registers; otherwise each
    // record goes through memory and two jump tables, which doubles the cost of a digest.
    #[expect(clippy::inline_always, reason = "measured: a tenth of a run's time")]
    #[inline(always)]
    fn record(&mut self, record: &Record) {
        // The words are mixed apart from the state, so that only one multiplication a record
        // waits for the record before it.
        let [a, b] = record.event.words();
        let head = record.at.as_ns() << 3 ^ record.node() as u64;
        let a = (a ^ head.rotate_left(32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
        let b = (b ^ head).wrapping_mul(0xa076_1d64_78bd_642f);
        let word = a.rotate_left(29) ^ b ^ (b >> 32);
        self.state = (self.state.rotate_left(23) ^ word).wrapping_mul(Self::MULTIPLIER);
        self.records += 1;
    }
}

/// Keeps all records in memory.
#[derive(Clone, Debug, Default)]
pub struct Keep {
    /// The records, oldest first.
    pub records: Vec<Record>,
}

impl Sink for Keep {
    fn record(&mut self, record: &Record) {
        self.records.push(*record);
    }
}

/// Writes each record as one line of JSON: `at_ns`, `node`, `event`, then the event's fields.
#[derive(Debug)]
pub struct JsonLines<W: Write> {
    to: W,
    failed: Option<io::Error>,
}

#[derive(Serialize)]
struct Line {
    at_ns: u64,
    node: Node,
    #[serde(flatten)]
    event: Event,
}

impl<W: Write> JsonLines<W> {
    /// Lines go to `to`; wrap files in a buffer.
    pub fn new(to: W) -> Self {
        Self { to, failed: None }
    }

    /// Writes a line that is no record, such as what came in from outside.
    pub fn line<T: Serialize>(&mut self, line: &T) {
        if self.failed.is_some() {
            return;
        }
        let written = serde_json::to_writer(&mut self.to, line)
            .map_err(io::Error::from)
            .and_then(|()| self.to.write_all(b"\n"));
        self.failed = written.err();
    }

    /// Flushes and gives the writer back.
    ///
    /// # Errors
    /// The first error that any line met.
    pub fn finish(mut self) -> io::Result<W> {
        match self.failed {
            Some(error) => Err(error),
            None => self.to.flush().map(|()| self.to),
        }
    }
}

impl<W: Write> Sink for JsonLines<W> {
    fn record(&mut self, record: &Record) {
        self.line(&Line { at_ns: record.at.as_ns(), node: record.node(), event: record.event });
    }
}

impl<S: Sink + ?Sized> Sink for &mut S {
    #[inline]
    fn record(&mut self, record: &Record) {
        (**self).record(record);
    }
}

impl<S: Sink> Sink for Option<S> {
    #[inline]
    fn record(&mut self, record: &Record) {
        if let Some(sink) = self {
            sink.record(record);
        }
    }
}

impl<A: Sink, B: Sink> Sink for (A, B) {
    #[inline]
    fn record(&mut self, record: &Record) {
        self.0.record(record);
        self.1.record(record);
    }
}

impl<A: Sink, B: Sink, C: Sink> Sink for (A, B, C) {
    #[inline]
    fn record(&mut self, record: &Record) {
        self.0.record(record);
        self.1.record(record);
        self.2.record(record);
    }
}

#[cfg(test)]
mod tests {
    use super::{Digest, JsonLines, Keep, Sink};
    use crate::trace::{Event, Record, WorldEvent};
    use link_model::{LinkEvent, Role};
    use sim_core::Time;

    fn record(at: u64, event: Event) -> Record {
        Record { at: Time::from_ns(at), event }
    }

    #[test]
    fn the_digest_sees_time_order_and_content() {
        let a = record(1, Event::World(WorldEvent::Reset));
        let b = record(2, Event::World(WorldEvent::ApplicationRuns));
        let digest = |records: &[Record]| {
            let mut d = Digest::default();
            for record in records {
                d.record(record);
            }
            d.value()
        };
        let all = [
            digest(&[]),
            digest(&[a]),
            digest(&[b]),
            digest(&[a, b]),
            digest(&[b, a]),
            digest(&[record(2, a.event)]),
        ];
        for (i, x) in all.iter().enumerate() {
            assert!(all[i + 1..].iter().all(|y| x != y), "{i}");
        }
        assert_eq!(digest(&[a, b]), digest(&[a, b]));
    }

    #[test]
    fn sinks_compose() {
        let mut both = (Keep::default(), Some(Digest::default()));
        both.record(&record(1, Event::World(WorldEvent::Reset)));
        assert_eq!(both.0.records.len(), 1);
        assert_ne!(both.1.expect("still there").value(), Digest::default().value());
    }

    #[test]
    fn a_line_of_json_holds_time_node_and_fields() {
        let mut lines = JsonLines::new(Vec::new());
        let lost = LinkEvent::Lost { role: Role::Peripheral, reason: 8 };
        lines.record(&record(12, Event::Link(lost)));
        let text = String::from_utf8(lines.finish().expect("memory never fails")).expect("UTF-8");
        assert_eq!(
            text,
            "{\"at_ns\":12,\"node\":\"link\",\"event\":\"lost\",\"role\":\"peripheral\",\"reason\":8}\n"
        );
    }
}
