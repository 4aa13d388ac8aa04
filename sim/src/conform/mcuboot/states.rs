//! The states of a scenario, and what the next boot does from each.

use super::booted;
use super::oplog::OpLog;
use super::scenario::{NextBoot, Scenario, State};
use super::setup::{SLOTS, Setup};
use crate::conform::difference::{Difference, same, same_digest, stated};
use crate::report::hex;
use flash_model::{Area, BareDevice, Field, FlashView as _, swap_type};
use std::collections::BTreeMap;

/// The states and what has been seen of them.
pub(super) struct States<'s> {
    scenario: &'s Scenario,
    setup: &'s Setup,
    /// The octets that turned out to be a state. All that is compared follows from the octets, so
    /// the same octets need no second look.
    met: Vec<Option<Box<[u8]>>>,
    /// The first difference in what a boot does from a state.
    next_boot: Option<Difference>,
}

impl<'s> States<'s> {
    pub(super) fn new(scenario: &'s Scenario, setup: &'s Setup) -> Self {
        let met = scenario.states.iter().map(|_| None).collect();
        Self { scenario, setup, met, next_boot: None }
    }

    /// The first difference in what a boot does from the states met so far.
    pub(super) fn into_next_boot(self) -> Result<(), Difference> {
        self.next_boot.map_or(Ok(()), Err)
    }

    /// Compares the device with a state, and at the first meeting what a boot does from there.
    pub(super) fn meet(&mut self, rig: &BareDevice, index: usize) -> Result<(), Difference> {
        if self.compare(rig, index)? {
            self.follow(rig, index);
        }
        Ok(())
    }

    /// Whether it is the first meeting.
    fn compare(&mut self, rig: &BareDevice, index: usize) -> Result<bool, Difference> {
        let place = format!("state {index}");
        let Some(state) = self.scenario.states.get(index) else {
            return Err(Difference::new(&place, "a state of `states`", "none of this number"));
        };
        let octets = rig.device.bytes(0, self.setup.geometry.size);
        if self.met[index].as_deref() == Some(octets) {
            return Ok(false);
        }
        self.look_at(rig, state).map_err(|difference| difference.within(&place))?;
        let first = self.met[index].is_none();
        self.met[index] = Some(octets.into());
        Ok(first)
    }

    /// Boots on and on until a state is met that was met before.
    fn follow(&mut self, rig: &BareDevice, index: usize) {
        let scenario = self.scenario;
        let mut rig = rig.clone();
        let mut here = Some(index);
        while let Some(index) = here {
            let Some(next) = &scenario.states[index].next_boot else { return };
            here = self.boot(&mut rig, next).unwrap_or_else(|difference| {
                let place = format!("next boot from state {index}");
                self.next_boot.get_or_insert(difference.within(&place));
                None
            });
        }
    }

    /// One boot; the state that it reaches, if that is met for the first time.
    fn boot(&mut self, rig: &mut BareDevice, next: &NextBoot) -> Result<Option<usize>, Difference> {
        let mut log = OpLog::default();
        let result = self.setup.boot(rig, &mut log);
        let booted = booted::name(self.setup, rig, result, &next.booted);
        same("booted", next.booted.as_str(), &booted)?;
        same("operations", next.n_ops, log.len())?;
        same_digest("digest of the operations", &next.ops_digest, &log.digest())?;
        if let Some(sha256) = &next.sha256 {
            self.hashes(rig, sha256)?;
        }
        match next.state {
            Some(index) if self.compare(rig, index)? => Ok(Some(index)),
            _ => Ok(None),
        }
    }

    fn look_at(&self, rig: &BareDevice, state: &State) -> Result<(), Difference> {
        for (name, area) in SLOTS.into_iter().zip(self.setup.layout.slots) {
            let at = self.setup.config.trailer_map(area, &self.setup.geometry).at(Field::SwapSize);
            let got = hex(rig.device.bytes(at, area.end() - at));
            stated(&format!("trailer of {name}"), state.trailer.get(name), &got)?;
            let runs = state.status.as_ref().and_then(|status| status.get(name));
            self.status(rig, name, area, runs)?;
        }
        let swap = swap_type(&rig.device, &self.setup.layout, self.setup.config.mode);
        same("swap type", state.swap_type.as_str(), swap.name())?;
        self.hashes(rig, &state.sha256)
    }

    fn hashes(
        &self,
        rig: &BareDevice,
        sha256: &BTreeMap<String, String>,
    ) -> Result<(), Difference> {
        for (name, &area) in &self.setup.areas {
            let got = hex(&rig.device.sha256(area));
            stated(&format!("SHA-256 of {name}"), sha256.get(name), &got)?;
        }
        Ok(())
    }

    /// First octets of the status entries, run-length coded: `01*8 ff*120 02`.
    fn status(
        &self,
        rig: &BareDevice,
        name: &str,
        area: Area,
        stated: Option<&String>,
    ) -> Result<(), Difference> {
        let Setup { config, geometry, .. } = self.setup;
        let (sectors, per_sector) = (config.max_sectors, config.entries_per_sector());
        let map = config.trailer_map(area, geometry);
        let start = map.status_at(0, sectors, per_sector);
        let octets = rig.device.bytes(start, map.at(Field::SwapSize) - start);
        let entries: Vec<u8> =
            octets.iter().copied().step_by(geometry.write_size as usize).collect();
        let run = |run: &[u8]| match run.len() {
            1 => format!("{:02x}", run[0]),
            len => format!("{:02x}*{len}", run[0]),
        };
        let runs: Vec<String> = entries.chunk_by(|a, b| a == b).map(run).collect();
        let blank = format!("ff*{}", entries.len());
        same(&format!("status of {name}"), stated.unwrap_or(&blank), &runs.join(" "))
    }
}
