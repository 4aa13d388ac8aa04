//! `mcumgr-client`, a command line in Rust: chunks of a set length whatever the server takes, answers
//! within 200 ms, four retries.
//!
//! Source: vouch-opensource/mcumgr-client 0.0.9, `image.rs` (`upload_image`) and `transfer.rs`. Each
//! command is a run of its own; sequence numbers, which begin anew with each run, here go on.

use crate::config::ClientConfig;
use crate::error::ClientError;
use crate::event::Phase;
use crate::strategy::{
    AfterReset, Answer, Failure, Flow, Habits, Next, Oversize, Request, Retry, Sent, SeqRule,
    SerialWays, Strategy, Timeouts, Transport, View,
};
use sim_core::Span;
use smp_wire::cbor::MapForm;
use smp_wire::errors::ErrorBody;
use smp_wire::group;
use smp_wire::header::{Header, OP_WRITE_RSP};
use smp_wire::image::{UploadKey, UploadRequest, UploadResponse};

/// Until the first answer has come (`--initial-timeout`).
const FIRST: Span = Span::from_s(60);
/// After it (`--subsequent-timeout`; a constant on UDP).
const LATER: Span = Span::from_ms(200);
/// Further tries of a chunk (`--nb-retry`).
const RETRIES: u8 = 4;
/// Octets of image in a chunk (`--mtu`).
const MTU: u16 = 512;
/// The keys as `ImageUploadReq` has them.
const ORDER: [UploadKey; 5] =
    [UploadKey::Data, UploadKey::Image, UploadKey::Len, UploadKey::Off, UploadKey::Sha];

pub(super) fn build(config: &ClientConfig) -> Box<dyn Strategy> {
    Box::new(McumgrClient::new(config.mtu_option, config.draw))
}

/// The tool's upload.
///
/// `--mtu` is the length of the *data*, so frames are up to 76 octets longer; no buffer size is
/// asked for. `match` is not looked at. The image number, 1 when the user of the tool says nothing,
/// is that of the image to install.
#[derive(Clone, Debug)]
pub struct McumgrClient {
    mtu: u32,
    draw: u8,
    off: u32,
    retries_left: u8,
    /// An answer has come: the timeout is the short one.
    answered: bool,
    /// The number of the request whose answer is waited for, counted over the upload.
    waits_for: Option<u32>,
    sent: u32,
}

impl McumgrClient {
    /// The upload with `mtu` octets of image in a chunk, 0 for the default. Sequence numbers on a
    /// serial console begin with the low octet of `draw`.
    pub fn new(mtu: u16, draw: u64) -> Self {
        let mtu = if mtu == 0 { MTU } else { mtu };
        Self {
            mtu: mtu.into(),
            draw: draw as u8,
            off: 0,
            retries_left: RETRIES,
            answered: false,
            waits_for: None,
            sent: 0,
        }
    }

    /// The try under way failed with this error: the chunk goes again, while there are retries.
    fn try_failed(&mut self, error: ClientError) -> Result<(), ClientError> {
        self.waits_for = None;
        self.retries_left = self.retries_left.checked_sub(1).ok_or(error)?;
        Ok(())
    }
}

impl Strategy for McumgrClient {
    fn habits(&self) -> Habits {
        Habits {
            version: 0,
            map_form: MapForm::Definite,
            seq: SeqRule::Process { first: self.draw, last: u8::MAX },
            flow: Flow::CommandLine,
            serial: SerialWays { line: 127, pause: Span::ZERO },
            oversize: Oversize::SplitAnyway,
            after_reset: AfterReset::Disconnect,
            timeouts: Timeouts::all(Some(FIRST)),
            retry: Retry::NONE,
            ..Habits::default()
        }
    }

    /// Over UDP the header says SMP v2, and numbers begin with 0 (`UdpTransport`).
    fn habits_over(&self, transport: Transport) -> Habits {
        let habits = self.habits();
        match transport {
            Transport::Udp => {
                let seq = SeqRule::Process { first: 0, last: u8::MAX };
                Habits { version: 1, seq, ..habits }
            }
            Transport::Ble | Transport::Serial => habits,
        }
    }

    fn begin(&mut self, _: &View<'_>) -> Result<(), ClientError> {
        self.off = 0;
        self.retries_left = RETRIES;
        self.answered = false;
        self.waits_for = None;
        self.sent = 0;
        Ok(())
    }

    fn next(&mut self, view: &View<'_>, body: &mut Vec<u8>) -> Result<Next, ClientError> {
        let (image, off) = (view.image, self.off);
        if self.waits_for.is_some() {
            return Ok(Next::Wait);
        }
        if off >= image.len() {
            return Ok(Next::Done);
        }
        let len = self.mtu.min(image.len() - off);
        let first = off == 0;
        UploadRequest {
            image: Some(image.number),
            len: first.then(|| image.len()),
            off: Some(off),
            sha: first.then_some(&image.sha256),
            data: Some(image.chunk(off, len)),
            upgrade: None,
        }
        .emit(body, MapForm::Definite, &ORDER);
        self.waits_for = Some(self.sent);
        self.sent += 1;
        let timeout = if self.answered { LATER } else { FIRST };
        Ok(Next::Send(Request { off, len, timeout: Some(timeout), seq: None }))
    }

    /// Only `rc` is looked at, so that an `err` map passes for an answer without `off`; and an
    /// offset that stays where it was ends the upload.
    fn answer(
        &mut self,
        view: &View<'_>,
        sent: &Sent,
        answer: &Answer<'_>,
    ) -> Result<(), ClientError> {
        let Header { op, group, seq, .. } = answer.header;
        if self.waits_for != Some(sent.number) {
            return self.stray(view, answer.header);
        }
        if let Some(ErrorBody::Rc(rc)) = answer.error {
            return Err(ClientError::UploadRejected { rc, group: None });
        }
        if (op, group) != (OP_WRITE_RSP, group::IMAGE) {
            return self.try_failed(ClientError::BadSequence { seq });
        }
        let Ok(response) = UploadResponse::decode(answer.body) else {
            return self.try_failed(ClientError::MalformedAnswer { phase: Phase::Upload });
        };
        let off = response.off.unwrap_or(self.off);
        if off == self.off {
            return Err(ClientError::WrongOffset { off });
        }
        self.off = off;
        self.retries_left = RETRIES;
        self.answered = true;
        self.waits_for = None;
        Ok(())
    }

    fn failed(&mut self, _: &View<'_>, sent: &Sent, _: Failure) -> Result<(), ClientError> {
        if self.waits_for != Some(sent.number) {
            return Ok(());
        }
        self.try_failed(ClientError::Timeout { phase: Phase::Upload })
    }

    /// A frame with another number than the last request's counts as a failed try of it: the chunk
    /// is sent again at once.
    fn stray(&mut self, _: &View<'_>, header: Header) -> Result<(), ClientError> {
        if self.waits_for.is_none() {
            return Ok(());
        }
        self.try_failed(ClientError::BadSequence { seq: header.seq })
    }
}
