//! Zephyr's basic group: erase the storage partition.

use super::erase_run::Run;
use super::{Context, Step};
use flash_model::Area;
use smp_wire::cbor::{MapForm, empty_map};

/// An erase of the storage partition under way.
#[derive(Clone, Debug)]
pub(crate) struct StorageErase(Run);

impl StorageErase {
    /// Erases all of it, blank or not, whatever the payload says (Zephyr
    /// `lib/cmd/zephyr_basic/src/basic_mgmt.c`, `storage_erase_handler`).
    pub(crate) const fn new(storage: Area) -> Self {
        Self(Run::new(storage))
    }

    pub(crate) fn step(&mut self, cx: &mut Context<'_>, out: &mut Vec<u8>) -> Step {
        if let Some(op) = self.0.next_page(cx) {
            return Step::Flash(op);
        }
        empty_map(out, MapForm::Indefinite);
        Step::Done(Ok(()))
    }
}
