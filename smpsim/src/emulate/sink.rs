//! The trace of an emulation: what the machines say, and the datagrams from and to outside.

use serde::Serialize;
use sim::trace::{JsonLines, Record, Sink};
use sim_core::Time;
use std::io::{self, Write};
use std::net::SocketAddr;

/// A datagram as a line of the trace.
#[derive(Serialize)]
struct Datagram<'a> {
    at_ns: u64,
    node: &'static str,
    event: &'static str,
    tag: Option<u32>,
    peer: SocketAddr,
    hex: &'a str,
}

/// Writes JSON lines, or nothing.
pub(crate) struct EmulatorSink {
    lines: Option<JsonLines<Box<dyn Write>>>,
}

impl EmulatorSink {
    /// Lines go to `writer`, if there is one.
    pub(crate) fn new(writer: Option<impl Write + 'static>) -> Self {
        Self { lines: writer.map(|writer| JsonLines::new(Box::new(writer) as Box<dyn Write>)) }
    }

    /// A datagram came in; it is request `tag`.
    pub(crate) fn received(&mut self, at: Time, tag: u32, peer: SocketAddr, bytes: &[u8]) {
        self.datagram(at, "datagram_in", Some(tag), peer, bytes);
    }

    /// A datagram went out.
    pub(crate) fn sent(&mut self, at: Time, peer: SocketAddr, bytes: &[u8]) {
        self.datagram(at, "datagram_out", None, peer, bytes);
    }

    fn datagram(
        &mut self,
        at: Time,
        event: &'static str,
        tag: Option<u32>,
        peer: SocketAddr,
        bytes: &[u8],
    ) {
        if let Some(lines) = &mut self.lines {
            let hex = &sim::hex(bytes);
            lines.line(&Datagram { at_ns: at.as_ns(), node: "port", event, tag, peer, hex });
        }
    }

    /// Writes what is still on its way.
    pub(crate) fn finish(self) -> io::Result<()> {
        self.lines.map_or(Ok(()), |lines| lines.finish().map(drop))
    }
}

impl Sink for EmulatorSink {
    fn record(&mut self, record: &Record) {
        self.lines.record(record);
    }
}
