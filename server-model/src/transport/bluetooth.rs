//! GATT writes become packets.

use super::{Origin, Packet};
use crate::buffers::Buffers;
use crate::event::DropReason;
use sim_core::{Pool, Sdu};
use smp_wire::header::{HEADER_LEN, Header};

/// What became of a GATT write.
pub(crate) enum Collected {
    /// The packet is complete.
    Whole {
        /// This write opened it, too.
        first: bool,
        packet: Packet,
    },
    /// More is expected.
    Fragment {
        /// This write opened the packet.
        first: bool,
    },
    /// It came to nothing.
    Dropped(DropReason),
}

/// Collects GATT writes into packets (Zephyr `smp_bt.c` and `smp_reassembly.c`).
///
/// One context for the whole transport, not one for each connection: no time-out, no way to find
/// the start of a request again after a lost fragment.
#[derive(Clone, Debug)]
pub(crate) struct Collector {
    reassembly: bool,
    frame_max: usize,
    partial: Option<Partial>,
    /// Vectors for reassembled packets, kept apart from the shorter ones of single writes.
    packets: Pool,
}

#[derive(Clone, Debug)]
struct Partial {
    packet: Packet,
    expected: usize,
}

impl Collector {
    pub(crate) fn new(reassembly: bool, frame_max: usize) -> Self {
        Self { reassembly, frame_max, partial: None, packets: Pool::default() }
    }

    /// Takes one write; its vector goes to `spare` unless it is the packet.
    pub(crate) fn collect(
        &mut self,
        write: Sdu,
        connection: u32,
        buffers: &mut Buffers,
        spare: &mut Pool,
    ) -> Collected {
        if !self.reassembly {
            return self.single(write, connection, buffers, spare);
        }
        let collected = match self.partial.take() {
            None => self.open(&write, connection, buffers),
            Some(partial) => self.append(partial, &write.bytes, buffers),
        };
        spare.give(write.bytes);
        collected
    }

    /// Forgets a partial packet; its number when there was one.
    pub(crate) fn abandon(&mut self, buffers: &mut Buffers) -> Option<u32> {
        let partial = self.partial.take()?;
        let tag = partial.packet.tag;
        self.discard(partial.packet, buffers);
        Some(tag)
    }

    /// Takes back the vector of a packet that was processed.
    pub(crate) fn recycle(&mut self, bytes: Vec<u8>, spare: &mut Pool) {
        if self.reassembly {
            self.packets.give(bytes);
        } else {
            spare.give(bytes);
        }
    }

    fn single(
        &self,
        write: Sdu,
        connection: u32,
        buffers: &mut Buffers,
        spare: &mut Pool,
    ) -> Collected {
        let reason = if write.bytes.len() > self.frame_max {
            DropReason::TooLong
        } else if !buffers.take() {
            DropReason::NoBuffer
        } else {
            let origin = Origin::Bluetooth(connection);
            let packet = Packet { tag: write.tag, origin, bytes: write.bytes };
            return Collected::Whole { first: true, packet };
        };
        spare.give(write.bytes);
        Collected::Dropped(reason)
    }

    fn open(&mut self, write: &Sdu, connection: u32, buffers: &mut Buffers) -> Collected {
        let Ok(header) = Header::parse(&write.bytes) else {
            return Collected::Dropped(DropReason::NoHeader);
        };
        let expected = HEADER_LEN + usize::from(header.len);
        if expected > self.frame_max {
            return Collected::Dropped(DropReason::TooLong);
        }
        if write.bytes.len() > expected {
            return Collected::Dropped(DropReason::Overrun);
        }
        if !buffers.take() {
            return Collected::Dropped(DropReason::NoBuffer);
        }
        let mut bytes = self.packets.take();
        bytes.reserve(expected);
        bytes.extend_from_slice(&write.bytes);
        let packet = Packet { tag: write.tag, origin: Origin::Bluetooth(connection), bytes };
        self.keep(Partial { packet, expected }, true)
    }

    fn append(&mut self, mut partial: Partial, more: &[u8], buffers: &mut Buffers) -> Collected {
        if partial.packet.bytes.len() + more.len() > partial.expected {
            self.discard(partial.packet, buffers);
            return Collected::Dropped(DropReason::Overrun);
        }
        partial.packet.bytes.extend_from_slice(more);
        self.keep(partial, false)
    }

    fn keep(&mut self, partial: Partial, first: bool) -> Collected {
        if partial.packet.bytes.len() == partial.expected {
            return Collected::Whole { first, packet: partial.packet };
        }
        self.partial = Some(partial);
        Collected::Fragment { first }
    }

