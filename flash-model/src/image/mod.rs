//! MCUboot images: the header, the TLVs behind the body, keys and signatures, and making and judging
//! images.
//!
//! MCUboot `docs/design.md`, "Image format", and `bootutil/include/bootutil/image.h`.

mod builder;
mod check;
mod error;
mod generated;
mod hash;
mod header;
mod info;
mod key;
mod listed;
mod policy;
mod signatures;
mod slot_file;
mod tlv;
pub mod tlv_type;
mod value;
mod version;
mod write;

pub use builder::{BuildError, ImageBuilder};
pub(crate) use check::{SlotState, header as slot_header, image_len, judge, slot_state};
pub use error::ImageError;
pub use generated::{ImageSpec, generated_body};
pub use hash::{HashAlgorithm, ImageHash};
pub use header::{ImageHeader, flags};
pub use info::ImageInfo;
pub use key::{KeyError, KeyKind, PublicKeyFormat, SignError, SigningKey, VerifyingKey};
pub use listed::{HashScan, SlotImage, slot_image, slot_image_by};
pub use policy::ImagePolicy;
pub use slot_file::{SlotFile, SlotTooSmall};
pub use tlv::Tlv;
pub use value::{Dependency, TlvValue};
pub use version::{ImageVersion, VersionError};
