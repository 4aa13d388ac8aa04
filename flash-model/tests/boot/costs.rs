//! What a swap costs, by formula: n pages of the larger image, t trailer pages, c copies a page.

use crate::rig::{Log, PAGE, Rig};
use flash_model::{BootConfig, BootEvent, BootResult, Layout, Part, SwapType, set_confirmed};
use sim_core::Span;

/// Copies of 1024 octets a page.
const C: usize = 4;

fn pending(pages: u32, old: u32, new: u32, permanent: bool) -> Rig {
    let mut rig = Rig::small(pages);
    rig.put(0, 1, old);
    rig.put(1, 2, new);
    rig.request(permanent);
    rig
}

fn swap_of(result: BootResult) -> SwapType {
    match result {
        BootResult::Booted { swap, resumed: false, .. } => swap,
        other => panic!("{other:?}"),
    }
}

#[test]
fn erases_and_writes_follow_the_formulas() {
    // (slot pages, octets of the old and the new image, n)
    let cases = [
        (8, 4 * PAGE, 2 * PAGE + 1, 4),
        (8, PAGE, 4 * PAGE + 1, 5),
        (12, 9 * PAGE, 10 * PAGE, 10),
        (40, 30 * PAGE + 17, 600, 31),
    ];
    for (pages, old, new, n) in cases {
        let t = 1;
        let mut test = pending(pages, old, new, false);
        let (result, log) = test.boot_through();
        assert_eq!(swap_of(result), SwapType::Test);
        assert_eq!((log.erases, log.writes), (3 * n + 2 * t, 3 * n * (C + 1) + 4));
        let fields = (3 * n * 4 + 28) as u64;
        assert_eq!(log.written, (3 * n) as u64 * u64::from(PAGE) + fields);

        let (result, log) = test.boot_through();
        assert_eq!(swap_of(result), SwapType::Revert);
        assert_eq!((log.erases, log.writes), (3 * n + 3 * t, 3 * n * (C + 1) + 8));

        let (result, log) = pending(pages, old, new, true).boot_through();
        assert_eq!(swap_of(result), SwapType::Perm);
        assert_eq!((log.erases, log.writes), (3 * n + 2 * t, 3 * n * (C + 1) + 5));
    }
}

#[test]
fn a_trailer_of_two_pages_is_erased_page_by_page() {
    let mut rig = pending(20, 3 * PAGE, 3 * PAGE, false);
    rig.config.max_sectors = 400;
    let (result, log) = rig.boot_through();
    assert_eq!(swap_of(result), SwapType::Test);
    assert_eq!(log.erases, 3 * 3 + 2 * 2);
    assert_eq!(log.lines[..2], ["E 13000 1000", "E 12000 1000"]);
}

#[test]
fn the_reference_swap_takes_the_time_of_its_operations_and_hashes() {
    let mut rig = Rig::new(Part::nrf52840(), Layout::nrf52840dk(), BootConfig::default());
    rig.put(0, 1, 373_928);
    rig.put(1, 2, 373_928);
    rig.request(false);
    let before = rig.bare.device.counters();
    let start = rig.bare.now;
    let (result, log) = rig.boot_through();
    assert_eq!(swap_of(result), SwapType::Test);
    assert_eq!((log.erases, log.writes), (3 * 92 + 2, 3 * 92 * 5 + 4));
    let words = rig.bare.device.counters().words - before.words;
    assert_eq!(words, 3 * 92 * (1024 + 1) + 7);
    // The hash covers all but the 40 octets of the TLV area.
    let hashing = Span::from_us(2 * 373_888 * 2);
    let flash = Span::from_ms(85) * (3 * 92 + 2) + Span::from_us(41) * words;
    assert_eq!(rig.bare.now.since(start), flash + hashing);
    assert_eq!(rig.bare.device.counters().overwritten_words, 0);
    let swapped = BootEvent::Swapped { done: 92, of: 92 };
    assert!(log.events.contains(&swapped));
}

#[test]
fn a_boot_without_request_touches_nothing_and_hashes_once() {
    let mut rig = Rig::new(Part::nrf52840(), Layout::nrf52840dk(), BootConfig::default());
    rig.put(0, 1, 100_040);
    let (result, log) = rig.boot_through();
    assert_eq!(swap_of(result), SwapType::None);
    assert!(log.lines.is_empty());
    assert_eq!(rig.bare.now.as_ns(), Span::from_ms(200).as_ns());
}

#[test]
fn a_confirmed_test_is_not_reverted() {
    let mut rig = pending(8, 2 * PAGE, 2 * PAGE, false);
    rig.boot_through();
    let ops = set_confirmed(&rig.bare.device, &rig.layout).unwrap();
    assert_eq!(ops.len(), 1);
    rig.run(ops, None, &mut Log::default()).unwrap();
    let (result, log) = rig.boot_through();
    assert_eq!(swap_of(result), SwapType::None);
    assert!(log.lines.is_empty());
}