    fn discard(&mut self, packet: Packet, buffers: &mut Buffers) {
        buffers.give();
        self.packets.give(packet.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::{Collected, Collector};
    use crate::buffers::Buffers;
    use crate::event::DropReason;
    use sim_core::{Pool, Sdu};

    /// A collector with 2,475-octet buffers and what it has said so far.
    struct Bench {
        collector: Collector,
        buffers: Buffers,
        spare: Pool,
    }

    /// The start of a frame of 28 octets: its header, then 20 octets that read as a header too.
    const FRAME: [u8; 28] = {
        let mut frame = [0x7a; 28];
        let header = [2, 0, 0, 20, 0, 0, 1, 0];
        let mut n = 0;
        while n < 8 {
            frame[n] = header[n];
            n += 1;
        }
        frame
    };

    impl Bench {
        fn new() -> Self {
            Self {
                collector: Collector::new(true, 2475),
                buffers: Buffers::new(4),
                spare: Pool::default(),
            }
        }

        fn write(&mut self, bytes: &[u8]) -> Collected {
            let write = Sdu { tag: 1, bytes: bytes.to_vec() };
            self.collector.collect(write, 1, &mut self.buffers, &mut self.spare)
        }

        fn dropped(&mut self, bytes: &[u8]) -> Option<DropReason> {
            match self.write(bytes) {
                Collected::Dropped(reason) => Some(reason),
                _ => None,
            }
        }

        fn completes(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
            match self.write(bytes) {
                Collected::Whole { packet, .. } => {
                    self.buffers.give();
                    Some(packet.bytes)
                }
                _ => None,
            }
        }

        fn goes_on(&mut self, bytes: &[u8]) -> bool {
            matches!(self.write(bytes), Collected::Fragment { .. })
        }
    }

    #[test]
    fn a_first_write_without_a_whole_header_is_dropped() {
        let mut bench = Bench::new();
        assert_eq!(bench.dropped(&FRAME[..7]), Some(DropReason::NoHeader));
        assert_eq!(bench.dropped(&[]), Some(DropReason::NoHeader));
        assert_eq!(bench.buffers.taken(), 0);
    }

    #[test]
    fn fragments_of_any_length_complete_a_frame() {
        let mut bench = Bench::new();
        assert!(bench.goes_on(&FRAME[..8]));
        assert_eq!(bench.buffers.taken(), 1);
        assert!(bench.goes_on(&FRAME[8..23]));
        assert_eq!(bench.completes(&FRAME[23..]), Some(FRAME.to_vec()));
        assert_eq!(bench.completes(&FRAME), Some(FRAME.to_vec()));
    }

    #[test]
    fn a_write_longer_than_its_frame_is_dropped() {
        let mut bench = Bench::new();
        let longer = [&FRAME[..], &[0]].concat();
        assert_eq!(bench.dropped(&longer), Some(DropReason::Overrun));
        assert_eq!(bench.buffers.taken(), 0);
    }

    #[test]
    fn an_overrun_drops_the_partial_frame_too() {
        let mut bench = Bench::new();
        assert!(bench.goes_on(&FRAME[..20]));
        assert_eq!(bench.dropped(&FRAME[..9]), Some(DropReason::Overrun));
        assert_eq!(bench.buffers.taken(), 0);
        assert_eq!(bench.completes(&FRAME), Some(FRAME.to_vec()));
    }

    #[test]
    fn after_a_lost_fragment_the_rest_is_taken_for_a_new_frame() {
        let mut bench = Bench::new();
        assert!(bench.goes_on(&FRAME[..10]));
        assert_eq!(bench.dropped(&FRAME), Some(DropReason::Overrun));
        // 18 octets of payload that begin with what reads as a header of a 10-octet payload.
        let mut rest = [0x55; 18];
        rest[..8].copy_from_slice(&[2, 0, 0, 10, 0, 0, 1, 0]);
        assert_eq!(bench.completes(&rest), Some(rest.to_vec()));
    }

    #[test]
    fn a_frame_may_fill_a_buffer_to_the_last_octet_but_not_one_more() {
        let mut bench = Bench::new();
        let mut frame = vec![0; 2475];
        frame[2..4].copy_from_slice(&2468u16.to_be_bytes());
        assert_eq!(bench.dropped(&frame[..495]), Some(DropReason::TooLong));
        frame[2..4].copy_from_slice(&2467u16.to_be_bytes());
        for chunk in frame[..1980].chunks(495) {
            assert!(bench.goes_on(chunk));
        }
        assert_eq!(bench.completes(&frame[1980..]), Some(frame.clone()));
    }

    #[test]
    fn a_length_near_the_end_of_its_field_does_not_wrap() {
        let mut bench = Bench::new();
        assert_eq!(bench.dropped(&[2, 0, 0xff, 0xf8, 0, 0, 1, 0]), Some(DropReason::TooLong));
        assert_eq!(bench.dropped(&[2, 0, 0xff, 0xff, 0, 0, 1, 0]), Some(DropReason::TooLong));
    }

    #[test]
    fn without_a_free_buffer_the_write_alone_is_lost() {
        let mut bench = Bench::new();
        while bench.buffers.take() {}
        assert_eq!(bench.dropped(&FRAME[..20]), Some(DropReason::NoBuffer));
        bench.buffers.give();
        assert_eq!(bench.completes(&FRAME), Some(FRAME.to_vec()));
    }

    #[test]
    fn without_reassembly_each_write_is_a_packet_of_its_own() {
        let mut bench = Bench::new();
        bench.collector = Collector::new(false, 20);
        assert_eq!(bench.completes(&[1, 2, 3]), Some(vec![1, 2, 3]));
        assert_eq!(bench.completes(&[0; 20]), Some(vec![0; 20]));
        assert_eq!(bench.dropped(&[0; 21]), Some(DropReason::TooLong));
        assert_eq!(bench.buffers.taken(), 0);
    }
}
