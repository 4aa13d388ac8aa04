//! File status: a name, and the length that answers it.

use crate::cbor::{CborError, Dialect, MapForm, Reader, Writer};
use crate::single_text;

/// Asks for the length of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StatusRequest<'a> {
    /// Path, as octets; servers want it, and not empty.
    pub name: Option<&'a [u8]>,
}

impl<'a> StatusRequest<'a> {
    /// As the server reads it.
    ///
    /// # Errors
    /// Whatever the server's reading refuses, an empty body among it.
    pub fn decode(body: &'a [u8], dialect: Dialect) -> Result<Self, CborError> {
        let name = single_text::decode(body, dialect, "name")?;
        Ok(Self { name })
    }

    /// Appends the body.
    pub fn emit(&self, out: &mut Vec<u8>, form: MapForm) {
        single_text::emit(out, form, "name", self.name);
    }
}

/// The length of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StatusResponse {
    /// Result code, from servers that put 0 first.
    pub rc: Option<i32>,
    /// Octets.
    pub len: u64,
}

impl StatusResponse {
    /// As a tolerant client reads it.
    ///
    /// # Errors
    /// [`CborError::MissingKey`] without `len`, and whatever the reader refuses.
    pub fn decode(body: &[u8]) -> Result<Self, CborError> {
        let mut reader = Reader::new(body);
        let mut map = reader.map()?;
        let (mut rc, mut len) = (None, None);
        while map.next(&mut reader)? {
            match reader.key()? {
                b"rc" => rc = i32::try_from(reader.i64()?).ok(),
                b"len" => len = Some(reader.u64()?),
                _ => reader.skip()?,
            }
        }
        Ok(Self { rc, len: len.ok_or(CborError::MissingKey)? })
    }

    /// Appends the body in Zephyr's key order.
    pub fn emit(&self, out: &mut Vec<u8>, form: MapForm) {
        let mut writer = Writer::new(out, form);
        writer.map(1 + usize::from(self.rc.is_some()));
        if let Some(rc) = self.rc {
            writer.text("rc");
            writer.int(rc.into());
        }
        writer.text("len");
        writer.uint(self.len);
        writer.end_map();
    }
}
