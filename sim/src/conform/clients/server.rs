//! The server of a client file: the server model with its flash, and what a recorded server does
//! differently from any that can be built.

use super::setup::Setup;
use crate::conform::difference::Difference;
use crate::conform::transcript::bench::{Bench, Seen};
use crate::conform::transcript::build::{Build, Port, part};
use client_model::{Image, Transport};
use flash_model::{Area, FlashView as _, Geometry, ImageSpec, ImageVersion, Layout};
use server_model::ServerConfig;
use sim_core::Span;
use smp_wire::cbor::MapForm;
use smp_wire::group;
use smp_wire::header::{HEADER_LEN, Header, OP_WRITE, put_len};
use smp_wire::image::{UploadKey, UploadRequest, UploadResponse};
use smp_wire::os::ParamsResponse;
use smp_wire::serial::{Lines, Reassembly, Taken, encode};
use std::collections::BTreeMap;

const PAGE: u32 = 4096;
/// Room behind the image for the boot loader's trailer.
const TRAILER: u32 = 16 * PAGE;
const BOOT: Area = Area::new(0, 12 * PAGE);
/// Long enough for every frame that a client sends: the recorded servers took whatever came, also
/// more than they said that they would.
const BUFFER: u32 = 0x1_0000;
/// The longest value of an attribute.
const ATTRIBUTE_MAX: usize = 512;
/// Octets of image in each request by which an upload is begun beforehand.
const BEFOREHAND: u32 = 256;

/// The server and what is said between it and the client.
#[derive(Clone, Debug)]
pub(super) struct Server {
    bench: Bench,
    slot: Area,
    transport: Transport,
    params: Option<ParamsResponse>,
    /// A success is answered with `rc: 0`.
    pub(super) carries_rc: bool,
    /// `match` in the response that follows the last octet. Zephyr's servers that tell it also look
    /// at the first chunk whether the image is there already; the recorded ones do not.
    pub(super) tells: Option<bool>,
    /// The offset in the last response.
    pub(super) expected: u32,
    /// Octets of the whole upload.
    announced: u32,
    now: Span,
}

impl Server {
    /// A running server with an old image in slot 0 and an erased slot 1.
    pub(super) fn new(setup: &Setup, carries_rc: bool) -> Result<Self, Difference> {
        let problem = |problem| Difference::new("inputs", "a server that can be built", problem);
        let slot_len = setup.announced.max(setup.config.image.len()).next_multiple_of(PAGE);
        let slot_len = slot_len + TRAILER;
        let [primary, secondary] = [0, 1].map(|n| Area::new(BOOT.end() + n * slot_len, slot_len));
        let config = ServerConfig {
            buf_size: BUFFER - HEADER_LEN as u32,
            reassembly: true,
            udp_mtu: BUFFER,
            legacy_rc: carries_rc,
            bootloader_info: true,
            layout: Layout {
                boot: BOOT,
                slots: [primary, secondary],
                scratch: None,
                storage: None,
            },
            ..ServerConfig::default()
        };
        let geometry = Geometry { size: secondary.end(), page: PAGE, write_size: 4 };
        let build = Build {
            config,
            part: part(geometry),
            areas: BTreeMap::new(),
            boot: None,
            port: Port::Write,
            persists: true,
            counts_ops: false,
        };
        let mut bench = Bench::new(&build.checked().map_err(problem)?);
        let version = ImageVersion { major: 1, ..ImageVersion::default() };
        let running = ImageSpec { version, body_len: 1024, ..ImageSpec::default() };
        bench.flash.device.load(primary.start, &running.build());
        bench.start();
        Ok(Self {
            bench,
            slot: secondary,
            transport: setup.transport,
            params: setup.params,
            carries_rc,
            tells: None,
            expected: 0,
            announced: setup.announced,
            now: Span::ZERO,
        })
    }

    /// What a response looks like on the link.
    pub(super) fn on_the_link(&self, frame: Vec<u8>) -> Vec<u8> {
        if self.transport != Transport::Serial {
            return frame;
        }
        let mut text = Vec::new();
        encode(&frame, &mut text);
        text
    }

