//! UDP, serial console, shell and raw UART: what is taken, dropped and answered, and where the
//! answer goes.

mod support;

use flash_model::{Device, FlashOp, Part, RadioSync};
use server_model::{DropReason, Server, ServerConfig, ServerEvent, ServerIn, ServerOut};
use sim_core::{Machine, Sdu, Span, Time};
use smp_wire::serial::{FIRST_LINE, NEXT_LINE, encode};
use support::image;

/// A server and what it says, transport by transport.
struct Bench {
    server: Server,
    flash: Device,
    now: Time,
    tag: u32,
    drops: Vec<DropReason>,
}

/// What left the server.
#[derive(Clone, Debug, PartialEq)]
enum Out {
    Notify(Vec<u8>),
    Datagram(u32, Vec<u8>),
    Serial(Vec<u8>),
    Shell(Vec<u8>),
    Raw(Vec<u8>),
    Flash,
}

impl Bench {
    fn new(config: ServerConfig) -> Self {
        let mut flash = Device::new(Part::nrf52840(), RadioSync::None);
        flash.load(config.layout.slots[0].start, &image(1000, 1));
        flash.load(config.layout.slots[1].start, &[0; 4]);
        let server = Server::new(config);
        let mut bench = Self { server, flash, now: Time::ZERO, tag: 0, drops: Vec::new() };
        bench.input(ServerIn::Start);
        bench.input(ServerIn::Subscribed { att_mtu: 498 });
        bench
    }

    /// A server that listens to datagrams, with so many buffers.
    fn udp(buf_count: u32) -> Self {
        Self::new(ServerConfig { buf_size: 2048, buf_count, ..ServerConfig::default() })
    }

    fn sdu(&mut self, bytes: &[u8]) -> Sdu {
        self.tag += 1;
        Sdu { tag: self.tag, bytes: bytes.to_vec() }
    }

    fn input(&mut self, input: ServerIn) -> Vec<Out> {
        self.server.handle(self.now, input, &self.flash);
        self.outputs()
    }

    fn datagram(&mut self, peer: u32, bytes: &[u8]) -> Vec<Out> {
        let sdu = self.sdu(bytes);
        self.input(ServerIn::Datagram { peer, sdu: sdu.into() })
    }

    fn serial(&mut self, bytes: &[u8]) -> Vec<Out> {
        let sdu = self.sdu(bytes);
        self.input(ServerIn::Serial(sdu.into()))
    }

    fn shell(&mut self, bytes: &[u8]) -> Vec<Out> {
        let sdu = self.sdu(bytes);
        self.input(ServerIn::Shell(sdu.into()))
    }

    fn raw(&mut self, bytes: &[u8]) -> Vec<Out> {
        let sdu = self.sdu(bytes);
        self.input(ServerIn::RawSerial(sdu.into()))
    }

    /// Serves all deadlines of this moment.
    fn settle(&mut self) -> Vec<Out> {
        self.wait(Span::ZERO)
    }

    fn wait(&mut self, span: Span) -> Vec<Out> {
        let until = self.now + span;
        let mut outputs = Vec::new();
        while let Some(due) = self.server.deadline().filter(|&due| due <= until) {
            self.now = due;
            self.server.on_deadline(due, &self.flash);
            outputs.extend(self.outputs());
        }
        self.now = until;
        outputs
    }

    fn outputs(&mut self) -> Vec<Out> {
        let mut outputs = Vec::new();
        while let Some(out) = self.server.poll() {
            outputs.push(match out {
                ServerOut::Notify(sdu) => Out::Notify(sdu.bytes),
                ServerOut::Datagram { peer, sdu } => Out::Datagram(peer, sdu.bytes),
                ServerOut::Serial(sdu) => Out::Serial(sdu.bytes),
                ServerOut::Shell(sdu) => Out::Shell(sdu.bytes),
                ServerOut::RawSerial(sdu) => Out::Raw(sdu.bytes),
                ServerOut::Flash(FlashOp::Erase { .. }) => Out::Flash,
                ServerOut::Trace(ServerEvent::Drop { reason, .. }) => {
                    self.drops.push(reason);
                    continue;
                }
                ServerOut::Trace(_) => continue,
                other => panic!("{other:?}"),
            });
        }
        outputs
    }

