//! Which single measures would help most, found by running the scenario again with each.
//!
//! Nothing is estimated: every figure is the upload time of a whole simulated update under the
//! same seed. A measure is something that a user can bring about; loss, parts and physics are not.

use crate::report::{self, RunDoc};
use crate::scenario::{Scenario, Settings};
use crate::trace::Null;
use crate::world::Prepared;
use sim_core::Span;

/// A measure and what it does.
#[derive(Clone, Debug)]
pub struct Advice {
    /// The settings that it changes, as `--set` takes them.
    pub settings: &'static [&'static str],
    /// What has to be done for it.
    pub how: &'static str,
    /// Upload time with it.
    pub upload: Span,
    /// Upload time saved.
    pub saved: Span,
}

/// A measure to try. Of measures with the same subject only the best is worth telling.
struct Candidate {
    subject: &'static str,
    settings: &'static [&'static str],
    how: &'static str,
}

const fn candidate(
    subject: &'static str,
    settings: &'static [&'static str],
    how: &'static str,
) -> Candidate {
    Candidate { subject, settings, how }
}

const CANDIDATES: &[Candidate] = &[
    candidate("window", &["client.window=1"], "client: one request at a time"),
    candidate("window", &["client.window=3"], "client: three requests outstanding"),
    candidate("chunk", &["client.chunk=400"], "client: 400 octets a request"),
    candidate("chunk", &["client.chunk=437"], "client: the largest chunk that fits MTU 498"),
    candidate("erase", &["server.erase=progressive"], "server: CONFIG_IMG_ERASE_PROGRESSIVELY=y"),
    candidate("erase", &["server.erase=up-front"], "server: CONFIG_IMG_ERASE_PROGRESSIVELY=n"),
    candidate("sync", &["flash.radio_sync=mpsl"], "server: flash waits for radio windows (MPSL)"),
    candidate("interval", &["link.interval_us=7500"], "central: connection interval 7.5 ms"),
    candidate("interval", &["link.interval_us=11250"], "central: connection interval 11.25 ms"),
    candidate("interval", &["link.interval_us=15000"], "central: connection interval 15 ms"),
    candidate("interval", &["link.interval_us=30000"], "central: connection interval 30 ms"),
    candidate("phy", &["link.phy=2M"], "both: LE 2M"),
    candidate("length", &["link.data_length=251"], "both: data length 251"),
    candidate(
        "buffers",
        &["server.buf_size=2475", "server.reassembly=true", "server.params=true"],
        "server: buffers of 2475 octets with reassembly",
    ),
    candidate(HOST, &["host.flow_control=true"], "gateway: its host waits while the ring is full"),
    candidate(HOST, &["host.ring=1048576"], "gateway: a ring of 1 MiB"),
];

/// The subject of measures that only a gateway with a host can take.
const HOST: &str = "host";

/// Runs the scenario with each candidate and returns those that shorten the upload by at least one
/// hundredth without changing the outcome, best first, one for each subject. Of an upload that was
/// not completed there is nothing to say.
pub fn best(prepared: &Prepared, seed: u64, base: &RunDoc) -> Vec<Advice> {
    if base.goodput_bps == 0 {
        return Vec::new();
    }
    let mut found: Vec<(&str, Advice)> = CANDIDATES
        .iter()
        .filter_map(|candidate| {
            Some((candidate.subject, measure(prepared, seed, base, candidate)?))
        })
        .filter(|(_, advice)| advice.saved * 100 >= base.upload_s)
        .collect();
    found.sort_by_key(|(_, advice)| core::cmp::Reverse(advice.saved));
    let mut best: Vec<(&str, Advice)> = Vec::new();
    for (subject, advice) in found {
        if best.iter().all(|(told, _)| *told != subject) {
            best.push((subject, advice));
        }
    }
    best.into_iter().map(|(_, advice)| advice).collect()
}

fn measure(prepared: &Prepared, seed: u64, base: &RunDoc, candidate: &Candidate) -> Option<Advice> {
    if candidate.subject == HOST && prepared.scenario().host.is_none() {
        return None;
    }
    let settings = changed(&prepared.scenario().settings, candidate)?;
    let varied = prepared.with(Scenario::resolve(&settings).ok()?)?;
    let (report, Null) = report::run(&varied, seed, Null);
    let document = report.document;
    (document.outcome == base.outcome && document.goodput_bps > 0).then(|| Advice {
        settings: candidate.settings,
        how: candidate.how,
        upload: document.upload_s,
        saved: base.upload_s.saturating_sub(document.upload_s),
    })
}

/// The settings with the candidate's; `None` when they are in force already.
fn changed(base: &Settings, candidate: &Candidate) -> Option<Settings> {
    let mut settings = base.clone();
    for setting in candidate.settings {
        settings.set(setting).ok()?;
    }
    let differs = candidate.settings.iter().any(|setting| {
        setting.split('=').next().is_some_and(|path| settings.get(path) != base.get(path))
    });
    differs.then_some(settings)
}

#[cfg(test)]
mod tests {
    use super::{CANDIDATES, best};
    use crate::report::run;
    use crate::scenario::{Scenario, Settings};
    use crate::trace::Null;
    use crate::world::Prepared;
    use std::collections::BTreeSet;

    #[test]
    fn every_candidate_is_a_lawful_setting_of_the_reference() {
        for candidate in CANDIDATES {
            let mut settings = Settings::preset("reference").expect("there is one");
            for setting in candidate.settings {
                settings.set(setting).expect("lawful");
            }
            Scenario::resolve(&settings).expect("fits together");
        }
    }

    #[test]
    fn what_is_told_was_measured_and_each_subject_is_told_once() {
        let mut settings = Settings::preset("reference").expect("there is one");
        settings.set("image.size=60000").expect("lawful");
        settings.set("client.window=1").expect("lawful");
        let scenario = Scenario::resolve(&settings).expect("fits together");
        let prepared = Prepared::new(scenario, None, false).expect("fits");
        let (report, Null) = run(&prepared, 1, Null);
        let advice = best(&prepared, 1, &report.document);
        assert!(!advice.is_empty());
        assert!(advice.windows(2).all(|w| w[0].saved >= w[1].saved));
        let keys: BTreeSet<&str> =
            advice.iter().filter_map(|a| a.settings[0].split('=').next()).collect();
        assert_eq!(keys.len(), advice.len());
        for advice in &advice {
            let mut settings = settings.clone();
            advice.settings.iter().for_each(|setting| settings.set(setting).expect("lawful"));
            let scenario = Scenario::resolve(&settings).expect("fits together");
            let prepared = Prepared::new(scenario, None, false).expect("fits");
            let (again, Null) = run(&prepared, 1, Null);
            assert_eq!(again.document.upload_s, advice.upload, "{:?}", advice.settings);
        }
    }
}
