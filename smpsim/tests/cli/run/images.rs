//! `--image` and `--force`: images from files, sound and broken.

use crate::{Folder, Seen, document, figure, smpsim, testdata};
use serde_json::Value;

/// Offsets of header fields (MCUboot `struct image_header`).
const HDR_SIZE_AT: usize = 8;
const FLAGS_AT: usize = 16;

fn expected() -> Vec<Value> {
    let text = std::fs::read_to_string(testdata("imgtool/expected.json")).expect("it is there");
    let mut document: Value = serde_json::from_str(&text).expect("JSON");
    document["images"].as_array_mut().map(std::mem::take).expect("a list")
}

/// An image of imgtool without signature, 3589 octets.
fn plain() -> Vec<u8> {
    std::fs::read(testdata("imgtool/plain_prot_tlvs.bin")).expect("it is there")
}

#[test]
fn every_image_of_imgtool_goes_through_the_whole_update() {
    for image in expected() {
        let file = testdata(&format!("imgtool/{}", image["file"].as_str().expect("a name")));
        for preset in ["reference", "reference-reassembly", "seed-gateway"] {
            let document = document(&[preset, "--image", &file]);
            assert_eq!(document["outcome"], "confirmed", "{file} {preset}");
            assert_eq!(document["image"]["size"], image["file_size"]);
            assert_eq!(document["image"]["sha256"], image["file_sha256"]);
            assert_eq!(document["image"]["version"], image["header"]["version"]);
            let tlvs = image["tlvs"].as_array().expect("a list");
            let hash = tlvs.iter().find(|tlv| tlv["name"] == "SHA256").expect("there is one");
            assert_eq!(document["image"]["tlv_sha256"], hash["value"]);
            assert_eq!(document["boot"]["booted"], image["header"]["version"]);
            assert_eq!(document["boot"]["swaps"], 1);
        }
    }
}

/// Without `--force` the image is refused in these words; with it the device's answer is shown.
#[track_caller]
fn refused_but_shown(octets: impl AsRef<[u8]>, parts: &[&str]) -> Value {
    let folder = Folder::new();
    let file = folder.file("app.bin", octets);
    smpsim(&["run", "--image", &file]).refuses(&[&[file.as_str(), "--force"], parts].concat());
    let seen = forced(&file);
    let document = seen.json();
    let outcome = document["outcome"].as_str().expect("text");
    assert!(["failed", "reverted"].contains(&outcome), "{outcome}");
    let error = document["error"].as_str().expect("a failure has a name");
    assert!(seen.err.contains(error), "{}", seen.err);
    document
}

#[track_caller]
fn forced(file: &str) -> Seen {
    smpsim(&["run", "--json", "--force", "--image", file]).with_status(1)
}

#[test]
fn a_truncated_image_is_refused_with_the_octets_that_are_missing() {
    refused_but_shown(&plain()[..1_000], &["1000 octets", "3549"]);
    refused_but_shown(&plain()[..3_560], &["TLV", "3560"]);
}

#[test]
fn a_file_that_is_no_image_is_refused_with_its_magic_and_the_server_refuses_it_too() {
    let mut octets = plain();
    octets[3] = 0;
    let document = refused_but_shown(&octets, &["`magic`", "0x96f3b83d"]);
    assert_eq!(document["error"], "upload_rejected");
    assert_eq!(document["image"]["version"], "");
    refused_but_shown([0xff; 4_000], &["`magic`", "0xffffffff"]);
    refused_but_shown(&plain()[..10], &["10 octets"]);
}

#[test]
fn a_flipped_bit_is_refused_and_the_boot_loader_does_not_swap_it() {
    let mut octets = plain();
    octets[2_000] ^= 0x04;
    let document = refused_but_shown(&octets, &["SHA-256 TLV"]);
    assert_eq!(document["boot"]["booted"], "1.0.0+0");
    assert_eq!(document["boot"]["swaps"], 0);
    assert!(figure(&document, "upload_s") > 0.0);
}

