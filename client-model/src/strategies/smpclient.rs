//! Intercreate's Python library smpclient, and the command line smpmgr over it.
//!
//! Source: intercreate/smpclient 7.3.0 (`SMPClient.upload`, `transport/`) and intercreate/smpmgr,
//! both also recorded. One request at a time and no second attempt at anything. The two differ in
//! how long they wait and in how long a process lives.

use crate::config::{ClientConfig, Image};
use crate::error::ClientError;
use crate::event::Phase;
use crate::fit::{ExtraKeys, head, overhead};
use crate::kind::StrategyKind;
use crate::strategy::{
    AfterReset, Answer, AskParams, Flow, Habits, Limits, Next, Oversize, Request, Sent, SeqRule,
    Strategy, Timeouts, Transport, View,
};
use sim_core::Span;
use smp_wire::cbor::MapForm;
use smp_wire::header::Header;
use smp_wire::image::{UploadKey, UploadRequest};

/// The first request may wait for an erase (`upload`, `first_timeout_s`).
const FIRST: Span = Span::from_s(40);
/// All others of the library (`SMPClient`, `timeout_s`).
const LATER: Span = Span::from_ms(2_500);
/// All others of smpmgr (`--timeout`).
const LATER_SMPMGR: Span = Span::from_s(2);

/// Sequence numbers are counted modulo 255.
const LAST_SEQ: u8 = 254;
/// MTU of the link under UDP when nothing else is said (`SMPUDPTransport`).
const LINK_MTU: u16 = 1_500;
/// Octets of the headers of IPv4 and UDP.
const UDP_HEADERS: u16 = 28;
/// Length and checksum share the buffer of a serial server with the frame.
const SERIAL_FRAMING: u16 = 4;
/// Octets of the longest frame on a serial line when the server did not tell its buffer: what two
/// lines of 128 octets are taken to hold (`_encoded_budget`). Of 256 octets three in four carry
/// data, less 2; off go 10 a line for its beginning, and 1 for the end.
const SERIAL_UNKNOWN: u16 = 256 / 4 * 3 - 2 - 2 * 10 - 1;

/// The order of the fields in the request's class.
const ORDER: [UploadKey; 6] = [
    UploadKey::Len,
    UploadKey::Off,
    UploadKey::Sha,
    UploadKey::Data,
    UploadKey::Image,
    UploadKey::Upgrade,
];

/// The library's upload: one chunk, its answer, the next from the offset in the answer.
#[derive(Clone, Debug)]
pub struct Smpclient {
    seq: SeqRule,
    later: Span,
    link_mtu: u16,
    sends_sha: bool,
    off: u32,
    /// The first request, which alone has the digest and the long wait.
    first: bool,
}

/// The strategy that the settings describe.
pub(super) fn build(config: &ClientConfig) -> Box<dyn Strategy> {
    // A run of the command line is a process of its own, and a connection.
    let (seq, later) = match config.strategy {
        StrategyKind::Smpmgr => (SeqRule::CountTo { last: LAST_SEQ }, LATER_SMPMGR),
        _ => (SeqRule::Process { first: 0, last: LAST_SEQ }, LATER),
    };
    let link_mtu = if config.mtu_option == 0 { LINK_MTU } else { config.mtu_option };
    Box::new(Smpclient { seq, later, link_mtu, sends_sha: config.sends_sha, off: 0, first: true })
}

impl Smpclient {
    /// Octets of the longest frame (`max_unencoded_size` of each transport). On UDP the server's
    /// buffer is not looked at.
    fn frame_limit(&self, limits: Limits) -> u16 {
        match limits.transport {
            Transport::Ble => limits.max_packet,
            Transport::Udp => self.link_mtu.saturating_sub(UDP_HEADERS),
            Transport::Serial if limits.buf_count.is_some() => {
                limits.max_packet.saturating_sub(SERIAL_FRAMING)
            }
            Transport::Serial => SERIAL_UNKNOWN,
        }
    }

    /// The keys beside `data` and `off`. A server that lost the upload is told all again but the
    /// digest.
    fn keys(&self, image: &Image) -> ExtraKeys {
        if self.off > 0 {
            return ExtraKeys::default();
        }
        ExtraKeys {
            len: Some(image.len()),
            sha: (self.first && self.sends_sha).then_some(32),
            image: Some(image.number),
            upgrade: true,
        }
    }

    /// Data octets that fill the frame (`get_max_cbor_and_data_size`). The head of the data is that
    /// of the room that is left for both. Where nothing fits, the chunk is empty.
    fn chunk_len(&self, image: &Image, limits: Limits) -> Result<u32, ClientError> {
        let off = self.off;
        let rest = image.len().checked_sub(off).ok_or(ClientError::OffsetOutOfRange { off })?;
        let empty = overhead(MapForm::Definite, off, &self.keys(image)) + head(0);
        let room = u32::from(self.frame_limit(limits)).saturating_sub(empty);
        Ok(room.saturating_sub(head(room) - head(0)).min(rest))
    }
}

impl Strategy for Smpclient {
    fn habits(&self) -> Habits {
        let later = Some(self.later);
        Habits {
            seq: self.seq,
            params: AskParams::Command,
            flow: Flow::CommandLine,
            oversize: Oversize::SplitAnyway,
            after_reset: AfterReset::Disconnect,
            timeouts: Timeouts::all(later),
            ..Habits::default()
        }
    }

    fn begin(&mut self, _: &View<'_>) -> Result<(), ClientError> {
        self.off = 0;
        self.first = true;
        Ok(())
    }

    fn next(&mut self, view: &View<'_>, body: &mut Vec<u8>) -> Result<Next, ClientError> {
        if view.outstanding > 0 {
            return Ok(Next::Wait);
        }
        let (image, off) = (view.image, self.off);
        if off == image.len() && !self.first {
            return Ok(Next::Done);
        }
        let keys = self.keys(image);
        let len = self.chunk_len(image, view.limits)?;
        UploadRequest {
            image: keys.image,
            len: keys.len,
            off: Some(off),
            sha: keys.sha.is_some().then_some(&image.sha256),
            data: Some(image.chunk(off, len)),
            upgrade: keys.upgrade.then_some(false),
        }
        .emit(body, MapForm::Definite, &ORDER);
        let timeout = Some(if self.first { FIRST } else { self.later });
        self.first = false;
        Ok(Next::Send(Request { off, len, timeout, seq: None }))
    }

    /// `match` is looked at when the upload is complete.
    fn answer(
        &mut self,
        view: &View<'_>,
        _: &Sent,
        answer: &Answer<'_>,
    ) -> Result<(), ClientError> {
        let answer = answer.upload()?;
        let none = ClientError::MalformedAnswer { phase: Phase::Upload };
        self.off = answer.off.ok_or(none)?;
        if self.off == view.image.len() && answer.matched == Some(false) {
            return Err(ClientError::MatchFailed);
        }
        Ok(())
    }

    /// The next frame that comes is taken for the answer, and has to have its number; one that is
    /// late is never put aside.
    fn stray(&mut self, _: &View<'_>, header: Header) -> Result<(), ClientError> {
        Err(ClientError::BadSequence { seq: header.seq })
    }
}
