//! Lines become frames, as Zephyr reads them.

use super::{FIRST_LINE, NEXT_LINE, base64, crc16};

/// Octets of the length in front of a frame; they stay in the receiver's buffer.
const LENGTH: usize = 2;
const CRC: usize = 2;

/// What became of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It has no marker: other text.
    NotSmp,
    /// More lines of the packet are expected.
    More,
    /// The frame is complete, see [`Reassembly::frame`].
    Whole,
    /// The packet is lost, with all lines that came before.
    Lost(Fault),
}

/// Why a packet was lost. The sender is not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A line that goes on with a packet, and none was begun.
    #[error("a line goes on with a packet that no line began")]
    NoStart,
    /// Characters that are not base64.
    #[error("a line is not base64")]
    Base64,
    /// More octets than the buffer has room for.
    #[error("the packet does not fit the buffer")]
    NoRoom,
    /// The first line is too short for the length, or the packet for the length that it announced.
    #[error("the packet has not the length that it announces")]
    Length,
    /// The CRC is another one.
    #[error("the CRC of the packet is wrong")]
    Crc,
}

/// Puts lines together to one frame at a time (Zephyr `serial_util.c`,
/// `mcumgr_serial_process_frag`).
///
/// Lines are decoded one by one, so a sender may cut at any whole quad. A first line begins anew,
/// whatever came before. Nothing times out.
#[derive(Clone, Debug)]
pub struct Reassembly {
    /// Octets of the receiver's buffer.
    size: usize,
    /// The frame as far as it has come, and its CRC; empty when none is under way.
    frame: Vec<u8>,
    /// Octets of the frame and its CRC that the first line announced.
    announced: usize,
}

impl Reassembly {
    /// A receiver whose buffer holds `size` octets (`CONFIG_MCUMGR_TRANSPORT_NETBUF_SIZE`): frames
    /// of up to `size` less [`OVERHEAD`](super::OVERHEAD) octets.
    #[must_use]
    pub const fn new(size: usize) -> Self {
        Self { size, frame: Vec::new(), announced: 0 }
    }

    /// Takes one line. A line feed at its end, and a carriage return before it, do no harm.
    pub fn take(&mut self, line: &[u8]) -> Taken {
        let Some((&marker, digits)) = line.split_first_chunk::<2>() else { return Taken::NotSmp };
        let done = match marker {
            FIRST_LINE => self.begin(digits),
            NEXT_LINE if self.frame.is_empty() => Err(Fault::NoStart),
            NEXT_LINE => self.decode(digits, self.size.saturating_sub(LENGTH + self.frame.len())),
            _ => return Taken::NotSmp,
        };
        match done.and_then(|()| self.complete()) {
            Ok(true) => Taken::Whole,
            Ok(false) => Taken::More,
            Err(fault) => {
                self.frame.clear();
                Taken::Lost(fault)
            }
        }
    }

    /// The frame as far as it has come; the whole one after [`Taken::Whole`].
    #[must_use]
    pub fn frame(&self) -> &[u8] {
        &self.frame
    }

    /// Takes a whole frame out and leaves `spare` for the next one.
    pub fn replace(&mut self, mut spare: Vec<u8>) -> Vec<u8> {
        spare.clear();
        std::mem::replace(&mut self.frame, spare)
    }

    fn begin(&mut self, digits: &[u8]) -> Result<(), Fault> {
        self.frame.clear();
        self.decode(digits, self.size)?;
        let length = self.frame.first_chunk::<LENGTH>().ok_or(Fault::Length)?;
        self.announced = usize::from(u16::from_be_bytes(*length));
        self.frame.drain(..LENGTH);
        Ok(())
    }

    fn decode(&mut self, digits: &[u8], room: usize) -> Result<(), Fault> {
        base64::decode(digits, room, &mut self.frame).map_err(|error| match error {
            base64::Base64Error::Digit => Fault::Base64,
            base64::Base64Error::NoRoom => Fault::NoRoom,
        })
    }

    /// Whether the packet is complete, which takes its CRC off. One that announces less than a CRC
    /// makes Zephyr's length wrap, and its next steps depend on what memory holds; here it is lost.
    fn complete(&mut self) -> Result<bool, Fault> {
        if self.frame.len() < self.announced {
            return Ok(false);
        }
        if self.frame.len() > self.announced || self.announced < CRC {
            return Err(Fault::Length);
        }
        if crc16(&self.frame) != 0 {
            return Err(Fault::Crc);
        }
        self.frame.truncate(self.announced - CRC);
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, Reassembly, Taken};
    use crate::serial::{Lines, OVERHEAD, encode};
    use proptest::prelude::*;

    fn lines(frame: &[u8]) -> Vec<Vec<u8>> {
        let mut out = Vec::new();
        encode(frame, &mut out);
        out.split_inclusive(|&octet| octet == b'\n').map(<[u8]>::to_vec).collect()
    }

    fn counting(len: u8) -> Vec<u8> {
        (0..len).collect()
    }

