//! Serial framing: any octets in any chunks, and what is encoded is decoded.

#![no_main]

use libfuzzer_sys::fuzz_target;
use smp_wire::serial::{Lines, OVERHEAD, RawReassembly, Reassembly, ShellLines, Taken, encode};

const SIZE: usize = 1024;

fuzz_target!(|input: &[u8]| {
    let (mut lines, mut packets) = (Lines::default(), Reassembly::new(SIZE));
    let (mut shell_lines, mut shell_packets) = (ShellLines::default(), Reassembly::new(96));
    for &octet in input {
        if let Some(line) = lines.take(octet) {
            packets.take(line);
            assert!(packets.frame().len() <= SIZE);
        }
        if let Some(line) = shell_lines.take(octet) {
            shell_packets.take(line);
            assert!(shell_packets.frame().len() <= 96);
        }
    }
    let mut raw = RawReassembly::new(SIZE);
    for chunk in input.chunks(usize::from(input.first().copied().unwrap_or(1)).max(1)) {
        raw.take(chunk);
    }
    round_trip(&input[..input.len().min(SIZE - OVERHEAD)]);
});

/// A frame comes back as it was, also behind whatever a console prints.
fn round_trip(frame: &[u8]) {
    let mut octets = b"uart:~$ \r\n".to_vec();
    encode(frame, &mut octets);
    let (mut lines, mut packets) = (Lines::default(), Reassembly::new(SIZE));
    let mut whole = false;
    for octet in octets {
        if let Some(line) = lines.take(octet) {
            whole |= packets.take(line) == Taken::Whole;
        }
    }
    assert!(whole || frame.is_empty());
    assert_eq!(packets.frame(), if whole { frame } else { &[] });
}
