//! Files: download, upload, status, hashes, close.

mod early;
mod errors;
mod hash;
mod path;
mod transfer;
mod volume;

use super::{Answer, Context, Outcome};
use crate::ServerConfig;
use early::EarlyUpload;
use errors::{access, denied, file_len};
use path::c_string;
use smp_wire::cbor::empty_map;
use smp_wire::errors::Rc;
use smp_wire::fs::{StatusRequest, StatusResponse};
use smp_wire::group::fs;
use smp_wire::header::{OP_READ, OP_WRITE};
use transfer::Transfer;
use volume::Volume;

/// The commands of the group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    File,
    Status,
    Hash,
    HashTypes,
    Close,
}

/// State of the group. Requests are served one at a time, so nobody ever waits for the file that
/// is open; see [`Fs::locked`] for the exception.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fs {
    volume: Volume,
    /// The file that later eras keep open.
    transfer: Option<Transfer>,
    /// What early eras remember of an upload.
    early: EarlyUpload,
    /// The lock of the open file was taken and not given back: no transfer is served any more.
    locked: bool,
}

impl Command {
    /// The command of this number, if it is built in.
    #[inline(never)]
    pub(crate) fn find(config: &ServerConfig, id: u8) -> Option<Self> {
        let options = config.fs.then_some(&config.fs_options)?;
        let hash = options.crc32 || options.sha256;
        match id {
            fs::FILE => Some(Self::File),
            fs::STATUS => options.status.then_some(Self::Status),
            fs::HASH => hash.then_some(Self::Hash),
            fs::HASH_TYPES => (hash && options.hash_types).then_some(Self::HashTypes),
            fs::CLOSE => config.profile.quirks().file_stays_open.then_some(Self::Close),
            _ => None,
        }
    }

    /// Whether it has a handler for this operation.
    pub(crate) const fn accepts(self, op: u8) -> bool {
        match self {
            Self::File => matches!(op, OP_READ | OP_WRITE),
            Self::Status | Self::Hash | Self::HashTypes => op == OP_READ,
            Self::Close => op == OP_WRITE,
        }
    }
}

impl Fs {
    /// Runs the handler of a command.
    #[inline(never)]
    pub(crate) fn handle(
        &mut self,
        command: Command,
        op: u8,
        body: &[u8],
        cx: &Context<'_>,
        out: &mut Vec<u8>,
    ) -> Answer {
        self.close_idle(cx.now, &cx.config.fs_options);
        let early = !cx.quirks.file_stays_open;
        Answer::Now(match command {
            Command::File if op == OP_READ && early => self.download_early(body, cx, out),
            Command::File if op == OP_READ => self.download(body, cx, out),
            Command::File if early => self.upload_early(body, cx, out),
            Command::File => self.upload(body, cx, out),
            Command::Status => self.status(body, cx, out),
            Command::Hash => self.hash(body, cx, out),
            Command::HashTypes => {
                hash::list_types(cx, out);
                Ok(())
            }
            Command::Close => self.close_now(cx, out),
        })
    }

    /// What is left of the group when the device restarts: the volume, without what was written to
    /// a file that was still open.
    pub(crate) fn after_restart(self) -> Self {
        Self { volume: self.volume, ..Self::default() }
    }

    /// Tells the length of a file when it was last closed (Zephyr `fs_mgmt.c`,
    /// `fs_mgmt_file_status`).
    fn status(&self, body: &[u8], cx: &Context<'_>, out: &mut Vec<u8>) -> Outcome {
        let request = StatusRequest::decode(body, cx.dialect()).map_err(|_| Rc::Invalid)?;
        let path = path_of(request.name, cx)?;
        if cx.quirks.file_stays_open {
            access(path, cx).map_err(|refusal| denied(refusal, cx.quirks))?;
        }
        let status = self.volume.status(path, &cx.config.fs_options, cx.quirks);
        let len = file_len(status, cx.quirks)?.into();
        let rc = cx.config.legacy_rc.then_some(0);
        StatusResponse { rc, len }.emit(out, cx.form());
        Ok(())
    }

    /// Closes the open file, if there is one; the payload is not looked at (Zephyr `fs_mgmt.c`,
    /// `fs_mgmt_close_opened_file`).
    fn close_now(&mut self, cx: &Context<'_>, out: &mut Vec<u8>) -> Outcome {
        if self.locked {
            return Err(Rc::Busy.into());
        }
        self.close(&cx.config.fs_options);
        empty_map(out, cx.form());
        Ok(())
    }
}

/// The path of a request, which must be there and not too long.
fn path_of<'a>(name: Option<&'a [u8]>, cx: &Context<'_>) -> Result<&'a [u8], Rc> {
    let name = name.filter(|name| !name.is_empty()).ok_or(Rc::Invalid)?;
    if name.len() > cx.config.fs_options.path_len as usize {
        return Err(Rc::Invalid);
    }
    Ok(c_string(name))
}
