//! A littlefs volume in memory: files, and how many blocks they take.
//!
//! What requests can observe of littlefs is modelled: which paths exist, that a file being written
//! shows its old contents until it is closed, and when blocks run out, which copies of what is
//! rewritten occupy too. Its flash contents are not: no flash operation comes of a file. A directory
//! is one pair of blocks and never splits.

use super::path::{Place, place};
use crate::{FsOptions, Quirks};
use std::collections::BTreeMap;

/// Octets of a pair of metadata blocks that no entry can have: superblock, checksums, padding.
const METADATA_RESERVE: usize = 64;
/// Octets of the tags of name and contents in a directory.
const ENTRY_TAGS: usize = 8;
/// Octets of the pointer to contents outside a directory.
const POINTER: usize = 8;
/// The longest name (littlefs `LFS_NAME_MAX`).
const NAME_MAX: usize = 255;

/// Why a call of the file system fails, as far as the file group tells it apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FsError {
    /// `EINVAL`
    Invalid,
    /// `ENOENT`
    NotFound,
    /// `EROFS`
    ReadOnly,
    /// Any other.
    Other,
}

/// What `fs_stat` tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Directory,
    /// A file with the octets that it had when it was last closed.
    File(u32),
}

/// Contents of a file, and where they are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct File {
    data: Vec<u8>,
    /// Outside its directory, in blocks of its own.
    outline: bool,
}

/// The files of a volume, as they are after a restart.
#[derive(Clone, Debug, Default)]
pub(super) struct Volume {
    files: BTreeMap<Vec<u8>, File>,
}

/// A file open for writing; nothing of it is in the volume before [`Volume::close`].
#[derive(Clone, Debug)]
pub(super) struct Writing {
    key: Vec<u8>,
    file: File,
    /// Where the next octet goes.
    pub(super) pos: u32,
    /// The first block that is not shared with the contents in the volume.
    fresh_from: u32,
    changed: bool,
    /// A write failed: whatever was written is lost.
    failed: bool,
}

impl Volume {
    /// Kind and size of what a path names (Zephyr `fs.c`, `fs_stat`).
    pub(super) fn status(
        &self,
        path: &[u8],
        options: &FsOptions,
        quirks: &Quirks,
    ) -> Result<Status, FsError> {
        match place(path, options, quirks)? {
            Place::Everything if !quirks.root_has_status => Err(FsError::Invalid),
            Place::Everything | Place::Root => Ok(Status::Directory),
            Place::Below { key, wants_directory } => {
                self.check_parents(&key, options)?;
                if is_directory(&key, options) {
                    return Ok(Status::Directory);
                }
                let file = self.files.get(&key).ok_or(FsError::NotFound)?;
                if wants_directory && quirks.strict_paths {
                    return Err(FsError::Other);
                }
                Ok(Status::File(file.data.len() as u32))
            }
        }
    }

    /// A file by its path, to read it.
    pub(super) fn find(
        &self,
        path: &[u8],
        options: &FsOptions,
        quirks: &Quirks,
    ) -> Result<&[u8], FsError> {
        match (place(path, options, quirks)?, self.status(path, options, quirks)?) {
            (Place::Everything, _) => Err(FsError::Invalid),
            (Place::Below { key, .. }, Status::File(_)) => {
                Ok(self.files.get(&key).map_or(&[], |file| &file.data))
            }
            _ => Err(FsError::Other),
        }
    }

    /// Opens a file for writing, and creates it if there is none (`FS_O_CREATE | FS_O_WRITE`).
    pub(super) fn open(
        &mut self,
        path: &[u8],
        options: &FsOptions,
        quirks: &Quirks,
    ) -> Result<Writing, FsError> {
        let (key, wants_directory) = match place(path, options, quirks)? {
            Place::Everything => return Err(FsError::Invalid),
            _ if options.read_only => return Err(FsError::ReadOnly),
            Place::Root => return Err(FsError::Other),
            Place::Below { key, wants_directory } => (key, wants_directory),
        };
        self.check_parents(&key, options)?;
        if is_directory(&key, options) || wants_directory && quirks.strict_paths {
            return Err(FsError::Other);
        }
        if !self.files.contains_key(&key) {
            if wants_directory {
                return Err(FsError::NotFound);
            }
            if name_of(&key).len() > NAME_MAX || !self.has_room(&key, 0, options) {
                return Err(FsError::Other);
            }
            self.files.insert(key.clone(), File::default());
        }
        let file = self.files[&key].clone();
        Ok(Writing { key, file, pos: 0, fresh_from: u32::MAX, changed: false, failed: false })
    }

    /// Writes at the file's position, behind zeros if that lies beyond its end. Contents that
    /// change are written to other blocks, from the first change on.
    pub(super) fn write(
        &self,
        writing: &mut Writing,
        data: &[u8],
        options: &FsOptions,
    ) -> Result<(), FsError> {
        let Writing { file, pos, fresh_from, .. } = writing;
        let start = *pos as usize;
        let end = start.checked_add(data.len()).ok_or(FsError::Other)?;
        let len = file.data.len().max(end);
        let outline = file.outline || len > inline_max(options);
        let fresh = if file.outline {
            block_at(start.min(file.data.len()), options.block_size).min(*fresh_from)
        } else {
            0
        };
        if outline && blocks(len, options.block_size).saturating_sub(fresh) > self.free(options) {
            writing.failed = true;
            return Err(FsError::Other);
        }
        file.outline = outline;
        *fresh_from = fresh;
        file.data.resize(len, 0);
        file.data[start..end].copy_from_slice(data);
        *pos = end as u32;
        writing.changed = true;
        Ok(())
    }

