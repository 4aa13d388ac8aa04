//! The boot loader as a machine: takes the steps of its phases one by one.

use super::BootConfig;
use super::phase::Phase;
use super::plan::{Plan, Step};
use crate::{Area, BootEvent, FlashOp, FlashView, ImageVersion, Layout, SwapType};
use sim_core::{Machine, Span, Time};
use std::collections::VecDeque;

/// A fact for the boot loader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BootIn {
    /// Power is up.
    Start,
    /// The flash operation it asked for is over.
    FlashDone {
        /// The buffer of a write, back for the next one.
        data: Vec<u8>,
    },
}

/// What the boot loader says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BootOut {
    /// Carry this out and answer [`BootIn::FlashDone`].
    Flash(FlashOp),
    /// It is over; the loader does nothing more.
    Jump(BootResult),
    /// For the trace.
    Trace(BootEvent),
}

/// How a boot ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BootResult {
    /// An image runs.
    Booted {
        /// The slot it lies in: 0 primary, 1 secondary.
        slot: u8,
        /// Its version.
        version: ImageVersion,
        /// The swap that this boot carried out or completed.
        swap: SwapType,
        /// Whether that swap had been begun by an earlier boot.
        resumed: bool,
    },
    /// Nothing can be booted: the device stays in the boot loader.
    Dead,
    /// MCUboot stops at this assertion.
    Assertion(&'static str),
}

/// The boot loader of one power-up; a new one is made for each.
#[derive(Clone, Debug)]
pub struct BootLoader {
    config: BootConfig,
    layout: Layout,
    phase: Phase,
    steps: VecDeque<Step>,
    wait: Wait,
    /// Buffer of the next field write.
    spare: Vec<u8>,
    out: VecDeque<BootOut>,
}

/// What the step in progress waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wait {
    Nothing,
    Flash,
    Hash { until: Time },
}

impl BootLoader {
    /// A boot loader that waits for [`BootIn::Start`].
    pub fn new(config: BootConfig, layout: Layout) -> Self {
        Self {
            config,
            layout,
            phase: Phase::Off,
            steps: VecDeque::with_capacity(16),
            wait: Wait::Nothing,
            spare: Vec::new(),
            out: VecDeque::with_capacity(4),
        }
    }

    /// Takes steps until one has to be waited for, or the boot is over.
    ///
    /// Kept out of line: a world's upload path must not share the instruction cache with every mode.
    #[inline(never)]
    fn advance(&mut self, now: Time, view: &dyn FlashView) {
        while self.wait == Wait::Nothing {
            match self.steps.pop_front() {
                Some(step) => self.take(now, step, view),
                None if matches!(self.phase, Phase::Off) => return,
                None => {
                    if let Phase::End(result) = self.phase {
                        self.end(result);
                        return;
                    }
                    self.phase = self.phase.refill(&mut Plan {
                        view,
                        config: &self.config,
                        layout: &self.layout,
                        steps: &mut self.steps,
                    });
                }
            }
        }
    }

    fn take(&mut self, now: Time, step: Step, view: &dyn FlashView) {
        let op = match step {
            Step::Note(event) => return self.out.push_back(BootOut::Trace(event)),
            Step::Hash { at, len } => {
                let read = view.read_time(Area::new(at, len));
                self.wait = Wait::Hash { until: now + read + self.hash_time(len) };
                return;
            }
            Step::Erase { at } => FlashOp::Erase { at },
            Step::Copy { from, to, len } => FlashOp::Copy { from, to, len },
            Step::Write(field) => {
                let mut data = std::mem::take(&mut self.spare);
                data.clear();
                data.extend_from_slice(field.as_slice());
                FlashOp::Write { at: field.at, data }
            }
        };
        self.wait = Wait::Flash;
        self.out.push_back(BootOut::Flash(op));
    }

    fn hash_time(&self, len: u32) -> Span {
        match u64::from(self.config.sha_bytes_per_s) {
            0 => Span::ZERO,
            rate => Span::from_ns((u64::from(len) * 1_000_000_000).div_ceil(rate)),
        }
    }

    fn end(&mut self, result: BootResult) {
        self.phase = Phase::Off;
        let event = match result {
            BootResult::Booted { version, .. } => BootEvent::Done { version },
            BootResult::Dead => BootEvent::Dead,
            BootResult::Assertion(_) => BootEvent::Assertion,
        };
        self.out.push_back(BootOut::Trace(event));
        self.out.push_back(BootOut::Jump(result));
    }
}

impl Machine for BootLoader {
    type In = BootIn;
    type Out = BootOut;
    type Env<'e> = &'e dyn FlashView;

    fn handle(&mut self, now: Time, input: BootIn, env: &dyn FlashView) {
        match input {
            BootIn::Start => {
                *self = Self::new(self.config.clone(), self.layout);
                self.phase = Phase::Decide;
                self.out.push_back(BootOut::Trace(BootEvent::Start));
            }
            BootIn::FlashDone { data } => {
                if data.capacity() > 0 {
                    self.spare = data;
                }
                if self.wait == Wait::Flash {
                    self.wait = Wait::Nothing;
                }
            }
        }
        self.advance(now, env);
    }

    fn deadline(&self) -> Option<Time> {
        match self.wait {
            Wait::Hash { until } => Some(until),
            Wait::Nothing | Wait::Flash => None,
        }
    }

    fn on_deadline(&mut self, now: Time, env: &dyn FlashView) {
        if matches!(self.wait, Wait::Hash { .. }) {
            self.wait = Wait::Nothing;
        }
        self.advance(now, env);
    }

    fn poll(&mut self) -> Option<BootOut> {
        self.out.pop_front()
    }
}
