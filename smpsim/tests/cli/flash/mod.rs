//! `smpsim flash inspect`, on dumps that the models leave behind.

mod input;
mod rig;

use crate::documents::describes;
use crate::smpsim;
use flash_model::{BootMode, set_next};
use rig::{Dumped, image};
use serde_json::Value;

const MOVE: BootMode = BootMode::SwapMove;

#[track_caller]
fn says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no {part:?} in:\n{text}");
    }
}

#[track_caller]
fn advises(document: &Value, wanted: &[&str]) {
    let list = document["advice"].as_array().expect("a list");
    let names: Vec<_> = list.iter().map(|a| a["advice"].as_str().expect("a name")).collect();
    assert_eq!(names, wanted);
}

#[test]
fn before_an_update_nothing_is_asked_for() {
    let dump = Dumped::new(MOVE);
    let text = dump.text(0);
    says(
        &text,
        &[
            "primary    0x00c000 to 0x082000  13 of 118 pages used",
            "secondary  0x082000 to 0x0f8000  blank",
            "none: the header is erased",
            "row matched    none of the table",
            "the trailers ask for nothing",
            "result: version 1.0.0+0 runs from the primary slot\n",
            "the boot after that: the same image runs again",
        ],
    );
    assert!(!text.contains("note"), "{text}");
}

#[test]
fn a_pending_image_is_swapped_in_and_reverts_unless_confirmed() {
    let dump = Dumped::pending(MOVE, false);
    let text = dump.text(0);
    says(
        &text,
        &[
            "0x0f7ff0  magic      77c295f360d2ef7f3552500f2cb67980  good",
            "0x0f7fd8  swap_info  02                                swap type test, image 0",
            "row matched    \"secondary: magic good, image_ok unset\"",
            "moves pages 1 to 15 of 15 up by one",
            "swaps pages 1 to 15 of 15",
            "result: version 2.0.0+0 runs from the primary slot, after the test swap",
            "then reverts unless confirmed, and version 1.0.0+0 runs from the primary slot",
            "the new image will be on trial",
        ],
    );
    let json = dump.json(0);
    let next = &json["next_boot"];
    assert_eq!(json["decision"]["swap"], "test");
    assert_eq!(
        (&next["version"], &next["then"]["version"]),
        (&"2.0.0+0".into(), &"1.0.0+0".into())
    );
    assert_eq!(next["then_if_confirmed"]["swap"], "none");
    let phases = next["phases"].as_array().expect("a list");
    let sum = |field: &str| phases.iter().filter_map(|p| p[field].as_u64()).sum::<u64>();
    assert_eq!(next["erases"], sum("erases"));
    assert_eq!(next["octets"], sum("octets"));
    // Three erases a page, and one for each trailer.
    assert_eq!(next["erases"], 3 * 15 + 2);
    advises(&json, &["on_trial"]);
}

#[test]
fn a_permanent_request_stays() {
    let text = Dumped::pending(MOVE, true).text(0);
    says(
        &text,
        &[
            "row matched    \"secondary: magic good, image_ok set\"",
            "after the perm swap",
            "the boot after that: the same image runs again",
        ],
    );
    assert!(!text.contains("on trial"), "{text}");
}

#[test]
fn a_swap_cut_in_the_middle_is_taken_up() {
    let mut dump = Dumped::pending(MOVE, false);
    // Two trailers set up, then six operations a page: it breaks in the moves.
    dump.boot(Some(30));
    let text = dump.text(0);
    says(
        &text,
        &[
            "status source  the trailer of the primary, swap type test",
            "of 15 moved up",
            "takes up the interrupted swap, type test",
            "after the interrupted test swap is completed",
            "a swap was interrupted",
        ],
    );
    let json = dump.json(0);
    assert_eq!(json["decision"]["progress"]["stage"], "moving");
    let done = json["decision"]["entries"].as_u64().expect("a number");
    assert!(done > 0 && done < 15);
    let status = &json["trailers"][0]["status"];
    assert_eq!((&status[0]["value"], &status[0]["count"]), (&1.into(), &done.into()));
    assert_eq!(json["next_boot"]["resumed"], true);
    assert_eq!(json["next_boot"]["phases"][1]["from"], done + 1);

    dump.boot(Some(100));
    let text = dump.text(0);
    says(&text, &["interrupted: page ", " of 15 swapped"]);
}

