//! The work queue in time: one request at a time, shared buffers, and what it waits for.

mod support;

use flash_model::{Device, FlashOp, Part, RadioSync};
use server_model::{DropReason, EraseMode, Server, ServerConfig, ServerEvent, ServerIn, ServerOut};
use sim_core::{Machine, Sdu, Span, Time};
use support::image;

/// A server whose outputs nobody answers unless the test does.
struct Bench {
    server: Server,
    flash: Device,
    now: Time,
    events: Vec<ServerEvent>,
}

/// An output that the test has to deal with.
#[derive(Debug, PartialEq)]
enum Out {
    /// A notification: tag and octets.
    Notify(u32, Vec<u8>),
    Erase(u32),
    Write(usize),
    Reset,
    /// Interval bounds, in units of 1.25 ms.
    Params(u16, u16),
}

impl Bench {
    fn new(config: ServerConfig) -> Self {
        let mut flash = Device::new(Part::nrf52840(), RadioSync::None);
        flash.load(config.layout.slots[0].start, &image(1000, 1));
        let mut bench =
            Self { server: Server::new(config), flash, now: Time::ZERO, events: Vec::new() };
        bench.input(ServerIn::Start);
        bench.input(ServerIn::Subscribed { att_mtu: 498 });
        bench
    }

    fn input(&mut self, input: ServerIn) -> Vec<Out> {
        self.server.handle(self.now, input, &self.flash);
        self.outputs()
    }

    fn write(&mut self, tag: u32, bytes: &[u8]) -> Vec<Out> {
        self.input(ServerIn::Write(Sdu { tag, bytes: bytes.to_vec() }))
    }

    /// Echo requests with these tags at this moment, and what the server says then.
    fn echoes(&mut self, tags: &[u32]) -> Vec<Out> {
        for &tag in tags {
            assert_eq!(self.write(tag, &echo(tag)), [], "the work queue runs in its own time");
        }
        self.wait(Span::ZERO)
    }

    fn notified(&mut self, tag: u32) -> Vec<Out> {
        self.input(ServerIn::Notified { tag })
    }

    fn flash_done(&mut self) -> Vec<Out> {
        self.input(ServerIn::FlashDone { data: Vec::new() })
    }

    /// Lets time pass and serves what is due on the way.
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
                ServerOut::Notify(Sdu { tag, bytes }) => Out::Notify(tag, bytes),
                ServerOut::Datagram { .. }
                | ServerOut::Serial(_)
                | ServerOut::Shell(_)
                | ServerOut::RawSerial(_) => panic!("nobody asked there"),
                ServerOut::Flash(FlashOp::Erase { at }) => Out::Erase(at),
                ServerOut::Flash(FlashOp::Write { data, .. }) => Out::Write(data.len()),
                ServerOut::Flash(FlashOp::Copy { .. }) => panic!("the server copies nothing"),
                ServerOut::Reset => Out::Reset,
                ServerOut::ConnParams { interval_min, interval_max, latency: 0, timeout: 42 } => {
                    Out::Params(interval_min, interval_max)
                }
                ServerOut::ConnParams { .. } => panic!("latency 0 and 420 ms are asked for"),
                ServerOut::Trace(event) => {
                    self.events.push(event);
                    continue;
                }
            });
        }
        outputs
    }

    fn drops(&mut self) -> Vec<(u32, DropReason)> {
        let events = std::mem::take(&mut self.events);
        events
            .iter()
            .filter_map(|event| match *event {
                ServerEvent::Drop { tag, reason } => Some((tag, reason)),
                _ => None,
            })
            .collect()
    }
}

/// A frame with a sequence number and a payload.
fn frame(op: u8, group: u8, id: u8, seq: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![op, 0, 0, payload.len() as u8, 0, group, seq as u8, id];
    frame.extend_from_slice(payload);
    frame
}

fn echo(seq: u32) -> Vec<u8> {
    frame(2, 0, 0, seq, b"\xa1\x61d\x62hi")
}

fn echoed(tag: u32) -> Out {
    Out::Notify(tag, frame(3, 0, 0, tag, b"\xbf\x61r\x62hi\xff"))
}

fn refused(tag: u32, rc: u8) -> Out {
    Out::Notify(tag, frame(3, 0, 0, tag, &[0xbf, 0x62, b'r', b'c', rc, 0xff]))
}

