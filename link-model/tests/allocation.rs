//! A packet costs no allocation, whatever the air does to it.

use link_model::{
    AdaptiveMapConfig, Bursts, ChannelConfig, Interference, Link, LinkConfig, LinkIn, LinkOut,
    Signal,
};
use sim_core::{Machine, Ppm, Sdu, Seed, Span, Time};

/// Every part of the air at once, mild enough for a connection to live.
fn bad_air() -> ChannelConfig {
    ChannelConfig {
        loss: Ppm::new(10_000),
        miss: Ppm::new(10_000),
        signals: vec![Signal { rssi_dbm: Some(-92), bit_errors: [1 << 48; 4] }],
        bursts: Some(Bursts {
            good: Span::from_ms(200),
            bad: Span::from_ms(100),
            good_loss: Ppm::new(1_000),
            bad_loss: Ppm::new(300_000),
        }),
        interference: Some(Interference {
            channels: 0x3ff,
            idle: u64::MAX / 2,
            stays_idle: u64::MAX - (1 << 54),
        }),
    }
}

/// Runs the link for a while. What the peripheral's host gets, the central's host writes again.
fn run(link: &mut Link, now: &mut Time, spare: &mut Vec<u8>, span: Span) -> u32 {
    let until = *now + span;
    let mut written = 0;
    while let Some(due) = link.deadline().filter(|due| *due <= until) {
        *now = due;
        link.on_deadline(due, ());
        while let Some(out) = link.poll() {
            match out {
                LinkOut::Wrote(sdu) => *spare = sdu.bytes,
                LinkOut::Written { tag } => {
                    written += 1;
                    let bytes = std::mem::take(spare);
                    link.handle(due, LinkIn::Write(Sdu { tag: tag + 1, bytes }), ());
                }
                _ => {}
            }
        }
    }
    *now = until;
    written
}

/// A connection with one write of 480 octets after the other.
fn writes_without_allocation(config: LinkConfig) {
    let mut link = Link::new(config, Seed(7));
    let (mut now, mut spare) = (Time::ZERO, Vec::new());
    link.handle(now, LinkIn::Advertise, ());
    link.handle(now, LinkIn::Connect { timeout: Span::from_s(30) }, ());
    run(&mut link, &mut now, &mut spare, Span::from_s(1));
    link.handle(now, LinkIn::Discover, ());
    run(&mut link, &mut now, &mut spare, Span::from_s(2));
    link.handle(now, LinkIn::Write(Sdu { tag: 1, bytes: vec![1; 480] }), ());
    run(&mut link, &mut now, &mut spare, Span::from_s(2));
    let mut written = 0;
    let used = allocation_counter::measure(|| {
        written = run(&mut link, &mut now, &mut spare, Span::from_s(10));
    });
    assert!(written > 100, "{written} writes in ten seconds");
    assert_eq!(used.count_total, 0);
}

#[test]
fn on_clean_air() {
    writes_without_allocation(LinkConfig::default());
}

#[test]
fn on_bad_air_with_an_adaptive_map() {
    writes_without_allocation(LinkConfig {
        channel: bad_air(),
        adaptive_map: Some(AdaptiveMapConfig {
            period: Span::from_ms(500),
            per_limit: Ppm::new(250_000),
            min_channels: 10,
        }),
        ..LinkConfig::default()
    });
}
