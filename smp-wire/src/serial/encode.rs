//! A frame as lines, as Zephyr sends it.

use super::{FIRST_LINE, LINE_MAX, NEXT_LINE, base64, crc16};

/// Octets that a line has room for: marker and line feed are not base64.
const LINE_ROOM: usize = (LINE_MAX - 3) / 4 * 3;

/// The first line begins with the length and one octet of the frame, one quad of base64.
const HEAD: usize = 3;

/// Octets of each line for the frame and its CRC. The room that the head takes from the first line
/// is not given back to the lines after it.
const ROOM: usize = LINE_ROOM - HEAD;

const CRC: usize = 2;

/// Appends the lines of a frame to `out`, cut as Zephyr cuts them (`serial_util.c`,
/// `mcumgr_serial_tx_pkt`). An empty frame has no lines. A frame is shorter than 65,534 octets; the
/// length of a longer one does not fit its field.
///
/// The CRC is never cut, nor alone on a line: a frame that leaves no room for it keeps back so much
/// of its end for the next line that this line consists of whole quads.
pub fn encode(frame: &[u8], out: &mut Vec<u8>) {
    let Some((&first, mut rest)) = frame.split_first() else { return };
    let length = (frame.len() + CRC) as u16;
    let crc = crc16(frame).to_be_bytes();
    out.extend_from_slice(&FIRST_LINE);
    let [high, low] = length.to_be_bytes();
    base64::encode(&[high, low, first], out);
    while rest.len() + CRC > ROOM {
        let offered = if rest.len() > ROOM { ROOM } else { rest.len() - 1 };
        let (now, later) = rest.split_at(offered - offered % 3);
        base64::encode(now, out);
        out.push(b'\n');
        out.extend_from_slice(&NEXT_LINE);
        rest = later;
    }
    let mut end = [0; ROOM];
    end[..rest.len()].copy_from_slice(rest);
    end[rest.len()..rest.len() + CRC].copy_from_slice(&crc);
    base64::encode(&end[..rest.len() + CRC], out);
    out.push(b'\n');
}

/// Appends the lines of a frame as clients cut them (smpclient, mcumgr-client, mcumgr-toolkit): the
/// whole packet, length and CRC included, is one text of base64, of which each line takes as much
/// as it has room for. `line_max` are the octets of the longest line, marker and line feed included;
/// a line holds one quad at least. For the length of the frame see [`encode`].
pub fn encode_continuous(frame: &[u8], line_max: usize, out: &mut Vec<u8>) {
    if frame.is_empty() {
        return;
    }
    let length = (frame.len() + CRC) as u16;
    let mut packet = Vec::with_capacity(frame.len() + 2 * CRC);
    packet.extend_from_slice(&length.to_be_bytes());
    packet.extend_from_slice(frame);
    packet.extend_from_slice(&crc16(frame).to_be_bytes());
    let room = (line_max.saturating_sub(3) / 4).max(1) * 3;
    for (n, piece) in packet.chunks(room).enumerate() {
        out.extend_from_slice(if n == 0 { &FIRST_LINE } else { &NEXT_LINE });
        base64::encode(piece, out);
        out.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use super::{encode, encode_continuous};

    fn lines(frame: &[u8]) -> Vec<Vec<u8>> {
        let mut out = Vec::new();
        encode(frame, &mut out);
        out.split_inclusive(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect()
    }

    fn line(marker: [u8; 2], digits: &str) -> Vec<u8> {
        [&marker[..], digits.as_bytes(), b"\n"].concat()
    }

    fn counting(len: u8) -> Vec<u8> {
        (0..len).collect()
    }

    #[test]
    fn short_frames_take_one_line() {
        assert_eq!(lines(b"\0\0\0\x01\0\0\xff\x06\xa0"), [line([6, 9], "AAsAAAABAAD/BqCVjw==")]);
        assert_eq!(lines(&[0]), [line([6, 9], "AAMAAAA=")]);
        assert_eq!(lines(&[0, 1, 2]), [line([6, 9], "AAUAAQITcw==")]);
        assert_eq!(lines(&[]), Vec::<Vec<u8>>::new());
    }

    #[test]
    fn the_crc_goes_to_the_next_line_with_the_end_of_the_frame() {
        assert_eq!(lines(&counting(89)).len(), 1);
        let first = "AFwAAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAhIiMkJSYnKCkqKywtLi8wMTIz\
                     NDU2Nzg5Ojs8PT4/QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZX";
        assert_eq!(lines(&counting(90)), [line([6, 9], first), line([4, 20], "WFlb+g==")]);
    }

    #[test]
    fn later_lines_hold_three_octets_less_than_the_first() {
        let lines = lines(&counting(182));
        let lens: Vec<_> = lines.iter().map(Vec::len).collect();
        assert_eq!(lens, [127, 123, 7]);
        assert_eq!(lines[2], line([4, 20], "tck9"));
    }

    #[test]
    fn no_line_is_longer_than_the_receivers_buffer() {
        for len in 0..1000 {
            assert!(lines(&vec![0x5a; len]).iter().all(|line| line.len() <= 127), "{len}");
        }
    }

    fn continuous(frame: &[u8], line_max: usize) -> Vec<Vec<u8>> {
        let mut out = Vec::new();
        encode_continuous(frame, line_max, &mut out);
        out.split_inclusive(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect()
    }

    #[test]
    fn clients_fill_every_line_but_the_last() {
        let lens = |frame: usize| -> Vec<usize> {
            continuous(&vec![0; frame], 127).iter().map(Vec::len).collect()
        };
        // 588 and 543 octets: chunks of mcumgr-client; 361: of mcumgr-toolkit.
        assert_eq!(lens(588), [127, 127, 127, 127, 127, 127, 51]);
        assert_eq!(lens(543), [127, 127, 127, 127, 127, 115]);
        assert_eq!(lens(361), [127, 127, 127, 119]);
        assert_eq!(lens(89), [127]);
        assert!(lens(0).is_empty());
    }

    #[test]
    fn zephyr_reads_what_clients_cut_at_any_line_length() {
        let frame = counting(200);
        for line_max in [0, 7, 64, 127] {
            let mut receiver = crate::serial::Reassembly::new(256);
            let mut source = crate::serial::Lines::default();
            let mut whole = None;
            for octet in continuous(&frame, line_max).concat() {
                let Some(line) = source.take(octet) else { continue };
                if receiver.take(line) == crate::serial::Taken::Whole {
                    whole = Some(receiver.frame().to_vec());
                }
            }
            assert_eq!(whole.as_deref(), Some(&frame[..]), "lines of {line_max}");
        }
    }
}
