//! Slot info: sizes of the slots, and how to upload into them.

use crate::cbor::{CborError, MapForm, Reader, Writer};

/// Octets of one slot with all its keys, rounded up: what a response is pre-sized with.
const SLOT_MAX: usize = 48;

/// The slots of one image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageSlots {
    /// Image number.
    pub image: u32,
    /// Its slots, in ascending order.
    pub slots: Vec<SlotInfo>,
    /// Octets of the largest image that the boot loader can install, where the server knows it.
    pub max_image_size: Option<u32>,
}

/// One slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SlotInfo {
    /// Slot within the image, 0 or 1.
    pub slot: u32,
    /// Octets of the slot; `None` where the server could not open it.
    pub size: Option<u64>,
    /// Image number that an upload into this slot must say; `None` where none is possible.
    pub upload_image_id: Option<u32>,
}

/// Appends the response of Zephyr's `img_mgmt_slot_info`.
pub fn emit_slot_info(out: &mut Vec<u8>, images: &[ImageSlots], form: MapForm) {
    let slots: usize = images.iter().map(|image| image.slots.len()).sum();
    out.reserve(SLOT_MAX * (slots + images.len()));
    let mut writer = Writer::new(out, form);
    writer.map(1);
    writer.text("images");
    writer.array(images.len());
    for image in images {
        image.emit(&mut writer);
    }
    writer.end_array();
    writer.end_map();
}

/// The response as a tolerant client reads it; a slot that could not be opened has no size.
///
/// # Errors
/// [`CborError::MissingKey`] without `images`, `image`, `slots` or `slot`, and whatever the reader
/// refuses.
pub fn decode_slot_info(body: &[u8]) -> Result<Vec<ImageSlots>, CborError> {
    let mut reader = Reader::new(body);
    let mut map = reader.map()?;
    let mut images = None;
    while map.next(&mut reader)? {
        match reader.key()? {
            b"images" => images = Some(list(&mut reader, ImageSlots::decode)?),
            _ => reader.skip()?,
        }
    }
    images.ok_or(CborError::MissingKey)
}

fn list<T>(
    reader: &mut Reader<'_>,
    element: fn(&mut Reader<'_>) -> Result<T, CborError>,
) -> Result<Vec<T>, CborError> {
    let mut elements = Vec::new();
    let mut items = reader.array()?;
    while items.next(reader)? {
        elements.push(element(reader)?);
    }
    Ok(elements)
}

impl ImageSlots {
    fn emit(&self, writer: &mut Writer<'_>) {
        writer.map(2 + usize::from(self.max_image_size.is_some()));
        writer.text("image");
        writer.uint(self.image.into());
        writer.text("slots");
        writer.array(self.slots.len());
        for slot in &self.slots {
            slot.emit(writer);
        }
        writer.end_array();
        if let Some(size) = self.max_image_size {
            writer.text("max_image_size");
            writer.uint(size.into());
        }
        writer.end_map();
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, CborError> {
        let mut map = reader.map()?;
        let (mut image, mut slots, mut max_image_size) = (None, None, None);
        while map.next(reader)? {
            match reader.key()? {
                b"image" => image = Some(reader.any_u32()?),
                b"slots" => slots = Some(list(reader, SlotInfo::decode)?),
                b"max_image_size" => max_image_size = Some(reader.any_u32()?),
                _ => reader.skip()?,
            }
        }
        let image = image.ok_or(CborError::MissingKey)?;
        let slots = slots.ok_or(CborError::MissingKey)?;
        Ok(Self { image, slots, max_image_size })
    }
}

impl SlotInfo {
    fn emit(&self, writer: &mut Writer<'_>) {
        let optional = [self.size.is_some(), self.upload_image_id.is_some()];
        writer.map(1 + optional.into_iter().filter(|&present| present).count());
        writer.text("slot");
        writer.uint(self.slot.into());
        if let Some(size) = self.size {
            writer.text("size");
            writer.uint(size);
        }
        if let Some(image) = self.upload_image_id {
            writer.text("upload_image_id");
            writer.uint(image.into());
        }
        writer.end_map();
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, CborError> {
        let mut map = reader.map()?;
        let mut slot = None;
        let mut info = Self::default();
        while map.next(reader)? {
            match reader.key()? {
                b"slot" => slot = Some(reader.any_u32()?),
                b"size" => info.size = Some(reader.u64()?),
                b"upload_image_id" => info.upload_image_id = Some(reader.any_u32()?),
                _ => reader.skip()?,
            }
        }
        info.slot = slot.ok_or(CborError::MissingKey)?;
        Ok(info)
    }
}

#[cfg(test)]
mod tests {
    use super::{ImageSlots, SlotInfo, decode_slot_info, emit_slot_info};
    use crate::cbor::{CborError, MapForm};

    fn slots() -> [ImageSlots; 2] {
        let first = SlotInfo { slot: 0, size: Some(0x76000), upload_image_id: None };
        let second = SlotInfo { slot: 1, upload_image_id: Some(0), ..first };
        let broken = SlotInfo { slot: 1, ..SlotInfo::default() };
        [
            ImageSlots { image: 0, slots: vec![first, second], max_image_size: Some(0x75000) },
            ImageSlots { image: 1, slots: vec![first, broken], max_image_size: None },
        ]
    }

    #[test]
    fn a_client_reads_what_a_server_writes() {
        for form in [MapForm::Definite, MapForm::Indefinite] {
            let mut body = Vec::new();
            emit_slot_info(&mut body, &slots(), form);
            assert_eq!(decode_slot_info(&body).as_deref(), Ok(&slots()[..]));
        }
    }

    #[test]
    fn a_slot_without_a_number_is_refused() {
        let body = b"\xa1\x66images\x81\xa2\x65image\x00\x65slots\x81\xa0";
        assert_eq!(decode_slot_info(body), Err(CborError::MissingKey));
        assert_eq!(decode_slot_info(b"\xa0"), Err(CborError::MissingKey));
    }
}
