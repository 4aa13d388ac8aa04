//! An image file, taken apart.

use super::tlv::TlvAreas;
use super::{ImageError, ImageHeader, Tlv, tlv_type};
use crate::view::sha256;
use serde::Serialize;

/// What an image consists of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ImageInfo {
    /// The header.
    pub header: ImageHeader,
    /// All TLV entries in order, the protected ones first.
    pub tlvs: Vec<Tlv>,
    /// Octets from the header to the end of the TLVs; a padded file is longer.
    pub total_len: u32,
    /// Octets from the start that the hash covers.
    pub hashed_len: u32,
    /// Value of the SHA-256 TLV: the `hash` that an SMP image list shows. Not verified.
    pub sha256_tlv: Option<[u8; 32]>,
}

impl ImageInfo {
    /// Takes apart the image at the start of `bytes`; what follows it is not looked at. Judges the
    /// structure, not the hash: [`Self::verify`] does.
    pub fn parse(bytes: &[u8]) -> Result<Self, ImageError> {
        let header = ImageHeader::parse(bytes)?;
        if u32::from(header.hdr_size) < ImageHeader::LEN {
            return Err(ImageError::HeaderSize { hdr_size: header.hdr_size });
        }
        let areas = TlvAreas::find(&header, bytes)?;
        let tlvs = areas.entries(bytes).collect::<Result<Vec<_>, _>>()?;
        let sha256_tlv = match tlvs.iter().find(|tlv| tlv.kind == tlv_type::SHA256) {
            Some(tlv) => Some(
                tlv.value(bytes).try_into().map_err(|_| ImageError::HashLength { len: tlv.len })?,
            ),
            None => None,
        };
        let hashed_len = header.hashed_len() as u32;
        Ok(Self { header, tlvs, total_len: areas.end, hashed_len, sha256_tlv })
    }

    /// Whether the SHA-256 TLV is there and is the hash of these octets.
    pub fn verify(&self, bytes: &[u8]) -> Result<(), ImageError> {
        let stated = self.sha256_tlv.ok_or(ImageError::NoHash)?;
        let hashed = bytes
            .get(..self.hashed_len as usize)
            .ok_or(ImageError::TooShort { len: bytes.len() as u32 })?;
        if sha256(hashed) == stated { Ok(()) } else { Err(ImageError::HashMismatch) }
    }
}
