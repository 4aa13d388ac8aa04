//! The device as a machine, and the rules of its array against a model that is slow and plain.

use flash_model::{
    Area, Device, FlashEvent, FlashIn, FlashOp, FlashOut, FlashView as _, Geometry, OpError,
    OpKind, Part, PartialErase, RadioSync, SyncConfig,
};
use proptest::prelude::*;
use sim_core::contract::{Harness, check};
use sim_core::{Machine as _, Priority, Slot, Span, Time};

const SIZE: u32 = 0x4000;
const PAGE: u32 = 0x1000;
const GEOMETRY: Geometry = Geometry { size: SIZE, page: PAGE, write_size: 4 };

fn part() -> Part {
    Part { geometry: GEOMETRY, ..Part::nrf52840() }
}

fn outs(device: &mut Device) -> Vec<FlashOut> {
    std::iter::from_fn(|| device.poll()).collect()
}

/// Runs an operation to its end.
fn carry_out(device: &mut Device, now: &mut Time, op: FlashOp) {
    device.handle(*now, FlashIn::Start(op), ());
    outs(device);
    *now = device.deadline().expect("an operation has an end");
    device.on_deadline(*now, ());
    outs(device);
}

/// The array by the letter: octets, writes per word and erases per page.
struct Plain {
    octets: Vec<u8>,
    writes: Vec<u32>,
    erases: Vec<u32>,
    over: u64,
}

impl Plain {
    fn new() -> Self {
        let words = (SIZE / 4) as usize;
        Self {
            octets: vec![0xff; SIZE as usize],
            writes: vec![0; words],
            erases: vec![0; 4],
            over: 0,
        }
    }

    fn carry_out(&mut self, op: &FlashOp) {
        match *op {
            FlashOp::Erase { at } => {
                for n in at..at + PAGE {
                    self.octets[n as usize] = 0xff;
                    self.writes[n as usize / 4] = 0;
                }
                self.erases[(at / PAGE) as usize] += 1;
            }
            FlashOp::Write { at, ref data } => self.write(at, data),
            FlashOp::Copy { from, to, len } => {
                let data = self.octets[from as usize..(from + len) as usize].to_vec();
                self.write(to, &data);
            }
        }
    }

    fn write(&mut self, at: u32, data: &[u8]) {
        for (n, &octet) in (at as usize..).zip(data) {
            self.octets[n] &= octet;
            if n % 4 == 0 {
                self.writes[n / 4] += 1;
                self.over += u64::from(self.writes[n / 4] > 2);
            }
        }
    }
}

/// Any operation that the part can carry out.
fn op() -> impl Strategy<Value = FlashOp> {
    let words = |most: u32| (0..(SIZE - most) / 4, 1..=most / 4);
    prop_oneof![
        1 => (0..4u32).prop_map(|page| FlashOp::Erase { at: page * PAGE }),
        3 => (0..SIZE / 4 - 16, prop::collection::vec(any::<u8>(), 1..16)).prop_map(|(word, mut data)| {
            data.resize(data.len().next_multiple_of(4), 0xff);
            FlashOp::Write { at: word * 4, data }
        }),
        2 => (words(0x800), words(0x800))
            .prop_map(|((from, len), (to, _))| FlashOp::Copy { from: from * 4, to: to * 4, len: len * 4 })
            .prop_filter("no overlap", |op| {
                let FlashOp::Copy { from, to, len } = *op else { return true };
                !Area::new(from, len).overlaps(&Area::new(to, len))
            }),
    ]
}

