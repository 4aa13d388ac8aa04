//! What MCUboot does where the reference runs do not go.

use crate::rig::{PAGE, Rig};
use flash_model::{
    BootEvent, BootResult, Flag, FlashView as _, Magic, SwapType, Trailer, flags, swap_type,
};

/// Old image of 3 pages, new one of 2, in slots of 8.
fn pending() -> Rig {
    let mut rig = Rig::small(8);
    rig.put(0, 1, 3 * PAGE);
    rig.put(1, 2, 2 * PAGE);
    rig.request(false);
    rig
}

fn booted(result: BootResult) -> (u8, SwapType, bool) {
    match result {
        BootResult::Booted { version, swap, resumed, .. } => (version.major, swap, resumed),
        BootResult::Dead | BootResult::Assertion(_) => panic!("nothing boots"),
    }
}

/// A test swap whose power fails when the primary trailer is set up and no page has moved.
fn begun() -> Rig {
    let mut rig = pending();
    rig.boot_cut_at(6);
    assert_eq!(
        swap_type(&rig.bare.device, &rig.layout, rig.config.mode),
        SwapType::None,
        "the request is gone"
    );
    rig
}

#[test]
fn a_swap_that_has_not_moved_a_page_is_begun_again_without_setting_up_the_trailer() {
    let (result, log) = begun().boot_through();
    assert_eq!(booted(result), (2, SwapType::Test, true));
    assert_eq!(log.lines[..2], ["E f000 1000", "E 3000 1000"]);
    assert!(log.events.contains(&BootEvent::Decision { swap: SwapType::Test, resumed: true }));
}

#[test]
fn a_begun_swap_whose_image_went_bad_ends_as_if_reverted() {
    let mut rig = begun();
    rig.edit(rig.layout.secondary(), |slot| slot[5000] ^= 1);
    let (result, log) = rig.boot_through();
    assert_eq!(booted(result), (1, SwapType::None, false));
    assert_eq!(log.erases, 8, "the whole secondary slot");
    assert_eq!(log.writes, 1);
    assert_eq!(Trailer::read(&rig.bare.device, rig.layout.primary()).image_ok, Flag::Set);
    assert!(rig.bare.device.is_blank(rig.layout.secondary()));
}

#[test]
fn a_swap_with_half_its_headers_is_given_up() {
    let mut rig = pending();
    // Three pages are moved, the first new one is in place.
    rig.boot_cut_at(5 + 3 * 6 + 6 + 2);
    rig.edit(rig.layout.primary(), |slot| slot[PAGE as usize] = 0);
    let (result, log) = rig.boot_through();
    assert!(log.lines.is_empty());
    assert_eq!(result, BootResult::Dead, "half of the new image lies in the primary slot");
}

#[test]
fn an_old_image_without_room_to_move_only_gets_the_copy_done_mark() {
    let mut rig = Rig::small(8);
    rig.config.validate_primary = false;
    let old = rig.put(0, 1, 6 * PAGE + 1);
    rig.put(1, 2, 2 * PAGE);
    rig.request(false);
    let (result, log) = rig.boot_through();
    assert_eq!(booted(result), (1, SwapType::None, false));
    assert_eq!(log.lines.len(), 1);
    assert!(rig.holds(0, &old));
    let trailer = Trailer::read(&rig.bare.device, rig.layout.primary());
    assert_eq!((trailer.magic, trailer.copy_done), (Magic::Unset, Flag::Set));
    assert_eq!(
        swap_type(&rig.bare.device, &rig.layout, rig.config.mode),
        SwapType::Test,
        "the request stays"
    );
}

#[test]
fn a_revert_with_nothing_to_go_back_to_drops_both_trailers() {
    let mut rig = pending();
    rig.boot_through();
    rig.bare.device.clear(rig.layout.secondary());
    let (result, log) = rig.boot_through();
    assert_eq!(booted(result), (2, SwapType::None, false));
    assert_eq!(log.lines, ["E f000 1000", "E 7000 1000"]);
    assert_eq!(swap_type(&rig.bare.device, &rig.layout, rig.config.mode), SwapType::None);
    assert!(rig.boot_through().1.lines.is_empty());
}

#[test]
fn an_image_that_forbids_booting_counts_as_none() {
    let mut rig = pending();
    rig.edit(rig.layout.secondary(), |slot| slot[16] |= flags::NON_BOOTABLE as u8);
    let (result, log) = rig.boot_through();
    assert_eq!(booted(result), (1, SwapType::None, false));
    assert_eq!(log.lines, ["E f000 1000"], "only the trailer");
}

#[test]
fn an_encrypted_image_is_refused_without_hashing() {
    let mut rig = pending();
    rig.edit(rig.layout.secondary(), |slot| slot[16] |= flags::ENCRYPTED_AES128 as u8);
    let (result, log) = rig.boot_through();
    assert_eq!(booted(result), (1, SwapType::None, false));
    assert_eq!(log.erases, 8);
    let hashed = |slot| {
        log.events.iter().any(|e| matches!(e, BootEvent::Hash { slot: s, .. } if *s == slot))
    };
    assert!(hashed(0) && !hashed(1));
    assert!(log.events.contains(&BootEvent::Refused { slot: 1 }));
}

#[test]
fn a_bad_primary_image_is_not_replaced_by_a_good_secondary_one() {
    let mut rig = Rig::small(8);
    rig.put(0, 1, 2 * PAGE);
    rig.put(1, 2, 2 * PAGE);
    rig.edit(rig.layout.primary(), |slot| slot[3000] ^= 0x80);
    let (result, log) = rig.boot_through();
    assert_eq!(result, BootResult::Dead);
    assert!(log.lines.is_empty());
    assert_eq!(log.events.last(), Some(&BootEvent::Dead));
}

/// Images of one page are the exception to "one more boot suffices" in swap-offset: in its last page
/// MCUboot looks for the old header in the primary slot, which is erased at that moment.
#[test]
fn swap_offset_cut_in_the_only_page_of_an_image_loses_the_device() {
    let mut rig = crate::rig::Shape::new(flash_model::BootMode::SwapOffset, 8).rig();
    rig.put(0, 1, 600);
    rig.put(1, 2, 600);
    rig.request(false);
    let (_, whole) = rig.clone().boot_through();
    let erase = whole.lines.iter().position(|line| line == "E 0 1000").expect("page 0 is swapped");
    rig.boot_cut_at(erase + 2);
    assert_eq!(rig.boot_through().0, BootResult::Dead);
}
