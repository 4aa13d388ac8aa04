//! A flash device with nobody around it but a radio that may leave it time.

use super::super::row::{Inputs, wrong};
use crate::conform::difference::Difference;
use flash_model::{Device, FlashEvent, FlashIn, FlashOp, FlashOut, Memory, Part, Qspi, SyncConfig};
use sim_core::{Machine as _, Slot, Span, Time};

/// Steps after which an operation counts as endless.
const STEPS: u32 = 1_000_000;

/// What the radio does when it is asked for time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Radio {
    /// Grants it at once.
    Grants,
    /// Grants it so many times, then never answers again.
    GrantsTimes(u32),
    /// Refuses it.
    Refuses,
}

/// Time that the device asked its radio for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) at: Time,
    pub(super) len: Span,
}

/// Work in a window that the radio left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    /// When it was granted.
    pub(super) granted: Time,
    /// When the work began.
    pub(super) began: Time,
    /// Words, slices or pages.
    pub(super) units: u32,
    /// How long they took.
    pub(super) len: Span,
}

/// What an operation came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Course {
    /// Time from its start to its end.
    pub(super) time: Span,
    pub(super) requests: Vec<Request>,
    pub(super) windows: Vec<Window>,
    /// The driver gave it up.
    pub(super) failed: bool,
}

/// The device and its clock.
#[derive(Clone, Debug)]
pub(super) struct Bench {
    pub(super) device: Device,
    pub(super) radio: Radio,
    now: Time,
    granted: Time,
}

impl Bench {
    /// An erased device that shares its time with nobody.
    pub(super) fn alone(part: Part) -> Self {
        Self::new(part, SyncConfig::default(), Radio::Grants)
    }

    /// An erased device beside a radio.
    pub(super) fn new(part: Part, sync: SyncConfig, radio: Radio) -> Self {
        let device = Device::new(part, sync);
        Self { device, radio, now: Time::ZERO, granted: Time::ZERO }
    }

    /// Carries out an operation, in virtual time.
    pub(super) fn run(&mut self, op: FlashOp) -> Result<Course, Difference> {
        self.device.check(&op).map_err(|error| {
            Difference::new("flash", "an operation that the part carries out", error)
        })?;
        let since = self.now;
        let mut course = Course::default();
        self.device.handle(self.now, FlashIn::Start(op), ());
        for _ in 0..STEPS {
            let (mut answers, mut over) = (Vec::new(), false);
            while let Some(out) = self.device.poll() {
                match out {
                    FlashOut::Slot(slot) => answers.extend(self.asked(slot, &mut course)),
                    FlashOut::Trace(FlashEvent::Window { units, len_us, .. }) => {
                        course.windows.push(Window {
                            granted: self.granted,
                            began: self.now,
                            units: units.into(),
                            len: Span::from_us(len_us.into()),
                        });
                    }
                    FlashOut::Done { .. } => over = true,
                    FlashOut::Failed { .. } => (over, course.failed) = (true, true),
                    FlashOut::Busy { .. } | FlashOut::Trace(_) => {}
                }
            }
            if over {
                course.time = self.now.since(since);
                return Ok(course);
            }
            if let Some(answer) = answers.pop() {
                self.device.handle(self.now, FlashIn::Slot(answer), ());
                continue;
            }
            let Some(due) = self.device.deadline() else { break };
            self.now = due;
            self.device.on_deadline(due, ());
        }
        Err(Difference::new("flash", "an operation that comes to an end", "none"))
    }

    /// What the radio answers, if it does.
    fn asked(&mut self, slot: Slot, course: &mut Course) -> Option<Slot> {
        let (Slot::Ask { len, .. } | Slot::Claim { len, .. }) = slot else { return None };
        course.requests.push(Request { at: self.now, len });
        let grants = match &mut self.radio {
            Radio::Grants => true,
            Radio::Refuses => return Some(Slot::Deny),
            Radio::GrantsTimes(0) => false,
            Radio::GrantsTimes(left) => {
                *left -= 1;
                true
            }
        };
        self.granted = self.now;
        grants.then(|| Slot::Grant { until: self.now + len })
    }
}

impl Course {
    /// Words, slices or pages of all windows.
    pub(super) fn units(&self) -> u64 {
        self.windows.iter().map(|window| u64::from(window.units)).sum()
    }

    /// Length of the first request.
    pub(super) fn first_request(&self) -> Result<Request, Difference> {
        let first = self.requests.first().copied();
        first.ok_or_else(|| Difference::new("flash", "a request for time", "none"))
    }
}

/// The part that the row names, or `default`; with its longest times where the row says
/// `corner: max`.
pub(super) fn part(inputs: &Inputs<'_>, default: Option<Part>) -> Result<Part, Difference> {
    let named = inputs.text_or("soc")?;
    let part = match named {
        Some(name) => Part::by_name(name.trim_end_matches("-app")),
        None => default,
    };
    let part = part.ok_or_else(|| wrong("soc", "a known part", named.unwrap_or("none")))?;
    match inputs.text_or("corner")? {
        None | Some("typ" | "typical") => Ok(part),
        Some("max") => Ok(slowest(part)),
        Some(other) => Err(wrong("corner", "typ or max", other)),
    }
}

/// The part with the longest times that its data state.
fn slowest(part: Part) -> Part {
    let memory = match part.memory {
        Memory::Qspi(qspi) => Memory::Qspi(slowest_qspi(qspi)),
        other => other,
    };
    Part { erase_page: part.erase_page_max.unwrap_or(part.erase_page), memory, ..part }
}

fn slowest_qspi(qspi: Qspi) -> Qspi {
    let erase = |span: Span| span * u64::from(qspi.erase_max_factor);
    let program = |span: Span| span * u64::from(qspi.program_max_factor);
    Qspi {
        erase_4k: erase(qspi.erase_4k),
        erase_32k: erase(qspi.erase_32k),
        erase_64k: erase(qspi.erase_64k),
        erase_chip: erase(qspi.erase_chip),
        program_page: program(qspi.program_page),
        program_first: program(qspi.program_first),
        program_further: program(qspi.program_further),
        ..qspi
    }
}
