//! `smpsim image`, and taking images out of files.

mod create;
mod describe;
mod document;
mod inspect;
mod source;

pub(crate) use create::{CreateArguments, create};
pub(crate) use inspect::{InspectArguments, inspect};
pub(crate) use source::{application, open, place};
