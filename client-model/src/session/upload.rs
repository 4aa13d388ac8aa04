//! The upload: the strategy decides, the session carries out.

use super::Session;
use super::plan::Step;
use super::requests::{Asked, Outgoing, Pending, Requests, Seq};
use crate::ClientOut;
use crate::config::ClientConfig;
use crate::error::{ClientError, Outcome};
use crate::event::{ClientEvent, Phase};
use crate::strategy::{Answer, Failure, Limits, Next, Sent, View};
use sim_core::Time;
use smp_wire::group;
use smp_wire::header::{Header, OP_WRITE};

impl Session {
    pub(super) fn begin_upload(&mut self, now: Time) -> Result<(), ClientError> {
        self.enter(Phase::Upload);
        self.chunks_sent = 0;
        self.strategy.begin(&view(now, &self.config, self.limits, &self.requests))?;
        self.pump(now)
    }

    /// The link is back after the strategy said that it survives its loss.
    pub(super) fn resume_upload(&mut self, now: Time) -> Result<(), ClientError> {
        self.enter(Phase::Upload);
        self.pump(now)
    }

    /// Whether the lost link only interrupts the upload.
    pub(super) fn resumes_upload(&mut self, now: Time) -> bool {
        self.is_uploading()
            && self.strategy.survives_link_loss(&view(
                now,
                &self.config,
                self.limits,
                &self.requests,
            ))
    }

    pub(super) fn is_uploading(&self) -> bool {
        self.is_working() && matches!(self.step, Step::Upload | Step::ResumeUpload)
    }

    pub(super) fn chunk_answered(
        &mut self,
        now: Time,
        sent: &Sent,
        answer: &Answer<'_>,
    ) -> Result<(), ClientError> {
        if self.uplink.is_some() {
            self.acknowledge_to_host(now, answer);
        }
        let view = view(now, &self.config, self.limits, &self.requests);
        self.strategy.answer(&view, sent, answer)?;
        self.pump(now)
    }

    pub(super) fn chunk_timed_out(&mut self, now: Time, sent: &Sent) -> Result<(), ClientError> {
        self.strategy.failed(
            &view(now, &self.config, self.limits, &self.requests),
            sent,
            Failure::Timeout,
        )?;
        self.pump(now)
    }

    /// A request lost its sequence number to one that was just sent.
    pub(super) fn overwritten(&mut self, now: Time, old: &Pending) -> Result<(), ClientError> {
        self.trace(ClientEvent::GiveUp { tag: old.tag });
        match old.asked {
            Asked::Chunk(sent) => self.strategy.failed(
                &view(now, &self.config, self.limits, &self.requests),
                &sent,
                Failure::Overwritten,
            ),
            Asked::Command => Err(ClientError::Timeout { phase: self.phase }),
        }
    }

    /// The moment has come that the strategy waited for.
    pub(super) fn strategy_due(&mut self, now: Time) -> Result<(), ClientError> {
        self.strategy_timer = None;
        if self.is_uploading() { self.pump(now) } else { self.pause_is_over(now) }
    }

    /// A frame answers no request, of the upload or of another step.
    pub(super) fn stray(&mut self, now: Time, header: Header) -> Result<(), ClientError> {
        let view = view(now, &self.config, self.limits, &self.requests);
        self.strategy.stray(&view, header)?;
        if self.is_uploading() { self.pump(now) } else { Ok(()) }
    }

    /// Asks for the connection parameters that the strategy wants.
    #[cold]
    #[inline(never)]
    fn set_params(&mut self, now: Time) {
        let view = view(now, &self.config, self.limits, &self.requests);
        let params = self.strategy.wants_params(&view);
        self.out.extend(params.map(ClientOut::SetParams));
    }

    /// Sends what the strategy has to send now.
    pub(super) fn pump(&mut self, now: Time) -> Result<(), ClientError> {
        self.strategy_timer = None;
        loop {
            if self.habits.sets_params {
                self.set_params(now);
            }
            if self.uplink.is_some() && !self.octets_are_there(now)? {
                return Ok(());
            }
            let (group, id) = (group::IMAGE, group::image::UPLOAD);
            let mut frame = self.requests.open(&self.habits, OP_WRITE, group, id);
            match self
                .strategy
                .next(&view(now, &self.config, self.limits, &self.requests), &mut frame)
            {
                Ok(Next::Send(request)) => {
                    let sent = Sent { number: self.chunks_sent, at: now, seq: 0, request };
                    self.chunks_sent += 1;
                    let (asked, timeout) = (Asked::Chunk(sent), request.timeout);
                    let seq = request.seq.map_or(Seq::Next, Seq::Given);
                    self.send(now, Outgoing { frame, asked, timeout, seq })?;
                    continue;
                }
                Ok(Next::Wait) if self.requests.outstanding() == 0 => {
                    return Err(ClientError::StrategyStalled);
                }
                Ok(Next::Wait | Next::Hang) => self.requests.give(frame),
                Ok(Next::WaitUntil(due)) => {
                    self.requests.give(frame);
                    self.strategy_timer = Some(due);
                }
                Ok(Next::Done) => {
                    self.requests.give(frame);
                    self.reached = Outcome::Uploaded;
                    self.uplink = None;
                    self.give_up_requests();
                    return self.next_step(now);
                }
                Err(error) => return Err(error),
            }
            return Ok(());
        }
    }
}

/// What the strategy sees. Of the parts, not of the session, which lends its strategy meanwhile.
pub(super) fn view<'a>(
    now: Time,
    config: &'a ClientConfig,
    limits: Limits,
    requests: &Requests,
) -> View<'a> {
    View { now, image: &config.image, limits, outstanding: requests.outstanding() }
}
