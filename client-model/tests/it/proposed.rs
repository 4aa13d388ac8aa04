//! The strategies that nobody has: what they do, and what they survive.

use crate::server::{Reaction, Server};
use crate::world::{World, config, image};
use client_model::{
    Client, ClientConfig, ClientError, ClientEvent, ClientIn, ClientOut, Finish, Origin, Outcome,
    Phase, StrategyKind as Kind, Transport,
};
use proptest::prelude::*;
use sim_core::{Machine, Sdu, Seed, Span, Stream, Time};
use std::collections::BTreeMap;

const LEN: usize = 9_000;

fn proposed() -> impl Iterator<Item = Kind> {
    Kind::ALL.iter().copied().filter(|kind| kind.origin() == Origin::Proposed)
}

/// A world with a server of 4 buffers of 244 octets, whose answers take 30 ms.
fn world(kind: Kind, window: u8) -> World {
    let mut world = World::new(ClientConfig { window, ..config(kind, LEN) });
    world.server.params = Some((244, 4));
    world.boot_takes = Span::ZERO;
    world
}

fn offsets(world: &World) -> Vec<u32> {
    world.chunks().map(|seen| seen.chunk().and_then(|chunk| chunk.off).expect("off")).collect()
}

/// Does `reaction` to the n-th upload request, counted from 1.
fn at_chunk(world: &mut World, n: usize, reaction: Reaction) {
    let mut count = 0;
    world.server.script = Box::new(move |seen, _| {
        count += usize::from(seen.chunk().is_some());
        let hit = seen.chunk().is_some() && count == n;
        if hit { reaction.clone() } else { Reaction::Normal }
    });
}

fn upload_time(world: &World) -> Span {
    world.phase_at(Phase::Test, 0).since(world.phase_at(Phase::Upload, 0))
}

#[test]
fn each_of_them_updates() {
    for kind in proposed() {
        let mut world = world(kind, 3);
        world.ends(Outcome::Confirmed);
        assert_eq!(world.server.stored, image(LEN).bytes[..], "{kind:?}");
        let repeated = offsets(&world).windows(2).any(|two| two[0] >= two[1]);
        assert!(!repeated, "{kind:?} sends nothing twice when nothing is lost");
    }
}

#[test]
fn each_of_them_survives_every_single_loss() {
    for kind in proposed() {
        let mut clean = world(kind, 3);
        clean.ends(Outcome::Confirmed);
        for n in 1..=clean.chunks().count() {
            for reaction in [Reaction::LoseRequest, Reaction::LoseAnswer] {
                let mut world = world(kind, 3);
                at_chunk(&mut world, n, reaction);
                world.ends(Outcome::Confirmed);
                assert_eq!(world.server.stored, image(LEN).bytes[..], "{kind:?} {n}");
            }
        }
    }
}

#[test]
fn going_back_at_once_costs_a_round_trip_or_two() {
    let cost = |kind| {
        let mut clean = world(kind, 3);
        clean.ends(Outcome::Confirmed);
        let mut lossy = world(kind, 3);
        at_chunk(&mut lossy, 5, Reaction::LoseRequest);
        lossy.ends(Outcome::Confirmed);
        upload_time(&lossy).saturating_sub(upload_time(&clean))
    };
    assert!(cost(Kind::GoBack) <= Span::from_ms(60), "{:?}", cost(Kind::GoBack));
}

#[test]
fn measured_timeouts_find_a_lost_answer_sooner() {
    let cost = |kind| {
        let mut world = world(kind, 1);
        at_chunk(&mut world, 10, Reaction::LoseAnswer);
        world.ends(Outcome::Confirmed);
        upload_time(&world)
    };
    assert!(cost(Kind::GoBack) > Span::from_ms(2_500));
    assert!(cost(Kind::RttTimeout) < Span::from_ms(1_500), "{:?}", cost(Kind::RttTimeout));
}

