//! Carrying out a plan on several threads, with rows in the order of the plan.
//!
//! Runs are handed out in batches. Within a batch every thread takes the next run that is left;
//! while the next batch is under way the rows of the last one are given away, so that memory does not
//! grow with the number of runs.

use super::cell::{self, Cell, Start};
use super::columns::Figures;
use super::plan::Plan;
use super::row::Row;
use crate::fleet;
use crate::report::{self, RunDoc};
use crate::trace::Null;
use crate::world::Prepared;
use rayon::prelude::*;
use std::ops::Range;
use std::sync::Arc;

/// Runs of a batch for each thread: at its end threads wait for the last run, half a run each.
const BATCH_RUNS: usize = 128;

/// Cells of a batch for each thread. A cell with an image of its own holds some megabytes.
const BATCH_CELLS: usize = 8;

/// Whoever watches a sweep and may stop it. Called from all threads.
pub trait Watch: Sync {
    /// A run begins on this thread.
    fn begins(&self, cell: &Arc<Cell>, seed: u64);

    /// It has ended.
    fn ended(&self);

    /// Whether to begin no more runs.
    fn stops(&self) -> bool;

    /// Plays a program outside in one run.
    ///
    /// # Errors
    /// Why it cannot be played, which a row then says.
    fn play(&self, command: &str, prepared: &Prepared, seed: u64) -> Result<RunDoc, String> {
        let _ = (prepared, seed);
        Err(format!("nobody here plays {command}"))
    }
}

/// How far a sweep came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    /// Rows handed over.
    pub rows: u64,
    /// Rows that there are in this shard.
    pub of: u64,
}

impl Done {
    /// Whether the sweep was carried out to its end.
    pub fn is_complete(self) -> bool {
        self.rows == self.of
    }
}

/// The plan's cells that a batch needs.
struct Prepare<'p> {
    plan: &'p Plan,
    /// Some cell whose images others may share.
    near: Option<Prepared>,
    /// Cells of the batch, in order, each with what its runs start from or why it has none.
    cells: Vec<(Arc<Cell>, Ready)>,
}

type Ready = Result<Prepared, Arc<str>>;

impl Prepare<'_> {
    /// Prepares these cells, given in order, and drops all others.
    fn cells(&mut self, indices: &[u64]) {
        self.cells.retain(|(cell, _)| indices.contains(&cell.index));
        let held = self.cells.last().map(|(cell, _)| cell.index);
        let missing: Vec<u64> =
            indices.iter().copied().filter(|index| held.is_none_or(|held| *index > held)).collect();
        let (plan, near) = (self.plan, self.near.as_ref());
        let new: Vec<(Cell, Start)> = missing
            .into_par_iter()
            .map(|index| {
                let cell = plan.cell(index);
                let start = cell::prepare(plan, &cell, near);
                (cell, start)
            })
            .collect();
        for (cell, start) in new {
            if self.near.is_none() {
                self.near = start.as_ref().ok().cloned();
            }
            self.cells.push((Arc::new(cell), start.map_err(|e| e.to_string().into())));
        }
    }

    fn run(&self, run: u64, watch: &impl Watch) -> Option<Row> {
        if watch.stops() {
            return None;
        }
        let seeds = self.plan.seeds();
        let (index, seed) = (run / seeds.count, seeds.first + run % seeds.count);
        let place = self.cells.partition_point(|(cell, _)| cell.index < index);
        let (cell, start) = &self.cells[place];
        watch.begins(cell, seed);
        let result = match start {
            Ok(prepared) => match cell.strategy.command() {
                None => Ok(Box::new(figures(prepared, seed))),
                Some(command) => watch
                    .play(command, prepared, seed)
                    .map(|document| Box::new(Figures::of(prepared.scenario(), document)))
                    .map_err(Arc::from),
            },
            Err(reason) => Err(Arc::clone(reason)),
        };
        watch.ended();
        Some(Row { run, cell: Arc::clone(cell), seed, result })
    }
}

fn figures(prepared: &Prepared, seed: u64) -> Figures {
    let scenario = prepared.scenario();
    let document = if scenario.fleet.devices > 1 {
        fleet::run(prepared, seed, |_, _| Null).run_document(prepared)
    } else {
        report::run(prepared, seed, Null).0.document
    };
    Figures::of(scenario, document)
}

/// Carries out the plan's shard on so many threads, 0 for all cores. `row` takes the rows in the
/// order of the plan; after a stop those of runs that were begun still come.
///
/// # Errors
/// The first error of `row`.
///
/// # Panics
/// When a run panics, or no thread can be started.
pub fn carry_out<E: Send>(
    plan: &Plan,
    threads: usize,
    watch: &impl Watch,
    mut row: impl FnMut(Row) -> Result<(), E> + Send,
) -> Result<Done, E> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .expect("the system starts threads");
    let width = pool.current_num_threads();
    let mut done = Done { rows: 0, of: plan.share() };
    let mut prepare = Prepare { plan, near: None, cells: Vec::new() };
    let mut next = 0;
    let mut ready: Vec<Option<Row>> = Vec::new();
    loop {
        let most = if watch.stops() { next } else { plan.share() };
        let (runs, cells) = batch(plan, next..most, width);
        next += runs.len() as u64;
        let last = runs.is_empty();
        let rows = ready.iter().flatten().count() as u64;
        let give = || ready.drain(..).flatten().try_for_each(&mut row);
        let carry_out = || {
            prepare.cells(&cells);
            let prepare = &prepare;
            runs.into_par_iter().with_max_len(1).map(|run| prepare.run(run, watch)).collect()
        };
        let (ran, given) = pool.install(|| rayon::join(carry_out, give));
        given?;
        done.rows += rows;
        ready = ran;
        if last {
            return Ok(done);
        }
    }
}

/// The next runs of the shard, of those at these places, and the cells that they are of.
fn batch(plan: &Plan, places: Range<u64>, width: usize) -> (Vec<u64>, Vec<u64>) {
    let (most_runs, most_cells) = (BATCH_RUNS * width, BATCH_CELLS * width);
    let (mut runs, mut cells) = (Vec::new(), Vec::new());
    for run in places.take(most_runs).map(|place| plan.shard().run(place)) {
        let cell = run / plan.seeds().count;
        if cells.last() != Some(&cell) {
            if cells.len() == most_cells {
                break;
            }
            cells.push(cell);
        }
        runs.push(run);
    }
    (runs, cells)
}
