//! Skipping a value of any type, however nested, in a loop instead of by recursion.

use super::CborError;
use super::head::{Head, Major};
use super::reader::Reader;

/// Maps and arrays that may be open at once inside a skipped value.
///
/// RFC 8949 sets no limit, and Zephyr's decoder only that of its stack: one with little of it dies
/// of 40 levels. Nothing that SMP carries goes beyond five.
pub const MAX_NESTING: usize = 128;

/// What an open map or array waits for.
#[derive(Clone, Copy)]
enum Open {
    /// So many values more, at least one; a map counts two an entry.
    Values(u64),
    /// An element or the break.
    Element,
    /// A key or the break.
    Key,
    /// The value of the key that went before.
    Value,
}

impl Reader<'_> {
    /// Consumes exactly one value with all it contains.
    ///
    /// # Errors
    /// [`CborError::Truncated`], [`CborError::Malformed`], [`CborError::IndefiniteString`] and
    /// [`CborError::TooDeep`] beyond [`MAX_NESTING`].
    pub fn skip(&mut self) -> Result<(), CborError> {
        // The usual unknown value is no container: no stack for it.
        match self.skip_head()? {
            None => Ok(()),
            Some(open) => self.skip_contents(open),
        }
    }

    fn skip_contents(&mut self, outermost: Open) -> Result<(), CborError> {
        let mut stack = [Open::Element; MAX_NESTING];
        stack[0] = outermost;
        let mut depth = 1;
        loop {
            let may_end = matches!(stack[depth - 1], Open::Element | Open::Key);
            if may_end && self.take_break()? {
                depth -= 1;
            } else if let Some(open) = self.skip_head()? {
                *stack.get_mut(depth).ok_or(CborError::TooDeep)? = open;
                depth += 1;
                continue;
            }
            // A value is complete, and with it each container whose last value it was.
            while depth > 0 {
                let Some(open) = after_value(stack[depth - 1]) else {
                    depth -= 1;
                    continue;
                };
                stack[depth - 1] = open;
                break;
            }
            if depth == 0 {
                return Ok(());
            }
        }
    }

    /// Consumes a whole scalar or string with its tags (`None`), or the head of a map or array
    /// that has contents (`Some`).
    fn skip_head(&mut self) -> Result<Option<Open>, CborError> {
        let mut head = self.head()?;
        while head.major == Major::Tag {
            head = self.head()?;
        }
        match head.major {
            Major::Bytes | Major::Text if head.is_indefinite() => Err(CborError::IndefiniteString),
            Major::Bytes | Major::Text => self.take(head.value).map(|_| None),
            Major::Array if head.is_indefinite() => Ok(Some(Open::Element)),
            Major::Map if head.is_indefinite() => Ok(Some(Open::Key)),
            Major::Array => self.values(head.value),
            Major::Map => self.values(head.value.saturating_mul(2)),
            Major::Simple => simple(head).map(|()| None),
            Major::Unsigned | Major::Negative | Major::Tag => Ok(None),
        }
    }

    /// A definite container of `count` values, refused at once when so many cannot follow.
    fn values(&self, count: u64) -> Result<Option<Open>, CborError> {
        if count > self.rest().len() as u64 {
            return Err(CborError::Truncated);
        }
        Ok((count > 0).then_some(Open::Values(count)))
    }
}

/// What the container waits for after one more of its values; `None` when that was the last.
fn after_value(open: Open) -> Option<Open> {
    match open {
        Open::Values(1) => None,
        Open::Values(left) => Some(Open::Values(left - 1)),
        Open::Element => Some(Open::Element),
        Open::Key => Some(Open::Value),
        Open::Value => Some(Open::Key),
    }
}

/// Refuses the break, and simple values below 32 in the two-octet form (RFC 8949, section 3.3).
fn simple(head: Head) -> Result<(), CborError> {
    let short_in_two = head.info == 24 && head.value < 32;
    if head.is_indefinite() || short_in_two { Err(CborError::Malformed) } else { Ok(()) }
}
