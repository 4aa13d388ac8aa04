//! Datagrams: each arrives whole or not at all.

use super::PipeKind;
use crate::link::{LinkIn, LinkOut};
use crate::trace::{DatagramFate, LinkEvent, Role, reason};
use sim_core::{Machine, Ppm, Sdu, Seed, Span, Stream, Time};
use std::collections::VecDeque;

/// Octets of the headers of a datagram that is not fragmented: IPv4 without options (RFC 791, 3.1)
/// and UDP (RFC 768).
pub const UDP_HEADERS: u32 = 28;

/// The IPv4 header, which every fragment has (RFC 791, 3.1).
const IP_HEADER: u32 = 20;

/// The ATT header that [`LinkOut::Ready`] counts in.
const ATT_HEADER: u16 = 3;

/// What the network between the ends is like, the same in both directions.
///
/// Apart from the fragments it is a model choice: one bottleneck with a queue that never overflows,
/// and behind it a delay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DatagramConfig {
    /// From the end of the transmission to the arrival, at least.
    pub latency: Span,
    /// Most that chance adds to that, uniformly. It does not change the order of datagrams.
    pub jitter: Span,
    /// Octets a second in each direction, headers included; 0 for no limit.
    pub rate: u32,
    /// Probability that a datagram is lost.
    pub loss: Ppm,
    /// Probability that a datagram is held back, so that later ones overtake it.
    pub reorder: Ppm,
    /// How long it is held back.
    pub held_back: Span,
    /// Probability that a datagram arrives twice.
    pub duplicate: Ppm,
    /// Octets of the longest IP packet. A datagram that needs more is fragmented, and then lost:
    /// Zephyr's network stack neither puts fragments together nor makes them unless it is built to
    /// (`NET_IPV4_FRAGMENT`, off by default).
    pub mtu: u16,
}

impl Default for DatagramConfig {
    /// An Ethernet or Wi-Fi network without faults: 2 ms, 10 Mbit/s, MTU 1500.
    fn default() -> Self {
        Self {
            latency: Span::from_ms(2),
            jitter: Span::ZERO,
            rate: 1_250_000,
            loss: Ppm::ZERO,
            reorder: Ppm::ZERO,
            held_back: Span::from_ms(20),
            duplicate: Ppm::ZERO,
            mtu: 1_500,
        }
    }
}

impl DatagramConfig {
    /// Octets of the longest datagram that is not fragmented.
    pub const fn longest(&self) -> u16 {
        self.mtu.saturating_sub(UDP_HEADERS as u16)
    }

    /// Octets of all headers of a datagram; a fragment carries a multiple of eight octets (RFC 791,
    /// 2.3).
    fn headers(&self, octets: usize) -> u32 {
        if octets <= usize::from(self.longest()) {
            return UDP_HEADERS;
        }
        let room = (u32::from(self.mtu).saturating_sub(IP_HEADER) / 8 * 8).max(8);
        let udp = UDP_HEADERS - IP_HEADER;
        udp + IP_HEADER * (octets as u32 + udp).div_ceil(room)
    }

    /// Time on the wire.
    fn transmission(&self, octets: usize) -> Span {
        let all = octets as u64 + u64::from(self.headers(octets));
        Span::from_ns((all * 1_000_000_000).checked_div(self.rate.into()).unwrap_or(0))
    }
}

/// A network that carries datagrams between a client and a device.
///
/// What becomes of a datagram is a function of the seed, its direction and its number in that
/// direction: two clients under one seed meet the same network.
#[derive(Clone, Debug)]
pub struct DatagramPipe {
    config: DatagramConfig,
    draws: Draws,
    /// To the device and from it.
    ways: [Way; 2],
    /// What happens when; of one moment in order of entry.
    due: VecDeque<(Time, Due)>,
    /// The client's socket: how many it opened, while one is open.
    socket: Option<u32>,
    sockets: u32,
    /// The device hears.
    device_on: bool,
    out: VecDeque<LinkOut>,
}

#[derive(Clone, Debug)]
struct Draws {
    loss: Stream,
    jitter: Stream,
    reorder: Stream,
    duplicate: Stream,
}

/// One direction.
#[derive(Clone, Copy, Debug, Default)]
struct Way {
    /// Datagrams so far.
    sent: u64,
    /// The transmitter is busy until then.
    busy_until: Time,
    /// No datagram that is not held back arrives earlier.
    in_order_from: Time,
}

#[derive(Clone, Debug)]
enum Due {
    /// A transmission ends.
    Sent { number: u64, event: LinkEvent },
    /// A datagram arrives.
    Arrives { number: u64, from: Role, socket: u32, sdu: Sdu },
}

