//! How updates over other protocols than SMP end: the device resets by itself, the user waits, comes
//! back and looks what runs.
//!
//! The look is one request and one answer. It stands for reading the firmware revision from the
//! Device Information Service; the answer tells besides whether the boot loader will keep the image,
//! which a user learns from the next reset.

use crate::config::{ClientConfig, Image};
use crate::error::{ClientError, Finish, Outcome};
use crate::event::Phase;
use crate::frames::{FrameAction, FrameEvent, Outgoing};
use sim_core::{Span, Time};

/// The value that asks what runs, and the first octet of its answer.
const LOOK: u8 = 0xfe;

/// Octets of the answer.
const LOOK_LEN: usize = 18;

/// Octets 12 to 28 of an image, size, flags and version (MCUboot `image.h`), tell it from others.
const HEADER: std::ops::Range<usize> = 12..28;

/// How long the link is watched for the reset; longer than any supervision timeout.
const RESET_TIMEOUT: Span = Span::from_s(120);

/// How long the answer to the look is waited for. Model choice.
const LOOK_TIMEOUT: Span = Span::from_s(5);

/// Where the end of an update stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The image is not there yet.
    NotYet,
    AwaitingReset,
    Waiting,
    Connecting,
    Asked,
}

/// The end of an update.
#[derive(Clone, Debug)]
pub(super) struct Ending {
    stage: Stage,
    /// The device will reset by itself from here on.
    since: Time,
    swap: Span,
    image: Image,
}

impl Ending {
    pub(super) fn new(config: &ClientConfig) -> Self {
        let (swap, image) = (config.estimated_swap, config.image.clone());
        Self { stage: Stage::NotYet, since: Time::ZERO, swap, image }
    }

    /// The device has the image and will reset.
    pub(super) fn begin(&mut self, now: Time, actions: &mut Vec<FrameAction>) {
        self.stage = Stage::AwaitingReset;
        self.since = now;
        actions.push(FrameAction::Phase(Phase::Reset));
        actions.push(FrameAction::SetTimer(Some(now + RESET_TIMEOUT)));
    }

    /// Whether events belong here.
    pub(super) fn is_under_way(&self) -> bool {
        self.stage != Stage::NotYet
    }

    pub(super) fn handle(
        &mut self,
        now: Time,
        event: FrameEvent<'_>,
        actions: &mut Vec<FrameAction>,
    ) {
        match (self.stage, event) {
            (Stage::AwaitingReset, FrameEvent::Lost { .. }) => {
                self.stage = Stage::Waiting;
                let until = now.max(self.since + self.swap);
                actions.push(FrameAction::SetTimer(Some(until)));
            }
            (Stage::AwaitingReset, FrameEvent::Timer) => {
                actions.push(fail(ClientError::NoDisconnect));
            }
            (Stage::Waiting, FrameEvent::Timer) => {
                self.stage = Stage::Connecting;
                actions.push(FrameAction::Connect);
            }
            (Stage::Connecting, FrameEvent::Ready { .. }) => {
                self.stage = Stage::Asked;
                actions.push(FrameAction::Phase(Phase::List));
                actions.push(FrameAction::Send(Outgoing { id: LOOK, ..Outgoing::new(vec![LOOK]) }));
                actions.push(FrameAction::SetTimer(Some(now + LOOK_TIMEOUT)));
            }
            (Stage::Asked, FrameEvent::Received(answer))
                if answer.len() == LOOK_LEN && answer[0] == LOOK =>
            {
                actions.push(FrameAction::Answered { count: 1, code: 0, off: None });
                actions.push(FrameAction::Finish(self.judge(answer)));
            }
            (Stage::Asked, FrameEvent::Timer) => {
                actions.push(fail(ClientError::Timeout { phase: Phase::List }));
            }
            (_, FrameEvent::Lost { reason }) => {
                actions.push(fail(ClientError::LinkLost { phase: Phase::List, reason }));
            }
            (_, FrameEvent::ConnectFailed { attempts }) => {
                actions.push(fail(ClientError::ConnectTimeout { attempts }));
            }
            _ => {}
        }
    }

    /// How the update ends if that runs.
    fn judge(&self, answer: &[u8]) -> Finish {
        if self.image.bytes.get(HEADER) != Some(&answer[2..]) {
            let error = ClientError::ImageNotActive { listed: false };
            return Finish { outcome: Outcome::Failed, error: Some(error) };
        }
        let outcome = if answer[1] == 1 { Outcome::Confirmed } else { Outcome::Tested };
        Finish { outcome, error: None }
    }
}

/// The update fails.
pub(super) fn fail(error: ClientError) -> FrameAction {
    FrameAction::Finish(Finish { outcome: error.outcome(), error: Some(error) })
}

/// The update ends with the image in its slot.
pub(super) fn uploaded() -> FrameAction {
    FrameAction::Finish(Finish { outcome: Outcome::Uploaded, error: None })
}
