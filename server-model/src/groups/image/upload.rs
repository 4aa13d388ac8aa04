//! The image upload: what is remembered from chunk to chunk, and what one chunk sets going.

use super::decision::{Decision, SHA_MAX, decide};
use super::erase_plan::{erase_runs, trailer_len};
use super::errors::Fault;
use super::slots::{area, image_area};
use super::stream::Stream;
use crate::groups::erase_run::Run;
use crate::groups::{Answer, Context, Refusal, Step, Work};
use crate::{EraseMode, HookRefusal, ServerEvent};
use flash_model::{Area, FlashOp};
use smp_wire::errors::Rc;
use smp_wire::image::{UploadRequest, UploadResponse};

/// State of the image group.
#[derive(Clone, Debug, Default)]
pub(crate) struct Image {
    upload: Progress,
    stream: Stream,
    /// Pages of the image, then of the trailer, that the first chunk erases.
    erase: [Run; 2],
}

/// The upload in progress: one for all clients, in RAM, without a time-out (Zephyr `img_mgmt.c`,
/// `g_img_mgmt_state`).
#[derive(Clone, Debug, Default)]
pub(super) struct Progress {
    /// Where the image goes; `None` when no upload is in progress.
    area: Option<Area>,
    /// Octets accepted, up to `stream_buf` of which are in RAM only.
    off: u32,
    /// Octets of the whole image, as the client stated.
    size: u32,
    sha: [u8; SHA_MAX],
    sha_len: usize,
}

/// One chunk that is being written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UploadWork {
    stage: Stage,
    /// Where the chunk's data begin in the payload of the request.
    data_at: u32,
    /// Octets of the data.
    data_len: u32,
    /// Octets of the data that the stream took.
    taken: u32,
    /// The image is complete with this chunk.
    last: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Erases the pages of the image and of the trailer, if any.
    Erase,
    /// Looks whether the data fit the slot.
    Check,
    /// Moves data into the stream.
    Fill,
    /// Writes the stream's buffer, after the erase that may be due.
    Flush,
    /// All data are taken.
    Finish,
}

impl Progress {
    /// The offset at which the next chunk must begin.
    pub(super) const fn off(&self) -> u32 {
        self.off
    }

    /// Whether an upload of this name is in progress; without a name none is.
    pub(super) fn is_named(&self, sha: &[u8]) -> bool {
        self.area.is_some() && !sha.is_empty() && self.sha[..self.sha_len] == *sha
    }

    /// Whether so many octets more would be more than announced.
    pub(super) const fn overruns(&self, more: usize) -> bool {
        self.off as usize + more > self.size as usize
    }

    fn begin(&mut self, area: Area, size: u32, sha: &[u8]) {
        *self = Self { area: Some(area), size, sha_len: sha.len(), ..Self::default() };
        self.sha[..sha.len()].copy_from_slice(sha);
    }

    /// Whether the flash that the image goes to holds what `sha` names (Zephyr `flash_img.c`,
    /// `flash_img_check`). A name that was cut short never fits.
    #[inline(never)]
    fn is_in_flash(&self, cx: &Context<'_>) -> bool {
        let Some(area) = self.area else { return false };
        if self.sha_len != SHA_MAX || !(1..=area.len).contains(&self.size) {
            return false;
        }
        cx.hashed.set(cx.hashed.get() + self.size);
        cx.flash.sha256(Area::new(area.start, self.size)) == self.sha
    }

    fn completes(&self, more: usize) -> bool {
        self.off as usize + more == self.size as usize
    }
}

impl Image {
    /// Handles one chunk (Zephyr `img_mgmt.c`, `img_mgmt_upload`).
    pub(crate) fn upload(
        &mut self,
        body: &[u8],
        cx: &mut Context<'_>,
        out: &mut Vec<u8>,
    ) -> Answer {
        let Ok(request) = UploadRequest::decode(body, cx.dialect()) else {
            return Answer::Now(Err(Rc::Invalid.into()));
        };
        match decide(&request, &self.upload, cx) {
            Ok(Decision::Tell) => {
                tell(self.upload.off, 0, None, cx, out);
                Answer::Now(Ok(()))
            }
            Ok(_) if cx.config.upload_hook.is_some() => self.refuse_by_hook(cx),
            Ok(Decision::Continue) => self.write(&request, body, Stage::Check),
            Ok(Decision::Begin { slot, size, erase }) => {
                self.begin(&request, body, (slot, size, erase), cx, out)
            }
            Err(fault) => self.refuse(fault, cx),
        }
    }

