//! The command groups: who answers what, and what answering can take.
//!
//! Handlers that have no part in an upload are kept out of line, so that an upload's code stays
//! together in the processor's instruction cache.

mod basic;
mod enumeration;
mod erase_run;
mod fs;
mod image;
pub(crate) mod os;
mod refusal;
mod settings;
mod shell;
mod stat;

pub(crate) use enumeration::registered;
pub use image::Stream;
pub(crate) use refusal::{Code, Refusal};

use crate::transport::Origin;
use crate::{Quirks, ServerConfig, ServerEvent, ServerOut};
use basic::StorageErase;
use flash_model::{FlashOp, FlashView};
use image::{Erase, Image, SetNext, UploadWork};
use sim_core::Time;
use smp_wire::cbor::{Dialect, MapForm};
use smp_wire::group;
use std::cell::Cell;
use std::collections::VecDeque;

/// The commands that this server can be built with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Os(os::Command),
    Image(image::Command),
    Stat(stat::Command),
    Settings(settings::Command),
    Fs(fs::Command),
    Shell(shell::Command),
    Enumeration(enumeration::Command),
    Basic(basic::Command),
}

/// What a handler may look at and speak to.
pub(crate) struct Context<'a> {
    pub(crate) config: &'a ServerConfig,
    pub(crate) quirks: &'a Quirks,
    pub(crate) now: Time,
    pub(crate) flash: &'a dyn FlashView,
    /// Number of the request.
    pub(crate) tag: u32,
    /// Where it came from.
    pub(crate) origin: Origin,
    /// Octets that the processor has hashed in this step; the worker takes the time for them.
    pub(crate) hashed: &'a Cell<u32>,
    pub(crate) out: &'a mut VecDeque<ServerOut>,
}

/// `Ok` when the body of a success is written.
pub(crate) type Outcome = Result<(), Refusal>;

/// A command answers at once, or it becomes work with flash operations in it.
pub(crate) enum Answer {
    Now(Outcome),
    Later(Work),
    /// Work whose operations are all known.
    Planned(Box<Plan>),
}

/// A command under way. It holds no memory of its own, as it is moved about all the time.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Work {
    Upload(UploadWork),
    Erase(Erase),
    StorageErase(StorageErase),
    /// What [`Groups::plan`] holds.
    Plan,
}

/// Work whose operations are all known.
#[derive(Clone, Debug)]
pub(crate) enum Plan {
    SetNext(SetNext),
    SettingsSave(settings::Save),
}

/// How far work got.
pub(crate) enum Step {
    /// It goes on when this operation is over.
    Flash(FlashOp),
    /// It is finished.
    Done(Outcome),
}

/// The state of all groups.
#[derive(Clone, Debug, Default)]
pub(crate) struct Groups {
    pub(crate) os: os::Os,
    image: Image,
    settings: settings::Settings,
    fs: fs::Fs,
    shell: shell::Shell,
    /// Work whose operations are all known, while it is under way.
    pub(crate) plan: Option<Box<Plan>>,
}

impl Command {
    /// The command with these numbers, if it is built in (Zephyr `mgmt.c`, `mgmt_find_handler`).
    pub(crate) fn find(config: &ServerConfig, group: u16, id: u8) -> Option<Self> {
        match group {
            group::OS => os::Command::find(config, id).map(Self::Os),
            group::IMAGE => image::Command::find(config, id).map(Self::Image),
            group::STAT => stat::Command::find(config, id).map(Self::Stat),
            group::SETTINGS => settings::Command::find(config, id).map(Self::Settings),
            group::FS => fs::Command::find(config, id).map(Self::Fs),
            group::SHELL => shell::Command::find(config, id).map(Self::Shell),
            group::ENUM => enumeration::Command::find(config, id).map(Self::Enumeration),
            group::ZEPHYR_BASIC => basic::Command::find(config, id).map(Self::Basic),
            _ => None,
        }
    }

    /// Whether it has a handler for this operation.
    pub(crate) const fn accepts(self, op: u8) -> bool {
        match self {
            Self::Os(command) => command.accepts(op),
            Self::Image(command) => command.accepts(op),
            Self::Stat(command) => command.accepts(op),
            Self::Settings(command) => command.accepts(op),
            Self::Fs(command) => command.accepts(op),
            Self::Shell(command) => command.accepts(op),
            Self::Enumeration(command) => command.accepts(op),
            Self::Basic(command) => command.accepts(op),
        }
    }
}

