//! Skipping the value of an unknown key with the server's rules instead of CBOR's
//! (`zcbor_any_skip`).
//!
//! What both families have in common: an indefinite map may hold a key without a value, a simple
//! value may have any number in either form, strings in chunks are refused.

use super::head::Head;
use super::skip::MAX_NESTING;
use super::{CborError, Dialect, Major, Reader};

/// Why a value was not skipped.
pub(super) struct Stop {
    pub(super) error: CborError,
    /// The decoder has counted the value among those of its map nevertheless.
    pub(super) counted: bool,
}

impl From<CborError> for Stop {
    fn from(error: CborError) -> Self {
        Self { error, counted: false }
    }
}

/// What an open map or array waits for.
#[derive(Clone, Copy)]
enum Open {
    /// So many values more; a map counts two an entry.
    Values(u32),
    /// The break.
    Break,
}

impl Open {
    /// Refuses at once more values than can follow.
    fn if_it_fits(self, reader: &Reader<'_>) -> Result<Self, CborError> {
        match self {
            Self::Values(count) if count as usize > reader.rest().len() => {
                Err(CborError::Truncated)
            }
            open => Ok(open),
        }
    }
}

/// Skips a value. Where it cannot, the reader stays where the decoder would look for the end of
/// the map around the value.
pub(super) fn skip(reader: &mut Reader<'_>) -> Result<(), Stop> {
    let start = reader.clone();
    let early = reader.dialect() == Dialect::Zcbor06;
    let element = if early { element_06 } else { element_09 };
    let skipped = match element(reader) {
        Ok(None) => Ok(()),
        Ok(Some(open)) => contents(reader, open, element).map_err(Stop::from),
        // zcbor 0.6 goes back only from inside a map or array.
        Err(stop) if early => return Err(stop),
        Err(stop) => Err(stop),
    };
    if skipped.is_err() {
        *reader = start;
    }
    skipped
}

fn contents(
    reader: &mut Reader<'_>,
    outermost: Open,
    element: fn(&mut Reader<'_>) -> Result<Option<Open>, Stop>,
) -> Result<(), CborError> {
    let mut stack = [Open::Break; MAX_NESTING];
    stack[0] = outermost.if_it_fits(reader)?;
    let mut depth = 1;
    while depth > 0 {
        match &mut stack[depth - 1] {
            Open::Values(0) => {
                depth -= 1;
                continue;
            }
            Open::Values(left) => *left -= 1,
            Open::Break if reader.take_break()? => {
                depth -= 1;
                continue;
            }
            Open::Break => {}
        }
        if let Some(open) = element(reader).map_err(|stop| stop.error)? {
            *stack.get_mut(depth).ok_or(CborError::TooDeep)? = open.if_it_fits(reader)?;
            depth += 1;
        }
    }
    Ok(())
}

/// A whole scalar or string (`None`), or the head of a map or array, by zcbor 0.6 and 0.7: no
/// argument has eight octets, and of a tagged value only the head is skipped, because the major
/// type was looked at before the tags.
fn element_06(reader: &mut Reader<'_>) -> Result<Option<Open>, Stop> {
    let mut tagged = false;
    while reader.peek()? == Major::Tag {
        narrow_head(reader)?;
        tagged = true;
    }
    let container = matches!(reader.peek()?, Major::Array | Major::Map);
    let head = peek_head(reader)?;
    if head.is_indefinite() && container && !tagged {
        reader.head()?;
        return Ok(Some(Open::Break));
    }
    let head = narrow_head(reader)?;
    match head.major {
        _ if tagged => Ok(None),
        // The head is behind the decoder when it finds that the contents are not there.
        Major::Bytes | Major::Text => match reader.take(head.value) {
            Ok(_) => Ok(None),
            Err(error) => Err(Stop { error, counted: true }),
        },
        Major::Array => Ok(Some(Open::Values(head.value as u32))),
        // Twice the count wraps at 32 bits.
        Major::Map => Ok(Some(Open::Values((head.value as u32).wrapping_mul(2)))),
        _ => Ok(None),
    }
}

/// The same by zcbor 0.9: arguments have any width, and lengths and counts are cut to 32 bits. A
/// string may be longer than the bytes left after its head, as long as it is not longer than those
/// left before its tags and its head, from where the decoder measures.
fn element_09(reader: &mut Reader<'_>) -> Result<Option<Open>, Stop> {
    let available = reader.rest().len();
    while reader.peek()? == Major::Tag {
        narrow_head(reader)?;
    }
    let head = peek_head(reader)?;
    reader.head()?;
    let canonical = reader.dialect() == Dialect::Canonical;
    if canonical && head.is_longer_than_needed() {
        return Err(CborError::NotMinimal.into());
    }
    match head.major {
        Major::Array | Major::Map if head.is_indefinite() => {
            if canonical {
                Err(CborError::Indefinite.into())
            } else {
                Ok(Some(Open::Break))
            }
        }
        _ if head.is_indefinite() => Err(indefinite(head).into()),
        Major::Bytes | Major::Text => {
            let len = head.value as u32 as usize;
            if len > available {
                return Err(CborError::Truncated.into());
            }
            let there = len.min(reader.rest().len());
            reader.take(there as u64)?;
            Ok(None)
        }
        Major::Array => Ok(Some(Open::Values(head.value as u32))),
        Major::Map => match u32::try_from(head.value) {
            Ok(count @ ..=0x7fff_ffff) => Ok(Some(Open::Values(2 * count))),
            _ => Err(CborError::OutOfRange.into()),
        },
        _ => Ok(None),
    }
}

/// The next head, which stays.
fn peek_head(reader: &Reader<'_>) -> Result<Head, CborError> {
    reader.clone().head()
}

/// Consumes a head whose argument fits four octets; any other stays.
fn narrow_head(reader: &mut Reader<'_>) -> Result<Head, CborError> {
    let mut after = reader.clone();
    let head = after.head()?;
    if head.is_wide() {
        return Err(CborError::TooWide);
    }
    if head.is_indefinite() {
        return Err(indefinite(head));
    }
    if reader.dialect() == Dialect::Canonical && head.is_longer_than_needed() {
        return Err(CborError::NotMinimal);
    }
    *reader = after;
    Ok(head)
}

/// Why a head without an argument is refused.
fn indefinite(head: Head) -> CborError {
    match head.major {
        Major::Bytes | Major::Text => CborError::IndefiniteString,
        _ => CborError::Malformed,
    }
}
