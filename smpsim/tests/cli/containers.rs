//! Images in Intel HEX files and update packages, inspected and installed.

use crate::{Folder, document, smpsim, testdata};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::{Cursor, Write};

fn image(name: &str) -> Vec<u8> {
    std::fs::read(testdata(&format!("imgtool/{name}.bin"))).expect("it is there")
}

/// Intel HEX with these octets at an address below 64 KiB times `upper`.
fn hex(segments: &[(u32, &[u8])]) -> String {
    let mut text = String::new();
    let mut record = |kind: u8, at: u16, data: &[u8]| {
        let head = [data.len() as u8, (at >> 8) as u8, at as u8, kind];
        let octets = [&head, data].concat();
        let sum = octets.iter().fold(0_u8, |sum, octet| sum.wrapping_sub(*octet));
        let digits = octets.iter().chain([&sum]).fold(String::new(), |mut digits, octet| {
            let _ = write!(digits, "{octet:02X}");
            digits
        });
        let _ = writeln!(text, ":{digits}");
    };
    for (start, bytes) in segments {
        for (n, data) in bytes.chunks(16).enumerate() {
            let at = start + 16 * n as u32;
            record(4, 0, &((at >> 16) as u16).to_be_bytes());
            record(0, at as u16, data);
        }
    }
    record(1, 0, &[]);
    text
}

/// An update package of an application and, for another core, something else.
pub(crate) fn package(second: &[u8]) -> Vec<u8> {
    let manifest = json!({"format-version": 1, "files": [
        {"file": "net.bin", "image_index": "1", "type": "application"},
        {"file": "app.bin", "image_index": "0", "slot_index_primary": "1",
         "slot_index_secondary": "2", "load_address": 49_664, "version_MCUBOOT": "1.2.3+4",
         "board": "nrf52840dk/nrf52840", "soc": "nRF52840", "size": 2_704, "type": "application",
         "modtime": 1_700_000_000, "partition": "app", "slot": "0"},
    ]})
    .to_string();
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let entries: [(&str, &[u8]); 3] = [
        ("manifest.json", manifest.as_bytes()),
        ("net.bin", second),
        ("app.bin", &image("ed25519")),
    ];
    for (name, bytes) in entries {
        writer.start_file(name, zip::write::SimpleFileOptions::default()).expect("a new name");
        writer.write_all(bytes).expect("memory");
    }
    writer.finish().expect("memory").into_inner()
}

fn inspect(args: &[&str], status: i32) -> Value {
    smpsim(&[&["image", "inspect", "--json"], args].concat()).with_status(status).json()
}

/// The fields that come from the image alone.
fn of_image(mut document: Value) -> Value {
    for field in ["file", "container", "base", "filled", "entry", "manifest", "other_images"] {
        document.as_object_mut().expect("an object").remove(field);
    }
    document
}

#[test]
fn intel_hex_is_inspected_as_the_binary_is_with_its_address() {
    let folder = Folder::new();
    for name in ["ed25519", "padded_confirmed", "plain_prot_tlvs"] {
        let bytes = image(name);
        let text = hex(&[(0x1000, &[1; 64]), (0xc000, &bytes), (0x1000_1200, &[0; 4])]);
        let file = folder.file("merged.bin", text);
        let document = inspect(&[&file], 0);
        assert_eq!(
            (&document["container"], &document["base"]),
            (&json!("intel_hex"), &json!(0xc000))
        );
        let binary = inspect(&[&testdata(&format!("imgtool/{name}.bin"))], 0);
        assert_eq!((&binary["container"], &binary["base"]), (&json!("bin"), &Value::Null));
        assert_eq!(of_image(document), of_image(binary));
        let out = smpsim(&["image", "inspect", &file]).with_status(0).out;
        assert!(out.contains("Intel HEX with 1 image\n"), "{out}");
        assert!(out.contains("merged.bin: at 0xc000: MCUboot image"), "{out}");
    }
}

