//! How the proposed strategies write their requests: SMP v2, definite maps, no key that the server
//! does not need, and each frame as long as it may be.

use crate::config::Image;
use crate::error::ClientError;
use crate::fit::{ExtraKeys, largest_data};
use crate::strategy::{AskParams, Flow, Habits, Limits};
use smp_wire::cbor::MapForm;
use smp_wire::image::{UploadKey, UploadRequest};

/// A server refuses a first chunk with less data (Zephyr `img_mgmt.c`, the image header).
pub(super) const FIRST_DATA_MIN: u32 = 32;

const FORM: MapForm = MapForm::Definite;
const ORDER: [UploadKey; 5] =
    [UploadKey::Image, UploadKey::Off, UploadKey::Len, UploadKey::Sha, UploadKey::Data];

/// The plain client's ways outside the upload: it asks for parameters, and then does as the Android
/// library.
pub(super) fn habits() -> Habits {
    let (params, flow) = (AskParams::Command, Flow::Proposed);
    Habits { params, flow, map_form: FORM, sets_params: true, ..Habits::default() }
}

/// Whether a first chunk with the SHA-256 has room for the data that a server demands. Without it
/// an upload has no name: it cannot be resumed, and its first chunk may not be repeated.
pub(super) fn names_upload(image: &Image, limits: Limits) -> bool {
    fits(image, limits, 0, true).is_some_and(|fits| fits >= FIRST_DATA_MIN.min(image.len()))
}

/// The most data octets of a chunk at `off`, at most what is left of the image.
///
/// # Errors
/// When nothing fits, or too little for a first chunk.
pub(super) fn chunk_len(image: &Image, limits: Limits, off: u32) -> Result<u32, ClientError> {
    let least = if off == 0 { FIRST_DATA_MIN } else { 1 };
    let rest = image.len().checked_sub(off).ok_or(ClientError::OffsetOutOfRange { off })?;
    fits(image, limits, off, names_upload(image, limits))
        .filter(|&fits| fits >= least.min(rest))
        .map(|fits| fits.min(rest))
        .ok_or(ClientError::ChunkDoesNotFit { limit: limits.longest_frame(), off })
}

fn fits(image: &Image, limits: Limits, off: u32, named: bool) -> Option<u32> {
    let first = off == 0;
    let extra = ExtraKeys {
        len: first.then(|| image.len()),
        sha: (first && named).then_some(image.sha256.len() as u32),
        image: (first && image.number > 0).then_some(image.number),
        upgrade: false,
    };
    largest_data(limits.longest_frame().into(), FORM, off, &extra)
}

/// Appends the request for `len` octets at `off`.
pub(super) fn write(image: &Image, limits: Limits, (off, len): (u32, u32), body: &mut Vec<u8>) {
    let first = off == 0;
    let named = first && names_upload(image, limits);
    UploadRequest {
        image: (first && image.number > 0).then_some(image.number),
        len: first.then(|| image.len()),
        off: Some(off),
        sha: named.then_some(&image.sha256),
        data: Some(image.chunk(off, len)),
        upgrade: None,
    }
    .emit(body, FORM, &ORDER);
}

#[cfg(test)]
mod tests {
    use super::{chunk_len, names_upload, write};
    use crate::config::Image;
    use crate::strategy::Limits;

    fn image() -> Image {
        Image::new(vec![7; 70_000].into(), [1; 32], [2; 32])
    }

    #[test]
    fn frames_fill_their_limit_and_never_pass_it() {
        let image = image();
        for max_packet in 62..600 {
            let limits = Limits { max_packet, ..Limits::default() };
            for off in [0, 32, 300, 65_536, 69_990] {
                let len = chunk_len(&image, limits, off).expect("it fits");
                let mut frame = vec![0; 8];
                write(&image, limits, (off, len), &mut frame);
                assert!(frame.len() <= max_packet.into());
                let rest = image.len() - off;
                // At the border of two data heads an octet stays free.
                assert!(len == rest || frame.len() + 1 >= max_packet.into(), "{max_packet} {off}");
            }
        }
    }

    #[test]
    fn the_sha_is_left_out_where_it_would_not_leave_32_octets() {
        let named = |max_packet| names_upload(&image(), Limits { max_packet, ..Limits::default() });
        assert!(!named(99));
        assert!(named(100));
        let limits = |max_packet| Limits { max_packet, ..Limits::default() };
        assert!(chunk_len(&image(), limits(61), 0).is_err());
        assert_eq!(chunk_len(&image(), limits(62), 0).ok(), Some(32));
        assert!(chunk_len(&image(), limits(62), 70_001).is_err());
    }
}
