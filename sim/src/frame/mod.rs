//! SMP frames for people: header fields, CBOR in diagnostic notation, keys and errors by name.

mod diagnostic;
mod fields;
mod hex;
mod meaning;

pub use hex::{HexError, parse_hex};
pub use meaning::Field;

use crate::explain::{Query, explain};
use ciborium::Value;
use diagnostic::{diagnostic, problem};
use meaning::{fields, note_on_keys, notes};
use serde::Serialize;
use smp_wire::errors::{ErrorBody, Rc, find_error, group_error_name, rc_name};
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
    /// The keys of the payload and what they mean.
    pub fields: Vec<Field>,
    /// The error that it carries.
    pub error: Option<String>,
    /// What that error means.
    pub error_meaning: Option<&'static str>,
    /// What is remarkable though the frame is sound.
    pub notes: Vec<String>,
    /// What is wrong with the frame itself.
    pub problem: Option<String>,
    /// There are octets enough for a header; without, the fields above mean nothing.
    #[serde(skip)]
    pub whole_header: bool,
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
    frame.notes = notes(bytes[0], &header);
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
            frame.fields = fields(&header, &value);
            frame.notes.extend(note_on_keys(&header, &frame.fields));
            if !matches!(value, Value::Map(_)) {
                frame.notes.push("the payload is no map".to_owned());
            }
            if !rest.is_empty() {
                let problem = format!("{} octets of the payload lie behind its CBOR", rest.len());
                frame.problem = Some(problem);
            }
        }
        Err(_) if body.is_empty() => frame.cbor = Some(String::new()),
        Err(error) => frame.problem = Some(problem(&error)),
    }
    if let Some(error) = find_error(body) {
        frame.error = Some(error_text(&error));
        frame.error_meaning = error_meaning(error, header.group);
    }
    frame
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
        fields: Vec::new(),
        error: None,
        error_meaning: None,
        notes: Vec::new(),
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

/// What an error body of a group's command means.
fn error_meaning(error: ErrorBody, from: u16) -> Option<&'static str> {
    let query = match error {
        ErrorBody::Rc(rc) => Query::Rc { rc: Rc::from_code(rc)?, group: Some(from) },
        ErrorBody::Group { group, rc } => {
            group_error_name(group, rc)?;
            Query::GroupError { group, code: rc }
        }
    };
    let told = explain(&query);
    told.first().map(|told| told.from_group.unwrap_or(told.meaning))
}

#[cfg(test)]
mod tests {
    use super::{decode, parse_hex};

    fn frames(hex: &str) -> Vec<super::Frame> {
        decode(&parse_hex(hex).expect("hex"))
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

    #[test]
    fn keys_and_errors_are_told_in_words() {
        let list = &frames("0a00000a00010900a167636f6e6669726df5")[0];
        assert_eq!(list.fields[0].path, "confirm");
        assert!(list.fields[0].meaning.is_some_and(|told| told.contains("trial boot")));
        assert_eq!(list.notes, [""; 0]);
        let refused = &frames("03000006003f0100bf62726308ff")[0];
        assert!(refused.error_meaning.is_some_and(|told| told.contains("not compiled in")));
        assert_eq!(refused.fields[0].path, "rc");
    }

    #[test]
    fn what_a_server_would_not_take_is_noted() {
        let note = |hex: &str| frames(hex)[0].notes.join("; ");
        assert!(note("0000000100010101a0").contains("does not take a read"));
        assert!(note("0400000100000101a0").contains("operation 4"));
        assert!(note("1a00000100000100a0").contains("SMP version 4"));
        assert!(note("ea01000100000100a0").contains("reserved bits"));
        assert!(note("0a01000100000100a0").contains("flags"));
        assert!(note("0a00000100000163a0").contains("no command 99"));
        assert!(note("0a00000100200100a0").contains("none of Zephyr's"));
        assert!(note("0a00000100400100a0").contains("application"));
        assert!(note("0a00000500000100a1626464f5").contains("dd is skipped"));
        assert!(note("0a0000010000010001").contains("no map"));
    }
}
