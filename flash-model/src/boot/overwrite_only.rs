//! Copying the secondary image over the primary one (MCUboot `boot_copy_image` in `loader.c`). There
//! is no status and no way back: the request lies in the last page of the secondary slot, which is
//! erased last, so that a power cut repeats everything.

use super::BootMode;
use super::plan::{COPY_CHUNK, Plan};
use super::upgrade::{Unable, finish};
use crate::image::image_len;
use crate::{Area, BootEvent, SwapType};

/// A copy in progress.
#[derive(Clone, Copy, Debug)]
pub(super) struct OverwriteOnly {
    swap: SwapType,
    /// Only the length of the image is copied.
    fast: bool,
    /// Where the image lies.
    source: Area,
    /// Octets for which the primary slot is erased: the unit added behind the image is not counted.
    erased: u32,
    /// Octets to be copied.
    size: u32,
    stage: Stage,
}

#[derive(Clone, Copy, Debug)]
enum Stage {
    /// Erase this page of the primary slot.
    Erase { page: u32 },
    /// Erase the primary trailer.
    Trailer,
    /// Copy from this offset on.
    Copy { offset: u32 },
    /// Drop the request.
    Finish,
    /// Nothing is left to do.
    Over,
}

impl OverwriteOnly {
    /// A copy from its beginning.
    pub(super) fn new(plan: &Plan<'_>, swap: SwapType) -> Result<Self, Unable> {
        let fast = plan.config.mode == BootMode::OverwriteOnly { fast: true };
        let source = plan.secondary_image(swap);
        let (erased, size) = if fast {
            let len = image_len(plan.view, source).map_err(|_| Unable::Assertion("rc == 0"))?;
            // A whole write unit is added also when none is needed.
            let write_size = plan.view.geometry().write_size;
            (len, len + write_size - len % write_size)
        } else {
            let slot = plan.layout.primary();
            (slot.len, source.len.min(slot.len))
        };
        Ok(Self { swap, fast, source, erased, size, stage: Stage::Erase { page: 0 } })
    }

    /// Writes down the steps of the next page or stage; false when the copy is over.
    pub(super) fn refill(&mut self, plan: &mut Plan<'_>) -> bool {
        self.stage = match self.stage {
            Stage::Erase { page } => self.erase(plan, page),
            Stage::Trailer => {
                let slot = plan.layout.primary();
                let len = plan.trailer_pages() * plan.page();
                plan.erase_area(Area::new(slot.end() - len, len));
                Stage::Copy { offset: 0 }
            }
            Stage::Copy { offset } => self.copy(plan, offset),
            Stage::Finish => self.finish(plan),
            Stage::Over => return false,
        };
        true
    }

    fn erase(self, plan: &mut Plan<'_>, page: u32) -> Stage {
        let slot = plan.layout.primary();
        plan.erase_for_copy(slot.start + page * plan.page());
        if (page + 1) * plan.page() < self.erased {
            Stage::Erase { page: page + 1 }
        } else if self.fast {
            Stage::Trailer
        } else {
            Stage::Copy { offset: 0 }
        }
    }

    fn copy(self, plan: &mut Plan<'_>, offset: u32) -> Stage {
        let left = self.size - offset;
        let len = left.min(plan.page().max(COPY_CHUNK));
        plan.copy(self.source.start + offset, plan.layout.primary().start + offset, len);
        let (done, of) = (offset + len, self.size);
        plan.note(BootEvent::Copied {
            done: done.div_ceil(plan.page()) as u16,
            of: of.div_ceil(plan.page()) as u16,
        });
        if len < left { Stage::Copy { offset: offset + len } } else { Stage::Finish }
    }

    fn finish(self, plan: &mut Plan<'_>) -> Stage {
        let [primary, secondary] = plan.layout.slots;
        if self.fast {
            let magic = plan.map(primary).magic();
            plan.write(magic);
        }
        plan.erase(secondary.start);
        plan.erase(secondary.end() - plan.page());
        if plan.config.mode.swaps() {
            finish(plan, self.swap);
        }
        Stage::Over
    }
}
