//! What holds in every run, whatever the settings and the channel.

use crate::prepared;
use proptest::prelude::*;
use sim::report::run;
use sim::trace::{Event, Keep};
use sim_core::Time;

fn settings() -> impl Strategy<Value = Vec<String>> {
    let loss = prop_oneof![Just(0u32), 1_000u32..300_000];
    let one_of = |words: &'static [&'static str]| prop::sample::select(words);
    (
        loss,
        0u32..50_000,
        1u8..5,
        600u32..60_000,
        one_of(&["up-front", "progressive"]),
        one_of(&["none", "ticker", "mpsl", "softdevice"]),
        one_of(&["1M", "2M", "coded-s2", "coded-s8"]),
        6u32..60,
        one_of(&["erased", "old"]),
        (23u16..517, one_of(&["true", "false"]), one_of(&["android", "ncs-central-sample"])),
    )
        .prop_map(|(loss, miss, window, size, erase, sync, phy, units, slot1, rest)| {
            let (mtu, reassembly, strategy) = rest;
            vec![
                format!("link.loss_ppm={loss}"),
                format!("link.miss_ppm={miss}"),
                format!("client.window={window}"),
                format!("image.size={size}"),
                format!("slot0.size={}", 60_000 - size / 2),
                format!("slot1.size={size}"),
                format!("server.erase={erase}"),
                format!("flash.radio_sync={sync}"),
                format!("link.phy={phy}"),
                format!("link.interval_us={}", units * 1_250),
                format!("slot1.content={slot1}"),
                format!("link.mtu={mtu}"),
                format!("server.reassembly={reassembly}"),
                format!("server.params={reassembly}"),
                format!("client.strategy={strategy}"),
            ]
        })
}

proptest! {
    #[test]
    fn time_adds_up_and_the_image_is_whole_or_the_run_says_why(
        settings in settings(),
        seed: u64,
    ) {
        let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
        let prepared = prepared("reference", &settings);
        let (report, keep) = run(&prepared, seed, Keep::default());
        let document = &report.document;

        // Every nanosecond has one cause.
        prop_assert_eq!(document.budget_s.total(), document.duration_s);
        prop_assert_eq!(document.upload_budget_s.total(), document.upload_s);
        // Time never runs backwards.
        prop_assert!(keep.records.windows(2).all(|w| w[0].at <= w[1].at));
        // The client's last word is the end.
        let last = keep.records.last().expect("a run has records");
        prop_assert_eq!(last.at.since(Time::ZERO), document.duration_s);
        prop_assert!(matches!(last.event, Event::Client(_) | Event::World(_)));
        // An end that is not good has a reason, and a good one has none.
        prop_assert_eq!(document.error.is_none(), document.outcome == "confirmed");
        if document.outcome == "confirmed" {
            prop_assert_eq!(document.boot.swaps, 1);
            prop_assert!(document.smp.responses > 0);
        }
        prop_assert!(document.smp.responses <= document.smp.requests);
        prop_assert!(document.link.retransmissions <= document.link.packets);
    }
}
