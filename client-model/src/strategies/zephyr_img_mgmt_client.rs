//! Zephyr's own client, `img_mgmt_client` over `smp_client`: every request again each 500 ms, and data
//! that no longer belong to their offset once the server goes back.
//!
//! Source: zephyrproject-rtos/zephyr, `subsys/mgmt/mcumgr/grp/img_mgmt_client/src/img_mgmt_client.c`
//! and `smp_client/src/client.c`. An application gives it the whole image in one call, and calls
//! again with the rest when the server is further than expected; the other commands are its as well.
//! Zephyr's Bluetooth transport notifies from a peripheral; a central that writes needs one of its
//! own.

use crate::config::ClientConfig;
use crate::error::ClientError;
use crate::event::Phase;
use crate::fit::{ExtraKeys, head, overhead};
use crate::strategy::{
    Answer, Failure, Flow, Habits, Next, Oversize, Request, Retry, Sent, SeqRule, Strategy,
    Timeouts, View,
};
use sim_core::Span;
use smp_wire::cbor::MapForm;
use smp_wire::errors::ErrorBody;
use smp_wire::image::{UploadKey, UploadRequest, UploadResponse};

/// `CONFIG_MCUMGR_TRANSPORT_NETBUF_SIZE`.
const NETBUF: u16 = 384;
/// `CONFIG_MCUMGR_GRP_IMG_UPLOAD_DATA_ALIGNMENT_SIZE`.
const ALIGNMENT: u16 = 4;
/// `CONFIG_SMP_CMD_RETRY_TIME`: a request without an answer goes out again, as it was.
const AGAIN: Span = Span::from_ms(500);
/// How often: `CONFIG_MCUMGR_GRP_IMG_FLASH_OPERATION_TIMEOUT`, 15 s, in steps of [`AGAIN`].
const REPEATS: u8 = 30;
/// The same for commands other than the upload, `CONFIG_SMP_CMD_DEFAULT_LIFE_TIME`, 5 s.
const COMMAND_REPEATS: u8 = 10;
/// What is left for the length and the checksum of a serial console.
const CONSOLE: u32 = 4;
/// Octets of the key `sha` with its digest.
const SHA: u32 = 32;
const ORDER: [UploadKey; 5] =
    [UploadKey::Image, UploadKey::Data, UploadKey::Off, UploadKey::Len, UploadKey::Sha];

pub(super) fn build(config: &ClientConfig) -> Box<dyn Strategy> {
    let ClientConfig { mtu_option, memory_alignment, sends_sha, .. } = *config;
    Box::new(ZephyrImgMgmtClient::new(mtu_option, memory_alignment, sends_sha))
}

/// The client's upload.
///
/// The length of chunks follows from the client's own buffer; the server's is never asked for, and
/// a chunk suits the first request, so later frames stay some 50 octets below the limit. After an
/// answer the offset is the server's, but the data go on behind those that were sent last: after a
/// lower offset, or the same, later data go under an earlier offset. Only the digest shows it.
#[derive(Clone, Debug)]
pub struct ZephyrImgMgmtClient {
    netbuf: u32,
    alignment: u32,
    sends_sha: bool,
    /// Under which offset the next data go.
    off: u32,
    /// Where in the image the next data are.
    data: u32,
    /// The request to be sent once more, and how often.
    again: Option<Again>,
    repeats_left: u8,
}

#[derive(Clone, Copy, Debug)]
struct Again {
    seq: u8,
    len: u32,
}

impl ZephyrImgMgmtClient {
    /// The upload with a buffer of `netbuf` octets and chunks that are multiples of `alignment`, 0
    /// for the defaults; `sends_sha`: the application gives the digest.
    pub fn new(netbuf: u16, alignment: u16, sends_sha: bool) -> Self {
        let netbuf = if netbuf == 0 { NETBUF } else { netbuf };
        let alignment = if alignment == 0 { ALIGNMENT } else { alignment };
        Self {
            netbuf: netbuf.into(),
            alignment: alignment.into(),
            sends_sha,
            off: 0,
            data: 0,
            again: None,
            repeats_left: REPEATS,
        }
    }

    /// Octets of each chunk but the last (`upload_message_header_size`, `img_mgmt_client_upload`).
    fn chunk_max(&self, image_len: u32, number: u32) -> Result<u32, ClientError> {
        let keys = ExtraKeys {
            len: Some(image_len),
            sha: self.sends_sha.then_some(SHA),
            image: Some(number),
            upgrade: false,
        };
        // The header is measured with one octet of data in it, at offset 0.
        let header = overhead(MapForm::Indefinite, 0, &keys) + head(1) + 1 + (self.alignment - 1);
        let fits = self.netbuf.saturating_sub(header + CONSOLE);
        match fits - fits % self.alignment {
            0 => Err(ClientError::ChunkDoesNotFit { limit: self.netbuf as u16, off: self.off }),
            len => Ok(len),
        }
    }
}

