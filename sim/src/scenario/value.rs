//! A value of a scenario key, checked against the key's type and range.

use super::faults::Nth;
use super::keys::{Key, Kind};
use core::fmt;
use flash_model::ImageVersion;
use server_model::HookRefusal;
use smp_wire::errors::GroupError;

/// A checked value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Of [`Kind::Int`].
    Int(i64),
    /// Of [`Kind::Bool`].
    Bool(bool),
    /// Of [`Kind::Choice`].
    Choice(&'static str),
    /// Of [`Kind::Version`].
    Version(ImageVersion),
    /// Of [`Kind::Hash`]; `None` when empty.
    Hash(Option<[u8; 32]>),
    /// Of [`Kind::Path`]; empty for no file.
    Path(String),
    /// Of [`Kind::Text`].
    Text(String),
    /// Of [`Kind::Refusal`].
    Refusal(Option<HookRefusal>),
    /// Of [`Kind::Nth`].
    Nth(Nth),
}

impl Value {
    /// Reads a bare word, as `--set key=word` and the table of defaults have it.
    ///
    /// # Errors
    /// What was expected instead.
    pub fn parse_word(key: &Key, word: &str) -> Result<Self, String> {
        match key.kind {
            Kind::Int { .. } => Self::integer(
                key,
                parse_integer(word)
                    .ok_or_else(|| format!("expected a whole number, got {word:?}"))?,
            ),
            Kind::Bool => match word {
                "true" => Ok(Self::Bool(true)),
                "false" => Ok(Self::Bool(false)),
                _ => Err(format!("expected true or false, got {word:?}")),
            },
            Kind::Choice(_)
            | Kind::Version
            | Kind::Hash
            | Kind::Path
            | Kind::Text
            | Kind::Refusal
            | Kind::Nth => Self::text(key, word),
        }
    }

    /// A whole number for this key.
    ///
    /// # Errors
    /// When the key takes no number, or not this one.
    pub fn integer(key: &Key, number: i64) -> Result<Self, String> {
        match key.kind {
            Kind::Int { min, max } if (min..=max).contains(&number) => Ok(Self::Int(number)),
            Kind::Int { min, max } => Err(format!("expected {min} to {max}, got {number}")),
            Kind::Nth => Self::text(key, &number.to_string()),
            _ => Err(format!("expected {}, got the number {number}", expected(key))),
        }
    }

    /// A text for this key.
    ///
    /// # Errors
    /// When the key takes no text, or not this one.
    pub fn text(key: &Key, text: &str) -> Result<Self, String> {
        match key.kind {
            Kind::Choice(words) => words
                .iter()
                .find(|word| **word == text)
                .map(|word| Self::Choice(word))
                .ok_or_else(|| format!("expected {}, got {text:?}", expected(key))),
            Kind::Version => parse_version(text)
                .map(Self::Version)
                .ok_or_else(|| format!("expected {}, got {text:?}", expected(key))),
            Kind::Hash if text.is_empty() => Ok(Self::Hash(None)),
            Kind::Hash => parse_hash(text)
                .map(|hash| Self::Hash(Some(hash)))
                .ok_or_else(|| format!("expected {}, got {text:?}", expected(key))),
            Kind::Path => Ok(Self::Path(text.to_owned())),
            Kind::Text if text.contains(char::is_control) => {
                Err(format!("expected {}, got {text:?}", expected(key)))
            }
            Kind::Text => Ok(Self::Text(text.to_owned())),
            Kind::Refusal if text == "none" => Ok(Self::Refusal(None)),
            Kind::Refusal => super::lists::refusal(text)
                .map(|refusal| Self::Refusal(Some(refusal)))
                .ok_or_else(|| format!("expected {}, got {text:?}", expected(key))),
            Kind::Nth => Nth::parse(text)
                .map(Self::Nth)
                .ok_or_else(|| format!("expected {}, got {text:?}", expected(key))),
            Kind::Int { .. } | Kind::Bool => {
                Err(format!("expected {}, got the text {text:?}", expected(key)))
            }
        }
    }

    /// A truth value for this key.
    ///
    /// # Errors
    /// When the key takes none.
    pub fn truth(key: &Key, truth: bool) -> Result<Self, String> {
        match key.kind {
            Kind::Bool => Ok(Self::Bool(truth)),
            _ => Err(format!("expected {}, got {truth}", expected(key))),
        }
    }
}

