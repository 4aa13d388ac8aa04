//! Updates of devices with other flash than that of the nRF52840.

use crate::{kept, report};
use flash_model::{EXTERNAL_BASE, FlashEvent, OpKind, Part};
use sim::report::Report;
use sim::report::budget::Cause;
use sim::trace::Event;
use sim_core::Span;

/// An image that fits the slots of every part's development kit.
const SMALL: [&str; 2] = ["image.size=180000", "slot0.size=180000"];

/// Copying modes of the boot loader, with what each needs beside its name.
const MODES: [&[&str]; 5] = [
    &["boot.mode=swap-move"],
    &["boot.mode=swap-offset"],
    &["boot.mode=swap-scratch", "layout.scratch_start=0xd0000", "layout.scratch_size=0x4000"],
    &["boot.mode=overwrite-only"],
    &["boot.mode=overwrite-only-plain"],
];

fn confirmed(settings: &[&str]) -> Report {
    let report = report("reference", settings);
    assert_eq!(
        report.document.outcome, "confirmed",
        "{settings:?}: {:?}",
        report.document.error_text
    );
    assert_eq!(report.document.boot.booted.as_deref(), Some("1.1.0+0"), "{settings:?}");
    report
}

fn with<'s>(lists: &[&[&'s str]]) -> Vec<&'s str> {
    lists.concat()
}

#[test]
fn every_part_takes_an_update_with_the_layout_of_its_development_kit() {
    for part in ["nrf52840", "nrf52833", "nrf5340", "nrf54l15"] {
        let setting = format!("flash.part={part}");
        let document = confirmed(&with(&[&SMALL, &[&setting]])).document;
        assert_eq!(document.flash.worn_out, 0, "{part}");
        assert_eq!(document.flash.max_line_writes > 0, part == "nrf54l15", "{part}");
    }
}

#[test]
fn the_reference_image_fits_the_larger_parts() {
    for part in ["flash.part=nrf5340", "flash.part=nrf54l15"] {
        confirmed(&[part]);
    }
}

#[test]
fn an_nrf5340_takes_its_own_times() {
    let budget = confirmed(&["flash.part=nrf5340"]).document.upload_budget_s;
    assert_eq!(budget.of(Cause::FlashErase).as_us(), 93 * 87_500);
    assert_eq!(budget.of(Cause::FlashWrite).as_us() / 1_000, 93_482 * 43 / 1_000);
}

#[test]
fn resistive_memory_swaps_in_every_mode_without_erasing_what_it_copies_over() {
    for mode in MODES {
        // Its own scratch area lies behind its storage.
        let mode: Vec<_> = mode.iter().map(|&key| key.replace("0xd0000", "0x165000")).collect();
        let mode: Vec<_> = mode.iter().map(String::as_str).collect();
        let flash = confirmed(&with(&[&["flash.part=nrf54l15"], &mode])).document.flash;
        // Trailers, the scratch area, and what an overwritten slot loses are filled with ones.
        assert!(flash.erases < 180, "{mode:?}: {}", flash.erases);
    }
    let document = confirmed(&["flash.part=nrf54l15"]).document;
    // The trailer page in the upload, then both trailers, of two pages, before the swap.
    assert_eq!(document.flash.erases, 1 + 2 * 2);
    let upload = document.upload_budget_s;
    assert_eq!(upload.of(Cause::FlashErase), Part::nrf54l15().write_time(4096));
}

/// Fills of pages are writes to the radio: they ask for no more time than a write does.
#[test]
fn resistive_memory_is_filled_within_windows_of_a_write() {
    for (sync, longest) in [("ticker", 1_700 + 342 * 22), ("mpsl", 7_600), ("softdevice", 7_500)] {
        let sync = format!("flash.radio_sync={sync}");
        let settings = ["flash.part=nrf54l15", "link.interval_us=30000", sync.as_str()];
        let (report, records) = kept("reference", &settings, 1);
        assert_eq!(report.document.outcome, "confirmed", "{sync}");
        let mut fills = 0;
        for record in &records {
            if let Event::Flash(FlashEvent::Ask { kind: OpKind::Erase, len_us, .. }) = record.event
            {
                assert!(len_us <= longest, "{sync}: {len_us}");
                fills += 1;
            }
        }
        assert!(fills > 0, "{sync}");
    }
}

