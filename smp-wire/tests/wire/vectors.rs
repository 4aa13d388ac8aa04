//! Frames exchanged with the SMP server of Zephyr 3.2.99 (SMP v1) and 4.4.0 (SMP v2).

use crate::support::hex;
use smp_wire::cbor::{CborError, Dialect, MapForm, empty_map};
use smp_wire::errors::{ErrorBody, Rc, find_error};
use smp_wire::header::{HEADER_LEN, Header, HeaderError, OP_READ, OP_WRITE, put_len};
use smp_wire::image::{
    EraseRequest, SlotState, StateRequest, UploadKey, UploadRequest, UploadResponse, VersionText,
    decode_state, emit_state,
};
use smp_wire::os::{EchoRequest, EchoResponse, ParamsResponse, ResetRequest};
use smp_wire::{begin, group};

/// Highest SMP version of the recorded v1 server.
const V1: u8 = 0;
/// Highest SMP version of the recorded v2 server.
const V2: u8 = 1;

const FIRST_CHUNK: &str = "\
    0200005000010101a4636c656e185063736861485d7ff13ae321dfa2636f66660064646174615830\
    3db8f3960000000020000000080000000000000001020300040000000000000023303d4a5764717e\
    0769280010002000";
const LAST_CHUNK: &str = "\
    0200002e00010401a2636f66661830646461746158201246b8ee1650a3c01b7bcca9240ed6da85fd\
    03a4c3d3ab20eb4be8fbac0e636d";
const LIST: &str = "\
    010000f600010600bf66696d616765739fbf64736c6f74006776657273696f6e65302e302e306468\
    617368582033eee66482553d2adb4c205607d56353c803d3d00a54e33e22eeab3533d4634068626f\
    6f7461626c65f56770656e64696e67f469636f6e6669726d6564f566616374697665f5697065726d\
    616e656e74f4ffbf64736c6f74016776657273696f6e67312e322e332e34646861736858201246b8\
    ee1650a3c01b7bcca9240ed6da85fd03a4c3d3ab20eb4be8fbac0e636d68626f6f7461626c65f567\
    70656e64696e67f469636f6e6669726d6564f466616374697665f4697065726d616e656e74f4ffff\
    6b73706c697453746174757300ff";
const TESTED_HASH: &str = "1246b8ee1650a3c01b7bcca9240ed6da85fd03a4c3d3ab20eb4be8fbac0e636d";

fn frame(header: Header, body: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    begin(&mut out, header);
    body(&mut out);
    put_len(&mut out);
    out
}

/// The answer to `request`, in the form that Zephyr writes.
fn answer(request: &str, max_version: u8, body: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let header = Header::parse(&hex(request)).expect("a whole header");
    frame(header.response(max_version), body)
}

fn body(frame: &[u8]) -> &[u8] {
    let header = Header::parse(frame).expect("a whole header");
    assert_eq!(usize::from(header.len), frame.len() - HEADER_LEN, "len covers the body");
    &frame[HEADER_LEN..]
}

fn refusal(request: &str, max_version: u8, error: ErrorBody) -> Vec<u8> {
    answer(request, max_version, |out| error.emit(out, MapForm::Indefinite))
}

#[test]
fn params_answer_names_buffer_size_and_count() {
    let params = ParamsResponse { buf_size: 2475, buf_count: 4 };
    for (request, expected) in [
        (
            "000000010000ff06a0",
            "010000190000ff06bf686275665f73697a651909ab696275665f636f756e7404ff",
        ),
        ("0000000000000106", "0100001900000106bf686275665f73697a651909ab696275665f636f756e7404ff"),
    ] {
        let got = answer(request, V1, |out| params.emit(out, MapForm::Indefinite));
        assert_eq!(got, hex(expected));
        assert_eq!(ParamsResponse::decode(body(&got)), Ok(params));
        assert_eq!(find_error(body(&got)), None);
    }
}

#[test]
fn canonical_server_writes_params_with_a_definite_map() {
    let expected = hex("010000180000ff06a2686275665f73697a651909ab696275665f636f756e7404");
    let params = ParamsResponse::decode(body(&expected)).expect("a definite map is fine");
    let got = answer("000000010000ff06a0", V1, |out| params.emit(out, MapForm::Definite));
    assert_eq!(got, expected);
}

