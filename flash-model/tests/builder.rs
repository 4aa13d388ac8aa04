//! What images are built from, taken out of them again.

use flash_model::{
    BuildError, Dependency, HashAlgorithm, ImageBuilder, ImageInfo, ImageVersion, KeyKind,
    SigningKey, TlvValue, flags, generated_body,
};
use proptest::prelude::*;
use std::path::Path;
use std::sync::LazyLock;

fn key(name: &str) -> SigningKey {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../testdata/keys"));
    let text = std::fs::read_to_string(folder.join(name)).expect("vendored");
    SigningKey::from_pem(&text).expect("a good key")
}

static ED25519: LazyLock<SigningKey> = LazyLock::new(|| key("ed25519.pem"));

fn refused(change: impl FnOnce(&mut ImageBuilder)) -> BuildError {
    let mut builder = ImageBuilder::default();
    change(&mut builder);
    builder.build(generated_body(10, 0)).expect_err("it does not fit together")
}

#[test]
fn what_does_not_fit_together_is_refused() {
    let custom = |kind, len| (kind, vec![0; len]);
    assert_eq!(refused(|b| b.hdr_size = 31), BuildError::HeaderSize { hdr_size: 31 });
    assert_eq!(refused(|b| (b.load_addr, b.rom_fixed) = (1, 1)), BuildError::TwoAddresses);
    for kind in [0x10, 0x9f, 0xffff] {
        let error = refused(|b| b.custom_tlvs = vec![custom(kind, 0)]);
        assert_eq!(error, BuildError::CustomType { kind });
    }
    let twice =
        refused(|b| b.custom_tlvs = vec![custom(0xa0, 1), custom(0xa1, 1), custom(0xa0, 2)]);
    assert_eq!(twice, BuildError::CustomTwice { kind: 0xa0 });
    for lens in [vec![65_536], vec![65_528], vec![40_000, 40_000]] {
        let tlvs = lens.iter().zip(0xa0..).map(|(&len, kind)| custom(kind, len)).collect();
        assert_eq!(refused(|b| b.custom_tlvs = tlvs), BuildError::TlvsTooLong);
    }
}

#[test]
fn an_area_may_be_as_long_as_its_length_field_can_say() {
    let custom_tlvs = vec![(0xa0, vec![7; 65_527])];
    let image = ImageBuilder { custom_tlvs, ..ImageBuilder::default() }
        .build(generated_body(10, 0))
        .unwrap();
    let info = ImageInfo::parse(&image).unwrap();
    assert_eq!(info.header.protect_tlv_size, 65_535);
    assert_eq!(info.verify(&image), Ok(()));
}

#[test]
fn a_key_signs_only_the_hashes_that_imgtool_lets_it_sign() {
    for name in ["ecdsa_p256.pem", "ed25519.pem", "rsa2048.pem", "rsa3072.pem"] {
        let signer = key(name);
        let kind = signer.kind();
        for hash in HashAlgorithm::ALL {
            let builder = ImageBuilder { key: Some(signer.clone()), hash, ..Default::default() };
            let built = builder.build(generated_body(10, 0));
            if kind.signs(hash) {
                let image = built.unwrap();
                let info = ImageInfo::parse(&image).unwrap();
                assert_eq!(info.verify_signature(&image, signer.verifying_key()), Ok(()));
            } else {
                assert_eq!(built, Err(BuildError::HashForKey { kind, hash }));
            }
            let pure = ImageBuilder { pure: true, ..builder }.build(generated_body(10, 0));
            let allowed = kind == KeyKind::Ed25519 && hash == HashAlgorithm::Sha512;
            assert_eq!(pure.is_ok(), allowed);
        }
    }
    assert_eq!(refused(|b| (b.pure, b.hash) = (true, HashAlgorithm::Sha512)), BuildError::Pure);
}

fn version() -> impl Strategy<Value = ImageVersion> {
    any::<(u8, u8, u16, u32)>().prop_map(|(major, minor, revision, build)| ImageVersion {
        major,
        minor,
        revision,
        build,
    })
}

fn dependency() -> impl Strategy<Value = Dependency> {
    (any::<u8>(), version()).prop_map(|(image, version)| Dependency { image, version })
}

