//! What of all the ideas helps, together.

use super::adaptive_window::AdaptiveWindow;
use super::pen;
use super::pipeline::{GoBack, News};
use super::rtt_timeout::RttTimeout;
use super::tuner::Tuner;
use super::upload::Idea;
use crate::error::ClientError;
use crate::strategy::{Habits, LinkParams, Retry, Sent, Transport, View};
use sim_core::Span;
use smp_wire::errors::Rc;
use smp_wire::group;

/// Setbacks in a row that end the update: with their pauses, more than half a minute.
const SETBACKS_MAX: u32 = 12;
/// A first chunk that may be lost is sent again after this, and after twice that, and so on.
const FIRST_TIMEOUT: Span = Span::from_s(2);
/// On a Bluetooth link nothing is lost but by a server without a buffer, which the answer to what
/// follows shows; only the last request in flight needs its time-out.
const BLE_TIMEOUT: Span = Span::from_ms(500);
/// Errors of the image group that may pass: unknown, flash that could not be opened, read, written
/// or erased (Zephyr `img_mgmt.h`).
const PASSING_IMAGE_ERRORS: [i32; 5] = [1, 10, 11, 12, 13];

/// The window finds its size, a loss costs one round trip, time-outs follow the round trips, chunks
/// and interval are found by trial, frames are as long as echoes show that they may be, a lost link
/// is made again, and after the reset the client listens for the device at once.
#[derive(Clone, Debug, Default)]
pub(super) struct SmpsimBest {
    window: AdaptiveWindow,
    timer: RttTimeout,
    tuner: Tuner,
    /// The link was lost since the upload began: the first chunk only asks where the server stands.
    resumes: bool,
    /// First chunks in a row without an answer.
    silent: u32,
}

impl Idea for SmpsimBest {
    fn habits(&self) -> Habits {
        Habits {
            retry: Retry { tries: 5, pause_max: Span::ZERO, same_seq: false },
            ignores_reset_answer: true,
            probes_frames: true,
            reconnects_at_once: true,
            redoes_commands: 5,
            ..pen::habits()
        }
    }

    fn begin(&mut self, _: &View<'_>) {
        *self = Self::default();
    }

    fn window(&mut self, view: &View<'_>, plain: usize) -> usize {
        let window = self.window.size(view, plain);
        if self.tuner.single() { 1 } else { window }
    }

    fn chunk(&self, view: &View<'_>, off: u32, most: u32) -> u32 {
        match off {
            0 if self.resumes => pen::FIRST_DATA_MIN,
            0 => most,
            _ => self.tuner.chunk(off, most, view.limits),
        }
    }

    /// A first chunk with a name may be sent again while the server is still erasing: it then
    /// answers where the upload stands. On a Bluetooth link it is not lost, however.
    fn timeout(
        &mut self,
        view: &View<'_>,
        reached: u32,
        (off, len): (u32, u32),
        plain: Span,
    ) -> Span {
        let (image, limits) = (view.image, view.limits);
        let repeats = limits.transport != Transport::Ble && pen::names_upload(image, limits);
        match off {
            0 if repeats => (FIRST_TIMEOUT * (1 << self.silent.min(8))).min(plain),
            0 => plain,
            _ => {
                let timeout = self.timer.of(reached, off + len, plain);
                if limits.transport == Transport::Ble { timeout.max(BLE_TIMEOUT) } else { timeout }
            }
        }
    }

    fn goes_back(&self) -> GoBack {
        GoBack::AtOnce
    }

    fn setbacks_max(&self) -> u32 {
        SETBACKS_MAX
    }

    fn heard(&mut self, view: &View<'_>, sent: &Sent, news: News, reached: u32) {
        self.silent = 0;
        if sent.request.off > 0 {
            let end = sent.request.off + sent.request.len;
            self.timer.measure(end, view.now.since(sent.at));
        }
        match news {
            News::Progress(_) => self.window.grow(),
            News::Gap => self.window.shrink(),
            News::Void | News::Forgotten => {}
        }
        self.tuner.progress(view, reached);
    }

    fn timed_out(&mut self, _: &View<'_>, sent: &Sent) {
        if sent.request.off == 0 {
            self.silent += 1;
        } else {
            self.timer.back_off();
            self.window.shrink();
        }
    }

    fn late(&mut self) {
        self.timer.late();
    }

    fn forgives(&self, error: &ClientError) -> bool {
        match *error {
            ClientError::UploadRejected { rc, group: None } => {
                [Rc::Unknown, Rc::NoMemory, Rc::Timeout, Rc::Busy]
                    .iter()
                    .any(|&may| rc == may.code())
            }
            ClientError::UploadRejected { rc, group: Some(of) } => {
                of == group::IMAGE && PASSING_IMAGE_ERRORS.contains(&rc)
            }
            _ => false,
        }
    }

    fn trusts_lost_end(&self) -> bool {
        true
    }

    fn params(&mut self, _: &View<'_>, reached: u32) -> Option<LinkParams> {
        self.tuner.params(reached)
    }

    fn survives_link_loss(&mut self) -> bool {
        self.resumes = true;
        true
    }
}
