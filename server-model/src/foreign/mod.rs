//! Servers of other protocols than SMP, for comparison on the same link and the same flash.
//!
//! They are **simple models**: what travels, what is written when, and what is answered follow the
//! protocols' descriptions; what an update does not need is left out. Each module says what it
//! follows and what was chosen for this model. Common to all:
//!
//! - The link model carries one characteristic. Where a protocol has several, their values travel
//!   over that one pipe without any mark; ATT tells characteristics apart by handles, which take no
//!   octets here either. The server knows by its state and by the length what a value is.
//! - One value after the other has the processor, for the time of an SMP request of that length.
//! - Flash work waits in a queue, one operation after the other, while values are taken.
//! - The new image goes to slot 1, and the scenario's boot loader starts it.
//! - A value of the one octet [`LOOK`] asks what runs. It stands for reading the firmware revision
//!   from the Device Information Service, which is how users of such protocols find out.

mod board;
mod look;
mod oad;
mod own_protocol;
mod secure_dfu;

pub use look::{LOOK, LOOK_LEN};
pub use own_protocol::{OwnArea, OwnErase, OwnProtocolConfig};

use crate::{ServerConfig, ServerIn, ServerOut};
use board::{Board, Job};
use flash_model::FlashView;
use oad::Oad;
use own_protocol::OwnProtocol;
use secure_dfu::SecureDfu;
use sim_core::{Machine, Sdu, Time};

/// Which protocol a device has instead of SMP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ForeignProtocol {
    /// A user's own: packets with an offset into a ring.
    OwnProtocol(OwnProtocolConfig),
    /// Nordic's buttonless Secure DFU.
    SecureDfu,
    /// TI's over-the-air download.
    Oad,
}

/// A server of another protocol in virtual time. It does nothing before [`ServerIn::Start`].
#[derive(Clone, Debug)]
pub struct ForeignServer {
    board: Board,
    end: End,
}

#[derive(Clone, Debug)]
enum End {
    OwnProtocol(OwnProtocol),
    SecureDfu(SecureDfu),
    Oad(Oad),
}

impl End {
    fn get(&self) -> &dyn ProtocolEnd {
        match self {
            Self::OwnProtocol(end) => end,
            Self::SecureDfu(end) => end,
            Self::Oad(end) => end,
        }
    }

    fn get_mut(&mut self) -> &mut dyn ProtocolEnd {
        match self {
            Self::OwnProtocol(end) => end,
            Self::SecureDfu(end) => end,
            Self::Oad(end) => end,
        }
    }
}

/// The device's end of a protocol, on its [`Board`].
trait ProtocolEnd {
    /// The application runs.
    fn start(&mut self, now: Time, board: &mut Board, flash: &dyn FlashView);

    /// The processor turns to a value; `tag` is the number of its request.
    fn value(
        &mut self,
        now: Time,
        board: &mut Board,
        tag: u32,
        value: &[u8],
        flash: &dyn FlashView,
    );

    /// Flash work is done.
    fn flash_done(&mut self, now: Time, board: &mut Board, job: Job, flash: &dyn FlashView);

    /// Flash work was given up.
    fn flash_failed(&mut self, now: Time, board: &mut Board);

    /// The client is gone.
    fn link_lost(&mut self) {}

    /// When it wants to be woken.
    fn deadline(&self) -> Option<Time> {
        None
    }

    /// A deadline has come, perhaps another's.
    fn on_deadline(&mut self, now: Time, board: &mut Board, flash: &dyn FlashView) {
        let _ = (now, board, flash);
    }
}

impl ForeignServer {
    /// A server that waits for [`ServerIn::Start`]. Of `config` the partitions, the processor's
    /// times, the stream buffer and the boot mode matter.
    pub fn new(config: &ServerConfig, protocol: ForeignProtocol) -> Self {
        let end = match protocol {
            ForeignProtocol::OwnProtocol(own) => {
                End::OwnProtocol(OwnProtocol::new(own, config.stream_buf))
            }
            ForeignProtocol::SecureDfu => End::SecureDfu(SecureDfu::default()),
            ForeignProtocol::Oad => End::Oad(Oad::default()),
        };
        Self { board: Board::new(config), end }
    }

    /// Tells which slot the boot loader has started, 0 or 1, before [`ServerIn::Start`].
    pub fn set_active_slot(&mut self, slot: u8) {
        self.board.active_slot = slot.min(1);
    }

    /// Whether no value is queued or in process, and no flash work is under way.
    pub fn idle(&self) -> bool {
        self.board.idle()
    }

    fn take_value(&mut self, now: Time, flash: &dyn FlashView) {
        let Some(Sdu { tag, bytes }) = self.board.next_value(now) else { return };
        if bytes == [LOOK] {
            let answer = look::answer(&self.board, flash);
            return self.board.reply(tag, 0, answer);
        }
        let board = &mut self.board;
        self.end.get_mut().value(now, board, tag, &bytes, flash);
    }

    fn flash_done(&mut self, now: Time, failed: bool, flash: &dyn FlashView) {
        let Some(job) = self.board.end_flash(now) else { return };
        let board = &mut self.board;
        if failed {
            self.end.get_mut().flash_failed(now, board);
        } else {
            self.end.get_mut().flash_done(now, board, job, flash);
        }
        self.board.next_flash();
    }
}

impl Machine for ForeignServer {
    type In = ServerIn;
    type Out = ServerOut;
    type Env<'e> = &'e dyn FlashView;

    fn handle(&mut self, now: Time, input: ServerIn, flash: &dyn FlashView) {
        match input {
            ServerIn::Start => {
                self.board.start();
                let board = &mut self.board;
                self.end.get_mut().start(now, board, flash);
            }
            ServerIn::Write(value) => self.board.queue_value(now, value),
            ServerIn::Notified { .. } => self.board.notified(now),
            ServerIn::Subscribed { att_mtu } => self.board.att_mtu = Some(att_mtu),
            ServerIn::Unsubscribed => {
                self.board.link_lost(now);
                self.end.get_mut().link_lost();
            }
            ServerIn::FlashDone { .. } => self.flash_done(now, false, flash),
            ServerIn::FlashFailed { .. } => self.flash_done(now, true, flash),
            // Only SMP has other transports, and only its server asks for parameters.
            ServerIn::Datagram { .. }
            | ServerIn::Serial(_)
            | ServerIn::Shell(_)
            | ServerIn::RawSerial(_)
            | ServerIn::ConnParamsFailed => {}
        }
    }

    fn deadline(&self) -> Option<Time> {
        let end = self.end.get().deadline();
        self.board.deadline().into_iter().chain(end).min()
    }

    fn on_deadline(&mut self, now: Time, flash: &dyn FlashView) {
        self.board.end_pause(now);
        if self.board.value_is_due(now) {
            self.take_value(now, flash);
        }
        let board = &mut self.board;
        self.end.get_mut().on_deadline(now, board, flash);
        self.board.reset_if_due(now);
    }

    fn poll(&mut self) -> Option<ServerOut> {
        self.board.poll()
    }
}
