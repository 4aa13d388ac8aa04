//! Whose turn it is: one movable deadline per node, and the law for ties.

use crate::Time;

/// Order of nodes that are due at the same moment; the smallest goes first.
///
/// The law of ties is (time, rank, id): a fault strikes before the power fails, the power fails
/// before flash finishes, flash finishes before the radio acts, the radio acts before the server,
/// the server before the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rank {
    /// A declared fault.
    Fault,
    /// Power on, power off, the start of the boot loader or of the application.
    Power,
    /// Flash operations and the boot loader that waits for them.
    Flash,
    /// Radio and other links.
    Link,
    /// The SMP server.
    Server,
    /// The client.
    Client,
}

/// A place in the agenda, handed out by [`Agenda::new`] in the order the nodes were named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u8);

/// One optional deadline per node. Moving a deadline is the only way to cancel it, so there are
/// no stale timers.
///
/// Nodes are few (a handful per peripheral), so the earliest is found by looking at all of them:
/// below about sixteen nodes that is faster than any heap.
#[derive(Clone, Debug)]
pub struct Agenda {
    /// Deadlines of the first places in the order of ties; [`Time::MAX`] for none.
    first: [Time; Self::FIRST],
    /// Deadlines of the places behind.
    rest: Vec<Time>,
    /// From node to its place.
    place: Vec<u8>,
    /// From place back to the node.
    node: Vec<NodeId>,
}

impl Agenda {
    /// Nodes of a world with one peripheral, and some more. Their deadlines are compared without a
    /// loop and one by one: a vector instruction would read several right after one was written,
    /// which stalls.
    const FIRST: usize = 8;

    /// An agenda for nodes with these (rank, id) pairs. The n-th pair gets `NodeId(n)`; the order
    /// of naming has no influence on the order of ties.
    ///
    /// # Panics
    /// With more than 255 nodes, or when two nodes have the same (rank, id).
    pub fn new(nodes: &[(Rank, u8)]) -> Self {
        assert!(nodes.len() <= 255, "an agenda holds at most 255 nodes");
        let mut order: Vec<u8> = (0..nodes.len() as u8).collect();
        order.sort_by_key(|&n| nodes[n as usize]);
        assert!(
            order.windows(2).all(|w| nodes[w[0] as usize] != nodes[w[1] as usize]),
            "two nodes share a rank and id, their ties would have no law"
        );
        let mut place = vec![0; nodes.len()];
        for (p, &n) in order.iter().enumerate() {
            place[n as usize] = p as u8;
        }
        Self {
            first: [Time::MAX; Self::FIRST],
            rest: vec![Time::MAX; nodes.len().saturating_sub(Self::FIRST)],
            place,
            node: order.into_iter().map(NodeId).collect(),
        }
    }

    /// Sets, moves or clears the deadline of a node.
    #[inline]
    pub fn set(&mut self, node: NodeId, due: Option<Time>) {
        let place = usize::from(self.place[usize::from(node.0)]);
        let due = due.unwrap_or(Time::MAX);
        match self.first.get_mut(place) {
            Some(first) => *first = due,
            None => self.rest[place - Self::FIRST] = due,
        }
    }

    /// The earliest deadline and its node; among equals the first in (rank, id). A deadline at
    /// [`Time::MAX`] never comes.
    #[inline]
    pub fn next(&self) -> Option<(Time, NodeId)> {
        // In pairs, and pairs of pairs: eight comparisons that wait for each other take longer.
        let earlier = |a: (Time, usize), b: (Time, usize)| if b.0 < a.0 { b } else { a };
        let pair =
            |place: usize| earlier((self.first[place], place), (self.first[place + 1], place + 1));
        let left = earlier(pair(0), pair(2));
        let right = earlier(pair(4), pair(6));
        let (mut earliest, mut at) = earlier(left, right);
        for (place, &due) in self.rest.iter().enumerate() {
            if due < earliest {
                (earliest, at) = (due, Self::FIRST + place);
            }
        }
        (earliest < Time::MAX).then(|| (earliest, self.node[at]))
    }
}

#[cfg(test)]
mod tests {
    use super::{Agenda, NodeId, Rank};
    use crate::Time;
    use proptest::prelude::*;

    const NODES: [(Rank, u8); 5] =
        [(Rank::Client, 0), (Rank::Fault, 0), (Rank::Link, 1), (Rank::Link, 0), (Rank::Flash, 0)];

    #[test]
    fn an_empty_agenda_has_no_next() {
        assert_eq!(Agenda::new(&NODES).next(), None);
    }

    #[test]
    fn the_earliest_goes_first_whatever_its_rank() {
        let mut agenda = Agenda::new(&NODES);
        agenda.set(NodeId(1), Some(Time::from_ns(9)));
        agenda.set(NodeId(0), Some(Time::from_ns(8)));
        assert_eq!(agenda.next(), Some((Time::from_ns(8), NodeId(0))));
        agenda.set(NodeId(0), None);
        assert_eq!(agenda.next(), Some((Time::from_ns(9), NodeId(1))));
    }

    proptest! {
        /// The tie law: however the nodes are named, equal deadlines come out by (rank, id).
        #[test]
        fn ties_come_out_by_rank_and_id_whatever_the_order_of_construction(
            shuffled in Just(NODES.to_vec()).prop_shuffle()
        ) {
            let mut agenda = Agenda::new(&shuffled);
            for n in 0..shuffled.len() {
                agenda.set(NodeId(n as u8), Some(Time::from_ns(7)));
            }
            let mut seen = Vec::new();
            while let Some((_, node)) = agenda.next() {
                seen.push(shuffled[node.0 as usize]);
                agenda.set(node, None);
            }
            let mut lawful = NODES.to_vec();
            lawful.sort();
            prop_assert_eq!(seen, lawful);
        }
    }
}
