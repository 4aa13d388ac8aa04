//! A UART: octet after octet in both directions, delivered line by line.

use super::PipeKind;
use crate::link::{LinkIn, LinkOut};
use crate::trace::{LinkEvent, Role, reason};
use sim_core::{Machine, Ppm, Sdu, Seed, Span, Stream, Time};
use std::collections::VecDeque;

/// Bits of an octet on the wire: start bit, eight data bits, stop bit.
const BITS: u64 = 10;

/// ATT MTU that stands for a line of 127 octets, the longest that Zephyr sends (`serial.h`,
/// `MCUMGR_SERIAL_MAX_FRAME`).
const ATT_MTU: u16 = 130;

/// What the line and its ends are like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SerialConfig {
    /// Bits a second, the same in both directions; not 0. An octet takes ten bits.
    pub baud: u32,
    /// Probability that an octet arrives with one bit wrong.
    pub error: Ppm,
    /// Octets that the device keeps while its processor is halted for flash; what comes after them
    /// is lost. A model choice: real UARTs differ from six octets (a FIFO that an interrupt empties)
    /// to thousands (DMA).
    pub rx_ring: u32,
    /// What the client's side adds to each direction, as USB adapters and drivers do: before a line
    /// is transmitted, and after one has been received.
    pub latency: Span,
}

impl Default for SerialConfig {
    /// 115,200 baud without faults, received by DMA.
    fn default() -> Self {
        Self { baud: 115_200, error: Ppm::ZERO, rx_ring: 65_535, latency: Span::ZERO }
    }
}

impl SerialConfig {
    /// Time of so many octets.
    pub const fn time(&self, octets: u64) -> Span {
        Span::from_ns(octets * BITS * 1_000_000_000 / self.baud as u64)
    }
}

/// A serial line between a client and a device, full duplex.
///
/// Both ends act on whole lines, so a line is handed over when its last octet has come. Whether an
/// octet is damaged is a function of the seed, its direction and its number in that direction.
#[derive(Clone, Debug)]
pub struct SerialPipe {
    config: SerialConfig,
    errors: Stream,
    /// To the device and from it.
    ways: [Way; 2],
    /// Times in which the device's processor is halted, as far as they still matter.
    halts: VecDeque<Halt>,
    open: bool,
    /// Since when the device hears.
    device_on: Option<Time>,
    out: VecDeque<LinkOut>,
}

/// One direction.
#[derive(Clone, Debug, Default)]
struct Way {
    /// Lines that are being transmitted, or wait for it.
    lines: VecDeque<Line>,
    /// The last of them ends then.
    busy_until: Time,
    /// Octets of all lines that have been transmitted.
    octets: u64,
    /// Lines that have been transmitted, with when they are handed over.
    arrivals: VecDeque<(Time, Line)>,
}

#[derive(Clone, Debug)]
struct Line {
    sdu: Sdu,
    start: Time,
    end: Time,
}

/// The processor does not run.
#[derive(Clone, Copy, Debug)]
struct Halt {
    from: Time,
    until: Time,
    /// Octets in the receiver's ring.
    kept: u32,
}

impl SerialPipe {
    /// A line with a closed port and a device that is off.
    pub fn new(config: SerialConfig, seed: Seed) -> Self {
        Self {
            config,
            errors: seed.stream("serial.errors"),
            ways: [Way::default(), Way::default()],
            halts: VecDeque::new(),
            open: false,
            device_on: None,
            out: VecDeque::new(),
        }
    }

    fn send(&mut self, now: Time, from: Role, sdu: Sdu) {
        let ready = match from {
            Role::Central => now + self.config.latency,
            Role::Peripheral => now,
        };
        let first_end = sdu.bytes.iter().position(|octet| *octet == b'\n');
        if first_end.is_some_and(|end| end + 1 == sdu.bytes.len()) {
            return self.queue(ready, from, sdu);
        }
        for line in sdu.bytes.split_inclusive(|octet| *octet == b'\n') {
            self.queue(ready, from, Sdu { tag: sdu.tag, bytes: line.to_vec() });
        }
    }

    fn queue(&mut self, ready: Time, from: Role, sdu: Sdu) {
        let time = self.config.time(sdu.bytes.len() as u64);
        let way = &mut self.ways[from as usize];
        let start = ready.max(way.busy_until);
        way.busy_until = start + time;
        way.lines.push_back(Line { sdu, start, end: start + time });
    }

