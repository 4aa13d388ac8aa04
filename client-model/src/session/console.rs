//! A serial console: frames become lines, with pauses between them where the client makes some, and
//! lines become frames.

use super::Session;
use crate::ClientOut;
use crate::event::ClientEvent;
use crate::fit::ATT_HEADER;
use crate::strategy::{SerialWays, Transport};
use sim_core::{Sdu, Span, Time};
use smp_wire::serial::{Fault, Lines, Reassembly, Taken, encode_continuous};
use std::collections::VecDeque;

/// Octets of the longest packet that a client puts together: what its length can say.
const PACKET_MAX: usize = u16::MAX as usize;

impl Session {
    /// Opens the port of a serial link; the ATT MTU that stands for its lines.
    pub(super) fn open_console(&mut self, transport: Transport) -> Option<u16> {
        self.console = None;
        if transport != Transport::Serial {
            return None;
        }
        let mut ways = self.habits.serial;
        if self.config.serial_line > 0 {
            ways.line = self.config.serial_line;
        }
        self.console = Some(Box::new(Console::new(ways)));
        Some(ways.line.saturating_add(ATT_HEADER))
    }

    /// Makes lines of the frame that was handed over last.
    #[cold]
    #[inline(never)]
    pub(super) fn write_lines(&mut self, now: Time) {
        let Some(console) = &mut self.console else { return };
        if let Some(out) = self.out.pop_back() {
            match out {
                ClientOut::Write(frame) => {
                    console.write(now, &frame, &mut self.out);
                    self.requests.give(frame.bytes);
                }
                other => self.out.push_back(other),
            }
        }
    }

    /// Octets came in.
    #[cold]
    #[inline(never)]
    pub(super) fn lines_received(&mut self, now: Time, sdu: Sdu) {
        let Sdu { tag, bytes } = sdu;
        let Some(console) = &mut self.console else { return };
        for packet in console.read(&bytes) {
            match packet {
                Ok(frame) => self.notified(now, Sdu { tag, bytes: frame }),
                Err(_) => self.trace(ClientEvent::Stale { tag }),
            }
        }
    }
}

/// An open port.
#[derive(Clone, Debug)]
pub(crate) struct Console {
    ways: SerialWays,
    /// Lines to be written later, in order of time.
    waiting: VecDeque<(Time, Sdu)>,
    lines: Lines,
    frames: Reassembly,
}

impl Console {
    pub(crate) fn new(ways: SerialWays) -> Self {
        Self {
            ways,
            waiting: VecDeque::new(),
            lines: Lines::default(),
            frames: Reassembly::new(PACKET_MAX),
        }
    }

    /// Writes a frame, the first line at once or when the frames before it have been written. What
    /// is written goes to the port's own buffer, which is never full, so a pause runs from writing one
    /// line to writing the next, as slow as the port may be.
    pub(crate) fn write(&mut self, now: Time, frame: &Sdu, out: &mut VecDeque<ClientOut>) {
        let tag = frame.tag;
        let mut text = Vec::with_capacity(frame.bytes.len() / 2 * 3 + 16);
        encode_continuous(&frame.bytes, self.ways.line.into(), &mut text);
        if self.ways.pause.is_zero() {
            return out.push_back(ClientOut::Write(Sdu { tag, bytes: text }));
        }
        let mut at = self.waiting.back().map_or(now, |(last, _)| now.max(*last));
        for (n, line) in text.split_inclusive(|octet| *octet == b'\n').enumerate() {
            if n > 0 {
                at += self.ways.pause;
            }
            let line = Sdu { tag, bytes: line.to_vec() };
            if at > now || !self.waiting.is_empty() {
                self.waiting.push_back((at, line));
            } else {
                out.push_back(ClientOut::Write(line));
            }
        }
    }

    /// From the first line of a frame of so many octets to its last. Clients begin to wait for the
    /// answer behind that.
    pub(super) fn pauses(&self, octets: usize) -> Span {
        let mut text = Vec::new();
        if !self.ways.pause.is_zero() {
            encode_continuous(&vec![0; octets], self.ways.line.into(), &mut text);
        }
        let lines = text.split_inclusive(|octet| *octet == b'\n').count() as u64;
        self.ways.pause * lines.saturating_sub(1)
    }

