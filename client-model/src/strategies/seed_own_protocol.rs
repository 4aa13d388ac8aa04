//! The gateway's end of a user's own protocol, as he described it in January 2023; the device's end,
//! with the whole protocol, is in `server_model::foreign`.
//!
//! Each packet is an offset, u32 little-endian, then with offset 0 the length of the file, likewise,
//! and data. The answer is the offset of the packet that came last, or an error number. A number
//! that is not an error and that stands for a packet under way acknowledges it and all before it:
//! that packets before it were thrown away cannot be seen.
//!
//! Model choices: packets as long as a write; as many under way as `window` says; without an answer
//! for 20 s, which is longer than an erase, the oldest packet and all after it are sent again, three
//! times at most; after a lost link the gateway connects again and goes on behind what was answered.

use super::ending::{Ending, fail, uploaded};
use crate::config::{ClientConfig, Image, Mode};
use crate::error::ClientError;
use crate::event::Phase;
use crate::fit::ATTRIBUTE_MAX;
use crate::frames::{FrameAction, FrameClient, FrameEvent, Outgoing, Protocol};
use sim_core::{Span, Time};
use std::collections::VecDeque;

/// Octets of an offset, and of the file's length.
const WORD: u32 = 4;

/// Errors that the device knows: a full ring, and failed flash work.
const ERRORS: u32 = 2;

const TIMEOUT: Span = Span::from_s(20);

/// In a row, without anything acknowledged between.
const ATTEMPTS_MAX: u8 = 3;

pub(super) fn build(config: &ClientConfig) -> Box<dyn FrameClient> {
    Box::new(SeedOwnProtocol {
        image: spoil(&config.image, config.other.spoilt_octet),
        window: config.window.max(1).into(),
        error_first: config.other.error_first,
        mode: config.mode,
        packet_max: 0,
        acknowledged: 0,
        next: 0,
        under_way: VecDeque::new(),
        repeats: 0,
        ending: Ending::new(config),
    })
}

/// The image as the gateway has it: the protocol has no checksum that would tell.
fn spoil(image: &Image, at: u32) -> Image {
    let mut image = image.clone();
    if at > 0 && at < image.len() {
        let mut bytes = image.bytes.to_vec();
        bytes[at as usize] ^= 0xff;
        image.bytes = bytes.into();
    }
    image
}

#[derive(Clone, Debug)]
struct SeedOwnProtocol {
    image: Image,
    window: usize,
    error_first: u32,
    mode: Mode,
    /// Octets of a packet at most.
    packet_max: u32,
    acknowledged: u32,
    next: u32,
    /// First octet and length of packets without an answer.
    under_way: VecDeque<(u32, u32)>,
    repeats: u8,
    ending: Ending,
}

impl SeedOwnProtocol {
    fn pump(&mut self, now: Time, actions: &mut Vec<FrameAction>) {
        while self.under_way.len() < self.window && self.next < self.image.len() {
            let packet = self.packet();
            actions.push(FrameAction::Send(packet));
        }
        let due = (!self.under_way.is_empty()).then_some(now + TIMEOUT);
        actions.push(FrameAction::SetTimer(due));
    }

    fn packet(&mut self) -> Outgoing {
        let off = self.next;
        let mut bytes = off.to_le_bytes().to_vec();
        if off == 0 {
            bytes.extend_from_slice(&self.image.len().to_le_bytes());
        }
        let data = self.image.chunk(off, self.packet_max - bytes.len() as u32);
        let len = data.len() as u32;
        bytes.extend_from_slice(data);
        self.next += len;
        self.under_way.push_back((off, len));
        Outgoing { chunk: Some((off, len)), ..Outgoing::new(bytes) }
    }

    fn answered(&mut self, now: Time, value: &[u8], actions: &mut Vec<FrameAction>) {
        let Ok(number) = value.try_into().map(u32::from_le_bytes) else { return };
        if number.wrapping_sub(self.error_first) < ERRORS {
            let error = ClientError::ProtocolError { phase: Phase::Upload, code: number };
            let code = i32::try_from(number).unwrap_or(i32::MAX);
            actions.push(FrameAction::Answered { count: 1, code, off: None });
            return actions.push(fail(error));
        }
        let Some(at) = self.under_way.iter().position(|&(off, _)| off == number) else { return };
        let end = self.under_way.drain(..=at).next_back().map_or(0, |(off, len)| off + len);
        self.acknowledged = end;
        self.repeats = 0;
        actions.push(FrameAction::Answered { count: at as u32 + 1, code: 0, off: Some(end) });
        if end < self.image.len() {
            self.pump(now, actions);
        } else if self.mode == Mode::UploadOnly {
            actions.push(uploaded());
        } else {
            self.ending.begin(now, actions);
        }
    }

    /// Whether there is another attempt; else the update has ended.
    fn may_repeat(&mut self, error: ClientError, actions: &mut Vec<FrameAction>) -> bool {
        self.repeats += 1;
        let may = self.repeats <= ATTEMPTS_MAX;
        if !may {
            actions.push(fail(error));
        }
        self.under_way.clear();
        self.next = self.acknowledged;
        may
    }
}

impl FrameClient for SeedOwnProtocol {
    fn protocol(&self) -> Protocol {
        Protocol::Other
    }

    fn handle(&mut self, now: Time, event: FrameEvent<'_>, actions: &mut Vec<FrameAction>) {
        if self.ending.is_under_way() {
            return self.ending.handle(now, event, actions);
        }
        match event {
            FrameEvent::Start => actions.push(FrameAction::Connect),
            FrameEvent::Ready { limits } => {
                self.packet_max = limits.max_packet.min(ATTRIBUTE_MAX).into();
                if self.packet_max <= 2 * WORD {
                    let limit = limits.max_packet;
                    actions.push(fail(ClientError::ChunkDoesNotFit { limit, off: 0 }));
                } else {
                    self.pump(now, actions);
                }
            }
            FrameEvent::Received(value) => self.answered(now, value, actions),
            FrameEvent::Timer => {
                let count = self.under_way.len() as u32;
                actions.push(FrameAction::GiveUp { count });
                if self.may_repeat(ClientError::Timeout { phase: Phase::Upload }, actions) {
                    self.pump(now, actions);
                }
            }
            FrameEvent::Lost { reason } => {
                let error = ClientError::LinkLost { phase: Phase::Upload, reason };
                actions.push(FrameAction::SetTimer(None));
                if self.may_repeat(error, actions) {
                    actions.push(FrameAction::Connect);
                }
            }
            FrameEvent::ConnectFailed { attempts } => {
                actions.push(fail(ClientError::ConnectTimeout { attempts }));
            }
        }
    }
}
