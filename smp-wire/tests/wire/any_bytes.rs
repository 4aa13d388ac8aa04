//! No bytes make a decoder panic, and what a decoder takes it can write and take again.

use crate::support::{DIALECTS, any_form};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use smp_wire::cbor::{Dialect, MapForm, Reader};
use smp_wire::errors::{ErrorBody, find_error};
use smp_wire::header::{HEADER_LEN, Header};
use smp_wire::image::{
    EraseRequest, SlotState, StateRequest, UploadKey, UploadRequest, UploadResponse, VersionText,
    decode_state, emit_state,
};
use smp_wire::os::{EchoRequest, EchoResponse, ParamsResponse, ResetRequest};

const UPLOAD_KEYS: [UploadKey; 6] = [
    UploadKey::Image,
    UploadKey::Data,
    UploadKey::Len,
    UploadKey::Off,
    UploadKey::Sha,
    UploadKey::Upgrade,
];

/// Keys that some decoder knows.
const KEYS: [&str; 20] = [
    "off", "data", "len", "sha", "image", "upgrade", "rc", "err", "ret", "group", "images", "slot",
    "version", "hash", "confirm", "active", "d", "r", "buf_size", "force",
];

/// Heads of containers, the break, and scalars of several widths.
const HEADS: [&[u8]; 16] = [
    b"\xbf",
    b"\xff",
    b"\xa0",
    b"\xa1",
    b"\xa2",
    b"\xa3",
    b"\x9f",
    b"\x80",
    b"\x81",
    b"\x82",
    b"\xf5",
    b"\x05",
    b"\x20",
    b"\x18\x20",
    b"\x1a\0\0\x10\0",
    b"\x1b\0\0\0\0\0\0\0\0",
];

/// Gives `bytes` to everything that decodes.
fn decode_as_everything(bytes: &[u8]) {
    let _ = Header::parse(bytes);
    let _ = EchoResponse::decode(bytes);
    let _ = ParamsResponse::decode(bytes);
    let _ = UploadResponse::decode(bytes);
    let _ = decode_state(bytes);
    let _ = find_error(bytes);
    let mut reader = Reader::new(bytes);
    while reader.skip().is_ok() {}
    let mut reader = Reader::new(bytes);
    while reader.head().is_ok() {}
    assert!(reader.position() <= bytes.len());
    for dialect in DIALECTS {
        decode_as_server(bytes, dialect);
    }
}

fn decode_as_server(bytes: &[u8], dialect: Dialect) {
    let _ = EchoRequest::decode(bytes, dialect);
    let _ = EchoRequest::decode_as_map(bytes, dialect);
    let _ = ResetRequest::decode(bytes, dialect);
    let _ = UploadRequest::decode(bytes, dialect);
    let _ = StateRequest::decode(bytes, dialect);
    let _ = EraseRequest::decode(bytes, dialect);
    let mut reader = Reader::with_dialect(bytes, dialect);
    let Ok(mut map) = reader.map() else { return };
    while let Ok(Some(_)) = map.key(&mut reader) {
        if map.skip_value(&mut reader).is_err() {
            break;
        }
    }
    assert!(reader.position() <= bytes.len());
}

/// Octets that look like bodies more often than chance would have it.
fn nearly_a_body() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => select(&KEYS[..]).prop_map(|key| {
            let mut text = vec![0x60 + key.len() as u8];
            text.extend_from_slice(key.as_bytes());
            text
        }),
        4 => select(&HEADS[..]).prop_map(<[u8]>::to_vec),
        1 => vec(any::<u8>(), 1..5),
    ];
    vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

