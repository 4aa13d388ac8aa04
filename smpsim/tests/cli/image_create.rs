//! `smpsim image create`.

use crate::{Folder, fed, smpsim, testdata};
use serde_json::Value;
use std::path::Path;

/// Arguments that every image needs, before its own.
const NEEDED: [&str; 6] = ["image", "create", "--version", "1.2.3+4", "--slot-size", "0x76000"];

fn key(name: &str) -> String {
    testdata(&format!("keys/{name}"))
}

fn octets(path: &str) -> Vec<u8> {
    std::fs::read(path).expect("it was written")
}

/// What imgtool made of the arguments, and which it refused.
fn recorded() -> Vec<Value> {
    let text = std::fs::read_to_string(testdata("image_create/recorded.jsonl")).expect("vendored");
    let rows: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("good JSON")).collect();
    assert_eq!(rows.len(), 63);
    rows
}

/// Calls the program with the arguments of a row.
fn create(row: &Value, output: &str) -> crate::Seen {
    let [body_len, seed] = ["body_len", "seed"].map(|key| row[key].to_string());
    let words = row["arguments"].as_array().expect("a list").iter();
    let own = words.map(|word| word.as_str().expect("text")).map(|word| {
        let is_key = Path::new(word).extension().is_some_and(|extension| extension == "pem");
        if is_key { key(word) } else { word.to_owned() }
    });
    let before = ["image", "create", "--body-len", &body_len, "--seed", &seed].map(str::to_owned);
    let all: Vec<_> = before.into_iter().chain(own).chain([output.to_owned()]).collect();
    smpsim(&all.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn the_same_arguments_give_the_octets_of_imgtool_or_its_refusal() {
    let (mut made, mut refused) = (0, 0);
    for row in recorded() {
        let folder = Folder::new();
        let path = folder.path("made.bin");
        let seen = create(&row, &path);
        if row["refused"] == true {
            assert_eq!(seen.status, 2, "{}: {}", row["arguments"], seen.out);
            assert_eq!(folder.names(), Vec::<String>::new(), "{}", row["arguments"]);
            refused += 1;
        } else {
            assert_eq!(seen.status, 0, "{}: {}", row["arguments"], seen.err);
            let image = octets(&path);
            assert_eq!(row["size"], image.len(), "{}", row["arguments"]);
            assert_eq!(row["sha256"], sha256(&image), "{}", row["arguments"]);
            made += 1;
        }
    }
    assert_eq!((made, refused), (40, 23));
}

fn sha256(octets: &[u8]) -> String {
    flash_model::HashAlgorithm::Sha256.hash(octets).to_string()
}

/// Makes a signed image, and gives what the program says and the path.
fn signed(folder: &Folder, name: &str, more: &[&str]) -> (String, String) {
    let (path, key) = (folder.path("signed.bin"), key(name));
    let own = ["--body-len", "5000", "--pad-header", "--key", &key];
    let all = [&NEEDED[..], &own[..], more, &[path.as_str()]].concat();
    (smpsim(&all).with_status(0).out, path)
}

#[test]
fn an_image_of_each_kind_of_key_is_told_apart_and_sound() {
    let kinds = [
        ("ecdsa_p256.pem", "ECDSA P-256", "ECDSA_SIG"),
        ("ed25519.pem", "Ed25519", "ED25519"),
        ("rsa2048.pem", "RSA-2048", "RSA2048_PSS"),
        ("rsa3072.pem", "RSA-3072", "RSA3072_PSS"),
    ];
    for (name, kind, signature) in kinds {
        let folder = Folder::new();
        let (out, path) = signed(&folder, name, &[]);
        assert!(out.contains(&format!("signed with {kind} key ")), "{out}");
        let inspected = smpsim(&["image", "inspect", "--json", &path]).with_status(0).json();
        let field = |n: usize, key: &str| inspected["tlvs"][n][key].as_str().expect("text");
        assert_eq!([0, 1, 2].map(|n| field(n, "name")), ["SHA256", "KEYHASH", signature]);
        assert!(out.contains(field(0, "value")) && out.contains(field(1, "value")), "{out}");
    }
}

#[test]
fn the_same_call_gives_the_same_octets() {
    for name in ["ecdsa_p256.pem", "rsa2048.pem"] {
        let [a, b] = [(); 2].map(|()| {
            let folder = Folder::new();
            octets(&signed(&folder, name, &["--public-key-format", "full"]).1)
        });
        assert!(a == b, "{name}");
    }
}

#[test]
fn an_application_is_taken_as_it_is_or_without_the_zeros_for_its_header() {
    let folder = Folder::new();
    let body: Vec<u8> = (0..999_u32).map(|n| n as u8 | 1).collect();
    let plain = folder.file("app.bin", &body);
    let linked = folder.file("linked.bin", [&[0; 0x100], &body[..]].concat());
    let [made, same] = [("a.bin", &plain), ("b.bin", &linked)].map(|(name, input)| {
        let path = folder.path(name);
        let header: &[&str] = if input == &plain { &["--pad-header"] } else { &[] };
        let own = ["-H", "256", input, &path];
        smpsim(&[&NEEDED[..], header, &own[..]].concat()).with_status(0);
        octets(&path)
    });
    assert_eq!(made[0x100..][..999], body);
    assert_eq!(same[0x100..][..999], body);
    assert_eq!((made[0xff], same[0xff]), (0xff, 0));
    assert_eq!(made.len(), same.len());
}

#[test]
fn a_file_may_be_replaced_by_its_image() {
    let folder = Folder::new();
    let path = folder.file("app.bin", [7; 100]);
    smpsim(&[&NEEDED[..], &["--pad-header", &path, &path]].concat()).with_status(0);
    assert_eq!(octets(&path).len(), 0x200 + 100 + 40);
    assert_eq!(folder.names(), ["app.bin"]);
}

#[test]
fn one_line_tells_what_was_made_and_what_room_is_left() {
    let folder = Folder::new();
    let path = folder.path("made.bin");
    let line = |more: &[&str]| {
        let out = smpsim(&[&NEEDED[..], more, &[path.as_str()]].concat()).with_status(0).out;
        assert_eq!(out.lines().count(), 1, "{out}");
        assert!(out.starts_with(&path), "{out}");
        out
    };
    let out = line(&["--body-len", "1000", "--align", "4"]);
    let hash = "SHA-256 ";
    for part in ["image 1.2.3+4, 1552 octets", hash, "not signed"] {
        assert!(out.contains(part), "no {part} in {out}");
    }
    assert!(out.contains("room for 480192 octets more by imgtool's rule"), "{out}");
    assert!(out.contains("room for 473584 octets more by MCUboot's (swap-move)"), "{out}");
    let out = line(&["--body-len", "475000", "--align", "4"]);
    assert!(out.contains("room for 6192 octets more by imgtool's rule"), "{out}");
    assert!(
        out.contains("416 octets too long by MCUboot's (swap-move), which refuses it"),
        "{out}"
    );
    let out = line(&["--body-len", "475000", "--align", "4", "--overwrite-only"]);
    assert!(out.contains("room for 7736 octets more by MCUboot's (overwrite-only)"), "{out}");
}

#[test]
fn what_cannot_be_used_is_refused_and_leaves_no_file() {
    let folder = Folder::new();
    let (made, app) = (folder.path("made.bin"), folder.file("app.bin", [7; 100]));
    let none = folder.path("none.bin");
    let refused = |more: &[&str], parts: &[&str]| {
        smpsim(&[&NEEDED[..], more].concat()).refuses(parts);
        assert_eq!(folder.names(), ["app.bin"]);
    };
    refused(&[&app], &["two files", "--body-len"]);
    refused(&["--body-len", "1", &app, &made], &["one file"]);
    refused(&[&none, &made], &["none.bin"]);
    refused(&[&app, &made], &["app.bin", "512 zeros", "has only 0", "--pad-header"]);
    refused(&[&app, &folder.path("made.hex")], &["made.hex", "Intel HEX"]);
    refused(&["--body-len", "4294967295", &made], &["made.bin", "do not fit"]);
    refused(&["--body-len", "1", &folder.path("no/made.bin")], &["no/made.bin"]);
    let key = |name: &str, part| {
        let path = testdata(&format!("keys/{name}"));
        refused(&["--body-len", "1", "--key", &path, &made], &[name, part]);
    };
    key("rsa3072.pub.pem", "private key is needed");
    key("ed25519_encrypted.pem", "openssl");
    key("ecdsa_p384.pem", "ECDSA P-384");
    key("README.md", "BEGIN");
    key("none.pem", "No such file");
}

#[test]
fn octets_that_are_no_text_are_no_key() {
    let folder = Folder::new();
    let key = folder.file("key.pem", [0xff; 10]);
    let made = folder.path("made.bin");
    let own = ["--body-len", "1", "--key", &key, &made];
    smpsim(&[&NEEDED[..], &own[..]].concat()).refuses(&["key.pem", "UTF-8"]);
}

#[test]
fn an_image_made_here_can_be_installed() {
    let folder = Folder::new();
    let path = folder.path("made.bin");
    let own = ["--body-len", "20000", "--align", "4", &path];
    smpsim(&[&NEEDED[..], &own[..]].concat()).with_status(0);
    let run = fed(&["run", "--image", &path, "--json"], b"").with_status(0).json();
    assert_eq!(run["outcome"], "confirmed");
}
