//! Connecting, discovery, loss of the link, and the reset, which ends one connection and calls for
//! the next.

use super::{Session, State};
use crate::ClientOut;
use crate::error::{ClientError, Finish};
use crate::event::Phase;
use crate::fit::ATT_HEADER;
use crate::session::plan::{Purpose, Step};
use crate::strategy::{AfterReset, AskParams, Limits, Transport};
use sim_core::{Span, Time};

/// How long a client waits for the link to go down after it asked for the reset. Phones wait for
/// ever; this is longer than the longest supervision timeout (32 s, Core Specification Vol 4
/// Part E 7.8.12) and a reset delay of a minute together.
const DISCONNECT_TIMEOUT: Span = Span::from_s(120);
/// A device is first asked so long after it answered the reset (model choice: Zephyr's server resets
/// 250 ms after its answer, `CONFIG_MCUMGR_GRP_OS_RESET_MS`).
const GOING_DOWN: Span = Span::from_s(1);

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
            // An attempt that began while the swap could still go on is none to be counted.
            let timeout = self.config.connect_timeout;
            let early = self.swap_until.is_some_and(|until| now < until + timeout);
            let retries_left = if early { attempts } else { retries_left };
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

    pub(crate) fn ready(&mut self, now: Time, transport: Transport, att_mtu: u16) {
        if !matches!(self.state, State::Discovering { .. }) {
            return;
        }
        self.was_ready = true;
        self.habits = self.strategy.habits_over(transport);
        let att_mtu = self.open_console(transport).unwrap_or(att_mtu);
        let max_packet = self.config.longest_frame(att_mtu.saturating_sub(ATT_HEADER));
        self.limits = Limits { transport, att_mtu, max_packet, buf_count: None };
        self.round_trip = None;
        self.requests.reconnect(self.habits.seq);
        self.state = State::Working;
        let known = self.habits.probes_frames && self.take_known_limits();
        if self.habits.probes_frames && !known {
            self.plan.push_front(Step::Probe);
        }
        if self.habits.params != AskParams::Never && !known {
            self.plan.push_front(Step::Params);
        }
        let result = self.next_step(now);
        self.settle(result);
    }

    /// The service demands more security than the link has. Phones would now pair by themselves,
    /// which is not modelled.
    #[cold]
    pub(crate) fn refused(&mut self, code: u8) {
        if matches!(self.state, State::Discovering { .. }) {
            self.settle(Err(ClientError::InsufficientAuthentication { code }));
        }
    }

    pub(crate) fn lost(&mut self, now: Time, reason: u8) {
        self.link_up = false;
        self.console = None;
        self.give_up_requests();
        self.strategy_timer = None;
        self.starved_of = None;
        let phase = self.phase;
        let error = ClientError::LinkLost { phase, reason };
        let resumes = self.resumes_upload(now);
        match self.state {
            State::Connecting { retries_left }
            | State::DiscoveryDelay { retries_left, .. }
            | State::Discovering { retries_left } => self.retry(now, retries_left, error),
            State::AwaitingDisconnect { .. }
                if self.rules.needs_reset_answer() && self.reset_answered.is_none() =>
            {
                self.settle(Err(error));
            }
            State::AwaitingDisconnect { .. } => self.await_swap(now),
            State::Working if resumes => {
                self.plan.push_front(Step::ResumeUpload);
                self.begin_connecting();
            }
            State::Working => {
                if self.may_redo() {
                    self.redo_command();
                } else {
                    self.settle(Err(error));
                }
            }
            State::Idle
            | State::AwaitingHost
            | State::RetryPause { .. }
            | State::AwaitingSwap { .. }
            | State::Done => {}
        }
    }

    /// Whether one thing more may be done again; counts it.
    pub(super) fn may_redo(&mut self) -> bool {
        let may = self.redone < self.habits.redoes_commands;
        self.redone += u8::from(may);
        may
    }

    /// Connects again for the command that the lost link left unanswered. Parameters and probes
    /// come with each connection anyway, and an erase that was asked for goes on without a link.
    #[cold]
    fn redo_command(&mut self) {
        if !matches!(self.step, Step::Params | Step::Probe | Step::EraseSlot) {
            self.plan.push_front(self.step);
        }
        self.begin_connecting();
    }

    /// The reset was sent: only the end of the link completes it.
    pub(super) fn await_disconnect(&mut self, now: Time) {
        self.reset_answered = None;
        self.reset_refused = None;
        self.state = State::AwaitingDisconnect { until: now + DISCONNECT_TIMEOUT };
    }

    /// The reset was answered, or will not be. Only a radio link goes down with the device; a socket
    /// or a port the client closes itself.
    pub(super) fn reset_settled(&mut self) {
        let goes_down = self.limits.transport == Transport::Ble;
        if self.habits.after_reset == AfterReset::Disconnect || !goes_down {
            self.out.push_back(ClientOut::Disconnect);
        }
    }

    /// The estimated time of the swap runs from the answer to the reset; without an answer, from
    /// now (Android `Reset.onDisconnected`).
    fn await_swap(&mut self, now: Time) {
        self.enter(Phase::Wait);
        let from = self.reset_answered.unwrap_or(now);
        let waits = self.rules.waits_for_swap(&self.task, self.all_is_done());
        let swap = if waits { self.config.estimated_swap } else { Span::ZERO };
        let until = now.max(from + swap);
        let soon = if self.habits.reconnects_at_once { self.listens_from(now) } else { None };
        self.swap_until = soon.map(|_| until);
        let until = soon.map_or(until, |soon| soon.min(until));
        self.state = State::AwaitingSwap { until };
        self.serve_timer(now);
    }

    /// From when on the device may be looked for although it may still swap. Over the radio
    /// connecting waits for it. Over UDP it is asked again and again, and nobody tells when it goes
    /// down, so what runs there before is not to matter. A serial console may be the boot loader's,
    /// which has to be left in peace.
    fn listens_from(&self, now: Time) -> Option<Time> {
        match self.limits.transport {
            Transport::Ble => (!self.all_is_done()).then_some(now),
            Transport::Udp => {
                let looks = self.plan.front() == Some(&Step::List(Purpose::AfterReset));
                looks.then_some(now + GOING_DOWN)
            }
            Transport::Serial => None,
        }
    }

    /// Whether the device is asked while it may still swap, so that silence means nothing.
    pub(super) fn polls(&self, now: Time) -> bool {
        self.limits.transport == Transport::Udp && self.swap_until.is_some_and(|until| now < until)
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
                if self.all_is_done() {
                    self.finish(Finish { outcome: self.reached, error: None });
                } else {
                    self.begin_connecting();
                }
            }
            _ => {}
        }
    }
}