proptest! {
    #[test]
    fn contents_and_counts_are_those_of_the_plain_model(
        ops in prop::collection::vec(op(), 1..40),
    ) {
        let mut device = Device::new(part(), RadioSync::None);
        let mut plain = Plain::new();
        let mut now = Time::ZERO;
        for op in ops {
            let before = device.bytes(0, SIZE).to_vec();
            plain.carry_out(&op);
            let erase = matches!(op, FlashOp::Erase { .. });
            carry_out(&mut device, &mut now, op);
            let set = |(old, new): (&u8, &u8)| new & !old != 0;
            let any_set = before.iter().zip(device.bytes(0, SIZE)).any(set);
            prop_assert!(erase || !any_set, "a write has set a bit");
        }
        prop_assert_eq!(device.bytes(0, SIZE), &plain.octets[..]);
        let counters = device.counters();
        prop_assert_eq!(counters.overwritten_words, plain.over);
        prop_assert_eq!(counters.erases, plain.erases.iter().sum::<u32>());
        prop_assert_eq!(Some(&counters.max_page_erases), plain.erases.iter().max());
        prop_assert_eq!(device.erases_of(PAGE + 8), plain.erases[1]);
        prop_assert_eq!(counters.busy, now.since(Time::ZERO));
    }

    /// Under any answers of the radio and any cuts the machine keeps its contract, and an operation
    /// that was cut has changed nothing.
    #[test]
    fn the_device_keeps_the_machine_contract(
        ops in prop::collection::vec(op(), 1..12),
        answers in prop::collection::vec(any::<bool>(), 24),
        cuts in prop::collection::vec(0u64..200, 0..4),
        sync in prop::sample::select(&[
            RadioSync::None,
            RadioSync::Ticker,
            RadioSync::Mpsl,
            RadioSync::SoftDevice,
        ]),
        sliced in any::<bool>(),
    ) {
        let partial_erase = sliced.then(PartialErase::default);
        let config = SyncConfig { partial_erase, ..sync.into() };
        let mut radio = Radio { ops, answers, denied: 0, asks: 0, dones: 0 };
        let mut script = Vec::new();
        for pause in cuts {
            let first = radio.ops.pop();
            script.extend(first.map(|op| (Span::ZERO, FlashIn::Start(op))));
            script.push((Span::from_ms(pause), FlashIn::PowerOff(flash_model::Cut::Atomic)));
            script.push((Span::ZERO, FlashIn::Slot(Slot::Grant { until: Time::MAX })));
        }
        script.extend(radio.ops.pop().map(|op| (Span::ZERO, FlashIn::Start(op))));
        check(&mut radio, &Device::new(part(), config), script, Span::from_s(60));
        prop_assert_eq!(sync == RadioSync::None, radio.asks == 0);
    }
}

/// Answers the device's questions and hands it the next operation when one is done.
struct Radio {
    ops: Vec<FlashOp>,
    answers: Vec<bool>,
    /// Refusals in a row.
    denied: u32,
    asks: u32,
    dones: u32,
}

impl Harness for Radio {
    type Machine = Device;

    fn env(&self) {}

    fn answer(&mut self, now: Time, out: &FlashOut) -> Option<FlashIn> {
        match out {
            FlashOut::Slot(Slot::Ask { len, priority }) => {
                let high = *priority == Priority::High;
                assert!(!high || self.denied > 0, "high after a refusal only");
                Some(self.decide(now, *len))
            }
            FlashOut::Slot(Slot::Claim { len, .. }) => Some(self.decide(now, *len)),
            FlashOut::Done { .. } => {
                self.dones += 1;
                self.ops.pop().map(FlashIn::Start)
            }
            _ => None,
        }
    }
}

impl Radio {
    fn decide(&mut self, now: Time, len: Span) -> FlashIn {
        self.asks += 1;
        if self.answers.pop().unwrap_or(false) {
            self.denied += 1;
            FlashIn::Slot(Slot::Deny)
        } else {
            self.denied = 0;
            FlashIn::Slot(Slot::Grant { until: now + len })
        }
    }
}

