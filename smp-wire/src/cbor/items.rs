//! A map or array that was entered, and how a server walks through the entries of a map.

use super::head::BREAK;
use super::unknown;
use super::{CborError, Reader};

/// The entries still to come of a map (pairs) or array (elements) that was entered.
///
/// A request is read as Zephyr's `zcbor_bulk.c`, `zcbor_map_decode_bulk` does it:
///
/// ```
/// # use smp_wire::cbor::{CborError, Dialect, Reader};
/// # fn slot(body: &[u8], dialect: Dialect) -> Result<Option<u32>, CborError> {
/// let mut reader = Reader::with_dialect(body, dialect);
/// let mut map = reader.map()?;
/// let mut slot = None;
/// while let Some(key) = map.key(&mut reader)? {
///     match key {
///         b"slot" => slot = Some(reader.u32()?),
///         _ => map.skip_value(&mut reader)?,
///     }
/// }
/// # Ok(slot)
/// # }
/// # assert_eq!(slot(b"\xa1\x64slot\x01", Dialect::Zcbor06), Ok(Some(1)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Items {
    /// `None`: until the break.
    left: Option<u64>,
}

impl Items {
    pub(super) const fn new(left: Option<u64>) -> Self {
        Self { left }
    }

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

    /// The key of the next entry of a map, as octets; `None` at the end, which is consumed with
    /// its break if it has one.
    ///
    /// # Errors
    /// [`CborError::Truncated`] when the bytes end before the map does,
    /// [`CborError::KeyNotText`], and what [`Reader::text_bytes`] refuses.
    #[inline]
    pub fn key<'a>(&mut self, reader: &mut Reader<'a>) -> Result<Option<&'a [u8]>, CborError> {
        if self.next(reader)? { reader.key().map(Some) } else { Ok(None) }
    }

    /// Skips the value of a key that the command does not know, as the server's decoder does in
    /// the reader's dialect (`zcbor_any_skip`), which is laxer than [`Reader::skip`].
    ///
    /// Where the decoder cannot skip the value it takes the map for ended, and looks only whether
    /// the end is there: an indefinite map may end with a key and the break, without a value.
    ///
    /// # Errors
    /// What the decoder refuses, and [`CborError::TooDeep`] beyond
    /// [`MAX_NESTING`](super::MAX_NESTING).
    #[cold]
    #[inline(never)]
    pub fn skip_value(&mut self, reader: &mut Reader<'_>) -> Result<(), CborError> {
        let Err(stop) = unknown::skip(reader) else { return Ok(()) };
        let ended = match self.left {
            None => reader.rest().first() == Some(&BREAK) && reader.take_break()?,
            Some(left) => stop.counted && left == 0,
        };
        if ended {
            self.left = Some(0);
            Ok(())
        } else {
            Err(stop.error)
        }
    }

    /// Entries that the head announced and that are still to come; `None` for indefinite ones.
    #[must_use]
    pub fn left(&self) -> Option<u64> {
        self.left
    }
}
