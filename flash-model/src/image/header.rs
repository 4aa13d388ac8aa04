//! The first 32 octets of an image.

use super::{ImageError, ImageVersion};
use serde::Serialize;

/// Flags of an image header (MCUboot `IMAGE_F_*`).
pub mod flags {
    /// Position independent code; nothing looks at it.
    pub const PIC: u32 = 0x1;
    /// Encrypted with AES-128.
    pub const ENCRYPTED_AES128: u32 = 0x4;
    /// Encrypted with AES-256.
    pub const ENCRYPTED_AES256: u32 = 0x8;
    /// Never to be booted.
    pub const NON_BOOTABLE: u32 = 0x10;
    /// Runs from RAM.
    pub const RAM_LOAD: u32 = 0x20;
    /// Linked for one flash address.
    pub const ROM_FIXED: u32 = 0x100;
    /// Compressed with LZMA1.
    pub const LZMA1: u32 = 0x200;
    /// Compressed with LZMA2.
    pub const LZMA2: u32 = 0x400;
    /// Filtered for ARM Thumb code before compression.
    pub const ARM_THUMB: u32 = 0x800;
    /// Every flag with its name, without MCUboot's prefix.
    const NAMES: [(u32, &str); 9] = [
        (PIC, "PIC"),
        (ENCRYPTED_AES128, "ENCRYPTED_AES128"),
        (ENCRYPTED_AES256, "ENCRYPTED_AES256"),
        (NON_BOOTABLE, "NON_BOOTABLE"),
        (RAM_LOAD, "RAM_LOAD"),
        (ROM_FIXED, "ROM_FIXED"),
        (LZMA1, "COMPRESSED_LZMA1"),
        (LZMA2, "COMPRESSED_LZMA2"),
        (ARM_THUMB, "COMPRESSED_ARM_THUMB"),
    ];

    /// Names of the flags that are set.
    pub fn names(set: u32) -> Vec<&'static str> {
        NAMES.iter().filter(|(bit, _)| set & bit != 0).map(|(_, name)| *name).collect()
    }

    /// Encrypted or compressed in any way: a boot loader that was not built for it refuses these.
    /// MCUboot counts the filter alone as compressed too (`IS_ENCRYPTED`, `IS_COMPRESSED`).
    pub(crate) const NEEDS_MORE: u32 =
        ENCRYPTED_AES128 | ENCRYPTED_AES256 | LZMA1 | LZMA2 | ARM_THUMB;
}

/// The header of an image. All fields are little endian in flash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ImageHeader {
    /// RAM or flash address the image is bound to; 0 otherwise.
    pub load_addr: u32,
    /// Octets from the start of the image to its body.
    pub hdr_size: u16,
    /// Octets of the protected TLV area with its head; 0 without one.
    pub protect_tlv_size: u16,
    /// Octets of the body.
    pub img_size: u32,
    /// [`flags`].
    pub flags: u32,
    /// Version.
    pub version: ImageVersion,
}

impl ImageHeader {
    /// Length of the header's fields in octets.
    pub const LEN: u32 = 32;
    /// First four octets of an image (MCUboot `IMAGE_MAGIC`).
    pub const MAGIC: u32 = 0x96f3_b83d;
    /// First four octets of the format before it, which nothing boots any more (MCUboot
    /// `IMAGE_MAGIC_V1`).
    pub const OLD_MAGIC: u32 = 0x96f3_b83c;

    /// Reads the header at the start of `bytes`. Only the magic is judged.
    pub fn parse(bytes: &[u8]) -> Result<Self, ImageError> {
        let Some(b) = bytes.first_chunk::<32>() else {
            return Err(ImageError::TooShort { len: bytes.len() as u32 });
        };
        let u16_at = |n: usize| u16::from_le_bytes([b[n], b[n + 1]]);
        let u32_at = |n: usize| u32::from_le_bytes([b[n], b[n + 1], b[n + 2], b[n + 3]]);
        let magic = u32_at(0);
        if magic != Self::MAGIC {
            return Err(ImageError::BadMagic { found: magic });
        }
        Ok(Self {
            load_addr: u32_at(4),
            hdr_size: u16_at(8),
            protect_tlv_size: u16_at(10),
            img_size: u32_at(12),
            flags: u32_at(16),
            version: ImageVersion {
                major: b[20],
                minor: b[21],
                revision: u16_at(22),
                build: u32_at(24),
            },
        })
    }

    /// The 32 octets of the header.
    pub fn emit(&self) -> [u8; 32] {
        let mut b = [0; 32];
        b[0..4].copy_from_slice(&Self::MAGIC.to_le_bytes());
        b[4..8].copy_from_slice(&self.load_addr.to_le_bytes());
        b[8..10].copy_from_slice(&self.hdr_size.to_le_bytes());
        b[10..12].copy_from_slice(&self.protect_tlv_size.to_le_bytes());
        b[12..16].copy_from_slice(&self.img_size.to_le_bytes());
        b[16..20].copy_from_slice(&self.flags.to_le_bytes());
        b[20] = self.version.major;
        b[21] = self.version.minor;
        b[22..24].copy_from_slice(&self.version.revision.to_le_bytes());
        b[24..28].copy_from_slice(&self.version.build.to_le_bytes());
        b
    }

    /// Octets that the hash covers: header with padding, body, protected TLVs. May be more than a
    /// slot or 32 bits hold in a header that is not trusted yet.
    pub fn hashed_len(&self) -> u64 {
        u64::from(self.hdr_size) + u64::from(self.img_size) + u64::from(self.protect_tlv_size)
    }
}
