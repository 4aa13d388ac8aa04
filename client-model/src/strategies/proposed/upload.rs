//! The plain upload, and the places where one idea may change it.

use super::pen;
use super::pipeline::{GoBack, News, Pipeline};
use crate::error::ClientError;
use crate::event::Phase;
use crate::strategy::{
    Answer, Failure, Habits, LinkParams, Next, Request, Sent, Strategy, Transport, View,
};
use sim_core::{Span, Time};
use smp_wire::header::Header;
use std::fmt;

/// The first chunk may wait for the erasure of a whole slot (Android `DEFAULT_TIMEOUT`).
const FIRST_TIMEOUT: Span = Span::from_s(40);
/// Later chunks (Android `SHORT_TIMEOUT`).
const TIMEOUT: Span = Span::from_ms(2_500);
/// The last chunk: when its answer is lost, the server knows of no upload any more, and the whole
/// image goes again (Android `Uploader`).
const LAST_TIMEOUT: Span = Span::from_s(20);
/// Longest pause after a refusal that may pass.
const PAUSE_MAX: Span = Span::from_s(5);
/// The first such pause (iOS waits as long for a busy server).
const PAUSE: Span = Span::from_ms(100);
/// Setbacks in a row, without an octet taken in between, that end the update (Android's uploader
/// allows five of one chunk).
const SETBACKS_MAX: u32 = 5;

