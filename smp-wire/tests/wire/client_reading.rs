//! What a client makes of answers, from servers of all ages and in any form.

use crate::support::{FORMS, hex};
use smp_wire::cbor::{CborError, MapForm, Writer};
use smp_wire::errors::{ErrorBody, Rc, find_error, group_error_name, rc_name};
use smp_wire::group::{self, command_name, group_name};
use smp_wire::image::{SlotState, UploadResponse, VersionText, decode_state, emit_state};
use smp_wire::os::{EchoResponse, ParamsResponse};

fn slot() -> SlotState {
    SlotState {
        image: None,
        slot: 1,
        version: VersionText::from_parts(1, 2, 3, 4),
        hash: Some([7; 32]),
        bootable: true,
        pending: true,
        confirmed: false,
        active: false,
        permanent: false,
    }
}

#[test]
fn upload_answers_are_read_with_and_without_rc_in_any_order() {
    let read = |body: &str| UploadResponse::decode(&hex(body)).unwrap();
    let expected = UploadResponse { rc: Some(0), off: Some(80), matched: None };
    assert_eq!(read("bf62726300636f66661850ff"), expected);
    assert_eq!(read("a2636f6666185062726300"), expected);
    assert_eq!(read("a1636f66661850"), UploadResponse { rc: None, ..expected });
    assert_eq!(read("a0"), UploadResponse::default());
    assert_eq!(read("a3617a8100636f66661b000000000000005062726300"), expected, "any width");
    assert_eq!(read("a2636f666601636f66661850").off, Some(80), "the last of two counts");
    assert_eq!(read("a162726320").rc, Some(-1));
}

#[test]
fn an_offset_beyond_32_bits_is_an_error_not_another_offset() {
    let answer = hex("a1636f66661b0000000100000000");
    assert_eq!(UploadResponse::decode(&answer), Err(CborError::OutOfRange));
}

#[test]
fn params_need_both_numbers() {
    let both = hex("a369696e73745f726f6c6500686275665f73697a65190180696275665f636f756e7404");
    assert_eq!(ParamsResponse::decode(&both), Ok(ParamsResponse { buf_size: 384, buf_count: 4 }));
    let one = hex("a1686275665f73697a65190180");
    assert_eq!(ParamsResponse::decode(&one), Err(CborError::MissingKey));
    assert_eq!(EchoResponse::decode(&hex("a0")), Err(CborError::MissingKey));
}

#[test]
fn a_frugal_list_says_the_same_as_a_full_one() {
    let slots = [SlotState { image: Some(1), ..slot() }, SlotState { hash: None, ..slot() }];
    for form in FORMS {
        let (mut full, mut frugal) = (Vec::new(), Vec::new());
        emit_state(&mut full, &slots, form, false);
        emit_state(&mut frugal, &slots, form, true);
        assert!(frugal.len() < full.len());
        assert_eq!(decode_state(&full).unwrap(), slots);
        assert_eq!(decode_state(&frugal).unwrap(), slots);
    }
}

#[test]
fn list_entries_may_hold_unknown_keys_in_any_order() {
    let mut body = Vec::new();
    let mut writer = Writer::new(&mut body, MapForm::Definite);
    writer.map(2);
    writer.text("splitStatus");
    writer.uint(0);
    writer.text("images");
    writer.array(1);
    writer.map(4);
    writer.text("active");
    writer.bool(true);
    writer.text("compressed");
    writer.bool(true);
    writer.text("version");
    writer.text("<???>");
    writer.text("slot");
    writer.uint(0);
    let [found] = decode_state(&body).unwrap()[..] else { panic!("one slot") };
    assert_eq!((found.slot, found.active, found.hash), (0, true, None));
    assert_eq!(found.version.as_str(), "<???>");
    assert!(!(found.bootable || found.pending || found.confirmed || found.permanent));
}

