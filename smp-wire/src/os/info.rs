//! What the application is: system, kernel, board.

use crate::cbor::{CborError, Dialect, MapForm};
use crate::single_text;

/// Asks for facts of the application by their letters, as the Unix command `uname` does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InfoRequest<'a> {
    /// One letter a fact; without any the server tells the kernel's name.
    pub format: Option<&'a [u8]>,
}

impl<'a> InfoRequest<'a> {
    /// As the server reads it.
    ///
    /// # Errors
    /// Whatever the server's reading refuses, an empty body among it.
    pub fn decode(body: &'a [u8], dialect: Dialect) -> Result<Self, CborError> {
        single_text::decode(body, dialect, "format").map(|format| Self { format })
    }

    /// Appends the body.
    pub fn emit(&self, out: &mut Vec<u8>, form: MapForm) {
        single_text::emit(out, form, "format", self.format);
    }
}

/// The facts, one space between two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InfoResponse<'a> {
    /// In the server's order, whatever the order of the letters was.
    pub output: &'a str,
}

impl InfoResponse<'_> {
    /// Appends the body.
    pub fn emit(&self, out: &mut Vec<u8>, form: MapForm) {
        single_text::emit(out, form, "output", Some(self.output.as_bytes()));
    }
}
