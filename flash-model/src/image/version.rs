//! Image versions.

use core::fmt;
use serde::Serialize;
use std::str::FromStr;

/// Version of an image; ordered field by field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ImageVersion {
    /// Major.
    pub major: u8,
    /// Minor.
    pub minor: u8,
    /// Revision.
    pub revision: u16,
    /// Build number.
    pub build: u32,
}

/// Why text is not a version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VersionError {
    /// Not of the form.
    #[error(
        "`{text}` is not a version: MAJOR.MINOR.REVISION+BUILD without leading zeros is expected, \
         later parts may be left out"
    )]
    Form {
        /// The text.
        text: String,
    },
    /// A number that its header field cannot hold.
    #[error("`{text}` is not a version: the {part} is {max} at most")]
    Range {
        /// The text.
        text: String,
        /// Name of the part.
        part: &'static str,
        /// Its largest value.
        max: u32,
    },
}

impl ImageVersion {
    /// A version without build number.
    pub const fn new(major: u8, minor: u8, revision: u16) -> Self {
        Self { major, minor, revision, build: 0 }
    }
}

/// As imgtool writes it: `1.2.3+4`.
impl fmt::Display for ImageVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { major, minor, revision, build } = self;
        write!(f, "{major}.{minor}.{revision}+{build}")
    }
}

/// As imgtool reads it (`version.py`): parts may be left out from the right and have no leading
/// zeros; a build number follows only a revision.
impl FromStr for ImageVersion {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        let form = || VersionError::Form { text: text.to_owned() };
        let (dotted, build) = match text.split_once('+') {
            Some((dotted, build)) => (dotted, Some(build)),
            None => (text, None),
        };
        let parts: Vec<&str> = dotted.split('.').collect();
        if parts.len() > 3 || (build.is_some() && parts.len() < 3) {
            return Err(form());
        }
        let number = |part: Option<&str>, name, max: u32| {
            let digits = part.unwrap_or("0");
            let plain = digits.bytes().all(|b| b.is_ascii_digit())
                && !digits.is_empty()
                && (digits == "0" || !digits.starts_with('0'));
            if !plain {
                return Err(form());
            }
            let range = || VersionError::Range { text: text.to_owned(), part: name, max };
            digits.parse().ok().filter(|&n: &u32| n <= max).ok_or_else(range)
        };
        Ok(Self {
            major: number(parts.first().copied(), "major version", 255)? as u8,
            minor: number(parts.get(1).copied(), "minor version", 255)? as u8,
            revision: number(parts.get(2).copied(), "revision", 65_535)? as u16,
            build: number(build, "build number", u32::MAX)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{ImageVersion, VersionError};

    #[test]
    fn later_parts_may_be_left_out() {
        let read = |text: &str| text.parse::<ImageVersion>().map(|v| v.to_string());
        assert_eq!(read("1"), Ok("1.0.0+0".to_owned()));
        assert_eq!(read("1.2"), Ok("1.2.0+0".to_owned()));
        assert_eq!(read("0.0.0"), Ok("0.0.0+0".to_owned()));
        let top = "255.255.65535+4294967295";
        assert_eq!(read(top), Ok(top.to_owned()));
    }

    #[test]
    fn what_imgtool_refuses_is_refused() {
        for text in ["", "v1.2.3", "1.02.3", "1.2+4", "1.2.3.4", "1.2.3+", "1..3", "+1", "1.2.3 "] {
            let error = text.parse::<ImageVersion>().unwrap_err();
            assert!(matches!(error, VersionError::Form { .. }), "{text}");
        }
    }

    #[test]
    fn a_number_that_does_not_fit_its_field_is_named() {
        for (text, part) in [("256", "major"), ("1.256", "minor"), ("1.2.65536", "revision")] {
            let error = text.parse::<ImageVersion>().unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
        let error = "1.2.3+99999999999999".parse::<ImageVersion>().unwrap_err().to_string();
        assert!(error.contains("build number is 4294967295 at most"), "{error}");
    }
}
