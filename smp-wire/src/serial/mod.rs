//! SMP over a serial console: packets as lines of base64 among other text (Zephyr `serial_util.c`).
//!
//! A packet is its length and CRC around a frame: `be16(length of frame + 2)`, the frame,
//! `be16(CRC-16 of the frame)`. It is cut into lines, each a marker of two octets, base64, and a
//! line feed; the first line of a packet has another marker than those that go on with it.
//!
//! - [`encode()`] writes the lines exactly as Zephyr does, [`Lines`] and [`Reassembly`] read them as
//!   Zephyr does. Clients may use both: what Zephyr sends, Zephyr takes.
//! - [`encode_continuous()`] cuts a frame as most clients do.
//! - [`ShellLines`] finds the lines as the shell does, which hands everything else to its prompt.
//! - [`RawReassembly`] reads a UART that carries frames without any of this.

mod base64;
mod encode;
mod lines;
mod packet;
mod raw;

pub use encode::{encode, encode_continuous};
pub use lines::{Lines, ShellLines};
pub use packet::{Fault, Reassembly, Taken};
pub use raw::RawReassembly;

/// Opens the first line of a packet (Zephyr `serial.h`, `MCUMGR_SERIAL_HDR_PKT`).
pub const FIRST_LINE: [u8; 2] = [0x06, 0x09];

/// Opens every other line of a packet (Zephyr `serial.h`, `MCUMGR_SERIAL_HDR_FRAG`).
pub const NEXT_LINE: [u8; 2] = [0x04, 0x14];

/// The longest line that a server sends, in octets, line feed included (Zephyr `serial.h`,
/// `MCUMGR_SERIAL_MAX_FRAME`).
pub const LINE_MAX: usize = 127;

/// Octets of the length and the CRC around a frame. They share the receiver's buffer with it.
pub const OVERHEAD: usize = 4;

/// CRC-16/XMODEM: polynomial 0x1021, start 0, not reflected (Zephyr `crc16_itu_t`). Over a frame
/// and its CRC it is 0.
#[must_use]
pub fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc: u16, &byte| {
        (0..8).fold(crc ^ u16::from(byte) << 8, |crc, _| {
            let shifted = crc << 1;
            if crc & 0x8000 == 0 { shifted } else { shifted ^ 0x1021 }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::crc16;

    #[test]
    fn the_crc_has_the_catalogues_check_value_and_is_zero_over_itself() {
        assert_eq!(crc16(b"123456789"), 0x31c3);
        assert_eq!(crc16(b"123456789\x31\xc3"), 0);
        assert_eq!(crc16(b""), 0);
    }
}