/// The other coordinate of a draw: the direction, and of a copy another one.
const fn coordinate(from: Role, copy: bool) -> u64 {
    from as u64 | (copy as u64) << 1
}

impl DatagramPipe {
    /// A network with no socket open and a device that is off.
    pub fn new(config: DatagramConfig, seed: Seed) -> Self {
        Self {
            config,
            draws: Draws {
                loss: seed.stream("udp.loss"),
                jitter: seed.stream("udp.jitter"),
                reorder: seed.stream("udp.reorder"),
                duplicate: seed.stream("udp.duplicate"),
            },
            ways: [Way::default(); 2],
            due: VecDeque::new(),
            socket: None,
            sockets: 0,
            device_on: false,
            out: VecDeque::new(),
        }
    }

    fn schedule(&mut self, at: Time, due: Due) {
        let behind = self.due.iter().rposition(|(earlier, _)| *earlier <= at).map_or(0, |n| n + 1);
        self.due.insert(behind, (at, due));
    }

    fn send(&mut self, now: Time, from: Role, sdu: Sdu) {
        let socket = match from {
            Role::Central => self.socket,
            Role::Peripheral => Some(self.socket.unwrap_or(self.sockets)),
        };
        let Some(socket) = socket else { return };
        let config = self.config;
        let (octets, tag) = (sdu.bytes.len(), sdu.tag);
        let wire = config.transmission(octets);
        let way = &mut self.ways[from as usize];
        let number = way.sent;
        way.sent += 1;
        let sent_at = now.max(way.busy_until) + wire;
        way.busy_until = sent_at;
        let draws = &self.draws;
        let hits =
            |ppm: Ppm, stream: &Stream| ppm.accepts(stream.at(coordinate(from, false), number));
        let fate = match () {
            () if octets > usize::from(config.longest()) => DatagramFate::Fragmented,
            () if hits(config.loss, &draws.loss) => DatagramFate::Lost,
            () => DatagramFate::Delivered,
        };
        let arrives = fate == DatagramFate::Delivered;
        let held_back = arrives && hits(config.reorder, &draws.reorder);
        let doubled = arrives && hits(config.duplicate, &draws.duplicate);
        let octets = octets.min(u16::MAX.into()) as u16;
        let wire_us = wire.as_us().min(u32::MAX.into()) as u32;
        let event = LinkEvent::Datagram { tag, octets, wire_us, from, fate, held_back, doubled };
        self.schedule(sent_at, Due::Sent { number, event });
        if !arrives {
            return;
        }
        let mut at = sent_at + config.latency + self.jitter(from, false, number);
        let way = &mut self.ways[from as usize];
        if held_back {
            at += config.held_back;
        } else {
            at = at.max(way.in_order_from);
            way.in_order_from = at;
        }
        let copy = doubled.then(|| (at + self.jitter(from, true, number), sdu.clone()));
        self.schedule(at, Due::Arrives { number, from, socket, sdu });
        if let Some((at, sdu)) = copy {
            self.schedule(at, Due::Arrives { number, from, socket, sdu });
        }
    }

    fn jitter(&self, from: Role, copy: bool, number: u64) -> Span {
        let draw = self.draws.jitter.at(coordinate(from, copy), number);
        let most = self.config.jitter.as_ns();
        Span::from_ns(((u128::from(draw) * u128::from(most)) >> 64) as u64)
    }

    fn arrives(&mut self, from: Role, socket: u32, sdu: Sdu) {
        let heard = match from {
            Role::Central => self.device_on,
            Role::Peripheral => self.socket == Some(socket),
        };
        let tag = sdu.tag;
        if !heard {
            return self.trace(LinkEvent::Unheard { tag, from });
        }
        let octets = sdu.bytes.len().min(u16::MAX.into()) as u16;
        self.trace(LinkEvent::Arrived { tag, octets, from });
        self.out.push_back(match from {
            Role::Central => LinkOut::Wrote(sdu),
            Role::Peripheral => LinkOut::Received(sdu),
        });
    }

    fn open(&mut self) {
        self.sockets += 1;
        self.socket = Some(self.sockets);
        self.out.push_back(LinkOut::Connected);
    }

    fn ready(&mut self) {
        if self.socket.is_some() {
            self.trace(LinkEvent::Opened { kind: PipeKind::Datagrams, mtu: self.config.mtu });
            self.out.push_back(LinkOut::Ready { att_mtu: self.config.longest() + ATT_HEADER });
        }
    }