    /// Starts over with this chunk.
    #[inline(never)]
    fn begin(
        &mut self,
        request: &UploadRequest<'_>,
        body: &[u8],
        (slot, size, erase): (usize, u32, bool),
        cx: &mut Context<'_>,
        out: &mut Vec<u8>,
    ) -> Answer {
        let image_area = image_area(cx, slot);
        self.upload.begin(image_area, size, request.sha.unwrap_or_default());
        self.stream.restart(image_area, cx.config.stream_buf);
        if cx.config.image_check && self.upload.is_in_flash(cx) {
            // Nothing is left to upload.
            self.forget_upload();
            tell(size, 0, Some(true), cx, out);
            return Answer::Now(Ok(()));
        }
        let slot = area(cx.config, slot);
        let spare = image_area.start - slot.start;
        if !erase {
            return self.write(request, body, Stage::Check);
        }
        match erase_runs(slot, spare, size, &cx.flash.geometry(), cx.flash.array(slot.start)) {
            Ok(runs) => {
                self.erase = runs;
                self.write(request, body, Stage::Erase)
            }
            Err(fault) => self.refuse(fault, cx),
        }
    }

    /// No upload is in progress any more.
    pub(crate) fn forget_upload(&mut self) {
        self.upload = Progress::default();
    }

    /// Takes a chunk on to its next flash operation or its end.
    pub(crate) fn step_upload(
        &mut self,
        work: &mut UploadWork,
        body: &[u8],
        cx: &mut Context<'_>,
        out: &mut Vec<u8>,
    ) -> Step {
        let data = work.data(body);
        loop {
            work.stage = match work.stage {
                Stage::Erase => match self.next_page(cx) {
                    Some(op) => return Step::Flash(op),
                    None => Stage::Check,
                },
                Stage::Check if self.stream.refuses(data.len()) => {
                    return Step::Done(Err(self.refusal(Fault::WriteFailed, cx)));
                }
                Stage::Check => Stage::Fill,
                Stage::Fill => {
                    work.taken += self.stream.fill(&data[work.taken as usize..]) as u32;
                    let all = work.taken == work.data_len;
                    let rest = work.last && all && !self.stream.is_empty();
                    if self.stream.is_full() || rest { Stage::Flush } else { Stage::Finish }
                }
                Stage::Flush => {
                    return match self.flush(work, cx) {
                        Some(op) => Step::Flash(op),
                        None => Step::Done(Err(self.refusal(Fault::WriteFailed, cx))),
                    };
                }
                Stage::Finish => return self.finish(work, cx, out),
            };
        }
    }

    /// The stream's buffer comes back; an erase returns none.
    pub(crate) fn take_back(&mut self, data: Vec<u8>) -> Option<Vec<u8>> {
        if data.capacity() == 0 {
            return Some(data);
        }
        self.stream.take_back(data);
        None
    }

    /// The answer to a chunk whose erase or write was given up. An erase within the stream counts as
    /// a part of the write (Zephyr `img_mgmt.c`, `img_mgmt_upload`).
    #[cold]
    pub(crate) fn upload_failed(&mut self, work: &UploadWork, cx: &Context<'_>) -> Refusal {
        self.stream.operation_failed();
        let erasing = work.stage == Stage::Erase;
        self.refusal(if erasing { Fault::EraseFailed } else { Fault::WriteFailed }, cx)
    }

    #[cold]
    fn refuse(&mut self, fault: Fault, cx: &Context<'_>) -> Answer {
        Answer::Now(Err(self.refusal(fault, cx)))
    }

    /// What a fault means for the upload in progress, and its answer.
    #[cold]
    fn refusal(&mut self, fault: Fault, cx: &Context<'_>) -> Refusal {
        if !cx.quirks.refused_chunk_keeps_upload {
            self.forget_upload();
        }
        fault.refusal(cx.quirks)
    }

