//! Replays reference runs of MCUboot's own boot code, operation by operation, and collects what
//! differs.

use crate::rig::{Log, PowerFailed, Rig, hex};
use crate::scenario::{Cuts, Image, Scenario, State, Step};
use flash_model::{
    Area, BootMode, BootResult, Field, FlashOp, FlashView as _, SetConfirmedError, SetPendingError,
    SwapType, TrailerMap, set_confirmed, set_pending, swap_type,
};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::io::Read as _;

const SLOTS: [&str; 2] = ["primary", "secondary"];

/// How much was compared.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    scenarios: u32,
    steps: u32,
    cuts: u32,
}

#[test]
fn every_step_and_every_clean_power_cut_goes_as_in_mcuboot() {
    let mut tally = Tally::default();
    let mut faults = Vec::new();
    for scenario in scenarios() {
        Replay::new(&scenario, &mut tally, &mut faults).run();
    }
    let shown = faults.iter().take(20).map(String::as_str).collect::<Vec<_>>().join("\n");
    assert!(faults.is_empty(), "{} differences, the first ones:\n{shown}", faults.len());
    // The set must not shrink unnoticed.
    assert_eq!(tally, Tally { scenarios: 300, steps: 1063, cuts: 27_384 });
}

fn scenarios() -> Vec<Scenario> {
    let files: [&[u8]; 5] = [
        include_bytes!("../../../testdata/mcuboot/swap_small.jsonl.gz"),
        include_bytes!("../../../testdata/mcuboot/flows.jsonl.gz"),
        include_bytes!("../../../testdata/mcuboot/nrf52840dk.jsonl.gz"),
        include_bytes!("../../../testdata/mcuboot/direct_xip.jsonl.gz"),
        include_bytes!("../../../testdata/mcuboot/wide_align.jsonl.gz"),
    ];
    let mut text = String::new();
    for packed in files {
        flate2::read::GzDecoder::new(packed).read_to_string(&mut text).expect("a gzip file");
    }
    text.lines().map(|line| serde_json::from_str(line).expect("a scenario")).collect()
}

struct Replay<'a> {
    scenario: &'a Scenario,
    images: BTreeMap<String, Vec<u8>>,
    tally: &'a mut Tally,
    faults: &'a mut Vec<String>,
    /// States from which the next boot has been compared.
    booted_on: BTreeSet<usize>,
}

/// Compares, and notes a difference with its place.
macro_rules! same {
    ($self:ident, $place:expr, $got:expr, $want:expr) => {
        $self.compare(&format!("{} {}", $place, stringify!($want)), &$got, &$want)
    };
}

impl<'a> Replay<'a> {
    fn new(scenario: &'a Scenario, tally: &'a mut Tally, faults: &'a mut Vec<String>) -> Self {
        let build = |(name, image): (&String, &Image)| (name.clone(), image.build());
        let images = scenario.images.iter().map(build).collect();
        Self { scenario, images, tally, faults, booted_on: BTreeSet::new() }
    }

    fn run(&mut self) {
        let scenario = self.scenario;
        self.tally.scenarios += 1;
        self.sizes();
        let mut rig = scenario.rig();
        scenario.change(&mut rig, &self.images, &scenario.init);
        self.state(&rig, scenario.initial_state, "init");
        for (n, step) in scenario.steps.iter().enumerate() {
            for cuts in scenario.cuts.iter().filter(|cuts| cuts.step == n) {
                self.cuts(&rig, step, cuts);
            }
            self.step(&mut rig, n, step);
        }
        let overwritten = rig.device.counters().overwritten_words;
        same!(self, "end: overwritten words", overwritten, 0u64);
    }

    fn sizes(&mut self) {
        let Scenario { max_sectors, align, .. } = *self.scenario;
        let rig = self.scenario.rig();
        let geometry = rig.device.geometry();
        let map = TrailerMap::new(self.scenario.area("primary"), &geometry);
        same!(self, "sizes", geometry.max_align(), self.scenario.max_align);
        let map = map.with_tlv_sizes(rig.config.mode == BootMode::SwapOffset);
        let e = rig.config.entries_per_sector();
        same!(self, "sizes", map.len(max_sectors, e), self.scenario.trailer_size);
        same!(self, "sizes", e * max_sectors * align, self.scenario.status_size);
        for (name, image) in &self.scenario.images {
            let bytes = self.images[name].clone();
            same!(self, name, bytes.len() as u32, image.total_len);
            same!(self, name, hex(&Sha256::digest(&bytes)), image.file_sha256);
        }
    }

