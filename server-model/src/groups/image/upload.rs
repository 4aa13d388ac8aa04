//! The image upload: what is remembered from chunk to chunk, and what one chunk sets going.

use super::decision::{Decision, SHA_MAX, decide};
use super::stream::Stream;
use crate::groups::erase_run::Run;
use crate::groups::{Answer, Context, Refusal, Step, Work};
use crate::{EraseMode, ServerEvent};
use flash_model::{Area, FlashOp, Geometry};
use smp_wire::errors::Rc;
use smp_wire::image::{UploadRequest, UploadResponse};
use std::ops::Range;

/// Where the status part of a trailer begins, counted from the end of the slot: the page that holds
/// it is erased with the image (Zephyr `mcuboot_priv.h`, `BOOT_TRAILER_IMG_STATUS_OFFS`).
const TRAILER_LEN: u32 = 32;

/// State of the image group.
#[derive(Clone, Debug, Default)]
pub(crate) struct Image {
    upload: Progress,
    stream: Stream,
}

/// The upload in progress: one for all clients, in RAM, without a time-out (Zephyr `img_mgmt.c`,
/// `g_img_mgmt_state`).
#[derive(Clone, Debug, Default)]
pub(super) struct Progress {
    /// `None` when no upload is in progress.
    slot: Option<Area>,
    /// Octets accepted, up to `stream_buf` of which are in RAM only.
    off: u32,
    /// Octets of the whole image, as the client stated.
    size: u32,
    sha: [u8; SHA_MAX],
    sha_len: usize,
}

/// One chunk that is being written.
#[derive(Clone, Debug)]
pub(crate) struct UploadWork {
    stage: Stage,
    image_pages: Run,
    trailer_pages: Run,
    /// Where the chunk's data lie in the payload of the request.
    data: Range<usize>,
    /// Octets of the data that the stream took.
    taken: usize,
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
        self.slot.is_some() && !sha.is_empty() && self.sha[..self.sha_len] == *sha
    }

    fn begin(&mut self, slot: Area, size: u32, sha: &[u8]) {
        *self = Self { slot: Some(slot), size, sha_len: sha.len(), ..Self::default() };
        self.sha[..sha.len()].copy_from_slice(sha);
    }

    fn completes(&self, more: usize) -> bool {
        self.off as usize + more == self.size as usize
    }
}

