//! An upgrade in progress, whatever the mode, and what all of them begin and end with.

use super::BootMode;
use super::overwrite_only::OverwriteOnly;
use super::plan::Plan;
use super::status::Interrupted;
use super::swap_move::SwapMove;
use super::swap_offset::SwapOffset;
use super::swap_scratch::SwapScratch;
use crate::image::{image_len, slot_header};
use crate::{Area, Field, SwapType};

/// The upgrade of one mode.
#[derive(Clone, Copy, Debug)]
pub(super) enum Upgrade {
    Move(SwapMove),
    Offset(SwapOffset),
    Scratch(SwapScratch),
    Overwrite(OverwriteOnly),
}

/// Why an upgrade cannot run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unable {
    /// MCUboot stops at this assertion: sizes in flash that no upgrade can have.
    Assertion(&'static str),
    /// A swap cannot be taken up again because a header is not where it must be by now.
    NoHeader,
}

impl Upgrade {
    /// An upgrade from its beginning, or with the primary trailer set up but no page moved
    /// (`initialised`).
    pub(super) fn new(plan: &Plan<'_>, swap: SwapType, initialised: bool) -> Result<Self, Unable> {
        Ok(match plan.config.mode {
            BootMode::SwapMove => Self::Move(SwapMove::new(plan, swap, initialised)?),
            BootMode::SwapOffset => Self::Offset(SwapOffset::new(plan, swap, initialised)?),
            BootMode::SwapScratch => Self::Scratch(SwapScratch::new(plan, swap)?),
            _ => Self::Overwrite(OverwriteOnly::new(plan, swap)?),
        })
    }

    /// An image put into a primary slot without one: copied, whatever the mode (MCUboot
    /// `boot_perform_update` with `MCUBOOT_BOOTSTRAP`).
    pub(super) fn bootstrap(plan: &Plan<'_>) -> Result<Self, Unable> {
        Ok(Self::Overwrite(OverwriteOnly::new(plan, SwapType::Revert)?))
    }

    /// A swap of which some status entries are written.
    pub(super) fn resume(plan: &Plan<'_>, found: &Interrupted) -> Result<Self, Unable> {
        let size = found.swap_size.ok_or(Unable::Assertion("fap != NULL"))?;
        Ok(match plan.config.mode {
            BootMode::SwapMove => Self::Move(SwapMove::resume(plan, found, size)?),
            BootMode::SwapOffset => Self::Offset(SwapOffset::resume(plan, found, size)?),
            _ => Self::Scratch(SwapScratch::resume(plan, found, size)?),
        })
    }

    /// Whether pages will change places. Otherwise the larger image leaves no room, and MCUboot only
    /// notes an outcome in the primary trailer (`swap_run`, `boot_perform_update`).
    pub(super) fn has_room(&self) -> bool {
        match self {
            Self::Move(swap) => swap.has_room(),
            Self::Offset(swap) => swap.has_room(),
            Self::Scratch(_) | Self::Overwrite(_) => true,
        }
    }

    /// Writes down the steps of the next page or stage; false when the upgrade is over.
    pub(super) fn refill(&mut self, plan: &mut Plan<'_>) -> bool {
        match self {
            Self::Move(swap) => swap.refill(plan),
            Self::Offset(swap) => swap.refill(plan),
            Self::Scratch(swap) => swap.refill(plan),
            Self::Overwrite(copy) => copy.refill(plan),
        }
    }
}

/// Octets of the larger of the two images (MCUboot `boot_swap_image`).
pub(super) fn larger_image(plan: &Plan<'_>, images: [Area; 2]) -> Result<u32, Unable> {
    let mut size = 0;
    for image in images {
        if slot_header(plan.view, image.start).is_ok() {
            let len = image_len(plan.view, image).map_err(|_| Unable::Assertion("rc == 0"))?;
            size = size.max(len);
        }
    }
    Ok(size)
}

/// Notes the outcome of a swap in the primary trailer: a test stays unconfirmed, the others must not
/// be reverted at the next boot (MCUboot `boot_perform_update`, `boot_complete_partial_swap`).
pub(super) fn finish(plan: &mut Plan<'_>, swap: SwapType) {
    if matches!(swap, SwapType::Perm | SwapType::Revert) {
        plan.confirm_primary();
    }
    if swap != SwapType::None {
        plan.write_flag(plan.layout.primary(), Field::CopyDone);
    }
}

/// Pages that `size` octets cover, one at least.
pub(super) fn pages(size: u32, page: u32) -> u32 {
    size.div_ceil(page).max(1)
}
