//! What each mode does where it differs from the others, and where a simple reimplementation goes
//! wrong.

use crate::rig::{Log, PAGE, Rig, Shape, image};
use flash_model::{
    BootEvent, BootMode, BootResult, Flag, FlashView as _, ImageBuilder, ImagePolicy, ImageVersion,
    Magic, SigningKey, SwapType, flags, generated_body, set_next, swap_type,
};

const SWAPS: [BootMode; 3] = [BootMode::SwapMove, BootMode::SwapOffset, BootMode::SwapScratch];
const OVERWRITE: BootMode = BootMode::OverwriteOnly { fast: true };
const XIP: BootMode = BootMode::DirectXip { revert: false };
const XIP_REVERT: BootMode = BootMode::DirectXip { revert: true };

/// Old image of 3 pages, new one of 2, a test asked for, in slots of 8.
fn pending(mode: BootMode) -> Rig {
    let mut rig = Shape::new(mode, 8).rig();
    rig.put(0, 1, 3 * PAGE);
    rig.put(1, 2, 2 * PAGE);
    rig.request(false);
    rig
}

/// Slot and major version of what runs.
fn runs(result: BootResult) -> Option<(u8, u8)> {
    match result {
        BootResult::Booted { slot, version, .. } => Some((slot, version.major)),
        BootResult::Dead | BootResult::Assertion(_) => None,
    }
}

fn boots(rig: &mut Rig) -> Option<(u8, u8)> {
    runs(rig.boot_through().0)
}

/// Erases of the pages of a slot from this one to the last, the first one first.
fn erases(rig: &Rig, slot: usize) -> Vec<String> {
    rig.layout.slots[slot].pages(PAGE).map(|at| format!("E {at:x} {PAGE:x}")).collect()
}

fn mark(rig: &mut Rig, slot: usize, active: bool, confirm: bool) {
    let ops = set_next(&rig.bare.device, rig.layout.slots[slot], active, confirm)
        .expect("a clean trailer");
    rig.run(ops, None, &mut Log::default()).expect("no cut was asked for");
}

/// An image of one page with something special about it.
fn special(major: u8, change: impl FnOnce(&mut ImageBuilder)) -> Vec<u8> {
    let mut builder =
        ImageBuilder { version: ImageVersion::new(major, 0, 0), ..ImageBuilder::default() };
    change(&mut builder);
    builder.build(generated_body(3000, u32::from(major))).expect("it fits together")
}

#[test]
fn a_bad_secondary_image_costs_its_whole_slot_upwards_and_an_empty_slot_only_its_trailer() {
    for mode in SWAPS {
        let mut bad = pending(mode);
        let at = (bad.upload_at(1) - bad.layout.secondary().start) as usize + 1000;
        bad.edit(bad.layout.secondary(), |slot| slot[at] ^= 1);
        let (result, log) = bad.boot_through();
        assert_eq!(runs(result), Some((0, 1)));
        assert_eq!(log.lines, erases(&bad, 1), "{mode:?}");
        assert!(bad.bare.device.is_blank(bad.layout.secondary()));

        let mut empty = Shape::new(mode, 8).rig();
        empty.put(0, 1, 3 * PAGE);
        empty.request(true);
        let (result, log) = empty.boot_through();
        assert_eq!(runs(result), Some((0, 1)));
        assert_eq!(log.lines, ["E f000 1000"], "{mode:?}");
        assert!(empty.bare.device.is_blank(empty.layout.secondary()));
    }
}

#[test]
fn trailer_pages_are_erased_from_the_last_one_down_and_their_number_follows_the_sector_limit() {
    for (mode, max_sectors) in [(BootMode::SwapMove, 400), (BootMode::SwapOffset, 600)] {
        let mut rig = Shape { max_sectors, ..Shape::new(mode, 12) }.rig();
        rig.put(0, 1, 3 * PAGE);
        rig.put(1, 2, 2 * PAGE);
        rig.request(false);
        let (_, log) = rig.boot_through();
        assert_eq!(log.lines[..2], ["E b000 1000", "E a000 1000"], "{mode:?}");
    }
}

