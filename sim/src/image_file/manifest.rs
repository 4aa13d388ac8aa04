//! `manifest.json` of an update package (nRF Connect SDK, `dfu_application.zip`).

use serde::Serialize;
use serde_json::{Map, Value};

/// Most files that a manifest may list; real ones have a handful.
const MAX_FILES: usize = 16;

/// What a manifest says of one file. Devices and versions of the SDK differ in what they write;
/// what is missing is `None`. None of it is held against the image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ManifestFile {
    /// `file`: name of the entry.
    pub file: String,
    /// `type`: `application`, `bin`, `mcuboot`, ...
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// `board`.
    pub board: Option<String>,
    /// `soc`.
    pub soc: Option<String>,
    /// `load_address`: where the image runs.
    pub load_address: Option<u64>,
    /// `image_index`: number of the image; 0 is the application.
    pub image_index: Option<u64>,
    /// `slot_index_primary`: number of the slot in which it runs, counted from 1.
    pub slot_index_primary: Option<u64>,
    /// `slot_index_secondary`: number of the slot to which it is uploaded, counted from 1.
    pub slot_index_secondary: Option<u64>,
    /// `slot`: number of the slot that it is linked for, with direct-xip.
    pub slot: Option<u64>,
    /// `partition`.
    pub partition: Option<String>,
    /// `version_MCUBOOT`, or another key that begins so.
    pub version: Option<String>,
    /// `size`: octets, as declared.
    pub size: Option<u64>,
    /// `modtime`: seconds since 1970.
    pub modtime: Option<u64>,
}

/// Why a manifest cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// It is not UTF-8.
    #[error("not text")]
    NotText,
    /// It is not JSON, not even with bare hexadecimal numbers.
    #[error("not JSON: {0}")]
    NotJson(#[from] serde_json::Error),
    /// Something is not there or of another type.
    #[error("{place}: expected {expected}, got {got}")]
    Expected {
        /// Path of the value.
        place: String,
        /// What should stand there.
        expected: &'static str,
        /// What does.
        got: String,
    },
    /// More files than any device has.
    #[error("files: {0} are listed, more than {MAX_FILES}")]
    TooMany(usize),
}

/// The files that a manifest lists, in its order.
///
/// # Errors
/// When it is no JSON object with a list of files, or a field has a value of another kind.
pub(super) fn parse(bytes: &[u8]) -> Result<Vec<ManifestFile>, ManifestError> {
    let text = str::from_utf8(bytes).map_err(|_| ManifestError::NotText)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let manifest: Value = serde_json::from_str(&quote_hex(text))?;
    let files = match manifest.get("files") {
        Some(Value::Array(files)) => files,
        other => return Err(expected("files".to_owned(), "a list", other)),
    };
    if files.len() > MAX_FILES {
        return Err(ManifestError::TooMany(files.len()));
    }
    files.iter().enumerate().map(|(n, file)| self::file(n, file)).collect()
}

fn file(n: usize, file: &Value) -> Result<ManifestFile, ManifestError> {
    let Value::Object(fields) = file else {
        return Err(expected(format!("files[{n}]"), "an object", Some(file)));
    };
    let fields = Fields { n, fields };
    let name = fields.text("file")?;
    let name = name.ok_or_else(|| expected(format!("files[{n}].file"), "a name", None))?;
    let version = fields.fields.keys().find(|key| key.starts_with("version_MCUBOOT"));
    Ok(ManifestFile {
        file: name,
        kind: fields.text("type")?,
        board: fields.text("board")?,
        soc: fields.text("soc")?,
        load_address: fields.number("load_address")?,
        image_index: fields.number("image_index")?,
        slot_index_primary: fields.number("slot_index_primary")?,
        slot_index_secondary: fields.number("slot_index_secondary")?,
        slot: fields.number("slot")?,
        partition: fields.text("partition")?,
        version: version.map_or(Ok(None), |key| fields.text(key))?,
        size: fields.number("size")?,
        modtime: fields.number("modtime")?,
    })
}

struct Fields<'m> {
    n: usize,
    fields: &'m Map<String, Value>,
}

