//! What the boot loader is.

use crate::cbor::{CborError, Dialect, MapForm, Writer};
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