#[test]
fn status_entries_are_as_wide_as_a_write_and_fields_lie_eight_apart() {
    for write_size in [4, 8] {
        let mut rig = Shape { write_size, ..Shape::new(BootMode::SwapMove, 8) }.rig();
        rig.put(0, 1, 2 * PAGE);
        rig.put(1, 2, 2 * PAGE);
        rig.request(false);
        rig.boot_through();
        let end = rig.layout.primary().end();
        let octet = |below: u32| rig.bare.device.bytes(end - below, 1)[0];
        assert_eq!((octet(32), octet(40)), (1, 2), "copy_done and swap_info");
        let status = end - 48 - 3 * 128 * write_size;
        let entry = |n: u32| rig.bare.device.bytes(status + n * write_size, 1)[0];
        assert_eq!([0, 1, 2, 127].map(entry), [1, 1, 0xff, 0xff]);
        assert_eq!([128, 129, 130, 131, 132].map(entry), [1, 2, 1, 2, 0xff]);
    }
}

#[test]
fn the_primary_status_stays_full_until_the_next_upgrade_and_the_secondary_trailer_is_clean() {
    for mode in SWAPS {
        let mut rig = pending(mode);
        rig.boot_through();
        rig.confirm();
        let [status, clean] = [0, 1].map(|slot| {
            let end = rig.layout.slots[slot].end();
            let len = rig.config.trailer_len(rig.layout.slots[slot], &rig.bare.device.geometry());
            rig.bare.device.bytes(end - len, len - 56).iter().any(|&octet| octet != 0xff)
        });
        assert!(status && !clean, "{mode:?}");
        assert_eq!(rig.trailer(1).magic, Magic::Unset);
        assert!(rig.boot_through().1.lines.is_empty(), "and later boots leave it alone");
        rig.upload(1, &image(3, PAGE + 600));
        rig.request(true);
        assert_eq!(boots(&mut rig), Some((0, 3)), "{mode:?}");
        assert_eq!(rig.bare.device.counters().overwritten_words, 0);
    }
}

/// A server must refuse such an upload.
#[test]
fn an_upload_without_request_during_a_trial_is_taken_for_the_image_to_go_back_to() {
    for mode in SWAPS {
        let mut rig = pending(mode);
        rig.boot_through();
        let third = image(3, PAGE + 600);
        rig.upload(1, &third);
        let (result, _) = rig.boot_through();
        if mode == BootMode::SwapOffset {
            assert_eq!(runs(result), None, "nothing bootable is left");
        } else {
            assert!(rig.holds(0, &third) && runs(result) == Some((0, 3)), "{mode:?}");
            assert_eq!(rig.trailer(0).image_ok, Flag::Set, "confirmed without having run");
        }
    }
}

#[test]
fn a_secondary_slot_erased_during_a_trial_leaves_the_trial_image_running() {
    for mode in SWAPS {
        let mut rig = pending(mode);
        rig.boot_through();
        rig.bare.device.clear(rig.layout.secondary());
        let logs = [(); 3].map(|()| {
            let (result, log) = rig.boot_through();
            assert_eq!(runs(result), Some((0, 2)), "{mode:?}");
            log.lines
        });
        if mode == BootMode::SwapMove {
            assert_eq!(logs[0], ["E f000 1000", "E 7000 1000"]);
            assert!(logs[1].is_empty() && rig.trailer(0).magic == Magic::Unset);
        } else {
            assert!(logs.iter().all(|lines| *lines == ["E f000 1000"]), "at every boot");
            assert_eq!(swap_type(&rig.bare.device, &rig.layout, mode), SwapType::Revert);
        }
    }
}

#[test]
fn an_empty_primary_slot_is_upgraded_by_scratch_and_overwrite_only() {
    for mode in [SWAPS[0], SWAPS[1], SWAPS[2], OVERWRITE, BootMode::OverwriteOnly { fast: false }] {
        let mut rig = Shape::new(mode, 8).rig();
        let new = rig.put(1, 2, 2 * PAGE + 5);
        rig.request(true);
        let (result, log) = rig.boot_through();
        if matches!(mode, BootMode::SwapMove | BootMode::SwapOffset) {
            assert_eq!(result, BootResult::Dead, "{mode:?}");
            assert!(log.lines.is_empty());
        } else {
            assert!(runs(result) == Some((0, 2)) && rig.holds(0, &new), "{mode:?}");
        }
    }
}

