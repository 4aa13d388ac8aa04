//! Writing TLV areas.

use super::tlv::{HEAD, head_octets};

/// A TLV area in the making: its head and its entries.
pub(super) struct TlvWriter {
    magic: u16,
    entries: Vec<u8>,
}

/// An area has more octets than its 16-bit length can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TlvOverflow;

impl TlvWriter {
    pub(super) const fn new(magic: u16) -> Self {
        Self { magic, entries: Vec::new() }
    }

    pub(super) fn add(&mut self, kind: u16, value: &[u8]) -> Result<(), TlvOverflow> {
        let len = u16::try_from(value.len()).map_err(|_| TlvOverflow)?;
        self.entries.extend_from_slice(&head_octets(kind, len));
        self.entries.extend_from_slice(value);
        self.len().map(drop)
    }

    /// Octets of the area with its head; 0 when it is empty and left out.
    pub(super) fn len(&self) -> Result<u16, TlvOverflow> {
        match self.entries.len() {
            0 => Ok(0),
            len => u16::try_from(len + HEAD as usize).map_err(|_| TlvOverflow),
        }
    }

    /// Appends the area.
    pub(super) fn append_to(&self, image: &mut Vec<u8>) {
        let len = self.len().expect("`add` refuses what does not fit");
        if len > 0 {
            image.extend_from_slice(&head_octets(self.magic, len));
            image.extend_from_slice(&self.entries);
        }
    }
}
