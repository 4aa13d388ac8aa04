//! Four exchanges that a phone had with an nRF52833 (NCS 2.4.1), byte for byte.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use flash_model::{Area, Device, ImageSpec, ImageVersion, Layout, Part, RadioSync};
use serde_json::Value;
use server_model::ServerConfig;
use smp_wire::image::decode_state;
use std::path::Path;
use support::{World, hex, unhex};

/// Requests and responses of the log in pairs.
fn exchanges() -> Vec<(Vec<u8>, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/seed-android-log.jsonl");
    let text = std::fs::read_to_string(path).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let frame = |line: &Value| line["hex"].as_str().unwrap().to_owned();
    let pairs = lines[1..].chunks(2);
    pairs.map(|pair| (unhex(&frame(&pair[0])), frame(&pair[1]))).collect()
}

/// Two slots on the smaller part; where they lie does not show in the answers.
const LAYOUT: Layout = Layout {
    boot: Area::new(0, 0xc000),
    slots: [Area::new(0xc000, 0x37000), Area::new(0x43000, 0x37000)],
    scratch: None,
    storage: Some(Area::new(0x7a000, 0x6000)),
};

#[test]
fn the_phone_gets_the_answers_of_the_log() {
    let exchanges = exchanges();
    assert_eq!(exchanges.len(), 4);
    let listed = decode_state(&unhex(&exchanges[1].1)[8..]).unwrap();

    let config = ServerConfig {
        buf_size: 2475,
        reassembly: true,
        params: true,
        layout: LAYOUT,
        ..ServerConfig::default()
    };
    assert_eq!(config.check(&Part::nrf52833().geometry), Ok(()));
    let flash = Device::new(Part::nrf52833(), RadioSync::None);
    let mut world = World::with_flash(config, flash);
    for (slot, state) in listed.iter().enumerate() {
        // The images are known by what the list shows of them.
        let spec = ImageSpec {
            version: ImageVersion::default(),
            body_len: 1000,
            seed: slot as u32,
            stated_sha256: state.hash,
            ..ImageSpec::default()
        };
        world.load(slot, &spec.build());
    }
    world.load_trailer(1, support::TEST_PENDING);

    for (request, response) in exchanges {
        assert_eq!(hex(&world.ask(&request)), response);
    }
    assert!(world.ops.is_empty(), "the confirm changes nothing");
}
