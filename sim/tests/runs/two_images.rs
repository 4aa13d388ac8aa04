//! Several images in one update.

use flash_model::{Area, FlashView as _};
use sim::report::{RunDoc, run};
use sim::scenario::{Scenario, Settings};
use sim::trace::{Digest, Null};
use sim::world::{PrepareError, Prepared, World};
use sim_core::Seed;

fn prepared(settings: &[&str]) -> Prepared {
    let mut all = Settings::preset("two-images").expect("there is one");
    for setting in settings {
        all.set(setting).expect("lawful");
    }
    let scenario = Scenario::resolve(&all).expect("fits together");
    Prepared::new(scenario, None, false).expect("fits")
}

fn document(settings: &[&str]) -> RunDoc {
    run(&prepared(settings), 1, Null).0.document
}

#[test]
fn both_images_run_after_one_reset() {
    let prepared = prepared(&[]);
    let mut world = World::new(&prepared, Seed(1), Digest::default());
    world.run();
    let flash = world.device().flash();
    let primary =
        |slot: Area, octets: &[u8]| flash.bytes(slot.start, octets.len() as u32) == octets;
    assert!(primary(prepared.scenario().server.layout.primary(), prepared.image().bytes()));
    let (number, second) = prepared.more_images().next().expect("there is one");
    assert_eq!(number, 1);
    assert!(primary(prepared.scenario().server.more_images[0][0], second.bytes()));
    let document = document(&[]);
    assert_eq!((document.outcome, document.boot.swaps), ("confirmed", 2));
    assert_eq!(document.more_images[0].size, 100_000);
    let octets = u64::from(document.image.size + document.more_images[0].size);
    assert_eq!(document.goodput_bps, octets * 1_000_000_000 / document.upload_s.as_ns());
    assert_eq!(document.smp.retries, 0, "the second image is no repetition of the first");
}

#[test]
fn every_mode_of_an_update_is_that_of_both_images() {
    for (mode, outcome, swaps) in [
        ("upload-only", "uploaded", 2),
        ("test-only", "tested", 2),
        ("confirm-only", "confirmed", 2),
    ] {
        let document = document(&[&format!("client.mode={mode}")]);
        let swapped = if mode == "upload-only" { 0 } else { swaps };
        assert_eq!((document.outcome, document.boot.swaps), (outcome, swapped), "{mode}");
    }
}

#[test]
fn other_clients_and_modes_of_the_boot_loader_take_both_images_too() {
    for setting in [
        "client.strategy=ios",
        "client.strategy=smpmgr",
        "client.strategy=smpsim-best",
        "boot.mode=overwrite-only",
        "boot.mode=swap-offset",
        "client.window=1",
    ] {
        assert_eq!(document(&[setting]).outcome, "confirmed", "{setting}");
    }
}

#[test]
fn an_image_without_slots_is_refused() {
    let mut settings = Settings::preset("reference").expect("there is one");
    settings.set("image1.size=100000").expect("lawful");
    let scenario = Scenario::resolve(&settings).expect("fits together");
    let refused = Prepared::new(scenario, None, false).expect_err("must be refused");
    assert_eq!(refused, PrepareError::NoSlots { number: 1 });
    let mut settings = Settings::preset("two-images").expect("there is one");
    settings.set("image1.size=130000").expect("lawful");
    let scenario = Scenario::resolve(&settings).expect("fits together");
    let refused = Prepared::new(scenario, None, false).expect_err("must be refused");
    assert!(
        matches!(refused, PrepareError::LargerThanSlot { key: "image1.size", .. }),
        "{refused}"
    );
}
