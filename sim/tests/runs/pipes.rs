//! Updates over links that are no radio: UDP and a serial console.

use crate::{kept, prepared};
use client_model::{
    Answer, Client, ClientError, ClientEvent, Failure, Habits, Next, Oversize, Request, Sent,
    SerialWays, Strategy, View, fit,
};
use link_model::{LinkEvent, Role};
use proptest::prelude::{Strategy as _, any, prop, prop_assert, prop_assert_eq, proptest};
use sim::report::budget::Cause;
use sim::report::{Counts, Report, run_client};
use sim::trace::{Digest, Event, Keep, Record};
use sim::world::{Prepared, World};
use sim_core::{Seed, Span};
use smp_wire::cbor::MapForm;
use smp_wire::image::{UploadKey, UploadRequest};
use std::collections::BTreeSet;

/// A client of the test: a few requests outstanding, goes back to the server's offset at once.
#[derive(Clone, Debug)]
struct GoBack {
    window: usize,
    /// Longest frame.
    frame: u16,
    ways: SerialWays,
    next: u32,
    acknowledged: u32,
    /// Answers to requests before this one are void.
    valid_from: u32,
    sent: u32,
    /// Failures in a row.
    failures: u32,
}

impl GoBack {
    fn new(window: usize, frame: u16, pause: Span) -> Self {
        let ways = SerialWays { line: 127, pause };
        let (next, acknowledged, valid_from, sent, failures) = (0, 0, 0, 0, 0);
        Self { window, frame, ways, next, acknowledged, valid_from, sent, failures }
    }
}

impl Strategy for GoBack {
    fn habits(&self) -> Habits {
        Habits { serial: self.ways, oversize: Oversize::SplitAnyway, ..Habits::default() }
    }

    fn begin(&mut self, _: &View<'_>) -> Result<(), ClientError> {
        *self = Self::new(self.window, self.frame, self.ways.pause);
        Ok(())
    }

    fn next(&mut self, view: &View<'_>, body: &mut Vec<u8>) -> Result<Next, ClientError> {
        let (image, off) = (view.image, self.next);
        if self.acknowledged == image.len() {
            return Ok(Next::Done);
        }
        let window = if self.acknowledged == 0 { 1 } else { self.window };
        if view.outstanding >= window || off == image.len() {
            return Ok(Next::Wait);
        }
        let len = (off == 0).then(|| image.len());
        let sha = (off == 0).then_some(&image.sha256[..]);
        let extra = fit::ExtraKeys { len, sha: sha.map(|_| 32), ..Default::default() };
        let limit = self.frame;
        let fits = fit::largest_data(limit.into(), MapForm::Definite, off, &extra)
            .ok_or(ClientError::ChunkDoesNotFit { limit, off })?;
        let data = image.chunk(off, fits);
        UploadRequest { len, off: Some(off), sha, data: Some(data), ..Default::default() }.emit(
            body,
            MapForm::Definite,
            &[UploadKey::Off, UploadKey::Len, UploadKey::Sha, UploadKey::Data],
        );
        self.next = off + data.len() as u32;
        self.sent += 1;
        let timeout = Some(Span::from_s(2));
        Ok(Next::Send(Request { off, len: data.len() as u32, timeout, seq: None }))
    }

    fn answer(
        &mut self,
        _: &View<'_>,
        sent: &Sent,
        answer: &Answer<'_>,
    ) -> Result<(), ClientError> {
        let off = answer.upload()?.off.unwrap_or(0);
        self.failures = 0;
        if sent.number >= self.valid_from {
            self.acknowledged = off;
            if off != sent.request.off + sent.request.len {
                (self.next, self.valid_from) = (off, self.sent);
            }
        }
        Ok(())
    }

    fn failed(&mut self, _: &View<'_>, sent: &Sent, _: Failure) -> Result<(), ClientError> {
        self.failures += 1;
        if self.failures > 20 {
            return Err(ClientError::NotAcknowledged { off: sent.request.off, failures: 20 });
        }
        if sent.number >= self.valid_from {
            (self.next, self.valid_from) = (self.acknowledged, self.sent);
        }
        Ok(())
    }
}

fn with(prepared: &Prepared, seed: u64, strategy: GoBack) -> (Report, Vec<Record>) {
    let config = prepared.client_config(Seed(seed));
    let client = Client::with_strategy(config, Box::new(strategy));
    let (report, keep) = run_client(prepared, seed, client, Keep::default());
    (report, keep.records)
}

/// Octets of all lines of a frame of `len` octets, as clients cut it: four characters for three
/// octets of length, frame and CRC, at most 124 in a line, and three octets besides.
fn on_the_wire(len: u64) -> u64 {
    let characters = (len + 4).div_ceil(3) * 4;
    characters + 3 * characters.div_ceil(124)
}

fn close(a: Span, b: Span, within: Span) -> bool {
    a.saturating_sub(b) <= within && b.saturating_sub(a) <= within
}

const SERIAL: [&str; 3] =
    ["client.mode=upload-only", "expect.outcome=uploaded", "image.size=60000"];

