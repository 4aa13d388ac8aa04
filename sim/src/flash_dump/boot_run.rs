//! One boot, really run on the contents of a dump.

use super::Setup;
use flash_model::{BareDevice, BootEvent, BootResult, Device, FlashEvent, OpKind, SwapType, Watch};
use serde::{Serialize, Serializer};
use sim_core::{Span, Time};

/// A boot and what it cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BootRun {
    /// How it ended.
    #[serde(flatten)]
    pub ending: Ending,
    /// Page erases.
    pub erases: u32,
    /// Write calls.
    pub writes: u32,
    /// Octets written.
    pub octets: u64,
    /// From power-up to the jump.
    #[serde(rename = "time_s", serialize_with = "seconds")]
    pub time: Span,
    /// What it did, in order.
    pub phases: Vec<Phase>,
}

/// How a boot ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ending {
    /// `booted`, `dead` or `assertion`.
    pub result: &'static str,
    /// The slot that the image runs from: 0 primary, 1 secondary.
    pub slot: Option<u8>,
    /// Version of that image.
    pub version: Option<String>,
    /// The swap carried out or completed.
    pub swap: SwapType,
    /// Whether an earlier boot had begun that swap.
    pub resumed: bool,
    /// The assertion that MCUboot stops at.
    pub assertion: Option<&'static str>,
}

/// A stretch of a boot, with its share of the cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Phase {
    /// What it does.
    #[serde(flatten)]
    pub kind: PhaseKind,
    /// Page erases.
    pub erases: u32,
    /// Write calls.
    pub writes: u32,
    /// Octets written.
    pub octets: u64,
    /// How long it takes.
    #[serde(rename = "time_s", serialize_with = "seconds")]
    pub time: Span,
}

/// What a stretch of a boot does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum PhaseKind {
    /// Reads the trailers.
    Decide {
        /// What they ask for.
        swap: SwapType,
        /// Whether an earlier boot had begun it.
        resumed: bool,
    },
    /// Hashes an image.
    Hash {
        /// 0 primary, 1 secondary.
        slot: u8,
        /// Octets hashed.
        len: u32,
    },
    /// Refuses an image, and erases its slot where the mode does that.
    Refuse {
        /// 0 primary, 1 secondary.
        slot: u8,
    },
    /// Sets up or clears trailers.
    Trailers,
    /// Moves pages up by one inside the primary slot.
    Move {
        /// First page of this boot, from 1.
        from: u16,
        /// Last page of this boot.
        to: u16,
        /// Pages of the larger image.
        of: u16,
    },
    /// Lets pages change places.
    Swap {
        /// First page of this boot, from 1.
        from: u16,
        /// Last page of this boot.
        to: u16,
        /// Pages of the larger image.
        of: u16,
    },
    /// Copies pages over the primary slot.
    Copy {
        /// First page of this boot, from 1.
        from: u16,
        /// Last page of this boot.
        to: u16,
        /// Pages of the image.
        of: u16,
    },
}

/// What flash operations cost.
#[derive(Clone, Copy, Debug, Default)]
struct Cost {
    erases: u32,
    writes: u32,
    octets: u64,
    time: Span,
}

/// The course of a boot as it comes.
#[derive(Default)]
struct Course {
    phases: Vec<Phase>,
    /// Flash operations since the last event.
    pending: Cost,
    /// When the operation in progress began.
    since: Time,
}

impl BootRun {
    /// Boots the device.
    pub(super) fn of(bare: &mut BareDevice, setup: &Setup) -> Self {
        let start = bare.now;
        let mut course = Course::default();
        let result = bare.boot(&setup.boot, setup.layout, &mut course).expect("nobody cuts power");
        course.settle();
        let sum = |of: fn(&Phase) -> u32| course.phases.iter().map(of).sum();
        Self {
            ending: Ending::new(result),
            erases: sum(|phase| phase.erases),
            writes: sum(|phase| phase.writes),
            octets: course.phases.iter().map(|phase| phase.octets).sum(),
            time: bare.now.since(start),
            phases: course.phases,
        }
    }
}

