//! The request sequences of real clients, byte for byte through the whole client.

use crate::server::Server;
use crate::world::World;
use client_model::{ClientConfig, Image, LenRule, Mode, StrategyKind, Transport};
use serde_json::Value;
use sha2::{Digest, Sha256};
use sim_core::Sdu;
use std::path::Path;

fn cases(file: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/clients").join(file);
    let text = std::fs::read_to_string(path).expect("the file is vendored");
    let mut json: Value = serde_json::from_str(&text).expect("the file is JSON");
    serde_json::from_value(json["cases"].take()).expect("cases are a list")
}

fn number(value: &Value) -> usize {
    value.as_u64().expect("a number") as usize
}

/// The image that the head of each file describes.
fn image(len: usize, image_number: u32) -> Image {
    let body_len = len - 72;
    let mut bytes = Vec::new();
    for word in [0x96f3_b83d, 0, 32, body_len as u32, 0] {
        bytes.extend_from_slice(&u32::to_le_bytes(word));
    }
    bytes.extend_from_slice(&[1, 2, 3, 0, 4, 0, 0, 0, 0, 0, 0, 0]);
    let mut block = Sha256::digest([1]);
    while bytes.len() < 32 + body_len {
        let rest = (32 + body_len - bytes.len()).min(32);
        bytes.extend_from_slice(&block[..rest]);
        block = Sha256::digest(block);
    }
    let hash = Sha256::digest(&bytes);
    bytes.extend_from_slice(&[0x07, 0x69, 40, 0, 0x10, 0, 32, 0]);
    bytes.extend_from_slice(&hash);
    assert_eq!(bytes.len(), len);
    let sha256 = Sha256::digest(&bytes).into();
    Image { number: image_number, ..Image::new(bytes.into(), sha256, hash.into()) }
}

/// Uploads to a server that accepts everything, and compares with what the case says.
fn replay(config: ClientConfig, att_mtu: u16, buf_size: Option<u32>, case: &Value) {
    replay_over(Transport::Ble, config, att_mtu, buf_size, case);
}

fn replay_over(
    transport: Transport,
    mut config: ClientConfig,
    att_mtu: u16,
    buf_size: Option<u32>,
    case: &Value,
) {
    config.mode = Mode::UploadOnly;
    // Recorded frames have their numbers, computed ones have 0.
    let computed = [
        StrategyKind::Android,
        StrategyKind::Ios,
        StrategyKind::ZephyrImgMgmtClient,
        StrategyKind::NcsCentralSample,
    ];
    let numbered = !computed.contains(&config.strategy);
    if let Some(first) = case["first_frame_hex"].as_str().filter(|_| numbered) {
        let seq = u8::from_str_radix(&first[12..14], 16).expect("a number");
        // The question for the server's buffers has the number before.
        config.draw = seq.wrapping_sub(config.auto_frame.into()).into();
    }
    let mut world = World::new(config);
    world.transport = transport;
    world.att_mtu = att_mtu;
    world.server = Server::new([0xbb; 32]);
    world.server.params = buf_size.map(|size| (size, 4));
    world.server.rc_first = true;
    world.run();

    let sent: Vec<(usize, usize, usize)> = world
        .chunks()
        .map(|seen| {
            let chunk = seen.chunk().expect("filtered");
            let data = chunk.data.expect("data").len();
            (chunk.off.expect("off") as usize, data, seen.frame.len())
        })
        .collect();
    let requests = &case["requests"];
    assert_eq!(sent, expected(requests), "{}", case["inputs"]);
    if let Some(wire) = requests["first"][0]["wire"].as_array() {
        assert_eq!(writes(&world), runs(wire), "{}", case["inputs"]);
    }
    let total = |of: fn(&(usize, usize, usize)) -> usize| sent.iter().map(of).sum::<usize>();
    assert_eq!(sent.len(), number(&requests["total_frames"]));
    assert_eq!(total(|sent| sent.1), number(&requests["total_data_bytes"]));
    assert_eq!(total(|sent| sent.2), number(&requests["total_frame_bytes"]));
    for (n, key) in [(0, "first_frame_hex"), (1, "second_frame_hex")] {
        if let Some(hex) = case[key].as_str() {
            let frame = &world.chunks().nth(n).expect("a frame").frame;
            assert_eq!(elided(frame, numbered), hex, "{}", case["inputs"]);
        }
    }
}

