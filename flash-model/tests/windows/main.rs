//! Flash work in windows that a radio leaves, refuses or cuts short.

mod bench;
mod calls;

use bench::{Bench, PAGE, SIZE, device, erase, part, us, write};
use flash_model::{
    Area, Device, FlashIn, FlashOp, FlashOut, FlashView as _, OpKind, Part, RadioSync,
    WindowCounters,
};
use proptest::prelude::*;
use sim_core::{Machine as _, Priority, Slot, Span, Time};

#[test]
fn a_page_is_erased_in_fifteen_windows_of_two_slices() {
    let mut grants = |_| false;
    let mut bench = Bench::new(device(RadioSync::Mpsl, Some(3)), &mut grants);
    bench.carry_out([erase(0)]);
    assert_eq!(bench.windows.len(), 15);
    assert_eq!(bench.windows[0], (OpKind::Erase, 2));
    assert_eq!(bench.windows[14], (OpKind::Erase, 1));
    assert_eq!(bench.busy(), Span::from_ms(87));
    assert!(bench.requests.iter().all(|(_, len, _)| *len == us(8_500)));
    assert_eq!(bench.device.counters().busy, Span::from_ms(87));
}

#[test]
fn the_last_window_of_a_page_goes_on_with_the_next_page_of_the_call() {
    for radio in [RadioSync::Mpsl, RadioSync::Ticker] {
        let mut grants = |_| false;
        let mut bench = Bench::new(device(radio, Some(3)), &mut grants);
        bench.carry_out([erase(0), erase(1)]);
        // 58 slices in 29 windows; two pages by themselves would take 30.
        assert_eq!((bench.asks, bench.device.window_counters().windows), (29, 29), "{radio:?}");
        assert_eq!(bench.windows[14..16], [(OpKind::Erase, 1), (OpKind::Erase, 1)]);
        assert_eq!(bench.halts[14].until, bench.halts[15].from);
        assert_eq!(bench.busy(), Span::from_ms(2 * 87));
    }
}

#[test]
fn pages_that_need_no_erase_are_filled_in_windows_of_a_write() {
    for (radio, longest) in [
        (RadioSync::Ticker, us(1_700 + 342 * 22)),
        (RadioSync::Mpsl, us(7_600)),
        (RadioSync::SoftDevice, us(7_500)),
    ] {
        let mut flash = Device::new(Part::nrf54l15(), radio);
        flash.load(0, &[0x5a; 3 * PAGE as usize]);
        let mut refuses = |n: u32| n.is_multiple_of(5);
        let mut bench = Bench::new(flash, &mut refuses);
        bench.carry_out([erase(0), erase(1)]);
        assert!(bench.requests.iter().all(|(_, len, _)| *len <= longest), "{radio:?}");
        let words: u32 = bench.windows.iter().map(|(_, units)| u32::from(*units)).sum();
        assert_eq!(words, 2 * 1_024);
        assert!(bench.device.is_blank(Area::new(0, 2 * PAGE)));
        assert_eq!(bench.device.bytes(2 * PAGE, PAGE), [0x5a; PAGE as usize]);
        let counters = bench.device.counters();
        assert_eq!((counters.erases, counters.words, counters.max_line_writes), (2, 2_048, 1));
        assert_eq!(counters.busy, us(2 * 1_024 * 22));
    }
}

#[test]
fn a_fill_without_time_leaves_the_words_that_it_has_written() {
    let mut flash = Device::new(Part::nrf54l15(), RadioSync::Mpsl);
    flash.load(0, &[0x5a; PAGE as usize]);
    let mut second = |n| n > 0;
    let mut bench = Bench::new(flash, &mut second);
    bench.carry_out([erase(0)]);
    assert!(bench.failed);
    let written = u32::from(bench.windows[0].1) * 4;
    assert!(bench.device.is_blank(Area::new(0, written)));
    assert_eq!(bench.device.bytes(written, 4), [0x5a; 4]);
    assert!(bench.device.is_defined(Area::new(0, PAGE)), "no erase has begun");
}