#[test]
fn a_trial_reverts_and_a_confirmed_image_stays() {
    let mut dump = Dumped::pending(MOVE, false);
    dump.boot(None);
    let trial = dump.text(0);
    says(
        &trial,
        &[
            "row matched    \"primary: magic good, image_ok unset, copy_done set\"",
            "status source  none",
            "result: version 1.0.0+0 runs from the primary slot, after the revert",
            "confirm missing",
        ],
    );
    dump.confirm();
    let confirmed = dump.text(0);
    says(
        &confirmed,
        &[
            "result: version 2.0.0+0 runs from the primary slot\n",
            "holds a good image, and nothing",
        ],
    );
    assert!(!confirmed.contains("confirm missing"), "{confirmed}");
}

#[test]
fn after_a_revert_the_old_image_runs_confirmed() {
    let mut dump = Dumped::pending(MOVE, false);
    dump.boot(None);
    dump.boot(None);
    let text = dump.text(0);
    says(
        &text,
        &[
            "swap_info  04                                swap type revert, image 0",
            "image_ok   01                                set",
            "result: version 1.0.0+0 runs from the primary slot\n",
            "the boot after that: the same image runs again",
        ],
    );
}

#[test]
fn a_bad_image_is_erased() {
    let mut dump = Dumped::new(MOVE);
    let mut broken = image(2, 60_000);
    broken[1000] ^= 0x40;
    dump.put(1, &broken);
    dump.request(false);
    let text = dump.text(0);
    says(
        &text,
        &[
            "refuses the image in the secondary slot and erases the slot: 118 erases",
            "result: version 1.0.0+0 runs from the primary slot\n",
            "will be erased at boot",
        ],
    );
    let json = dump.json(0);
    assert_eq!(
        (&json["images"][0]["sound"], &json["images"][1]["sound"]),
        (&true.into(), &false.into())
    );
    advises(&json, &["not_accepted"]);
}

#[test]
fn an_image_too_large_is_told_with_the_limit() {
    let mut dump = Dumped::new(MOVE);
    dump.put(1, &image(2, 479_000));
    dump.request(true);
    let text = dump.text(0);
    says(
        &text,
        &["is too large and will be erased at boot: 479", "at most 475136 in mode swap-move"],
    );
    let json = dump.json(0);
    advises(&json, &["too_large"]);
}

#[test]
fn slots_that_do_not_fit_together_keep_what_is_pending() {
    let dump = Dumped::pending(MOVE, false);
    let file = dump.file();
    let args = [&dump.args()[..], &["--max-sectors", "64", &file]].concat();
    let text = smpsim(&args).with_status(0).out;
    says(
        &text,
        &["slots not compatible: 118 and 118 pages, at most 64 sectors", "the pending image stays"],
    );
}

#[test]
fn a_request_without_an_image_installs_nothing() {
    let mut dump = Dumped::new(MOVE);
    dump.request(false);
    let json = dump.json(0);
    advises(&json, &["nothing_to_install"]);
    assert_eq!(json["next_boot"]["version"], "1.0.0+0");
}

#[test]
fn an_upload_at_the_start_of_the_slot_is_misplaced_for_swap_offset() {
    let dump = Dumped::pending(BootMode::SwapOffset, false);
    says(
        &dump.text(0),
        &["tlv_sizes", "image in the secondary slot, at 0x83000", "after the test swap"],
    );
    let misplaced = Dumped::pending(MOVE, false);
    let args = ["flash", "inspect", "--mode", "swap-offset", &misplaced.file()];
    says(&smpsim(&args).with_status(0).out, &["one page later, at 0x83000"]);
}