#[test]
fn an_image_larger_than_the_slot_is_refused_with_both_sizes() {
    let padded = |len: usize| {
        let mut octets = plain();
        octets.resize(len, 0xff);
        octets
    };
    let document =
        refused_but_shown(padded(0x76000 + 1), &["483329", "483328", "layout.slot_size"]);
    assert_eq!(document["error"], "upload_rejected");
    refused_but_shown(padded(3 << 20), &["3145728", "483328"]);
    // Padding up to the slot's size is what imgtool's `--pad` makes.
    let folder = Folder::new();
    let file = folder.file("whole-slot.bin", padded(0x76000));
    assert_eq!(document_of(&file)["outcome"], "confirmed");
}

fn document_of(file: &str) -> Value {
    document(&["--image", file])
}

#[test]
fn an_image_too_large_to_be_swapped_is_refused_with_the_largest_that_can_be() {
    let folder = Folder::new();
    let mut octets = std::fs::read(testdata("imgtool/plain_prot_tlvs.bin")).expect("it is there");
    // A body of another length, the TLVs after it; the hash is not looked at before the size is.
    octets.splice(600..600, std::iter::repeat_n(0, 470_000 + 5_000));
    let img_size = 3_001 + 475_000_u32;
    octets[12..16].copy_from_slice(&img_size.to_le_bytes());
    let file = folder.file("large.bin", &octets);
    smpsim(&["run", "--image", &file]).refuses(&[&file, "SHA-256 TLV"]);
    smpsim(&["run", "--set", "image.size=480000"]).refuses(&["480000", "475136"]);
    forced(&file);
}

#[test]
fn an_empty_file_is_refused_even_by_force() {
    let folder = Folder::new();
    let file = folder.file("empty.bin", "");
    smpsim(&["run", "--image", &file]).refuses(&[&file, "empty"]);
    smpsim(&["run", "--force", "--image", &file]).refuses(&[&file, "empty"]);
    smpsim(&["run", "--image", &folder.path("none.bin")]).refuses(&["none.bin"]);
    smpsim(&["run", "--image", &folder.path("")]).refuses(&["directory"]);
}

#[test]
fn force_changes_nothing_for_a_sound_image() {
    let file = testdata("imgtool/ed25519.bin");
    let by_force = document(&["--force", "--image", &file]);
    assert_eq!(by_force["trace_digest"], document_of(&file)["trace_digest"]);
}

#[test]
fn no_octet_of_header_or_tlvs_can_be_wrong_in_a_way_that_stops_the_program() {
    let folder = Folder::new();
    let sound = plain();
    let places = (0..28).chain(3_513..3_525).chain(3_549..3_557);
    for place in places {
        for value in [0x00, 0x7f, 0xff] {
            let mut octets = sound.clone();
            if octets[place] == value {
                continue;
            }
            octets[place] = value;
            let file = folder.file("app.bin", octets);
            smpsim(&["run", "--image", &file]).refuses(&[&file]);
            let seen = smpsim(&["run", "--json", "--force", "--image", &file]);
            assert!(seen.status == 1, "octet {place} = {value:#x}: {}", seen.err);
            assert_ne!(seen.json()["outcome"], "confirmed");
        }
    }
}

#[test]
fn header_fields_that_forbid_booting_lead_back_to_the_old_image() {
    let mut octets = plain();
    octets[FLAGS_AT] |= 0x10;
    let document = refused_but_shown(&octets, &["SHA-256 TLV"]);
    assert_eq!(document["boot"]["booted"], "1.0.0+0");
    let mut octets = plain();
    octets[HDR_SIZE_AT..HDR_SIZE_AT + 2].copy_from_slice(&[0xff, 0xff]);
    refused_but_shown(&octets, &["header, body and protected TLVs"]);
}