const RESET: &[u8] = &[2, 0, 0, 0, 0, 0, 9, 5];

fn reset_reply(tag: u32) -> Out {
    Out::Notify(tag, vec![3, 0, 0, 2, 0, 0, 9, 5, 0xbf, 0xff])
}

#[test]
fn the_next_request_waits_for_the_acknowledgement_of_the_last_notification() {
    let mut bench = Bench::new(ServerConfig::default());
    assert_eq!(bench.echoes(&[1, 2, 3]), [echoed(1)]);
    assert_eq!(bench.wait(Span::from_s(60)), []);
    assert_eq!(bench.notified(1), [echoed(2)]);
    assert_eq!(bench.notified(1), [], "an acknowledgement of something else");
    assert_eq!(bench.notified(2), [echoed(3)]);
    assert!(!bench.server.idle());
    assert_eq!(bench.notified(3), []);
    assert!(bench.server.idle());
}

#[test]
fn while_one_request_is_in_process_only_two_more_find_a_buffer() {
    let mut bench = Bench::new(ServerConfig::default());
    assert_eq!(bench.echoes(&[1]), [echoed(1)]);
    assert_eq!(bench.echoes(&[2, 3, 4]), []);
    assert_eq!(bench.drops(), [(4, DropReason::NoBuffer)]);
    assert_eq!(bench.notified(1), [echoed(2)]);
    // The first request gave its two buffers back; the second one took one of them.
    assert_eq!(bench.echoes(&[5, 6]), []);
    assert_eq!(bench.drops(), [(6, DropReason::NoBuffer)]);
    assert_eq!(bench.notified(2), [echoed(3)]);
    assert_eq!(bench.notified(3), [echoed(5)]);
    assert_eq!(bench.notified(5), []);
    assert!(bench.server.idle());
}

#[test]
fn when_requests_fill_the_pool_before_the_first_is_taken_that_one_gets_no_response_buffer() {
    let mut bench = Bench::new(ServerConfig::default());
    assert_eq!(bench.echoes(&[1, 2, 3, 4, 5]), [refused(1, 2)]);
    assert_eq!(bench.drops(), [(5, DropReason::NoBuffer)]);
    assert_eq!(bench.notified(1), [echoed(2)]);
    assert_eq!(bench.notified(2), [echoed(3)]);
    assert_eq!(bench.notified(3), [echoed(4)]);
    assert_eq!(bench.notified(4), []);
}

#[test]
fn a_partial_request_holds_a_buffer_too() {
    let config = ServerConfig { reassembly: true, buf_count: 3, ..ServerConfig::default() };
    let mut bench = Bench::new(config);
    assert_eq!(bench.write(9, &echo(9)[..10]), []);
    assert_eq!(bench.wait(Span::ZERO), []);
    assert!(bench.server.idle(), "a partial request is not in process");
    assert_eq!(bench.write(9, &echo(9)[10..]), []);
    assert_eq!(bench.wait(Span::ZERO), [echoed(9)]);
    assert_eq!(bench.write(10, &echo(10)[..10]), []);
    bench.notified(9);
    assert_eq!(bench.write(10, &echo(10)[10..]), []);
    assert_eq!(bench.wait(Span::ZERO), [echoed(10)]);
}

#[test]
fn nothing_is_answered_while_the_slot_is_erased() {
    let mut bench = Bench::new(ServerConfig::default());
    let slot = bench.server.config().layout.slots[1];
    bench.flash.load(slot.start, &[0; 4]);
    assert_eq!(bench.write(1, &frame(2, 1, 5, 1, &[0xa0])), []);
    assert_eq!(bench.wait(Span::ZERO), [Out::Erase(slot.start)]);
    assert_eq!(bench.echoes(&[2]), []);
    for page in 1..118 {
        assert_eq!(bench.wait(Span::from_ms(85)), []);
        assert_eq!(bench.flash_done(), [Out::Erase(slot.start + page * 4096)]);
    }
    let reply = Out::Notify(1, frame(3, 1, 5, 1, b"\xbf\x62rc\x07\xff"));
    assert_eq!(bench.flash_done(), [reply]);
    assert_eq!(bench.notified(1), [echoed(2)]);
}

