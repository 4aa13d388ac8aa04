//! A strategy that a team wrote for its own gateway, as an example of how to test one: `tests/` lets
//! the air, the supply and the chance do their worst, and the simulator's checkers are the oracle.
//! It is no part of the simulator, and for copying only.

use client_model::{Answer, ClientError, Failure, Next, Request, Sent, Strategy, View, fit};
use sim_core::Span;
use smp_wire::cbor::MapForm;
use smp_wire::image::{UploadKey, UploadRequest};

const KEYS: [UploadKey; 4] = [UploadKey::Off, UploadKey::Len, UploadKey::Sha, UploadKey::Data];
const ATTEMPTS: u32 = 10;

/// One request at a time, repeated when it is not answered, taken up again after a lost link.
#[derive(Clone, Debug, Default)]
pub struct Patient {
    off: u32,
    attempts: u32,
}

impl Strategy for Patient {
    fn begin(&mut self, _: &View<'_>) -> Result<(), ClientError> {
        *self = Self::default();
        Ok(())
    }

    fn next(&mut self, view: &View<'_>, body: &mut Vec<u8>) -> Result<Next, ClientError> {
        let (image, off) = (view.image, self.off);
        if off == image.len() {
            return Ok(Next::Done);
        }
        if view.outstanding > 0 {
            return Ok(Next::Wait);
        }
        let (len, sha) =
            if off == 0 { (Some(image.len()), Some(&image.sha256[..])) } else { (None, None) };
        let extra = fit::ExtraKeys { len, sha: sha.map(|_| 32), ..Default::default() };
        let limit = view.limits.max_packet;
        let most = fit::largest_data(limit.into(), MapForm::Definite, off, &extra)
            .ok_or(ClientError::ChunkDoesNotFit { limit, off })?;
        let data = image.chunk(off, most);
        UploadRequest { len, off: Some(off), sha, data: Some(data), ..Default::default() }.emit(
            body,
            MapForm::Definite,
            &KEYS,
        );
        let timeout = Some(Span::from_s(if off == 0 { 40 } else { 5 }));
        Ok(Next::Send(Request { off, len: data.len() as u32, timeout, seq: None }))
    }

    fn answer(&mut self, _: &View<'_>, _: &Sent, answer: &Answer<'_>) -> Result<(), ClientError> {
        self.off = answer.upload()?.off.unwrap_or(0);
        self.attempts = 0;
        Ok(())
    }

    fn failed(&mut self, _: &View<'_>, sent: &Sent, _: Failure) -> Result<(), ClientError> {
        self.attempts += 1;
        let failures = self.attempts as u8;
        let error = ClientError::NotAcknowledged { off: sent.request.off, failures };
        if self.attempts < ATTEMPTS { Ok(()) } else { Err(error) }
    }

    fn survives_link_loss(&mut self, _: &View<'_>) -> bool {
        self.attempts += 1;
        // The server tells in its answer how far the upload had come.
        self.off = 0;
        self.attempts < ATTEMPTS
    }
}