    /// The application rejects each chunk that would be written
    /// (`CONFIG_MCUMGR_GRP_IMG_UPLOAD_CHECK_HOOK`). A group error of the hook does not look like a
    /// failure to the handler, which adds the offset and keeps the upload.
    #[cold]
    fn refuse_by_hook(&mut self, cx: &Context<'_>) -> Answer {
        Answer::Now(Err(match cx.config.upload_hook {
            Some(HookRefusal::Group(error)) if cx.quirks.group_errors => {
                let also = Some(("off", self.upload.off.into()));
                Refusal { also, ..error.into() }
            }
            Some(HookRefusal::Group(error)) => error.in_version_1().into(),
            Some(HookRefusal::Rc(rc)) => {
                if !cx.quirks.refused_chunk_keeps_upload {
                    self.forget_upload();
                }
                rc.into()
            }
            None => Rc::Unknown.into(),
        }))
    }

    /// The next page that the first chunk erases.
    #[inline(never)]
    fn next_page(&mut self, cx: &mut Context<'_>) -> Option<FlashOp> {
        self.erase.iter_mut().find_map(|run| run.next_page(cx))
    }

    /// Sets the writing of a chunk going.
    fn write(&self, request: &UploadRequest<'_>, body: &[u8], stage: Stage) -> Answer {
        let data = request.data.unwrap_or_default();
        Answer::Later(Work::Upload(UploadWork {
            stage,
            data_at: place_in(body, data),
            data_len: data.len() as u32,
            taken: 0,
            last: !data.is_empty() && self.upload.completes(data.len()),
        }))
    }

    /// The next operation of a flush; `None` when flash takes no write at its address, which is so
    /// for octets behind the end of an image whose last chunk is repeated.
    fn flush(&mut self, work: &mut UploadWork, cx: &mut Context<'_>) -> Option<FlashOp> {
        let geometry = cx.flash.geometry();
        if cx.config.erase == EraseMode::Progressive
            && cx.flash.needs_erase(self.stream.next_at())
            && let Some(op) = self.stream.erase_for_flush(&geometry)
        {
            return Some(traced(op, geometry.page, cx));
        }
        work.stage = Stage::Fill;
        self.stream.is_aligned(&geometry).then(|| self.stream.flush(&geometry))
    }

    /// Progressive builds erase the trailer page last, also where no erase is needed, as a write of
    /// ones. Then the chunk counts as accepted.
    fn finish(&mut self, work: &UploadWork, cx: &mut Context<'_>, out: &mut Vec<u8>) -> Step {
        let geometry = cx.flash.geometry();
        if work.last
            && cx.config.erase == EraseMode::Progressive
            && let Some(area) = self.upload.area
            && let Some(op) =
                self.stream.erase_page_at(area.end() - trailer_len(&geometry), &geometry)
        {
            return Step::Flash(traced(op, geometry.page, cx));
        }
        let accepted = work.data_len;
        self.upload.off += accepted;
        let off = self.upload.off;
        let mut matched = None;
        if work.last {
            matched = cx.config.image_check.then(|| self.upload.is_in_flash(cx));
            self.forget_upload();
        }
        tell(off, accepted, matched, cx, out);
        Step::Done(Ok(()))
    }
}

impl UploadWork {
    /// The chunk's data in the payload that they were found in.
    fn data<'a>(&self, body: &'a [u8]) -> &'a [u8] {
        let at = self.data_at as usize;
        &body[at..at + self.data_len as usize]
    }
}

/// Puts the erase of a single page into the trace.
fn traced(op: FlashOp, page: u32, cx: &mut Context<'_>) -> FlashOp {
    cx.trace(ServerEvent::Erase { tag: cx.tag, at: op.at(), len: page });
    op
}

/// Answers the offset.
fn tell(off: u32, accepted: u32, matched: Option<bool>, cx: &mut Context<'_>, out: &mut Vec<u8>) {
    let rc = cx.config.success_carries_rc().then_some(0);
    UploadResponse { rc, off: Some(off), matched }.emit(out, cx.form());
    cx.trace(ServerEvent::Upload { tag: cx.tag, off, len_accepted: accepted as u16 });
}

/// Where a slice begins in the bytes that it was borrowed from.
fn place_in(whole: &[u8], part: &[u8]) -> u32 {
    if part.is_empty() { 0 } else { (part.as_ptr().addr() - whole.as_ptr().addr()) as u32 }
}

#[cfg(test)]
mod tests {
    use super::place_in;

    #[test]
    fn a_slice_is_found_where_it_was_borrowed() {
        let whole = [1, 2, 3, 4, 5];
        assert_eq!(place_in(&whole, &whole[1..4]), 1);
        assert_eq!(place_in(&whole, &[]), 0);
    }
}
