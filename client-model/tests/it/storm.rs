//! The strategies that nobody has, in weather drawn at random.

use crate::proposed::{LEN, proposed};
use crate::server::{Reaction, Server};
use crate::world::{config, image};
use client_model::{
    Client, ClientConfig, ClientEvent, ClientIn, ClientOut, Finish, Outcome, StrategyKind as Kind,
    Transport,
};
use proptest::prelude::*;
use sim_core::{Machine, Sdu, Seed, Span, Stream, Time};
use std::collections::BTreeMap;

/// What the link and the server do, drawn at random.
#[derive(Clone, Copy, Debug)]
struct Weather {
    seed: u64,
    /// Of a thousand requests, answers.
    lost: u64,
    /// So many of them come through between two that are lost.
    apart: u32,
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
    /// Requests and answers that came through since the last that was lost.
    came_through: u32,
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
            came_through: u32::MAX,
        }
    }

    fn happens(&mut self, of: u64, chance: u64) -> bool {
        chance > 0 && self.dice.below(of) < chance
    }

    fn loses(&mut self) -> bool {
        let Weather { lost, apart, .. } = self.weather;
        let loses = self.happens(1_000, lost) && self.came_through >= apart;
        self.came_through = if loses { 0 } else { self.came_through.saturating_add(1) };
        loses
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
        let busy = self.weather.busy;
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
            if upload && self.loses() {
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
        if upload && self.loses() {
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
        let weather = Weather { seed, lost, apart: 0, doubled, delay, cut, busy };
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
        let weather = Weather { seed, lost, apart: 12, doubled: 0, delay: 0, cut: 0, busy: 0 };
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
        let weather = Weather { seed, lost, apart: 0, doubled: 20, delay, cut, busy: 10 };
        let mut storm = storm(Kind::SmpsimBest, 3, weather, Transport::Udp);
        let finish = storm.run();
        prop_assert_eq!(finish, Finish { outcome: Outcome::Confirmed, error: None });
    }
}
