//! Two chunks outstanding; after a gap, on from where the server stands.

use client_model::{Answer, ClientError, Failure, Next, Request, Sent, Strategy, View, fit};
use sim_core::Span;
use smp_wire::cbor::MapForm;
use smp_wire::image::{UploadKey, UploadRequest};

const KEYS: [UploadKey; 4] = [UploadKey::Off, UploadKey::Len, UploadKey::Sha, UploadKey::Data];

#[derive(Clone, Debug, Default)]
pub(crate) struct TwoAhead {
    next: u32,
    acknowledged: u32,
    sent: u32,
    /// Answers to requests numbered below are not looked at.
    valid_from: u32,
    setbacks: u32,
}

impl TwoAhead {
    fn go_back(&mut self, off: u32) -> Result<(), ClientError> {
        (self.next, self.valid_from) = (off, self.sent);
        self.setbacks += 1;
        let failures = self.setbacks as u8;
        if failures < 10 { Ok(()) } else { Err(ClientError::NotAcknowledged { off, failures }) }
    }
}

impl Strategy for TwoAhead {
    fn begin(&mut self, _: &View<'_>) -> Result<(), ClientError> {
        *self = Self::default();
        Ok(())
    }

    fn next(&mut self, view: &View<'_>, body: &mut Vec<u8>) -> Result<Next, ClientError> {
        let (image, limit, off) = (view.image, view.limits.max_packet, self.next);
        if self.acknowledged == image.len() {
            return Ok(Next::Done);
        }
        // The first chunk goes alone: the server may erase a whole slot before it answers.
        let (first, window) = (off == 0, if self.acknowledged == 0 { 1 } else { 2 });
        if view.outstanding >= window || off == image.len() {
            return Ok(Next::Wait);
        }
        let (len, sha) = (first.then(|| image.len()), first.then_some(&image.sha256[..]));
        let extra = fit::ExtraKeys { len, sha: sha.map(|_| 32), ..Default::default() };
        let most = fit::largest_data(limit.into(), MapForm::Definite, off, &extra)
            .ok_or(ClientError::ChunkDoesNotFit { limit, off })?;
        let data = image.chunk(off, most);
        let chunk =
            UploadRequest { len, off: Some(off), sha, data: Some(data), ..Default::default() };
        chunk.emit(body, MapForm::Definite, &KEYS);
        (self.next, self.sent) = (off + data.len() as u32, self.sent + 1);
        let timeout = Some(Span::from_s(if first { 40 } else { 2 }));
        Ok(Next::Send(Request { off, len: data.len() as u32, timeout, seq: None }))
    }

    fn answer(
        &mut self,
        _: &View<'_>,
        sent: &Sent,
        answer: &Answer<'_>,
    ) -> Result<(), ClientError> {
        let off = answer.upload()?.off.unwrap_or(0);
        if sent.number >= self.valid_from {
            // Only progress makes up for a setback.
            self.setbacks *= u32::from(off <= self.acknowledged);
            self.acknowledged = off;
            if off != sent.request.off + sent.request.len {
                return self.go_back(off);
            }
        }
        Ok(())
    }

    fn failed(&mut self, _: &View<'_>, sent: &Sent, _: Failure) -> Result<(), ClientError> {
        if sent.number < self.valid_from { Ok(()) } else { self.go_back(self.acknowledged) }
    }
}
