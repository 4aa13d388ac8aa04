//! File download and upload: chunk by chunk, by offset.

use crate::cbor::{CborError, Dialect, MapForm, Reader, Writer, once};

/// Asks for a chunk of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileDownloadRequest<'a> {
    /// Where in the file the chunk begins.
    pub off: Option<u64>,
    /// Path, as octets.
    pub name: Option<&'a [u8]>,
}

impl<'a> FileDownloadRequest<'a> {
    /// As the server reads it. Which keys it cannot do without differs from era to era.
    ///
    /// # Errors
    /// Whatever the server's reading refuses, an empty body among it.
    pub fn decode(body: &'a [u8], dialect: Dialect) -> Result<Self, CborError> {
        let mut reader = Reader::with_dialect(body, dialect);
        let mut map = reader.map()?;
        let mut request = Self::default();
        while let Some(key) = map.key(&mut reader)? {
            match key {
                b"off" => once(&mut request.off, reader.u64()?)?,
                b"name" => once(&mut request.name, reader.text_bytes()?)?,
                _ => map.skip_value(&mut reader)?,
            }
        }
        Ok(request)
    }

    /// Appends the body.
    pub fn emit(&self, out: &mut Vec<u8>, form: MapForm) {
        let mut writer = Writer::new(out, form);
        writer.map(usize::from(self.off.is_some()) + usize::from(self.name.is_some()));
        uint_entry(&mut writer, "off", self.off);
        if let Some(name) = self.name {
            writer.text("name");
            writer.text_bytes(name);
        }
        writer.end_map();
    }
}

/// A chunk of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileDownloadResponse<'a> {
    /// Result code, from servers that put 0 first.
    pub rc: Option<i32>,
    /// Where in the file the chunk begins.
    pub off: u64,
    /// The chunk; empty at the end of the file and beyond.
    pub data: &'a [u8],
    /// Octets of the whole file; with the first chunk only.
    pub len: Option<u64>,
}

impl<'a> FileDownloadResponse<'a> {
    /// As a tolerant client reads it.
    ///
    /// # Errors
    /// [`CborError::MissingKey`] without `off` or `data`, and whatever the reader refuses.
    pub fn decode(body: &'a [u8]) -> Result<Self, CborError> {
        let mut reader = Reader::new(body);
        let mut map = reader.map()?;
        let (mut response, mut off, mut data) = (Self::default(), None, None);
        while map.next(&mut reader)? {
            match reader.key()? {
                b"rc" => response.rc = i32::try_from(reader.i64()?).ok(),
                b"off" => off = Some(reader.u64()?),
                b"data" => data = Some(reader.bytes()?),
                b"len" => response.len = Some(reader.u64()?),
                _ => reader.skip()?,
            }
        }
        let (off, data) = off.zip(data).ok_or(CborError::MissingKey)?;
        Ok(Self { off, data, ..response })
    }

    /// Appends the body in Zephyr's key order (Zephyr `fs_mgmt.c`, `fs_mgmt_file_download`).
    pub fn emit(&self, out: &mut Vec<u8>, form: MapForm) {
        out.reserve(self.data.len() + 48);
        let mut writer = Writer::new(out, form);
        writer.map(2 + usize::from(self.rc.is_some()) + usize::from(self.len.is_some()));
        rc_entry(&mut writer, self.rc);
        uint_entry(&mut writer, "off", Some(self.off));
        writer.text("data");
        writer.bytes(self.data);
        uint_entry(&mut writer, "len", self.len);
        writer.end_map();
    }
}

/// One chunk of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileUploadRequest<'a> {
    /// Where in the file `data` begins.
    pub off: Option<u64>,
    /// The chunk.
    pub data: Option<&'a [u8]>,
    /// Octets of the whole file; with the first chunk.
    pub len: Option<u64>,
    /// Path, as octets.
    pub name: Option<&'a [u8]>,
}

impl<'a> FileUploadRequest<'a> {
    /// As the server reads it; what a missing key means is for the server to decide.
    ///
    /// # Errors
    /// Whatever the server's reading refuses, an empty body among it.
    pub fn decode(body: &'a [u8], dialect: Dialect) -> Result<Self, CborError> {
        let mut reader = Reader::with_dialect(body, dialect);
        let mut map = reader.map()?;
        let mut request = Self::default();
        while let Some(key) = map.key(&mut reader)? {
            match key {
                b"off" => once(&mut request.off, reader.u64()?)?,
                b"name" => once(&mut request.name, reader.text_bytes()?)?,
                b"data" => once(&mut request.data, reader.bytes()?)?,
                b"len" => once(&mut request.len, reader.u64()?)?,
                _ => map.skip_value(&mut reader)?,
            }
        }
        Ok(request)
    }

    /// Appends the body.
    pub fn emit(&self, out: &mut Vec<u8>, form: MapForm) {
        out.reserve(self.data.map_or(0, <[u8]>::len) + self.name.map_or(0, <[u8]>::len) + 48);
        let keys =
            [self.off.is_some(), self.data.is_some(), self.len.is_some(), self.name.is_some()];
        let mut writer = Writer::new(out, form);
        writer.map(keys.into_iter().filter(|&present| present).count());
        uint_entry(&mut writer, "off", self.off);
        if let Some(data) = self.data {
            writer.text("data");
            writer.bytes(data);
        }
        uint_entry(&mut writer, "len", self.len);
        if let Some(name) = self.name {
            writer.text("name");
            writer.text_bytes(name);
        }
        writer.end_map();
    }
}

/// The answer to a chunk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileUploadResponse {
    /// Result code, from servers that put 0 first.
    pub rc: Option<i32>,
    /// Offset that the server expects next.
    pub off: Option<u64>,
}

impl FileUploadResponse {
    /// As a tolerant client reads it. An `err` map is skipped: ask
    /// [`find_error`](crate::errors::find_error) first.
    ///
    /// # Errors
    /// Whatever the reader refuses.
    pub fn decode(body: &[u8]) -> Result<Self, CborError> {
        let mut reader = Reader::new(body);
        let mut map = reader.map()?;
        let mut response = Self::default();
        while map.next(&mut reader)? {
            match reader.key()? {
                b"rc" => response.rc = i32::try_from(reader.i64()?).ok(),
                b"off" => response.off = Some(reader.u64()?),
                _ => reader.skip()?,
            }
        }
        Ok(response)
    }

    /// Appends the body in Zephyr's key order.
    pub fn emit(&self, out: &mut Vec<u8>, form: MapForm) {
        let mut writer = Writer::new(out, form);
        writer.map(usize::from(self.rc.is_some()) + usize::from(self.off.is_some()));
        rc_entry(&mut writer, self.rc);
        uint_entry(&mut writer, "off", self.off);
        writer.end_map();
    }
}

fn rc_entry(writer: &mut Writer<'_>, rc: Option<i32>) {
    if let Some(rc) = rc {
        writer.text("rc");
        writer.int(rc.into());
    }
}

fn uint_entry(writer: &mut Writer<'_>, key: &str, value: Option<u64>) {
    if let Some(value) = value {
        writer.text(key);
        writer.uint(value);
    }
}
