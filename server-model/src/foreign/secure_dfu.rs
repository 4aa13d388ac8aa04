//! The device's end of Nordic's buttonless Secure DFU over Bluetooth, a simple model of what the
//! nRF5 SDK 17 has (`nrf_dfu_ble.c`, `nrf_dfu_req_handler.c`, documentation "DFU protocol").
//!
//! The application knows one command, which restarts the device as its boot loader. That takes
//! commands on the control point and data on the packet characteristic. The *init packet* is a
//! command object; the image is a row of data objects of 4096 octets, a page each. Creating an
//! object erases its page; each packet is written to flash as it is; after every so many packets a
//! receipt tells offset and CRC-32 of all data so far; executing an object keeps it. After the last
//! one the image's SHA-256 is compared with that of the init packet, and the device resets.
//!
//! Model choices: control point values have at most 7 octets and packets have more, but for the last
//! of an object, so that the length tells them apart; the init packet begins with the image's length,
//! u32 little-endian, and its SHA-256, and its signature is not looked at; the image is marked for
//! good for the scenario's boot loader, and that mark's page is erased with the first object.

use super::ProtocolEnd;
use super::board::{Board, Job};
use crate::{DropReason, ServerEvent};
use flash_model::{Area, FlashOp, FlashView, set_pending};
use sim_core::{Span, Time};

/// Octets of a data object at most (`DATA_OBJECT_MAX_SIZE`: a page).
const OBJECT_MAX: u32 = 4096;

/// Octets of an init packet at most (`INIT_COMMAND_MAX_SIZE`).
const INIT_MAX: u32 = 512;

/// Octets of a control point value at most: a create request.
const CONTROL_MAX: usize = 7;

/// Buffers for packets that wait for flash (`MAX_DFU_BUFFERS`: 4096 / 244 + 1).
const BUFFERS: u32 = 17;

/// Without a create request for so long the boot loader gives up
/// (`NRF_DFU_INACTIVITY_TIMEOUT_MS`).
const INACTIVITY: Span = Span::from_s(120);

/// From an answer to the reset: the device ends the connection first, for which the client has this
/// time here. Model choice.
const RESET_DELAY: Span = Span::from_ms(100);

/// The buttonless command: restart as boot loader (`DFU_OP_ENTER_BOOTLOADER`), and the code of its
/// answer (`DFU_OP_RESPONSE_CODE`).
const ENTER: u8 = 0x01;
const ENTER_ANSWER: u8 = 0x20;

/// Operation codes of the control point (`nrf_dfu_op_t`).
const CREATE: u8 = 0x01;
const RECEIPTS: u8 = 0x02;
const CRC: u8 = 0x03;
const EXECUTE: u8 = 0x04;
const SELECT: u8 = 0x06;
const ANSWER: u8 = 0x60;

/// Result codes (`nrf_dfu_result_t`).
const SUCCESS: u8 = 0x01;
const NOT_SUPPORTED: u8 = 0x02;
const INVALID_PARAMETER: u8 = 0x03;
const NO_RESOURCES: u8 = 0x04;
const INVALID_OBJECT: u8 = 0x05;
const NOT_PERMITTED: u8 = 0x08;

/// The type of command objects; others are data.
const COMMAND: u8 = 0x01;

/// Octets that were taken, and the CRC-32 of all of them.
#[derive(Clone, Debug, Default)]
struct Progress {
    off: u32,
    crc: crc32fast::Hasher,
}

impl Progress {
    fn take(&mut self, octets: &[u8]) {
        self.off += octets.len() as u32;
        self.crc.update(octets);
    }

    /// Offset and CRC as answers carry them.
    fn words(&self) -> [u8; 8] {
        let mut words = [0; 8];
        words[..4].copy_from_slice(&self.off.to_le_bytes());
        words[4..].copy_from_slice(&self.crc.clone().finalize().to_le_bytes());
        words
    }
}

/// What an init packet says.
#[derive(Clone, Copy, Debug)]
struct Firmware {
    len: u32,
    sha256: [u8; 32],
}

/// The device's end.
#[derive(Clone, Debug, Default)]
pub(super) struct SecureDfu {
    /// Kept over a reset: the boot loader stays.
    stay: bool,
    boot_loader: bool,
    init: Vec<u8>,
    /// Octets of the init packet that was created.
    init_len: u32,
    firmware: Option<Firmware>,
    /// Octets of the data object that was created; 0 when none is open.
    object: u32,
    kept: Progress,
    now: Progress,
    /// The object that is open is the command object.
    command_open: bool,
    /// Packets from receipt to receipt, and those that are still to come.
    receipts: u16,
    until_receipt: u16,
    /// Buffers that flash has not given back.
    buffers: u32,
    /// An execute request that waits for flash.
    executing: Option<u32>,
    /// The image is being hashed until then.
    hashing: Option<(Time, u32)>,
    gives_up_at: Option<Time>,
    done: bool,
}