#[test]
fn a_response_is_cut_into_notifications_that_go_one_at_a_time() {
    let mut bench = Bench::new(ServerConfig::default());
    bench.input(ServerIn::Subscribed { att_mtu: 23 });
    let text = [b'z'; 40];
    let request = [&[0xa1, 0x61, b'd', 0x78, 40], &text[..]].concat();
    let body = [&[0xbf, 0x61, b'r', 0x78, 40], &text[..], &[0xff]].concat();
    let response = frame(3, 0, 0, 1, &body);
    bench.write(1, &frame(2, 0, 0, 1, &request));
    bench.write(2, &echo(2));
    let mut got = bench.wait(Span::ZERO);
    for piece in response.chunks(20) {
        assert_eq!(got, [Out::Notify(1, piece.to_vec())]);
        got = bench.notified(1);
    }
    assert_eq!(got, [echoed(2)]);
}

#[test]
fn each_request_takes_the_processors_time() {
    let config = ServerConfig { cpu: Span::from_us(300), ..ServerConfig::default() };
    let mut bench = Bench::new(config);
    assert_eq!(bench.echoes(&[1, 2]), []);
    assert_eq!(bench.wait(Span::from_us(299)), []);
    assert_eq!(bench.wait(Span::from_us(1)), [echoed(1)]);
    assert_eq!(bench.wait(Span::from_s(1)), []);
    assert_eq!(bench.notified(1), []);
    assert_eq!(bench.wait(Span::from_us(300)), [echoed(2)]);
}

#[test]
fn each_octet_of_a_request_takes_the_processors_time_too() {
    let (cpu, cpu_per_octet) = (Span::from_us(100), Span::from_us(10));
    let mut bench = Bench::new(ServerConfig { cpu, cpu_per_octet, ..ServerConfig::default() });
    let request = echo(1);
    let time = cpu + cpu_per_octet * request.len() as u64;
    assert_eq!(bench.write(1, &request), []);
    assert_eq!(bench.wait(time - Span::from_us(1)), []);
    assert_eq!(bench.wait(Span::from_us(1)), [echoed(1)]);
}

#[test]
fn after_a_disconnect_queued_requests_are_executed_and_their_responses_discarded() {
    let config = ServerConfig { erase: EraseMode::Progressive, ..ServerConfig::default() };
    let mut bench = Bench::new(config);
    let slot = bench.server.config().layout.slots[1];
    bench.flash.load(slot.start, &[0; 4]);
    assert_eq!(bench.echoes(&[1]), [echoed(1)]);
    bench.write(2, &frame(2, 1, 5, 2, &[0xa0]));
    bench.write(3, &echo(3));
    assert_eq!(bench.input(ServerIn::Unsubscribed), [Out::Erase(slot.start)]);
    assert_eq!(bench.drops(), [(1, DropReason::Unreachable)]);
    // A new client comes before the erase is over: the old responses are not for it.
    bench.input(ServerIn::Subscribed { att_mtu: 498 });
    for _ in 1..118 {
        assert_eq!(bench.flash_done().len(), 1);
    }
    assert_eq!(bench.flash_done(), []);
    assert_eq!(bench.drops(), [(2, DropReason::Unreachable), (3, DropReason::Unreachable)]);
    assert_eq!(bench.echoes(&[4]), [echoed(4)]);
}

#[test]
fn a_disconnect_drops_a_partial_request() {
    let mut bench = Bench::new(ServerConfig { reassembly: true, ..ServerConfig::default() });
    bench.write(1, &echo(1)[..10]);
    bench.input(ServerIn::Unsubscribed);
    assert_eq!(bench.drops(), [(1, DropReason::Partial)]);
    bench.input(ServerIn::Subscribed { att_mtu: 498 });
    assert_eq!(bench.echoes(&[2]), [echoed(2)]);
}

#[test]
fn a_request_of_nobody_who_listens_is_executed_without_a_response() {
    let mut bench = Bench::new(ServerConfig::default());
    bench.input(ServerIn::Unsubscribed);
    assert_eq!(bench.write(1, RESET), []);
    assert_eq!(bench.wait(Span::from_ms(249)), []);
    assert_eq!(bench.wait(Span::from_ms(1)), [Out::Reset]);
}

