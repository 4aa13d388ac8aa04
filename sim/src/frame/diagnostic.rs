//! CBOR in diagnostic notation.

use ciborium::Value;

/// Longest byte string that is printed whole, octets.
const SHOWN_OCTETS: usize = 40;

/// CBOR diagnostic notation (RFC 8949 section 8); long byte strings are cut.
pub(super) fn diagnostic(value: &Value) -> String {
    match value {
        Value::Integer(number) => i128::from(*number).to_string(),
        Value::Bool(truth) => truth.to_string(),
        Value::Null => "null".to_owned(),
        Value::Float(number) => format!("{number:?}"),
        Value::Text(text) => format!("{text:?}"),
        Value::Bytes(bytes) if bytes.len() > SHOWN_OCTETS => {
            let shown = crate::report::hex(&bytes[..SHOWN_OCTETS / 2]);
            format!("h'{shown}...' ({} octets)", bytes.len())
        }
        Value::Bytes(bytes) => format!("h'{}'", crate::report::hex(bytes)),
        Value::Tag(tag, inner) => format!("{tag}({})", diagnostic(inner)),
        Value::Array(items) => {
            format!("[{}]", items.iter().map(diagnostic).collect::<Vec<_>>().join(", "))
        }
        Value::Map(entries) => {
            let entries: Vec<String> = entries
                .iter()
                .map(|(key, value)| format!("{}: {}", diagnostic(key), diagnostic(value)))
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
        _ => "?".to_owned(),
    }
}

/// What is wrong with a payload that is no CBOR.
pub(super) fn problem(error: &ciborium::de::Error<std::io::Error>) -> String {
    use ciborium::de::Error;
    match error {
        Error::Io(_) => "the payload ends inside its CBOR".to_owned(),
        Error::Syntax(at) => format!("the payload is not CBOR: octet {} of it", at + 1),
        Error::Semantic(Some(at), what) => {
            format!("the payload is not CBOR: octet {} of it: {what}", at + 1)
        }
        Error::Semantic(None, what) => format!("the payload is not CBOR: {what}"),
        Error::RecursionLimitExceeded => "the payload's CBOR is nested too deep".to_owned(),
    }
}
