//! `smpsim image inspect`.

use crate::{Folder, smpsim, testdata};
use serde_json::{Value, json};

/// What imgtool and a parser of its own say about six images.
fn expected() -> Vec<Value> {
    let text = std::fs::read_to_string(testdata("imgtool/expected.json")).expect("it is there");
    let document: Value = serde_json::from_str(&text).expect("JSON");
    let images = document["images"].as_array().expect("a list").clone();
    assert_eq!(images.len(), 6);
    images
}

fn file(image: &Value) -> String {
    testdata(&format!("imgtool/{}", image["file"].as_str().expect("a name")))
}

#[test]
fn every_field_and_tlv_is_as_imgtool_wrote_it() {
    for image in expected() {
        let document = smpsim(&["image", "inspect", "--json", &file(&image)]).with_status(0).json();
        let header = &image["header"];
        assert_eq!(document["schema"], "smpsim.image/1");
        assert_eq!(document["size"], image["file_size"]);
        for field in ["load_addr", "hdr_size", "protect_tlv_size", "img_size", "flags", "version"] {
            assert_eq!(document[field], header[field], "{field} of {}", image["name"]);
        }
        assert_eq!(document["hashed_len"], image["hash_coverage"][1]);
        assert_eq!(document["image_len"], image["image_total_size"]);
        let behind = image["file_size"].as_u64().zip(image["image_total_size"].as_u64());
        assert_eq!(document["behind"].as_u64(), behind.map(|(file, image)| file - image));
        assert_eq!((&document["sound"], &document["problem"]), (&json!(true), &Value::Null));

        let tlvs = document["tlvs"].as_array().expect("a list");
        let wanted = image["tlvs"].as_array().expect("a list");
        assert_eq!(tlvs.len(), wanted.len());
        for (tlv, wanted) in tlvs.iter().zip(wanted) {
            assert_eq!(tlv["at"], wanted["off"]);
            for field in ["type", "name", "len", "protected", "value"] {
                assert_eq!(tlv[field], wanted[field], "{field} of {wanted}");
            }
        }
    }
}

#[test]
fn the_text_names_every_tlv_and_the_verdict() {
    for image in expected() {
        let out = smpsim(&["image", "inspect", &file(&image)]).with_status(0).out;
        let version = image["header"]["version"].as_str().expect("text");
        assert!(out.contains(&format!("MCUboot image {version}\n")), "{out}");
        for tlv in image["tlvs"].as_array().expect("a list") {
            let name = tlv["name"].as_str().expect("text");
            let value = tlv["value"].as_str().expect("text");
            let line = out.lines().find(|line| line.contains(&format!(" {name} "))).expect(name);
            assert!(line.contains(&value[..value.len().min(64)]), "{line}");
            assert_eq!(line.contains("protected"), tlv["protected"] == true, "{line}");
        }
        assert!(out.trim_end().ends_with("sound: the hash matches"), "{out}");
    }
}

#[test]
fn a_changed_octet_makes_an_image_unsound() {
    let folder = Folder::new();
    let mut octets = std::fs::read(testdata("imgtool/ed25519.bin")).expect("it is there");
    octets[1_000] ^= 0x10;
    let changed = folder.file("changed.bin", octets);
    let out = smpsim(&["image", "inspect", &changed]).with_status(1).out;
    assert!(out.contains("not sound: the SHA-256 TLV is not the hash"), "{out}");
    let document = smpsim(&["image", "inspect", "--json", &changed]).with_status(1).json();
    assert_eq!(document["sound"], false);
    assert!(document["problem"].as_str().is_some_and(|p| p.contains("SHA-256")));
}

#[test]
fn what_is_no_image_is_refused_with_the_field() {
    let folder = Folder::new();
    let octets = std::fs::read(testdata("imgtool/ed25519.bin")).expect("it is there");
    let inspect = |name: &str, content: &[u8]| {
        let file = folder.file(name, content);
        smpsim(&["image", "inspect", &file])
    };
    inspect("elf.bin", b"\x7fELF and some more octets, 32 in all").refuses(&["elf.bin", "`magic`"]);
    inspect("short.bin", &octets[..20]).refuses(&["short.bin", "20 octets"]);
    inspect("cut.bin", &octets[..1_000]).refuses(&["cut.bin", "1000 octets"]);
    inspect("empty.bin", b"").refuses(&["empty.bin", "0 octets"]);
    smpsim(&["image", "inspect", &folder.path("none.bin")]).refuses(&["none.bin"]);
    smpsim(&["image", "inspect", &folder.path("")]).refuses(&["directory"]);
}
