//! Window 1: `ImageManager.upload` in a loop, without retries.

use super::{AndroidWindow, IMAGE_KEY, Pen, SHA_ENTRY, head};
use crate::config::{Era, Image};
use crate::error::ClientError;
use crate::strategy::{Answer, Habits, Limits, Next, Request, Sent, Strategy, View};

/// The library's default upload: one chunk, its answer, the next from the offset in the answer.
///
/// A refused or unanswered chunk ends the update. What the server says about the digest (`match`)
/// is not looked at (`TransferCallable`, `Upload.send`).
#[derive(Clone, Debug)]
pub struct Android {
    pen: Pen,
    off: u32,
}

impl Android {
    /// The default upload.
    pub fn new(era: Era) -> Self {
        Self { pen: Pen::new(era), off: 0 }
    }

    /// The upload that the library chooses for `window`; a larger one is [`AndroidWindow`].
    pub fn build(era: Era, window: u8, memory_alignment: u16) -> Box<dyn Strategy> {
        match window {
            0 | 1 => Box::new(Self::new(era)),
            _ => Box::new(AndroidWindow::new(era, window, memory_alignment)),
        }
    }

    /// Data octets at `off`. The length of the whole image stands in for that of the data, and
    /// `len` is taken to need five octets (`ImageManager.calculatePacketOverhead`), so frames stay
    /// up to three octets below the limit. Where even that does not fit, the library dies of a
    /// negative array size.
    fn chunk_len(&self, image: &Image, limits: Limits, off: u32) -> Result<u32, ClientError> {
        let mut overhead = self.pen.overhead(off) + head(image.len().into());
        if off == 0 {
            overhead += 4 + 5 + SHA_ENTRY;
            if image.number > 0 {
                overhead += IMAGE_KEY + 1;
            }
        }
        let rest = image.len().checked_sub(off).ok_or(ClientError::OffsetOutOfRange { off })?;
        let fits = i64::from(limits.max_packet) - overhead;
        u32::try_from(fits.min(rest.into()))
            .map_err(|_| ClientError::ChunkDoesNotFit { limit: limits.max_packet, off })
    }
}

impl Strategy for Android {
    fn habits(&self) -> Habits {
        self.pen.habits()
    }

    fn begin(&mut self, _: &View<'_>) -> Result<(), ClientError> {
        self.off = 0;
        Ok(())
    }

    fn next(&mut self, view: &View<'_>, body: &mut Vec<u8>) -> Result<Next, ClientError> {
        let off = self.off;
        if view.outstanding > 0 {
            return Ok(Next::Wait);
        }
        if off == view.image.len() {
            return Ok(Next::Done);
        }
        let len = self.chunk_len(view.image, view.limits, off)?;
        self.pen.write(view.image, off, len, body);
        let timeout = Some(self.pen.waits.chunk(off));
        Ok(Next::Send(Request { off, len, timeout, seq: None }))
    }

    fn answer(&mut self, _: &View<'_>, _: &Sent, answer: &Answer<'_>) -> Result<(), ClientError> {
        self.off = answer.upload()?.off.unwrap_or(0);
        Ok(())
    }
}
