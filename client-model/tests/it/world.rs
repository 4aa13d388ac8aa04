//! A link without a radio and a driver that keeps the machine's bargain.

use crate::server::{Seen, Server};
use client_model::{
    Client, ClientConfig, ClientError, ClientEvent, ClientIn, ClientOut, Finish, Image, Outcome,
    Phase, StrategyKind, Transport,
};
use sha2::{Digest, Sha256};
use sim_core::{Machine, Sdu, Span, Time};
use smp_wire::serial::{Lines, Reassembly, Taken, encode};
use std::collections::BTreeMap;

pub(crate) struct World {
    pub(crate) client: Client,
    pub(crate) server: Server,
    pub(crate) now: Time,
    pub(crate) transport: Transport,
    pub(crate) att_mtu: u16,
    /// From a write to the answer.
    pub(crate) latency: Span,
    /// From the answered reset until the link is found dead.
    pub(crate) link_dies_after: Option<Span>,
    /// From the reset until the device can be heard again.
    pub(crate) boot_takes: Span,
    /// Attempts to connect that fail before one succeeds.
    pub(crate) deaf_attempts: u32,
    /// The service refuses to be listened to, with this ATT error.
    pub(crate) refusal: Option<u8>,
    /// The link goes down at the n-th write.
    pub(crate) cut_at_write: Option<usize>,
    pub(crate) log: Vec<(Time, ClientEvent)>,
    pub(crate) writes: Vec<Sdu>,
    pub(crate) outs: Vec<ClientOut>,
    pub(crate) finished: Option<(Time, Finish)>,
    inputs: BTreeMap<(Time, u64), ClientIn>,
    console: Console,
    count: u64,
    resets: u32,
    heard_from: Time,
}

/// A file of `len` octets and its digests.
pub(crate) fn image(len: usize) -> Image {
    let bytes: Vec<u8> = (0..len).map(|n| (n * 7 + n / 251) as u8).collect();
    let sha256 = Sha256::digest(&bytes).into();
    Image::new(bytes.into(), sha256, [0xbb; 32])
}

pub(crate) fn config(strategy: StrategyKind, len: usize) -> ClientConfig {
    ClientConfig::new(strategy, image(len))
}

/// The receiving end of a serial console.
struct Console {
    lines: Lines,
    frame: Reassembly,
}

impl Console {
    fn new() -> Self {
        Self { lines: Lines::default(), frame: Reassembly::new(usize::from(u16::MAX)) }
    }

    /// The frame that these octets complete.
    fn take(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut whole = None;
        for &octet in bytes {
            let Some(line) = self.lines.take(octet) else { continue };
            if matches!(self.frame.take(line), Taken::Whole) {
                whole = Some(self.frame.replace(Vec::new()));
            }
        }
        whole
    }
}

impl World {
    pub(crate) fn new(config: ClientConfig) -> Self {
        let hash = config.image.tlv_sha256;
        Self::with_client(Client::new(config), hash)
    }

    pub(crate) fn with_client(client: Client, hash: [u8; 32]) -> Self {
        Self {
            client,
            server: Server::new(hash),
            now: Time::ZERO,
            transport: Transport::Ble,
            att_mtu: 247,
            latency: Span::from_ms(30),
            link_dies_after: Some(Span::from_ms(4_250)),
            boot_takes: Span::from_s(10),
            deaf_attempts: 0,
            refusal: None,
            cut_at_write: None,
            log: Vec::new(),
            writes: Vec::new(),
            outs: Vec::new(),
            finished: None,
            inputs: BTreeMap::new(),
            console: Console::new(),
            count: 0,
            resets: 0,
            heard_from: Time::ZERO,
        }
    }

    /// Runs the update to its end, or until nothing can happen any more.
    pub(crate) fn run(&mut self) -> Option<Finish> {
        self.input_after(Span::ZERO, ClientIn::Start);
        self.proceed();
        self.finished.map(|(_, finish)| finish)
    }

    fn proceed(&mut self) {
        for _ in 0..1_000_000 {
            let input = self.inputs.keys().next().copied();
            let due = self.client.deadline();
            match (input, due) {
                (Some(key), due) if due.is_none_or(|due| key.0 <= due) => {
                    self.now = key.0;
                    let input = self.inputs.remove(&key).expect("it was just seen");
                    self.client.handle(self.now, input, ());
                }
                (_, Some(due)) => {
                    self.now = due;
                    self.client.on_deadline(due, ());
                }
                (_, None) => return,
            }
            while let Some(out) = self.client.poll() {
                self.take(&out);
                self.outs.push(out);
            }
        }
        panic!("the update does not end");
    }