    fn drops(&mut self) -> Vec<DropReason> {
        std::mem::take(&mut self.drops)
    }
}

/// A frame with a sequence number and a payload.
fn frame(op: u8, group: u8, id: u8, seq: u8, payload: &[u8]) -> Vec<u8> {
    let [high, low] = (payload.len() as u16).to_be_bytes();
    [&[op, 0, high, low, 0, group, seq, id], payload].concat()
}

fn echo(seq: u8) -> Vec<u8> {
    frame(2, 0, 0, seq, b"\xa1\x61d\x62hi")
}

fn echoed(seq: u8) -> Vec<u8> {
    frame(3, 0, 0, seq, b"\xbf\x61r\x62hi\xff")
}

fn refused(seq: u8, rc: u8) -> Vec<u8> {
    frame(3, 0, 0, seq, &[0xbf, 0x62, b'r', b'c', rc, 0xff])
}

/// An echo request of so many octets in all.
fn long_echo(len: u16) -> Vec<u8> {
    let text = len - 14;
    let mut payload = b"\xa1\x61d\x79".to_vec();
    payload.extend_from_slice(&text.to_be_bytes());
    payload.resize(usize::from(len) - 8, b'x');
    frame(2, 0, 0, 7, &payload)
}

fn lines(frame: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    encode(frame, &mut out);
    out
}

/// The numbers of the echoes that are answered when so many come at once.
fn answered_of(buf_count: u32, datagrams: u8) -> Vec<u8> {
    let mut bench = Bench::udp(buf_count);
    let mut out: Vec<_> = (1..=datagrams).flat_map(|seq| bench.datagram(1, &echo(seq))).collect();
    out.extend(bench.settle());
    let answers = out.iter().map(|out| match out {
        Out::Datagram(1, bytes) if *bytes == echoed(bytes[6]) => bytes[6],
        other => panic!("{other:?}"),
    });
    let answers = answers.collect();
    assert!(bench.server.idle());
    answers
}

#[test]
fn with_two_buffers_every_other_datagram_of_a_burst_is_lost() {
    assert_eq!(answered_of(2, 1), [1]);
    assert_eq!(answered_of(2, 2), [1]);
    assert_eq!(answered_of(2, 3), [1, 3]);
    assert_eq!(answered_of(2, 4), [1, 3]);
    assert_eq!(answered_of(2, 7), [1, 3, 5, 7]);
}

#[test]
fn with_three_buffers_a_burst_of_echoes_is_answered_as_it_comes() {
    assert_eq!(answered_of(3, 6), [1, 2, 3, 4, 5, 6]);
}

#[test]
fn with_one_buffer_no_response_finds_one_of_its_own() {
    let mut bench = Bench::udp(1);
    assert_eq!(bench.datagram(1, &echo(1)), []);
    assert_eq!(bench.settle(), [Out::Datagram(1, refused(1, 2))]);
}

#[test]
fn responses_go_to_the_peer_that_asked_within_the_same_moment() {
    let mut bench = Bench::udp(4);
    assert_eq!(bench.datagram(5, &echo(1)), []);
    assert_eq!(bench.datagram(6, &echo(2)), [Out::Datagram(5, echoed(1))]);
    assert_eq!(bench.settle(), [Out::Datagram(6, echoed(2))]);
    assert_eq!(bench.server.deadline(), None);
}

#[test]
fn a_datagram_longer_than_the_receive_buffer_is_cut_and_then_corrupt() {
    let mut bench = Bench::udp(2);
    for (len, whole) in [(1500, true), (1501, false), (3000, false)] {
        bench.datagram(1, &long_echo(len));
        let [Out::Datagram(1, answer)] = &bench.settle()[..] else { panic!("one answer") };
        if whole {
            assert_eq!(answer.len(), 1501);
        } else {
            assert_eq!(*answer, refused(7, 9));
        }
    }
}

