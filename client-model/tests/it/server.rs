//! A server as small as the tests allow: two slots, one upload, no time, no flash.

use smp_wire::cbor::{Dialect, MapForm, empty_map};
use smp_wire::errors::ErrorBody;
use smp_wire::group;
use smp_wire::header::{HEADER_LEN, Header, OP_READ, put_len};
use smp_wire::image::{SlotState, StateRequest, UploadRequest, UploadResponse, VersionText};
use smp_wire::os::ParamsResponse;

/// What becomes of one request.
#[derive(Clone, Debug)]
pub(crate) enum Reaction {
    /// The server does as it does.
    Normal,
    /// The request is lost.
    LoseRequest,
    /// The answer is lost.
    LoseAnswer,
    /// This body is the answer, and nothing is done.
    Body(Vec<u8>),
    /// This error is the answer, and nothing is done.
    Refuse(ErrorBody),
}

/// One request as the server saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) header: Header,
    pub(crate) frame: Vec<u8>,
}

impl Seen {
    pub(crate) fn is(&self, group: u16, id: u8) -> bool {
        (self.header.group, self.header.id) == (group, id)
    }

    pub(crate) fn body(&self) -> &[u8] {
        &self.frame[HEADER_LEN..]
    }

    /// The upload request, if it is one.
    pub(crate) fn chunk(&self) -> Option<UploadRequest<'_>> {
        self.is(group::IMAGE, group::image::UPLOAD).then(|| {
            UploadRequest::decode(self.body(), Dialect::default())
                .expect("clients write valid requests")
        })
    }
}

pub(crate) type Script = dyn FnMut(&Seen, usize) -> Reaction;

pub(crate) struct Server {
    /// Each write is a request of its own: the server puts nothing together.
    pub(crate) single_writes: bool,
    /// Answers to the request for parameters: buffer size and count.
    pub(crate) params: Option<(u32, u32)>,
    /// `rc: 0` comes first in answers to uploads.
    pub(crate) rc_first: bool,
    pub(crate) slots: Vec<SlotState>,
    /// The hash that an upload's image will have in the list.
    pub(crate) uploaded_hash: [u8; 32],
    /// The boot loader goes back to the old image at once.
    pub(crate) reverts: bool,
    pub(crate) script: Box<Script>,
    pub(crate) seen: Vec<Seen>,
    pub(crate) upload: Option<(u32, Vec<u8>)>,
    /// The image of the last complete upload.
    pub(crate) stored: Vec<u8>,
    partial: Vec<u8>,
    pub(crate) resets: u32,
}

pub(crate) fn slot(number: u32, hash: [u8; 32], flags: &str) -> SlotState {
    let has = |flag| flags.contains(flag);
    SlotState {
        image: None,
        slot: number,
        version: VersionText::from_parts(1, 0, 0, 0),
        hash: Some(hash),
        bootable: true,
        pending: has('p'),
        confirmed: has('c'),
        active: has('a'),
        permanent: has('P'),
    }
}

impl Server {
    /// A server that runs an image with hash `[0xaa; 32]`.
    pub(crate) fn new(uploaded_hash: [u8; 32]) -> Self {
        Self {
            single_writes: false,
            params: None,
            rc_first: false,
            slots: vec![slot(0, [0xaa; 32], "ca")],
            uploaded_hash,
            reverts: false,
            script: Box::new(|_, _| Reaction::Normal),
            seen: Vec::new(),
            upload: None,
            stored: Vec::new(),
            partial: Vec::new(),
            resets: 0,
        }
    }

    /// One write; the answer, in the write's own buffer, if a request is complete.
    pub(crate) fn write(&mut self, mut bytes: Vec<u8>) -> Option<Vec<u8>> {
        if self.single_writes {
            let header = Header::parse(&bytes).ok()?;
            if bytes.len() < HEADER_LEN + usize::from(header.len) {
                let mut answer = header.response(1).emit().to_vec();
                ErrorBody::Rc(9).emit(&mut answer, MapForm::Indefinite);
                put_len(&mut answer);
                return Some(answer);
            }
        }
        self.partial.extend_from_slice(&bytes);
        let header = Header::parse(&self.partial).expect("a first write holds the header");
        if self.partial.len() < HEADER_LEN + usize::from(header.len) {
            return None;
        }
        let frame = std::mem::take(&mut self.partial);
        let seen = Seen { header, frame };
        let reaction = (self.script)(&seen, self.seen.len());
        bytes.clear();
        bytes.extend_from_slice(&Header { ..header.response(1) }.emit());
        let answered = match reaction {
            Reaction::LoseRequest => false,
            Reaction::Body(body) => {
                bytes.extend_from_slice(&body);
                true
            }
            Reaction::Refuse(error) => {
                error.emit(&mut bytes, MapForm::Indefinite);
                true
            }
            Reaction::Normal => {
                self.serve(&seen, &mut bytes);
                true
            }
            Reaction::LoseAnswer => {
                self.serve(&seen, &mut bytes);
                false
            }
        };
        self.seen.push(seen);
        put_len(&mut bytes);
        answered.then_some(bytes)
    }