#[test]
fn a_serial_upload_takes_what_its_octets_take_and_flash() {
    for baud in [115_200, 1_000_000] {
        let baud_key = format!("serial.baud={baud}");
        let settings = [&SERIAL[..], &[&baud_key]].concat();
        let prepared = prepared("reference-serial", &settings);
        let (report, records) = with(&prepared, 1, GoBack::new(1, 2_471, Span::ZERO));
        let document = &report.document;
        assert_eq!(document.outcome, "uploaded");
        let chunks: BTreeSet<u32> = records
            .iter()
            .filter_map(|record| match record.event {
                Event::Client(ClientEvent::UploadChunk { tag, .. }) => Some(tag),
                _ => None,
            })
            .collect();
        let octets: u64 = records
            .iter()
            .map(|record| match record.event {
                Event::Client(
                    ClientEvent::Send { tag, len, .. } | ClientEvent::Answer { tag, len, .. },
                ) if chunks.contains(&tag) => on_the_wire(len.into()),
                _ => 0,
            })
            .sum();
        let floor = Span::from_ns(octets * 10 * 1_000_000_000 / baud);
        let budget = &document.upload_budget_s;
        let wire = budget.of(Cause::LinkPayload) + budget.of(Cause::LinkOverhead);
        let rest = budget.of(Cause::FlashErase) + budget.of(Cause::FlashWrite);
        // A record of the trace has whole microseconds.
        assert!(close(wire, floor, Span::from_us(1_000)), "{baud}: {wire:?} {floor:?}");
        assert!(close(document.upload_s, floor + rest, Span::from_us(1_000)), "{baud}");
        assert!(rest > Span::from_s(1), "15 pages are erased: {rest:?}");
    }
}

#[test]
fn base64_and_frames_make_a_third_of_a_serial_line() {
    let prepared = prepared("reference-serial", &SERIAL);
    let (report, _) = with(&prepared, 1, GoBack::new(1, 2_471, Span::ZERO));
    let budget = &report.document.upload_budget_s;
    let payload = budget.of(Cause::LinkPayload).as_ns();
    let all = payload + budget.of(Cause::LinkOverhead).as_ns();
    // 93 octets in a line of 127, and the answers.
    assert!((720..735).contains(&(payload * 1_000 / all)), "{}", payload * 1_000 / all);
}

#[test]
fn pauses_of_20_ms_before_each_further_line_make_a_serial_upload_much_slower() {
    let prepared = prepared("reference-serial", &SERIAL);
    let upload = |pause| {
        let (report, records) = with(&prepared, 1, GoBack::new(1, 600, Span::from_ms(pause)));
        let lines = records.iter().filter(|record| {
            matches!(
                record.event,
                Event::Link(LinkEvent::Line { from: Role::Central, octets: 127, .. })
            )
        });
        (report.document.upload_s, lines.count() as u64)
    };
    let ((without, _), (with, full)) = (upload(0), upload(20));
    // Each full line is followed by another one, which begins 20 ms after it instead of at its end.
    let slower = (Span::from_ms(20) - Span::from_ns(127 * 10 * 1_000_000_000 / 115_200)) * full;
    assert!(close(with, without + slower, Span::from_ms(5)), "{with:?} {without:?} {slower:?}");
    assert!(full > 600, "{full}");
}

#[test]
fn over_udp_the_headers_and_the_round_trip_are_told_apart() {
    let settings = [&SERIAL[..], &["udp.latency_us=10000", "udp.rate_Bps=100000"]].concat();
    let prepared = prepared("reference-udp", &settings);
    let (report, records) = with(&prepared, 1, GoBack::new(1, 1_028, Span::ZERO));
    let budget = &report.document.upload_budget_s;
    let requests = records
        .iter()
        .filter(|r| matches!(r.event, Event::Client(ClientEvent::UploadChunk { .. })))
        .count() as u64;
    assert_eq!(budget.of(Cause::LinkWait), Span::from_ms(20) * requests, "a round trip each");
    // 28 octets around each request and each answer, at 10 us an octet.
    assert!(close(
        budget.of(Cause::LinkOverhead),
        Span::from_us(560) * requests,
        Span::from_us(4 * requests)
    ));
    assert_eq!(budget.of(Cause::LinkRetransmit), Span::ZERO);
}

#[test]
fn a_server_buffer_longer_than_an_ip_packet_stops_a_client_that_fills_it() {
    let (report, _) = kept("reference-udp", &["server.params=true"], 1);
    assert_eq!(report.document.error.as_deref(), Some("timeout"));
    assert_eq!(report.counts.fragmented, Some(2_048));
    let (report, _) = kept("reference-udp", &["server.params=true", "server.buf_size=1472"], 1);
    assert_eq!(report.document.outcome, "confirmed");
    assert_eq!(report.counts.fragmented, None);
}