#[test]
fn a_lost_last_answer_costs_the_best_one_no_second_upload() {
    let count = |kind| {
        let mut clean = world(kind, 1);
        clean.ends(Outcome::Confirmed);
        let mut world = world(kind, 1);
        at_chunk(&mut world, clean.chunks().count(), Reaction::LoseAnswer);
        world.ends(Outcome::Confirmed);
        (clean.chunks().count(), world.chunks().count())
    };
    let (clean, best) = count(Kind::SmpsimBest);
    assert_eq!(best, clean + 1, "the last chunk again");
    let (clean, plain) = count(Kind::GoBack);
    assert_eq!(plain, 2 * clean + 1);
}

#[test]
fn only_those_that_say_so_go_on_after_a_lost_link() {
    for kind in proposed() {
        let mut world = world(kind, 1);
        world.cut_at_write = Some(12);
        if !matches!(kind, Kind::ResumeUpdate | Kind::SmpsimBest) {
            world.fails_with(ClientError::LinkLost { phase: Phase::Upload, reason: 8 });
            continue;
        }
        world.ends(Outcome::Confirmed);
        assert_eq!(world.server.stored, image(LEN).bytes[..]);
        let zeros = offsets(&world).iter().filter(|&&off| off == 0).count();
        assert_eq!(zeros, 2, "{kind:?} asks where the server stands");
        assert!(world.server.seen.iter().all(|seen| !seen.is(1, 5)), "nothing is erased");
    }
}

#[test]
fn a_refused_erase_is_done_without() {
    let mut world = world(Kind::EraseAhead, 1);
    world.ends(Outcome::Confirmed);
    assert_eq!(world.server.seen.iter().filter(|seen| seen.is(1, 5)).count(), 1);
    let phases = world.phases();
    let at = |phase| phases.iter().position(|&p| p == phase).expect("the phase");
    assert!(at(Phase::EraseSlot) < at(Phase::Upload));
}

#[test]
fn interval_control_asks_for_a_long_timeout_first_and_then_for_a_short_interval() {
    let mut world = world(Kind::IntervalControl, 1);
    world.ends(Outcome::Confirmed);
    let asked: Vec<(u64, u64)> = world
        .outs
        .iter()
        .filter_map(|out| match out {
            ClientOut::SetParams(params) => {
                Some((params.interval.as_us(), params.timeout.as_us() / 1_000))
            }
            _ => None,
        })
        .collect();
    assert_eq!(asked, [(30_000, 20_000), (12_500, 4_000)]);
}

#[test]
fn the_best_one_waits_for_a_busy_server() {
    let mut world = world(Kind::SmpsimBest, 3);
    let mut refusals = 0;
    world.server.script = Box::new(move |seen, n| {
        let busy = seen.chunk().is_some() && n > 8 && refusals < 5;
        refusals += usize::from(busy);
        let error = smp_wire::errors::ErrorBody::Rc(10);
        if busy { Reaction::Refuse(error) } else { Reaction::Normal }
    });
    world.ends(Outcome::Confirmed);
    assert!(upload_time(&world) > Span::from_ms(300));
    assert_eq!(world.server.stored, image(LEN).bytes[..]);
}

#[test]
fn a_refusal_for_good_ends_every_one() {
    for kind in proposed() {
        let mut world = world(kind, 3);
        at_chunk(&mut world, 3, Reaction::Refuse(smp_wire::errors::ErrorBody::Rc(3)));
        world.fails_with(ClientError::UploadRejected { rc: 3, group: None });
    }
}

#[test]
fn a_server_that_stands_still_ends_every_one() {
    for kind in proposed() {
        let mut world = world(kind, 3);
        world.server.script = Box::new(|seen, _| match seen.chunk() {
            Some(_) => Reaction::Body(b"\xbf\x63off\x05\xff".to_vec()),
            None => Reaction::Normal,
        });
        let finish = world.run().expect("it ends");
        assert_eq!(finish.error.map(|error| error.name()), Some("not_acknowledged"), "{kind:?}");
        assert!(world.chunks().count() < 80);
    }
}

