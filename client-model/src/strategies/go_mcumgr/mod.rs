//! The `mcumgr` command line in Go: up to five chunks outstanding in its books, one in effect; result
//! codes that nobody looks at; a tracker of missed chunks that never gives up.
//!
//! Source: apache/mynewt-newtmgr, `nmxact/xact/image.go` (`ImageUploadCmd`), `nmxact/nmserial`,
//! `nmxact/udp` and `nmxact/nmble` for the limits. Each command is a run of its own; sequence
//! numbers, which begin anew with each run, here go on.

mod chunk;
mod tracker;

use crate::config::{ClientConfig, Era};
use crate::error::ClientError;
use crate::fit::{ATT_HEADER, ATTRIBUTE_MAX};
use crate::strategy::{
    AfterReset, Answer, Failure, Flow, Habits, Limits, Next, Oversize, Request, Retry, Sent,
    SeqRule, SerialWays, Strategy, Timeouts, Transport, View,
};
use chunk::Chunk;
use sim_core::Span;
use smp_wire::cbor::MapForm;
use smp_wire::errors::ErrorBody;
use smp_wire::image::{UploadKey, UploadRequest, UploadResponse};
use tracker::{Outlook, Tracker};

/// Any answer (`--timeout` of the tool).
const TIMEOUT: Span = Span::from_s(10);
/// A chunk's answer in the tool of 2020, which has this constant.
const LEGACY_TIMEOUT: Span = Span::from_s(3);
/// `mtu` of a serial connection string.
const SERIAL_MTU: u16 = 128;
/// What the transport keeps of it (`OMP_MSG_OVERHEAD`).
const MSG_OVERHEAD: u32 = 13;
/// `MAX_PACKET_SIZE` of the UDP transport less its overhead and the header.
const UDP_FRAME: u32 = 2_027;
/// The transport sleeps before every line but the first.
const LINE_PAUSE: Span = Span::from_ms(20);
/// The first number of a generator that nobody seeded (Go before 1.20).
const UNSEEDED: u8 = 0x42;

/// The keys as the structure has them, with codec 1.2.8.
const ORDER: [UploadKey; 5] =
    [UploadKey::Image, UploadKey::Off, UploadKey::Len, UploadKey::Sha, UploadKey::Data];
/// The keys by alphabet, with codec 1.1.7 of the tool of 2020.
const LEGACY_ORDER: [UploadKey; 5] =
    [UploadKey::Data, UploadKey::Image, UploadKey::Len, UploadKey::Off, UploadKey::Sha];

pub(super) fn build(config: &ClientConfig) -> Box<dyn Strategy> {
    Box::new(GoMcumgr::new(config.era, config.mtu_option, config.draw))
}

/// The tool's upload.
///
/// The answer to a chunk only says which offset the server wants next; an offset that is wanted
/// twice is sent again. A refusal counts as a wish for offset 0, and `match` for nothing. When all
/// chunks have gone and the server still wants the last, the tool spins for ever.
#[derive(Clone, Debug)]
pub struct GoMcumgr {
    era: Era,
    mtu: u16,
    first_seq: u8,
    tracker: Tracker,
    /// Where the upload goes on after a lost link: the last offset of an answer without an error.
    good_off: u32,
}

impl GoMcumgr {
    /// The upload over a connection with `mtu` octets, 0 for the default of its kind. The tool of
    /// today draws its first sequence number, the low octet of `draw`.
    pub fn new(era: Era, mtu: u16, draw: u64) -> Self {
        let first_seq = match era {
            Era::Modern | Era::Latest => draw as u8,
            Era::Legacy | Era::Early => UNSEEDED,
        };
        Self { era, mtu, first_seq, tracker: Tracker::new(0), good_off: 0 }
    }

