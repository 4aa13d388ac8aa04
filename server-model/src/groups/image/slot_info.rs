//! Slot sizes.

use super::slots::{PAIR, active_slot, pair};
use crate::ServerConfig;
use crate::groups::Context;
use smp_wire::image::{ImageSlots, SlotInfo, emit_slot_info};

/// Tells the size of each slot, and the image number that uploads into it must say (Zephyr
/// `img_mgmt.c`, `img_mgmt_slot_info`). The payload of the request is not looked at.
#[inline(never)]
pub(crate) fn slot_info(cx: &Context<'_>, out: &mut Vec<u8>) {
    let images: Vec<_> = (0..=cx.config.more_images.len()).map(|image| slots(cx, image)).collect();
    emit_slot_info(out, &images, cx.form());
}

fn slots(cx: &Context<'_>, image: usize) -> ImageSlots {
    let active = active_slot(cx, image);
    let slots = pair(cx.config, image).into_iter().enumerate().map(|(n, area)| {
        let slot = PAIR * image + n;
        let upload_image_id = if cx.config.direct_upload {
            Some(slot as u32 + 1)
        } else {
            (slot != active).then_some(image as u32)
        };
        SlotInfo { slot: n as u32, size: Some(area.len.into()), upload_image_id }
    });
    ImageSlots {
        image: image as u32,
        slots: slots.collect(),
        max_image_size: max_image_size(cx.config, image),
    }
}

/// Told by servers that know the boot loader's footer, for slots that differ by no more than that
/// (`img_mgmt_slot_max_size`).
fn max_image_size(config: &ServerConfig, image: usize) -> Option<u32> {
    let [first, second] = pair(config, image).map(|area| area.len);
    let footer = config.update_footer?;
    (first.abs_diff(second) <= footer).then(|| first.wrapping_sub(footer))
}
