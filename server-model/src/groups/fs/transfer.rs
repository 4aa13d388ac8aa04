//! Transfers of later eras: the file stays open until it is complete, another one is asked for, or
//! nobody asks any more (Zephyr 3.7 `fs_mgmt.c`).

use super::early::seek;
use super::errors::{
    FILE_OFFSET_NOT_VALID, FILE_SEEK_FAILED, FILE_WRITE_FAILED, access, cannot_read, cannot_write,
    denied, file_len,
};
use super::volume::Writing;
use super::{Fs, path_of};
use crate::groups::{Context, Outcome, Refusal};
use crate::transport::Origin;
use crate::{FsOptions, HookRefusal};
use sim_core::{Span, Time};
use smp_wire::errors::Rc;
use smp_wire::fs::{
    FileDownloadRequest, FileDownloadResponse, FileUploadRequest, FileUploadResponse,
};

/// The one file that is open.
#[derive(Clone, Debug)]
pub(super) struct Transfer {
    direction: Direction,
    path: Vec<u8>,
    /// A request over another transport opens the file anew.
    origin: Origin,
    /// Where the next chunk is expected.
    off: u32,
    /// Octets of the whole file; 0 when that is not known.
    len: u32,
    /// When the file is closed if no request succeeds before.
    close_at: Time,
}

#[derive(Clone, Debug)]
enum Direction {
    Download,
    Upload(Writing),
}

impl Transfer {
    fn serves(&self, upload: bool, path: &[u8], cx: &Context<'_>) -> bool {
        self.origin.same_transport(cx.origin)
            && matches!(self.direction, Direction::Upload(_)) == upload
            && self.path == path
    }
}

impl Fs {
    /// Closes the open file, if there is one.
    pub(super) fn close(&mut self, options: &FsOptions) {
        if let Some(Transfer { direction: Direction::Upload(file), .. }) = self.transfer.take() {
            self.volume.close(file, options);
        }
    }

    /// Closes a file that nobody has asked for since. The work queue of the system does that; it
    /// needs the lock, too.
    pub(crate) fn close_idle(&mut self, now: Time, options: &FsOptions) {
        let idle = self.transfer.as_ref().is_some_and(|transfer| transfer.close_at <= now);
        if idle && !self.locked {
            self.close(options);
        }
    }

    /// Reads a chunk.
    pub(super) fn download(&mut self, body: &[u8], cx: &Context<'_>, out: &mut Vec<u8>) -> Outcome {
        let request = FileDownloadRequest::decode(body, cx.dialect()).map_err(|_| Rc::Invalid)?;
        let off = request.off.filter(|&off| off != u64::MAX).ok_or(Rc::Invalid)?;
        let path = path_of(request.name, cx)?;
        let options = &cx.config.fs_options;
        let mut transfer = if let Some(transfer) = self.resume(false, path, cx)? {
            transfer
        } else {
            let len = self.file_len(path, cx)?;
            Transfer { len, ..opened(Direction::Download, path, cx) }
        };
        if off != u64::from(transfer.off) {
            transfer.off = seek(off).ok_or(FILE_SEEK_FAILED)?;
        }
        let file = self.volume.find(path, options, cx.quirks);
        let file = file.map_err(|error| cannot_read(error, cx.quirks))?;
        let rest = file.get(transfer.off as usize..).unwrap_or_default();
        let data = &rest[..rest.len().min(options.chunk(cx.config.buf_size) as usize)];
        let len = (off == 0).then_some(transfer.len.into());
        FileDownloadResponse { rc: cx.success_rc(), off, data, len }.emit(out, cx.form());
        transfer.off += data.len() as u32;
        self.keep(transfer, cx);
        Ok(())
    }