    /// The last octet of a line has been transmitted.
    fn transmitted(&mut self, from: Role) {
        let way = &mut self.ways[from as usize];
        let Some(mut line) = way.lines.pop_front() else { return };
        let octets = line.sdu.bytes.len().min(u16::MAX.into()) as u16;
        let first = way.octets;
        way.octets += u64::from(octets);
        let mut damaged = self.damage(from, first, &mut line.sdu.bytes);
        let mut handed_over = line.end;
        match from {
            Role::Central => {
                damaged += self.overrun(&mut line);
                let halted = |halt: &&Halt| halt.from <= line.end && line.end < halt.until;
                handed_over = self.halts.iter().find(halted).map_or(line.end, |halt| halt.until);
            }
            Role::Peripheral => handed_over += self.config.latency,
        }
        let wire_us = line.end.since(line.start).as_us().min(u32::MAX.into()) as u32;
        let damaged = damaged.min(u16::MAX.into()) as u16;
        let tag = line.sdu.tag;
        self.trace(LinkEvent::Line { tag, octets, damaged, wire_us, from });
        let arrivals = &mut self.ways[from as usize].arrivals;
        // Lines stay in order, also behind one that a halt held up which is over by a reset.
        let before = arrivals.back().map_or(handed_over, |(at, _)| *at);
        arrivals.push_back((handed_over.max(before), line));
    }

    /// Turns a bit of each octet that chance hits; how many they are.
    fn damage(&self, from: Role, first: u64, octets: &mut [u8]) -> usize {
        if self.config.error == Ppm::ZERO {
            return 0;
        }
        let mut damaged = 0;
        for (number, octet) in (first..).zip(octets) {
            if self.config.error.accepts(self.errors.at(from as u64, number)) {
                *octet ^= 1 << (self.errors.at(from as u64 | 2, number) & 7);
                damaged += 1;
            }
        }
        damaged
    }

    /// Takes out the octets that came while the processor was halted and its ring full; how many
    /// they are.
    fn overrun(&mut self, line: &mut Line) -> usize {
        self.halts.retain(|halt| halt.until > line.start);
        if self.halts.iter().all(|halt| halt.from >= line.end) {
            return 0;
        }
        let Self { config, halts, .. } = self;
        let (mut number, start) = (0, line.start);
        let before = line.sdu.bytes.len();
        line.sdu.bytes.retain(|_| {
            number += 1;
            let at = start + config.time(number);
            let halted = halts.iter_mut().find(|halt| halt.from < at && at < halt.until);
            let Some(halt) = halted else { return true };
            let room = halt.kept < config.rx_ring;
            halt.kept += u32::from(room);
            room
        });
        before - line.sdu.bytes.len()
    }

    fn arrives(&mut self, from: Role, line: Line) {
        let heard = match from {
            Role::Central => self.device_on.is_some_and(|since| since <= line.start),
            Role::Peripheral => self.open,
        };
        let tag = line.sdu.tag;
        if !heard {
            return self.trace(LinkEvent::Unheard { tag, from });
        }
        let octets = line.sdu.bytes.len().min(u16::MAX.into()) as u16;
        self.trace(LinkEvent::Arrived { tag, octets, from });
        self.out.push_back(match from {
            Role::Central => LinkOut::Wrote(line.sdu),
            Role::Peripheral => LinkOut::Received(line.sdu),
        });
    }

    fn close(&mut self) {
        if std::mem::take(&mut self.open) {
            let reason = reason::LOCAL_TERMINATED;
            self.trace(LinkEvent::Lost { role: Role::Central, reason });
            self.out.push_back(LinkOut::Lost { reason });
        }
    }

    /// The device falls silent in the midst of a line; what was sent of that is not told, since a
    /// broken line is nothing to either end.
    fn device_off(&mut self, now: Time) {
        self.device_on = None;
        self.halts.clear();
        let way = &mut self.ways[Role::Peripheral as usize];
        way.lines.clear();
        way.busy_until = now;
    }

    fn halt(&mut self, now: Time, until: Time) {
        let way = &self.ways[Role::Central as usize];
        let needed_from = way.lines.front().map_or(now, |line| line.start);
        self.halts.retain(|halt| halt.until > needed_from);
        self.halts.push_back(Halt { from: now, until, kept: 0 });
    }

    fn trace(&mut self, event: LinkEvent) {
        self.out.push_back(LinkOut::Trace(event));
    }
}

impl Machine for SerialPipe {
    type In = LinkIn;
    type Out = LinkOut;
    type Env<'e> = ();