impl ProtocolEnd for SecureDfu {
    fn start(&mut self, now: Time, _board: &mut Board, _flash: &dyn FlashView) {
        let boot_loader = std::mem::take(&mut self.stay);
        *self = Self { boot_loader, ..Self::default() };
        self.gives_up_at = boot_loader.then_some(now + INACTIVITY);
    }

    fn value(
        &mut self,
        now: Time,
        board: &mut Board,
        tag: u32,
        value: &[u8],
        flash: &dyn FlashView,
    ) {
        if !self.boot_loader {
            return self.enter(now, board, tag, value);
        }
        if self.is_packet(value) {
            return self.packet(board, tag, value, flash);
        }
        let Some((&op, rest)) = value.split_first() else { return };
        let result = match op {
            CREATE => self.create(now, board, tag, rest, flash),
            RECEIPTS => self.set_receipts(rest),
            CRC => return answer(board, tag, op, SUCCESS, &self.progress()),
            EXECUTE => return self.execute(now, board, tag, flash),
            SELECT => return self.select(board, tag, rest),
            _ => NOT_SUPPORTED,
        };
        answer(board, tag, op, result, &[]);
    }

    fn flash_done(&mut self, now: Time, board: &mut Board, job: Job, _flash: &dyn FlashView) {
        if matches!(job, Job::Data(_)) {
            self.buffers = self.buffers.saturating_sub(1);
        }
        self.end_execute(now, board);
        if self.done && job == Job::Mark && board.flash_is_idle() {
            board.reset_when_sent(now, RESET_DELAY);
        }
    }

    /// The octets are missing in flash; the hash at the end tells.
    fn flash_failed(&mut self, now: Time, board: &mut Board) {
        self.buffers = self.buffers.saturating_sub(1);
        self.end_execute(now, board);
    }

    fn deadline(&self) -> Option<Time> {
        self.hashing.map(|(until, _)| until).into_iter().chain(self.gives_up_at).min()
    }

    fn on_deadline(&mut self, now: Time, board: &mut Board, flash: &dyn FlashView) {
        if let Some((_, tag)) = self.hashing.take_if(|(until, _)| *until <= now) {
            self.validate(now, board, tag, flash);
        }
        if self.gives_up_at.take_if(|at| *at <= now).is_some() && !self.done {
            board.forget_flash();
            board.reset_at(now);
        }
    }
}

impl SecureDfu {
    fn enter(&mut self, now: Time, board: &mut Board, tag: u32, value: &[u8]) {
        let entered = value == [ENTER];
        let result = if entered { SUCCESS } else { NOT_SUPPORTED };
        let op = value.first().copied().unwrap_or_default();
        board.reply(tag, result_code(result), vec![ENTER_ANSWER, op, result]);
        if entered {
            self.stay = true;
            board.reset_when_sent(now, RESET_DELAY);
        }
    }

    /// Octets that the open object lacks.
    fn missing(&self) -> u32 {
        if self.command_open {
            self.init_len - self.init.len() as u32
        } else {
            self.object - (self.now.off - self.kept.off)
        }
    }

    fn is_packet(&self, value: &[u8]) -> bool {
        let missing = self.missing();
        missing > 0 && (value.len() > CONTROL_MAX || value.len() as u32 == missing)
    }

    fn packet(&mut self, board: &mut Board, tag: u32, octets: &[u8], flash: &dyn FlashView) {
        let (len, missing) = (octets.len() as u32, self.missing());
        if len > missing {
            return board.drop(tag, DropReason::TooLong);
        }
        // Flash takes whole words only; what is left of the last one is filled up.
        if !self.command_open && len < missing && !len.is_multiple_of(flash.geometry().write_size) {
            return board.drop(tag, DropReason::BadFraming);
        }
        if self.command_open {
            self.init.extend_from_slice(octets);
        } else if self.buffers == BUFFERS {
            return board.drop(tag, DropReason::NoBuffer);
        } else {
            self.buffers += 1;
            let at = board.target(&flash.geometry()).start + self.now.off;
            board.write(at, octets.to_vec(), flash.geometry().write_size);
            self.now.take(octets);
            let (off, len_accepted) = (self.now.off, octets.len() as u16);
            board.trace(ServerEvent::Upload { tag, off, len_accepted });
        }
        self.until_receipt = self.until_receipt.saturating_sub(1);
        if self.receipts > 0 && self.until_receipt == 0 {
            self.until_receipt = self.receipts;
            answer(board, tag, CRC, SUCCESS, &self.progress());
        }
    }

    /// Offset and CRC of the object that is open.
    fn progress(&self) -> [u8; 8] {
        if !self.command_open {
            return self.now.words();
        }
        let mut init = Progress::default();
        init.take(&self.init);
        init.words()
    }

