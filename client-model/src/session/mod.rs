//! The session: from the start of the update to its end, around the strategy's upload.
//!
//! `link` connects, reconnects and waits for resets; `steps` carries out the plan command by
//! command; `upload` lets the strategy speak, `uplink` holds it back while octets are missing;
//! `plan` decides from the image list what there is to do; `requests` numbers, splits, merges and
//! times what goes over the wire.

mod link;
mod plan;
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
use plan::{Step, Task};
use requests::{Asked, Merged, Requests};
use sim_core::{Sdu, Time};
use smp_wire::errors::ErrorBody;
use smp_wire::header::HEADER_LEN;
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
    limits: Limits,
    link_up: bool,
    /// A connection was ready once: the next one is a reconnection.
    was_ready: bool,
    /// What the update is about.
    task: Task,
    /// How the update ends if all that is left to do succeeds.
    reached: Outcome,
    resets_before_upload: u8,
    reset_answered: Option<Time>,
    /// The reset was refused, which this client does not look at.
    reset_refused: Option<ClientError>,
    /// Upload requests of this upload.
    chunks_sent: u32,
    /// Where a gateway has the image from; `None` when the client has it.
    uplink: Option<Box<Uplink>>,
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
        };
        let len = config.image.len();
        Self {
            plan: plan::opening(habits.order, &task).into(),
            task,
            uplink: config.uplink.as_ref().map(|uplink| Box::new(Uplink::new(uplink, len))),
            config,
            habits,
            strategy,
            requests: Requests::default(),
            out: VecDeque::new(),
            state: State::Idle,
            phase: Phase::Connect,
            step: Step::Params,
            limits: Limits::default(),
            link_up: false,
            was_ready: false,
            reached: Outcome::Uploaded,
            resets_before_upload: 0,
            reset_answered: None,
            reset_refused: None,
            chunks_sent: 0,
            starved_of: None,
        }
    }

    pub(crate) fn deadline(&self) -> Option<Time> {
        let timer = match self.state {
            State::RetryPause { until, .. }
            | State::DiscoveryDelay { until, .. }
            | State::AwaitingDisconnect { until }
            | State::AwaitingSwap { until } => Some(until),
            _ => None,
        };
        let due = timer.into_iter().chain(self.requests.deadline()).min();
        match &self.uplink {
            None => due,
            Some(uplink) => due.into_iter().chain(uplink.deadline()).min(),
        }
    }

    pub(crate) fn on_deadline(&mut self, now: Time) {
        while let Some(overdue) = self.requests.take_overdue(now) {
            self.trace(ClientEvent::Timeout { tag: overdue.tag });
            let result = match overdue.asked {
                Asked::Chunk(sent) => self.chunk_timed_out(now, &sent),
                Asked::Command => self.command_timed_out(now),
            };
            self.settle(result);
        }
        self.serve_timer(now);
        if self.uplink.is_some() {
            self.serve_uplink(now);
        }
    }

    pub(crate) fn poll(&mut self) -> Option<ClientOut> {
        self.out.pop_front()
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
        match self.requests.merge(sdu) {
            Merged::Partial => {}
            Merged::Dropped { tag } => self.trace(ClientEvent::Stale { tag }),
            Merged::Frame { tag, seq, frame } => {
                self.frame_received(now, tag, seq, &frame);
                self.requests.give(frame);
            }
        }
    }

    fn frame_received(&mut self, now: Time, tag: u32, seq: u8, frame: &[u8]) {
        let Some(request) = self.requests.take(seq, self.habits.seq) else {
            self.trace(ClientEvent::Stale { tag });
            return;
        };
        let answer = Answer::new(&frame[HEADER_LEN..]);
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