/// The fill of the trailer page, and whatever else is written, fits below the shortest timeout.
#[test]
fn resistive_memory_takes_an_update_over_a_link_without_patience() {
    for sync in ["none", "ticker", "mpsl", "softdevice"] {
        let sync = format!("flash.radio_sync={sync}");
        let settings = ["flash.part=nrf54l15", "link.timeout_ms=100", sync.as_str()];
        let document = report("reference", &settings).document;
        println!("{sync}: {} {:?}", document.outcome, document.error_text);
        assert_eq!(document.outcome, "confirmed", "{sync}: {:?}", document.error_text);
    }
}

#[test]
fn an_upload_to_resistive_memory_passes_the_bound_of_erases_and_keeps_its_own() {
    let fast = [
        "link.phy=2M",
        "link.interval_us=30000",
        "link.event_overhead_us=0",
        "client.window=6",
        "server.buf_size=2475",
        "server.buf_count=8",
        "server.reassembly=true",
        "server.params=true",
    ];
    let rate = |part| {
        let document = confirmed(&with(&[&fast, &[part]])).document;
        373_928.0 / document.upload_s.as_secs_f64()
    };
    let (nor, rram) = (rate("flash.part=nrf52840"), rate("flash.part=nrf54l15"));
    // 4096 octets in 85 ms and 1024 words of 41 us; 4 octets in 22 us.
    assert!(nor < 32_260.0, "{nor}");
    assert!(rram > 32_260.0 && rram < 181_820.0, "{rram}");
}

#[test]
fn a_slot_in_an_external_part_is_swapped_in_every_copying_mode() {
    for mode in MODES {
        let settings = with(&[&["flash.secondary=mx25r64"], mode]);
        let report = confirmed(&settings);
        assert!(report.document.flash.erases > 93, "{mode:?}");
    }
    let up_front = ["flash.secondary=mx25r64", "server.erase=up-front", "slot1.content=old"];
    let document = confirmed(&up_front).document;
    assert_eq!(document.upload_budget_s.of(Cause::FlashErase), Span::from_ms(93 * 48));
    let other_chip = ["flash.secondary=mx25r64", "flash.part=nrf5340"];
    confirmed(&other_chip);
}

#[test]
fn a_large_slot_fits_the_external_part_only() {
    let large = ["layout.slot_size=0xec000", "image.size=800000", "slot0.size=800000"];
    let settings = with(&[&large, &["flash.secondary=mx25r64"]]);
    let report = confirmed(&with(&[&settings, &["client.estimated_swap_s=120"]]));
    assert_eq!(report.document.image.size, 800_000);
}

#[test]
fn the_radio_takes_no_notice_of_the_work_of_an_external_part() {
    let upload = ["flash.secondary=mx25r64", "client.mode=upload-only", "expect.outcome=uploaded"];
    let ways = ["flash.radio_sync=none", "flash.radio_sync=mpsl", "flash.radio_sync=ticker"];
    let mut digests = Vec::new();
    for way in ways.into_iter().chain(["flash.deaf_on_write=false"]) {
        let (report, records) = kept("reference", &with(&[&upload, &[way]]), 1);
        assert_eq!(report.document.outcome, "uploaded");
        let mut starts = 0;
        for record in &records {
            let Event::Flash(event) = record.event else { continue };
            match event {
                FlashEvent::Start { kind, at, .. } => {
                    assert!(at >= EXTERNAL_BASE && kind != OpKind::Copy, "{event:?}");
                    starts += 1;
                }
                FlashEvent::End { .. } => {}
                other => panic!("{way}: {other:?} has to do with the radio"),
            }
        }
        assert_eq!(starts, 93 + 731);
        digests.push(report.document.trace_digest);
    }
    digests.dedup();
    assert_eq!(digests.len(), 1);
}

#[test]
fn an_external_part_makes_the_upload_faster_than_the_part_on_the_chip() {
    let upload_s = |settings: &[&str]| confirmed(settings).document.upload_s.as_secs_f64();
    let (chip, external) = (upload_s(&[]), upload_s(&["flash.secondary=mx25r64"]));
    assert!(external < 0.8 * chip, "{external} {chip}");
}

#[test]
fn a_power_cut_in_the_swap_with_an_external_part_is_survived() {
    let whole = confirmed(&["flash.secondary=mx25r64"]).document;
    let middle = (whole.duration_s.as_us() - 10_000_000).to_string();
    for at in [&middle[..], "30000000"] {
        let cut = format!("power.cut_us={at}");
        for level in ["power.level=torn", "power.level=atomic"] {
            let report = report("reference", &["flash.secondary=mx25r64", &cut, level]);
            let booted = report.document.boot.booted.as_deref();
            assert!(matches!(booted, Some("1.0.0+0" | "1.1.0+0")), "{cut} {level}: {booted:?}");
        }
    }
}
