//! Counting what a link carries over whole connection events.

use super::super::real::{ms, real};
use super::bench::{Bench, Packet, Sender};
use super::config::{HEADERS, Sizes};
use crate::conform::difference::Difference;
use link_model::{LinkConfig, Role};
use sim_core::{Seed, Span, Time};

/// Events before the count begins: the first value is on its way then, whatever its procedure.
const WARM_UP: u64 = 16;

/// What was carried from one anchor to another.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Carried {
    /// Time between the anchors.
    pub(super) time: Span,
    /// Connection events.
    pub(super) events: u64,
    /// Pairs of packets: those of the central.
    pub(super) pairs: u64,
    /// Most pairs of one event.
    pub(super) most_pairs: u64,
    /// Octets of the longest packet.
    pub(super) longest: u8,
    /// Link layer octets that were new to the receiver, by sender.
    pub(super) octets: [u64; 2],
    /// Octets of attribute values among them.
    pub(super) values: [u64; 2],
}

impl Carried {
    /// Bits a second, in thousands, of so many octets.
    pub(super) fn kbps(&self, octets: u64) -> f64 {
        real(octets * 8) / ms(self.time)
    }

    /// Pairs of packets in an event, on average.
    pub(super) fn pairs_per_event(&self) -> f64 {
        real(self.pairs) / real(self.events)
    }

    /// Counts a packet.
    pub(super) fn add(&mut self, packet: &Packet) {
        self.pairs += u64::from(packet.from == Role::Central);
        if packet.taken {
            self.longest = self.longest.max(packet.octets);
            self.octets[packet.from as usize] += u64::from(packet.octets);
            self.values[packet.from as usize] += u64::from(packet.value);
        }
    }

    /// Makes sure that packets were as long as the row has them: a controller agrees on less where
    /// a full pair does not fit an event.
    pub(super) fn of_sizes(self, sizes: Sizes) -> Result<Self, Difference> {
        let wanted = u16::from(sizes.data_length).min(sizes.value + HEADERS);
        if u16::from(self.longest) == wanted {
            return Ok(self);
        }
        let expected = format!("packets of {wanted} octets");
        Err(Difference::new("link", expected, format!("the ends agree on {}", self.longest)))
    }
}

/// A link whose `full` ends always have something to send.
pub(super) fn full_link(
    config: LinkConfig,
    full: &[Role],
    sender: Sender,
    seed: Seed,
) -> Result<Bench, Difference> {
    let mut bench = Bench::connected(config, seed)?;
    for &role in full {
        bench.fill(role, sender);
    }
    Ok(bench)
}

/// Counts over `events` connection events of a link in full swing.
pub(super) fn carried(bench: &mut Bench, events: u64) -> Result<Carried, Difference> {
    let mut counting = Counting { wanted: events, ..Counting::default() };
    while let Some(packet) = bench.next_packet() {
        if let Some(carried) = counting.take(&packet) {
            return Ok(carried);
        }
    }
    let reason = bench.lost.map_or("at rest".to_owned(), |why| format!("lost, reason {why:#x}"));
    Err(Difference::new("link", "a link in full swing", reason))
}

#[derive(Default)]
struct Counting {
    wanted: u64,
    /// Events begun.
    begun: u64,
    from: Option<Time>,
    pairs_of_event: u64,
    carried: Carried,
}

impl Counting {
    /// Counts a packet; the result when it is the first one behind the last event.
    fn take(&mut self, packet: &Packet) -> Option<Carried> {
        if packet.first {
            self.carried.most_pairs = self.carried.most_pairs.max(self.pairs_of_event);
            self.pairs_of_event = 0;
            self.begun += 1;
            if self.begun == WARM_UP {
                self.from = Some(packet.start);
            }
            if self.begun == WARM_UP + self.wanted {
                let time = packet.start.since(self.from?);
                return Some(Carried { time, events: self.wanted, ..self.carried });
            }
        }
        self.from?;
        self.pairs_of_event += u64::from(packet.from == Role::Central);
        self.carried.add(packet);
        None
    }
}
