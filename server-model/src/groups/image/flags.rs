//! Flags of a slot in the image list, and whether a slot may be overwritten.

use super::next_boot::{Kind, NextBoot, image_of, next_boot, swap_of};
use super::slots::active_slot;
use crate::groups::Context;
use flash_model::{BootMode, SwapType};

/// Flags of a slot in the image list, without `bootable`, which is the image's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Flags {
    pub(super) pending: bool,
    pub(super) confirmed: bool,
    pub(super) active: bool,
    pub(super) permanent: bool,
}

/// Flags by the kind of swap that the trailers ask for (Zephyr 3.2 `img_mgmt_state.c`,
/// `img_mgmt_state_flags`). `confirmed` on another slot means: this image will come back.
const fn by_swap_type(swap: SwapType, active: bool) -> Flags {
    let other = !active;
    match swap {
        SwapType::None => Flags { active, confirmed: active, pending: false, permanent: false },
        SwapType::Test => Flags { active, confirmed: active, pending: other, permanent: false },
        SwapType::Perm => Flags { active, confirmed: active, pending: other, permanent: other },
        SwapType::Revert => Flags { active, confirmed: other, pending: false, permanent: false },
    }
}

/// Flags by what boots next (Zephyr 3.7 `img_mgmt_state.c`, `img_mgmt_state_read`).
fn by_next_boot(next: NextBoot, slot: usize, active: usize) -> Flags {
    if slot == active {
        let confirmed = next.kind != Kind::Revert;
        return Flags { active: true, confirmed, ..Flags::default() };
    }
    let due = next.slot == slot;
    Flags {
        active: false,
        confirmed: due && next.kind == Kind::Revert,
        pending: due && next.kind != Kind::Revert,
        permanent: due && next.kind == Kind::Normal,
    }
}

/// Flags of a slot as the trailers are now.
pub(super) fn flags_of(cx: &Context<'_>, slot: usize) -> Flags {
    let image = image_of(slot);
    if cx.quirks.only_slot_0_runs {
        by_swap_type(swap_of(cx, image), slot == 0)
    } else {
        by_next_boot(next_boot(cx, image), slot, active_slot(cx, image))
    }
}

/// Whether neither an upload nor an erase may touch the slot (Zephyr `img_mgmt_state.c`,
/// `img_mgmt_slot_in_use`).
pub(super) fn in_use(cx: &Context<'_>, slot: usize) -> bool {
    if cx.quirks.pending_slot_in_use {
        let Flags { pending, confirmed, active, .. } = flags_of(cx, slot);
        return active || confirmed || pending;
    }
    let image = image_of(slot);
    let active = active_slot(cx, image);
    if slot == active {
        return true;
    }
    match cx.config.boot_mode {
        BootMode::DirectXip { revert: false } | BootMode::RamLoad => false,
        _ => {
            let next = next_boot(cx, image);
            let due = slot == next.slot;
            due && (next.kind == Kind::Revert || !cx.config.allow_erase_pending)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Flags, Kind, NextBoot, by_next_boot, by_swap_type};
    use flash_model::SwapType;

    /// The flags as letters: active, confirmed, pending, Permanent.
    fn letters(flags: Flags) -> String {
        let Flags { pending, confirmed, active, permanent } = flags;
        [(active, 'a'), (confirmed, 'c'), (pending, 'p'), (permanent, 'P')]
            .iter()
            .filter_map(|&(set, letter)| set.then_some(letter))
            .collect()
    }

    #[test]
    fn each_kind_of_swap_has_its_flags_in_every_era() {
        let rows = [
            (SwapType::None, NextBoot { slot: 0, kind: Kind::Normal }, "ac", ""),
            (SwapType::Test, NextBoot { slot: 1, kind: Kind::Test }, "ac", "p"),
            (SwapType::Perm, NextBoot { slot: 1, kind: Kind::Normal }, "ac", "pP"),
            (SwapType::Revert, NextBoot { slot: 1, kind: Kind::Revert }, "a", "c"),
        ];
        for (swap, next, running, other) in rows {
            assert_eq!(letters(by_swap_type(swap, true)), running, "{swap:?}");
            assert_eq!(letters(by_swap_type(swap, false)), other, "{swap:?}");
            assert_eq!(letters(by_next_boot(next, 0, 0)), running, "{next:?}");
            assert_eq!(letters(by_next_boot(next, 1, 0)), other, "{next:?}");
        }
    }
}
