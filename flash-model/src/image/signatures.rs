//! How a boot loader goes through the signatures of an image.

use super::{ImageError, ImagePolicy, PublicKeyFormat, Tlv, VerifyingKey};

/// Whose signature is expected, and over what.
pub(super) struct Signer<'a> {
    pub(super) key: &'a VerifyingKey,
    pub(super) policy: &'a ImagePolicy,
    pub(super) message: &'a [u8],
}

/// The signatures of an image on a walk over its entries.
pub(super) struct Signatures<'a> {
    signer: Signer<'a>,
    /// Whether the entry before names the key (MCUboot `key_id`).
    named: bool,
    verdict: Result<(), ImageError>,
}

impl<'a> Signatures<'a> {
    pub(super) fn new(signer: Signer<'a>) -> Self {
        let verdict = Err(ImageError::NoSignature { kind: signer.key.kind() });
        Self { signer, named: false, verdict }
    }

    /// Looks at the next entry. An error is one that ends the walk.
    pub(super) fn see(&mut self, tlv: &Tlv, bytes: &[u8]) -> Result<(), ImageError> {
        let Signer { key, policy, message } = self.signer;
        let kind = key.kind();
        let key_tlv = policy.key_format.tlv_type();
        if tlv.kind == key_tlv {
            self.named = names(tlv, bytes, key, policy)?;
        } else if tlv.kind == kind.tlv_type() {
            if !std::mem::take(&mut self.named) {
                if matches!(self.verdict, Err(ImageError::NoSignature { .. })) {
                    self.verdict = Err(ImageError::UnknownKey { key_tlv });
                }
                return Ok(());
            }
            if let Some(expected) = kind.signature_len() {
                tlv.expect_len(expected)?;
            }
            let fits = tlv.len <= kind.signature_limit();
            let good = fits && key.verifies(message, tlv.value(bytes));
            self.verdict = if good { Ok(()) } else { Err(ImageError::BadSignature { kind }) };
            if !fits {
                return self.verdict;
            }
        }
        Ok(())
    }

    /// What they came to.
    pub(super) fn verdict(self) -> Result<(), ImageError> {
        self.verdict
    }
}

/// Whether the entry names the key (MCUboot `bootutil_find_key`). As there, a hash cut short names
/// every key whose hash begins so.
fn names(
    tlv: &Tlv,
    bytes: &[u8],
    key: &VerifyingKey,
    policy: &ImagePolicy,
) -> Result<bool, ImageError> {
    let limit = match policy.key_format {
        PublicKeyFormat::Hash => policy.hash.len(),
        // `KEY_BUF_SIZE`: room for the encoding and the exponent besides a signature's octets.
        PublicKeyFormat::Full => key.kind().signature_limit() + 24,
    };
    if tlv.len > limit {
        return Err(ImageError::KeyTooLong { kind: tlv.kind, len: tlv.len, limit });
    }
    let value = tlv.value(bytes);
    Ok(match policy.key_format {
        PublicKeyFormat::Hash => key.key_hash(policy.hash).as_slice().starts_with(value),
        PublicKeyFormat::Full => value == key.octets(),
    })
}
