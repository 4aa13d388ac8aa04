//! The version of an image, as the list spells it.

use core::fmt;

use crate::cbor::CborError;

/// Longest version that a server writes: `255.255.65535.4294967295`.
const CAPACITY: usize = 24;

/// A version text of at most 24 octets, kept in place.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct VersionText {
    len: u8,
    octets: [u8; CAPACITY],
}

impl VersionText {
    /// The text that Zephyr makes of an image's version (`img_mgmt_ver_str`): three numbers, and
    /// the build number after another **dot** unless it is zero.
    #[must_use]
    pub fn from_parts(major: u8, minor: u8, revision: u16, build: u32) -> Self {
        let mut text = Self { len: 0, octets: [0; CAPACITY] };
        text.number(major.into());
        text.dot();
        text.number(minor.into());
        text.dot();
        text.number(revision.into());
        if build != 0 {
            text.dot();
            text.number(build);
        }
        text
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let octets = &self.octets[..usize::from(self.len)];
        str::from_utf8(octets).expect("copied from a whole str, or made of digits and dots")
    }

    fn dot(&mut self) {
        self.push(b'.');
    }

    fn number(&mut self, value: u32) {
        let mut divisor = 1;
        while value / divisor >= 10 {
            divisor *= 10;
        }
        while divisor > 0 {
            self.push(b'0' + (value / divisor % 10) as u8);
            divisor /= 10;
        }
    }

    fn push(&mut self, octet: u8) {
        self.octets[usize::from(self.len)] = octet;
        self.len += 1;
    }
}

impl TryFrom<&str> for VersionText {
    type Error = CborError;

    /// # Errors
    /// [`CborError::OutOfRange`] beyond 24 octets.
    fn try_from(text: &str) -> Result<Self, CborError> {
        let mut octets = [0; CAPACITY];
        let room = octets.get_mut(..text.len()).ok_or(CborError::OutOfRange)?;
        room.copy_from_slice(text.as_bytes());
        Ok(Self { len: text.len() as u8, octets })
    }
}

impl fmt::Display for VersionText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for VersionText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}
