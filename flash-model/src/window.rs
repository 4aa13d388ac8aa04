//! Flash work in windows that the radio leaves: asking, refusals, words and slices, and the limit of
//! a call.
//!
//! An operation is a run of units that cannot be interrupted (words, slices of a page erase, a whole
//! page). Each window does as many of them as the driver's rule allows ([`crate::SyncConfig`]). Where
//! no erase is needed, the units of a page erase are the words that are filled with ones.

use crate::device::{Device, Work};
use crate::sync::{Pace, RadioSync};
use crate::{Cut, FlashEvent, FlashOp, FlashOut, OpKind};
use sim_core::{Priority, Slot, Span, Time};

/// Refusals after which a `SoftDevice` asks with high priority (model choice: the specifications
/// say "several").
const SOFTDEVICE_REFUSALS: u32 = 3;
/// Pause of a `SoftDevice` between two requests, and of any driver after a refusal in spite of
/// high priority (model choice).
const RETRY: Span = Span::from_ms(10);

/// What a device has done with the radio's windows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WindowCounters {
    /// Windows that were worked in.
    pub windows: u32,
    /// Those among them that the radio had refused at first.
    pub forced: u32,
    /// Refused requests.
    pub refusals: u32,
    /// Calls that found no time within their limit.
    pub timeouts: u32,
}

/// How far an operation in windows has come.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Course {
    /// When the flash call began that the operation is a part of.
    call: Time,
    /// Units of the operation, and those that are done.
    units: u32,
    done: u32,
    /// Refusals since the last window.
    refusals: u32,
    /// Tick of the last request, where windows begin at ticks.
    tick: Time,
    /// Tick of the last window, or the one before the first of the call.
    last_window: Option<Time>,
    /// Units that the window has seen, of this operation or the one before it in the same call.
    used: u32,
    /// End of the granted time.
    granted: Time,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, Default)]
enum Stage {
    /// The radio has been asked for time and will answer.
    #[default]
    Asked,
    /// The driver asks again at this moment.
    Pause(Time),
    /// The radio may end what it does, up to this moment.
    Abort(Time),
    /// The radio is off; the work begins at this moment.
    Settle(Time),
    /// Units are being done.
    Work { since: Time, until: Time, units: u32 },
}

/// An erase is over, and the call may go on with the next page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tail {
    /// When it was over: the call goes on at once or not at all.
    at: Time,
    /// Address of the next page.
    next: u32,
    /// The window is still open: there is time for more in it.
    open: bool,
    course: Course,
}

impl Course {
    /// The units that the next window would do.
    const fn left(&self) -> u32 {
        self.units - self.done
    }
}

impl Device {
    /// What it has done with the radio's windows.
    pub fn window_counters(&self) -> WindowCounters {
        self.windows
    }

    /// An operation begins that shares time with the radio.
    #[cold]
    #[inline(never)]
    pub(crate) fn begin_shared(&mut self, now: Time, op: FlashOp) {
        let units = self.units_of(&op);
        let tail = self.tail.take();
        self.work = Work::Shared(op);
        if let Some(Tail { next, open, course, .. }) = tail.filter(|tail| tail.at == now) {
            if self.is_erase() && self.address() == next {
                self.course = Course { units, done: 0, ..course };
                return if open { self.work_in_window(now) } else { self.next_request(now) };
            }
            if open {
                self.out.push_back(FlashOut::Slot(Slot::Done));
            }
        }
        self.course = Course { call: now, units, tick: now, ..Course::default() };
        self.request();
    }

