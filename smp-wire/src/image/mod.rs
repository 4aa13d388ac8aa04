//! Bodies of the image group: upload, state, erase.

mod erase;
mod state;
mod upload;
mod version;

pub use erase::EraseRequest;
pub use state::{SlotState, StateRequest, decode_state, emit_state};
pub use upload::{UploadKey, UploadRequest, UploadResponse};
pub use version::VersionText;
