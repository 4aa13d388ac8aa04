//! Which slot of an image boots next, as the application reads it from trailers and versions.

use super::slots::{PAIR, active_slot, area, image_in, pair};
use super::version::is_older;
use crate::groups::Context;
use flash_model::{BootMode, Flag, Layout, Magic, SwapType, Trailer, swap_type};

/// What boots next (Zephyr `img_mgmt_state.c`, `img_mgmt_get_next_boot_slot`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NextBoot {
    /// Number of the slot.
    pub(super) slot: usize,
    /// For how long.
    pub(super) kind: Kind,
}

/// Kind of the next boot (Zephyr `img_mgmt_priv.h`, `enum img_mgmt_next_boot_type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// For good.
    Normal,
    /// On trial.
    Test,
    /// Back to the image of before the trial that is going on.
    Revert,
}

/// What boots next of an image.
pub(super) fn next_boot(cx: &Context<'_>, image: usize) -> NextBoot {
    let active = active_slot(cx, image);
    match cx.config.boot_mode {
        BootMode::DirectXip { revert } => direct_xip(cx, active, revert),
        _ => by_swap_type(swap_of(cx, image), active),
    }
}

const fn by_swap_type(swap: SwapType, active: usize) -> NextBoot {
    let other = active ^ 1;
    match swap {
        SwapType::None => NextBoot { slot: active, kind: Kind::Normal },
        SwapType::Perm => NextBoot { slot: other, kind: Kind::Normal },
        SwapType::Test => NextBoot { slot: other, kind: Kind::Test },
        SwapType::Revert => NextBoot { slot: other, kind: Kind::Revert },
    }
}

/// The boot loader runs the newer image where it lies. With revert, only one whose trailer says so.
fn direct_xip(cx: &Context<'_>, active: usize, revert: bool) -> NextBoot {
    let other = active ^ 1;
    let stays = NextBoot { slot: active, kind: Kind::Normal };
    let (Some(running), Some(waiting)) = (image_in(cx, active), image_in(cx, other)) else {
        return stays;
    };
    let newer = is_older(running.version, waiting.version, cx.config);
    if !revert {
        return if newer { NextBoot { slot: other, ..stays } } else { stays };
    }
    match (mark(cx, active), mark(cx, other)) {
        (Mark::Revert, _) => NextBoot { slot: other, kind: Kind::Revert },
        (Mark::Once, Mark::Unset) => NextBoot { slot: active, kind: Kind::Test },
        (_, Mark::Forever) if newer => NextBoot { slot: other, kind: Kind::Normal },
        (_, Mark::Once) if newer => NextBoot { slot: other, kind: Kind::Test },
        _ => stays,
    }
}

/// What a trailer says to a direct-xip boot loader with revert (Zephyr `img_mgmt_state.c`,
/// `read_directxip_state`).
enum Mark {
    Unset,
    Once,
    Revert,
    Forever,
}

fn mark(cx: &Context<'_>, slot: usize) -> Mark {
    let trailer = Trailer::read(cx.flash, area(cx.config, slot));
    match trailer {
        Trailer { magic: Magic::Good, image_ok: Flag::Set, .. } => Mark::Forever,
        Trailer { magic: Magic::Good, copy_done: Flag::Set, .. } => Mark::Revert,
        Trailer { magic: Magic::Good, .. } => Mark::Once,
        _ => Mark::Unset,
    }
}

/// What the application's own copy of MCUboot's table makes of the trailers of an image.
pub(super) fn swap_of(cx: &Context<'_>, image: usize) -> SwapType {
    let layout = layout_of(cx, image);
    match swap_type(cx.flash, &layout, cx.config.boot_mode) {
        SwapType::Revert
            if cx.quirks.revert_needs_erased_magic
                && Trailer::read(cx.flash, layout.secondary()).magic != Magic::Unset =>
        {
            SwapType::None
        }
        swap => swap,
    }
}

/// The partitions as MCUboot sees them when it works on this image.
pub(super) fn layout_of(cx: &Context<'_>, image: usize) -> Layout {
    Layout { slots: pair(cx.config, image), ..cx.config.layout }
}

/// The image that a slot belongs to.
pub(super) const fn image_of(slot: usize) -> usize {
    slot / PAIR
}
