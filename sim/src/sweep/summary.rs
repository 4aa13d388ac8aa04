//! Rows folded into one summary a cell. Rows come in the order of cells, so that the figures of one
//! cell are held at a time.

use super::cell::Cell;
use super::columns::Figures;
use super::row::{Heading, Row};
use sim_core::Span;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Points of [`Spread::curve`]; the steps between them hold equally many runs.
pub const CURVE: usize = 41;

/// How a figure spreads over the runs of a cell. Quantiles are those of the nearest rank: each is
/// the figure of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spread<T> {
    /// Least.
    pub min: T,
    /// Half of the runs have no more.
    pub median: T,
    /// Nine tenths of the runs have no more.
    pub p90: T,
    /// 99 of 100 runs have no more.
    pub p99: T,
    /// Most.
    pub max: T,
    /// Quantiles in equal steps, from least to most.
    pub curve: Vec<T>,
}

impl<T: Copy + Ord> Spread<T> {
    /// The spread of these figures; `None` of none.
    fn of(mut figures: Vec<T>) -> Option<Self> {
        figures.sort_unstable();
        let last = figures.len().checked_sub(1)?;
        let rank = |part: usize, of: usize| figures[(figures.len() * part).div_ceil(of) - 1];
        let curve = (0..CURVE).map(|i| figures[last * i / (CURVE - 1)]).collect();
        Some(Self {
            min: figures[0],
            median: rank(1, 2),
            p90: rank(9, 10),
            p99: rank(99, 100),
            max: figures[last],
            curve,
        })
    }
}

/// Runs by how they went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows.
    pub rows: u64,
    /// Rows of runs that there cannot be.
    pub not_applicable: u64,
    /// Runs that failed, or were reverted.
    pub failed: u64,
}

impl Counts {
    /// Runs that were carried out.
    pub const fn done(self) -> u64 {
        self.rows - self.not_applicable
    }
}

/// The run of a cell that is most worth a look: the first that failed, or else the longest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worst {
    /// Its seed.
    pub seed: u64,
    /// Why it failed.
    pub failure: Option<&'static str>,
    /// How long it was.
    pub duration: Span,
    /// The command that carries it out again.
    pub command: String,
}

/// What the runs of a cell came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellSummary {
    /// The cell.
    pub cell: Arc<Cell>,
    /// Its runs.
    pub counts: Counts,
    /// Why it cannot be run.
    pub reason: Option<Arc<str>>,
    /// Failed runs by error, or by outcome where there is none.
    pub failures: BTreeMap<&'static str, u64>,
    /// Start to end, of runs that did not fail.
    pub duration: Option<Spread<Span>>,
    /// Upload time, of runs with a completed upload.
    pub upload: Option<Spread<Span>>,
    /// Image size by the median of the upload time, octets a second.
    pub goodput_bps: Option<u64>,
    /// Image octets sent again, of all runs.
    pub wasted: Option<Spread<u64>>,
    /// Size of the image, octets.
    pub image_octets: u64,
    /// Packet buffers of the server, octets.
    pub ram_octets: u64,
    /// The run to look at; none when there was none.
    pub worst: Option<Worst>,
}

impl CellSummary {
    /// Why its runs failed, the most frequent first.
    pub fn failures_by_number(&self) -> Vec<(&'static str, u64)> {
        let mut all: Vec<_> = self.failures.iter().map(|(name, runs)| (*name, *runs)).collect();
        all.sort_by_key(|(_, runs)| core::cmp::Reverse(*runs));
        all
    }
}

/// A sweep, folded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// What its rows have in common.
    pub heading: Heading,
    /// Cells in order, as far as there are rows of them.
    pub cells: Vec<CellSummary>,
}

impl Summary {
    /// Runs of all cells.
    pub fn counts(&self) -> Counts {
        self.cells.iter().fold(Counts::default(), |sum, cell| Counts {
            rows: sum.rows + cell.counts.rows,
            not_applicable: sum.not_applicable + cell.counts.not_applicable,
            failed: sum.failed + cell.counts.failed,
        })
    }
}

/// Folds rows, which come in the order of the plan.
#[derive(Clone, Debug)]
pub struct Summarizer {
    heading: Heading,
    closed: Vec<CellSummary>,
    open: Option<Open>,
}

/// The cell whose rows are coming.
#[derive(Clone, Debug)]
struct Open {
    summary: CellSummary,
    durations: Vec<Span>,
    uploads: Vec<Span>,
    wasted: Vec<u64>,
}

