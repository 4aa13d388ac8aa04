//! Clients of other protocols than SMP against their servers: whole updates, and what each fault of
//! the user's own protocol looks like.

use crate::{kept, prepared, report};
use client_model::{ClientEvent, Phase, StrategyKind};
use server_model::ServerEvent;
use sim::report::RunDoc;
use sim::report::budget::Cause;
use sim::trace::{Event, Null, Record};
use sim::world::World;
use sim_core::{Seed, Span};

/// A small image, and a link that outlives the erase of a slot.
const SMALL: [&str; 3] = ["image.size=60000", "slot0.size=60000", "link.timeout_ms=20000"];
const OWN: &str = "client.strategy=seed-own-protocol";
const SOUND: &str = "own_protocol.overwrite_ppm=0";
const ALL: [&str; 3] = [OWN, "client.strategy=nordic-secure-dfu", "client.strategy=ti-oad"];

fn with<'a>(settings: &[&'a str]) -> Vec<&'a str> {
    [&SMALL[..], &[SOUND], settings].concat()
}

/// The document of the user's own protocol, which works but for these settings.
fn own(settings: &[&str]) -> (RunDoc, Vec<Record>) {
    let (report, records) = kept("reference", &with(&[&[OWN][..], settings].concat()), 1);
    (report.document, records)
}

fn ends(document: &RunDoc) -> (&str, Option<&str>) {
    (document.outcome, document.error.as_deref())
}

fn crashes(records: &[Record]) -> usize {
    records.iter().filter(|r| matches!(r.event, Event::Server(ServerEvent::Crash))).count()
}

#[test]
fn each_installs_the_image_with_and_without_loss() {
    for strategy in ALL {
        for loss in ["link.loss_ppm=0", "link.loss_ppm=50000"] {
            let prepared = prepared("reference", &with(&[strategy, loss]));
            let mut world = World::new(&prepared, Seed(1), Null);
            world.run();
            let device = world.device();
            let (flash, slot0) = (device.flash_view(), device.layout().primary());
            let image = prepared.image();
            let installed = flash.bytes(slot0.start, image.len()) == image.bytes();
            assert!(installed, "{strategy} {loss}");
            let document = report("reference", &with(&[strategy, loss])).document;
            assert_eq!(ends(&document), ("confirmed", None), "{strategy} {loss}");
        }
    }
}

#[test]
fn the_report_covers_them_as_it_covers_smp() {
    for strategy in ALL {
        let (report, records) = kept("reference", &with(&[strategy]), 1);
        let document = &report.document;
        assert_eq!(document.budget_s.total(), document.duration_s, "{strategy}");
        assert_eq!(document.upload_budget_s.total(), document.upload_s, "{strategy}");
        assert!(document.upload_budget_s.of(Cause::LinkPayload) > Span::from_ms(400), "{strategy}");
        assert!(document.budget_s.of(Cause::FlashErase) > Span::from_s(1), "{strategy}");
        let goodput = 60_000 * 1_000_000_000 / document.upload_s.as_ns();
        assert_eq!(document.goodput_bps, goodput, "{strategy}");
        let phases: Vec<Phase> = report.counts.phases.iter().map(|span| span.phase).collect();
        for phase in [Phase::Upload, Phase::Reset, Phase::Wait, Phase::Reconnect, Phase::List] {
            assert!(phases.contains(&phase), "{strategy}: no {phase}");
        }
        let octets: u32 = records
            .iter()
            .filter_map(|record| match record.event {
                Event::Client(ClientEvent::UploadChunk { len, .. }) => Some(len),
                _ => None,
            })
            .sum();
        assert_eq!(octets, 60_000, "{strategy}: every octet is sent once");
    }
}

#[test]
fn upload_only_leaves_the_old_image_running() {
    for strategy in ALL {
        let document = report("reference", &with(&[strategy, "client.mode=upload-only"])).document;
        assert_eq!(ends(&document), ("uploaded", None), "{strategy}");
        assert_eq!(document.boot.swaps, 0, "{strategy}");
    }
}

#[test]
fn only_their_strategies_bring_their_servers() {
    for kind in StrategyKind::ALL {
        let strategy = format!("client.strategy={}", kind.name());
        let serial: &[&str] = match kind {
            StrategyKind::McumgrToolkit | StrategyKind::McumgrClient => &["link.kind=serial"],
            _ => &[],
        };
        let settings = [&[strategy.as_str()][..], serial].concat();
        let foreign = prepared("reference", &settings).scenario().foreign.is_some();
        let other = kind.origin() == client_model::Origin::OtherProtocol;
        assert_eq!(foreign, other, "{}", kind.name());
    }
}

#[test]
fn a_lost_packet_is_acknowledged_by_the_next_and_the_device_never_resets() {
    let (document, records) = own(&["own_protocol.lost_packet=5"]);
    assert_eq!(ends(&document), ("failed", Some("no_disconnect")));
    assert_eq!(document.boot.booted, None);
    let answers = records
        .iter()
        .filter(|record| matches!(record.event, Event::Client(ClientEvent::Answer { rc: 0, .. })));
    assert_eq!(answers.count() as u32, document.smp.requests, "nobody sees that one is missing");
}

