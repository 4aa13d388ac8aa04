//! Making images by rule.

use super::tlv::{HEAD, INFO_MAGIC};
use super::{ImageHeader, ImageVersion, tlv_type};
use crate::view::sha256;

/// What an image is made from. The body follows a fixed rule, so that two images differ by a seed
/// alone and any octet can be checked without storing the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageSpec {
    /// Version.
    pub version: ImageVersion,
    /// Octets from the start to the body; zeros behind the header's fields.
    pub hdr_size: u16,
    /// Octets of the body.
    pub body_len: u32,
    /// Tells bodies apart; the low 8 bits count.
    pub seed: u32,
    /// Header flags.
    pub flags: u32,
    /// Value of the SHA-256 TLV when it is known only from a list; computed otherwise.
    pub stated_sha256: Option<[u8; 32]>,
}

impl Default for ImageSpec {
    fn default() -> Self {
        Self {
            version: ImageVersion::default(),
            hdr_size: 0x200,
            body_len: 0,
            seed: 0,
            flags: 0,
            stated_sha256: None,
        }
    }
}

impl ImageSpec {
    /// Octets of the image that [`Self::build`] makes.
    pub const fn total_len(&self) -> u32 {
        self.hdr_size as u32 + self.body_len + HEAD + HEAD + 32
    }

    /// The image: header, body, one SHA-256 TLV.
    ///
    /// # Panics
    /// When `hdr_size` is less than the header's 32 octets.
    pub fn build(&self) -> Vec<u8> {
        assert!(u32::from(self.hdr_size) >= ImageHeader::LEN, "hdr_size below the header's 32");
        let mut image = Vec::with_capacity(self.total_len() as usize);
        let header = ImageHeader {
            load_addr: 0,
            hdr_size: self.hdr_size,
            protect_tlv_size: 0,
            img_size: self.body_len,
            flags: self.flags,
            version: self.version,
        };
        image.extend_from_slice(&header.emit());
        image.resize(self.hdr_size as usize, 0);
        image.extend((0..self.body_len).map(|i| body_octet(i, self.seed)));
        let hash = self.stated_sha256.unwrap_or_else(|| sha256(&image));
        image.extend_from_slice(&INFO_MAGIC.to_le_bytes());
        image.extend_from_slice(&((HEAD + HEAD + 32) as u16).to_le_bytes());
        image.extend_from_slice(&tlv_type::SHA256.to_le_bytes());
        image.extend_from_slice(&32u16.to_le_bytes());
        image.extend_from_slice(&hash);
        image
    }
}

/// Octet `i` of a body: two odd multipliers, so that neighbouring octets and neighbouring blocks
/// of 256 differ.
fn body_octet(i: u32, seed: u32) -> u8 {
    (i.wrapping_mul(2_654_435_761) ^ (i >> 8).wrapping_mul(40_503) ^ seed) as u8
}
