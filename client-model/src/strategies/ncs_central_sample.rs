//! The DFU sample for a Zephyr central that `DevZone` staff published: fixed chunks, one at a time.
//!
//! Source: hellesvik-nordic/samples_for_nrf_connect_sdk,
//! `bootloader_samples/client_smp/smp_client_ble/src/main.c`, on nRF Connect SDK's
//! `subsys/bluetooth/services/dfu_smp.c`. The published program has one button each for list,
//! upload, test and confirm; the session presses them in the order its author intended.

use crate::config::{ClientConfig, Image, LenRule};
use crate::error::ClientError;
use crate::event::Phase;
use crate::strategy::{
    Answer, EmptyBody, Failure, Flow, Habits, Next, Oversize, Request, Sent, SeqRule, Strategy,
    Timeouts, View,
};
use sim_core::{Span, Time};
use smp_wire::cbor::{CborError, MapForm, Reader};
use smp_wire::image::{UploadKey, UploadRequest};

/// `sha` is the text of a literal, not a digest (`send_upload2`).
const SHA: &[u8] = b"12345";
const FIRST_ORDER: [UploadKey; 6] = [
    UploadKey::Image,
    UploadKey::Data,
    UploadKey::Len,
    UploadKey::Off,
    UploadKey::Sha,
    UploadKey::Upgrade,
];
const LATER_ORDER: [UploadKey; 4] =
    [UploadKey::Image, UploadKey::Data, UploadKey::Off, UploadKey::Upgrade];
/// What erased flash of the gateway reads as.
const ERASED: u8 = 0xff;

/// The sample's upload.
///
/// As published it waits for ever for each answer, wants `rc` first in it, and does not look at
/// `off`: nothing that goes wrong is noticed or repaired. Users replace the wait by one with a limit.
/// `bt_dfu_smp_command` then answers -16 (`EBUSY`), for it takes a command only when the answer to
/// the one before has come to its end, or after notifications were switched off; an answer that comes
/// late lets the upload go on. With [`ClientConfig::clears_pending`] the chunk goes out again; the
/// server answers a repetition like the first. How often a user tries, and that switching
/// notifications off and on takes no time, are model choices.
#[derive(Clone, Debug)]
pub struct NcsCentralSample {
    chunk: u16,
    len_rule: LenRule,
    retries: Retries,
    version_buf: u8,
    /// Octets sent.
    off: u32,
    /// The last chunk was sent.
    complete: bool,
    /// The sample's buffer on the stack, for [`LenRule::Slot`]; the last chunk's end is stale.
    buffer: Vec<u8>,
    /// When the chunk outstanding is tried again.
    due: Option<Time>,
    /// How often the answer to this chunk was waited for in vain.
    refused: u8,
    /// Where a chunk begins that is to be sent again.
    again: Option<u32>,
}

/// What is done about an answer that does not come.
#[derive(Clone, Copy, Debug, Default)]
struct Retries {
    /// `None`: it is waited for.
    timeout: Option<Span>,
    /// Vain waits before the user gives up.
    most: u8,
    /// The answer outstanding is let go of, and the chunk is sent again.
    clears_pending: bool,
}

impl NcsCentralSample {
    /// The sample with `chunk` octets of image in each request, at least 1.
    pub fn new(chunk: u16, len_rule: LenRule) -> Self {
        Self {
            chunk,
            len_rule,
            retries: Retries::default(),
            version_buf: 0,
            off: 0,
            complete: false,
            buffer: Vec::new(),
            due: None,
            refused: 0,
            again: None,
        }
    }

    /// The sample as its user has changed it.
    pub fn build(config: &ClientConfig) -> Self {
        let retries = Retries {
            timeout: config.answer_timeout,
            most: config.user_retries.max(1),
            clears_pending: config.clears_pending,
        };
        let version_buf = config.version_buf;
        Self { retries, version_buf, ..Self::new(config.chunk.max(1), config.len_rule) }
    }

    /// A chunk is outstanding. A user who does not let go of its answer tries to send and is told
    /// -16, time and again.
    fn wait(&mut self, now: Time) -> Result<Next, ClientError> {
        let Some(due) = self.due else { return Ok(Next::Wait) };
        if now < due {
            return Ok(Next::WaitUntil(due));
        }
        self.refused += 1;
        if self.refused >= self.retries.most {
            return Err(ClientError::Ebusy { attempts: self.refused });
        }
        let next = due + self.retries.timeout.unwrap_or_default();
        self.due = Some(next);
        Ok(Next::WaitUntil(next))
    }

    /// What is announced as `len`.
    fn announced(&self, image: &Image) -> u32 {
        match self.len_rule {
            LenRule::Image => image.len(),
            LenRule::Slot { len } => len,
        }
    }

