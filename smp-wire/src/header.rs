//! The eight bytes before every body.

use thiserror::Error;

/// Length of the header in octets.
pub const HEADER_LEN: usize = 8;
/// `op` of a read request.
pub const OP_READ: u8 = 0;
/// `op` of the answer to a read request.
pub const OP_READ_RSP: u8 = 1;
/// `op` of a write request.
pub const OP_WRITE: u8 = 2;
/// `op` of the answer to a write request.
pub const OP_WRITE_RSP: u8 = 3;

/// Where `len` stands in the header.
const LEN_AT: usize = 2;
const OP_MASK: u8 = 0x07;
const VERSION_SHIFT: u8 = 3;
const VERSION_MASK: u8 = 0x03;

/// The header of one frame; multi-byte fields travel big-endian
/// (Zephyr `include/zephyr/mgmt/mcumgr/smp/smp.h`, `struct smp_hdr`).
///
/// The three reserved bits of the first byte are dropped by [`Header::parse`] and written as zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Operation, 0 to 7; the protocol defines [`OP_READ`] to [`OP_WRITE_RSP`].
    pub op: u8,
    /// Protocol version, 0 to 3: 0 is SMP v1, 1 is SMP v2.
    pub version: u8,
    /// Flags; servers ignore them and answer 0.
    pub flags: u8,
    /// Octets of the body.
    pub len: u16,
    /// Management group.
    pub group: u16,
    /// Sequence number, chosen by the client and copied into the answer.
    pub seq: u8,
    /// Command within the group.
    pub id: u8,
}

/// Why bytes are no header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum HeaderError {
    /// Fewer than [`HEADER_LEN`] octets.
    #[error("an SMP header has 8 octets, here are {got}")]
    TooShort {
        /// Octets there are.
        got: usize,
    },
}

impl Header {
    /// A version 1 header without flags, its length not yet known.
    #[must_use]
    pub const fn request(op: u8, group: u16, id: u8, seq: u8) -> Self {
        Self { op, version: 0, flags: 0, len: 0, group, seq, id }
    }

    /// Reads the first [`HEADER_LEN`] octets; the bytes after them, and whether `len` fits them,
    /// are not looked at.
    ///
    /// # Errors
    /// [`HeaderError::TooShort`].
    pub fn parse(bytes: &[u8]) -> Result<Self, HeaderError> {
        let Some(&[first, flags, len_hi, len_lo, group_hi, group_lo, seq, id]) =
            bytes.first_chunk::<HEADER_LEN>()
        else {
            return Err(HeaderError::TooShort { got: bytes.len() });
        };
        Ok(Self {
            op: first & OP_MASK,
            version: first >> VERSION_SHIFT & VERSION_MASK,
            flags,
            len: u16::from_be_bytes([len_hi, len_lo]),
            group: u16::from_be_bytes([group_hi, group_lo]),
            seq,
            id,
        })
    }

    /// The header as octets; bits of `op` and `version` beyond their fields are cut off.
    #[must_use]
    pub fn emit(&self) -> [u8; HEADER_LEN] {
        let first = self.op & OP_MASK | (self.version & VERSION_MASK) << VERSION_SHIFT;
        let [len_hi, len_lo] = self.len.to_be_bytes();
        let [group_hi, group_lo] = self.group.to_be_bytes();
        [first, self.flags, len_hi, len_lo, group_hi, group_lo, self.seq, self.id]
    }

    /// The header that answers this one, from a server that speaks versions up to `max_version`:
    /// a read is answered as a read, **anything else** as a write; flags and length are zero
    /// (Zephyr `smp.c`, `smp_make_rsp_hdr`).
    #[must_use]
    pub fn response(&self, max_version: u8) -> Self {
        Self {
            op: if self.op == OP_READ { OP_READ_RSP } else { OP_WRITE_RSP },
            version: self.version.min(max_version),
            flags: 0,
            len: 0,
            ..*self
        }
    }
}

/// Writes the length of the body, `frame.len() - 8`, into the header at the start of `frame`.
///
/// # Panics
/// When `frame` is shorter than a header or its body longer than 65,535 octets: both are mistakes
/// of the caller, who bounds frames by a buffer size far below that.
pub fn put_len(frame: &mut [u8]) {
    let body = frame.len().checked_sub(HEADER_LEN).expect("the frame begins with a header");
    let len = u16::try_from(body).expect("the body fits the 16-bit length field");
    frame[LEN_AT..LEN_AT + 2].copy_from_slice(&len.to_be_bytes());
}
