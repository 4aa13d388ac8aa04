//! Keys and the images they have signed: files of imgtool, and what is signed here.

use flash_model::{
    HashAlgorithm, ImageBuilder, ImageError, ImageInfo, KeyError, KeyKind, PublicKeyFormat,
    SignError, SigningKey, VerifyingKey, generated_body, tlv_type,
};
use proptest::prelude::*;
use std::path::Path;
use std::sync::LazyLock;

fn testdata(name: &str) -> Vec<u8> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../testdata"));
    std::fs::read(folder.join(name)).expect("vendored")
}

fn pem(name: &str) -> String {
    String::from_utf8(testdata(name)).expect("PEM is text")
}

/// One private key of each kind.
static KEYS: LazyLock<Vec<SigningKey>> = LazyLock::new(|| {
    ["ecdsa_p256", "ed25519", "rsa2048", "rsa3072"]
        .map(|name| SigningKey::from_pem(&pem(&format!("keys/{name}.pem"))).expect("a good key"))
        .into()
});

/// The images that imgtool has signed, with their public keys.
fn signed_by_imgtool() -> [(Vec<u8>, VerifyingKey); 3] {
    ["ecdsa_p256", "ed25519", "rsa2048"].map(|name| {
        let key = VerifyingKey::from_pem(&pem(&format!("imgtool/{name}.pub.pem")));
        (testdata(&format!("imgtool/{name}.bin")), key.expect("a good key"))
    })
}

#[test]
fn an_image_signed_by_imgtool_names_its_key_and_verifies_with_no_other() {
    let all = signed_by_imgtool();
    for (bytes, key) in &all {
        let info = ImageInfo::parse(bytes).unwrap();
        let named = info.tlvs.iter().find(|tlv| tlv.kind == tlv_type::KEYHASH).unwrap();
        assert_eq!(named.value(bytes), key.key_hash(HashAlgorithm::Sha256).as_slice());
        assert_eq!(info.verify_signature(bytes, key), Ok(()));
        for (_, other) in all.iter().filter(|(_, other)| other != key) {
            let missing = Err(ImageError::NoSignature { kind: other.kind() });
            assert_eq!(info.verify_signature(bytes, other), missing);
        }
        let same_kind = KEYS.iter().find(|other| other.kind() == key.kind()).unwrap();
        let wrong = Err(ImageError::BadSignature { kind: key.kind() });
        assert_eq!(info.verify_signature(bytes, same_kind.verifying_key()), wrong);
    }
}

#[test]
fn a_private_key_gives_the_public_half_that_imgtool_gives() {
    let public = VerifyingKey::from_pem(&pem("keys/rsa3072.pub.pem")).unwrap();
    assert_eq!(public.kind(), KeyKind::Rsa3072);
    let private = VerifyingKey::from_pem(&pem("keys/rsa3072.pem")).unwrap();
    assert_eq!(private, public);
    assert_eq!(private.key_hash(HashAlgorithm::Sha256), public.key_hash(HashAlgorithm::Sha256));
}

#[test]
fn older_forms_of_a_private_key_hold_the_same_key() {
    for (older, name) in [("ecdsa_p256_sec1", "ecdsa_p256"), ("rsa2048_pkcs1", "rsa2048")] {
        let [older, newer] =
            [older, name].map(|name| SigningKey::from_pem(&pem(&format!("keys/{name}.pem"))));
        assert_eq!(older.unwrap(), newer.unwrap());
    }
}

#[test]
fn what_is_no_usable_key_is_refused_with_what_it_is() {
    let refused = |text: &str| SigningKey::from_pem(text).unwrap_err();
    assert_eq!(refused(&pem("keys/rsa3072.pub.pem")), KeyError::NotPrivate);
    assert_eq!(refused(&pem("keys/ed25519_encrypted.pem")), KeyError::Encrypted);
    let other = KeyError::Algorithm { algorithm: "ECDSA P-384".to_owned() };
    assert_eq!(refused(&pem("keys/ecdsa_p384.pem")), other);
    assert!(matches!(refused(""), KeyError::NotPem { .. }));
    assert!(matches!(refused("-----BEGIN PRIVATE KEY-----\nMC4C"), KeyError::NotPem { .. }));
    let certificate = pem("keys/ed25519.pem").replace("PRIVATE KEY", "CERTIFICATE");
    assert_eq!(refused(&certificate), KeyError::Label { label: "CERTIFICATE".to_owned() });
    for label in ["PUBLIC KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "RSA PUBLIC KEY"] {
        let mislabelled = pem("keys/ed25519.pem").replace("PRIVATE KEY", label);
        assert!(matches!(refused(&mislabelled), KeyError::Malformed { .. }), "{label}");
    }
}

