//! A phone's update of October 2023 as its owner logged it: the image is already in slot 1 and
//! marked for a trial boot, so the confirm changes nothing and the phone gives up.

use crate::server::{Server, slot};
use crate::world::World;
use client_model::{
    ClientConfig, ClientError, ClientOut, Era, Finish, Image, Mode, Outcome,
    Phase::{Confirm, Connect, Discover, Done, EraseSettings, List, Params},
    StrategyKind,
};
use serde_json::Value;
use std::path::Path;

fn octets(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.chars().map(|c| c.to_digit(16).expect("a hex digit") as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

fn log() -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/seed-android-log.jsonl");
    let text = std::fs::read_to_string(path).expect("the log is vendored");
    text.lines().skip(1).map(|line| serde_json::from_str(line).expect("a JSON line")).collect()
}

fn frames(log: &[Value], dir: &str) -> Vec<Vec<u8>> {
    log.iter()
        .filter(|line| line["dir"] == dir)
        .map(|line| octets(line["hex"].as_str().expect("hex")))
        .collect()
}

fn hash(log: &[Value], n: usize) -> [u8; 32] {
    let list = &log[3]["cbor"]["images"][n]["hash"];
    octets(list.as_str().expect("a hash")).try_into().expect("32 octets")
}

#[test]
fn the_four_requests_and_the_failure_are_those_of_the_log() {
    let log = log();
    let image = Image::new(vec![0; 200_000].into(), [0; 32], hash(&log, 1));
    let mut config = ClientConfig::new(StrategyKind::Android, image);
    config.era = Era::Legacy;
    config.mode = Mode::ConfirmOnly;
    config.erase_settings = true;
    let mut world = World::new(config);
    world.att_mtu = 498;
    world.server = Server::new([0xbb; 32]);
    world.server.params = Some((2475, 4));
    world.server.slots = vec![slot(0, hash(&log, 0), "ca"), slot(1, hash(&log, 1), "p")];
    // Version 0.0.0 in the log, which the client does not look at.
    let finish = world.run();

    let written: Vec<Vec<u8>> = world.writes.iter().map(|sdu| sdu.bytes.clone()).collect();
    assert_eq!(written, frames(&log, "tx"));
    let error = Some(ClientError::ConfirmNoEffect);
    assert_eq!(finish, Some(Finish { outcome: Outcome::Failed, error }));
    assert_eq!(world.outs.iter().filter(|out| **out == ClientOut::Disconnect).count(), 1);
    assert_eq!(world.server.resets, 0);
    let phases = [Connect, Discover, Params, List, EraseSettings, Confirm, Done];
    assert_eq!(world.phases(), phases);
}

#[test]
fn the_answers_of_the_log_lead_to_the_same_end() {
    let log = log();
    let image = Image::new(vec![0; 200_000].into(), [0; 32], hash(&log, 1));
    let mut config = ClientConfig::new(StrategyKind::Android, image);
    config.era = Era::Legacy;
    config.mode = Mode::ConfirmOnly;
    config.erase_settings = true;
    let mut world = World::new(config);
    world.att_mtu = 498;
    let answers = frames(&log, "rx");
    world.server.script =
        Box::new(move |_, n| crate::server::Reaction::Body(answers[n][8..].to_vec()));
    world.fails_with(ClientError::ConfirmNoEffect);
    assert_eq!(world.server.seen.len(), 4);
}