impl Fields<'_> {
    fn text(&self, key: &str) -> Result<Option<String>, ManifestError> {
        match self.fields.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            other => Err(expected(self.place(key), "a text", other)),
        }
    }

    /// Numbers stand in manifests as numbers, as texts, and as texts in hex.
    fn number(&self, key: &str) -> Result<Option<u64>, ManifestError> {
        let other = self.fields.get(key);
        let number = match other {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Number(number)) => number.as_u64(),
            Some(Value::String(text)) => match text.strip_prefix("0x") {
                Some(hex) => u64::from_str_radix(hex, 16).ok(),
                None => text.parse().ok(),
            },
            _ => None,
        };
        number.map(Some).ok_or_else(|| expected(self.place(key), "a whole number", other))
    }

    fn place(&self, key: &str) -> String {
        format!("files[{}].{key}", self.n)
    }
}

fn expected(place: String, expected: &'static str, got: Option<&Value>) -> ManifestError {
    let got = got.map_or("nothing".to_owned(), |value| match value {
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        plain => plain.to_string(),
    });
    ManifestError::Expected { place, expected, got }
}

/// Old versions of the SDK wrote `0x...` without quotes, which no JSON has.
fn quote_hex(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 16);
    let mut rest = text;
    let (mut in_text, mut escaped) = (false, false);
    while let Some(c) = rest.chars().next() {
        let hex = rest.strip_prefix("0x").filter(|_| !in_text);
        if let Some(digits) = hex {
            let len = digits.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(digits.len());
            quoted.push('"');
            quoted.push_str(&rest[..2 + len]);
            quoted.push('"');
            rest = &digits[len..];
            continue;
        }
        match c {
            '"' if !escaped => in_text = !in_text,
            _ => {}
        }
        escaped = in_text && c == '\\' && !escaped;
        quoted.push(c);
        rest = &rest[c.len_utf8()..];
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::{parse, quote_hex};

    fn complaint(text: &str) -> String {
        parse(text.as_bytes()).expect_err("must be refused").to_string()
    }

    #[test]
    fn bare_hex_is_quoted_outside_of_texts_only() {
        assert_eq!(quote_hex(r#"{"a": 0xC200, "b": 10}"#), r#"{"a": "0xC200", "b": 10}"#);
        assert_eq!(
            quote_hex(r#"{"a 0x1": "say \" 0x2 \\", "b":0x3}"#),
            r#"{"a 0x1": "say \" 0x2 \\", "b":"0x3"}"#
        );
        assert_eq!(quote_hex("0x"), "\"0x\"");
    }

    #[test]
    fn numbers_may_be_texts_and_texts_numbers() {
        let text = r#"{"format-version": 1, "files": [
            {"file": "a.bin", "load_address": 0xc200, "image_index": "0", "size": 5,
             "slot_index_secondary": "2", "version_MCUBOOT+XIP": "1.2.3+0", "board": null},
            {"file": "b.bin", "load_address": "49664", "image_index": 1, "size": "0x10"}]}"#;
        let files = parse(text.as_bytes()).expect("good");
        assert_eq!(files[0].load_address, Some(0xc200));
        assert_eq!(files[0].image_index, Some(0));
        assert_eq!(files[0].slot_index_secondary, Some(2));
        assert_eq!(files[0].version.as_deref(), Some("1.2.3+0"));
        assert_eq!((files[0].board.as_deref(), files[0].slot), (None, None));
        assert_eq!(files[1].load_address, Some(0xc200));
        assert_eq!((files[1].image_index, files[1].size), (Some(1), Some(16)));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        assert!(complaint("{").starts_with("not JSON: "));
        assert_eq!(complaint("{}"), "files: expected a list, got nothing");
        assert_eq!(complaint("[1]"), "files: expected a list, got nothing");
        assert_eq!(complaint(r#"{"files": 1}"#), "files: expected a list, got 1");
        assert_eq!(complaint(r#"{"files": [7]}"#), "files[0]: expected an object, got 7");
        assert_eq!(complaint(r#"{"files": [{}]}"#), "files[0].file: expected a name, got nothing");
        assert_eq!(
            complaint(r#"{"files": [{"file": "a", "image_index": "x"}]}"#),
            "files[0].image_index: expected a whole number, got \"x\""
        );
        let many = vec![r#"{"file": "a"}"#; 17].join(",");
        assert_eq!(
            complaint(&format!("{{\"files\": [{many}]}}")),
            "files: 17 are listed, more than 16"
        );
    }
}
