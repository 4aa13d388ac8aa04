//! Nordic's mcumgr library for iOS, which the nRF Connect apps use.
//!
//! Source: NordicSemiconductor/IOS-nRF-Connect-Device-Manager, `iOSMcuManagerLibrary`. `pipeline`
//! is which offset goes next (`McuMgrUploadPipeline`), `transport` how requests are sent, repeated
//! and answered in order (`McuMgrBleTransport.send`, `McuMgrCallbackOoOBuffer`).

mod pipeline;
mod transport;

use crate::config::{ClientConfig, Image};
use crate::error::ClientError;
use crate::event::Phase;
use crate::fit::{ATT_HEADER, ExtraKeys, head, overhead};
use crate::strategy::{
    Answer, Failure, Flow, Habits, Limits, Next, Oversize, Request, Retry, Sent, SeqRule, Strategy,
    Timeouts, View,
};
use pipeline::Pipeline;
use sim_core::{Span, Time};
use smp_wire::cbor::MapForm;
use smp_wire::errors::{ErrorBody, Rc};
use smp_wire::image::{UploadKey, UploadRequest, UploadResponse};
use transport::{Reply, Todo, Transport};

/// `McuManager.DEFAULT_SEND_TIMEOUT_SECONDS`.
const DEFAULT: Span = Span::from_s(40);
/// `McuManager.FAST_TIMEOUT`.
const FAST: Span = Span::from_s(10);
/// `McuMgrBleTransportConstant.MAX_RETRIES`, the first attempt included.
const TRIES: u8 = 3;
/// `McuMgrBleTransportConstant.WAIT_AND_RETRY_INTERVAL`: the longest sleep after an attempt.
const SLEEP_MAX: Span = Span::from_s(10);
/// Before a chunk goes again that the server was too busy for.
const BUSY_PAUSE: Span = Span::from_ms(100);

/// `McuManager.getDefaultMtu` for Bluetooth: no write is longer.
const WRITE_MAX: u16 = 524;
/// `McuManager.ValidMTURange`, its lower end: the server's buffer size shortens writes only down to
/// this.
const WRITE_MIN: u16 = 73;
/// What `calculatePacketOverhead` adds to a packet with one octet of data.
const MARGIN: u32 = 5;
/// `McuMgrHeader.HEADER_LENGTH`, which the library takes for the data length when nothing fits.
const NOTHING_FITS: u32 = 8;

/// The library's upload; a larger pipeline sends ahead at predicted offsets.
#[derive(Clone, Debug)]
pub struct Ios {
    memory_alignment: u32,
    draw: Draw,
    pipeline: Pipeline,
    transport: Transport,
    /// Chunks to be sent when their pause is over, as the server was busy.
    paused: Vec<(Time, u32)>,
    done: bool,
}

/// What differs from one start of the app to the next: Swift's dictionaries come in an order that
/// is drawn by process, and each manager's sequence numbers begin anywhere.
#[derive(Clone, Copy, Debug)]
struct Draw {
    first: [UploadKey; 5],
    later: [UploadKey; 2],
    confirm_first: bool,
    seq: [u8; 3],
}

impl Draw {
    /// The orders are independent of each other: the tables of the dictionaries differ in size.
    fn new(draw: u64) -> Self {
        let octets = draw.to_le_bytes();
        let mut keys =
            vec![UploadKey::Data, UploadKey::Off, UploadKey::Len, UploadKey::Sha, UploadKey::Image];
        let mut left = usize::from(u16::from_le_bytes([octets[0], octets[1]]));
        let first = std::array::from_fn(|_| {
            let n = keys.len();
            let key = keys.remove(left % n);
            left /= n;
            key
        });
        let swapped = octets[2] & 1 == 1;
        let later = if swapped {
            [UploadKey::Off, UploadKey::Data]
        } else {
            [UploadKey::Data, UploadKey::Off]
        };
        let confirm_first = octets[2] & 2 == 2;
        Self { first, later, confirm_first, seq: [octets[3], octets[4], octets[5]] }
    }
}

