//! Test and confirm in Zephyr 3.2: by the flags of the slot.

use super::flags::flags_of;
use super::slots::{PAIR, area, slot_count};
use super::state::{SetNext, layout_for};
use crate::groups::Context;
use crate::groups::erase_run::Run;
use flash_model::{SetPendingError, set_confirmed, set_pending};
use smp_wire::errors::Rc;

/// What a request to test or confirm a slot does.
pub(super) fn decide(slot: usize, confirm: bool, cx: &Context<'_>) -> Result<SetNext, Rc> {
    if slot == 0 && confirm { confirm_running(cx) } else { set_next(slot, confirm, cx) }
}

/// Confirms the running image: refused while a swap of the first image is pending
/// (`img_mgmt_state_confirm`).
fn confirm_running(cx: &Context<'_>) -> Result<SetNext, Rc> {
    let pending = (0..PAIR).any(|slot| flags_of(cx, slot).pending);
    let writes = if pending {
        Err(Rc::BadState)
    } else {
        set_confirmed(cx.flash, &cx.config.layout).map_err(|_| Rc::Unknown)
    };
    match writes {
        Err(rc) if !cx.quirks.confirm_hides_errors => Err(rc),
        writes => {
            let work = SetNext::writing(writes.unwrap_or_default());
            Ok(if cx.quirks.confirm_hides_errors { work.hiding_failure() } else { work })
        }
    }
}

/// Makes a slot the next to boot: refused for the image that will come back
/// (`img_mgmt_state_set_pending`), impossible for any but secondary slots
/// (`img_mgmt_write_pending`).
fn set_next(slot: usize, permanent: bool, cx: &Context<'_>) -> Result<SetNext, Rc> {
    if flags_of(cx, slot).confirmed && slot != 0 {
        return Err(Rc::BadState);
    }
    let two_images = slot_count(cx.config) == 2 * PAIR;
    if slot != 1 && !(two_images && slot == 3) {
        return Err(Rc::Unknown);
    }
    match set_pending(cx.flash, &layout_for(cx, slot), permanent) {
        Ok(writes) => Ok(SetNext::writing(writes)),
        Err(SetPendingError::BadMagic) => {
            let damaged = Run::new(area(cx.config, slot));
            let erase = if cx.quirks.damaged_trailer_costs_slot { damaged } else { Run::NONE };
            Ok(SetNext::erasing(erase, Rc::Unknown))
        }
    }
}