    /// Octets of the longest frame (`MtuOut` of the session).
    fn frame_max(&self, limits: Limits) -> u32 {
        let mtu = |default| u32::from(if self.mtu == 0 { default } else { self.mtu });
        match limits.transport {
            Transport::Ble => {
                let value = limits.att_mtu.saturating_sub(ATT_HEADER).min(ATTRIBUTE_MAX);
                mtu(value).min(value.into())
            }
            Transport::Udp => UDP_FRAME,
            Transport::Serial => (mtu(SERIAL_MTU) * 3 / 4).saturating_sub(MSG_OVERHEAD),
        }
    }

    fn emit(&self, view: &View<'_>, chunk: Chunk, body: &mut Vec<u8>) {
        let image = view.image;
        let Chunk { off, len, sha } = chunk;
        let order = match self.era {
            Era::Modern | Era::Latest => &ORDER,
            Era::Legacy | Era::Early => &LEGACY_ORDER,
        };
        UploadRequest {
            image: Some(image.number),
            len: (off == 0).then(|| image.len()),
            off: Some(off),
            sha: sha.then_some(&image.sha256),
            data: Some(image.chunk(off, len)),
            upgrade: None,
        }
        .emit(body, MapForm::Definite, order);
    }
}

impl Strategy for GoMcumgr {
    fn habits(&self) -> Habits {
        Habits {
            version: 0,
            map_form: MapForm::Definite,
            seq: SeqRule::Process { first: self.first_seq, last: u8::MAX },
            flow: Flow::CommandLine,
            serial: SerialWays { line: 127, pause: LINE_PAUSE },
            oversize: Oversize::SplitAnyway,
            after_reset: AfterReset::Disconnect,
            timeouts: Timeouts::all(Some(TIMEOUT)),
            retry: Retry::NONE,
            ..Habits::default()
        }
    }

    fn begin(&mut self, _: &View<'_>) -> Result<(), ClientError> {
        self.tracker = Tracker::new(0);
        self.good_off = 0;
        Ok(())
    }

    fn next(&mut self, view: &View<'_>, body: &mut Vec<u8>) -> Result<Next, ClientError> {
        if view.outstanding > 0 {
            return Ok(Next::Wait);
        }
        let off = match self.tracker.look(view.image.len()) {
            Outlook::Send(off) => off,
            Outlook::Hang => return Ok(Next::Hang),
            Outlook::Done(off) if off == view.image.len() => return Ok(Next::Done),
            Outlook::Done(off) => return Err(ClientError::OffsetOutOfRange { off }),
        };
        let limit = self.frame_max(view.limits);
        let chunk = Chunk::find(limit, view.image, off)?;
        self.emit(view, chunk, body);
        let timeout = match self.era {
            Era::Modern | Era::Latest => TIMEOUT,
            Era::Legacy | Era::Early => LEGACY_TIMEOUT,
        };
        Ok(Next::Send(Request { off, len: chunk.len, timeout: Some(timeout), seq: None }))
    }

    /// An answer that is no map counts as none at all (model choice: the tool waits on until the
    /// time is up).
    fn answer(
        &mut self,
        _: &View<'_>,
        sent: &Sent,
        answer: &Answer<'_>,
    ) -> Result<(), ClientError> {
        let Request { off, len, .. } = sent.request;
        let wanted = UploadResponse::decode(answer.body).ok().map(|answer| answer.off.unwrap_or(0));
        if let (Some(wanted), false) = (wanted, matches!(answer.error, Some(ErrorBody::Rc(_)))) {
            self.good_off = wanted;
        }
        self.tracker.transmitted(off, len, wanted);
        Ok(())
    }

    fn failed(&mut self, _: &View<'_>, sent: &Sent, _: Failure) -> Result<(), ClientError> {
        let Request { off, len, .. } = sent.request;
        self.tracker.transmitted(off, len, None);
        Ok(())
    }

    /// The session is opened again, and a new upload begins at the last good offset
    /// (`ImageUpgradeCmd.rescue`).
    fn survives_link_loss(&mut self, _: &View<'_>) -> bool {
        self.tracker = Tracker::new(self.good_off);
        true
    }
}
