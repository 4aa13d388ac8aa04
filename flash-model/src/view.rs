//! Looking at flash without touching it.

use crate::{Area, Geometry};
use sha2::{Digest, Sha256};
use sim_core::Span;
use std::sync::Arc;

/// Flash as everyone who runs on the device may see it: instant reads, no writes.
///
/// Reads cost no simulated time: memory-mapped flash answers at CPU speed. For an external part see
/// [`Self::read_time`].
pub trait FlashView {
    /// Sizes of the part on the chip. An external part has the same page and write size.
    fn geometry(&self) -> Geometry;

    /// The addresses of the array that holds `at`, or of the chip's when none does.
    fn array(&self, _at: u32) -> Area {
        Area::new(0, self.geometry().size)
    }

    /// Whether a page at `at` must be erased before other octets can be written to it.
    fn needs_erase(&self, _at: u32) -> bool {
        true
    }

    /// Time that the octets of an area take to come over the bus of an external part; whoever reads
    /// much of it waits for that.
    fn read_time(&self, _area: Area) -> Span {
        Span::ZERO
    }

    /// The octets from `at` on.
    ///
    /// # Panics
    /// When the stretch leaves its array.
    fn bytes(&self, at: u32, len: u32) -> &[u8];

    /// Whether all octets of the area read as erased (0xff).
    fn is_blank(&self, area: Area) -> bool {
        is_blank(self.bytes(area.start, area.len))
    }

    /// SHA-256 of the area's octets.
    fn sha256(&self, area: Area) -> [u8; 32] {
        sha256(self.bytes(area.start, area.len))
    }
}

/// Octets whose SHA-256 is known beforehand, so that a run compares instead of hashing.
///
/// Make one per image and share it between all runs: [`crate::Device::know`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownBytes {
    bytes: Box<[u8]>,
    sha256: [u8; 32],
}

impl KnownBytes {
    /// Hashes `bytes` once, for the whole life of the value. For an image, pass the hashed part of
    /// the file ([`crate::ImageInfo::hashed_len`] octets): that is what a boot loader hashes.
    pub fn new(bytes: &[u8]) -> Arc<Self> {
        Arc::new(Self { bytes: bytes.into(), sha256: sha256(bytes) })
    }

    /// Octets whose digest is stated, not computed: of an image that is known only by its list
    /// entry, whose body is made up.
    pub fn stated(bytes: &[u8], sha256: [u8; 32]) -> Arc<Self> {
        Arc::new(Self { bytes: bytes.into(), sha256 })
    }

    /// The octets.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Their digest, when `bytes` are exactly these octets.
    pub fn digest_of(&self, bytes: &[u8]) -> Option<[u8; 32]> {
        (*self.bytes == *bytes).then_some(self.sha256)
    }
}

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Looks at 64 octets at a time, so that a blank slot costs a memory scan and a full one nothing.
pub(crate) fn is_blank(bytes: &[u8]) -> bool {
    bytes.chunks(64).all(|chunk| chunk.iter().fold(0xff, |all, &b| all & b) == 0xff)
}

#[cfg(test)]
mod tests {
    use super::{KnownBytes, is_blank, sha256};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_known_digest_is_the_real_one_and_only_for_the_same_bytes(
            bytes in prop::collection::vec(any::<u8>(), 1..300),
            at in any::<prop::sample::Index>(),
            flip in 1u8..,
        ) {
            let known = KnownBytes::new(&bytes);
            prop_assert_eq!(known.digest_of(&bytes), Some(sha256(&bytes)));
            let mut other = bytes.clone();
            other[at.index(bytes.len())] ^= flip;
            prop_assert_eq!(known.digest_of(&other), None);
            prop_assert_eq!(known.digest_of(&bytes[1..]), None);
        }

        #[test]
        fn one_programmed_bit_makes_an_area_not_blank(
            len in 1usize..300, at in any::<prop::sample::Index>(), bit in 0u32..8,
        ) {
            let mut bytes = vec![0xff; len];
            prop_assert!(is_blank(&bytes));
            bytes[at.index(len)] &= !(1 << bit);
            prop_assert!(!is_blank(&bytes));
        }
    }
}
