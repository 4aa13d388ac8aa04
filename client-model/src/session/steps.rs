//! The plan, carried out command by command.

use super::plan::{self, Purpose, Step, Verdict};
use super::requests::{Asked, Outgoing};
use super::{Session, State};
use crate::error::{ClientError, Finish, Outcome};
use crate::event::Phase;
use crate::fit::ATT_HEADER;
use crate::strategy::{Answer, EmptyBody, Limits, Oversize};
use sim_core::{Span, Time};
use smp_wire::cbor::empty_map;
use smp_wire::errors::{ErrorBody, Rc};
use smp_wire::group;
use smp_wire::header::{HEADER_LEN, OP_READ, OP_WRITE};
use smp_wire::image::{SlotState, StateRequest, decode_state};
use smp_wire::os::ParamsResponse;

/// An answer to the request for parameters that is not longer than this is an error
/// (Android `McuMgrBleTransport.initialize`).
const PARAMS_ERROR_MAX: usize = 14;

/// The slots may have to be freed by a reset twice: a pending image is first tried, then reverted
/// (Android `Validate.validate`).
const RESETS_BEFORE_UPLOAD_MAX: u8 = 2;

impl Session {
    /// Asks for the server's buffers with the client's hard-coded frame.
    pub(super) fn ask_params(
        &mut self,
        now: Time,
        frame: &'static [u8],
    ) -> Result<(), ClientError> {
        self.step = Step::Params;
        self.enter(Phase::Params);
        let frame = self.requests.open_with(frame);
        let timeout = self.habits.timeouts.params;
        self.send(now, Outgoing { frame, asked: Asked::Command, timeout, numbered: true })
    }

    /// Begins the next step of the plan, or ends the update.
    pub(super) fn next_step(&mut self, now: Time) -> Result<(), ClientError> {
        let Some(step) = self.plan.pop_front() else {
            self.finish(Finish { outcome: self.reached, error: None });
            return Ok(());
        };
        self.step = step;
        let timeouts = self.habits.timeouts;
        match step {
            Step::Params => self.next_step(now),
            Step::Upload => self.begin_upload(now),
            Step::ResumeUpload => self.resume_upload(now),
            Step::List(_) => {
                self.enter(Phase::List);
                self.command(now, OP_READ, group::IMAGE, group::image::STATE, timeouts.list)
            }
            Step::EraseSettings => {
                self.enter(Phase::EraseSettings);
                let id = group::zephyr_basic::ERASE_STORAGE;
                self.command(now, OP_WRITE, group::ZEPHYR_BASIC, id, timeouts.erase)
            }
            Step::Test => {
                self.enter(Phase::Test);
                self.write_state(now, false)
            }
            Step::Confirm => {
                self.enter(Phase::Confirm);
                self.write_state(now, true)
            }
            Step::Reset => {
                self.enter(Phase::Reset);
                self.await_disconnect(now);
                self.command(now, OP_WRITE, group::OS, group::os::RESET, timeouts.reset)
            }
        }
    }

    /// Sends a command without parameters.
    fn command(
        &mut self,
        now: Time,
        op: u8,
        group: u16,
        id: u8,
        timeout: Option<Span>,
    ) -> Result<(), ClientError> {
        let mut frame = self.requests.open(&self.habits, op, group, id);
        if self.habits.empty_body == EmptyBody::Map {
            empty_map(&mut frame, self.habits.map_form);
        }
        self.send(now, Outgoing { frame, asked: Asked::Command, timeout, numbered: false })
    }

    fn write_state(&mut self, now: Time, confirm: bool) -> Result<(), ClientError> {
        let (group, id) = (group::IMAGE, group::image::STATE);
        let mut frame = self.requests.open(&self.habits, OP_WRITE, group, id);
        let request = StateRequest { hash: Some(&self.task.hash), confirm: Some(confirm) };
        request.emit(&mut frame, self.habits.map_form, self.habits.confirm_first);
        let timeout = self.habits.timeouts.state;
        self.send(now, Outgoing { frame, asked: Asked::Command, timeout, numbered: false })
    }

