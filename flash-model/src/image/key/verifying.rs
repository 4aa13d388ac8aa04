//! Public keys.

use super::pem::{self, Found, Public};
use super::{KeyError, KeyKind};
use crate::image::{HashAlgorithm, ImageHash};
use core::fmt;
use ed25519_dalek::Verifier;
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::pkcs8::{Document, EncodePublicKey};
use rsa::pkcs1::EncodeRsaPublicKey;
use sha2::Sha256;

/// The public half of a key, with which a boot loader verifies signatures.
#[derive(Clone)]
pub struct VerifyingKey {
    key: Public,
    der: Box<[u8]>,
}

impl VerifyingKey {
    /// Reads a PEM file with a public key, or the public half out of one with a private key.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        match pem::read(text)? {
            Found::Public(key) => Ok(Self::new(key)),
            Found::Private(key) => Ok(Self::new(key.public())),
        }
    }

    pub(super) fn new(key: Public) -> Self {
        let der = match &key {
            Public::EcdsaP256(key) => key.to_public_key_der().map(Document::into_vec).ok(),
            Public::Ed25519(key) => key.to_public_key_der().map(Document::into_vec).ok(),
            Public::Rsa(_, key) => key.to_pkcs1_der().map(Document::into_vec).ok(),
        };
        let der = der.expect("a key that was read can be written").into_boxed_slice();
        Self { key, der }
    }

    /// What kind of key it is.
    pub const fn kind(&self) -> KeyKind {
        match self.key {
            Public::EcdsaP256(_) => KeyKind::EcdsaP256,
            Public::Ed25519(_) => KeyKind::Ed25519,
            Public::Rsa(kind, _) => kind,
        }
    }

    /// The key as imgtool puts it into an image and a boot loader: DER, SubjectPublicKeyInfo but
    /// for RSA keys, which are PKCS #1 (imgtool `get_public_bytes`).
    pub fn octets(&self) -> &[u8] {
        &self.der
    }

    /// The hash by which an image names the key: of [`Self::octets`], with the algorithm that hashes
    /// the image.
    pub fn key_hash(&self, algorithm: HashAlgorithm) -> ImageHash {
        algorithm.hash(&self.der)
    }

    /// Whether `signature` is this key's for `message`: the hash of an image, or for Ed25519 also
    /// the image itself. What follows the DER of an ECDSA signature is not looked at: imgtool before
    /// MCUboot 1.5 padded it with zeros.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.key {
            Public::EcdsaP256(key) => verifies_ecdsa(key, message, signature),
            Public::Ed25519(key) => ed25519_dalek::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
            Public::Rsa(_, key) => key.pss_verify_prehash::<Sha256>(message, signature).is_ok(),
        }
    }
}

fn verifies_ecdsa(key: &p256::PublicKey, hash: &[u8], signature: &[u8]) -> bool {
    // The second octet counts those that follow it.
    let Some(der) = signature.get(1).and_then(|&len| signature.get(..usize::from(len) + 2)) else {
        return false;
    };
    let is_sha256 = hash.len() == usize::from(HashAlgorithm::Sha256.len());
    let verifies = |signature: p256::ecdsa::Signature| {
        p256::ecdsa::VerifyingKey::from(key).verify_prehash(hash, &signature).is_ok()
    };
    is_sha256 && p256::ecdsa::Signature::from_der(der).is_ok_and(verifies)
}

impl PartialEq for VerifyingKey {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for VerifyingKey {}

/// Kind and SHA-256.
impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} key {}", self.kind(), self.key_hash(HashAlgorithm::Sha256))
    }
}
