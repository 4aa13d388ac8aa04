//! The plan, carried out command by command.

use super::plan::{Purpose, Step, Trouble, Verdict};
use super::requests::{Asked, Outgoing, Seq};
use super::{Session, State};
use crate::error::ClientError;
use crate::event::Phase;
use crate::fit::ATT_HEADER;
use crate::strategy::{Answer, AskParams, EmptyBody, Limits, Oversize, Retry, Transport};
use sim_core::{Span, Time};
use smp_wire::cbor::empty_map;
use smp_wire::errors::ErrorBody;
use smp_wire::group;
use smp_wire::header::{HEADER_LEN, OP_READ, OP_WRITE};
use smp_wire::image::{SlotState, StateRequest, decode_state};
use smp_wire::os::{BootloaderRequest, BootloaderResponse, ParamsResponse};

/// An answer to the request for parameters that is not longer than this is an error
/// (Android `McuMgrBleTransport.initialize`).
const PARAMS_ERROR_MAX: usize = 14;

/// The slot may have to be freed twice: a pending image is first tried, then reverted (Android
/// `Validate.validate`) or confirmed (iOS `listConfirm`). The libraries would go on for ever.
const FREE_SLOT_MAX: u8 = 2;

/// A device that may still be swapping is asked as often as this (model choice).
const POLL: Span = Span::from_s(1);

impl Session {
    /// Begins the next step of the plan, or ends the update.
    pub(super) fn next_step(&mut self, now: Time) -> Result<(), ClientError> {
        let Some(step) = self.plan.pop_front() else {
            return self.turn_to_next_image(now);
        };
        if self.images.is_some() && self.parks_before(step) {
            return self.turn_to_next_image(now);
        }
        self.step = step;
        self.unanswered = 0;
        self.repeat_seq = None;
        match step {
            Step::Upload => return self.begin_upload(now),
            Step::ResumeUpload => return self.resume_upload(now),
            Step::Pause(pause) => {
                self.strategy_timer = Some(now + pause);
                return Ok(());
            }
            Step::Params => self.enter(Phase::Params),
            Step::Probe => return self.begin_probing(now),
            Step::BootName | Step::BootMode if self.phase == Phase::BootLoader => {}
            Step::BootName | Step::BootMode => self.enter(Phase::BootLoader),
            Step::List(_) => self.enter(Phase::List),
            Step::EraseSlot => self.enter(Phase::EraseSlot),
            Step::EraseSettings => self.enter(Phase::EraseSettings),
            Step::Test => self.enter(Phase::Test),
            Step::Confirm | Step::ConfirmOther(_) => self.enter(Phase::Confirm),
            Step::Reset => {
                self.enter(Phase::Reset);
                self.await_disconnect(now);
            }
        }
        self.issue(now)
    }

    /// Sends the current step's command, perhaps again.
    pub(super) fn issue(&mut self, now: Time) -> Result<(), ClientError> {
        let hash = self.task.hash;
        match self.step {
            Step::Params => self.ask_params(now),
            Step::BootName => self.ask_boot_loader(now, None),
            Step::BootMode => self.ask_boot_loader(now, Some(b"mode")),
            Step::Test => self.write_state(now, hash, false),
            Step::Confirm => self.write_state(now, hash, true),
            Step::ConfirmOther(hash) => self.write_state(now, hash, true),
            Step::List(_) => self.command(now, OP_READ, group::IMAGE, group::image::STATE),
            Step::EraseSlot => self.command(now, OP_WRITE, group::IMAGE, group::image::ERASE),
            Step::EraseSettings => {
                let id = group::zephyr_basic::ERASE_STORAGE;
                self.command(now, OP_WRITE, group::ZEPHYR_BASIC, id)
            }
            Step::Reset => self.command(now, OP_WRITE, group::OS, group::os::RESET),
            Step::Probe => self.send_probe(now),
            Step::Pause(_) | Step::Upload | Step::ResumeUpload => Ok(()),
        }
    }

