//! A phone's log of an update that stopped half-way: the Android client of 2023 against a Zephyr
//! server of NCS 2.4. Every frame is decoded and written again, byte for byte.

use crate::support::hex;
use smp_wire::cbor::{Dialect, MapForm, empty_map};
use smp_wire::errors::{ErrorBody, find_error};
use smp_wire::header::{HEADER_LEN, Header, put_len};
use smp_wire::image::{SlotState, StateRequest, decode_state, emit_state};
use smp_wire::os::ParamsResponse;
use smp_wire::{begin, group};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../testdata/seed-android-log.jsonl");

/// The frames of the log, oldest first.
fn frames() -> Vec<Vec<u8>> {
    let log = std::fs::read_to_string(PATH).expect("the log is part of the test data");
    let lines = log.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    lines.filter_map(|line| line["hex"].as_str().map(hex)).collect()
}

/// Decodes `body` as what it is and appends it again.
fn rewrite(header: Header, body: &[u8], out: &mut Vec<u8>) {
    let indefinite = MapForm::Indefinite;
    match (header.group, header.id, header.op) {
        // The parameters request is a fixed array of octets in this client: a definite map.
        (group::OS, group::os::PARAMS, 0) => empty_map(out, MapForm::Definite),
        (group::OS, group::os::PARAMS, 1) => {
            ParamsResponse::decode(body).unwrap().emit(out, indefinite);
        }
        (group::IMAGE, group::image::STATE, 0) | (group::ZEPHYR_BASIC, _, 2) => {
            empty_map(out, indefinite);
        }
        (group::IMAGE, group::image::STATE, 1 | 3) => {
            emit_state(out, &decode_state(body).unwrap(), indefinite, false);
        }
        (group::IMAGE, group::image::STATE, 2) => {
            StateRequest::decode(body, Dialect::default()).unwrap().emit(out, indefinite, true);
        }
        (group::ZEPHYR_BASIC, _, 3) => find_error(body).unwrap().emit(out, indefinite),
        other => panic!("a frame that the log does not hold: {other:?}"),
    }
}

#[test]
fn every_frame_is_written_again_byte_for_byte() {
    let frames = frames();
    assert_eq!(frames.len(), 8);
    for frame in frames {
        let header = Header::parse(&frame).unwrap();
        let mut again = Vec::new();
        begin(&mut again, header);
        rewrite(header, &frame[HEADER_LEN..], &mut again);
        put_len(&mut again);
        assert_eq!(again, frame);
    }
}

#[test]
fn every_answer_has_the_header_that_its_request_asks_for() {
    for exchange in frames().chunks(2) {
        let [request, answer] = exchange else { panic!("an answer is missing") };
        let len = Header::parse(answer).unwrap().len;
        let expected = Header { len, ..Header::parse(request).unwrap().response(0) };
        assert_eq!(Header::parse(answer), Ok(expected));
    }
}

#[test]
fn confirming_an_image_pending_as_test_changed_nothing() {
    let frames = frames();
    let before = decode_state(&frames[3][HEADER_LEN..]).unwrap();
    let after = decode_state(&frames[7][HEADER_LEN..]).unwrap();
    assert_eq!(before, after);
    let [running, waiting] = before[..] else { panic!("two slots") };
    let flags = |slot: SlotState| [slot.pending, slot.confirmed, slot.active, slot.permanent];
    assert_eq!(flags(running), [false, true, true, false]);
    assert_eq!(flags(waiting), [true, false, false, false]);
    assert_eq!((running.slot, waiting.slot, running.image), (0, 1, None));
    assert_eq!(waiting.version.as_str(), "0.0.0");
    let request = StateRequest::decode(&frames[6][HEADER_LEN..], Dialect::default()).unwrap();
    assert_eq!(request.hash, waiting.hash.as_ref().map(|hash| &hash[..]));
    assert_eq!(find_error(&frames[5][HEADER_LEN..]), Some(ErrorBody::Rc(8)));
    assert_eq!(find_error(&frames[7][HEADER_LEN..]), None);
}
