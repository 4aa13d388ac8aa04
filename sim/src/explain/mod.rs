//! Errors in words: what a code means, who sends it and when, what a client of SMP version 1 sees
//! instead, and what to do.

mod group_errors;
mod image_errors;
mod outside;
mod presets;
mod protocol;
mod query;

pub use query::{Group, Query, QueryError};

use outside::{ERRNO, Known, REASONS};
use serde::Serialize;
use smp_wire::errors::{GroupError, Rc, group_error_name, rc_name};
use smp_wire::group::group_name;

/// The text of a code.
#[derive(Clone, Copy, Debug)]
struct Words {
    meaning: &'static str,
    sender: &'static str,
    remedy: &'static str,
}

const fn words(meaning: &'static str, sender: &'static str, remedy: &'static str) -> Words {
    Words { meaning, sender, remedy }
}

/// What kind of number a code is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A result code of the protocol, `rc`.
    Rc,
    /// An error of a group, `err`, in SMP version 2.
    GroupError,
    /// A negative errno of Zephyr, in a client's or a device's log.
    Errno,
    /// A reason for the end of a Bluetooth connection.
    DisconnectReason,
}

/// A code in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// What kind of number it is.
    pub kind: Kind,
    /// The number, as it is sent or logged.
    pub code: i64,
    /// Its name in Zephyr or in the Core Specification.
    pub name: &'static str,
    /// The group that the answer came from.
    pub group: Option<u16>,
    /// Name of that group.
    pub group_name: Option<&'static str>,
    /// What it means.
    pub meaning: &'static str,
    /// Who sends it, and when.
    pub sender: &'static str,
    /// What it means from this group in particular.
    pub from_group: Option<&'static str>,
    /// What a client of SMP version 1 gets in its place.
    pub version_1: Option<Version1>,
    /// What to do.
    pub remedy: &'static str,
    /// The preset that shows it at work.
    pub preset: Option<&'static str>,
}

/// A translated error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Version1 {
    /// The code of the protocol.
    pub rc: i32,
    /// Its name.
    pub name: &'static str,
}

/// Explains what was asked for, the likeliest reading first. Never empty.
pub fn explain(query: &Query) -> Vec<Explanation> {
    let mut readings = read(query);
    for reading in &mut readings {
        reading.preset = presets::showing(reading.kind, reading.code, reading.group);
    }
    readings
}

fn read(query: &Query) -> Vec<Explanation> {
    match *query {
        Query::Rc { rc, group } => vec![protocol(rc, group)],
        Query::UserRc(code) => vec![user(code)],
        Query::GroupError { group, code } => vec![group_error(group, code)],
        Query::Either { group, code, rc } => {
            vec![group_error(group, code), protocol(rc, Some(group))]
        }
        Query::Errno(n) => vec![outside(&ERRNO[n], Kind::Errno)],
        Query::Reason(n) => vec![outside(&REASONS[n], Kind::DisconnectReason)],
        Query::Several(ref queries) => queries.iter().flat_map(read).collect(),
    }
}

fn protocol(rc: Rc, group: Option<u16>) -> Explanation {
    let Words { meaning, sender, remedy } = protocol::words(rc);
    Explanation {
        kind: Kind::Rc,
        code: rc.code().into(),
        name: rc_name(rc.code().into()),
        group,
        group_name: group.and_then(group_name),
        meaning,
        sender,
        from_group: group.and_then(|group| protocol::in_group(rc, group)),
        version_1: None,
        remedy,
        preset: None,
    }
}

fn user(code: i64) -> Explanation {
    Explanation {
        kind: Kind::Rc,
        code,
        name: rc_name(code),
        group: None,
        group_name: None,
        meaning: "A code of the application's own; the protocol leaves 256 and above to users.",
        sender: "A group of the application.",
        from_group: None,
        version_1: None,
        remedy: "Look into the application's source.",
        preset: None,
    }
}

fn group_error(group: u16, code: u16) -> Explanation {
    let Words { meaning, sender, remedy } = group_errors::errors(group)[usize::from(code)];
    let rc = GroupError::new(group, code).in_version_1();
    let version_1 = Version1 { rc: rc.code(), name: rc_name(rc.code().into()) };
    Explanation {
        kind: Kind::GroupError,
        code: code.into(),
        name: group_error_name(group, code).unwrap_or("unknown error"),
        group: Some(group),
        group_name: group_name(group),
        meaning,
        sender,
        from_group: None,
        version_1: (code != 0).then_some(version_1),
        remedy,
        preset: None,
    }
}

fn outside(known: &Known, kind: Kind) -> Explanation {
    let Words { meaning, sender, remedy } = known.words;
    Explanation {
        kind,
        code: if kind == Kind::Errno { -known.code } else { known.code },
        name: known.name,
        group: None,
        group_name: None,
        meaning,
        sender,
        from_group: None,
        version_1: None,
        remedy,
        preset: None,
    }
}

#[cfg(test)]
mod tests {
    use super::group_errors::errors;
    use super::outside::{ERRNO, REASONS};
    use super::{Explanation, Kind, Query, explain};
    use smp_wire::errors::group_error_name;

    fn explained(code: &str, group: Option<&str>) -> Vec<Explanation> {
        let group = group.map(|group| super::Group::parse(group).expect("a group"));
        explain(&Query::parse(code, group).expect("a code"))
    }

    #[test]
    fn every_error_of_a_group_that_has_a_name_has_words_and_no_other() {
        for group in 0..=u16::from(u8::MAX) {
            let words = errors(group);
            for code in 0..64 {
                let named = group_error_name(group, code).is_some();
                assert_eq!(words.get(usize::from(code)).is_some(), named, "{group}/{code}");
            }
        }
    }

    #[test]
    fn every_text_is_made_of_whole_sentences() {
        let groups = (0..64).flat_map(errors);
        let outside = ERRNO.iter().chain(&REASONS).map(|known| &known.words);
        for words in groups.chain(outside) {
            for text in [words.meaning, words.sender, words.remedy] {
                assert!(text.ends_with('.') && !text.contains("  "), "{text}");
            }
        }
    }

    #[test]
    fn a_code_that_a_group_and_the_protocol_know_is_explained_as_both() {
        let both = explained("8", Some("image"));
        assert_eq!(both.len(), 2);
        assert_eq!((both[0].kind, both[0].name), (Kind::GroupError, "IMG_MGMT_ERR_HASH_NOT_FOUND"));
        assert_eq!((both[1].kind, both[1].name), (Kind::Rc, "MGMT_ERR_ENOTSUP"));
        let basic = explained("8", Some("63"));
        assert_eq!(basic.len(), 1);
        assert!(basic[0].from_group.is_some_and(|text| text.contains("not compiled in")));
    }

    #[test]
    fn a_group_error_tells_what_version_1_sees() {
        let pending = &explained("1/28", None)[0];
        assert_eq!(pending.name, "IMG_MGMT_ERR_IMAGE_ALREADY_PENDING");
        assert_eq!(pending.version_1.map(|v1| v1.rc), Some(6));
    }
}