#[test]
fn two_images_in_a_file_are_both_shown() {
    let folder = Folder::new();
    let (first, second) = (image("ed25519"), image("rsa2048"));
    let file = folder.file("x.hex", hex(&[(0xc000, &first), (0x8_0000, &second[..1_000])]));
    let document = inspect(&[&file], 1);
    assert_eq!(document["sound"], true);
    let others = document["other_images"].as_array().expect("a list");
    assert_eq!((others.len(), &others[0]["base"]), (1, &json!(0x8_0000)));
    assert_eq!(others[0]["sound"], false);
    smpsim(&["run", "--image", &file]).refuses(&[&file, "0xc000", "0x80000", "one image"]);
}

#[test]
fn a_package_is_inspected_with_what_its_manifest_says() {
    let folder = Folder::new();
    let file = folder.file("dfu_application.zip", package(&image("rsa2048")));
    let document = inspect(&[&file], 0);
    assert_eq!(
        (&document["container"], &document["entry"]),
        (&json!("dfu_zip"), &json!("app.bin"))
    );
    assert_eq!(document["manifest"]["slot_index_secondary"], 2);
    assert_eq!(document["manifest"]["type"], "application");
    let binary = inspect(&[&testdata("imgtool/ed25519.bin")], 0);
    assert_eq!(of_image(document.clone()), of_image(binary));
    assert_eq!(document["other_images"][0]["entry"], "net.bin");
    assert_eq!(document["other_images"][0]["sound"], true);

    let named = inspect(&["--zip-entry", "net.bin", &file], 0);
    assert_eq!((&named["entry"], &named["other_images"]), (&json!("net.bin"), &json!([])));
    let out = smpsim(&["image", "inspect", &file]).with_status(0).out;
    assert!(out.contains("update package with 2 images"), "{out}");
    assert!(out.contains("image 0, primary slot 1, secondary slot 2"), "{out}");
}

#[test]
fn what_is_no_image_in_a_package_makes_it_unsound_but_is_shown() {
    let folder = Folder::new();
    let file = folder.file("x.zip", package(b"SUIT envelope"));
    let document = inspect(&[&file], 1);
    assert_eq!(document["sound"], true);
    let other = &document["other_images"][0];
    assert_eq!((&other["entry"], &other["sound"]), (&json!("net.bin"), &json!(false)));
    assert!(other["problem"].as_str().is_some_and(|p| p.contains("13 octets")), "{other}");
    let out = smpsim(&["image", "inspect", &file]).with_status(1).out;
    assert!(out.contains("net.bin: 13 octets, not an MCUboot image"), "{out}");
    smpsim(&["image", "inspect", "--zip-entry", "net.bin", &file])
        .refuses(&["net.bin", "13 octets"]);
}

#[test]
fn the_same_image_runs_the_same_whatever_file_it_comes_from() {
    let folder = Folder::new();
    let bin = testdata("imgtool/ed25519.bin");
    let hex = folder.file("zephyr.signed.hex", hex(&[(0xc000, &image("ed25519"))]));
    let zip = folder.file("dfu_application.zip", package(&image("rsa2048")));
    let digest = |file: &str| document(&["--image", file])["trace_digest"].clone();
    assert_eq!(digest(&hex), digest(&bin));
    assert_eq!(digest(&zip), digest(&bin));
    let net = document(&["--image", &zip, "--zip-entry", "net.bin"]);
    let rsa = document(&["--image", &testdata("imgtool/rsa2048.bin")]);
    assert_eq!(net["trace_digest"], rsa["trace_digest"]);
}

