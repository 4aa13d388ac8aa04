//! All runs of MCUboot.

use crate::runs;
use sim::conform::check;

/// Every scenario and every power cut; the set must not shrink unnoticed.
#[track_caller]
fn all_agree(name: &str, cases: u32) {
    let result = check(&runs(name), &|_| None).expect("JSON");
    let shown: Vec<_> = result.failures.iter().take(10).collect();
    assert!(result.failures.is_empty(), "{} failed: {shown:#?}", result.failures.len());
    assert_eq!((result.kind, result.passed), ("runs of MCUboot", cases));
}

#[test]
fn small_slots_in_every_swap_mode_with_a_cut_at_every_operation() {
    all_agree("swap_small", 104 + 21_606);
}

#[test]
fn every_flow_of_an_application_and_every_fault() {
    all_agree("flows", 144 + 3854);
}

#[test]
fn slots_and_images_of_the_development_kit() {
    all_agree("nrf52840dk", 22 + 1340);
}

#[test]
fn images_that_run_where_they_lie() {
    all_agree("direct_xip", 22 + 116);
}

#[test]
fn write_sizes_of_16_and_32() {
    all_agree("wide_align", 8 + 468);
}