impl Strategy for ZephyrImgMgmtClient {
    fn habits(&self) -> Habits {
        Habits {
            version: 0,
            map_form: MapForm::Indefinite,
            seq: SeqRule::Process { first: 0, last: u8::MAX },
            confirm_first: true,
            flow: Flow::UploadFirst,
            oversize: Oversize::SplitAnyway,
            ignores_reset_answer: true,
            timeouts: Timeouts::all(Some(AGAIN)),
            retry: Retry { tries: COMMAND_REPEATS + 1, pause_max: Span::ZERO, same_seq: true },
            ..Habits::default()
        }
    }

    fn begin(&mut self, view: &View<'_>) -> Result<(), ClientError> {
        self.off = 0;
        self.data = 0;
        self.again = None;
        self.repeats_left = REPEATS;
        self.chunk_max(view.image.len(), view.image.number).map(drop)
    }

    fn next(&mut self, view: &View<'_>, body: &mut Vec<u8>) -> Result<Next, ClientError> {
        let (image, off) = (view.image, self.off);
        if view.outstanding > 0 {
            return Ok(Next::Wait);
        }
        // The call is over when all data have gone, wherever the server is.
        if self.data == image.len() {
            return Ok(Next::Done);
        }
        let again = self.again.take();
        let len = match again {
            Some(Again { len, .. }) => len,
            None => self.chunk_max(image.len(), image.number)?.min(image.len() - self.data),
        };
        let first = off == 0;
        UploadRequest {
            image: Some(image.number),
            len: first.then(|| image.len()),
            off: Some(off),
            sha: (first && self.sends_sha).then_some(&image.sha256),
            data: Some(image.chunk(self.data, len)),
            upgrade: None,
        }
        .emit(body, MapForm::Indefinite, &ORDER);
        let seq = again.map(|again| again.seq);
        Ok(Next::Send(Request { off, len, timeout: Some(AGAIN), seq }))
    }

    /// Only `rc` and `off` are looked at; `off` must be there.
    fn answer(
        &mut self,
        view: &View<'_>,
        sent: &Sent,
        answer: &Answer<'_>,
    ) -> Result<(), ClientError> {
        if let Some(ErrorBody::Rc(rc)) = answer.error {
            return Err(ClientError::UploadRejected { rc, group: None });
        }
        let malformed = ClientError::MalformedAnswer { phase: Phase::Upload };
        let off = UploadResponse::decode(answer.body).ok().and_then(|answer| answer.off);
        let off = off.ok_or(malformed)?;
        if off > view.image.len() {
            return Err(ClientError::OffsetOutOfRange { off });
        }
        let expected = sent.request.off + sent.request.len;
        // Further than expected: the application goes on there. Else the call goes on.
        self.data = if off > expected { off } else { self.data + sent.request.len };
        self.off = off;
        self.repeats_left = REPEATS;
        Ok(())
    }

    fn failed(&mut self, _: &View<'_>, sent: &Sent, failure: Failure) -> Result<(), ClientError> {
        if failure == Failure::Overwritten {
            return Ok(());
        }
        let silent = ClientError::Timeout { phase: Phase::Upload };
        self.repeats_left = self.repeats_left.checked_sub(1).ok_or(silent)?;
        self.again = Some(Again { seq: sent.seq, len: sent.request.len });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{CONSOLE, ZephyrImgMgmtClient};
    use crate::config::Image;
    use crate::strategy::{Limits, Next, Strategy as _, View};
    use proptest::prelude::*;
    use sim_core::Time;

    proptest! {
        /// By real frames, at all borders of CBOR: the first chunk fits the buffer beside a console's
        /// length and checksum, though the head of the data is counted as one octet; that costs at
        /// most what the alignment was given beforehand and two octets.
        #[test]
        fn the_first_chunk_fills_the_buffer_but_for_the_alignment(
            netbuf in 160u16..3_000,
            alignment in 1u16..17,
            sends_sha in any::<bool>(),
            len in prop_oneof![3_000u32..3_100, 65_500u32..65_600, 70_000u32..71_000],
        ) {
            let image = Image::new(vec![7; len as usize].into(), [1; 32], [2; 32]);
            let (now, limits) = (Time::ZERO, Limits::default());
            let view = View { now, image: &image, limits, outstanding: 0 };
            let mut strategy = ZephyrImgMgmtClient::new(netbuf, alignment, sends_sha);
            let mut body = vec![0; 8];
            let next = strategy.next(&view, &mut body).expect("some data fit");
            let Next::Send(request) = next else { panic!("{next:?}") };
            prop_assert_eq!(request.len % u32::from(alignment), 0);
            let frame = i64::try_from(body.len()).expect("a short frame");
            let room = i64::from(netbuf) - i64::from(CONSOLE) - frame;
            prop_assert!((-2..2 * i64::from(alignment)).contains(&room), "{}", room);
        }
    }
}
