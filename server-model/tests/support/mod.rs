//! A test world: a server, its flash, and a client's end that takes every notification at once.

#![allow(dead_code, reason = "each test binary uses a part of it")]

pub(crate) mod requests;
pub(crate) mod upload;

use flash_model::{Device, FlashIn, FlashOp, FlashOut, FlashView, ImageSpec, Part, RadioSync};
use server_model::{DropReason, Server, ServerConfig, ServerEvent, ServerIn, ServerOut};
use sim_core::{Machine, Sdu, Span, Time};

/// So large that every response is one notification.
pub(crate) const WIDE_MTU: u16 = u16::MAX;

/// The fields of a trailer that the server looks at; `0xff` is unset.
#[derive(Clone, Copy)]
pub(crate) struct Trailer {
    pub(crate) magic: [u8; 16],
    pub(crate) image_ok: u8,
    pub(crate) copy_done: u8,
    pub(crate) swap_info: u8,
}

/// Nothing is asked for.
pub(crate) const UNSET: Trailer =
    Trailer { magic: [0xff; 16], image_ok: 0xff, copy_done: 0xff, swap_info: 0xff };
/// In the secondary slot: swap for one trial boot.
pub(crate) const TEST_PENDING: Trailer = Trailer { magic: MAGIC, swap_info: 2, ..UNSET };
/// In the secondary slot: swap for good.
pub(crate) const PERM_PENDING: Trailer =
    Trailer { magic: MAGIC, image_ok: 1, swap_info: 3, ..UNSET };
/// In the primary slot: swapped in on trial.
pub(crate) const ON_TRIAL: Trailer = Trailer { magic: MAGIC, copy_done: 1, swap_info: 2, ..UNSET };

/// The magic of a trailer with 8-octet alignment, as it lies in flash.
const MAGIC: [u8; 16] = [
    0x77, 0xc2, 0x95, 0xf3, 0x60, 0xd2, 0xef, 0x7f, 0x35, 0x52, 0x50, 0x0f, 0x2c, 0xb6, 0x79, 0x80,
];

/// Server and flash. Flash operations are carried out, but take none of the server's time.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) flash: Device,
    pub(crate) now: Time,
    /// Time of the flash device alone.
    flash_now: Time,
    /// Notifications since the last look, joined to frames by [`WIDE_MTU`].
    pub(crate) notified: Vec<Vec<u8>>,
    pub(crate) events: Vec<ServerEvent>,
    pub(crate) ops: Vec<FlashOp>,
    pub(crate) resets: u32,
    pub(crate) params: Vec<[u16; 4]>,
    /// Flash operations fail, as those do that find no time beside the radio.
    pub(crate) flash_fails: bool,
    /// Page erases fail, and writes do not.
    pub(crate) erases_fail: bool,
    tag: u32,
}

impl World {
    /// A running server on erased flash, with a client that listens.
    pub(crate) fn new(config: ServerConfig) -> Self {
        Self::with_flash(config, Device::new(Part::nrf52840(), RadioSync::None))
    }

    /// A running server on this flash, with a client that listens.
    pub(crate) fn with_flash(config: ServerConfig, flash: Device) -> Self {
        let mut world = Self {
            server: Server::new(config),
            flash,
            now: Time::ZERO,
            flash_now: Time::ZERO,
            notified: Vec::new(),
            events: Vec::new(),
            ops: Vec::new(),
            resets: 0,
            params: Vec::new(),
            flash_fails: false,
            erases_fail: false,
            tag: 0,
        };
        world.start();
        world
    }

    /// The application starts, and the client subscribes.
    pub(crate) fn start(&mut self) {
        self.input(ServerIn::Start);
        self.input(ServerIn::Subscribed { att_mtu: WIDE_MTU });
    }

    /// Puts an image at the start of a slot.
    pub(crate) fn load(&mut self, slot: usize, bytes: &[u8]) {
        let at = self.server.config().layout.slots[slot].start;
        self.flash.load(at, bytes);
    }

    /// Puts a trailer at the end of an image slot.
    pub(crate) fn load_trailer(&mut self, slot: usize, trailer: Trailer) {
        let end = self.server.config().layout.slots[slot].end();
        let Trailer { magic, image_ok, copy_done, swap_info } = trailer;
        let mut bytes = [0xff; 40];
        bytes[0] = swap_info;
        bytes[8] = copy_done;
        bytes[16] = image_ok;
        bytes[24..].copy_from_slice(&magic);
        self.flash.load(end - 40, &bytes);
    }

