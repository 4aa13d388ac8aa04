//! The pull reader: one head, one scalar or one string at a time, straight from the bytes.

use super::CborError;

/// The break that ends an indefinite map or array.
pub(super) const BREAK: u8 = 0xff;
/// Additional information: the argument is the next octet.
const INFO_1: u8 = 24;
const INFO_2: u8 = 25;
const INFO_4: u8 = 26;
/// Additional information: the argument is the next eight octets.
const INFO_8: u8 = 27;
/// Additional information: no argument, a break ends the item.
const INFO_INDEFINITE: u8 = 31;
/// The additional information in a head's first octet.
const INFO_MASK: u8 = 0x1f;
pub(super) const FALSE: u8 = 0xf4;
pub(super) const TRUE: u8 = 0xf5;

/// The major type of a value (RFC 8949, section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Major {
    /// 0: an unsigned integer.
    Unsigned,
    /// 1: a negative integer, -1 minus the argument.
    Negative,
    /// 2: a byte string.
    Bytes,
    /// 3: a text string.
    Text,
    /// 4: an array.
    Array,
    /// 5: a map.
    Map,
    /// 6: a tag; the tagged value follows.
    Tag,
    /// 7: booleans, null, floats, other simple values, and the break.
    Simple,
}

impl Major {
    /// The major type in the high three bits of a head's first octet.
    #[inline]
    const fn of(first: u8) -> Self {
        match first >> 5 {
            0 => Self::Unsigned,
            1 => Self::Negative,
            2 => Self::Bytes,
            3 => Self::Text,
            4 => Self::Array,
            5 => Self::Map,
            6 => Self::Tag,
            _ => Self::Simple,
        }
    }
}

/// The first one to nine octets of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Major type.
    pub major: Major,
    /// Additional information, the low five bits: below 24 the argument itself, 24 to 27 an
    /// argument of 1, 2, 4 or 8 octets, 31 none (indefinite, or the break).
    pub info: u8,
    /// The argument; 0 when there is none.
    pub value: u64,
}

impl Head {
    /// True for an indefinite map, array or string, and for the break.
    #[must_use]
    pub fn is_indefinite(self) -> bool {
        self.info == INFO_INDEFINITE
    }

    /// True when the argument takes eight octets, however small its value.
    #[must_use]
    pub fn is_wide(self) -> bool {
        self.info == INFO_8
    }
}

/// Reads CBOR values one after the other, without copying.
///
/// After an error the position is somewhere inside the refused value: give up, or start again.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
    /// Octets there were at the start.
    len: usize,
}

/// The entries still to come of a map (pairs) or array (elements) that was entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Items {
    /// `None`: until the break.
    left: Option<u64>,
}

impl Items {
    /// True when another entry follows; the end, with its break if it has one, is consumed.
    ///
    /// # Errors
    /// [`CborError::Truncated`] when the bytes end before the break.
    #[inline]
    pub fn next(&mut self, reader: &mut Reader<'_>) -> Result<bool, CborError> {
        match &mut self.left {
            None => Ok(!reader.take_break()?),
            Some(0) => Ok(false),
            Some(left) => {
                *left -= 1;
                Ok(true)
            }
        }
    }

    /// Entries that the head announced and that are still to come; `None` for indefinite ones.
    #[must_use]
    pub fn left(&self) -> Option<u64> {
        self.left
    }
}

impl<'a> Reader<'a> {
    /// A reader at the first of `bytes`.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, len: bytes.len() }
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
        let value = if info == INFO_INDEFINITE && !has_argument { 0 } else { self.argument(info)? };
        Ok(Head { major, info, value })
    }

    /// An unsigned integer of any width.
    ///
    /// # Errors
    /// [`CborError::WrongType`] for any other value, and what [`Self::head`] refuses.
    pub fn u64(&mut self) -> Result<u64, CborError> {
        let info = self.info_of(Major::Unsigned)?;
        self.argument(info)
    }

    /// An unsigned integer as a 32-bit server reads it: one to four octets, minimal or not; the
    /// eight-octet form is refused even when its value is small (zcbor, `value_extract`).
    ///
    /// # Errors
    /// [`CborError::TooWide`], [`CborError::WrongType`], and what [`Self::head`] refuses.
    #[inline]
    pub fn u32(&mut self) -> Result<u32, CborError> {
        match self.info_of(Major::Unsigned)? {
            INFO_8 => Err(CborError::TooWide),
            info => Ok(self.argument(info)? as u32),
        }
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

    /// A boolean.
    ///
    /// # Errors
    /// [`CborError::WrongType`] for anything else, [`CborError::Truncated`] for nothing.
    pub fn bool(&mut self) -> Result<bool, CborError> {
        match self.octet()? {
            FALSE => Ok(false),
            TRUE => Ok(true),
            _ => Err(CborError::WrongType),
        }
    }

    /// A byte string of definite length.
    ///
    /// # Errors
    /// [`CborError::IndefiniteString`], [`CborError::TooWide`] for a length of eight octets,
    /// [`CborError::WrongType`], and what [`Self::head`] refuses.
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
    /// [`CborError::TooWide`] for a count of eight octets, [`CborError::WrongType`], and what
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
        match info {
            0..INFO_1 => Ok(info.into()),
            INFO_1 => Ok(u8::from_be_bytes(self.octets()?).into()),
            INFO_2 => Ok(u16::from_be_bytes(self.octets()?).into()),
            INFO_4 => Ok(u32::from_be_bytes(self.octets()?).into()),
            INFO_8 => Ok(u64::from_be_bytes(self.octets()?)),
            _ => Err(CborError::Malformed),
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
            INFO_INDEFINITE => Ok(Items { left: None }),
            INFO_8 => Err(CborError::TooWide),
            info => Ok(Items { left: Some(self.argument(info)?) }),
        }
    }
}
