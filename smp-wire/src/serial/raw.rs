//! Frames on a UART without any framing.

use super::{Fault, Taken};
use crate::header::{HEADER_LEN, Header};

/// Operations of the protocol: read, write, and their responses (Zephyr `mgmt_defines.h`,
/// `MGMT_OP_COUNT`).
const OPS: u8 = 4;

/// Puts chunks of octets together to one frame at a time, led by the header alone (Zephyr
/// `serial_util.c`, `mcumgr_serial_process_frag` with raw transport).
///
/// A chunk is what the UART's driver hands over at once. Nothing marks the start of a frame: after
/// a lost octet the receiver takes whatever comes for a header.
#[derive(Clone, Debug)]
pub struct RawReassembly {
    size: usize,
    frame: Vec<u8>,
}

impl RawReassembly {
    /// A receiver whose buffer holds `size` octets.
    #[must_use]
    pub const fn new(size: usize) -> Self {
        Self { size, frame: Vec::new() }
    }

    /// Takes one chunk. A chunk that goes beyond the end of its frame loses the frame, and itself.
    pub fn take(&mut self, chunk: &[u8]) -> Taken {
        let fault = if self.frame.len() + chunk.len() > self.size {
            Fault::NoRoom
        } else {
            self.frame.extend_from_slice(chunk);
            let Ok(header) = Header::parse(&self.frame) else { return Taken::More };
            let expected = HEADER_LEN + usize::from(header.len);
            match () {
                () if expected > self.size => Fault::NoRoom,
                () if header.op >= OPS => Fault::Length,
                () if self.frame.len() < expected => return Taken::More,
                () if self.frame.len() > expected => Fault::Length,
                () => return Taken::Whole,
            }
        };
        self.frame.clear();
        Taken::Lost(fault)
    }

    /// Takes a whole frame out and leaves `spare` for the next one.
    pub fn replace(&mut self, mut spare: Vec<u8>) -> Vec<u8> {
        spare.clear();
        std::mem::replace(&mut self.frame, spare)
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, RawReassembly, Taken};

    const FRAME: &[u8] = b"\x02\0\0\x06\0\0\x77\0\xa1\x61d\x62hi";

    #[test]
    fn the_header_tells_where_a_frame_ends() {
        let mut raw = RawReassembly::new(384);
        for &octet in &FRAME[..FRAME.len() - 1] {
            assert_eq!(raw.take(&[octet]), Taken::More);
        }
        assert_eq!(raw.take(&FRAME[FRAME.len() - 1..]), Taken::Whole);
        assert_eq!(raw.replace(Vec::new()), FRAME);
        assert_eq!(raw.take(FRAME), Taken::Whole);
    }

    #[test]
    fn surplus_unknown_operations_and_long_frames_are_lost() {
        let mut raw = RawReassembly::new(20);
        assert_eq!(raw.take(&[FRAME, &[0]].concat()), Taken::Lost(Fault::Length));
        assert_eq!(raw.take(&[4, 0, 0, 0, 0, 0, 0, 0]), Taken::Lost(Fault::Length));
        assert_eq!(raw.take(&[2, 0, 0, 13, 0, 0, 0, 0]), Taken::Lost(Fault::NoRoom));
        assert_eq!(raw.take(&[0; 21]), Taken::Lost(Fault::NoRoom));
        assert_eq!(raw.take(FRAME), Taken::Whole);
    }
}
