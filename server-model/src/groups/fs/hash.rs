//! Hashes and checksums of files.

use super::errors::{
    CHECKSUM_HASH_NOT_FOUND, FILE_EMPTY, FILE_OFFSET_LARGER_THAN_FILE, access, cannot_read, denied,
    file_len,
};
use super::{Fs, path_of};
use crate::FsOptions;
use crate::groups::{Context, Outcome, Refusal};
use sha2::{Digest, Sha256};
use smp_wire::errors::Rc;
use smp_wire::fs::{HashOutput, HashRequest, HashResponse, HashType, emit_hash_types};

/// Octets of a function's name (Zephyr `fs_mgmt.c`, `HASH_CHECKSUM_TYPE_SIZE`).
const NAME_MAX: usize = 8;

/// A function that a build can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Function {
    Crc32,
    Sha256,
}

impl Function {
    const fn describe(self) -> HashType<'static> {
        match self {
            Self::Crc32 => HashType { name: "crc32", bytes: false, size: 4 },
            Self::Sha256 => HashType { name: "sha256", bytes: true, size: 32 },
        }
    }
}

/// The functions of a build in the order of their registration; the first one is the default.
fn functions(options: &FsOptions) -> impl Iterator<Item = Function> {
    let crc32 = options.crc32.then_some(Function::Crc32);
    crc32.into_iter().chain(options.sha256.then_some(Function::Sha256))
}

/// Lists the functions; the payload of the request is not looked at.
pub(super) fn list_types(cx: &Context<'_>, out: &mut Vec<u8>) {
    let types: Vec<_> = functions(&cx.config.fs_options).map(Function::describe).collect();
    emit_hash_types(&types, out, cx.form());
}

impl Fs {
    /// Goes through a file as it was when it was last closed (Zephyr `fs_mgmt.c`,
    /// `fs_mgmt_file_hash_checksum`).
    pub(super) fn hash(&self, body: &[u8], cx: &Context<'_>, out: &mut Vec<u8>) -> Outcome {
        let request = HashRequest::decode(body, cx.dialect()).map_err(|_| Rc::Invalid)?;
        let path = path_of(request.name, cx)?;
        let kind = request.kind.unwrap_or_default();
        if kind.len() > NAME_MAX || request.len == Some(0) {
            return Err(Rc::Invalid.into());
        }
        let function = self.function(kind, cx)?;
        if cx.quirks.file_stays_open {
            access(path, cx).map_err(|refusal| denied(refusal, cx.quirks))?;
        }
        let off = request.off.unwrap_or(0);
        let data = self.part(path, off, request.len, cx)?;
        let digest;
        let output = match function {
            Function::Crc32 => HashOutput::Number(crc32fast::hash(data).into()),
            Function::Sha256 => {
                cx.hashed.set(data.len() as u32);
                digest = Sha256::digest(data);
                HashOutput::Bytes(&digest)
            }
        };
        let kind = function.describe().name.as_bytes();
        HashResponse { kind, off, len: data.len() as u64, output }.emit(out, cx.form());
        Ok(())
    }

    /// The function of this name, up to a zero in it; the default for an empty one.
    #[expect(clippy::unused_self, reason = "reads like its neighbours")]
    fn function(&self, kind: &[u8], cx: &Context<'_>) -> Result<Function, Refusal> {
        let mut functions = functions(&cx.config.fs_options);
        let found = if kind.is_empty() {
            functions.next()
        } else {
            let kind = super::c_string(kind);
            functions.find(|function| function.describe().name.as_bytes() == kind)
        };
        let refusal = || Refusal::by_era(cx.quirks, Rc::Invalid, CHECKSUM_HASH_NOT_FOUND);
        found.ok_or_else(refusal)
    }

    /// What of the file is to be gone through. The function takes the length in 32 bits, whatever
    /// came; 0 is nothing then.
    fn part(
        &self,
        path: &[u8],
        off: u64,
        len: Option<u64>,
        cx: &Context<'_>,
    ) -> Result<&[u8], Refusal> {
        let options = &cx.config.fs_options;
        let file_len = file_len(self.volume.status(path, options, cx.quirks), cx.quirks);
        // Early servers do not look why the length is not to be had.
        let file_len =
            if cx.quirks.group_errors { file_len? } else { file_len.map_err(|_| Rc::NoEntry)? };
        if u64::from(file_len) <= off {
            let empty = file_len == 0;
            let later = if empty { FILE_EMPTY } else { FILE_OFFSET_LARGER_THAN_FILE };
            return Err(Refusal::by_era(cx.quirks, Rc::Invalid, later));
        }
        let file = self.volume.find(path, options, cx.quirks);
        let file = file.map_err(|error| cannot_read(error, cx.quirks))?;
        let rest = &file[off as usize..];
        let len = len.map_or(u32::MAX, |len| len as u32) as usize;
        Ok(&rest[..rest.len().min(len)])
    }
}
