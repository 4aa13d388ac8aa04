//! The numbers and lists that imgtool's arguments are made of.

use flash_model::{Dependency, ImageVersion};
use std::str::FromStr;

/// Largest slot that a file is made for.
const SLOT_MAX: u32 = 0x100_0000;

/// A number as Python reads it with base 0: decimal without leading zeros, or `0x`, `0o`, `0b`.
pub(super) fn number(text: &str) -> Result<u32, String> {
    let lower = text.to_ascii_lowercase();
    let (digits, base) = match lower.get(..2) {
        Some("0x") => (&lower[2..], 16),
        Some("0o") => (&lower[2..], 8),
        Some("0b") => (&lower[2..], 2),
        _ => (&lower[..], 10),
    };
    let leading_zero = base == 10 && digits.starts_with('0') && digits.bytes().any(|b| b != b'0');
    let plain = digits.chars().all(|c| c.is_digit(base)) && !digits.is_empty() && !leading_zero;
    if !plain {
        return Err("a number is expected: decimal, or with 0x, 0o or 0b before it".to_owned());
    }
    u32::from_str_radix(digits, base).map_err(|_| format!("{} at most", u32::MAX))
}

/// A number of 16 bits.
pub(super) fn number_u16(text: &str) -> Result<u16, String> {
    u16::try_from(number(text)?).map_err(|_| format!("{} at most", u16::MAX))
}

/// The length of a slot.
pub(in crate::image) fn slot_size(text: &str) -> Result<u32, String> {
    number(text).and_then(|size| match size {
        0 => Err("a slot has octets".to_owned()),
        1..=SLOT_MAX => Ok(size),
        _ => Err(format!("{SLOT_MAX} octets at most")),
    })
}

/// A security counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counter {
    /// Made from the version.
    Auto,
    /// Given.
    Is(u32),
}

impl Counter {
    /// The counter of an image of this version: major, minor and revision, without the build number.
    pub(super) fn of(self, version: ImageVersion) -> u32 {
        let ImageVersion { major, minor, revision, .. } = version;
        match self {
            Self::Auto => u32::from(major) << 24 | u32::from(minor) << 16 | u32::from(revision),
            Self::Is(counter) => counter,
        }
    }
}

impl FromStr for Counter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.eq_ignore_ascii_case("auto") { Ok(Self::Auto) } else { number(text).map(Self::Is) }
    }
}

/// A list of other images with their lowest versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Dependencies(pub(super) Vec<Dependency>);

impl FromStr for Dependencies {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = || "'(IMAGE, VERSION)' is expected, several with commas between".to_owned();
        let mut found = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            let (entry, behind) =
                rest.strip_prefix('(').and_then(|rest| rest.split_once(')')).ok_or_else(form)?;
            let (image, version) = entry.split_once(',').ok_or_else(form)?;
            let image = image.trim();
            if image.is_empty() || !image.bytes().all(|b| b.is_ascii_digit()) {
                return Err(form());
            }
            let image = image.parse().map_err(|_| format!("image {image}: 255 at most"))?;
            let version = version.trim().parse::<ImageVersion>().map_err(|e| e.to_string())?;
            found.push(Dependency { image, version });
            rest = behind.trim_start().strip_prefix(',').unwrap_or(behind).trim_start();
        }
        if found.is_empty() { Err(form()) } else { Ok(Self(found)) }
    }
}

/// The value of a custom TLV: octets behind `0x`, otherwise the text itself.
pub(super) fn octets(text: &str) -> Result<Vec<u8>, String> {
    let Some(digits) = text.strip_prefix("0x") else { return Ok(text.as_bytes().to_vec()) };
    if !digits.bytes().all(|b| b.is_ascii_hexdigit()) || digits.len() % 2 != 0 {
        return Err(format!("`{text}`: two hex digits for each octet are expected behind 0x"));
    }
    let octet = |at| u8::from_str_radix(&digits[at..at + 2], 16).map_err(|e| e.to_string());
    (0..digits.len()).step_by(2).map(octet).collect()
}

#[cfg(test)]
mod tests {
    use super::{Counter, Dependencies, number, number_u16, octets, slot_size};
    use flash_model::ImageVersion;

    #[test]
    fn numbers_are_read_as_python_reads_them() {
        let good = [("0", 0), ("00", 0), ("42", 42), ("0x2A", 42), ("0X2a", 42), ("0o52", 42)];
        for (text, value) in good.into_iter().chain([("0b101010", 42), ("0xffffffff", u32::MAX)]) {
            assert_eq!(number(text), Ok(value), "{text}");
        }
        for text in ["", "042", "0x", "-1", "+1", "1 ", "0x1g", "4294967296", "ä1", "0b2"] {
            assert!(number(text).is_err(), "{text}");
        }
        assert_eq!(number_u16("0x10000"), Err("65535 at most".to_owned()));
        assert!(slot_size("0").is_err() && slot_size("0x1000001").is_err());
    }

    #[test]
    fn a_counter_made_from_the_version_leaves_out_the_build_number() {
        let version = ImageVersion { major: 1, minor: 2, revision: 0x0304, build: 5 };
        assert_eq!("AUTO".parse::<Counter>().map(|c| c.of(version)), Ok(0x0102_0304));
        assert_eq!("7".parse::<Counter>().map(|c| c.of(version)), Ok(7));
        assert!("x".parse::<Counter>().is_err());
    }

    #[test]
    fn dependencies_may_stand_in_one_argument() {
        let read = |text: &str| {
            text.parse::<Dependencies>().map(|Dependencies(all)| {
                all.iter().map(|d| format!("{} {}", d.image, d.version)).collect::<Vec<_>>()
            })
        };
        assert_eq!(read("(1, 1.2.3+4)"), Ok(vec!["1 1.2.3+4".to_owned()]));
        let two = Ok(vec!["0 1.0.0+0".to_owned(), "255 2.1.0+0".to_owned()]);
        assert_eq!(read("(0,1),(255,2.1)"), two);
        assert_eq!(read(" (0, 1) , (255, 2.1) "), two);
        for text in
            ["", "1, 1.0", "(1)", "(x, 1.0)", "(-1, 1.0)", "(256, 1.0)", "(1, 1.02)", "(1, 1"]
        {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_value_is_text_unless_it_begins_with_0x() {
        assert_eq!(octets("text"), Ok(b"text".to_vec()));
        assert_eq!(octets("0x0aFF"), Ok(vec![10, 255]));
        assert_eq!(octets("0x"), Ok(vec![]));
        assert_eq!(octets(""), Ok(vec![]));
        assert!(octets("0x123").is_err() && octets("0x+1").is_err() && octets("0xää").is_err());
    }
}
