//! What TLV entries say.

use super::{HashAlgorithm, ImageError, ImageVersion, KeyKind, Tlv, tlv_type};
use core::fmt;

/// The value of a TLV entry by its type. Octets are borrowed from the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlvValue<'a> {
    /// Hash of header, body and protected TLVs.
    Hash {
        /// What it was made with.
        algorithm: HashAlgorithm,
        /// The hash.
        octets: &'a [u8],
    },
    /// Hash of the public key of the signature that follows.
    KeyHash(&'a [u8]),
    /// That public key itself, DER.
    PublicKey(&'a [u8]),
    /// Signature.
    Signature {
        /// Kind of key that made it. ECDSA with P-384 has the same type as with P-256.
        kind: KeyKind,
        /// The signature.
        octets: &'a [u8],
    },
    /// Whether the signature is over the image instead of its hash.
    Pure(bool),
    /// The key of an encrypted image, itself encrypted.
    EncryptedKey(&'a [u8]),
    /// Another image that this one needs.
    Dependency(Dependency),
    /// Security counter: a boot loader with rollback protection refuses lower ones.
    SecurityCounter(u32),
    /// Boot record of measured boot: CBOR.
    BootRecord(&'a [u8]),
    /// Octets of the body when decompressed.
    DecompressedSize(u32),
    /// Hash of the decompressed image.
    DecompressedHash(&'a [u8]),
    /// Signature of the decompressed image.
    DecompressedSignature(&'a [u8]),
    /// Octets of a compressed body when decrypted, without padding.
    CompressedSize(u32),
    /// Who made the device.
    VendorId([u8; 16]),
    /// What class of device the image is for.
    ClassId([u8; 16]),
    /// A type left to vendors.
    Vendor(&'a [u8]),
    /// A type that MCUboot does not know.
    Unknown(&'a [u8]),
}

/// Another image of the device that must be there in a version at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dependency {
    /// Number of the image.
    pub image: u8,
    /// Its lowest version.
    pub version: ImageVersion,
}

impl Dependency {
    /// Reads the octets of an entry (MCUboot `struct image_dependency`).
    fn parse(b: &[u8; 12]) -> Self {
        Self {
            image: b[0],
            version: ImageVersion {
                major: b[4],
                minor: b[5],
                revision: u16::from_le_bytes([b[6], b[7]]),
                build: u32::from_le_bytes([b[8], b[9], b[10], b[11]]),
            },
        }
    }

    /// The octets of the entry.
    pub(crate) fn emit(&self) -> [u8; 12] {
        let mut b = [0; 12];
        b[0] = self.image;
        b[4] = self.version.major;
        b[5] = self.version.minor;
        b[6..8].copy_from_slice(&self.version.revision.to_le_bytes());
        b[8..12].copy_from_slice(&self.version.build.to_le_bytes());
        b
    }
}

impl Tlv {
    /// What the entry says, out of the octets of the image.
    ///
    /// # Errors
    /// [`ImageError::TlvLength`] when its type has a fixed length and the entry another one.
    ///
    /// # Panics
    /// When `image` is shorter than the image the entry was found in.
    pub fn decode<'a>(&self, image: &'a [u8]) -> Result<TlvValue<'a>, ImageError> {
        let octets = self.value(image);
        Ok(match self.kind {
            tlv_type::KEYHASH => TlvValue::KeyHash(octets),
            tlv_type::PUBKEY => TlvValue::PublicKey(octets),
            tlv_type::SIG_PURE => TlvValue::Pure(self.fixed::<1>(image)? == [1]),
            tlv_type::ENC_RSA2048..=tlv_type::ENC_X25519_SHA512 => TlvValue::EncryptedKey(octets),
            tlv_type::DEPENDENCY => TlvValue::Dependency(Dependency::parse(&self.fixed(image)?)),
            tlv_type::SEC_CNT => TlvValue::SecurityCounter(self.u32(image)?),
            tlv_type::BOOT_RECORD => TlvValue::BootRecord(octets),
            tlv_type::DECOMP_SIZE => TlvValue::DecompressedSize(self.u32(image)?),
            tlv_type::DECOMP_SHA => TlvValue::DecompressedHash(octets),
            tlv_type::DECOMP_SIGNATURE => TlvValue::DecompressedSignature(octets),
            tlv_type::COMP_DEC_SIZE => TlvValue::CompressedSize(self.u32(image)?),
            tlv_type::UUID_VID => TlvValue::VendorId(self.fixed(image)?),
            tlv_type::UUID_CID => TlvValue::ClassId(self.fixed(image)?),
            kind => {
                if let Some(algorithm) = HashAlgorithm::of_tlv(kind) {
                    self.expect_len(algorithm.len())?;
                    TlvValue::Hash { algorithm, octets }
                } else if let Some(kind) = KeyKind::of_tlv(kind) {
                    TlvValue::Signature { kind, octets }
                } else if tlv_type::name(kind).is_some() {
                    TlvValue::Vendor(octets)
                } else {
                    TlvValue::Unknown(octets)
                }
            }
        })
    }

    /// Whether the entry has the length that its type must have.
    pub(crate) fn expect_len(&self, expected: u16) -> Result<(), ImageError> {
        if self.len == expected {
            return Ok(());
        }
        Err(ImageError::TlvLength { kind: self.kind, len: self.len, expected })
    }

    fn fixed<const N: usize>(&self, image: &[u8]) -> Result<[u8; N], ImageError> {
        self.expect_len(N as u16)?;
        Ok(self.value(image).try_into().expect("the length was just compared"))
    }

    fn u32(&self, image: &[u8]) -> Result<u32, ImageError> {
        self.fixed(image).map(u32::from_le_bytes)
    }
}

/// What it means, for people; hashes, keys and signatures in hexadecimal digits.
impl fmt::Display for TlvValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pure(true) => f.write_str("the signature is over the image"),
            Self::Pure(false) => f.write_str("the signature is over the hash"),
            Self::Dependency(Dependency { image, version }) => {
                write!(f, "needs image {image} in version {version} or later")
            }
            Self::SecurityCounter(n) => write!(f, "{n}"),
            Self::DecompressedSize(n) | Self::CompressedSize(n) => write!(f, "{n} octets"),
            Self::VendorId(id) | Self::ClassId(id) => write_uuid(f, id),
            Self::Hash { octets, .. }
            | Self::KeyHash(octets)
            | Self::PublicKey(octets)
            | Self::Signature { octets, .. }
            | Self::EncryptedKey(octets)
            | Self::BootRecord(octets)
            | Self::DecompressedHash(octets)
            | Self::DecompressedSignature(octets)
            | Self::Vendor(octets)
            | Self::Unknown(octets) => octets.iter().try_for_each(|b| write!(f, "{b:02x}")),
        }
    }
}

/// In the usual groups of 8, 4, 4, 4 and 12 digits.
fn write_uuid(f: &mut fmt::Formatter<'_>, id: &[u8; 16]) -> fmt::Result {
    id.iter().enumerate().try_for_each(|(n, octet)| {
        let dash = if matches!(n, 4 | 6 | 8 | 10) { "-" } else { "" };
        write!(f, "{dash}{octet:02x}")
    })
}

#[cfg(test)]
mod tests {
    use super::{Dependency, Tlv, TlvValue};
    use crate::image::{HashAlgorithm, ImageError, ImageVersion, KeyKind, tlv_type};

    fn entry(kind: u16, value: &[u8]) -> (Tlv, Vec<u8>) {
        let tlv = Tlv { at: 0, kind, len: value.len() as u16, protected: false };
        (tlv, [&[0; 4], value].concat())
    }

    fn said(kind: u16, value: &[u8]) -> String {
        let (tlv, image) = entry(kind, value);
        tlv.decode(&image).unwrap().to_string()
    }

    #[test]
    fn structured_entries_are_read_to_their_fields() {
        let dependency = [1, 0, 0, 0, 2, 3, 4, 0, 5, 0, 0, 0];
        let (tlv, image) = entry(tlv_type::DEPENDENCY, &dependency);
        let version = ImageVersion { major: 2, minor: 3, revision: 4, build: 5 };
        let needed = Dependency { image: 1, version };
        assert_eq!(tlv.decode(&image), Ok(TlvValue::Dependency(needed)));
        assert_eq!(needed.emit(), dependency);
        assert_eq!(
            said(tlv_type::DEPENDENCY, &dependency),
            "needs image 1 in version 2.3.4+5 or later"
        );
        assert_eq!(said(tlv_type::SEC_CNT, &[42, 0, 0, 0]), "42");
        assert_eq!(said(tlv_type::DECOMP_SIZE, &[0, 1, 0, 0]), "256 octets");
        assert_eq!(said(tlv_type::SIG_PURE, &[1]), "the signature is over the image");
        assert_eq!(said(tlv_type::SIG_PURE, &[2]), "the signature is over the hash");
        let id: [u8; 16] = std::array::from_fn(|n| n as u8);
        assert_eq!(said(tlv_type::UUID_CID, &id), "00010203-0405-0607-0809-0a0b0c0d0e0f");
        assert_eq!(said(tlv_type::BOOT_RECORD, &[0xa0]), "a0");
    }

    #[test]
    fn a_wrong_length_is_named_with_the_right_one() {
        let cases = [
            (tlv_type::DEPENDENCY, 11, 12),
            (tlv_type::SEC_CNT, 3, 4),
            (tlv_type::SHA384, 32, 48),
            (tlv_type::UUID_VID, 17, 16),
            (tlv_type::COMP_DEC_SIZE, 0, 4),
        ];
        for (kind, len, expected) in cases {
            let (tlv, image) = entry(kind, &vec![0; usize::from(len)]);
            assert_eq!(tlv.decode(&image), Err(ImageError::TlvLength { kind, len, expected }));
        }
    }

    #[test]
    fn every_named_type_has_a_meaning_and_no_other_has() {
        for kind in 0..=u16::MAX {
            let len = match kind {
                tlv_type::SHA256 => 32,
                tlv_type::SHA384 => 48,
                tlv_type::SHA512 => 64,
                tlv_type::DEPENDENCY => 12,
                tlv_type::UUID_VID | tlv_type::UUID_CID => 16,
                tlv_type::SIG_PURE => 1,
                _ => 4,
            };
            let (tlv, image) = entry(kind, &vec![7; len]);
            let value = tlv.decode(&image).unwrap();
            let unknown = matches!(value, TlvValue::Unknown(_));
            assert_eq!(unknown, tlv_type::name(kind).is_none(), "{kind:#x}");
            let vendor = matches!(value, TlvValue::Vendor(_));
            assert_eq!(vendor, tlv_type::name(kind) == Some("vendor"), "{kind:#x}");
        }
        let (tlv, image) = entry(tlv_type::RSA3072_PSS, &[7; 4]);
        let octets = &image[4..];
        assert_eq!(tlv.decode(&image), Ok(TlvValue::Signature { kind: KeyKind::Rsa3072, octets }));
        let (tlv, image) = entry(tlv_type::SHA512, &[7; 64]);
        let hash = TlvValue::Hash { algorithm: HashAlgorithm::Sha512, octets: &image[4..] };
        assert_eq!(tlv.decode(&image), Ok(hash));
    }
}
