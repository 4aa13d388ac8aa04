//! What the SMP image list reads from a slot.

use super::tlv::{HEAD, INFO_MAGIC, PROTECTED_MAGIC, head_at};
use super::{ImageHeader, ImageVersion, tlv_type};
use crate::{Area, FlashView};

/// An image in a slot, as the application sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotImage {
    /// Version in the header.
    pub version: ImageVersion,
    /// Header flags.
    pub flags: u32,
    /// Value of the SHA-256 TLV, not verified.
    pub sha256: [u8; 32],
    /// Octets from the header to the end of the TLVs.
    pub total_len: u32,
}

/// How the application looks for the hash among the TLVs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HashScan {
    /// The type of a TLV is its first octet, and the octets of a hash that was found are read as TLVs
    /// (Zephyr 3.2 `image.h` and `img_mgmt.c`).
    OctetTypes,
    /// The type of a TLV has two octets (MCUboot `image.h`), and the octets of a hash are read as TLVs
    /// nevertheless (Zephyr 3.7 `img_mgmt.c`).
    #[default]
    IntoHash,
    /// The scan steps over a hash (Zephyr 4.4 `subsys/dfu/boot/mcuboot.c`, `dfu_boot_read_img_info`).
    OverHash,
}

/// [`slot_image_by`] as Zephyr 3.7 does it.
pub fn slot_image(view: &dyn FlashView, slot: Area) -> Option<SlotImage> {
    slot_image_by(view, slot, HashScan::IntoHash)
}

/// Reads the image in a slot as Zephyr's `img_mgmt_read_info` does: `None` without header magic, TLV
/// area, or exactly one SHA-256 TLV. Nothing is verified, and the header size is not looked at.
///
/// Two oddities of that scan are kept. Where it goes on at the octets of a hash it has found as if
/// they were TLVs, a hash which begins like an erased or a hash TLV hides the image, and a second
/// hash may go unnoticed. And it looks for one more TLV head behind the last one.
pub fn slot_image_by(view: &dyn FlashView, slot: Area, scan: HashScan) -> Option<SlotImage> {
    let bytes = view.bytes(slot.start, slot.len);
    let header = ImageHeader::parse(bytes).ok()?;
    let mut at = u32::from(header.hdr_size).checked_add(header.img_size)?;
    if let (PROTECTED_MAGIC, total) = head_at(bytes, at)? {
        at += u32::from(total);
    }
    let (INFO_MAGIC, total) = head_at(bytes, at)? else { return None };
    let total_len = at + u32::from(total);
    let sha256 = find_hash(bytes, at + HEAD, total_len + HEAD, scan)?;
    Some(SlotImage { version: header.version, flags: header.flags, sha256, total_len })
}

fn find_hash(bytes: &[u8], mut at: u32, end: u32, scan: HashScan) -> Option<[u8; 32]> {
    let mut found = None;
    while at + HEAD <= end {
        let (kind, len) = head_at(bytes, at)?;
        let kind = if scan == HashScan::OctetTypes { kind & 0xff } else { kind };
        match (kind, len) {
            (0xff, 0xffff) => return None,
            (tlv_type::SHA256, 32) => {
                at += HEAD;
                if found.is_some() || at + 32 > end {
                    return None;
                }
                found = Some(*bytes.get(at as usize..)?.first_chunk::<32>()?);
                if scan == HashScan::OverHash {
                    at += 32;
                }
            }
            (_, len) => at += HEAD + u32::from(len),
        }
    }
    found
}
