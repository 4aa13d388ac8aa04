//! How the boot loader judges the image in a slot.

use super::tlv::TlvAreas;
use super::{ImageError, ImageHeader, flags, tlv_type};
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

/// Judges hash and TLVs of the image in a slot (MCUboot `bootutil_img_validate` built without keys):
/// it ends within `limit`, every TLV fits, and each SHA-256 TLV, of which there is one at least, is
/// right. Signatures are not looked at.
pub(crate) fn judge(view: &dyn FlashView, slot: Area, limit: u32) -> Result<(), ImageError> {
    let bytes = view.bytes(slot.start, slot.len);
    let header = ImageHeader::parse(bytes)?;
    let areas = TlvAreas::find(&header, bytes)?;
    if areas.end > limit {
        return Err(ImageError::TooLarge { len: areas.end, limit });
    }
    let hash = view.sha256(Area::new(slot.start, header.hashed_len() as u32));
    let mut found = false;
    for tlv in areas.entries(bytes) {
        let tlv = tlv?;
        if tlv.kind == tlv_type::SHA256 {
            if tlv.len != 32 {
                return Err(ImageError::HashLength { len: tlv.len });
            }
            if tlv.value(bytes) != hash {
                return Err(ImageError::HashMismatch);
            }
            found = true;
        }
    }
    if found { Ok(()) } else { Err(ImageError::NoHash) }
}
