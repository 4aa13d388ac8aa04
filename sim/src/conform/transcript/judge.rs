//! What a step must leave behind besides its answer: flash, and what was dropped.

use super::bench::Seen;
use super::build::Build;
use super::flash_state::{Octets, flash_state};
use super::step::{Expected, Ops, Step, What};
use crate::conform::difference::{Difference, same};
use crate::report::hex;
use flash_model::{Device, FlashView as _};
use serde_json::Value;
use server_model::DropReason;
use std::collections::BTreeMap;

/// What the session has said of the flash so far, and what was seen of it.
#[derive(Debug, Default)]
pub(super) struct Judge {
    /// SHA-256 of each partition as it must be now.
    expected_hashes: BTreeMap<String, String>,
    /// SHA-256 of each partition as last computed.
    seen_hashes: BTreeMap<String, String>,
    /// The slots as they must be now, where the session says so.
    expected_state: Option<Value>,
    seen_state: Option<Value>,
    /// A file system has contents of its own in the storage partition.
    file_system: bool,
}

impl Judge {
    /// Starts from what the session says of the contents at its start.
    pub(super) fn new(
        hashes: &BTreeMap<String, String>,
        state: Option<&Value>,
        file_system: bool,
    ) -> Self {
        Self {
            expected_hashes: hashes.clone(),
            expected_state: state.cloned(),
            file_system,
            ..Self::default()
        }
    }

    /// The contents are others than before, by an act that is no operation of the server.
    pub(super) fn look_again(&mut self) {
        self.seen_hashes.clear();
        self.seen_state = None;
    }

    /// Nothing is known of the slots until the session says something.
    pub(super) fn forget_state(&mut self) {
        self.expected_state = None;
    }

    /// Judges everything but the answer.
    pub(super) fn step(
        &mut self,
        step: &Step,
        build: &Build,
        seen: &Seen,
        device: &Device,
        secondary: Octets,
    ) -> Result<(), Difference> {
        let expected = &step.expected;
        let lawful = lawful(seen);
        if !build.counts_ops {
            if let Some(state) = &expected.flash_state {
                self.expected_state = Some(state.clone());
            } else if matches!(step.what, What::Reinit(_)) {
                self.forget_state();
            }
            return lawful.and(self.state(build, seen, device, secondary));
        }
        let ops = if self.file_system { Ok(()) } else { ops(&expected.ops, seen) };
        lawful
            .and_then(|()| drops(step, &seen.drops))
            .and(ops)
            .and(self.hashes(expected, build, seen, device))
    }

    /// Compares the slots with what the session says of them before a boot.
    pub(super) fn before_boot(
        &mut self,
        state: &Value,
        build: &Build,
        seen: &Seen,
        device: &Device,
        secondary: Octets,
    ) -> Result<(), Difference> {
        self.expected_state = Some(state.clone());
        self.state(build, seen, device, secondary).map_err(|d| d.within("before the boot"))
    }

    fn hashes(
        &mut self,
        expected: &Expected,
        build: &Build,
        seen: &Seen,
        device: &Device,
    ) -> Result<(), Difference> {
        if let Some(hashes) = &expected.flash_sha256 {
            self.expected_hashes.clone_from(hashes);
        }
        if seen.touched() {
            self.seen_hashes.clear();
        }
        for (name, expected) in &self.expected_hashes {
            if self.file_system && name == "storage" {
                continue;
            }
            let place = format!("SHA-256 of {name}");
            let Some(&area) = build.areas.get(name) else {
                return Err(Difference::new(&place, expected, "no partition of this name"));
            };
            let got = self.seen_hashes.entry(name.clone());
            let got = got.or_insert_with(|| hex(&device.sha256(area)));
            same(&place, expected.as_str(), got.as_str())?;
        }
        Ok(())
    }

    /// Compares the slots with what the session said of them last.
    fn state(
        &mut self,
        build: &Build,
        seen: &Seen,
        device: &Device,
        secondary: Octets,
    ) -> Result<(), Difference> {
        let Some(expected) = &self.expected_state else { return Ok(()) };
        if seen.touched() {
            self.seen_state = None;
        }
        let slots = build.config.layout.slots;
        let got = self.seen_state.get_or_insert_with(|| flash_state(device, slots, secondary));
        for (name, got) in got.as_object().into_iter().flatten() {
            same(name, &expected[name], got)?;
        }
        Ok(())
    }
}

/// Whether the server has done nothing that no server may do.
pub(super) fn lawful(seen: &Seen) -> Result<(), Difference> {
    match &seen.fault {
        Some(fault) => Err(Difference::new("server", "requests served to their end", fault)),
        None => Ok(()),
    }
}

fn drops(step: &Step, drops: &[DropReason]) -> Result<(), Difference> {
    use DropReason::{NoBuffer, NoHeader, Overrun, TooLong};
    let dropped = |reasons: &[DropReason]| drops.iter().any(|d| reasons.contains(d));
    let expected = &step.expected;
    same("no_rx_buffer", expected.no_rx_buffer, dropped(&[NoBuffer]))?;
    match step.what {
        What::Frames(_) => same("dropped", expected.dropped, dropped(&[TooLong])),
        What::Write(_) => {
            let refused = dropped(&[NoHeader, Overrun, TooLong]);
            let expected = expected.att_error.unwrap_or_default() != 0;
            same("att_error", expected, refused)
        }
        _ => Ok(()),
    }
}

fn ops(expected: &Ops, seen: &Seen) -> Result<(), Difference> {
    let pages = expected.pages_erased.iter().flat_map(|&[first, last]| first..=last);
    if !pages.eq(seen.pages.iter().copied()) {
        let got = format!("{:?}", seen.pages);
        return Err(Difference::new("pages_erased", format!("{:?}", expected.pages_erased), got));
    }
    same("erase_calls", expected.erase_calls, seen.erase_calls)?;
    same("write_calls", expected.write_calls, seen.write_calls)?;
    same("bytes_written", expected.bytes_written, seen.bytes_written)
}
