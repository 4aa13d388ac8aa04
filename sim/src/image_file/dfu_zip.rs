//! The update package of the nRF Connect SDK: a zip archive with binaries and a `manifest.json`.

use super::container::ContainedImage;
use super::manifest::{self, ManifestError, ManifestFile};
use std::io::{Cursor, Read};
use zip::ZipArchive;
use zip::result::ZipError;

/// Largest entry that is unpacked, octets: no part here has more flash.
pub const MAX_ENTRY: u64 = 16 << 20;

/// Name of the manifest.
const MANIFEST: &str = "manifest.json";

/// Why a package cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DfuZipError {
    /// It is no zip archive after all.
    #[error("not a sound zip archive: {0}")]
    Archive(ZipError),
    /// An entry that is needed is not there.
    #[error("no entry {name:?} in it; there are {entries}")]
    NoEntry {
        /// The entry.
        name: String,
        /// Those that there are.
        entries: String,
    },
    /// An entry cannot be unpacked.
    #[error("entry {name:?}: {problem}")]
    Entry {
        /// The entry.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// An entry is larger than any image.
    #[error("entry {name:?} is longer than {MAX_ENTRY} octets when unpacked")]
    TooLarge {
        /// The entry.
        name: String,
    },
    /// The manifest is not sound.
    #[error("{MANIFEST}: {0}")]
    Manifest(#[from] ManifestError),
    /// The manifest lists no file.
    #[error("{MANIFEST}: it lists no file; there are {entries} in the archive")]
    NoFile {
        /// The archive's entries.
        entries: String,
    },
}

/// The images that the manifest lists, that for the application first; or the one named `entry`.
pub(super) fn images(
    bytes: &[u8],
    entry: Option<&str>,
) -> Result<Vec<ContainedImage>, DfuZipError> {
    let mut package =
        Package { archive: ZipArchive::new(Cursor::new(bytes)).map_err(DfuZipError::Archive)? };
    if let Some(entry) = entry {
        // Whoever names an entry need not have a manifest.
        let files = package.manifest().unwrap_or_default();
        let file = files.into_iter().find(|file| file.file == entry);
        return Ok(vec![package.image(entry.to_owned(), file)?]);
    }
    let mut files = package.manifest()?;
    if files.is_empty() {
        return Err(DfuZipError::NoFile { entries: package.entries() });
    }
    files.sort_by_key(|file| file.image_index.unwrap_or(0));
    files.into_iter().map(|file| package.image(file.file.clone(), Some(file))).collect()
}

struct Package<'b> {
    archive: ZipArchive<Cursor<&'b [u8]>>,
}

impl Package<'_> {
    fn manifest(&mut self) -> Result<Vec<ManifestFile>, DfuZipError> {
        Ok(manifest::parse(&self.unpack(MANIFEST)?)?)
    }

    fn image(
        &mut self,
        entry: String,
        manifest: Option<ManifestFile>,
    ) -> Result<ContainedImage, DfuZipError> {
        let bytes = self.unpack(&entry)?;
        Ok(ContainedImage { bytes, base: None, filled: 0, entry: Some(entry), manifest })
    }

    fn unpack(&mut self, name: &str) -> Result<Vec<u8>, DfuZipError> {
        let problem = |problem: String| DfuZipError::Entry { name: name.to_owned(), problem };
        let Some(index) = self.archive.index_for_name(name) else {
            return Err(DfuZipError::NoEntry { name: name.to_owned(), entries: self.entries() });
        };
        let entry = self.archive.by_index(index).map_err(|error| problem(error.to_string()))?;
        // The size that the archive states is not to be trusted.
        let mut bytes = Vec::new();
        entry
            .take(MAX_ENTRY + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| problem(error.to_string()))?;
        if bytes.len() as u64 > MAX_ENTRY {
            return Err(DfuZipError::TooLarge { name: name.to_owned() });
        }
        Ok(bytes)
    }

    fn entries(&self) -> String {
        const MOST: usize = 12;
        let names = self.archive.file_names().flatten().take(MOST);
        let mut names: Vec<_> = names.map(String::from).collect();
        match self.archive.len() {
            0 => names.push("none".to_owned()),
            all if all > MOST => names.push(format!("{} more", all - MOST)),
            _ => {}
        }
        names.join(", ")
    }
}
