//! A client of Nordic's buttonless Secure DFU over Bluetooth, a simple model of Nordic's library for
//! Android (`SecureDfuImpl.java`, version 2); the device's end, with the model choices that both
//! share, is in `server_model::foreign`.
//!
//! It restarts the device as its boot loader, sends the init packet and executes it, and then for
//! each page of the image: create the object, send its packets, each time as many as there are from
//! receipt to receipt, ask for the CRC-32 of all data so far, execute. Octets that the device did not
//! get are sent again, with a receipt after every packet from then on; a wrong CRC has the object
//! made anew, three times at most. Nothing has a time-out: a receipt that does not come is waited
//! for until the link ends, and a lost link ends the update.
//!
//! Model choices: packets of at most 244 octets and of whole words, as the device's answer to the
//! MTU exchange makes them; the client ends the connection where the device would before its resets.

use super::ending::{Ending, fail, uploaded};
use crate::config::{ClientConfig, Image, Mode};
use crate::error::ClientError;
use crate::event::Phase;
use crate::frames::{FrameAction, FrameClient, FrameEvent, Outgoing, Protocol};
use sim_core::Time;

/// Octets of a packet at most: the boot loader's ATT MTU is 247.
const PACKET_MAX: u16 = 244;

/// Octets of an init packet with a signature, as nrfutil makes it; its first part is used.
const INIT_LEN: usize = 141;

/// Attempts to get one object over (`MAX_ATTEMPTS`).
const ATTEMPTS_MAX: u8 = 3;

/// Requests and the codes of their answers.
const ENTER: u8 = 0x01;
const ENTER_ANSWER: u8 = 0x20;
const CREATE: u8 = 0x01;
const RECEIPTS: u8 = 0x02;
const CRC: u8 = 0x03;
const EXECUTE: u8 = 0x04;
const SELECT: u8 = 0x06;
const ANSWER: u8 = 0x60;
const SUCCESS: u8 = 0x01;

/// What the trace shows for packets (`NRF_DFU_OP_OBJECT_WRITE`).
const WRITE: u8 = 0x08;

/// Types of objects.
const COMMAND: u8 = 0x01;
const DATA: u8 = 0x02;

pub(super) fn build(config: &ClientConfig) -> Box<dyn FrameClient> {
    let mut init = config.image.len().to_le_bytes().to_vec();
    init.extend_from_slice(&config.image.sha256);
    init.resize(INIT_LEN, 0);
    Box::new(NordicSecureDfu {
        image: config.image.clone(),
        init,
        mode: config.mode,
        receipts: config.other.receipts.into(),
        packet: 0,
        step: Step::Connect,
        requests: 0,
        object: Object::default(),
        attempts: 1,
        ending: Ending::new(config),
    })
}

/// What is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// To the application.
    Connect,
    Enter,
    /// The device becomes its boot loader.
    Restart,
    SelectInit,
    NoReceipts,
    CreateInit,
    CheckInit,
    ExecuteInit,
    SetReceipts,
    SelectData,
    Create,
    /// Packets, up to a receipt.
    Send,
    Check,
    /// Octets were lost: receipts from now on after every packet.
    EveryReceipt,
    Execute,
}

/// The data object that is being sent.
#[derive(Clone, Copy, Debug, Default)]
struct Object {
    start: u32,
    end: u32,
    max: u32,
    /// Octets of the image that were sent.
    sent: u32,
}

#[derive(Clone, Debug)]
struct NordicSecureDfu {
    image: Image,
    init: Vec<u8>,
    mode: Mode,
    /// Packets from receipt to receipt; 0 for none.
    receipts: u32,
    /// Octets of a packet.
    packet: u16,
    step: Step,
    /// Requests that the next answer answers.
    requests: u32,
    object: Object,
    attempts: u8,
    ending: Ending,
}