#[test]
fn a_list_without_images_or_an_entry_without_slot_is_an_error() {
    assert_eq!(decode_state(&hex("a0")), Err(CborError::MissingKey));
    assert_eq!(decode_state(&hex("bf62726303ff")), Err(CborError::MissingKey));
    assert_eq!(decode_state(&hex("a166696d6167657381a0")), Err(CborError::MissingKey));
    let short_hash = hex("a166696d6167657381a1646861736841aa");
    assert_eq!(decode_state(&short_hash), Err(CborError::OutOfRange));
}

#[test]
fn versions_are_spelled_with_dots_and_the_build_only_when_it_counts() {
    let spelled = |a, b, c, d| VersionText::from_parts(a, b, c, d).to_string();
    assert_eq!(spelled(0, 0, 0, 0), "0.0.0");
    assert_eq!(spelled(1, 10, 100, 0), "1.10.100");
    assert_eq!(spelled(1, 2, 3, 4), "1.2.3.4");
    assert_eq!(spelled(255, 255, u16::MAX, u32::MAX), "255.255.65535.4294967295");
    assert_eq!(VersionText::try_from("1.2.3.4"), Ok(VersionText::from_parts(1, 2, 3, 4)));
    let too_long = VersionText::try_from("255.255.65535.4294967295+");
    assert_eq!(too_long, Err(CborError::OutOfRange));
}

#[test]
fn errors_are_found_in_all_three_forms() {
    let rc = |body: &str| find_error(&hex(body));
    let group = |group, rc| Some(ErrorBody::Group { group, rc });
    assert_eq!(rc("bf62726308ff"), Some(ErrorBody::Rc(8)));
    assert_eq!(rc("a162726308"), Some(ErrorBody::Rc(8)));
    assert_eq!(rc("bf627263056372736e676e6f20736c6f74ff"), Some(ErrorBody::Rc(5)), "with rsn");
    assert_eq!(rc("bf63657272bf6567726f757001627263181cffff"), group(1, 28));
    assert_eq!(rc("a163657272a26272630b6567726f757008"), group(8, 11), "definite, other order");
    assert_eq!(rc("a163726574a26567726f7570016272630a"), group(1, 10), "as `ret`");
    let with_rest = "a263657272a26567726f7570086272630b636c656e18c8";
    assert_eq!(rc(with_rest), group(8, 11), "more keys after it");
    assert_eq!(rc("a2616f6063657272a26567726f7570096272 6303"), group(9, 3));
    assert_eq!(rc("a162726320"), Some(ErrorBody::Rc(-1)));
    assert_eq!(rc("a162726319012c"), Some(ErrorBody::Rc(300)));
}

#[test]
fn the_first_of_two_errors_counts() {
    let group = ErrorBody::Group { group: 1, rc: 10 };
    let rc_first = hex("a2 62726303 63657272a26567726f7570016272630a");
    assert_eq!(find_error(&rc_first), Some(ErrorBody::Rc(3)));
    let group_first = hex("a2 63657272a26567726f7570016272630a 62726303");
    assert_eq!(find_error(&group_first), Some(group));
    let rc_is_zero = hex("a2 62726300 63657272a26567726f7570016272630a");
    assert_eq!(find_error(&rc_is_zero), Some(group));
}

#[test]
fn success_is_no_error() {
    for body in [
        "a0",
        "bfff",
        "a162726300",
        "bf62726300636f66661850ff",
        "a163657272a0",
        "a163657272a26567726f75700162726300",
        // The shell's `ret` is the command's own number.
        "a2616f60 63726574 03",
        "a162726340",
    ] {
        assert_eq!(find_error(&hex(body)), None, "{body}");
    }
}

#[test]
fn numbers_too_large_for_an_error_saturate() {
    let rc = |body: &str| find_error(&hex(body));
    assert_eq!(rc("a16272631bffffffffffffffff"), Some(ErrorBody::Rc(i32::MAX)));
    assert_eq!(rc("a16272633bffffffffffffffff"), Some(ErrorBody::Rc(i32::MIN)));
    let wide = "a163657272a26567726f75701a00010000627263 1a00010000";
    assert_eq!(rc(wide), Some(ErrorBody::Group { group: u16::MAX, rc: u16::MAX }));
}