    /// One GATT write; the work queue does not run yet.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.tag += 1;
        self.input(ServerIn::Write(Sdu { tag: self.tag, bytes: bytes.to_vec() }));
    }

    /// Hands a fact to the server and carries out what it asks for.
    pub(crate) fn input(&mut self, input: ServerIn) {
        self.server.handle(self.now, input, &self.flash);
        self.carry_out();
    }

    /// Serves all deadlines of this moment.
    pub(crate) fn settle(&mut self) {
        self.advance(Span::ZERO);
    }

    /// Serves all deadlines of the coming span.
    pub(crate) fn advance(&mut self, span: Span) {
        let until = self.now + span;
        while let Some(due) = self.server.deadline().filter(|&due| due <= until) {
            self.now = due;
            self.server.on_deadline(due, &self.flash);
            self.carry_out();
        }
        self.now = until;
    }

    /// Writes these frames at one moment; the frames that come back.
    pub(crate) fn exchange(&mut self, frames: &[&[u8]]) -> Vec<Vec<u8>> {
        for frame in frames {
            self.write(frame);
        }
        self.settle();
        assert!(self.server.idle(), "the server hangs");
        std::mem::take(&mut self.notified)
    }

    /// The only response to a frame.
    pub(crate) fn ask(&mut self, frame: &[u8]) -> Vec<u8> {
        let mut frames = self.exchange(&[frame]);
        assert_eq!(frames.len(), 1, "one response to {}", hex(frame));
        frames.remove(0)
    }

    /// The body of the only response to a request.
    pub(crate) fn body(&mut self, frame: &[u8]) -> Vec<u8> {
        self.ask(frame).split_off(8)
    }

    /// Reasons of what was dropped since the last look.
    pub(crate) fn drops(&mut self) -> Vec<DropReason> {
        let events = std::mem::take(&mut self.events);
        events
            .iter()
            .filter_map(|event| match *event {
                ServerEvent::Drop { reason, .. } => Some(reason),
                _ => None,
            })
            .collect()
    }

    /// Numbers of page erases and writes since the last look.
    pub(crate) fn erases_and_writes(&mut self) -> (usize, usize) {
        let ops = std::mem::take(&mut self.ops);
        let erases = ops.iter().filter(|op| matches!(op, FlashOp::Erase { .. })).count();
        (erases, ops.len() - erases)
    }

    /// Octets of a slot.
    pub(crate) fn slot(&self, slot: usize) -> &[u8] {
        let area = self.server.config().layout.slots[slot];
        self.flash.bytes(area.start, area.len)
    }

    fn carry_out(&mut self) {
        while let Some(out) = self.server.poll() {
            let answer = match out {
                ServerOut::Notify(Sdu { tag, bytes }) => {
                    self.notified.push(bytes);
                    Some(ServerIn::Notified { tag })
                }
                ServerOut::Datagram { sdu, .. }
                | ServerOut::Serial(sdu)
                | ServerOut::Shell(sdu)
                | ServerOut::RawSerial(sdu) => {
                    self.notified.push(sdu.bytes);
                    None
                }
                ServerOut::Flash(op) => {
                    self.ops.push(op.clone());
                    let erase = matches!(op, FlashOp::Erase { .. });
                    Some(if self.flash_fails || (self.erases_fail && erase) {
                        failed(op)
                    } else {
                        ServerIn::FlashDone { data: self.carry_out_flash(op) }
                    })
                }
                ServerOut::Reset => {
                    self.resets += 1;
                    None
                }
                ServerOut::ConnParams { interval_min, interval_max, latency, timeout } => {
                    self.params.push([interval_min, interval_max, latency, timeout]);
                    None
                }
                ServerOut::Trace(event) => {
                    self.events.push(event);
                    None
                }
            };
            if let Some(answer) = answer {
                assert_eq!(self.server.poll(), None, "something follows what must be waited for");
                self.server.handle(self.now, answer, &self.flash);
            }
        }
    }

    fn carry_out_flash(&mut self, op: FlashOp) -> Vec<u8> {
        self.flash.handle(self.flash_now, FlashIn::Start(op), ());
        if let Some(due) = self.flash.deadline() {
            self.flash_now = due;
            self.flash.on_deadline(due, ());
        }
        let mut buffer = Vec::new();
        while let Some(out) = self.flash.poll() {
            if let FlashOut::Done { data } = out {
                buffer = data;
            }
        }
        buffer
    }
}

/// A write returns its buffer, also when it fails.
fn failed(op: FlashOp) -> ServerIn {
    let data = if let FlashOp::Write { data, .. } = op { data } else { Vec::new() };
    ServerIn::FlashFailed { data }
}

/// An image with this body length and seed, its version 1.0.seed.
pub(crate) fn image(body_len: u32, seed: u32) -> Vec<u8> {
    let version = flash_model::ImageVersion::new(1, 0, seed as u16);
    ImageSpec { version, hdr_size: 32, body_len, seed, ..ImageSpec::default() }.build()
}

/// Octets from hex digits.
pub(crate) fn unhex(digits: &str) -> Vec<u8> {
    assert!(digits.len().is_multiple_of(2), "{digits}");
    (0..digits.len() / 2)
        .map(|n| u8::from_str_radix(&digits[2 * n..2 * n + 2], 16).expect("hex digits"))
        .collect()
}

/// Hex digits of octets.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).expect("four bits");
    bytes.iter().flat_map(|&b| [digit(b >> 4), digit(b & 0xf)]).collect()
}
