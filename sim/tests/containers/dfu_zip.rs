//! Update packages.

use crate::{complaint, image};
use proptest::prelude::*;
use serde_json::{Value, json};
use sim::image_file::{ContainedImage, Container, ContainerKind, MAX_ENTRY};
use std::io::{Cursor, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// An archive with these entries, deflated or stored.
fn zip(entries: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        let options = SimpleFileOptions::default().compression_method(method);
        writer.start_file(*name, options).expect("a new name");
        writer.write_all(bytes).expect("memory");
    }
    writer.finish().expect("memory").into_inner()
}

fn deflated(entries: &[(&str, &[u8])]) -> Vec<u8> {
    zip(entries, CompressionMethod::Deflated)
}

/// A package as the nRF Connect SDK makes it, the image for the network core first.
fn package(manifest: &Value) -> Vec<u8> {
    let manifest = manifest.to_string();
    let (app, net) = (image("ed25519"), image("plain_prot_tlvs"));
    deflated(&[("net.bin", &net), ("manifest.json", manifest.as_bytes()), ("app.bin", &app)])
}

fn two_images() -> Value {
    json!({
        "format-version": 1,
        "time": 1_700_000_000,
        "name": "peripheral_lbs",
        "files": [
            {
                "type": "application", "board": "nrf5340dk/nrf5340/cpunet", "soc": "nRF5340_CPUNET",
                "load_address": 16_812_032, "image_index": "1", "slot_index_primary": "3",
                "slot_index_secondary": "4", "version_MCUBOOT": "1.2.3+4", "size": 3_589,
                "file": "net.bin", "modtime": 1_700_000_000,
            },
            {
                "type": "application", "board": "nrf5340dk/nrf5340/cpuapp", "soc": "nRF5340_CPUAPP",
                "load_address": 49_664, "image_index": "0", "slot_index_primary": "1",
                "slot_index_secondary": "2", "version_MCUBOOT": "2.7.0+0", "size": 2_704,
                "file": "app.bin", "modtime": 1_700_000_000,
            },
        ],
    })
}

#[track_caller]
fn open(bytes: Vec<u8>) -> Vec<ContainedImage> {
    let container = Container::open(bytes, None).expect("good");
    assert_eq!(container.kind, ContainerKind::DfuZip);
    container.images
}

#[test]
fn the_application_comes_first_with_what_the_manifest_says() {
    let images = open(package(&two_images()));
    assert_eq!(images.len(), 2);
    let [app, net] = &images[..] else { panic!("two images") };
    assert_eq!((app.entry.as_deref(), &app.bytes), (Some("app.bin"), &image("ed25519")));
    assert_eq!((net.entry.as_deref(), &net.bytes), (Some("net.bin"), &image("plain_prot_tlvs")));
    let file = app.manifest.as_ref().expect("listed");
    assert_eq!(file.image_index, Some(0));
    assert_eq!((file.slot_index_primary, file.slot_index_secondary), (Some(1), Some(2)));
    assert_eq!((file.load_address, file.size), (Some(0xc200), Some(2_704)));
    assert_eq!(file.version.as_deref(), Some("2.7.0+0"));
    assert_eq!(file.kind.as_deref(), Some("application"));
    let container = Container::open(package(&two_images()), None).expect("good");
    assert_eq!(container.application().expect("one for image 0"), *app);
}

#[test]
fn one_file_without_a_number_is_the_application() {
    let images = open(package(&json!({"files": [{"file": "app.bin"}]})));
    assert_eq!(images.len(), 1);
    let container = Container::open(package(&json!({"files": [{"file": "app.bin"}]})), None);
    assert!(container.expect("good").application().is_ok());
}

#[test]
fn stored_entries_and_bare_hex_are_read_too() {
    let manifest = br#"{"files": [{"file": "app.bin", "load_address": 0xc200}]}"#;
    let app = image("ed25519");
    let entries: [(&str, &[u8]); 2] = [("manifest.json", manifest), ("app.bin", &app)];
    let images = open(zip(&entries, CompressionMethod::Stored));
    assert_eq!(images[0].bytes, app);
    assert_eq!(images[0].manifest.as_ref().and_then(|file| file.load_address), Some(0xc200));
}

