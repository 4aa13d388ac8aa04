//! A gateway's upload: the strategy is asked for its next chunk only when the ring holds it.

use super::upload::view;
use super::{Session, State};
use crate::error::ClientError;
use crate::event::{ClientEvent, Phase};
use crate::strategy::{Answer, Next, Request};
use crate::uplink::Held;
use sim_core::Time;
use smp_wire::group;
use smp_wire::header::OP_WRITE;

impl Session {
    /// Asks the host for the image; connects when enough of it is there.
    #[cold]
    pub(super) fn await_host(&mut self, now: Time) {
        self.state = State::AwaitingHost;
        if self.uplink.as_ref().is_some_and(|uplink| !uplink.may_start()) {
            self.enter(Phase::Buffer);
        }
        if let Some(uplink) = &mut self.uplink {
            uplink.ask(now, 0, &mut self.out);
        }
        self.connect_when_buffered();
    }

    fn connect_when_buffered(&mut self) {
        let may_start = self.uplink.as_ref().is_none_or(|uplink| uplink.may_start());
        if self.state == State::AwaitingHost && may_start {
            self.begin_connecting();
        }
    }

    /// Takes what has come from the host, and lets the upload go on if that was what it waited for.
    #[cold]
    pub(super) fn serve_uplink(&mut self, now: Time) {
        let Some(uplink) = &mut self.uplink else { return };
        uplink.on_deadline(now, &mut self.out);
        let ready = self.starved_of.is_some_and(|(off, len)| {
            uplink.holds(off, len) != Held::NotYet || uplink.deadline().is_none()
        });
        self.connect_when_buffered();
        if ready && self.is_uploading() {
            let result = self.pump(now);
            self.settle(result);
        }
    }

    /// The ring may let go of what the server has.
    #[cold]
    pub(super) fn acknowledge_to_host(&mut self, now: Time, answer: &Answer<'_>) {
        let off = answer.upload().ok().and_then(|answer| answer.off);
        if let (Some(uplink), Some(off)) = (&mut self.uplink, off) {
            uplink.acknowledge(now, off, &mut self.out);
        }
    }

    /// Whether the strategy can be asked for what is next: it does not send a chunk now, or the
    /// ring holds it. A copy of the strategy tells, so that the strategy itself need not know.
    #[cold]
    #[inline(never)]
    pub(super) fn octets_are_there(&mut self, now: Time) -> Result<bool, ClientError> {
        let Some(Request { off, len, .. }) = self.wanted(now) else {
            self.fed();
            return Ok(true);
        };
        let Some(uplink) = &mut self.uplink else { return Ok(true) };
        let held = uplink.holds(off, len);
        if held == Held::Yes {
            self.fed();
            return Ok(true);
        }
        if held == Held::Gone {
            uplink.ask(now, off, &mut self.out);
        }
        let (missing, ring) = (uplink.missing(off, len), uplink.ring());
        let nothing_comes = uplink.deadline().is_none();
        if self.starved_of.replace((off, len)).is_none() {
            self.trace(ClientEvent::Starved { off, missing });
        }
        if nothing_comes && self.requests.outstanding() == 0 {
            let chunk = len.min(u16::MAX.into()) as u16;
            return Err(ClientError::RingTooSmall { ring, chunk });
        }
        Ok(false)
    }

    /// The chunk that the strategy would send now.
    fn wanted(&mut self, now: Time) -> Option<Request> {
        let mut strategy = self.strategy.clone();
        let mut frame =
            self.requests.open(&self.habits, OP_WRITE, group::IMAGE, group::image::UPLOAD);
        let next = strategy.next(&view(now, &self.config, self.limits, &self.requests), &mut frame);
        self.requests.give(frame);
        match next {
            Ok(Next::Send(request)) => Some(request),
            _ => None,
        }
    }

    /// The upload no longer waits for octets.
    fn fed(&mut self) {
        let Some(uplink) = &self.uplink else { return };
        let end = uplink.arrived();
        if self.starved_of.take().is_some() {
            self.trace(ClientEvent::Fed { end });
        }
    }
}
