//! A user's own protocol, as he described it to a mailing list in January 2023 together with the log
//! of his gateway: packets with an offset into a ring buffer, and the offset of the last packet as
//! the answer. That it works two times in three has reasons that can be switched on one by one.
//!
//! A packet is an offset, u32 little-endian; with offset 0 the octets of the whole file, likewise;
//! and data. If the offset is where the ring is written, the data go into the ring; else the packet
//! counts as a repetition and is dropped. Either way the answer is the packet's own offset. What the
//! ring has no room for is an error. A writer takes blocks of `CONFIG_IMG_BLOCK_BUF_SIZE` octets out
//! of the ring into the slot; after the last it marks the slot for a trial boot, and the device
//! resets 2 s later. The slot is erased whole at the beginning.
//!
//! Model choices: the ring's size; error numbers count up from
//! [`OwnProtocolConfig::error_first`]; the application confirms itself when it runs.

use super::ProtocolEnd;
use super::board::{Board, Job};
use crate::{DropReason, ServerEvent};
use flash_model::{Area, FlashView, set_confirmed, set_pending};
use sim_core::{Ppm, Span, Time};
use std::collections::VecDeque;

/// From the mark to the reset.
const RESET_DELAY: Span = Span::from_s(2);

/// Octets of an offset, and of a file size.
const WORD: usize = 4;

/// What a build of the protocol is like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnProtocolConfig {
    /// Octets of the ring between radio and writer.
    pub ring: u32,
    /// When the slot is erased.
    pub erase: OwnErase,
    /// Which flash area the number in the source means.
    pub area: OwnArea,
    /// The error number of a full ring; the one behind it is that of failed flash work. They share
    /// the numbers with offsets.
    pub error_first: u32,
    /// Chance that 32 octets written to a variable of one octet break something that matters, which
    /// happens just before the mark is made.
    pub overwrite: Ppm,
    /// What this run draws for that.
    pub draw: u64,
    /// The application confirms itself as soon as it runs (`boot_write_img_confirmed`).
    pub self_confirm: bool,
    /// The n-th packet never reaches the ring, from 1; 0 for none.
    pub lost_packet: u32,
}

impl Default for OwnProtocolConfig {
    fn default() -> Self {
        Self {
            ring: 8192,
            erase: OwnErase::First,
            area: OwnArea::Slot1,
            error_first: 1,
            overwrite: Ppm::new(0),
            draw: 0,
            self_confirm: true,
            lost_packet: 0,
        }
    }
}

/// When the slot is erased.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OwnErase {
    /// Before the first packet is answered.
    #[default]
    First,
    /// By the writer, while the ring takes packets.
    InWriter,
}

/// The flash area that the update is written to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OwnArea {
    /// The secondary slot, as it should be.
    #[default]
    Slot1,
    /// The primary slot, where the application runs.
    Slot0,
    /// The storage partition.
    Storage,
}

/// The device's end.
#[derive(Clone, Debug)]
pub(super) struct OwnProtocol {
    config: OwnProtocolConfig,
    /// Octets that the writer takes at a time.
    block: usize,
    packets: u32,
    file: File,
}

/// What there is of the file since the device runs.
#[derive(Clone, Debug, Default)]
struct File {
    /// Octets of the whole.
    size: Option<u32>,
    /// Octets that went into the ring: the offset that is not a repetition.
    position: u32,
    /// Octets that were written, or are being written.
    taken: u32,
    ring: VecDeque<u8>,
    /// The packet that is answered when the slot is erased, and what was taken of it.
    unanswered: Option<(u32, u16)>,
    /// Pages that are still to be erased.
    erases: u32,
    writing: bool,
    marking: bool,
    error: Option<u32>,
}

impl ProtocolEnd for OwnProtocol {
    fn start(&mut self, _now: Time, board: &mut Board, flash: &dyn FlashView) {
        self.packets = 0;
        self.file = File::default();
        if self.config.self_confirm
            && let Ok(ops) = set_confirmed(flash, &board.layout)
        {
            board.mark(ops);
        }
    }

    fn value(
        &mut self,
        _now: Time,
        board: &mut Board,
        tag: u32,
        packet: &[u8],
        flash: &dyn FlashView,
    ) {
        self.packets += 1;
        if self.packets == self.config.lost_packet {
            return board.drop(tag, DropReason::NoBuffer);
        }
        let Some((off, data)) = packet.split_first_chunk::<WORD>() else {
            return board.drop(tag, DropReason::NoHeader);
        };
        let off = u32::from_le_bytes(*off);
        let mut taken = 0;
        if self.file.error.is_none() && off == self.file.position {
            taken = self.put(board, tag, off, data, flash);
        }
        if self.file.erases > 0 && self.config.erase == OwnErase::First {
            self.file.unanswered = Some((tag, taken));
            board.hold();
        } else {
            self.answer(board, tag, off, taken);
        }
        self.write(board, flash);
    }