impl Image {
    /// Handles one chunk (Zephyr 3.2 `img_mgmt.c`, `img_mgmt_upload`).
    pub(crate) fn upload(
        &mut self,
        body: &[u8],
        cx: &mut Context<'_>,
        out: &mut Vec<u8>,
    ) -> Answer {
        let Ok(request) = UploadRequest::decode(body) else {
            return Answer::Now(Err(Rc::Invalid.into()));
        };
        match decide(&request, &self.upload, cx) {
            Ok(Decision::Tell) => {
                tell(self.upload.off, 0, cx, out);
                Answer::Now(Ok(()))
            }
            Ok(Decision::Continue) => self.write(&request, body, [Run::NONE; 2]),
            Ok(Decision::Begin { slot, size, erase }) => {
                self.upload.begin(slot, size, request.sha.unwrap_or_default());
                self.stream.restart(slot, cx.config.stream_buf);
                let geometry = cx.flash.geometry();
                let runs =
                    if erase { erase_runs(slot, size, &geometry) } else { Ok([Run::NONE; 2]) };
                match runs {
                    Ok(runs) => self.write(&request, body, runs),
                    Err(rc) => Answer::Now(Err(self.refuse(rc.into(), cx))),
                }
            }
            Err(refusal) => Answer::Now(Err(self.refuse(refusal, cx))),
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
        let data = &body[work.data.clone()];
        loop {
            work.stage = match work.stage {
                Stage::Erase => match work.next_page(cx) {
                    Some(op) => return Step::Flash(op),
                    None => Stage::Check,
                },
                Stage::Check if self.stream.refuses(data.len()) => {
                    return Step::Done(Err(self.refuse(Rc::Unknown.into(), cx)));
                }
                Stage::Check => Stage::Fill,
                Stage::Fill => {
                    work.taken += self.stream.fill(&data[work.taken..]);
                    let rest = work.last && work.taken == data.len() && !self.stream.is_empty();
                    if self.stream.is_full() || rest { Stage::Flush } else { Stage::Finish }
                }
                Stage::Flush => return Step::Flash(self.flush(work, cx)),
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

    /// What a refusal means for the upload in progress.
    fn refuse(&mut self, refusal: Refusal, cx: &Context<'_>) -> Refusal {
        if !cx.quirks.refused_chunk_keeps_upload {
            self.forget_upload();
        }
        refusal
    }

    /// Sets the writing of a chunk going, after erasing `runs`.
    fn write(&self, request: &UploadRequest<'_>, body: &[u8], runs: [Run; 2]) -> Answer {
        let [image_pages, trailer_pages] = runs;
        let data = request.data.unwrap_or_default();
        Answer::Later(Work::Upload(UploadWork {
            stage: Stage::Erase,
            image_pages,
            trailer_pages,
            data: place_in(body, data),
            taken: 0,
            last: !data.is_empty() && self.upload.completes(data.len()),
        }))
    }

    fn flush(&mut self, work: &mut UploadWork, cx: &mut Context<'_>) -> FlashOp {
        let geometry = cx.flash.geometry();
        if cx.config.erase == EraseMode::Progressive
            && let Some(op) = self.stream.erase_for_flush(&geometry)
        {
            return traced(op, geometry.page, cx);
        }
        work.stage = Stage::Fill;
        self.stream.flush(&geometry)
    }

    /// Progressive builds erase the trailer page last. Then the chunk counts as accepted.
    fn finish(&mut self, work: &UploadWork, cx: &mut Context<'_>, out: &mut Vec<u8>) -> Step {
        let geometry = cx.flash.geometry();
        if work.last
            && cx.config.erase == EraseMode::Progressive
            && let Some(slot) = self.upload.slot
            && let Some(op) = self.stream.erase_page_at(slot.end() - TRAILER_LEN, &geometry)
        {
            return Step::Flash(traced(op, geometry.page, cx));
        }
        let accepted = work.data.len();
        self.upload.off += accepted as u32;
        let off = self.upload.off;
        if off == self.upload.size {
            self.forget_upload();
        }
        tell(off, accepted, cx, out);
        Step::Done(Ok(()))
    }
}

impl UploadWork {
    fn next_page(&mut self, cx: &mut Context<'_>) -> Option<FlashOp> {
        self.image_pages.next_page(cx).or_else(|| self.trailer_pages.next_page(cx))
    }
}

/// Puts the erase of a single page into the trace.
fn traced(op: FlashOp, page: u32, cx: &mut Context<'_>) -> FlashOp {
    cx.trace(ServerEvent::Erase { tag: cx.tag, at: op.at(), len: page });
    op
}

/// Answers the offset.
fn tell(off: u32, accepted: usize, cx: &mut Context<'_>, out: &mut Vec<u8>) {
    let rc = cx.config.success_carries_rc().then_some(0);
    UploadResponse { rc, off: Some(off), matched: None }.emit(out, cx.form());
    cx.trace(ServerEvent::Upload { tag: cx.tag, off, len_accepted: accepted as u16 });
}

/// The stretches to erase before an image of `size` octets: the pages that it covers, then the slot
/// from the page of the trailer on, unless the first stretch has that (Zephyr 3.2
/// `zephyr_img_mgmt.c`, `img_mgmt_erase_image_data`).
///
/// The end of the first one is the end of the page that holds the last octet, in 32-bit arithmetic:
/// a size that wraps to the page before the slot leaves nothing to erase, as a size of 0 does. A
/// last octet outside the part, or a stretch outside the slot, is an error.
fn erase_runs(slot: Area, size: u32, geometry: &Geometry) -> Result<[Run; 2], Rc> {
    let Geometry { size: part, page, .. } = *geometry;
    let last = slot.start.wrapping_add(size).wrapping_sub(1);
    if last >= part {
        return Err(Rc::Unknown);
    }
    let image = (last - last % page + page).wrapping_sub(slot.start);
    if image > slot.len {
        return Err(Rc::Unknown);
    }
    let trailer_at = slot.end() - TRAILER_LEN;
    let trailer_page = trailer_at - trailer_at % page;
    let covered = slot.len - TRAILER_LEN < image;
    let trailer = Run::new(Area::new(trailer_page, slot.end() - trailer_page));
    Ok([Run::new(Area::new(slot.start, image)), if covered { Run::NONE } else { trailer }])
}

/// Where a slice lies in the bytes that it was borrowed from.
fn place_in(whole: &[u8], part: &[u8]) -> Range<usize> {
    if part.is_empty() {
        return 0..0;
    }
    let start = part.as_ptr().addr() - whole.as_ptr().addr();
    start..start + part.len()
}

#[cfg(test)]
mod tests {
    use super::{Rc, Run, erase_runs, place_in};
    use flash_model::{Area, Part};

    const SLOT: Area = Area::new(0x82000, 0x76000);

    /// Octets of the erase calls.
    fn erased(size: u32) -> Result<Vec<u32>, Rc> {
        let runs = erase_runs(SLOT, size, &Part::nrf52840().geometry)?;
        Ok(runs.iter().filter_map(Run::len).collect())
    }

    #[test]
    fn the_pages_of_the_image_and_the_trailer_page_are_erased() {
        assert_eq!(erased(373_928), Ok(vec![92 * 4096, 4096]));
        assert_eq!(erased(1), Ok(vec![4096, 4096]));
        assert_eq!(erased(117 * 4096), Ok(vec![117 * 4096, 4096]));
    }

    #[test]
    fn a_trailer_page_that_the_image_covers_is_erased_once() {
        assert_eq!(erased(117 * 4096 + 1), Ok(vec![118 * 4096]));
        assert_eq!(erased(118 * 4096), Ok(vec![118 * 4096]));
    }

    #[test]
    fn an_image_that_ends_behind_the_slot_is_not_erased_for() {
        assert_eq!(erased(118 * 4096 + 1), Err(Rc::Unknown));
        assert_eq!(erased(0x7e000), Err(Rc::Unknown));
        assert_eq!(erased(0x7e001), Err(Rc::Unknown));
        assert_eq!(erased(0x8000_0000), Err(Rc::Unknown));
    }

    #[test]
    fn a_size_that_wraps_to_the_page_before_the_slot_erases_the_trailer_page_alone() {
        for size in [0, u32::MAX - 1, u32::MAX - 4094] {
            assert_eq!(erased(size), Ok(vec![0, 4096]), "{size:#x}");
        }
        assert_eq!(erased(u32::MAX - 4095), Err(Rc::Unknown));
    }

    #[test]
    fn a_slice_is_found_where_it_was_borrowed() {
        let whole = [1, 2, 3, 4, 5];
        assert_eq!(place_in(&whole, &whole[1..4]), 1..4);
        assert_eq!(place_in(&whole, &[]), 0..0);
    }
}