#[test]
fn what_gives_no_image_to_install_is_refused_with_the_way_out() {
    let folder = Folder::new();
    let bin = testdata("imgtool/ed25519.bin");
    let run = |args: &[&str]| smpsim(&[&["run", "--image"], args].concat());
    run(&[&bin, "--zip-entry", "a"]).refuses(&["ed25519.bin", "no zip archive", "--zip-entry"]);
    smpsim(&["run", "--zip-entry", "a"]).with_status(2);
    let zip = folder.file("x.zip", package(b"no image"));
    run(&[&zip, "--zip-entry", "b.bin"]).refuses(&["b.bin", "app.bin", "net.bin"]);
    run(&[&zip, "--zip-entry", "net.bin"]).refuses(&["x.zip: net.bin", "--force"]);
    let unsigned = folder.file("zephyr.hex", hex(&[(0xc200, &[0x20; 64])]));
    run(&[&unsigned]).refuses(&["zephyr.hex", "0xc200 to 0xc240", "zephyr.signed.hex"]);
    let cut = folder.file("cut.hex", ":10C000003DB8F396\n");
    run(&[&cut]).refuses(&["cut.hex", "line 1"]);
    let broken = folder.file("broken.zip", &package(b"")[..200]);
    run(&[&broken]).refuses(&["broken.zip", "zip archive"]);

    let mut changed = image("ed25519");
    changed[1_000] ^= 1;
    let changed = folder.file("changed.hex", hex(&[(0xc000, &changed)]));
    run(&[&changed]).refuses(&["changed.hex: at 0xc000", "SHA-256", "--force"]);
    assert_eq!(run(&[&changed, "--force"]).status, 1);
}

#[test]
fn limits_are_those_of_the_slot_asked_for_or_of_the_file_or_of_the_dk() {
    let bin = testdata("imgtool/ed25519.bin");
    let slot = |args: &[&str]| inspect(args, 0)["slot"].clone();
    let dk = slot(&[&bin]);
    assert_eq!((&dk["size"], &dk["from"]), (&json!(0x76000), &json!("nrf52840dk")));
    let limit = |slot: &Value, rule: &str| {
        let limits = slot["limits"].as_array().expect("a list").iter();
        let found = limits.clone().find(|limit| limit["rule"] == rule).expect(rule);
        (found["limit"].as_u64().expect("octets"), found["fits"] == true)
    };
    assert_eq!(limit(&dk, "imgtool"), (481_744, true));
    assert_eq!(limit(&dk, "swap-move"), (475_136, true));
    assert_eq!(limit(&dk, "overwrite-only"), (483_288, true));
    let out = smpsim(&["image", "inspect", &bin]).with_status(0).out;
    assert!(out.contains("largest image    imgtool 481744, swap-move 475136, "), "{out}");
    assert!(out.contains("fits             all of these"), "{out}");
    let out = smpsim(&["image", "inspect", "--slot-size=0x1000", &bin]).with_status(0).out;
    assert!(out.contains("; too large for imgtool, swap-move, swap-offset"), "{out}");
    let small = slot(&["--slot-size", "0x1000", &bin]);
    assert_eq!((&small["size"], &small["from"]), (&json!(0x1000), &json!("option")));
    assert_eq!(limit(&small, "imgtool"), (0x1000 - 1_584, false));
    assert_eq!(limit(&small, "swap-move"), (0, false));
    let padded = slot(&[&testdata("imgtool/padded_confirmed.bin")]);
    assert_eq!((&padded["size"], &padded["from"]), (&json!(32_768), &json!("file")));
    assert_eq!(limit(&slot(&["--slot-size", "1", &bin]), "swap-scratch"), (0, false));
    for bad in ["0", "0x1000001", "many", "-1"] {
        smpsim(&["image", "inspect", &format!("--slot-size={bad}"), &bin]).with_status(2);
    }
}

#[test]
fn a_package_of_two_images_is_installed_whole_on_a_device_with_four_slots() {
    let folder = Folder::new();
    let package = folder.file("dfu_application.zip", package(&image("rsa2048")));
    let document = document(&["two-images", "--image", &package]);
    assert_eq!(document["outcome"], "confirmed", "{document}");
    assert_eq!(document["boot"]["swaps"], 2);
    assert_eq!(document["more_images"][0]["size"], image("rsa2048").len());
    let one = crate::document(&["--image", &package]);
    assert_eq!(one["more_images"], json!([]), "a device with two slots takes the application");
    let broken = folder.file("broken.zip", self::package(b"no image"));
    let seen = smpsim(&["run", "two-images", "--image", &broken]).with_status(2);
    assert!(seen.err.contains("net.bin"), "{}", seen.err);
}