    /// When the work goes on by itself.
    #[cold]
    #[inline(never)]
    pub(crate) fn shared_deadline(&self) -> Time {
        let limit = self.course.call + self.rules.limit;
        match self.course.stage {
            Stage::Asked => limit,
            Stage::Pause(until) => until.min(limit),
            Stage::Abort(until) | Stage::Settle(until) | Stage::Work { until, .. } => until,
        }
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn shared_on_deadline(&mut self, now: Time) {
        let over = now >= self.course.call + self.rules.limit;
        match self.course.stage {
            Stage::Asked => {
                self.out.push_back(FlashOut::Slot(Slot::Done));
                self.fail();
            }
            Stage::Pause(_) if over => self.fail(),
            Stage::Pause(_) => self.request(),
            Stage::Abort(until) => {
                self.out.push_back(FlashOut::Slot(Slot::Abort));
                self.course.stage = Stage::Settle(until + self.pace().settle);
            }
            Stage::Settle(_) => self.work_in_window(now),
            Stage::Work { since, until, units } => self.end_window(since, until, units),
        }
    }

    /// The radio answers the request for time.
    #[cold]
    #[inline(never)]
    pub(crate) fn shared_answered(&mut self, now: Time, slot: Slot) {
        if !matches!(self.course.stage, Stage::Asked) {
            return;
        }
        match slot {
            Slot::Grant { until } => {
                let pace = *self.pace();
                self.course.granted = until;
                self.course.used = 0;
                self.course.last_window = Some(self.course.tick);
                if pace.abort.is_zero() {
                    self.work_in_window(now);
                } else {
                    self.course.stage = Stage::Abort(now + pace.abort);
                }
            }
            Slot::Deny => self.refused(now),
            Slot::Ask { .. } | Slot::Claim { .. } | Slot::Abort | Slot::Done => {}
        }
    }

    /// The supply fails.
    #[cold]
    #[inline(never)]
    pub(crate) fn shared_power_off(&mut self, now: Time, op: &FlashOp, cut: Cut) {
        let Course { done, stage, .. } = self.course;
        let pace = *self.rules.pace(matches!(op, FlashOp::Erase { .. }));
        let before = pace.unit * u64::from(done);
        let (begun, in_progress) = match stage {
            Stage::Work { since, .. } => (true, now.since(since).saturating_sub(pace.overhead)),
            _ => (done > 0, Span::ZERO),
        };
        if !begun {
            return;
        }
        self.nor.holding_mut(op.at()).add_busy(in_progress);
        if let FlashOp::Erase { at } = *op
            && done > 0
            && self.part().needs_erase()
        {
            self.nor.holding_mut(at).erase_partly(at, before);
        }
        self.nor.tear(op, before + in_progress, cut);
        self.out.push_back(FlashOut::Trace(FlashEvent::Cut { kind: OpKind::of(op), at: op.at() }));
    }

    /// Gives back the window that nobody goes on with.
    #[cold]
    #[inline(never)]
    pub(crate) fn close_tail(&mut self) {
        if self.tail.take().is_some_and(|tail| tail.open) {
            self.out.push_back(FlashOut::Slot(Slot::Done));
        }
    }

    /// When a window must be given back that is kept open for the next page.
    pub(crate) fn tail_deadline(&self) -> Option<Time> {
        self.tail.as_ref().filter(|tail| tail.open).map(|tail| tail.at)
    }

    fn op(&self) -> &FlashOp {
        match &self.work {
            Work::Shared(op) => op,
            other => unreachable!("no operation in windows: {other:?}"),
        }
    }

    fn is_erase(&self) -> bool {
        matches!(self.op(), FlashOp::Erase { .. })
    }

    /// Whether a call that erases this page may go on with the next one. A `SoftDevice` knows calls
    /// of one page only.
    fn may_go_on(&self) -> bool {
        self.is_erase() && self.rules.radio != RadioSync::SoftDevice
    }

    fn address(&self) -> u32 {
        self.op().at()
    }

    fn pace(&self) -> &Pace {
        self.rules.pace(self.is_erase())
    }

    fn units_of(&self, op: &FlashOp) -> u32 {
        match op {
            FlashOp::Erase { .. } => self.rules.units(true, 0),
            FlashOp::Write { data, .. } => self.rules.units(false, data.len() as u32),
            FlashOp::Copy { len, .. } => self.rules.units(false, *len),
        }
    }

    /// Asks the radio for time. The driver does not look how much is left of a page when it works on,
    /// so that the last window of a page has room for the first units of the next one.
    fn request(&mut self) {
        let Course { tick, refusals, last_window, call, .. } = self.course;
        let units = if self.may_go_on() { u32::MAX } else { self.course.left() };
        let len = self.pace().request(units);
        let high = match self.rules.radio {
            RadioSync::SoftDevice => refusals >= SOFTDEVICE_REFUSALS,
            _ => refusals > 0,
        };
        let slot = if self.rules.radio == RadioSync::Ticker {
            let age = tick.since(last_window.unwrap_or(call));
            let first = if last_window.is_none() { self.pace().period } else { Span::ZERO };
            Slot::Claim { len, age: age + first }
        } else {
            let priority = if high { Priority::High } else { Priority::Normal };
            Slot::Ask { len, priority }
        };
        let kind = OpKind::of(self.op());
        self.out.push_back(FlashOut::Trace(FlashEvent::Ask {
            kind,
            high,
            len_us: len.as_us() as u32,
        }));
        self.out.push_back(FlashOut::Slot(slot));
        self.course.stage = Stage::Asked;
    }

    fn refused(&mut self, now: Time) {
        let first = self.course.refusals == 0;
        self.course.refusals += 1;
        self.windows.refusals += 1;
        match self.rules.radio {
            RadioSync::Ticker => self.wait_for_tick(now),
            RadioSync::Mpsl if first => self.request(),
            _ => self.course.stage = Stage::Pause(now + RETRY),
        }
    }

    /// Asks for another window, as early as the driver does.
    fn next_request(&mut self, now: Time) {
        if now >= self.course.call + self.rules.limit {
            self.fail();
        } else if self.rules.radio == RadioSync::Ticker {
            // Ticks within the slot that was reserved are skipped, whatever was done in it.
            let reserved = self.course.tick + self.pace().request(0);
            self.wait_for_tick(now.max(reserved));
        } else {
            self.request();
        }
    }

    /// Waits for the first tick at or after `from`, but a later one than the last.
    fn wait_for_tick(&mut self, from: Time) {
        let period = self.pace().period;
        let ahead = from.since(self.course.tick).as_ns();
        let ticks = ahead.div_ceil(period.as_ns().max(1)).max(1);
        self.course.tick += period * ticks;
        self.course.stage = Stage::Pause(self.course.tick);
    }

    /// Begins to work in the window that is open, with as many units as it has room for.
    fn work_in_window(&mut self, now: Time) {
        let pace = *self.pace();
        let Course { granted, used, .. } = self.course;
        let units = self
            .course
            .left()
            .min(pace.per_window.saturating_sub(used))
            .min(pace.fitting(granted.since(now)));
        if units == 0 {
            // Less was granted than was asked for.
            self.out.push_back(FlashOut::Slot(Slot::Done));
            return self.refused(now);
        }
        let work = pace.work(units);
        if self.course.done == 0 {
            let event = self.start_event(self.op());
            self.out.push_back(FlashOut::Trace(event));
        }
        let (kind, erase) = (OpKind::of(self.op()), self.is_erase());
        self.out.push_back(FlashOut::Trace(FlashEvent::Window {
            kind,
            units: units as u16,
            len_us: work.as_us() as u32,
        }));
        let until = now + work;
        self.out.push_back(FlashOut::Busy { until, erase });
        self.course.stage = Stage::Work { since: now, until, units };
        if used == 0 {
            self.windows.windows += 1;
            self.windows.forced += u32::from(self.course.refusals > 0);
        }
        self.course.refusals = 0;
    }

    fn end_window(&mut self, since: Time, now: Time, units: u32) {
        let pace = *self.pace();
        self.course.done += units;
        self.course.used += units;
        let busy = now.since(since).saturating_sub(pace.overhead);
        let at = self.address();
        self.nor.holding_mut(at).add_busy(busy);
        if self.course.left() > 0 {
            self.out.push_back(FlashOut::Slot(Slot::Done));
            return self.next_request(now);
        }
        let goes_on = self.may_go_on();
        let Work::Shared(op) = std::mem::replace(&mut self.work, Work::Idle) else { return };
        self.nor.apply(&op);
        self.out.push_back(FlashOut::Trace(FlashEvent::End { kind: OpKind::of(&op), at }));
        let room = pace.fitting(self.course.granted.since(now)) > 0;
        let open = goes_on && room && self.course.used < pace.per_window;
        if !open {
            self.out.push_back(FlashOut::Slot(Slot::Done));
        }
        let next = at + self.part().geometry.page;
        self.tail = goes_on.then_some(Tail { at: now, next, open, course: self.course });
        self.out.push_back(FlashOut::Done { data: buffer_of(op) });
    }

    /// The call found no time within its limit. What is written is written; a page whose erase has
    /// begun is in between.
    #[cold]
    fn fail(&mut self) {
        let done = self.course.done;
        let Work::Shared(op) = std::mem::replace(&mut self.work, Work::Idle) else { return };
        let kind = OpKind::of(&op);
        let at = op.at();
        self.windows.timeouts += 1;
        if done > 0 {
            let octets = done * crate::Geometry::WORD;
            match op {
                FlashOp::Erase { at } if !self.part().needs_erase() => {
                    self.nor.holding_mut(at).write(at, &vec![0xff; octets as usize]);
                }
                FlashOp::Erase { at } => {
                    let time = self.rules.erase.unit * u64::from(done);
                    self.nor.holding_mut(at).erase_partly(at, time);
                }
                FlashOp::Write { at, ref data } => {
                    self.nor.holding_mut(at).write(at, &data[..octets as usize]);
                }
                FlashOp::Copy { from, to, .. } => {
                    self.nor.apply(&FlashOp::Copy { from, to, len: octets });
                }
            }
        }
        self.out.push_back(FlashOut::Trace(FlashEvent::Failed { kind, at }));
        self.out.push_back(FlashOut::Failed { data: buffer_of(op) });
    }
}

/// The buffer of a write, to be given back.
fn buffer_of(op: FlashOp) -> Vec<u8> {
    if let FlashOp::Write { data, .. } = op { data } else { Vec::new() }
}
