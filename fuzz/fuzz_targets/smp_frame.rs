//! Frames and bodies: every reader takes any octets, and what the client's writers make of what was
//! read can be read again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use smp_wire::cbor::{Dialect, MapForm, Reader};
use smp_wire::errors::find_error;
use smp_wire::header::Header;
use smp_wire::{enumeration, fs, image, os, settings, shell, stat};

const DIALECTS: [Dialect; 3] = [Dialect::Zcbor06, Dialect::Zcbor09, Dialect::Canonical];

const ALL_KEYS: [image::UploadKey; 6] = {
    use image::UploadKey::{Data, Image, Len, Off, Sha, Upgrade};
    [Image, Data, Len, Off, Sha, Upgrade]
};

fuzz_target!(|input: &[u8]| {
    for frame in sim::frame::decode(input) {
        let _ = format!("{frame:?}");
    }
    let _ = Header::parse(input);
    let _ = Reader::new(input).skip();
    for dialect in DIALECTS {
        requests(input, dialect);
    }
    responses(input);
});

fn requests(body: &[u8], dialect: Dialect) {
    let _ = os::EchoRequest::decode(body, dialect);
    let _ = os::EchoRequest::decode_as_map(body, dialect);
    let _ = os::ResetRequest::decode(body, dialect);
    let _ = os::ResetRequest::decode_until_fault(body, dialect, true);
    let _ = image::StateRequest::decode(body, dialect);
    let _ = image::EraseRequest::decode(body, dialect);
    if let Ok(upload) = image::UploadRequest::decode(body, dialect) {
        let mut again = Vec::new();
        upload.emit(&mut again, MapForm::Definite, &ALL_KEYS);
        let read = image::UploadRequest::decode(&again, Dialect::Zcbor09);
        assert_eq!(read.as_ref(), Ok(&upload), "{again:02x?}");
    }
    let _ = enumeration::SingleRequest::decode(body, dialect);
    let _ = enumeration::DetailsRequest::decode(body, dialect);
    let _ = fs::StatusRequest::decode(body, dialect);
    let _ = fs::HashRequest::decode(body, dialect);
    let _ = fs::FileDownloadRequest::decode(body, dialect);
    let _ = fs::FileUploadRequest::decode(body, dialect);
    let _ = settings::ReadRequest::decode(body, dialect);
    let _ = settings::WriteRequest::decode(body, dialect);
    if let Ok(words) = shell::Words::decode(body, dialect) {
        let _ = words.count();
    }
    let _ = settings::NameRequest::decode(body, dialect);
    let _ = os::InfoRequest::decode(body, dialect);
    let _ = os::BootloaderRequest::decode(body, dialect);
    let _ = os::DateTimeRequest::decode(body, dialect);
    let _ = stat::StatRequest::decode(body, dialect);
    let _ = stat::StatRequest::decode_by_hand(body, dialect);
}

fn responses(body: &[u8]) {
    let _ = find_error(body);
    let _ = os::EchoResponse::decode(body);
    let _ = os::ParamsResponse::decode(body);
    let _ = image::UploadResponse::decode(body);
    let _ = image::decode_state(body);
    let _ = image::decode_slot_info(body);
    let _ = fs::StatusResponse::decode(body);
    let _ = fs::HashResponse::decode(body);
    let _ = fs::FileDownloadResponse::decode(body);
    let _ = fs::FileUploadResponse::decode(body);
    let _ = settings::ReadResponse::decode(body);
    let _ = shell::ExecResponse::decode(body);
}
