//! A change measured: the scenario run with it under the same seeds as without.

use super::candidates::Candidate;
use crate::report::{self, RunDoc};
use crate::scenario::{Scenario, Settings};
use crate::trace::Null;
use crate::world::Prepared;
use sim_core::Span;

/// What a run came to.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) outcome: &'static str,
    pub(super) error: Option<String>,
    pub(super) duration: Span,
    pub(super) upload: Span,
}

impl Run {
    fn of(document: RunDoc) -> Self {
        Self {
            outcome: document.outcome,
            error: document.error,
            duration: document.duration_s,
            upload: document.upload_s,
        }
    }

    pub(super) fn succeeded(&self) -> bool {
        !matches!(self.outcome, "failed" | "reverted")
    }
}

/// A change, and its runs in the order of the seeds.
#[derive(Clone, Debug)]
pub(super) struct Measured {
    pub(super) candidate: Candidate,
    pub(super) runs: Vec<Run>,
}

/// The settings with others over them; `None` when nothing differs, or when they do not fit.
pub(super) fn changed(base: &Settings, settings: &[String]) -> Option<Settings> {
    let mut changed = base.clone();
    for setting in settings {
        changed.set(setting).ok()?;
    }
    let differs = settings.iter().filter_map(|setting| setting.split('=').next()).any(|path| {
        let path = path.trim();
        changed.get(path) != base.get(path)
    });
    differs.then_some(changed)
}

/// Runs the settings under each seed; `None` when the device would not be the same at the start.
pub(super) fn runs(prepared: &Prepared, settings: &Settings, seeds: &[u64]) -> Option<Vec<Run>> {
    let varied = prepared.with(Scenario::resolve(settings).ok()?)?;
    let run = |&seed: &u64| Run::of(report::run(&varied, seed, Null).0.document);
    Some(seeds.iter().map(run).collect())
}

/// How a change compares with what it is laid over, seed by seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gain {
    /// Runs that succeed with the change and failed without.
    pub repaired: u32,
    /// Runs that fail with the change and succeeded without.
    pub broken: u32,
    /// Runs that are faster with it.
    pub faster: u32,
    /// Time of the whole update saved, of the runs that succeed both ways: median, least and most,
    /// nanoseconds; negative where the change costs time.
    pub saved_ns: Option<[i64; 3]>,
}

impl Gain {
    pub(super) fn between(before: &[Run], after: &[Run]) -> Self {
        let mut saved: Vec<i64> = Vec::new();
        let (mut repaired, mut broken) = (0, 0);
        for (before, after) in before.iter().zip(after) {
            match (before.succeeded(), after.succeeded()) {
                (true, true) => {
                    let ns = |run: &Run| i64::try_from(run.duration.as_ns()).unwrap_or(i64::MAX);
                    saved.push(ns(before) - ns(after));
                }
                (false, true) => repaired += 1,
                (true, false) => broken += 1,
                (false, false) => {}
            }
        }
        saved.sort_unstable();
        let faster = saved.iter().filter(|saved| **saved > 0).count() as u32;
        let saved_ns = (!saved.is_empty())
            .then(|| [saved[(saved.len() - 1) / 2], saved[0], saved[saved.len() - 1]]);
        Self { repaired, broken, faster, saved_ns }
    }

    /// The median saving, 0 where no run succeeds both ways.
    pub(super) fn median(&self) -> i64 {
        self.saved_ns.map_or(0, |[median, ..]| median)
    }

    /// Whether the change is worth telling: it repairs runs, or saves at least a hundredth of
    /// `whole` in the median, and breaks nothing.
    pub(super) fn is_worth_telling(&self, whole: Span) -> bool {
        let hundredth = i64::try_from(whole.as_ns() / 100).unwrap_or(i64::MAX);
        self.broken == 0 && (self.repaired > 0 || self.median() > 0 && self.median() >= hundredth)
    }
}

/// The median of spans; zero of none.
pub(super) fn median(mut spans: Vec<Span>) -> Span {
    spans.sort_unstable();
    spans.get(spans.len().saturating_sub(1) / 2).copied().unwrap_or(Span::ZERO)
}

#[cfg(test)]
mod tests {
    use super::{Gain, Run, median};
    use sim_core::Span;

    fn run(outcome: &'static str, s: u64) -> Run {
        Run { outcome, error: None, duration: Span::from_s(s), upload: Span::from_s(s) }
    }

    #[test]
    fn savings_are_counted_seed_by_seed_over_runs_that_succeed_both_ways() {
        let before =
            [run("confirmed", 10), run("confirmed", 20), run("failed", 5), run("tested", 9)];
        let after =
            [run("confirmed", 8), run("confirmed", 21), run("confirmed", 9), run("failed", 1)];
        let gain = Gain::between(&before, &after);
        assert_eq!((gain.repaired, gain.broken, gain.faster), (1, 1, 1));
        assert_eq!(gain.saved_ns, Some([-1_000_000_000, -1_000_000_000, 2_000_000_000]));
        assert!(!gain.is_worth_telling(Span::from_s(1)), "it breaks a run");
    }

    #[test]
    fn a_saving_below_a_hundredth_is_not_worth_telling() {
        let gain = Gain::between(&[run("confirmed", 100)], &[run("confirmed", 99)]);
        assert!(gain.is_worth_telling(Span::from_s(100)));
        assert!(!gain.is_worth_telling(Span::from_s(101)));
        let gain = Gain::between(&[run("failed", 1)], &[run("confirmed", 99)]);
        assert!(gain.is_worth_telling(Span::from_s(1)), "it makes the run succeed");
    }

    #[test]
    fn the_median_of_an_even_number_is_the_lower_one() {
        assert_eq!(median(vec![Span::from_s(4), Span::from_s(1)]), Span::from_s(1));
        assert_eq!(median(Vec::new()), Span::ZERO);
    }
}
