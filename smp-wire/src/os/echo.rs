//! Echo: a text there and back.

use crate::cbor::{CborError, Dialect, MapForm, Reader};
use crate::single_text;

/// Asks the server to send a text back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EchoRequest<'a> {
    /// The text, as octets: servers send back what is not UTF-8 as well.
    pub d: &'a [u8],
}

impl<'a> EchoRequest<'a> {
    /// As the Zephyr 3.2 server reads it by hand (`os_mgmt.c`, `os_mgmt_echo`): keys before `d`
    /// are skipped, and the map must end after it. Every error is answered with `rc` 1, not 3.
    ///
    /// # Errors
    /// [`CborError::MissingKey`] without `d`, [`CborError::UnexpectedKey`] when anything follows
    /// it, and whatever the reader refuses.
    pub fn decode(body: &'a [u8], dialect: Dialect) -> Result<Self, CborError> {
        let mut reader = Reader::with_dialect(body, dialect);
        let mut map = reader.map()?;
        while let Some(key) = map.key(&mut reader)? {
            if key != b"d" {
                map.skip_value(&mut reader)?;
                continue;
            }
            let d = reader.text_bytes()?;
            return if map.next(&mut reader)? {
                Err(CborError::UnexpectedKey)
            } else {
                Ok(Self { d })
            };
        }
        Err(CborError::MissingKey)
    }

    /// As servers since Zephyr 3.3 read it, a map like any other: a request without `d` asks for
    /// an empty text.
    ///
    /// # Errors
    /// Whatever the server's reading refuses, an empty body among it.
    pub fn decode_as_map(body: &'a [u8], dialect: Dialect) -> Result<Self, CborError> {
        single_text::decode(body, dialect, "d").map(|d| Self { d: d.unwrap_or_default() })
    }

    /// Appends the body.
    pub fn emit(&self, out: &mut Vec<u8>, form: MapForm) {
        single_text::emit(out, form, "d", Some(self.d));
    }
}

/// The text that came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EchoResponse<'a> {
    /// The text, as octets.
    pub r: &'a [u8],
}

impl<'a> EchoResponse<'a> {
    /// As a tolerant client reads it.
    ///
    /// # Errors
    /// [`CborError::MissingKey`] without `r`, and whatever the reader refuses.
    pub fn decode(body: &'a [u8]) -> Result<Self, CborError> {
        let mut reader = Reader::new(body);
        let mut map = reader.map()?;
        let mut r = None;
        while map.next(&mut reader)? {
            match reader.key()? {
                b"r" => r = Some(reader.text_bytes()?),
                _ => reader.skip()?,
            }
        }
        r.map(|r| Self { r }).ok_or(CborError::MissingKey)
    }

    /// Appends the body.
    pub fn emit(&self, out: &mut Vec<u8>, form: MapForm) {
        single_text::emit(out, form, "r", Some(self.r));
    }
}
