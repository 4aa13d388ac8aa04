//! A device beside a radio that answers as it is told.

use flash_model::{
    Device, FlashEvent, FlashIn, FlashOp, FlashOut, Geometry, OpKind, Part, PartialErase,
    RadioSync, SyncConfig,
};
use sim_core::{Machine as _, Slot, Span, Time};

pub(crate) const SIZE: u32 = 0x4000;
pub(crate) const PAGE: u32 = 0x1000;

pub(crate) fn part() -> Part {
    Part { geometry: Geometry { size: SIZE, page: PAGE, write_size: 4 }, ..Part::nrf52840() }
}

pub(crate) fn device(radio: RadioSync, slice_ms: Option<u8>) -> Device {
    let partial_erase =
        slice_ms.map(|slice_ms| PartialErase { slice_ms, ..PartialErase::default() });
    Device::new(part(), SyncConfig { partial_erase, ..radio.into() })
}

pub(crate) const fn us(us: u64) -> Span {
    Span::from_us(us)
}

/// A stretch in which the processor halts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Halt {
    pub(crate) from: Time,
    pub(crate) until: Time,
}

/// A radio that answers as it is told, and what it saw.
pub(crate) struct Bench<'a> {
    pub(crate) device: Device,
    pub(crate) now: Time,
    /// Refuses this request, of so many before.
    pub(crate) refuses: &'a mut dyn FnMut(u32) -> bool,
    pub(crate) asks: u32,
    /// Moments of the requests, their lengths, and whether they were claims.
    pub(crate) requests: Vec<(Time, Span, bool)>,
    pub(crate) granted: Option<Time>,
    pub(crate) halts: Vec<Halt>,
    pub(crate) windows: Vec<(OpKind, u16)>,
    /// A call failed.
    pub(crate) failed: bool,
}

impl<'a> Bench<'a> {
    pub(crate) fn new(device: Device, refuses: &'a mut dyn FnMut(u32) -> bool) -> Self {
        Self {
            device,
            now: Time::ZERO,
            refuses,
            asks: 0,
            requests: Vec::new(),
            granted: None,
            halts: Vec::new(),
            windows: Vec::new(),
            failed: false,
        }
    }

    /// Carries out operations, each as soon as the one before it is over.
    pub(crate) fn carry_out(&mut self, ops: impl IntoIterator<Item = FlashOp>) {
        for op in ops {
            self.device.handle(self.now, FlashIn::Start(op), ());
            while !self.step() {}
        }
        // What is still open is given back within the moment.
        while let Some(due) = self.device.deadline() {
            assert_eq!(due, self.now);
            self.device.on_deadline(due, ());
            self.hear();
        }
        assert_eq!(self.granted, None, "the time was given back");
    }

    /// Lets the device speak, or time pass; whether the operation is over.
    pub(crate) fn step(&mut self) -> bool {
        if self.hear() {
            return true;
        }
        let due = self.device.deadline().expect("work in progress");
        assert!(due >= self.now);
        self.now = due;
        self.device.on_deadline(due, ());
        false
    }

    pub(crate) fn hear(&mut self) -> bool {
        let mut over = false;
        while let Some(out) = self.device.poll() {
            match out {
                FlashOut::Slot(Slot::Ask { len, .. }) => self.asked(len, false),
                FlashOut::Slot(Slot::Claim { len, .. }) => self.asked(len, true),
                FlashOut::Slot(Slot::Done) => self.granted = None,
                FlashOut::Busy { until, .. } => {
                    let granted = self.granted.expect("no work without time");
                    assert!(until <= granted, "{until} is behind {granted}");
                    self.halts.push(Halt { from: self.now, until });
                }
                FlashOut::Trace(FlashEvent::Window { kind, units, .. }) => {
                    self.windows.push((kind, units));
                }
                FlashOut::Done { .. } => over = true,
                FlashOut::Failed { .. } => (over, self.failed) = (true, true),
                FlashOut::Slot(_) | FlashOut::Trace(_) => {}
            }
        }
        over
    }

    fn asked(&mut self, len: Span, claim: bool) {
        assert_eq!(self.granted, None, "one request at a time");
        self.requests.push((self.now, len, claim));
        let slot = if (self.refuses)(self.asks) {
            Slot::Deny
        } else {
            let until = self.now + len;
            self.granted = Some(until);
            Slot::Grant { until }
        };
        self.asks += 1;
        self.device.handle(self.now, FlashIn::Slot(slot), ());
    }

    pub(crate) fn busy(&self) -> Span {
        self.halts.iter().fold(Span::ZERO, |sum, halt| sum + halt.until.since(halt.from))
    }
}

pub(crate) fn erase(page: u32) -> FlashOp {
    FlashOp::Erase { at: page * PAGE }
}

pub(crate) fn write(at: u32, len: usize) -> FlashOp {
    FlashOp::Write { at, data: vec![0x5a; len] }
}
