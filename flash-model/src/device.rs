//! The flash of one device as a machine: one timed operation at a time.

use crate::cut::Cut;
use crate::nor::Nor;
use crate::view::{is_blank, sha256};
use crate::{Area, Counters, FlashEvent, FlashView, Geometry, KnownBytes, OpError, OpKind, Part};
use sim_core::{Machine, Priority, Slot, Time};
use std::collections::VecDeque;
use std::sync::Arc;

/// An operation on flash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FlashOp {
    /// Erases one page.
    Erase {
        /// First address of the page.
        at: u32,
    },
    /// Writes octets; ones in `data` leave bits as they are.
    Write {
        /// Address of the first octet.
        at: u32,
        /// What to write; the buffer comes back with [`FlashOut::Done`].
        data: Vec<u8>,
    },
    /// Writes what lies elsewhere in the same array, so that no buffer travels. Counts and takes
    /// time like a write.
    Copy {
        /// Address of the first octet to read.
        from: u32,
        /// Address of the first octet to write.
        to: u32,
        /// Number of octets.
        len: u32,
    },
}

/// How flash work shares the processor with the radio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RadioSync {
    /// Not at all: an operation starts when it is asked for (Zephyr
    /// `SOC_FLASH_NRF_RADIO_SYNC_NONE`).
    None,
    /// Time is asked for first, for the whole operation, again with high priority after a refusal
    /// (sdk-nrf `flash_sync_mpsl.c`, without its slices).
    Mpsl,
}

/// A fact for the device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FlashIn {
    /// Carry out an operation. The device must be idle.
    Start(FlashOp),
    /// The radio's answer. Time that was not asked for, or is no longer needed, is given back.
    Slot(Slot),
    /// The supply fails. An operation in progress ends without [`FlashOut::Done`].
    PowerOff(Cut),
}

/// What the device says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FlashOut {
    /// To the radio: [`Slot::Ask`] or [`Slot::Done`].
    Slot(Slot),
    /// An operation begins: the processor is halted until then.
    Busy {
        /// When it ends.
        until: Time,
        /// Whether it is an erase.
        erase: bool,
    },
    /// The operation is over.
    Done {
        /// The buffer of a write, empty otherwise.
        data: Vec<u8>,
    },
    /// For the trace.
    Trace(FlashEvent),
}

/// The flash of one device.
#[derive(Clone, Debug)]
pub struct Device {
    nor: Nor,
    sync: RadioSync,
    known: Vec<Arc<KnownBytes>>,
    work: Work,
    out: VecDeque<FlashOut>,
}

#[derive(Clone, Debug)]
enum Work {
    Idle,
    /// The radio has been asked for time.
    Asked(FlashOp),
    Running {
        op: FlashOp,
        since: Time,
        until: Time,
    },
}

impl FlashOp {
    /// First address that the operation erases or writes.
    pub const fn at(&self) -> u32 {
        match *self {
            Self::Erase { at } | Self::Write { at, .. } | Self::Copy { to: at, .. } => at,
        }
    }
}

impl Device {
    /// An erased, unworn, idle device.
    pub fn new(part: Part, sync: RadioSync) -> Self {
        Self {
            nor: Nor::new(part),
            sync,
            known: Vec::new(),
            work: Work::Idle,
            out: VecDeque::with_capacity(4),
        }
    }

    /// The part it is made of.
    pub fn part(&self) -> &Part {
        self.nor.part()
    }

    /// What it has done so far.
    pub fn counters(&self) -> Counters {
        self.nor.counters()
    }

    /// Erases so far of the page that holds `at`.
    pub fn erases_of(&self, at: u32) -> u32 {
        self.nor.erases_of(at)
    }

    /// Whether an operation could start now.
    pub fn is_idle(&self) -> bool {
        matches!(self.work, Work::Idle)
    }

    /// Whether the device could carry out the operation; [`FlashIn::Start`] panics on an error.
    pub fn check(&self, op: &FlashOp) -> Result<(), OpError> {
        self.nor.check(op)
    }

    /// Set-up: puts octets into an erased stretch. No time, no wear; words that are not all ones
    /// count as written once.
    ///
    /// # Panics
    /// When the stretch leaves the part or is not erased.
    pub fn load(&mut self, at: u32, data: &[u8]) {
        self.nor.load(at, data);
    }

    /// Set-up: writes over what is there, ones in `data` leaving bits as they are. No time, no wear
    /// but that the words count as written once more.
    ///
    /// # Panics
    /// When the stretch leaves the part.
    pub fn overlay(&mut self, at: u32, data: &[u8]) {
        self.nor.overlay(at, data);
    }

    /// Set-up: makes an area erased. No time, no wear.
    ///
    /// # Panics
    /// When the area leaves the part.
    pub fn clear(&mut self, area: Area) {
        self.nor.clear(area);
    }

    /// Set-up: shares time with the radio in another way. The device must be idle.
    pub fn set_radio_sync(&mut self, sync: RadioSync) {
        assert!(self.is_idle(), "flash: the way of sharing time changes only between operations");
        self.sync = sync;
    }

