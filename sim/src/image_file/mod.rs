//! An image to install: generated, or read from a file of one of several forms.

mod container;
mod dfu_zip;
mod hex_images;
mod intel_hex;
mod manifest;
mod trailer;

pub use container::{ContainedImage, Container, ContainerError, ContainerKind};
pub use dfu_zip::{DfuZipError, MAX_ENTRY};
pub use intel_hex::IntelHexError;
pub(crate) use intel_hex::{Segment, segments};
pub use manifest::{ManifestError, ManifestFile};
pub use trailer::trailer;

use client_model::Image;
use flash_model::{ImageError, ImageInfo, ImageSpec, KnownBytes};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// An `MCUboot` image with what is known of it.
#[derive(Clone, Debug)]
pub struct ImageFile {
    bytes: Arc<[u8]>,
    sha256: [u8; 32],
    /// `None` when the bytes are no image.
    info: Option<ImageInfo>,
    /// The SHA-256 TLV is stated, its body made up.
    stated: bool,
}

impl ImageFile {
    /// The image of a specification.
    pub fn generated(spec: &ImageSpec) -> Self {
        Self { stated: spec.stated_sha256.is_some(), ..Self::any(spec.build()) }
    }

    /// An image from a file: header, TLVs and hash must be sound.
    ///
    /// # Errors
    /// What is wrong with it, with the field.
    pub fn sound(bytes: Vec<u8>) -> Result<Self, ImageError> {
        ImageInfo::parse(&bytes)?.verify(&bytes)?;
        Ok(Self::any(bytes))
    }

    /// Any bytes, image or not, to see what a device does with them.
    pub fn any(bytes: Vec<u8>) -> Self {
        let info = ImageInfo::parse(&bytes).ok();
        Self { sha256: Sha256::digest(&bytes).into(), bytes: bytes.into(), info, stated: false }
    }

    /// The whole file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Size of the file, octets.
    pub fn len(&self) -> u32 {
        self.bytes.len() as u32
    }

    /// True for a file without octets.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Octets from header to end of the TLVs; padding behind them is not counted.
    pub fn image_len(&self) -> u32 {
        self.info.as_ref().map_or(self.len(), |info| info.total_len)
    }

    /// SHA-256 of the whole file.
    pub fn sha256(&self) -> [u8; 32] {
        self.sha256
    }

    /// Value of the SHA-256 TLV, which the image list shows; zeros when there is none.
    pub fn tlv_sha256(&self) -> [u8; 32] {
        self.info.as_ref().and_then(|info| info.sha256_tlv).unwrap_or_default()
    }

    /// Header and TLVs; `None` when the bytes are no image.
    pub fn info(&self) -> Option<&ImageInfo> {
        self.info.as_ref()
    }

    /// What the boot loader will find when it hashes the image. Of an image known only by its list
    /// entry that is the stated digest, since the real body had it.
    pub(crate) fn known(&self) -> Arc<KnownBytes> {
        let len = self.info.as_ref().map_or(0, |info| info.hashed_len as usize);
        let hashed = &self.bytes[..len];
        if self.stated {
            KnownBytes::stated(hashed, self.tlv_sha256())
        } else {
            KnownBytes::new(hashed)
        }
    }

    pub(crate) fn for_client(&self) -> Image {
        Image::new(Arc::clone(&self.bytes), self.sha256, self.tlv_sha256())
    }
}