    fn close(&mut self) {
        if self.socket.take().is_some() {
            let reason = reason::LOCAL_TERMINATED;
            self.trace(LinkEvent::Lost { role: Role::Central, reason });
            self.out.push_back(LinkOut::Lost { reason });
        }
    }

    /// What the device has not sent to its end is gone.
    fn device_off(&mut self, now: Time) {
        self.device_on = false;
        let unsent: Vec<u64> = self
            .due
            .iter()
            .filter_map(|(_, due)| match due {
                Due::Sent { number, event: LinkEvent::Datagram { from: Role::Peripheral, .. } } => {
                    Some(*number)
                }
                _ => None,
            })
            .collect();
        self.due.retain(|(_, due)| match due {
            Due::Sent { number, event: LinkEvent::Datagram { from: Role::Peripheral, .. } }
            | Due::Arrives { number, from: Role::Peripheral, .. } => !unsent.contains(number),
            _ => true,
        });
        self.ways[Role::Peripheral as usize].busy_until = now;
    }

    fn trace(&mut self, event: LinkEvent) {
        self.out.push_back(LinkOut::Trace(event));
    }
}

impl Machine for DatagramPipe {
    type In = LinkIn;
    type Out = LinkOut;
    type Env<'e> = ();

    fn handle(&mut self, now: Time, input: LinkIn, (): ()) {
        match input {
            LinkIn::Connect { .. } => self.open(),
            LinkIn::Discover => self.ready(),
            LinkIn::Write(sdu) => self.send(now, Role::Central, sdu),
            LinkIn::Notify(sdu) => self.send(now, Role::Peripheral, sdu),
            LinkIn::Disconnect => self.close(),
            LinkIn::Advertise => self.device_on = true,
            LinkIn::PowerOff => self.device_off(now),
            _ => {}
        }
    }

    fn deadline(&self) -> Option<Time> {
        self.due.front().map(|(at, _)| *at)
    }

    fn on_deadline(&mut self, now: Time, (): ()) {
        if self.due.front().is_some_and(|(at, _)| *at <= now) {
            match self.due.pop_front() {
                Some((_, Due::Sent { event, .. })) => self.trace(event),
                Some((_, Due::Arrives { from, socket, sdu, .. })) => {
                    self.arrives(from, socket, sdu);
                }
                None => {}
            }
        }
    }

