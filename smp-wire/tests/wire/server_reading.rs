//! What a server takes and refuses (Zephyr `zcbor_map_decode_bulk`, zcbor on a 32-bit target).

use crate::support::hex;
use smp_wire::cbor::{CborError, Dialect, MAX_NESTING};
use smp_wire::image::{EraseRequest, StateRequest, UploadRequest};
use smp_wire::os::{EchoRequest, ResetRequest};

/// `off` 0 and two octets of data, with `extra` entries written in hex before them.
fn chunk(extra_entries: usize, extra: &str) -> Vec<u8> {
    let mut body = vec![0xa0 + 2 + extra_entries as u8];
    body.extend(hex(extra));
    body.extend(hex("636f6666006464617461420102"));
    body
}

fn decode(body: &str) -> Result<UploadRequest<'static>, CborError> {
    let body: &'static [u8] = hex(body).leak();
    UploadRequest::decode(body, Dialect::default())
}

#[track_caller]
fn skipped(extra: &str) {
    let body = chunk(1, &format!("617a{extra}"));
    let expected = UploadRequest { off: Some(0), data: Some(&[1, 2]), ..UploadRequest::default() };
    assert_eq!(UploadRequest::decode(&body, Dialect::default()), Ok(expected), "{extra}");
}

#[track_caller]
fn unskippable(extra: &str, error: CborError) {
    let body = chunk(1, &format!("617a{extra}"));
    assert_eq!(UploadRequest::decode(&body, Dialect::default()), Err(error), "{extra}");
}

#[test]
fn a_map_of_either_form_is_taken() {
    assert_eq!(decode("a0"), Ok(UploadRequest::default()));
    assert_eq!(decode("bfff"), Ok(UploadRequest::default()));
    assert_eq!(decode("b800"), Ok(UploadRequest::default()), "count in a second octet");
    assert_eq!(decode("bf636f666605ff").unwrap().off, Some(5));
}

#[test]
fn anything_but_a_map_is_refused_and_so_is_nothing() {
    assert_eq!(UploadRequest::decode(b"", Dialect::default()), Err(CborError::Truncated));
    assert_eq!(StateRequest::decode(b"", Dialect::default()), Err(CborError::Truncated));
    assert_eq!(EraseRequest::decode(b"", Dialect::default()), Err(CborError::Truncated));
    assert_eq!(ResetRequest::decode(b"", Dialect::default()), Err(CborError::Truncated));
    for other in ["00", "20", "40", "60", "80", "9fff", "f6", "f7", "fb0000000000000000", "c0a0"] {
        assert_eq!(decode(other), Err(CborError::WrongType), "{other}");
    }
    assert_eq!(decode("bc"), Err(CborError::Malformed));
}

#[test]
fn keys_come_in_any_order() {
    let one = decode("a3636f666600636c656e18506464617461420102");
    let other = decode("a36464617461420102636c656e1850636f666600");
    assert_eq!(one, other);
    assert_eq!(one.unwrap().len, Some(80));
}

#[test]
fn integers_may_be_longer_than_needed_up_to_four_octets() {
    for body in ["a1636f666605", "a1636f66661805", "a1636f6666190005", "a1636f66661a00000005"] {
        assert_eq!(decode(body).unwrap().off, Some(5), "{body}");
    }
    assert_eq!(decode("a1636f66661affffffff").unwrap().off, Some(u32::MAX));
    assert_eq!(decode("a1636f66661b0000000000000005"), Err(CborError::TooWide));
    assert_eq!(decode("a1636f66661b0000000100000000"), Err(CborError::TooWide));
}

#[test]
fn lengths_and_counts_may_be_longer_than_needed_up_to_four_octets() {
    for body in ["a16464617461580101", "a1646461746159000101", "a164646174615a0000000101"] {
        assert_eq!(decode(body).unwrap().data, Some(&[1][..]), "{body}");
    }
    assert_eq!(decode("a164646174615b000000000000000101"), Err(CborError::TooWide));
    assert_eq!(decode("ba00000001636f666605").unwrap().off, Some(5));
    assert_eq!(decode("bb0000000000000001636f666605"), Err(CborError::TooWide));
    assert_eq!(decode("a17b00000000000000036f666605"), Err(CborError::TooWide));
}

