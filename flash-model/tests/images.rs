//! Images: files made by imgtool, images made here, and octets that are no images.

use flash_model::{
    Area, Device, Field, Flag, FlashView as _, Geometry, HashAlgorithm, HashScan, ImageError,
    ImageHeader, ImageInfo, ImageSpec, ImageVersion, KnownBytes, Magic, Part, RadioSync, Trailer,
    TrailerMap, slot_image, slot_image_by, tlv_type,
};
use proptest::prelude::*;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::path::Path;

const SLOT: Area = Area::new(0x1000, 0x8000);

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, b| {
        write!(text, "{b:02x}").expect("a string takes everything");
        text
    })
}

/// A device with these octets at the start of a slot of 8 pages.
fn slot_with(bytes: &[u8]) -> Device {
    let geometry = Geometry { size: SLOT.end(), page: 0x1000, write_size: 4 };
    let part = Part { geometry, ..Part::nrf52840() };
    let mut device = Device::new(part, RadioSync::None);
    device.load(SLOT.start, bytes);
    device
}

/// The facts of `expected.json`, in its own form, out of the file's octets.
fn taken_apart(bytes: &[u8], expected: &Value) -> Value {
    let info = ImageInfo::parse(bytes).expect("imgtool makes good images");
    let ImageHeader { version: v, .. } = info.header;
    let tlvs: Vec<Value> = info
        .tlvs
        .iter()
        .map(|tlv| {
            serde_json::json!({
                "off": tlv.at, "type": tlv.kind, "name": tlv_type::name(tlv.kind), "len": tlv.len,
                "protected": tlv.protected, "value": hex(tlv.value(bytes)),
            })
        })
        .collect();
    let mut all = serde_json::json!({
        "header": {
            "magic": format!("{:x}", ImageHeader::MAGIC), "load_addr": info.header.load_addr,
            "hdr_size": info.header.hdr_size, "protect_tlv_size": info.header.protect_tlv_size,
            "img_size": info.header.img_size, "flags": info.header.flags,
            "version": v.to_string(), "version_fields": [v.major, v.minor, v.revision, v.build],
        },
        "tlv_info": {
            "off": info.hashed_len, "magic": "6907", "total": info.total_len - info.hashed_len,
        },
        "tlvs": tlvs,
        "image_total_size": info.total_len,
        "hash_coverage": [0, info.hashed_len],
        "sha256_of_coverage": hex(&info.sha256_tlv.expect("imgtool writes the hash")),
        "file_size": bytes.len(),
        "file_sha256": hex(&Sha256::digest(bytes)),
    });
    let protected = u32::from(info.header.protect_tlv_size);
    if protected > 0 {
        let off = info.hashed_len - protected;
        all["prot_tlv_info"] = serde_json::json!({
            "off": off, "magic": "6908", "total": protected,
        });
    }
    // What is no fact about the octets: how they were made, and what imgtool said of them.
    for key in ["name", "file", "note", "body", "imgtool_args", "max_align", "verify", "trailer"] {
        all[key] = expected[key].clone();
    }
    all
}

fn imgtool_files() -> Vec<(Value, Vec<u8>)> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../testdata/imgtool"));
    let text = std::fs::read_to_string(folder.join("expected.json")).expect("vendored");
    let all: Value = serde_json::from_str(&text).expect("good JSON");
    let images = all["images"].as_array().expect("a list");
    let read = |image: &Value| {
        let name = image["file"].as_str().expect("a name");
        std::fs::read(folder.join(name)).expect("vendored")
    };
    images.iter().map(|image| (image.clone(), read(image))).collect()
}

#[test]
fn images_made_by_imgtool_are_taken_apart_to_the_last_field() {
    let files = imgtool_files();
    assert_eq!(files.len(), 6);
    for (expected, bytes) in files {
        let found = taken_apart(&bytes, &expected);
        for (key, value) in expected.as_object().unwrap() {
            if key != "public_key" && !(key == "trailer" && value.is_null()) {
                assert_eq!(found[key], *value, "{} of {}", key, expected["name"]);
            }
        }
        let info = ImageInfo::parse(&bytes).unwrap();
        assert_eq!(info.verify(&bytes), Ok(()));
        let body = &bytes[info.header.hdr_size as usize..][..info.header.img_size as usize];
        let seed = expected["body"]["seed"].as_u64().unwrap() as u32;
        let spec = ImageSpec { body_len: info.header.img_size, seed, ..ImageSpec::default() };
        assert_eq!(spec.build()[0x200..][..body.len()], *body);
    }
}

