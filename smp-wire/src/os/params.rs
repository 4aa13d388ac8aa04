//! The server's buffers.

use crate::cbor::{CborError, MapForm, Reader, Writer};

/// The server's buffers (Zephyr `os_mgmt_mcumgr_params`). The request has no body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParamsResponse {
    /// Octets of one buffer, and so of the longest frame.
    pub buf_size: u32,
    /// Number of buffers, shared by requests and responses.
    pub buf_count: u32,
}

impl ParamsResponse {
    /// As a tolerant client reads it.
    ///
    /// # Errors
    /// [`CborError::MissingKey`] without one of the two, [`CborError::OutOfRange`] beyond 32 bits,
    /// and whatever the reader refuses.
    pub fn decode(body: &[u8]) -> Result<Self, CborError> {
        let mut reader = Reader::new(body);
        let mut map = reader.map()?;
        let (mut size, mut count) = (None, None);
        while map.next(&mut reader)? {
            match reader.key()? {
                b"buf_size" => size = Some(reader.any_u32()?),
                b"buf_count" => count = Some(reader.any_u32()?),
                _ => reader.skip()?,
            }
        }
        let (buf_size, buf_count) = size.zip(count).ok_or(CborError::MissingKey)?;
        Ok(Self { buf_size, buf_count })
    }

    /// Appends the body, in Zephyr's key order.
    pub fn emit(&self, out: &mut Vec<u8>, form: MapForm) {
        let mut writer = Writer::new(out, form);
        writer.map(2);
        writer.text("buf_size");
        writer.uint(self.buf_size.into());
        writer.text("buf_count");
        writer.uint(self.buf_count.into());
        writer.end_map();
    }
}
