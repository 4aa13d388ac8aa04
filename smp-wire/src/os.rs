//! Bodies of the OS group: echo, reset, parameters.

use crate::cbor::{CborError, MapForm, Reader, Writer, once};

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
    pub fn decode(body: &'a [u8]) -> Result<Self, CborError> {
        let mut reader = Reader::new(body);
        let mut map = reader.map()?;
        while map.next(&mut reader)? {
            if reader.key()? != b"d" {
                reader.skip()?;
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

    /// Appends the body.
    pub fn emit(&self, out: &mut Vec<u8>, form: MapForm) {
        emit_text(out, form, "d", self.d);
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
        emit_text(out, form, "r", self.r);
    }
}

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

/// Asks for a reset. Servers take any payload for it, also none: see [`ResetRequest::decode`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ResetRequest {
    /// Overrules an application that would refuse.
    pub force: bool,
}

impl ResetRequest {
    /// As the server reads it; the server goes on without `force` when this fails.
    ///
    /// # Errors
    /// Whatever the server's reading refuses, an empty body among it.
    pub fn decode(body: &[u8]) -> Result<Self, CborError> {
        let mut reader = Reader::new(body);
        let mut map = reader.map()?;
        let mut force = None;
        while map.next(&mut reader)? {
            match reader.key()? {
                b"force" => once(&mut force, reader.bool()?)?,
                _ => reader.skip()?,
            }
        }
        Ok(Self { force: force.unwrap_or(false) })
    }

    /// Appends the body: an empty map, or `force` alone.
    pub fn emit(&self, out: &mut Vec<u8>, form: MapForm) {
        let mut writer = Writer::new(out, form);
        writer.map(usize::from(self.force));
        if self.force {
            writer.text("force");
            writer.bool(true);
        }
        writer.end_map();
    }
}

fn emit_text(out: &mut Vec<u8>, form: MapForm, key: &str, value: &[u8]) {
    out.reserve(value.len() + 10);
    let mut writer = Writer::new(out, form);
    writer.map(1);
    writer.text(key);
    writer.text_bytes(value);
    writer.end_map();
}
