//! What the trailers make of the slots.

use crate::groups::Context;
use flash_model::{Area, BootMode, Magic, SlotImage, SwapType, Trailer, slot_image, swap_type};

/// The slot that runs.
pub(super) const ACTIVE: usize = 0;

/// Flags of a slot in the image list, without `bootable`, which is the image's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Flags {
    pub(super) pending: bool,
    pub(super) confirmed: bool,
    pub(super) active: bool,
    pub(super) permanent: bool,
}

/// Flags by the kind of swap that the trailers ask for (Zephyr 3.2 `img_mgmt_state.c`,
/// `img_mgmt_state_flags`). `confirmed` on the other slot means: this image will come back.
pub(super) const fn flags(swap: SwapType, slot: usize) -> Flags {
    let active = slot == ACTIVE;
    let other = !active;
    match swap {
        SwapType::None => Flags { active, confirmed: active, pending: false, permanent: false },
        SwapType::Test => Flags { active, confirmed: active, pending: other, permanent: false },
        SwapType::Perm => Flags { active, confirmed: active, pending: other, permanent: other },
        SwapType::Revert => Flags { active, confirmed: other, pending: false, permanent: false },
    }
}

/// Flags of a slot as the trailers are now.
pub(super) fn flags_of(cx: &Context<'_>, slot: usize) -> Flags {
    flags(swap_of(cx), slot)
}

/// What the application's own copy of MCUboot's table makes of the trailers.
fn swap_of(cx: &Context<'_>) -> SwapType {
    let layout = &cx.config.layout;
    match swap_type(cx.flash, layout, cx.config.boot_mode) {
        SwapType::Revert
            if cx.quirks.revert_needs_erased_magic
                && Trailer::read(cx.flash, layout.secondary()).magic != Magic::Unset =>
        {
            SwapType::None
        }
        swap => swap,
    }
}

/// Whether neither an upload nor an erase may touch the slot (Zephyr 3.2 `img_mgmt_state.c`,
/// `img_mgmt_slot_in_use`).
pub(super) fn in_use(cx: &Context<'_>, slot: usize) -> bool {
    let Flags { pending, confirmed, active, .. } = flags_of(cx, slot);
    active || confirmed || pending && cx.quirks.pending_slot_in_use
}

/// The image in a slot, if it can be read. With swap-offset an upload lies behind the first page of the
/// other slot, and the image that a swap has put there at its start.
pub(super) fn image_in(cx: &Context<'_>, slot: usize) -> Option<SlotImage> {
    let area = cx.config.layout.slots[slot];
    let uploaded = slot_image(cx.flash, upload_area(cx, slot));
    uploaded.or_else(|| slot_image(cx.flash, area))
}

/// Where an upload into a slot goes (Zephyr `boot_get_image_start_offset`).
pub(super) fn upload_area(cx: &Context<'_>, slot: usize) -> Area {
    let area = cx.config.layout.slots[slot];
    let spare = if cx.config.boot_mode == BootMode::SwapOffset && slot != ACTIVE {
        cx.flash.geometry().page
    } else {
        0
    };
    Area::new(area.start + spare, area.len - spare)
}

#[cfg(test)]
mod tests {
    use super::{Flags, flags};
    use flash_model::SwapType;

    /// The flags as letters: active, confirmed, pending, Permanent.
    fn letters(swap: SwapType, slot: usize) -> String {
        let Flags { pending, confirmed, active, permanent } = flags(swap, slot);
        [(active, 'a'), (confirmed, 'c'), (pending, 'p'), (permanent, 'P')]
            .iter()
            .filter_map(|&(set, letter)| set.then_some(letter))
            .collect()
    }

    #[test]
    fn each_kind_of_swap_has_its_flags() {
        let rows = [
            (SwapType::None, "ac", ""),
            (SwapType::Test, "ac", "p"),
            (SwapType::Perm, "ac", "pP"),
            (SwapType::Revert, "a", "c"),
        ];
        for (swap, running, other) in rows {
            assert_eq!((&*letters(swap, 0), &*letters(swap, 1)), (running, other), "{swap:?}");
        }
    }
}