impl Summarizer {
    /// A fold of no rows.
    pub fn new(heading: Heading) -> Self {
        Self { heading, closed: Vec::new(), open: None }
    }

    /// Takes a row.
    pub fn row(&mut self, row: &Row) {
        if self.open.as_ref().is_none_or(|open| open.summary.cell.index != row.cell.index) {
            let open = self.open.replace(Open::new(Arc::clone(&row.cell)));
            self.closed.extend(open.map(|open| open.close(&self.heading)));
        }
        let Some(open) = &mut self.open else { return };
        open.summary.counts.rows += 1;
        match &row.result {
            Ok(figures) => open.run(row.seed, figures),
            Err(reason) => {
                open.summary.counts.not_applicable += 1;
                open.summary.reason = Some(Arc::clone(reason));
            }
        }
    }

    /// The summary of all rows.
    pub fn finish(mut self) -> Summary {
        self.closed.extend(self.open.take().map(|open| open.close(&self.heading)));
        Summary { heading: self.heading, cells: self.closed }
    }
}

impl Open {
    fn new(cell: Arc<Cell>) -> Self {
        let summary = CellSummary {
            cell,
            counts: Counts::default(),
            reason: None,
            failures: BTreeMap::new(),
            duration: None,
            upload: None,
            goodput_bps: None,
            wasted: None,
            image_octets: 0,
            ram_octets: 0,
            worst: None,
        };
        Self { summary, durations: Vec::new(), uploads: Vec::new(), wasted: Vec::new() }
    }

    fn run(&mut self, seed: u64, figures: &Figures) {
        let failure = figures.failure();
        match failure {
            Some(name) => {
                self.summary.counts.failed += 1;
                *self.summary.failures.entry(name).or_default() += 1;
            }
            None => self.durations.push(figures.duration),
        }
        if figures.uploaded() {
            self.uploads.push(figures.upload);
        }
        self.wasted.push(figures.wasted_octets);
        self.summary.image_octets = figures.image_octets;
        self.summary.ram_octets = figures.ram_octets;
        let worse = |worst: &Worst| match (worst.failure, failure) {
            (None, None) => figures.duration > worst.duration,
            (None, Some(_)) => true,
            (Some(_), _) => false,
        };
        if self.summary.worst.as_ref().is_none_or(worse) {
            let command = String::new();
            self.summary.worst = Some(Worst { seed, failure, duration: figures.duration, command });
        }
    }

    fn close(self, heading: &Heading) -> CellSummary {
        let mut summary = self.summary;
        summary.duration = Spread::of(self.durations);
        summary.upload = Spread::of(self.uploads);
        summary.wasted = Spread::of(self.wasted);
        summary.goodput_bps = summary.upload.as_ref().and_then(|upload| {
            let octets = u128::from(summary.image_octets) * 1_000_000_000;
            octets.checked_div(u128::from(upload.median.as_ns())).map(|rate| rate as u64)
        });
        if let Some(worst) = &mut summary.worst {
            worst.command = heading.command(&summary.cell, worst.seed);
        }
        summary
    }
}

#[cfg(test)]
mod tests {
    use super::Spread;
    use proptest::prelude::*;

    #[test]
    fn quantiles_are_those_of_the_nearest_rank() {
        let spread = Spread::of((1..=200_u64).rev().collect()).expect("not empty");
        assert_eq!((spread.min, spread.median, spread.p90), (1, 100, 180));
        assert_eq!((spread.p99, spread.max), (198, 200));
        let one = Spread::of(vec![7_u64]).expect("not empty");
        assert_eq!((one.min, one.median, one.p90, one.p99, one.max), (7, 7, 7, 7, 7));
        assert_eq!(Spread::<u64>::of(Vec::new()), None);
    }

    proptest! {
        #[test]
        fn a_spread_is_in_order_and_of_figures_that_there_are(
            figures in prop::collection::vec(0_u64..1_000, 1..50)
        ) {
            let spread = Spread::of(figures.clone()).expect("not empty");
            let five = [spread.min, spread.median, spread.p90, spread.p99, spread.max];
            prop_assert!(five.is_sorted() && spread.curve.is_sorted());
            prop_assert!(five.iter().chain(&spread.curve).all(|f| figures.contains(f)));
            let above = figures.iter().filter(|f| **f > spread.median).count();
            prop_assert!(2 * above <= figures.len());
        }
    }
}