    /// Takes a frame in its pieces; its response, if there is one.
    pub(super) fn serve(
        &mut self,
        at: Span,
        frame: &[u8],
        pieces: &[Vec<u8>],
    ) -> Result<Option<Vec<u8>>, Difference> {
        self.bench.advance(Span::from_ns(at.as_ns().saturating_sub(self.now.as_ns())));
        self.now = self.now.max(at);
        self.bench.seen = Seen::default();
        for piece in pieces {
            match self.transport {
                // Attributes of that length are refused by servers; computed sequences know nothing
                // of that.
                Transport::Ble => piece.chunks(ATTRIBUTE_MAX).for_each(|w| self.bench.write(w)),
                Transport::Udp => self.bench.datagram(piece),
                Transport::Serial => self.bench.serial(piece),
            }
        }
        self.bench.settle();
        if let Some(fault) = self.bench.seen.fault.take() {
            return Err(Difference::new("server", "a lawful one", fault));
        }
        let answer = self.answer();
        Ok(answer.map(|answer| self.as_recorded(frame, answer)))
    }

    /// The frame that came back.
    fn answer(&mut self) -> Option<Vec<u8>> {
        let octets = std::mem::take(&mut self.bench.seen.out).concat();
        if self.transport != Transport::Serial {
            return Some(octets).filter(|octets| !octets.is_empty());
        }
        let mut lines = Lines::default();
        let mut frames = Reassembly::new(BUFFER as usize);
        octets.into_iter().find_map(|octet| {
            let taken = lines.take(octet).map(|line| frames.take(line));
            (taken == Some(Taken::Whole)).then(|| frames.frame().to_vec())
        })
    }

    /// The answer with what the recorded server says beside it.
    fn as_recorded(&mut self, request: &[u8], answer: Vec<u8>) -> Vec<u8> {
        let Ok(header) = Header::parse(request) else { return answer };
        if (header.group, header.id) == (group::OS, group::os::PARAMS) {
            let Some(params) = self.params else { return answer };
            return respond(request, |body| params.emit(body, MapForm::Indefinite));
        }
        if !is_upload(&header) {
            return answer;
        }
        let Ok(mut response) = UploadResponse::decode(&answer[HEADER_LEN..]) else { return answer };
        let Some(off) = response.off else { return answer };
        self.expected = off;
        match self.tells {
            Some(matched) if off == self.announced => response.matched = Some(matched),
            _ => return answer,
        }
        respond(request, |body| response.emit(body, MapForm::Indefinite))
    }

    /// The server starts anew; what its flash holds stays.
    pub(super) fn restart(&mut self) {
        self.bench.start();
        self.expected = 0;
    }

    /// An upload of this image is begun, and so many octets of it are stored.
    pub(super) fn hold(&mut self, image: &Image, octets: u32) -> Result<(), Difference> {
        let mut off = 0;
        while off < octets {
            let data = image.chunk(off, (octets - off).min(BEFOREHAND));
            let request = UploadRequest {
                len: (off == 0).then_some(image.len()),
                off: Some(off),
                sha: (off == 0).then_some(&image.sha256),
                data: Some(data),
                ..UploadRequest::default()
            };
            let (group, id) = (group::IMAGE, group::image::UPLOAD);
            let mut frame = Header::request(OP_WRITE, group, id, 0).emit().to_vec();
            request.emit(&mut frame, MapForm::Definite, &ORDER);
            put_len(&mut frame);
            let piece = self.on_the_link(frame.clone());
            self.serve(self.now, &frame, &[piece])?;
            off += data.len() as u32;
            if self.expected != off {
                let place = format!("octet {off} of the upload held beforehand");
                return Err(Difference::new(&place, "stored", "refused by the server"));
            }
        }
        Ok(())
    }

    /// Whether the slot holds the whole image.
    pub(super) fn holds(&self, image: &Image) -> bool {
        let area = Area::new(self.slot.start, image.len());
        self.bench.flash.device.sha256(area) == image.sha256
    }
}

const ORDER: [UploadKey; 4] = [UploadKey::Off, UploadKey::Len, UploadKey::Sha, UploadKey::Data];

/// Whether this is the header of a chunk.
pub(super) fn is_upload(header: &Header) -> bool {
    (header.op, header.group, header.id) == (OP_WRITE, group::IMAGE, group::image::UPLOAD)
}

/// The frame that answers a request with this body.
pub(super) fn respond(request: &[u8], body: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let header = Header::parse(request).expect("a request begins with its header");
    let mut frame = header.response(1).emit().to_vec();
    body(&mut frame);
    put_len(&mut frame);
    frame
}