#[test]
fn an_echo_shows_whether_the_server_puts_frames_together() {
    for reassembles in [true, false] {
        let mut world = world(Kind::SmpsimBest, 3);
        world.server.params = Some((1_024, 4));
        world.server.single_writes = !reassembles;
        world.ends(Outcome::Confirmed);
        let longest = world.chunks().map(|seen| seen.frame.len()).max();
        assert_eq!(longest, Some(if reassembles { 1_024 } else { 244 }));
    }
}

#[test]
fn an_echo_without_an_answer_costs_round_trips_not_seconds() {
    for transport in [Transport::Ble, Transport::Udp] {
        let before_upload = |silent: bool| {
            let mut world = world(Kind::SmpsimBest, 3);
            world.transport = transport;
            world.att_mtu = 498;
            world.server.params = None;
            world.server.script = Box::new(move |seen, _| {
                let lost = seen.is(0, 0) && silent;
                if lost { Reaction::LoseRequest } else { Reaction::Normal }
            });
            world.run();
            world.phase_at(Phase::Upload, 0)
        };
        let lost = before_upload(true).since(before_upload(false));
        assert!(lost > Span::from_ms(400) && lost < Span::from_s(4), "{transport:?}: {lost:?}");
    }
}

#[test]
fn echoes_find_the_buffer_of_a_server_that_tells_nothing() {
    for (buffer, longest) in [(512, 495), (384, 384), (300, 256), (200, 128)] {
        let mut world = world(Kind::SmpsimBest, 3);
        world.att_mtu = 498;
        world.server.params = None;
        world.server.single_writes = true;
        world.server.script = Box::new(move |seen, _| {
            if seen.frame.len() > buffer { Reaction::LoseRequest } else { Reaction::Normal }
        });
        world.ends(Outcome::Confirmed);
        assert_eq!(world.chunks().map(|seen| seen.frame.len()).max(), Some(longest), "{buffer}");
    }
}

#[test]
fn the_best_one_listens_for_the_device_as_soon_as_the_link_is_down() {
    let wait = |kind, boot_s| {
        let mut world = World::new(ClientConfig {
            estimated_swap: Span::from_s(40),
            connect_retries: 0,
            ..config(kind, LEN)
        });
        world.boot_takes = Span::from_s(boot_s);
        world.ends(Outcome::Confirmed);
        world.phase_at(Phase::Confirm, 0).since(world.phase_at(Phase::Reset, 0))
    };
    assert!(wait(Kind::SmpsimBest, 35) < Span::from_ms(36_000));
    assert!(wait(Kind::GoBack, 35) > Span::from_s(40));
    // Longer than one attempt lasts, yet within the estimate and one attempt more.
    assert!(wait(Kind::SmpsimBest, 65) < Span::from_ms(66_000));
}

/// What the link and the server do, drawn at random.
#[derive(Clone, Copy, Debug)]
struct Weather {
    seed: u64,
    /// Of a thousand requests, answers.
    lost: u64,
    /// Of a thousand answers, which come twice.
    doubled: u64,
    /// Longest delay of a request or an answer, ms. Where it is not 0, they overtake each other.
    delay: u64,
    /// Of ten thousand upload requests, with which the link is lost.
    cut: u64,
    /// Of a thousand requests, which the server refuses as busy.
    busy: u64,
}

/// A link that loses, delays, doubles and breaks, and how many requests are on it.
struct Storm {
    client: Client,
    server: Server,
    weather: Weather,
    dice: Stream,
    now: Time,
    events: BTreeMap<(Time, u64), Event>,
    count: u64,
    link: u32,
    transport: Transport,
    resets: u32,
    unanswered: Vec<u32>,
    most_unanswered: usize,
    requests: usize,
}

#[derive(Debug)]
enum Event {
    ToClient(u32, ClientIn),
    ToServer(u32, Sdu),
}

impl Storm {
    fn new(config: ClientConfig, weather: Weather, transport: Transport) -> Self {
        let mut server = Server::new(config.image.tlv_sha256);
        server.params = Some((495, 4));
        Self {
            client: Client::new(config),
            server,
            weather,
            dice: Seed(weather.seed).stream("weather"),
            now: Time::ZERO,
            events: BTreeMap::new(),
            count: 0,
            link: 0,
            transport,
            resets: 0,
            unanswered: Vec::new(),
            most_unanswered: 0,
            requests: 0,
        }
    }