    /// When a line is to be written.
    pub(crate) fn deadline(&self) -> Option<Time> {
        self.waiting.front().map(|(at, _)| *at)
    }

    /// Writes the lines whose time has come.
    pub(crate) fn on_deadline(&mut self, now: Time, out: &mut VecDeque<ClientOut>) {
        while self.waiting.front().is_some_and(|(at, _)| *at <= now) {
            out.extend(self.waiting.pop_front().map(|(_, line)| ClientOut::Write(line)));
        }
    }

    /// Takes octets as they come; the frames that they complete, and the packets that are lost with
    /// them.
    pub(crate) fn read(&mut self, octets: &[u8]) -> Vec<Result<Vec<u8>, Fault>> {
        let mut found = Vec::new();
        for &octet in octets {
            let Some(line) = self.lines.take(octet) else { continue };
            match self.frames.take(line) {
                Taken::NotSmp | Taken::More => {}
                Taken::Whole => found.push(Ok(self.frames.replace(Vec::new()))),
                Taken::Lost(fault) => found.push(Err(fault)),
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::Console;
    use crate::ClientOut;
    use crate::strategy::SerialWays;
    use sim_core::{Sdu, Span, Time};
    use smp_wire::serial::{Fault, encode};
    use std::collections::VecDeque;

    fn console(pause_ms: u64) -> Console {
        Console::new(SerialWays { line: 127, pause: Span::from_ms(pause_ms) })
    }

    fn frame(tag: u32, octets: usize) -> Sdu {
        Sdu { tag, bytes: vec![0x5a; octets] }
    }

    /// Lengths of the lines of each write.
    fn writes(out: &mut VecDeque<ClientOut>) -> Vec<Vec<usize>> {
        let text = |out| match out {
            ClientOut::Write(Sdu { bytes, .. }) => bytes,
            other => panic!("{other:?}"),
        };
        let lens = |text: Vec<u8>| {
            text.split_inclusive(|octet| *octet == b'\n').map(<[u8]>::len).collect()
        };
        out.drain(..).map(text).map(lens).collect()
    }

    #[test]
    fn without_pauses_a_frame_is_one_write_of_all_its_lines() {
        let mut out = VecDeque::new();
        console(0).write(Time::ZERO, &frame(1, 200), &mut out);
        assert_eq!(writes(&mut out), [[127, 127, 27]]);
        assert_eq!(console(0).pauses(200), Span::ZERO);
    }

    #[test]
    fn with_pauses_each_further_line_comes_a_pause_later() {
        let (mut console, mut out) = (console(20), VecDeque::new());
        assert_eq!(console.pauses(200), Span::from_ms(40));
        console.write(Time::ZERO, &frame(1, 200), &mut out);
        console.write(Time::ZERO, &frame(2, 100), &mut out);
        assert_eq!(writes(&mut out), [[127]]);
        let mut later = Vec::new();
        while let Some(due) = console.deadline() {
            console.on_deadline(due, &mut out);
            later.extend(writes(&mut out).concat().into_iter().map(|len| (due.as_ns(), len)));
        }
        let ms = 1_000_000;
        assert_eq!(
            later,
            [(20 * ms, 127), (40 * ms, 27), (40 * ms, 127), (60 * ms, 19)],
            "the second frame begins when the first has been written"
        );
    }

    #[test]
    fn answers_are_read_through_noise_and_a_damaged_one_is_told() {
        let mut text = b"*** Booting Zephyr\n".to_vec();
        encode(&[7; 100], &mut text);
        let mut console = console(0);
        assert_eq!(console.read(&text), [Ok(vec![7; 100])]);
        text[60] ^= 1;
        assert!(matches!(console.read(&text)[..], [Err(Fault::Crc | Fault::Base64)]));
        assert!(console.read(&text[..40]).is_empty());
    }
}
