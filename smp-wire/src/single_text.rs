//! Bodies whose only key holds text, which several commands have.

use crate::cbor::{CborError, Dialect, MapForm, Reader, Writer, once};

/// The text under `key`, as the server reads it; `None` when the key is absent.
pub(crate) fn decode<'a>(
    body: &'a [u8],
    dialect: Dialect,
    key: &str,
) -> Result<Option<&'a [u8]>, CborError> {
    let mut reader = Reader::with_dialect(body, dialect);
    let mut map = reader.map()?;
    let mut text = None;
    while let Some(found) = map.key(&mut reader)? {
        if found == key.as_bytes() {
            once(&mut text, reader.text_bytes()?)?;
        } else {
            map.skip_value(&mut reader)?;
        }
    }
    Ok(text)
}

/// Appends a map with `key`, or an empty one without a value.
pub(crate) fn emit(out: &mut Vec<u8>, form: MapForm, key: &str, value: Option<&[u8]>) {
    out.reserve(value.map_or(0, <[u8]>::len) + key.len() + 8);
    let mut writer = Writer::new(out, form);
    writer.map(usize::from(value.is_some()));
    if let Some(value) = value {
        writer.text(key);
        writer.text_bytes(value);
    }
    writer.end_map();
}
