//! Whatever is lost and whenever the supply fails: the device boots a whole image, and what the
//! client reports is true.

use client_model::Client;
use property_test::Patient;
use proptest::prelude::*;
use sim::checkers::{self, Checked};
use sim::scenario::{Scenario, Settings};
use sim::world::Prepared;
use sim_core::Seed;

/// A small image, so that many updates fit a test.
fn prepared(settings: &[String]) -> Prepared {
    let mut all = Settings::preset("reference-lossy").expect("there is one");
    for setting in ["image.size=30000", "slot0.size=30000", "client.estimated_swap_s=5"] {
        all.set(setting).expect("lawful");
    }
    for setting in settings {
        all.set(setting).expect("lawful");
    }
    let scenario = Scenario::resolve(&all).expect("the values fit together");
    Prepared::new(scenario, None, false).expect("the image fits its slot")
}

fn update(settings: &[String], seed: u64) -> Checked {
    let prepared = prepared(settings);
    let config = prepared.client_config(Seed(seed));
    checkers::run(&prepared, seed, Client::with_strategy(config, Box::<Patient>::default()))
}

#[test]
fn a_quiet_day_ends_with_the_new_image_confirmed() {
    let checked = update(&["link.loss_ppm=0".to_owned()], 1);
    assert_eq!(checked.violations, []);
    assert_eq!(checked.report.document.outcome, "confirmed");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_device_boots_and_what_is_reported_is_true(
        seed: u64,
        loss_ppm in 0u32..300_000,
        cut_us in prop_oneof![Just(0u64), 100_000u64..12_000_000],
        torn: bool,
        erase in prop_oneof![Just("up-front"), Just("progressive")],
        mode in prop_oneof![Just("swap-move"), Just("swap-offset"), Just("overwrite-only")],
    ) {
        let level = if torn { "torn" } else { "atomic" };
        let settings = [
            format!("link.loss_ppm={loss_ppm}"),
            format!("power.cut_us={cut_us}"),
            format!("power.level={level}"),
            format!("server.erase={erase}"),
            format!("boot.mode={mode}"),
        ];
        let checked = update(&settings, seed);
        prop_assert!(checked.violations.is_empty(), "{:?}", checked.violations);
        let outcome = checked.report.document.outcome;
        prop_assert!(cut_us > 0 || loss_ppm > 100_000 || outcome == "confirmed", "{outcome}");
    }
}
