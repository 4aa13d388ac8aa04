//! The strategies that nobody has against the real clients.

use super::prepared;
use client_model::{Origin, StrategyKind as Kind, Transport};
use sim::report::run;
use sim::trace::Null;
use sim_core::Span;

const BEST: Kind = Kind::SmpsimBest;

fn real(over: Transport) -> impl Iterator<Item = Kind> {
    let fits =
        move |kind: &Kind| kind.origin() == Origin::Real && kind.transports().contains(&over);
    Kind::ALL.iter().copied().filter(fits)
}

/// Median times of the whole update and of its upload; `None` when most runs fail.
fn medians(kind: Kind, preset: &str, settings: &[&str], seeds: u64) -> Option<(Span, Span)> {
    let strategy = format!("client.strategy={}", kind.name());
    let settings: Vec<&str> = settings.iter().copied().chain([strategy.as_str()]).collect();
    let prepared = prepared(preset, &settings);
    let mut times: Vec<(Span, Span)> = (1..=seeds)
        .filter_map(|seed| {
            let document = run(&prepared, seed, Null).0.document;
            document.error.is_none().then_some((document.duration_s, document.upload_s))
        })
        .collect();
    let failures = seeds as usize - times.len();
    times.sort();
    (times.len() > failures).then(|| times[times.len() / 2])
}

#[test]
fn the_best_one_is_faster_than_every_real_client_whatever_the_loss() {
    for loss in ["link.loss_ppm=0", "link.loss_ppm=20000", "link.loss_ppm=50000"] {
        let (whole, upload) = medians(BEST, "reference", &[loss], 5).expect("it succeeds");
        for kind in real(Transport::Ble) {
            let Some(theirs) = medians(kind, "reference", &[loss], 5) else { continue };
            assert!(whole < theirs.0, "{loss}: {whole:?}, {kind:?} {:?}", theirs.0);
            assert!(upload < theirs.1, "{loss}: {upload:?}, {kind:?} {:?}", theirs.1);
        }
    }
}

#[test]
fn the_best_one_succeeds_wherever_a_real_client_does_and_sooner() {
    let scenarios: [(&str, &[&str]); 20] = [
        ("reference-lossy", &[]),
        ("reference-reassembly", &[]),
        ("reference-ncs", &[]),
        ("seed-gateway", &[]),
        ("seed-gateway", &["link.interval_us=11250"]),
        ("reference", &["server.buf_count=2"]),
        ("reference", &["server.buf_size=384"]),
        ("reference", &["server.buf_size=384", "server.params=true"]),
        ("reference", &["server.buf_size=2475", "server.params=true"]),
        ("reference", &["link.mtu=65"]),
        ("reference", &["link.mtu=247"]),
        ("reference", &["link.mtu=23", "server.buf_size=2475", "server.reassembly=true"]),
        ("reference", &["server.erase=up-front", "slot1.content=old"]),
        ("reference", &["flash.radio_sync=mpsl"]),
        ("reference", &["flash.radio_sync=ticker"]),
        ("reference", &["server.conn_param_control=true"]),
        ("reference", &["server.conn_param_control=true", "link.loss_ppm=100000"]),
        ("reference", &["server.cpu_preset=cortex-m4"]),
        ("reference", &["server.profile=z4x", "server.echo=false", "client.window=1"]),
        ("reference", &["image.size=20000"]),
    ];
    for (preset, settings) in scenarios {
        let best = medians(BEST, preset, settings, 1);
        let (whole, _) = best.unwrap_or_else(|| panic!("it fails: {preset} {settings:?}"));
        for kind in real(Transport::Ble) {
            let Some((theirs, _)) = medians(kind, preset, settings, 1) else { continue };
            assert!(whole < theirs, "{preset} {settings:?}: {whole:?}, {kind:?} {theirs:?}");
        }
    }
}

#[test]
fn without_a_radio_the_best_one_is_not_slower_than_real_clients_by_more_than_a_tenth() {
    let scenarios: [(&str, Transport, &[&str]); 7] = [
        ("reference-udp", Transport::Udp, &[]),
        ("reference-udp", Transport::Udp, &["udp.loss_ppm=50000"]),
        ("reference-udp", Transport::Udp, &["udp.reorder_ppm=20000"]),
        ("reference-udp", Transport::Udp, &["udp.duplicate_ppm=20000"]),
        ("reference-udp", Transport::Udp, &["server.buf_count=2"]),
        ("reference-serial", Transport::Serial, &[]),
        ("reference-serial", Transport::Serial, &["server.params=false"]),
    ];
    for (preset, over, settings) in scenarios {
        let (_, upload) = medians(BEST, preset, settings, 3)
            .unwrap_or_else(|| panic!("it fails: {preset} {settings:?}"));
        for kind in real(over) {
            let Some((_, theirs)) = medians(kind, preset, settings, 3) else { continue };
            assert!(
                upload * 10 < theirs * 11,
                "{preset} {settings:?}: {upload:?}, {kind:?} {theirs:?}"
            );
        }
    }
}

#[test]
fn resuming_and_a_long_supervision_timeout_survive_the_erase_of_a_slot() {
    let erase = ["server.erase=up-front", "slot1.content=old"];
    assert_eq!(medians(Kind::GoBack, "reference", &erase, 1), None, "the plain one loses its link");
    for kind in [Kind::ResumeUpdate, Kind::IntervalControl, BEST] {
        assert!(medians(kind, "reference", &erase, 1).is_some(), "{kind:?}");
    }
}

#[test]
fn the_best_one_changes_the_interval_without_losing_the_link() {
    for settings in [&["server.cpu_preset=cortex-m4"][..], &["link.loss_ppm=100000"], &[]] {
        let strategy = "client.strategy=smpsim-best";
        let settings: Vec<&str> = settings.iter().copied().chain([strategy]).collect();
        let (report, records) = super::kept("reference", &settings, 1);
        let changes = records.iter().filter(|record| {
            matches!(
                record.event,
                sim::trace::Event::Link(link_model::LinkEvent::ParamsUpdated { .. })
            )
        });
        assert!(changes.count() >= 3, "{settings:?}");
        let uploads = records.iter().filter(|record| {
            let phase = client_model::Phase::Upload;
            record.event == sim::trace::Event::Client(client_model::ClientEvent::Phase { phase })
        });
        assert_eq!(uploads.count(), 1, "{settings:?}: {:?}", report.document.error_text);
    }
}
