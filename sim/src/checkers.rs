//! What must hold at the end of every run, whatever was lost and whenever the supply failed.
//!
//! A run that fails is no violation: a client may give up. A device that does not boot any more, or
//! an update that is reported as done and is not, is one. The checkers look at the report and at the
//! flash that is left, and boot from it; so they serve as the oracle of property tests, also of
//! strategies of one's own.

use crate::image_file::ImageFile;
use crate::report::{self, Report};
use crate::trace::{Digest, Null};
use crate::world::{Prepared, World};
use client_model::Client;
use core::fmt;
use flash_model::{Area, BareDevice, BootResult, Cut, Device, FlashIn, FlashView as _, SyncConfig};
use sim_core::{Machine as _, Seed, Span, Time};

/// A finished run and what is wrong with it.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The run.
    pub report: Report,
    /// What does not hold; empty when all does.
    pub violations: Vec<Violation>,
}

/// Something that must hold and does not.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Violation {
    /// The next boot finds nothing to run.
    Bricked {
        /// How the boot loader ends.
        result: BootResult,
    },
    /// What the next boot runs is neither the old nor the new image, whole.
    WrongImage {
        /// Slot that it runs from.
        slot: u8,
    },
    /// The client reports the new image as running, and it does not run.
    NotRunning {
        /// What the client reports.
        outcome: &'static str,
    },
    /// The client reports the new image as confirmed, and a later boot goes back.
    NotConfirmed,
    /// The client reports the image as uploaded, and its slot holds something else.
    NotUploaded,
    /// The ten causes of the time budget do not add up to the duration.
    Budget {
        /// What they add up to.
        sum: Span,
        /// The duration.
        duration: Span,
    },
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bricked { result } => write!(f, "the next boot ends with {result:?}"),
            Self::WrongImage { slot } => {
                write!(f, "the next boot runs slot {slot}, which holds neither image whole")
            }
            Self::NotRunning { outcome } => {
                write!(f, "the client reports {outcome}, and the new image does not run")
            }
            Self::NotConfirmed => {
                f.write_str("the client reports confirmed, and a later boot goes back")
            }
            Self::NotUploaded => {
                f.write_str("the client reports uploaded, and the slot holds something else")
            }
            Self::Budget { sum, duration } => write!(
                f,
                "the causes add up to {} s of {} s",
                sum.as_secs_f64(),
                duration.as_secs_f64()
            ),
        }
    }
}

/// Runs a prepared scenario with this client to its end and checks what is left.
pub fn run(prepared: &Prepared, seed: u64, client: Client) -> Checked {
    let sink = (Digest::default(), report::Counts::new(), Null);
    let mut world = World::with_client(prepared, Seed(seed), sink, client);
    world.run();
    let (flash, now) = (world.device().flash().clone(), world.now());
    let (report, Null) = report::of(prepared, seed, world);
    let mut violations = Vec::new();
    violations.extend(budget(&report));
    violations.extend(flash_at_rest(prepared, &report, flash, now));
    Checked { report, violations }
}

fn budget(report: &Report) -> Option<Violation> {
    let (sum, duration) = (report.document.budget_s.total(), report.document.duration_s);
    (sum != duration).then_some(Violation::Budget { sum, duration })
}

/// Boots from what is left, twice, as after a supply that fails now.
fn flash_at_rest(
    prepared: &Prepared,
    report: &Report,
    mut flash: Device,
    now: Time,
) -> Vec<Violation> {
    flash.handle(now, FlashIn::PowerOff(Cut::Atomic), ());
    while flash.poll().is_some() {}
    flash.set_radio_sync(SyncConfig::default());
    let scenario = prepared.scenario();
    let layout = scenario.server.layout;
    let new = prepared.image().bytes();
    let old = ImageFile::generated(&scenario.slot0);
    let holds = |flash: &Device, slot: Area, image: &[u8]| {
        let len = image.len().min(slot.len as usize);
        flash.bytes(slot.start, len as u32) == &image[..len]
    };
    let mut violations = Vec::new();
    let offset = scenario.boot.upload_offset(&scenario.part.geometry);
    if report.document.outcome == "uploaded"
        && !holds(
            &flash,
            Area::new(layout.secondary().start + offset, layout.secondary().len - offset),
            new,
        )
        && !holds(&flash, layout.primary(), new)
    {
        violations.push(Violation::NotUploaded);
    }
    if report.document.outcome == "tested"
        && !layout.slots.iter().any(|slot| holds(&flash, *slot, new))
    {
        violations.push(Violation::NotRunning { outcome: report.document.outcome });
    }
    let mut bare = BareDevice { device: flash, now };
    let boot = |bare: &mut BareDevice| {
        bare.boot(&scenario.boot, layout, &mut ()).expect("the supply does not fail here")
    };
    let first = boot(&mut bare);
    let BootResult::Booted { slot, .. } = first else {
        violations.push(Violation::Bricked { result: first });
        return violations;
    };
    let area = layout.slots[usize::from(slot)];
    let runs_new = holds(&bare.device, area, new);
    if !runs_new && !holds(&bare.device, area, old.bytes()) {
        violations.push(Violation::WrongImage { slot });
    }
    if report.document.outcome == "confirmed" {
        if !runs_new {
            violations.push(Violation::NotRunning { outcome: report.document.outcome });
        }
        let second = boot(&mut bare);
        let stays = match second {
            BootResult::Booted { slot, .. } => {
                holds(&bare.device, layout.slots[usize::from(slot)], new)
            }
            _ => false,
        };
        if runs_new && !stays {
            violations.push(Violation::NotConfirmed);
        }
    }
    violations
}