#[test]
fn the_image_list_reads_the_same_from_a_slot() {
    for (expected, bytes) in imgtool_files() {
        let device = slot_with(&bytes);
        let listed = slot_image(&device, SLOT).unwrap();
        let info = ImageInfo::parse(&bytes).unwrap();
        assert_eq!(listed.version, info.header.version, "{}", expected["name"]);
        assert_eq!(Some(listed.sha256), info.sha256_tlv);
        assert_eq!(listed.total_len, info.total_len);
    }
}

#[test]
fn trailers_of_padded_files_read_as_imgtool_wrote_them() {
    let files = imgtool_files();
    let padded = files.iter().filter(|(expected, _)| expected["trailer"].is_object());
    let mut seen = 0;
    for (expected, bytes) in padded {
        let device = slot_with(bytes);
        let slot = Area::new(SLOT.start, bytes.len() as u32);
        let map = TrailerMap::new(slot, &device.geometry());
        let trailer = &expected["trailer"];
        let at = |field| Value::from(map.at(field) - slot.start);
        assert_eq!(at(Field::Magic), trailer["magic_off"]);
        assert_eq!(at(Field::ImageOk), trailer["image_ok_off"]);
        assert_eq!(at(Field::CopyDone), trailer["copy_done_off"]);
        assert_eq!(at(Field::SwapInfo), trailer["swap_info_off"]);
        assert_eq!(at(Field::SwapSize), trailer["swap_size_off"]);
        let read = Trailer::read(&device, slot);
        let image_ok = if trailer["image_ok"] == 1 { Flag::Set } else { Flag::Unset };
        let wanted = Trailer {
            magic: Magic::Good,
            image_ok,
            copy_done: Flag::Unset,
            swap_info: 0xff,
            swap_size: u32::MAX,
        };
        assert_eq!(read, wanted);
        seen += 1;
    }
    assert_eq!(seen, 2);
}

const MISMATCH: ImageError = ImageError::HashMismatch { algorithm: HashAlgorithm::Sha256 };

fn small() -> Vec<u8> {
    let version = ImageVersion { major: 1, minor: 2, revision: 3, build: 4 };
    ImageSpec { version, body_len: 500, seed: 9, ..ImageSpec::default() }.build()
}

#[test]
fn a_stated_hash_stands_in_the_list_but_does_not_verify() {
    let stated = [0xab; 32];
    let bytes =
        ImageSpec { stated_sha256: Some(stated), body_len: 8, ..ImageSpec::default() }.build();
    assert_eq!(slot_image(&slot_with(&bytes), SLOT).unwrap().sha256, stated);
    let info = ImageInfo::parse(&bytes).unwrap();
    assert_eq!(info.sha256_tlv, Some(stated));
    assert_eq!(info.verify(&bytes), Err(MISMATCH));
}

#[test]
fn a_hash_that_looks_like_an_erased_tlv_hides_the_image_from_the_list() {
    for start in [[0xff, 0x00, 0xff, 0xff], [0x10, 0x00, 0x20, 0x00]] {
        let mut stated = [0xab; 32];
        stated[..4].copy_from_slice(&start);
        let bytes =
            ImageSpec { stated_sha256: Some(stated), body_len: 8, ..ImageSpec::default() }.build();
        assert_eq!(slot_image(&slot_with(&bytes), SLOT), None);
        assert_eq!(ImageInfo::parse(&bytes).unwrap().sha256_tlv, Some(stated));
    }
}

#[test]
fn the_scan_for_the_hash_differs_from_era_to_era() {
    use HashScan::{IntoHash, OctetTypes, OverHash};
    for (start, hidden) in [
        ([0xff, 0x00, 0xff, 0xff], vec![OctetTypes, IntoHash]),
        ([0xff, 0xff, 0xff, 0xff], vec![OctetTypes]),
        ([0x10, 0x07, 0x20, 0x00], vec![OctetTypes]),
        ([0xab; 4], vec![]),
    ] {
        let mut stated = [0xab; 32];
        stated[..4].copy_from_slice(&start);
        let bytes =
            ImageSpec { stated_sha256: Some(stated), body_len: 8, ..ImageSpec::default() }.build();
        for scan in [OctetTypes, IntoHash, OverHash] {
            let listed = slot_image_by(&slot_with(&bytes), SLOT, scan);
            assert_eq!(listed.is_none(), hidden.contains(&scan), "{start:02x?} {scan:?}");
        }
    }
}

#[test]
fn the_list_looks_four_octets_behind_the_tlv_area() {
    let area = 0x200 + 500;
    for (total, listed) in [(36u16, true), (35, false)] {
        let mut bytes = small();
        bytes[area + 2..area + 4].copy_from_slice(&total.to_le_bytes());
        assert_eq!(slot_image(&slot_with(&bytes), SLOT).is_some(), listed);
        assert!(matches!(ImageInfo::parse(&bytes), Err(ImageError::TlvTooLong { .. })));
    }
}

