//! The image upload on other parts than the nRF52840's flash: what is erased, and the time of it all.

mod support;

use flash_model::{Area, Device, EXTERNAL_BASE, FlashView as _, Layout, Part, RadioSync};
use server_model::{EraseMode, ServerConfig};
use sim_core::Span;
use support::upload::{first, frame, next};
use support::{World, image};

/// Octets of a chunk of the tests.
const CHUNK: usize = 2_000;

fn config(erase: EraseMode, layout: Layout) -> ServerConfig {
    ServerConfig { buf_size: 2475, erase, layout, ..ServerConfig::default() }
}

fn world(part: Part, erase: EraseMode) -> World {
    let layout = Layout::preset(Layout::preset_of(part.name)).expect("there is one");
    World::with_flash(config(erase, layout), Device::new(part, RadioSync::None))
}

/// Uploads an image of so many octets; what its slot holds afterwards is checked.
fn upload(world: &mut World, octets: usize) {
    let whole = image(octets as u32 - 72, 2);
    assert_eq!(whole.len(), octets);
    world.body(&frame(&first(&whole, CHUNK), 0));
    for off in (CHUNK..octets).step_by(CHUNK) {
        world.body(&frame(&next(&whole, off, CHUNK), 0));
    }
    assert_eq!(world.slot(1)[..octets], whole);
}

/// Flash time of a progressive upload, the erase of the trailer page left out.
fn ingest(part: Part, octets: usize) -> (u32, u64, Span) {
    let mut world = world(part, EraseMode::Progressive);
    upload(&mut world, octets);
    let counters = world.flash.counters();
    (counters.erases - 1, counters.words, counters.busy - part.erase_page)
}

#[test]
fn erasing_on_the_fly_takes_the_time_of_its_pages_and_words() {
    let expected = (92, 93_472, Span::from_us(11_652_352));
    assert_eq!(ingest(Part::nrf52840(), 373_888), expected);
    assert_eq!(ingest(Part::nrf5340(), 65_536), (16, 16_384, Span::from_us(2_104_512)));
    assert_eq!(ingest(Part::nrf52840(), 151_000), (37, 37_750, Span::from_us(4_692_750)));
}

#[test]
fn resistive_memory_takes_an_upload_without_erases_but_for_the_trailer() {
    let part = Part::nrf54l15();
    let mut world = world(part, EraseMode::Progressive);
    let slot = world.server.config().layout.secondary();
    world.flash.load(slot.start, &image(400_000, 3));
    world.flash.load(slot.end() - 16, &[0; 16]);
    upload(&mut world, 100_000);
    let counters = world.flash.counters();
    assert_eq!(counters.erases, 1);
    assert_eq!(counters.words, 25_000 + 1_024);
    assert_eq!(counters.busy, Span::from_us(550_000) + part.write_time(4096));
    assert!(world.flash.is_blank(Area::new(slot.end() - 4096, 4096)));
    // Behind the image lies what was there before.
    assert!(!world.flash.is_blank(Area::new(slot.start + 200_000, 4096)));
}

#[test]
fn an_up_front_build_fills_a_used_slot_of_resistive_memory_with_ones() {
    let part = Part::nrf54l15();
    let mut world = world(part, EraseMode::UpFront);
    let slot = world.server.config().layout.secondary();
    world.flash.load(slot.start, &image(400_000, 3));
    upload(&mut world, 100_000);
    let counters = world.flash.counters();
    assert_eq!(counters.erases, 25 + 1);
    assert_eq!(counters.busy, part.write_time(26 * 4096) + Span::from_us(550_000));
}

#[test]
fn a_slot_in_an_external_part_is_erased_and_programmed_by_the_times_of_that() {
    let external = Part::mx25r6435f();
    for erase in [EraseMode::Progressive, EraseMode::UpFront] {
        let dk = Layout::nrf52840dk();
        let layout = Layout { slots: [dk.primary(), Area::new(EXTERNAL_BASE, 0x76000)], ..dk };
        let flash = Device::new(Part::nrf52840(), RadioSync::None).with_external(external);
        let mut world = World::with_flash(config(erase, layout), flash);
        world.flash.load(EXTERNAL_BASE, &image(300_000, 3));
        upload(&mut world, 102_400);
        let counters = world.flash.counters();
        assert_eq!(counters.erases, 25 + 1, "{erase:?}");
        assert_eq!(counters.busy, Span::from_ms(26 * 48) + external.write_time(102_400));
    }
}