    fn poll(&mut self) -> Option<LinkOut> {
        self.out.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::{DatagramConfig, DatagramPipe};
    use crate::link::{LinkIn, LinkOut};
    use crate::trace::{DatagramFate, LinkEvent, Role};
    use sim_core::{Machine, Ppm, Sdu, Seed, Span, Time};

    fn sdu(tag: u32, octets: usize) -> Sdu {
        Sdu { tag, bytes: vec![7; octets] }
    }

    fn open(config: DatagramConfig) -> DatagramPipe {
        let mut pipe = DatagramPipe::new(config, Seed(3));
        for input in
            [LinkIn::Advertise, LinkIn::Connect { timeout: Span::from_s(1) }, LinkIn::Discover]
        {
            pipe.handle(Time::ZERO, input, ());
        }
        while pipe.poll().is_some() {}
        pipe
    }

    /// Everything that comes out, with its time.
    fn run(pipe: &mut DatagramPipe) -> Vec<(Time, LinkOut)> {
        let mut all = Vec::new();
        while let Some(due) = pipe.deadline() {
            pipe.on_deadline(due, ());
            all.extend(std::iter::from_fn(|| pipe.poll()).map(|out| (due, out)));
        }
        all
    }

    /// Tags of what the device got, in order.
    fn got(outs: &[(Time, LinkOut)]) -> Vec<u32> {
        let tag = |out: &LinkOut| match out {
            LinkOut::Wrote(sdu) => Some(sdu.tag),
            _ => None,
        };
        outs.iter().filter_map(|(_, out)| tag(out)).collect()
    }

    #[test]
    fn a_datagram_takes_its_time_on_the_wire_headers_included_and_the_latency() {
        let mut pipe = open(DatagramConfig { rate: 1_000_000, ..DatagramConfig::default() });
        pipe.handle(Time::ZERO, LinkIn::Write(sdu(1, 972)), ());
        pipe.handle(Time::ZERO, LinkIn::Write(sdu(2, 472)), ());
        let arrivals: Vec<_> = run(&mut pipe)
            .into_iter()
            .filter(|(_, out)| matches!(out, LinkOut::Wrote(_)))
            .map(|(at, _)| at)
            .collect();
        let ms = |us| Time::ZERO + Span::from_us(us);
        assert_eq!(arrivals, [ms(3_000), ms(3_500)], "the second waits for the first");
    }

    #[test]
    fn the_longest_datagram_arrives_and_one_octet_more_is_fragmented_and_lost() {
        let mut pipe = open(DatagramConfig::default());
        pipe.handle(Time::ZERO, LinkIn::Write(sdu(1, 1_472)), ());
        pipe.handle(Time::ZERO, LinkIn::Write(sdu(2, 1_473)), ());
        let outs = run(&mut pipe);
        assert_eq!(got(&outs), [1]);
        let fragmented = outs.iter().any(|(_, out)| {
            matches!(
                out,
                LinkOut::Trace(LinkEvent::Datagram { tag: 2, fate: DatagramFate::Fragmented, .. })
            )
        });
        assert!(fragmented, "{outs:?}");
    }

    #[test]
    fn jitter_alone_never_changes_the_order_and_reordering_does() {
        let jitter = DatagramConfig { jitter: Span::from_ms(50), ..DatagramConfig::default() };
        for (reorder, ordered) in [(0, true), (100_000, false)] {
            let mut pipe = open(DatagramConfig { reorder: Ppm::new(reorder), ..jitter });
            for tag in 0..200 {
                pipe.handle(Time::ZERO, LinkIn::Write(sdu(tag, 10)), ());
            }
            let tags = got(&run(&mut pipe));
            assert_eq!(tags.len(), 200);
            assert_eq!(tags.is_sorted(), ordered);
        }
    }

    #[test]
    fn losses_and_copies_come_as_often_as_stated() {
        let config = DatagramConfig {
            loss: Ppm::new(200_000),
            duplicate: Ppm::new(100_000),
            ..DatagramConfig::default()
        };
        let mut pipe = open(config);
        for tag in 0..10_000 {
            pipe.handle(Time::ZERO, LinkIn::Write(sdu(tag, 10)), ());
        }
        let mut tags = got(&run(&mut pipe));
        let all = tags.len();
        tags.dedup();
        assert!((7_850..8_150).contains(&tags.len()), "{}", tags.len());
        assert!((700..900).contains(&(all - tags.len())), "{}", all - tags.len());
    }

    #[test]
    fn the_fate_of_a_datagram_does_not_depend_on_those_of_the_other_direction() {
        let config = DatagramConfig { loss: Ppm::new(300_000), ..DatagramConfig::default() };
        let (mut alone, mut both) = (open(config), open(config));
        for tag in 0..100 {
            alone.handle(Time::ZERO, LinkIn::Write(sdu(tag, 10)), ());
            both.handle(Time::ZERO, LinkIn::Write(sdu(tag, 1_000)), ());
            both.handle(Time::ZERO, LinkIn::Notify(sdu(tag, 20)), ());
        }
        assert_eq!(got(&run(&mut alone)), got(&run(&mut both)));
    }

    #[test]
    fn a_device_that_is_off_hears_nothing_and_a_closed_socket_neither() {
        let mut pipe = open(DatagramConfig::default());
        pipe.handle(Time::ZERO, LinkIn::PowerOff, ());
        pipe.handle(Time::ZERO, LinkIn::Write(sdu(1, 10)), ());
        let outs = run(&mut pipe);
        assert_eq!(got(&outs), [0; 0]);
        let unheard = LinkOut::Trace(LinkEvent::Unheard { tag: 1, from: Role::Central });
        assert!(outs.iter().any(|(_, out)| *out == unheard));

        let mut pipe = open(DatagramConfig::default());
        pipe.handle(Time::ZERO, LinkIn::Notify(sdu(2, 10)), ());
        pipe.handle(Time::ZERO, LinkIn::Disconnect, ());
        pipe.handle(Time::ZERO, LinkIn::Connect { timeout: Span::from_s(1) }, ());
        let outs = run(&mut pipe);
        assert!(outs.iter().all(|(_, out)| !matches!(out, LinkOut::Received(_))), "{outs:?}");
    }

    #[test]
    fn what_a_device_has_not_sent_when_it_is_reset_is_gone() {
        let mut pipe = open(DatagramConfig { rate: 1_000, ..DatagramConfig::default() });
        pipe.handle(Time::ZERO, LinkIn::Notify(sdu(1, 100)), ());
        pipe.handle(Time::ZERO, LinkIn::PowerOff, ());
        assert!(run(&mut pipe).iter().all(|(_, out)| !matches!(out, LinkOut::Received(_))));
    }
}
