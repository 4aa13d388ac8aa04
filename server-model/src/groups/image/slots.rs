//! Slots by number, and where in them an image lies.
//!
//! Numbers run through all images: 0 and 1 are primary and secondary slot of image 0, 2 and 3 those
//! of image 1 (Zephyr `zephyr_img_mgmt.c`, `img_mgmt_flash_area_id`).

use super::next_boot::swap_of;
use crate::ServerConfig;
use crate::groups::Context;
use flash_model::{Area, BootMode, SlotImage, SwapType, slot_image_by};

/// Slots of one image.
pub(super) const PAIR: usize = 2;

/// Number of slots.
pub(super) fn slot_count(config: &ServerConfig) -> usize {
    PAIR * (1 + config.more_images.len())
}

/// Primary and secondary slot of an image.
pub(super) fn pair(config: &ServerConfig, image: usize) -> [Area; 2] {
    if image == 0 { config.layout.slots } else { config.more_images[image - 1] }
}

/// The slot of this number, which is below [`slot_count`].
pub(super) fn area(config: &ServerConfig, slot: usize) -> Area {
    pair(config, slot / PAIR)[slot % PAIR]
}

/// The slot that an image runs from (Zephyr `img_mgmt.c`, `img_mgmt_active_slot`). With several
/// images it is the primary one; early servers know no other.
pub(super) fn active_slot(cx: &Context<'_>, image: usize) -> usize {
    if image == 0 && cx.config.more_images.is_empty() && !cx.quirks.only_slot_0_runs {
        cx.config.active_slot.into()
    } else {
        PAIR * image
    }
}

/// The image in a slot, if it can be read.
pub(super) fn image_in(cx: &Context<'_>, slot: usize) -> Option<SlotImage> {
    slot_image_by(cx.flash, image_area(cx, slot), cx.quirks.hash_scan)
}

/// Where in a slot an image lies and an upload goes to. With swap-offset it is the second page of
/// the secondary slot, unless the image of before a trial lies there at the start (Zephyr
/// `subsys/dfu/boot/mcuboot.c`, `boot_get_image_start_offset`).
pub(super) fn image_area(cx: &Context<'_>, slot: usize) -> Area {
    let area = area(cx.config, slot);
    let secondary = slot % PAIR == 1;
    if cx.config.boot_mode != BootMode::SwapOffset
        || !secondary
        || swap_of(cx, slot / PAIR) == SwapType::Revert
    {
        return area;
    }
    let spare = cx.flash.geometry().page.min(area.len);
    Area::new(area.start + spare, area.len - spare)
}
