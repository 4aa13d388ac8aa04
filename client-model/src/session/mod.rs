//! The session: from the start of the update to its end, around the strategy's upload.
//!
//! `link` connects, reconnects and waits for resets; `steps` carries out the plan command by
//! command; `upload` lets the strategy speak, `uplink` holds it back while octets are missing;
//! `plan` holds what each client's flow finds there is to do; `requests` numbers, splits, merges and
//! times what goes over the wire; `console` makes lines of frames where the link is a serial one.

pub(crate) mod console;
mod images;
mod link;
mod plan;
mod probe;
mod requests;
mod steps;
mod uplink;
mod upload;

use crate::ClientOut;
use crate::config::ClientConfig;
use crate::error::{ClientError, Finish, Outcome};
use crate::event::{ClientEvent, Phase};
use crate::strategy::{Answer, Habits, Limits, Strategy};
use crate::uplink::Uplink;
use console::Console;
use images::Images;
use plan::{Rules, Step, Task};
use requests::{Asked, Merged, Requests};
use sim_core::{Sdu, Span, Time};
use smp_wire::errors::ErrorBody;
use smp_wire::header::{HEADER_LEN, Header};
use std::collections::VecDeque;

/// What a session is doing, apart from the phase it is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Idle,
    /// A gateway waits for the begin of the image.
    AwaitingHost,
    Connecting {
        retries_left: u8,
    },
    RetryPause {
        retries_left: u8,
        until: Time,
    },
    DiscoveryDelay {
        retries_left: u8,
        until: Time,
    },
    Discovering {
        retries_left: u8,
    },
    /// A step is being carried out.
    Working,
    /// The reset was asked for.
    AwaitingDisconnect {
        until: Time,
    },
    AwaitingSwap {
        until: Time,
    },
    Done,
}

#[derive(Clone, Debug)]
pub(crate) struct Session {
    config: ClientConfig,
    habits: Habits,
    strategy: Box<dyn Strategy>,
    requests: Requests,
    out: VecDeque<ClientOut>,
    state: State,
    phase: Phase,
    step: Step,
    plan: VecDeque<Step>,
    rules: &'static dyn Rules,
    /// Attempts at the current step's command that were not answered in time.
    unanswered: u8,
    /// The number under which the current step's command is sent again.
    repeat_seq: Option<u8>,
    limits: Limits,
    link_up: bool,
    /// A connection was ready once: the next one is a reconnection.
    was_ready: bool,
    /// What the update is about.
    task: Task,
    /// The other images, of an update with several.
    images: Option<Box<Images>>,
    /// How the update ends if all that is left to do succeeds.
    reached: Outcome,
    /// Attempts to free the target slot.
    slot_freed: u8,
    reset_answered: Option<Time>,
    /// Until when a swap may take, of a client that connects all the same.
    swap_until: Option<Time>,
    /// What was done again after a lost link.
    redone: u8,
    /// What frames a link of this ATT MTU was found to take.
    known: Option<Limits>,
    /// The frame that is being tried.
    probe: Option<probe::Probe>,
    /// When the current step's command was sent last.
    asked_at: Time,
    /// From the request for parameters to its answer, on this connection.
    round_trip: Option<Span>,
    /// The reset was refused, which this client does not look at.
    reset_refused: Option<ClientError>,
    /// Upload requests of this upload.
    chunks_sent: u32,
    /// Where a gateway has the image from; `None` when the client has it.
    uplink: Option<Box<Uplink>>,
    /// The open port, when the link is a serial one.
    console: Option<Box<Console>>,
    /// The strategy wants to be asked again at this moment, or the step's pause is over then.
    strategy_timer: Option<Time>,
    /// The upload waits for octets of this chunk, offset and length.
    starved_of: Option<(u32, u32)>,
}

impl Session {
    pub(crate) fn new(config: ClientConfig, strategy: Box<dyn Strategy>) -> Self {
        let habits = strategy.habits();
        let task = Task {
            image: config.image.number,
            hash: config.image.tlv_sha256,
            mode: config.mode,
            erase_settings: config.erase_settings,
            resets_after_upload_only: habits.resets_after_upload_only,
            erases_first: habits.erases_first,
            asks_boot_loader: habits.asks_boot_loader,
            boot_mode: None,
            boot_loader_asked: false,
        };
        let rules = plan::rules(habits.flow);
        let len = config.image.len();
        Self {
            plan: rules.opening(&task).into(),
            task,
            rules,
            images: Images::new(&config.more_images),
            uplink: config.uplink.as_ref().map(|uplink| Box::new(Uplink::new(uplink, len))),
            config,
            habits,
            strategy,
            requests: Requests::default(),
            out: VecDeque::new(),
            state: State::Idle,
            phase: Phase::Connect,
            step: Step::Params,
            unanswered: 0,
            repeat_seq: None,
            limits: Limits::default(),
            link_up: false,
            was_ready: false,
            reached: Outcome::Uploaded,
            slot_freed: 0,
            reset_answered: None,
            swap_until: None,
            redone: 0,
            known: None,
            probe: None,
            asked_at: Time::ZERO,
            round_trip: None,
            reset_refused: None,
            chunks_sent: 0,
            console: None,
            strategy_timer: None,
            starved_of: None,
        }
    }

