//! What a user may ask for: numbers and names as they stand in logs.

use super::group_errors::errors;
use super::outside::{ERRNO, REASONS};
use smp_wire::errors::{Rc, group_error_name, rc_name};
use smp_wire::group::{self, group_name};

/// A code to explain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Query {
    /// A code of the protocol.
    Rc {
        /// The code.
        rc: Rc,
        /// Where the answer came from.
        group: Option<u16>,
    },
    /// A code above 255.
    UserRc(i64),
    /// An error of a group.
    GroupError {
        /// The group.
        group: u16,
        /// The code, one that has words.
        code: u16,
    },
    /// A number that may be either.
    Either {
        /// The group.
        group: u16,
        /// The group's code, one that has words.
        code: u16,
        /// The protocol's code.
        rc: Rc,
    },
    /// Place in the table of errno values.
    Errno(usize),
    /// Place in the table of Bluetooth reasons.
    Reason(usize),
    /// A name that several codes have.
    Several(Vec<Query>),
}

/// A group by number or name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group(pub u16);

/// Why a code or a group is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// Not a group.
    #[error(
        "no group {0:?}; take a number from 0 to 65535, or os, image, stat, settings, log, crash, \
         split, run, fs, shell, enum, basic"
    )]
    Group(String),
    /// A number that nothing has.
    #[error("no code {code}: the protocol's are 0 to 13 and from 256 on{also}")]
    Number {
        /// As given.
        code: String,
        /// What else there is.
        also: String,
    },
    /// A group's number that nothing has.
    #[error("group {group} ({name}) has no error {code}; its errors are 1 to {last}")]
    GroupNumber {
        /// The group.
        group: u16,
        /// Its name.
        name: &'static str,
        /// As given.
        code: String,
        /// The highest.
        last: usize,
    },
    /// A group without errors of its own.
    #[error(
        "group {0} has no errors of its own that are known here; without the group, {1} is a code of the protocol"
    )]
    NoErrors(u16, String),
    /// An errno that is not in the table.
    #[error("errno {0} is not among those that SMP clients and servers report here")]
    Errno(String),
    /// A reason that is not in the table.
    #[error("{0} is no Bluetooth reason that is known here; codes of SMP are written in decimal")]
    Reason(String),
    /// A name that nothing has.
    #[error("no code is called {name:?}{nearest}; take a number, or a name such as MGMT_ERR_EBUSY")]
    Name {
        /// As given.
        name: String,
        /// The most similar name.
        nearest: String,
    },
}

/// Names in the Android library of the protocol's codes, in their order (`McuMgrErrorCode`).
const ANDROID: [&str; 14] = [
    "OK",
    "UNKNOWN",
    "NO_MEMORY",
    "IN_VALUE",
    "TIMEOUT",
    "NO_ENTRY",
    "BAD_STATE",
    "TOO_LARGE",
    "NOT_SUPPORTED",
    "CORRUPT",
    "BUSY",
    "ACCESS_DENIED",
    "PROTOCOL_VERSION_TOO_OLD",
    "PROTOCOL_VERSION_TOO_NEW",
];

impl Group {
    /// Reads a number or a name.
    ///
    /// # Errors
    /// When it is neither.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        let lower = text.trim().to_ascii_lowercase();
        let by_name = (0..group::USER).find(|&number| {
            group_name(number)
                .is_some_and(|name| name == lower || name == format!("zephyr {lower}"))
        });
        let other = match lower.as_str() {
            "img" => Some(group::IMAGE),
            "config" => Some(group::SETTINGS),
            "statistics" => Some(group::STAT),
            _ => None,
        };
        by_name
            .or(other)
            .or_else(|| lower.parse().ok())
            .map(Self)
            .ok_or_else(|| QueryError::Group(text.to_owned()))
    }
}

impl Query {
    /// Reads a code as logs show it: `8`, `1/28`, `-122`, `0x08`, or a name.
    ///
    /// # Errors
    /// When there is no such code; the message says what there is.
    pub fn parse(text: &str, group: Option<Group>) -> Result<Self, QueryError> {
        let group = group.map(|Group(number)| number);
        let text = text.trim();
        if let Some((group, code)) = text.trim_start_matches("err").split_once('/') {
            let Group(group) = Group::parse(group)?;
            return in_group(group, code.trim());
        }
        if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
            return reason(text, hex);
        }
        if let Some(number) = text.strip_prefix('-').filter(|rest| all_digits(rest)) {
            return errno(text, number);
        }
        if all_digits(text) { number(text, group) } else { name(text, group) }
    }
}

fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn in_group(group: u16, code: &str) -> Result<Query, QueryError> {
    let words = errors(group);
    if words.is_empty() {
        return Err(QueryError::NoErrors(group, code.to_owned()));
    }
    let wanted = code.parse::<u16>().ok().filter(|&code| usize::from(code) < words.len());
    match wanted {
        Some(code) => Ok(Query::GroupError { group, code }),
        None => Err(QueryError::GroupNumber {
            group,
            name: group_name(group).unwrap_or("unknown"),
            code: code.to_owned(),
            last: words.len() - 1,
        }),
    }
}

fn number(text: &str, group: Option<u16>) -> Result<Query, QueryError> {
    let number = text.parse::<i64>().ok();
    let rc = number.and_then(|n| i32::try_from(n).ok()).and_then(Rc::from_code);
    let own = group.and_then(|group| in_group(group, text).ok());
    match (own, rc, number) {
        (Some(Query::GroupError { group, code }), Some(rc), _) => {
            Ok(Query::Either { group, code, rc })
        }
        (Some(own), ..) => Ok(own),
        (None, Some(rc), _) => Ok(Query::Rc { rc, group }),
        (None, None, Some(code @ 256..)) => Ok(Query::UserRc(code)),
        (None, None, _) => Err(QueryError::Number { code: text.to_owned(), also: also(group) }),
    }
}

