//! Servers of other protocols: what they answer, write and mark.

mod any_values;
mod oad;
mod own_protocol;
mod secure_dfu;

use flash_model::{
    BootMode, Device, FlashIn, FlashOut, FlashView, Part, RadioSync, SwapType, swap_type,
};
use server_model::foreign::{ForeignProtocol, ForeignServer, LOOK, LOOK_LEN};
use server_model::{DropReason, ServerConfig, ServerEvent, ServerIn, ServerOut};
use sim_core::{Machine, Sdu, Span, Time};

/// Server and flash in time, and a client that acknowledges everything at once.
pub(crate) struct World {
    pub(crate) server: ForeignServer,
    pub(crate) flash: Device,
    pub(crate) config: ServerConfig,
    pub(crate) now: Time,
    pub(crate) answers: Vec<Vec<u8>>,
    pub(crate) events: Vec<(Time, ServerEvent)>,
    pub(crate) resets: Vec<Time>,
    tag: u32,
}

impl World {
    /// On a slot 1 that holds something.
    pub(crate) fn new(protocol: ForeignProtocol) -> Self {
        let config = ServerConfig::default();
        let mut flash = Device::new(Part::nrf52840(), RadioSync::None);
        let slot = config.layout.secondary();
        flash.load(slot.start, &vec![0x5a; slot.len as usize]);
        let mut world = Self {
            server: ForeignServer::new(&config, protocol),
            flash,
            config,
            now: Time::ZERO,
            answers: Vec::new(),
            events: Vec::new(),
            resets: Vec::new(),
            tag: 0,
        };
        world.start(247);
        world
    }

    /// The application runs, and a client listens.
    pub(crate) fn start(&mut self, att_mtu: u16) {
        self.input(ServerIn::Start);
        self.input(ServerIn::Subscribed { att_mtu });
    }

    pub(crate) fn input(&mut self, input: ServerIn) {
        self.server.handle(self.now, input, &self.flash);
        self.carry_out();
    }

    /// One write; nothing else happens yet.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.tag += 1;
        self.input(ServerIn::Write(Sdu { tag: self.tag, bytes: bytes.to_vec() }));
    }

    pub(crate) fn advance(&mut self, span: Span) {
        let until = self.now + span;
        while let Some(due) = self.due().filter(|&due| due <= until) {
            self.now = due;
            if self.flash.deadline() == Some(due) {
                self.flash.on_deadline(due, ());
            } else {
                self.server.on_deadline(due, &self.flash);
            }
            self.carry_out();
        }
        self.now = until;
    }

    fn due(&self) -> Option<Time> {
        self.server.deadline().into_iter().chain(self.flash.deadline()).min()
    }

    /// What is answered to a value within a second.
    pub(crate) fn ask(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        self.ask_for(bytes, Span::from_s(1))
    }

    pub(crate) fn ask_for(&mut self, bytes: &[u8], span: Span) -> Vec<Vec<u8>> {
        self.write(bytes);
        self.advance(span);
        std::mem::take(&mut self.answers)
    }

    /// The drops so far, with what was dropped.
    pub(crate) fn drops(&self) -> Vec<(u32, DropReason)> {
        let drop = |event: &(Time, ServerEvent)| match event.1 {
            ServerEvent::Drop { tag, reason } => Some((tag, reason)),
            _ => None,
        };
        self.events.iter().filter_map(drop).collect()
    }

    pub(crate) fn erases(&self) -> u32 {
        self.flash.counters().erases
    }

    /// The first octets of slot 1.
    pub(crate) fn slot1(&self, len: u32) -> &[u8] {
        self.flash.bytes(self.config.layout.secondary().start, len)
    }

    pub(crate) fn swap(&self) -> SwapType {
        swap_type(&self.flash, &self.config.layout, BootMode::SwapMove)
    }

    fn carry_out(&mut self) {
        loop {
            if let Some(out) = self.server.poll() {
                self.server_says(out);
            } else if let Some(out) = self.flash.poll() {
                if let FlashOut::Done { data } = out {
                    self.server.handle(self.now, ServerIn::FlashDone { data }, &self.flash);
                }
            } else {
                return;
            }
        }
    }

    fn server_says(&mut self, out: ServerOut) {
        match out {
            ServerOut::Notify(Sdu { tag, bytes }) => {
                assert!(bytes.len() <= 20, "an answer fits the smallest notification");
                self.answers.push(bytes);
                self.server.handle(self.now, ServerIn::Notified { tag }, &self.flash);
            }
            ServerOut::Flash(op) => self.flash.handle(self.now, FlashIn::Start(op), ()),
            ServerOut::Reset => self.resets.push(self.now),
            ServerOut::Trace(event) => self.events.push((self.now, event)),
            other => panic!("{other:?} from a server that has only one link"),
        }
    }
}

/// Octets that look like an image.
pub(crate) fn image(len: usize) -> Vec<u8> {
    (0..len).map(|n| (n * 7 + n / 251) as u8).collect()
}

#[test]
fn the_look_tells_the_header_of_what_runs_and_that_it_stays() {
    let mut world = World::new(ForeignProtocol::Oad);
    let header = image(32);
    world.flash.load(world.config.layout.primary().start, &header);
    let answers = world.ask(&[LOOK]);
    assert_eq!(answers.len(), 1);
    assert_eq!(answers[0].len(), LOOK_LEN);
    assert_eq!(answers[0][..2], [LOOK, 1]);
    assert_eq!(answers[0][2..], header[12..28]);
}

#[test]
fn nothing_is_heard_before_the_application_runs_nor_answered_when_nobody_listens() {
    let mut world = World::new(ForeignProtocol::Oad);
    world.input(ServerIn::Unsubscribed);
    assert!(world.ask(&[LOOK]).is_empty());
    assert_eq!(world.drops(), [(1, DropReason::Unreachable)]);

    let config = ServerConfig::default();
    let mut server = ForeignServer::new(&config, ForeignProtocol::Oad);
    let flash = Device::new(Part::nrf52840(), RadioSync::None);
    server.handle(Time::ZERO, ServerIn::Write(Sdu { tag: 1, bytes: vec![LOOK] }), &flash);
    let drop = ServerEvent::Drop { tag: 1, reason: DropReason::NotRunning };
    assert_eq!(server.poll(), Some(ServerOut::Trace(drop)));
    assert_eq!((server.poll(), server.deadline()), (None, None));
}