/// The strategy that the settings describe.
pub(super) fn build(config: &ClientConfig) -> Box<dyn Strategy> {
    Box::new(Ios::new(config.window, config.memory_alignment, config.draw))
}

impl Ios {
    /// The upload with `depth` chunks under way, each a multiple of `memory_alignment` but the
    /// last; `draw` decides what the process draws.
    pub fn new(depth: u8, memory_alignment: u16, draw: u64) -> Self {
        let depth = usize::from(depth.max(1));
        Self {
            memory_alignment: memory_alignment.max(1).into(),
            draw: Draw::new(draw),
            pipeline: Pipeline::new(depth),
            transport: Transport::new(depth),
            paused: Vec::new(),
            done: false,
        }
    }

    /// Data octets at `off` (`calculatePacketOverhead`, `maxDataPacketLengthFor`).
    fn chunk_len(&self, image: &Image, limits: Limits, off: u32) -> u32 {
        let first = off == 0;
        let keys = ExtraKeys {
            len: first.then(|| image.len()),
            sha: first.then_some(32),
            image: (first && image.number > 0).then_some(image.number),
            upgrade: false,
        };
        let overhead = overhead(MapForm::Definite, off, &keys) + head(1) + 1 + MARGIN;
        let rest = image.len().saturating_sub(off);
        match u32::from(packet_limit(limits)).checked_sub(overhead) {
            None | Some(0) => NOTHING_FITS.min(rest),
            Some(fits) => (fits - fits % self.memory_alignment).min(rest),
        }
    }

    /// Has the pipeline's next chunks sent.
    fn send_ahead(&mut self, view: &View<'_>) {
        let size = view.image.len();
        while let Some(off) = self.pipeline.next(size) {
            let len = self.chunk_len(view.image, view.limits, off);
            self.pipeline.sent(off + len);
            self.transport.enqueue(off, len);
        }
    }

    /// A reply whose turn it is (`uploadCallback`).
    fn deliver(&mut self, view: &View<'_>, reply: &Reply) -> Result<(), ClientError> {
        match *reply {
            _ if self.done => Ok(()),
            Reply::Offset(off) => {
                self.pipeline.received(off);
                self.done = off == view.image.len();
                if !self.done {
                    self.send_ahead(view);
                }
                Ok(())
            }
            Reply::Busy(off) => {
                let off = off.unwrap_or(self.pipeline.last());
                self.paused.push((view.now + BUSY_PAUSE, off));
                Ok(())
            }
            Reply::Error(error) => Err(error),
        }
    }

    fn deliver_all(&mut self, view: &View<'_>) -> Result<(), ClientError> {
        while let Some(reply) = self.transport.take_reply() {
            self.deliver(view, &reply)?;
        }
        Ok(())
    }

    /// Puts chunks into the queue that the server was too busy for.
    fn resume_paused(&mut self, view: &View<'_>) {
        let is_due = |(due, _): &(Time, u32)| *due <= view.now;
        while let Some(at) = self.paused.iter().position(is_due) {
            let (_, off) = self.paused.remove(at);
            let len = self.chunk_len(view.image, view.limits, off);
            self.transport.enqueue(off, len);
        }
    }

    fn write(&self, image: &Image, off: u32, len: u32, body: &mut Vec<u8>) {
        let first = off == 0;
        let order: &[UploadKey] = if first { &self.draw.first } else { &self.draw.later };
        UploadRequest {
            image: (first && image.number > 0).then_some(image.number),
            len: first.then(|| image.len()),
            off: Some(off),
            sha: first.then_some(&image.sha256),
            data: Some(image.chunk(off, len)),
            upgrade: None,
        }
        .emit(body, MapForm::Definite, order);
    }
}

/// Octets of the longest packet: the server's buffer if it told, but no less than one write.
fn packet_limit(limits: Limits) -> u16 {
    let Limits { max_packet, buf_count, .. } = limits;
    let write = write_limit(limits);
    if buf_count.is_none() {
        return write;
    }
    // A buffer shorter than a write shortens writes, unless it is too short even for that.
    if (WRITE_MIN..write).contains(&max_packet) { max_packet } else { max_packet.max(write) }
}