#[test]
fn a_body_that_is_not_well_formed_holds_no_error() {
    for body in ["", "00", "bf62726308", "a262726308", "a1627263", "bf627263"] {
        assert_eq!(find_error(&hex(body)), None, "{body}");
    }
}

#[test]
fn error_bodies_are_found_as_they_were_written() {
    let errors = [
        ErrorBody::Rc(1),
        ErrorBody::Rc(i32::MAX),
        ErrorBody::Rc(i32::MIN),
        ErrorBody::Group { group: 0, rc: 1 },
        ErrorBody::Group { group: 63, rc: u16::MAX },
    ];
    for error in errors {
        for form in FORMS {
            let mut body = Vec::new();
            error.emit(&mut body, form);
            assert_eq!(find_error(&body), Some(error));
        }
    }
}

#[test]
fn codes_have_zephyrs_names() {
    assert_eq!(rc_name(0), "MGMT_ERR_EOK");
    assert_eq!(rc_name(Rc::NotSupported.code().into()), "MGMT_ERR_ENOTSUP");
    assert_eq!(rc_name(Rc::TooNew.code().into()), "MGMT_ERR_UNSUPPORTED_TOO_NEW");
    assert_eq!(rc_name(256), "MGMT_ERR_EPERUSER");
    assert_eq!((rc_name(14), rc_name(-1)), ("unassigned", "unassigned"));
    for code in 0..14 {
        assert_eq!(Rc::from_code(code).map(Rc::code), Some(code));
    }
    assert_eq!((Rc::from_code(14), Rc::from_code(-1)), (None, None));
}

#[test]
fn group_errors_have_zephyrs_names_at_zephyrs_numbers() {
    for (group, rc, name) in [
        (group::OS, 7, "OS_MGMT_ERR_HEAP_STATS_FETCH_FAILED"),
        (group::IMAGE, 1, "IMG_MGMT_ERR_UNKNOWN"),
        (group::IMAGE, 9, "IMG_MGMT_ERR_NO_FREE_SLOT"),
        (group::IMAGE, 23, "IMG_MGMT_ERR_INVALID_IMAGE_HEADER_MAGIC"),
        (group::IMAGE, 28, "IMG_MGMT_ERR_IMAGE_ALREADY_PENDING"),
        (group::IMAGE, 34, "IMG_MGMT_ERR_ACTIVE_SLOT_NOT_KNOWN"),
        (group::STAT, 5, "STAT_MGMT_ERR_WALK_ABORTED"),
        (group::SETTINGS, 8, "SETTINGS_MGMT_ERR_SAVE_NOT_SUPPORTED"),
        (group::FS, 16, "FS_MGMT_ERR_FILE_EMPTY"),
        (group::SHELL, 3, "SHELL_MGMT_ERR_EMPTY_COMMAND"),
        (group::ENUM, 4, "ENUM_MGMT_ERR_INDEX_TOO_LARGE"),
        (group::ZEPHYR_BASIC, 4, "ZEPHYRBASIC_MGMT_ERR_FLASH_ERASE_FAILED"),
    ] {
        assert_eq!(group_error_name(group, rc), Some(name));
    }
    assert_eq!(group_error_name(group::IMAGE, 35), None);
    assert_eq!(group_error_name(group::LOG, 1), None);
}

#[test]
fn groups_and_commands_have_names() {
    assert_eq!(group_name(group::IMAGE), Some("image"));
    assert_eq!(group_name(group::ZEPHYR_BASIC), Some("zephyr basic"));
    assert_eq!(group_name(77), None);
    assert_eq!(command_name(group::OS, group::os::PARAMS), Some("params"));
    assert_eq!(command_name(group::IMAGE, group::image::UPLOAD), Some("upload"));
    assert_eq!(command_name(group::IMAGE, 2), None);
    assert_eq!(command_name(group::LOG, 0), None);
}