    fn happens(&mut self, of: u64, chance: u64) -> bool {
        chance > 0 && self.dice.below(of) < chance
    }

    fn after(&mut self, pause: Span, event: Event) {
        self.count += 1;
        self.events.insert((self.now + pause, self.count), event);
    }

    fn pause(&mut self) -> Span {
        let extra = if self.weather.delay > 0 { self.dice.below(self.weather.delay) } else { 0 };
        Span::from_ms(15 + extra)
    }

    /// Runs to the end, which must come.
    fn run(&mut self) -> Finish {
        self.after(Span::ZERO, Event::ToClient(0, ClientIn::Start));
        for _ in 0..200_000 {
            let event = self.events.keys().next().copied();
            let due = self.client.deadline();
            match (event, due) {
                (Some(key), due) if due.is_none_or(|due| key.0 <= due) => {
                    self.now = key.0;
                    let event = self.events.remove(&key).expect("it was just seen");
                    self.happen(event);
                }
                (_, Some(due)) => {
                    self.now = due;
                    self.client.on_deadline(due, ());
                }
                (_, None) => panic!("it waits for ever"),
            }
            if let Some(finish) = self.drain() {
                return finish;
            }
        }
        panic!("it goes on for ever");
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::ToClient(link, input) if link == self.link => {
                if let ClientIn::Received(sdu) = &input {
                    self.unanswered.retain(|&tag| tag > sdu.tag);
                }
                self.client.handle(self.now, input, ());
            }
            Event::ToServer(link, sdu) if link == self.link => self.serve(&sdu),
            Event::ToClient(..) | Event::ToServer(..) => {}
        }
    }

    fn serve(&mut self, sdu: &Sdu) {
        let (busy, lost) = (self.weather.busy, self.weather.lost);
        let upload = sdu.bytes[4..6] == [0, 1] && sdu.bytes[7] == 1;
        let refuses = upload && self.happens(1_000, busy);
        self.server.script = Box::new(move |_, _| {
            let error = smp_wire::errors::ErrorBody::Rc(10);
            if refuses { Reaction::Refuse(error) } else { Reaction::Normal }
        });
        let Some(answer) = self.server.write(sdu.bytes.clone()) else { return };
        if self.server.resets > self.resets {
            self.resets = self.server.resets;
            self.server.boot();
            let link = self.link;
            self.after(Span::from_s(4), Event::ToClient(link, ClientIn::Lost { reason: 8 }));
        }
        let copies = 1 + u64::from(self.happens(1_000, self.weather.doubled));
        for _ in 0..copies {
            if upload && self.happens(1_000, lost) {
                self.unanswered.retain(|&tag| tag != sdu.tag);
                continue;
            }
            let (pause, link) = (self.pause(), self.link);
            let answer = Sdu { tag: sdu.tag, bytes: answer.clone() };
            self.after(pause, Event::ToClient(link, ClientIn::Received(answer)));
        }
    }

    fn drain(&mut self) -> Option<Finish> {
        while let Some(out) = self.client.poll() {
            let link = self.link;
            match out {
                ClientOut::Connect { .. } => {
                    self.link += 1;
                    self.unanswered.clear();
                    self.after(Span::from_ms(10), Event::ToClient(link + 1, ClientIn::Connected));
                }
                ClientOut::Discover => {
                    let ready = ClientIn::Ready { transport: self.transport, att_mtu: 498 };
                    self.after(Span::from_ms(50), Event::ToClient(link, ready));
                }
                ClientOut::Write(sdu) => self.write(sdu),
                ClientOut::Disconnect => {
                    self.after(Span::ZERO, Event::ToClient(link, ClientIn::Lost { reason: 22 }));
                }
                ClientOut::Finished(finish) => return Some(finish),
                ClientOut::Trace(ClientEvent::UploadChunk { tag, .. }) => {
                    self.requests += 1;
                    self.unanswered.push(tag);
                    self.most_unanswered = self.most_unanswered.max(self.unanswered.len());
                }
                ClientOut::SetParams(_) | ClientOut::Trace(_) => {}
            }
        }
        None
    }

    fn write(&mut self, sdu: Sdu) {
        assert!(sdu.bytes.len() <= 495, "longer than the server's buffer");
        let weather = self.weather;
        let upload = sdu.bytes[4..6] == [0, 1] && sdu.bytes[7] == 1;
        if upload && self.happens(10_000, weather.cut) {
            // What is on the way belongs to a link that is no more.
            self.link += 1;
            let lost = Event::ToClient(self.link, ClientIn::Lost { reason: 8 });
            self.after(Span::from_ms(500), lost);
            return;
        }
        if upload && self.happens(1_000, weather.lost) {
            self.unanswered.retain(|&tag| tag != sdu.tag);
            return;
        }
        let (pause, link) = (self.pause(), self.link);
        self.after(pause, Event::ToServer(link, sdu));
    }
}

