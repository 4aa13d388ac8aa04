//! Operations that no part carries out.

/// Why an operation cannot be carried out. The real part faults or corrupts; a model that asks for
/// such a thing is wrong, so [`crate::Device`] panics with this text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpError {
    /// Erase at an address inside a page.
    #[error("erase at {at:#x}: not the start of a page of {page:#x}")]
    ErasesInsidePage {
        /// The address.
        at: u32,
        /// Page size.
        page: u32,
    },
    /// Write that is not whole write units at a unit's address.
    #[error("write of {len} octets at {at:#x}: not in units of {write_size}")]
    Unaligned {
        /// The address.
        at: u32,
        /// Octets to be written.
        len: u32,
        /// The write unit.
        write_size: u32,
    },
    /// Nothing to write.
    #[error("write of nothing at {at:#x}")]
    Empty {
        /// The address.
        at: u32,
    },
    /// The stretch leaves the part.
    #[error("{len} octets at {at:#x}: behind the end of the flash ({size:#x})")]
    OutOfPart {
        /// The address.
        at: u32,
        /// Octets of the stretch.
        len: u32,
        /// Size of the part.
        size: u32,
    },
    /// Source and destination of a copy share octets.
    #[error("copy of {len} octets from {from:#x} to {to:#x}: they overlap")]
    Overlap {
        /// Source.
        from: u32,
        /// Destination.
        to: u32,
        /// Length in octets.
        len: u32,
    },
}
