//! How the boot loader judges the image in a slot.

use super::signatures::{Signatures, Signer};
use super::tlv::TlvAreas;
use super::{HashAlgorithm, ImageError, ImageHash, ImageHeader, ImagePolicy, flags, tlv_type};
use crate::{Area, FlashView};

/// What the header of a slot's image says, before anything is hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SlotState {
    /// The magic reads as erased, or the flags forbid booting: no image to speak of.
    NoImage,
    /// The header alone shows that the image is not acceptable.
    Invalid,
    /// The image must be hashed.
    Hashable {
        /// Octets that the hash covers.
        len: u32,
    },
}

/// Looks at the header of a slot (MCUboot `boot_check_header_erased`, `boot_is_header_valid`).
pub(crate) fn slot_state(view: &dyn FlashView, slot: Area) -> SlotState {
    let header = match header(view, slot.start) {
        Ok(header) => header,
        Err(ImageError::BadMagic { found: u32::MAX }) => return SlotState::NoImage,
        Err(_) => return SlotState::Invalid,
    };
    if header.flags & flags::NON_BOOTABLE != 0 {
        return SlotState::NoImage;
    }
    let len = header.hashed_len();
    if len >= u64::from(slot.len) || header.flags & flags::NEEDS_MORE != 0 {
        return SlotState::Invalid;
    }
    SlotState::Hashable { len: len as u32 }
}

/// The header at an address.
pub(crate) fn header(view: &dyn FlashView, at: u32) -> Result<ImageHeader, ImageError> {
    ImageHeader::parse(view.bytes(at, ImageHeader::LEN))
}

/// Octets of the image in a slot with its TLVs (MCUboot `boot_read_image_size`).
pub(crate) fn image_len(view: &dyn FlashView, slot: Area) -> Result<u32, ImageError> {
    let bytes = view.bytes(slot.start, slot.len);
    Ok(TlvAreas::find(&ImageHeader::parse(bytes)?, bytes)?.end)
}

/// Judges the image at the start of `image`, an area that ends with its slot (MCUboot
/// `bootutil_img_validate`): its flags ask for nothing that the boot loader cannot do, it ends within
/// `limit`, every TLV fits, the hash is there and right wherever it stands, and with a key so is the
/// signature. Of several signatures by the key the last one counts.
pub(crate) fn judge(
    view: &dyn FlashView,
    image: Area,
    limit: u32,
    policy: &ImagePolicy,
) -> Result<(), ImageError> {
    let bytes = view.bytes(image.start, image.len);
    let header = ImageHeader::parse(bytes)?;
    if header.flags & flags::NEEDS_MORE != 0 {
        return Err(ImageError::Unsupported { flags: header.flags });
    }
    let areas = TlvAreas::find(&header, bytes)?;
    if areas.end > limit {
        return Err(ImageError::TooLarge { len: areas.end, limit });
    }
    let hashed = Area::new(image.start, header.hashed_len() as u32);
    match &policy.key {
        Some(key) if policy.pure => {
            let message = view.bytes(hashed.start, hashed.len);
            pure_flag(bytes, &areas)?;
            walk(bytes, &areas, None, Some(Signer { key, policy, message }))
        }
        key => {
            let hash = match policy.hash {
                HashAlgorithm::Sha256 => ImageHash::sha256(view.sha256(hashed)),
                other => other.hash(view.bytes(hashed.start, hashed.len)),
            };
            let message = hash.as_slice();
            let signer = key.as_ref().map(|key| Signer { key, policy, message });
            walk(bytes, &areas, Some(&hash), signer)
        }
    }
}