#[test]
fn a_request_for_an_empty_slot_stays_for_good_in_overwrite_only() {
    let mut rig = Shape::new(OVERWRITE, 8).rig();
    rig.put(0, 1, 3 * PAGE);
    rig.request(false);
    for _ in 0..3 {
        let (result, log) = rig.boot_through();
        assert!(runs(result) == Some((0, 1)) && log.lines.is_empty());
        assert_eq!(swap_type(&rig.bare.device, &rig.layout, OVERWRITE), SwapType::Test);
    }
}

#[test]
fn overwrite_only_writes_one_unit_behind_an_image_that_ends_on_a_page_boundary() {
    let mut rig = pending(OVERWRITE);
    let behind = 2 * PAGE;
    let (_, log) = rig.boot_through();
    assert!(log.lines.iter().any(|line| line.starts_with(&format!("W {behind:x} 4 "))));
    assert!(!log.lines.contains(&format!("E {behind:x} {PAGE:x}")), "a page that is not erased");
}

#[test]
fn overwrite_only_erases_a_page_that_only_a_few_octets_reach() {
    for tail in 1..=4 {
        let mut rig = Shape::new(OVERWRITE, 8).rig();
        rig.put(0, 1, 3 * PAGE);
        let new = rig.put(1, 2, 2 * PAGE + tail);
        rig.request(false);
        assert_eq!(boots(&mut rig), Some((0, 2)));
        assert!(rig.holds(0, &new), "{tail} octets in the third page");
    }
}

#[test]
fn swap_offset_wipes_an_upload_behind_an_old_header() {
    let mut rig = pending(BootMode::SwapOffset);
    rig.boot_through();
    rig.confirm();
    let third = image(3, PAGE + 600);
    // Only the pages that the upload itself covers are erased.
    let (at, len) = (rig.upload_at(1), 2 * PAGE);
    rig.bare.device.clear(flash_model::Area::new(at, len));
    rig.bare.device.load(at, &third);
    rig.request(false);
    let (result, log) = rig.boot_through();
    assert_eq!(runs(result), Some((0, 2)));
    assert_eq!(log.lines, erases(&rig, 1));
    let hash = |event: &BootEvent| matches!(event, BootEvent::Hash { slot: 1, .. });
    assert!(!log.events.iter().any(hash), "it is not even looked at");
}

/// MCUboot goes through its preparations again while the first page of a revert is in progress; by
/// then the end of the primary image may be erased, whose length it wants to know afterwards.
#[test]
fn swap_offset_stops_at_an_assertion_when_two_cuts_follow_at_the_start_of_a_revert() {
    let mut rig = Shape::new(BootMode::SwapOffset, 8).rig();
    rig.put(0, 1, 3 * PAGE);
    rig.put(1, 2, 3 * PAGE);
    rig.request(false);
    rig.boot_through();
    let (_, whole) = rig.clone().boot_through();
    let erase = whole.lines.iter().position(|line| line == "E 2000 1000").expect("the last page");
    rig.boot_cut_at(erase + 2);
    let mut once = rig.clone();
    assert_eq!(boots(&mut once), Some((0, 1)), "one cut is survived");
    let (_, again) = rig.clone().boot_through();
    let drop = again.lines.iter().rposition(|line| line.starts_with("W fff0 ")).expect("a request");
    rig.boot_cut_at(drop + 2);
    assert!(matches!(rig.boot_through().0, BootResult::Assertion(_)));
}

/// Taking up a swap in its last page, MCUboot takes the new header for the old one, and with it the
/// length of the new image for that of the old one.
#[test]
fn swap_offset_cut_in_its_last_page_loses_the_end_of_a_longer_old_image() {
    let mut rig = Shape::new(BootMode::SwapOffset, 12).rig();
    let old = rig.put(0, 1, 6 * PAGE);
    let new = rig.put(1, 2, 2 * PAGE);
    rig.request(false);
    let (_, whole) = rig.clone().boot_through();
    // The last page of the old image goes to this page of the secondary slot.
    let erase = whole.lines.iter().position(|line| line == "E 11000 1000").expect("page 5");
    rig.boot_cut_at(erase + 2);
    assert_eq!(boots(&mut rig), Some((0, 2)));
    assert!(rig.holds(0, &new) && !rig.holds(1, &old));
    assert_eq!(boots(&mut rig), Some((0, 2)), "so the revert is refused");
}

