//! Test and confirm since Zephyr 3.5: by which slot boots next.

use super::errors::{
    IMAGE_ALREADY_PENDING, IMAGE_CONFIRMATION_DENIED, IMAGE_SETTING_TEST_TO_ACTIVE_DENIED,
    INVALID_IMAGE_HEADER_MAGIC, INVALID_IMAGE_VECTOR_TABLE,
};
use super::next_boot::{Kind, NextBoot, image_of, next_boot};
use super::slots::{active_slot, area};
use super::state::layout_for;
use crate::groups::Context;
use flash_model::{BootMode, FlashOp, set_confirmed, set_next, set_pending};
use smp_wire::errors::GroupError;

/// What becomes of a request that may be carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// It is so already.
    Nothing,
    /// The trailer is written.
    Write,
    /// Something else is to boot next.
    AlreadyPending,
}

/// The writes of a request to test or confirm a slot (`img_mgmt_set_next_boot_slot`).
pub(super) fn decide(
    slot: usize,
    confirm: bool,
    cx: &Context<'_>,
) -> Result<Vec<FlashOp>, GroupError> {
    let image = image_of(slot);
    let active = active_slot(cx, image);
    if cx.config.boot_mode == (BootMode::DirectXip { revert: true }) {
        return direct_xip(slot, active, confirm, cx);
    }
    if confirm && image != 0 && !may_confirm_other_image(slot == active, cx) {
        return Err(IMAGE_CONFIRMATION_DENIED);
    }
    if slot == active && !confirm {
        return Err(IMAGE_SETTING_TEST_TO_ACTIVE_DENIED);
    }
    match verdict(slot, active, confirm, next_boot(cx, image)) {
        Verdict::Nothing => Ok(Vec::new()),
        Verdict::Write => write(slot, slot == active, confirm, cx),
        Verdict::AlreadyPending => Err(IMAGE_ALREADY_PENDING),
    }
}

/// The table, one kind of next boot after the other. A test of the running slot does not get here.
#[expect(clippy::match_same_arms, reason = "a row for each case")]
fn verdict(slot: usize, active: usize, confirm: bool, next: NextBoot) -> Verdict {
    use Verdict::{AlreadyPending, Nothing, Write};
    match (next.kind, confirm, slot == next.slot) {
        (Kind::Test, false, true) => Nothing,
        (Kind::Test, ..) => AlreadyPending,
        (Kind::Normal, true, true) => Nothing,
        (Kind::Normal, true, false) if slot == active => AlreadyPending,
        (Kind::Normal, false, true) => AlreadyPending,
        (Kind::Normal, ..) => Write,
        (Kind::Revert, true, true) => Nothing,
        (Kind::Revert, true, false) => Write,
        (Kind::Revert, false, _) => AlreadyPending,
    }
}

/// Images besides the one that the server runs in
/// (`CONFIG_MCUMGR_GRP_IMG_ALLOW_CONFIRM_NON_ACTIVE_IMAGE_*`).
const fn may_confirm_other_image(running: bool, cx: &Context<'_>) -> bool {
    cx.config.confirm_other_images || cx.config.confirm_other_secondary && !running
}

/// MCUboot's `boot_set_next`.
fn write(
    slot: usize,
    active: bool,
    confirm: bool,
    cx: &Context<'_>,
) -> Result<Vec<FlashOp>, GroupError> {
    let layout = layout_for(cx, slot);
    if active {
        set_confirmed(cx.flash, &layout).map_err(|_| INVALID_IMAGE_VECTOR_TABLE)
    } else {
        set_pending(cx.flash, &layout, confirm).map_err(|_| INVALID_IMAGE_HEADER_MAGIC)
    }
}

/// Direct-xip with revert looks at nothing but the slot's own trailer.
fn direct_xip(
    slot: usize,
    active: usize,
    confirm: bool,
    cx: &Context<'_>,
) -> Result<Vec<FlashOp>, GroupError> {
    if slot == active && !confirm {
        return Err(IMAGE_SETTING_TEST_TO_ACTIVE_DENIED);
    }
    set_next(cx.flash, area(cx.config, slot), slot == active, confirm)
        .map_err(|_| INVALID_IMAGE_HEADER_MAGIC)
}