    /// Sends a frame, unless it is too long.
    pub(super) fn send(&mut self, now: Time, outgoing: Outgoing) -> Result<(), ClientError> {
        if let Err(error) = self.check_length(outgoing.frame.len() as u32) {
            self.requests.give(outgoing.frame);
            return Err(error);
        }
        let write_max = usize::from(self.limits.att_mtu.saturating_sub(ATT_HEADER));
        let rule = self.habits.seq;
        let overwritten = self.requests.send(now, outgoing, rule, write_max, &mut self.out);
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
                self.learn_params(body);
                self.next_step(now)
            }
            (Step::Reset, error) => self.reset_answered(now, error),
            (Step::EraseSettings, Some(error)) if is_tolerated(error) => self.next_step(now),
            (_, Some(error)) => Err(ClientError::refused(self.phase, error)),
            (Step::List(purpose), None) => self.listed(now, purpose, &self.slots(body)?),
            (Step::Test, None) => {
                plan::tested(&self.slots(body)?, &self.task.hash)?;
                self.next_step(now)
            }
            (Step::Confirm, None) => {
                plan::confirmed(&self.slots(body)?, &self.task.hash)?;
                self.reached = Outcome::Confirmed;
                self.next_step(now)
            }
            (Step::EraseSettings | Step::Upload | Step::ResumeUpload, None) => self.next_step(now),
        }
    }

    fn slots(&self, body: &[u8]) -> Result<Vec<SlotState>, ClientError> {
        decode_state(body).map_err(|_| ClientError::MalformedAnswer { phase: self.phase })
    }

    fn learn_params(&mut self, body: &[u8]) {
        if HEADER_LEN + body.len() <= PARAMS_ERROR_MAX {
            return;
        }
        if let Ok(params) = ParamsResponse::decode(body) {
            self.limits.max_packet = params.buf_size.min(u16::MAX.into()) as u16;
            self.limits.buf_count = Some(params.buf_count);
        }
    }

    fn listed(
        &mut self,
        now: Time,
        purpose: Purpose,
        slots: &[SlotState],
    ) -> Result<(), ClientError> {
        match purpose {
            Purpose::Validate => match plan::validate(slots, &self.task)? {
                Verdict::Do(steps, reached) => {
                    self.reached = reached;
                    self.plan.extend(steps);
                }
                Verdict::ResetFirst if self.resets_before_upload < RESETS_BEFORE_UPLOAD_MAX => {
                    self.resets_before_upload += 1;
                    self.plan.extend([Step::Reset, Step::List(Purpose::Validate)]);
                }
                Verdict::ResetFirst => return Err(ClientError::SlotInUse),
            },
            Purpose::FindUploaded => {
                let missing = ClientError::ImageNotListed { phase: Phase::List };
                self.task.hash = plan::uploaded_hash(slots, self.task.image).ok_or(missing)?;
            }
            Purpose::AfterReset => self.reached = plan::after_reset(slots, &self.task)?,
        }
        self.next_step(now)
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
    pub(super) fn command_timed_out(&mut self, now: Time) -> Result<(), ClientError> {
        match self.step {
            Step::Params => self.next_step(now),
            Step::Reset if self.habits.ignores_reset_answer => {
                self.reset_settled();
                Ok(())
            }
            _ => Err(ClientError::Timeout { phase: self.phase }),
        }
    }

    /// True while the current step is being carried out on a link.
    pub(super) fn is_working(&self) -> bool {
        self.state == State::Working
    }
}

/// Servers without the command answer that it is not supported, and with SMP v2 any of the group's
/// errors is forgiven (Android `EraseStorage`).
fn is_tolerated(error: ErrorBody) -> bool {
    match error {
        ErrorBody::Rc(rc) => rc == Rc::NotSupported.code(),
        ErrorBody::Group { .. } => true,
    }
}
