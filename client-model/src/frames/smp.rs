//! What the driver reads of SMP frames: enough for the trace.

use crate::event::Phase;
use smp_wire::cbor::Dialect;
use smp_wire::errors::{ErrorBody, find_error};
use smp_wire::group;
use smp_wire::header::{HEADER_LEN, Header, OP_READ, OP_WRITE};
use smp_wire::image::{StateRequest, UploadRequest, UploadResponse};

/// The phase that a request belongs to; `None` for one that belongs to whatever goes on.
pub(super) fn phase(header: Header, body: &[u8]) -> Option<Phase> {
    match (header.group, header.id, header.op) {
        (group::OS, group::os::PARAMS, _) => Some(Phase::Params),
        (group::OS, group::os::RESET, OP_WRITE) => Some(Phase::Reset),
        (group::IMAGE, group::image::STATE, OP_READ) => Some(Phase::List),
        (group::IMAGE, group::image::STATE, OP_WRITE) => {
            let confirm = StateRequest::decode(body, Dialect::default())
                .is_ok_and(|request| request.confirm == Some(true));
            Some(if confirm { Phase::Confirm } else { Phase::Test })
        }
        (group::IMAGE, group::image::UPLOAD, OP_WRITE) => Some(Phase::Upload),
        (group::IMAGE, group::image::ERASE, OP_WRITE) => Some(Phase::EraseSlot),
        (group::ZEPHYR_BASIC, group::zephyr_basic::ERASE_STORAGE, OP_WRITE) => {
            Some(Phase::EraseSettings)
        }
        _ => None,
    }
}

/// First octet and length of the chunk that a request carries.
pub(super) fn chunk(header: Header, body: &[u8]) -> Option<(u32, u32)> {
    let upload = (group::IMAGE, group::image::UPLOAD, OP_WRITE);
    if (header.group, header.id, header.op) != upload {
        return None;
    }
    let request = UploadRequest::decode(body, Dialect::default()).ok()?;
    Some((request.off.unwrap_or(0), request.data.map_or(0, <[u8]>::len) as u32))
}

/// Code and group of the error that an answer reports; 0 for none.
pub(super) fn code(frame: &[u8]) -> (i32, Option<u16>) {
    match find_error(&frame[HEADER_LEN..]) {
        None => (0, None),
        Some(ErrorBody::Rc(rc)) => (rc, None),
        Some(ErrorBody::Group { group, rc }) => (rc.into(), Some(group)),
    }
}

/// Where the upload goes on, by the answer to a chunk.
pub(super) fn expected(frame: &[u8]) -> Option<u32> {
    UploadResponse::decode(&frame[HEADER_LEN..]).ok()?.off
}
