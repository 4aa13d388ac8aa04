//! What the benches and the speed gates share: the bare heap loop that every figure is held
//! against, and the clock of the measuring thread.
//! It contains no model and nothing that a user of smpsim needs.

pub mod fault_table;
pub mod radio_table;
pub mod strategy_table;
pub mod swap;

use sim::image_file::ImageFile;
use sim::scenario::{Scenario, Settings};
use sim::trace::Digest;
use sim::world::{Prepared, World};
use sim_core::{Seed, Stream};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

/// Pending events of the bare heap loop.
pub const PENDING: usize = 16;

/// An entry of the bare heap: time, tie-break sequence, and a payload, 32 octets in all.
type Entry = Reverse<(u64, u64, [u64; 2])>;

/// A heap of pending events that is popped and pushed, as the queue of a simulator without
/// anything around it.
#[derive(Debug)]
pub struct HeapLoop {
    heap: BinaryHeap<Entry>,
    delays: Stream,
    sequence: u64,
}

impl Default for HeapLoop {
    fn default() -> Self {
        let mut delays = Seed(1).stream("benches.heap");
        let heap = (0..PENDING).map(|n| Reverse((delay(&mut delays), n as u64, [0; 2]))).collect();
        Self { heap, delays, sequence: PENDING as u64 }
    }
}

impl HeapLoop {
    /// Pops the earliest event and pushes its successor, `events` times; returns the last time.
    pub fn turn(&mut self, events: u64) -> u64 {
        let mut now = 0;
        for _ in 0..events {
            let Some(Reverse((time, _, payload))) = self.heap.pop() else { return now };
            now = time;
            let next = time + delay(&mut self.delays);
            self.heap.push(Reverse((next, self.sequence, payload)));
            self.sequence += 1;
        }
        now
    }
}

/// Delays as a Bluetooth LE link has them: mostly 0.15 to 3 ms, the rest 11 to 91 ms.
fn delay(stream: &mut Stream) -> u64 {
    if stream.below(10) < 7 {
        150_000 + stream.below(2_850_000)
    } else {
        11_000_000 + stream.below(80_000_000)
    }
}

/// The scenario of this preset, images built and hashed.
///
/// # Panics
/// When there is no such preset.
pub fn prepared(preset: &str, settings: &[&str]) -> Prepared {
    let mut all = Settings::preset(preset).expect("a preset of the program");
    for setting in settings {
        all.set(setting).expect("a lawful setting");
    }
    let scenario = Scenario::resolve(&all).expect("values that fit together");
    let image = ImageFile::generated(&scenario.image);
    Prepared::new(scenario, Some(image), false).expect("an image that fits")
}

/// A world of the prepared scenario with the digest as its only sink, ready to run.
pub fn world(prepared: &Prepared) -> World<Digest> {
    World::new(prepared, Seed(1), Digest::default())
}

/// Processor time of the calling thread; wall time where the system does not tell it.
pub fn thread_time() -> Duration {
    #[cfg(unix)]
    {
        use nix::time::{ClockId, clock_gettime};
        if let Ok(time) = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID) {
            return Duration::from(time);
        }
    }
    wall_time()
}

#[expect(clippy::disallowed_types, reason = "benches measure, models do not")]
fn wall_time() -> Duration {
    use std::sync::OnceLock;
    use std::time::Instant;
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}