fn walk(
    bytes: &[u8],
    areas: &TlvAreas,
    hash: Option<&ImageHash>,
    signer: Option<Signer<'_>>,
) -> Result<(), ImageError> {
    let mut hashed = false;
    let mut signatures = signer.map(Signatures::new);
    for tlv in areas.entries(bytes) {
        let tlv = tlv?;
        if let Some(hash) = hash.filter(|hash| hash.algorithm().tlv_type() == tlv.kind) {
            tlv.expect_len(hash.algorithm().len())?;
            if tlv.value(bytes) != hash.as_slice() {
                return Err(ImageError::HashMismatch { algorithm: hash.algorithm() });
            }
            hashed = true;
        }
        if let Some(signatures) = &mut signatures {
            signatures.see(&tlv, bytes)?;
        }
    }
    match hash {
        Some(hash) if !hashed => Err(ImageError::NoHash { algorithm: hash.algorithm() }),
        _ => signatures.map_or(Ok(()), Signatures::verdict),
    }
}

/// Whether the first entry that speaks of it says that the signature is over the image (MCUboot
/// `bootutil_check_for_pure`).
fn pure_flag(bytes: &[u8], areas: &TlvAreas) -> Result<(), ImageError> {
    for tlv in areas.entries(bytes) {
        let tlv = tlv?;
        if tlv.kind == tlv_type::SIG_PURE {
            let pure = tlv.value(bytes) == [1];
            return if pure { Ok(()) } else { Err(ImageError::NotPure) };
        }
    }
    Err(ImageError::NotPure)
}

#[cfg(test)]
mod tests {
    use super::{ImagePolicy, judge};
    use crate::image::{
        HashAlgorithm, ImageBuilder, ImageError, ImageInfo, KeyKind, PublicKeyFormat, SigningKey,
        VerifyingKey, generated_body, tlv_type,
    };
    use crate::{Area, FlashView, Geometry};
    use std::cell::Cell;
    use std::path::Path;
    use std::sync::Arc;

    /// A slot of 64 KiB with octets at its start, which counts the SHA-256 asked of it.
    struct Slot {
        bytes: Vec<u8>,
        asked: Cell<u32>,
    }

    const AREA: Area = Area::new(0, 0x1_0000);

    impl FlashView for Slot {
        fn geometry(&self) -> Geometry {
            Geometry { size: AREA.len, page: 0x1000, write_size: 4 }
        }

        fn bytes(&self, at: u32, len: u32) -> &[u8] {
            &self.bytes[at as usize..][..len as usize]
        }

        fn sha256(&self, area: Area) -> [u8; 32] {
            self.asked.set(self.asked.get() + 1);
            crate::view::sha256(self.bytes(area.start, area.len))
        }
    }

    fn slot(image: &[u8]) -> Slot {
        let mut bytes = image.to_vec();
        bytes.resize(AREA.len as usize, 0xff);
        Slot { bytes, asked: Cell::new(0) }
    }

    fn verdict(image: &[u8], policy: &ImagePolicy) -> Result<(), ImageError> {
        judge(&slot(image), AREA, AREA.len - 0x1000, policy)
    }

    fn testdata(name: &str) -> Vec<u8> {
        let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../testdata"));
        std::fs::read(folder.join(name)).expect("vendored")
    }

    fn pem(name: &str) -> String {
        String::from_utf8(testdata(name)).expect("PEM is text")
    }

    fn key(name: &str) -> SigningKey {
        SigningKey::from_pem(&pem(&format!("keys/{name}.pem"))).expect("a good key")
    }

    fn trusting(key: &SigningKey) -> ImagePolicy {
        ImagePolicy::signed_with(key.verifying_key().clone())
    }

    fn build(change: impl FnOnce(&mut ImageBuilder)) -> Vec<u8> {
        let mut builder = ImageBuilder::default();
        change(&mut builder);
        builder.build(generated_body(700, 5)).unwrap()
    }

