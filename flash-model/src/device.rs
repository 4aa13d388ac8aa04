//! The flash of one device as a machine: one timed operation at a time.

use crate::arrays::Arrays;
use crate::cut::Cut;
use crate::sync::{RadioSync, Rules, SyncConfig};
use crate::view::{is_blank, sha256};
use crate::window::{Course, Tail, WindowCounters};
use crate::{Area, Counters, FlashEvent, FlashView, Geometry, KnownBytes, OpError, OpKind, Part};
use sim_core::{Machine, Slot, Span, Time};
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
    /// To the radio: [`Slot::Ask`], [`Slot::Claim`], [`Slot::Abort`] or [`Slot::Done`].
    Slot(Slot),
    /// An operation begins, or goes on in another window: the processor is halted until then. An
    /// external part works by itself and halts nothing.
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
    /// The radio left no time for the operation within the limit of a flash call (`-ETIMEDOUT`). It
    /// is given up wherever it stands.
    Failed {
        /// The buffer of a write, empty otherwise.
        data: Vec<u8>,
    },
    /// For the trace.
    Trace(FlashEvent),
}

/// The flash of one device.
#[derive(Clone, Debug)]
pub struct Device {
    pub(crate) nor: Arrays,
    known: Vec<Arc<KnownBytes>>,
    pub(crate) work: Work,
    pub(crate) out: VecDeque<FlashOut>,
    /// How time is shared with the radio.
    pub(crate) rules: Rules,
    /// How far [`Work::Shared`] has come.
    pub(crate) course: Course,
    /// A call that may go on within this moment.
    pub(crate) tail: Option<Tail>,
    pub(crate) windows: WindowCounters,
}

#[derive(Clone, Debug)]
pub(crate) enum Work {
    Idle,
    /// The operation goes on in windows that the radio leaves.
    Shared(FlashOp),
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
    pub fn new(part: Part, sync: impl Into<SyncConfig>) -> Self {
        Self {
            nor: Arrays::new(part),
            known: Vec::new(),
            work: Work::Idle,
            out: VecDeque::with_capacity(4),
            rules: sync.into().rules(&part),
            course: Course::default(),
            tail: None,
            windows: WindowCounters::default(),
        }
    }

    /// The same device with an erased external part, whose first octet has the address
    /// [`crate::EXTERNAL_BASE`]. It must have the page and the write size of the part on the chip.
    #[must_use]
    pub fn with_external(mut self, part: Part) -> Self {
        self.nor.attach(part);
        self
    }

    /// The part on the chip.
    pub fn part(&self) -> &Part {
        self.nor.part()
    }

    /// The external part, if there is one.
    pub fn external(&self) -> Option<&Part> {
        self.nor.external()
    }

    /// The part that holds an address; that on the chip for addresses that none holds.
    pub fn part_at(&self, at: u32) -> &Part {
        self.nor.holding(at).part()
    }

    /// Whether no page of the area is left between an erase that began and one that ended: until
    /// then its bits may read as anything (nRF5340 Product Specification, "Partial erase of a page in
    /// flash").
    pub fn is_defined(&self, area: Area) -> bool {
        self.nor.holding(area.start).is_defined(area)
    }

    /// What it has done so far.
    pub fn counters(&self) -> Counters {
        self.nor.counters()
    }

    /// Erases so far of the page that holds `at`; where no erase is needed, writes of its line.
    pub fn erases_of(&self, at: u32) -> u32 {
        self.nor.holding(at).erases_of(at)
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
        self.nor.holding_mut(at).load(at, data);
    }

    /// Set-up: writes over what is there, ones in `data` leaving bits as they are. No time, no wear
    /// but that the words count as written once more.
    ///
    /// # Panics
    /// When the stretch leaves the part.
    pub fn overlay(&mut self, at: u32, data: &[u8]) {
        self.nor.holding_mut(at).overlay(at, data);
    }

    /// Set-up: makes an area erased. No time, no wear.
    ///
    /// # Panics
    /// When the area leaves the part.
    pub fn clear(&mut self, area: Area) {
        self.nor.holding_mut(area.start).clear(area);
    }

    /// Set-up: shares time with the radio in another way. The device must be idle.
    pub fn set_radio_sync(&mut self, sync: impl Into<SyncConfig>) {
        assert!(self.is_idle(), "flash: the way of sharing time changes only between operations");
        self.rules = sync.into().rules(self.part());
        self.tail = None;
    }

