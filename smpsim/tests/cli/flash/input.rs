//! What `smpsim flash inspect` takes for a dump, and what it refuses.

use super::rig::{Dumped, image};
use super::{MOVE, says};
use crate::{Folder, smpsim};

#[test]
fn a_part_of_the_flash_needs_its_address() {
    let dump = Dumped::pending(MOVE, false);
    let slots = dump.bytes()[0xc000..0xf8000].to_vec();
    let file = dump.folder.file("slots.bin", slots);
    smpsim(&["flash", "inspect", &file]).refuses(&[
        "slots.bin",
        "966656 octets",
        "expected 1048576 octets",
        "is it --base 0xc000?",
    ]);
    let text = smpsim(&["flash", "inspect", "--base", "0xc000", &file]).with_status(0).out;
    says(&text, &["blank, not in the file", "after the test swap"]);
    smpsim(&["flash", "inspect", "--base", "0xd000", &file]).refuses(&["--base"]);
    let long = dump.folder.file("long.bin", vec![0xff; 0x10_0001]);
    smpsim(&["flash", "inspect", &long]).refuses(&["1048577 octets", "--part"]);
    let half = dump.folder.file("half.bin", vec![0xff; 0x8_0000]);
    smpsim(&["flash", "inspect", &half]).refuses(&["--part nrf52833"]);
    smpsim(&["flash", "inspect", "--part", "nrf52833", &half]).with_status(1);
    let empty = dump.folder.file("empty.bin", "");
    smpsim(&["flash", "inspect", &empty]).refuses(&["empty"]);
}

#[test]
fn what_cannot_be_is_refused() {
    let dump = Dumped::new(MOVE);
    let file = dump.file();
    let refuses = |args: &[&str], parts: &[&str]| {
        smpsim(&[&["flash", "inspect"], args, &[&file[..]]].concat()).refuses(parts);
    };
    refuses(&["--mode", "swap-scratch"], &["scratch partition", "nrf52840dk-2022"]);
    refuses(&["--max-sectors", "8192", "--write-size", "32"], &["--max-sectors 8192", "fewer"]);
    refuses(&["--part", "nrf52833", "--layout", "nrf52840dk"], &["behind the flash", "--part"]);
    refuses(&["--layout", "no-such.yml"], &["no-such.yml"]);
    smpsim(&["flash", "inspect", "--mode", "swap-sideways", &file]).with_status(2);
    smpsim(&["flash", "inspect", "--base", "here", &file]).with_status(2);
}

/// Records of 16 octets, with the upper half of the address before them.
fn intel_hex(start: u32, bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    let mut record = |kind: u8, at: u32, data: &[u8]| {
        let [high, low] = (at as u16).to_be_bytes();
        let all = [&[data.len() as u8, high, low, kind], data].concat();
        let sum = all.iter().fold(0u8, |sum, b| sum.wrapping_add(*b)).wrapping_neg();
        text.push(':');
        for b in all.iter().chain([&sum]) {
            let _ = write!(text, "{b:02X}");
        }
        text.push('\n');
    };
    for (n, data) in (0u32..).zip(bytes.chunks(16)) {
        let at = start + 16 * n;
        record(4, 0, &((at >> 16) as u16).to_be_bytes());
        record(0, at, data);
    }
    record(1, 0, &[]);
    text
}

#[test]
fn intel_hex_brings_its_addresses() {
    let folder = Folder::new();
    let file = folder.file("app.hex", intel_hex(0xc000, &image(3, 5000)));
    let text = smpsim(&["flash", "inspect", &file]).with_status(0).out;
    says(&text, &["version 3.0.0+0 runs from the primary slot", "blank, not in the file"]);
    smpsim(&["flash", "inspect", "--base", "0", &file]).refuses(&["--base is for raw dumps"]);
    let other = folder.file("uicr.hex", intel_hex(0x1000_1000, &[1, 2, 3, 4]));
    smpsim(&["flash", "inspect", &other]).refuses(&["no octet of it lies in the slots"]);
}
