//! Recorded sessions of the real server: Zephyr 3.2.99 built for `native_posix`, its requests, the
//! responses, and what became of the flash. The format is described in each file's first line.
//!
//! Set `SMPSIM_TRANSCRIPTS` to a folder to replay the transcripts there instead, and to see how
//! many steps of each file hold.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use flash_model::{Area, Device, FlashOp, FlashView, Part, RadioSync};
use flate2::read::GzDecoder;
use serde_json::Value;
use server_model::{DropReason, EraseMode, Profile, ServerConfig, ServerEvent};
use sim_core::Span;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use support::{World, hex, unhex};

#[test]
fn every_step_of_every_transcript_holds() {
    let mut failures = Vec::new();
    let mut steps = 0;
    let folder = std::env::var_os("SMPSIM_TRANSCRIPTS").map_or_else(vendored, PathBuf::from);
    for path in transcripts(&folder) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let outcome = Replay::open(&path).run();
        println!("{name}: {} of {} steps hold", outcome.passed, outcome.steps);
        steps += outcome.steps;
        failures.extend(outcome.failures.into_iter().map(|failure| format!("{name}: {failure}")));
    }
    assert!(steps > 0, "no transcripts in {}", folder.display());
    let count = failures.len();
    failures.truncate(20);
    assert!(count == 0, "{count} of {steps} steps differ:\n{}", failures.join("\n"));
}

fn vendored() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/zephyr-3.2")
}

fn transcripts(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().contains(".jsonl"))
        .collect();
    paths.sort();
    paths
}

