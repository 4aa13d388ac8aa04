//! The image group: list, test and confirm, upload, erase, slot sizes.

mod command;
mod decision;
mod erase;
mod erase_plan;
mod errors;
mod flags;
mod list;
mod next_boot;
mod slot_choice;
mod slot_info;
mod slots;
mod state;
mod state_early;
mod state_later;
mod stream;
mod upload;
mod version;

pub(crate) use command::Command;
pub(crate) use erase::Erase;
pub(crate) use state::SetNext;
pub use stream::Stream;
pub(crate) use upload::{Image, UploadWork};