#[test]
fn a_reset_comes_a_quarter_of_a_second_after_its_request_and_a_second_one_starts_over() {
    let mut bench = Bench::new(ServerConfig::default());
    bench.write(1, RESET);
    assert_eq!(bench.wait(Span::ZERO), [reset_reply(1)]);
    bench.notified(1);
    assert_eq!(bench.wait(Span::from_ms(100)), []);
    bench.write(2, RESET);
    assert_eq!(bench.wait(Span::ZERO), [reset_reply(2)]);
    bench.notified(2);
    assert_eq!(bench.wait(Span::from_ms(249)), []);
    assert_eq!(bench.echoes(&[3]), [echoed(3)], "requests in the delay are served");
    bench.notified(3);
    assert_eq!(bench.wait(Span::from_ms(1)), [Out::Reset]);
    assert_eq!(bench.wait(Span::from_s(10)), [], "one reset is enough");
}

#[test]
fn between_reset_and_start_writes_come_to_nothing() {
    let mut bench = Bench::new(ServerConfig::default());
    bench.write(1, RESET);
    bench.wait(Span::from_ms(250));
    bench.events.clear();
    assert_eq!(bench.write(2, &echo(2)), []);
    assert_eq!(bench.drops(), [(2, DropReason::NotRunning)]);
    assert!(bench.server.idle());
    bench.input(ServerIn::Start);
    bench.input(ServerIn::Subscribed { att_mtu: 498 });
    assert_eq!(bench.echoes(&[3]), [echoed(3)]);
}

#[test]
fn a_reset_that_is_due_during_flash_work_comes_when_the_operation_is_over() {
    let mut bench = Bench::new(ServerConfig::default());
    let slot = bench.server.config().layout.slots[1];
    bench.flash.load(slot.start, &[0; 4]);
    bench.write(1, RESET);
    bench.write(2, &frame(2, 1, 5, 2, &[0xa0]));
    bench.wait(Span::ZERO);
    assert_eq!(bench.notified(1), [Out::Erase(slot.start)]);
    assert_eq!(bench.wait(Span::from_ms(300)), []);
    assert_eq!(bench.flash_done(), [Out::Reset]);
    assert!(bench.server.idle());
}

#[test]
fn a_fast_connection_is_asked_for_with_the_first_fragment_and_given_up_five_seconds_later() {
    let config =
        ServerConfig { reassembly: true, conn_param_control: true, ..ServerConfig::default() };
    let mut bench = Bench::new(config);
    assert_eq!(bench.write(1, &echo(1)[..10]), [Out::Params(6, 9)]);
    assert_eq!(bench.write(1, &echo(1)[10..]), []);
    assert_eq!(bench.wait(Span::from_s(2)), [echoed(1)]);
    bench.notified(1);
    assert_eq!(bench.echoes(&[2]), [echoed(2)]);
    bench.notified(2);
    assert_eq!(bench.wait(Span::from_ms(4_999)), []);
    assert_eq!(bench.wait(Span::from_ms(1)), [Out::Params(24, 40)]);
    assert_eq!(bench.wait(Span::from_s(60)), []);
}

#[test]
fn what_the_host_could_not_begin_with_is_asked_for_again_a_second_later() {
    let config = ServerConfig { conn_param_control: true, ..ServerConfig::default() };
    let mut bench = Bench::new(config);
    assert_eq!(bench.write(1, &echo(1)), [Out::Params(6, 9)]);
    assert_eq!(bench.input(ServerIn::ConnParamsFailed), []);
    assert_eq!(bench.wait(Span::from_ms(999)), [echoed(1)]);
    bench.notified(1);
    assert_eq!(bench.wait(Span::from_ms(1)), [Out::Params(6, 9)]);
    assert_eq!(bench.wait(Span::from_s(60)), [Out::Params(24, 40)]);
}

#[test]
fn by_default_the_connection_stays_as_it_is() {
    let mut bench = Bench::new(ServerConfig::default());
    assert_eq!(bench.echoes(&[1]), [echoed(1)]);
    bench.notified(1);
    assert_eq!(bench.server.deadline(), None);
}

#[test]
fn the_trace_tells_who_was_taken_and_what_was_said() {
    let mut bench = Bench::new(ServerConfig::default());
    bench.echoes(&[7]);
    let crc32 = crc32fast::hash(&frame(3, 0, 0, 7, b"\xbf\x61r\x62hi\xff"));
    assert_eq!(
        bench.events,
        [
            ServerEvent::Take { tag: 7, group: 0, op: 2, id: 0, seq: 7, len: 6 },
            ServerEvent::Reply { tag: 7, rc: 0, len: 15, crc32 },
        ]
    );
}
