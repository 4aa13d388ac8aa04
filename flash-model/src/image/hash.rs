//! The hashes that an image may carry.

use super::tlv_type;
use crate::view::sha256;
use core::fmt;
use serde::Serialize;
use sha2::{Digest, Sha384, Sha512};

/// What an image is hashed with (MCUboot `BOOT_IMG_HASH_ALG_*`, imgtool `--sha`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HashAlgorithm {
    /// SHA-256, 32 octets.
    #[default]
    Sha256,
    /// SHA-384, 48 octets.
    Sha384,
    /// SHA-512, 64 octets.
    Sha512,
}

/// A hash.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ImageHash {
    algorithm: HashAlgorithm,
    /// The hash, zeros behind it.
    octets: [u8; 64],
}

impl HashAlgorithm {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Sha256, Self::Sha384, Self::Sha512];

    /// Type of the TLV that holds such a hash.
    pub const fn tlv_type(self) -> u16 {
        match self {
            Self::Sha256 => tlv_type::SHA256,
            Self::Sha384 => tlv_type::SHA384,
            Self::Sha512 => tlv_type::SHA512,
        }
    }

    /// The algorithm whose hashes a TLV of this type holds.
    pub fn of_tlv(kind: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.tlv_type() == kind)
    }

    /// Octets of a hash.
    #[expect(clippy::len_without_is_empty, reason = "no hash is empty")]
    pub const fn len(self) -> u16 {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// Its usual name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
        }
    }

    /// Hashes octets.
    pub fn hash(self, bytes: &[u8]) -> ImageHash {
        match self {
            Self::Sha256 => ImageHash::sha256(sha256(bytes)),
            Self::Sha384 => ImageHash::new(self, &Sha384::digest(bytes)),
            Self::Sha512 => ImageHash::new(self, &Sha512::digest(bytes)),
        }
    }
}

impl fmt::Display for HashAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl ImageHash {
    fn new(algorithm: HashAlgorithm, hash: &[u8]) -> Self {
        let mut octets = [0; 64];
        octets[..hash.len()].copy_from_slice(hash);
        Self { algorithm, octets }
    }

    /// A SHA-256 that is known already.
    pub fn sha256(hash: [u8; 32]) -> Self {
        Self::new(HashAlgorithm::Sha256, &hash)
    }

    /// What it was made with.
    pub const fn algorithm(&self) -> HashAlgorithm {
        self.algorithm
    }

    /// Its octets.
    pub fn as_slice(&self) -> &[u8] {
        &self.octets[..usize::from(self.algorithm.len())]
    }
}

/// In hexadecimal digits.
impl fmt::Display for ImageHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_slice().iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl fmt::Debug for ImageHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {self}", self.algorithm)
    }
}

#[cfg(test)]
mod tests {
    use super::HashAlgorithm;

    /// The answers for `abc` of FIPS 180-4's example documents.
    #[test]
    fn each_algorithm_is_the_one_it_is_called() {
        let start = |algorithm: HashAlgorithm| {
            let hash = algorithm.hash(b"abc");
            assert_eq!(hash.as_slice().len(), usize::from(algorithm.len()));
            assert_eq!(HashAlgorithm::of_tlv(algorithm.tlv_type()), Some(algorithm));
            hash.to_string()[..8].to_owned()
        };
        assert_eq!(HashAlgorithm::ALL.map(start), ["ba7816bf", "cb00753f", "ddaf35a1"]);
        assert_eq!(HashAlgorithm::of_tlv(0x20), None);
    }
}
