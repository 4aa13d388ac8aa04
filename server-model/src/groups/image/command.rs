//! The commands of the image group.

use super::list::list;
use super::slot_info::slot_info;
use super::state::write_state;
use super::upload::Image;
use crate::ServerConfig;
use crate::groups::{Answer, Context};
use flash_model::BootMode;
use smp_wire::group::image;
use smp_wire::header::{OP_READ, OP_WRITE};

/// The commands of the group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    State {
        /// Images can be tested and confirmed.
        writable: bool,
    },
    Upload,
    Erase,
    SlotInfo,
}

impl Command {
    /// The command of this number, if it is built in.
    pub(crate) fn find(config: &ServerConfig, id: u8) -> Option<Self> {
        match id {
            _ if !config.image => None,
            image::UPLOAD => Some(Self::Upload),
            image::STATE => Some(Self::State { writable: state_is_writable(config) }),
            image::ERASE => Some(Self::Erase),
            image::SLOT_INFO if config.slot_info => Some(Self::SlotInfo),
            _ => None,
        }
    }

    /// Whether it has a handler for this operation.
    pub(crate) const fn accepts(self, op: u8) -> bool {
        match self {
            Self::State { writable } => op == OP_READ || writable && op == OP_WRITE,
            Self::Upload | Self::Erase => op == OP_WRITE,
            Self::SlotInfo => op == OP_READ,
        }
    }
}

/// Where the boot loader chooses by version alone there is nothing to write (Zephyr `img_mgmt.c`,
/// `img_mgmt_handlers`). Early servers do not know their boot loader's mode.
fn state_is_writable(config: &ServerConfig) -> bool {
    let by_version =
        matches!(config.boot_mode, BootMode::DirectXip { revert: false } | BootMode::RamLoad);
    !by_version || config.profile.quirks().only_slot_0_runs
}

impl Image {
    /// Runs the handler of a command.
    pub(crate) fn handle(
        &mut self,
        command: Command,
        op: u8,
        body: &[u8],
        cx: &mut Context<'_>,
        out: &mut Vec<u8>,
    ) -> Answer {
        match command {
            Command::Upload => return self.upload(body, cx, out),
            Command::State { .. } if op == OP_READ => list(cx, out),
            Command::State { .. } => return write_state(body, cx),
            Command::Erase => return self.erase(body, cx),
            Command::SlotInfo => slot_info(cx, out),
        }
        Answer::Now(Ok(()))
    }
}
