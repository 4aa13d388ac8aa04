//! Saving settings, one flash operation after the other.

use super::UNKNOWN;
use super::storage::{Stored, Values, area, header_len};
use crate::groups::erase_run::Run;
use crate::groups::{Context, Refusal, Step};
use flash_model::{Area, FlashOp, Geometry};
use smp_wire::cbor::empty_map;
use smp_wire::errors::Rc;

/// Octets of one write at most.
const WRITE_MAX: u32 = 512;

/// Settings on their way into the storage partition.
#[derive(Clone, Debug)]
pub(crate) struct Save {
    pages: Run,
    body: Vec<u8>,
    /// Where the body begins.
    body_at: u32,
    /// Octets of the body that are written.
    written: u32,
    /// Written last; `None` when it is.
    header: Option<Vec<u8>>,
    /// Where the header goes.
    header_at: u32,
}

impl Save {
    /// Brings the partition to these values; `None` if they do not fit it.
    pub(super) fn new(values: Values, stored: &Stored, cx: &Context<'_>) -> Option<Self> {
        let geometry = cx.flash.geometry();
        let next = stored.next(values);
        let half = next.half(area(cx)?);
        let body = next.body();
        let header = next.header(&body);
        let body_at = half.start + header_len(&geometry);
        let end = header_len(&geometry).checked_add(u32::try_from(body.len()).ok()?)?;
        if end.next_multiple_of(geometry.write_size) > half.len {
            return None;
        }
        let used = Area::new(half.start, end.next_multiple_of(geometry.page));
        let pages = if cx.flash.is_blank(used) { Run::NONE } else { Run::new(used) };
        let (header, header_at) = (Some(header), half.start);
        Some(Self { pages, body, body_at, written: 0, header, header_at })
    }

    /// The answer when flash cannot be written (Zephyr `settings_mgmt.c`, `settings_mgmt_save`).
    #[cold]
    pub(crate) const fn failed(cx: &Context<'_>) -> Refusal {
        Refusal::by_era(cx.quirks, Rc::Unknown, UNKNOWN)
    }

    /// Takes a save on to its next flash operation or its end.
    #[inline(never)]
    pub(crate) fn step(&mut self, cx: &mut Context<'_>, out: &mut Vec<u8>) -> Step {
        if let Some(op) = self.pages.next_page(cx) {
            return Step::Flash(op);
        }
        if let Some(op) = self.next_write(&cx.flash.geometry()) {
            return Step::Flash(op);
        }
        empty_map(out, cx.form());
        Step::Done(Ok(()))
    }

    /// The next write: a piece of the body, or the header behind it.
    fn next_write(&mut self, geometry: &Geometry) -> Option<FlashOp> {
        let most = WRITE_MAX.next_multiple_of(geometry.write_size) as usize;
        let rest = &self.body[self.written as usize..];
        if rest.is_empty() {
            let header = self.header.take()?;
            return Some(FlashOp::Write { at: self.header_at, data: padded(header, geometry) });
        }
        let piece = &rest[..rest.len().min(most)];
        let at = self.body_at + self.written;
        self.written += piece.len() as u32;
        Some(FlashOp::Write { at, data: padded(piece.to_vec(), geometry) })
    }
}

/// Filled up to the write size with octets that leave flash as it is.
fn padded(mut data: Vec<u8>, geometry: &Geometry) -> Vec<u8> {
    data.resize(data.len().next_multiple_of(geometry.write_size as usize), 0xff);
    data
}