    fn handle(&mut self, now: Time, input: LinkIn, (): ()) {
        match input {
            LinkIn::Connect { .. } => {
                self.open = true;
                self.out.push_back(LinkOut::Connected);
            }
            LinkIn::Discover if self.open => {
                self.trace(LinkEvent::Opened { kind: PipeKind::Lines, mtu: 0 });
                self.out.push_back(LinkOut::Ready { att_mtu: ATT_MTU });
            }
            LinkIn::Write(sdu) if self.open => self.send(now, Role::Central, sdu),
            LinkIn::Notify(sdu) => self.send(now, Role::Peripheral, sdu),
            LinkIn::Disconnect => self.close(),
            LinkIn::Advertise => self.device_on = self.device_on.or(Some(now)),
            LinkIn::PowerOff => self.device_off(now),
            LinkIn::Deaf { until } => self.halt(now, until),
            _ => {}
        }
    }

    fn deadline(&self) -> Option<Time> {
        let ends = self.ways.iter().filter_map(|way| way.lines.front().map(|line| line.end));
        let arrivals = self.ways.iter().filter_map(|way| way.arrivals.front().map(|(at, _)| *at));
        ends.chain(arrivals).min()
    }

    fn on_deadline(&mut self, now: Time, (): ()) {
        for from in [Role::Central, Role::Peripheral] {
            let way = &mut self.ways[from as usize];
            if way.arrivals.front().is_some_and(|(at, _)| *at <= now) {
                if let Some((_, line)) = way.arrivals.pop_front() {
                    self.arrives(from, line);
                }
                return;
            }
            if way.lines.front().is_some_and(|line| line.end <= now) {
                return self.transmitted(from);
            }
        }
    }

