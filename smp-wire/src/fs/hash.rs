//! File hash: of all or a part of a file, by a named function.

use crate::cbor::{CborError, Dialect, Major, MapForm, Reader, Writer, once};

/// Asks for a hash or checksum of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HashRequest<'a> {
    /// Name of the function; without it the server takes its first.
    pub kind: Option<&'a [u8]>,
    /// Path, as octets.
    pub name: Option<&'a [u8]>,
    /// Where in the file to begin.
    pub off: Option<u64>,
    /// Octets to go through at most.
    pub len: Option<u64>,
}

impl<'a> HashRequest<'a> {
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
                b"type" => once(&mut request.kind, reader.text_bytes()?)?,
                b"name" => once(&mut request.name, reader.text_bytes()?)?,
                b"off" => once(&mut request.off, reader.u64()?)?,
                b"len" => once(&mut request.len, reader.u64()?)?,
                _ => map.skip_value(&mut reader)?,
            }
        }
        Ok(request)
    }

    /// Appends the body.
    pub fn emit(&self, out: &mut Vec<u8>, form: MapForm) {
        let keys =
            [self.kind.is_some(), self.name.is_some(), self.off.is_some(), self.len.is_some()];
        let mut writer = Writer::new(out, form);
        writer.map(keys.into_iter().filter(|&present| present).count());
        for (key, text) in [("type", self.kind), ("name", self.name)] {
            if let Some(text) = text {
                writer.text(key);
                writer.text_bytes(text);
            }
        }
        for (key, value) in [("off", self.off), ("len", self.len)] {
            if let Some(value) = value {
                writer.text(key);
                writer.uint(value);
            }
        }
        writer.end_map();
    }
}

/// What a function makes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HashOutput<'a> {
    /// A checksum.
    Number(u64),
    /// A digest.
    Bytes(&'a [u8]),
}

/// A hash or checksum of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashResponse<'a> {
    /// Name of the function.
    pub kind: &'a [u8],
    /// Where in the file it began; left out for 0.
    pub off: u64,
    /// Octets that it went through.
    pub len: u64,
    /// The result.
    pub output: HashOutput<'a>,
}

impl<'a> HashResponse<'a> {
    /// As a tolerant client reads it.
    ///
    /// # Errors
    /// [`CborError::MissingKey`] without `type`, `len` or `output`, and whatever the reader
    /// refuses.
    pub fn decode(body: &'a [u8]) -> Result<Self, CborError> {
        let mut reader = Reader::new(body);
        let mut map = reader.map()?;
        let (mut kind, mut off, mut len, mut output) = (None, 0, None, None);
        while map.next(&mut reader)? {
            match reader.key()? {
                b"type" => kind = Some(reader.text_bytes()?),
                b"off" => off = reader.u64()?,
                b"len" => len = Some(reader.u64()?),
                b"output" if reader.peek()? == Major::Bytes => {
                    output = Some(HashOutput::Bytes(reader.bytes()?));
                }
                b"output" => output = Some(HashOutput::Number(reader.u64()?)),
                _ => reader.skip()?,
            }
        }
        let missing = CborError::MissingKey;
        Ok(Self {
            kind: kind.ok_or(missing)?,
            off,
            len: len.ok_or(missing)?,
            output: output.ok_or(missing)?,
        })
    }

    /// Appends the body in Zephyr's key order (Zephyr `fs_mgmt.c`, `fs_mgmt_file_hash_checksum`).
    pub fn emit(&self, out: &mut Vec<u8>, form: MapForm) {
        let mut writer = Writer::new(out, form);
        writer.map(3 + usize::from(self.off != 0));
        writer.text("type");
        writer.text_bytes(self.kind);
        if self.off != 0 {
            writer.text("off");
            writer.uint(self.off);
        }
        writer.text("len");
        writer.uint(self.len);
        writer.text("output");
        match self.output {
            HashOutput::Number(number) => writer.uint(number),
            HashOutput::Bytes(bytes) => writer.bytes(bytes),
        }
        writer.end_map();
    }
}

/// A hash or checksum function that a server has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashType<'a> {
    /// Its name.
    pub name: &'a str,
    /// Whether it answers with a byte string; otherwise with a number.
    pub bytes: bool,
    /// Octets of its result.
    pub size: u32,
}

/// Appends the body that lists the functions (Zephyr `fs_mgmt.c`,
/// `fs_mgmt_supported_hash_checksum`). The request has no body that anybody reads.
pub fn emit_hash_types(types: &[HashType<'_>], out: &mut Vec<u8>, form: MapForm) {
    let mut writer = Writer::new(out, form);
    writer.map(1);
    writer.text("types");
    writer.map(types.len());
    for of in types {
        writer.text(of.name);
        writer.map(2);
        writer.text("format");
        writer.uint(of.bytes.into());
        writer.text("size");
        writer.uint(of.size.into());
        writer.end_map();
    }
    writer.end_map();
    writer.end_map();
}