    /// Ends writing: what was written is in the volume, unless a write failed (littlefs
    /// `LFS_F_ERRED`) or the directory has no room for it.
    pub(super) fn close(&mut self, writing: Writing, options: &FsOptions) {
        let Writing { key, file, changed, failed, .. } = writing;
        let inline = if file.outline { POINTER } else { file.data.len() };
        if changed && !failed && self.has_room(&key, inline, options) {
            self.files.insert(key, file);
        }
    }

    /// Blocks that nothing occupies.
    fn free(&self, options: &FsOptions) -> u32 {
        let directories = 2 * (1 + options.directories.len() as u32);
        let outline = self.files.values().filter(|file| file.outline);
        let used: u32 = outline.map(|file| blocks(file.data.len(), options.block_size)).sum();
        options.block_count.saturating_sub(directories + used)
    }

    /// Whether the directory can hold the entry of a file with so many octets in it.
    fn has_room(&self, key: &[u8], contents: usize, options: &FsOptions) -> bool {
        let parent = parent_of(key);
        let mut used = ENTRY_TAGS + name_of(key).len() + contents;
        for (other, file) in self.files.iter().filter(|(other, _)| parent_of(other) == parent) {
            if other.as_slice() != key {
                let contents = if file.outline { POINTER } else { file.data.len() };
                used += ENTRY_TAGS + name_of(other).len() + contents;
            }
        }
        let directories = options.directories.iter().map(String::as_bytes);
        for directory in directories.filter(|path| parent_of(path) == parent) {
            used += ENTRY_TAGS + name_of(directory).len() + POINTER;
        }
        used + METADATA_RESERVE <= options.block_size as usize
    }

    /// Every name but the last one must be a directory's.
    fn check_parents(&self, key: &[u8], options: &FsOptions) -> Result<(), FsError> {
        for (at, _) in key.iter().enumerate().filter(|&(_, &octet)| octet == b'/') {
            let parent = &key[..at];
            if self.files.contains_key(parent) {
                return Err(FsError::Other);
            }
            if !is_directory(parent, options) {
                return Err(FsError::NotFound);
            }
        }
        Ok(())
    }
}

impl Writing {
    /// Goes to the end of what is written.
    pub(super) fn seek_end(&mut self) {
        self.pos = self.file.data.len() as u32;
    }

    /// Cuts the file off at its start and stays there. Since littlefs 2.7 a file that has become
    /// small is kept in its directory again.
    pub(super) fn truncate(&mut self, quirks: &Quirks) {
        self.file.data.clear();
        self.file.outline &= !quirks.truncated_file_is_inline;
        self.fresh_from = 0;
        self.pos = 0;
        self.changed = true;
    }
}

fn is_directory(key: &[u8], options: &FsOptions) -> bool {
    options.directories.iter().any(|path| path.as_bytes() == key)
}

fn name_of(key: &[u8]) -> &[u8] {
    key.rsplit(|&octet| octet == b'/').next().unwrap_or_default()
}

fn parent_of(key: &[u8]) -> &[u8] {
    let slash = key.iter().rposition(|&octet| octet == b'/');
    &key[..slash.unwrap_or(0)]
}

/// The longest file that is kept in its directory (littlefs `lfs.c`, `inline_max`).
fn inline_max(options: &FsOptions) -> usize {
    options.cache_size.min(options.block_size / 8).min(0x3fe) as usize
}

/// The block that holds an octet. Block 0 is all contents; block n begins with pointers to one more
/// block than n has factors of two (littlefs `DESIGN.md`, CTZ skip-lists).
fn block_at(at: usize, block_size: u32) -> u32 {
    let mut left = at as u64;
    let mut block = 0_u32;
    loop {
        let pointers = if block == 0 { 0 } else { block.trailing_zeros() + 1 };
        let room = u64::from(block_size.saturating_sub(4 * pointers).max(1));
        if left < room {
            return block;
        }
        left -= room;
        block += 1;
    }
}

/// Blocks of a file of so many octets.
fn blocks(len: usize, block_size: u32) -> u32 {
    len.checked_sub(1).map_or(0, |last| block_at(last, block_size) + 1)
}

#[cfg(test)]
mod tests {
    use super::{block_at, blocks};

    #[test]
    fn blocks_begin_with_pointers_to_earlier_ones() {
        for (len, count) in [
            (0, 0),
            (1, 1),
            (128, 1),
            (129, 2),
            (128 + 124, 2),
            (128 + 124 + 1, 3),
            (128 + 124 + 120, 3),
            (128 + 124 + 120 + 124, 4),
            (128 + 124 + 120 + 124 + 1, 5),
            (128 + 124 + 120 + 124 + 116, 5),
        ] {
            assert_eq!(blocks(len, 128), count, "{len}");
        }
        assert_eq!((block_at(127, 128), block_at(128, 128), block_at(251, 128)), (0, 1, 1));
    }
}
