//! Recorded serial lines of real servers: what they sent is cut as the model cuts it, and what they
//! received is taken, answered or ignored as they did.
//!
//! Set `SMPSIM_TRANSCRIPTS` to a folder of transcripts to read those instead.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use flate2::read::GzDecoder;
use serde_json::Value;
use server_model::{Profile, ServerConfig, ServerIn};
use sim_core::Sdu;
use smp_wire::serial::{Lines, Reassembly, Taken, encode};
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use support::{World, hex, unhex};

/// A session with at least one serial step.
struct Session {
    name: String,
    meta: Value,
    steps: Vec<Value>,
}

fn sessions() -> Vec<Session> {
    let testdata = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata");
    let folders = std::env::var_os("SMPSIM_TRANSCRIPTS").map_or_else(
        || ["zephyr-3.2", "zephyr-4.4", "serial"].map(|name| testdata.join(name)).to_vec(),
        |folder| vec![PathBuf::from(folder)],
    );
    let files = folders.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten();
    let mut paths: Vec<_> = files.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.file_name().unwrap().to_string_lossy().starts_with("serial-"));
    paths.sort();
    assert!(!paths.is_empty(), "no serial sessions in {folders:?}");
    paths.iter().map(|path| Session::read(path)).collect()
}

impl Session {
    fn read(path: &Path) -> Self {
        let mut text = String::new();
        let mut file = File::open(path).unwrap();
        if path.extension().is_some_and(|extension| extension == "gz") {
            GzDecoder::new(file).read_to_string(&mut text).unwrap();
        } else {
            file.read_to_string(&mut text).unwrap();
        }
        let mut lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let meta = lines.next().unwrap()["meta"].take();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let steps = lines.filter(|step| step["serial_in"].is_string()).collect();
        Self { name, meta, steps }
    }

    /// Octets of a buffer.
    fn buf_size(&self) -> u32 {
        let kconfig = &self.meta["kconfig"]["CONFIG_MCUMGR_BUF_SIZE"];
        let stated = kconfig.as_str().map(|size| size.parse().unwrap());
        stated.unwrap_or_else(|| self.meta["buf_size"].as_u64().unwrap() as u32)
    }

    fn config(&self) -> ServerConfig {
        let early = self.meta["zephyr"]["version"] == "3.2.99";
        ServerConfig {
            profile: if early { Profile::Z32 } else { Profile::Z4x },
            buf_size: self.buf_size(),
            params: self.meta["kconfig"]["CONFIG_OS_MGMT_MCUMGR_PARAMS"] != "n",
            ..ServerConfig::default()
        }
    }
}

fn octets(step: &Value, key: &str) -> Vec<u8> {
    step[key].as_str().map(unhex).unwrap_or_default()
}

/// Frames in the lines of a stream.
fn frames(stream: &[u8], size: usize) -> Vec<Vec<u8>> {
    let (mut lines, mut packet) = (Lines::default(), Reassembly::new(size));
    let mut frames = Vec::new();
    for &octet in stream {
        if lines.take(octet).is_some_and(|line| packet.take(line) == Taken::Whole) {
            frames.push(packet.replace(Vec::new()));
        }
    }
    frames
}

#[test]
fn whatever_a_server_sent_is_cut_into_the_same_lines() {
    let mut answers = 0;
    for session in sessions() {
        for step in &session.steps {
            let sent = octets(step, "serial_out");
            let mut lines = Vec::new();
            for frame in frames(&sent, 4096) {
                encode(&frame, &mut lines);
                answers += 1;
            }
            assert_eq!(hex(&lines), hex(&sent), "{} step {}", session.name, step["step"]);
        }
    }
    assert!(answers > 50, "{answers} answers");
}

#[test]
fn a_server_answers_and_ignores_the_same_lines() {
    for session in sessions() {
        let mut world = World::new(session.config());
        for step in &session.steps {
            let bytes = octets(step, "serial_in");
            let asks = frames(&bytes, session.buf_size() as usize);
            world.input(ServerIn::Serial(Sdu { tag: 1, bytes }.into()));
            world.settle();
            let said = std::mem::take(&mut world.notified).concat();
            let sent = octets(step, "serial_out");
            let at = format!("{} step {} {}", session.name, step["step"], step["note"]);
            // Other commands than echo and parameters are not this test's subject.
            if asks.iter().all(|frame| frame.get(4..6) == Some(&[0, 0]) || frame.len() < 8) {
                assert_eq!(hex(&said), hex(&sent), "{at}");
            } else {
                assert_eq!(said.is_empty(), sent.is_empty(), "{at}");
            }
        }
    }
}
