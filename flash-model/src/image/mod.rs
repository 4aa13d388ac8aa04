//! MCUboot images: the header, the TLVs behind the body, and making and judging them.
//!
//! MCUboot `docs/design.md`, "Image format", and `bootutil/include/bootutil/image.h`.

mod build;
mod check;
mod header;
mod info;
mod listed;
mod tlv;

pub use build::ImageSpec;
pub(crate) use check::{SlotState, header as slot_header, image_len, judge, slot_state};
pub use header::{ImageError, ImageHeader, ImageVersion, flags};
pub use info::ImageInfo;
pub use listed::{SlotImage, slot_image};
pub use tlv::{Tlv, tlv_type};
