//! Image state: the list of images, and the request that tests or confirms one.

use super::VersionText;
use crate::cbor::{CborError, Dialect, MapForm, Reader, Writer, once};

/// Octets of one entry with all its keys, rounded up: what a list is pre-sized with.
const ENTRY_MAX: usize = 160;

/// Asks to test or confirm an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StateRequest<'a> {
    /// The image's SHA-256, as the list shows it; without it the running image is meant.
    pub hash: Option<&'a [u8]>,
    /// True: for good; false or missing: for one trial boot.
    pub confirm: Option<bool>,
}

impl<'a> StateRequest<'a> {
    /// As the server reads it; `hash` points into `body` and may have any length.
    ///
    /// # Errors
    /// Whatever the server's reading refuses, an empty body among it.
    pub fn decode(body: &'a [u8], dialect: Dialect) -> Result<Self, CborError> {
        let mut reader = Reader::with_dialect(body, dialect);
        let mut map = reader.map()?;
        let mut request = Self::default();
        while let Some(key) = map.key(&mut reader)? {
            match key {
                b"hash" => once(&mut request.hash, reader.bytes()?)?,
                b"confirm" => once(&mut request.confirm, reader.bool()?)?,
                _ => map.skip_value(&mut reader)?,
            }
        }
        Ok(request)
    }

    /// Appends the body; `confirm_first` gives the order `confirm`, `hash` of the Android client,
    /// else `hash` comes first.
    pub fn emit(&self, out: &mut Vec<u8>, form: MapForm, confirm_first: bool) {
        let mut writer = Writer::new(out, form);
        writer.map(usize::from(self.hash.is_some()) + usize::from(self.confirm.is_some()));
        if confirm_first {
            self.emit_confirm(&mut writer);
        }
        if let Some(hash) = self.hash {
            writer.text("hash");
            writer.bytes(hash);
        }
        if !confirm_first {
            self.emit_confirm(&mut writer);
        }
        writer.end_map();
    }

    fn emit_confirm(&self, writer: &mut Writer<'_>) {
        if let Some(confirm) = self.confirm {
            writer.text("confirm");
            writer.bool(confirm);
        }
    }
}

/// One entry of the image list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotState {
    /// Image number; only servers with several images send it.
    pub image: Option<u32>,
    /// Slot within the image, 0 or 1.
    pub slot: u32,
    /// Version of the image.
    pub version: VersionText,
    /// Value of the image's SHA-256 TLV; not the digest of the file that was uploaded.
    pub hash: Option<[u8; 32]>,
    /// The boot loader may start it.
    pub bootable: bool,
    /// It will be swapped in at the next boot.
    pub pending: bool,
    /// It stays, or comes back, without further ado.
    pub confirmed: bool,
    /// It is running.
    pub active: bool,
    /// Pending for good.
    pub permanent: bool,
}

impl SlotState {
    /// The flags with their keys, in the order of Zephyr's list.
    fn flags(&self) -> [(&'static str, bool); 5] {
        [
            ("bootable", self.bootable),
            ("pending", self.pending),
            ("confirmed", self.confirmed),
            ("active", self.active),
            ("permanent", self.permanent),
        ]
    }

    fn emit(&self, writer: &mut Writer<'_>, frugal: bool) {
        let shown = |&(_, flag): &(&str, bool)| flag || !frugal;
        let flags = self.flags();
        let optional = usize::from(self.image.is_some()) + usize::from(self.hash.is_some());
        writer.map(2 + optional + flags.iter().filter(|flag| shown(flag)).count());
        if let Some(image) = self.image {
            writer.text("image");
            writer.uint(image.into());
        }
        writer.text("slot");
        writer.uint(self.slot.into());
        writer.text("version");
        writer.text(self.version.as_str());
        if let Some(hash) = &self.hash {
            writer.text("hash");
            writer.bytes(hash);
        }
        for (key, flag) in flags.into_iter().filter(|flag| shown(flag)) {
            writer.text(key);
            writer.bool(flag);
        }
        writer.end_map();
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, CborError> {
        let mut map = reader.map()?;
        let (mut slot, mut version) = (None, None);
        let mut state = Self {
            image: None,
            slot: 0,
            version: VersionText::from_parts(0, 0, 0, 0),
            hash: None,
            bootable: false,
            pending: false,
            confirmed: false,
            active: false,
            permanent: false,
        };
        while map.next(reader)? {
            match reader.key()? {
                b"image" => state.image = Some(reader.any_u32()?),
                b"slot" => slot = Some(reader.any_u32()?),
                b"version" => version = Some(VersionText::try_from(reader.text()?)?),
                b"hash" => {
                    let hash = reader.bytes()?.try_into().map_err(|_| CborError::OutOfRange)?;
                    state.hash = Some(hash);
                }
                b"bootable" => state.bootable = reader.bool()?,
                b"pending" => state.pending = reader.bool()?,
                b"confirmed" => state.confirmed = reader.bool()?,
                b"active" => state.active = reader.bool()?,
                b"permanent" => state.permanent = reader.bool()?,
                _ => reader.skip()?,
            }
        }
        state.slot = slot.ok_or(CborError::MissingKey)?;
        state.version = version.ok_or(CborError::MissingKey)?;
        Ok(state)
    }
}

/// Appends the list: `images`, then `splitStatus` 0. A `frugal` server
/// (`CONFIG_MCUMGR_GRP_IMG_FRUGAL_LIST`) leaves out `splitStatus` and every flag that is false.
pub fn emit_state(out: &mut Vec<u8>, slots: &[SlotState], form: MapForm, frugal: bool) {
    out.reserve(32 + slots.len() * ENTRY_MAX);
    let mut writer = Writer::new(out, form);
    writer.map(if frugal { 1 } else { 2 });
    writer.text("images");
    writer.array(slots.len());
    for slot in slots {
        slot.emit(&mut writer, frugal);
    }
    writer.end_array();
    if !frugal {
        writer.text("splitStatus");
        writer.uint(0);
    }
    writer.end_map();
}

/// The list as a tolerant client reads it: a flag that is missing is false.
///
/// # Errors
/// [`CborError::MissingKey`] without `images`, or an entry without `slot` or `version`;
/// [`CborError::OutOfRange`] for a hash that has not 32 octets or a version beyond 24; and
/// whatever the reader refuses.
pub fn decode_state(body: &[u8]) -> Result<Vec<SlotState>, CborError> {
    let mut reader = Reader::new(body);
    let mut map = reader.map()?;
    let mut slots = None;
    while map.next(&mut reader)? {
        match reader.key()? {
            b"images" => slots = Some(decode_images(&mut reader)?),
            _ => reader.skip()?,
        }
    }
    slots.ok_or(CborError::MissingKey)
}

fn decode_images(reader: &mut Reader<'_>) -> Result<Vec<SlotState>, CborError> {
    let mut slots = Vec::new();
    let mut images = reader.array()?;
    while images.next(reader)? {
        slots.push(SlotState::decode(reader)?);
    }
    Ok(slots)
}
