//! The shell.

use super::{Answer, Context};
use crate::ServerConfig;
use smp_wire::errors::Rc;

/// The commands of the group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {}

/// State of the group.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shell;

impl Command {
    /// The command of this number, if it is built in.
    pub(crate) fn find(_config: &ServerConfig, _id: u8) -> Option<Self> {
        None
    }

    /// Whether it has a handler for this operation.
    pub(crate) const fn accepts(self, _op: u8) -> bool {
        match self {}
    }
}

impl Shell {
    /// Runs the handler of a command.
    pub(crate) fn handle(
        &mut self,
        _command: Command,
        _op: u8,
        _body: &[u8],
        _cx: &mut Context<'_>,
        _out: &mut Vec<u8>,
    ) -> Answer {
        Answer::Now(Err(Rc::NotSupported.into()))
    }
}
