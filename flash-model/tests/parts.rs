//! Each part carried out as a machine: how long its work takes, what it leaves, and whom it halts.

use flash_model::{
    Area, BareDevice, Counters, Cut, Device, EXTERNAL_BASE, FlashIn, FlashOp, FlashOut,
    FlashView as _, OpError, Part, RadioSync, Watch,
};
use sim_core::{Machine as _, Span, Time};

fn bare(part: Part) -> BareDevice {
    BareDevice::new(Device::new(part, RadioSync::None))
}

fn with_external() -> BareDevice {
    let device = Device::new(Part::nrf52840(), RadioSync::None);
    BareDevice::new(device.with_external(Part::mx25r6435f()))
}

/// Carries out operations; the time they took together.
fn took(bare: &mut BareDevice, ops: impl IntoIterator<Item = FlashOp>) -> Span {
    let start = bare.now;
    for op in ops {
        bare.carry_out(op, &mut ()).expect("nobody cuts power");
    }
    bare.now.since(start)
}

fn erases(part: &Part, area: Area) -> Vec<FlashOp> {
    area.pages(part.geometry.page).map(|at| FlashOp::Erase { at }).collect()
}

fn write(at: u32, octets: &[u8]) -> FlashOp {
    FlashOp::Write { at, data: octets.to_vec() }
}

#[test]
fn a_slot_of_the_development_kit_is_erased_in_ten_seconds() {
    let part = Part::nrf52840();
    let slot = Area::new(0x82000, 0x76000);
    let mut device = bare(part);
    assert_eq!(took(&mut device, erases(&part, slot)), Span::from_ms(10_030));
    assert_eq!(device.device.counters().erases, 118);
    let mut device = bare(Part::nrf5340());
    assert_eq!(took(&mut device, erases(&part, Area::new(0, 65_536))), Span::from_ms(1_400));
}

#[test]
fn the_same_slot_in_an_external_part_takes_half_of_that() {
    let part = Part::mx25r6435f();
    let mut device = with_external();
    let slot = Area::new(EXTERNAL_BASE, 0x76000);
    assert_eq!(took(&mut device, erases(&part, slot)), Span::from_us(5_664_000));
    // A sector: sixteen pages are programmed, after a millisecond of bus.
    let sector = took(&mut device, [write(EXTERNAL_BASE, &[0x11; 4096])]);
    assert_eq!(sector, Span::from_us(14_336 + 1_024));
}

#[test]
fn copies_from_an_external_part_come_over_its_bus_first() {
    let mut device = with_external();
    took(&mut device, [write(EXTERNAL_BASE + 0x100, &[0x35; 1024])]);
    let copy = |from, to| FlashOp::Copy { from, to, len: 1024 };
    let inward = took(&mut device, [copy(EXTERNAL_BASE + 0x100, 0x2000)]);
    assert_eq!(inward, Span::from_us(256) + Part::nrf52840().write_time(1024));
    let outward = took(&mut device, [copy(0x2000, EXTERNAL_BASE + 0x10_0000)]);
    assert_eq!(outward, Part::mx25r6435f().write_time(1024));
    for at in [0x2000, EXTERNAL_BASE + 0x100, EXTERNAL_BASE + 0x10_0000] {
        assert_eq!(device.device.bytes(at, 1024), [0x35; 1024], "{at:#x}");
    }
    let Counters { writes, words, .. } = device.device.counters();
    assert_eq!((writes, words), (3, 768));
}

#[test]
fn only_the_part_on_the_chip_halts_the_processor_and_asks_the_radio() {
    for sync in [RadioSync::None, RadioSync::Mpsl] {
        let mut device = Device::new(Part::nrf52840(), sync).with_external(Part::mx25r6435f());
        let mut said = |op| {
            device.handle(Time::ZERO, FlashIn::Start(op), ());
            let first: Vec<_> = std::iter::from_fn(|| device.poll()).collect();
            device.handle(Time::ZERO, FlashIn::PowerOff(Cut::Atomic), ());
            while device.poll().is_some() {}
            let halts = |out: &FlashOut| matches!(out, FlashOut::Busy { .. } | FlashOut::Slot(_));
            first.iter().any(halts)
        };
        let outside = EXTERNAL_BASE + 0x1000;
        assert!(!said(FlashOp::Erase { at: outside }), "{sync:?}");
        assert!(!said(write(outside, &[0; 4])), "{sync:?}");
        assert!(!said(FlashOp::Copy { from: 0, to: outside, len: 4 }), "{sync:?}");
        assert!(said(FlashOp::Erase { at: 0x1000 }), "{sync:?}");
        assert!(said(FlashOp::Copy { from: outside, to: 0, len: 4 }), "{sync:?}");
    }
}

#[test]
fn stretches_must_lie_in_one_array() {
    let device = with_external().device;
    let end = EXTERNAL_BASE + Part::mx25r6435f().geometry.size;
    let check = |op| device.check(&op);
    assert_eq!(check(FlashOp::Erase { at: end - 0x1000 }), Ok(()));
    assert!(matches!(check(FlashOp::Erase { at: end }), Err(OpError::OutOfPart { .. })));
    let between = check(write(EXTERNAL_BASE - 4, &[0; 8]));
    assert!(matches!(between, Err(OpError::OutOfPart { .. })));
    let unaligned = check(write(EXTERNAL_BASE + 2, &[0; 4]));
    assert!(matches!(unaligned, Err(OpError::Unaligned { .. })));
    let alone = Device::new(Part::nrf52840(), RadioSync::None);
    let missing = alone.check(&FlashOp::Erase { at: EXTERNAL_BASE });
    assert!(matches!(missing, Err(OpError::OutOfPart { .. })));
}

