//! Chunks of an image as requests.

use super::{World, image};
use server_model::ServerConfig;
use smp_wire::cbor::MapForm;
use smp_wire::header::{Header, OP_WRITE, put_len};
use smp_wire::image::{UploadKey, UploadRequest, UploadResponse};

const KEYS: [UploadKey; 6] = [
    UploadKey::Image,
    UploadKey::Off,
    UploadKey::Data,
    UploadKey::Len,
    UploadKey::Sha,
    UploadKey::Upgrade,
];

/// Names an upload; it is no digest of anything.
pub(crate) const SHA: [u8; 32] = [0x5a; 32];

/// A server that runs an image in slot 0.
pub(crate) fn world(config: ServerConfig) -> World {
    let mut world = World::new(config);
    world.load(0, &image(1000, 1));
    world
}

/// The frame of a chunk, `version` 0 or 1 in its header.
pub(crate) fn frame(request: &UploadRequest<'_>, version: u8) -> Vec<u8> {
    let mut frame = Vec::new();
    smp_wire::begin(&mut frame, Header { version, ..Header::request(OP_WRITE, 1, 1, 0) });
    request.emit(&mut frame, MapForm::Definite, &KEYS);
    put_len(&mut frame);
    frame
}

/// The first chunk of an image, `len` octets of it.
pub(crate) fn first(image: &[u8], len: usize) -> UploadRequest<'_> {
    UploadRequest {
        off: Some(0),
        data: Some(&image[..len]),
        len: Some(image.len() as u32),
        sha: Some(&SHA),
        ..UploadRequest::default()
    }
}

/// A later chunk, `len` octets or what is left.
pub(crate) fn next(image: &[u8], off: usize, len: usize) -> UploadRequest<'_> {
    let data = Some(&image[off..image.len().min(off + len)]);
    UploadRequest { off: Some(off as u32), data, ..UploadRequest::default() }
}

/// The answer to a chunk that was not refused.
pub(crate) fn response(body: &[u8]) -> UploadResponse {
    UploadResponse::decode(body).expect("a response")
}