#[test]
fn a_datagram_without_octets_or_without_a_buffer_long_enough_comes_to_nothing() {
    let mut bench = Bench::new(ServerConfig::default());
    assert_eq!(bench.datagram(1, &[]), []);
    assert_eq!(bench.drops(), []);
    assert_eq!(bench.datagram(1, &long_echo(385)), []);
    assert_eq!(bench.settle(), []);
    assert_eq!(bench.drops(), [DropReason::TooLong]);
    bench.datagram(1, &echo(2));
    assert_eq!(bench.settle(), [Out::Datagram(1, echoed(2))]);
}

#[test]
fn several_requests_in_a_datagram_get_a_datagram_each() {
    let mut bench = Bench::udp(2);
    bench.datagram(1, &[echo(1), echo(2)].concat());
    assert_eq!(bench.settle(), [1, 2].map(|seq| Out::Datagram(1, echoed(seq))));
}

#[test]
fn while_flash_works_datagrams_wait_or_are_lost() {
    let mut bench = Bench::udp(3);
    assert_eq!(bench.datagram(1, &frame(2, 1, 5, 1, &[0xa0])), [Out::Flash]);
    for seq in 2..4 {
        assert_eq!(bench.datagram(1, &echo(seq)), []);
    }
    assert_eq!(bench.drops(), [DropReason::NoBuffer]);
    assert_eq!(bench.wait(Span::from_s(1)), []);
    let mut out = Vec::new();
    while out.is_empty() {
        out = bench.input(ServerIn::FlashDone { data: Vec::new() });
        out.retain(|out| *out != Out::Flash);
        out.extend(bench.settle());
    }
    assert_eq!(out[1..], [Out::Datagram(1, echoed(2))]);
}

#[test]
fn a_serial_request_is_answered_before_the_next_one_has_arrived() {
    let mut bench = Bench::new(ServerConfig { buf_count: 2, ..ServerConfig::default() });
    let stream: Vec<u8> = (0..10).flat_map(|seq| lines(&echo(seq))).collect();
    let answers: Vec<_> = (0..10).map(|seq| Out::Serial(lines(&echoed(seq)))).collect();
    assert_eq!(bench.serial(&stream), answers);
    let mut one_by_one = Vec::new();
    for octet in stream {
        one_by_one.extend(bench.serial(&[octet]));
    }
    assert_eq!(one_by_one, answers);
}

#[test]
fn console_text_costs_a_buffer_until_the_next_packet_is_complete() {
    let mut bench = Bench::new(ServerConfig { buf_count: 3, ..ServerConfig::default() });
    bench.serial(b"uart:~$ \n");
    // The text holds one buffer, the request and its response need two.
    bench.datagram(1, &echo(1));
    bench.datagram(1, &echo(2));
    assert_eq!(bench.drops(), [DropReason::NoBuffer]);
    assert_eq!(bench.serial(&lines(&echo(3))), [Out::Serial(lines(&echoed(3)))]);
    bench.datagram(1, &echo(4));
    bench.datagram(1, &echo(5));
    assert_eq!(bench.drops(), []);
}

#[test]
fn a_line_that_finds_no_buffer_is_lost() {
    let mut bench = Bench::udp(2);
    bench.datagram(1, &frame(2, 1, 5, 1, &[0xa0]));
    assert_eq!(bench.serial(b"text\n"), []);
    assert_eq!(bench.drops(), []);
    assert_eq!(bench.serial(&lines(&echo(2))), []);
    assert_eq!(bench.drops(), [DropReason::NoBuffer]);
}

#[test]
fn the_longest_serial_request_is_four_octets_shorter_than_a_buffer() {
    let mut bench = Bench::new(ServerConfig::default());
    assert_eq!(bench.serial(&lines(&long_echo(380))).len(), 1);
    assert_eq!(bench.serial(&lines(&long_echo(381))), []);
    assert_eq!(bench.drops(), [DropReason::BadFraming]);
    assert_eq!(bench.serial(&lines(&echo(1))).len(), 1);
}

#[test]
fn a_packet_too_short_for_a_header_is_dropped_and_gives_its_buffer_back() {
    let mut bench = Bench::new(ServerConfig { buf_count: 2, ..ServerConfig::default() });
    for _ in 0..10 {
        assert_eq!(bench.serial(&lines(&[2])), []);
        assert_eq!(bench.serial(b"\x06\x09AAIAAA==\n"), []);
        bench.datagram(1, &[2, 0, 0]);
    }
    assert_eq!(bench.drops(), [DropReason::Stub; 20]);
    assert_eq!(bench.serial(&lines(&echo(1))).len(), 1);
}

