//! CBOR (RFC 8949) as SMP uses it: a pull reader that borrows, a writer that appends.
//! It builds no tree of values.

mod dialect;
mod head;
mod items;
mod reader;
mod skip;
mod unknown;
mod writer;

use thiserror::Error;

pub use dialect::Dialect;
pub use head::{Head, Major};
pub use items::Items;
pub use reader::Reader;
pub use skip::MAX_NESTING;
pub use writer::{Writer, empty_map};

/// How maps and arrays announce their end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MapForm {
    /// The head holds the count: `A2 ..`, `82 ..`. Most clients, and Zephyr servers built with
    /// `CONFIG_ZCBOR_CANONICAL`.
    Definite,
    /// A break ends them: `BF .. FF`, `9F .. FF`. Zephyr servers, and Android before 2024.
    Indefinite,
}

/// Why bytes are not the value that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CborError {
    /// The bytes end inside a value, or before a map or array is complete.
    #[error("the bytes end inside a value")]
    Truncated,
    /// A reserved head, a break or a tag without a value.
    #[error("not well-formed CBOR")]
    Malformed,
    /// A well-formed value of another type.
    #[error("a value of another type was expected")]
    WrongType,
    /// A number that does not fit the field, or text or bytes too long for it.
    #[error("the value does not fit the field")]
    OutOfRange,
    /// An eight-octet integer, length or count where four octets must do.
    #[error("an eight-octet head where four octets must do")]
    TooWide,
    /// Text or bytes in chunks, which no SMP server takes.
    #[error("an indefinite-length string")]
    IndefiniteString,
    /// A map or array that a break ends, where canonical form is asked for.
    #[error("a map or array without its count")]
    Indefinite,
    /// A number, length or count in more octets than it takes, where canonical form is asked for.
    #[error("a head longer than needed")]
    NotMinimal,
    /// A map key that is not text.
    #[error("a map key that is not text")]
    KeyNotText,
    /// A known key for the second time.
    #[error("a known key stands twice")]
    DuplicateKey,
    /// A key without which the body means nothing.
    #[error("a required key is missing")]
    MissingKey,
    /// A key where none may follow.
    #[error("a key follows the last one allowed")]
    UnexpectedKey,
    /// Values nested deeper than [`MAX_NESTING`].
    #[error("nested too deeply")]
    TooDeep,
}

/// Takes the value of a known key; the key's second appearance is refused.
pub(crate) fn once<T>(field: &mut Option<T>, value: T) -> Result<(), CborError> {
    match field.replace(value) {
        None => Ok(()),
        Some(_) => Err(CborError::DuplicateKey),
    }
}
