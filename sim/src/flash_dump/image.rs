//! The image in a slot.

use super::Setup;
use crate::hex;
use flash_model::{
    FlashView, HashAlgorithm, ImageHeader, ImageInfo, ImagePolicy, PublicKeyFormat, Tlv, flags,
    tlv_type,
};
use serde::Serialize;

/// What a slot holds. Of an image that cannot be taken apart only `problem` is told, and what
/// needs its header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ImageReport {
    /// `primary` or `secondary`.
    pub slot: &'static str,
    /// Where the boot loader looks for its header.
    pub at: u32,
    /// Whether the header reads as erased: there is no image.
    pub erased: bool,
    /// Version in the header.
    pub version: Option<String>,
    /// Names of the flags that are set.
    pub flag_names: Vec<&'static str>,
    /// Octets of the body.
    pub img_size: Option<u32>,
    /// Octets from the header to the end of the TLVs.
    pub image_len: Option<u32>,
    /// Longest image that the boot loader takes.
    pub limit: u32,
    /// The TLVs.
    pub tlvs: Vec<TlvReport>,
    /// Its hash.
    pub hash: Option<HashAlgorithm>,
    /// Whether the hash is right; signatures are not looked at.
    pub sound: bool,
    /// Why it is not sound.
    pub problem: Option<String>,
    /// What the key comes to, when there is one.
    pub signature: Option<SignatureReport>,
    /// Whether the boot loader accepts it, signature included when there is a key.
    pub accepted: bool,
    /// Why it does not.
    pub refusal: Option<String>,
}

/// One TLV.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TlvReport {
    /// Type.
    #[serde(rename = "type")]
    pub kind: u16,
    /// Name of the type.
    pub name: Option<&'static str>,
    /// Octets of the value.
    pub len: u16,
    /// Whether the hash covers it.
    pub protected: bool,
    /// The value in hex.
    pub value: String,
}

/// Whether a signature of the image is the key's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SignatureReport {
    /// It is.
    pub valid: bool,
    /// Why not.
    pub problem: Option<String>,
}

impl ImageReport {
    /// Looks at a slot, 0 or 1.
    pub(super) fn read(view: &dyn FlashView, setup: &Setup, slot: usize) -> Self {
        let area = setup.boot.image_area(view, &setup.layout, slot);
        let bytes = view.bytes(area.start, area.len);
        let header = ImageHeader::parse(bytes).ok();
        let info = ImageInfo::parse(bytes);
        let sound = info.as_ref().map_err(|e| *e).and_then(|info| info.verify(bytes));
        let judged = setup.boot.judge(view, &setup.layout, slot);
        let key = setup.boot.images.key.as_deref();
        let signature = info.as_ref().ok().zip(key).map(|(info, key)| {
            let problem = info.verify_signature(bytes, key).err().map(|e| e.to_string());
            SignatureReport { valid: problem.is_none(), problem }
        });
        let tlvs = info.as_ref().map_or(&[][..], |info| &info.tlvs);
        Self {
            slot: ["primary", "secondary"][slot],
            at: area.start,
            erased: bytes[..4] == [0xff; 4],
            version: header.map(|header| header.version.to_string()),
            flag_names: header.map_or_else(Vec::new, |header| flags::names(header.flags)),
            img_size: header.map(|header| header.img_size),
            image_len: info.as_ref().ok().map(|info| info.total_len),
            limit: setup.boot.max_image_len(&setup.layout, &setup.geometry()),
            tlvs: tlvs.iter().map(|tlv| TlvReport::new(tlv, bytes)).collect(),
            hash: info.as_ref().ok().and_then(|info| info.hash),
            sound: sound.is_ok(),
            problem: sound.err().map(|e| e.to_string()),
            signature,
            accepted: judged.is_ok(),
            refusal: judged.err().map(|e| e.to_string()),
        }
    }
}

impl TlvReport {
    fn new(tlv: &Tlv, bytes: &[u8]) -> Self {
        Self {
            kind: tlv.kind,
            name: tlv_type::name(tlv.kind),
            len: tlv.len,
            protected: tlv.protected,
            value: hex(tlv.value(bytes)),
        }
    }
}

/// How the boot loader must have been built to accept the images that are there: their hash, how
/// they name the key, and whether the signature is over the image. The primary image counts, which
/// has been booted; without one the secondary.
pub(super) fn policy(view: &dyn FlashView, setup: &Setup) -> ImagePolicy {
    let given = &setup.boot.images;
    let info = (0..2).find_map(|slot| {
        let area = setup.boot.image_area(view, &setup.layout, slot);
        ImageInfo::parse(view.bytes(area.start, area.len)).ok()
    });
    let Some(info) = info else { return given.clone() };
    let has = |kind| info.tlvs.iter().any(|tlv| tlv.kind == kind);
    ImagePolicy {
        hash: info.hash.unwrap_or(given.hash),
        key: given.key.clone(),
        key_format: if has(tlv_type::PUBKEY) { PublicKeyFormat::Full } else { given.key_format },
        pure: has(tlv_type::SIG_PURE) || given.pure,
    }
}
