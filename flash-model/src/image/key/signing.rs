//! Private keys.

use super::pem::{self, Found, Private};
use super::{KeyError, KeyKind, VerifyingKey};
use crate::image::HashAlgorithm;
use core::convert::Infallible;
use core::fmt;
use ed25519_dalek::Signer;
use p256::ecdsa::signature::hazmat::PrehashSigner;
use rsa::rand_core::{TryCryptoRng, TryRng};
use sha2::{Digest, Sha256};

/// A private key that signs images. Signing draws no random numbers: the same key and message give
/// the same signature.
#[derive(Clone)]
pub struct SigningKey {
    key: Private,
    public: VerifyingKey,
}

/// Why a message cannot be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The message is no SHA-256, which is all that the kind of key signs.
    #[error("an {kind} key signs a SHA-256 of 32 octets, not {len} octets")]
    Length {
        /// Kind of the key.
        kind: KeyKind,
        /// Octets of the message.
        len: usize,
    },
    /// The numbers of the key do not work.
    #[error("the {kind} key cannot sign: its numbers do not fit each other")]
    Key {
        /// Kind of the key.
        kind: KeyKind,
    },
}

impl SigningKey {
    /// Reads a PEM file with a private key without password, as `imgtool keygen` writes it.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        match pem::read(text)? {
            Found::Private(key) => {
                let public = VerifyingKey::new(key.public());
                Ok(Self { key, public })
            }
            Found::Public(_) => Err(KeyError::NotPrivate),
        }
    }

    /// Its public half.
    pub const fn verifying_key(&self) -> &VerifyingKey {
        &self.public
    }

    /// What kind of key it is.
    pub const fn kind(&self) -> KeyKind {
        self.public.kind()
    }

    /// The signature of `message`, the hash of an image (for Ed25519 also the image itself): ECDSA
    /// with the nonce of RFC 6979, PSS with a salt that is a hash of the message.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let kind = self.kind();
        let failed = SignError::Key { kind };
        let len = message.len();
        if kind != KeyKind::Ed25519 && len != usize::from(HashAlgorithm::Sha256.len()) {
            return Err(SignError::Length { kind, len });
        }
        match &self.key {
            Private::EcdsaP256(key) => {
                let key = p256::ecdsa::SigningKey::from(key);
                let signature: p256::ecdsa::DerSignature =
                    key.sign_prehash(message).map_err(|_| failed)?;
                Ok(signature.as_bytes().to_vec())
            }
            Private::Ed25519(key) => Ok(key.sign(message).to_vec()),
            Private::Rsa(_, key) => key
                .pss_sign_prehash_with_rng::<Sha256, _>(&mut Hashes::of(message), message)
                .map_err(|_| failed),
        }
    }
}

/// The key's kind and public half; never the private numbers.
impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "private {:?}", self.public)
    }
}

impl PartialEq for SigningKey {
    fn eq(&self, other: &Self) -> bool {
        self.public == other.public
    }
}

/// Octets that follow from a message: the hash of the message with 0, with 1 and so on. Enough for
/// what PSS wants of its salt, which only has to differ from message to message.
struct Hashes {
    message: [u8; 32],
    block: [u8; 32],
    used: usize,
    next: u64,
}

impl Hashes {
    fn of(message: &[u8]) -> Self {
        Self { message: Sha256::digest(message).into(), block: [0; 32], used: 32, next: 0 }
    }

    fn octet(&mut self) -> u8 {
        if self.used == self.block.len() {
            let hash =
                Sha256::new().chain_update(self.message).chain_update(self.next.to_le_bytes());
            self.block = hash.finalize().into();
            self.next += 1;
            self.used = 0;
        }
        self.used += 1;
        self.block[self.used - 1]
    }
}

impl TryRng for Hashes {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let octets = [(); 4].map(|()| self.octet());
        Ok(u32::from_le_bytes(octets))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let octets = [(); 8].map(|()| self.octet());
        Ok(u64::from_le_bytes(octets))
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
        dst.fill_with(|| self.octet());
        Ok(())
    }
}

impl TryCryptoRng for Hashes {}
