//! The length of a chunk: begun at 512 octets and cut by what is too much, until it fits.

use crate::config::Image;
use crate::error::ClientError;
use crate::fit::{ExtraKeys, head, overhead};
use smp_wire::cbor::MapForm;

/// `IMAGE_UPLOAD_MAX_CHUNK`.
const MAX: u32 = 512;
/// `IMAGE_UPLOAD_MIN_1ST_CHUNK`: the image's header, which the server wants in the first chunk.
const FIRST_MIN: u32 = 32;
/// Octets of the digest.
const SHA: u32 = 32;

/// One chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chunk {
    pub(super) off: u32,
    pub(super) len: u32,
    /// The digest goes with it.
    pub(super) sha: bool,
}

impl Chunk {
    /// The chunk at `off` for frames of `limit` octets (`nextImageUploadReq`). A first chunk that
    /// would be too short for the image's header goes without the digest, and so cannot resume.
    pub(super) fn find(limit: u32, image: &Image, off: u32) -> Result<Self, ClientError> {
        let rest = image.len().checked_sub(off).ok_or(ClientError::OffsetOutOfRange { off })?;
        let find = |sha: bool| {
            let extra = ExtraKeys {
                len: (off == 0).then(|| image.len()),
                sha: sha.then_some(SHA),
                image: Some(image.number),
                upgrade: false,
            };
            cut(limit, overhead(MapForm::Definite, off, &extra), rest)
        };
        let mut chunk = Self { off, len: find(off == 0), sha: off == 0 };
        if off == 0 && chunk.len < FIRST_MIN {
            chunk = Self { off, len: find(false), sha: false };
        }
        if chunk.len == 0 {
            let limit = limit.min(u16::MAX.into()) as u16;
            return Err(ClientError::ChunkDoesNotFit { limit, off });
        }
        Ok(chunk)
    }
}

/// Octets of data beside an overhead: what is too much is taken away as often as there is something,
/// also where the shorter data then have a shorter head and an octet is left (`findChunkLen`). 0 when
/// nothing is left of it, where the tool would compute on below 0.
fn cut(limit: u32, overhead: u32, rest: u32) -> u32 {
    let mut len = rest.min(MAX);
    loop {
        let frame = overhead + head(len) + len;
        let overflow = frame.saturating_sub(limit);
        if overflow == 0 {
            return len;
        }
        let Some(shorter) = len.checked_sub(overflow) else { return 0 };
        len = shorter;
    }
}

#[cfg(test)]
mod tests {
    use super::{Chunk, FIRST_MIN, MAX, cut};
    use crate::config::Image;
    use crate::fit::{ExtraKeys, largest_data};
    use proptest::prelude::*;
    use smp_wire::cbor::MapForm;
    use smp_wire::image::{UploadKey, UploadRequest};

    fn image(len: u32) -> Image {
        Image::new(vec![7; len as usize].into(), [1; 32], [2; 32])
    }

    #[test]
    fn a_cut_may_leave_one_octet_unused() {
        // 256 octets of data need a head of three, 255 one of two.
        assert_eq!(cut(83, 20, 1_000), 60);
        assert_eq!(cut(20 + 2 + 255, 20, 1_000), 254);
        assert_eq!(cut(20 + 3 + 256, 20, 1_000), 256);
    }

    #[test]
    fn a_first_chunk_too_short_for_the_header_drops_the_digest() {
        let short = Chunk::find(83, &image(20_000), 0).expect("it fits");
        assert_eq!(short, Chunk { off: 0, len: 47, sha: false });
        let long = Chunk::find(371, &image(20_000), 0).expect("it fits");
        assert!(long.sha && long.len >= FIRST_MIN);
    }

    #[test]
    fn where_no_data_fit_the_upload_ends() {
        assert!(Chunk::find(20, &image(20_000), 0).is_err());
        assert!(Chunk::find(83, &image(20_000), 20_001).is_err());
    }

    proptest! {
        /// By real frames: the chunk fits, and it is at most two octets shorter than what would.
        #[test]
        fn a_chunk_fits_its_frame_and_is_nearly_the_longest(
            limit in 75u32..700,
            len in prop_oneof![1u32..600, 65_500u32..65_600, 70_000u32..70_100],
            at in prop_oneof![Just(0u32), 1u32..300, 65_500u32..65_600],
        ) {
            let (image, off) = (image(len), at % len);
            let chunk = Chunk::find(limit, &image, off).expect("some data fit");
            let mut body = Vec::new();
            let first = off == 0;
            UploadRequest {
                image: Some(0),
                len: first.then_some(len),
                off: Some(off),
                sha: chunk.sha.then_some(&image.sha256),
                data: Some(image.chunk(off, chunk.len)),
                upgrade: None,
            }
            .emit(
                &mut body,
                MapForm::Definite,
                &[UploadKey::Image, UploadKey::Off, UploadKey::Len, UploadKey::Sha, UploadKey::Data],
            );
            prop_assert!(8 + body.len() as u32 <= limit);
            let extra = ExtraKeys {
                len: first.then_some(len),
                sha: chunk.sha.then_some(32),
                image: Some(0),
                upgrade: false,
            };
            let best = largest_data(limit, MapForm::Definite, off, &extra).expect("it fits");
            let best = best.min(MAX).min(len - off);
            prop_assert!(chunk.len <= best && best - chunk.len <= 2, "{} of {}", chunk.len, best);
        }
    }
}
