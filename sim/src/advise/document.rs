//! The JSON document `smpsim.advise/1`.

use super::measure::{Gain, Measured, Run, median};
use super::{Candidate, Together};
use crate::report::seconds;
use crate::scenario::Scenario;
use serde::Serialize;
use sim_core::Span;

/// `smpsim.advise/1`: what was measured, and what of it is worth doing.
#[derive(Clone, Debug, Serialize)]
pub struct AdviseDoc {
    /// `smpsim.advise/1`.
    pub schema: &'static str,
    /// Scenario name.
    pub scenario: String,
    /// The seeds of all runs.
    pub seeds: Vec<u64>,
    /// The scenario as it is.
    pub base: BaseDoc,
    /// Changes that help, the best first; each was measured alone.
    pub advice: Vec<AdviceDoc>,
    /// The best changes that go together, or null where there are none.
    pub together: Option<TogetherDoc>,
    /// Changes that were tried, those that help included.
    pub tried: u32,
    /// Names of the subjects of which no change helps.
    pub no_gain: Vec<&'static str>,
}

/// The scenario as it is.
#[derive(Clone, Debug, Serialize)]
pub struct BaseDoc {
    /// Runs that succeed.
    pub succeeded: u32,
    /// Name of the first error of a run, or null.
    pub error: Option<String>,
    /// Median duration.
    #[serde(serialize_with = "seconds")]
    pub duration_s: Span,
    /// Median time of the upload.
    #[serde(serialize_with = "seconds")]
    pub upload_s: Span,
}

/// One change.
#[derive(Clone, Debug, Serialize)]
pub struct AdviceDoc {
    /// What it is about, such as `window`.
    pub subject: &'static str,
    /// The settings that it changes, as `--set` takes them.
    pub settings: Vec<String>,
    /// Who has to do what.
    pub how: String,
    /// Median duration with it.
    #[serde(serialize_with = "seconds")]
    pub duration_s: Span,
    /// Median time of the upload with it.
    #[serde(serialize_with = "seconds")]
    pub upload_s: Span,
    /// Time of the whole update that it saves: median of the seeds; null where it repairs only.
    pub saved_s: Option<f64>,
    /// The same in per cent of the median duration without it.
    pub saved_percent: Option<f64>,
    /// Least saving of a seed.
    pub least_saved_s: Option<f64>,
    /// Seeds under which it is faster.
    pub faster: u32,
    /// Seeds under which it succeeds and the scenario as it is does not.
    pub repaired: u32,
    /// RAM that it takes, octets; negative when it frees some.
    pub ram_octets: i64,
}

/// Several changes at once.
#[derive(Clone, Debug, Serialize)]
pub struct TogetherDoc {
    /// Subjects of the changes, in the order in which they were laid over each other.
    pub subjects: Vec<&'static str>,
    /// All their settings.
    pub settings: Vec<String>,
    /// Median duration.
    #[serde(serialize_with = "seconds")]
    pub duration_s: Span,
    /// Median time of the upload.
    #[serde(serialize_with = "seconds")]
    pub upload_s: Span,
    /// Runs that succeed.
    pub succeeded: u32,
    /// RAM that they take, octets.
    pub ram_octets: i64,
}

pub(super) fn build(
    scenario: &Scenario,
    seeds: &[u64],
    base: &[Run],
    ranked: &[(Gain, &Measured)],
    measured: &[Measured],
    together: Option<Together>,
) -> AdviseDoc {
    let whole = median(base.iter().map(|run| run.upload).collect());
    let mut no_gain: Vec<&'static str> =
        measured.iter().map(|measured| measured.candidate.subject).collect();
    no_gain.dedup();
    no_gain.retain(|subject| ranked.iter().all(|(_, told)| told.candidate.subject != *subject));
    AdviseDoc {
        schema: "smpsim.advise/1",
        scenario: scenario.settings.name.clone(),
        seeds: seeds.to_vec(),
        base: BaseDoc {
            succeeded: succeeded(base),
            error: base.iter().find_map(|run| run.error.clone()),
            duration_s: duration(base),
            upload_s: whole,
        },
        advice: ranked
            .iter()
            .map(|(gain, measured)| advice(gain, measured, duration(base)))
            .collect(),
        together: together.map(document),
        tried: measured.len() as u32,
        no_gain,
    }
}

fn advice(gain: &Gain, measured: &Measured, base: Span) -> AdviceDoc {
    let Candidate { subject, settings, how, ram } = measured.candidate.clone();
    let seconds = |ns: i64| {
        let span = Span::from_ns(ns.unsigned_abs()).as_secs_f64();
        if ns < 0 { -span } else { span }
    };
    let saved = gain.saved_ns.map(|spans| spans.map(seconds));
    let percent = |[saved, ..]: [f64; 3]| 100.0 * saved / base.as_secs_f64();
    AdviceDoc {
        subject,
        settings,
        how,
        duration_s: duration(&measured.runs),
        upload_s: median(measured.runs.iter().map(|run| run.upload).collect()),
        saved_s: saved.map(|[median, ..]| median),
        saved_percent: saved.filter(|_| !base.is_zero()).map(percent),
        least_saved_s: saved.map(|[_, least, _]| least),
        faster: gain.faster,
        repaired: gain.repaired,
        ram_octets: ram,
    }
}

fn document(together: Together) -> TogetherDoc {
    let Together { candidates, runs } = together;
    TogetherDoc {
        subjects: candidates.iter().map(|candidate| candidate.subject).collect(),
        settings: candidates.iter().flat_map(|candidate| candidate.settings.clone()).collect(),
        duration_s: duration(&runs),
        upload_s: median(runs.iter().map(|run| run.upload).collect()),
        succeeded: succeeded(&runs),
        ram_octets: candidates.iter().map(|candidate| candidate.ram).sum(),
    }
}

fn succeeded(runs: &[Run]) -> u32 {
    runs.iter().filter(|run| run.succeeded()).count() as u32
}

/// Median duration of the runs that succeed, of all where none does.
fn duration(runs: &[Run]) -> Span {
    let of = |only: bool| {
        runs.iter().filter(|run| !only || run.succeeded()).map(|run| run.duration).collect()
    };
    median(of(succeeded(runs) > 0))
}
