//! `mcumgr-toolkit`, a library in Rust with the command line `mcumgrctl`: one chunk at a time, no
//! retry, 10 s for everything.
//!
//! Source: Finomnis/mcumgr-toolkit 0.10.0, `client.rs` (`image_upload`), `connection.rs` and
//! `transport/mod.rs`. Later versions have UDP and Bluetooth transports as well, and their command
//! line sends a request up to five times again under the same number; that is not modelled.

use crate::config::{ClientConfig, Image};
use crate::error::ClientError;
use crate::event::Phase;
use crate::strategy::{
    AfterReset, Answer, AskParams, Flow, Habits, Limits, Next, Oversize, Request, Retry, Sent,
    SeqRule, Strategy, Timeouts, View,
};
use sim_core::Span;
use smp_wire::cbor::MapForm;
use smp_wire::group;
use smp_wire::header::OP_WRITE_RSP;
use smp_wire::image::{UploadKey, UploadRequest};

/// Any answer, an erase of the whole slot included.
const TIMEOUT: Span = Span::from_s(10);
/// The frame when the server is not asked, octets.
const FRAME: u16 = 384;
/// The header, and an upload request with all keys, each number as long as it can be, and one octet
/// for the head of the data (`image_upload_max_data_chunk_size`).
const OVERHEAD: u16 = 8 + 91;
const ORDER: [UploadKey; 6] = [
    UploadKey::Image,
    UploadKey::Len,
    UploadKey::Off,
    UploadKey::Sha,
    UploadKey::Data,
    UploadKey::Upgrade,
];

pub(super) fn build(config: &ClientConfig) -> Box<dyn Strategy> {
    Box::new(McumgrToolkit::new(config.mtu_option, config.auto_frame, config.draw))
}

/// The library's upload.
///
/// Every chunk but the last has the same length, which suits the first one; later frames stay some
/// 75 octets below the limit. Any offset within the image is followed, also back or on the spot,
/// without a limit.
#[derive(Clone, Debug)]
pub struct McumgrToolkit {
    frame: u16,
    auto_frame: bool,
    first_seq: u8,
    off: u32,
    /// What the server said last about the digest.
    matched: Option<bool>,
}

impl McumgrToolkit {
    /// The upload in frames of at most `frame` octets, 0 for the default; with `auto_frame` of the
    /// server's buffer, if it tells. Sequence numbers begin with the low octet of `draw`.
    pub fn new(frame: u16, auto_frame: bool, draw: u64) -> Self {
        let frame = if frame == 0 { FRAME } else { frame };
        Self { frame, auto_frame, first_seq: draw as u8, off: 0, matched: None }
    }

    fn chunk_len(&self, image: &Image, limits: Limits) -> Result<u32, ClientError> {
        let limit = match limits.buf_count {
            Some(_) if self.auto_frame => limits.max_packet,
            _ => self.frame,
        };
        let off = self.off;
        let fits = data_max(limit).ok_or(ClientError::ChunkDoesNotFit { limit, off })?;
        Ok(u32::from(fits).min(image.len() - off))
    }
}

/// Octets of data in a frame of `limit` octets: what the keys leave, less a head of the data that fits
/// *that* many, of which one octet is counted twice where it has two or three.
fn data_max(limit: u16) -> Option<u16> {
    let room = limit.checked_sub(OVERHEAD)?;
    let head = if room <= u8::MAX.into() { 1 } else { 2 };
    room.checked_sub(head).filter(|&data| data > 0)
}

impl Strategy for McumgrToolkit {
    fn habits(&self) -> Habits {
        Habits {
            version: 1,
            map_form: MapForm::Definite,
            seq: SeqRule::Process { first: self.first_seq, last: u8::MAX },
            params: if self.auto_frame { AskParams::Command } else { AskParams::Never },
            flow: Flow::McumgrToolkit,
            oversize: Oversize::SplitAnyway,
            after_reset: AfterReset::Disconnect,
            timeouts: Timeouts::all(Some(TIMEOUT)),
            retry: Retry::NONE,
            ..Habits::default()
        }
    }

    fn begin(&mut self, _: &View<'_>) -> Result<(), ClientError> {
        self.off = 0;
        self.matched = None;
        Ok(())
    }

    fn next(&mut self, view: &View<'_>, body: &mut Vec<u8>) -> Result<Next, ClientError> {
        let (image, off) = (view.image, self.off);
        if view.outstanding > 0 {
            return Ok(Next::Wait);
        }
        if off == image.len() {
            let differs = self.matched == Some(false);
            return if differs { Err(ClientError::MatchFailed) } else { Ok(Next::Done) };
        }
        let len = self.chunk_len(image, view.limits)?;
        let first = off == 0;
        UploadRequest {
            image: (first && image.number > 0).then_some(image.number),
            len: first.then(|| image.len()),
            off: Some(off),
            sha: first.then_some(&image.sha256),
            data: Some(image.chunk(off, len)),
            upgrade: first.then_some(false),
        }
        .emit(body, MapForm::Definite, &ORDER);
        Ok(Next::Send(Request { off, len, timeout: Some(TIMEOUT), seq: None }))
    }

    /// An answer under another number is skipped; one under this number must be of this command.
    fn answer(
        &mut self,
        view: &View<'_>,
        _: &Sent,
        answer: &Answer<'_>,
    ) -> Result<(), ClientError> {
        let malformed = ClientError::MalformedAnswer { phase: Phase::Upload };
        let header = answer.header;
        let expected = (OP_WRITE_RSP, group::IMAGE, group::image::UPLOAD);
        if (header.op, header.group, header.id) != expected {
            return Err(malformed);
        }
        let answer = answer.upload()?;
        let off = answer.off.ok_or(malformed)?;
        if off > view.image.len() {
            return Err(ClientError::OffsetOutOfRange { off });
        }
        self.off = off;
        self.matched = answer.matched.or(self.matched);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{McumgrToolkit, data_max};
    use crate::config::Image;
    use crate::strategy::{Limits, Next, Strategy as _, View};
    use proptest::prelude::*;
    use sim_core::Time;

    #[test]
    fn the_head_of_the_data_is_chosen_by_what_the_keys_leave() {
        let expected = [
            (100, None),
            (101, Some(1)),
            (354, Some(254)),
            (355, Some(254)),
            (384, Some(283)),
            (1_024, Some(923)),
            (2_475, Some(2_374)),
        ];
        assert_eq!(expected.map(|(limit, _)| (limit, data_max(limit))), expected);
    }

    proptest! {
        /// By real frames, at all borders of CBOR: the first chunk fits.
        #[test]
        fn every_chunk_fits_the_frame(
            frame in 101u16..3_000,
            len in prop_oneof![1u32..600, 65_500u32..65_600, 70_000u32..71_000],
            at in prop_oneof![Just(0u32), 1u32..300, 65_500u32..65_600],
        ) {
            let image = Image::new(vec![7; len as usize].into(), [1; 32], [2; 32]);
            let (now, limits) = (Time::ZERO, Limits::default());
            let view = View { now, image: &image, limits, outstanding: 0 };
            let mut strategy = McumgrToolkit::new(frame, false, 0);
            strategy.off = at % len;
            let mut body = vec![0; 8];
            let next = strategy.next(&view, &mut body).expect("some data fit");
            let Next::Send(request) = next else { panic!("{next:?}") };
            let most = data_max(frame).expect("some data fit");
            prop_assert_eq!(request.len, (len - strategy.off).min(most.into()));
            prop_assert!(body.len() < usize::from(frame));
        }
    }
}
