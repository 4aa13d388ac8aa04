//! `smpsim strategies`.

use crate::smpsim;
use client_model::StrategyKind;

#[test]
fn every_strategy_is_listed_once_under_its_origin() {
    let out = smpsim(&["strategies"]).with_status(0).out;
    let groups: Vec<&str> = out.split("\n\n").collect();
    let [real, proposed, other, hint] = groups[..] else { panic!("{out}") };
    assert!(real.starts_with("Real clients\n") && real.contains("\n  android "), "{real}");
    assert!(proposed.contains("\n  smpsim-best ") && !proposed.contains("android"), "{proposed}");
    assert!(other.contains("\n  nordic-secure-dfu "), "{other}");
    assert!(hint.contains("smpsim run --strategy NAME"), "{hint}");
    let names = out.lines().filter_map(|line| line.strip_prefix("  "));
    let names: Vec<&str> = names.filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(names.len(), StrategyKind::ALL.len());
    for kind in StrategyKind::ALL {
        assert!(names.contains(&kind.name()), "{}", kind.name());
    }
    assert!(out.lines().all(|line| line.chars().count() <= 130), "{out}");
}

#[test]
fn a_client_that_does_not_exist_is_told_by_the_option_that_named_it() {
    for command in ["run", "advise"] {
        let seen = smpsim(&[command, "reference", "--strategy", "nosuch"]).with_status(2);
        assert_eq!(seen.out, "", "{command}");
        assert!(seen.err.contains("--strategy nosuch: "), "{command}: {}", seen.err);
        assert!(seen.err.contains("`smpsim strategies`"), "{command}: {}", seen.err);
        assert!(!seen.err.contains("--set"), "{command}: {}", seen.err);
    }
    let set = smpsim(&["run", "--set", "client.strategy=nosuch"]).with_status(2);
    assert!(set.err.contains("--set client.strategy=nosuch"), "{}", set.err);
}

#[test]
fn the_document_tells_origin_and_transports() {
    let document = smpsim(&["strategies", "--json"]).with_status(0).json();
    assert_eq!(document["schema"], "smpsim.strategies/1");
    let strategies = document["strategies"].as_array().expect("a list");
    assert_eq!(strategies.len(), StrategyKind::ALL.len());
    let find =
        |name: &str| strategies.iter().find(|entry| entry["name"] == name).expect("it is listed");
    let toolkit = find("mcumgr-toolkit");
    assert_eq!(toolkit["origin"], "real");
    assert_eq!(toolkit["transports"], serde_json::json!(["serial"]));
    assert_eq!(find("smpsim-best")["origin"], "proposed");
    assert_eq!(find("ti-oad")["origin"], "other-protocol");
    crate::documents::describes("smpsim.strategies/1", &[document]);
}