#[test]
fn storage_erase_without_the_group_is_not_supported() {
    let request = frame(
        Header::request(OP_WRITE, group::ZEPHYR_BASIC, group::zephyr_basic::ERASE_STORAGE, 1),
        |out| empty_map(out, MapForm::Indefinite),
    );
    assert_eq!(request, hex("02000002003f0100bfff"));
    let error = ErrorBody::Rc(Rc::NotSupported.code());
    let got = refusal("02000002003f0100bfff", V1, error);
    assert_eq!(got, hex("03000006003f0100bf62726308ff"));
    assert_eq!(find_error(body(&got)), Some(error));
}

#[test]
fn echo_returns_the_text_as_the_kind_of_operation_it_came_with() {
    for (request, expected) in [
        ("0200000600000500a16164626869", "0300000700000500bf6172626869ff"),
        ("0000000600000400a16164626869", "0100000700000400bf6172626869ff"),
        ("02aa000600000800a16164626869", "0300000700000800bf6172626869ff"),
        ("0a00000600000800a16164626869", "0300000700000800bf6172626869ff"),
    ] {
        let bytes = hex(request);
        let echo = EchoRequest::decode(body(&bytes), Dialect::default()).expect("a good echo");
        assert_eq!(echo.d, b"hi");
        let got = answer(request, V1, |out| {
            EchoResponse { r: echo.d }.emit(out, MapForm::Indefinite);
        });
        assert_eq!(got, hex(expected));
        assert_eq!(EchoResponse::decode(body(&got)), Ok(EchoResponse { r: b"hi" }));
    }
}

#[test]
fn v2_server_answers_v2_and_no_higher() {
    let echo = |out: &mut Vec<u8>| EchoResponse { r: b"hi" }.emit(out, MapForm::Indefinite);
    let got = answer("0a00000600000100a16164626869", V2, echo);
    assert_eq!(got, hex("0b00000700000100bf6172626869ff"));
    let got = refusal("1200000600000300a16164626869", V2, ErrorBody::Rc(Rc::TooNew.code()));
    assert_eq!(got, hex("0b00000600000300bf6272630dff"));
}

#[test]
fn echo_without_break_or_without_payload_is_an_error() {
    for (request, error) in [
        ("0200000600000500bf6164626869", CborError::Truncated),
        ("0200000000000500", CborError::Truncated),
    ] {
        let bytes = hex(request);
        assert_eq!(EchoRequest::decode(body(&bytes), Dialect::default()), Err(error));
        let got = refusal(request, V1, ErrorBody::Rc(Rc::Unknown.code()));
        assert_eq!(got, hex("0300000600000500bf62726301ff"));
    }
}

#[test]
fn header_len_is_not_compared_with_the_bytes_by_the_header_parser() {
    // The first server refuses with rc 9, the second gives the decoder what is there.
    let too_long = Header::parse(&hex("0200002800000900a16164626869")).expect("a whole header");
    assert_eq!((too_long.len, too_long.op, too_long.seq), (40, OP_WRITE, 9));
    let bytes = hex("0200000200000900a16164626869");
    let too_short = Header::parse(&bytes).expect("a whole header");
    assert_eq!(too_short.len, 2);
    assert_eq!(
        EchoRequest::decode(&bytes[HEADER_LEN..], Dialect::default()),
        Ok(EchoRequest { d: b"hi" })
    );
    let expected = hex("0300000600000900bf62726309ff");
    assert_eq!(refusal("0200002800000900a1", V1, ErrorBody::Rc(Rc::Corrupt.code())), expected);
}

#[test]
fn three_octets_are_no_header() {
    assert_eq!(Header::parse(&hex("000000")), Err(HeaderError::TooShort { got: 3 }));
}

#[test]
fn reset_without_payload_is_answered_with_an_empty_map() {
    let got = answer("0200000000000705", V1, |out| empty_map(out, MapForm::Indefinite));
    assert_eq!(got, hex("0300000200000705bfff"));
    // The server goes on without `force`; that the payload is no map is for it to forgive.
    assert_eq!(ResetRequest::decode(b"", Dialect::default()), Err(CborError::Truncated));
}

