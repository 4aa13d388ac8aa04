//! What all ideas together gain over the real clients.

use crate::report;
use client_model::StrategyKind;
use sim::scenario::Settings;
use sim::sweep::{
    Axis, Cell, CellSummary, Done, Heading, Order, Plan, Seeds, Shard, Summarizer, Watch, carry_out,
};
use sim_core::Span;
use std::convert::Infallible;
use std::sync::Arc;

const BEST: &str = "smpsim-best";

/// Never stops.
struct Patient;

impl Watch for Patient {
    fn begins(&self, _: &Arc<Cell>, _: u64) {}

    fn ended(&self) {}

    fn stops(&self) -> bool {
        false
    }
}

/// The real clients and the best one, in every cell.
fn cells(preset: &str, axis: Option<&str>) -> Vec<CellSummary> {
    let real = StrategyKind::ALL.iter().filter(|kind| kind.origin() == client_model::Origin::Real);
    let names: Vec<&str> = real.map(|kind| kind.name()).chain([BEST]).collect();
    let plan = Plan::new(Order {
        settings: Settings::preset(preset).expect("there is one"),
        base: preset.to_owned(),
        image: None,
        more_images: Vec::new(),
        force: false,
        strategies: Plan::strategies(&names.join(",")).expect("there are these"),
        axes: axis.into_iter().map(|axis| Axis::parse(axis).expect("lawful")).collect(),
        seeds: Seeds { first: 1, count: 3 },
        shard: Shard::WHOLE,
    })
    .expect("lawful");
    let mut summary = Summarizer::new(Heading::of(&plan));
    let done = carry_out(&plan, 2, &Patient, |row| {
        summary.row(&row);
        Ok::<(), Infallible>(())
    });
    assert!(done.is_ok_and(Done::is_complete));
    summary.finish().cells
}

/// Median duration and upload time of the runs, of which none failed.
fn medians(cell: &CellSummary) -> Option<(Span, Span)> {
    let spreads = cell.duration.as_ref().zip(cell.upload.as_ref());
    spreads.filter(|_| cell.counts.failed == 0).map(|(all, upload)| (all.median, upload.median))
}

/// Each cell of the best client beside those of the real clients with the same values that came to
/// an end.
fn compared(cells: &[CellSummary]) -> Vec<(&CellSummary, Vec<&CellSummary>)> {
    let (best, real): (Vec<_>, Vec<_>) =
        cells.iter().partition(|cell| cell.cell.strategy.name() == BEST);
    let beside = |best: &CellSummary| {
        let same = |cell: &&&CellSummary| cell.cell.values == best.cell.values;
        let ended = real.iter().filter(same).filter(|cell| medians(cell).is_some());
        ended.copied().collect::<Vec<_>>()
    };
    best.into_iter().map(|best| (best, beside(best))).collect()
}

#[test]
fn the_best_beats_every_real_client_on_clean_and_lossy_links() {
    let cells = cells("reference", Some("link.loss_ppm=0,20000,50000"));
    let compared = compared(&cells);
    assert_eq!(compared.len(), 3);
    for (best, real) in compared {
        assert!(real.len() >= 4, "{:?}: {}", best.cell.values, real.len());
        let (duration, upload) = medians(best).expect("it never fails");
        for other in real {
            let name = other.cell.strategy.name();
            let (other_duration, other_upload) = medians(other).expect("it ended");
            assert!(duration < other_duration, "{name} {:?}: {duration:?}", best.cell.values);
            assert!(upload < other_upload, "{name} {:?}: {upload:?}", best.cell.values);
        }
    }
}

#[test]
fn the_best_is_not_slower_than_any_real_client_over_udp_and_serial() {
    for preset in ["reference-udp", "reference-serial"] {
        let cells = cells(preset, None);
        let compared = compared(&cells);
        assert_eq!(compared.len(), 1, "{preset}");
        for (best, real) in compared {
            assert!(real.len() >= 4, "{preset}: {}", real.len());
            let (duration, _) = medians(best).expect("it never fails");
            for other in real {
                let (other_duration, _) = medians(other).expect("it ended");
                let name = other.cell.strategy.name();
                assert!(duration <= other_duration, "{preset} {name}: {duration:?}");
            }
        }
    }
}

#[test]
fn the_best_uploads_no_slower_with_reassembly_than_the_phones() {
    let cells = cells("reference-reassembly", None);
    for (best, real) in compared(&cells) {
        let (_, upload) = medians(best).expect("it never fails");
        for other in real {
            let (_, other_upload) = medians(other).expect("it ended");
            assert!(upload <= other_upload, "{}: {upload:?}", other.cell.strategy.name());
        }
    }
}

/// Over UDP nobody tells when the device goes down: until then the old image answers.
#[test]
fn the_best_finds_the_new_image_over_udp_whenever_the_device_resets_and_comes_back() {
    let ends = |settings: &[&str]| {
        let best = [settings, &["client.strategy=smpsim-best"]].concat();
        let document = report("reference-udp", &best).document;
        assert_eq!(document.outcome, "confirmed", "{settings:?}: {:?}", document.error_text);
        assert_eq!(document.boot.swaps, 1, "{settings:?}");
        document.duration_s
    };
    let plain = ends(&[]);
    // It resets 4.75 s later, and comes back behind the estimate, when a list is waited for 5 s again.
    assert!(ends(&["server.reset_ms=5000"]) < plain + Span::from_s(8));
    // The estimate is no more than that: it is found as soon as it is back.
    assert!(ends(&["client.estimated_swap_s=120"]) < plain + Span::from_s(1));
    // And what is still swapping then has its tries, as before.
    ends(&["client.estimated_swap_s=30"]);
}