    #[test]
    fn lines_in_order_give_the_frame() {
        let mut packet = Reassembly::new(384);
        let lines = lines(&counting(182));
        assert_eq!(packet.take(&lines[0]), Taken::More);
        assert_eq!(packet.take(b"console text\n"), Taken::NotSmp);
        assert_eq!(packet.take(b"\x06"), Taken::NotSmp);
        assert_eq!(packet.take(&lines[1]), Taken::More);
        assert_eq!(packet.take(&lines[2]), Taken::Whole);
        assert_eq!(packet.replace(Vec::new()), counting(182));
        assert_eq!(packet.take(&lines[2]), Taken::Lost(Fault::NoStart));
    }

    #[test]
    fn a_first_line_begins_anew() {
        let mut packet = Reassembly::new(384);
        let lines = lines(&counting(90));
        assert_eq!(packet.take(&lines[0]), Taken::More);
        assert_eq!(packet.take(&lines[0]), Taken::More);
        assert_eq!(packet.take(&lines[1]), Taken::Whole);
    }

    #[test]
    fn a_sender_may_cut_at_any_quad() {
        let mut packet = Reassembly::new(384);
        assert_eq!(packet.take(b"\x06\x09AAUA\n"), Taken::More);
        assert_eq!(packet.take(b"\x04\x14\n"), Taken::More);
        assert_eq!(packet.take(b"\x04\x14AQIT\r\n"), Taken::More);
        assert_eq!(packet.take(b"\x04\x14cw==\n"), Taken::Whole);
        assert_eq!(packet.frame(), [0, 1, 2]);
    }

    #[test]
    fn a_first_line_of_the_length_alone_cannot_be_gone_on_with() {
        let mut packet = Reassembly::new(384);
        assert_eq!(packet.take(b"\x06\x09AAU=\n"), Taken::More);
        assert_eq!(packet.take(b"\x04\x14AAEC\n"), Taken::Lost(Fault::NoStart));
    }

    #[test]
    fn each_fault_loses_the_packet() {
        let cases: [(&[u8], Fault); 9] = [
            (b"\x06\x09\n", Fault::Length),
            (b"\x06\x09AA==\n", Fault::Length),
            (b"\x06\x09!!!!\n", Fault::Base64),
            (b"\x06\x09AAUAAQITcg==\n", Fault::Crc),
            (b"\x06\x09AAQAAQITcw==\n", Fault::Length),
            (b"\x06\x09AAA=\n", Fault::Length),
            (b"\x06\x09AAEA\n", Fault::Length),
            (b"\x06\x09AAUAAQITcwAAAAAAAAAA\n", Fault::NoRoom),
            (b"\x04\x14AAUA\n", Fault::NoStart),
        ];
        for (line, fault) in cases {
            let mut packet = Reassembly::new(14);
            assert_eq!(packet.take(line), Taken::Lost(fault), "{line:?}");
            assert_eq!(packet.take(b"\x06\x09AAUAAQITcw==\n"), Taken::Whole, "{line:?}");
        }
    }

    #[test]
    fn a_frame_without_octets_is_a_frame() {
        let mut packet = Reassembly::new(384);
        assert_eq!(packet.take(b"\x06\x09AAIAAA==\n"), Taken::Whole);
        assert!(packet.frame().is_empty());
    }

    #[test]
    fn length_and_crc_share_the_buffer_with_the_frame() {
        for (len, whole) in [(92, true), (93, false)] {
            let mut packet = Reassembly::new(96);
            let taken: Vec<_> =
                lines(&counting(len)).iter().map(|line| packet.take(line)).collect();
            assert_eq!(taken.last() == Some(&Taken::Whole), whole, "{taken:?}");
        }
    }

    proptest! {
        #[test]
        fn every_frame_comes_back_through_noise(
            frame in prop::collection::vec(any::<u8>(), 1..3000),
            noise in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            let mut stream = noise;
            stream.push(b'\n');
            encode(&frame, &mut stream);
            let (mut lines, mut packet) = (Lines::default(), Reassembly::new(frame.len() + OVERHEAD));
            let mut last = None;
            for octet in stream {
                if let Some(line) = lines.take(octet) {
                    last = Some(packet.take(line));
                }
            }
            prop_assert_eq!(last, Some(Taken::Whole));
            prop_assert_eq!(packet.frame(), &frame[..]);
        }

        #[test]
        fn no_lines_make_more_than_the_buffer_holds(
            size in 0usize..200,
            lines in prop::collection::vec(
                (prop::sample::select(vec![[6u8, 9], [4, 20]]), "[A-Za-z0-9+/]{0,124}={0,2}"),
                0..20,
            ),
        ) {
            let mut packet = Reassembly::new(size);
            for (marker, digits) in lines {
                packet.take(&[&marker[..], digits.as_bytes(), b"\n"].concat());
                prop_assert!(packet.frame().len() <= size);
            }
        }
    }
}
