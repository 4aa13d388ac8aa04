//! What a run tells: the JSON document `smpsim.run/1` and the folds behind it.

pub mod budget;
mod counts;
mod document;
mod gateway;

pub use counts::{BootSpan, Counts, FirstAnswer, PhaseSpan, UploadSpan};
pub use document::hex;
pub(crate) use document::seconds;
pub use document::{BootDoc, FlashDoc, ImageDoc, LinkDoc, RunDoc, SmpDoc};
pub use gateway::{GatewayDoc, GatewayFold};

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
    /// Digest of the trace.
    pub digest: u64,
}

/// Runs a prepared scenario to its end. Records also go to `sink`.
pub fn run<S: Sink>(prepared: &Prepared, seed: u64, sink: S) -> (Report, S) {
    let counts = Counts::new();
    let mut world = World::new(prepared, Seed(seed), (Digest::default(), counts, sink));
    world.run();
    of(prepared, seed, world)
}

/// The report of a world that has run to its end.
///
/// # Panics
/// When it has not.
pub(crate) fn of<S: Sink>(
    prepared: &Prepared,
    seed: u64,
    world: World<(Digest, Counts, S)>,
) -> (Report, S) {
    let end = world.ended().expect("only worlds that have ended are reported");
    let now = world.now();
    let device = world.device().clone();
    let (digest, mut counts, sink) = world.sink;
    counts.finish(now);
    let digest = digest.value();
    let document = document::build(prepared, seed, end, now, &device, &counts, digest);
    (Report { document, counts, digest }, sink)
}