impl Groups {
    /// The application starts.
    pub(crate) fn start(&mut self, config: &ServerConfig, flash: &dyn FlashView) {
        self.settings.start(config, flash);
    }

    /// The device resets itself: what was due before is done.
    pub(crate) fn before_reset(&mut self, now: Time, config: &ServerConfig) {
        self.fs.close_idle(now, &config.fs_options);
    }

    /// What is left of the groups when RAM has lost its contents.
    pub(crate) fn after_restart(self) -> Self {
        Self { fs: self.fs.after_restart(), ..Self::default() }
    }

    /// Runs the handler of a command. `body` is the payload, and whatever follows it in the packet;
    /// `out` holds the header of the response.
    pub(crate) fn handle(
        &mut self,
        command: Command,
        op: u8,
        body: &[u8],
        cx: &mut Context<'_>,
        out: &mut Vec<u8>,
    ) -> Answer {
        match command {
            Command::Os(command) => self.os.handle(command, op, body, cx, out),
            Command::Image(command) => self.image.handle(command, op, body, cx, out),
            Command::Stat(command) => command.handle(body, cx, out),
            Command::Settings(command) => self.settings.handle(command, op, body, cx, out),
            Command::Fs(command) => self.fs.handle(command, op, body, cx, out),
            Command::Shell(command) => self.shell.handle(command, body, cx, out),
            Command::Enumeration(command) => command.handle(body, cx, out),
            Command::Basic(command) => command.handle(),
        }
    }

    /// Takes work on to its next flash operation or its end.
    pub(crate) fn step(
        &mut self,
        work: &mut Work,
        body: &[u8],
        cx: &mut Context<'_>,
        out: &mut Vec<u8>,
    ) -> Step {
        match work {
            Work::Upload(work) => self.image.step_upload(work, body, cx, out),
            Work::Erase(erase) => self.image.step_erase(erase, cx, out),
            Work::StorageErase(work) => work.step(cx, out),
            Work::Plan => match self.plan.as_deref_mut() {
                Some(Plan::SetNext(work)) => work.step(cx, out),
                Some(Plan::SettingsSave(work)) => work.step(cx, out),
                None => unreachable!("a plan is kept until the next one"),
            },
        }
    }

    /// What a command is answered with whose flash operation was given up.
    pub(crate) fn flash_failed(
        &mut self,
        work: &Work,
        cx: &Context<'_>,
        out: &mut Vec<u8>,
    ) -> Outcome {
        match work {
            Work::Upload(work) => Err(self.image.upload_failed(work, cx)),
            Work::Erase(_) => Err(self.image.erase_failed(cx)),
            Work::StorageErase(_) => Err(StorageErase::failed(cx)),
            Work::Plan => match self.plan.as_deref() {
                Some(Plan::SetNext(work)) => work.failed(cx, out),
                Some(Plan::SettingsSave(_)) | None => Err(settings::Save::failed(cx)),
            },
        }
    }

    /// A flash operation of this work gives its buffer back; whatever the work does not need is
    /// returned.
    pub(crate) fn take_back(&mut self, work: &Work, data: Vec<u8>) -> Option<Vec<u8>> {
        match work {
            Work::Upload(_) => self.image.take_back(data),
            _ => Some(data),
        }
    }
}

impl Context<'_> {
    /// Which requests the decoder takes.
    pub(crate) const fn dialect(&self) -> Dialect {
        match self.quirks.dialect {
            // The early decoder does not know the option.
            Dialect::Zcbor06 => Dialect::Zcbor06,
            _ if self.config.canonical => Dialect::Canonical,
            later => later,
        }
    }

    /// What success replies begin with, where they carry a result code at all.
    pub(crate) fn success_rc(&self) -> Option<i32> {
        self.config.success_carries_rc().then_some(0)
    }

    /// How maps and arrays are written.
    pub(crate) const fn form(&self) -> MapForm {
        self.config.form()
    }

    pub(crate) fn trace(&mut self, event: ServerEvent) {
        self.out.push_back(ServerOut::Trace(event));
    }
}
