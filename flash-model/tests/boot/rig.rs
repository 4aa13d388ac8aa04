//! A device without radio and world: runs operations and boots to their end, or to a power cut.

use flash_model::{
    Area, BootConfig, BootEvent, BootIn, BootLoader, BootOut, BootResult, Device, FlashEvent,
    FlashIn, FlashOp, FlashOut, FlashView as _, Geometry, ImageSpec, ImageVersion, Layout, OpKind,
    Part, RadioSync, set_pending,
};
use sha2::{Digest as _, Sha256};
use sim_core::{Machine as _, Time};

pub(crate) const PAGE: u32 = 4096;

#[derive(Clone)]
pub(crate) struct Rig {
    pub(crate) device: Device,
    pub(crate) layout: Layout,
    pub(crate) config: BootConfig,
    pub(crate) now: Time,
}

/// What happened in a step.
#[derive(Default)]
pub(crate) struct Log {
    /// Flash operations: `E address length` and `W address length crc32`.
    pub(crate) lines: Vec<String>,
    pub(crate) erases: usize,
    pub(crate) writes: usize,
    pub(crate) written: u64,
    /// What the boot loader said.
    pub(crate) events: Vec<BootEvent>,
}

/// The power failed.
#[derive(Debug)]
pub(crate) struct Cut;

impl Rig {
    pub(crate) fn new(part: Part, layout: Layout, config: BootConfig) -> Self {
        layout.check(&part.geometry).expect("the layout of the test");
        Self { device: Device::new(part, RadioSync::None), layout, config, now: Time::ZERO }
    }

    /// A part just large enough for two slots of so many pages, hashing for free.
    pub(crate) fn small(pages: u32) -> Self {
        let slots = [Area::new(0, pages * PAGE), Area::new(pages * PAGE, pages * PAGE)];
        let layout = Layout { boot: Area::new(0, 0), slots, storage: None };
        let geometry = Geometry { size: 2 * pages * PAGE, page: PAGE, write_size: 4 };
        let config = BootConfig { sha_bytes_per_s: 0, ..BootConfig::default() };
        Self::new(Part { geometry, ..Part::nrf52840() }, layout, config)
    }

    /// Puts an image of so many octets into a slot and returns it.
    pub(crate) fn put(&mut self, slot: usize, major: u8, total_len: u32) -> Vec<u8> {
        let image = image(major, total_len);
        self.device.load(self.layout.slots[slot].start, &image);
        image
    }

    /// Changes the contents of an area from outside.
    pub(crate) fn edit(&mut self, area: Area, change: impl FnOnce(&mut [u8])) {
        let mut bytes = self.device.bytes(area.start, area.len).to_vec();
        change(&mut bytes);
        self.device.clear(area);
        self.device.load(area.start, &bytes);
    }

    /// Asks for a swap as an application does.
    pub(crate) fn request(&mut self, permanent: bool) {
        let ops = set_pending(&self.device, &self.layout, permanent).expect("a clean trailer");
        self.run(ops, None, &mut Log::default()).expect("no cut was asked for");
    }

    /// Boots until the power fails at operation number `cut`.
    pub(crate) fn boot_cut_at(&mut self, cut: usize) {
        self.boot(Some(cut), &mut Log::default()).expect_err("the boot has more operations");
    }

    /// Runs operations in order; the power goes at operation number `cut`, from 1.
    pub(crate) fn run(
        &mut self,
        ops: Vec<FlashOp>,
        cut: Option<usize>,
        log: &mut Log,
    ) -> Result<(), Cut> {
        for op in ops {
            self.op(op, cut, log)?;
        }
        Ok(())
    }

    /// Runs the boot loader to its end or to the cut.
    pub(crate) fn boot(&mut self, cut: Option<usize>, log: &mut Log) -> Result<BootResult, Cut> {
        let mut boot = BootLoader::new(self.config, self.layout);
        boot.handle(self.now, BootIn::Start, &self.device);
        loop {
            let mut done = None;
            while let Some(out) = boot.poll() {
                match out {
                    BootOut::Flash(op) => done = Some(self.op(op, cut, log)?),
                    BootOut::Jump(result) => return Ok(result),
                    BootOut::Trace(event) => log.events.push(event),
                }
            }
            if let Some(data) = done {
                boot.handle(self.now, BootIn::FlashDone { data }, &self.device);
            } else {
                self.now = boot.deadline().expect("a boot loader waits for flash or time");
                boot.on_deadline(self.now, &self.device);
            }
        }
    }

    /// Boots without a cut.
    pub(crate) fn boot_through(&mut self) -> (BootResult, Log) {
        let mut log = Log::default();
        let result = self.boot(None, &mut log).expect("no cut was asked for");
        (result, log)
    }

    /// Whether the octets lie at the start of a slot.
    pub(crate) fn holds(&self, slot: usize, bytes: &[u8]) -> bool {
        self.device.bytes(self.layout.slots[slot].start, bytes.len() as u32) == bytes
    }

    pub(crate) fn sha256(&self, area: Area) -> String {
        hex(&Sha256::digest(self.device.bytes(area.start, area.len)))
    }

    fn op(&mut self, op: FlashOp, cut: Option<usize>, log: &mut Log) -> Result<Vec<u8>, Cut> {
        self.device.handle(self.now, FlashIn::Start(op), ());
        if cut == Some(log.lines.len() + 1) {
            self.device.handle(self.now, FlashIn::PowerOff, ());
            while self.device.poll().is_some() {}
            return Err(Cut);
        }
        loop {
            while let Some(out) = self.device.poll() {
                match out {
                    FlashOut::Trace(event) => log.note(event),
                    FlashOut::Done { data } => return Ok(data),
                    FlashOut::Busy { .. } | FlashOut::Slot(_) => {}
                }
            }
            self.now = self.device.deadline().expect("an operation has an end");
            self.device.on_deadline(self.now, ());
        }
    }
}

impl Log {
    /// SHA-256 of the log lines.
    pub(crate) fn digest(&self) -> String {
        hex(&Sha256::digest(self.lines.join("\n")))
    }

    fn note(&mut self, event: FlashEvent) {
        match event {
            FlashEvent::Start { kind: OpKind::Erase, at, len, .. } => {
                self.erases += 1;
                self.lines.push(format!("E {at:x} {len:x}"));
            }
            FlashEvent::Start { at, len, crc, .. } => {
                self.writes += 1;
                self.written += u64::from(len);
                self.lines.push(format!("W {at:x} {len:x} {crc:08x}"));
            }
            _ => {}
        }
    }
}

/// An image of version `major`.0.0 and so many octets.
pub(crate) fn image(major: u8, total_len: u32) -> Vec<u8> {
    let empty = ImageSpec::default();
    let body_len = total_len - empty.total_len();
    let version = ImageVersion::new(major, 0, 0);
    ImageSpec { version, body_len, seed: u32::from(major), ..empty }.build()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, b| {
        write!(text, "{b:02x}").expect("a string takes everything");
        text
    })
}