#[test]
fn none_or_several_for_the_application_are_refused_with_what_there_is() {
    let refused = |manifest: Value| {
        let container = Container::open(package(&manifest), None).expect("good");
        container.application().expect_err("must be refused").to_string()
    };
    let file = |name: &str, index: &str| json!({"file": name, "image_index": index});
    assert_eq!(
        refused(json!({"files": [file("net.bin", "1")]})),
        "no image for image 0 in it: net.bin (image 1)"
    );
    assert_eq!(
        refused(json!({"files": [file("app.bin", "0"), file("net.bin", "0")]})),
        "several images that could be meant in it: app.bin (image 0), net.bin (image 0)"
    );
}

#[test]
fn an_entry_can_be_named_listed_or_not() {
    let entry = |bytes, name| {
        let container = Container::open(bytes, Some(name)).expect("good");
        assert_eq!(container.images.len(), 1);
        container.application()
    };
    let net = entry(package(&two_images()), "net.bin");
    // Who names an image means it, whatever number it has.
    assert_eq!(net.expect("named").bytes, image("plain_prot_tlvs"));
    let bare = deflated(&[("a/b.bin", &image("rsa2048"))]);
    assert_eq!(entry(bare.clone(), "a/b.bin").expect("named").bytes, image("rsa2048"));
    let error = Container::open(bare, Some("c.bin")).expect_err("must be refused").to_string();
    assert_eq!(error, "update package: no entry \"c.bin\" in it; there are a/b.bin");
}

#[test]
fn what_is_missing_or_broken_is_named() {
    let cases = [
        (deflated(&[("app.bin", b"x")]), "no entry \"manifest.json\" in it; there are app.bin"),
        (deflated(&[]), "no entry \"manifest.json\" in it; there are none"),
        (package(&json!({"files": [{"file": "x.bin"}]})), "no entry \"x.bin\" in it; there are"),
        (package(&json!({"files": []})), "manifest.json: it lists no file; there are net.bin"),
        (package(&json!({"files": {}})), "manifest.json: files: expected a list, got an object"),
        (deflated(&[("manifest.json", b"\xff")]), "manifest.json: not text"),
        (deflated(&[("manifest.json", b"{")]), "manifest.json: not JSON"),
        (b"PK\x03\x04 and no archive".to_vec(), "not a sound zip archive"),
    ];
    for (bytes, expected) in cases {
        let error = complaint(bytes);
        let problem = error.strip_prefix("update package: ").expect(&error);
        assert!(problem.starts_with(expected), "{problem}");
    }
}

#[test]
fn a_changed_octet_in_an_entry_is_noticed() {
    let manifest = br#"{"files": [{"file": "app.bin"}]}"#;
    let app = image("ed25519");
    let entries: [(&str, &[u8]); 2] = [("app.bin", &app), ("manifest.json", manifest)];
    let mut bytes = zip(&entries, CompressionMethod::Stored);
    bytes[1_000] ^= 1;
    assert!(complaint(bytes).starts_with("update package: entry \"app.bin\": "));
}

#[test]
fn what_unpacks_to_more_than_any_flash_is_refused() {
    let manifest = br#"{"files": [{"file": "app.bin"}]}"#;
    let with = |len: u64| {
        let zeros = vec![0; len as usize];
        deflated(&[("app.bin", &zeros), ("manifest.json", manifest)])
    };
    let bomb = with(MAX_ENTRY + 1);
    assert!(bomb.len() < 50_000);
    let error = complaint(bomb);
    assert!(error.contains("entry \"app.bin\" is longer than 16777216 octets"), "{error}");
    assert_eq!(open(with(MAX_ENTRY))[0].bytes.len() as u64, MAX_ENTRY);
}

proptest! {
    #[test]
    fn any_damage_to_a_package_gives_images_or_an_error(
        places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<prop::sample::Index>(),
        cuts in any::<bool>(),
    ) {
        let mut bytes = package(&two_images());
        for (place, value) in places {
            let at = place.index(bytes.len());
            bytes[at] = value;
        }
        if cuts {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Ok(container) = Container::open(bytes, None) {
            prop_assert!(!container.images.is_empty());
        }
    }

    #[test]
    fn any_octets_behind_a_zip_magic_give_images_or_an_error(
        rest in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let _ = Container::open([b"PK\x03\x04", &rest[..]].concat(), None);
    }
}
