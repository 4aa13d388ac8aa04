//! What the boot loader is.

use crate::cbor::{CborError, Dialect, MapForm, Reader, Writer};
use crate::single_text;

/// Asks for the boot loader's name, or for one of its properties.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BootloaderRequest<'a> {
    /// Name of a property; without it the boot loader introduces itself.
    pub query: Option<&'a [u8]>,
}

impl<'a> BootloaderRequest<'a> {
    /// As the server reads it.
    ///
    /// # Errors
    /// Whatever the server's reading refuses, an empty body among it.
    pub fn decode(body: &'a [u8], dialect: Dialect) -> Result<Self, CborError> {
        single_text::decode(body, dialect, "query").map(|query| Self { query })
    }

    /// Appends the body.
    pub fn emit(&self, out: &mut Vec<u8>, form: MapForm) {
        single_text::emit(out, form, "query", self.query);
    }
}

/// The answer to one of the two questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BootloaderResponse<'a> {
    /// The boot loader's name.
    Name(&'a str),
    /// The property `mode`.
    Mode {
        /// Number of the mode (`MCUboot` `boot_status.h`, `enum mcuboot_mode`); -1 when the
        /// application does not know it.
        mode: i32,
        /// Older images are refused; said only when they are.
        no_downgrade: bool,
    },
}

impl BootloaderResponse<'_> {
    /// Number of the mode, as a tolerant client reads it.
    ///
    /// # Errors
    /// [`CborError::MissingKey`] without it, [`CborError::OutOfRange`] beyond 32 bits, and whatever
    /// the reader refuses.
    pub fn decode_mode(body: &[u8]) -> Result<i32, CborError> {
        let mut reader = Reader::new(body);
        let mut map = reader.map()?;
        let mut mode = None;
        while map.next(&mut reader)? {
            match reader.key()? {
                b"mode" => mode = Some(reader.i64()?),
                _ => reader.skip()?,
            }
        }
        i32::try_from(mode.ok_or(CborError::MissingKey)?).map_err(|_| CborError::OutOfRange)
    }

    /// Appends the body.
    pub fn emit(&self, out: &mut Vec<u8>, form: MapForm) {
        match *self {
            Self::Name(name) => single_text::emit(out, form, "bootloader", Some(name.as_bytes())),
            Self::Mode { mode, no_downgrade } => {
                let mut writer = Writer::new(out, form);
                writer.map(1 + usize::from(no_downgrade));
                writer.text("mode");
                writer.int(mode.into());
                if no_downgrade {
                    writer.text("no-downgrade");
                    writer.bool(true);
                }
                writer.end_map();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::BootloaderResponse as Response;
    use crate::cbor::{CborError, MapForm};

    #[test]
    fn a_client_reads_the_mode_that_a_server_tells() {
        for (mode, no_downgrade) in [(3, false), (4, true), (-1, false)] {
            for form in [MapForm::Definite, MapForm::Indefinite] {
                let mut body = Vec::new();
                Response::Mode { mode, no_downgrade }.emit(&mut body, form);
                assert_eq!(Response::decode_mode(&body), Ok(mode));
            }
        }
        let mut body = Vec::new();
        Response::Name("MCUboot").emit(&mut body, MapForm::Definite);
        assert_eq!(Response::decode_mode(&body), Err(CborError::MissingKey));
        assert_eq!(
            Response::decode_mode(b"\xa1\x64mode\x1a\xff\xff\xff\xff"),
            Err(CborError::OutOfRange)
        );
    }
}
