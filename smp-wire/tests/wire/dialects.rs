//! What the decoders of different eras make of the same request (zcbor `zcbor_decode.c`, releases
//! 0.6 and 0.9, and Zephyr `zcbor_bulk.c`, `zcbor_map_decode_bulk`, on a 32-bit processor).

use crate::support::{DIALECTS, hex};
use smp_wire::cbor::{CborError, Dialect, MAX_NESTING, Reader};
use smp_wire::image::{EraseRequest, StateRequest, UploadRequest};
use smp_wire::os::EchoRequest;

const ALL: [bool; 3] = [true, true, true];
const NONE: [bool; 3] = [false, false, false];
const EARLY_ONLY: [bool; 3] = [true, false, false];
const LATE_ONLY: [bool; 3] = [false, true, true];
const LAX_ONLY: [bool; 3] = [true, true, false];
const ZCBOR_09_ONLY: [bool; 3] = [false, true, false];

/// Asserts which of [`DIALECTS`] take a body, for each row; any command will do where it has no
/// key of the command.
#[track_caller]
fn taken(rows: &[(&str, [bool; 3])]) {
    for &(body, expected) in rows {
        let body_octets = hex(body);
        let found = DIALECTS.map(|dialect| UploadRequest::decode(&body_octets, dialect).is_ok());
        assert_eq!(found, expected, "{body} in {DIALECTS:?}");
    }
}

/// The `off` that each of [`DIALECTS`] reads from `a1636f6666` and `value`.
#[track_caller]
fn off(value: &str, expected: [Result<u32, CborError>; 3]) {
    let body = hex(&format!("a1636f6666{value}"));
    let found = DIALECTS.map(|dialect| {
        UploadRequest::decode(&body, dialect).map(|request| request.off.expect("it is there"))
    });
    assert_eq!(found, expected, "{value}");
}

#[test]
fn zcbor_0_6_takes_the_argument_of_any_head_for_a_size() {
    let wrong = Err(CborError::WrongType);
    for (value, argument) in [
        ("f6", 22),
        ("f4", 20),
        ("f5", 21),
        ("e0", 0),
        ("f8ff", 255),
        ("f93c00", 0x3c00),
        ("fa3f800000", 0x3f80_0000),
        ("20", 0),
        ("37", 23),
        ("3903e7", 999),
        ("40", 0),
        ("60", 0),
        ("80", 0),
        ("a0", 0),
        ("c5", 5),
        ("d9d9f7", 0xd9f7),
    ] {
        off(value, [Ok(argument), wrong, wrong]);
    }
    for value in ["fb3ff0000000000000", "3b0000000000000000", "5b0000000000000001"] {
        off(value, [Err(CborError::TooWide), wrong, wrong]);
    }
    for value in ["ff", "9f", "bf", "5f", "fc"] {
        off(value, [Err(CborError::Malformed), wrong, wrong]);
    }
}

#[test]
fn what_belonged_to_the_head_follows_as_the_next_key() {
    // `off` is a text of four octets, which spell the key `len`; its value is 80.
    let body = hex("a2 636f6666 64 636c656e 1850");
    let request = UploadRequest::decode(&body, Dialect::Zcbor06).unwrap();
    assert_eq!((request.off, request.len), (Some(4), Some(80)));
    for late in [Dialect::Zcbor09, Dialect::Canonical] {
        assert_eq!(UploadRequest::decode(&body, late), Err(CborError::WrongType));
    }
}

#[test]
fn only_sizes_go_unchecked() {
    for (key, value) in [("65696d616765", "f6"), ("6464617461", "6100"), ("63736861", "00")] {
        let body = hex(&format!("a1{key}{value}"));
        for dialect in DIALECTS {
            let read = UploadRequest::decode(&body, dialect);
            assert_eq!(read, Err(CborError::WrongType), "{key} {dialect:?}");
        }
    }
    for dialect in DIALECTS {
        let slot = EraseRequest::decode(&hex("a164736c6f74f5"), dialect);
        assert_eq!(slot, Err(CborError::WrongType), "{dialect:?}");
    }
}