#[test]
fn first_chunk_carries_length_and_digest() {
    let bytes = hex(FIRST_CHUNK);
    let chunk = UploadRequest::decode(body(&bytes), Dialect::default()).expect("a good chunk");
    assert_eq!((chunk.len, chunk.off, chunk.image, chunk.upgrade), (Some(80), Some(0), None, None));
    assert_eq!(chunk.sha, Some(&hex("5d7ff13ae321dfa2")[..]));
    let data = chunk.data.expect("a chunk has data");
    assert_eq!(data.len(), 48);
    let order = [UploadKey::Len, UploadKey::Sha, UploadKey::Off, UploadKey::Data];
    let request = Header::request(OP_WRITE, group::IMAGE, group::image::UPLOAD, 1);
    let again = frame(request, |out| chunk.emit(out, MapForm::Definite, &order));
    assert_eq!(again, bytes);
}

#[test]
fn chunk_is_answered_with_the_offset_expected_next() {
    for (request, response, expected) in [
        (FIRST_CHUNK, UploadResponse { off: Some(48), ..UploadResponse::default() }, {
            "0300000800010101bf636f66661830ff"
        }),
        (LAST_CHUNK, UploadResponse { off: Some(80), ..UploadResponse::default() }, {
            "0300000800010401bf636f66661850ff"
        }),
        (LAST_CHUNK, UploadResponse { off: Some(0), ..UploadResponse::default() }, {
            "0300000700010401bf636f666600ff"
        }),
        (LAST_CHUNK, UploadResponse { rc: Some(0), off: Some(80), matched: None }, {
            "0300000c00010401bf62726300636f66661850ff"
        }),
        (LAST_CHUNK, UploadResponse { rc: None, off: Some(80), matched: Some(false) }, {
            "0300000f00010401bf636f66661850656d61746368f4ff"
        }),
    ] {
        let got = answer(request, V1, |out| response.emit(out, MapForm::Indefinite));
        assert_eq!(got, hex(expected));
        assert_eq!(UploadResponse::decode(body(&got)), Ok(response));
        assert_eq!(find_error(body(&got)), None, "rc 0 is success");
    }
}

#[test]
fn chunk_ahead_of_the_upload_decodes_like_any_other() {
    let bytes = hex("0200001d00010201a2636f6666184064646174615085fd03a4c3d3ab20eb4be8fbac0e636d");
    let chunk = UploadRequest::decode(body(&bytes), Dialect::default()).expect("a good chunk");
    assert_eq!((chunk.off, chunk.len, chunk.sha), (Some(64), None, None));
    assert_eq!(chunk.data.map(<[u8]>::len), Some(16));
}

#[test]
fn image_is_tested_by_hash_and_confirmed_without() {
    let bytes = hex(&format!("0200003100010700a26468617368 5820{TESTED_HASH} 67636f6e6669726df4"));
    let hash = hex(TESTED_HASH);
    let test = StateRequest { hash: Some(&hash), confirm: Some(false) };
    assert_eq!(StateRequest::decode(body(&bytes), Dialect::default()), Ok(test));
    let header = Header::request(OP_WRITE, group::IMAGE, group::image::STATE, 7);
    assert_eq!(frame(header, |out| test.emit(out, MapForm::Definite, false)), bytes);

    let bytes = hex("0200000a00010900a167636f6e6669726df5");
    let confirm = StateRequest { hash: None, confirm: Some(true) };
    assert_eq!(StateRequest::decode(body(&bytes), Dialect::default()), Ok(confirm));
    let header = Header::request(OP_WRITE, group::IMAGE, group::image::STATE, 9);
    assert_eq!(frame(header, |out| confirm.emit(out, MapForm::Definite, true)), bytes);
}

