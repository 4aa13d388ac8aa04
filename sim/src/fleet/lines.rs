//! The trace of a fleet as lines of JSON: those of a run, with the number of the device.

use crate::trace::{Event, JsonLines, Node, Record, Sink};
use serde::Serialize;
use sim_core::Span;
use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;

/// The lines of all devices, in the order in which things happen.
#[derive(Debug)]
pub struct SharedLines<W: Write> {
    to: Rc<RefCell<JsonLines<W>>>,
}

/// One device's part in it.
#[derive(Debug)]
pub struct DeviceLines<W: Write> {
    to: Rc<RefCell<JsonLines<W>>>,
    device: u8,
    start: Span,
}

#[derive(Serialize)]
struct Line {
    at_ns: u64,
    device: u8,
    node: Node,
    #[serde(flatten)]
    event: Event,
}

impl<W: Write> SharedLines<W> {
    /// Lines go to `to`; wrap files in a buffer.
    pub fn new(to: W) -> Self {
        Self { to: Rc::new(RefCell::new(JsonLines::new(to))) }
    }

    /// The sink of a device, counted from 0, whose times count from `start`.
    pub fn of(&self, device: u8, start: Span) -> DeviceLines<W> {
        DeviceLines { to: Rc::clone(&self.to), device, start }
    }

    /// Flushes, once all sinks of devices are gone, and gives the writer back.
    ///
    /// # Errors
    /// The first error that any line met; one of its own while a device still writes.
    pub fn finish(self) -> io::Result<W> {
        match Rc::try_unwrap(self.to) {
            Ok(lines) => lines.into_inner().finish(),
            Err(_) => Err(io::Error::other("a device still writes")),
        }
    }
}

impl<W: Write> Sink for DeviceLines<W> {
    fn record(&mut self, record: &Record) {
        self.to.borrow_mut().line(&Line {
            at_ns: (record.at + self.start).as_ns(),
            device: self.device + 1,
            node: record.node(),
            event: record.event,
        });
    }
}