#[test]
fn resistive_memory_changes_bits_both_ways_without_an_erase() {
    let part = Part::nrf54l15();
    let mut device = bare(part);
    let time = took(&mut device, [write(0x40, &[0x0f; 32]), write(0x40, &[0xf0; 32])]);
    assert_eq!(time, Span::from_us(2 * 8 * 22));
    assert_eq!(device.device.bytes(0x40, 32), [0xf0; 32]);
    assert!(!device.device.needs_erase(0));
    assert_eq!(device.device.counters().overwritten_words, 0);
    let unaligned = device.device.check(&write(0x48, &[0; 16]));
    assert!(matches!(unaligned, Err(OpError::Unaligned { write_size: 16, .. })));
    // Software that insists on an erase has the page filled with ones.
    assert_eq!(took(&mut device, [FlashOp::Erase { at: 0 }]), part.write_time(4096));
    assert!(device.device.is_blank(Area::new(0, 4096)));
}

#[test]
fn a_second_write_ands_and_a_third_is_outside_the_guarantee() {
    let mut device = bare(Part::nrf52840());
    let words = [0xf0f0_f0f0_u32, 0x0f0f_ffff, 0xffff_ffff].map(u32::to_le_bytes);
    for (n, word) in words.into_iter().enumerate() {
        took(&mut device, [write(0x1000, &word)]);
        let over = u64::from(n as u8 >= Part::nrf52840().writes_per_word);
        assert_eq!(device.device.counters().overwritten_words, over);
        if n == 1 {
            assert_eq!(device.device.bytes(0x1000, 4), 0x0000_f0f0_u32.to_le_bytes());
        }
    }
}

#[test]
fn a_page_is_undefined_from_a_cut_in_its_erase_to_the_next_whole_one() {
    let mut device = bare(Part::nrf52840());
    let page = Area::new(0x2000, 0x1000);
    took(&mut device, [write(0x2000, &[0; 64])]);
    let defined = |device: &BareDevice| device.device.is_defined(Area::new(0x2ffc, 4));
    assert!(defined(&device));
    device.fail_during(FlashOp::Erase { at: 0x2000 }, Cut::Torn { draw: 1 }, 60_000 / 85);
    assert!(!defined(&device));
    assert!(device.device.is_defined(Area::new(0x3000, 0x1000)), "the neighbour is not touched");
    took(&mut device, [FlashOp::Erase { at: 0x2000 }]);
    assert!(defined(&device) && device.device.is_blank(page));
}

#[test]
fn pages_and_lines_wear_out_behind_their_endurance() {
    let mut pages = bare(Part { endurance: 3, ..Part::nrf52840() });
    took(&mut pages, (0..3).map(|_| FlashOp::Erase { at: 0 }));
    assert_eq!(pages.device.counters().worn_out, 0);
    took(&mut pages, (0..3).map(|_| FlashOp::Erase { at: 0 }));
    assert_eq!(pages.device.counters().worn_out, 1);
    let mut lines = bare(Part { endurance: 3, ..Part::nrf54l15() });
    took(&mut lines, (0..4).map(|_| write(0x100, &[7; 48])));
    let Counters { worn_out, max_line_writes, max_page_erases, .. } = lines.device.counters();
    assert_eq!((worn_out, max_line_writes, max_page_erases), (3, 4, 0));
    assert_eq!(lines.device.erases_of(0x110), 4);
}

/// Lets the supply fail in the middle of the first operation.
struct CutHalfway;

impl Watch for CutHalfway {
    fn before(&mut self, _: &BareDevice, _: &FlashOp) -> Option<(Cut, u32)> {
        Some((Cut::Torn { draw: 3 }, 500))
    }
}

#[test]
fn a_cut_tears_the_array_that_was_at_work_and_no_other() {
    let mut device = with_external();
    took(&mut device, [write(0x1000, &[0; 4096]), write(EXTERNAL_BASE, &[0; 4096])]);
    let op = FlashOp::Copy { from: 0x1000, to: EXTERNAL_BASE + 0x1000, len: 4096 };
    device.carry_out(op, &mut CutHalfway).expect_err("the supply fails");
    assert_eq!(device.device.bytes(0x1000, 4096), [0; 4096]);
    let target = device.device.bytes(EXTERNAL_BASE + 0x1000, 4096);
    assert_eq!(target[..8 * 256], [0; 8 * 256]);
    assert_eq!(target[9 * 256..], [0xff; 7 * 256]);
    device.carry_out(FlashOp::Erase { at: EXTERNAL_BASE }, &mut CutHalfway).expect_err("again");
    let erased = device.device.bytes(EXTERNAL_BASE, 4096);
    assert!(erased.iter().any(|&octet| octet != 0) && erased.iter().any(|&octet| octet != 0xff));
    assert!(!device.device.is_defined(Area::new(EXTERNAL_BASE, 1)));
}
