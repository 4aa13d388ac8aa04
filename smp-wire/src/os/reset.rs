//! Reset.

use crate::cbor::{CborError, Dialect, MapForm, Reader, Writer};

/// Asks for a reset. Servers take any payload for it, also none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ResetRequest {
    /// Tells an application that would refuse to give way.
    pub force: bool,
    /// What is to run after the reset (Zephyr `bootmode.h`: 0 the application, 1 the boot loader);
    /// only servers built with `CONFIG_MCUMGR_GRP_OS_RESET_BOOT_MODE` look at it.
    pub boot_mode: Option<u32>,
}

impl ResetRequest {
    /// The whole body as a server with all options reads it.
    ///
    /// # Errors
    /// Whatever the server's reading refuses, an empty body among it.
    pub fn decode(body: &[u8], dialect: Dialect) -> Result<Self, CborError> {
        let mut request = Self::default();
        request.fill(body, dialect, true)?;
        Ok(request)
    }

    /// What the server goes by: whatever it understood before it met a fault, if there is one
    /// (Zephyr `os_mgmt.c`, `os_mgmt_reset`, which ignores the decoder's result). A server without
    /// boot modes does not know their key.
    #[must_use]
    pub fn decode_until_fault(body: &[u8], dialect: Dialect, boot_mode: bool) -> Self {
        let mut request = Self::default();
        // The fault itself changes nothing.
        let _ = request.fill(body, dialect, boot_mode);
        request
    }

    fn fill(&mut self, body: &[u8], dialect: Dialect, boot_mode: bool) -> Result<(), CborError> {
        let mut reader = Reader::with_dialect(body, dialect);
        let mut map = reader.map()?;
        let mut force_found = false;
        while let Some(key) = map.key(&mut reader)? {
            match key {
                b"force" if force_found => return Err(CborError::DuplicateKey),
                b"force" => {
                    self.force = reader.bool()?;
                    force_found = true;
                }
                b"boot_mode" if boot_mode && self.boot_mode.is_some() => {
                    return Err(CborError::DuplicateKey);
                }
                b"boot_mode" if boot_mode => self.boot_mode = Some(reader.u32()?),
                _ => map.skip_value(&mut reader)?,
            }
        }
        Ok(())
    }

    /// Appends the body: an empty map, or what differs from it.
    pub fn emit(&self, out: &mut Vec<u8>, form: MapForm) {
        let mut writer = Writer::new(out, form);
        writer.map(usize::from(self.force) + usize::from(self.boot_mode.is_some()));
        if self.force {
            writer.text("force");
            writer.bool(true);
        }
        if let Some(boot_mode) = self.boot_mode {
            writer.text("boot_mode");
            writer.uint(boot_mode.into());
        }
        writer.end_map();
    }
}