#[test]
fn every_mode_tells_of_its_next_boot() {
    for mode in [BootMode::SwapOffset, BootMode::SwapScratch] {
        let mut dump = Dumped::pending(mode, false);
        dump.boot(Some(60));
        says(&dump.text(0), &["interrupted: ", "after the interrupted test swap is completed"]);
    }
    let text = Dumped::pending(BootMode::OverwriteOnly { fast: true }, false).text(0);
    says(&text, &["copies pages 1 to 15 of 15", "knows no trial"]);
    let xip = Dumped::pending(BootMode::DirectXip { revert: false }, false);
    says(&xip.text(0), &["this mode has no table", "version 2.0.0+0 runs from the secondary slot"]);
    for (mode, runs) in [(BootMode::SingleSlot, "1.0.0+0"), (BootMode::FirmwareLoader, "1.0.0+0")] {
        says(&Dumped::new(mode).text(0), &[&format!("version {runs} runs from the primary slot")]);
    }
}

#[test]
fn a_trial_in_place_is_erased_when_nobody_confirms_it() {
    let mut dump = Dumped::new(BootMode::DirectXip { revert: true });
    dump.put(1, &image(2, 60_000));
    let slots = dump.layout.slots;
    let old = set_next(&dump.device, slots[0], true, true).expect("clean");
    dump.write(old);
    let new = set_next(&dump.device, slots[1], false, false).expect("clean");
    dump.write(new);
    let text = dump.text(0);
    says(
        &text,
        &[
            "version 2.0.0+0 runs from the secondary slot",
            "then the image is dropped unless confirmed, and version 1.0.0+0 runs from the primary slot",
        ],
    );
}

#[test]
fn nothing_bootable_is_a_no() {
    let mut dump = Dumped::new(MOVE);
    dump.device.clear(dump.layout.slots[0]);
    let text = dump.text(1);
    says(&text, &["nothing boots", "with a debugger"]);
    advises(&dump.json(1), &["nothing_bootable"]);
}

#[test]
fn a_key_makes_the_boot_loader_look_at_signatures() {
    let key = crate::testdata("imgtool/rsa2048.pub.pem");
    let signed = std::fs::read(crate::testdata("imgtool/rsa2048.bin")).expect("it is there");
    let mut dump = Dumped::new(MOVE);
    dump.device.clear(dump.layout.slots[0]);
    dump.put(0, &signed);
    dump.put(1, &image(2, 60_000));
    dump.request(true);
    let file = dump.file();
    let args = [&dump.args()[..], &["--key", &key, &file]].concat();
    let text = smpsim(&args).with_status(0).out;
    says(&text, &["signature   valid for this key", "will be erased at boot"]);
    says(&dump.text(0), &["it does not look at signatures", "version 2.0.0+0 runs"]);
}

#[test]
fn every_field_of_a_flash_report_is_described() {
    let key = crate::testdata("imgtool/rsa2048.pub.pem");
    let mut cut = Dumped::pending(MOVE, false);
    cut.boot(Some(30));
    let mut late = Dumped::pending(BootMode::SwapScratch, false);
    late.boot(Some(150));
    let mut broken = Dumped::new(MOVE);
    broken.put(1, &[0xff; 64]);
    broken.device.overlay(0xf7ff0, &[0; 4]);
    broken.device.clear(broken.layout.slots[0]);
    let mut large = Dumped::new(MOVE);
    large.put(1, &image(2, 479_000));
    large.request(true);
    let mut bad = Dumped::new(MOVE);
    bad.put(1, &image(2, 1000)[..500]);
    bad.request(true);
    let mut documents = vec![cut.json(0), late.json(0), broken.json(1), large.json(0), bad.json(0)];
    let misplaced = Dumped::pending(MOVE, false);
    let file = misplaced.file();
    for (status, args) in
        [(0, ["--mode", "swap-offset"]), (0, ["--max-sectors", "9"]), (1, ["--key", &key])]
    {
        let args = [&["flash", "inspect", "--json", &file], &args[..]].concat();
        documents.push(smpsim(&args).with_status(status).json());
    }
    describes("smpsim.flash/1", &documents);
}