#[test]
fn within_the_shell_a_marker_may_follow_text_on_its_line() {
    let mut bench = Bench::new(ServerConfig::default());
    let noisy = [b"help ", &lines(&echo(1))[..]].concat();
    assert_eq!(bench.serial(&noisy), []);
    assert_eq!(bench.shell(&noisy), [Out::Shell(lines(&echoed(1)))]);
    let response = bench.shell(&lines(&long_echo(200)));
    assert!(matches!(&response[..], [Out::Shell(bytes)] if bytes.len() > 200));
}

#[test]
fn half_of_the_second_marker_makes_the_shell_miss_requests_until_its_other_half_comes() {
    let mut bench = Bench::new(ServerConfig::default());
    bench.shell(&NEXT_LINE[..1]);
    assert_eq!(bench.shell(&lines(&echo(1))), []);
    bench.shell(&[&NEXT_LINE[..], b"\n"].concat());
    assert_eq!(bench.shell(&lines(&echo(2))), [Out::Shell(lines(&echoed(2)))]);
    bench.shell(&FIRST_LINE[..1]);
    assert_eq!(bench.shell(&lines(&echo(3))), [Out::Shell(lines(&echoed(3)))]);
}

#[test]
fn a_uart_without_framing_goes_by_the_header() {
    let mut bench = Bench::new(ServerConfig::default());
    assert_eq!(bench.raw(&echo(1)[..5]), []);
    assert_eq!(bench.raw(&echo(1)[5..]), [Out::Raw(echoed(1))]);
    assert_eq!(bench.raw(&[echo(2), vec![0]].concat()), []);
    assert_eq!(bench.drops(), [DropReason::BadFraming]);
    assert_eq!(bench.raw(&echo(3)), [Out::Raw(echoed(3))]);
}

#[test]
fn all_transports_share_one_work_queue_and_each_is_drained_before_the_next() {
    let mut bench = Bench::new(ServerConfig { buf_count: 8, ..ServerConfig::default() });
    let first = bench.sdu(&echo(1));
    bench.input(ServerIn::Write(first));
    assert_eq!(bench.settle(), [Out::Notify(echoed(1))]);
    // The notification is not yet acknowledged, so everything else waits.
    assert_eq!(bench.serial(&lines(&echo(2))), []);
    assert_eq!(bench.datagram(1, &echo(3)), []);
    let fourth = bench.sdu(&echo(4));
    bench.input(ServerIn::Write(fourth));
    assert_eq!(bench.serial(&lines(&echo(5))), []);
    assert_eq!(bench.settle(), []);
    assert_eq!(bench.input(ServerIn::Notified { tag: 1 }), [Out::Notify(echoed(4))]);
    let mut out = bench.input(ServerIn::Notified { tag: 4 });
    out.extend(bench.settle());
    let serial = |seq| Out::Serial(lines(&echoed(seq)));
    assert_eq!(out, [serial(2), serial(5), Out::Datagram(1, echoed(3))]);
}

#[test]
fn a_disconnect_is_nothing_to_the_other_transports() {
    let mut bench = Bench::udp(4);
    bench.serial(&lines(&long_echo(200))[..127]);
    bench.datagram(1, &echo(1));
    bench.input(ServerIn::Unsubscribed);
    assert_eq!(bench.settle(), [Out::Datagram(1, echoed(1))]);
    assert_eq!(bench.serial(&lines(&long_echo(200))[127..]).len(), 1);
    assert_eq!(bench.drops(), []);
}

#[test]
fn before_the_application_runs_nothing_is_heard() {
    let mut bench = Bench::new(ServerConfig::default());
    bench.server = Server::new(ServerConfig::default());
    assert_eq!(bench.serial(&lines(&echo(1))), []);
    assert_eq!(bench.shell(&lines(&echo(1))), []);
    assert_eq!(bench.raw(&echo(1)), []);
    assert_eq!(bench.datagram(1, &echo(1)), []);
    assert_eq!(bench.drops(), [DropReason::NotRunning; 4]);
}
