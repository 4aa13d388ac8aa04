//! What runs after a boot, in the words of the reference.

use super::setup::{SLOTS, Setup};
use flash_model::{BareDevice, BootResult, FlashView as _};

pub(super) const NOTHING: &str = "-";
pub(super) const ASSERTION: &str = "ASSERT";

/// The image whose octets lie at the start of the booted slot: `NAME`, `NAME@secondary`, or
/// `?VERSION@SLOT` when it is none of the scenario's. Images may be equal octet by octet; the one
/// that is `expected` comes first then.
pub(super) fn name(setup: &Setup, rig: &BareDevice, result: BootResult, expected: &str) -> String {
    let (version, slot) = match result {
        BootResult::Booted { version, slot, .. } => (version, usize::from(slot)),
        BootResult::Dead => return NOTHING.to_owned(),
        BootResult::Assertion(_) => return ASSERTION.to_owned(),
    };
    let area = setup.layout.slots[slot];
    let lies_there = |image: &[u8]| {
        let len = image.len() as u32;
        len <= area.len && rig.device.bytes(area.start, len) == image
    };
    let at = if slot == 0 { String::new() } else { format!("@{}", SLOTS[slot]) };
    let mut names = Vec::new();
    for (name, image) in &setup.images {
        if lies_there(image) {
            names.push(format!("{name}{at}"));
        }
    }
    match names.iter().position(|name| name == expected) {
        Some(n) => names.swap_remove(n),
        None => names.into_iter().next().unwrap_or_else(|| format!("?{version}@{}", SLOTS[slot])),
    }
}

/// The condition of an assertion. The reference puts file and line before it, which are not ours.
pub(super) fn condition(assertion: &str) -> &str {
    match assertion.split_once(' ') {
        Some((place, condition)) if place.contains(':') => condition,
        _ => assertion,
    }
}
