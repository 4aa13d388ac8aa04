//! Callbacks of the application that say no.

use smp_wire::errors::{GroupError, Rc};

/// What a callback of the application answers instead of consent (Zephyr `callbacks.h`,
/// `enum mgmt_cb_return`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookRefusal {
    /// A code of the protocol (`MGMT_CB_ERROR_RC`), mostly [`Rc::AccessDenied`]. Early servers know
    /// nothing else.
    Rc(Rc),
    /// An error of a group (`MGMT_CB_ERROR_ERR`).
    Group(GroupError),
}
