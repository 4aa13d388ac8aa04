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
    /// `None` for what must not be replaced by a file: a device, a pipe, a link. It is written to
    /// as it is.
    file: Option<tempfile::NamedTempFile>,
}

impl<'p> PartialFile<'p> {
    /// Opens a file beside `path`.
    pub(crate) fn create(path: &'p Path) -> Result<Self, Refusal> {
        if std::fs::symlink_metadata(path).is_ok_and(|found| !found.is_file()) {
            return Ok(Self { path, file: None });
        }
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let mut builder = tempfile::Builder::new();
        builder.prefix(".smpsim-");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // As of any new file: the process's umask takes off what it must.
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        let file = builder.tempfile_in(folder).map_err(|e| Refusal(without_name(path, &e)))?;
        Ok(Self { path, file: Some(file) })
    }

    /// A second handle to write to.
    pub(crate) fn writer(&self) -> Result<impl Write + use<>, Refusal> {
        match &self.file {
            Some(file) => file.reopen(),
            None => std::fs::File::create(self.path),
        }
        .map(io::BufWriter::new)
        .map_err(|e| Refusal(format!("{}: {e}", self.path.display())))
    }

    /// Gives the file its name.
    pub(crate) fn keep(self) -> Result<(), Refusal> {
        let Some(file) = self.file else { return Ok(()) };
        file.persist(self.path)
            .map(drop)
            .map_err(|e| Refusal(format!("{}: {}", self.path.display(), e.error)))
    }
}

/// The error without the name of the temporary file, which says nothing to the user.
fn without_name(path: &Path, error: &io::Error) -> String {
    match std::error::Error::source(error) {
        Some(inner) => format!("{}: {inner}", path.display()),
        None => format!("{}: {error}", path.display()),
    }
}

/// Prints a document as the only thing on standard output.
pub(crate) fn print_json<T: Serialize>(document: &T) -> Result<(), Refusal> {
    let text = serde_json::to_string_pretty(document).map_err(Refusal::new)?;
    print(&format!("{text}\n"));
    Ok(())
}

/// Prints text; a reader that has gone away is not an error. Where it cannot be written for another
/// reason, a full disk for one, the program ends with exit status 2.
pub(crate) fn print(text: &str) {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => {
            eprintln!("smpsim: standard output: {e}");
            std::process::exit(2);
        }
        _ => {}
    }
}