#[test]
fn with_two_buffers_a_window_loses_requests_over_udp() {
    let two = ["server.buf_count=2", "client.mode=upload-only", "expect.outcome=uploaded"];
    let dropped = |window| {
        let prepared = prepared("reference-udp", &[&two[..], &["image.size=60000"]].concat());
        with(&prepared, 1, GoBack::new(window, 1_472, Span::ZERO)).0.document.smp.dropped
    };
    assert_eq!(dropped(1), 0);
    // The lost one counts as outstanding until its time is up, and the upload is over by then.
    assert_eq!(dropped(2), 1);
}

#[test]
fn a_small_receive_ring_loses_what_comes_while_flash_works() {
    let damaged = |ring, window| {
        let settings = [&SERIAL[..], &[ring, "serial.baud=1000000"]].concat();
        let prepared = prepared("reference-serial", &settings);
        let (report, _) = with(&prepared, 1, GoBack::new(window, 600, Span::ZERO));
        assert_eq!(report.document.outcome, "uploaded", "{ring}");
        report.document.link.lost_packets
    };
    assert!(damaged("serial.rx_ring=6", 2) > 0);
    assert_eq!(damaged("serial.rx_ring=6", 1), 0, "nothing comes while the server works");
    assert_eq!(damaged("serial.rx_ring=65535", 2), 0);
}

#[test]
fn a_client_that_asks_before_the_swap_is_over_is_not_answered() {
    let (report, records) = kept("reference-udp", &["client.estimated_swap_s=10"], 1);
    assert_eq!(report.document.error.as_deref(), Some("timeout"));
    let unheard = |r: &&Record| matches!(r.event, Event::Link(LinkEvent::Unheard { .. }));
    assert!(records.iter().any(|r| unheard(&r)));
}

/// A link with faults of every kind, or nearly none.
fn faults() -> impl proptest::strategy::Strategy<Value = Vec<String>> {
    let ppm = || prop::sample::select(vec![0u32, 1_000, 20_000, 100_000, 300_000]);
    let udp = (ppm(), ppm(), ppm(), 0u32..30_000, 0u32..60_000).prop_map(
        |(loss, reorder, duplicate, latency, jitter)| {
            vec![
                "link.kind=udp".to_owned(),
                format!("udp.loss_ppm={loss}"),
                format!("udp.reorder_ppm={reorder}"),
                format!("udp.duplicate_ppm={duplicate}"),
                format!("udp.latency_us={latency}"),
                format!("udp.jitter_us={jitter}"),
            ]
        },
    );
    let errors = prop::sample::select(vec![0u32, 10, 100, 1_000]);
    let ring = prop::sample::select(vec![0u32, 6, 64, 65_535]);
    let serial = (errors, ring, 50_000u32..2_000_000).prop_map(|(error, ring, baud)| {
        vec![
            "link.kind=serial".to_owned(),
            "client.strategy=smpclient".to_owned(),
            format!("serial.error_ppm={error}"),
            format!("serial.rx_ring={ring}"),
            format!("serial.baud={baud}"),
        ]
    });
    proptest::prop_oneof![udp, serial]
}

proptest! {
    #[test]
    fn whatever_a_link_does_the_image_is_whole_or_the_run_says_why(
        faults in faults(),
        (window, pause, buffers) in (1usize..5, 0u64..25, 1u32..6),
        (size, own) in (600u32..40_000, any::<bool>()),
        seed: u64,
    ) {
        let mut settings = faults;
        settings.extend([
            format!("image.size={size}"),
            "slot0.size=9000".to_owned(),
            format!("server.buf_count={buffers}"),
            "server.buf_size=1472".to_owned(),
            format!("client.window={window}"),
        ]);
        let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
        let prepared = prepared("reference", &settings);
        let config = prepared.client_config(Seed(seed));
        let client = if own {
            Client::with_strategy(config, Box::new(GoBack::new(window, 1_400, Span::from_ms(pause))))
        } else {
            Client::new(config)
        };
        let sink = (Digest::default(), Counts::new());
        let mut world = World::with_client(&prepared, Seed(seed), sink, client.clone());
        world.run();
        let (end, now) = (world.ended(), world.now());
        let image = prepared.image().bytes();
        let slot = prepared.scenario().server.layout.primary();
        let runs = world.device().flash_view().bytes(slot.start, image.len() as u32).to_vec();

        let (report, _) = run_client(&prepared, seed, client, Keep::default());
        let document = &report.document;
        prop_assert_eq!(report.digest, world.sink.0.value(), "the same twice");
        prop_assert_eq!(document.duration_s, now.since(sim_core::Time::ZERO));
        prop_assert!(end.is_some());
        if document.outcome == "confirmed" {
            prop_assert_eq!(&runs[..], image);
            prop_assert_eq!(document.boot.swaps, 1);
        } else {
            prop_assert!(document.error.is_some());
        }
        prop_assert_eq!(document.budget_s.total(), document.duration_s);
        prop_assert_eq!(document.upload_budget_s.total(), document.upload_s);
        prop_assert_eq!(document.budget_s.of(Cause::LinkRetransmit), Span::ZERO);
        prop_assert!(document.link.lost_packets <= document.link.packets);
    }
}
