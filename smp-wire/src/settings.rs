//! Bodies of the settings group. Commit and load have none that anybody reads.

use crate::cbor::{CborError, Dialect, MapForm, Reader, Writer, once};
use crate::single_text;

/// Asks for the value of a setting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadRequest<'a> {
    /// Name, as octets.
    pub name: Option<&'a [u8]>,
    /// Octets of the value that the client takes at most.
    pub max_size: Option<u32>,
}

impl<'a> ReadRequest<'a> {
    /// As the server reads it.
    ///
    /// # Errors
    /// Whatever the server's reading refuses, an empty body among it.
    pub fn decode(body: &'a [u8], dialect: Dialect) -> Result<Self, CborError> {
        let mut reader = Reader::with_dialect(body, dialect);
        let mut map = reader.map()?;
        let mut request = Self::default();
        while let Some(key) = map.key(&mut reader)? {
            match key {
                b"name" => once(&mut request.name, reader.text_bytes()?)?,
                b"max_size" => once(&mut request.max_size, reader.u32()?)?,
                _ => map.skip_value(&mut reader)?,
            }
        }
        Ok(request)
    }

    /// Appends the body.
    pub fn emit(&self, out: &mut Vec<u8>, form: MapForm) {
        let mut writer = Writer::new(out, form);
        writer.map(usize::from(self.name.is_some()) + usize::from(self.max_size.is_some()));
        name_entry(&mut writer, self.name);
        if let Some(max_size) = self.max_size {
            writer.text("max_size");
            writer.uint(max_size.into());
        }
        writer.end_map();
    }
}

/// The value of a setting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadResponse<'a> {
    /// The value, or as much of it as was asked for.
    pub val: &'a [u8],
    /// The most that the server can tell, when more was asked for.
    pub max_size: Option<u32>,
}

impl<'a> ReadResponse<'a> {
    /// As a tolerant client reads it.
    ///
    /// # Errors
    /// [`CborError::MissingKey`] without `val`, and whatever the reader refuses.
    pub fn decode(body: &'a [u8]) -> Result<Self, CborError> {
        let mut reader = Reader::new(body);
        let mut map = reader.map()?;
        let (mut val, mut max_size) = (None, None);
        while map.next(&mut reader)? {
            match reader.key()? {
                b"val" => val = Some(reader.bytes()?),
                b"max_size" => max_size = Some(reader.any_u32()?),
                _ => reader.skip()?,
            }
        }
        Ok(Self { val: val.ok_or(CborError::MissingKey)?, max_size })
    }

    /// Appends the body in Zephyr's key order (Zephyr `settings_mgmt.c`, `settings_mgmt_read`).
    pub fn emit(&self, out: &mut Vec<u8>, form: MapForm) {
        let mut writer = Writer::new(out, form);
        writer.map(1 + usize::from(self.max_size.is_some()));
        writer.text("val");
        writer.bytes(self.val);
        if let Some(max_size) = self.max_size {
            writer.text("max_size");
            writer.uint(max_size.into());
        }
        writer.end_map();
    }
}

/// Gives a setting a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WriteRequest<'a> {
    /// Name, as octets.
    pub name: Option<&'a [u8]>,
    /// The value; servers take a missing one as empty.
    pub val: Option<&'a [u8]>,
}

impl<'a> WriteRequest<'a> {
    /// As the server reads it.
    ///
    /// # Errors
    /// Whatever the server's reading refuses, an empty body among it.
    pub fn decode(body: &'a [u8], dialect: Dialect) -> Result<Self, CborError> {
        let mut reader = Reader::with_dialect(body, dialect);
        let mut map = reader.map()?;
        let mut request = Self::default();
        while let Some(key) = map.key(&mut reader)? {
            match key {
                b"name" => once(&mut request.name, reader.text_bytes()?)?,
                b"val" => once(&mut request.val, reader.bytes()?)?,
                _ => map.skip_value(&mut reader)?,
            }
        }
        Ok(request)
    }

    /// Appends the body.
    pub fn emit(&self, out: &mut Vec<u8>, form: MapForm) {
        let mut writer = Writer::new(out, form);
        writer.map(usize::from(self.name.is_some()) + usize::from(self.val.is_some()));
        name_entry(&mut writer, self.name);
        if let Some(val) = self.val {
            writer.text("val");
            writer.bytes(val);
        }
        writer.end_map();
    }
}

/// Names a setting to delete, or a subtree to save.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NameRequest<'a> {
    /// Name, as octets.
    pub name: Option<&'a [u8]>,
}

impl<'a> NameRequest<'a> {
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

fn name_entry(writer: &mut Writer<'_>, name: Option<&[u8]>) {
    if let Some(name) = name {
        writer.text("name");
        writer.text_bytes(name);
    }
}
