//! SMP requests and answers as they go by, and what else a client feels.

use client_model::ClientEvent;
use flash_model::{BootEvent, FlashEvent, SwapType};
use link_model::Role;
use server_model::ServerEvent;
use sim_core::{Span, Time};
use smp_wire::group::{command_name, group_name};
use std::collections::VecDeque;

/// Entries that are kept: more than any screen is high.
const KEPT: usize = 256;

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// A request of the client.
    Request {
        at: Time,
        command: String,
        seq: u8,
        /// Offset and length of an upload chunk.
        chunk: Option<(u32, u32)>,
        /// Octets of the frame.
        octets: u16,
        /// Requests without an answer, this one included.
        in_flight: usize,
    },
    /// An answer of the server, received.
    Answer {
        at: Time,
        command: String,
        seq: u8,
        /// The group's code, or the protocol's; 0 for success.
        rc: i32,
        /// Where an upload goes on.
        off: Option<u32>,
        /// Since the request.
        took: Span,
    },
    /// Anything else that is worth a line.
    Alert { at: Time, text: String },
}

#[derive(Clone, Debug)]
struct Pending {
    tag: u32,
    sent: Time,
    command: String,
    seq: u8,
    off: Option<u32>,
}

/// The log.
#[derive(Clone, Debug, Default)]
pub(crate) struct SmpLog {
    entries: VecDeque<Entry>,
    pending: Vec<Pending>,
    frames: u64,
}

impl SmpLog {
    /// The last entries, newest first.
    pub(crate) fn newest(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().rev()
    }

    /// Requests and answers so far.
    pub(crate) fn frames(&self) -> u64 {
        self.frames
    }

    /// A line that is no frame.
    pub(crate) fn alert(&mut self, at: Time, text: String) {
        self.push(Entry::Alert { at, text });
    }

    /// Takes what the client tells.
    pub(crate) fn client(&mut self, at: Time, event: &ClientEvent) {
        match *event {
            ClientEvent::Send { tag, group, id, seq, op, len, .. } => {
                self.frames += 1;
                let command = command(group, id, op);
                let pending = Pending { tag, sent: at, command: command.clone(), seq, off: None };
                self.pending.push(pending);
                let in_flight = self.pending.len();
                let chunk = None;
                self.push(Entry::Request { at, command, seq, chunk, octets: len, in_flight });
            }
            ClientEvent::UploadChunk { off, len, .. } => {
                if let Some(Entry::Request { chunk, .. }) = self.entries.back_mut() {
                    *chunk = Some((off, len));
                }
            }
            ClientEvent::Answer { tag, rc, .. } => {
                let Some(found) = self.take(tag) else { return };
                self.frames += 1;
                let Pending { command, seq, off, sent, .. } = found;
                self.push(Entry::Answer { at, command, seq, rc, off, took: at.since(sent) });
            }
            ClientEvent::Timeout { tag } => {
                let Some(Pending { seq, command, sent, .. }) = self.take(tag) else { return };
                let waited = at.since(sent).as_secs_f64();
                self.alert(at, format!("no answer to #{seq} {command} within {waited:.1} s"));
            }
            ClientEvent::GiveUp { tag } => drop(self.take(tag)),
            ClientEvent::Finish { outcome, error } => {
                let error = error.map(|e| format!(": {e}")).unwrap_or_default();
                self.alert(at, format!("the client is done: {}{error}", outcome.name()));
            }
            _ => {}
        }
    }

    /// Takes what the server tells.
    pub(crate) fn server(&mut self, at: Time, event: &ServerEvent) {
        match *event {
            ServerEvent::Upload { tag, off, .. } => {
                if let Some(pending) = self.pending.iter_mut().find(|p| p.tag == tag) {
                    pending.off = Some(off);
                }
            }
            ServerEvent::Drop { tag, reason } if reason.loses_request() => {
                let seq =
                    self.pending.iter().find(|p| p.tag == tag).map(|p| format!(" #{}", p.seq));
                let reason = format!("{reason:?}");
                self.alert(at, format!("request{} dropped: {reason}", seq.unwrap_or_default()));
            }
            ServerEvent::Erase { at: address, len, .. } => {
                let pages = len.div_ceil(0x1000);
                let plural = if pages == 1 { "" } else { "s" };
                self.alert(
                    at,
                    format!("server erases {pages} page{plural} from 0x{address:05X} on"),
                );
            }
            _ => {}
        }
    }

