//! Frames on their way to a server and back, over whatever it listens to.

use super::bench::Bench;
use super::build::{Build, Port};
use smp_wire::serial::{Lines, Reassembly, Taken, encode};

/// Hands in frames and waits until all is served; the frames that came back.
///
/// Datagrams are all there at one moment, and so are GATT writes. A serial line is so slow that each
/// frame has long been served when the next one is complete.
pub(super) fn exchange(bench: &mut Bench, build: &Build, frames: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut answers = Vec::new();
    for frame in frames {
        match build.port {
            Port::Write => bench.write(frame),
            Port::Datagram => bench.datagram(frame),
            Port::Uart | Port::Shell => {
                let mut line = Vec::new();
                encode(frame, &mut line);
                answers.extend(frames_of(&on_the_line(bench, build, &line)));
            }
        }
    }
    bench.settle();
    answers.append(&mut bench.seen.out);
    answers
}

/// Octets on the serial line, and those that come back on it.
pub(super) fn on_the_line(bench: &mut Bench, build: &Build, octets: &[u8]) -> Vec<u8> {
    if build.port == Port::Shell {
        bench.shell(octets);
    } else {
        bench.serial(octets);
    }
    bench.settle();
    std::mem::take(&mut bench.seen.out).concat()
}

/// The frames in what a server sent on a serial line.
pub(super) fn frames_of(octets: &[u8]) -> Vec<Vec<u8>> {
    let mut lines = Lines::default();
    let mut reassembly = Reassembly::new(octets.len());
    let mut frames = Vec::new();
    for &octet in octets {
        if let Some(line) = lines.take(octet)
            && let Taken::Whole = reassembly.take(line)
        {
            frames.push(reassembly.replace(Vec::new()));
        }
    }
    frames
}

/// An echo request, and whether it is answered.
pub(super) fn echoes(bench: &mut Bench, build: &Build) -> bool {
    const ECHO: [u8; 13] = [2, 0, 0, 5, 0, 0, 0x55, 0, 0xa1, 0x61, b'd', 0x61, b'x'];
    let answers = exchange(bench, build, &[ECHO.to_vec()]);
    answers.iter().any(|answer| answer.get(6) == Some(&0x55) && answer.ends_with(b"\x61r\x61x\xff"))
}
