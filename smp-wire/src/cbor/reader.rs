//! The pull reader: one head, one scalar or one string at a time, straight from the bytes.

use super::head::{
    BREAK, FALSE, INFO_1, INFO_2, INFO_4, INFO_8, INFO_INDEFINITE, INFO_MASK, SIMPLE_FALSE,
    SIMPLE_TRUE, TRUE, is_minimal,
};
use super::{CborError, Dialect, Head, Items, Major};

/// Reads CBOR values one after the other, without copying.
///
/// After an error the position is somewhere inside the refused value: give up, or start again.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
    /// Octets there were at the start.
    len: usize,
    dialect: Dialect,
}

impl<'a> Reader<'a> {
    /// A reader at the first of `bytes`, with the rules of [`Dialect::default`].
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self::with_dialect(bytes, Dialect::default())
    }

    /// A reader at the first of `bytes` with the rules of a server's decoder.
    #[must_use]
    #[inline]
    pub fn with_dialect(bytes: &'a [u8], dialect: Dialect) -> Self {
        Self { rest: bytes, len: bytes.len(), dialect }
    }

    /// The rules that the server's methods go by.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Octets consumed so far.
    #[must_use]
    pub fn position(&self) -> usize {
        self.len - self.rest.len()
    }

    /// The octets not yet consumed.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The major type of the next value, which stays; a break is [`Major::Simple`].
    ///
    /// # Errors
    /// [`CborError::Truncated`] at the end of the bytes.
    #[inline]
    pub fn peek(&self) -> Result<Major, CborError> {
        self.rest.first().map(|&first| Major::of(first)).ok_or(CborError::Truncated)
    }

    /// Consumes the next head, whatever it is, and nothing of what belongs to it.
    ///
    /// # Errors
    /// [`CborError::Truncated`], or [`CborError::Malformed`] for additional information 28 to 30
    /// and for 31 where the major type has no indefinite form.
    #[inline]
    pub fn head(&mut self) -> Result<Head, CborError> {
        let first = self.octet()?;
        let (major, info) = (Major::of(first), first & INFO_MASK);
        let has_argument = matches!(major, Major::Unsigned | Major::Negative | Major::Tag);
        let value =
            if info == INFO_INDEFINITE && !has_argument { 0 } else { self.any_argument(info)? };
        Ok(Head { major, info, value })
    }

    /// An unsigned integer of any width (`zcbor_uint64_decode`).
    ///
    /// # Errors
    /// [`CborError::WrongType`] for any other value, [`CborError::NotMinimal`] in
    /// [`Dialect::Canonical`], and what [`Self::head`] refuses.
    pub fn u64(&mut self) -> Result<u64, CborError> {
        let info = self.info_of(Major::Unsigned)?;
        self.argument(info)
    }

    /// An unsigned integer as a 32-bit server reads it: one to four octets, minimal or not; the
    /// eight-octet form is refused even when its value is small (`zcbor_uint32_decode`).
    ///
    /// # Errors
    /// [`CborError::TooWide`], and as [`Self::u64`].
    #[inline]
    pub fn u32(&mut self) -> Result<u32, CborError> {
        match self.info_of(Major::Unsigned)? {
            INFO_8 => Err(CborError::TooWide),
            info => Ok(self.argument(info)? as u32),
        }
    }

    /// A `size_t` as a 32-bit server reads it (`zcbor_size_decode`): an unsigned integer as
    /// [`Self::u32`] takes it. [`Dialect::Zcbor06`] does not look at the type: it takes the
    /// argument of any head for the number, and what belonged to the head follows as the next key.
    ///
    /// # Errors
    /// As [`Self::u32`]; no [`CborError::WrongType`] in [`Dialect::Zcbor06`].
    #[inline]
    pub fn size(&mut self) -> Result<u32, CborError> {
        match self.peek()? {
            Major::Unsigned => self.u32(),
            _ => self.size_of_any_type(),
        }
    }

    #[cold]
    #[inline(never)]
    fn size_of_any_type(&mut self) -> Result<u32, CborError> {
        if self.dialect == Dialect::Zcbor06 { self.narrow() } else { Err(CborError::WrongType) }
    }

    /// An unsigned integer of any width whose value fits 32 bits, as a tolerant client reads it.
    ///
    /// # Errors
    /// [`CborError::OutOfRange`], [`CborError::WrongType`], and what [`Self::head`] refuses.
    pub fn any_u32(&mut self) -> Result<u32, CborError> {
        u32::try_from(self.u64()?).map_err(|_| CborError::OutOfRange)
    }

    /// An integer of either sign and any width.
    ///
    /// # Errors
    /// [`CborError::OutOfRange`] outside `i64`, [`CborError::WrongType`], and what [`Self::head`]
    /// refuses.
    pub fn i64(&mut self) -> Result<i64, CborError> {
        let head = self.head()?;
        let value = i64::try_from(head.value).map_err(|_| CborError::OutOfRange);
        match head.major {
            Major::Unsigned => value,
            Major::Negative => value.map(|magnitude| -1 - magnitude),
            _ => Err(CborError::WrongType),
        }
    }

    /// A boolean. [`Dialect::Zcbor06`] takes any simple value or float of up to four octets whose
    /// argument is 20 or 21 (`zcbor_bool_decode`).
    ///
    /// # Errors
    /// [`CborError::WrongType`] for anything else, [`CborError::Truncated`] for nothing.
    pub fn bool(&mut self) -> Result<bool, CborError> {
        match self.rest.first() {
            None => Err(CborError::Truncated),
            Some(&first @ (FALSE | TRUE)) => {
                self.rest = &self.rest[1..];
                Ok(first == TRUE)
            }
            Some(_) => self.bool_in_more_octets(),
        }
    }

    #[cold]
    #[inline(never)]
    fn bool_in_more_octets(&mut self) -> Result<bool, CborError> {
        if self.dialect != Dialect::Zcbor06 || self.peek()? != Major::Simple {
            return Err(CborError::WrongType);
        }
        match self.narrow()? {
            SIMPLE_FALSE => Ok(false),
            SIMPLE_TRUE => Ok(true),
            _ => Err(CborError::WrongType),
        }
    }

    /// A byte string of definite length.
    ///
    /// # Errors
    /// [`CborError::IndefiniteString`], [`CborError::TooWide`] for a length of eight octets,
    /// [`CborError::WrongType`], [`CborError::NotMinimal`] in [`Dialect::Canonical`], and what
    /// [`Self::head`] refuses.
    #[inline]
    pub fn bytes(&mut self) -> Result<&'a [u8], CborError> {
        self.string(Major::Bytes)
    }

    /// A text string of definite length, as the octets it is made of: zcbor does not look whether
    /// they are UTF-8, and neither does this.
    ///
    /// # Errors
    /// As [`Self::bytes`].
    #[inline]
    pub fn text_bytes(&mut self) -> Result<&'a [u8], CborError> {
        self.string(Major::Text)
    }

    /// A text string of definite length.
    ///
    /// # Errors
    /// As [`Self::bytes`], and [`CborError::Malformed`] when it is not UTF-8.
    pub fn text(&mut self) -> Result<&'a str, CborError> {
        str::from_utf8(self.text_bytes()?).map_err(|_| CborError::Malformed)
    }

    /// The key of a map entry, as octets.
    ///
    /// # Errors
    /// [`CborError::KeyNotText`] for a value of another type, else as [`Self::bytes`].
    #[inline]
    pub fn key(&mut self) -> Result<&'a [u8], CborError> {
        self.text_bytes().map_err(|error| match error {
            CborError::WrongType => CborError::KeyNotText,
            other => other,
        })
    }

    /// Enters a map.
    ///
    /// # Errors
    /// [`CborError::TooWide`] for a count of eight octets, [`CborError::WrongType`],
    /// [`CborError::Indefinite`] and [`CborError::NotMinimal`] in [`Dialect::Canonical`], and what
    /// [`Self::head`] refuses.
    pub fn map(&mut self) -> Result<Items, CborError> {
        self.items(Major::Map)
    }

    /// Enters an array.
    ///
    /// # Errors
    /// As [`Self::map`].
    pub fn array(&mut self) -> Result<Items, CborError> {
        self.items(Major::Array)
    }

    /// Consumes the next octet if it is the break.
    ///
    /// # Errors
    /// [`CborError::Truncated`] at the end of the bytes.
    #[inline]
    pub fn take_break(&mut self) -> Result<bool, CborError> {
        let (&first, rest) = self.rest.split_first().ok_or(CborError::Truncated)?;
        if first == BREAK {
            self.rest = rest;
        }
        Ok(first == BREAK)
    }

    /// The argument that `info` says follows the first octet; nearly always it is `info` itself.
    #[inline]
    fn argument(&mut self, info: u8) -> Result<u64, CborError> {
        if info < INFO_1 { Ok(info.into()) } else { self.long_argument(info) }
    }

    /// An argument in octets of its own, as few as it takes where the dialect asks for that.
    #[inline]
    fn long_argument(&mut self, info: u8) -> Result<u64, CborError> {
        let value = self.any_argument(info)?;
        if self.dialect == Dialect::Canonical && !is_minimal(info, value) {
            return Err(CborError::NotMinimal);
        }
        Ok(value)
    }

    #[inline]
    fn any_argument(&mut self, info: u8) -> Result<u64, CborError> {
        match info {
            0..INFO_1 => Ok(info.into()),
            INFO_1 => Ok(u8::from_be_bytes(self.octets()?).into()),
            INFO_2 => Ok(u16::from_be_bytes(self.octets()?).into()),
            INFO_4 => Ok(u32::from_be_bytes(self.octets()?).into()),
            INFO_8 => Ok(u64::from_be_bytes(self.octets()?)),
            _ => Err(CborError::Malformed),
        }
    }

    /// The argument of the next head, of whatever type, in at most four octets.
    fn narrow(&mut self) -> Result<u32, CborError> {
        match self.octet()? & INFO_MASK {
            INFO_8 => Err(CborError::TooWide),
            info => Ok(self.any_argument(info)? as u32),
        }
    }

    /// Consumes `len` octets.
    #[inline]
    pub(super) fn take(&mut self, len: u64) -> Result<&'a [u8], CborError> {
        let len = usize::try_from(len).map_err(|_| CborError::Truncated)?;
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(CborError::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    #[inline]
    fn octets<const N: usize>(&mut self) -> Result<[u8; N], CborError> {
        let (found, rest) = self.rest.split_first_chunk::<N>().ok_or(CborError::Truncated)?;
        self.rest = rest;
        Ok(*found)
    }

    #[inline]
    fn octet(&mut self) -> Result<u8, CborError> {
        let (&first, rest) = self.rest.split_first().ok_or(CborError::Truncated)?;
        self.rest = rest;
        Ok(first)
    }

    /// The additional information of the next head, whose argument is still to come.
    #[inline]
    fn info_of(&mut self, major: Major) -> Result<u8, CborError> {
        let first = self.octet()?;
        if Major::of(first) == major { Ok(first & INFO_MASK) } else { Err(CborError::WrongType) }
    }

    #[inline]
    fn string(&mut self, major: Major) -> Result<&'a [u8], CborError> {
        match self.info_of(major)? {
            INFO_INDEFINITE => Err(CborError::IndefiniteString),
            INFO_8 => Err(CborError::TooWide),
            info => {
                let len = self.argument(info)?;
                self.take(len)
            }
        }
    }

    #[inline]
    fn items(&mut self, major: Major) -> Result<Items, CborError> {
        match self.info_of(major)? {
            INFO_INDEFINITE if self.dialect == Dialect::Canonical => Err(CborError::Indefinite),
            INFO_INDEFINITE => Ok(Items::new(None)),
            INFO_8 => Err(CborError::TooWide),
            info => Ok(Items::new(Some(self.argument(info)?))),
        }
    }
}