    /// Takes what the boot loader tells.
    pub(crate) fn boot(&mut self, at: Time, event: &BootEvent) {
        let text = match *event {
            BootEvent::Decision { swap: SwapType::None, .. } => "boot: no swap".to_owned(),
            BootEvent::Decision { swap, resumed } => {
                let again = if resumed { ", resumed" } else { "" };
                format!("boot: swap ({}){again}", swap.name())
            }
            BootEvent::Refused { slot } => format!("boot: the image in slot {slot} is refused"),
            BootEvent::Done { version } => format!("boot: jumps into {version}"),
            BootEvent::Dead => "boot: nothing can be booted".to_owned(),
            BootEvent::Assertion => "boot: stops at an assertion".to_owned(),
            _ => return,
        };
        self.alert(at, text);
    }

    /// Takes what the flash tells.
    pub(crate) fn flash(&mut self, at: Time, event: &FlashEvent) {
        if let FlashEvent::Failed { at: address, .. } = event {
            self.alert(
                at,
                format!("flash call at 0x{address:05X} given up: the radio left no time"),
            );
        }
    }

    /// An end lost the connection.
    pub(crate) fn lost(&mut self, at: Time, role: Role, reason: u8) {
        let role = match role {
            Role::Central => "central",
            Role::Peripheral => "peripheral",
        };
        self.alert(at, format!("link lost, says the {role} (reason 0x{reason:02X})"));
    }

    fn take(&mut self, tag: u32) -> Option<Pending> {
        let place = self.pending.iter().position(|pending| pending.tag == tag)?;
        Some(self.pending.remove(place))
    }

    fn push(&mut self, entry: Entry) {
        if self.entries.len() == KEPT {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
    }
}

/// `image upload`, `os reset`; reads and writes of one command by their operation.
fn command(group: u16, id: u8, op: u8) -> String {
    let group_name = group_name(group).map_or_else(|| group.to_string(), str::to_owned);
    let name = command_name(group, id).map_or_else(|| id.to_string(), str::to_owned);
    let read = if op & 2 == 0 { " read" } else { "" };
    format!("{group_name} {name}{read}")
}

#[cfg(test)]
mod tests {
    use super::{Entry, SmpLog};
    use client_model::ClientEvent;
    use server_model::{DropReason, ServerEvent};
    use sim_core::{Span, Time};

    fn at(ms: u64) -> Time {
        Time::ZERO + Span::from_ms(ms)
    }

    fn send(log: &mut SmpLog, ms: u64, tag: u32) {
        let seq = tag as u8;
        let event = ClientEvent::Send { tag, group: 1, id: 1, op: 2, seq, len: 500, crc32: 0 };
        log.client(at(ms), &event);
        log.client(at(ms), &ClientEvent::UploadChunk { tag, off: 470 * tag, len: 470 });
    }

    #[test]
    fn an_answer_tells_where_the_upload_goes_on_and_how_long_it_took() {
        let mut log = SmpLog::default();
        send(&mut log, 10, 1);
        send(&mut log, 11, 2);
        log.server(at(20), &ServerEvent::Upload { tag: 1, off: 940, len_accepted: 470 });
        log.client(at(32), &ClientEvent::Answer { tag: 1, rc: 0, group: None, len: 20 });
        let entries: Vec<_> = log.newest().collect();
        let Entry::Answer { command, seq, off, took, .. } = entries[0] else { panic!("an answer") };
        assert_eq!((command.as_str(), *seq, *off), ("image upload", 1, Some(940)));
        assert_eq!(*took, Span::from_ms(22));
        let Entry::Request { chunk, in_flight, .. } = entries[1] else { panic!("a request") };
        assert_eq!((*chunk, *in_flight), (Some((940, 470)), 2));
        assert_eq!(log.frames(), 3);
    }

    #[test]
    fn requests_that_come_to_nothing_are_told() {
        let mut log = SmpLog::default();
        send(&mut log, 0, 7);
        log.server(at(5), &ServerEvent::Drop { tag: 7, reason: DropReason::NoBuffer });
        log.client(at(10_000), &ClientEvent::Timeout { tag: 7 });
        log.client(at(10_001), &ClientEvent::Answer { tag: 7, rc: 0, group: None, len: 20 });
        let texts: Vec<_> = log
            .newest()
            .filter_map(|entry| match entry {
                Entry::Alert { text, .. } => Some(text.as_str()),
                _ => None,
            })
            .collect();
        let timeout = "no answer to #7 image upload within 10.0 s";
        assert_eq!(texts, [timeout, "request #7 dropped: NoBuffer"]);
        assert_eq!(log.frames(), 1, "an answer that nobody waits for is no frame of the session");
    }
}
