//! Bodies of the shell group: a command line in words, and what it printed.

use crate::cbor::{CborError, Dialect, Items, MapForm, Reader, Writer};

/// The words of a command line, as the server takes them one by one.
///
/// The list ends where a word cannot be read, for whatever reason: a value of another type, the
/// break, the end of the bytes (Zephyr `shell_mgmt.c`, `shell_mgmt_exec`).
#[derive(Clone, Debug)]
pub struct Words<'a> {
    reader: Reader<'a>,
    list: Items,
}

impl<'a> Words<'a> {
    /// Looks for the list `argv`; keys behind it are not read at all.
    ///
    /// # Errors
    /// [`CborError::MissingKey`] without `argv`, and whatever the server's reading refuses before
    /// the first word.
    pub fn decode(body: &'a [u8], dialect: Dialect) -> Result<Self, CborError> {
        let mut reader = Reader::with_dialect(body, dialect);
        let mut map = reader.map()?;
        while let Some(key) = map.key(&mut reader)? {
            if key == b"argv" {
                let list = reader.array()?;
                return Ok(Self { reader, list });
            }
            map.skip_value(&mut reader)?;
        }
        Err(CborError::MissingKey)
    }
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if !self.list.next(&mut self.reader).ok()? {
            return None;
        }
        self.reader.text_bytes().ok()
    }
}

/// A command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExecRequest<'a> {
    /// Its words; the server puts one space between them.
    pub argv: &'a [&'a str],
}

impl ExecRequest<'_> {
    /// Appends the body.
    pub fn emit(&self, out: &mut Vec<u8>, form: MapForm) {
        let mut writer = Writer::new(out, form);
        writer.map(1);
        writer.text("argv");
        writer.array(self.argv.len());
        for word in self.argv {
            writer.text(word);
        }
        writer.end_array();
        writer.end_map();
    }
}

/// What a command line printed and returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExecResponse<'a> {
    /// The output, as octets.
    pub o: &'a [u8],
    /// What the command returned; 0 is success, errors are negative.
    pub ret: i32,
}

impl<'a> ExecResponse<'a> {
    /// As a tolerant client reads it: early servers may call the return value `rc`.
    ///
    /// # Errors
    /// [`CborError::MissingKey`] without output or return value, [`CborError::OutOfRange`] beyond
    /// 32 bits, and whatever the reader refuses.
    pub fn decode(body: &'a [u8]) -> Result<Self, CborError> {
        let mut reader = Reader::new(body);
        let mut map = reader.map()?;
        let (mut o, mut ret) = (None, None);
        while map.next(&mut reader)? {
            match reader.key()? {
                b"o" => o = Some(reader.text_bytes()?),
                b"ret" | b"rc" => ret = Some(reader.i64()?),
                _ => reader.skip()?,
            }
        }
        let (o, ret) = o.zip(ret).ok_or(CborError::MissingKey)?;
        Ok(Self { o, ret: i32::try_from(ret).map_err(|_| CborError::OutOfRange)? })
    }

    /// Appends the body; `legacy` servers call the return value `rc`
    /// (`CONFIG_MCUMGR_GRP_SHELL_LEGACY_RC_RETURN_CODE`).
    pub fn emit(&self, legacy: bool, out: &mut Vec<u8>, form: MapForm) {
        let mut writer = Writer::new(out, form);
        writer.map(2);
        writer.text("o");
        writer.text_bytes(self.o);
        writer.text(if legacy { "rc" } else { "ret" });
        writer.int(self.ret.into());
        writer.end_map();
    }
}
