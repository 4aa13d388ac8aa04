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
use client_model::Client;
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
    let client = Client::new(prepared.client_config(Seed(seed)));
    run_client(prepared, seed, client, sink)
}

/// Runs a prepared scenario to its end with a client of one's own, perhaps built from
/// [`Prepared::client_config`] and a strategy of one's own.
pub fn run_client<S: Sink>(prepared: &Prepared, seed: u64, client: Client, sink: S) -> (Report, S) {
    let sink = (Digest::default(), Counts::new(), sink);
    let mut world = World::with_client(prepared, Seed(seed), sink, client);
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
    let ((digest, mut counts, sink), device) = world.into_parts();
    counts.finish(now);
    let digest = digest.value();
    let document = document::build(prepared, seed, end, now, &device, &counts, digest);
    (Report { document, counts, digest }, sink)
}
