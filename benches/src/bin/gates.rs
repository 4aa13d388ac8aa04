//! The speed gates: simulated updates against a bare heap loop, in one process.
//!
//! Both figures are taken alternately and as medians of processor time, so that the ratio survives
//! slow and busy machines. Exit status 1 when a gate does not hold.

#![expect(clippy::cast_precision_loss, reason = "times of a bench are far below 2^53 ns")]

use benches::{HeapLoop, prepared, thread_time, world};
use sim::trace::Null;
use sim::world::Prepared;
use sim_core::Time;
use std::hint::black_box;
use std::process::ExitCode;

/// Rounds; odd, so that the median is one of them.
const ROUNDS: usize = 61;
/// Heap events timed in a round.
const HEAP_EVENTS: u64 = 100_000;

/// A gate: what is measured, and how many heap events it may cost.
struct Gate {
    name: &'static str,
    limit: f64,
    prepared: Prepared,
    /// The run is left at this moment of virtual time.
    until: Time,
}

fn main() -> ExitCode {
    let reference = prepared("reference", &[]);
    let (report, _) = sim::report::run(&reference, 1, Null);
    let Some(upload) = report.counts.upload else { return ExitCode::FAILURE };
    let gates = [
        Gate {
            name: "reference, connect to last upload answer",
            limit: 30_000.0,
            prepared: reference.clone(),
            until: upload.end,
        },
        Gate {
            name: "reference, whole update",
            limit: 75_000.0,
            prepared: reference,
            until: Time::MAX,
        },
    ];
    let mut heap = HeapLoop::default();
    let mut heap_ns = Vec::with_capacity(ROUNDS);
    let mut run_ns = [const { Vec::new() }; 2];
    let mut set_up_ns = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        heap_ns.push(nanoseconds(|| heap.turn(HEAP_EVENTS)) / HEAP_EVENTS as f64);
        for (gate, figures) in gates.iter().zip(&mut run_ns) {
            let mut ready = None;
            set_up_ns.push(nanoseconds(|| ready = Some(world(&gate.prepared))));
            let Some(mut ready) = ready else { return ExitCode::FAILURE };
            figures.push(nanoseconds(|| ready.advance_to(gate.until)));
        }
    }
    let heap = median(&mut heap_ns);
    println!("heap event (16 pending)                    {heap:9.1} ns");
    println!("set-up of a world                          {:9.3} ms", median(&mut set_up_ns) / 1e6);
    let mut held = true;
    for (gate, figures) in gates.iter().zip(&mut run_ns) {
        let run = median(figures);
        let ratio = run / heap;
        let holds = ratio <= gate.limit;
        held &= holds;
        println!(
            "{:<42} {:9.3} ms = {ratio:6.0} heap events, limit {}: {}",
            gate.name,
            run / 1e6,
            gate.limit,
            if holds { "holds" } else { "FAILS" }
        );
    }
    if held { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn nanoseconds<T>(work: impl FnOnce() -> T) -> f64 {
    let start = thread_time();
    black_box(work());
    thread_time().saturating_sub(start).as_nanos() as f64
}

fn median(figures: &mut [f64]) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