#[test]
fn an_operation_takes_effect_at_its_end_and_not_before() {
    let mut device = Device::new(part(), RadioSync::None);
    device.handle(Time::ZERO, FlashIn::Start(FlashOp::Write { at: 8, data: vec![1, 2, 3, 4] }), ());
    let until = Time::ZERO + Span::from_us(41);
    let crc = crc32fast::hash(&[1, 2, 3, 4]);
    assert_eq!(
        outs(&mut device),
        [
            FlashOut::Trace(FlashEvent::Start { kind: OpKind::Write, at: 8, len: 4, crc }),
            FlashOut::Busy { until, erase: false },
        ]
    );
    assert!(device.is_blank(Area::new(0, SIZE)));
    assert_eq!(device.deadline(), Some(until));
    device.on_deadline(until, ());
    assert_eq!(
        outs(&mut device),
        [
            FlashOut::Trace(FlashEvent::End { kind: OpKind::Write, at: 8 }),
            FlashOut::Done { data: vec![1, 2, 3, 4] },
        ]
    );
    assert_eq!(device.bytes(8, 4), [1, 2, 3, 4]);
    assert_eq!(device.deadline(), None);
}

#[test]
fn under_mpsl_work_waits_for_its_time_and_gives_it_back() {
    let mut device = Device::new(part(), RadioSync::Mpsl);
    let at = |ms| Time::ZERO + Span::from_ms(ms);
    let len = Span::from_us(89_800);
    let ask = |priority| FlashOut::Slot(Slot::Ask { len, priority });
    device.handle(at(0), FlashIn::Start(FlashOp::Erase { at: 0 }), ());
    assert!(outs(&mut device).contains(&ask(Priority::Normal)));
    assert_eq!(device.deadline(), Some(at(22_963)), "the limit of the call");
    device.handle(at(50), FlashIn::Slot(Slot::Deny), ());
    assert!(outs(&mut device).contains(&ask(Priority::High)));
    device.handle(at(60), FlashIn::Slot(Slot::Grant { until: at(60) + len }), ());
    assert!(outs(&mut device).contains(&FlashOut::Busy { until: at(145), erase: true }));
    device.on_deadline(at(145), ());
    let last = outs(&mut device);
    assert_eq!(last[1..], [FlashOut::Slot(Slot::Done), FlashOut::Done { data: Vec::new() }]);
    assert_eq!(device.counters().busy, Span::from_ms(85));
}

#[test]
fn time_that_nobody_waits_for_is_given_back() {
    let mut device = Device::new(part(), RadioSync::Mpsl);
    device.handle(Time::ZERO, FlashIn::Slot(Slot::Grant { until: Time::MAX }), ());
    assert_eq!(outs(&mut device), [FlashOut::Slot(Slot::Done)]);
    device.handle(Time::ZERO, FlashIn::Slot(Slot::Deny), ());
    assert!(outs(&mut device).is_empty());
}

#[test]
fn a_cut_operation_has_changed_nothing_and_is_never_done() {
    let mut device = Device::new(part(), RadioSync::None);
    device.load(0, &[0; 16]);
    device.handle(Time::ZERO, FlashIn::Start(FlashOp::Erase { at: 0 }), ());
    outs(&mut device);
    let cut = Time::ZERO + Span::from_ms(84);
    device.handle(cut, FlashIn::PowerOff(flash_model::Cut::Atomic), ());
    let cut_event = FlashOut::Trace(FlashEvent::Cut { kind: OpKind::Erase, at: 0 });
    assert_eq!(outs(&mut device), [cut_event]);
    assert_eq!((device.deadline(), device.is_idle()), (None, true));
    assert_eq!(device.bytes(0, 16), [0; 16]);
    assert_eq!((device.counters().erases, device.counters().busy), (0, Span::from_ms(84)));
}

#[test]
fn a_cut_while_waiting_for_time_drops_the_operation() {
    let mut device = Device::new(part(), RadioSync::Mpsl);
    device.handle(Time::ZERO, FlashIn::Start(FlashOp::Erase { at: 0 }), ());
    outs(&mut device);
    device.handle(Time::ZERO, FlashIn::PowerOff(flash_model::Cut::Atomic), ());
    assert!(outs(&mut device).is_empty(), "nothing was going on");
    assert!(device.is_idle());
}

