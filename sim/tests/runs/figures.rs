//! Figures that follow from the rules: floors, bounds, and what one setting does to them.

use crate::report;
use sim::report::budget::Cause;

fn upload_s(settings: &[&str]) -> f64 {
    report("reference", settings).document.upload_s.as_secs_f64()
}

#[test]
fn the_reference_upload_lies_above_the_floor_of_its_flash() {
    let report = report("reference", &[]);
    let document = &report.document;
    let upload = document.upload_budget_s;
    // 92 pages and the trailer page at 85 ms; 93,482 words at 41 us.
    assert_eq!(upload.of(Cause::FlashErase).as_us(), 93 * 85_000);
    assert_eq!(upload.of(Cause::FlashWrite).as_us() / 1_000, 93_482 * 41 / 1_000);
    // Without radio synchronisation flash and radio exclude each other: the link's share comes on top.
    let upload_s = document.upload_s.as_secs_f64();
    assert!((12.0..28.0).contains(&upload_s), "{upload_s}");
}

#[test]
fn the_reference_sends_as_many_chunks_as_fit_its_frames() {
    let requests = |preset| report(preset, &[]).document.smp.requests;
    // Parameters and list twice, test, reset, confirm.
    assert_eq!(requests("reference"), 797 + 7);
    assert_eq!(requests("reference-reassembly"), 153 + 7);
}

#[test]
fn the_swap_takes_the_time_of_its_operations() {
    let document = report("reference", &[]).document;
    let swap_s = document.boot.swap_s.as_secs_f64();
    assert!((34.0..40.0).contains(&swap_s), "{swap_s}");
    assert_eq!(document.boot.swap_type, Some("test"));
    // Upload 93, swap 3n + 2t of n = 92 and t = 1.
    assert_eq!(document.flash.erases, 93 + 3 * 92 + 2);
}

#[test]
fn window_three_is_not_slower_than_window_one_on_the_reference_link() {
    let one = upload_s(&["client.window=1"]);
    let three = upload_s(&["client.window=3"]);
    assert!(three <= one, "{three} {one}");
}

#[test]
fn with_flash_out_of_the_way_a_window_pays() {
    let aside = ["server.erase=up-front", "flash.deaf_on_write=false"];
    let rate = |window| 373_928.0 / upload_s(&[aside[0], aside[1], window]);
    let (one, three) = (rate("client.window=1"), rate("client.window=3"));
    // Stop and wait: 469 octets in two intervals of 11.25 ms are 20.8 kB/s.
    assert!((20_000.0..21_000.0).contains(&one), "{one}");
    assert!(three > 1.8 * one, "{three} {one}");
    // Three pairs of packets an event are 1.5 requests.
    assert!(three < 1.5 * 469.0 / 0.01125, "{three}");
}

#[test]
fn the_gateways_first_answer_waits_for_ninety_three_erases() {
    let report = report("seed-gateway", &[]);
    let first = report.counts.first_answer.expect("an upload was begun");
    let took = first.took.as_secs_f64();
    assert!((9.0..10.5).contains(&took), "{took}");
    assert_eq!(first.erases, 93);
    // 85 ms take two intervals of 50 ms each time, since the anchor after the next one is served.
    let erase = first.budget.of(Cause::FlashErase).as_secs_f64();
    assert!((93.0 * 0.1 - 0.1..93.0 * 0.1).contains(&erase), "{erase}");
}

#[test]
fn the_gateways_rate_is_one_chunk_in_two_intervals() {
    let rate = |preset| report(preset, &[]).document.goodput_bps;
    assert!((1_400..=1_500).contains(&rate("seed-gateway")));
    assert!((3_500..=4_000).contains(&rate("seed-gateway-400")));
}
