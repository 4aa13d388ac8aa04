//! The commands of the image group.

use super::erase::erase;
use super::state::{list, write_state};
use super::upload::Image;
use crate::ServerConfig;
use crate::groups::{Answer, Context};
use smp_wire::group::image;
use smp_wire::header::{OP_READ, OP_WRITE};

/// The commands of the group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    State,
    Upload,
    Erase,
}

impl Command {
    /// The command of this number, if it is built in.
    pub(crate) fn find(config: &ServerConfig, id: u8) -> Option<Self> {
        match id {
            _ if !config.image => None,
            image::STATE => Some(Self::State),
            image::UPLOAD => Some(Self::Upload),
            image::ERASE => Some(Self::Erase),
            _ => None,
        }
    }

    /// Whether it has a handler for this operation.
    pub(crate) const fn accepts(self, op: u8) -> bool {
        match self {
            Self::State => matches!(op, OP_READ | OP_WRITE),
            Self::Upload | Self::Erase => op == OP_WRITE,
        }
    }
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
            Command::State if op == OP_READ => {
                list(cx, out);
                Answer::Now(Ok(()))
            }
            Command::State => write_state(body, cx),
            Command::Upload => self.upload(body, cx, out),
            Command::Erase => erase(body, cx),
        }
    }
}
