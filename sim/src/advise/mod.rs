//! Which changes would help most, found by running the scenario again with each.
//!
//! Nothing is estimated: every figure is of whole simulated updates under the same seeds. A change
//! is something that a user can bring about; loss, parts and physics are not.

mod candidates;
mod document;
mod measure;

pub use document::{AdviceDoc, AdviseDoc, TogetherDoc};
pub use measure::Gain;

use crate::report::RunDoc;
use crate::world::Prepared;
use candidates::Candidate;
use measure::{Measured, Run, changed, runs};
use sim_core::Span;

/// A change and what it does to the upload of one run.
#[derive(Clone, Debug)]
pub struct Advice {
    /// The settings that it changes, as `--set` takes them.
    pub settings: Vec<String>,
    /// What has to be done for it.
    pub how: String,
    /// Upload time with it.
    pub upload: Span,
    /// Upload time saved.
    pub saved: Span,
}

/// Runs the scenario with each change that leaves the client what it is, and returns those that
/// shorten the upload by at least one hundredth without changing the outcome, best first, one for
/// each subject. Of an upload that was not completed there is nothing to say.
pub fn best(prepared: &Prepared, seed: u64, base: &RunDoc) -> Vec<Advice> {
    if base.goodput_bps == 0 {
        return Vec::new();
    }
    let scenario = prepared.scenario();
    let mut found: Vec<(&str, Advice)> = Vec::new();
    for Candidate { subject, settings, how, .. } in candidates::single(scenario) {
        let Some(varied) = changed(&scenario.settings, &settings) else { continue };
        let Some(run) = runs(prepared, &varied, &[seed]).and_then(|mut runs| runs.pop()) else {
            continue;
        };
        let saved = base.upload_s.saturating_sub(run.upload);
        let same = run.outcome == base.outcome && !run.upload.is_zero();
        if same && saved * 100 >= base.upload_s {
            found.push((subject, Advice { settings, how, upload: run.upload, saved }));
        }
    }
    found.sort_by_key(|(_, advice)| core::cmp::Reverse(advice.saved));
    first_of_each(found, |(subject, _)| subject).into_iter().map(|(_, advice)| advice).collect()
}

/// Runs the scenario with each change alone and with the best ones together, under `seeds` seeds
/// from `first_seed` on.
pub fn advise(prepared: &Prepared, first_seed: u64, seeds: u32) -> AdviseDoc {
    let seeds: Vec<u64> =
        (0..u64::from(seeds.max(1))).map(|n| first_seed.wrapping_add(n)).collect();
    let scenario = prepared.scenario();
    let base = runs(prepared, &scenario.settings, &seeds).expect("a scenario fits its own images");
    let measured: Vec<Measured> = candidates::all(scenario)
        .into_iter()
        .filter_map(|candidate| {
            let settings = changed(&scenario.settings, &candidate.settings)?;
            let runs = runs(prepared, &settings, &seeds)?;
            Some(Measured { candidate, runs })
        })
        .collect();
    let whole = measure::median(base.iter().map(|run| run.upload).collect());
    let mut ranked: Vec<(Gain, &Measured)> = measured
        .iter()
        .map(|measured| (Gain::between(&base, &measured.runs), measured))
        .filter(|(gain, _)| gain.is_worth_telling(whole))
        .collect();
    ranked.sort_by_key(|(gain, _)| core::cmp::Reverse((gain.repaired, gain.median())));
    let ranked = first_of_each(ranked, |(_, measured)| measured.candidate.subject);
    let together = together(prepared, &seeds, &base, &ranked);
    document::build(scenario, &seeds, &base, &ranked, &measured, together)
}

/// The first of each subject.
fn first_of_each<T>(all: Vec<T>, subject: impl Fn(&T) -> &'static str) -> Vec<T> {
    let mut kept: Vec<T> = Vec::new();
    for one in all {
        if kept.iter().all(|other| subject(other) != subject(&one)) {
            kept.push(one);
        }
    }
    kept
}

/// The best changes, one laid over the other, as long as each still gains something.
struct Together {
    candidates: Vec<Candidate>,
    runs: Vec<Run>,
}

