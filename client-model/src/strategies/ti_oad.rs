//! A downloader for TI's over-the-air download (OAD) over Bluetooth, a simple model after the TI
//! BLE5-Stack User's Guide, "BLE-Stack OAD Profile"; the device's end, with the model choices that
//! both share, is in `server_model::foreign`.
//!
//! It asks for the block size, identifies the image, starts, and then sends whichever block the
//! target asks for; one at a time. A status that is no success ends the update. Model choice: an
//! answer is waited for 30 s, longer than the target erases.

use super::ending::{Ending, fail, uploaded};
use crate::config::{ClientConfig, Image, Mode};
use crate::error::ClientError;
use crate::event::Phase;
use crate::frames::{FrameAction, FrameClient, FrameEvent, Outgoing, Protocol};
use sim_core::{Span, Time};

/// Octets of a block's number.
const NUMBER_LEN: u32 = 4;

/// Octets of the image identification, and where its length stands.
const IDENTIFY_LEN: usize = 22;
const LEN_AT: usize = 14;

/// Commands of the control characteristic.
const GET_BLOCK_SIZE: u8 = 0x01;
const START: u8 = 0x03;
const ENABLE: u8 = 0x04;
const BLOCK_REQUEST: u8 = 0x12;

/// Status codes.
const SUCCESS: u8 = 0;
const COMPLETE: u8 = 14;

const TIMEOUT: Span = Span::from_s(30);

pub(super) fn build(config: &ClientConfig) -> Box<dyn FrameClient> {
    Box::new(TiOad {
        image: config.image.clone(),
        mode: config.mode,
        asked: Asked::Nothing,
        block: 0,
        ending: Ending::new(config),
    })
}

/// What the answer is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Nothing,
    BlockSize,
    Identify,
    /// To start, or to take a block: the end of that block in the image.
    Block {
        end: u32,
    },
    Enable,
}

#[derive(Clone, Debug)]
struct TiOad {
    image: Image,
    mode: Mode,
    asked: Asked,
    /// Octets of the image in a block.
    block: u32,
    ending: Ending,
}

impl TiOad {
    fn ask(&mut self, now: Time, asked: Asked, bytes: Vec<u8>, actions: &mut Vec<FrameAction>) {
        self.asked = asked;
        let id = bytes.first().copied().unwrap_or_default();
        actions.push(FrameAction::Send(Outgoing { id, ..Outgoing::new(bytes) }));
        actions.push(FrameAction::SetTimer(Some(now + TIMEOUT)));
    }

    fn identification(&self) -> Vec<u8> {
        let mut bytes = vec![0; IDENTIFY_LEN];
        let crc32 = crc32fast::hash(&self.image.bytes);
        bytes[..4].copy_from_slice(&crc32.to_le_bytes());
        bytes[LEN_AT..LEN_AT + 4].copy_from_slice(&self.image.len().to_le_bytes());
        bytes
    }

    fn send_block(&mut self, now: Time, number: u32, actions: &mut Vec<FrameAction>) {
        let off = number.saturating_mul(self.block);
        let data = self.image.chunk(off, self.block);
        let len = data.len() as u32;
        if len == 0 {
            return actions.push(fail(ClientError::OffsetOutOfRange { off }));
        }
        let mut bytes = number.to_le_bytes().to_vec();
        bytes.extend_from_slice(data);
        self.asked = Asked::Block { end: off + len };
        let chunk = Some((off, len));
        let id = BLOCK_REQUEST;
        actions.push(FrameAction::Send(Outgoing { id, chunk, ..Outgoing::new(bytes) }));
        actions.push(FrameAction::SetTimer(Some(now + TIMEOUT)));
    }

    fn received(&mut self, now: Time, value: &[u8], actions: &mut Vec<FrameAction>) {
        let off = match self.asked {
            Asked::Block { end } => Some(end),
            _ => None,
        };
        let status = match (self.asked, value) {
            (Asked::Nothing, _) => return,
            (Asked::BlockSize, &[GET_BLOCK_SIZE, _, _]) => SUCCESS,
            (Asked::Identify, &[status])
            | (Asked::Enable, &[ENABLE, status])
            | (Asked::Block { .. }, &[BLOCK_REQUEST, status, ..] | &[START, status]) => status,
            _ => return actions.push(fail(ClientError::MalformedAnswer { phase: Phase::Upload })),
        };
        let ok = status == SUCCESS || status == COMPLETE;
        let code = if ok { 0 } else { status.into() };
        actions.push(FrameAction::Answered { count: 1, code, off: off.filter(|_| ok) });
        if !ok {
            let (phase, code) = (Phase::Upload, status.into());
            return actions.push(fail(ClientError::ProtocolError { phase, code }));
        }
        match (self.asked, value) {
            (Asked::BlockSize, &[_, low, high]) => {
                let size = u32::from(u16::from_le_bytes([low, high]));
                self.block = size.saturating_sub(NUMBER_LEN).max(1);
                self.ask(now, Asked::Identify, self.identification(), actions);
            }
            (Asked::Identify, _) => {
                self.ask(now, Asked::Block { end: 0 }, vec![START], actions);
            }
            (Asked::Enable, _) => self.ending.begin(now, actions),
            (_, &[_, COMPLETE, ..]) if self.mode == Mode::UploadOnly => actions.push(uploaded()),
            (_, &[_, COMPLETE, ..]) => self.ask(now, Asked::Enable, vec![ENABLE], actions),
            (_, &[_, _, a, b, c, d]) => {
                self.send_block(now, u32::from_le_bytes([a, b, c, d]), actions);
            }
            _ => actions.push(fail(ClientError::MalformedAnswer { phase: Phase::Upload })),
        }
    }
}

impl FrameClient for TiOad {
    fn protocol(&self) -> Protocol {
        Protocol::Other
    }

    fn handle(&mut self, now: Time, event: FrameEvent<'_>, actions: &mut Vec<FrameAction>) {
        if self.ending.is_under_way() {
            return self.ending.handle(now, event, actions);
        }
        match event {
            FrameEvent::Start => actions.push(FrameAction::Connect),
            FrameEvent::Ready { .. } => {
                actions.push(FrameAction::Phase(Phase::Params));
                self.ask(now, Asked::BlockSize, vec![GET_BLOCK_SIZE], actions);
            }
            FrameEvent::Received(value) => self.received(now, value, actions),
            FrameEvent::Timer => {
                actions.push(FrameAction::GiveUp { count: 1 });
                actions.push(fail(ClientError::Timeout { phase: Phase::Upload }));
            }
            FrameEvent::Lost { reason } => {
                actions.push(fail(ClientError::LinkLost { phase: Phase::Upload, reason }));
            }
            FrameEvent::ConnectFailed { attempts } => {
                actions.push(fail(ClientError::ConnectTimeout { attempts }));
            }
        }
    }
}
