//! Images in the forms in which builds deliver them.

mod dfu_zip;
mod intel_hex;

use sim::image_file::{Container, ContainerKind, ImageFile};

/// An image that imgtool made.
fn image(name: &str) -> Vec<u8> {
    let path = format!("{}/../testdata/imgtool/{name}.bin", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(path).expect("it is there")
}

#[track_caller]
fn complaint(bytes: impl Into<Vec<u8>>) -> String {
    Container::open(bytes.into(), None).expect_err("must be refused").to_string()
}

#[test]
fn a_binary_is_taken_as_it_is() {
    for name in ["ecdsa_p256", "ed25519", "padded_confirmed", "plain_prot_tlvs", "rsa2048"] {
        let bytes = image(name);
        let container = Container::open(bytes.clone(), None).expect("good");
        assert_eq!(container.kind, ContainerKind::Bin);
        let found = container.application().expect("one image");
        assert_eq!(found.bytes, bytes);
        assert_eq!((found.base, found.entry, found.filled), (None, None, 0));
        assert!(ImageFile::sound(bytes).is_ok());
    }
}

#[test]
fn what_is_no_container_is_a_binary_for_others_to_judge() {
    for bytes in [&b"\x7fELF"[..], b"PK", b"hello", b"\xff", b" \n;", b"\xef\xbb\xbf"] {
        let container = Container::open(bytes.to_vec(), None).expect("any octets");
        assert_eq!(container.kind, ContainerKind::Bin);
        assert_eq!(container.images[0].bytes, bytes);
    }
    assert_eq!(complaint(""), "the file is empty, it has 0 octets");
}

#[test]
fn only_archives_have_entries() {
    let error = Container::open(image("ed25519"), Some("app.bin")).expect_err("must be refused");
    assert_eq!(error.to_string(), "there are no entries in it: it is no zip archive");
}
