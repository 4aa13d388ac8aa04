//! A server, its flash and its boot loader, with nobody around them: what a step hands in is served at
//! once, and what the server does is kept for the comparison.
//!
//! A world would bring a link and a boot at each reset. A session begins with any contents, starts its
//! server on them without a boot, has up to four slots, and counts no time for flash; so the machines
//! are driven here, in the same way as the world does: polled to the end after each input.

use super::build::Build;
use flash_model::{
    Area, BareDevice, BootResult, Cut, Device, FlashOp, FlashView as _, RadioSync, Watch,
};
use server_model::{DropReason, Server, ServerEvent, ServerIn, ServerOut};
use sim_core::{Machine as _, Sdu, Span, Time};

/// So large that every response is one notification.
const WIDE_MTU: u16 = u16::MAX;

/// Deadlines served in one step; more means that the server never comes to rest.
const DEADLINE_BOUND: u32 = 1_000_000;

const NO_CUT: &str = "nobody cuts the supply";

/// The machines, and what they said since the last look.
#[derive(Clone, Debug)]
pub(in crate::conform) struct Bench {
    server: Server,
    pub(in crate::conform) flash: BareDevice,
    now: Time,
    tag: u32,
    pub(in crate::conform) seen: Seen,
}

/// What a server did.
#[derive(Clone, Debug, Default)]
pub(in crate::conform) struct Seen {
    /// Responses and octets on the serial line, oldest first.
    pub(in crate::conform) out: Vec<Vec<u8>>,
    pub(super) drops: Vec<DropReason>,
    /// Stretches whose erase began.
    pub(super) erase_calls: u32,
    /// Pages erased, by number, in order.
    pub(super) pages: Vec<u32>,
    pub(super) write_calls: u32,
    pub(super) bytes_written: u32,
    pub(in crate::conform) resets: u32,
    /// Where the boot loader erased or wrote.
    boot_ops: Vec<u32>,
    /// What no server may do.
    pub(in crate::conform) fault: Option<String>,
}

impl Bench {
    /// A running server on erased flash.
    pub(in crate::conform) fn new(build: &Build) -> Self {
        let device = Device::new(build.part, RadioSync::None);
        let mut bench = Self {
            server: Server::new(build.config.clone()),
            flash: BareDevice::new(device),
            now: Time::ZERO,
            tag: 0,
            seen: Seen::default(),
        };
        bench.start();
        bench
    }

    /// The application starts, and somebody listens.
    pub(in crate::conform) fn start(&mut self) {
        self.input(ServerIn::Start);
        self.input(ServerIn::Subscribed { att_mtu: WIDE_MTU });
    }

    /// Powers up: the boot loader runs, then the application.
    pub(super) fn boot(&mut self, build: &Build) {
        if let Some(config) = &build.boot {
            let layout = build.config.layout;
            let booted = self.flash.boot(config, layout, &mut self.seen).expect(NO_CUT);
            if !matches!(booted, BootResult::Booted { .. }) {
                self.seen.fault = Some(format!("the boot loader ends with {booted:?}"));
            }
        }
        self.start();
    }

    /// One GATT write.
    pub(in crate::conform) fn write(&mut self, octets: &[u8]) {
        let sdu = self.sdu(octets);
        self.input(ServerIn::Write(sdu));
    }

    /// One datagram.
    pub(in crate::conform) fn datagram(&mut self, octets: &[u8]) {
        let sdu = self.sdu(octets);
        self.input(ServerIn::Datagram { peer: 1, sdu: sdu.into() });
    }

    /// Octets on the line of the shell.
    pub(super) fn shell(&mut self, octets: &[u8]) {
        let sdu = self.sdu(octets);
        self.input(ServerIn::Shell(sdu.into()));
    }

    /// Octets on the serial line.
    pub(in crate::conform) fn serial(&mut self, octets: &[u8]) {
        let sdu = self.sdu(octets);
        self.input(ServerIn::Serial(sdu.into()));
    }

    fn sdu(&mut self, octets: &[u8]) -> Sdu {
        self.tag += 1;
        Sdu { tag: self.tag, bytes: octets.to_vec() }
    }

    /// Goes on until no request is queued or in process.
    pub(in crate::conform) fn settle(&mut self) {
        self.advance(Span::ZERO);
        for _ in 0..DEADLINE_BOUND {
            if self.server.idle() {
                return;
            }
            let Some(due) = self.server.deadline() else { break };
            self.wake(due);
        }
        self.seen.fault = Some("the server does not come to an end with a request".to_owned());
    }

    /// Lets time pass.
    pub(in crate::conform) fn advance(&mut self, span: Span) {
        let until = self.now + span;
        for _ in 0..DEADLINE_BOUND {
            match self.server.deadline() {
                Some(due) if due <= until => self.wake(due),
                _ => break,
            }
        }
        self.now = self.now.max(until);
    }

    fn wake(&mut self, due: Time) {
        self.now = self.now.max(due);
        self.server.on_deadline(self.now, &self.flash.device);
        self.carry_out();
    }

    fn input(&mut self, input: ServerIn) {
        self.server.handle(self.now, input, &self.flash.device);
        self.carry_out();
    }

    fn carry_out(&mut self) {
        while let Some(out) = self.server.poll() {
            let answer = match out {
                ServerOut::Notify(Sdu { tag, bytes }) => {
                    self.seen.out.push(bytes);
                    ServerIn::Notified { tag }
                }
                ServerOut::Datagram { sdu, .. }
                | ServerOut::Serial(sdu)
                | ServerOut::Shell(sdu)
                | ServerOut::RawSerial(sdu) => {
                    self.seen.out.push(sdu.bytes);
                    continue;
                }
                ServerOut::Flash(op) => ServerIn::FlashDone { data: self.carry_out_flash(op) },
                ServerOut::Reset => {
                    self.seen.resets += 1;
                    continue;
                }
                ServerOut::Trace(event) => {
                    self.seen.event(event);
                    continue;
                }
                ServerOut::ConnParams { .. } => continue,
            };
            self.server.handle(self.now, answer, &self.flash.device);
        }
    }

    fn carry_out_flash(&mut self, op: FlashOp) -> Vec<u8> {
        if let Err(problem) = self.flash.device.check(&op) {
            self.seen.fault = Some(problem.to_string());
            return Vec::new();
        }
        match &op {
            FlashOp::Erase { at } => {
                self.seen.pages.push(at / self.flash.device.geometry().page);
            }
            FlashOp::Write { data, .. } => {
                self.seen.write_calls += 1;
                self.seen.bytes_written += data.len() as u32;
            }
            FlashOp::Copy { .. } => {}
        }
        self.flash.carry_out(op, &mut ()).expect(NO_CUT)
    }
}

impl Seen {
    fn event(&mut self, event: ServerEvent) {
        match event {
            ServerEvent::Drop { reason, .. } => self.drops.push(reason),
            ServerEvent::Erase { .. } => self.erase_calls += 1,
            _ => {}
        }
    }

    /// Whether the boot loader erased or wrote in this area.
    pub(super) fn booted_over(&self, area: Area) -> bool {
        self.boot_ops.iter().any(|&at| area.contains(at))
    }

    /// Whether the server changed flash.
    pub(super) fn touched(&self) -> bool {
        !self.pages.is_empty() || self.write_calls > 0
    }
}

impl Watch for Seen {
    fn before(&mut self, _: &BareDevice, op: &FlashOp) -> Option<(Cut, u32)> {
        self.boot_ops.push(op.at());
        None
    }
}