#[test]
fn zcbor_0_6_takes_a_boolean_of_any_width_up_to_four_octets() {
    let confirm = |value: &str, dialect| {
        let body = hex(&format!("a167636f6e6669726d{value}"));
        StateRequest::decode(&body, dialect).map(|request| request.confirm)
    };
    for (value, flag) in [("f4", false), ("f5", true)] {
        for dialect in DIALECTS {
            assert_eq!(confirm(value, dialect), Ok(Some(flag)), "{value} {dialect:?}");
        }
    }
    for (value, flag) in [
        ("f814", false),
        ("f815", true),
        ("f90014", false),
        ("f90015", true),
        ("fa00000014", false),
        ("fa00000015", true),
    ] {
        assert_eq!(confirm(value, Dialect::Zcbor06), Ok(Some(flag)), "{value}");
        for late in [Dialect::Zcbor09, Dialect::Canonical] {
            assert_eq!(confirm(value, late), Err(CborError::WrongType), "{value} {late:?}");
        }
    }
    for value in ["f6", "f816", "f93c00", "14", "01", "54"] {
        for dialect in DIALECTS {
            assert_eq!(confirm(value, dialect), Err(CborError::WrongType), "{value} {dialect:?}");
        }
    }
    assert_eq!(confirm("fb0000000000000015", Dialect::Zcbor06), Err(CborError::TooWide));
    assert_eq!(confirm("", Dialect::Zcbor06), Err(CborError::Truncated));
}

#[test]
fn canonical_form_is_minimal_and_definite() {
    taken(&[
        ("a0", ALL),
        ("bfff", LAX_ONLY),
        ("b800", LAX_ONLY),
        ("a1636f666605", ALL),
        ("bf636f666605ff", LAX_ONLY),
        ("a1636f66661805", LAX_ONLY),
        ("a1636f6666190018", LAX_ONLY),
        ("a1636f66661a0000ffff", LAX_ONLY),
        ("a1636f66661a00010000", ALL),
        ("a1 7803 6f6666 05", LAX_ONLY),
        ("a164646174615801aa", LAX_ONLY),
        ("a1617a9fff", LAX_ONLY),
        ("a1617abfff", LAX_ONLY),
        ("a1617a819fff", LAX_ONLY),
        ("a1617a1801", LAX_ONLY),
        ("a1617a3801", LAX_ONLY),
        ("a1617ad80100", LAX_ONLY),
        ("a1617af814", LAX_ONLY),
        ("a1617af818", ALL),
        ("a1617af90001", ALL),
        ("a1617afa00000001", ALL),
        ("a1617afb0000000000000001", LATE_ONLY),
        ("a1617a1b0000000000000001", ZCBOR_09_ONLY),
        ("a1617a1b0000000100000000", LATE_ONLY),
    ]);
}

#[test]
fn what_zcbor_0_6_skips_has_heads_of_up_to_four_octets() {
    taken(&[
        ("a1617a1affffffff", ALL),
        ("a1617a3affffffff", ALL),
        ("a1617a1bffffffffffffffff", LATE_ONLY),
        ("a1617a3bffffffffffffffff", LATE_ONLY),
        ("a1617a811bffffffffffffffff", LATE_ONLY),
        ("a1617afb3ff199999999999a", LATE_ONLY),
        ("a1617a5b0000000000000001aa", ZCBOR_09_ONLY),
        ("a1617a9b000000000000000100", ZCBOR_09_ONLY),
        // No decoder takes a tag of eight octets.
        ("a1617adb000000010000000000", NONE),
        ("a1617adaffffffff00", ALL),
    ]);
}

#[test]
fn zcbor_0_9_cuts_lengths_and_counts_to_32_bits() {
    taken(&[
        ("a1617a5b0000000100000001aa", LATE_ONLY),
        ("a1617a9b000000010000000100", LATE_ONLY),
        ("a1617a9b0000000100000000", LATE_ONLY),
        ("a1617abb0000000100000000", NONE),
    ]);
}

#[test]
fn zcbor_0_6_counts_a_skipped_map_in_32_bits() {
    // Twice 0x80000000 is nothing in 32 bits. The map of the request itself is checked.
    taken(&[("a1617aba80000000", EARLY_ONLY), ("ba80000000", NONE), ("ba7fffffff", NONE)]);
}