#[test]
fn slots_of_wrong_sizes_leave_the_request_where_it_is_at_every_boot() {
    let wrong = [(SWAPS[0], [8, 9]), (SWAPS[1], [9, 8]), (SWAPS[2], [8, 9]), (OVERWRITE, [8, 9])];
    for (mode, pages) in wrong {
        let mut rig = Shape { pages, ..Shape::new(mode, 8) }.rig();
        rig.put(0, 1, 3 * PAGE);
        rig.put(1, 2, 2 * PAGE);
        rig.request(false);
        for _ in 0..3 {
            let (result, log) = rig.boot_through();
            assert!(runs(result) == Some((0, 1)) && log.lines.is_empty(), "{mode:?}");
            assert_eq!(swap_type(&rig.bare.device, &rig.layout, mode), SwapType::Test);
        }
    }
}

#[test]
fn direct_xip_runs_the_higher_version_and_the_primary_one_among_equals() {
    for (versions, slot) in [([1, 2], 1), ([2, 1], 0), ([2, 2], 0)] {
        let mut rig = Shape::new(XIP, 8).rig();
        rig.put(0, versions[0], 2 * PAGE);
        rig.put(1, versions[1], PAGE);
        let (result, log) = rig.boot_through();
        assert_eq!(runs(result), Some((slot, *versions.iter().max().unwrap())));
        assert!(log.lines.is_empty());
    }
}

#[test]
fn direct_xip_passes_over_an_image_linked_for_another_address() {
    for (address, slot) in [(8 * PAGE, 1), (PAGE, 0)] {
        let mut rig = Shape::new(XIP, 8).rig();
        rig.put(0, 1, 2 * PAGE);
        let linked = special(2, |builder| builder.rom_fixed = address);
        rig.load(1, &linked);
        let (result, log) = rig.boot_through();
        assert_eq!(runs(result), Some((slot, slot + 1)));
        assert!(log.lines.is_empty() && rig.holds(1, &linked), "it is not erased");
    }
}

#[test]
fn direct_xip_with_revert_wipes_a_newer_image_without_a_mark() {
    let mut rig = Shape::new(XIP_REVERT, 8).rig();
    rig.put(0, 1, 2 * PAGE);
    mark(&mut rig, 0, true, true);
    rig.put(1, 2, PAGE);
    let (result, log) = rig.boot_through();
    assert_eq!(runs(result), Some((0, 1)));
    assert_eq!(log.lines, erases(&rig, 1));
}

#[test]
fn direct_xip_with_revert_gives_a_marked_image_one_start_unless_it_is_confirmed() {
    for confirmed in [false, true] {
        let mut rig = Shape::new(XIP_REVERT, 8).rig();
        rig.put(0, 1, 2 * PAGE);
        mark(&mut rig, 0, true, true);
        rig.put(1, 2, PAGE);
        mark(&mut rig, 1, false, false);
        let (result, log) = rig.boot_through();
        assert!(runs(result) == Some((1, 2)) && log.lines.len() == 1, "copy_done");
        if confirmed {
            mark(&mut rig, 1, true, true);
        }
        assert_eq!(boots(&mut rig), Some(if confirmed { (1, 2) } else { (0, 1) }));
        assert_eq!(rig.bare.device.is_blank(rig.layout.secondary()), !confirmed);
    }
}

#[test]
fn ram_load_takes_only_images_with_a_load_address() {
    for (load_addr, slot) in [(0x2000_0000, 1), (0, 0)] {
        let mut rig = Shape::new(BootMode::RamLoad, 8).rig();
        rig.load(0, &special(1, |builder| builder.load_addr = 0x2000_0000));
        rig.load(1, &special(2, |builder| builder.load_addr = load_addr));
        let (result, log) = rig.boot_through();
        assert_eq!(runs(result), Some((slot, slot + 1)));
        assert_eq!(log.erases, if slot == 1 { 0 } else { 8 }, "the other is erased");
    }
}