    fn step(&mut self, rig: &mut Rig, n: usize, step: &Step) {
        self.tally.steps += 1;
        let place = format!("step {n} {}", step.action);
        if step.action == "flash" {
            self.scenario.change(rig, &self.images, &step.items);
            return self.state(rig, step.state, &place);
        }
        let mut log = Log::default();
        let Ok((rc, result)) = self.act(rig, step, None, &mut log) else {
            unreachable!("no cut was asked for")
        };
        same!(self, place, rc, step.rc);
        if let Some(result) = result {
            same!(self, place, Some(self.name(rig, result)), step.booted);
            let version = match result {
                BootResult::Booted { version, .. } => Some(version.to_string()),
                _ => None,
            };
            same!(self, place, version, step.version);
        }
        same!(self, place, Some(log.erases), step.n_erase);
        same!(self, place, Some(log.writes), step.n_write);
        same!(self, place, Some(log.written), step.bytes_written);
        same!(self, place, Some(log.digest()), step.ops_sha256);
        if let Some(ops) = &step.ops {
            same!(self, place, &log.lines, ops);
        }
        self.state(rig, step.state, &place);
    }

    /// Carries out a step that may be cut; its MCUboot error number, and the result of a boot.
    fn act(
        &self,
        rig: &mut Rig,
        step: &Step,
        cut: Option<usize>,
        log: &mut Log,
    ) -> Result<(i32, Option<BootResult>), PowerFailed> {
        let layout = self.scenario.layout();
        let ops: Result<Vec<FlashOp>, i32> = match step.action.as_str() {
            "boot" => {
                let result = rig.boot(cut, log)?;
                return Ok((i32::from(!matches!(result, BootResult::Booted { .. })), Some(result)));
            }
            "pending" => set_pending(&rig.device, &layout, step.permanent)
                .map_err(|SetPendingError::BadMagic| 3),
            "confirm" => {
                set_confirmed(&rig.device, &layout).map_err(|SetConfirmedError::BadMagic| 4)
            }
            "set_next" => flash_model::set_next(
                &rig.device,
                self.scenario.area(&step.slot),
                step.active,
                step.confirm,
            )
            .map_err(|_| 3),
            other => panic!("unknown step {other}"),
        };
        match ops {
            Ok(ops) => rig.run(ops, cut, log).map(|()| (0, None)),
            Err(rc) => Ok((rc, None)),
        }
    }

    fn cuts(&mut self, before: &Rig, step: &Step, cuts: &Cuts) {
        for (half, rows) in [(false, &cuts.none), (true, &cuts.half)] {
            for row in rows {
                let k = row[0].as_u64().unwrap() as usize;
                let boots = row[1].as_u64().unwrap() as u32;
                let booted = row[2].as_str().unwrap().to_owned();
                let state = row[3].as_u64().unwrap() as usize;
                let n_ops = row[4].as_u64().unwrap() as usize;
                let digest8 = row[5].as_str().unwrap();
                self.tally.cuts += 1;
                let place = format!("step {} half {half} cut at {k}", cuts.step);
                let mut rig = before.clone();
                rig.cut = if half { flash_model::Cut::Half } else { flash_model::Cut::Atomic };
                let cut = self.act(&mut rig, step, Some(k), &mut Log::default());
                same!(self, place, cut.is_err(), true);
                let mut runs = 0;
                let mut name = String::from("-");
                let mut first = None;
                while runs < 3 && (name == "-" || name == "ASSERT") {
                    runs += 1;
                    let mut log = Log::default();
                    let Ok(result) = rig.boot(None, &mut log) else { unreachable!() };
                    name = self.name(&rig, result);
                    first.get_or_insert(log);
                }
                let first = first.unwrap_or_default();
                same!(self, place, runs, boots);
                same!(self, place, name, booted);
                same!(self, place, first.lines.len(), n_ops);
                same!(self, place, first.digest()[..8], *digest8);
                self.state(&rig, state, &place);
            }
        }
    }

