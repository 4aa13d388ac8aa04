//! The frames in what a client writes.

use client_model::Transport;
use smp_wire::header::{HEADER_LEN, Header};
use smp_wire::serial::{Lines, Reassembly, Taken};

/// Octets of the longest packet on a serial line.
const PACKET_MAX: usize = u16::MAX as usize;

/// A whole frame, and the writes, datagrams or lines that it was sent in.
pub(super) type Sent = (Vec<u8>, Vec<Vec<u8>>);

/// Puts writes together.
#[derive(Clone, Debug)]
pub(super) struct Sender {
    transport: Transport,
    lines: Lines,
    packets: Reassembly,
    frame: Vec<u8>,
    pieces: Vec<Vec<u8>>,
}

impl Sender {
    pub(super) fn new(transport: Transport) -> Self {
        Self {
            transport,
            lines: Lines::default(),
            packets: Reassembly::new(PACKET_MAX),
            frame: Vec::new(),
            pieces: Vec::new(),
        }
    }

    /// Takes one write; the frame that it completes. A client writes one frame after the other.
    pub(super) fn take(&mut self, octets: &[u8]) -> Option<Sent> {
        if self.transport == Transport::Serial {
            return octets.split_inclusive(|&octet| octet == b'\n').find_map(|l| self.line(l));
        }
        self.frame.extend_from_slice(octets);
        self.pieces.push(octets.to_vec());
        let header = Header::parse(&self.frame).ok()?;
        if self.frame.len() < HEADER_LEN + usize::from(header.len) {
            return None;
        }
        Some((std::mem::take(&mut self.frame), std::mem::take(&mut self.pieces)))
    }

    fn line(&mut self, octets: &[u8]) -> Option<Sent> {
        self.pieces.push(octets.to_vec());
        let Self { lines, packets, .. } = self;
        let taken = octets.iter().find_map(|&octet| lines.take(octet).map(|l| packets.take(l)));
        if taken != Some(Taken::Whole) {
            return None;
        }
        Some((packets.replace(Vec::new()), std::mem::take(&mut self.pieces)))
    }
}

#[cfg(test)]
mod tests {
    use super::Sender;
    use client_model::Transport;
    use smp_wire::serial::encode_continuous;

    /// A frame with a body of 12 octets.
    const FRAME: [u8; 20] = [2, 0, 0, 12, 0, 1, 7, 1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];

    #[test]
    fn writes_add_up_to_a_frame() {
        let mut sender = Sender::new(Transport::Ble);
        assert_eq!(sender.take(&FRAME[..6]), None);
        assert_eq!(sender.take(&FRAME[6..12]), None);
        let pieces = vec![FRAME[..6].to_vec(), FRAME[6..12].to_vec(), FRAME[12..].to_vec()];
        assert_eq!(sender.take(&FRAME[12..]), Some((FRAME.to_vec(), pieces)));
        assert_eq!(sender.take(&FRAME), Some((FRAME.to_vec(), vec![FRAME.to_vec()])));
    }

    #[test]
    fn lines_come_together_or_one_by_one() {
        let mut text = Vec::new();
        encode_continuous(&FRAME, 27, &mut text);
        let lines: Vec<Vec<u8>> =
            text.split_inclusive(|&o| o == b'\n').map(<[u8]>::to_vec).collect();
        assert_eq!(lines.len(), 2);
        let mut sender = Sender::new(Transport::Serial);
        assert_eq!(sender.take(&text), Some((FRAME.to_vec(), lines.clone())));
        assert_eq!(sender.take(&lines[0]), None);
        assert_eq!(sender.take(&lines[1]), Some((FRAME.to_vec(), lines)));
    }
}
