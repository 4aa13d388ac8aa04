//! Files that hold images: the binary that imgtool writes, Intel HEX, and the package with a
//! manifest that the nRF Connect SDK makes. Which of them it is, the first octets tell, not a name.

use super::dfu_zip::{self, DfuZipError};
use super::hex_images;
use super::intel_hex::IntelHexError;
use super::manifest::ManifestFile;
use serde::Serialize;

/// How a file holds images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ContainerKind {
    /// The image and nothing else, but for padding and a trailer.
    Bin,
    /// Intel HEX.
    IntelHex,
    /// A zip archive with a `manifest.json`, `dfu_application.zip`.
    DfuZip,
}

/// A file with its images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    /// How it holds them.
    pub kind: ContainerKind,
    /// The images, at least one. From a package the one for image 0 comes first, then in the
    /// manifest's order; from Intel HEX by address.
    pub images: Vec<ContainedImage>,
    /// The only image was asked for by the name of its entry.
    pub named: bool,
}

/// Octets that should be an image, and where in the file they were. Whether they are one is not
/// judged here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainedImage {
    /// The octets; padding and trailer included.
    pub bytes: Vec<u8>,
    /// Address of the first octet, from Intel HEX.
    pub base: Option<u32>,
    /// Octets that the Intel HEX file leaves out between these, taken as erased.
    pub filled: u32,
    /// Name of the entry, from a package.
    pub entry: Option<String>,
    /// What the package's manifest says of the entry.
    pub manifest: Option<ManifestFile>,
}

/// Why no image comes out of a file.
#[derive(Debug, thiserror::Error)]
pub enum ContainerError {
    /// There is nothing in it.
    #[error("the file is empty, it has 0 octets")]
    Empty,
    /// It begins like Intel HEX.
    #[error("Intel HEX: {0}")]
    IntelHex(#[from] IntelHexError),
    /// It begins like a zip archive.
    #[error("update package: {0}")]
    DfuZip(#[from] DfuZipError),
    /// An entry was asked for, but the file is no archive.
    #[error("there are no entries in it: it is no zip archive")]
    NoEntries,
    /// Nothing tells which image is meant.
    #[error("{what} in it: {names}")]
    Choose {
        /// How many of what there are.
        what: &'static str,
        /// What there is.
        names: String,
        /// Whether that are entries, which can be asked for by name.
        entries: bool,
    },
}

impl Container {
    /// Takes a file apart. With `entry` only that entry of a package is read, which need not stand
    /// in the manifest; there need not even be one.
    ///
    /// # Errors
    /// What is wrong with the file, with the line or the entry.
    pub fn open(bytes: Vec<u8>, entry: Option<&str>) -> Result<Self, ContainerError> {
        let kind = Self::kind_of(&bytes);
        if entry.is_some() && kind != ContainerKind::DfuZip {
            return Err(ContainerError::NoEntries);
        }
        let images = match kind {
            _ if bytes.is_empty() => return Err(ContainerError::Empty),
            ContainerKind::Bin => vec![ContainedImage::bin(bytes)],
            ContainerKind::IntelHex => hex_images::images(&bytes)?,
            ContainerKind::DfuZip => dfu_zip::images(&bytes, entry)?,
        };
        Ok(Self { kind, images, named: entry.is_some() })
    }

    /// What a file is by its first octets.
    pub fn kind_of(bytes: &[u8]) -> ContainerKind {
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
        if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
            ContainerKind::DfuZip
        } else if text.starts_with(b":") {
            ContainerKind::IntelHex
        } else {
            ContainerKind::Bin
        }
    }

    /// The image for the application, which has number 0, or the one asked for by name.
    ///
    /// # Errors
    /// When there is none, or more than one that could be meant.
    pub fn application(self) -> Result<ContainedImage, ContainerError> {
        let choose = |what, images: &[ContainedImage]| {
            let names: Vec<_> = images.iter().map(ContainedImage::described).collect();
            let entries = images.iter().all(|image| image.entry.is_some());
            Err(ContainerError::Choose { what, names: names.join(", "), entries })
        };
        let (mut mine, others): (Vec<_>, Vec<_>) =
            self.images.into_iter().partition(|image| self.named || image.is_application());
        match (mine.pop(), &mine[..]) {
            (None, _) => choose("no image for image 0", &others),
            (Some(image), []) => Ok(image),
            (Some(last), _) => {
                mine.push(last);
                choose("several images that could be meant", &mine)
            }
        }
    }
}

impl ContainedImage {
    fn bin(bytes: Vec<u8>) -> Self {
        Self { bytes, base: None, filled: 0, entry: None, manifest: None }
    }

    /// Whether the image is for image 0, as one is of which nothing is said.
    fn is_application(&self) -> bool {
        self.manifest.as_ref().and_then(|file| file.image_index).unwrap_or(0) == 0
    }

    /// What tells it from the other images of its file.
    fn described(&self) -> String {
        let index = self.manifest.as_ref().and_then(|file| file.image_index);
        match (&self.entry, index, self.base) {
            (Some(entry), Some(index), _) => format!("{entry} (image {index})"),
            (Some(entry), None, _) => entry.clone(),
            (None, _, Some(base)) => format!("one at {base:#x}"),
            (None, _, None) => "one".to_owned(),
        }
    }
}