impl NordicSecureDfu {
    fn ask(&mut self, step: Step, bytes: Vec<u8>, actions: &mut Vec<FrameAction>) {
        self.step = step;
        self.requests += 1;
        let id = bytes.first().copied().unwrap_or_default();
        actions.push(FrameAction::Send(Outgoing { id, ..Outgoing::new(bytes) }));
    }

    fn create(&mut self, actions: &mut Vec<FrameAction>) {
        let Object { start, max, .. } = self.object;
        self.object.end = self.image.len().min(start.saturating_add(max));
        self.object.sent = start;
        let size = self.object.end - start;
        self.ask(Step::Create, create(DATA, size), actions);
    }

    /// Sends packets up to the next receipt, or to the end of the object; there the CRC is asked
    /// for.
    fn send(&mut self, actions: &mut Vec<FrameAction>) {
        let Object { sent, end, .. } = self.object;
        let burst = self.receipts * u32::from(self.packet);
        let left = end - sent;
        let len = if self.receipts == 0 { left } else { left.min(burst) };
        if len > 0 {
            self.object.sent += len;
            self.requests += 1;
            actions.push(FrameAction::Send(Outgoing {
                bytes: self.image.chunk(sent, len).to_vec(),
                write_max: self.packet,
                id: WRITE,
                chunk: Some((sent, len)),
            }));
        }
        let receipt_comes = self.receipts > 0 && len > 0 && self.packets(len) == self.receipts;
        if receipt_comes {
            self.step = Step::Send;
        } else {
            self.ask(Step::Check, vec![CRC], actions);
        }
    }

    fn packets(&self, octets: u32) -> u32 {
        octets.div_ceil(u32::from(self.packet.max(1)))
    }

    fn received(&mut self, now: Time, value: &[u8], actions: &mut Vec<FrameAction>) {
        let (result, rest) = match (self.step, value) {
            (Step::Enter, &[ENTER_ANSWER, ENTER, result]) => (result, &[][..]),
            (Step::Connect | Step::Restart, _) => return,
            (_, &[ANSWER, _, result, ref rest @ ..]) => (result, rest),
            _ => return actions.push(fail(ClientError::MalformedAnswer { phase: Phase::Upload })),
        };
        let ok = result == SUCCESS;
        let code = if ok { 0 } else { result.into() };
        let kept = (self.step == Step::Execute && ok).then_some(self.object.end);
        let count = std::mem::take(&mut self.requests);
        actions.push(FrameAction::Answered { count, code, off: kept });
        if !ok {
            let (phase, code) = (Phase::Upload, result.into());
            return actions.push(fail(ClientError::ProtocolError { phase, code }));
        }
        if let Err(error) = self.answered(now, rest, actions) {
            actions.push(fail(error));
        }
    }

    fn answered(
        &mut self,
        now: Time,
        rest: &[u8],
        actions: &mut Vec<FrameAction>,
    ) -> Result<(), ClientError> {
        match self.step {
            Step::Connect | Step::Restart => {}
            Step::Enter => {
                self.step = Step::Restart;
                actions.push(FrameAction::Disconnect);
            }
            Step::SelectInit => self.ask(Step::NoReceipts, receipts(0), actions),
            Step::NoReceipts => self.create_init(actions),
            Step::CreateInit => {
                self.requests += 1;
                let (bytes, write_max) = (self.init.clone(), self.packet);
                let packet = Outgoing { bytes, write_max, id: WRITE, chunk: None };
                actions.push(FrameAction::Send(packet));
                self.ask(Step::CheckInit, vec![CRC], actions);
            }
            Step::CheckInit => self.check_init(rest, actions)?,
            Step::ExecuteInit if self.receipts > 0 => {
                self.ask(Step::SetReceipts, receipts(self.receipts), actions);
            }
            Step::ExecuteInit | Step::SetReceipts => {
                self.ask(Step::SelectData, vec![SELECT, DATA], actions);
            }
            Step::SelectData => {
                let max = word(rest, 0)?;
                self.object = Object { max: max.max(1), ..Object::default() };
                self.create(actions);
            }
            Step::Create | Step::Send | Step::EveryReceipt => self.send(actions),
            Step::Check => self.check(rest, actions)?,
            Step::Execute => self.executed(now, actions),
        }
        Ok(())
    }