#[test]
fn zcbor_0_6_skips_only_the_head_behind_a_tag() {
    taken(&[
        ("a1617ac100", ALL),
        ("a1617ac1c2f6", ALL),
        ("a1617ac180", ALL),
        // The text that the head belongs to is left behind the definite map, where nobody looks.
        ("a1617ac16161", ALL),
        ("a1617ac16161 636f6666", ALL),
        // Here it would be the next key, and is none.
        ("a2617ac1610061 7a00", LATE_ONLY),
        ("a2617ac18100 617a00", LATE_ONLY),
        // Here it is: the head of a list of one, then a key and its value, then the break.
        ("bf617ac181 617a00 ff", EARLY_ONLY),
        ("bf617ac19fffff", ZCBOR_09_ONLY),
        ("a1617ac1", NONE),
    ]);
}

#[test]
fn a_skipped_map_may_have_a_key_without_a_value() {
    taken(&[
        ("a1617abf00ff", LAX_ONLY),
        ("a1617abfffff", LAX_ONLY),
        ("a1617aa100ff", NONE),
        ("a1617aa100", NONE),
        ("a1617aa1f4f5", ALL),
    ]);
}

#[test]
fn an_indefinite_map_may_end_with_a_key_without_a_value() {
    taken(&[
        ("bf617aff", LAX_ONLY),
        ("bf636f666605617aff", LAX_ONLY),
        ("bf617a00617aff", LAX_ONLY),
        // A key of the command must have its value, whatever the map.
        ("bf6464617461ff", NONE),
        ("bf636f6666ff", NONE),
        // A definite one tells how many values there are.
        ("a1617aff", NONE),
        ("a1617a", NONE),
        ("bf617a", NONE),
    ]);
    // The end of the map is the end of reading.
    let body = hex("bf617aff636f666605ff");
    assert_eq!(UploadRequest::decode(&body, Dialect::Zcbor09), Ok(UploadRequest::default()));
    // No decoder stays behind the head of a list that it could not skip.
    taken(&[("bf617a82ff", NONE), ("bf617ab2ff", NONE), ("bf617a81ffff", NONE)]);
    // zcbor 0.6 has passed the tags when it gives up, zcbor 0.9 has not.
    taken(&[("bf617ac1ff", EARLY_ONLY), ("a1617ac1ff", NONE), ("bf617a81c1ffff", NONE)]);
}

#[test]
fn a_skipped_string_may_be_cut_short_at_the_end() {
    taken(&[
        // zcbor 0.6 has counted the string when it finds it cut short: the map is complete.
        ("a1617a6261", ALL),
        ("a1617a60", ALL),
        ("a1617a62", EARLY_ONLY),
        ("a1617a7a00ffffff", EARLY_ONLY),
        ("a2617a00617a6561", EARLY_ONLY),
        ("a2617a6561", NONE),
        // Nothing is counted in an indefinite map; the break must be where the string begins.
        ("bf617a62ff", EARLY_ONLY),
        ("bf617a65ff0000", EARLY_ONLY),
        ("bf617a6261ff", NONE),
        ("bf617a6361ff", NONE),
        // zcbor 0.9 measures from before the head, and from before the tags.
        ("a1617a5803aa", LAX_ONLY),
        ("a1617ac164616161", ALL),
        ("a1617ac1646161", ALL),
        // Inside a list zcbor 0.6 goes back to where the list began.
        ("a1617a816261", LATE_ONLY),
        ("a1617a8162", NONE),
    ]);
}

#[test]
fn keys_and_values_of_the_command_are_never_cut_short() {
    taken(&[("a1646461746142aa", NONE), ("a164646174", NONE), ("a1637a7a", NONE)]);
}

#[test]
fn a_key_that_is_no_text_ends_an_indefinite_map_only_at_its_break() {
    taken(&[
        ("bf00ff", NONE),
        ("bf0000ff", NONE),
        ("bf80ff", NONE),
        ("bf7f617aff00ff", NONE),
        ("a10000", NONE),
        ("bf617a00ff00", LAX_ONLY),
    ]);
}