#[test]
fn a_single_slot_is_validated_and_the_other_area_ignored() {
    let mut rig = Shape::new(BootMode::SingleSlot, 8).rig();
    rig.put(0, 1, 2 * PAGE);
    rig.put(1, 2, PAGE);
    rig.request(true);
    let (result, log) = rig.boot_through();
    assert!(runs(result) == Some((0, 1)) && log.lines.is_empty());
    rig.edit(rig.layout.primary(), |slot| slot[1000] ^= 1);
    assert_eq!(rig.boot_through().0, BootResult::Dead);
}

#[test]
fn a_firmware_loader_stands_in_for_an_application_that_is_not_usable() {
    let mut rig = Shape::new(BootMode::FirmwareLoader, 8).rig();
    rig.put(0, 1, 2 * PAGE);
    rig.put(1, 2, PAGE);
    rig.request(true);
    assert_eq!(boots(&mut rig), Some((0, 1)), "a request means nothing");
    rig.edit(rig.layout.primary(), |slot| slot[1000] ^= 1);
    let (result, log) = rig.boot_through();
    assert!(runs(result) == Some((1, 2)) && log.lines.is_empty());
    rig.edit(rig.layout.secondary(), |slot| slot[1000] ^= 1);
    assert_eq!(rig.boot_through().0, BootResult::Dead);
}

#[test]
fn bootstrap_installs_over_an_unusable_primary_image_and_over_no_other() {
    for mode in [SWAPS[0], SWAPS[2], OVERWRITE] {
        for bootstrap in [false, true] {
            let mut rig = Shape::new(mode, 8).rig();
            rig.config.bootstrap = bootstrap;
            let new = rig.put(1, 2, 2 * PAGE + 100);
            let (result, log) = rig.boot_through();
            assert_eq!(runs(result), bootstrap.then_some((0, 2)), "{mode:?}");
            assert_eq!(rig.holds(0, &new), bootstrap);
            assert_eq!(log.lines.is_empty(), !bootstrap);
        }
        let mut good = Shape::new(mode, 8).rig();
        good.config.bootstrap = true;
        good.put(0, 1, PAGE);
        good.put(1, 2, PAGE);
        let (result, log) = good.boot_through();
        assert!(runs(result) == Some((0, 1)) && log.lines.is_empty(), "{mode:?}");
    }
}

#[test]
fn a_boot_loader_with_a_key_refuses_what_that_key_has_not_signed() {
    let key = |name: &str| {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../testdata/keys");
        let text = std::fs::read_to_string(format!("{folder}/{name}.pem")).expect("vendored");
        SigningKey::from_pem(&text).expect("a good key")
    };
    let (known, other) = (key("ed25519"), key("ecdsa_p256"));
    let policy = ImagePolicy::signed_with(known.verifying_key().clone());
    let signed = |major, key: Option<&SigningKey>| special(major, |b| b.key = key.cloned());
    for mode in [SWAPS[0], SWAPS[1], SWAPS[2], OVERWRITE, XIP] {
        for (with, accepted) in [(Some(&known), true), (Some(&other), false), (None, false)] {
            let mut rig = Shape::new(mode, 8).rig();
            rig.config.images = policy.clone();
            rig.load(0, &signed(1, Some(&known)));
            rig.load(1, &signed(2, with));
            if mode != XIP {
                rig.request(true);
            }
            let version = boots(&mut rig).map(|(_, version)| version);
            assert_eq!(version, Some(if accepted { 2 } else { 1 }), "{mode:?}");
            assert!(accepted || rig.bare.device.is_blank(rig.layout.secondary()), "{mode:?}");
        }
    }
}

#[test]
fn an_encrypted_image_is_refused_in_every_mode() {
    for mode in BootMode::ALL {
        let mut rig = Shape::new(mode, 8).rig();
        rig.put(0, 1, PAGE);
        rig.edit(rig.layout.primary(), |slot| slot[16] |= flags::ENCRYPTED_AES128 as u8);
        assert_eq!(rig.boot_through().0, BootResult::Dead, "{mode:?}");
    }
}
