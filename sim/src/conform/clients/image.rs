//! The image of a client file, made as the files describe it: a boot loader's header, a body of
//! chained digests, one digest TLV.

use crate::conform::difference::Difference;
use client_model::Image;
use sha2::{Digest as _, Sha256};

const HEADER: usize = 32;
const DIGEST: usize = 32;
/// Octets of the TLV area: its head, the head of the digest, the digest.
const TLVS: usize = 4 + 4 + DIGEST;
/// Longer images are no firmware for the devices in question.
const LONGEST: u32 = 4 << 20;

/// The length of an upload, if an image and a slot can have it.
pub(super) fn sound_len(len: u32, place: &str) -> Result<u32, Difference> {
    let overhead = (HEADER + TLVS) as u32;
    if (overhead..=LONGEST).contains(&len) {
        return Ok(len);
    }
    Err(Difference::new(place, format!("{overhead} to {LONGEST} octets"), len))
}

/// The image of `len` octets.
pub(super) fn image(len: u32) -> Result<Image, Difference> {
    let len = sound_len(len, "length of the image")?;
    let overhead = HEADER + TLVS;
    let hashed = len as usize - TLVS;
    let mut bytes = Vec::with_capacity(len as usize);
    for word in [0x96f3_b83d, 0, HEADER as u32, len - overhead as u32, 0] {
        bytes.extend_from_slice(&u32::to_le_bytes(word));
    }
    // Version 1.2.3+4, and four octets that mean nothing.
    bytes.extend_from_slice(&[1, 2, 3, 0, 4, 0, 0, 0, 0, 0, 0, 0]);
    let mut block = Sha256::digest([1]);
    while bytes.len() < hashed {
        let rest = (hashed - bytes.len()).min(DIGEST);
        bytes.extend_from_slice(&block[..rest]);
        block = Sha256::digest(block);
    }
    let tlv = Sha256::digest(&bytes);
    bytes.extend_from_slice(&[0x07, 0x69, TLVS as u8, 0, 0x10, 0, DIGEST as u8, 0]);
    bytes.extend_from_slice(&tlv);
    let sha256 = Sha256::digest(&bytes).into();
    Ok(Image::new(bytes.into(), sha256, tlv.into()))
}

#[cfg(test)]
mod tests {
    use super::image;
    use flash_model::ImageInfo;

    #[test]
    fn the_image_is_one_that_a_boot_loader_takes() {
        for len in [72, 73, 4000, 20_000] {
            let image = image(len).expect("long enough");
            assert_eq!(image.len(), len);
            if len > 72 {
                let info = ImageInfo::parse(&image.bytes).expect("an image");
                assert_eq!(info.sha256_tlv, Some(image.tlv_sha256));
            }
        }
    }

    #[test]
    fn no_other_length_is_asked_for() {
        assert!(image(71).is_err() && image(u32::MAX).is_err());
    }
}
