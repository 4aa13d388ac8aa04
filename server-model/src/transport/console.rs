//! Serial lines: the UART's own, the shell's, and one without framing.

use super::{ConsoleKind, Origin, Packet};
use crate::buffers::Buffers;
use crate::{DropReason, Server, ServerEvent, ServerOut};
use flash_model::FlashView;
use sim_core::{Pool, Sdu, Time};
use smp_wire::serial::{self, FIRST_LINE, Lines, NEXT_LINE};
use smp_wire::serial::{RawReassembly, Reassembly, ShellLines, Taken};

/// The receivers of the lines over which something has come.
#[derive(Clone, Debug, Default)]
pub(crate) struct Consoles {
    uart: Option<Box<Console>>,
    shell: Option<Box<Console>>,
    raw: Option<Box<Console>>,
}

/// One receiver.
#[derive(Clone, Debug)]
struct Console {
    source: Source,
    frames: Frames,
    /// A buffer of the pool is taken with any line, be it console text, and kept until a packet is
    /// complete or lost (Zephyr `serial_util.c`, `mcumgr_serial_process_frag`).
    holds_buffer: bool,
    /// Number of the request whose first line came last.
    tag: u32,
}

/// How octets become pieces of a packet.
#[derive(Clone, Debug)]
enum Source {
    Uart(Lines),
    Shell(ShellLines),
    /// What the driver hands over at once is one piece.
    Raw,
}

/// How pieces become frames.
#[derive(Clone, Debug)]
enum Frames {
    Console(Reassembly),
    Raw(RawReassembly),
}

/// What a piece led to, if to anything.
enum Arrival {
    Frame { tag: u32, bytes: Vec<u8> },
    Dropped(DropReason),
}

impl Consoles {
    fn get(&mut self, kind: ConsoleKind, size: usize) -> &mut Console {
        let console = match kind {
            ConsoleKind::Uart => &mut self.uart,
            ConsoleKind::Shell => &mut self.shell,
            ConsoleKind::Raw => &mut self.raw,
        };
        console.get_or_insert_with(|| Box::new(Console::new(kind, size)))
    }
}

impl Console {
    fn new(kind: ConsoleKind, size: usize) -> Self {
        let (source, frames) = match kind {
            ConsoleKind::Uart => {
                (Source::Uart(Lines::default()), Frames::Console(Reassembly::new(size)))
            }
            ConsoleKind::Shell => {
                (Source::Shell(ShellLines::default()), Frames::Console(Reassembly::new(size)))
            }
            ConsoleKind::Raw => (Source::Raw, Frames::Raw(RawReassembly::new(size))),
        };
        Self { source, frames, holds_buffer: false, tag: 0 }
    }

    /// Takes one octet, or one chunk of a line without framing.
    fn take(
        &mut self,
        octets: &[u8],
        tag: u32,
        buffers: &mut Buffers,
        spare: &mut Pool,
    ) -> Option<Arrival> {
        let raw = matches!(self.source, Source::Raw);
        let piece = match &mut self.source {
            Source::Uart(lines) => lines.take(*octets.first()?)?,
            Source::Shell(lines) => lines.take(*octets.first()?)?,
            Source::Raw => octets,
        };
        if raw && !self.holds_buffer || piece.starts_with(&FIRST_LINE) {
            self.tag = tag;
        }
        if !self.holds_buffer {
            if !buffers.take() {
                let smp = raw || piece.starts_with(&FIRST_LINE) || piece.starts_with(&NEXT_LINE);
                return smp.then_some(Arrival::Dropped(DropReason::NoBuffer));
            }
            self.holds_buffer = true;
        }
        let taken = match &mut self.frames {
            Frames::Console(frames) => frames.take(piece),
            Frames::Raw(frames) => frames.take(piece),
        };
        match taken {
            Taken::NotSmp | Taken::More => None,
            Taken::Whole => {
                self.holds_buffer = false;
                let bytes = match &mut self.frames {
                    Frames::Console(frames) => frames.replace(spare.take()),
                    Frames::Raw(frames) => frames.replace(spare.take()),
                };
                Some(Arrival::Frame { tag: self.tag, bytes })
            }
            Taken::Lost(_) => {
                self.holds_buffer = false;
                buffers.give();
                Some(Arrival::Dropped(DropReason::BadFraming))
            }
        }
    }
}

impl Server {
    /// Octets come over a serial line. They take their time there: the work queue gets its turn
    /// whenever a packet is complete, before the octets behind it arrive.
    #[inline(never)]
    pub(crate) fn on_serial(
        &mut self,
        kind: ConsoleKind,
        sdu: Sdu,
        now: Time,
        flash: &dyn FlashView,
    ) {
        if !self.running {
            return self.drop_unheard(sdu);
        }
        let Sdu { tag, bytes } = sdu;
        let chunk = if kind == ConsoleKind::Raw { bytes.len().max(1) } else { 1 };
        let size = self.config.frame_max();
        for octets in bytes.chunks(chunk) {
            let Self { consoles, buffers, spare, .. } = self;
            match consoles.get(kind, size).take(octets, tag, buffers, spare) {
                None => {}
                Some(Arrival::Dropped(reason)) => self.trace(ServerEvent::Drop { tag, reason }),
                Some(Arrival::Frame { tag, bytes }) => {
                    self.queue.push_back(Packet { tag, origin: Origin::Console(kind), bytes });
                    self.worker.wake(now);
                    self.begin_turn(now, flash);
                }
            }
        }
        self.spare.give(bytes);
    }

    /// The response goes out on the line that the request came over; nobody acknowledges it.
    pub(super) fn send_serially(&mut self, kind: ConsoleKind) {
        let tag = self.worker.packet.tag;
        let sdu = if kind == ConsoleKind::Raw {
            Sdu { tag, bytes: std::mem::take(&mut self.worker.response) }
        } else {
            let mut bytes = self.spare.take();
            serial::encode(&self.worker.response, &mut bytes);
            Sdu { tag, bytes }
        };
        self.out.push_back(match kind {
            ConsoleKind::Uart => ServerOut::Serial(sdu),
            ConsoleKind::Shell => ServerOut::Shell(sdu),
            ConsoleKind::Raw => ServerOut::RawSerial(sdu),
        });
        self.end_response();
    }
}
