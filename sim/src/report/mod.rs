//! What a run tells: the JSON document `smpsim.run/1` and the folds behind it.

pub mod budget;
mod counts;
mod document;

pub use counts::{BootSpan, Counts, FirstAnswer, PhaseSpan, UploadSpan};
pub use document::hex;
pub use document::{BootDoc, FlashDoc, ImageDoc, LinkDoc, RunDoc, SmpDoc};

use crate::trace::{Digest, Sink};
use crate::world::{Prepared, World};
use sim_core::Seed;

/// A finished run: the document, and what does not stand in it.
#[derive(Clone, Debug)]
pub struct Report {
    /// The document.
    pub document: RunDoc,
    /// The folds.
    pub counts: Counts,
}

/// Runs a prepared scenario to its end. Records also go to `sink`.
pub fn run<S: Sink>(prepared: &Prepared, seed: u64, sink: S) -> (Report, S) {
    let counts = Counts::new(prepared.scenario().link.phy.octet_time());
    let mut world = World::new(prepared, Seed(seed), (Digest::default(), counts, sink));
    let end = world.run();
    let now = world.now();
    let device = world.device().clone();
    let (digest, mut counts, sink) = world.sink;
    counts.finish(now);
    let document = document::build(prepared, seed, end, now, &device, &counts, digest.value());
    (Report { document, counts }, sink)
}
