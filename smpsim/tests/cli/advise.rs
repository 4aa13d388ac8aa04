//! `smpsim advise`.

use crate::smpsim;
use serde_json::Value;

const SMALL: [&str; 4] = ["--set", "image.size=60000", "--set", "slot0.size=60000"];

fn advise(args: &[&str]) -> Value {
    smpsim(&[&["advise", "--json", "--seeds", "2"], args].concat()).with_status(0).json()
}

/// The duration of a run with settings as advice gives them.
fn duration(scenario: &str, settings: &Value, seed: &str) -> f64 {
    let mut args = vec!["run", scenario, "--json", "--seed", seed];
    args.extend(SMALL);
    for setting in settings.as_array().expect("a list") {
        args.extend(["--set", setting.as_str().expect("a text")]);
    }
    smpsim(&args).json()["duration_s"].as_f64().expect("a number")
}

#[test]
fn every_claimed_gain_is_what_runs_with_the_change_show() {
    let document = advise(&[&["seed-gateway"], &SMALL[..]].concat());
    let advice = document["advice"].as_array().expect("a list");
    assert!(advice.len() > 3, "{document}");
    let base = ["1", "2"].map(|seed| duration("seed-gateway", &Value::Array(Vec::new()), seed));
    for one in advice {
        let after = ["1", "2"].map(|seed| duration("seed-gateway", &one["settings"], seed));
        let mut saved = [base[0] - after[0], base[1] - after[1]];
        saved.sort_by(f64::total_cmp);
        let told = one["saved_s"].as_f64().expect("every run succeeds");
        assert!((told - saved[0]).abs() < 1e-6, "{one}: {saved:?}");
        assert!(told > 0.0, "{one}");
    }
}

#[test]
fn a_failing_scenario_is_told_what_makes_it_succeed() {
    let document = advise(&["emsgsize"]);
    assert_eq!(document["base"]["succeeded"], 0);
    assert_eq!(document["base"]["error"], "emsgsize");
    let first = &document["advice"][0];
    assert_eq!(first["repaired"], 2, "{document}");
    let seen = smpsim(&["advise", "emsgsize", "--seeds", "2"]).with_status(0);
    assert!(seen.out.contains("mends 2"), "{}", seen.out);
}

#[test]
fn the_table_shows_change_call_and_settings() {
    let seen =
        smpsim(&[&["advise", "seed-gateway", "--seeds", "1"], &SMALL[..]].concat()).with_status(0);
    for part in
        ["--set link.interval_us=", "bt_conn_le_param_update", "1/1", "together (", "changes tried"]
    {
        assert!(seen.out.contains(part), "{part} is missing in\n{}", seen.out);
    }
}

#[test]
fn what_cannot_be_tried_is_refused() {
    for (args, part) in [
        (vec!["advise", "nowhere"], "no preset"),
        (vec!["advise", "--set", "fleet.devices=2"], "fleet.devices"),
        (vec!["advise", "--seeds", "0"], "--seeds"),
        (vec!["advise", "--strategy", "exec:true"], "exec"),
    ] {
        let seen = smpsim(&args).with_status(2);
        assert!(seen.err.contains(part), "{args:?}: {}", seen.err);
        assert!(seen.out.is_empty(), "{args:?}: {}", seen.out);
    }
}
