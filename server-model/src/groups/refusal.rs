//! An error instead of a body.

use crate::Quirks;
use smp_wire::errors::{GroupError, Rc};

/// What a handler refuses with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: Code,
    /// The reason that verbose servers give; in version 1 only.
    pub(crate) why: Option<&'static str>,
    /// What a version 2 response holds besides the error.
    pub(crate) also: Option<(&'static str, u64)>,
}

/// An error code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    /// The protocol's own, in every version.
    Rc(Rc),
    /// The group's, translated for clients of version 1.
    Group(GroupError),
    /// No answer at all.
    Silence,
}

impl Refusal {
    /// What early servers say with `early`, and those with errors of the groups with `later`.
    pub(crate) const fn by_era(quirks: &Quirks, early: Rc, later: GroupError) -> Self {
        let code = if quirks.group_errors { Code::Group(later) } else { Code::Rc(early) };
        Self { code, why: None, also: None }
    }
}

impl From<Rc> for Refusal {
    fn from(rc: Rc) -> Self {
        Self { code: Code::Rc(rc), why: None, also: None }
    }
}

impl From<GroupError> for Refusal {
    fn from(error: GroupError) -> Self {
        Self { code: Code::Group(error), why: None, also: None }
    }
}