fn write_limit(limits: Limits) -> u16 {
    limits.att_mtu.saturating_sub(ATT_HEADER).min(WRITE_MAX)
}

impl Strategy for Ios {
    fn habits(&self) -> Habits {
        Habits {
            seq: SeqRule::ByGroup { first: self.draw.seq },
            confirm_first: self.draw.confirm_first,
            flow: Flow::Ios,
            oversize: Oversize::SplitAnyway,
            resets_after_upload_only: true,
            timeouts: Timeouts {
                params: Some(FAST),
                boot: Some(FAST),
                list: Some(DEFAULT),
                state: Some(DEFAULT),
                erase: Some(FAST),
                reset: Some(DEFAULT),
            },
            retry: Retry { tries: TRIES, pause_max: SLEEP_MAX, same_seq: true },
            ..Habits::default()
        }
    }

    /// The first chunk goes alone, and its answer is one that was not predicted.
    fn begin(&mut self, view: &View<'_>) -> Result<(), ClientError> {
        self.pipeline.restart();
        self.transport.restart();
        self.paused.clear();
        self.done = false;
        let len = self.chunk_len(view.image, view.limits, 0);
        self.transport.enqueue(0, len);
        Ok(())
    }

    fn next(&mut self, view: &View<'_>, body: &mut Vec<u8>) -> Result<Next, ClientError> {
        self.resume_paused(view);
        self.transport.wake(view.now);
        self.deliver_all(view)?;
        if self.done {
            return Ok(Next::Done);
        }
        let paused = self.paused.iter().map(|(due, _)| *due).min();
        match self.transport.next(view.now) {
            Todo::Send { off, len, seq } => {
                let from = body.len();
                self.write(view.image, off, len, body);
                let frame = (body.len() - from) as u32 + smp_wire::header::HEADER_LEN as u32;
                let write = write_limit(view.limits);
                // Without the server's buffer size, nothing is cut into writes.
                if view.limits.buf_count.is_none() && frame > write.into() {
                    return Err(ClientError::InsufficientMtu { frame, max_packet: write });
                }
                let timeout = Some(if off == 0 { DEFAULT } else { FAST });
                Ok(Next::Send(Request { off, len, timeout, seq }))
            }
            Todo::Wait(due) => Ok(match due.into_iter().chain(paused).min() {
                Some(due) => Next::WaitUntil(due),
                None => Next::Wait,
            }),
        }
    }

    fn answer(
        &mut self,
        view: &View<'_>,
        sent: &Sent,
        answer: &Answer<'_>,
    ) -> Result<(), ClientError> {
        self.transport.answered(sent, read(answer));
        self.deliver_all(view)
    }

    /// The thread that sent it sleeps before it sends it again, or gives up.
    fn failed(&mut self, view: &View<'_>, sent: &Sent, _: Failure) -> Result<(), ClientError> {
        let timeout = sent.request.timeout.unwrap_or(SLEEP_MAX);
        self.transport.unanswered(sent, view.now + timeout.min(SLEEP_MAX));
        Ok(())
    }
}

/// What an answer tells: `match` first, then an error, then the offset.
fn read(answer: &Answer<'_>) -> Reply {
    let malformed = ClientError::MalformedAnswer { phase: Phase::Upload };
    let body = UploadResponse::decode(answer.body);
    if body.is_ok_and(|body| body.matched == Some(false)) {
        return Reply::Error(ClientError::MatchFailed);
    }
    match (answer.error, body) {
        (Some(ErrorBody::Rc(rc)), body) if rc == Rc::Busy.code() => {
            Reply::Busy(body.ok().and_then(|body| body.off))
        }
        (Some(error), _) => Reply::Error(ClientError::refused(Phase::Upload, error)),
        (None, Ok(UploadResponse { off: Some(off), .. })) => Reply::Offset(off),
        (None, _) => Reply::Error(malformed),
    }
}
