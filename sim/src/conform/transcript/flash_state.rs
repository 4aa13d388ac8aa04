//! What a session says of the slots between two steps: trailers, and pages that hold something.

use super::contents::GOOD_MAGIC;
use crate::report::hex;
use flash_model::{Area, Field, FlashView, TrailerMap};
use serde_json::{Value, json};

/// Whose octets lie in a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Octets {
    /// Those of the recorded device.
    Recorded,
    /// Some are made up, because the session does not state them.
    MadeUp,
}

/// The state of two slots in the form of a session.
pub(super) fn flash_state(flash: &dyn FlashView, slots: [Area; 2], secondary: Octets) -> Value {
    let mut state = json!({
        "slot0_trailer": trailer(flash, slots[0]),
        "slot1_trailer": trailer(flash, slots[1]),
        "slot1_pages_used": pages_used(flash, slots[1]),
    });
    if secondary == Octets::Recorded || flash.is_blank(slots[1]) {
        state["slot1_sha256"] = hex(&flash.sha256(slots[1])).into();
    }
    state
}

fn trailer(flash: &dyn FlashView, slot: Area) -> Value {
    let map = TrailerMap::new(slot, &flash.geometry());
    let octet = |field| flash.bytes(map.at(field), 1)[0];
    let magic = match flash.bytes(map.at(Field::Magic), 16) {
        magic if magic == GOOD_MAGIC => "good",
        magic if magic.iter().all(|&octet| octet == 0xff) => "unset",
        _ => "bad",
    };
    json!({
        "magic": magic,
        "image_ok": flag(octet(Field::ImageOk)),
        "copy_done": flag(octet(Field::CopyDone)),
        "swap_info": format!("{:02x}", octet(Field::SwapInfo)),
    })
}

fn flag(octet: u8) -> String {
    match octet {
        0x01 => "set".to_owned(),
        0xff => "unset".to_owned(),
        other => format!("{other:02x}"),
    }
}

/// First and last page of each stretch that is not erased.
fn pages_used(flash: &dyn FlashView, slot: Area) -> Vec<[u32; 2]> {
    let page = flash.geometry().page;
    let mut used: Vec<[u32; 2]> = Vec::new();
    for n in 0..slot.len / page {
        if flash.is_blank(Area::new(slot.start + n * page, page)) {
            continue;
        }
        match used.last_mut() {
            Some([_, last]) if *last + 1 == n => *last = n,
            _ => used.push([n, n]),
        }
    }
    used
}
