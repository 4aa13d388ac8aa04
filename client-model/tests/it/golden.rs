//! The request sequences of real clients, byte for byte through the whole client.

use crate::server::Server;
use crate::world::World;
use client_model::{ClientConfig, Image, LenRule, Mode, StrategyKind};
use serde_json::Value;
use sha2::{Digest, Sha256};
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
fn replay(mut config: ClientConfig, att_mtu: u16, buf_size: Option<u32>, case: &Value) {
    config.mode = Mode::UploadOnly;
    let mut world = World::new(config);
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
    let total = |of: fn(&(usize, usize, usize)) -> usize| sent.iter().map(of).sum::<usize>();
    assert_eq!(sent.len(), number(&requests["total_frames"]));
    assert_eq!(total(|sent| sent.1), number(&requests["total_data_bytes"]));
    assert_eq!(total(|sent| sent.2), number(&requests["total_frame_bytes"]));
    for (n, key) in [(0, "first_frame_hex"), (1, "second_frame_hex")] {
        if let Some(hex) = case[key].as_str() {
            let frame = &world.chunks().nth(n).expect("a frame").frame;
            assert_eq!(elided(frame), hex, "{}", case["inputs"]);
        }
    }
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

/// The frame in hex, sequence number 0, with its data elided.
fn elided(frame: &[u8]) -> String {
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
    head[6] = 0;
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
