//! What a boot loader was built to accept.

use super::{HashAlgorithm, PublicKeyFormat, VerifyingKey};
use std::sync::Arc;

/// Which images a boot loader accepts, as it was built. Besides this, TLVs are allowed everywhere
/// (`MCUBOOT_USE_TLV_ALLOW_LIST` off) and any security counter will do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImagePolicy {
    /// The hash that an image must carry (`BOOT_IMG_HASH_ALG_*`).
    pub hash: HashAlgorithm,
    /// The key that must have signed it, which also says how (`MCUBOOT_SIGN_*`); `None`: signatures
    /// are not looked at.
    pub key: Option<Arc<VerifyingKey>>,
    /// How an image names that key: by hash, or whole with the boot loader knowing only the hash
    /// (`MCUBOOT_HW_KEY`).
    pub key_format: PublicKeyFormat,
    /// Whether the signature must be over the image itself, which makes the hash superfluous
    /// (`MCUBOOT_SIGN_PURE`); without `key` it means nothing.
    pub pure: bool,
}

impl ImagePolicy {
    /// A boot loader that accepts what this key has signed, with SHA-256.
    pub fn signed_with(key: VerifyingKey) -> Self {
        Self { key: Some(Arc::new(key)), ..Self::default() }
    }
}