    /// How long the answer to the current step's command is waited for.
    fn timeout(&self) -> Option<Span> {
        let timeouts = self.habits.timeouts;
        match self.step {
            Step::Params => timeouts.params,
            Step::Probe => Some(self.probe_timeout()),
            Step::BootName | Step::BootMode => timeouts.boot,
            Step::List(_) => timeouts.list,
            Step::Test | Step::Confirm | Step::ConfirmOther(_) => timeouts.state,
            Step::EraseSlot | Step::EraseSettings => timeouts.erase,
            Step::Reset => timeouts.reset,
            Step::Pause(_) | Step::Upload | Step::ResumeUpload => None,
        }
    }

    /// Asks for the server's buffers, by the client's hard-coded frame if it has one.
    fn ask_params(&mut self, now: Time) -> Result<(), ClientError> {
        let AskParams::Frame(octets) = self.habits.params else {
            return self.command(now, OP_READ, group::OS, group::os::PARAMS);
        };
        let frame = self.requests.open_with(octets);
        self.send_command(now, frame, Seq::InFrame)
    }

    fn ask_boot_loader(&mut self, now: Time, query: Option<&[u8]>) -> Result<(), ClientError> {
        self.task.boot_loader_asked = true;
        let (group, id) = (group::OS, group::os::BOOTLOADER_INFO);
        let mut frame = self.requests.open(&self.habits, OP_READ, group, id);
        BootloaderRequest { query }.emit(&mut frame, self.habits.map_form);
        self.send_command(now, frame, Seq::Next)
    }

    /// Sends a command without parameters.
    fn command(&mut self, now: Time, op: u8, group: u16, id: u8) -> Result<(), ClientError> {
        let mut frame = self.requests.open(&self.habits, op, group, id);
        if self.habits.empty_body == EmptyBody::Map {
            empty_map(&mut frame, self.habits.map_form);
        }
        self.send_command(now, frame, Seq::Next)
    }

    pub(super) fn send_command(
        &mut self,
        now: Time,
        frame: Vec<u8>,
        seq: Seq,
    ) -> Result<(), ClientError> {
        let seq = match self.repeat_seq {
            Some(number) if seq == Seq::Next => Seq::Given(number),
            _ => seq,
        };
        let timeout = match self.timeout() {
            Some(timeout) if self.polls(now) => Some(timeout.min(POLL)),
            timeout => timeout,
        };
        self.asked_at = now;
        self.send(now, Outgoing { frame, asked: Asked::Command, timeout, seq })
    }

    fn write_state(&mut self, now: Time, hash: [u8; 32], confirm: bool) -> Result<(), ClientError> {
        let (group, id) = (group::IMAGE, group::image::STATE);
        let mut frame = self.requests.open(&self.habits, OP_WRITE, group, id);
        let request = StateRequest { hash: Some(&hash), confirm: Some(confirm) };
        request.emit(&mut frame, self.habits.map_form, self.habits.confirm_first);
        self.send_command(now, frame, Seq::Next)
    }

    /// Sends a frame, unless it is too long.
    pub(super) fn send(&mut self, now: Time, mut outgoing: Outgoing) -> Result<(), ClientError> {
        if let Err(error) = self.check_length(outgoing.frame.len() as u32) {
            self.requests.give(outgoing.frame);
            return Err(error);
        }
        let write_max = match self.limits.transport {
            Transport::Ble => usize::from(self.limits.att_mtu.saturating_sub(ATT_HEADER)),
            // A frame is one datagram, and lines are made of it as a whole.
            Transport::Udp | Transport::Serial => usize::MAX,
        };
        if let (Some(console), Some(timeout)) = (&self.console, &mut outgoing.timeout) {
            *timeout += console.pauses(outgoing.frame.len());
        }
        let rule = self.habits.seq;
        let overwritten = self.requests.send(now, outgoing, rule, write_max, &mut self.out);
        if self.console.is_some() {
            self.write_lines(now);
        }
        match overwritten {
            Some(request) => self.overwritten(now, &request),
            None => Ok(()),
        }
    }