    pub(crate) fn input_after(&mut self, pause: Span, input: ClientIn) {
        self.count += 1;
        self.inputs.insert((self.now + pause, self.count), input);
    }

    fn take(&mut self, out: &ClientOut) {
        assert!(self.finished.is_none(), "{out:?} after the end");
        match out {
            ClientOut::Connect { timeout } => {
                let heard = self.now.max(self.heard_from) + Span::from_ms(10);
                if self.deaf_attempts > 0 || heard > self.now + *timeout {
                    self.deaf_attempts = self.deaf_attempts.saturating_sub(1);
                    self.input_after(*timeout, ClientIn::ConnectFailed);
                } else {
                    self.input_after(heard.since(self.now), ClientIn::Connected);
                }
            }
            ClientOut::Discover => {
                let (transport, att_mtu) = (self.transport, self.att_mtu);
                let answer = match self.refusal {
                    Some(code) => ClientIn::Refused { code },
                    None => ClientIn::Ready { transport, att_mtu },
                };
                self.input_after(Span::from_ms(50), answer);
            }
            ClientOut::Write(sdu) => self.write(sdu),
            ClientOut::Disconnect => {
                self.input_after(Span::from_ms(1), ClientIn::Lost { reason: 0x16 });
            }
            ClientOut::SetParams(_) => {}
            ClientOut::Finished(finish) => self.finished = Some((self.now, *finish)),
            ClientOut::Trace(event) => self.log.push((self.now, *event)),
        }
    }

    fn write(&mut self, sdu: &Sdu) {
        assert!(sdu.bytes.len() + 3 <= usize::from(self.att_mtu), "a write beyond the ATT MTU");
        self.writes.push(sdu.clone());
        if self.cut_at_write == Some(self.writes.len()) {
            self.inputs.clear();
            self.input_after(Span::from_ms(500), ClientIn::Lost { reason: 0x08 });
            return;
        }
        let serial = self.transport == Transport::Serial;
        let bytes = sdu.bytes.clone();
        let frame = if serial { self.console.take(&bytes) } else { Some(bytes) };
        let mut answer = frame.and_then(|frame| self.server.write(frame)).unwrap_or_default();
        if serial {
            let frame = std::mem::take(&mut answer);
            encode(&frame, &mut answer);
        }
        for part in answer.chunks(usize::from(self.att_mtu) - 3) {
            let part = Sdu { tag: sdu.tag, bytes: part.to_vec() };
            self.input_after(self.latency, ClientIn::Received(part));
        }
        if self.server.resets > self.resets {
            self.resets = self.server.resets;
            self.server.boot();
            self.heard_from = self.now + self.boot_takes;
            if let Some(pause) = self.link_dies_after {
                self.input_after(pause, ClientIn::Lost { reason: 0x08 });
            }
        }
    }

    pub(crate) fn phases(&self) -> Vec<Phase> {
        let phase = |&(_, event): &(Time, ClientEvent)| match event {
            ClientEvent::Phase { phase } => Some(phase),
            _ => None,
        };
        self.log.iter().filter_map(phase).collect()
    }

    /// When a phase began for the n-th time.
    pub(crate) fn phase_at(&self, wanted: Phase, nth: usize) -> Time {
        let begins = ClientEvent::Phase { phase: wanted };
        self.log.iter().filter(|(_, event)| *event == begins).nth(nth).expect("the phase").0
    }

    pub(crate) fn events(&self, is: impl Fn(&ClientEvent) -> bool) -> usize {
        self.log.iter().filter(|(_, event)| is(event)).count()
    }

    pub(crate) fn chunks(&self) -> impl Iterator<Item = &Seen> {
        self.server.seen.iter().filter(|seen| seen.chunk().is_some())
    }

    /// Runs to the end, which must be this error.
    #[track_caller]
    pub(crate) fn fails_with(&mut self, error: ClientError) {
        let finish = self.run();
        assert_eq!(finish, Some(Finish { outcome: Outcome::Failed, error: Some(error) }));
    }

    /// Runs to the end, which must be this outcome.
    #[track_caller]
    pub(crate) fn ends(&mut self, outcome: Outcome) {
        assert_eq!(self.run(), Some(Finish { outcome, error: None }));
    }
}
