//! What is worth telling the owner of a dump.

use super::{Decision, ImageReport, NextBoot, PhaseKind, Setup, TrailerReport};
use flash_model::{BootMode, FlashView, ImageHeader, SwapType};
use serde::Serialize;

/// One thing to know or to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "advice", rename_all = "snake_case")]
pub enum Advice {
    /// The image that is asked for is too long, and will be erased.
    TooLarge {
        /// Slot, 0 or 1.
        slot: u8,
        /// Its octets.
        len: u32,
        /// The most that the mode takes.
        limit: u32,
    },
    /// An image that the boot looks at is not acceptable.
    NotAccepted {
        /// Slot, 0 or 1.
        slot: u8,
        /// Why.
        reason: String,
        /// Whether its slot will be erased.
        erased: bool,
    },
    /// A swap is asked for, but there is no image.
    NothingToInstall,
    /// The upload lies at the start of the slot, where swap-offset does not take it.
    WrongUploadAddress {
        /// Where it must begin.
        expected: u32,
    },
    /// The slots do not fit together: what is pending stays so.
    SlotsIncompatible {
        /// Pages of the primary and the secondary slot.
        pages: [u32; 2],
        /// Most pages that the boot loader knows.
        max_sectors: u32,
    },
    /// A good image waits in the secondary slot, and nothing asks for it.
    NotPending,
    /// The image that runs is on trial, and this boot reverts it.
    ConfirmMissing,
    /// The image that the boot starts is on trial.
    OnTrial,
    /// A swap is in the middle; the next boot completes it.
    InterruptedSwap,
    /// A trailer that is neither valid nor erased.
    BadTrailer {
        /// Slot, 0 or 1.
        slot: u8,
    },
    /// The mode knows no way back.
    NoRevert,
    /// No image can be booted.
    NothingBootable,
}

/// All there is to tell.
pub(super) fn advice(
    view: &dyn FlashView,
    setup: &Setup,
    images: &[ImageReport],
    trailers: &[TrailerReport],
    decision: &Decision,
    next: &NextBoot,
) -> Vec<Advice> {
    let mode = setup.boot.mode;
    let upgrades = mode.swaps() || matches!(mode, BootMode::OverwriteOnly { .. });
    let mut found = Vec::new();
    if upgrades && !decision.slots_compatible {
        let pages = setup.layout.slots.map(|slot| slot.page_count(setup.geometry().page));
        let max_sectors = setup.boot.max_sectors;
        found.push(Advice::SlotsIncompatible { pages, max_sectors });
    }
    if upgrades && decision.in_progress() && next.run.ending.resumed {
        found.push(Advice::InterruptedSwap);
    }
    let refused = next.run.phases.iter().filter_map(|phase| match phase.kind {
        PhaseKind::Refuse { slot } => Some((slot, phase.erases > 0)),
        _ => None,
    });
    let moved = next.run.ending.swap != SwapType::None;
    for (slot, erased) in refused {
        let image = &images[usize::from(slot)];
        // After a swap what is refused is not what the dump holds in that slot.
        let elsewhere = moved && slot == 0;
        if !elsewhere && !image.erased {
            found.push(refusal(view, setup, image, slot, erased));
        }
    }
    if upgrades && decision.slots_compatible {
        found.extend(requests(setup, images, decision, next));
    }
    for (slot, trailer) in (0..2).zip(trailers) {
        if trailer.magic == "bad" {
            found.push(Advice::BadTrailer { slot });
        }
    }
    if !next.run.ending.booted() {
        found.push(Advice::NothingBootable);
    }
    found
}

fn refusal(
    view: &dyn FlashView,
    setup: &Setup,
    image: &ImageReport,
    slot: u8,
    erased: bool,
) -> Advice {
    let layout = &setup.layout;
    let start = layout.secondary().start;
    let misplaced = slot == 1
        && setup.boot.mode == BootMode::SwapOffset
        && ImageHeader::parse(view.bytes(start, ImageHeader::LEN)).is_ok();
    if misplaced {
        return Advice::WrongUploadAddress { expected: start + setup.geometry().page };
    }
    match image.image_len {
        Some(len) if len > image.limit => Advice::TooLarge { slot, len, limit: image.limit },
        _ => {
            let unmarked = "the trailer has no mark, or the image was started and not confirmed";
            let lower = "its version is lower than that of the primary image";
            let other = if setup.boot.downgrade_prevention { lower } else { unmarked };
            let reason = image.refusal.clone().unwrap_or_else(|| other.to_owned());
            Advice::NotAccepted { slot, reason, erased }
        }
    }
}

/// What follows from the request, or from its lack.
fn requests(
    setup: &Setup,
    images: &[ImageReport],
    decision: &Decision,
    next: &NextBoot,
) -> Vec<Advice> {
    let mut found = Vec::new();
    let ending = &next.run.ending;
    let secondary = &images[1];
    match decision.swap {
        SwapType::None if secondary.accepted && ending.swap == SwapType::None => {
            found.push(Advice::NotPending);
        }
        SwapType::Test | SwapType::Perm if secondary.erased && !ending.resumed => {
            found.push(Advice::NothingToInstall);
        }
        SwapType::Revert if ending.swap == SwapType::Revert && !ending.resumed => {
            found.push(Advice::ConfirmMissing);
        }
        _ => {}
    }
    if ending.swap == SwapType::Test {
        let overwrites = !setup.boot.mode.swaps();
        found.push(if overwrites { Advice::NoRevert } else { Advice::OnTrial });
    }
    found
}
