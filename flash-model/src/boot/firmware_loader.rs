//! Standing in for an application that cannot be booted (`BOOT_FIRMWARE_LOADER_NO_APPLICATION`): the
//! secondary slot holds a recovery application. A pin, a boot mode or a pin reset, which start it on
//! purpose, are not modelled.

use super::BootResult;
use super::phase::{Phase, SECONDARY};
use super::plan::Plan;
use crate::image::{SlotState, slot_header, slot_state};
use crate::{BootEvent, SwapType};

/// Looks at the header of the firmware loader.
pub(super) fn look(plan: &mut Plan<'_>) -> Phase {
    match slot_state(plan.view, plan.layout.secondary()) {
        SlotState::NoImage | SlotState::Invalid => Phase::End(BootResult::Dead),
        SlotState::Hashable { len } => {
            plan.hash(SECONDARY, len);
            Phase::JudgeFirmwareLoader
        }
    }
}

/// Judges the firmware loader, which has been hashed.
pub(super) fn judge(plan: &mut Plan<'_>) -> Phase {
    let slot = plan.layout.secondary();
    match slot_header(plan.view, slot.start) {
        Ok(header) if plan.accepts(SECONDARY, slot) => Phase::End(BootResult::Booted {
            slot: SECONDARY as u8,
            version: header.version,
            swap: SwapType::None,
            resumed: false,
        }),
        _ => {
            plan.note(BootEvent::Refused { slot: SECONDARY as u8 });
            Phase::End(BootResult::Dead)
        }
    }
}
