//! The DFU sample for a Zephyr central that `DevZone` staff published: fixed chunks, one at a time.
//!
//! Source: hellesvik-nordic/samples_for_nrf_connect_sdk,
//! `bootloader_samples/client_smp/smp_client_ble/src/main.c`, on nRF Connect SDK's
//! `subsys/bluetooth/services/dfu_smp.c`. The published program has one button each for list,
//! upload, test and confirm; the session presses them in the order its author intended.

use crate::config::{Image, LenRule};
use crate::error::ClientError;
use crate::event::Phase;
use crate::strategy::{
    Answer, EmptyBody, Habits, Next, Order, Oversize, Request, Sent, SeqRule, Strategy, Timeouts,
    View,
};
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
/// It waits for ever for each answer, wants `rc` first in it, and does not look at `off`: nothing
/// that goes wrong is noticed or repaired.
#[derive(Clone, Debug)]
pub struct NcsCentralSample {
    chunk: u16,
    len_rule: LenRule,
    /// Octets sent.
    off: u32,
    /// The last chunk was sent.
    complete: bool,
    /// The sample's buffer on the stack, for [`LenRule::Slot`]; the last chunk's end is stale.
    buffer: Vec<u8>,
}

impl NcsCentralSample {
    /// The sample with `chunk` octets of image in each request, at least 1.
    pub fn new(chunk: u16, len_rule: LenRule) -> Self {
        Self { chunk, len_rule, off: 0, complete: false, buffer: Vec::new() }
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
            order: Order::UploadFirst,
            oversize: Oversize::Refuse,
            ignores_reset_answer: true,
            timeouts: Timeouts { params: None, list: None, state: None, erase: None, reset: None },
            ..Habits::default()
        }
    }

    fn begin(&mut self, _: &View<'_>) -> Result<(), ClientError> {
        self.off = 0;
        self.complete = false;
        self.buffer.clear();
        if matches!(self.len_rule, LenRule::Slot { .. }) {
            self.buffer.resize(self.chunk.into(), 0);
        }
        Ok(())
    }

    fn next(&mut self, view: &View<'_>, body: &mut Vec<u8>) -> Result<Next, ClientError> {
        if view.outstanding > 0 {
            return Ok(Next::Wait);
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
        Ok(Next::Send(Request { off, len, timeout: None }))
    }

    /// As `smp_upload_rsp_proc` parses: `rc`, then a key of three letters with a number. The
    /// sample prints what it dislikes and then waits for ever; here that ends the update.
    fn answer(&mut self, _: &View<'_>, _: &Sent, answer: &Answer<'_>) -> Result<(), ClientError> {
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
