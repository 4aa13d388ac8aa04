//! A whole image in equal chunks, whose requests a session does not repeat.

use super::bench::Bench;
use super::build::Build;
use super::exchange::exchange;
use super::step::BulkUpload;
use crate::conform::difference::{Difference, same};
use sha2::{Digest as _, Sha256};
use smp_wire::cbor::MapForm;
use smp_wire::group;
use smp_wire::header::{self, HEADER_LEN, Header, OP_WRITE};
use smp_wire::image::{UploadKey, UploadRequest, UploadResponse};

const ORDER: [UploadKey; 4] = [UploadKey::Off, UploadKey::Len, UploadKey::Sha, UploadKey::Data];

/// Sends the chunks one after the other, whatever the answers.
pub(super) fn bulk_upload(
    bench: &mut Bench,
    build: &Build,
    bulk: &BulkUpload,
    image: &[u8],
) -> Result<(), Difference> {
    let sha = Sha256::digest(image);
    let (mut requests, mut unexpected, mut end) = (0, 0, 0);
    for data in image.chunks(bulk.chunk.get()) {
        let off = requests * bulk.chunk.get();
        let first = requests == 0;
        let request = UploadRequest {
            off: Some(off as u32),
            len: first.then_some(image.len() as u32),
            sha: (first && bulk.sha).then_some(sha.as_slice()),
            data: Some(data),
            ..UploadRequest::default()
        };
        let got = exchange(bench, build, &[frame(&request, bulk.version, requests as u8)]);
        end = match &got[..] {
            [answer] => answered(answer).unwrap_or_default(),
            _ => 0,
        };
        requests += 1;
        unexpected += usize::from(end as usize != off + data.len());
    }
    same("requests", bulk.requests, requests)?;
    same("unexpected_offsets", bulk.unexpected_offsets, unexpected)?;
    same("end_off", bulk.end_off, end)
}

fn frame(request: &UploadRequest<'_>, version: u8, seq: u8) -> Vec<u8> {
    let head = Header::request(OP_WRITE, group::IMAGE, group::image::UPLOAD, seq);
    let mut frame = Vec::new();
    smp_wire::begin(&mut frame, Header { version, ..head });
    request.emit(&mut frame, MapForm::Definite, &ORDER);
    header::put_len(&mut frame);
    frame
}

/// The offset in an answer.
fn answered(answer: &[u8]) -> Option<u32> {
    UploadResponse::decode(answer.get(HEADER_LEN..)?).ok()?.off
}
