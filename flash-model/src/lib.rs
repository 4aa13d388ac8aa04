//! The flash of a simulated device and the boot loader that works on it: NOR rules and part timing,
//! partitions, MCUboot images, slot trailers and the swap, as values in virtual time.
//! It knows nothing of SMP and of the radio, does no IO, and reads no clock.
//!
//! The world owns one [`Device`] per peripheral. Whoever acts on flash looks at it through
//! [`FlashView`] and asks for [`FlashOp`]s one at a time; [`BootLoader`] is one of those, the SMP
//! server another. What MCUboot's application-side calls do ([`set_pending`], [`set_confirmed`]) are
//! functions from a view to the operations they need.

#![expect(clippy::doc_markdown, reason = "MCUboot and nRF52840 are names, not code")]

mod arrays;
mod bare;
mod boot;
mod counters;
mod cut;
mod device;
mod event;
mod geometry;
mod image;
mod layout;
mod nor;
mod op_error;
mod part;
mod qspi;
mod sync;
mod trailer;
mod view;
mod window;

pub use arrays::EXTERNAL_BASE;
pub use bare::{BareDevice, PowerFailed, Watch};
pub use boot::{BootConfig, BootIn, BootLoader, BootMode, BootOut, BootResult, Interrupted};
pub use counters::Counters;
pub use cut::Cut;
pub use device::{Device, FlashIn, FlashOp, FlashOut};
pub use event::{BootEvent, FlashEvent, OpKind};
pub use geometry::{Area, Geometry};
pub use image::{
    BuildError, Dependency, HashAlgorithm, HashScan, ImageBuilder, ImageError, ImageHash,
    ImageHeader, ImageInfo, ImagePolicy, ImageSpec, ImageVersion, KeyError, KeyKind,
    PublicKeyFormat, SignError, SigningKey, SlotFile, SlotImage, SlotTooSmall, Tlv, TlvValue,
    VerifyingKey, VersionError, flags, generated_body, slot_image, slot_image_by, tlv_type,
};
pub use layout::{Layout, LayoutError};
pub use op_error::OpError;
pub use part::{Memory, Part};
pub use qspi::Qspi;
pub use sync::{PartialErase, RadioSync, SyncConfig};
pub use trailer::{
    Field, Flag, Magic, SetConfirmedError, SetNextError, SetPendingError, SwapRow, SwapType,
    Trailer, TrailerMap, set_confirmed, set_next, set_pending, swap_row, swap_type,
};
pub use view::{FlashView, KnownBytes};
pub use window::WindowCounters;