#[test]
fn with_one_packet_under_way_a_lost_one_is_sent_again() {
    let (document, _) = own(&["own_protocol.lost_packet=5", "client.window=1"]);
    assert_eq!(ends(&document), ("confirmed", None));
    assert_eq!(document.smp.timeouts, 1);
}

#[test]
fn an_offset_that_is_an_error_number_ends_the_update() {
    // Packets of 491 octets of image; the first has 487.
    let (document, _) = own(&["own_protocol.error_first=978"]);
    assert_eq!(ends(&document), ("failed", Some("protocol_error")));
}

#[test]
fn a_spoilt_octet_is_found_by_the_boot_loader_alone() {
    let (document, _) = own(&["own_protocol.spoilt_octet=30000"]);
    assert_eq!(ends(&document), ("failed", Some("image_not_active")));
}

#[test]
fn the_overwritten_stack_breaks_one_update_in_three() {
    let settings = [&SMALL[..], &[OWN]].concat();
    let mut broken = 0;
    for seed in 1..=60 {
        let (report, records) = kept("reference", &settings, seed);
        let crashed = crashes(&records) == 1;
        let works = ends(&report.document) == ("confirmed", None);
        assert_ne!(works, crashed, "seed {seed}: {:?}", ends(&report.document));
        broken += u32::from(crashed);
    }
    assert!((12..=28).contains(&broken), "{broken} of 60");
}

#[test]
fn a_ring_that_fills_while_the_writer_erases_ends_the_update() {
    // Radio windows let packets in during the erase; the interval leaves the writer its time later.
    let writer = ["own_protocol.erase=writer", "flash.radio_sync=mpsl", "link.interval_us=50000"];
    let (document, _) = own(&writer);
    assert_eq!(ends(&document), ("failed", Some("protocol_error")));
    let (document, _) = own(&[&writer[..], &["own_protocol.ring_size=60000"]].concat());
    assert_eq!(ends(&document), ("confirmed", None));
}

#[test]
fn a_writer_slower_than_the_link_fills_any_ring() {
    let waits = ["flash.radio_sync=mpsl", "own_protocol.ring_size=4096"];
    let (document, _) = own(&waits);
    assert_eq!(ends(&document), ("failed", Some("protocol_error")));
    let (document, _) = own(&[&waits[..], &["client.window=1"]].concat());
    assert_eq!(ends(&document), ("confirmed", None), "one at a time is slow enough");
}

#[test]
fn the_link_that_the_erase_breaks_is_made_again_and_the_update_goes_on() {
    let (document, records) = own(&["link.timeout_ms=4000"]);
    assert_eq!(ends(&document), ("confirmed", None));
    let connects = records.iter().filter(|record| {
        matches!(record.event, Event::Client(ClientEvent::Phase { phase: Phase::Reconnect }))
    });
    assert!(connects.count() > 1);
}

#[test]
fn the_wrong_area_kills_the_device_or_fills_its_storage() {
    let (document, records) = own(&["own_protocol.area=slot0"]);
    assert_eq!(document.outcome, "failed");
    assert_eq!(crashes(&records), 1);
    assert_eq!(document.error.as_deref(), Some("connect_timeout"), "nothing is left to boot");
    let (document, _) = own(&["own_protocol.area=storage"]);
    assert_eq!(ends(&document), ("failed", Some("protocol_error")));
}

#[test]
fn a_slow_host_starves_the_link() {
    let (document, _) = own(&["host.rate_Bps=2000", "host.start_octets=10000"]);
    assert_eq!(ends(&document), ("confirmed", None));
    let gateway = document.gateway.expect("there is a host");
    assert!(gateway.underruns > 10);
    assert!(gateway.starved_s > Span::from_s(5));
}

#[test]
fn an_image_that_does_not_confirm_itself_is_on_trial() {
    let (document, _) = own(&["own_protocol.self_confirm=false"]);
    assert_eq!(ends(&document), ("tested", None));
}

#[test]
fn more_receipts_cost_time() {
    let dfu = "client.strategy=nordic-secure-dfu";
    let upload = |receipts| report("reference", &with(&[dfu, receipts])).document.upload_s;
    let [none, twelve, every] =
        ["client.receipts=0", "client.receipts=12", "client.receipts=1"].map(upload);
    assert!(none <= twelve && twelve < every, "{none:?} {twelve:?} {every:?}");
}

#[test]
fn a_download_whose_link_is_lost_ends() {
    for strategy in &ALL[1..] {
        let cut = "power.cut_us=3000000";
        let document = report("reference", &with(&[strategy, cut])).document;
        assert_eq!(ends(&document), ("failed", Some("link_lost")), "{strategy}");
    }
}