#[test]
fn unknown_keys_are_skipped_whatever_their_value() {
    for value in [
        "00",
        "1b7fffffffffffffff",
        "20",
        "3bffffffffffffffff",
        "40",
        "450102030405",
        "60",
        "6568656c6c6f",
        "80",
        "a0",
        "9fff",
        "bfff",
        "8300a16161f59f01ff",
        "bf6161bf6162f4ffff",
        "c100",
        "d9d9f700",
        "c1c1c100",
        "f4",
        "f5",
        "f6",
        "f7",
        "e0",
        "f8ff",
        "f93c00",
        "fa00000000",
        "fb0000000000000000",
        "9f8180bfa0a0ffff",
    ] {
        skipped(value);
    }
}

#[test]
fn an_unknown_key_may_stand_twice_a_known_one_may_not() {
    let twice = chunk(2, "617a00617a00");
    assert_eq!(UploadRequest::decode(&twice, Dialect::default()).unwrap().off, Some(0));
    for (first, again) in [
        ("6464617461420102", "646461746140"),
        ("636f666600", "636f666600"),
        ("636c656e00", "636c656e00"),
        ("6373686140", "6373686140"),
        ("65696d61676500", "65696d61676500"),
        ("6775706772616465f4", "6775706772616465f4"),
    ] {
        assert!(decode(&format!("a1{first}")).is_ok());
        assert_eq!(decode(&format!("a2{first}{again}")), Err(CborError::DuplicateKey), "{first}");
    }
    let state = hex("a267636f6e6669726df567636f6e6669726df5");
    assert_eq!(StateRequest::decode(&state, Dialect::default()), Err(CborError::DuplicateKey));
    let erase = hex("a264736c6f740164736c6f7401");
    assert_eq!(EraseRequest::decode(&erase, Dialect::default()), Err(CborError::DuplicateKey));
}

#[test]
fn keys_must_be_text() {
    assert_eq!(decode("a10102"), Err(CborError::KeyNotText));
    assert_eq!(decode("a12002"), Err(CborError::KeyNotText));
    assert_eq!(decode("a1436f666600"), Err(CborError::KeyNotText));
    assert_eq!(decode("a2636f6666000102"), Err(CborError::KeyNotText));
    assert_eq!(decode("a16000").unwrap(), UploadRequest::default(), "empty text is text");
    let odd_utf8 = decode("a162fffe00");
    assert_eq!(odd_utf8, Ok(UploadRequest::default()), "nobody looks whether a key is UTF-8");
}

#[test]
fn known_keys_must_have_their_type() {
    for value in ["20", "40", "60", "80", "a0", "f4", "f6", "f7", "e0", "f90000", "c100"] {
        assert_eq!(decode(&format!("a1636f6666{value}")), Err(CborError::WrongType), "{value}");
    }
    for value in ["00", "60", "80", "a0", "f6"] {
        assert_eq!(decode(&format!("a16464617461{value}")), Err(CborError::WrongType), "{value}");
    }
    for value in ["00", "01", "40", "f6", "f7", "e0", "f814"] {
        let body = format!("a16775706772616465{value}");
        assert_eq!(decode(&body), Err(CborError::WrongType), "{value}");
    }
}

#[test]
fn strings_in_chunks_are_refused_everywhere() {
    assert_eq!(decode("a164646174615f41014102ff"), Err(CborError::IndefiniteString));
    assert_eq!(decode("a17f636f6666ff00"), Err(CborError::IndefiniteString));
    unskippable("5f4161ff", CborError::IndefiniteString);
    unskippable("7f6161ff", CborError::IndefiniteString);
    unskippable("815f4161ff", CborError::IndefiniteString);
}

#[test]
fn an_indefinite_map_without_its_break_is_refused() {
    assert_eq!(decode("bf"), Err(CborError::Truncated));
    assert_eq!(decode("bf636f666605"), Err(CborError::Truncated));
}

#[test]
fn a_map_with_fewer_entries_than_announced_is_refused() {
    assert_eq!(decode("a2636f666605"), Err(CborError::Truncated));
    assert_eq!(decode("a2636f666605ff"), Err(CborError::KeyNotText));
}

#[test]
fn bytes_after_the_map_are_ignored() {
    let expected = decode("a1636f666605");
    assert_eq!(
        decode("a1636f666605636c656e05"),
        expected,
        "entries beyond the count are no entries"
    );
    assert_eq!(decode("bf636f666605ffffff"), expected);
    assert_eq!(decode("a1636f666605a0"), expected);
}

