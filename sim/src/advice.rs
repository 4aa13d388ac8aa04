//! Which single settings would help most, measured by running the scenario again with each.

use crate::report::{self, RunDoc};
use crate::scenario::Scenario;
use crate::trace::Null;
use crate::world::Prepared;
use sim_core::Span;

/// One setting and what it does.
#[derive(Clone, Debug)]
pub struct Advice {
    /// The setting as `--set` takes it.
    pub setting: &'static str,
    /// What has to be done for it.
    pub how: &'static str,
    /// Upload time with it.
    pub upload: Span,
    /// Upload time saved.
    pub saved: Span,
}

/// A setting that a user can bring about, and how.
struct Candidate {
    setting: &'static str,
    how: &'static str,
}

const fn candidate(setting: &'static str, how: &'static str) -> Candidate {
    Candidate { setting, how }
}

/// Settings worth trying; those that are in force already or do not resolve are passed over.
/// The candidates change what a user can change: no loss, no part, no physics.
const CANDIDATES: &[Candidate] = &[
    candidate("client.window=1", "client: one request at a time"),
    candidate("client.window=3", "client: three requests outstanding (buffers less one)"),
    candidate("client.chunk=400", "client: 400 octets a request"),
    candidate("server.erase=progressive", "server: CONFIG_IMG_ERASE_PROGRESSIVELY=y"),
    candidate("server.erase=up-front", "server: CONFIG_IMG_ERASE_PROGRESSIVELY=n"),
    candidate("flash.radio_sync=mpsl", "server: flash waits for the radio (MPSL)"),
    candidate("link.interval_us=7500", "central: connection interval 7.5 ms"),
    candidate("link.interval_us=15000", "central: connection interval 15 ms"),
    candidate("link.interval_us=30000", "central: connection interval 30 ms"),
    candidate("link.phy=2M", "both: LE 2M"),
    candidate("link.data_length=251", "both: data length 251"),
];

/// Runs the scenario with each candidate and returns those that shorten the upload by at least one
/// hundredth without changing the outcome, best first.
pub fn best(prepared: &Prepared, seed: u64, base: &RunDoc) -> Vec<Advice> {
    if base.upload_s.is_zero() {
        return Vec::new();
    }
    let mut found: Vec<Advice> = CANDIDATES
        .iter()
        .filter_map(|candidate| measure(prepared, seed, base, candidate))
        .filter(|advice| advice.saved * 100 >= base.upload_s)
        .collect();
    found.sort_by(|a, b| b.saved.cmp(&a.saved).then(a.setting.cmp(b.setting)));
    found
}

fn measure(prepared: &Prepared, seed: u64, base: &RunDoc, candidate: &Candidate) -> Option<Advice> {
    let mut settings = prepared.scenario().settings.clone();
    let path = candidate.setting.split('=').next()?;
    let before = settings.get(path).clone();
    settings.set(candidate.setting).ok()?;
    if *settings.get(path) == before {
        return None;
    }
    let varied = prepared.with(Scenario::resolve(&settings).ok()?)?;
    let (report, Null) = report::run(&varied, seed, Null);
    let document = report.document;
    (document.outcome == base.outcome).then(|| Advice {
        setting: candidate.setting,
        how: candidate.how,
        upload: document.upload_s,
        saved: base.upload_s.saturating_sub(document.upload_s),
    })
}
