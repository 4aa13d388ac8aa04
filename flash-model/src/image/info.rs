//! An image file, taken apart.

use super::tlv::TlvAreas;
use super::{HashAlgorithm, ImageError, ImageHeader, Tlv, VerifyingKey, tlv_type};
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
    /// The first hash it carries.
    pub hash: Option<HashAlgorithm>,
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
        let hashed_len = header.hashed_len() as u32;
        let mut hash = None;
        let mut sha256_tlv = None;
        for tlv in &tlvs {
            let end = tlv.value_at() + u32::from(tlv.len);
            if tlv.protected && end > hashed_len {
                return Err(ImageError::TlvTooLong { at: tlv.at, end, limit: hashed_len });
            }
            if let Some(algorithm) = HashAlgorithm::of_tlv(tlv.kind) {
                tlv.expect_len(algorithm.len())?;
                hash = hash.or(Some(algorithm));
                if algorithm == HashAlgorithm::Sha256 && sha256_tlv.is_none() {
                    sha256_tlv = tlv.value(bytes).try_into().ok();
                }
            }
        }
        Ok(Self { header, tlvs, total_len: areas.end, hashed_len, hash, sha256_tlv })
    }

    /// Whether there is a hash TLV, and each one is the hash of these octets.
    pub fn verify(&self, bytes: &[u8]) -> Result<(), ImageError> {
        let hashed = self.hashed(bytes)?;
        let wanted = self.hash.ok_or(ImageError::NoHash { algorithm: HashAlgorithm::Sha256 })?;
        let mut known = wanted.hash(hashed);
        for tlv in &self.tlvs {
            let Some(algorithm) = HashAlgorithm::of_tlv(tlv.kind) else { continue };
            if algorithm != known.algorithm() {
                known = algorithm.hash(hashed);
            }
            if tlv.value(bytes) != known.as_slice() {
                return Err(ImageError::HashMismatch { algorithm });
            }
        }
        Ok(())
    }

    /// Whether one of the signatures is `key`'s, as `imgtool verify` judges it: whatever key the image
    /// names, over the hash, or over the image where a SIG_PURE TLV stands. The hash itself is for
    /// [`Self::verify`] to judge.
    pub fn verify_signature(&self, bytes: &[u8], key: &VerifyingKey) -> Result<(), ImageError> {
        let kind = key.kind();
        let hashed = self.hashed(bytes)?;
        let pure = self.tlvs.iter().any(|tlv| tlv.kind == tlv_type::SIG_PURE);
        let hash = self.hash.unwrap_or_default().hash(hashed);
        let message = if pure { hashed } else { hash.as_slice() };
        let mut verdict = Err(ImageError::NoSignature { kind });
        for tlv in self.tlvs.iter().filter(|tlv| tlv.kind == kind.tlv_type()) {
            if key.verifies(message, tlv.value(bytes)) {
                return Ok(());
            }
            verdict = Err(ImageError::BadSignature { kind });
        }
        verdict
    }

    fn hashed<'a>(&self, bytes: &'a [u8]) -> Result<&'a [u8], ImageError> {
        bytes
            .get(..self.hashed_len as usize)
            .ok_or(ImageError::TooShort { len: bytes.len() as u32 })
    }
}
