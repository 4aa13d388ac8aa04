//! The image list.

use super::flags::{Flags, flags_of};
use super::next_boot::image_of;
use super::slots::{PAIR, image_in, slot_count};
use crate::groups::Context;
use flash_model::flags;
use smp_wire::image::{SlotState, VersionText, emit_state};

/// Answers with the list: each slot whose image can be read, in ascending order (Zephyr
/// `img_mgmt_state.c`, `img_mgmt_state_read`).
#[inline(never)]
pub(crate) fn list(cx: &Context<'_>, out: &mut Vec<u8>) {
    let slots: Vec<_> = (0..slot_count(cx.config)).filter_map(|slot| entry(cx, slot)).collect();
    emit_state(out, &slots, cx.form(), cx.config.frugal_list);
}

fn entry(cx: &Context<'_>, slot: usize) -> Option<SlotState> {
    let image = image_in(cx, slot)?;
    let Flags { pending, confirmed, active, permanent } = flags_of(cx, slot);
    let version = image.version;
    Some(SlotState {
        image: (!cx.config.more_images.is_empty()).then_some(image_of(slot) as u32),
        slot: (slot % PAIR) as u32,
        version: VersionText::from_parts(
            version.major,
            version.minor,
            version.revision,
            version.build,
        ),
        hash: Some(image.sha256),
        bootable: image.flags & flags::NON_BOOTABLE == 0,
        pending,
        confirmed,
        active,
        permanent,
    })
}