fn read(path: &Path) -> Vec<Value> {
    let mut text = String::new();
    let mut file = File::open(path).unwrap();
    if path.extension().is_some_and(|extension| extension == "gz") {
        GzDecoder::new(file).read_to_string(&mut text).unwrap();
    } else {
        file.read_to_string(&mut text).unwrap();
    }
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[derive(Default)]
struct Outcome {
    steps: usize,
    passed: usize,
    failures: Vec<String>,
}

/// One transcript and the model that it is replayed on.
struct Replay {
    meta: Value,
    steps: Vec<Value>,
    config: ServerConfig,
    world: World,
    /// SHA-256 of each partition as it must be now.
    expected_flash: BTreeMap<String, String>,
    /// SHA-256 of each partition as it was when last hashed.
    seen_flash: BTreeMap<String, String>,
}

impl Replay {
    fn open(path: &Path) -> Self {
        let mut lines = read(path);
        let mut steps = lines.split_off(1);
        steps.retain(|step| !step.is_null());
        let meta = lines.remove(0)["meta"].take();
        let reassembly = steps.iter().any(|step| !step["gatt_write"].is_null());
        let config = config(&meta, reassembly);
        let mut replay = Self {
            world: World::new(config.clone()),
            expected_flash: hashes(&meta["flash_sha256"]),
            seen_flash: BTreeMap::new(),
            meta,
            steps,
            config,
        };
        let init = replay.meta["init"].clone();
        replay.rebuild(&init);
        replay
    }

    fn run(&mut self) -> Outcome {
        let mut outcome = Outcome::default();
        for step in std::mem::take(&mut self.steps) {
            outcome.steps += 1;
            match self.step(&step) {
                Ok(()) => outcome.passed += 1,
                Err(difference) => outcome
                    .failures
                    .push(format!("step {} ({}): {difference}", step["step"], step["note"])),
            }
        }
        outcome
    }

    fn step(&mut self, step: &Value) -> Result<(), String> {
        self.world.events.clear();
        self.world.ops.clear();
        let got = self.act(step)?;
        let mut differences = Vec::new();
        if let Some(expected) = responses(step) {
            compare("responses", &expected, &got, &mut differences);
        }
        self.compare_drops(step, &mut differences);
        if step["action"].is_null() {
            compare("operations", &expected_ops(step), &self.ops(), &mut differences);
        }
        self.compare_flash(step, &mut differences);
        if differences.is_empty() { Ok(()) } else { Err(differences.join("; ")) }
    }

    /// Does what the step says; the frames that the server answered.
    fn act(&mut self, step: &Value) -> Result<Vec<String>, String> {
        let frames = match () {
            () if step["req"].is_string() => vec![unhex(step["req"].as_str().unwrap())],
            () if step["gatt_write"].is_string() => {
                vec![unhex(step["gatt_write"].as_str().unwrap())]
            }
            () if step["batch"].is_array() => {
                strings(&step["batch"]).iter().map(|frame| unhex(frame)).collect()
            }
            () if step["action"].is_string() => return self.control(step),
            () => return Err("a kind of step that this replay does not know".to_owned()),
        };
        let frames: Vec<_> = frames.iter().map(Vec::as_slice).collect();
        Ok(self.world.exchange(&frames).iter().map(|frame| hex(frame)).collect())
    }

    fn control(&mut self, step: &Value) -> Result<Vec<String>, String> {
        match step["action"].as_str().unwrap() {
            "reinit" => self.rebuild(&step["init"]),
            "restart" => self.world.start(),
            "wait_ms" => {
                self.world.resets = 0;
                self.world.advance(Span::from_ms(step["ms"].as_u64().unwrap()));
                let expected = step["exit"].as_u64().unwrap_or(0);
                if u64::from(self.world.resets) != expected {
                    return Err(format!("{} resets, expected {expected}", self.world.resets));
                }
                if expected > 0 {
                    self.world.start();
                }
            }
            other => return Err(format!("action {other} is not known")),
        }
        Ok(Vec::new())
    }

    fn rebuild(&mut self, init: &Value) {
        let mut flash = Device::new(Part::nrf52840(), RadioSync::None);
        for (name, area) in self.partitions() {
            if let Some(contents) = init.get(&name).filter(|contents| !contents.is_null()) {
                flash.load(area.start, &self.contents(contents, area.len));
            }
        }
        self.world = World::with_flash(self.config.clone(), flash);
        self.seen_flash.clear();
    }

    /// Octets of a partition by their description.
    fn contents(&self, of: &Value, len: u32) -> Vec<u8> {
        let mut bytes = vec![0xff; len as usize];
        if let Some(name) = of["image"].as_str() {
            let mut image = unbase64(self.meta["images"][name]["b64"].as_str().unwrap());
            image.truncate(of["truncate"].as_u64().map_or(image.len(), |len| len as usize));
            bytes[..image.len()].copy_from_slice(&image);
        }
        if let Some(fill) = of.get("fill") {
            let seed = fill["seed"].as_u64().unwrap();
            for i in 0..fill["len"].as_u64().unwrap() {
                let mixed = i.wrapping_mul(2_654_435_761) ^ (i >> 8).wrapping_mul(40_503) ^ seed;
                bytes[i as usize] = mixed as u8;
            }
        }
        for patch in of["patch"].as_array().into_iter().flatten() {
            let patched = unhex(patch["hex"].as_str().unwrap());
            bytes[patch["off"].as_u64().unwrap() as usize..][..patched.len()]
                .copy_from_slice(&patched);
        }
        write_trailer(&mut bytes, &of["trailer"]);
        bytes
    }

    fn partitions(&self) -> BTreeMap<String, Area> {
        let partitions = self.meta["flash"]["partitions"].as_object().unwrap();
        partitions.iter().map(|(name, area)| (name.clone(), partition(area))).collect()
    }

    /// Erase calls, pages erased, write calls, octets written.
    fn ops(&self) -> Ops {
        let page = self.world.flash.geometry().page;
        let mut ops = Ops::default();
        for event in &self.world.events {
            ops.erase_calls += usize::from(matches!(event, ServerEvent::Erase { .. }));
        }
        for op in &self.world.ops {
            match op {
                FlashOp::Erase { at } => ops.pages.push(u64::from(at / page)),
                FlashOp::Write { data, .. } => {
                    ops.write_calls += 1;
                    ops.bytes_written += data.len();
                }
                FlashOp::Copy { .. } => unreachable!("the server copies nothing"),
            }
        }
        ops
    }

    fn compare_drops(&mut self, step: &Value, differences: &mut Vec<String>) {
        let events = &self.world.events;
        let dropped = |reason| {
            events.iter().any(|e| matches!(e, ServerEvent::Drop { reason: r, .. } if *r == reason))
        };
        let flag = |key: &str| step[key].as_bool().unwrap_or(false);
        compare("no_rx_buffer", &flag("no_rx_buffer"), &dropped(DropReason::NoBuffer), differences);
        if step["req"].is_string() {
            compare("dropped", &flag("dropped"), &dropped(DropReason::TooLong), differences);
        }
        if let Some(att_error) = step["att_error"].as_u64() {
            use DropReason::{NoHeader, Overrun, TooLong};
            let refused = [NoHeader, Overrun, TooLong].into_iter().any(dropped);
            compare("att_error", &(att_error != 0), &refused, differences);
        }
    }

    fn compare_flash(&mut self, step: &Value, differences: &mut Vec<String>) {
        if !step["flash_sha256"].is_null() {
            self.expected_flash = hashes(&step["flash_sha256"]);
        }
        let touched = |area: Area| self.world.ops.iter().any(|op| area.contains(op.at()));
        let mut seen = std::mem::take(&mut self.seen_flash);
        for (name, area) in self.partitions() {
            let Some(expected) = self.expected_flash.get(&name) else { continue };
            let hash = || hex(&self.world.flash.sha256(area));
            if touched(area) || !seen.contains_key(&name) {
                seen.insert(name.clone(), hash());
            }
            compare(&name, expected, &seen[&name], differences);
        }
        self.seen_flash = seen;
    }
}

#[derive(Debug, Default, PartialEq)]
struct Ops {
    erase_calls: usize,
    pages: Vec<u64>,
    write_calls: usize,
    bytes_written: usize,
}

fn expected_ops(step: &Value) -> Ops {
    let ops = &step["ops"];
    let count = |key: &str| ops[key].as_u64().unwrap_or(0) as usize;
    let mut pages = Vec::new();
    for range in ops["pages_erased"].as_array().into_iter().flatten() {
        pages.extend(range[0].as_u64().unwrap()..=range[1].as_u64().unwrap());
    }
    Ops {
        erase_calls: count("erase_calls"),
        pages,
        write_calls: count("write_calls"),
        bytes_written: count("bytes_written"),
    }
}

/// The frames that must come back; nothing to compare for an action.
fn responses(step: &Value) -> Option<Vec<String>> {
    match (&step["rsps"], &step["rsp"]) {
        (Value::Array(_), _) => Some(strings(&step["rsps"])),
        (_, Value::String(frame)) => Some(vec![frame.clone()]),
        _ if step["req"].is_string() => Some(Vec::new()),
        _ => None,
    }
}

fn compare<T: PartialEq + std::fmt::Debug>(
    what: &str,
    expected: &T,
    got: &T,
    differences: &mut Vec<String>,
) {
    if expected != got {
        differences.push(format!("{what}: expected {expected:?}, got {got:?}"));
    }
}

fn strings(array: &Value) -> Vec<String> {
    array.as_array().unwrap().iter().map(|s| s.as_str().unwrap().to_owned()).collect()
}

fn hashes(of: &Value) -> BTreeMap<String, String> {
    let hashes = of.as_object().unwrap();
    hashes.iter().map(|(name, hash)| (name.clone(), hash.as_str().unwrap().to_owned())).collect()
}

fn partition(area: &Value) -> Area {
    let number = |key: &str| area[key].as_u64().unwrap() as u32;
    Area::new(number("off"), number("size"))
}

/// What the build of a transcript was configured to.
fn config(meta: &Value, reassembly: bool) -> ServerConfig {
    let option = |key: &str| meta["kconfig"][key].as_str().unwrap_or("n");
    let number = |key: &str| option(key).parse().unwrap();
    let yes = |key: &str| option(key) == "y";
    let area = |name: &str| partition(&meta["flash"]["partitions"][name]);
    ServerConfig {
        profile: Profile::Z32,
        buf_size: number("CONFIG_MCUMGR_BUF_SIZE"),
        buf_count: number("CONFIG_MCUMGR_BUF_COUNT"),
        reassembly,
        echo: yes("CONFIG_OS_MGMT_ECHO"),
        params: yes("CONFIG_OS_MGMT_MCUMGR_PARAMS"),
        erase_storage: yes("CONFIG_MCUMGR_GRP_ZEPHYR_BASIC"),
        legacy_rc: yes("CONFIG_MCUMGR_SMP_LEGACY_RC_BEHAVIOUR"),
        verbose_errors: yes("CONFIG_MGMT_VERBOSE_ERR_RESPONSE"),
        frugal_list: yes("CONFIG_IMG_MGMT_FRUGAL_LIST"),
        erase: if yes("CONFIG_IMG_ERASE_PROGRESSIVELY") {
            EraseMode::Progressive
        } else {
            EraseMode::UpFront
        },
        stream_buf: number("CONFIG_IMG_BLOCK_BUF_SIZE"),
        reset_ms: number("CONFIG_OS_MGMT_RESET_MS"),
        layout: flash_model::Layout {
            boot: area("boot"),
            slots: [area("slot0"), area("slot1")],
            scratch: None,
            storage: Some(area("storage")),
        },
        ..ServerConfig::default()
    }
}

/// Writes the fields of an `MCUboot` trailer to the end of a slot.
fn write_trailer(slot: &mut [u8], trailer: &Value) {
    let magic: &[u8] = &match trailer["magic"].as_str() {
        Some("good") => unhex("77c295f360d2ef7f3552500f2cb67980"),
        Some("bad") => vec![0; 16],
        _ => vec![0xff; 16],
    };
    let flag = |key: &str| match trailer[key].as_str() {
        Some("set") => 0x01,
        Some("bad") => 0x5a,
        _ => 0xff,
    };
    if trailer.is_null() {
        return;
    }
    let end = slot.len();
    slot[end - 16..].copy_from_slice(magic);
    slot[end - 24] = flag("image_ok");
    slot[end - 32] = flag("copy_done");
    slot[end - 40] = trailer["swap_info"].as_u64().unwrap_or(0xff) as u8;
}

fn unbase64(text: &str) -> Vec<u8> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::new();
    let (mut bits, mut have) = (0u32, 0);
    for digit in text.bytes().take_while(|&b| b != b'=') {
        let value = ALPHABET.iter().position(|&a| a == digit).unwrap();
        bits = bits << 6 | value as u32;
        have += 6;
        if have >= 8 {
            have -= 8;
            bytes.push((bits >> have) as u8);
        }
    }
    bytes
}