#[test]
fn a_value_that_is_none_cannot_be_skipped() {
    unskippable("ff", CborError::Malformed);
    unskippable("fc", CborError::Malformed);
    unskippable("1c", CborError::Malformed);
    unskippable("1f", CborError::Malformed);
    unskippable("df00", CborError::Malformed);
    unskippable("9fc1ff", CborError::Malformed);
    unskippable("81ff", CborError::Malformed);
}

#[test]
fn nesting_is_bounded_far_above_what_devices_meet() {
    let nested = |head: &str, tail: &str, depth: usize| {
        format!("{}00{}", head.repeat(depth), tail.repeat(depth))
    };
    for (head, tail) in [("81", ""), ("9f", "ff"), ("a100", ""), ("bf00", "ff")] {
        skipped(&nested(head, tail, 40));
        skipped(&nested(head, tail, MAX_NESTING));
        unskippable(&nested(head, tail, MAX_NESTING + 1), CborError::TooDeep);
    }
    // Tags are no nesting: they open nothing.
    skipped(&nested("c1", "", 10_000));
}

#[test]
fn nesting_without_end_is_refused_without_recursion() {
    for head in [0x81, 0x9f, 0xa1, 0xbf] {
        let mut body = hex("a1617a");
        body.extend(std::iter::repeat_n(head, 1 << 20));
        let error = UploadRequest::decode(&body, Dialect::default()).unwrap_err();
        assert_eq!(error, CborError::TooDeep);
    }
    let mut tags = hex("a1617a");
    tags.extend(std::iter::repeat_n(0xc1, 1 << 20));
    assert_eq!(UploadRequest::decode(&tags, Dialect::default()), Err(CborError::Truncated));
}

#[test]
fn a_count_that_cannot_follow_is_refused_at_once() {
    for value in ["9affffffff", "9bffffffffffffffff", "ba7fffffff"] {
        unskippable(value, CborError::Truncated);
    }
    for value in ["baffffffff", "bb0000000100000000", "bbffffffffffffffff"] {
        unskippable(value, CborError::OutOfRange);
    }
    for value in ["5affffffff", "5bffffffffffffffff", "7bffffffffffffffff"] {
        unskippable(value, CborError::Truncated);
    }
}

#[test]
fn chunk_and_digest_point_into_the_body() {
    let body = hex("a263736861420102 6464617461 43030405");
    let chunk = UploadRequest::decode(&body, Dialect::default()).unwrap();
    let range = body.as_ptr_range();
    for part in [chunk.sha.unwrap(), chunk.data.unwrap()] {
        assert!(range.contains(&part.as_ptr()), "borrowed, not copied");
    }
}

#[test]
fn echo_skips_keys_before_its_text_and_refuses_any_after() {
    let d = |body: &[u8]| EchoRequest::decode(body, Dialect::default()).map(|echo| echo.d.to_vec());
    assert_eq!(d(&hex("a2617a8100616401")), Err(CborError::WrongType));
    assert_eq!(d(&hex("a2617a8100616461 78")), Ok(b"x".to_vec()));
    assert_eq!(d(&hex("a26164617861 7a00")), Err(CborError::UnexpectedKey));
    assert_eq!(d(&hex("bf61646178617a00ff")), Err(CborError::UnexpectedKey));
    assert_eq!(d(&hex("bf61646178 61646178ff")), Err(CborError::UnexpectedKey));
    assert_eq!(d(&hex("a0")), Err(CborError::MissingKey));
    assert_eq!(d(&hex("a1617a00")), Err(CborError::MissingKey));
    assert_eq!(d(&hex("a1616460")), Ok(vec![]), "empty text is a text");
    assert_eq!(d(&hex("a16164617800")), Ok(b"x".to_vec()), "trailing octets are ignored");
    assert_eq!(d(&hex("a1616464fffe80bb")), Ok(hex("fffe80bb")), "it need not be UTF-8");
}

#[test]
fn reset_takes_force_as_a_boolean() {
    assert_eq!(
        ResetRequest::decode(&hex("a0"), Dialect::default()),
        Ok(ResetRequest { force: false, boot_mode: None })
    );
    assert_eq!(
        ResetRequest::decode(&hex("a165666f726365f5"), Dialect::default()),
        Ok(ResetRequest { force: true, boot_mode: None })
    );
    assert_eq!(
        ResetRequest::decode(&hex("a165666f72636501"), Dialect::default()),
        Err(CborError::WrongType)
    );
}
