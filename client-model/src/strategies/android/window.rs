//! Window 2 and more: `Uploader`, which keeps several chunks outstanding and resends.

use super::{IMAGE_KEY, Pen, SHA_ENTRY, head};
use crate::config::{Era, Image};
use crate::error::ClientError;
use crate::event::Phase;
use crate::strategy::{Answer, Failure, Habits, Limits, Next, Request, Sent, Strategy, View};
use std::collections::BTreeMap;

/// A chunk that failed this often ends the update (`MAX_CHUNK_FAILURES`).
const MAX_FAILURES: u8 = 5;

/// The library's windowed upload.
///
/// The first chunk goes alone; then up to `window` are outstanding. A failed chunk goes before new
/// ones, and its answer is waited for before anything else is sent. Each answer that names a lower
/// offset than expected calls for one resend, so one lost chunk is sent again up to `window - 1`
/// times. Only the latest failure and one place for the next new chunk are kept (`Channel.CONFLATED`
/// in the source). The upload is over when the last answer has come or failed, also one whose chunk
/// a later answer acknowledged.
#[derive(Clone, Debug)]
pub struct AndroidWindow {
    pen: Pen,
    window: usize,
    memory_alignment: u16,
    /// Where the next new chunk begins.
    next: Option<u32>,
    /// Where the chunk to be sent again begins.
    failure: Option<u32>,
    /// The request whose answer is waited for before anything else is sent.
    blocked_by: Option<Blocker>,
    /// Requests handed to the session.
    sent: u32,
    /// The highest offset that the server acknowledged.
    acknowledged: u32,
    /// How often the chunk at an offset failed.
    failures: BTreeMap<u32, u8>,
    /// The server has it all; nothing is sent any more once failed and new chunks have gone.
    closing: bool,
    closed: bool,
}

#[derive(Clone, Copy, Debug)]
struct Blocker {
    number: u32,
    /// It is a failed chunk: its answer is not compared with what was expected.
    resent: bool,
}

impl AndroidWindow {
    /// The windowed upload; every chunk but the last is a multiple of `memory_alignment`.
    pub fn new(era: Era, window: u8, memory_alignment: u16) -> Self {
        Self {
            pen: Pen::new(era),
            window: window.max(1).into(),
            memory_alignment: memory_alignment.max(1),
            next: None,
            failure: None,
            blocked_by: None,
            sent: 0,
            acknowledged: 0,
            failures: BTreeMap::new(),
            closing: false,
            closed: false,
        }
    }

    /// Data octets at `off` (`Uploader.getMaxChunkSize`, `newChunk`). The head of the data is
    /// that of the longest data thinkable, which costs an octet where the two differ.
    fn chunk_len(&self, image: &Image, limits: Limits, off: u32) -> Result<u32, ClientError> {
        let mut overhead = self.pen.overhead(off);
        if off == 0 {
            overhead += 4 + head(image.len().into()) + SHA_ENTRY;
            if image.number > 0 {
                overhead += IMAGE_KEY + head(image.number.into());
            }
        }
        let rest = image.len().checked_sub(off).ok_or(ClientError::OffsetOutOfRange { off })?;
        let room = i64::from(limits.max_packet) - overhead;
        let fits = room - head(room);
        let alignment = i64::from(self.memory_alignment);
        let len = if fits < rest.into() { fits - fits.rem_euclid(alignment) } else { rest.into() };
        // At an offset above 0 the library would send empty chunks for ever.
        u32::try_from(len)
            .ok()
            .filter(|&len| len > 0 || off == 0)
            .ok_or(ClientError::ChunkDoesNotFit { limit: limits.max_packet, off })
    }

    fn count_failure(&mut self, off: u32) -> u8 {
        let failures = self.failures.entry(off).or_default();
        *failures += 1;
        *failures
    }

    /// The blocking request is over; the next new chunk begins at `off`, if there is one.
    fn unblock(&mut self, image: &Image, off: u32) {
        self.blocked_by = None;
        if off < image.len() {
            self.next = Some(off);
        }
    }

    /// The blocker, if `sent` is it.
    fn blocker(&self, sent: &Sent) -> Option<Blocker> {
        self.blocked_by.filter(|blocker| blocker.number == sent.number)
    }

