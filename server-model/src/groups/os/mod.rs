//! The OS group: echo, buffer parameters, reset.

use super::{Answer, Context, Outcome};
use crate::ServerConfig;
use sim_core::{Span, Time};
use smp_wire::cbor::empty_map;
use smp_wire::errors::Rc;
use smp_wire::group::os;
use smp_wire::header::{OP_READ, OP_WRITE};
use smp_wire::os::{EchoRequest, EchoResponse, ParamsResponse};

/// The commands of the group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Echo,
    Reset,
    Params,
}

impl Command {
    /// The command of this number, if it is built in.
    pub(crate) fn find(config: &ServerConfig, id: u8) -> Option<Self> {
        match id {
            os::ECHO => config.echo.then_some(Self::Echo),
            os::RESET => Some(Self::Reset),
            os::PARAMS => config.params.then_some(Self::Params),
            _ => None,
        }
    }

    /// Whether it has a handler for this operation.
    pub(crate) const fn accepts(self, op: u8) -> bool {
        match self {
            Self::Echo => matches!(op, OP_READ | OP_WRITE),
            Self::Params => op == OP_READ,
            Self::Reset => op == OP_WRITE,
        }
    }
}

/// State of the OS group.
#[derive(Clone, Debug, Default)]
pub(crate) struct Os {
    /// When the device resets.
    pub(crate) reset_at: Option<Time>,
}

/// Sends the text back. Whatever is wrong with the request, it is `EUNKNOWN` (Zephyr 3.2
/// `os_mgmt.c`, `os_mgmt_echo`).
fn echo(body: &[u8], cx: &Context<'_>, out: &mut Vec<u8>) -> Outcome {
    let request = EchoRequest::decode(body).map_err(|_| Rc::Unknown)?;
    EchoResponse { r: request.d }.emit(out, cx.form());
    Ok(())
}

/// Tells the size and the number of the buffers; the payload of the request is not looked at.
fn params(cx: &Context<'_>, out: &mut Vec<u8>) {
    let ServerConfig { buf_size, buf_count, .. } = *cx.config;
    ParamsResponse { buf_size, buf_count }.emit(out, cx.form());
}

impl Os {
    /// Runs the handler of a command.
    pub(crate) fn handle(
        &mut self,
        command: Command,
        body: &[u8],
        cx: &Context<'_>,
        out: &mut Vec<u8>,
    ) -> Answer {
        match command {
            Command::Echo => return Answer::Now(echo(body, cx, out)),
            Command::Params => params(cx, out),
            Command::Reset => self.reset(cx, out),
        }
        Answer::Now(Ok(()))
    }

    /// Answers now and resets later, whatever the payload says: requests that arrive meanwhile are
    /// served (Zephyr `os_mgmt.c`, `os_mgmt_reset`).
    fn reset(&mut self, cx: &Context<'_>, out: &mut Vec<u8>) {
        let at = cx.now + Span::from_ms(cx.config.reset_ms.into());
        if cx.quirks.reset_restarts_delay || self.reset_at.is_none() {
            self.reset_at = Some(at);
        }
        empty_map(out, cx.form());
    }
}