/// Lengths of the writes, or lines, of the first chunk.
fn writes(world: &World) -> Vec<usize> {
    let chunk = world.chunks().next().expect("a chunk");
    let at = world.server.seen.iter().position(|seen| seen == chunk).expect("it was seen");
    let mut tags: Vec<u32> = world.writes.iter().map(|sdu| sdu.tag).collect();
    tags.dedup();
    let of_chunk = world.writes.iter().filter(|sdu| sdu.tag == tags[at]);
    let lens = |sdu: &Sdu| match world.transport {
        Transport::Serial => {
            sdu.bytes.split_inclusive(|&octet| octet == b'\n').map(<[u8]>::len).collect()
        }
        Transport::Ble | Transport::Udp => vec![sdu.bytes.len()],
    };
    of_chunk.flat_map(lens).collect()
}

/// Length and count of each run, written out.
fn runs(wire: &[Value]) -> Vec<usize> {
    wire.iter().flat_map(|run| std::iter::repeat_n(number(&run[0]), number(&run[1]))).collect()
}

/// Offset, data length and frame length of each request.
fn expected(requests: &Value) -> Vec<(usize, usize, usize)> {
    let mut all = Vec::new();
    for first in requests["first"].as_array().expect("a list") {
        let field = |key: &str| number(&first[key]);
        all.push((field("off"), field("data_len"), field("frame_len")));
    }
    for run in requests["runs"].as_array().expect("a list") {
        let field = |key: &str| number(&run[key]);
        for n in 0..field("count") {
            let off = field("off") + n * field("data_len");
            all.push((off, field("data_len"), field("frame_len")));
        }
    }
    all
}

/// The frame in hex with its data elided; without its number when that is not `numbered`.
fn elided(frame: &[u8], numbered: bool) -> String {
    let digit = |nibble| char::from_digit(u32::from(nibble), 16).expect("below 16");
    let hex = |bytes: &[u8]| -> String {
        bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
    };
    let chunk =
        smp_wire::image::UploadRequest::decode(&frame[8..], smp_wire::cbor::Dialect::default())
            .expect("a request");
    let data = chunk.data.expect("data");
    let at = frame.windows(data.len()).position(|window| window == data).expect("it is in there");
    let mut head = frame[..at].to_vec();
    head[6] = if numbered { head[6] } else { 0 };
    format!("{}..data[{}]..{}", hex(&head), data.len(), hex(&frame[at + data.len()..]))
}

fn android(case: &Value, window: u8) {
    let inputs = &case["inputs"];
    let image = image(number(&inputs["image_len"]), number(&inputs["image"]) as u32);
    let mut config = ClientConfig::new(StrategyKind::Android, image);
    config.window = window;
    if let Some(alignment) = inputs["memory_alignment"].as_u64() {
        config.memory_alignment = alignment as u16;
    }
    let buf_size = inputs["buf_size"].as_u64().map(|size| size as u32);
    replay(config, number(&inputs["att_mtu"]) as u16, buf_size, case);
}

#[test]
fn android_with_window_1_sends_what_its_source_computes() {
    let cases = cases("android_window1.json");
    assert!(!cases.is_empty());
    for case in cases {
        android(&case, 1);
    }
}

#[test]
fn android_with_a_larger_window_sends_what_its_source_computes() {
    let cases = cases("android_windowN.json");
    assert!(!cases.is_empty());
    for case in cases {
        for window in [2, 3, 7] {
            android(&case, window);
        }
    }
}

/// The shown order of the keys is the one that a draw of 0 gives.
#[test]
fn ios_sends_what_its_source_computes() {
    let cases = cases("ios.json");
    assert!(!cases.is_empty());
    for case in cases {
        let inputs = &case["inputs"];
        for depth in [1, 3] {
            let image = image(number(&inputs["image_len"]), number(&inputs["image"]) as u32);
            let mut config = ClientConfig::new(StrategyKind::Ios, image);
            config.window = depth;
            config.memory_alignment = number(&inputs["byte_alignment"]) as u16;
            let buf_size = inputs["reassembly_buf"].as_u64().map(|size| size as u32);
            replay(config, number(&inputs["att_mtu"]) as u16, buf_size, &case);
        }
    }
}

/// What carries a case's frames, and how long a write may be there, three octets added.
fn carrier(inputs: &Value) -> (Transport, u16) {
    match inputs["transport"].as_str().expect("a transport") {
        "ble" => (Transport::Ble, number(&inputs["att_mtu"]) as u16),
        "udp4" => (Transport::Udp, u16::MAX),
        "serial-console" => (Transport::Serial, u16::MAX),
        other => panic!("{other}"),
    }
}