    #[test]
    fn an_image_signed_by_imgtool_boots_where_its_key_is_known_and_nowhere_else() {
        for name in ["ecdsa_p256", "ed25519", "rsa2048"] {
            let image = testdata(&format!("imgtool/{name}.bin"));
            let known = VerifyingKey::from_pem(&pem(&format!("imgtool/{name}.pub.pem"))).unwrap();
            assert_eq!(verdict(&image, &ImagePolicy::signed_with(known)), Ok(()));
            assert_eq!(verdict(&image, &ImagePolicy::default()), Ok(()), "signatures are ignored");
            let stranger = trusting(&key(name));
            let refused = ImageError::UnknownKey { key_tlv: tlv_type::KEYHASH };
            assert_eq!(verdict(&image, &stranger), Err(refused));
        }
    }

    #[test]
    fn an_unsigned_image_is_refused_where_a_key_is_known() {
        let unsigned = build(|_| ());
        assert_eq!(verdict(&unsigned, &ImagePolicy::default()), Ok(()));
        for (name, kind) in [("ecdsa_p256", KeyKind::EcdsaP256), ("rsa3072", KeyKind::Rsa3072)] {
            let refused = ImageError::NoSignature { kind };
            assert_eq!(verdict(&unsigned, &trusting(&key(name))), Err(refused));
        }
    }

    #[test]
    fn a_signature_counts_only_behind_an_entry_that_names_its_key() {
        let (signer, other) = (key("ed25519"), key("ecdsa_p256"));
        let image = build(|b| b.key = Some(signer.clone()));
        let policy = trusting(&signer);
        assert_eq!(verdict(&image, &policy), Ok(()));
        let info = ImageInfo::parse(&image).unwrap();
        let named = info.tlvs.iter().find(|tlv| tlv.kind == tlv_type::KEYHASH).unwrap();
        let refused = Err(ImageError::UnknownKey { key_tlv: tlv_type::KEYHASH });
        for (at, flip) in [(named.value_at(), 0x80), (named.at, 0x40)] {
            let mut broken = image.clone();
            broken[at as usize] ^= flip;
            assert_eq!(verdict(&broken, &policy), refused);
        }
        let missing = Err(ImageError::NoSignature { kind: other.kind() });
        assert_eq!(verdict(&image, &trusting(&other)), missing);
    }

    #[test]
    fn a_changed_octet_anywhere_from_the_body_to_the_end_is_refused() {
        for name in ["ecdsa_p256", "ed25519", "rsa2048", "rsa3072"] {
            let signer = key(name);
            let image = build(|b| b.key = Some(signer.clone()));
            let policy = trusting(&signer);
            assert_eq!(verdict(&image, &policy), Ok(()));
            let step = image.len() / 97;
            for at in (0x20..image.len()).step_by(step).chain([image.len() - 1]) {
                let mut broken = image.clone();
                broken[at] ^= 0x40;
                assert!(verdict(&broken, &policy).is_err(), "{name}: octet {at}");
            }
        }
    }

    #[test]
    fn the_whole_key_serves_a_boot_loader_that_knows_its_hash_only() {
        for name in ["ecdsa_p256", "ed25519", "rsa3072"] {
            let signer = key(name);
            let full = PublicKeyFormat::Full;
            let image = build(|b| (b.key, b.key_format) = (Some(signer.clone()), full));
            let by_hash = trusting(&signer);
            let by_key = ImagePolicy { key_format: full, ..by_hash.clone() };
            assert_eq!(verdict(&image, &by_key), Ok(()));
            let refused = Err(ImageError::UnknownKey { key_tlv: tlv_type::KEYHASH });
            assert_eq!(verdict(&image, &by_hash), refused);
        }
    }

    #[test]
    fn the_hash_must_be_the_one_the_boot_loader_was_built_for() {
        for made in HashAlgorithm::ALL {
            let image = build(|b| b.hash = made);
            for hash in HashAlgorithm::ALL {
                let policy = ImagePolicy { hash, ..ImagePolicy::default() };
                let missing = Err(ImageError::NoHash { algorithm: hash });
                let expected = if made == hash { Ok(()) } else { missing };
                assert_eq!(verdict(&image, &policy), expected);
            }
            let mut broken = image;
            broken[0x210] ^= 1;
            let policy = ImagePolicy { hash: made, ..ImagePolicy::default() };
            let mismatch = Err(ImageError::HashMismatch { algorithm: made });
            assert_eq!(verdict(&broken, &policy), mismatch);
        }
    }