    fn set_receipts(&mut self, rest: &[u8]) -> u8 {
        let Some(&[low, high]) = rest.first_chunk() else { return INVALID_PARAMETER };
        self.receipts = u16::from_le_bytes([low, high]);
        self.until_receipt = self.receipts;
        SUCCESS
    }

    fn select(&mut self, board: &mut Board, tag: u32, rest: &[u8]) {
        self.command_open = rest.first() == Some(&COMMAND);
        let max = if self.command_open { INIT_MAX } else { OBJECT_MAX };
        let mut words = max.to_le_bytes().to_vec();
        words.extend_from_slice(&self.progress());
        answer(board, tag, SELECT, SUCCESS, &words);
    }

    fn create(
        &mut self,
        now: Time,
        board: &mut Board,
        tag: u32,
        rest: &[u8],
        flash: &dyn FlashView,
    ) -> u8 {
        let Some((&kind, size)) = rest.split_first() else { return INVALID_PARAMETER };
        let Some(&size) = size.first_chunk() else { return INVALID_PARAMETER };
        let size = u32::from_le_bytes(size);
        self.gives_up_at = Some(now + INACTIVITY);
        self.until_receipt = self.receipts;
        self.command_open = kind == COMMAND;
        if self.command_open {
            self.init.clear();
            self.init_len = size.min(INIT_MAX);
            return if size > INIT_MAX { NO_RESOURCES } else { SUCCESS };
        }
        let Some(firmware) = self.firmware else { return NOT_PERMITTED };
        let page = flash.geometry().page;
        let left = firmware.len - self.kept.off;
        match size {
            0 => return INVALID_PARAMETER,
            size if size > OBJECT_MAX => return NO_RESOURCES,
            size if size > left => return NOT_PERMITTED,
            size if !size.is_multiple_of(page) && size < left => return INVALID_PARAMETER,
            _ => {}
        }
        self.object = size;
        self.now = self.kept.clone();
        let target = board.target(&flash.geometry());
        if self.kept.off == 0 {
            let trailer = board.layout.secondary().end() - page;
            board.flash(FlashOp::Erase { at: trailer }, Job::Erase);
        }
        board.erase(tag, Area::new(target.start + self.kept.off, size), page);
        SUCCESS
    }

    fn execute(&mut self, now: Time, board: &mut Board, tag: u32, flash: &dyn FlashView) {
        if self.command_open {
            let result = self.execute_init(board, flash);
            return answer(board, tag, EXECUTE, result, &[]);
        }
        if self.object == 0 || self.missing() > 0 {
            return answer(board, tag, EXECUTE, NOT_PERMITTED, &[]);
        }
        self.object = 0;
        self.kept = self.now.clone();
        self.executing = Some(tag);
        self.end_execute(now, board);
    }

    fn execute_init(&mut self, board: &Board, flash: &dyn FlashView) -> u8 {
        let Some((len, rest)) = self.init.split_first_chunk() else { return INVALID_OBJECT };
        let Some(&sha256) = rest.first_chunk() else { return INVALID_OBJECT };
        let len = u32::from_le_bytes(*len);
        let room = board.target(&flash.geometry()).len - flash.geometry().page;
        if !(1..=room).contains(&len) {
            return NO_RESOURCES;
        }
        self.firmware = Some(Firmware { len, sha256 });
        (self.kept, self.now, self.object) = (Progress::default(), Progress::default(), 0);
        SUCCESS
    }

    /// An execute request is answered when all its octets are in flash.
    fn end_execute(&mut self, now: Time, board: &mut Board) {
        if !board.flash_is_idle() {
            return;
        }
        let Some(tag) = self.executing.take() else { return };
        match self.firmware {
            Some(firmware) if firmware.len == self.kept.off => {
                self.hashing = Some((now + board.hash_time(firmware.len), tag));
            }
            _ => answer(board, tag, EXECUTE, SUCCESS, &[]),
        }
    }

    fn validate(&mut self, now: Time, board: &mut Board, tag: u32, flash: &dyn FlashView) {
        let Some(firmware) = self.firmware else { return };
        let image = Area::new(board.target(&flash.geometry()).start, firmware.len);
        if flash.sha256(image) != firmware.sha256 {
            return answer(board, tag, EXECUTE, INVALID_OBJECT, &[]);
        }
        answer(board, tag, EXECUTE, SUCCESS, &[]);
        self.done = true;
        let ops = set_pending(flash, &board.layout, true).unwrap_or_default();
        if ops.is_empty() {
            board.reset_when_sent(now, RESET_DELAY);
        }
        board.mark(ops);
    }
}

/// Answers a control point request.
fn answer(board: &mut Board, tag: u32, op: u8, result: u8, words: &[u8]) {
    let mut bytes = vec![ANSWER, op, result];
    bytes.extend_from_slice(words);
    board.reply(tag, result_code(result), bytes);
}

/// What the trace shows for a result.
fn result_code(result: u8) -> i16 {
    if result == SUCCESS { 0 } else { result.into() }
}
