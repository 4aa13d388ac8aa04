//! Bodies of the statistics group.

use crate::cbor::{CborError, Dialect, MapForm, Reader, Writer};
use crate::single_text;

/// Asks for the counters of a group of statistics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StatRequest<'a> {
    /// The group's name, as octets.
    pub name: Option<&'a [u8]>,
}

impl<'a> StatRequest<'a> {
    /// As servers since Zephyr 3.3 read it.
    ///
    /// # Errors
    /// Whatever the server's reading refuses, an empty body among it.
    pub fn decode(body: &'a [u8], dialect: Dialect) -> Result<Self, CborError> {
        single_text::decode(body, dialect, "name").map(|name| Self { name })
    }

    /// As the Zephyr 3.2 server reads it by hand: up to `name` and no further (`stat_mgmt.c`,
    /// `stat_mgmt_show`). There is no name when anything on the way is not what it should be.
    ///
    /// # Errors
    /// For what is no map.
    pub fn decode_by_hand(body: &'a [u8], dialect: Dialect) -> Result<Self, CborError> {
        let mut reader = Reader::with_dialect(body, dialect);
        let mut map = reader.map()?;
        let mut find = || {
            while let Some(key) = map.key(&mut reader)? {
                if key == b"name" {
                    return reader.text_bytes().map(Some);
                }
                map.skip_value(&mut reader)?;
            }
            Ok::<_, CborError>(None)
        };
        Ok(Self { name: find().unwrap_or(None) })
    }

    /// Appends the body.
    pub fn emit(&self, out: &mut Vec<u8>, form: MapForm) {
        single_text::emit(out, form, "name", self.name);
    }
}

/// Appends the body that tells the counters of a group; `rc` puts the result code 0 first.
pub fn emit_counters<'a>(
    out: &mut Vec<u8>,
    form: MapForm,
    rc: bool,
    name: &[u8],
    counters: impl ExactSizeIterator<Item = (&'a str, u32)>,
) {
    let mut writer = Writer::new(out, form);
    begin(&mut writer, rc, 2);
    writer.text("name");
    writer.text_bytes(name);
    writer.text("fields");
    writer.map(counters.len());
    for (name, value) in counters {
        writer.text(name);
        writer.uint(value.into());
    }
    writer.end_map();
    writer.end_map();
}

/// Appends the body that lists the groups; `rc` puts the result code 0 first.
pub fn emit_groups<'a>(
    out: &mut Vec<u8>,
    form: MapForm,
    rc: bool,
    names: impl ExactSizeIterator<Item = &'a str>,
) {
    let mut writer = Writer::new(out, form);
    begin(&mut writer, rc, 1);
    writer.text("stat_list");
    writer.array(names.len());
    for name in names {
        writer.text(name);
    }
    writer.end_array();
    writer.end_map();
}

fn begin(writer: &mut Writer<'_>, rc: bool, keys: usize) {
    writer.map(keys + usize::from(rc));
    if rc {
        writer.text("rc");
        writer.uint(0);
    }
}
