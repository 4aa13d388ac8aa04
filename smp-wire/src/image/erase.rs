//! Image erase: one optional slot.

use crate::cbor::{CborError, Dialect, MapForm, Reader, Writer, once};

/// Asks for the erasure of a slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EraseRequest {
    /// Slot number; without it the server takes the slot that is not running.
    pub slot: Option<u32>,
}

impl EraseRequest {
    /// As the server reads it.
    ///
    /// # Errors
    /// Whatever the server's reading refuses, an empty body among it.
    pub fn decode(body: &[u8], dialect: Dialect) -> Result<Self, CborError> {
        let mut reader = Reader::with_dialect(body, dialect);
        let mut map = reader.map()?;
        let mut request = Self::default();
        while let Some(key) = map.key(&mut reader)? {
            match key {
                b"slot" => once(&mut request.slot, reader.u32()?)?,
                _ => map.skip_value(&mut reader)?,
            }
        }
        Ok(request)
    }

    /// Appends the body.
    pub fn emit(&self, out: &mut Vec<u8>, form: MapForm) {
        let mut writer = Writer::new(out, form);
        writer.map(usize::from(self.slot.is_some()));
        if let Some(slot) = self.slot {
            writer.text("slot");
            writer.uint(slot.into());
        }
        writer.end_map();
    }
}