impl Watch for Course {
    fn flash(&mut self, _device: &Device, now: Time, event: FlashEvent) {
        match event {
            FlashEvent::Start { kind, len, .. } => {
                self.since = now;
                self.started(kind, len);
            }
            FlashEvent::End { .. } => self.pending.time += now.since(self.since),
            FlashEvent::Ask { .. }
            | FlashEvent::Window { .. }
            | FlashEvent::Failed { .. }
            | FlashEvent::Cut { .. } => {}
        }
    }

    fn boot(&mut self, event: BootEvent) {
        self.see(event);
    }

    fn hashed(&mut self, time: Span) {
        if let Some(last) = self.phases.last_mut() {
            last.time += time;
        }
    }
}

impl Course {
    fn started(&mut self, kind: OpKind, len: u32) {
        if kind == OpKind::Erase {
            self.pending.erases += 1;
        } else {
            self.pending.writes += 1;
            self.pending.octets += u64::from(len);
        }
    }

    /// Pages are told of when they are through, all else before it happens.
    fn see(&mut self, event: BootEvent) {
        let page = match event {
            BootEvent::Moved { done, of } => PhaseKind::Move { from: done, to: done, of },
            BootEvent::Swapped { done, of } => PhaseKind::Swap { from: done, to: done, of },
            BootEvent::Copied { done, of } => PhaseKind::Copy { from: 1, to: done, of },
            BootEvent::Decision { swap, resumed } => {
                return self.begin(PhaseKind::Decide { swap, resumed });
            }
            BootEvent::Hash { slot, len } => return self.begin(PhaseKind::Hash { slot, len }),
            BootEvent::Refused { slot } => return self.begin(PhaseKind::Refuse { slot }),
            BootEvent::Start | BootEvent::Done { .. } | BootEvent::Dead | BootEvent::Assertion => {
                return;
            }
        };
        match self.phases.last_mut().and_then(|last| last.kind.last_page(page)) {
            Some(last) => *last = page.page(),
            None => self.phases.push(Phase::new(page)),
        }
        self.charge();
    }

    fn begin(&mut self, kind: PhaseKind) {
        self.settle();
        self.phases.push(Phase::new(kind));
    }

    /// Operations that belong to no page: those of a refusal, or of trailers.
    fn settle(&mut self) {
        if self.pending.erases == 0 && self.pending.writes == 0 {
            return;
        }
        if !matches!(self.phases.last(), Some(Phase { kind: PhaseKind::Refuse { .. }, .. })) {
            self.phases.push(Phase::new(PhaseKind::Trailers));
        }
        self.charge();
    }

    fn charge(&mut self) {
        let cost = std::mem::take(&mut self.pending);
        if let Some(last) = self.phases.last_mut() {
            last.erases += cost.erases;
            last.writes += cost.writes;
            last.octets += cost.octets;
            last.time += cost.time;
        }
    }
}

impl Phase {
    const fn new(kind: PhaseKind) -> Self {
        Self { kind, erases: 0, writes: 0, octets: 0, time: Span::ZERO }
    }
}

impl PhaseKind {
    /// The last page of this stretch, when `next` goes on with it.
    fn last_page(&mut self, next: Self) -> Option<&mut u16> {
        match (self, next) {
            (Self::Move { to, .. }, Self::Move { .. })
            | (Self::Swap { to, .. }, Self::Swap { .. })
            | (Self::Copy { to, .. }, Self::Copy { .. }) => Some(to),
            _ => None,
        }
    }

    const fn page(self) -> u16 {
        match self {
            Self::Move { to, .. } | Self::Swap { to, .. } | Self::Copy { to, .. } => to,
            _ => 0,
        }
    }
}

impl Ending {
    fn new(result: BootResult) -> Self {
        let none = Self {
            result: "dead",
            slot: None,
            version: None,
            swap: SwapType::None,
            resumed: false,
            assertion: None,
        };
        match result {
            BootResult::Booted { slot, version, swap, resumed } => Self {
                result: "booted",
                slot: Some(slot),
                version: Some(version.to_string()),
                swap,
                resumed,
                ..none
            },
            BootResult::Dead => none,
            BootResult::Assertion(text) => {
                Self { result: "assertion", assertion: Some(text), ..none }
            }
        }
    }

    /// Whether an image runs.
    pub fn booted(&self) -> bool {
        self.slot.is_some()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands references")]
pub(super) fn seconds<S: Serializer>(span: &Span, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(span.as_secs_f64())
}