#[test]
fn another_page_or_a_write_is_another_call() {
    for next in [erase(2), write(PAGE, 4)] {
        let mut grants = |_| false;
        let mut bench = Bench::new(device(RadioSync::Mpsl, Some(3)), &mut grants);
        bench.carry_out([erase(0), next.clone()]);
        let second = if matches!(next, FlashOp::Erase { .. }) { 15 } else { 1 };
        assert_eq!(bench.asks, 15 + second, "{next:?}");
    }
}

#[test]
fn a_buffer_of_512_fits_a_window_and_one_of_4096_takes_six() {
    for (radio, most) in [(RadioSync::Mpsl, 182), (RadioSync::Ticker, 183)] {
        let mut grants = |_| false;
        let mut bench = Bench::new(device(radio, None), &mut grants);
        bench.carry_out([write(0, 512), write(PAGE, 4096)]);
        let units: Vec<u16> = bench.windows.iter().map(|(_, units)| *units).collect();
        assert_eq!(units, [128, most, most, most, most, most, 1_024 - 5 * most]);
        assert_eq!(bench.busy(), us(41 * (128 + 1_024)));
    }
}

#[test]
fn ticks_come_every_5800_us_and_the_work_1700_us_behind_them() {
    let mut first_two = |n| n < 2;
    let mut bench = Bench::new(device(RadioSync::Ticker, Some(3)), &mut first_two);
    bench.carry_out([erase(0)]);
    let at = |n: usize| bench.requests[n].0.since(Time::ZERO);
    assert_eq!([at(0), at(1), at(2)], [us(0), us(5_800), us(11_600)]);
    // Two slices and the switch are more than the 7500 us that the driver reserves.
    // So it is for the last slice, too: the call may go on with the next page.
    assert_eq!(bench.requests.len(), 17);
    assert!(bench.requests.iter().all(|(_, len, claim)| *claim && *len == us(7_700)));
    assert_eq!(bench.halts[0].from, Time::ZERO + us(11_600 + 1_700));
    assert_eq!(bench.halts[0].until, Time::ZERO + us(11_600 + 7_700));
    // The tick within the slot is skipped.
    assert_eq!(at(3), us(11_600 + 2 * 5_800));
}

#[test]
fn a_claim_grows_older_with_each_tick_and_young_again_with_each_window() {
    let mut device = device(RadioSync::Ticker, None);
    let mut now = Time::ZERO;
    let mut ages = Vec::new();
    device.handle(now, FlashIn::Start(write(0, 4096)), ());
    while ages.len() < 6 {
        while let Some(out) = device.poll() {
            let FlashOut::Slot(Slot::Claim { age, len }) = out else { continue };
            ages.push(age.as_us());
            let until = now + len;
            let slot = if ages.len() == 3 { Slot::Grant { until } } else { Slot::Deny };
            device.handle(now, FlashIn::Slot(slot), ());
        }
        now = device.deadline().expect("work in progress");
        device.on_deadline(now, ());
    }
    assert_eq!(ages, [5_800, 11_600, 17_400, 11_600, 17_400, 23_200]);
}

#[test]
fn a_softdevice_works_in_one_piece_and_raises_its_voice_late() {
    let mut device = device(RadioSync::SoftDevice, Some(3));
    let mut now = Time::ZERO;
    device.handle(now, FlashIn::Start(erase(0)), ());
    let mut priorities = Vec::new();
    while priorities.len() < 4 {
        while let Some(out) = device.poll() {
            let FlashOut::Slot(Slot::Ask { len, priority }) = out else { continue };
            assert_eq!(len, us(90_000));
            priorities.push(priority);
            device.handle(now, FlashIn::Slot(Slot::Deny), ());
        }
        now = device.deadline().expect("it asks again");
        device.on_deadline(now, ());
    }
    assert_eq!(priorities[..3], [Priority::Normal; 3]);
    assert_eq!(priorities[3], Priority::High);

    let mut grants = |_| false;
    let mut bench = Bench::new(self::device(RadioSync::SoftDevice, None), &mut grants);
    bench.carry_out([erase(0), erase(1), write(0, 512)]);
    assert_eq!(bench.requests.len(), 3);
    assert_eq!(bench.requests[2].1, us(5_707));
    assert_eq!(bench.halts[2].until.since(bench.halts[2].from), us(5_707));
    assert_eq!(bench.device.counters().busy, us(2 * 85_000 + 128 * 41));
}

