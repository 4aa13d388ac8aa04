//! SMP frames for people: header fields, CBOR in diagnostic notation, errors by name.

use ciborium::Value;
use serde::Serialize;
use smp_wire::errors::{ErrorBody, find_error, group_error_name, rc_name};
use smp_wire::group::{command_name, group_name};
use smp_wire::header::{HEADER_LEN, Header};

/// A decoded frame.
#[derive(Clone, Debug, Serialize)]
pub struct Frame {
    /// Operation, 0 to 7.
    pub op: u8,
    /// Its name.
    pub op_name: &'static str,
    /// Version bits; 0 is SMP v1.
    pub version: u8,
    /// Flags.
    pub flags: u8,
    /// Payload length in the header.
    pub len: u16,
    /// Group.
    pub group: u16,
    /// Its name, when it has one.
    pub group_name: Option<&'static str>,
    /// Sequence number.
    pub seq: u8,
    /// Command.
    pub id: u8,
    /// Its name, when it has one.
    pub command: Option<&'static str>,
    /// The payload in CBOR diagnostic notation, when it is CBOR.
    pub cbor: Option<String>,
    /// The error that it carries.
    pub error: Option<String>,
    /// What is wrong with the frame itself.
    pub problem: Option<String>,
    /// There are octets enough for a header; without, the fields above mean nothing.
    #[serde(skip)]
    pub whole_header: bool,
}

/// Why a text is not taken as octets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HexError {
    /// A character that is no hex digit.
    #[error(
        "character {at}: {found:?} is no hex digit; spaces, dashes, colons and 0x may stand between"
    )]
    Digit {
        /// Place, counted from 1.
        at: usize,
        /// The character.
        found: char,
    },
    /// Half an octet is left over.
    #[error("{0} hex digits are an odd number; an octet has two")]
    Odd(usize),
    /// Nothing there.
    #[error("no octets given")]
    Empty,
}

