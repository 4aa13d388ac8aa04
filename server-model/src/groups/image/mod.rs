//! The image group: list, test and confirm, upload, erase.

mod command;
mod decision;
mod erase;
mod slots;
mod state;
mod stream;
mod upload;

pub(crate) use command::Command;
pub(crate) use erase::Erase;
pub(crate) use state::SetNext;
pub(crate) use upload::{Image, UploadWork};
