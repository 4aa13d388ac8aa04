//! Several devices, all alike, that one central updates: one after the other, or all at once over
//! the radio that they share.
//!
//! Each device is a world of its own with a seed of its own, and so with its own air. One after the
//! other they do not touch each other. At once they are coupled by the central's radio alone
//! (`at_once`).

mod at_once;
mod document;
mod lines;

pub use document::{FleetDoc, MemberDoc};
pub use lines::{DeviceLines, SharedLines};

use crate::report::{self, Report, RunDoc};
use crate::scenario::FleetOrder;
use crate::trace::{Digest, Sink};
use crate::world::{Prepared, World};
use at_once::AtOnce;
use sim_core::{Seed, Span};

/// One device of a fleet that was run.
#[derive(Clone, Debug)]
pub struct Member {
    /// From the start of the fleet to that of its update.
    pub start: Span,
    /// Its report; times count from its own start.
    pub report: Report,
}

impl Member {
    /// From the start of the fleet to the end of its update.
    pub fn end(&self) -> Span {
        self.start + self.report.document.duration_s
    }
}

/// A fleet that was run.
#[derive(Clone, Debug)]
pub struct FleetReport {
    /// The devices in their order.
    pub members: Vec<Member>,
    /// What the document says of the fleet.
    pub document: FleetDoc,
}

impl FleetReport {
    /// The document of the run: that of the device that decides, the first that ended otherwise
    /// than the scenario expects, or else the one that ended last; with the section on the fleet.
    pub fn run_document(&self, prepared: &Prepared) -> RunDoc {
        let scenario = prepared.scenario();
        let unexpected = self.members.iter().find(|member| {
            let document = &member.report.document;
            !scenario.expects(document.outcome, document.error.as_deref())
        });
        let decides = unexpected
            .or_else(|| self.members.iter().max_by_key(|member| member.end()))
            .expect("a fleet has a device");
        RunDoc { fleet: Some(self.document.clone()), ..decides.report.document.clone() }
    }
}

/// The seed of a device, counted from 0: the first has that of the fleet, so that it meets the air
/// that a device alone would meet.
pub fn seed_of(seed: u64, device: u8) -> u64 {
    match device {
        0 => seed,
        _ => Seed(seed).stream("fleet").at(device.into(), 0),
    }
}

/// Runs all devices of a scenario to their ends. `sink` gives each device, counted from 0 and with
/// its start, a sink for its records.
pub fn run<S: Sink>(
    prepared: &Prepared,
    seed: u64,
    mut sink: impl FnMut(u8, Span) -> S,
) -> FleetReport {
    let fleet = prepared.scenario().fleet;
    let mut members = Vec::with_capacity(fleet.devices.into());
    match fleet.order {
        FleetOrder::OneByOne => {
            let mut start = Span::ZERO;
            for device in 0..fleet.devices {
                let (report, _) = report::run(prepared, seed_of(seed, device), sink(device, start));
                let took = report.document.duration_s;
                members.push(Member { start, report });
                start += took;
            }
        }
        FleetOrder::AtOnce => {
            let sinks =
                |device| (Digest::default(), report::Counts::new(), sink(device, Span::ZERO));
            let worlds: Vec<World<_>> = AtOnce::new(prepared, seed, sinks).run();
            for (device, world) in (0..fleet.devices).zip(worlds) {
                let (report, _) = report::of(prepared, seed_of(seed, device), world);
                members.push(Member { start: Span::ZERO, report });
            }
        }
    }
    let document = document::build(prepared, seed, &members);
    FleetReport { members, document }
}