#[test]
fn strings_in_chunks_are_refused_in_every_dialect() {
    taken(&[
        ("a1617a5f41aaff", NONE),
        ("a1617a7f6161ff", NONE),
        ("bf617a5fffff", NONE),
        ("a164646174615f41aaff", NONE),
    ]);
}

#[test]
fn skipped_nesting_is_bounded_in_every_dialect() {
    for (head, tail) in [("81", ""), ("9f", "ff"), ("a100", ""), ("bf00", "ff")] {
        for depth in [16, 40, MAX_NESTING, MAX_NESTING + 1, 1000] {
            let value = format!("{}00{}", head.repeat(depth), tail.repeat(depth));
            let body = hex(&format!("a2617a{value}636f666605"));
            for dialect in [Dialect::Zcbor06, Dialect::Zcbor09] {
                let off = UploadRequest::decode(&body, dialect).map(|request| request.off);
                let expected =
                    if depth <= MAX_NESTING { Ok(Some(5)) } else { Err(CborError::TooDeep) };
                assert_eq!(off, expected, "{depth} of {head} in {dialect:?}");
            }
        }
    }
}

#[test]
fn a_known_key_twice_is_refused_in_every_dialect() {
    taken(&[
        ("a2636f666605636f666605", NONE),
        ("bf636f666605617a00636f666606ff", NONE),
        ("a2617a00617a00", ALL),
    ]);
}

#[test]
fn an_integer_of_64_bits_is_taken_where_the_server_has_64() {
    for dialect in [Dialect::Zcbor06, Dialect::Zcbor09] {
        let wide = hex("1b0000000000000005");
        assert_eq!(Reader::with_dialect(&wide, dialect).u64(), Ok(5));
        assert_eq!(Reader::with_dialect(&wide, dialect).u32(), Err(CborError::TooWide));
        assert_eq!(Reader::with_dialect(&hex("f6"), dialect).u64(), Err(CborError::WrongType));
    }
    let canonical = |value: &str| Reader::with_dialect(&hex(value), Dialect::Canonical).u64();
    assert_eq!(canonical("1b0000000000000005"), Err(CborError::NotMinimal));
    assert_eq!(canonical("1b0000000100000000"), Ok(1 << 32));
}

#[test]
fn the_early_echo_takes_the_first_text_under_d_and_nothing_behind_it() {
    let echo = |body: &str| {
        let body = hex(body);
        EchoRequest::decode(&body, Dialect::Zcbor06).map(|request| request.d.to_vec())
    };
    for (body, text) in [
        ("a161646178", "x"),
        ("bf61646178ff", "x"),
        ("a2617af661646179", "y"),
        ("a2617ac10061646179", "y"),
        ("a2617abf00ff61646179", "y"),
        ("a1616460", ""),
        ("a161646178ffff", "x"),
    ] {
        assert_eq!(echo(body), Ok(text.into()), "{body}");
    }
    for body in [
        "",
        "a0",
        "bfff",
        "a1617a00",
        "bf617aff",
        "a1617a62",
        "a161640161",
        "a2616461786164 6178",
        "a261646178617a00",
        "bf61646178617a00ff",
        "bf61646178",
        "a2617a1bffffffffffffffff61646179",
        "a2617afb000000000000000061646179",
    ] {
        assert!(echo(body).is_err(), "{body}");
    }
}

#[test]
fn the_later_echo_is_read_like_any_map() {
    for dialect in [Dialect::Zcbor09, Dialect::Canonical] {
        let echo = |body: &str| {
            let body = hex(body);
            EchoRequest::decode_as_map(&body, dialect).map(|request| request.d.to_vec())
        };
        for (body, text) in
            [("a0", ""), ("a1617a00", ""), ("a261646178617a00", "x"), ("a2617a0061646178", "x")]
        {
            assert_eq!(echo(body), Ok(text.into()), "{body} {dialect:?}");
        }
        for body in ["", "a161640161", "a2616461786164 6178", "a1617aff"] {
            assert!(echo(body).is_err(), "{body} {dialect:?}");
        }
    }
}
