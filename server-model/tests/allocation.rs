//! After warm-up an upload goes on without touching the allocator.

mod support;

use flash_model::{Device, FlashOp, Part, RadioSync};
use server_model::{EraseMode, Server, ServerConfig, ServerIn, ServerOut};
use sim_core::{Machine, Sdu, Time};
use smp_wire::cbor::MapForm;
use smp_wire::header::{Header, OP_WRITE, put_len};
use smp_wire::image::{UploadKey, UploadRequest};
use support::image;

const CHUNK: usize = 469;

/// Writes an upload request of up to 495 octets into `out`.
fn chunk(image: &[u8], off: usize, out: &mut Vec<u8>) {
    out.clear();
    smp_wire::begin(out, Header::request(OP_WRITE, 1, 1, 0));
    let data = Some(&image[off..image.len().min(off + CHUNK)]);
    let len = (off == 0).then_some(image.len() as u32);
    let request = UploadRequest { off: Some(off as u32), data, len, ..UploadRequest::default() };
    request.emit(out, MapForm::Definite, &[UploadKey::Off, UploadKey::Data, UploadKey::Len]);
    put_len(out);
}

/// One request and all that follows from it; the vector comes back as the response's.
fn exchange(server: &mut Server, flash: &Device, bytes: Vec<u8>) -> Vec<u8> {
    let mut answer = Vec::new();
    server.handle(Time::ZERO, ServerIn::Write(Sdu { tag: 1, bytes }), flash);
    server.on_deadline(Time::ZERO, flash);
    while let Some(out) = server.poll() {
        let input = match out {
            ServerOut::Notify(sdu) => {
                answer = sdu.bytes;
                ServerIn::Notified { tag: 1 }
            }
            ServerOut::Flash(FlashOp::Write { data, .. }) => ServerIn::FlashDone { data },
            ServerOut::Flash(_) => ServerIn::FlashDone { data: Vec::new() },
            _ => continue,
        };
        server.handle(Time::ZERO, input, flash);
    }
    answer
}

fn upload_without_allocation(config: ServerConfig) {
    let mut server = Server::new(config);
    let flash = Device::new(Part::nrf52840(), RadioSync::None);
    server.handle(Time::ZERO, ServerIn::Start, &flash);
    server.handle(Time::ZERO, ServerIn::Subscribed { att_mtu: 498 }, &flash);
    let image = image(100_000, 2);
    let mut off = 0;
    let mut next = |server: &mut Server, mut spare: Vec<u8>| {
        chunk(&image, off, &mut spare);
        off += CHUNK;
        exchange(server, &flash, spare)
    };
    let mut spare = Vec::with_capacity(512);
    for _ in 0..20 {
        spare = next(&mut server, spare);
    }
    let used = allocation_counter::measure(|| {
        for _ in 0..100 {
            spare = next(&mut server, std::mem::take(&mut spare));
        }
    });
    assert_eq!(used.count_total, 0);
}

#[test]
fn a_chunk_in_one_write_costs_no_allocation() {
    upload_without_allocation(ServerConfig { buf_size: 512, ..ServerConfig::default() });
}

#[test]
fn progressive_erase_costs_no_allocation_either() {
    let config =
        ServerConfig { buf_size: 512, erase: EraseMode::Progressive, ..ServerConfig::default() };
    upload_without_allocation(config);
}