/// Reads octets from hex, with spaces, dashes, colons or `0x` between.
///
/// # Errors
/// When something else stands there.
pub fn parse_hex(text: &str) -> Result<Vec<u8>, HexError> {
    let mut digits = Vec::with_capacity(text.len());
    let chars: Vec<char> = text.chars().collect();
    for (i, &c) in chars.iter().enumerate() {
        match c {
            '-' | ':' | ',' => {}
            c if c.is_whitespace() => {}
            'x' | 'X' if i > 0 && chars[i - 1] == '0' => {
                digits.pop();
            }
            c => match c.to_digit(16) {
                Some(digit) => digits.push(digit as u8),
                None => return Err(HexError::Digit { at: i + 1, found: c }),
            },
        }
    }
    if digits.is_empty() {
        return Err(HexError::Empty);
    }
    if digits.len() % 2 == 1 {
        return Err(HexError::Odd(digits.len()));
    }
    Ok(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

/// Decodes the frames that lie one behind the other in `bytes`.
pub fn decode(bytes: &[u8]) -> Vec<Frame> {
    let mut frames = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let frame = one(rest);
        let taken = HEADER_LEN + usize::from(frame.len);
        let stop = frame.problem.is_some() || taken >= rest.len();
        frames.push(frame);
        if stop {
            break;
        }
        rest = &rest[taken..];
    }
    frames
}

fn one(bytes: &[u8]) -> Frame {
    let Ok(header) = Header::parse(bytes) else {
        let problem = format!("{} octets, a header has {HEADER_LEN}", bytes.len());
        return Frame { problem: Some(problem), whole_header: false, ..describe(&EMPTY) };
    };
    let mut frame = describe(&header);
    let body = &bytes[HEADER_LEN..];
    let Some(body) = body.get(..usize::from(header.len)) else {
        frame.problem = Some(format!(
            "the header announces {} octets of payload, {} follow",
            header.len,
            body.len()
        ));
        return frame;
    };
    let mut rest = body;
    match ciborium::from_reader::<Value, _>(&mut rest) {
        Ok(value) => {
            frame.cbor = Some(diagnostic(&value));
            if !rest.is_empty() {
                let problem = format!("{} octets of the payload lie behind its CBOR", rest.len());
                frame.problem = Some(problem);
            }
        }
        Err(_) if body.is_empty() => frame.cbor = Some(String::new()),
        Err(error) => frame.problem = Some(cbor_problem(&error)),
    }
    frame.error = find_error(body).map(|error| error_text(&error));
    frame
}

fn cbor_problem(error: &ciborium::de::Error<std::io::Error>) -> String {
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

const EMPTY: Header = Header { op: 0, version: 0, flags: 0, len: 0, group: 0, seq: 0, id: 0 };

fn describe(header: &Header) -> Frame {
    Frame {
        op: header.op,
        op_name: match header.op {
            0 => "read",
            1 => "read response",
            2 => "write",
            3 => "write response",
            _ => "reserved",
        },
        version: header.version,
        flags: header.flags,
        len: header.len,
        group: header.group,
        group_name: group_name(header.group),
        seq: header.seq,
        id: header.id,
        command: command_name(header.group, header.id),
        cbor: None,
        error: None,
        problem: None,
        whole_header: true,
    }
}

/// An error body in words.
pub fn error_text(error: &ErrorBody) -> String {
    match *error {
        ErrorBody::Rc(rc) => format!("rc {rc}: {}", rc_name(rc.into())),
        ErrorBody::Group { group, rc } => {
            let name = group_name(group).unwrap_or("unknown group");
            let error = group_error_name(group, rc).unwrap_or("unknown error");
            format!("group {group} ({name}) error {rc}: {error}")
        }
    }
}

/// Longest byte string that is printed whole, octets.
const SHOWN_OCTETS: usize = 40;

/// CBOR diagnostic notation (RFC 8949 section 8); long byte strings are cut.
fn diagnostic(value: &Value) -> String {
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

#[cfg(test)]
mod tests {
    use super::{decode, parse_hex};

    fn frames(hex: &str) -> Vec<super::Frame> {
        decode(&parse_hex(hex).expect("hex"))
    }

    #[test]
    fn hex_of_logs_is_read_as_it_is_pasted() {
        let plain = parse_hex("0300000600").expect("hex");
        for text in ["(0x) 03-00-00-06-00", "0x0300000600", "03:00:00 06\n00"] {
            let text = text.replace(['(', ')'], "");
            assert_eq!(parse_hex(&text).expect("hex"), plain, "{text}");
        }
        assert!(parse_hex("0g").unwrap_err().to_string().contains("character 2"));
        assert!(parse_hex("123").unwrap_err().to_string().contains("odd"));
        assert!(parse_hex("  ").is_err());
    }

    #[test]
    fn an_error_is_named() {
        let frame = &frames("03000006003f0100bf62726308ff")[0];
        assert_eq!(frame.cbor.as_deref(), Some("{\"rc\": 8}"));
        assert_eq!(frame.error.as_deref(), Some("rc 8: MGMT_ERR_ENOTSUP"));
        assert_eq!(frame.group, 63);
        let frame = &frames("0b00001300010401bf63657272bf6567726f75700162726317ffff")[0];
        assert!(frame.error.as_deref().is_some_and(|e| e.contains("error 23")), "{frame:?}");
    }

    #[test]
    fn frames_behind_each_other_are_all_decoded() {
        let two = frames("0300000700000900bf6172626869ff0100000600090a09bf62726308ff");
        assert_eq!(two.len(), 2);
        assert_eq!(two[0].error, None);
        assert_eq!(two[1].group, 9);
    }

    #[test]
    fn a_short_or_malformed_frame_says_what_is_wrong() {
        assert!(frames("000000")[0].problem.as_deref().is_some_and(|p| p.contains("3 octets")));
        let short = &frames("0200002800000900a16164626869")[0];
        assert!(short.problem.as_deref().is_some_and(|p| p.contains("announces 40")));
        let broken = &frames("0200000100000900ff")[0];
        assert!(broken.problem.as_deref().is_some_and(|p| p.contains("not CBOR")));
    }
}
