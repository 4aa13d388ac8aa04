//! Bodies of the image group: upload, state, erase, slot info.

mod erase;
mod slot_info;
mod state;
mod upload;
mod version;

pub use erase::EraseRequest;
pub use slot_info::{ImageSlots, SlotInfo, decode_slot_info, emit_slot_info};
pub use state::{SlotState, StateRequest, decode_state, emit_state};
pub use upload::{UploadKey, UploadRequest, UploadResponse};
pub use version::VersionText;
