//! A device without radio and world: runs operations and boots, and fails its power.

use super::oplog::OpLog;
use super::setup::Setup;
use flash_model::{
    Area, BootIn, BootLoader, BootOut, BootResult, Cut, Device, FlashEvent, FlashIn, FlashOp,
    FlashOut, FlashView as _,
};
use sim_core::{Machine as _, Time};

/// The device and its clock.
#[derive(Clone)]
pub(super) struct Rig {
    pub(super) device: Device,
    now: Time,
}

/// What wants to see the device right before an operation, and the operation.
pub(super) type Before<'a> = &'a mut dyn FnMut(&Rig, &FlashOp);

impl Rig {
    pub(super) const fn new(device: Device) -> Self {
        Self { device, now: Time::ZERO }
    }

    /// The octets of an area.
    pub(super) fn contents(&self, area: Area) -> Vec<u8> {
        self.device.bytes(area.start, area.len).to_vec()
    }

    /// Changes the contents of an area from outside.
    pub(super) fn replace(&mut self, area: Area, octets: &[u8]) {
        self.device.clear(area);
        self.device.load(area.start, octets);
    }

    /// Carries out operations in order.
    pub(super) fn run(&mut self, ops: Vec<FlashOp>, log: &mut OpLog, before: Before<'_>) {
        for op in ops {
            before(self, &op);
            self.op(op, log);
        }
    }

    /// Runs the boot loader to its end.
    pub(super) fn boot(
        &mut self,
        setup: &Setup,
        log: &mut OpLog,
        before: Before<'_>,
    ) -> BootResult {
        let mut boot = BootLoader::new(setup.config.clone(), setup.layout);
        boot.handle(self.now, BootIn::Start, &self.device);
        loop {
            let mut done = None;
            while let Some(out) = boot.poll() {
                match out {
                    BootOut::Flash(op) => {
                        before(self, &op);
                        done = Some(self.op(op, log));
                    }
                    BootOut::Jump(result) => return result,
                    BootOut::Trace(_) => {}
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

    /// The supply fails during an operation.
    pub(super) fn cut(&mut self, op: FlashOp, cut: Cut) {
        self.device.handle(self.now, FlashIn::Start(op), ());
        self.device.handle(self.now, FlashIn::PowerOff(cut), ());
        while self.device.poll().is_some() {}
    }

    /// Carries out one operation and gives back its buffer.
    fn op(&mut self, op: FlashOp, log: &mut OpLog) -> Vec<u8> {
        self.device.handle(self.now, FlashIn::Start(op), ());
        loop {
            while let Some(out) = self.device.poll() {
                match out {
                    FlashOut::Trace(FlashEvent::Start { kind, at, len, crc }) => {
                        log.note(&self.device, kind, Area::new(at, len), crc);
                    }
                    FlashOut::Done { data } => return data,
                    FlashOut::Trace(_) | FlashOut::Busy { .. } | FlashOut::Slot(_) => {}
                }
            }
            self.now = self.device.deadline().expect("an operation has an end");
            self.device.on_deadline(self.now, ());
        }
    }
}
