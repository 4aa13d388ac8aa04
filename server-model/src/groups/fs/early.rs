//! Transfers of early eras: each request opens the file and closes it (Zephyr 3.2 `fs_mgmt.c` and
//! `zephyr_fs_mgmt.c`).

use super::errors::{access, cannot_read, cannot_write, denied, file_len};
use super::{Fs, path_of};
use crate::groups::{Context, Outcome, Refusal};
use smp_wire::errors::Rc;
use smp_wire::fs::{
    FileDownloadRequest, FileDownloadResponse, FileUploadRequest, FileUploadResponse,
};

/// What is remembered of an upload: nothing of its file.
#[derive(Clone, Debug, Default)]
pub(super) struct EarlyUpload {
    running: bool,
    /// Where it goes on.
    off: u32,
    /// Octets that were announced.
    len: u32,
}

impl Fs {
    /// Reads a chunk. Without `off` it is read from a position that no file has.
    pub(super) fn download_early(
        &self,
        body: &[u8],
        cx: &Context<'_>,
        out: &mut Vec<u8>,
    ) -> Outcome {
        let request = FileDownloadRequest::decode(body, cx.dialect()).map_err(|_| Rc::Invalid)?;
        let path = path_of(request.name, cx)?;
        access(path, cx).map_err(|refusal| denied(refusal, cx.quirks))?;
        let options = &cx.config.fs_options;
        let off = request.off.unwrap_or(u64::MAX);
        let status = || self.volume.status(path, options, cx.quirks);
        let len = if off == 0 { Some(file_len(status(), cx.quirks)?.into()) } else { None };
        let file = self.volume.find(path, options, cx.quirks);
        let file = file.map_err(|error| cannot_read(error, cx.quirks))?;
        let pos = seek(off).ok_or(Rc::Unknown)?;
        let rest = file.get(pos as usize..).unwrap_or_default();
        let data = &rest[..rest.len().min(options.chunk(cx.config.buf_size) as usize)];
        let rc = cx.success_rc();
        FileDownloadResponse { rc, off, data, len }.emit(out, cx.form());
        Ok(())
    }

    /// Writes a chunk to whatever file it names. Another offset than the expected one was meant to
    /// be answered with that; a true taken for a code makes it `EUNKNOWN`.
    pub(super) fn upload_early(
        &mut self,
        body: &[u8],
        cx: &Context<'_>,
        out: &mut Vec<u8>,
    ) -> Outcome {
        let request = FileUploadRequest::decode(body, cx.dialect()).map_err(|_| Rc::Invalid)?;
        let off = request.off.filter(|&off| off != u64::MAX).ok_or(Rc::Invalid)?;
        let path = path_of(request.name, cx)?;
        access(path, cx).map_err(|refusal| denied(refusal, cx.quirks))?;
        let upload = &mut self.early;
        if off == 0 {
            let len = request.len.filter(|&len| len != u64::MAX).ok_or(Rc::Invalid)?;
            *upload = EarlyUpload { running: true, off: 0, len: len as u32 };
        } else if !upload.running {
            return Err(Rc::Invalid.into());
        } else if off != u64::from(upload.off) {
            return Err(Rc::Unknown.into());
        }
        let data = request.data.unwrap_or_default();
        let new_off = upload.off.wrapping_add(data.len() as u32);
        if new_off > upload.len {
            return Err(Rc::Invalid.into());
        }
        if !data.is_empty() {
            self.write_early(path, off, data, cx)?;
            self.early.off = new_off;
        }
        let upload = &mut self.early;
        upload.running &= upload.off != upload.len;
        let response = FileUploadResponse { rc: cx.success_rc(), off: Some(upload.off.into()) };
        response.emit(out, cx.form());
        Ok(())
    }

    /// Opens the file, truncates it or seeks in it, writes, closes it.
    fn write_early(
        &mut self,
        path: &[u8],
        off: u64,
        data: &[u8],
        cx: &Context<'_>,
    ) -> Result<(), Refusal> {
        let options = &cx.config.fs_options;
        let file = self.volume.open(path, options, cx.quirks);
        let mut file = file.map_err(|error| cannot_write(error, cx.quirks))?;
        if off == 0 {
            file.truncate(cx.quirks);
        } else {
            file.pos = off as u32;
        }
        let written = self.volume.write(&mut file, data, options);
        self.volume.close(file, options);
        Ok(written.map_err(|_| Rc::Unknown)?)
    }
}

/// A position in a file by its 32 low bits; those of a negative number are none (littlefs
/// `LFS_FILE_MAX`).
pub(super) fn seek(off: u64) -> Option<u32> {
    u32::try_from(off as i32).ok()
}
