//! The file that a device's flash lives in while nobody emulates it.

use crate::Refusal;
use crate::output::{PartialFile, read};
use std::io::{ErrorKind, Write};
use std::path::Path;

/// A flash file, read when the emulation starts.
pub(crate) struct FlashFile<'p> {
    path: &'p Path,
    /// `None` when there is no such file yet.
    contents: Option<Vec<u8>>,
}

impl<'p> FlashFile<'p> {
    /// Reads the file, if it is there, and makes sure that it can be written.
    pub(crate) fn open(path: &'p Path) -> Result<Self, Refusal> {
        let contents = match std::fs::metadata(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            _ => Some(read(path)?),
        };
        // Dropped at once; what matters is that a file can be made there.
        PartialFile::create(path)?;
        Ok(Self { path, contents })
    }

    /// What was in it.
    pub(crate) fn contents(&self) -> Option<Vec<u8>> {
        self.contents.clone()
    }

    /// Replaces it in one step.
    pub(crate) fn save(self, contents: &[u8]) -> Result<(), Refusal> {
        let file = PartialFile::create(self.path)?;
        let mut writer = file.writer()?;
        writer
            .write_all(contents)
            .and_then(|()| writer.flush())
            .map_err(|e| Refusal(format!("{}: {e}", self.path.display())))?;
        drop(writer);
        file.keep()
    }
}