    /// Lets [`FlashView::sha256`] recognise these octets instead of hashing them.
    pub fn know(&mut self, bytes: Arc<KnownBytes>) {
        if !self.known.contains(&bytes) {
            self.known.push(bytes);
        }
    }

    /// Accepts an operation. Returns when it ends if it starts at once, and `None` if the radio is
    /// to be asked for time.
    fn start(&mut self, now: Time, op: &FlashOp) -> Option<Time> {
        assert!(self.is_idle(), "flash: {op:?} asked for during {:?}", self.work);
        if let Err(error) = self.nor.check(op) {
            panic!("flash: a model asked for an impossible operation: {error}");
        }
        let halts = self.nor.halts(op);
        if halts && self.rules.radio != RadioSync::None {
            return None;
        }
        let erase = matches!(op, FlashOp::Erase { .. });
        let time = if halts && erase && self.rules.slices > 1 {
            self.rules.erase.work(self.rules.slices)
        } else {
            self.nor.time(op)
        };
        let until = now + time;
        let event = self.start_event(op);
        self.out.push_back(FlashOut::Trace(event));
        if halts {
            self.out.push_back(FlashOut::Busy { until, erase });
        }
        Some(until)
    }

    /// The data are described when the work starts: nothing else can change them before its end.
    pub(crate) fn start_event(&self, op: &FlashOp) -> FlashEvent {
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
        if matches!(self.work, Work::Shared(_)) {
            self.shared_answered(now, slot);
        } else if let (Slot::Grant { .. }, Work::Idle) = (slot, &self.work) {
            self.out.push_back(FlashOut::Slot(Slot::Done));
        }
    }

    #[cold]
    fn power_off(&mut self, now: Time, cut: Cut) {
        self.tail = None;
        match std::mem::replace(&mut self.work, Work::Idle) {
            Work::Idle => {}
            Work::Shared(op) => self.shared_power_off(now, &op, cut),
            Work::Running { op, since, .. } => {
                self.nor.holding_mut(op.at()).add_busy(now.since(since));
                self.nor.tear(&op, now.since(since), cut);
                let (kind, at) = (OpKind::of(&op), op.at());
                self.out.push_back(FlashOut::Trace(FlashEvent::Cut { kind, at }));
            }
        }
    }
}

impl Machine for Device {
    type In = FlashIn;
    type Out = FlashOut;
    type Env<'e> = ();

    fn handle(&mut self, now: Time, input: FlashIn, (): ()) {
        // The operation moves when all else is done: its octets have just been written, and reading
        // them at once would wait for that.
        let until = match &input {
            FlashIn::Start(op) => self.start(now, op),
            _ => None,
        };
        match (input, until) {
            (FlashIn::Start(op), Some(until)) => {
                self.work = Work::Running { op, since: now, until };
            }
            (FlashIn::Start(op), None) => self.begin_shared(now, op),
            (FlashIn::Slot(slot), _) => self.answered(now, slot),
            (FlashIn::PowerOff(cut), _) => self.power_off(now, cut),
        }
    }

    fn deadline(&self) -> Option<Time> {
        match self.work {
            Work::Running { until, .. } => Some(until),
            Work::Idle => self.tail_deadline(),
            Work::Shared(_) => Some(self.shared_deadline()),
        }
    }

    fn on_deadline(&mut self, now: Time, (): ()) {
        match self.work {
            Work::Running { .. } => {}
            Work::Idle => return self.close_tail(),
            Work::Shared(_) => return self.shared_on_deadline(now),
        }
        let Work::Running { op, since, .. } = std::mem::replace(&mut self.work, Work::Idle) else {
            return;
        };
        self.nor.apply(&op);
        self.nor.holding_mut(op.at()).add_busy(now.since(since));
        self.out.push_back(FlashOut::Trace(FlashEvent::End { kind: OpKind::of(&op), at: op.at() }));
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

    fn needs_erase(&self, at: u32) -> bool {
        self.part_at(at).needs_erase()
    }

    fn array(&self, at: u32) -> Area {
        self.nor.holding(at).area()
    }

    fn read_time(&self, area: Area) -> Span {
        self.nor.read_time(area.start, area.len)
    }

    fn sha256(&self, area: Area) -> [u8; 32] {
        let bytes = self.nor.bytes(area.start, area.len);
        self.known.iter().find_map(|known| known.digest_of(bytes)).unwrap_or_else(|| sha256(bytes))
    }
}