    fn check_length(&self, frame: u32) -> Result<(), ClientError> {
        let Limits { att_mtu, max_packet, .. } = self.limits;
        let write_max = u32::from(att_mtu.saturating_sub(ATT_HEADER));
        match self.habits.oversize {
            Oversize::Split if frame > max_packet.into() => {
                Err(ClientError::InsufficientMtu { frame, max_packet })
            }
            Oversize::Refuse if frame > att_mtu.into() => {
                Err(ClientError::Emsgsize { frame, att_mtu })
            }
            Oversize::Refuse if frame > write_max => Err(ClientError::Enomem { frame, att_mtu }),
            _ => Ok(()),
        }
    }

    /// The current step's command was answered.
    pub(super) fn command_answered(
        &mut self,
        now: Time,
        answer: &Answer<'_>,
    ) -> Result<(), ClientError> {
        let body = answer.body;
        match (self.step, answer.error) {
            (Step::Params, _) => {
                self.round_trip = Some(now.since(self.asked_at));
                self.learn_params(body);
                self.next_step(now)
            }
            (Step::Reset, error) => self.reset_answered(now, error),
            (Step::Probe, error) => self.probe_answered(now, error),
            (_, Some(error)) => {
                let refused = ClientError::refused(self.phase, error);
                self.trouble(now, Trouble::Refused(error), refused)
            }
            (Step::BootName, None) => {
                if self.rules.asks_boot_mode() {
                    self.plan.push_front(Step::BootMode);
                }
                self.next_step(now)
            }
            (Step::BootMode, None) => {
                self.task.boot_mode = BootloaderResponse::decode_mode(body).ok();
                self.next_step(now)
            }
            (Step::List(purpose), None) => self.listed(now, purpose, &self.slots(body)?),
            (Step::ConfirmOther(_), None) => {
                self.free_slot()?;
                self.listed(now, Purpose::Validate, &self.slots(body)?)
            }
            (Step::Test, None) => self.marked(now, false, body),
            (Step::Confirm, None) => self.marked(now, true, body),
            (
                Step::EraseSlot
                | Step::EraseSettings
                | Step::Pause(_)
                | Step::Upload
                | Step::ResumeUpload,
                None,
            ) => self.next_step(now),
        }
    }

    /// The current step's command was of no use: the flow goes on all the same, or the update ends
    /// with this error.
    fn trouble(
        &mut self,
        now: Time,
        trouble: Trouble,
        error: ClientError,
    ) -> Result<(), ClientError> {
        let steps = self.rules.goes_on(&self.task, self.step, trouble).ok_or(error)?;
        for step in steps.into_iter().rev() {
            self.plan.push_front(step);
        }
        self.next_step(now)
    }

    fn marked(&mut self, now: Time, confirm: bool, body: &[u8]) -> Result<(), ClientError> {
        let slots = decode_state(body).ok();
        let reached = self.rules.marked(&self.task, confirm, slots.as_deref())?;
        self.reached = reached.unwrap_or(self.reached);
        self.next_step(now)
    }

    fn slots(&self, body: &[u8]) -> Result<Vec<SlotState>, ClientError> {
        decode_state(body).map_err(|_| ClientError::MalformedAnswer { phase: self.phase })
    }

    fn learn_params(&mut self, body: &[u8]) {
        if HEADER_LEN + body.len() <= PARAMS_ERROR_MAX {
            return;
        }
        if let Ok(params) = ParamsResponse::decode(body) {
            let taken = params.buf_size.min(u16::MAX.into()) as u16;
            self.limits.max_packet = self.config.longest_frame(taken);
            self.limits.buf_count = Some(params.buf_count);
        }
    }

