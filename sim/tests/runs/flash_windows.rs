//! Updates whose flash shares time with the radio.

use crate::{kept, report};
use flash_model::{BootEvent, FlashEvent, OpKind};
use link_model::{LinkEvent, Reception, Role};
use proptest::prelude::*;
use sim::report::Report;
use sim::trace::{Event, Record, WorldEvent};
use sim_core::{Span, Time};

const SYNCS: [&str; 4] = ["none", "ticker", "mpsl", "softdevice"];
/// Connection intervals in microseconds.
const INTERVALS: [u32; 8] = [7_500, 11_250, 15_000, 30_000, 50_000, 100_000, 200_000, 400_000];

/// Stretches of time, in order.
type Stretches = Vec<(Time, Time)>;

/// When the processor was halted for flash, by the trace alone.
fn halts(records: &[Record]) -> Stretches {
    let mut halts = Vec::new();
    let mut alone = None;
    let mut asked = false;
    for record in records {
        let Event::Flash(event) = record.event else { continue };
        match event {
            FlashEvent::Ask { .. } => asked = true,
            FlashEvent::Start { .. } => alone = (!asked).then_some(record.at),
            FlashEvent::Window { len_us, .. } => {
                alone = None;
                halts.push((record.at, record.at + Span::from_us(len_us.into())));
            }
            FlashEvent::End { .. } | FlashEvent::Cut { .. } | FlashEvent::Failed { .. } => {
                halts.extend(alone.take().map(|from| (from, record.at)));
                asked = false;
            }
        }
    }
    halts
}

/// When the peripheral's radio was on: packets that it sent, as far as it did, and those that it
/// received in whatever state.
fn on_air(records: &[Record]) -> Stretches {
    let mut broken_off = None;
    let used = records.iter().filter_map(|record| match record.event {
        Event::Link(LinkEvent::BrokenOff { role: Role::Peripheral, .. }) => {
            broken_off = Some(record.at);
            None
        }
        Event::Link(LinkEvent::Packet { air_us, from, reception, .. }) => {
            let start = record.at.before(Span::from_us(air_us.into()));
            let end = broken_off.take().unwrap_or(record.at);
            assert!(start < end && (end == record.at || reception == Reception::Missed));
            (from == Role::Peripheral || reception != Reception::Missed).then_some((start, end))
        }
        _ => None,
    });
    used.collect()
}

/// The first halt in whose time the radio was on.
fn overlap(halts: &Stretches, air: &Stretches) -> Option<(Time, Time)> {
    let mut halts = halts.iter().peekable();
    for (from, until) in air {
        while halts.next_if(|(_, end)| end <= from).is_some() {}
        if let Some(halt) = halts.peek().filter(|(start, _)| start < until) {
            return Some(**halt);
        }
    }
    None
}

/// Words and slices, or pages, of all windows, and the time that the processor was halted in them.
fn words_and_pages(records: &[Record]) -> (u64, u64, Span) {
    let mut words = 0;
    let mut slices = 0;
    let mut halted = Span::ZERO;
    for record in records {
        if let Event::Flash(FlashEvent::Window { kind, units, len_us }) = record.event {
            *(if kind == OpKind::Erase { &mut slices } else { &mut words }) += u64::from(units);
            halted += Span::from_us(len_us.into());
        }
    }
    (words, slices, halted)
}

fn shares(sync: &str, sliced: bool, interval: u32) -> Vec<String> {
    // A supervision timeout that every interval allows.
    vec![
        format!("flash.radio_sync={sync}"),
        format!("flash.partial_erase={sliced}"),
        format!("link.interval_us={interval}"),
        "link.timeout_ms=8000".to_owned(),
    ]
}

fn run(settings: &[String], seed: u64) -> (Report, Vec<Record>) {
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    kept("reference", &settings, seed)
}

#[test]
fn every_way_of_sharing_installs_the_image_at_every_interval() {
    for interval in INTERVALS {
        for sync in SYNCS {
            for sliced in [false, true] {
                if sliced && sync == "softdevice" {
                    continue;
                }
                let (report, records) = run(&shares(sync, sliced, interval), 1);
                let document = &report.document;
                let what = format!("{sync} {sliced} {interval}");
                println!(
                    "{interval:6} us {sync:10} slices {sliced:5} {:8} {:6} B/s upload {:7.3} s, {} windows, {} forced, {} refusals, {} timeouts",
                    document.outcome,
                    document.goodput_bps,
                    document.upload_s.as_secs_f64(),
                    document.flash.windows,
                    document.flash.forced_windows,
                    document.flash.refusals,
                    document.flash.timeouts,
                );
                assert_eq!(document.outcome, "confirmed", "{what}: {:?}", document.error_text);
                assert!(document.goodput_bps < 32_260, "{what}");
                assert_eq!(overlap(&halts(&records), &on_air(&records)), None, "{what}");
                assert_eq!(document.flash.windows == 0, sync == "none", "{what}");
            }
        }
    }
}

