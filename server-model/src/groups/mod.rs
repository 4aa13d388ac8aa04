//! The command groups: who answers what, and what answering can take.

mod basic;
mod erase_run;
mod image;
pub(crate) mod os;

use crate::{Quirks, ServerConfig, ServerEvent, ServerOut};
use basic::StorageErase;
use flash_model::{Area, FlashOp, FlashView};
use image::{Erase, Image, SetNext, UploadWork};
use sim_core::Time;
use smp_wire::errors::Rc;
use smp_wire::group;
use smp_wire::header::{OP_READ, OP_WRITE};
use std::collections::VecDeque;

/// The commands that this server can be built with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Echo,
    Reset,
    Params,
    ImageState,
    ImageUpload,
    ImageErase,
    /// With the partition to erase.
    StorageErase(Area),
}

/// What a handler may look at and speak to.
pub(crate) struct Context<'a> {
    pub(crate) config: &'a ServerConfig,
    pub(crate) quirks: &'a Quirks,
    pub(crate) now: Time,
    pub(crate) flash: &'a dyn FlashView,
    /// Number of the request.
    pub(crate) tag: u32,
    pub(crate) out: &'a mut VecDeque<ServerOut>,
}

/// `Ok` when the body of a success is written.
pub(crate) type Outcome = Result<(), Refusal>;

/// An error code instead of a body, and the reason that verbose servers give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) rc: Rc,
    pub(crate) why: Option<&'static str>,
}

/// A command answers at once, or it becomes work with flash operations in it.
pub(crate) enum Answer {
    Now(Outcome),
    Later(Work),
}

/// A command under way.
#[derive(Clone, Debug)]
pub(crate) enum Work {
    Upload(UploadWork),
    Erase(Erase),
    SetNext(SetNext),
    StorageErase(StorageErase),
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
}

impl Command {
    /// The command with these numbers, if it is built in (Zephyr `mgmt.c`, `mgmt_find_handler`).
    pub(crate) fn find(config: &ServerConfig, group: u16, id: u8) -> Option<Self> {
        match (group, id) {
            (group::OS, group::os::ECHO) => config.echo.then_some(Self::Echo),
            (group::OS, group::os::RESET) => Some(Self::Reset),
            (group::OS, group::os::PARAMS) => config.params.then_some(Self::Params),
            (group::IMAGE, group::image::STATE) => Some(Self::ImageState),
            (group::IMAGE, group::image::UPLOAD) => Some(Self::ImageUpload),
            (group::IMAGE, group::image::ERASE) => Some(Self::ImageErase),
            (group::ZEPHYR_BASIC, group::zephyr_basic::ERASE_STORAGE) => {
                let storage = config.layout.storage.filter(|_| config.erase_storage);
                storage.map(Self::StorageErase)
            }
            _ => None,
        }
    }

    /// Whether it has a handler for this operation.
    pub(crate) const fn accepts(self, op: u8) -> bool {
        match self {
            Self::Echo | Self::ImageState => matches!(op, OP_READ | OP_WRITE),
            Self::Params => op == OP_READ,
            Self::Reset | Self::ImageUpload | Self::ImageErase | Self::StorageErase(_) => {
                op == OP_WRITE
            }
        }
    }
}

impl Groups {
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
            Command::Echo => Answer::Now(os::echo(body, out)),
            Command::Params => {
                os::params(cx.config, out);
                Answer::Now(Ok(()))
            }
            Command::Reset => {
                self.os.reset(cx, out);
                Answer::Now(Ok(()))
            }
            Command::ImageState if op == OP_READ => {
                image::list(cx, out);
                Answer::Now(Ok(()))
            }
            Command::ImageState => image::write_state(body, cx),
            Command::ImageUpload => self.image.upload(body, cx, out),
            Command::ImageErase => image::erase(body, cx),
            Command::StorageErase(area) => {
                Answer::Later(Work::StorageErase(StorageErase::new(area)))
            }
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
            Work::SetNext(work) => work.step(cx, out),
            Work::StorageErase(work) => work.step(cx, out),
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
    pub(crate) fn trace(&mut self, event: ServerEvent) {
        self.out.push_back(ServerOut::Trace(event));
    }
}

impl From<Rc> for Refusal {
    fn from(rc: Rc) -> Self {
        Self { rc, why: None }
    }
}

impl Refusal {
    pub(crate) const fn because(rc: Rc, why: &'static str) -> Self {
        Self { rc, why: Some(why) }
    }
}