    fn poll(&mut self) -> Option<LinkOut> {
        self.out.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::{SerialConfig, SerialPipe};
    use crate::link::{LinkIn, LinkOut};
    use crate::trace::{LinkEvent, Role};
    use sim_core::{Machine, Ppm, Sdu, Seed, Span, Time};

    fn lines(tag: u32, text: &str) -> Sdu {
        Sdu { tag, bytes: text.as_bytes().to_vec() }
    }

    fn open(config: SerialConfig) -> SerialPipe {
        let mut pipe = SerialPipe::new(config, Seed(3));
        for input in
            [LinkIn::Advertise, LinkIn::Connect { timeout: Span::from_s(1) }, LinkIn::Discover]
        {
            pipe.handle(Time::ZERO, input, ());
        }
        while pipe.poll().is_some() {}
        pipe
    }

    fn run(pipe: &mut SerialPipe) -> Vec<(Time, LinkOut)> {
        let mut all = Vec::new();
        while let Some(due) = pipe.deadline() {
            pipe.on_deadline(due, ());
            all.extend(std::iter::from_fn(|| pipe.poll()).map(|out| (due, out)));
        }
        all
    }

    /// What the device got, in order, and when in microseconds.
    fn got(outs: &[(Time, LinkOut)]) -> Vec<(u64, String)> {
        let text = |(at, out): &(Time, LinkOut)| match out {
            LinkOut::Wrote(sdu) => {
                let text = String::from_utf8_lossy(&sdu.bytes).into_owned();
                Some((at.since(Time::ZERO).as_us(), text))
            }
            _ => None,
        };
        outs.iter().filter_map(text).collect()
    }

    #[test]
    fn each_line_is_handed_over_when_its_last_octet_has_come() {
        let mut pipe = open(SerialConfig { baud: 10_000, ..SerialConfig::default() });
        pipe.handle(Time::ZERO, LinkIn::Write(lines(1, "abc\nde\nf")), ());
        pipe.handle(Time::ZERO, LinkIn::Write(lines(2, "g\n")), ());
        let got = got(&run(&mut pipe));
        let want = [(4_000, "abc\n"), (7_000, "de\n"), (8_000, "f"), (10_000, "g\n")];
        assert_eq!(got, want.map(|(at, text)| (at, text.to_owned())));
    }

    #[test]
    fn both_directions_are_used_at_once() {
        let mut pipe = open(SerialConfig { baud: 10_000, ..SerialConfig::default() });
        pipe.handle(Time::ZERO, LinkIn::Write(lines(1, "abc\n")), ());
        pipe.handle(Time::ZERO, LinkIn::Notify(lines(2, "xyz\n")), ());
        let at: Vec<_> = run(&mut pipe)
            .into_iter()
            .filter(|(_, out)| matches!(out, LinkOut::Wrote(_) | LinkOut::Received(_)))
            .map(|(at, _)| at.since(Time::ZERO).as_us())
            .collect();
        assert_eq!(at, [4_000, 4_000]);
    }

    #[test]
    fn an_adapter_delays_both_directions() {
        let latency = Span::from_ms(1);
        let mut pipe = open(SerialConfig { baud: 10_000, latency, ..SerialConfig::default() });
        pipe.handle(Time::ZERO, LinkIn::Write(lines(1, "abc\n")), ());
        pipe.handle(Time::ZERO, LinkIn::Notify(lines(2, "xyz\n")), ());
        let at: Vec<_> = run(&mut pipe)
            .into_iter()
            .filter(|(_, out)| matches!(out, LinkOut::Wrote(_) | LinkOut::Received(_)))
            .map(|(at, _)| at.since(Time::ZERO).as_us())
            .collect();
        assert_eq!(at, [5_000, 5_000]);
    }

    #[test]
    fn errors_turn_one_bit_of_an_octet_as_often_as_stated() {
        let mut pipe = open(SerialConfig { error: Ppm::new(100_000), ..SerialConfig::default() });
        for tag in 0..100 {
            pipe.handle(Time::ZERO, LinkIn::Write(Sdu { tag, bytes: vec![0; 100] }), ());
        }
        let outs = run(&mut pipe);
        let mut wrong = 0;
        for (_, out) in &outs {
            if let LinkOut::Wrote(sdu) = out {
                wrong += sdu.bytes.iter().map(|octet| octet.count_ones()).sum::<u32>();
                assert!(sdu.bytes.iter().all(|octet| octet.count_ones() < 2));
            }
        }
        let told: u32 = outs
            .iter()
            .map(|(_, out)| match out {
                LinkOut::Trace(LinkEvent::Line { damaged, .. }) => u32::from(*damaged),
                _ => 0,
            })
            .sum();
        assert_eq!(wrong, told);
        assert!((900..1_100).contains(&wrong), "{wrong}");
    }

    #[test]
    fn a_halted_processor_gets_what_its_ring_kept_when_it_runs_again() {
        for (rx_ring, kept) in [(65_535, "abcdefg\n"), (3, "abcde")] {
            let config = SerialConfig { baud: 10_000, rx_ring, ..SerialConfig::default() };
            let mut pipe = open(config);
            pipe.handle(Time::ZERO, LinkIn::Write(lines(1, "abcdefg\n")), ());
            // The first two octets have come.
            let at = Time::ZERO + Span::from_us(2_500);
            pipe.handle(at, LinkIn::Deaf { until: at + Span::from_ms(20) }, ());
            let outs = run(&mut pipe);
            assert_eq!(got(&outs), [(22_500, kept.to_owned())]);
            let lost = 8 - kept.len() as u16;
            let told = outs.iter().any(|(_, out)| {
                matches!(out, LinkOut::Trace(LinkEvent::Line { damaged, .. }) if *damaged == lost)
            });
            assert!(told, "{outs:?}");
        }
    }

    #[test]
    fn a_ring_is_empty_again_after_each_halt() {
        let config = SerialConfig { baud: 10_000, rx_ring: 3, ..SerialConfig::default() };
        let mut pipe = open(config);
        pipe.handle(Time::ZERO, LinkIn::Write(lines(1, "abcdefghi\n")), ());
        let ms = |us| Time::ZERO + Span::from_us(us);
        pipe.handle(ms(1_500), LinkIn::Deaf { until: ms(4_500) }, ());
        pipe.handle(ms(5_500), LinkIn::Deaf { until: ms(8_500) }, ());
        assert_eq!(got(&run(&mut pipe)), [(10_000, "abcdefghi\n".to_owned())]);
    }

    #[test]
    fn a_device_that_comes_on_in_a_line_does_not_hear_it() {
        let mut pipe = open(SerialConfig { baud: 10_000, ..SerialConfig::default() });
        pipe.handle(Time::ZERO, LinkIn::PowerOff, ());
        pipe.handle(Time::ZERO, LinkIn::Write(lines(1, "abc\nde\n")), ());
        pipe.handle(Time::ZERO + Span::from_ms(2), LinkIn::Advertise, ());
        let outs = run(&mut pipe);
        assert_eq!(got(&outs), [(7_000, "de\n".to_owned())]);
        let unheard = LinkOut::Trace(LinkEvent::Unheard { tag: 1, from: Role::Central });
        assert!(outs.iter().any(|(_, out)| *out == unheard));
    }
}
