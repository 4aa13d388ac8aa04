//! What kinds of keys there are, and why text is none.

use super::super::{HashAlgorithm, tlv_type};
use core::fmt;
use serde::Serialize;

/// A kind of key with its way of signing. All sign the hash of an image; Ed25519 can sign the image
/// itself instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    /// ECDSA with the curve P-256; the signature is DER of 70 to 72 octets as a rule.
    EcdsaP256,
    /// Ed25519; 64 octets.
    Ed25519,
    /// RSA with 2048 bits and PSS padding (SHA-256, salt of 32 octets); 256 octets.
    Rsa2048,
    /// The same with 3072 bits; 384 octets.
    Rsa3072,
}

/// How an image names the key that verifies it (imgtool `--public-key-format`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PublicKeyFormat {
    /// By the key's hash, a KEYHASH TLV: the key is part of the boot loader.
    #[default]
    Hash,
    /// By the key itself, a PUBKEY TLV: the boot loader finds only a hash in hardware (MCUboot
    /// `MCUBOOT_HW_KEY`).
    Full,
}

/// Why text is not a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not PEM.
    #[error("not a PEM file with a key ({reason}): it must hold `-----BEGIN ... KEY-----`")]
    NotPem {
        /// What the PEM reader says.
        reason: String,
    },
    /// PEM, but of something else.
    #[error(
        "PEM of `{label}`: expected `PRIVATE KEY`, `EC PRIVATE KEY`, `RSA PRIVATE KEY` or \
         `PUBLIC KEY`"
    )]
    Label {
        /// The label of the PEM block.
        label: String,
    },
    /// The key has a password.
    #[error("the key is encrypted: take the password off with `openssl pkey -in FILE -out PLAIN`")]
    Encrypted,
    /// The octets behind the label are something else.
    #[error("not the DER octets of a {label}")]
    Malformed {
        /// What they should be.
        label: &'static str,
    },
    /// A key that MCUboot may know, but not this program.
    #[error(
        "a key of algorithm {algorithm}: supported are ECDSA P-256, Ed25519, RSA-2048 and RSA-3072"
    )]
    Algorithm {
        /// Its name or object identifier.
        algorithm: String,
    },
    /// A public key where a private one is needed.
    #[error("a public key cannot sign: the private key is needed")]
    NotPrivate,
}

impl KeyKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::EcdsaP256, Self::Ed25519, Self::Rsa2048, Self::Rsa3072];

    /// Its usual name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EcdsaP256 => "ECDSA P-256",
            Self::Ed25519 => "Ed25519",
            Self::Rsa2048 => "RSA-2048",
            Self::Rsa3072 => "RSA-3072",
        }
    }

    /// Type of the TLV that holds such a signature.
    pub const fn tlv_type(self) -> u16 {
        match self {
            Self::EcdsaP256 => tlv_type::ECDSA_SIG,
            Self::Ed25519 => tlv_type::ED25519,
            Self::Rsa2048 => tlv_type::RSA2048_PSS,
            Self::Rsa3072 => tlv_type::RSA3072_PSS,
        }
    }

    /// What MCUboot calls that type.
    pub const fn tlv_name(self) -> &'static str {
        match tlv_type::name(self.tlv_type()) {
            Some(name) => name,
            None => "unknown",
        }
    }

    /// The kind whose signatures a TLV of this type holds.
    pub fn of_tlv(kind: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|key| key.tlv_type() == kind)
    }

    /// Whether images hashed so are signed with such keys (imgtool `ALLOWED_KEY_SHA`).
    pub const fn signs(self, hash: HashAlgorithm) -> bool {
        match self {
            Self::Ed25519 => matches!(hash, HashAlgorithm::Sha256 | HashAlgorithm::Sha512),
            Self::EcdsaP256 | Self::Rsa2048 | Self::Rsa3072 => {
                matches!(hash, HashAlgorithm::Sha256)
            }
        }
    }

    /// Octets that MCUboot keeps for a signature (`SIG_BUF_SIZE`).
    pub(crate) const fn signature_limit(self) -> u16 {
        match self {
            Self::EcdsaP256 => 128,
            Self::Ed25519 => 64,
            Self::Rsa2048 => 256,
            Self::Rsa3072 => 384,
        }
    }

    /// Octets of every signature; `None` where they vary (MCUboot `EXPECTED_SIG_LEN`).
    pub(crate) const fn signature_len(self) -> Option<u16> {
        match self {
            Self::EcdsaP256 => None,
            Self::Ed25519 | Self::Rsa2048 | Self::Rsa3072 => Some(self.signature_limit()),
        }
    }
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl PublicKeyFormat {
    /// Type of the TLV that names the key.
    pub const fn tlv_type(self) -> u16 {
        match self {
            Self::Hash => tlv_type::KEYHASH,
            Self::Full => tlv_type::PUBKEY,
        }
    }
}
