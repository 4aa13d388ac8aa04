//! Figures that follow from floors and rules, as the document tells them.

use crate::{document, figure, smpsim};

/// Flash floor of the reference upload: 92 pages and the trailer page at 85 ms, 93,482 words at
/// 41 us (nRF52840 Product Specification, NVMC).
const FLASH_FLOOR_S: f64 = 93.0 * 0.085 + 93_482.0 * 41e-6;

#[test]
fn the_reference_upload_lies_between_its_floor_and_its_bound() {
    let document = document(&[]);
    let upload = figure(&document, "upload_s");
    assert!((11.737..11.739).contains(&FLASH_FLOOR_S));
    assert!(upload > FLASH_FLOOR_S && (12.0..=28.0).contains(&upload), "{upload}");
    // Flash and radio exclude each other without radio synchronisation: the budget shows both.
    let part = |cause| figure(&document, &format!("upload_budget_s.{cause}"));
    let flash = part("flash_erase") + part("flash_write");
    assert!((flash - FLASH_FLOOR_S).abs() < 0.01, "{flash}");
    assert!(part("link_payload") > 1.0 && part("link_wait") > 1.0);
}

#[test]
fn the_reference_swap_takes_the_time_of_its_flash_operations() {
    let document = document(&[]);
    let swap = figure(&document, "boot.swap_s");
    assert!((34.0..=40.0).contains(&swap), "{swap}");
    assert_eq!(document["boot"]["swaps"], 1);
}

fn upload_s(settings: &[&str]) -> f64 {
    let args: Vec<&str> = settings.iter().flat_map(|setting| ["--set", setting]).collect();
    figure(&document(&args), "upload_s")
}

#[test]
fn a_window_of_three_is_never_slower_than_one() {
    for setting in ["server.erase=up-front", "link.phy=2M", "link.interval_us=30000"] {
        let (one, three) =
            (upload_s(&[setting, "client.window=1"]), upload_s(&[setting, "client.window=3"]));
        assert!(three <= one, "{setting}: {three}, {one}");
    }
    assert!(upload_s(&["client.window=3"]) <= upload_s(&["client.window=1"]));
}

#[test]
fn with_the_flash_out_of_the_way_a_window_of_three_nearly_doubles_the_goodput() {
    let aside = ["server.erase=up-front", "flash.deaf_on_write=false"];
    let one = upload_s(&[aside[0], aside[1], "client.window=1"]);
    let three = upload_s(&[aside[0], aside[1], "client.window=3"]);
    assert!(one / three >= 1.8, "{one}, {three}");
}

#[test]
fn the_gateways_first_answer_takes_as_long_as_its_user_saw_and_the_report_says_why() {
    let first = figure(&document(&["seed-gateway"]), "first_answer_s");
    assert!((9.0..=10.5).contains(&first), "{first}");
    let out = smpsim(&["run", "seed-gateway"]).with_status(0).out;
    assert!(out.lines().any(|line| line.contains("93 page erases")), "{out}");
}

#[test]
fn larger_chunks_speed_the_gateway_up() {
    let (small, large) = (document(&["seed-gateway"]), document(&["seed-gateway-400"]));
    let ratio = figure(&large, "goodput_Bps") / figure(&small, "goodput_Bps");
    assert!((2.0..3.0).contains(&ratio), "{ratio}");
}

#[test]
fn ten_percent_loss_costs_time_and_not_the_update() {
    for seed in ["1", "2", "3"] {
        let document = document(&["--set", "link.loss_ppm=100000", "--seed", seed]);
        assert_eq!(document["outcome"], "confirmed");
        assert!(figure(&document, "link.lost_packets") > 100.0);
        assert!(figure(&document, "upload_budget_s.link_retransmit") > 0.0);
    }
}

#[test]
fn total_loss_fails_with_a_named_error_in_bounded_virtual_time() {
    for setting in ["link.loss_ppm=1000000", "link.miss_ppm=1000000"] {
        let document = smpsim(&["run", "--json", "--set", setting]).with_status(1).json();
        assert_eq!(document["outcome"], "failed");
        assert_eq!(document["error"], "connect_timeout");
        // Four attempts of 30 s with pauses of 0.5 s between them.
        let duration = figure(&document, "duration_s");
        assert!((120.0..=122.0).contains(&duration), "{duration}");
        assert_eq!((figure(&document, "upload_s"), figure(&document, "goodput_Bps")), (0.0, 0.0));
    }
}

#[test]
fn an_upload_that_is_not_completed_has_no_goodput() {
    // The server stops answering when this client's parser does not get what it wants.
    let args = ["run", "--json", "--strategy", "ncs-central-sample"];
    let document = smpsim(&args).with_status(1).json();
    assert_eq!(document["error"], "parser_needs_rc");
    assert_eq!(document["goodput_Bps"], 0);
}

#[test]
fn a_run_that_would_never_end_ends_at_its_limit() {
    let args = ["run", "--json", "--set", "run.limit_s=30"];
    let document = smpsim(&args).with_status(1).json();
    assert_eq!(
        (&document["outcome"], &document["error"]),
        (&"failed".into(), &"time_limit".into())
    );
    assert!((figure(&document, "duration_s") - 30.0).abs() < 1e-9);
}