/// What a key takes, in words.
pub fn expected(key: &Key) -> String {
    match key.kind {
        Kind::Int { min, max } => format!("a whole number from {min} to {max}"),
        Kind::Bool => "true or false".to_owned(),
        Kind::Choice(words) => format!("one of {}", words.join(", ")),
        Kind::Version => "a version such as 1.2.3 or 1.2.3+4".to_owned(),
        Kind::Hash => "64 hex digits, or nothing".to_owned(),
        Kind::Path => "the name of a file, or nothing".to_owned(),
        Kind::Text => "one line of text, or nothing".to_owned(),
        Kind::Refusal => {
            "none, a code of the protocol from 1 to 13, or group and code such as 1/9".to_owned()
        }
        Kind::Nth => format!("none, last, or a number from 1 to {}", Nth::MAX),
    }
}

impl fmt::Display for Value {
    /// As it would be written in a scenario file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(number) => write!(f, "{number}"),
            Self::Bool(truth) => write!(f, "{truth}"),
            Self::Choice(word) => write!(f, "{word:?}"),
            Self::Path(text) | Self::Text(text) => {
                write!(f, "{}", toml::Value::String(text.clone()))
            }
            Self::Refusal(None) => write!(f, "\"none\""),
            Self::Refusal(Some(HookRefusal::Rc(rc))) => write!(f, "\"{}\"", *rc as u8),
            Self::Refusal(Some(HookRefusal::Group(GroupError { group, code }))) => {
                write!(f, "\"{group}/{code}\"")
            }
            Self::Nth(Nth::Number(number)) => write!(f, "{number}"),
            Self::Nth(nth) => write!(f, "\"{nth}\""),
            Self::Version(version) => write!(f, "\"{version}\""),
            Self::Hash(hash) => {
                write!(f, "\"")?;
                for octet in hash.iter().flatten() {
                    write!(f, "{octet:02x}")?;
                }
                write!(f, "\"")
            }
        }
    }
}

fn parse_integer(word: &str) -> Option<i64> {
    let plain: String = word.chars().filter(|c| *c != '_').collect();
    match plain.strip_prefix("0x") {
        Some(hex) => i64::from_str_radix(hex, 16).ok(),
        None => plain.parse().ok(),
    }
}

fn parse_version(text: &str) -> Option<ImageVersion> {
    let (numbers, build) = text.split_once('+').unwrap_or((text, "0"));
    let mut parts = numbers.split('.');
    let version = ImageVersion {
        major: parts.next()?.parse().ok()?,
        minor: parts.next()?.parse().ok()?,
        revision: parts.next()?.parse().ok()?,
        build: build.parse().ok()?,
    };
    parts.next().is_none().then_some(version)
}

fn parse_hash(text: &str) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (i, octet) in hash.iter_mut().enumerate() {
        *octet = u8::from_str_radix(&text[2 * i..2 * i + 2], 16).ok()?;
    }
    Some(hash)
}

#[cfg(test)]
mod tests {
    use super::Value;
    use crate::scenario::keys::find;

    fn word(path: &str, word: &str) -> Result<Value, String> {
        Value::parse_word(find(path).expect("a known key"), word)
    }

    #[test]
    fn words_are_read_as_the_key_wants_them() {
        assert_eq!(word("client.window", "3"), Ok(Value::Int(3)));
        assert_eq!(word("layout.slot_size", "0x76_000"), Ok(Value::Int(0x76000)));
        assert_eq!(word("link.phy", "2M"), Ok(Value::Choice("2M")));
        assert!(word("image.version", "1.2.3+4").is_ok());
    }

    #[test]
    fn a_wrong_value_is_told_what_was_expected() {
        assert_eq!(word("client.window", "0").unwrap_err(), "expected 1 to 64, got 0");
        let phy = word("link.phy", "3M").unwrap_err();
        assert_eq!(phy, "expected one of 1M, 2M, coded-s2, coded-s8, got \"3M\"");
        assert!(word("image.version", "1.2").is_err());
        assert!(word("image.version", "1.2.3.4").is_err());
        assert!(word("image.tlv_sha256", "12").is_err());
        assert!(word("link.encrypted", "yes").is_err());
    }
}
