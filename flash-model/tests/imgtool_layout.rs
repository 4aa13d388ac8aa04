//! Images made here against images made by imgtool from the same arguments.

use flash_model::{
    Dependency, HashAlgorithm, ImageBuilder, ImageInfo, SlotFile, VerifyingKey, generated_body,
};
use serde_json::Value;
use std::path::Path;

/// What the arguments of an `imgtool sign` ask for.
struct Asked {
    builder: ImageBuilder,
    slot: SlotFile,
    pad: bool,
    confirm: bool,
}

/// Reads the arguments that `expected.json` states, which are not quoted.
fn asked(arguments: &str) -> Asked {
    let mut builder = ImageBuilder::default();
    let mut slot = SlotFile::new(0, 1);
    let (mut pad, mut confirm) = (false, false);
    let arguments = arguments.replace("(1, 1.2.3+0)", "(1,1.2.3+0)");
    let mut words = arguments.split_whitespace();
    while let Some(option) = words.next() {
        match option {
            "--pad-header" => builder.pad_header = true,
            "--pad" => pad = true,
            "--confirm" => confirm = true,
            "-k" => drop(words.next()),
            _ => {
                let value = words.next().expect("every other option has a value");
                match option {
                    "--align" => {
                        let align = number(value);
                        slot = SlotFile { slot_size: slot.slot_size, ..SlotFile::new(0, align) };
                    }
                    "-v" => builder.version = value.parse().expect("a version"),
                    "-S" => slot.slot_size = number(value),
                    "-M" => slot.max_sectors = number(value),
                    "-H" => builder.hdr_size = number(value) as u16,
                    "-s" => builder.security_counter = Some(number(value)),
                    "-d" => builder.dependencies.push(dependency(value)),
                    "--custom-tlv" => {
                        let octets = number(words.next().expect("tag and value")).to_be_bytes();
                        builder.custom_tlvs.push((number(value) as u16, octets.to_vec()));
                    }
                    other => panic!("{other} is new"),
                }
            }
        }
    }
    Asked { builder, slot, pad, confirm }
}

fn number(text: &str) -> u32 {
    match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => text.parse(),
    }
    .expect("a number")
}

fn dependency(text: &str) -> Dependency {
    let (image, version) =
        text.trim_matches(['(', ')']).split_once(',').expect("an image and a version");
    let version = version.parse().expect("a version");
    Dependency { image: number(image) as u8, version }
}

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../testdata/imgtool"))
}

#[test]
fn the_same_arguments_give_the_same_octets() {
    let text = std::fs::read_to_string(folder().join("expected.json")).expect("vendored");
    let expected: Value = serde_json::from_str(&text).expect("good JSON");
    let (mut whole, mut signed) = (0, 0);
    for image in expected["images"].as_array().expect("a list") {
        let text = |key: &str| image[key].as_str().expect("text");
        let body = |key: &str| image["body"][key].as_u64().expect("a number") as u32;
        let theirs = std::fs::read(folder().join(text("file"))).expect("vendored");
        let Asked { builder, slot, pad, confirm } = asked(text("imgtool_args"));
        let ours = builder.build(generated_body(body("len"), body("seed"))).unwrap();
        if image["public_key"].is_null() {
            let ours = if pad { slot.pad(ours, confirm).unwrap() } else { ours };
            assert!(ours == theirs, "{}", text("name"));
            whole += 1;
        } else {
            assert_signed_over(&ours, &theirs, text("public_key"));
            signed += 1;
        }
    }
    assert_eq!((whole, signed), (3, 3));
}

/// Compares an unsigned image with the same one signed: all is equal but what the signature adds,
/// which begins with the hash of the key.
fn assert_signed_over(ours: &[u8], theirs: &[u8], public_key: &str) {
    let pem = std::fs::read_to_string(folder().join(public_key)).expect("vendored");
    let key = VerifyingKey::from_pem(&pem).expect("a good key");
    let [info, signed] =
        [ours, theirs].map(|image| ImageInfo::parse(image).expect("both are good images"));
    assert_eq!(ours[..info.hashed_len as usize], theirs[..signed.hashed_len as usize]);
    let [hash] = info.tlvs[..] else { panic!("an unsigned image has one hash and no other TLV") };
    let [same, named, signature] = signed.tlvs[..] else { panic!("hash, key hash, signature") };
    assert_eq!(hash, same);
    assert_eq!(hash.value(ours), same.value(theirs));
    assert_eq!(named.value(theirs), key.key_hash(HashAlgorithm::Sha256).as_slice());
    assert_eq!(signature.kind, key.kind().tlv_type());
}
