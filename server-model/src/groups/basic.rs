//! Zephyr's basic group: erase the storage partition.

use super::erase_run::Run;
use super::{Answer, Context, Refusal, Step, Work};
use crate::ServerConfig;
use flash_model::Area;
use smp_wire::cbor::empty_map;
use smp_wire::errors::{GroupError, Rc};
use smp_wire::group::{self, zephyr_basic};
use smp_wire::header::OP_WRITE;

/// The partition could not be erased.
const FLASH_ERASE_FAILED: GroupError = GroupError::new(group::ZEPHYR_BASIC, 4);

/// The commands of the group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// With the partition to erase.
    EraseStorage(Area),
}

impl Command {
    /// The command of this number, if it is built in.
    #[inline(never)]
    pub(crate) fn find(config: &ServerConfig, id: u8) -> Option<Self> {
        let storage = config.layout.storage.filter(|_| config.erase_storage);
        storage.filter(|_| id == zephyr_basic::ERASE_STORAGE).map(Self::EraseStorage)
    }

    /// Whether it has a handler for this operation.
    pub(crate) const fn accepts(self, op: u8) -> bool {
        match self {
            Self::EraseStorage(_) => op == OP_WRITE,
        }
    }

    /// Runs the handler.
    pub(crate) const fn handle(self) -> Answer {
        let Self::EraseStorage(area) = self;
        Answer::Later(Work::StorageErase(StorageErase::new(area)))
    }
}

/// An erase of the storage partition under way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StorageErase(Run);

impl StorageErase {
    /// Erases all of it, blank or not, whatever the payload says (Zephyr
    /// `lib/cmd/zephyr_basic/src/basic_mgmt.c`, `storage_erase_handler`).
    const fn new(storage: Area) -> Self {
        Self(Run::new(storage))
    }

    /// The answer when the flash is not erased (Zephyr `basic_mgmt.c`; error codes of the group in
    /// `zephyr_basic/basic_mgmt.h`).
    pub(crate) const fn failed(cx: &Context<'_>) -> Refusal {
        Refusal::by_era(cx.quirks, Rc::Unknown, FLASH_ERASE_FAILED)
    }

    #[inline(never)]
    pub(crate) fn step(&mut self, cx: &mut Context<'_>, out: &mut Vec<u8>) -> Step {
        if let Some(op) = self.0.next_page(cx) {
            return Step::Flash(op);
        }
        empty_map(out, cx.form());
        Step::Done(Ok(()))
    }
}
