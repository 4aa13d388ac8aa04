//! The device's end of TI's over-the-air download (OAD) over Bluetooth, a simple model of the
//! on-chip kind (TI BLE5-Stack User's Guide, "BLE-Stack OAD Profile", and `oad.h`).
//!
//! The downloader asks for the block size, writes the image identification, and starts. From then on
//! the target asks for one block after the other by its number, each with the status of the one
//! before; a block is its number, u32 little-endian, and data. When the image's header is complete
//! the target erases every page that the image needs, before it asks for the next block. A block of
//! another number, or of another length, ends the download. After the last block the CRC is checked;
//! the command to enable the image restarts the device.
//!
//! Model choices: the identification carries the image's CRC-32 in its first four octets, where TI's
//! has a fixed text, because images for MCUboot have no CRC in their header; checking it takes no
//! time; the image is marked for good for the scenario's boot loader, and that mark's page is erased
//! with the others; between pages the link gets time, without which it would be lost.

use super::ProtocolEnd;
use super::board::{Board, Job};
use crate::ServerEvent;
use flash_model::{Area, FlashOp, FlashView, set_pending};
use sim_core::{Span, Time};

/// Octets of a block, number included (`OAD_MAX_BLOCK_SIZE`), and of its number
/// (`OAD_BLK_NUM_HDR_SZ`).
const BLOCK_MAX: u16 = 244;
const NUMBER_LEN: u16 = 4;

/// Octets of the image's header (`OAD_IMG_HDR_LEN` of on-chip images), after which pages are erased.
const HEADER_LEN: u32 = 80;

/// Octets of the image identification (`imgIdentifyPld_t`), and where its length stands.
const IDENTIFY_LEN: usize = 22;
const LEN_AT: usize = 14;

/// Without a value for so long the download ends (`OAD_DEFAULT_INACTIVITY_TIME`).
const INACTIVITY: Span = Span::from_s(10);

/// From the erase of one page to the next. TI's parts have a processor of its own for the radio,
/// which serves the link while pages are erased; here it is served between them.
const ERASE_PAUSE: Span = Span::from_ms(20);

/// Commands of the control characteristic (`OAD_EXT_CTRL_*`).
const GET_BLOCK_SIZE: u8 = 0x01;
const START: u8 = 0x03;
const ENABLE: u8 = 0x04;
const BLOCK_REQUEST: u8 = 0x12;
const UNKNOWN: u8 = 0xff;

/// Status codes (`OAD_SUCCESS` and so on).
const SUCCESS: u8 = 0;
const CRC_ERROR: u8 = 1;
const FLASH_ERROR: u8 = 2;
const WRONG_BLOCK: u8 = 3;
const NOT_STARTED: u8 = 5;
const NOT_COMPLETE: u8 = 6;
const TOO_BIG: u8 = 8;
const COMPLETE: u8 = 14;

/// How far the download is (`oadState_e`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Idle,
    /// The image was identified.
    Configured,
    Downloading,
    Complete,
    Enabled,
}

/// The device's end.
#[derive(Clone, Debug, Default)]
pub(super) struct Oad {
    state: State,
    /// Octets of the image in a block.
    block: u32,
    len: u32,
    crc32: u32,
    /// Blocks that were taken.
    blocks: u32,
    /// What came before the pages are erased.
    header: Vec<u8>,
    erased: bool,
    /// The block that is answered when its flash work is over.
    unanswered: Option<u32>,
    gives_up_at: Option<Time>,
}

impl ProtocolEnd for Oad {
    fn start(&mut self, _now: Time, _board: &mut Board, _flash: &dyn FlashView) {
        *self = Self::default();
    }

    fn value(
        &mut self,
        now: Time,
        board: &mut Board,
        tag: u32,
        value: &[u8],
        flash: &dyn FlashView,
    ) {
        if self.gives_up_at.is_some() {
            self.gives_up_at = Some(now + INACTIVITY);
        }
        match (value, self.state) {
            (_, State::Downloading) if value.len() > usize::from(NUMBER_LEN) => {
                self.block(board, tag, value, flash);
            }
            ([GET_BLOCK_SIZE], _) => {
                let size = block_size(board);
                self.block = u32::from(size - NUMBER_LEN);
                let [low, high] = size.to_le_bytes();
                board.reply(tag, 0, vec![GET_BLOCK_SIZE, low, high]);
            }
            (_, State::Idle | State::Configured) if value.len() == IDENTIFY_LEN => {
                self.identify(now, board, tag, value, flash);
            }
            ([START], State::Configured) => {
                self.state = State::Downloading;
                self.blocks = 0;
                self.ask(board, tag, SUCCESS);
            }
            ([START], _) => refuse(board, tag, START, NOT_STARTED),
            ([ENABLE], State::Complete) => self.enable(now, board, tag, flash),
            ([ENABLE], _) => refuse(board, tag, ENABLE, NOT_COMPLETE),
            (_, State::Idle) if value.len() > usize::from(NUMBER_LEN) => {
                self.ask(board, tag, NOT_STARTED);
            }
            _ => board.reply(tag, UNKNOWN.into(), vec![UNKNOWN]),
        }
    }