/// What an idea changes of the plain upload; each method has the plain answer.
pub(super) trait Idea: Clone + fmt::Debug + Send + 'static {
    /// The client's ways outside the upload.
    fn habits(&self) -> Habits {
        pen::habits()
    }

    /// An upload begins.
    fn begin(&mut self, _: &View<'_>) {}

    /// How many requests may be in flight, of the `plain` ones.
    fn window(&mut self, _: &View<'_>, plain: usize) -> usize {
        plain
    }

    /// Data octets of the chunk at `off`, from 1 to `most`. First chunks are asked for, too.
    fn chunk(&self, _: &View<'_>, _off: u32, most: u32) -> u32 {
        most
    }

    /// How long the answer to a chunk, offset and length, is waited for that is sent while the
    /// server is known to stand at `reached`.
    fn timeout(&mut self, _: &View<'_>, _reached: u32, _chunk: (u32, u32), plain: Span) -> Span {
        plain
    }

    /// What happens after a gap or a time-out.
    fn goes_back(&self) -> GoBack {
        GoBack::Drained
    }

    /// Setbacks in a row that end the update.
    fn setbacks_max(&self) -> u32 {
        SETBACKS_MAX
    }

    /// What an answer meant; `reached` is the offset that the server expects after it.
    fn heard(&mut self, _: &View<'_>, _: &Sent, _: News, _reached: u32) {}

    /// A request was not answered in time, and its octets are needed.
    fn timed_out(&mut self, _: &View<'_>, _: &Sent) {}

    /// An answer came after its request was given up.
    fn late(&mut self) {}

    /// Whether an error of the server is worth another try.
    fn forgives(&self, _: &ClientError) -> bool {
        false
    }

    /// What a server without an upload means, when the last chunk was sent before and its answer did
    /// not come: that it has completed the upload, not lost it.
    fn trusts_lost_end(&self) -> bool {
        false
    }

    /// Connection parameters to ask for; `reached` is the server's offset.
    fn params(&mut self, _: &View<'_>, _reached: u32) -> Option<LinkParams> {
        None
    }

    /// Whether the upload goes on after a lost link.
    fn survives_link_loss(&mut self) -> bool {
        false
    }
}

/// The plain upload with one idea, or with several in one.
///
/// The first chunk goes alone, and then up to the window. After a gap or a time-out the plain client
/// sends nothing until all that is in flight is answered or given up, and goes on from the server's
/// offset. A refusal ends the update.
#[derive(Clone, Debug)]
pub(super) struct Upload<I> {
    window: usize,
    pipeline: Pipeline,
    /// Nothing is sent before, after a refusal that may pass.
    pause_until: Option<Time>,
    /// Number of the first request with the last octets of the image.
    last: Option<u32>,
    /// The server has it all.
    complete: bool,
    idea: I,
}

impl<I: Idea> Upload<I> {
    pub(super) fn new(window: u8, idea: I) -> Self {
        let window = window.max(1).into();
        let pipeline = Pipeline::default();
        Self { window, pipeline, pause_until: None, last: None, complete: false, idea }
    }

    /// Requests that may be in flight now. The first chunk is answered before anything follows: it
    /// tells where the server stands, and may take it long.
    fn window(&mut self, view: &View<'_>) -> usize {
        if self.pipeline.reached() == 0 { 1 } else { self.idea.window(view, self.window).max(1) }
    }

    fn set_back(&mut self, error: ClientError) -> Result<(), ClientError> {
        self.pipeline.set_back(self.idea.goes_back());
        self.check_patience(error)
    }

    /// Whether a server that knows of no upload has completed it: this request followed one with
    /// the last octets.
    fn completes(&self, sent: &Sent) -> bool {
        self.idea.trusts_lost_end() && self.last.is_some_and(|last| sent.number > last)
    }

    fn check_patience(&self, error: ClientError) -> Result<(), ClientError> {
        if self.pipeline.setbacks() > self.idea.setbacks_max() { Err(error) } else { Ok(()) }
    }

    /// The error of an upload that the server does not take on.
    fn stuck(&self) -> ClientError {
        let failures = self.pipeline.setbacks().min(u8::MAX.into()) as u8;
        ClientError::NotAcknowledged { off: self.pipeline.reached(), failures }
    }
}

impl<I: Idea> Strategy for Upload<I> {
    fn habits(&self) -> Habits {
        self.idea.habits()
    }

    fn begin(&mut self, view: &View<'_>) -> Result<(), ClientError> {
        self.pipeline = Pipeline::default();
        (self.pause_until, self.last, self.complete) = (None, None, false);
        self.idea.begin(view);
        Ok(())
    }

    fn next(&mut self, view: &View<'_>, body: &mut Vec<u8>) -> Result<Next, ClientError> {
        if self.complete || self.pipeline.reached() == view.image.len() {
            return Ok(Next::Done);
        }
        if let Some(until) = self.pause_until.filter(|&until| until > view.now) {
            return Ok(Next::WaitUntil(until));
        }
        if self.pipeline.in_flight() >= self.window(view) {
            return Ok(Next::Wait);
        }
        let Some(off) = self.pipeline.next(view.image.len()) else { return Ok(Next::Wait) };
        let most = pen::chunk_len(view.image, view.limits, off)?;
        let least = if off == 0 { pen::FIRST_DATA_MIN.min(most) } else { 1.min(most) };
        let len = self.idea.chunk(view, off, most).clamp(least, most);
        pen::write(view.image, view.limits, (off, len), body);
        let ends = off + len == view.image.len();
        let plain = match (off, ends) {
            (0, _) => FIRST_TIMEOUT,
            (_, true) => LAST_TIMEOUT,
            (_, false) => TIMEOUT,
        };
        let reached = self.pipeline.reached();
        let timeout = Some(self.idea.timeout(view, reached, (off, len), plain));
        let number = self.pipeline.sent(len);
        if ends {
            self.last.get_or_insert(number);
        }
        Ok(Next::Send(Request { off, len, timeout, seq: None }))
    }

    fn answer(
        &mut self,
        view: &View<'_>,
        sent: &Sent,
        answer: &Answer<'_>,
    ) -> Result<(), ClientError> {
        let answer = match answer.upload() {
            Ok(answer) if answer.matched == Some(false) => return Err(ClientError::MatchFailed),
            Ok(answer) => answer,
            Err(error) if self.idea.forgives(&error) => {
                if self.pipeline.failed(sent) {
                    self.idea.heard(view, sent, News::Gap, self.pipeline.reached());
                    self.set_back(error)?;
                    let doublings = self.pipeline.setbacks().saturating_sub(1).min(16);
                    let pause = (PAUSE * (1 << doublings)).min(PAUSE_MAX);
                    self.pause_until = Some(view.now + pause);
                }
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let off = answer.off.unwrap_or(0);
        if off > view.image.len() {
            return Err(ClientError::OffsetOutOfRange { off });
        }
        let news = self.pipeline.answered(sent, off);
        self.idea.heard(view, sent, news, self.pipeline.reached());
        match news {
            News::Void | News::Progress(_) => Ok(()),
            News::Gap => self.set_back(self.stuck()),
            News::Forgotten if self.completes(sent) => {
                self.complete = true;
                Ok(())
            }
            News::Forgotten => {
                self.last = None;
                self.pipeline.start_over();
                self.check_patience(self.stuck())
            }
        }
    }

    fn failed(&mut self, view: &View<'_>, sent: &Sent, _: Failure) -> Result<(), ClientError> {
        if self.pipeline.failed(sent) {
            self.idea.timed_out(view, sent);
            self.set_back(ClientError::Timeout { phase: Phase::Upload })?;
        }
        Ok(())
    }

    fn stray(&mut self, _: &View<'_>, _: Header) -> Result<(), ClientError> {
        self.idea.late();
        Ok(())
    }

    fn wants_params(&mut self, view: &View<'_>) -> Option<LinkParams> {
        if view.limits.transport != Transport::Ble {
            return None;
        }
        self.idea.params(view, self.pipeline.reached())
    }

    fn survives_link_loss(&mut self, _: &View<'_>) -> bool {
        self.pipeline.link_lost();
        self.last = None;
        let survives = self.idea.survives_link_loss();
        survives && self.check_patience(self.stuck()).is_ok()
    }
}