    /// Reads the next octets of the slot into the buffer, and tells how many there were. As
    /// published, the loop ends only with a chunk that reaches beyond the slot: when the chunk
    /// length divides the slot, a last request carries stale octets alone.
    fn read_slot(&mut self, image: &Image, len: u32) -> u32 {
        let chunk = u32::from(self.chunk);
        let real = (len - self.off).min(chunk);
        self.complete = self.off + chunk > len;
        let present = image.chunk(self.off, real);
        let (filled, erased) = self.buffer[..real as usize].split_at_mut(present.len());
        filled.copy_from_slice(present);
        erased.fill(ERASED);
        real
    }
}

impl Strategy for NcsCentralSample {
    /// Headers with seq 0, 8 octets of header for the list and the reset, `hash` before `confirm`;
    /// `bt_dfu_smp_command` refuses what is longer than the MTU, and nothing has a time-out.
    fn habits(&self) -> Habits {
        Habits {
            version: 0,
            map_form: MapForm::Indefinite,
            seq: SeqRule::Zero,
            empty_body: EmptyBody::Nothing,
            flow: Flow::UploadFirst,
            version_buf: self.version_buf,
            oversize: Oversize::Refuse,
            ignores_reset_answer: true,
            timeouts: Timeouts::all(None),
            ..Habits::default()
        }
    }

    fn begin(&mut self, _: &View<'_>) -> Result<(), ClientError> {
        self.off = 0;
        self.complete = false;
        (self.due, self.refused, self.again) = (None, 0, None);
        self.buffer.clear();
        if matches!(self.len_rule, LenRule::Slot { .. }) {
            self.buffer.resize(self.chunk.into(), 0);
        }
        Ok(())
    }

    fn next(&mut self, view: &View<'_>, body: &mut Vec<u8>) -> Result<Next, ClientError> {
        if view.outstanding > 0 {
            return self.wait(view.now);
        }
        if let Some(off) = self.again.take() {
            (self.off, self.complete) = (off, false);
        }
        if self.complete {
            return Ok(Next::Done);
        }
        let off = self.off;
        let (data, real) = match self.len_rule {
            LenRule::Image => {
                let data = view.image.chunk(off, self.chunk.into());
                let real = data.len() as u32;
                self.complete = off + real >= view.image.len();
                (data, real)
            }
            LenRule::Slot { len } => {
                let real = self.read_slot(view.image, len);
                (self.buffer.as_slice(), real)
            }
        };
        let len = data.len() as u32;
        let request = UploadRequest {
            image: Some(0),
            len: Some(self.announced(view.image)),
            off: Some(off),
            sha: Some(SHA),
            data: Some(data),
            upgrade: Some(false),
        };
        let order: &[UploadKey] = if off == 0 { &FIRST_ORDER } else { &LATER_ORDER };
        request.emit(body, MapForm::Indefinite, order);
        self.off += real;
        let Retries { timeout, clears_pending, .. } = self.retries;
        self.due = timeout.filter(|_| !clears_pending).map(|timeout| view.now + timeout);
        let timeout = timeout.filter(|_| clears_pending);
        Ok(Next::Send(Request { off, len, timeout, seq: None }))
    }

    fn failed(&mut self, _: &View<'_>, sent: &Sent, _: Failure) -> Result<(), ClientError> {
        self.refused += 1;
        if self.refused >= self.retries.most {
            return Err(ClientError::Timeout { phase: Phase::Upload });
        }
        self.again = Some(sent.request.off);
        Ok(())
    }

    /// As `smp_upload_rsp_proc` parses: `rc`, then a key of three letters with a number. The
    /// sample prints what it dislikes and then waits for ever; here that ends the update.
    fn answer(&mut self, _: &View<'_>, _: &Sent, answer: &Answer<'_>) -> Result<(), ClientError> {
        self.refused = 0;
        match parse(answer.body) {
            Ok(None) => Err(ClientError::ParserNeedsRc),
            Ok(Some(0)) => Ok(()),
            Ok(Some(rc)) => Err(ClientError::UploadRejected { rc, group: None }),
            Err(_) => Err(ClientError::MalformedAnswer { phase: Phase::Upload }),
        }
    }
}

/// The value of `rc` if it comes first; what follows it must be there when it is 0.
fn parse(body: &[u8]) -> Result<Option<i32>, CborError> {
    let mut reader = Reader::new(body);
    let mut map = reader.map()?;
    if !map.next(&mut reader)? || reader.key()? != b"rc" {
        return Ok(None);
    }
    let rc = i32::try_from(reader.i64()?).map_err(|_| CborError::OutOfRange)?;
    if rc == 0 {
        if !map.next(&mut reader)? || reader.key()?.len() != 3 {
            return Err(CborError::UnexpectedKey);
        }
        i32::try_from(reader.i64()?).map_err(|_| CborError::OutOfRange)?;
    }
    Ok(Some(rc))
}