    fn serve(&mut self, seen: &Seen, out: &mut Vec<u8>) {
        let Header { op, group, id, .. } = seen.header;
        match (group, id) {
            (group::OS, group::os::PARAMS) if self.params.is_some() => {
                let (buf_size, buf_count) = self.params.unwrap_or_default();
                ParamsResponse { buf_size, buf_count }.emit(out, MapForm::Indefinite);
            }
            (group::OS, group::os::RESET) => {
                self.resets += 1;
                empty_map(out, MapForm::Indefinite);
            }
            (group::IMAGE, group::image::STATE) if op == OP_READ => self.list(out),
            (group::IMAGE, group::image::STATE) => self.write_state(seen, out),
            (group::IMAGE, group::image::UPLOAD) => self.take_chunk(seen, out),
            _ => ErrorBody::Rc(8).emit(out, MapForm::Indefinite),
        }
    }

    fn list(&self, out: &mut Vec<u8>) {
        smp_wire::image::emit_state(out, &self.slots, MapForm::Indefinite, false);
    }

    fn write_state(&mut self, seen: &Seen, out: &mut Vec<u8>) {
        let request = StateRequest::decode(seen.body(), Dialect::default())
            .expect("clients write valid requests");
        let confirm = request.confirm.unwrap_or(false);
        let Some(slot) =
            self.slots.iter_mut().find(|s| s.hash.as_ref().map(|h| &h[..]) == request.hash)
        else {
            return ErrorBody::Rc(3).emit(out, MapForm::Indefinite);
        };
        match (slot.active, slot.pending) {
            (true, _) => {
                slot.confirmed |= confirm;
                // Nothing is gone back to any more.
                self.slots.iter_mut().filter(|s| !s.active).for_each(|s| s.confirmed &= !confirm);
            }
            // As Zephyr 3.2: the mark that is there stays.
            (false, true) => {}
            (false, false) => (slot.pending, slot.permanent) = (true, confirm),
        }
        self.list(out);
    }

    fn take_chunk(&mut self, seen: &Seen, out: &mut Vec<u8>) {
        let chunk = seen.chunk().expect("it is an upload request");
        let (off, data) = (chunk.off.expect("off"), chunk.data.expect("data"));
        let resumes = self.upload.is_some() && chunk.sha.is_some_and(|sha| sha.len() == 32);
        if off == 0 && !resumes {
            self.upload = Some((chunk.len.expect("len stands in the first chunk"), Vec::new()));
        }
        let mut expected = 0;
        if let Some((len, bytes)) = &mut self.upload {
            if off == bytes.len() as u32 {
                bytes.extend_from_slice(data);
            }
            expected = bytes.len() as u32;
            if expected == *len {
                self.stored = std::mem::take(bytes);
                self.upload = None;
                self.slots.retain(|slot| slot.slot == 0);
                self.slots.push(slot(1, self.uploaded_hash, ""));
            }
        }
        let rc = self.rc_first.then_some(0);
        let answer = UploadResponse { rc, off: Some(expected), matched: None };
        answer.emit(out, MapForm::Indefinite);
    }

    /// The device boots: a pending image is swapped in.
    pub(crate) fn boot(&mut self) {
        self.upload = None;
        self.partial.clear();
        let reverts = self.reverts || self.slots[0].active && !self.slots[0].confirmed;
        let pending = self.slots.iter().any(|slot| slot.pending);
        if self.slots.len() < 2 || !pending && !reverts {
            return;
        }
        let permanent = self.slots[1].permanent;
        let (old, new) = (self.slots[0].hash, self.slots[1].hash);
        let (old, new) = (old.expect("a hash"), new.expect("a hash"));
        self.slots = if self.reverts {
            vec![slot(0, old, "ca"), slot(1, new, "")]
        } else if pending && !permanent {
            vec![slot(0, new, "a"), slot(1, old, "c")]
        } else {
            vec![slot(0, new, "ca"), slot(1, old, "")]
        };
    }
}
