//! A device with nothing around its flash and boot loader: no radio, no application, no world. What is
//! carried out runs to its end at once, in virtual time, unless the supply fails.

use crate::{
    BootConfig, BootEvent, BootIn, BootLoader, BootOut, BootResult, Cut, Device, FlashEvent,
    FlashIn, FlashOp, FlashOut, Layout,
};
use sim_core::{Machine as _, Span, Time};

/// The device and its clock.
#[derive(Clone, Debug)]
pub struct BareDevice {
    /// Its flash.
    pub device: Device,
    /// Virtual time.
    pub now: Time,
}

/// The supply failed before the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PowerFailed;

/// Sees what a bare device does, and may let its supply fail.
pub trait Watch {
    /// An operation is about to begin. `Some`: the supply fails during it, so many thousandths of its
    /// time after its start, and leaves it so.
    fn before(&mut self, _bare: &BareDevice, _op: &FlashOp) -> Option<(Cut, u32)> {
        None
    }

    /// The flash reports. While an operation starts, `device` shows what is there before it.
    fn flash(&mut self, _device: &Device, _now: Time, _event: FlashEvent) {}

    /// The boot loader reports.
    fn boot(&mut self, _event: BootEvent) {}

    /// The boot loader has waited for so long, hashing.
    fn hashed(&mut self, _time: Span) {}
}

/// Nobody watches.
impl Watch for () {}

impl BareDevice {
    /// An idle device at time zero. Its flash must not share time with a radio.
    pub const fn new(device: Device) -> Self {
        Self { device, now: Time::ZERO }
    }

    /// Carries out an operation; gives back the buffer of a write.
    ///
    /// # Errors
    /// When `watch` lets the supply fail.
    pub fn carry_out(
        &mut self,
        op: FlashOp,
        watch: &mut impl Watch,
    ) -> Result<Vec<u8>, PowerFailed> {
        if let Some((cut, thousandths)) = watch.before(self, &op) {
            self.fail_during(op, cut, thousandths);
            return Err(PowerFailed);
        }
        self.device.handle(self.now, FlashIn::Start(op), ());
        loop {
            while let Some(out) = self.device.poll() {
                match out {
                    FlashOut::Trace(event) => watch.flash(&self.device, self.now, event),
                    FlashOut::Done { data } => return Ok(data),
                    FlashOut::Busy { .. } | FlashOut::Slot(_) | FlashOut::Failed { .. } => {}
                }
            }
            self.now = self.device.deadline().expect("without a radio an operation runs at once");
            self.device.on_deadline(self.now, ());
        }
    }

    /// Lets the supply fail during an operation, so many thousandths of its time after its start.
    pub fn fail_during(&mut self, op: FlashOp, cut: Cut, thousandths: u32) {
        self.device.handle(self.now, FlashIn::Start(op), ());
        let until = self.device.deadline().expect("without a radio an operation runs at once");
        let whole = until.since(self.now).as_ns();
        self.now += Span::from_ns(whole * u64::from(thousandths) / 1000);
        self.device.handle(self.now, FlashIn::PowerOff(cut), ());
        while self.device.poll().is_some() {}
    }

    /// Powers up: runs a new boot loader to its end.
    ///
    /// # Errors
    /// When `watch` lets the supply fail.
    pub fn boot(
        &mut self,
        config: &BootConfig,
        layout: Layout,
        watch: &mut impl Watch,
    ) -> Result<BootResult, PowerFailed> {
        let mut boot = BootLoader::new(config.clone(), layout);
        boot.handle(self.now, BootIn::Start, &self.device);
        loop {
            let (mut done, mut ended) = (None, None);
            while let Some(out) = boot.poll() {
                match out {
                    BootOut::Flash(op) => done = Some(self.carry_out(op, watch)?),
                    BootOut::Jump(result) => ended = Some(result),
                    BootOut::Trace(event) => watch.boot(event),
                }
            }
            if let Some(result) = ended {
                return Ok(result);
            }
            if let Some(data) = done {
                boot.handle(self.now, BootIn::FlashDone { data }, &self.device);
            } else {
                let until = boot.deadline().expect("a boot loader waits for flash or time");
                watch.hashed(until.since(self.now));
                self.now = until;
                boot.on_deadline(self.now, &self.device);
            }
        }
    }
}