/// Where the image shall run: nowhere in particular, in RAM, or at one flash address.
fn addresses() -> impl Strategy<Value = (u32, u32)> {
    prop_oneof![Just((0, 0)), any::<u32>().prop_map(|a| (a, 0)), any::<u32>().prop_map(|a| (0, a))]
}

fn id() -> impl Strategy<Value = Option<[u8; 16]>> {
    any::<Option<[u8; 16]>>()
}

fn builder() -> impl Strategy<Value = ImageBuilder> {
    let counter = any::<Option<u32>>();
    let value = prop::collection::vec(any::<u8>(), 0..9);
    let custom = prop::collection::btree_map(0xa0..=0xfffe_u16, value, 0..4);
    (
        (version(), 32..700_u16, any::<bool>(), addresses(), any::<bool>()),
        (counter, prop::collection::vec(dependency(), 0..3), id(), id(), custom),
        (prop::sample::select(&HashAlgorithm::ALL[..]), any::<bool>()),
    )
        .prop_map(|(header, protected, (hash, signed))| {
            let (version, hdr_size, pad_header, (load_addr, rom_fixed), non_bootable) = header;
            let (security_counter, dependencies, vendor_id, class_id, custom) = protected;
            let key = (signed && KeyKind::Ed25519.signs(hash)).then(|| ED25519.clone());
            ImageBuilder {
                version,
                hdr_size,
                pad_header,
                load_addr,
                rom_fixed,
                non_bootable,
                security_counter,
                dependencies,
                vendor_id,
                class_id,
                custom_tlvs: custom.into_iter().collect(),
                hash,
                key,
                ..ImageBuilder::default()
            }
        })
}

proptest! {
    #[test]
    fn everything_that_goes_into_an_image_comes_out_again(
        builder in builder(), len in 0..600_u32, seed in any::<u32>(),
    ) {
        let body: Vec<u8> = generated_body(len, seed).collect();
        let image = builder.build(body.iter().copied()).unwrap();
        let info = ImageInfo::parse(&image).unwrap();
        prop_assert_eq!(info.total_len as usize, image.len());
        prop_assert_eq!(info.verify(&image), Ok(()));
        if let Some(key) = &builder.key {
            prop_assert_eq!(info.verify_signature(&image, key.verifying_key()), Ok(()));
        }
        let hdr_size = usize::from(builder.hdr_size);
        let fill = if builder.pad_header { 0xff } else { 0 };
        prop_assert!(image[32..hdr_size].iter().all(|&b| b == fill));
        prop_assert_eq!(&image[hdr_size..hdr_size + body.len()], &body[..]);

        let header = info.header;
        prop_assert_eq!((header.version, header.hdr_size), (builder.version, builder.hdr_size));
        prop_assert_eq!(header.load_addr, builder.load_addr | builder.rom_fixed);
        let flag = |flag| header.flags & flag != 0;
        prop_assert_eq!(flag(flags::RAM_LOAD), builder.load_addr != 0);
        prop_assert_eq!(flag(flags::ROM_FIXED), builder.rom_fixed != 0);
        prop_assert_eq!(flag(flags::NON_BOOTABLE), builder.non_bootable);

        let mut found = ImageBuilder {
            security_counter: None, vendor_id: None, class_id: None,
            dependencies: vec![], custom_tlvs: vec![], ..builder.clone()
        };
        let mut hashes = 0;
        for tlv in &info.tlvs {
            let value = tlv.decode(&image).unwrap();
            let about_all = matches!(
                value,
                TlvValue::Hash { .. } | TlvValue::KeyHash(_) | TlvValue::Signature { .. }
            );
            prop_assert_eq!(tlv.protected, !about_all);
            match value {
                TlvValue::SecurityCounter(n) => found.security_counter = Some(n),
                TlvValue::Dependency(dependency) => found.dependencies.push(dependency),
                TlvValue::VendorId(id) => found.vendor_id = Some(id),
                TlvValue::ClassId(id) => found.class_id = Some(id),
                TlvValue::Hash { .. } => hashes += 1,
                TlvValue::KeyHash(_) | TlvValue::Signature { .. } => {}
                _ => found.custom_tlvs.push((tlv.kind, tlv.value(&image).to_vec())),
            }
        }
        prop_assert_eq!(hashes, 1);
        prop_assert_eq!(found, builder);
    }
}