#[test]
fn smpclient_sends_what_was_recorded() {
    for file in ["smpclient_ble.json", "smpclient_udp.json", "smpclient_serial.json"] {
        let cases = cases(file);
        assert!(!cases.is_empty());
        for case in cases {
            let inputs = &case["inputs"];
            for kind in [StrategyKind::Smpclient, StrategyKind::Smpmgr] {
                let image = image(number(&inputs["image_len"]), number(&inputs["image"]) as u32);
                let mut config = ClientConfig::new(kind, image);
                config.mtu_option = inputs["link_mtu"].as_u64().unwrap_or(0) as u16;
                let buf_size = inputs["buf_size"].as_u64().map(|size| size as u32);
                let (transport, att_mtu) = carrier(inputs);
                replay_over(transport, config, att_mtu, buf_size, &case);
            }
        }
    }
}

#[test]
fn the_devzone_sample_sends_its_whole_slot_as_published() {
    let cases = cases("ncs_central_dfu_sample.json");
    assert!(!cases.is_empty());
    for case in cases {
        let inputs = &case["inputs"];
        let image = image(373_928, 0);
        let mut config = ClientConfig::new(StrategyKind::NcsCentralSample, image);
        config.len_rule = LenRule::Slot { len: number(&inputs["slot_len"]) as u32 };
        config.chunk = number(&inputs["upload_chunk"]) as u16;
        replay(config, 498, None, &case);
    }
}

#[test]
fn mcumgr_toolkit_sends_what_was_recorded() {
    let cases = cases("mcumgr_toolkit_serial.json");
    assert!(!cases.is_empty());
    for case in cases {
        let inputs = &case["inputs"];
        let image = image(number(&inputs["image_len"]), 0);
        let mut config = ClientConfig::new(StrategyKind::McumgrToolkit, image);
        config.auto_frame = inputs["auto_frame_size"].as_bool().expect("a truth");
        let buf_size = Some(number(&inputs["buf_size"]) as u32);
        let (transport, att_mtu) = carrier(inputs);
        replay_over(transport, config, att_mtu, buf_size, &case);
    }
}

#[test]
fn mcumgr_client_sends_what_was_recorded() {
    let cases = cases("mcumgr_client.json");
    assert!(!cases.is_empty());
    for case in cases {
        let inputs = &case["inputs"];
        let image = image(number(&inputs["image_len"]), number(&inputs["image"]) as u32);
        let mut config = ClientConfig::new(StrategyKind::McumgrClient, image);
        config.mtu_option = number(&inputs["mtu_option"]) as u16;
        let (transport, att_mtu) = carrier(inputs);
        replay_over(transport, config, att_mtu, Some(384), &case);
    }
}

#[test]
fn the_go_tool_sends_what_was_recorded() {
    let cases = cases("go_mcumgr_cli.json");
    assert!(!cases.is_empty());
    for case in cases {
        let inputs = &case["inputs"];
        let image = image(number(&inputs["image_len"]), number(&inputs["image"]) as u32);
        let mut config = ClientConfig::new(StrategyKind::GoMcumgr, image);
        let words: Vec<&str> =
            inputs["transport"].as_str().expect("a transport").split(' ').collect();
        let (transport, att_mtu) = match words[..] {
            ["serial-console", "(default", ..] => (Transport::Serial, u16::MAX),
            ["serial-console", "(mtu", mtu] => {
                config.mtu_option = mtu.trim_end_matches(')').parse().expect("a number");
                (Transport::Serial, u16::MAX)
            }
            ["ble", "att", mtu, ..] => (Transport::Ble, mtu.parse().expect("a number")),
            ref other => panic!("{other:?}"),
        };
        replay_over(transport, config, att_mtu, Some(384), &case);
    }
}

#[test]
fn zephyrs_client_sends_what_its_source_computes() {
    let cases = cases("zephyr_img_mgmt_client.json");
    assert!(!cases.is_empty());
    for case in cases {
        let inputs = &case["inputs"];
        let image = image(number(&inputs["image_len"]), number(&inputs["image"]) as u32);
        let mut config = ClientConfig::new(StrategyKind::ZephyrImgMgmtClient, image);
        config.mtu_option = number(&inputs["netbuf_size"]) as u16;
        config.memory_alignment = number(&inputs["alignment"]) as u16;
        config.sends_sha = inputs["hash_given"].as_bool().expect("a truth");
        replay_over(Transport::Udp, config, u16::MAX, Some(384), &case);
    }
}