    /// A failure that does not end the update at once.
    fn request_failed(
        &mut self,
        view: &View<'_>,
        sent: &Sent,
        error: ClientError,
    ) -> Result<(), ClientError> {
        let Request { off, len, .. } = sent.request;
        if self.count_failure(off) >= MAX_FAILURES {
            return Err(error);
        }
        self.failure = Some(off);
        if self.blocker(sent).is_some() {
            self.unblock(view.image, off + len);
        }
        Ok(())
    }

    fn acknowledge(&mut self, view: &View<'_>, sent: &Sent, off: u32) -> Result<(), ClientError> {
        let blocker = self.blocker(sent);
        let resent = blocker.is_some_and(|blocker| blocker.resent);
        let begin = sent.request.off;
        if off > view.image.len() {
            return Err(ClientError::OffsetOutOfRange { off });
        }
        if !resent && off < begin + sent.request.len {
            let failures = self.count_failure(begin);
            if failures >= MAX_FAILURES {
                return Err(ClientError::NotAcknowledged { off: begin, failures });
            }
            self.failure = Some(off);
        } else {
            self.acknowledged = self.acknowledged.max(off);
            self.closing |= off == view.image.len();
        }
        if blocker.is_some() {
            self.unblock(view.image, off);
        }
        Ok(())
    }
}

impl Strategy for AndroidWindow {
    fn habits(&self) -> Habits {
        self.pen.habits()
    }

    fn begin(&mut self, _: &View<'_>) -> Result<(), ClientError> {
        let Self { pen, window, memory_alignment, .. } = *self;
        *self = Self {
            pen,
            window,
            memory_alignment,
            next: Some(0),
            failure: None,
            blocked_by: None,
            sent: 0,
            acknowledged: 0,
            failures: std::mem::take(&mut self.failures),
            closing: false,
            closed: false,
        };
        self.failures.clear();
        Ok(())
    }

    fn next(&mut self, view: &View<'_>, body: &mut Vec<u8>) -> Result<Next, ClientError> {
        if self.closed {
            return Ok(if view.outstanding == 0 { Next::Done } else { Next::Wait });
        }
        if self.blocked_by.is_some() || view.outstanding >= self.window {
            return Ok(Next::Wait);
        }
        let resent = self.failure.is_some();
        let Some(off) = self.failure.take().or_else(|| self.next.take()) else {
            self.closed = self.closing;
            return if self.closed { self.next(view, body) } else { Ok(Next::Wait) };
        };
        let len = self.chunk_len(view.image, view.limits, off)?;
        self.pen.write(view.image, off, len, body);
        let last = off + len >= view.image.len();
        let waits = self.pen.waits;
        let timeout = if off > 0 && last { waits.last } else { waits.chunk(off) };
        if off == 0 || resent {
            self.blocked_by = Some(Blocker { number: self.sent, resent });
        } else if !last {
            self.next = Some(off + len);
        }
        self.sent += 1;
        Ok(Next::Send(Request { off, len, timeout: Some(timeout), seq: None }))
    }

    fn answer(
        &mut self,
        view: &View<'_>,
        sent: &Sent,
        answer: &Answer<'_>,
    ) -> Result<(), ClientError> {
        match answer.upload() {
            Ok(answer) if answer.matched == Some(false) => Err(ClientError::MatchFailed),
            Ok(answer) => self.acknowledge(view, sent, answer.off.unwrap_or(0)),
            Err(error @ ClientError::MalformedAnswer { .. }) => {
                self.request_failed(view, sent, error)
            }
            Err(error) => Err(error),
        }
    }

    fn failed(
        &mut self,
        view: &View<'_>,
        sent: &Sent,
        failure: Failure,
    ) -> Result<(), ClientError> {
        let Request { off, len, .. } = sent.request;
        // A later chunk's answer has acknowledged this one.
        if failure == Failure::Timeout && self.acknowledged > off {
            if self.blocker(sent).is_some() {
                self.unblock(view.image, off + len);
            }
            return Ok(());
        }
        self.request_failed(view, sent, ClientError::Timeout { phase: Phase::Upload })
    }
}