    fn flash_done(&mut self, now: Time, board: &mut Board, job: Job, flash: &dyn FlashView) {
        match job {
            Job::Erase if self.config.area == OwnArea::Slot0 => {
                // The code that runs is gone.
                board.forget_flash();
                board.crash(now);
            }
            Job::Erase => {
                self.file.erases = self.file.erases.saturating_sub(1);
                if self.file.erases == 0 {
                    self.answer_first(now, board);
                }
            }
            Job::Data(_) => self.file.writing = false,
            Job::Mark if self.file.marking && board.flash_is_idle() => {
                board.reset_at(now + RESET_DELAY);
            }
            Job::Mark => {}
        }
        self.write(board, flash);
        self.end_file(now, board, flash);
    }

    fn flash_failed(&mut self, now: Time, board: &mut Board) {
        self.file.error = Some(self.config.error_first.wrapping_add(1));
        self.file.erases = 0;
        board.forget_flash();
        self.answer_first(now, board);
    }
}

impl OwnProtocol {
    pub(super) fn new(config: OwnProtocolConfig, block: u32) -> Self {
        Self { config, block: block.max(1) as usize, packets: 0, file: File::default() }
    }

    /// Puts data into the ring, or as much as there is room for; says how much.
    fn put(
        &mut self,
        board: &mut Board,
        tag: u32,
        off: u32,
        mut data: &[u8],
        flash: &dyn FlashView,
    ) -> u16 {
        if off == 0 {
            let Some((size, rest)) = data.split_first_chunk::<WORD>() else { return 0 };
            data = rest;
            self.file.size = Some(u32::from_le_bytes(*size));
            let page = flash.geometry().page;
            let area = match self.config.area {
                OwnArea::Slot1 => board.layout.secondary(),
                _ => self.area(board, flash),
            };
            self.file.erases = area.page_count(page);
            board.erase(tag, area, page);
        }
        let room = (self.config.ring as usize).saturating_sub(self.file.ring.len());
        let put = data.len().min(room);
        self.file.ring.extend(&data[..put]);
        self.file.position += put as u32;
        if put < data.len() {
            self.file.error = Some(self.config.error_first);
        }
        put as u16
    }

    fn answer(&self, board: &mut Board, tag: u32, off: u32, taken: u16) {
        let number = self.file.error.unwrap_or(off);
        board.trace(ServerEvent::Upload { tag, off: self.file.position, len_accepted: taken });
        let rc = self.file.error.map_or(0, |number| number.min(i16::MAX as u32) as i16);
        board.reply(tag, rc, number.to_le_bytes().to_vec());
    }

    /// The erase that the first packet waits for is over.
    fn answer_first(&mut self, now: Time, board: &mut Board) {
        if let Some((tag, taken)) = self.file.unanswered.take() {
            self.answer(board, tag, 0, taken);
            board.go_on(now);
        }
    }

    fn area(&self, board: &Board, flash: &dyn FlashView) -> Area {
        match self.config.area {
            OwnArea::Slot1 => board.target(&flash.geometry()),
            OwnArea::Slot0 => board.layout.primary(),
            OwnArea::Storage => board.layout.storage.unwrap_or(Area::new(0, 0)),
        }
    }

    /// The writer's turn: a block if the ring holds one, or the end of the file.
    fn write(&mut self, board: &mut Board, flash: &dyn FlashView) {
        let file = &mut self.file;
        if file.erases > 0 || file.writing || file.error.is_some() {
            return;
        }
        let all_there = file.size.is_some_and(|size| file.position >= size);
        let block = self.block.min(file.ring.len());
        if block == 0 || (block < self.block && !all_there) {
            return;
        }
        let data: Vec<u8> = file.ring.drain(..block).collect();
        let off = file.taken;
        let area = self.area(board, flash);
        let write_size = flash.geometry().write_size;
        if off + (block as u32).next_multiple_of(write_size) > area.len {
            self.file.error = Some(self.config.error_first.wrapping_add(1));
            return;
        }
        self.file.taken += block as u32;
        self.file.writing = true;
        board.write(area.start + off, data, write_size);
    }

    /// After the last octet was written: the bug, and the mark.
    fn end_file(&mut self, now: Time, board: &mut Board, flash: &dyn FlashView) {
        let file = &mut self.file;
        let complete = file.size.is_some_and(|size| size > 0 && file.taken >= size);
        if !complete || file.writing || file.marking {
            return;
        }
        file.marking = true;
        if self.config.overwrite.accepts(self.config.draw) {
            return board.crash(now);
        }
        let ops = set_pending(flash, &board.layout, false).unwrap_or_default();
        if ops.is_empty() {
            board.reset_at(now + RESET_DELAY);
        }
        board.mark(ops);
    }
}