fn together(
    prepared: &Prepared,
    seeds: &[u64],
    base: &[Run],
    ranked: &[(Gain, &Measured)],
) -> Option<Together> {
    let mut settings = prepared.scenario().settings.clone();
    let mut together = Together { candidates: Vec::new(), runs: base.to_vec() };
    for (_, measured) in ranked {
        let candidate = &measured.candidate;
        if together.candidates.iter().any(|taken| share_a_key(taken, candidate)) {
            continue;
        }
        let Some(varied) = changed(&settings, &candidate.settings) else { continue };
        let Some(after) = runs(prepared, &varied, seeds) else { continue };
        let whole = measure::median(together.runs.iter().map(|run| run.upload).collect());
        if Gain::between(&together.runs, &after).is_worth_telling(whole) {
            settings = varied;
            together.candidates.push(candidate.clone());
            together.runs = after;
        }
    }
    (together.candidates.len() > 1).then_some(together)
}

fn share_a_key(a: &Candidate, b: &Candidate) -> bool {
    let key = |setting: &String| setting.split('=').next().map(str::to_owned);
    a.settings.iter().any(|a| b.settings.iter().any(|b| key(a) == key(b)))
}

#[cfg(test)]
mod tests {
    use super::{advise, best, candidates};
    use crate::report::run;
    use crate::scenario::{PRESETS, Scenario, Settings};
    use crate::trace::Null;
    use crate::world::Prepared;
    use std::collections::BTreeSet;

    fn prepared(preset: &str, settings: &[&str]) -> Prepared {
        let mut all = Settings::preset(preset).expect("there is one");
        for setting in settings {
            all.set(setting).expect("lawful");
        }
        let scenario = Scenario::resolve(&all).expect("fits together");
        Prepared::new(scenario, None, false).expect("fits")
    }

    #[test]
    fn every_candidate_is_a_lawful_setting_of_every_preset() {
        for preset in PRESETS {
            let settings = Settings::preset(preset.name).expect("there is one");
            let scenario = Scenario::resolve(&settings).expect("presets are lawful");
            for candidate in candidates::all(&scenario) {
                let mut settings = settings.clone();
                for setting in &candidate.settings {
                    settings.set(setting).unwrap_or_else(|e| panic!("{}: {e}", preset.name));
                }
            }
        }
    }

    #[test]
    fn what_is_told_was_measured_and_each_subject_is_told_once() {
        let prepared = prepared("reference", &["image.size=60000", "client.window=1"]);
        let (report, Null) = run(&prepared, 1, Null);
        let advice = best(&prepared, 1, &report.document);
        assert!(!advice.is_empty());
        assert!(advice.windows(2).all(|w| w[0].saved >= w[1].saved));
        let keys: BTreeSet<&str> =
            advice.iter().filter_map(|a| a.settings[0].split('=').next()).collect();
        assert_eq!(keys.len(), advice.len());
        for advice in &advice {
            let mut settings = prepared.scenario().settings.clone();
            advice.settings.iter().for_each(|setting| settings.set(setting).expect("lawful"));
            let scenario = Scenario::resolve(&settings).expect("fits together");
            let prepared = Prepared::new(scenario, None, false).expect("fits");
            let (again, Null) = run(&prepared, 1, Null);
            assert_eq!(again.document.upload_s, advice.upload, "{:?}", advice.settings);
        }
    }

    #[test]
    fn the_gateway_is_told_of_erase_interval_window_and_chunk_as_its_runs_bear_out() {
        let prepared = prepared("seed-gateway", &[]);
        let document = advise(&prepared, 1, 2);
        let subjects: Vec<&str> = document.advice.iter().map(|advice| advice.subject).collect();
        for subject in ["erase", "interval", "window", "chunk"] {
            assert!(subjects.contains(&subject), "{subject} is not among {subjects:?}");
        }
        let saved: Vec<f64> = document.advice.iter().filter_map(|advice| advice.saved_s).collect();
        assert!(saved.windows(2).all(|pair| pair[0] >= pair[1]), "{saved:?}");
        for advice in &document.advice {
            let mut settings = prepared.scenario().settings.clone();
            advice.settings.iter().for_each(|setting| settings.set(setting).expect("lawful"));
            let scenario = Scenario::resolve(&settings).expect("fits together");
            let changed = Prepared::new(scenario, None, false).expect("fits");
            let mut saved: Vec<f64> = (1..=2)
                .map(|seed| {
                    let took =
                        |prepared| run(prepared, seed, Null).0.document.duration_s.as_secs_f64();
                    took(&prepared) - took(&changed)
                })
                .collect();
            saved.sort_by(f64::total_cmp);
            let told = advice.saved_s.expect("every run succeeds");
            assert!(
                (saved[0] - told).abs() < 1e-6,
                "{:?}: {saved:?}, told {told}",
                advice.settings
            );
        }
    }
}
