//! Files that hold images.

use crate::Refusal;
use crate::output::read;
use sim::image_file::{ContainedImage, Container, ContainerError};
use std::path::Path;

/// Takes a file apart.
pub(crate) fn open(path: &Path, entry: Option<&str>) -> Result<Container, Refusal> {
    Container::open(read(path)?, entry).map_err(|e| refusal(path, &e))
}

/// The image for the application in a file, or the entry of this name.
pub(crate) fn application(path: &Path, entry: Option<&str>) -> Result<ContainedImage, Refusal> {
    open(path, entry)?.application().map_err(|e| refusal(path, &e))
}

/// Where an image is, in words: the file, and where in it.
pub(crate) fn place(path: &Path, image: &ContainedImage) -> String {
    let file = path.display();
    match (&image.entry, image.base) {
        (Some(entry), _) => format!("{file}: {entry}"),
        (None, Some(base)) => format!("{file}: at {base:#x}"),
        (None, None) => file.to_string(),
    }
}

fn refusal(path: &Path, error: &ContainerError) -> Refusal {
    let file = path.display();
    match error {
        ContainerError::NoEntries => Refusal(format!("{file}: {error}; leave --zip-entry out")),
        ContainerError::Choose { entries: true, .. } => {
            Refusal(format!("{file}: {error}; name one with --zip-entry"))
        }
        ContainerError::Choose { entries: false, .. } => {
            Refusal(format!("{file}: {error}; take a file with one image"))
        }
        _ => Refusal(format!("{file}: {error}")),
    }
}
