//! Connecting, discovery, loss of the link, and the reset, which ends one connection and calls for
//! the next.

use super::{Session, State};
use crate::ClientOut;
use crate::error::{ClientError, Finish};
use crate::event::Phase;
use crate::fit::ATT_HEADER;
use crate::session::plan::Step;
use crate::strategy::{AfterReset, Limits};
use sim_core::{Span, Time};

/// How long a client waits for the link to go down after it asked for the reset. Phones wait for
/// ever; this is longer than the longest supervision timeout (32 s, Core Specification Vol 4
/// Part E 7.8.12) and a reset delay of a minute together.
const DISCONNECT_TIMEOUT: Span = Span::from_s(120);

impl Session {
    pub(crate) fn start(&mut self, now: Time) {
        match (self.state, &self.uplink) {
            (State::Idle, None) => self.begin_connecting(),
            (State::Idle, Some(_)) => self.await_host(now),
            _ => {}
        }
    }

    pub(super) fn begin_connecting(&mut self) {
        let retries_left = self.config.connect_retries;
        self.connect(retries_left);
    }

    fn connect(&mut self, retries_left: u8) {
        self.enter(if self.was_ready { Phase::Reconnect } else { Phase::Connect });
        self.state = State::Connecting { retries_left };
        self.out.push_back(ClientOut::Connect { timeout: self.config.connect_timeout });
    }

    pub(crate) fn connect_failed(&mut self, now: Time) {
        if let State::Connecting { retries_left } = self.state {
            let attempts = self.config.connect_retries.saturating_add(1);
            self.retry(now, retries_left, ClientError::ConnectTimeout { attempts });
        }
    }

    fn retry(&mut self, now: Time, retries_left: u8, error: ClientError) {
        if let Some(retries_left) = retries_left.checked_sub(1) {
            let until = now + self.config.connect_retry_pause;
            self.state = State::RetryPause { retries_left, until };
        } else {
            self.settle(Err(error));
        }
    }

    pub(crate) fn connected(&mut self, now: Time) {
        if let State::Connecting { retries_left } = self.state {
            self.link_up = true;
            self.enter(Phase::Discover);
            let until = now + self.config.discovery_delay;
            self.state = State::DiscoveryDelay { retries_left, until };
            self.serve_timer(now);
        }
    }

    pub(crate) fn ready(&mut self, now: Time, att_mtu: u16) {
        if !matches!(self.state, State::Discovering { .. }) {
            return;
        }
        self.was_ready = true;
        let max_packet = att_mtu.saturating_sub(ATT_HEADER);
        self.limits = Limits { att_mtu, max_packet, buf_count: None };
        self.requests.reconnect();
        self.state = State::Working;
        let result = match self.habits.params {
            Some(frame) => self.ask_params(now, frame),
            None => self.next_step(now),
        };
        self.settle(result);
    }

    pub(crate) fn lost(&mut self, now: Time, reason: u8) {
        self.link_up = false;
        self.give_up_requests();
        self.starved_of = None;
        let phase = self.phase;
        let error = ClientError::LinkLost { phase, reason };
        let resumes = self.resumes_upload(now);
        match self.state {
            State::Connecting { retries_left }
            | State::DiscoveryDelay { retries_left, .. }
            | State::Discovering { retries_left } => self.retry(now, retries_left, error),
            State::AwaitingDisconnect { .. } => self.await_swap(now),
            State::Working if resumes => {
                self.plan.push_front(Step::ResumeUpload);
                self.begin_connecting();
            }
            State::Working => self.settle(Err(error)),
            State::Idle
            | State::AwaitingHost
            | State::RetryPause { .. }
            | State::AwaitingSwap { .. }
            | State::Done => {}
        }
    }

    /// The reset was sent: only the end of the link completes it.
    pub(super) fn await_disconnect(&mut self, now: Time) {
        self.reset_answered = None;
        self.reset_refused = None;
        self.state = State::AwaitingDisconnect { until: now + DISCONNECT_TIMEOUT };
    }

    /// The reset was answered, or will not be.
    pub(super) fn reset_settled(&mut self) {
        if self.habits.after_reset == AfterReset::Disconnect {
            self.out.push_back(ClientOut::Disconnect);
        }
    }

    /// The estimated time of the swap runs from the answer to the reset; without an answer, from
    /// now (Android `Reset.onDisconnected`).
    fn await_swap(&mut self, now: Time) {
        self.enter(Phase::Wait);
        let from = self.reset_answered.unwrap_or(now);
        let until = now.max(from + self.config.estimated_swap);
        self.state = State::AwaitingSwap { until };
        self.serve_timer(now);
    }

    /// Goes on if the state's timer is due.
    pub(super) fn serve_timer(&mut self, now: Time) {
        match self.state {
            State::RetryPause { retries_left, until } if until <= now => {
                self.connect(retries_left);
            }
            State::DiscoveryDelay { retries_left, until } if until <= now => {
                self.state = State::Discovering { retries_left };
                self.out.push_back(ClientOut::Discover);
            }
            State::AwaitingDisconnect { until } if until <= now => {
                let error = self.reset_refused.unwrap_or(ClientError::NoDisconnect);
                self.settle(Err(error));
            }
            State::AwaitingSwap { until } if until <= now => {
                if self.plan.is_empty() {
                    self.finish(Finish { outcome: self.reached, error: None });
                } else {
                    self.begin_connecting();
                }
            }
            _ => {}
        }
    }
}