    /// Lets [`FlashView::sha256`] recognise these octets instead of hashing them.
    pub fn know(&mut self, bytes: Arc<KnownBytes>) {
        if !self.known.contains(&bytes) {
            self.known.push(bytes);
        }
    }

    fn start(&mut self, now: Time, op: FlashOp) {
        assert!(self.is_idle(), "flash: {op:?} asked for during {:?}", self.work);
        if let Err(error) = self.nor.check(&op) {
            panic!("flash: a model asked for an impossible operation: {error}");
        }
        match self.sync {
            RadioSync::None => self.run(now, op),
            RadioSync::Mpsl => self.ask(op, Priority::Normal),
        }
    }

    fn ask(&mut self, op: FlashOp, priority: Priority) {
        let len = self.nor.time(&op);
        self.out.push_back(FlashOut::Trace(FlashEvent::Ask {
            kind: OpKind::of(&op),
            high: priority == Priority::High,
            len_us: len.as_us() as u32,
        }));
        self.out.push_back(FlashOut::Slot(Slot::Ask { len, priority }));
        self.work = Work::Asked(op);
    }

    fn run(&mut self, now: Time, op: FlashOp) {
        let until = now + self.nor.time(&op);
        let event = self.start_event(&op);
        self.out.push_back(FlashOut::Trace(event));
        let erase = matches!(op, FlashOp::Erase { .. });
        self.out.push_back(FlashOut::Busy { until, erase });
        self.work = Work::Running { op, since: now, until };
    }

    /// The data are described when the work starts: nothing else can change them before its end.
    fn start_event(&self, op: &FlashOp) -> FlashEvent {
        let (at, len, crc) = match *op {
            FlashOp::Erase { at } => (at, self.part().geometry.page, 0),
            FlashOp::Write { at, ref data } => (at, data.len() as u32, crc32fast::hash(data)),
            FlashOp::Copy { from, to, len } => {
                (to, len, crc32fast::hash(self.nor.bytes(from, len)))
            }
        };
        FlashEvent::Start { kind: OpKind::of(op), at, len, crc }
    }

    fn answered(&mut self, now: Time, slot: Slot) {
        match (slot, std::mem::replace(&mut self.work, Work::Idle)) {
            (Slot::Grant { .. }, Work::Asked(op)) => self.run(now, op),
            (Slot::Deny, Work::Asked(op)) => self.ask(op, Priority::High),
            (Slot::Grant { .. }, other) => {
                self.work = other;
                if self.is_idle() {
                    self.out.push_back(FlashOut::Slot(Slot::Done));
                }
            }
            (_, other) => self.work = other,
        }
    }

    #[cold]
    fn power_off(&mut self, now: Time, cut: Cut) {
        if let Work::Running { op, since, .. } = std::mem::replace(&mut self.work, Work::Idle) {
            self.nor.add_busy(now.since(since));
            self.nor.tear(&op, now.since(since), cut);
            self.out
                .push_back(FlashOut::Trace(FlashEvent::Cut { kind: OpKind::of(&op), at: op.at() }));
        }
    }
}

impl Machine for Device {
    type In = FlashIn;
    type Out = FlashOut;
    type Env<'e> = ();

    fn handle(&mut self, now: Time, input: FlashIn, (): ()) {
        match input {
            FlashIn::Start(op) => self.start(now, op),
            FlashIn::Slot(slot) => self.answered(now, slot),
            FlashIn::PowerOff(cut) => self.power_off(now, cut),
        }
    }

    fn deadline(&self) -> Option<Time> {
        match self.work {
            Work::Running { until, .. } => Some(until),
            Work::Idle | Work::Asked(_) => None,
        }
    }

    fn on_deadline(&mut self, now: Time, (): ()) {
        let Work::Running { op, since, .. } = std::mem::replace(&mut self.work, Work::Idle) else {
            return;
        };
        self.nor.apply(&op);
        self.nor.add_busy(now.since(since));
        self.out.push_back(FlashOut::Trace(FlashEvent::End { kind: OpKind::of(&op), at: op.at() }));
        if self.sync == RadioSync::Mpsl {
            self.out.push_back(FlashOut::Slot(Slot::Done));
        }
        let data = if let FlashOp::Write { data, .. } = op { data } else { Vec::new() };
        self.out.push_back(FlashOut::Done { data });
    }

    fn poll(&mut self) -> Option<FlashOut> {
        self.out.pop_front()
    }
}

impl FlashView for Device {
    fn geometry(&self) -> Geometry {
        self.nor.part().geometry
    }

    fn bytes(&self, at: u32, len: u32) -> &[u8] {
        self.nor.bytes(at, len)
    }

    fn is_blank(&self, area: Area) -> bool {
        is_blank(self.nor.bytes(area.start, area.len))
    }

    fn sha256(&self, area: Area) -> [u8; 32] {
        let bytes = self.nor.bytes(area.start, area.len);
        self.known.iter().find_map(|known| known.digest_of(bytes)).unwrap_or_else(|| sha256(bytes))
    }
}