    fn flash_done(&mut self, now: Time, board: &mut Board, job: Job, flash: &dyn FlashView) {
        if !board.flash_is_idle() {
            return;
        }
        if job == Job::Mark {
            return board.reset_when_sent(now, Span::ZERO);
        }
        let Some(tag) = self.unanswered.take() else { return };
        self.gives_up_at = Some(now + INACTIVITY);
        board.go_on(now);
        if self.blocks * self.block < self.len {
            return self.ask(board, tag, SUCCESS);
        }
        let start = board.target(&flash.geometry()).start;
        if crc32fast::hash(flash.bytes(start, self.len)) == self.crc32 {
            self.ask(board, tag, COMPLETE);
            self.state = State::Complete;
        } else {
            self.ask(board, tag, CRC_ERROR);
            self.forget();
        }
    }

    fn flash_failed(&mut self, now: Time, board: &mut Board) {
        board.forget_flash();
        board.go_on(now);
        if let Some(tag) = self.unanswered.take() {
            self.ask(board, tag, FLASH_ERROR);
        }
        self.forget();
    }

    /// A download ends with its connection.
    fn link_lost(&mut self) {
        if self.state != State::Enabled {
            self.forget();
        }
    }

    fn deadline(&self) -> Option<Time> {
        self.gives_up_at.filter(|_| self.unanswered.is_none())
    }

    fn on_deadline(&mut self, now: Time, _board: &mut Board, _flash: &dyn FlashView) {
        if self.deadline().is_some_and(|due| due <= now) {
            self.forget();
        }
    }
}

impl Oad {
    fn identify(
        &mut self,
        now: Time,
        board: &mut Board,
        tag: u32,
        value: &[u8],
        flash: &dyn FlashView,
    ) {
        if self.block == 0 {
            self.block = u32::from(block_size(board) - NUMBER_LEN);
        }
        self.crc32 = word(value, 0);
        self.len = word(value, LEN_AT);
        let page = flash.geometry().page;
        let room = board.target(&flash.geometry()).len - page;
        let fits = (1..=room).contains(&self.len);
        let status = if fits { SUCCESS } else { TOO_BIG };
        if fits {
            self.state = State::Configured;
            self.gives_up_at = Some(now + INACTIVITY);
        }
        board.reply(tag, status.into(), vec![status]);
    }

    fn block(&mut self, board: &mut Board, tag: u32, value: &[u8], flash: &dyn FlashView) {
        let data = &value[usize::from(NUMBER_LEN)..];
        let off = self.blocks * self.block;
        let expected = self.block.min(self.len.saturating_sub(off));
        if word(value, 0) != self.blocks || data.len() as u32 != expected {
            self.ask(board, tag, WRONG_BLOCK);
            return self.forget();
        }
        self.blocks += 1;
        let upload =
            ServerEvent::Upload { tag, off: off + expected, len_accepted: expected as u16 };
        board.trace(upload);
        let geometry = flash.geometry();
        let target = board.target(&geometry);
        if self.erased {
            board.write(target.start + off, data.to_vec(), geometry.write_size);
        } else {
            self.header.extend_from_slice(data);
            let have = self.header.len() as u32;
            if have < HEADER_LEN.min(self.len) {
                return self.ask(board, tag, SUCCESS);
            }
            self.erased = true;
            board.pause_after_erases(ERASE_PAUSE);
            let pages = self.len.div_ceil(geometry.page) * geometry.page;
            board.erase(tag, Area::new(target.start, pages), geometry.page);
            let trailer = board.layout.secondary().end() - geometry.page;
            board.flash(FlashOp::Erase { at: trailer }, Job::Erase);
            let header = std::mem::take(&mut self.header);
            board.write(target.start, header, geometry.write_size);
        }
        self.unanswered = Some(tag);
        board.hold();
    }

    /// Asks for the next block, with the status of the last.
    fn ask(&self, board: &mut Board, tag: u32, status: u8) {
        let mut request = vec![BLOCK_REQUEST, status];
        request.extend_from_slice(&self.blocks.to_le_bytes());
        let is_error = status != SUCCESS && status != COMPLETE;
        board.reply(tag, if is_error { status.into() } else { 0 }, request);
    }

    fn forget(&mut self) {
        *self = Self { block: self.block, ..Self::default() };
    }

    fn enable(&mut self, now: Time, board: &mut Board, tag: u32, flash: &dyn FlashView) {
        self.state = State::Enabled;
        self.gives_up_at = None;
        board.reply(tag, 0, vec![ENABLE, SUCCESS]);
        let ops = set_pending(flash, &board.layout, true).unwrap_or_default();
        if ops.is_empty() {
            board.reset_when_sent(now, Span::ZERO);
        }
        board.mark(ops);
    }
}

/// Octets of a block with its number: what a write holds, at most the profile's largest, and a
/// multiple of four.
fn block_size(board: &Board) -> u16 {
    let write = board.att_mtu.unwrap_or(23).saturating_sub(3).max(8);
    write.min(BLOCK_MAX) / 4 * 4
}

fn word(value: &[u8], at: usize) -> u32 {
    let octets = value[at..].first_chunk().expect("lengths are checked before words are read");
    u32::from_le_bytes(*octets)
}

fn refuse(board: &mut Board, tag: u32, op: u8, status: u8) {
    board.reply(tag, status.into(), vec![op, status]);
}