#[test]
fn list_spells_versions_hashes_and_flags_of_both_slots() {
    let slots = [
        SlotState {
            image: None,
            slot: 0,
            version: VersionText::from_parts(0, 0, 0, 0),
            hash: hex("33eee66482553d2adb4c205607d56353c803d3d00a54e33e22eeab3533d46340")
                .first_chunk()
                .copied(),
            bootable: true,
            pending: false,
            confirmed: true,
            active: true,
            permanent: false,
        },
        SlotState {
            image: None,
            slot: 1,
            version: VersionText::from_parts(1, 2, 3, 4),
            hash: hex(TESTED_HASH).first_chunk().copied(),
            bootable: true,
            pending: false,
            confirmed: false,
            active: false,
            permanent: false,
        },
    ];
    let got = answer("0000000100010600a0", V1, |out| {
        emit_state(out, &slots, MapForm::Indefinite, false);
    });
    assert_eq!(got, hex(LIST));
    assert_eq!(decode_state(body(&got)), Ok(slots.to_vec()));
}

#[test]
fn list_without_images_is_empty_not_an_error() {
    let bytes = hex("0100001800010000bf66696d616765739fff6b73706c697453746174757300ff");
    assert_eq!(decode_state(body(&bytes)), Ok(vec![]));
    let got = answer("0000000100010000a0", V1, |out| {
        emit_state(out, &[], MapForm::Indefinite, false);
    });
    assert_eq!(got, bytes);
}

#[test]
fn test_without_hash_is_refused_in_the_form_of_the_version() {
    let request = hex("0a00000a00010600a167636f6e6669726df4");
    let test = StateRequest { hash: None, confirm: Some(false) };
    assert_eq!(StateRequest::decode(body(&request), Dialect::default()), Ok(test));

    let v2 = ErrorBody::Group { group: group::IMAGE, rc: 24 };
    let got = refusal("0a00000a00010600a1", V2, v2);
    assert_eq!(got, hex("0b00001400010600bf63657272bf6567726f7570016272631818ffff"));
    assert_eq!(find_error(body(&got)), Some(v2));

    let v1 = ErrorBody::Rc(Rc::Invalid.code());
    let got = refusal("0200000a00012100a1", V1, v1);
    assert_eq!(got, hex("0300000600012100bf62726303ff"));
    assert_eq!(find_error(body(&got)), Some(v1));
}

#[test]
fn erase_names_no_slot_or_one() {
    for (request, erase) in [
        ("0200000100012205a0", EraseRequest { slot: None }),
        ("0200000700012205a164736c6f7407", EraseRequest { slot: Some(7) }),
    ] {
        let bytes = hex(request);
        assert_eq!(EraseRequest::decode(body(&bytes), Dialect::default()), Ok(erase));
        let header = Header::request(OP_WRITE, group::IMAGE, group::image::ERASE, 0x22);
        assert_eq!(frame(header, |out| erase.emit(out, MapForm::Definite)), bytes);
    }
}

#[test]
fn erase_is_answered_with_rc_0_nothing_or_an_error() {
    let ok = UploadResponse { rc: Some(0), ..UploadResponse::default() };
    let got = answer("0200000100012205a0", V1, |out| ok.emit(out, MapForm::Indefinite));
    assert_eq!(got, hex("0300000600012205bf62726300ff"));
    assert_eq!(find_error(body(&got)), None);

    let got = answer("0a00000100010805a0", V2, |out| empty_map(out, MapForm::Indefinite));
    assert_eq!(got, hex("0b00000200010805bfff"));
    assert_eq!(find_error(body(&got)), None);

    for (request, version, error, expected) in [
        ("0200000100012205", V1, ErrorBody::Rc(7), "0300000600012205bf62726307ff"),
        ("0200000700012205", V1, ErrorBody::Rc(1), "0300000600012205bf62726301ff"),
        ("0a00000700010805", V2, ErrorBody::Group { group: 1, rc: 10 }, {
            "0b00001300010805bf63657272bf6567726f7570016272630affff"
        }),
    ] {
        let got = refusal(request, version, error);
        assert_eq!(got, hex(expected));
        assert_eq!(find_error(body(&got)), Some(error));
    }
}

#[test]
fn read_requests_have_op_0() {
    let request = frame(Header::request(OP_READ, group::OS, group::os::PARAMS, 0xff), |out| {
        empty_map(out, MapForm::Definite);
    });
    assert_eq!(request, hex("000000010000ff06a0"));
}
