//! Reading and writing files, and printing JSON.

use crate::Refusal;
use serde::Serialize;
use std::io::{self, Write};
use std::path::Path;

/// A file's octets.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Refusal> {
    std::fs::read(path).map_err(|e| Refusal(format!("{}: {e}", path.display())))
}

/// A file's text.
pub(crate) fn read_text(path: &Path) -> Result<String, Refusal> {
    String::from_utf8(read(path)?)
        .map_err(|e| Refusal(format!("{}: not UTF-8 text: {e}", path.display())))
}

/// A file that takes its name only when it is complete.
pub(crate) struct PartialFile<'p> {
    path: &'p Path,
    file: tempfile::NamedTempFile,
}

impl<'p> PartialFile<'p> {
    /// Opens a file beside `path`.
    pub(crate) fn create(path: &'p Path) -> Result<Self, Refusal> {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let file = tempfile::Builder::new()
            .prefix(".smpsim-")
            .tempfile_in(folder)
            .map_err(|e| Refusal(format!("{}: {e}", path.display())))?;
        Ok(Self { path, file })
    }

    /// A second handle to write to.
    pub(crate) fn writer(&self) -> Result<impl Write + use<>, Refusal> {
        self.file
            .reopen()
            .map(io::BufWriter::new)
            .map_err(|e| Refusal(format!("{}: {e}", self.path.display())))
    }

    /// Gives the file its name.
    pub(crate) fn keep(self) -> Result<(), Refusal> {
        let Self { path, file } = self;
        let failed = |e: io::Error| Refusal(format!("{}: {e}", path.display()));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let readable = std::fs::Permissions::from_mode(0o644);
            file.as_file().set_permissions(readable).map_err(failed)?;
        }
        file.persist(path).map(drop).map_err(|e| failed(e.error))
    }
}

/// Prints a document as the only thing on standard output.
pub(crate) fn print_json<T: Serialize>(document: &T) -> Result<(), Refusal> {
    let text = serde_json::to_string_pretty(document).map_err(Refusal::new)?;
    print(&format!("{text}\n"));
    Ok(())
}

/// Prints text; a reader that has gone away is not an error.
pub(crate) fn print(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
