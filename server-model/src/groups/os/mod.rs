//! The OS group: echo, threads, clock, reset, buffers, information.

mod bootloader;
mod clock;
mod info;
mod reset;
mod tasks;

use super::{Answer, Context, Outcome};
use crate::ServerConfig;
use clock::Clock;
use sim_core::Time;
use smp_wire::errors::Rc;
use smp_wire::group::os;
use smp_wire::header::{OP_READ, OP_WRITE};
use smp_wire::os::{EchoRequest, EchoResponse, ParamsResponse};

/// The commands of the group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Echo,
    Tasks,
    DateTime,
    Reset,
    Params,
    Info,
    BootloaderInfo,
}

impl Command {
    /// The command of this number, if it is built in. Zephyr has reserved numbers for the console's
    /// echo and for statistics of memory pools, and no commands for them.
    #[inline(never)]
    pub(crate) fn find(config: &ServerConfig, id: u8) -> Option<Self> {
        let (built_in, command) = match id {
            os::ECHO => (config.echo, Self::Echo),
            os::TASK_STATS => (config.taskstat, Self::Tasks),
            os::DATETIME => (config.datetime, Self::DateTime),
            os::RESET => (config.reset, Self::Reset),
            os::PARAMS => (config.params, Self::Params),
            os::INFO => (config.info, Self::Info),
            os::BOOTLOADER_INFO => (config.bootloader_info, Self::BootloaderInfo),
            _ => return None,
        };
        built_in.then_some(command)
    }

    /// Whether it has a handler for this operation.
    pub(crate) const fn accepts(self, op: u8) -> bool {
        match self {
            Self::Echo | Self::DateTime => matches!(op, OP_READ | OP_WRITE),
            Self::Tasks | Self::Params | Self::Info | Self::BootloaderInfo => op == OP_READ,
            Self::Reset => op == OP_WRITE,
        }
    }
}

/// State of the OS group.
#[derive(Clone, Debug, Default)]
pub(crate) struct Os {
    /// When the device resets.
    pub(crate) reset_at: Option<Time>,
    clock: Clock,
}

impl Os {
    /// Runs the handler of a command.
    #[inline(never)]
    pub(crate) fn handle(
        &mut self,
        command: Command,
        op: u8,
        body: &[u8],
        cx: &Context<'_>,
        out: &mut Vec<u8>,
    ) -> Answer {
        let outcome = match command {
            Command::Echo => echo(body, cx, out),
            Command::Tasks => {
                tasks::list(cx, out);
                Ok(())
            }
            Command::DateTime if op == OP_READ => self.clock.read(cx, out),
            Command::DateTime => self.clock.write(body, cx, out),
            Command::Reset => self.reset(body, cx, out),
            Command::Params => {
                params(cx, out);
                Ok(())
            }
            Command::Info => info::info(body, cx, out),
            Command::BootloaderInfo => bootloader::info(body, cx, out),
        };
        Answer::Now(outcome)
    }
}

/// Sends the text back (Zephyr `os_mgmt.c`, `os_mgmt_echo`).
fn echo(body: &[u8], cx: &Context<'_>, out: &mut Vec<u8>) -> Outcome {
    let request = if cx.quirks.echo_by_hand {
        EchoRequest::decode(body, cx.dialect()).map_err(|_| Rc::Unknown)?
    } else {
        EchoRequest::decode_as_map(body, cx.dialect()).map_err(|_| Rc::Invalid)?
    };
    EchoResponse { r: request.d }.emit(out, cx.form());
    Ok(())
}

/// Tells the size and the number of the buffers; the payload of the request is not looked at.
fn params(cx: &Context<'_>, out: &mut Vec<u8>) {
    let ServerConfig { buf_size, buf_count, .. } = *cx.config;
    ParamsResponse { buf_size, buf_count }.emit(out, cx.form());
}
