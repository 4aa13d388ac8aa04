//! Result codes, the errors of each group, and the two forms in which a body reports them.

mod body;
mod group_error;
mod names;

pub use body::{ErrorBody, find_error};
pub use group_error::GroupError;
pub use names::{group_error_name, rc_name};

/// The protocol's result codes (Zephyr `mgmt_defines.h`, `enum mcumgr_err_t`). Servers up to
/// Zephyr 3.2 end at [`Rc::AccessDenied`]; codes from 256 on belong to the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Rc {
    /// No error.
    Ok = 0,
    /// An error without a code of its own.
    Unknown = 1,
    /// No buffer or memory.
    NoMemory = 2,
    /// The request is malformed or asks for what cannot be.
    Invalid = 3,
    /// The command took too long.
    Timeout = 4,
    /// What was named does not exist.
    NoEntry = 5,
    /// Not in this state.
    BadState = 6,
    /// The response does not fit its buffer.
    MessageTooLarge = 7,
    /// No such group, command or operation.
    NotSupported = 8,
    /// The frame is shorter than its header says.
    Corrupt = 9,
    /// Another command is in progress.
    Busy = 10,
    /// A hook of the application refused.
    AccessDenied = 11,
    /// The protocol version asked for is no longer served.
    TooOld = 12,
    /// The protocol version asked for is not yet served.
    TooNew = 13,
}

impl Rc {
    /// All codes in order.
    const ALL: [Self; 14] = [
        Self::Ok,
        Self::Unknown,
        Self::NoMemory,
        Self::Invalid,
        Self::Timeout,
        Self::NoEntry,
        Self::BadState,
        Self::MessageTooLarge,
        Self::NotSupported,
        Self::Corrupt,
        Self::Busy,
        Self::AccessDenied,
        Self::TooOld,
        Self::TooNew,
    ];

    /// The number on the wire.
    #[must_use]
    pub const fn code(self) -> i32 {
        self as i32
    }

    /// The code with that number, if the protocol defines it.
    #[must_use]
    pub fn from_code(code: i32) -> Option<Self> {
        Self::ALL.get(usize::try_from(code).ok()?).copied()
    }
}
