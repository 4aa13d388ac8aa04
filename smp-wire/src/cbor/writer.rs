//! The writer: minimal heads, definite strings, maps and arrays in the form asked for.

use super::MapForm;
use super::head::{BREAK, FALSE, Major, TRUE};

/// Appends the body of a command that has nothing to say: `A0` or `BF FF`.
pub fn empty_map(out: &mut Vec<u8>, form: MapForm) {
    let mut writer = Writer::new(out, form);
    writer.map(0);
    writer.end_map();
}

/// Appends CBOR values to a buffer.
///
/// It does not check that the announced counts are kept; the caller's `count` is ignored in
/// [`MapForm::Indefinite`].
#[derive(Debug)]
pub struct Writer<'a> {
    out: &'a mut Vec<u8>,
    form: MapForm,
}

impl<'a> Writer<'a> {
    /// A writer at the end of `out`.
    pub fn new(out: &'a mut Vec<u8>, form: MapForm) -> Self {
        Self { out, form }
    }

    /// Begins a map of `count` entries.
    #[inline]
    pub fn map(&mut self, count: usize) {
        self.begin(Major::Map, count);
    }

    /// Ends the innermost map.
    #[inline]
    pub fn end_map(&mut self) {
        self.end();
    }

    /// Begins an array of `count` elements.
    pub fn array(&mut self, count: usize) {
        self.begin(Major::Array, count);
    }

    /// Ends the innermost array.
    pub fn end_array(&mut self) {
        self.end();
    }

    /// An unsigned integer in as few octets as it takes.
    #[inline]
    pub fn uint(&mut self, value: u64) {
        self.head(Major::Unsigned, value);
    }

    /// An integer of either sign in as few octets as it takes.
    #[inline]
    pub fn int(&mut self, value: i64) {
        match u64::try_from(value) {
            Ok(value) => self.head(Major::Unsigned, value),
            // A negative integer n travels as -1 - n, which is its bitwise complement.
            Err(_) => self.head(Major::Negative, (!value).unsigned_abs()),
        }
    }

    /// A boolean.
    #[inline]
    pub fn bool(&mut self, value: bool) {
        self.out.push(if value { TRUE } else { FALSE });
    }

    /// A text string, or a map key.
    #[inline]
    pub fn text(&mut self, value: &str) {
        self.text_bytes(value.as_bytes());
    }

    /// A text string of octets that may not be UTF-8, as a server echoes them.
    #[inline]
    pub fn text_bytes(&mut self, value: &[u8]) {
        self.head(Major::Text, value.len() as u64);
        self.out.extend_from_slice(value);
    }

    /// A byte string.
    #[inline]
    pub fn bytes(&mut self, value: &[u8]) {
        self.head(Major::Bytes, value.len() as u64);
        self.out.extend_from_slice(value);
    }

    #[inline]
    fn begin(&mut self, major: Major, count: usize) {
        match self.form {
            MapForm::Definite => self.head(major, count as u64),
            MapForm::Indefinite => self.out.push(first_octet(major, 31)),
        }
    }

    #[inline]
    fn end(&mut self) {
        if self.form == MapForm::Indefinite {
            self.out.push(BREAK);
        }
    }

    #[inline]
    fn head(&mut self, major: Major, value: u64) {
        if value < 24 {
            self.out.push(first_octet(major, value as u8));
        } else {
            self.long_head(major, value);
        }
    }

    /// A head whose argument takes octets of its own, as few as it can.
    fn long_head(&mut self, major: Major, value: u64) {
        let first = |info| first_octet(major, info);
        match value {
            ..=0xff => self.out.extend_from_slice(&[first(24), value as u8]),
            0x100..=0xffff => {
                let [high, low] = (value as u16).to_be_bytes();
                self.out.extend_from_slice(&[first(25), high, low]);
            }
            0x1_0000..=0xffff_ffff => {
                let [a, b, c, d] = (value as u32).to_be_bytes();
                self.out.extend_from_slice(&[first(26), a, b, c, d]);
            }
            _ => {
                self.out.push(first(27));
                self.out.extend_from_slice(&value.to_be_bytes());
            }
        }
    }
}

const fn first_octet(major: Major, info: u8) -> u8 {
    (major as u8) << 5 | info
}
