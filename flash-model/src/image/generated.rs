//! Images made up by rule, for simulations and tests.

use super::tlv::{HEAD, INFO_MAGIC};
use super::write::TlvWriter;
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
        image.extend(generated_body(self.body_len, self.seed));
        let hash = self.stated_sha256.unwrap_or_else(|| sha256(&image));
        let mut tlvs = TlvWriter::new(INFO_MAGIC);
        tlvs.add(tlv_type::SHA256, &hash).expect("one hash fits an area");
        tlvs.append_to(&mut image);
        image
    }
}

/// The octets of a body by rule: octet `i` is the low 8 bits of `(i * 2654435761) xor ((i >> 8) *
/// 40503) xor seed`. Two odd multipliers, so that neighbouring octets and neighbouring blocks of 256
/// differ.
pub fn generated_body(len: u32, seed: u32) -> impl ExactSizeIterator<Item = u8> {
    (0..len as usize).map(move |i| {
        let i = i as u32;
        (i.wrapping_mul(2_654_435_761) ^ (i >> 8).wrapping_mul(40_503) ^ seed) as u8
    })
}