#[test]
fn a_third_write_of_a_word_is_counted_even_if_all_ones() {
    let mut device = Device::new(part(), RadioSync::None);
    let mut now = Time::ZERO;
    let ones = FlashOp::Write { at: 0, data: vec![0xff; 8] };
    for over in [0, 0, 2] {
        carry_out(&mut device, &mut now, ones.clone());
        assert_eq!(device.counters().overwritten_words, over);
    }
    carry_out(&mut device, &mut now, FlashOp::Erase { at: 0 });
    carry_out(&mut device, &mut now, ones);
    assert_eq!(device.counters().overwritten_words, 2);
    assert_eq!((device.counters().words, device.counters().writes), (8, 4));
}

#[test]
fn loading_costs_neither_time_nor_wear_but_leaves_one_write_a_word() {
    let mut device = Device::new(part(), RadioSync::None);
    device.load(0, &[0x55; 8]);
    device.load(8, &[0xff; 8]);
    assert_eq!(device.counters(), Device::new(part(), RadioSync::None).counters());
    let mut now = Time::ZERO;
    let write = FlashOp::Write { at: 0, data: vec![0; 16] };
    carry_out(&mut device, &mut now, write.clone());
    assert_eq!(device.counters().overwritten_words, 0);
    carry_out(&mut device, &mut now, write);
    assert_eq!(device.counters().overwritten_words, 2, "the loaded words, not the blank ones");
    device.clear(Area::new(0, PAGE));
    assert!(device.is_blank(Area::new(0, SIZE)));
    assert_eq!(device.erases_of(0), 0);
}

#[test]
fn impossible_operations_are_told_apart() {
    let device = Device::new(part(), RadioSync::None);
    let check = |op| device.check(&op).unwrap_err();
    let write = |at, len| FlashOp::Write { at, data: vec![0; len] };
    assert_eq!(check(FlashOp::Erase { at: 4 }), OpError::ErasesInsidePage { at: 4, page: PAGE });
    assert!(matches!(check(FlashOp::Erase { at: SIZE }), OpError::OutOfPart { .. }));
    assert!(matches!(check(FlashOp::Erase { at: u32::MAX - 4095 }), OpError::OutOfPart { .. }));
    assert_eq!(check(write(2, 4)), OpError::Unaligned { at: 2, len: 4, write_size: 4 });
    assert_eq!(check(write(4, 6)), OpError::Unaligned { at: 4, len: 6, write_size: 4 });
    assert_eq!(check(write(4, 0)), OpError::Empty { at: 4 });
    assert!(matches!(check(write(SIZE - 4, 8)), OpError::OutOfPart { .. }));
    let copy = |from, to, len| FlashOp::Copy { from, to, len };
    assert_eq!(check(copy(0, 4, 8)), OpError::Overlap { from: 0, to: 4, len: 8 });
    assert!(matches!(check(copy(SIZE, 0, 8)), OpError::OutOfPart { .. }));
    assert_eq!(check(copy(0, 0x1001, 8)), OpError::Unaligned { at: 0x1001, len: 8, write_size: 4 });
    assert!(device.check(&copy(1, PAGE, 8)).is_ok(), "reads need no alignment");
}

#[test]
#[should_panic(expected = "impossible operation: write of 3 octets at 0x0")]
fn an_impossible_operation_stops_the_run_with_its_reason() {
    let op = FlashOp::Write { at: 0, data: vec![0; 3] };
    Device::new(part(), RadioSync::None).handle(Time::ZERO, FlashIn::Start(op), ());
}

#[test]
#[should_panic(expected = "asked for during")]
fn a_second_operation_at_a_time_stops_the_run() {
    let mut device = Device::new(part(), RadioSync::None);
    for at in [0, PAGE] {
        device.handle(Time::ZERO, FlashIn::Start(FlashOp::Erase { at }), ());
    }
}

#[test]
#[should_panic(expected = "over contents")]
fn loading_over_contents_stops_the_run() {
    let mut device = Device::new(part(), RadioSync::None);
    device.load(0, &[1]);
    device.load(0, &[1]);
}
