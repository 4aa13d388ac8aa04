//! Which slot an upload goes to.

use super::errors::Fault;
use super::flags::in_use;
use super::slots::slot_count;
use crate::groups::Context;

/// The slot for an upload that says this image number; `None` for a number whose flash area does
/// not exist, which is found out when it is opened (Zephyr `zephyr_img_mgmt.c`,
/// `img_mgmt_get_unused_slot_area_id`).
pub(super) fn upload_slot(cx: &Context<'_>, image: u32) -> Result<Option<usize>, Fault> {
    if !cx.config.more_images.is_empty() {
        slot_of_image(cx, image)
    } else if cx.config.direct_upload && image != 0 {
        direct_slot(cx, image)
    } else {
        // The number says nothing on a server with one image.
        [0, 1].into_iter().find(|&slot| !in_use(cx, slot)).map(Some).ok_or(Fault::NoSlot)
    }
}

/// Direct upload: number n is slot n - 1. The server computes with signed numbers.
fn direct_slot(cx: &Context<'_>, image: u32) -> Result<Option<usize>, Fault> {
    match image.wrapping_sub(1) {
        slot @ 0..2 => unless_in_use(cx, slot as usize),
        0x8000_0000.. => Err(Fault::NoSlot),
        _ => Ok(None),
    }
}

/// Several images: the slot of the image that does not run.
fn slot_of_image(cx: &Context<'_>, image: u32) -> Result<Option<usize>, Fault> {
    if cx.quirks.second_image_always_free {
        return match image {
            0 | u32::MAX => unless_in_use(cx, 1),
            1 => Ok(Some(3)),
            _ => Err(Fault::NoSlot),
        };
    }
    // Zephyr shifts the number without a look at its size.
    let slot = (image << 1 ^ 1) as usize;
    if slot < slot_count(cx.config) { unless_in_use(cx, slot) } else { Ok(None) }
}

fn unless_in_use(cx: &Context<'_>, slot: usize) -> Result<Option<usize>, Fault> {
    if in_use(cx, slot) { Err(Fault::NoSlot) } else { Ok(Some(slot)) }
}