    /// Writes a chunk. An offset that is not the expected one closes the file, which is opened
    /// again by the next chunk, and that one may go on at the end of it.
    pub(super) fn upload(&mut self, body: &[u8], cx: &Context<'_>, out: &mut Vec<u8>) -> Outcome {
        let request = FileUploadRequest::decode(body, cx.dialect()).map_err(|_| Rc::Invalid)?;
        let off = request.off.filter(|&off| off != u64::MAX).ok_or(Rc::Invalid)?;
        let len = request.len.filter(|&len| len != u64::MAX);
        let path = path_of(request.name, cx)?;
        if off == 0 && len.is_none() {
            return Err(Rc::Invalid.into());
        }
        let mut transfer = if let Some(transfer) = self.resume(true, path, cx)? {
            transfer
        } else {
            let file = self.volume.open(path, &cx.config.fs_options, cx.quirks);
            let file = file.map_err(|error| cannot_write(error, cx.quirks))?;
            opened(Direction::Upload(file), path, cx)
        };
        // Whatever fails from here on closes the file.
        let written = self.write(&mut transfer, off, len, request.data.unwrap_or_default(), cx);
        let response = FileUploadResponse { rc: cx.success_rc(), off: Some(transfer.off.into()) };
        match written {
            Ok(()) => self.keep(transfer, cx),
            Err(refusal) => {
                self.transfer = Some(transfer);
                self.close(&cx.config.fs_options);
                return Err(refusal);
            }
        }
        response.emit(out, cx.form());
        Ok(())
    }

    /// The open file, if this request goes on with it; otherwise it is closed, unless the application
    /// refuses access to the new one.
    fn resume(
        &mut self,
        upload: bool,
        path: &[u8],
        cx: &Context<'_>,
    ) -> Result<Option<Transfer>, Refusal> {
        if self.locked {
            return Err(Rc::Busy.into());
        }
        if self.transfer.as_ref().is_some_and(|open| open.serves(upload, path, cx)) {
            return Ok(self.transfer.take());
        }
        if let Err(refusal) = access(path, cx) {
            self.locked =
                cx.quirks.denied_access_keeps_lock && matches!(refusal, HookRefusal::Rc(_));
            return Err(denied(refusal, cx.quirks));
        }
        self.close(&cx.config.fs_options);
        Ok(None)
    }

    /// Brings a chunk into the file. A first chunk truncates what the file held when it was last
    /// closed; if that was nothing, it goes behind what this upload has written so far. The expected
    /// offset is not set back by it.
    fn write(
        &self,
        transfer: &mut Transfer,
        off: u64,
        len: Option<u64>,
        data: &[u8],
        cx: &Context<'_>,
    ) -> Result<(), Refusal> {
        let Transfer { direction: Direction::Upload(file), path, off: expected, .. } = transfer
        else {
            return Ok(());
        };
        let mut existing = 0;
        if off == 0 {
            transfer.len = len.unwrap_or(0) as u32;
            existing = self.file_len(path, cx)?;
        } else if *expected == 0 {
            *expected = self.file_len(path, cx)?;
        }
        if off > 0 && off != u64::from(*expected) {
            let also = Some(("len", u64::from(*expected)));
            return Err(Refusal { also, ..FILE_OFFSET_NOT_VALID.into() });
        }
        if data.is_empty() {
            return Ok(());
        }
        if existing != 0 {
            file.truncate(cx.quirks);
        } else if u64::from(file.pos) != off {
            file.seek_end();
        }
        let written = self.volume.write(file, data, &cx.config.fs_options);
        written.map_err(|_| FILE_WRITE_FAILED)?;
        *expected = expected.wrapping_add(data.len() as u32);
        Ok(())
    }

    /// Keeps the file open unless it is complete (`fs_mgmt_upload_download_finish_check`).
    fn keep(&mut self, mut transfer: Transfer, cx: &Context<'_>) {
        let complete = transfer.len > 0 && transfer.off >= transfer.len;
        transfer.close_at = idle_until(cx);
        self.transfer = Some(transfer);
        if complete {
            self.close(&cx.config.fs_options);
        }
    }

    /// Octets that a file had when it was last closed.
    fn file_len(&self, path: &[u8], cx: &Context<'_>) -> Result<u32, Refusal> {
        let status = self.volume.status(path, &cx.config.fs_options, cx.quirks);
        file_len(status, cx.quirks)
    }
}

fn opened(direction: Direction, path: &[u8], cx: &Context<'_>) -> Transfer {
    let (path, origin, close_at) = (path.to_vec(), cx.origin, idle_until(cx));
    Transfer { direction, path, origin, off: 0, len: 0, close_at }
}

fn idle_until(cx: &Context<'_>) -> Time {
    cx.now + Span::from_ms(cx.config.fs_options.idle_close_ms.into())
}