    fn state(&mut self, rig: &Rig, index: usize, place: &str) {
        let place = &format!("{place} (state {index})");
        let state = &self.scenario.states[index];
        self.hashes(rig, &state.sha256, place);
        for slot in SLOTS {
            let area = self.scenario.area(slot);
            let map = rig.config.trailer_map(area, &rig.device.geometry());
            let at = map.at(Field::SwapSize);
            same!(self, place, hex(rig.device.bytes(at, area.end() - at)), state.trailer[slot]);
            self.status(rig, area, state.status.as_ref().map(|status| &status[slot]), place);
        }
        let kind = match swap_type(&rig.device, &self.scenario.layout(), rig.config.mode) {
            SwapType::None => "none",
            SwapType::Test => "test",
            SwapType::Perm => "perm",
            SwapType::Revert => "revert",
        };
        same!(self, place, kind, state.swap_type);
        if self.booted_on.insert(index) {
            self.next_boot(rig, state, place);
        }
    }

    fn hashes(&mut self, rig: &Rig, want: &BTreeMap<String, String>, place: &str) {
        for (slot, sha256) in want {
            same!(self, format!("{place} {slot}"), rig.sha256(self.scenario.area(slot)), *sha256);
        }
    }

    fn status(&mut self, rig: &Rig, area: Area, want: Option<&String>, place: &str) {
        let Scenario { max_sectors, align, status_size, .. } = *self.scenario;
        let map = rig.config.trailer_map(area, &rig.device.geometry());
        let status = rig
            .device
            .bytes(map.status_at(0, max_sectors, rig.config.entries_per_sector()), status_size);
        let firsts: Vec<u8> = status.iter().copied().step_by(align as usize).collect();
        let runs: Vec<String> = firsts
            .chunk_by(|a, b| a == b)
            .map(|run| match run.len() {
                1 => format!("{:02x}", run[0]),
                len => format!("{:02x}*{len}", run[0]),
            })
            .collect();
        let blank = format!("ff*{}", firsts.len());
        same!(self, place, runs.join(" "), *want.unwrap_or(&blank));
    }

    fn next_boot(&mut self, rig: &Rig, state: &State, place: &str) {
        let Some(next) = &state.next_boot else { return };
        let place = &format!("{place} next boot");
        let mut rig = rig.clone();
        let mut log = Log::default();
        let Ok(result) = rig.boot(None, &mut log) else { unreachable!() };
        same!(self, place, self.name(&rig, result), next.booted);
        same!(self, place, log.lines.len(), next.n_ops);
        same!(self, place, log.digest()[..next.ops_digest.len()], *next.ops_digest);
        if let Some(sha256) = &next.sha256 {
            self.hashes(&rig, sha256, place);
        }
        if let Some(index) = next.state {
            self.hashes(&rig, &self.scenario.states[index].sha256, place);
        }
    }

    /// What runs: the image whose bytes lie at the start of the primary slot.
    fn name(&self, rig: &Rig, result: BootResult) -> String {
        let (version, slot) = match result {
            BootResult::Booted { version, slot, .. } => (version, slot),
            BootResult::Dead => return String::from("-"),
            BootResult::Assertion(_) => return String::from("ASSERT"),
        };
        let start = self.scenario.area(SLOTS[slot as usize]).start;
        let holds = |image: &Vec<u8>| rig.device.bytes(start, image.len() as u32) == image;
        let at = if slot == 1 { "@secondary" } else { "" };
        match self.images.iter().find(|(_, image)| holds(image)) {
            Some((name, _)) => format!("{name}{at}"),
            None => format!("?{version}@{}", SLOTS[slot as usize]),
        }
    }

    fn compare<A: PartialEq<B> + Debug + ?Sized, B: Debug + ?Sized>(
        &mut self,
        place: &str,
        got: &A,
        want: &B,
    ) {
        if got != want {
            let id = &self.scenario.id;
            self.faults.push(format!("{id} {place}: got {got:?}, expected {want:?}"));
        }
    }
}
