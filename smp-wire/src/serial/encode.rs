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

#[cfg(test)]
mod tests {
    use super::encode;

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
}
