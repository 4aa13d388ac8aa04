//! A device whose flash becomes a dump.

use crate::{Folder, smpsim};
use flash_model::{
    BootConfig, BootIn, BootLoader, BootMode, BootOut, Cut, Device, FlashIn, FlashOp, FlashOut,
    FlashView as _, ImageSpec, ImageVersion, Layout, Part, RadioSync, set_confirmed, set_pending,
};
use serde_json::Value;
use sim_core::{Machine as _, Time};

/// A device whose flash becomes a dump.
pub(super) struct Dumped {
    pub(super) device: Device,
    pub(super) layout: Layout,
    boot: BootConfig,
    pub(super) folder: Folder,
}

impl Dumped {
    /// Version 1.0.0 in the primary slot, nothing else.
    pub(super) fn new(mode: BootMode) -> Self {
        let layout = match mode {
            BootMode::SwapScratch => Layout::nrf52840dk_2022(),
            _ => Layout::nrf52840dk(),
        };
        let boot = BootConfig { mode, sha_bytes_per_s: 0, ..BootConfig::default() };
        let device = Device::new(Part::nrf52840(), RadioSync::None);
        let mut new = Self { device, layout, boot, folder: Folder::new() };
        new.put(0, &image(1, 50_000));
        new
    }

    /// Puts an image where the boot loader looks for an upload.
    pub(super) fn put(&mut self, slot: usize, image: &[u8]) {
        let geometry = self.device.geometry();
        let offset = if slot == 0 { 0 } else { self.boot.upload_offset(&geometry) };
        self.device.load(self.layout.slots[slot].start + offset, image);
    }

    /// Version 2.0.0 uploaded and asked for.
    pub(super) fn pending(mode: BootMode, permanent: bool) -> Self {
        let mut new = Self::new(mode);
        new.put(1, &image(2, 60_000));
        new.request(permanent);
        new
    }

    pub(super) fn request(&mut self, permanent: bool) {
        let ops = set_pending(&self.device, &self.layout, permanent).expect("a clean trailer");
        self.write(ops);
    }

    pub(super) fn confirm(&mut self) {
        let ops = set_confirmed(&self.device, &self.layout).expect("a clean trailer");
        self.write(ops);
    }

    pub(super) fn write(&mut self, ops: Vec<FlashOp>) {
        for op in ops {
            if let FlashOp::Write { at, data } = op {
                self.device.overlay(at, &data);
            }
        }
    }

    /// Boots, to the end or to the operation of this number.
    pub(super) fn boot(&mut self, cut: Option<usize>) {
        let mut boot = BootLoader::new(self.boot.clone(), self.layout);
        let mut now = Time::ZERO;
        let mut count = 0;
        boot.handle(now, BootIn::Start, &self.device);
        loop {
            let mut op = None;
            while let Some(out) = boot.poll() {
                match out {
                    BootOut::Flash(wanted) => op = Some(wanted),
                    BootOut::Jump(_) => return,
                    BootOut::Trace(_) => {}
                }
            }
            let Some(op) = op else {
                now = boot.deadline().expect("hashing");
                boot.on_deadline(now, &self.device);
                continue;
            };
            count += 1;
            self.device.handle(now, FlashIn::Start(op), ());
            if cut == Some(count) {
                self.device.handle(now, FlashIn::PowerOff(Cut::Atomic), ());
                return;
            }
            now = self.device.deadline().expect("an operation ends");
            self.device.on_deadline(now, ());
            let mut buffer = Vec::new();
            while let Some(out) = self.device.poll() {
                if let FlashOut::Done { data } = out {
                    buffer = data;
                }
            }
            boot.handle(now, BootIn::FlashDone { data: buffer }, &self.device);
        }
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        self.device.bytes(0, self.device.geometry().size).to_vec()
    }

    /// The arguments that tell of this device.
    pub(super) fn args(&self) -> Vec<&'static str> {
        let layout = if self.layout.scratch.is_some() { "nrf52840dk-2022" } else { "nrf52840dk" };
        vec!["flash", "inspect", "--mode", self.boot.mode.name(), "--layout", layout]
    }

    pub(super) fn file(&self) -> String {
        self.folder.file("dump.bin", self.bytes())
    }

    #[track_caller]
    pub(super) fn text(&self, status: i32) -> String {
        let file = self.file();
        smpsim(&[&self.args()[..], &[&file]].concat()).with_status(status).out
    }

    #[track_caller]
    pub(super) fn json(&self, status: i32) -> Value {
        let file = self.file();
        smpsim(&[&self.args()[..], &["--json", &file]].concat()).with_status(status).json()
    }
}

/// An image of version `major`.0.0.
pub(super) fn image(major: u8, body_len: u32) -> Vec<u8> {
    let version = ImageVersion::new(major, 0, 0);
    ImageSpec { version, body_len, seed: u32::from(major), ..ImageSpec::default() }.build()
}