#[test]
fn without_erases_the_rate_stays_below_that_of_writing() {
    for sync in SYNCS {
        let settings = [
            "server.erase=up-front",
            "link.phy=2M",
            "link.interval_us=50000",
            "server.buf_size=2475",
            "server.reassembly=true",
            "server.params=true",
            "central.max_pairs=0",
        ];
        let sync = format!("flash.radio_sync={sync}");
        let all: Vec<&str> = settings.iter().copied().chain([sync.as_str()]).collect();
        let document = report("reference", &all).document;
        assert_eq!(document.outcome, "confirmed", "{sync}");
        assert!(
            (20_000..97_560).contains(&document.goodput_bps),
            "{sync} {}",
            document.goodput_bps
        );
    }
}

#[test]
fn a_sliced_page_takes_more_windows_and_loses_fewer_packets() {
    let [whole, sliced] = [false, true].map(|sliced| run(&shares("mpsl", sliced, 30_000), 1));
    // After the reset nobody is there to hear the central.
    let lost = |(_, records): &(Report, Vec<Record>)| {
        let up = records.iter().take_while(|r| r.event != Event::World(WorldEvent::Reset));
        up.filter(|record| match record.event {
            Event::Link(LinkEvent::Packet { reception, .. }) => reception != Reception::Valid,
            _ => false,
        })
        .count()
    };
    assert!(lost(&whole) >= 2 * 93, "each erase covers at least two anchors of 30 ms");
    assert_eq!(lost(&sliced), 0, "8.5 ms fit between them");
    let (words, pieces, halted) = words_and_pages(&sliced.1);
    assert_eq!(pieces, 93 * 29);
    assert_eq!(halted, Span::from_us(words * 41 + pieces * 3_000));
    assert_eq!(whole.0.document.flash.windows, sliced.0.document.flash.windows - 93 * 15 + 93);
}

#[test]
fn the_boot_loader_asks_nobody() {
    for sync in ["ticker", "mpsl", "softdevice"] {
        let (_, records) = run(&shares(sync, false, 11_250), 1);
        let mut boots = false;
        let mut operations = 0;
        for record in &records {
            match record.event {
                Event::Boot(BootEvent::Start) => boots = true,
                Event::Boot(BootEvent::Done { .. }) => boots = false,
                Event::Flash(FlashEvent::Start { .. }) => operations += u32::from(boots),
                Event::Flash(FlashEvent::Ask { .. } | FlashEvent::Window { .. }) => {
                    assert!(!boots, "{sync}");
                }
                _ => {}
            }
        }
        assert!(operations > 300, "a swap");
    }
}

#[test]
fn a_link_that_cannot_miss_an_event_makes_whole_page_erases_fail() {
    let settings = [
        "flash.radio_sync=mpsl",
        "link.interval_us=50000",
        "link.timeout_ms=180",
        "flash.timeout_multiplier=1",
    ];
    let document = report("reference", &settings).document;
    assert_eq!(document.outcome, "failed");
    assert!(document.flash.timeouts > 0);
    assert_eq!(document.flash.erases, 0);
    let sliced: Vec<&str> = settings.into_iter().chain(["flash.partial_erase=true"]).collect();
    assert_eq!(report("reference", &sliced).document.outcome, "confirmed");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    /// The radio is never on while the processor is halted, the windows hold all the work, and time
    /// still adds up, whatever is lost.
    #[test]
    fn the_radio_is_never_on_while_the_processor_is_halted(
        sync in prop::sample::select(&SYNCS),
        slice_ms in prop::option::of(2u8..45),
        units in 6u32..200,
        loss in prop_oneof![Just(0u32), 1_000u32..200_000],
        size in 600u32..30_000,
        erase in prop::sample::select(&["up-front", "progressive"]),
        event_length in prop_oneof![Just(0u32), 2_500u32..7_500],
        latency in 0u32..4,
        phy in prop::sample::select(&["1M", "2M", "coded-s8"]),
        seed: u64,
    ) {
        let slice_ms = slice_ms.filter(|_| sync != "softdevice");
        let mut settings = shares(sync, slice_ms.is_some(), units * 1_250);
        settings.extend([
            format!("link.loss_ppm={loss}"),
            format!("image.size={size}"),
            format!("slot0.size={size}"),
            "slot1.content=old".to_owned(),
            format!("slot1.size={size}"),
            format!("server.erase={erase}"),
            format!("peripheral.event_length_us={event_length}"),
            format!("link.latency={latency}"),
            format!("link.phy={phy}"),
        ]);
        settings.extend(slice_ms.map(|ms| format!("flash.partial_erase_ms={ms}")));
        let (report, records) = run(&settings, seed);
        prop_assert_eq!(overlap(&halts(&records), &on_air(&records)), None);
        prop_assert_eq!(report.document.budget_s.total(), report.document.duration_s);
        let (words, slices, halted) = words_and_pages(&records);
        let slice = slice_ms.map_or(85_000, |ms| u64::from(ms) * 1_000);
        let work = Span::from_us(words * 41 + slices * slice);
        prop_assert!(sync == "softdevice" || halted == work);
        prop_assert!(report.document.flash.busy_s >= work);
    }
}
