//! Single requests and their answers, byte for byte, as Zephyr 3.2 gives them; those of the image
//! group also as later ones do.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use flash_model::{ImageSpec, ImageVersion};
use server_model::{Profile, ServerConfig};
use support::{World, hex, unhex};

/// What is asked of a server, by name; request frames at one moment; responses.
struct Row(&'static str, &'static [&'static str], &'static [&'static str]);

/// Each row meets a server of its own: 4 buffers of 2475 octets, params built in, empty slots.
const STATELESS: &[Row] = &[
    Row("params", &["000000010000ff06a0"], &[PARAMS_FF]),
    Row("params, empty payload", &["0000000000000106"], &[PARAMS_01]),
    Row(
        "erase storage, group absent",
        &["02000002003f0100bfff"],
        &["03000006003f0100bf62726308ff"],
    ),
    Row("echo (write)", &["0200000600000500a16164626869"], &["0300000700000500bf6172626869ff"]),
    Row("echo (read)", &["0000000600000400a16164626869"], &["0100000700000400bf6172626869ff"]),
    Row("echo, flags", &["02aa000600000800a16164626869"], &["0300000700000800bf6172626869ff"]),
    Row("echo, v2 header", &["0a00000600000800a16164626869"], &["0300000700000800bf6172626869ff"]),
    Row("echo, no break", &["0200000600000500bf6164626869"], &["0300000600000500bf62726301ff"]),
    Row("echo, empty payload", &["0200000000000500"], &["0300000600000500bf62726301ff"]),
    Row("unknown id", &["0000000100000763a0"], &["0100000600000763bf62726308ff"]),
    Row("unknown group", &["00000001004d0700a0"], &["01000006004d0700bf62726308ff"]),
    Row("op 1", &["0100000600000800a16164626869"], &["0300000600000800bf62726303ff"]),
    Row("3-byte packet", &["000000"], &[]),
    Row(
        "header len too long",
        &["0200002800000900a16164626869"],
        &["0300000600000900bf62726309ff"],
    ),
    Row(
        "header len 2 of 6",
        &["0200000200000900a16164626869"],
        &["0300000700000900bf6172626869ff"],
    ),
    Row(
        "two requests in one packet",
        &["0200000600000900a161646268690200000600000a00a1616462796f"],
        &["0300000700000900bf6172626869ff", "0300000700000a00bf617262796fff"],
    ),
    Row(
        "good, bad, good in one packet",
        &["0200000600000900a161646268690000000100090a09a00200000600000b00a1616462796f"],
        &["0300000700000900bf6172626869ff", "0100000600090a09bf62726308ff"],
    ),
    Row(
        "no response buffer",
        &[
            "0200000600000900a16164626869",
            "0200000600000a00a16164626869",
            "0200000600000b00a16164626869",
            "0200000600000c00a16164626869",
        ],
        &[
            "0300000600000900bf62726302ff",
            "0300000700000a00bf6172626869ff",
            "0300000700000b00bf6172626869ff",
            "0300000700000c00bf6172626869ff",
        ],
    ),
    Row("reset", &["0200000000000705"], &["0300000200000705bfff"]),
    Row("reset with op read", &["0000000100000705a0"], &["0100000600000705bf62726308ff"]),
    Row("both slots empty", &["0000000100010000a0"], &[EMPTY_LIST]),
    Row(
        "test without hash",
        &["0200000a00012100a167636f6e6669726df4"],
        &["0300000600012100bf62726303ff"],
    ),
    Row("erase, bare reply", &["0200000100012205a0"], &["0300000600012205bf62726307ff"]),
    Row("erase slot 7", &["0200000700012205a164736c6f7407"], &["0300000600012205bf62726301ff"]),
];

const PARAMS_FF: &str = "010000190000ff06bf686275665f73697a651909ab696275665f636f756e7404ff";
const PARAMS_01: &str = "0100001900000106bf686275665f73697a651909ab696275665f636f756e7404ff";
const EMPTY_LIST: &str = "0100001800010000bf66696d616765739fff6b73706c697453746174757300ff";

/// One server, slot 0 with an image 0.0.0, takes an image of 80 octets and a test request.
const UPLOAD_AND_TEST: &[Row] = &[
    Row("first chunk, 48 of 80 bytes", &[FIRST_CHUNK], &["0300000800010101bf636f66661830ff"]),
    Row(
        "chunk ahead",
        &["0200001d00010201a2636f6666184064646174615085fd03a4c3d3ab20eb4be8fbac0e636d"],
        &["0300000800010201bf636f66661830ff"],
    ),
    Row("first chunk again: resume", &[FIRST_CHUNK_SEQ_3], &["0300000800010301bf636f66661830ff"]),
    Row("last chunk", &[LAST_CHUNK], &["0300000800010401bf636f66661850ff"]),
    Row("last chunk again", &[LAST_CHUNK_SEQ_5], &["0300000700010501bf636f666600ff"]),
    Row("list", &["0000000100010600a0"], &[LIST]),
    Row(
        "test slot 1",
        &[
            "0200003100010700a2646861736858201246b8ee1650a3c01b7bcca9240ed6da85fd03a4c3d3ab20eb4be8fbac0e636d67636f6e6669726df4",
        ],
        &[LIST_PENDING_TEST],
    ),
    Row(
        "confirm (no hash) while test pending",
        &["0200000a00010900a167636f6e6669726df5"],
        &[LIST_PENDING_CONFIRM],
    ),
    Row("upload while pending", &[UPLOAD_WHILE_PENDING], &["0300000600010a01bf62726305ff"]),
];

/// A server of Zephyr 3.7 without images.
const LATER_STATELESS: &[Row] = &[
    Row(
        "bad magic, v2",
        &[BAD_MAGIC_V2],
        &["0b00001300010401bf63657272bf6567726f75700162726317ffff"],
    ),
    Row("bad magic, v1", &[BAD_MAGIC], &["0300000600010401bf62726301ff"]),
    Row(
        "test without hash, v2",
        &["0a00000a00010600a167636f6e6669726df4"],
        &["0b00001400010600bf63657272bf6567726f7570016272631818ffff"],
    ),
    Row("erase, v2", &["0a00000100010805a0"], &["0b00000200010805bfff"]),
    Row(
        "erase slot 7, v2",
        &["0a00000700010805a164736c6f7407"],
        &["0b00001300010805bf63657272bf6567726f7570016272630affff"],
    ),
    Row("both slots empty", &["0000000100010000a0"], &[EMPTY_LIST]),
];

/// The same with a test pending, by [`UPLOAD_AND_TEST`].
const LATER_PENDING: &[Row] = &[
    Row(
        "confirm (no hash) while test pending, v1",
        &["0200000a00010900a167636f6e6669726df5"],
        &["0300000600010900bf62726306ff"],
    ),
    Row(
        "confirm (no hash) while test pending, v2",
        &["0a00000a00010900a167636f6e6669726df5"],
        &["0b00001400010900bf63657272bf6567726f757001627263181cffff"],
    ),
];

const SLOT_INFO: &str = "0900005100010c06bf66696d616765739fbf65696d6167650065736c6f74739fbf64736c6f74006473697a651a00076000ffbf64736c6f74016473697a651a000760006f75706c6f61645f696d6167655f696400ffffffffff";
const BAD_MAGIC_V2: &str = "0a00003400010401a3636c656e1905dc636f666600646461746158200000000000000000000000000000000000000000000000000000000000000000";
const FIRST_CHUNK: &str = "0200005000010101a4636c656e185063736861485d7ff13ae321dfa2636f666600646461746158303db8f3960000000020000000080000000000000001020300040000000000000023303d4a5764717e0769280010002000";
const FIRST_CHUNK_SEQ_3: &str = "0200005000010301a4636c656e185063736861485d7ff13ae321dfa2636f666600646461746158303db8f3960000000020000000080000000000000001020300040000000000000023303d4a5764717e0769280010002000";
const LAST_CHUNK: &str = "0200002e00010401a2636f66661830646461746158201246b8ee1650a3c01b7bcca9240ed6da85fd03a4c3d3ab20eb4be8fbac0e636d";
const LAST_CHUNK_SEQ_5: &str = "0200002e00010501a2636f66661830646461746158201246b8ee1650a3c01b7bcca9240ed6da85fd03a4c3d3ab20eb4be8fbac0e636d";
const UPLOAD_WHILE_PENDING: &str = "0200003300010a01a3636c656e1850636f666600646461746158203db8f39600000000200000000800000000000000010203000400000000000000";
const MISMATCH: &str = "0300001900010401bf627263036372736e6e6d61676963206d69736d61746368ff";
const NO_SLOT: &str = "0300001200010a01bf627263056372736e676e6f20736c6f74ff";
const BAD_MAGIC: &str = "0200003400010401a3636c656e1905dc636f666600646461746158200000000000000000000000000000000000000000000000000000000000000000";
const LIST: &str = "010000f600010600bf66696d616765739fbf64736c6f74006776657273696f6e65302e302e306468617368582033eee66482553d2adb4c205607d56353c803d3d00a54e33e22eeab3533d4634068626f6f7461626c65f56770656e64696e67f469636f6e6669726d6564f566616374697665f5697065726d616e656e74f4ffbf64736c6f74016776657273696f6e67312e322e332e34646861736858201246b8ee1650a3c01b7bcca9240ed6da85fd03a4c3d3ab20eb4be8fbac0e636d68626f6f7461626c65f56770656e64696e67f469636f6e6669726d6564f466616374697665f4697065726d616e656e74f4ffff6b73706c697453746174757300ff";
const LIST_PENDING_TEST: &str = "030000f600010700bf66696d616765739fbf64736c6f74006776657273696f6e65302e302e306468617368582033eee66482553d2adb4c205607d56353c803d3d00a54e33e22eeab3533d4634068626f6f7461626c65f56770656e64696e67f469636f6e6669726d6564f566616374697665f5697065726d616e656e74f4ffbf64736c6f74016776657273696f6e67312e322e332e34646861736858201246b8ee1650a3c01b7bcca9240ed6da85fd03a4c3d3ab20eb4be8fbac0e636d68626f6f7461626c65f56770656e64696e67f569636f6e6669726d6564f466616374697665f4697065726d616e656e74f4ffff6b73706c697453746174757300ff";
const LIST_PENDING_CONFIRM: &str = "030000f600010900bf66696d616765739fbf64736c6f74006776657273696f6e65302e302e306468617368582033eee66482553d2adb4c205607d56353c803d3d00a54e33e22eeab3533d4634068626f6f7461626c65f56770656e64696e67f469636f6e6669726d6564f566616374697665f5697065726d616e656e74f4ffbf64736c6f74016776657273696f6e67312e322e332e34646861736858201246b8ee1650a3c01b7bcca9240ed6da85fd03a4c3d3ab20eb4be8fbac0e636d68626f6f7461626c65f56770656e64696e67f569636f6e6669726d6564f466616374697665f4697065726d616e656e74f4ffff6b73706c697453746174757300ff";

fn config() -> ServerConfig {
    ServerConfig { buf_size: 2475, params: true, ..ServerConfig::default() }
}

fn check(world: &mut World, Row(what, requests, responses): &Row) {
    let requests: Vec<_> = requests.iter().map(|frame| unhex(frame)).collect();
    let requests: Vec<_> = requests.iter().map(Vec::as_slice).collect();
    let got: Vec<_> = world.exchange(&requests).iter().map(|frame| hex(frame)).collect();
    assert_eq!(got, *responses, "{what}");
}

/// A server whose slot 0 holds the image of the list above.
fn world_with_image(config: ServerConfig) -> World {
    let mut world = World::new(config);
    let hash = unhex("33eee66482553d2adb4c205607d56353c803d3d00a54e33e22eeab3533d46340");
    let spec = ImageSpec {
        version: ImageVersion::default(),
        hdr_size: 32,
        body_len: 100,
        stated_sha256: Some(hash.try_into().unwrap()),
        ..ImageSpec::default()
    };
    world.load(0, &spec.build());
    world
}

#[test]
fn requests_that_need_no_state_are_answered_byte_for_byte() {
    for row in STATELESS {
        check(&mut World::new(config()), row);
    }
}

#[test]
fn an_upload_and_a_test_are_answered_byte_for_byte() {
    let mut world = world_with_image(config());
    for row in UPLOAD_AND_TEST {
        check(&mut world, row);
    }
}

#[test]
fn later_servers_answer_with_errors_of_the_group() {
    for profile in [Profile::Z37, Profile::Z4x] {
        let config = || ServerConfig { profile, ..config() };
        for row in LATER_STATELESS {
            check(&mut World::new(config()), row);
        }
        let mut world = world_with_image(config());
        for row in UPLOAD_AND_TEST[..7].iter().chain(LATER_PENDING) {
            check(&mut world, row);
        }
    }
}

#[test]
fn a_later_server_with_verbose_errors_gives_its_reason_in_version_1_alone() {
    const REASON: &str = "0300001900010401bf627263016372736e6e6d61676963206d69736d61746368ff";
    let config = ServerConfig { profile: Profile::Z37, verbose_errors: true, ..config() };
    let mut world = World::new(config);
    check(&mut world, &Row("bad magic", &[BAD_MAGIC], &[REASON]));
    check(&mut world, &LATER_STATELESS[0]);
}

#[test]
fn a_server_that_checks_images_says_that_a_cut_name_does_not_match() {
    const NO_MATCH: &str = "0300000f00010401bf636f66661850656d61746368f4ff";
    for profile in [Profile::Z32, Profile::Z37] {
        let config = ServerConfig { profile, image_check: true, ..config() };
        let mut world = world_with_image(config);
        check(&mut world, &UPLOAD_AND_TEST[0]);
        check(&mut world, &Row("last chunk", &[LAST_CHUNK], &[NO_MATCH]));
    }
}

#[test]
fn slot_info_is_answered_byte_for_byte() {
    const REQUEST: &str = "0800000100010c06a0";
    let config = ServerConfig { profile: Profile::Z4x, slot_info: true, ..config() };
    check(&mut World::new(config), &Row("slot info", &[REQUEST], &[SLOT_INFO]));
}

#[test]
fn a_server_with_legacy_rc_says_zero_first() {
    let mut world = world_with_image(ServerConfig { legacy_rc: true, ..config() });
    check(&mut world, &Row("first", &[FIRST_CHUNK], &["0300000c00010101bf62726300636f66661830ff"]));
    check(&mut world, &Row("last", &[LAST_CHUNK], &["0300000c00010401bf62726300636f66661850ff"]));
    check(&mut world, &Row("erase", &["0200000100012205a0"], &["0300000600012205bf62726300ff"]));
}

#[test]
fn a_verbose_server_gives_its_reason() {
    let mut world = world_with_image(ServerConfig { verbose_errors: true, ..config() });
    check(&mut world, &Row("bad magic", &[BAD_MAGIC], &[MISMATCH]));
    for row in &UPLOAD_AND_TEST[..8] {
        check(&mut world, row);
    }
    check(&mut world, &Row("pending", &[UPLOAD_WHILE_PENDING], &[NO_SLOT]));
}

#[test]
fn after_a_request_whose_header_is_too_short_the_rest_is_dropped_silently() {
    let mut world = World::new(config());
    let frame = unhex("0200000200000900a16164626869");
    assert_eq!(world.exchange(&[&frame]).len(), 1);
    assert_eq!(world.drops(), [server_model::DropReason::Stub]);
}

#[test]
fn an_echo_may_fill_the_response_buffer_but_not_one_octet_more() {
    let echo = |len: usize| {
        let mut frame = vec![2, 0, 0, 0, 0, 0, 1, 0, 0xa1, 0x61, b'd', 0x79];
        frame.extend_from_slice(&(len as u16).to_be_bytes());
        frame.resize(frame.len() + len, b'z');
        smp_wire::header::put_len(&mut frame);
        frame
    };
    let mut world = World::new(config());
    let fits = echo(2474 - 14);
    assert_eq!(fits.len(), 2474);
    assert_eq!(world.ask(&fits).len(), 2475);
    assert_eq!(hex(&world.ask(&echo(2475 - 14))), "0300000600000100bf62726307ff");
    assert!(world.exchange(&[&echo(2476 - 14)]).is_empty());
}
