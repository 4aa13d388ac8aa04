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

#[test]
fn a_signature_is_verified_with_the_key_given() {
    for name in ["ecdsa_p256", "ed25519", "rsa2048"] {
        let image = testdata(&format!("imgtool/{name}.bin"));
        let key = testdata(&format!("imgtool/{name}.pub.pem"));
        let inspect = |key: &str| smpsim(&["image", "inspect", "--json", "--key", key, &image]);
        let signature = inspect(&key).with_status(0).json()["signature"].clone();
        assert_eq!((&signature["kind"], &signature["valid"]), (&json!(name), &json!(true)));
        assert_eq!(signature["key_hash_matches"], true);
        let tlvs = smpsim(&["image", "inspect", &image]).out;
        assert!(tlvs.contains(signature["key_hash"].as_str().expect("hex")), "{tlvs}");

        let stranger = inspect(&testdata(&format!("keys/{name}.pem"))).with_status(1).json();
        assert_eq!(stranger["sound"], true);
        assert_eq!(stranger["signature"]["valid"], false);
        assert_eq!(stranger["signature"]["key_hash_matches"], false);
        assert!(stranger["signature"]["problem"].is_string());
        let out = smpsim(&["image", "inspect", "--key", &key, &image]).with_status(0).out;
        assert!(out.contains("signed with this key; the KEYHASH TLV names it"), "{out}");
    }
    let image = testdata("imgtool/ed25519.bin");
    smpsim(&["image", "inspect", "--key", &image, &image]).refuses(&["ed25519.bin", "UTF-8"]);
    let readme = testdata("imgtool/README.md");
    smpsim(&["image", "inspect", "--key", &readme, &image]).refuses(&["--key", "README.md", "PEM"]);
}

#[test]
fn an_image_without_signature_is_not_signed_by_any_key() {
    let image = testdata("imgtool/plain_prot_tlvs.bin");
    let key = testdata("imgtool/ed25519.pub.pem");
    let document =
        smpsim(&["image", "inspect", "--json", "--key", &key, &image]).with_status(1).json();
    assert_eq!(document["signature"]["key_hash_matches"], Value::Null);
    assert!(document["signature"]["problem"].as_str().is_some_and(|p| p.contains("ED25519")));
}

#[test]
fn tlvs_say_what_they_mean() {
    let image = testdata("imgtool/plain_prot_tlvs.bin");
    let document = smpsim(&["image", "inspect", "--json", &image]).with_status(0).json();
    let meaning = |name: &str| {
        let tlvs = document["tlvs"].as_array().expect("a list").iter();
        tlvs.clone().find(|tlv| tlv["name"] == name).expect(name)["meaning"].clone()
    };
    assert!(meaning("SEC_CNT").as_str().is_some_and(|text| text.starts_with("security counter ")));
    assert!(meaning("DEPENDENCY").as_str().is_some_and(|text| text.starts_with("needs image ")));
    assert_eq!(meaning("SHA256"), Value::Null);
}

#[test]
fn the_trailer_of_a_padded_file_is_read_as_imgtool_wrote_it() {
    for image in expected() {
        let document = smpsim(&["image", "inspect", "--json", &file(&image)]).with_status(0).json();
        let trailer = &document["trailer"];
        let Some(wanted) = image["trailer"].as_object() else {
            assert_eq!(trailer, &Value::Null, "{}", image["name"]);
            continue;
        };
        let flag = |name: &str| if wanted[name] == 1 { "set" } else { "unset" };
        assert_eq!(trailer["magic"], "good");
        assert_eq!(trailer["slot_size"], image["file_size"]);
        assert_eq!(
            (&trailer["image_ok"], &trailer["copy_done"]),
            (&json!(flag("image_ok")), &json!(flag("copy_done")))
        );
        assert_eq!(trailer["swap_info"], wanted["swap_info"]);
        assert_eq!(trailer["swap_size"], 0xffff_ffff_u32);
        // Where another size of the slot is stated, the trailer is looked for there.
        let half = (image["file_size"].as_u64().expect("octets") / 2).to_string();
        let other = smpsim(&["image", "inspect", "--json", "--slot-size", &half, &file(&image)]);
        assert_eq!(other.with_status(0).json()["trailer"]["magic"], "unset");
    }
}
