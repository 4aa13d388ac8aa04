//! The group's own error codes, and what each failure of the file system is answered with.

use super::volume::{FsError, Status};
use crate::groups::{Context, Refusal};
use crate::{HookRefusal, Quirks};
use smp_wire::errors::{GroupError, Rc};
use smp_wire::group;

/// A code of Zephyr's `enum fs_mgmt_err_code_t` (`fs_mgmt.h`).
const fn code(code: u16) -> GroupError {
    GroupError::new(group::FS, code)
}

const UNKNOWN: GroupError = code(1);
const FILE_INVALID_NAME: GroupError = code(2);
const FILE_NOT_FOUND: GroupError = code(3);
const FILE_IS_DIRECTORY: GroupError = code(4);
/// The position does not exist in any file.
pub(super) const FILE_SEEK_FAILED: GroupError = code(6);
/// No block is left.
pub(super) const FILE_WRITE_FAILED: GroupError = code(10);
/// The chunk is not the next one.
pub(super) const FILE_OFFSET_NOT_VALID: GroupError = code(11);
/// A hash from behind the end.
pub(super) const FILE_OFFSET_LARGER_THAN_FILE: GroupError = code(12);
/// No hash or checksum has this name.
pub(super) const CHECKSUM_HASH_NOT_FOUND: GroupError = code(13);
const MOUNT_POINT_NOT_FOUND: GroupError = code(14);
const READ_ONLY_FILESYSTEM: GroupError = code(15);
/// A hash of nothing.
pub(super) const FILE_EMPTY: GroupError = code(16);

/// The length of a file (Zephyr `fs_mgmt.c`, `fs_mgmt_filelen`; 3.2 `fs_mgmt_impl_filelen`).
pub(super) fn file_len(status: Result<Status, FsError>, quirks: &Quirks) -> Result<u32, Refusal> {
    let (early, later) = match status {
        Ok(Status::File(len)) => return Ok(len),
        Ok(Status::Directory) => (Rc::Unknown, FILE_IS_DIRECTORY),
        Err(FsError::Invalid) => (Rc::Invalid, FILE_INVALID_NAME),
        Err(FsError::NotFound) => (Rc::NoEntry, FILE_NOT_FOUND),
        Err(FsError::ReadOnly | FsError::Other) => (Rc::Unknown, UNKNOWN),
    };
    Err(Refusal::by_era(quirks, early, later))
}

/// A file cannot be opened to read it; early servers do not look why.
pub(super) fn cannot_read(error: FsError, quirks: &Quirks) -> Refusal {
    let later = match error {
        FsError::Invalid => FILE_INVALID_NAME,
        FsError::NotFound => FILE_NOT_FOUND,
        FsError::ReadOnly | FsError::Other => UNKNOWN,
    };
    Refusal::by_era(quirks, Rc::NoEntry, later)
}

/// A file cannot be opened or created to write it; early servers do not look why.
pub(super) fn cannot_write(error: FsError, quirks: &Quirks) -> Refusal {
    let later = match error {
        FsError::Invalid => FILE_INVALID_NAME,
        FsError::NotFound => MOUNT_POINT_NOT_FOUND,
        FsError::ReadOnly => READ_ONLY_FILESYSTEM,
        FsError::Other => UNKNOWN,
    };
    Refusal::by_era(quirks, Rc::Unknown, later)
}

/// What the application answers to access to this path, if it does not allow it.
pub(super) fn access(path: &[u8], cx: &Context<'_>) -> Result<(), HookRefusal> {
    let protected = &cx.config.fs_options.protected;
    let refused = protected.iter().find(|(start, _)| path.starts_with(start.as_bytes()));
    refused.map_or(Ok(()), |&(_, refusal)| Err(refusal))
}

/// The answer to an access that the application does not allow.
pub(super) fn denied(refusal: HookRefusal, quirks: &Quirks) -> Refusal {
    match refusal {
        HookRefusal::Rc(rc) => rc.into(),
        HookRefusal::Group(error) if quirks.group_errors => error.into(),
        HookRefusal::Group(error) => error.in_version_1().into(),
    }
}
