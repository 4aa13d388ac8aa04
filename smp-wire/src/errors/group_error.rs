//! Errors of the groups, and what an SMP v1 client is told instead.

use super::Rc;
use crate::group;

/// A group's own error code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupError {
    /// Group that the code belongs to.
    pub group: u16,
    /// Code within the group.
    pub code: u16,
}

impl GroupError {
    /// A code of a group.
    #[must_use]
    pub const fn new(group: u16, code: u16) -> Self {
        Self { group, code }
    }

    /// What a client of SMP v1 is told (Zephyr `*_mgmt_translate_error_code` of each group).
    ///
    /// `Rc::Ok` for two errors of the basic group, which its translation forgets: no usable
    /// response comes of them.
    #[must_use]
    pub const fn in_version_1(self) -> Rc {
        match (self.group, self.code) {
            (group::IMAGE, 15) => Rc::NoMemory,
            (group::OS | group::SETTINGS | group::ENUM | group::FS, 2)
            | (group::IMAGE, 14 | 19..=22 | 24 | 25)
            | (group::STAT, 4)
            | (group::FS, 13)
            | (group::SHELL, 2 | 3) => Rc::Invalid,
            (group::OS, 3 | 4 | 6)
            | (group::IMAGE | group::SETTINGS, 3 | 4)
            | (group::STAT, 2 | 3)
            | (group::FS, 3 | 14)
            | (group::ZEPHYR_BASIC, 2) => Rc::NoEntry,
            (group::IMAGE, 9 | 27 | 28) => Rc::BadState,
            (group::ZEPHYR_BASIC, 3 | 4) => Rc::Ok,
            _ => Rc::Unknown,
        }
    }
}