#[test]
fn without_synchronisation_slices_follow_each_other() {
    let mut device = device(RadioSync::None, Some(10));
    device.handle(Time::ZERO, FlashIn::Start(erase(0)), ());
    assert_eq!(device.deadline(), Some(Time::ZERO + Span::from_ms(90)));
    device.on_deadline(Time::ZERO + Span::from_ms(90), ());
    let slots = std::iter::from_fn(|| device.poll()).filter(|out| matches!(out, FlashOut::Slot(_)));
    assert_eq!(slots.count(), 0);
    assert_eq!(device.window_counters(), WindowCounters::default());
}

#[test]
fn less_time_than_asked_for_is_used_as_far_as_it_goes() {
    let mut device = device(RadioSync::Mpsl, None);
    device.handle(Time::ZERO, FlashIn::Start(write(0, 400)), ());
    while device.poll().is_some() {}
    let until = Time::ZERO + us(1_000);
    device.handle(Time::ZERO, FlashIn::Slot(Slot::Grant { until }), ());
    let outs: Vec<_> = std::iter::from_fn(|| device.poll()).collect();
    let busy = FlashOut::Busy { until: Time::ZERO + us(24 * 41), erase: false };
    assert!(outs.contains(&busy), "{outs:?}");
}

fn op() -> impl Strategy<Value = FlashOp> {
    prop_oneof![
        (0..4u32).prop_map(erase),
        (0..SIZE / 4 - 1_024, 1..1_024usize).prop_map(|(word, words)| write(word * 4, words * 4)),
    ]
}

proptest! {
    /// Whatever the radio refuses, the data end up exact, the processor halts for the work and
    /// nothing else, and never outside granted time.
    #[test]
    fn data_and_time_are_exact_whatever_the_radio_refuses(
        ops in prop::collection::vec(op(), 1..12),
        refusals in prop::collection::vec(any::<bool>(), 64),
        radio in prop::sample::select(&[RadioSync::Ticker, RadioSync::Mpsl]),
        slice_ms in prop::option::of(2u8..45),
    ) {
        let mut plain = Device::new(part(), RadioSync::None);
        let mut now = Time::ZERO;
        for op in &ops {
            plain.handle(now, FlashIn::Start(op.clone()), ());
            now = plain.deadline().expect("an operation has an end");
            plain.on_deadline(now, ());
            while plain.poll().is_some() {}
        }
        let mut refuses = |n: u32| refusals[n as usize % 64] && !n.is_multiple_of(3);
        let mut bench = Bench::new(device(radio, slice_ms), &mut refuses);
        bench.carry_out(ops);
        prop_assert!(!bench.failed);
        prop_assert_eq!(bench.device.bytes(0, SIZE), plain.bytes(0, SIZE));
        let (shared, alone) = (bench.device.counters(), plain.counters());
        prop_assert_eq!((shared.erases, shared.words), (alone.erases, alone.words));
        let page = slice_ms.map_or(85, |ms| 85u64.div_ceil(ms.into()) * u64::from(ms));
        let work = Span::from_ms(page) * u64::from(shared.erases) + us(41) * shared.words;
        prop_assert_eq!(bench.busy(), work);
        prop_assert_eq!(shared.busy, work);
        prop_assert!(bench.halts.windows(2).all(|two| two[0].until <= two[1].from));
        prop_assert!(bench.device.is_defined(Area::new(0, SIZE)));
    }
}
