//! Walking the type-length-value entries behind an image's body, without copying.

use super::{ImageError, ImageHeader};
use serde::Serialize;

/// First two octets of the normal TLV area.
pub(crate) const INFO_MAGIC: u16 = 0x6907;
/// First two octets of the protected TLV area.
pub(crate) const PROTECTED_MAGIC: u16 = 0x6908;
/// Octets before an area's entries and before an entry's value.
pub(crate) const HEAD: u32 = 4;

/// Head of an area or entry: its first field, and the octets that follow it.
pub(crate) fn head_octets(first: u16, len: u16) -> [u8; 4] {
    let ([a, b], [c, d]) = (first.to_le_bytes(), len.to_le_bytes());
    [a, b, c, d]
}

/// One entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Tlv {
    /// Offset of its head in the image.
    pub at: u32,
    /// Type.
    pub kind: u16,
    /// Octets of its value.
    pub len: u16,
    /// Whether it lies in the protected area, which the hash covers.
    pub protected: bool,
}

/// Where the TLV areas of an image lie.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TlvAreas {
    /// Offset of the first area's head.
    start: u32,
    /// Offset of the normal area's head.
    normal: u32,
    /// Offset behind the last entry: the image ends here.
    pub(crate) end: u32,
}

impl Tlv {
    /// Offset of the value in the image.
    pub const fn value_at(&self) -> u32 {
        self.at + HEAD
    }

    /// The value, out of the octets of the image.
    ///
    /// # Panics
    /// When `image` is shorter than the image the entry was found in.
    pub fn value<'a>(&self, image: &'a [u8]) -> &'a [u8] {
        &image[self.value_at() as usize..][..self.len as usize]
    }
}

impl TlvAreas {
    /// Finds the areas of the image at the start of `bytes` (MCUboot `bootutil_tlv_iter_begin`).
    pub(crate) fn find(header: &ImageHeader, bytes: &[u8]) -> Result<Self, ImageError> {
        let len = bytes.len() as u32;
        let hashed = header.hashed_len();
        if hashed > u64::from(len) {
            return Err(ImageError::Truncated { end: hashed, len });
        }
        let normal = hashed as u32;
        let start = normal - u32::from(header.protect_tlv_size);
        if header.protect_tlv_size > 0 {
            let (found, area) = head(bytes, start)?;
            if found != PROTECTED_MAGIC {
                return Err(ImageError::TlvMagic { at: start, found, expected: PROTECTED_MAGIC });
            }
            if area != header.protect_tlv_size {
                return Err(ImageError::ProtectedSize { header: header.protect_tlv_size, area });
            }
        }
        let (found, total) = head(bytes, normal)?;
        if found == PROTECTED_MAGIC && header.protect_tlv_size == 0 {
            return Err(ImageError::ProtectedSize { header: 0, area: total });
        }
        if found != INFO_MAGIC {
            return Err(ImageError::TlvMagic { at: normal, found, expected: INFO_MAGIC });
        }
        let end = normal + u32::from(total);
        if end > len || u32::from(total) < HEAD {
            return Err(ImageError::TlvTooLong { at: normal, end, limit: len });
        }
        Ok(Self { start, normal, end })
    }

    /// The entries of both areas in order (MCUboot `bootutil_tlv_iter_next` for any type). The first
    /// one that leaves the areas ends the walk with an error. A protected entry may reach into the
    /// normal area, whose head is passed over only by a walk that arrives exactly there.
    pub(crate) fn entries<'a>(
        &self,
        bytes: &'a [u8],
    ) -> impl Iterator<Item = Result<Tlv, ImageError>> + use<'a> {
        let Self { start, normal, end } = *self;
        let mut at = start + HEAD;
        let mut broken = false;
        std::iter::from_fn(move || {
            if at == normal {
                at += HEAD;
            }
            if at >= end || broken {
                return None;
            }
            let entry = entry(bytes, at, end, at < normal);
            match entry {
                Ok(tlv) => at = tlv.value_at() + u32::from(tlv.len),
                Err(_) => broken = true,
            }
            Some(entry)
        })
    }
}

fn entry(bytes: &[u8], at: u32, limit: u32, protected: bool) -> Result<Tlv, ImageError> {
    if at + HEAD > limit {
        return Err(ImageError::TlvTooLong { at, end: at + HEAD, limit });
    }
    let (kind, len) = head(bytes, at)?;
    let tlv = Tlv { at, kind, len, protected };
    let end = tlv.value_at() + u32::from(len);
    if end > limit {
        return Err(ImageError::TlvTooLong { at, end, limit });
    }
    Ok(tlv)
}

/// The two little-endian fields of a head.
fn head(bytes: &[u8], at: u32) -> Result<(u16, u16), ImageError> {
    let limit = bytes.len() as u32;
    head_at(bytes, at).ok_or(ImageError::TlvTooLong { at, end: at + HEAD, limit })
}

/// The same, if it lies within the octets.
pub(crate) fn head_at(bytes: &[u8], at: u32) -> Option<(u16, u16)> {
    let h = bytes.get(at as usize..)?.first_chunk::<4>()?;
    Some((u16::from_le_bytes([h[0], h[1]]), u16::from_le_bytes([h[2], h[3]])))
}