    #[test]
    fn a_pure_signature_replaces_the_hash_and_must_be_expected() {
        let signer = key("ed25519");
        let hash = HashAlgorithm::Sha512;
        let image = build(|b| (b.key, b.pure, b.hash) = (Some(signer.clone()), true, hash));
        let of_hash = ImagePolicy { hash, ..trusting(&signer) };
        let pure = ImagePolicy { pure: true, ..of_hash.clone() };
        assert_eq!(verdict(&image, &pure), Ok(()));
        let refused = Err(ImageError::BadSignature { kind: KeyKind::Ed25519 });
        assert_eq!(verdict(&image, &of_hash), refused);
        let hashed = build(|b| (b.key, b.hash) = (Some(signer.clone()), hash));
        assert_eq!(verdict(&hashed, &of_hash), Ok(()));
        assert_eq!(verdict(&hashed, &pure), Err(ImageError::NotPure));
        let mut broken = image;
        broken[0x210] ^= 1;
        assert_eq!(verdict(&broken, &pure), refused);
    }

    #[test]
    fn what_the_boot_loader_was_not_built_for_is_refused_by_its_flags() {
        for flags in [0x4, 0x8, 0x200, 0x400, 0x800] {
            let mut image = build(|_| ());
            image[16..20].copy_from_slice(&u32::to_le_bytes(flags));
            let refused = Err(ImageError::Unsupported { flags });
            assert_eq!(verdict(&image, &ImagePolicy::default()), refused);
        }
    }

    #[test]
    fn a_sha256_is_asked_for_once_and_left_to_the_view() {
        let signer = key("ed25519");
        let image = build(|b| b.key = Some(signer.clone()));
        for policy in [ImagePolicy::default(), trusting(&signer)] {
            let slot = slot(&image);
            assert_eq!(judge(&slot, AREA, AREA.len, &policy), Ok(()));
            assert_eq!(slot.asked.get(), 1);
        }
        let slot = slot(&build(|b| b.hash = HashAlgorithm::Sha384));
        let policy = ImagePolicy { hash: HashAlgorithm::Sha384, ..ImagePolicy::default() };
        assert_eq!(judge(&slot, AREA, AREA.len, &policy), Ok(()));
        assert_eq!(slot.asked.get(), 0);
    }

    /// The walk passes over the head of the normal area only when it arrives there, and is bounded by
    /// the end of all TLVs.
    #[test]
    fn a_protected_entry_may_reach_over_the_head_of_the_normal_area() {
        let mut image = build(|b| b.custom_tlvs = vec![(0xa0, vec![7; 4])]);
        let info = ImageInfo::parse(&image).unwrap();
        let (entry, normal) = (info.tlvs[0], info.hashed_len as usize);
        image[entry.at as usize + 2] += 4;
        let hash = HashAlgorithm::Sha256.hash(&image[..normal]);
        image[normal + 8..].copy_from_slice(hash.as_slice());
        assert_eq!(verdict(&image, &ImagePolicy::default()), Ok(()));
        let too_long = ImageInfo::parse(&image).unwrap_err();
        assert!(matches!(too_long, ImageError::TlvTooLong { at, .. } if at == entry.at));
    }

    #[test]
    fn policies_compare_by_what_they_accept() {
        let [a, again, b] = ["ed25519", "ed25519", "ecdsa_p256"].map(|name| trusting(&key(name)));
        assert_eq!(a, again);
        assert_ne!(a, b);
        assert!(!Arc::ptr_eq(&a.key.unwrap(), &again.key.unwrap()));
    }
}