    fn listed(
        &mut self,
        now: Time,
        purpose: Purpose,
        slots: &[SlotState],
    ) -> Result<(), ClientError> {
        if let Some(crash) = overrun(slots, self.config.version_buf) {
            return Err(crash);
        }
        let verdict = match self.rules.listed(&self.task, purpose, slots) {
            // It has not gone down yet.
            Err(ClientError::ImageNotActive { .. } | ClientError::Reverted) if self.polls(now) => {
                self.plan.push_front(self.step);
                self.plan.push_front(Step::Pause(POLL));
                return self.next_step(now);
            }
            // The link went down before the reset arrived. A device that has answered it did reset,
            // and once more would undo a trial boot that its list does not tell.
            Err(ClientError::ImageNotActive { listed: true })
                if self.reset_answered.is_none() && self.may_redo() =>
            {
                self.plan.push_front(self.step);
                self.plan.push_front(Step::Reset);
                return self.next_step(now);
            }
            verdict => verdict?,
        };
        match verdict {
            Verdict::Do(steps, reached) => {
                self.reached = reached;
                self.plan.extend(steps);
            }
            Verdict::Found(hash) => self.task.hash = hash,
            Verdict::ResetFirst => {
                self.free_slot()?;
                self.plan.extend([Step::Reset, Step::List(Purpose::Validate)]);
            }
        }
        self.next_step(now)
    }

    /// One more attempt to free the slot, unless there were enough.
    fn free_slot(&mut self) -> Result<(), ClientError> {
        self.slot_freed += 1;
        if self.slot_freed > FREE_SLOT_MAX { Err(ClientError::SlotInUse) } else { Ok(()) }
    }

    fn reset_answered(&mut self, now: Time, error: Option<ErrorBody>) -> Result<(), ClientError> {
        match error.map(|error| ClientError::refused(Phase::Reset, error)) {
            None => self.reset_answered = Some(now),
            Some(error) if self.habits.ignores_reset_answer => self.reset_refused = Some(error),
            Some(error) => return Err(error),
        }
        self.reset_settled();
        Ok(())
    }

    /// The current step's command was not answered in time.
    pub(super) fn command_timed_out(&mut self, now: Time, seq: u8) -> Result<(), ClientError> {
        let Retry { pause_max, same_seq, .. } = self.habits.retry;
        self.unanswered = self.unanswered.saturating_add(1);
        self.repeat_seq = same_seq.then_some(seq);
        let pause = self.timeout().unwrap_or_default().min(pause_max);
        if pause > Span::ZERO {
            self.strategy_timer = Some(now + pause);
            return Ok(());
        }
        self.try_again(now)
    }

    /// The pause of a step, or after an unanswered command, is over.
    pub(super) fn pause_is_over(&mut self, now: Time) -> Result<(), ClientError> {
        match self.step {
            Step::Pause(_) => self.next_step(now),
            _ => self.try_again(now),
        }
    }

    /// Sends the unanswered command again, or does without its answer.
    fn try_again(&mut self, now: Time) -> Result<(), ClientError> {
        if self.polls(now) {
            self.unanswered = 0;
            return self.issue(now);
        }
        if self.unanswered < self.tries() {
            return self.issue(now);
        }
        match self.step {
            Step::Params => self.next_step(now),
            Step::Probe => self.probed(now, false),
            Step::Reset if self.habits.ignores_reset_answer => {
                self.reset_settled();
                Ok(())
            }
            _ => {
                let silent = ClientError::Timeout { phase: self.phase };
                self.trouble(now, Trouble::Silent, silent)
            }
        }
    }

    /// True while the current step is being carried out on a link.
    pub(super) fn is_working(&self) -> bool {
        self.state == State::Working
    }
}

/// The first text of a list that a client with buffers of `buffer` octets copies beyond their end,
/// NUL included.
fn overrun(slots: &[SlotState], buffer: u8) -> Option<ClientError> {
    if buffer == 0 {
        return None;
    }
    let texts = slots.iter().flat_map(|slot| ["version", slot.version.as_str()]);
    let octets = texts.map(str::len).find(|octets| *octets >= buffer.into())?;
    Some(ClientError::ClientCrashed { octets: octets as u16, buffer })
}