    #[inline]
    pub(crate) fn deadline(&self) -> Option<Time> {
        let timer = match self.state {
            State::RetryPause { until, .. }
            | State::DiscoveryDelay { until, .. }
            | State::AwaitingDisconnect { until }
            | State::AwaitingSwap { until } => until,
            _ => Time::MAX,
        };
        // Asked after every message: plain comparisons are shorter than a chain of options.
        let due = timer.min(self.requests.deadline()).min(self.strategy_timer.unwrap_or(Time::MAX));
        let due = (due < Time::MAX).then_some(due);
        if self.uplink.is_none() && self.console.is_none() {
            return due;
        }
        let uplink = self.uplink.as_ref().and_then(|uplink| uplink.deadline());
        let console = self.console.as_ref().and_then(|console| console.deadline());
        due.into_iter().chain(uplink).chain(console).min()
    }

    pub(crate) fn on_deadline(&mut self, now: Time) {
        while let Some(overdue) = self.requests.take_overdue(now) {
            self.trace(ClientEvent::Timeout { tag: overdue.tag });
            let result = match overdue.asked {
                Asked::Chunk(sent) => self.chunk_timed_out(now, &sent),
                Asked::Command => self.command_timed_out(now, overdue.seq),
            };
            self.settle(result);
        }
        self.serve_timer(now);
        if self.strategy_timer.is_some_and(|due| due <= now) {
            let result = self.strategy_due(now);
            self.settle(result);
        }
        if self.uplink.is_some() {
            self.serve_uplink(now);
        }
        if let Some(console) = &mut self.console {
            console.on_deadline(now, &mut self.out);
        }
    }

    /// What was said and nobody has taken yet, the oldest first.
    pub(crate) fn said(&mut self) -> &mut VecDeque<ClientOut> {
        &mut self.out
    }

    pub(crate) fn recycle(&mut self, buffer: Vec<u8>) {
        self.requests.give(buffer);
    }

    /// A notification came.
    pub(crate) fn received(&mut self, now: Time, sdu: Sdu) {
        match self.state {
            State::Working | State::AwaitingDisconnect { .. } => {}
            State::Done => return,
            _ => {
                self.trace(ClientEvent::Stale { tag: sdu.tag });
                return self.requests.give(sdu.bytes);
            }
        }
        if self.console.is_some() {
            return self.lines_received(now, sdu);
        }
        self.notified(now, sdu);
    }

    #[expect(clippy::inline_always, reason = "measured: called from two places, it is not in line")]
    #[inline(always)]
    fn notified(&mut self, now: Time, sdu: Sdu) {
        match self.requests.merge(sdu) {
            Merged::Partial => {}
            Merged::Dropped { tag } => self.trace(ClientEvent::Stale { tag }),
            Merged::Frame { tag, frame } => {
                self.frame_received(now, tag, &frame);
                self.requests.give(frame);
            }
        }
    }

    fn frame_received(&mut self, now: Time, tag: u32, frame: &[u8]) {
        let header = Header::parse(frame).expect("a merged frame begins with a header");
        let Some(request) = self.requests.take(header.seq, self.habits.seq) else {
            self.trace(ClientEvent::Stale { tag });
            let result = self.stray(now, header);
            return self.settle(result);
        };
        let answer = Answer::new(header, &frame[HEADER_LEN..]);
        let (rc, group) = match answer.error {
            None => (0, None),
            Some(ErrorBody::Rc(rc)) => (rc, None),
            Some(ErrorBody::Group { group, rc }) => (rc.into(), Some(group)),
        };
        let len = frame.len().min(u16::MAX.into()) as u16;
        self.trace(ClientEvent::Answer { tag: request.tag, rc, group, len });
        let result = match request.asked {
            Asked::Chunk(sent) => self.chunk_answered(now, &sent, &answer),
            Asked::Command => self.command_answered(now, &answer),
        };
        self.settle(result);
    }

    /// Ends the update if something went wrong.
    fn settle(&mut self, result: Result<(), ClientError>) {
        if let Err(error) = result {
            self.finish(Finish { outcome: error.outcome(), error: Some(error) });
        }
    }

    fn finish(&mut self, finish: Finish) {
        self.give_up_requests();
        self.strategy_timer = None;
        self.enter(Phase::Done);
        let Finish { outcome, error } = finish;
        self.trace(ClientEvent::Finish { outcome, error });
        if self.link_up {
            self.out.push_back(ClientOut::Disconnect);
        }
        self.state = State::Done;
        self.uplink = None;
        self.out.push_back(ClientOut::Finished(finish));
    }

    fn give_up_requests(&mut self) {
        while let Some(request) = self.requests.take_oldest() {
            self.trace(ClientEvent::GiveUp { tag: request.tag });
        }
    }

    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.trace(ClientEvent::Phase { phase });
    }

    fn trace(&mut self, event: ClientEvent) {
        self.out.push_back(ClientOut::Trace(event));
    }
}
