//! The first octets of a value: major type and argument.

/// The break that ends an indefinite map or array.
pub(super) const BREAK: u8 = 0xff;
/// Additional information: the argument is the next octet.
pub(super) const INFO_1: u8 = 24;
pub(super) const INFO_2: u8 = 25;
pub(super) const INFO_4: u8 = 26;
/// Additional information: the argument is the next eight octets.
pub(super) const INFO_8: u8 = 27;
/// Additional information: no argument, a break ends the item.
pub(super) const INFO_INDEFINITE: u8 = 31;
/// The additional information in a head's first octet.
pub(super) const INFO_MASK: u8 = 0x1f;
/// The simple values false and true (RFC 8949, section 3.3).
pub(super) const SIMPLE_FALSE: u32 = 20;
pub(super) const SIMPLE_TRUE: u32 = 21;
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
    pub(super) const fn of(first: u8) -> Self {
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

    /// True when the argument would fit fewer octets. The argument of a float is no number.
    pub(super) fn is_longer_than_needed(self) -> bool {
        let float = self.major == Major::Simple && self.info > INFO_1;
        !float && !is_minimal(self.info, self.value)
    }
}

/// Whether `value` takes the octets that `info` gives it.
pub(super) const fn is_minimal(info: u8, value: u64) -> bool {
    match info {
        INFO_1 => value >= 24,
        INFO_2 => value > 0xff,
        INFO_4 => value > 0xffff,
        INFO_8 => value > 0xffff_ffff,
        _ => true,
    }
}
