//! What one sees of a sweep while it runs, and how one stops it.

use crate::Refusal;
use crate::exec::{Complaint, Program};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use sim::report::{self, RunDoc};
use sim::sweep::{Cell, Heading, Watch};
use sim::trace::Null;
use sim::world::Prepared;
use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A sweep that is over sooner shows no bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// Somebody pressed Ctrl-C, or asked the process to end.
static STOP: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// The run on this thread, for the message of a panic.
    static RUN: std::cell::Cell<Option<(Arc<Cell>, u64)>> = const { std::cell::Cell::new(None) };
}

/// Watches a sweep.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    shown: AtomicBool,
    /// What the first program did that does not keep to the lines.
    broken: Mutex<Option<String>>,
}

impl Progress {
    /// A bar for so many runs, on a terminal, and a handler for Ctrl-C.
    pub(super) fn new(heading: Heading, runs: u64) -> Result<Self, Refusal> {
        ctrlc::set_handler(|| {
            if STOP.swap(true, Ordering::Relaxed) {
                std::process::exit(130);
            }
            eprintln!("\nsmpsim: stopping after the runs in progress; once more ends at once");
        })
        .map_err(|e| Refusal(format!("cannot handle Ctrl-C: {e}")))?;
        name_runs_in_panics(heading);
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(Some(runs), ProgressDrawTarget::hidden());
            let style = "{wide_bar} {pos} of {len} runs, {per_sec}, {eta_precise} left";
            match ProgressStyle::with_template(style) {
                Ok(style) => bar.with_style(style.progress_chars("##-")),
                Err(_) => bar,
            }
        });
        Ok(Self { bar, shown: AtomicBool::new(false), broken: Mutex::default() })
    }

    /// Takes the bar away.
    ///
    /// # Errors
    /// When a program could not be played.
    pub(super) fn finish(&self) -> Result<(), Refusal> {
        self.bar.iter().for_each(ProgressBar::finish_and_clear);
        let broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner).take();
        broken.map_or(Ok(()), |problem| Err(Refusal(format!("--strategy exec: {problem}"))))
    }

    /// A program that cannot be played ends the sweep: its other runs would end so, too.
    fn gives_up(&self, problem: &str) {
        let mut broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
        broken.get_or_insert_with(|| problem.to_owned());
        STOP.store(true, Ordering::Relaxed);
    }
}

impl Watch for Progress {
    fn begins(&self, cell: &Arc<Cell>, seed: u64) {
        RUN.set(Some((Arc::clone(cell), seed)));
    }

    fn ended(&self) {
        RUN.set(None);
        let Some(bar) = &self.bar else { return };
        bar.inc(1);
        if bar.elapsed() >= PATIENCE && !self.shown.swap(true, Ordering::Relaxed) {
            bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }

    fn stops(&self) -> bool {
        STOP.load(Ordering::Relaxed)
    }

    fn play(&self, command: &str, prepared: &Prepared, seed: u64) -> Result<RunDoc, String> {
        // A program of its own for each run: what one complains of is told of no other.
        let program = Program::new(command, prepared).map_err(|Refusal(problem)| {
            self.gives_up(&problem);
            problem
        })?;
        let client = program.client(prepared, seed);
        let (report, Null) = report::run_client(prepared, seed, client, Null);
        match program.take_complaint() {
            Some(Complaint::Broken(problem)) => {
                self.gives_up(&problem);
                Err(problem)
            }
            _ => Ok(report.document),
        }
    }
}

/// A panic is a fault of this program. Whoever reports it should have the run at hand.
fn name_runs_in_panics(heading: Heading) {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        tell(panic);
        if let Some((cell, seed)) = RUN.take() {
            eprintln!("smpsim: that was in the run `{}`", heading.command(&cell, seed));
        }
    }));
}
