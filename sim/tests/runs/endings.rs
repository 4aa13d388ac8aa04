//! How updates end, and what the device holds then.

use crate::{kept, prepared, report};
use flash_model::{BootMode, SwapType, slot_image, swap_type};
use sim::scenario::PRESETS;
use sim::trace::Null;
use sim::world::{DeviceState, End, World};
use sim_core::{Seed, Span};

#[test]
fn every_preset_ends_as_it_expects() {
    for preset in PRESETS {
        let document = report(preset.name, &[]).document;
        let scenario = prepared(preset.name, &[]);
        assert!(
            scenario.scenario().expects(document.outcome, document.error.as_deref()),
            "{}: {} {:?}",
            preset.name,
            document.outcome,
            document.error
        );
    }
}

#[test]
fn after_a_confirmed_update_the_images_have_changed_places_for_good() {
    let prepared = prepared("reference", &[]);
    let mut world = World::new(&prepared, Seed(1), Null);
    assert!(matches!(world.run(), End::Finished(f) if f.outcome.name() == "confirmed"));
    let device = world.device();
    let (flash, layout) = (device.flash_view(), device.layout());
    let image = prepared.image();
    assert_eq!(flash.bytes(layout.primary().start, image.len()), image.bytes());
    let old = slot_image(flash, layout.secondary()).expect("the old image is kept");
    assert_eq!(old.version, prepared.scenario().slot0.version);
    assert_eq!(
        swap_type(flash, &layout, BootMode::SwapMove),
        SwapType::None,
        "confirmed: nothing to revert"
    );
    assert_eq!(device.state(), DeviceState::Running);
}

#[test]
fn a_test_without_confirm_is_reverted_at_the_next_boot() {
    let prepared = prepared("reference", &["client.mode=test-only", "expect.outcome=tested"]);
    let mut world = World::new(&prepared, Seed(1), Null);
    assert!(matches!(world.run(), End::Finished(f) if f.outcome.name() == "tested"));
    let device = world.device();
    assert_eq!(
        swap_type(device.flash_view(), &device.layout(), BootMode::SwapMove),
        SwapType::Revert
    );
}

#[test]
fn ten_percent_loss_delays_an_update_and_does_not_stop_it() {
    for seed in 1..=5 {
        let document = kept("reference", &["link.loss_ppm=100000"], seed).0.document;
        assert_eq!(document.outcome, "confirmed", "seed {seed}");
        assert!(document.link.retransmissions > 100);
    }
}

#[test]
fn total_loss_ends_with_a_named_error_in_bounded_time() {
    for setting in ["link.loss_ppm=1000000", "link.miss_ppm=1000000"] {
        let document = report("reference", &[setting]).document;
        assert_eq!(
            (document.outcome, document.error.as_deref()),
            ("failed", Some("connect_timeout"))
        );
        // Four attempts of 30 s with 500 ms between them.
        assert!(document.duration_s.as_secs_f64() < 122.0);
    }
}

#[test]
fn a_client_that_waits_for_ever_ends_at_the_time_limit() {
    // This client has no time-out, and a request longer than the server's buffer gets no answer.
    let document = report("seed-gateway", &["server.buf_size=64", "run.limit_s=90"]).document;
    assert_eq!((document.outcome, document.error.as_deref()), ("failed", Some("time_limit")));
    assert_eq!(document.duration_s, Span::from_s(90));
    assert!(document.error_text.is_some_and(|text| text.contains("limit_s")));
    assert_eq!(document.smp.dropped, 1);
}

#[test]
fn a_run_cut_off_in_health_is_told_from_one_that_waits_in_vain() {
    let text = |preset, settings: &[&str]| {
        report(preset, settings).document.error_text.expect("the limit is reached")
    };
    assert!(!text("reference", &["run.limit_s=10"]).contains("nothing has been answered"));
    let in_vain = ["client.estimated_swap_s=200", "run.limit_s=150"];
    assert!(text("reference", &in_vain).contains("nothing has been answered"));
}

/// The remedy for the confirm that changes nothing: a reset runs the waiting image on trial.
#[test]
fn the_waiting_image_of_the_recorded_phone_runs_after_a_reset() {
    let settings = ["client.mode=test-and-confirm", "expect.outcome=confirmed"];
    let document = report("seed-android", &settings).document;
    assert_eq!(document.outcome, "confirmed");
    assert_eq!(document.boot.swap_type, Some("test"));
}

#[test]
fn a_server_that_omits_rc_stops_the_sample_whose_parser_wants_it() {
    let document = report("seed-gateway", &["server.profile=z32"]).document;
    assert_eq!((document.outcome, document.error.as_deref()), ("failed", Some("parser_needs_rc")));
}

#[test]
fn chunks_beyond_the_mtu_fail_before_anything_is_sent() {
    let settings = ["client.chunk=450", "link.mtu=247"];
    let document = report("seed-gateway", &settings).document;
    assert_eq!((document.outcome, document.error.as_deref()), ("failed", Some("emsgsize")));
    assert_eq!(document.flash.erases, 0, "nothing reached the peripheral");
}