fn any_kind() -> impl Strategy<Value = Kind> {
    proptest::sample::select(proposed().collect::<Vec<_>>())
}

fn storm(kind: Kind, window: u8, weather: Weather, transport: Transport) -> Storm {
    Storm::new(ClientConfig { window, ..config(kind, LEN) }, weather, transport)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Whatever happens on the way, an upload that succeeds has stored the image, one that does not
    /// ends with an error, and neither takes for ever.
    #[test]
    fn what_is_stored_is_the_image_whatever_the_weather(
        kind in any_kind(),
        window in 1u8..5,
        seed: u64,
        lost in 0u64..250,
        doubled in 0u64..200,
        delay in prop_oneof![Just(0), 0u64..400],
        cut in prop_oneof![Just(0), 0u64..300],
        busy in prop_oneof![Just(0), 0u64..100],
    ) {
        prop_assume!(kind.transports().contains(&Transport::Udp));
        let weather = Weather { seed, lost, doubled, delay, cut, busy };
        let mut storm = storm(kind, window, weather, Transport::Udp);
        let finish = storm.run();
        if finish.error.is_none() {
            prop_assert_eq!(&storm.server.stored, &image(LEN).bytes[..]);
        } else {
            prop_assert!(finish.outcome == Outcome::Failed);
        }
        prop_assert!(storm.requests < 4_000, "{}", storm.requests);
    }

    /// On a link that keeps order and loses nothing for long, all of them arrive, and none has more
    /// requests unanswered than its window or the server's buffers allow.
    #[test]
    fn no_more_is_outstanding_than_the_window_allows(
        kind in any_kind(),
        window in 1u8..4,
        seed: u64,
        lost in 0u64..30,
    ) {
        let weather = Weather { seed, lost, doubled: 0, delay: 0, cut: 0, busy: 0 };
        let mut storm = storm(kind, window, weather, Transport::Ble);
        let finish = storm.run();
        prop_assert_eq!(finish, Finish { outcome: Outcome::Confirmed, error: None });
        prop_assert_eq!(&storm.server.stored, &image(LEN).bytes[..]);
        let most = match kind {
            Kind::AdaptiveWindow | Kind::SmpsimBest => 3,
            _ => usize::from(window),
        };
        prop_assert!(storm.most_unanswered <= most, "{}", storm.most_unanswered);
    }

    /// The best one arrives where links break and answers are lost.
    #[test]
    fn the_best_one_arrives_in_bad_weather(
        seed: u64,
        lost in 0u64..100,
        delay in prop_oneof![Just(0), 0u64..100],
        cut in 0u64..100,
    ) {
        let weather = Weather { seed, lost, doubled: 20, delay, cut, busy: 10 };
        let mut storm = storm(Kind::SmpsimBest, 3, weather, Transport::Udp);
        let finish = storm.run();
        prop_assert_eq!(finish, Finish { outcome: Outcome::Confirmed, error: None });
    }
}
