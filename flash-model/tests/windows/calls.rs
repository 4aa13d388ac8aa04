//! Calls that find no time, and supplies that fail between windows.

use crate::bench::{Bench, PAGE, SIZE, device, erase, write};
use flash_model::{Area, Cut, FlashEvent, FlashIn, FlashOut, FlashView as _, OpKind, RadioSync};
use sim_core::{Machine as _, Slot, Span, Time};

#[test]
fn a_call_that_finds_no_time_fails_after_22963_ms() {
    for radio in [RadioSync::Ticker, RadioSync::Mpsl, RadioSync::SoftDevice] {
        let mut never = |_| true;
        let mut bench = Bench::new(device(radio, None), &mut never);
        bench.carry_out([write(0, 8)]);
        assert!(bench.failed);
        assert_eq!(bench.now, Time::ZERO + Span::from_ms(22_963), "{radio:?}");
        assert_eq!((bench.busy(), bench.device.window_counters().timeouts), (Span::ZERO, 1));
        assert!(bench.device.is_blank(Area::new(0, SIZE)));
        assert!(bench.device.is_idle());
    }
}

#[test]
fn an_unanswered_request_is_withdrawn_when_its_call_fails() {
    let mut device = device(RadioSync::Mpsl, None);
    device.handle(Time::ZERO, FlashIn::Start(write(0, 8)), ());
    while device.poll().is_some() {}
    let due = device.deadline().expect("the limit of the call");
    assert_eq!(due, Time::ZERO + Span::from_ms(22_963));
    device.on_deadline(due, ());
    let outs: Vec<_> = std::iter::from_fn(|| device.poll()).collect();
    let data = vec![0x5a; 8];
    let failed = FlashOut::Trace(FlashEvent::Failed { kind: OpKind::Write, at: 0 });
    assert_eq!(outs, [FlashOut::Slot(Slot::Done), failed, FlashOut::Failed { data }]);
    assert_eq!(device.deadline(), None);
}

#[test]
fn the_limit_counts_from_the_first_page_of_a_call() {
    let mut grants = |n| n > 0;
    let mut bench = Bench::new(device(RadioSync::Mpsl, None), &mut grants);
    bench.carry_out([erase(0), erase(1)]);
    assert!(bench.failed);
    assert_eq!(bench.now, Time::ZERO + Span::from_ms(22_963));
    // A call of its own has its own limit.
    let mut grants = |n| n > 0;
    let mut bench = Bench::new(device(RadioSync::Mpsl, None), &mut grants);
    bench.carry_out([erase(0), erase(2)]);
    assert_eq!(bench.now, Time::ZERO + Span::from_ms(22_963 + 85));
}

#[test]
fn what_a_failed_write_has_written_stays_and_a_page_it_began_to_erase_is_undefined() {
    let mut first = |n| n > 0;
    let mut bench = Bench::new(device(RadioSync::Mpsl, Some(3)), &mut first);
    bench.carry_out([write(0, 4096)]);
    assert!(bench.failed);
    assert_eq!(bench.device.bytes(0, 182 * 4), [0x5a; 182 * 4]);
    assert!(bench.device.is_blank(Area::new(182 * 4, PAGE - 182 * 4)));
    let mut first = |n| n > 0;
    let mut bench = Bench::new(device(RadioSync::Mpsl, Some(3)), &mut first);
    bench.carry_out([erase(1)]);
    assert!(!bench.device.is_defined(Area::new(PAGE, 4)));
    assert!(bench.device.is_defined(Area::new(0, PAGE)));
    assert_eq!(bench.device.counters().erases, 0);
}

#[test]
fn a_cut_between_windows_leaves_what_all_of_them_have_done() {
    let zeros = vec![0u8; PAGE as usize];
    let ones_after = |slices: u64| {
        let mut device = device(RadioSync::Mpsl, Some(3));
        device.load(0, &zeros);
        let mut grants = move |n| u64::from(n) >= slices / 2;
        let mut bench = Bench::new(device, &mut grants);
        bench.device.handle(Time::ZERO, FlashIn::Start(erase(0)), ());
        let stop = Time::ZERO + Span::from_ms(slices * 3);
        while bench.now < stop {
            bench.step();
        }
        bench.hear();
        bench.device.handle(stop, FlashIn::PowerOff(Cut::Torn { draw: 7 }), ());
        assert!(!bench.device.is_defined(Area::new(0, PAGE)));
        bench.device.bytes(0, PAGE).iter().map(|octet| octet.count_ones()).sum::<u32>()
    };
    assert_eq!(ones_after(2), 0, "the first tenth leaves the page as it is");
    assert!((15_000..18_000).contains(&ones_after(14)), "half of 32768 after 42 ms");
    assert_eq!(ones_after(26), 32_768, "78 ms are in the last tenth");
}

#[test]
fn an_erase_after_a_cut_one_starts_anew() {
    let mut grants = |n| n >= 10;
    let mut bench = Bench::new(device(RadioSync::Mpsl, Some(3)), &mut grants);
    bench.device.handle(Time::ZERO, FlashIn::Start(erase(0)), ());
    while bench.asks <= 10 {
        bench.step();
    }
    bench.device.handle(bench.now, FlashIn::PowerOff(Cut::Atomic), ());
    bench.hear();
    assert!(!bench.device.is_defined(Area::new(0, PAGE)));
    let mut grants = |_| false;
    let mut bench = Bench { refuses: &mut grants, windows: Vec::new(), granted: None, ..bench };
    bench.carry_out([erase(0)]);
    assert_eq!(bench.windows.len(), 15);
    assert!(bench.device.is_defined(Area::new(0, PAGE)));
}