fn any_slot() -> impl Strategy<Value = SlotState> {
    let version = any::<(u8, u8, u16, u32)>();
    let flags = any::<[bool; 5]>();
    (any::<Option<u32>>(), any::<u32>(), version, any::<Option<[u8; 32]>>(), flags).prop_map(
        |(image, slot, (major, minor, revision, build), hash, flags)| {
            let version = VersionText::from_parts(major, minor, revision, build);
            let [bootable, pending, confirmed, active, permanent] = flags;
            SlotState {
                image,
                slot,
                version,
                hash,
                bootable,
                pending,
                confirmed,
                active,
                permanent,
            }
        },
    )
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in vec(any::<u8>(), 0..600)) {
        decode_as_everything(&bytes);
    }

    #[test]
    fn bytes_that_look_like_bodies_never_panic(bytes in nearly_a_body()) {
        decode_as_everything(&bytes);
    }

    #[test]
    fn headers_survive(octets in any::<[u8; HEADER_LEN]>()) {
        let header = Header::parse(&octets).unwrap();
        let mut expected = octets;
        expected[0] &= 0x1f;
        prop_assert_eq!(header.emit(), expected, "all but the reserved bits");
        prop_assert!(header.op <= 7 && header.version <= 3);
        let response = header.response(1);
        prop_assert!(response.version <= 1 && response.flags == 0 && response.len == 0);
        prop_assert_eq!(response.op, if header.op == 0 { 1 } else { 3 });
        prop_assert_eq!(
            (response.group, response.seq, response.id),
            (header.group, header.seq, header.id)
        );
    }

    #[test]
    fn chunks_survive_in_any_form_and_order(
        (image, len, off) in any::<(Option<u32>, Option<u32>, Option<u32>)>(),
        sha in option::of(vec(any::<u8>(), 0..40)),
        data in option::of(vec(any::<u8>(), 0..3000)),
        upgrade in any::<Option<bool>>(),
        form in any_form(),
        order in Just(UPLOAD_KEYS.to_vec()).prop_shuffle(),
    ) {
        let (sha, data) = (sha.as_deref(), data.as_deref());
        let request = UploadRequest { image, len, off, sha, data, upgrade };
        let mut body = Vec::new();
        request.emit(&mut body, form, &order);
        prop_assert_eq!(UploadRequest::decode(&body, Dialect::default()), Ok(request));
    }

    #[test]
    fn keys_not_in_the_order_are_left_out(
        keys in subsequence(UPLOAD_KEYS.to_vec(), 0..=6),
        form in any_form(),
    ) {
        let request = UploadRequest {
            image: Some(1), len: Some(2), off: Some(3), sha: Some(&[4]), data: Some(&[5]),
            upgrade: Some(true),
        };
        let mut body = Vec::new();
        request.emit(&mut body, form, &keys);
        let read = UploadRequest::decode(&body, Dialect::default()).unwrap();
        prop_assert_eq!(read.image.is_some(), keys.contains(&UploadKey::Image));
        prop_assert_eq!(read.len.is_some(), keys.contains(&UploadKey::Len));
        prop_assert_eq!(read.off.is_some(), keys.contains(&UploadKey::Off));
        prop_assert_eq!(read.sha.is_some(), keys.contains(&UploadKey::Sha));
        prop_assert_eq!(read.data.is_some(), keys.contains(&UploadKey::Data));
        prop_assert_eq!(read.upgrade.is_some(), keys.contains(&UploadKey::Upgrade));
    }

    #[test]
    fn upload_answers_survive(
        rc in any::<Option<i32>>(), off in any::<Option<u32>>(), matched in any::<Option<bool>>(),
        form in any_form(),
    ) {
        let response = UploadResponse { rc, off, matched };
        let mut body = Vec::new();
        response.emit(&mut body, form);
        prop_assert_eq!(UploadResponse::decode(&body), Ok(response));
        let error = rc.filter(|&rc| rc != 0).map(ErrorBody::Rc);
        prop_assert_eq!(find_error(&body), error);
    }

    #[test]
    fn state_requests_survive(
        hash in option::of(vec(any::<u8>(), 0..70)), confirm in any::<Option<bool>>(),
        form in any_form(), confirm_first in any::<bool>(),
    ) {
        let request = StateRequest { hash: hash.as_deref(), confirm };
        let mut body = Vec::new();
        request.emit(&mut body, form, confirm_first);
        prop_assert_eq!(StateRequest::decode(&body, Dialect::default()), Ok(request));
    }

    #[test]
    fn lists_survive(
        slots in vec(any_slot(), 0..6), form in any_form(), frugal in any::<bool>(),
    ) {
        let mut body = Vec::new();
        emit_state(&mut body, &slots, form, frugal);
        prop_assert_eq!(decode_state(&body), Ok(slots));
        prop_assert_eq!(find_error(&body), None);
    }

    #[test]
    fn small_bodies_survive(
        text in vec(any::<u8>(), 0..80), buf_size in any::<u32>(), buf_count in any::<u32>(),
        slot in any::<Option<u32>>(), force in any::<bool>(), form in any_form(),
    ) {
        let mut body = Vec::new();
        EchoRequest { d: &text }.emit(&mut body, form);
        prop_assert_eq!(EchoRequest::decode(&body, Dialect::default()), Ok(EchoRequest { d: &text }));
        body.clear();
        EchoResponse { r: &text }.emit(&mut body, form);
        prop_assert_eq!(EchoResponse::decode(&body), Ok(EchoResponse { r: &text }));
        body.clear();
        let params = ParamsResponse { buf_size, buf_count };
        params.emit(&mut body, form);
        prop_assert_eq!(ParamsResponse::decode(&body), Ok(params));
        body.clear();
        EraseRequest { slot }.emit(&mut body, form);
        prop_assert_eq!(EraseRequest::decode(&body, Dialect::default()), Ok(EraseRequest { slot }));
        body.clear();
        ResetRequest { force, boot_mode: None }.emit(&mut body, form);
        prop_assert_eq!(ResetRequest::decode(&body, Dialect::default()), Ok(ResetRequest { force, boot_mode: None }));
    }
}

#[test]
fn a_chunk_is_appended_without_moving_the_buffer() {
    let data = [0x5a; 2400];
    let chunk = UploadRequest { off: Some(70_000), data: Some(&data), ..UploadRequest::default() };
    let mut frame = Vec::with_capacity(2475);
    let before = frame.as_ptr();
    for form in [MapForm::Definite, MapForm::Indefinite] {
        frame.clear();
        frame.extend_from_slice(&[0; HEADER_LEN]);
        chunk.emit(&mut frame, form, &[UploadKey::Data, UploadKey::Off]);
        assert_eq!(frame.as_ptr(), before);
    }
}

#[test]
fn long_inputs_never_panic() {
    for octet in [0x00, 0x5b, 0x7f, 0x81, 0x9f, 0xa1, 0xbf, 0xc1, 0xf5, 0xff] {
        let mut bytes = vec![octet; 70_000];
        decode_as_everything(&bytes);
        bytes.splice(0..0, *b"\xbf\x61z");
        decode_as_everything(&bytes);
    }
}