/// What else a number may be.
fn also(group: Option<u16>) -> String {
    match group.map(|group| (group, errors(group).len())) {
        Some((group, 1..)) => {
            let last = errors(group).len() - 1;
            format!("; those of group {group} are 1 to {last}")
        }
        _ => "; errors of a group need --group, such as --group image".to_owned(),
    }
}

fn errno(text: &str, number: &str) -> Result<Query, QueryError> {
    let number = number.parse::<i64>().ok();
    let place = ERRNO.iter().position(|known| Some(known.code) == number);
    place.map(Query::Errno).ok_or_else(|| QueryError::Errno(text.to_owned()))
}

fn reason(text: &str, hex: &str) -> Result<Query, QueryError> {
    let number = i64::from_str_radix(hex, 16).ok();
    let place = REASONS.iter().position(|known| Some(known.code) == number);
    place.map(Query::Reason).ok_or_else(|| QueryError::Reason(text.to_owned()))
}

fn name(text: &str, group: Option<u16>) -> Result<Query, QueryError> {
    let wanted = text.to_ascii_uppercase();
    let mut found: Vec<Query> = Vec::new();
    for (name, query) in names(group) {
        let bare = name.split_once("_ERR_").map_or(name, |(_, bare)| bare);
        if (name == wanted || bare == wanted) && !found.contains(&query) {
            found.push(query);
        }
    }
    match found.len() {
        0 => Err(QueryError::Name { name: text.to_owned(), nearest: nearest(&wanted, group) }),
        1 => Ok(found.swap_remove(0)),
        _ => Ok(Query::Several(found)),
    }
}

/// All names there are; of a group only, and of the protocol, when a group is given.
fn names(group: Option<u16>) -> impl Iterator<Item = (&'static str, Query)> {
    let codes = (0..).map_while(Rc::from_code);
    let protocol = codes.zip(ANDROID).flat_map(move |(rc, android)| {
        let names = [rc_name(rc.code().into()), android];
        names.map(|name| (name, Query::Rc { rc, group }))
    });
    let groups = (0..group::USER).filter(move |&number| group.is_none_or(|group| group == number));
    let groups = groups.flat_map(|group| {
        let codes = (1..).map_while(move |code| group_error_name(group, code).map(|n| (code, n)));
        codes.map(move |(code, name)| (name, Query::GroupError { group, code }))
    });
    let errno = ERRNO.iter().enumerate().map(|(n, known)| (known.name, Query::Errno(n)));
    protocol.chain(groups).chain(errno)
}

fn nearest(wanted: &str, group: Option<u16>) -> String {
    let likeness = |name: &str| {
        let bare = name.split_once("_ERR_").map_or(name, |(_, bare)| bare);
        strsim::jaro_winkler(wanted, name).max(strsim::jaro_winkler(wanted, bare))
    };
    names(group)
        .map(|(name, _)| (name, likeness(name)))
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .filter(|(_, likeness)| *likeness > 0.8)
        .map(|(name, _)| format!(" (did you mean {name}?)"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Group, Query};
    use smp_wire::errors::Rc;

    fn parse(text: &str) -> Result<Query, String> {
        Query::parse(text, None).map_err(|e| e.to_string())
    }

    #[test]
    fn a_code_is_read_as_logs_show_it() {
        let busy = Query::Rc { rc: Rc::Busy, group: None };
        for text in ["10", "MGMT_ERR_EBUSY", "mgmt_err_ebusy", "BUSY"] {
            assert_eq!(parse(text), Ok(busy.clone()), "{text}");
        }
        let pending = Query::GroupError { group: 1, code: 28 };
        for text in ["1/28", "err 1/28", "image/28", "IMG_MGMT_ERR_IMAGE_ALREADY_PENDING"] {
            assert_eq!(parse(text), Ok(pending.clone()), "{text}");
        }
        assert_eq!(parse("256"), Ok(Query::UserRc(256)));
        assert!(matches!(parse("-122"), Ok(Query::Errno(_))));
        assert!(matches!(parse("0x3e"), Ok(Query::Reason(_))));
        assert!(matches!(parse("EBUSY"), Ok(Query::Several(both)) if both.len() == 2));
    }

    #[test]
    fn what_is_no_code_is_refused_with_what_there_is() {
        let error = |text| parse(text).expect_err(text);
        assert!(error("14").contains("--group image"));
        assert!(error("1/99").contains("1 to 34"));
        assert!(error("77/1").contains("no errors of its own"));
        assert!(error("-77").contains("errno"));
        assert!(error("0x07").contains("decimal"));
        assert!(error("MGMT_ERR_EBUSI").contains("MGMT_ERR_EBUSY"));
        assert!(error("").contains("no code"));
        assert!(error("99999999999999999999").contains("0 to 13"));
    }

    #[test]
    fn a_group_has_a_number_and_names() {
        for (text, number) in [("1", 1), ("image", 1), ("IMG", 1), ("basic", 63), ("77", 77)] {
            assert_eq!(Group::parse(text), Ok(Group(number)), "{text}");
        }
        assert!(Group::parse("imagee").is_err());
        assert!(Group::parse("65536").is_err());
    }
}