    fn create_init(&mut self, actions: &mut Vec<FrameAction>) {
        let size = self.init.len() as u32;
        self.ask(Step::CreateInit, create(COMMAND, size), actions);
    }

    fn check_init(
        &mut self,
        rest: &[u8],
        actions: &mut Vec<FrameAction>,
    ) -> Result<(), ClientError> {
        if word(rest, 4)? == crc32fast::hash(&self.init) {
            self.attempts = 1;
            self.ask(Step::ExecuteInit, vec![EXECUTE], actions);
            return Ok(());
        }
        self.count_attempt()?;
        self.create_init(actions);
        Ok(())
    }

    /// What the device has of the object.
    fn check(&mut self, rest: &[u8], actions: &mut Vec<FrameAction>) -> Result<(), ClientError> {
        let (off, crc) = (word(rest, 0)?, word(rest, 4)?);
        let mine = self.image.chunk(0, off.min(self.image.len()));
        if crc32fast::hash(mine) != crc {
            self.count_attempt()?;
            self.create(actions);
            return Ok(());
        }
        if off >= self.object.end {
            let last = self.object.end == self.image.len();
            if last && self.mode == Mode::UploadOnly {
                actions.push(uploaded());
            } else {
                self.ask(Step::Execute, vec![EXECUTE], actions);
            }
            return Ok(());
        }
        self.object.sent = off;
        if self.receipts == 1 {
            self.send(actions);
        } else {
            self.receipts = 1;
            self.ask(Step::EveryReceipt, receipts(1), actions);
        }
        Ok(())
    }

    fn count_attempt(&mut self) -> Result<(), ClientError> {
        if self.attempts == ATTEMPTS_MAX {
            return Err(ClientError::MatchFailed);
        }
        self.attempts += 1;
        Ok(())
    }

    fn executed(&mut self, now: Time, actions: &mut Vec<FrameAction>) {
        self.attempts = 1;
        self.object.start = self.object.end;
        if self.object.start < self.image.len() {
            return self.create(actions);
        }
        self.ending.begin(now, actions);
        actions.push(FrameAction::Disconnect);
    }
}

impl FrameClient for NordicSecureDfu {
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
                self.packet = limits.max_packet.min(PACKET_MAX) / 4 * 4;
                actions.push(FrameAction::Phase(Phase::Params));
                if self.step == Step::Connect {
                    self.ask(Step::Enter, vec![ENTER], actions);
                } else {
                    self.ask(Step::SelectInit, vec![SELECT, COMMAND], actions);
                }
            }
            FrameEvent::Received(value) => self.received(now, value, actions),
            FrameEvent::Lost { .. } if self.step == Step::Restart => {
                actions.push(FrameAction::Connect);
            }
            FrameEvent::Lost { reason } => {
                actions.push(fail(ClientError::LinkLost { phase: Phase::Upload, reason }));
            }
            FrameEvent::ConnectFailed { attempts } => {
                actions.push(fail(ClientError::ConnectTimeout { attempts }));
            }
            FrameEvent::Timer => {}
        }
    }
}

fn create(kind: u8, size: u32) -> Vec<u8> {
    let mut bytes = vec![CREATE, kind];
    bytes.extend_from_slice(&size.to_le_bytes());
    bytes
}

fn receipts(packets: u32) -> Vec<u8> {
    let [low, high, ..] = packets.to_le_bytes();
    vec![RECEIPTS, low, high]
}

fn word(rest: &[u8], at: usize) -> Result<u32, ClientError> {
    let octets = rest.get(at..).and_then(|rest| rest.first_chunk());
    let malformed = ClientError::MalformedAnswer { phase: Phase::Upload };
    octets.map(|octets| u32::from_le_bytes(*octets)).ok_or(malformed)
}
