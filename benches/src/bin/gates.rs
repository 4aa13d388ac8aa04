//! The speed gates: simulated updates against a bare heap loop, in one process.
//!
//! A round times the heap loop and then each run, in processor time, so that a ratio compares
//! neighbours. Whatever else the machine does costs a run more than it costs the small loop; so the
//! lower quartile of a series counts, and a series that fails is measured again, four times at the most.
//! Exit status 1 when a gate does not hold in any of them.
//!
//! The limits stand for times on the processor on which they were set, where a heap event takes
//! 33 ns: 30,000 of them for 1.0 ms. A run that keeps to that time holds too, since there are processors
//! that turn a small heap faster and all else no faster.

#![expect(clippy::cast_precision_loss, reason = "times of a bench are far below 2^53 ns")]

use benches::{HeapLoop, prepared, swap, thread_time, world};
use sha2::{Digest, Sha256};
use sim::trace::Null;
use sim::world::Prepared;
use sim_core::Time;
use std::hint::black_box;
use std::process::ExitCode;

/// Rounds of a series; odd, so that the median is one of them.
const ROUNDS: usize = 61;
/// Series at the most.
const SERIES: usize = 5;
/// Heap events timed in a round.
const HEAP_EVENTS: u64 = 100_000;

/// A gate: what is measured, and how many heap events it may cost.
struct Gate {
    name: &'static str,
    limit: f64,
    /// The time that these stand for, ns.
    time: f64,
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
            time: 1.0e6,
            prepared: reference.clone(),
            until: upload.end,
        },
        Gate {
            name: "reference, whole update",
            limit: 75_000.0,
            time: 2.5e6,
            prepared: reference,
            until: Time::MAX,
        },
    ];
    for _ in 0..SERIES {
        if series(&gates) & swaps() {
            return ExitCode::SUCCESS;
        }
    }
    ExitCode::FAILURE
}

/// Heap events that a swap-move may cost when the digests of its images are known: 0.25 ms where an
/// event takes 33 ns, and 0.4 ms with the CRC of every operation, which the device always computes.
const SWAP_LIMIT: f64 = 0.4e6 / 33.0;

/// Measures a swap-move of 376 KiB with contents against the heap loop and against one SHA-256 of
/// the image; returns whether the gates hold.
fn swaps() -> bool {
    let [known, hashing] = [true, false].map(swap::pending_device);
    let image = vec![5u8; swap::IMAGE_LEN as usize];
    let mut heap = HeapLoop::default();
    let mut figures = [(); 4].map(|()| Vec::with_capacity(ROUNDS));
    for _ in 0..ROUNDS {
        let event = nanoseconds(|| heap.turn(HEAP_EVENTS)).1 / HEAP_EVENTS as f64;
        let sha = nanoseconds(|| Sha256::digest(black_box(&image))).1;
        let [known, hashing] = [&known, &hashing].map(|device| {
            let mut device = device.clone();
            nanoseconds(|| swap::boot(&mut device)).1
        });
        let round = [known / event, known, hashing, sha];
        figures.iter_mut().zip(round).for_each(|(all, figure)| all.push(figure));
    }
    let [ratio, known, hashing, sha] = figures.map(lower_quartile);
    let limit = 1.5 * sha + 1.25e6;
    let by_events = ratio <= SWAP_LIMIT;
    let by_sha = hashing.max(known) <= limit;
    println!(
        "swap-move of 376 KiB, digests known        {:9.3} ms = {ratio:6.0} heap events, limit {:.0}: {}",
        known / 1e6,
        SWAP_LIMIT,
        if by_events { "holds" } else { "FAILS" },
    );
    println!(
        "swap-move of 376 KiB, hashing both images  {:9.3} ms, limit {:.3} ms = 1.5 SHA-256 + 1.25 ms: {}",
        hashing / 1e6,
        limit / 1e6,
        if by_sha { "holds" } else { "FAILS" },
    );
    by_events && by_sha
}

/// Measures once; returns whether all gates hold.
fn series(gates: &[Gate]) -> bool {
    let mut heap = HeapLoop::default();
    let mut heap_ns = Vec::with_capacity(ROUNDS);
    let mut set_up_ns = Vec::with_capacity(ROUNDS);
    let mut runs = vec![(Vec::with_capacity(ROUNDS), Vec::with_capacity(ROUNDS)); gates.len()];
    for _ in 0..ROUNDS {
        let event = nanoseconds(|| heap.turn(HEAP_EVENTS)).1 / HEAP_EVENTS as f64;
        heap_ns.push(event);
        for (gate, (times, ratios)) in gates.iter().zip(&mut runs) {
            // A sweep runs one update after the other: the run that is timed follows another one,
            // not the heap loop, whose branches and lines the processor would still hold.
            world(&gate.prepared).advance_to(gate.until);
            let (mut ready, set_up) = nanoseconds(|| world(&gate.prepared));
            set_up_ns.push(set_up);
            let run = nanoseconds(|| ready.advance_to(gate.until)).1;
            times.push(run);
            ratios.push(run / event);
        }
    }
    println!("heap event (16 pending)                    {:9.1} ns", median(heap_ns));
    println!("set-up of a world                          {:9.3} ms", median(set_up_ns) / 1e6);
    let mut held = true;
    for (gate, (times, ratios)) in gates.iter().zip(runs) {
        let ratio = lower_quartile(ratios);
        let time = lower_quartile(times);
        let holds = ratio <= gate.limit || time <= gate.time;
        held &= holds;
        println!(
            "{:<42} {:9.3} ms = {ratio:6.0} heap events, limit {} or {:.2} ms: {}",
            gate.name,
            time / 1e6,
            gate.limit,
            gate.time / 1e6,
            if holds { "holds" } else { "FAILS" }
        );
    }
    held
}

/// What the work gave, and its processor time.
fn nanoseconds<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let start = thread_time();
    let done = black_box(work());
    (done, thread_time().saturating_sub(start).as_nanos() as f64)
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

fn lower_quartile(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 4]
}
