//! The image group: list, test and confirm, upload, erase.

mod decision;
mod erase;
mod slots;
mod state;
mod stream;
mod upload;

pub(crate) use erase::{Erase, erase};
pub(crate) use state::{SetNext, list, write_state};
pub(crate) use upload::{Image, UploadWork};