#[test]
fn signing_is_a_function_of_key_and_message() {
    for key in KEYS.iter() {
        let [a, b] = [[1; 32], [2; 32]].map(|message| key.sign(&message).unwrap());
        assert_eq!(a, key.sign(&[1; 32]).unwrap());
        assert_ne!(a, b);
        let public = key.verifying_key();
        assert!(public.verifies(&[1; 32], &a) && public.verifies(&[2; 32], &b));
        assert!(!public.verifies(&[1; 32], &b) && !public.verifies(&[3; 32], &a));
        assert!(!public.verifies(&[1; 32], &[]) && !public.verifies(&[1; 32], &a[1..]));
    }
}

#[test]
fn only_ed25519_signs_what_is_no_sha256() {
    for key in KEYS.iter() {
        let signed = key.sign(&[1; 64]);
        let kind = key.kind();
        if kind == KeyKind::Ed25519 {
            assert!(key.verifying_key().verifies(&[1; 64], &signed.unwrap()));
        } else {
            assert_eq!(signed, Err(SignError::Length { kind, len: 64 }));
        }
    }
}

#[test]
fn zeros_behind_an_ecdsa_signature_are_padding() {
    let key = KEYS.iter().find(|key| key.kind() == KeyKind::EcdsaP256).unwrap();
    let mut signature = key.sign(&[7; 32]).unwrap();
    signature.resize(80, 0);
    assert!(key.verifying_key().verifies(&[7; 32], &signature));
    signature[1] += 1;
    assert!(!key.verifying_key().verifies(&[7; 32], &signature));
}

#[test]
fn debug_output_shows_no_private_numbers() {
    let key = &KEYS[0];
    let shown = format!("{key:?}");
    assert!(shown.starts_with("private ECDSA P-256 key ") && shown.len() < 100, "{shown}");
}

fn signed(key: &SigningKey, key_format: PublicKeyFormat, pure: bool) -> Vec<u8> {
    let hash = if pure { HashAlgorithm::Sha512 } else { HashAlgorithm::Sha256 };
    let key = Some(key.clone());
    ImageBuilder { key, key_format, pure, hash, ..ImageBuilder::default() }
        .build(generated_body(300, 3))
        .expect("they fit together")
}

#[test]
fn a_signature_over_the_image_itself_is_told_by_its_mark() {
    let key = KEYS.iter().find(|key| key.kind() == KeyKind::Ed25519).unwrap();
    let mut bytes = signed(key, PublicKeyFormat::Hash, true);
    let info = ImageInfo::parse(&bytes).unwrap();
    assert_eq!(info.hash, Some(HashAlgorithm::Sha512));
    assert_eq!(info.sha256_tlv, None);
    assert_eq!(info.verify(&bytes), Ok(()));
    assert_eq!(info.verify_signature(&bytes, key.verifying_key()), Ok(()));
    let mark = info.tlvs.iter().find(|tlv| tlv.kind == tlv_type::SIG_PURE).unwrap();
    bytes[mark.at as usize] = 0xf0;
    let info = ImageInfo::parse(&bytes).unwrap();
    let refused = Err(ImageError::BadSignature { kind: KeyKind::Ed25519 });
    assert_eq!(info.verify_signature(&bytes, key.verifying_key()), refused);
}

/// Images made here and by imgtool, each with the key that has signed it.
static SIGNED: LazyLock<Vec<(Vec<u8>, VerifyingKey)>> = LazyLock::new(|| {
    let here = KEYS
        .iter()
        .map(|key| (signed(key, PublicKeyFormat::Full, false), key.verifying_key().clone()));
    here.chain(signed_by_imgtool()).collect()
});

proptest! {
    #[test]
    fn a_flipped_bit_in_the_hashed_part_or_the_signature_is_found(
        which in 0..7usize, at in any::<prop::sample::Index>(), bit in 0..8u32,
        in_signature in any::<bool>(),
    ) {
        let (bytes, key) = &SIGNED[which];
        let info = ImageInfo::parse(bytes).unwrap();
        let signature = info.tlvs.iter().find(|tlv| tlv.kind == key.kind().tlv_type()).unwrap();
        let start = signature.value_at() as usize;
        // The header's sizes and magic are judged before anything is hashed.
        let range = if in_signature { start..start + usize::from(signature.len) } else {
            16..info.hashed_len as usize
        };
        let mut broken = bytes.clone();
        broken[range.start + at.index(range.len())] ^= 1 << bit;
        let info = ImageInfo::parse(&broken).unwrap();
        let refused = Err(ImageError::BadSignature { kind: key.kind() });
        prop_assert_eq!(info.verify_signature(&broken, key), refused);
        prop_assert_eq!(info.verify(&broken).is_ok(), in_signature);
    }

    #[test]
    fn text_that_is_no_key_gives_an_error_and_no_panic(
        noise in any::<String>(), cut in any::<prop::sample::Index>(), octet in any::<char>(),
    ) {
        prop_assert!(VerifyingKey::from_pem(&noise).is_err());
        let good = pem("keys/ecdsa_p256.pem");
        let at = cut.index(good.len());
        let _ = VerifyingKey::from_pem(&format!("{}{octet}{}", &good[..at], &good[at + 1..]));
        prop_assert!(VerifyingKey::from_pem(&good[..at]).is_err() || at + 2 > good.len());
    }
}