#[test]
fn each_fault_is_named_by_its_field() {
    let good = small();
    let with = |at: usize, octets: &[u8]| {
        let mut bytes = good.clone();
        bytes[at..at + octets.len()].copy_from_slice(octets);
        ImageInfo::parse(&bytes).and_then(|info| info.verify(&bytes)).unwrap_err().to_string()
    };
    let tlvs = 0x200 + 500;
    assert!(with(0, b"abcd").contains("`magic`"));
    assert!(with(8, &[31, 0]).contains("`hdr_size`"));
    assert!(with(10, &[41, 0]).contains("behind the"));
    assert!(with(10, &[40, 0]).contains("begins with 0x6907, not 0x6908"));
    assert!(with(12, &[0xff; 4]).contains("behind the"));
    assert!(with(tlvs, &[0, 0]).contains("begins with"));
    assert!(with(tlvs + 2, &[41, 0]).contains("does not fit"));
    assert!(with(0, &[0x3c, 0xb8, 0xf3, 0x96]).contains("old format"));
    assert!(!with(0, &[0x3b, 0xb8, 0xf3, 0x96]).contains("old format"));
    assert!(with(tlvs + 4, &[0x13]).contains("no SHA-256"));
    assert!(with(tlvs + 4, &[0x11]).contains("SHA384 TLV is 32 octets long, not 48"));
    assert!(with(tlvs + 6, &[33]).contains("does not fit"));
    assert!(with(tlvs + 6, &[16]).contains("does not fit"));
    assert!(with(0x210, &[0]).contains("is not the hash"));
    assert_eq!(ImageInfo::parse(&good[..20]), Err(ImageError::TooShort { len: 20 }));
}

proptest! {
    #[test]
    fn a_built_image_is_taken_apart_again(
        numbers in any::<(u8, u8, u16, u32)>(),
        hdr_size in 32u16..600, body_len in 0u32..2000, seed in any::<u32>(),
    ) {
        let (major, minor, revision, build) = numbers;
        let version = ImageVersion { major, minor, revision, build };
        let spec = ImageSpec { version, hdr_size, body_len, seed, ..ImageSpec::default() };
        let bytes = spec.build();
        prop_assert_eq!(bytes.len() as u32, spec.total_len());
        let info = ImageInfo::parse(&bytes).unwrap();
        prop_assert_eq!(info.header.version, version);
        prop_assert_eq!(info.total_len, spec.total_len());
        prop_assert_eq!(info.hashed_len, u32::from(hdr_size) + body_len);
        prop_assert_eq!(info.verify(&bytes), Ok(()));
        prop_assert_eq!(ImageHeader::parse(&info.header.emit()), Ok(info.header));
    }

    #[test]
    fn octets_that_are_no_image_give_an_error_and_no_panic(
        noise in prop::collection::vec(any::<u8>(), 0..200),
        keep in 0usize..64,
    ) {
        let mut bytes = small();
        let at = keep.min(bytes.len());
        for (old, new) in bytes[at..].iter_mut().zip(&noise) {
            *old = *new;
        }
        let _ = ImageInfo::parse(&bytes);
        let _ = ImageInfo::parse(&noise);
        let _ = slot_image(&slot_with(&bytes), SLOT);
        let _ = slot_image(&slot_with(&noise), SLOT);
    }

    #[test]
    fn any_flipped_octet_of_the_hashed_part_is_found(
        at in 28usize..0x200 + 500, flip in 1u8..,
    ) {
        let mut bytes = small();
        bytes[at] ^= flip;
        let info = ImageInfo::parse(&bytes).unwrap();
        prop_assert_eq!(info.verify(&bytes), Err(MISMATCH));
    }

    /// A boot loader may skip hashing only where the answer is the real one.
    #[test]
    fn a_device_that_knows_an_image_gives_the_real_digest_of_any_stretch(
        start in 0u32..1200, len in 0u32..1200, flip in prop::option::of((0usize..1012, 1u8..)),
    ) {
        let image = small();
        let mut bytes = image.clone();
        if let Some((at, bits)) = flip {
            bytes[at] ^= bits;
        }
        let mut device = slot_with(&bytes);
        let plain = device.clone();
        device.know(KnownBytes::new(&image[..1012]));
        device.know(KnownBytes::new(&image));
        for area in [Area::new(SLOT.start + start, len), Area::new(SLOT.start, 1012)] {
            let real: [u8; 32] = Sha256::digest(device.bytes(area.start, area.len)).into();
            prop_assert_eq!(device.sha256(area), real);
            prop_assert_eq!(plain.sha256(area), real);
        }
    }
}
