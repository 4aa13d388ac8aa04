//! Installing an image that nobody asked for, over a primary slot without a usable one (MCUboot
//! `boot_prepare_image_for_update` with `MCUBOOT_BOOTSTRAP`). It counts as a revert, so that the image
//! is confirmed at once.

use super::phase::{Outcome, Phase, SECONDARY, UNTOUCHED, upgrade_phase};
use super::plan::Plan;
use super::upgrade::Upgrade;
use crate::image::{SlotState, slot_state};
use crate::{BootEvent, SwapType};

/// Where a bootstrap stands.
#[derive(Clone, Copy, Debug)]
pub(super) enum Bootstrap {
    /// Look at the header of the primary image.
    LookAtPrimary,
    /// The primary image has been hashed.
    JudgePrimary,
    /// The primary image is not usable, the secondary one has been hashed.
    JudgeSecondary,
}

impl Bootstrap {
    /// Writes down the steps of this stage and says which phase follows.
    pub(super) fn refill(self, plan: &mut Plan<'_>) -> Phase {
        let primary = plan.layout.primary();
        match self {
            Self::LookAtPrimary => match slot_state(plan.view, primary) {
                SlotState::NoImage | SlotState::Invalid => look_at_secondary(plan),
                SlotState::Hashable { len } => {
                    plan.hash(0, len);
                    Phase::Bootstrap(Self::JudgePrimary)
                }
            },
            Self::JudgePrimary if plan.accepts(0, primary) => Phase::LookAtPrimary(UNTOUCHED),
            Self::JudgePrimary => look_at_secondary(plan),
            Self::JudgeSecondary => install(plan),
        }
    }
}

fn look_at_secondary(plan: &mut Plan<'_>) -> Phase {
    match slot_state(plan.view, plan.secondary_image(SwapType::Test)) {
        SlotState::NoImage | SlotState::Invalid => Phase::LookAtPrimary(UNTOUCHED),
        SlotState::Hashable { len } => {
            plan.hash(SECONDARY, len);
            Phase::Bootstrap(Bootstrap::JudgeSecondary)
        }
    }
}

fn install(plan: &mut Plan<'_>) -> Phase {
    if !plan.accepts(SECONDARY, plan.secondary_image(SwapType::Test)) {
        return Phase::LookAtPrimary(UNTOUCHED);
    }
    let swap = SwapType::Revert;
    plan.note(BootEvent::Decision { swap, resumed: false });
    upgrade_phase(Upgrade::bootstrap(plan), Outcome { swap, resumed: false })
}
