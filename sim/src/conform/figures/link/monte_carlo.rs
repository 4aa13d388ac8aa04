//! `throughput_vs_ber`: a full link on which bits flip, over as many events and seeds as it takes
//! to know the rate well.

use super::super::real::{ms, real};
use super::super::row::{Figures, Inputs, wrong};
use super::super::tolerance::Tolerance;
use super::bench::{Bench, Method, Sender};
use super::config::{self, Sizes, encrypted, event_end, interval_or, max_pairs, phy, senders};
use super::measure::full_link;
use crate::conform::difference::Difference;
use crate::scenario::air::threshold;
use link_model::{ChannelConfig, LinkConfig, Role, Signal};
use serde_json::{Map, Value};
use sim_core::Seed;

/// The standard error may be this fraction of the row's tolerance.
const PRECISION: f64 = 1.0 / 8.0;

/// Finest standard error that is asked for, relative.
const FINEST: f64 = 0.001;

/// Events of one seed.
const BATCH: u64 = 512;

/// Fewest and most seeds.
const SEEDS: std::ops::Range<u64> = 4..400;

/// Most packets of a row; more would make no difference that a tolerance could tell.
const PACKETS: u64 = 6_000_000;

/// What the rows say of the rules, in their own words, and what the link does.
const RULES: [(&str, &str); 2] = [
    ("sync", "any bit error in the 32-bit access address loses the packet"),
    ("close", "no packet heard, or second consecutive CRC error of one receiver"),
];

/// Rate of a full link at a bit error rate.
pub(super) fn throughput_vs_ber(
    inputs: &Inputs<'_>,
    row: &Map<String, Value>,
) -> Result<Figures, Difference> {
    let interval = interval_or(inputs)?;
    let interval = interval.ok_or_else(|| wrong("conn_interval_ms", "a value", "none"))?;
    for (key, rule) in RULES {
        if let Some(text) = inputs.text_or(key)?
            && text != rule
        {
            return Err(wrong(key, rule, text));
        }
    }
    let ber = inputs.number("ber")?;
    if !(0.0..=0.5).contains(&ber) {
        return Err(wrong("ber", "a probability up to a half", ber));
    }
    let signal = Signal { rssi_dbm: None, bit_errors: [threshold(ber); 4] };
    let sizes = Sizes::of(inputs)?;
    let config = sizes.on(LinkConfig {
        params: config::params(interval),
        phy: phy(inputs)?,
        encrypted: encrypted(inputs)?,
        event_end: event_end(inputs)?,
        max_pairs: max_pairs(inputs)?,
        channel: ChannelConfig { signals: vec![signal], ..ChannelConfig::default() },
        ..config::plain()
    });
    let full = senders(inputs)?.into_iter().next().unwrap_or_default();
    let mut rate = Mean::default();
    let (mut seed, mut packets) = (0, 0);
    let enough = |seed, packets, rate: &Mean| {
        seed >= SEEDS.start && (rate.known_to(precision(row)) || packets > PACKETS)
    };
    while seed < SEEDS.end && !enough(seed, packets, &rate) {
        seed += 1;
        let sender = sizes.sender(Method::Unconfirmed);
        packets += batch(&config, &full, sender, Seed(seed), &mut rate)?;
    }
    // Octets of value in an event, by sender: the mean is over all ends that send.
    let kbps = rate.mean() * 8.0 / real(full.len() as u64) / ms(interval);
    Ok(Figures::new().number("kbps", kbps).number("kBps", kbps / 8.0))
}

/// Relative standard error that the row's tolerance asks for.
fn precision(row: &Map<String, Value>) -> f64 {
    let expected = row.get("expect").and_then(|e| e["kbps"].as_f64()).unwrap_or_default();
    let width = Tolerance::of(row).map_or(0.0, |tolerance| tolerance.relative("kbps", expected));
    (width * PRECISION).max(FINEST)
}

/// Runs one link; how many packets that took.
fn batch(
    config: &LinkConfig,
    full: &[Role],
    sender: Sender,
    seed: Seed,
    rate: &mut Mean,
) -> Result<u64, Difference> {
    let mut bench = full_link(config.clone(), full, sender, seed)?;
    let (mut packets, mut begun, mut octets) = (0, 0, 0u64);
    while let Some(packet) = bench.next_packet() {
        packets += 1;
        if packet.first {
            begun += 1;
            // The first event of a full link began before it was full.
            if begun > 2 {
                rate.add(real(octets));
            }
            if begun == BATCH + 2 {
                return Ok(packets);
            }
            octets = 0;
        }
        if packet.taken && full.contains(&packet.from) {
            octets += u64::from(packet.value);
        }
    }
    Err(Difference::new("link", "a connection that lasts", lost(&bench)))
}

fn lost(bench: &Bench) -> String {
    bench.lost.map_or("one at rest".to_owned(), |reason| format!("lost, reason {reason:#x}"))
}

/// A mean and how well it is known.
#[derive(Clone, Copy, Debug, Default)]
struct Mean {
    n: f64,
    sum: f64,
    squares: f64,
}

impl Mean {
    fn add(&mut self, value: f64) {
        self.n += 1.0;
        self.sum += value;
        self.squares += value * value;
    }

    fn mean(&self) -> f64 {
        if self.n > 0.0 { self.sum / self.n } else { 0.0 }
    }

    /// Whether the standard error is below this fraction of the mean.
    fn known_to(&self, relative: f64) -> bool {
        let mean = self.mean();
        let variance = (self.squares / self.n - mean * mean).max(0.0);
        self.n > 1.0 && (variance / self.n).sqrt() <= relative * mean
    }
}

#[cfg(test)]
mod tests {
    use super::Mean;

    #[test]
    fn a_mean_is_known_when_its_standard_error_is_small() {
        let mut mean = Mean::default();
        (0..100).for_each(|n| mean.add(f64::from(n % 2)));
        assert!((mean.mean() - 0.5).abs() < 1e-12);
        // Deviation 0.5, error 0.05: a tenth of the mean.
        assert!(mean.known_to(0.11) && !mean.known_to(0.09));
    }
}
