//! Files as long as a slot, with a trailer at the end.

use crate::trailer::FLAG_SET;
use crate::{Area, Field, Geometry, TrailerMap};

/// How imgtool sees a slot: it checks that an image and the trailer fit, and can put the trailer
/// into the file (imgtool `image.py`, `_trailer_size`, `check_trailer`, `pad_to`). Its rule is weaker
/// than a boot loader's: it knows neither pages nor the page more that some ways of swapping take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotFile {
    /// Octets of the slot.
    pub slot_size: u32,
    /// Write size of the flash, 1 to 32 octets (`--align`).
    pub align: u32,
    /// Spacing of the trailer's fields: 8, 16 or 32 octets (`--max-align`).
    pub max_align: u32,
    /// Most pages of a slot (`--max-sectors`).
    pub max_sectors: u32,
    /// Whether images are only overwritten, which takes no swap status (`--overwrite-only`).
    pub overwrite_only: bool,
}

/// An image leaves no room for the trailer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the image of {image_len} octets and a trailer of {trailer_len} do not fit a slot of \
     {slot_size} octets"
)]
pub struct SlotTooSmall {
    /// Octets of the image with its TLVs.
    pub image_len: u64,
    /// Octets of the trailer.
    pub trailer_len: u64,
    /// Octets of the slot.
    pub slot_size: u32,
}

/// Swap status entries for each sector.
const ENTRIES_PER_SECTOR: u64 = 3;

impl SlotFile {
    /// A slot with imgtool's defaults: 128 sectors, fields 8 octets apart or as far as the flash
    /// needs.
    pub const fn new(slot_size: u32, align: u32) -> Self {
        let max_align = if align > 8 { align } else { 8 };
        Self { slot_size, align, max_align, max_sectors: 128, overwrite_only: false }
    }

    /// Octets of the trailer.
    pub fn trailer_len(&self) -> u64 {
        if self.overwrite_only {
            return self.below_end(Field::CopyDone);
        }
        let status = u64::from(self.max_sectors) * ENTRIES_PER_SECTOR * u64::from(self.align);
        status + self.below_end(Field::SwapSize)
    }

    /// Octets that an image may have.
    pub fn limit(&self) -> u64 {
        u64::from(self.slot_size).saturating_sub(self.trailer_len())
    }

    /// Whether an image of so many octets, with its TLVs, leaves room for the trailer.
    pub fn check(&self, image_len: u64) -> Result<(), SlotTooSmall> {
        let trailer_len = self.trailer_len();
        if image_len + trailer_len > u64::from(self.slot_size) {
            return Err(SlotTooSmall { image_len, trailer_len, slot_size: self.slot_size });
        }
        Ok(())
    }

    /// Makes the image as long as the slot, with the magic at the end, which asks for a swap as soon
    /// as the file lies in the secondary slot: for good when `confirm` sets `image_ok`, else on
    /// trial. A slot that is only overwritten has no `image_ok`.
    pub fn pad(&self, mut image: Vec<u8>, confirm: bool) -> Result<Vec<u8>, SlotTooSmall> {
        self.check(image.len() as u64)?;
        image.resize(self.slot_size as usize, 0xff);
        let magic = self.map().magic_octets();
        let at = image.len() - magic.len();
        image[at..].copy_from_slice(&magic);
        if confirm && !self.overwrite_only {
            let at = u64::from(self.slot_size) - self.below_end(Field::ImageOk);
            image[at as usize] = FLAG_SET;
        }
        Ok(image)
    }

    /// Octets from a field to the end of the slot.
    fn below_end(&self, field: Field) -> u64 {
        u64::from(Self::SOME_SLOT.end() - self.map().at(field))
    }

    /// Any slot that ends at a multiple of every spacing: imgtool counts from the end.
    const SOME_SLOT: Area = Area::new(0, 0x1000);

    fn map(&self) -> TrailerMap {
        let geometry = Geometry { size: 0x1000, page: 0x1000, write_size: self.max_align };
        TrailerMap::new(Self::SOME_SLOT, &geometry)
    }
}

#[cfg(test)]
mod tests {
    use super::SlotFile;

    const DK: u32 = 0x76000;

    /// Trailer lengths of imgtool 2.5.0.
    #[test]
    fn the_trailer_is_as_long_as_imgtool_says() {
        let len = |align, max_sectors, overwrite_only| {
            let slot = SlotFile::new(DK, align);
            SlotFile { max_sectors, overwrite_only, ..slot }.trailer_len()
        };
        assert_eq!(len(4, 128, false), 1584);
        assert_eq!(len(8, 128, false), 3120);
        assert_eq!(len(1, 128, false), 432);
        assert_eq!(len(4, 118, false), 1464);
        assert_eq!(len(16, 64, false), 3152);
        assert_eq!(len(32, 64, false), 6304);
        assert_eq!(len(4, 128, true), 32);
        assert_eq!(len(16, 128, true), 48);
        assert_eq!(len(32, 128, true), 96);
        let wide = SlotFile { max_align: 32, ..SlotFile::new(DK, 4) };
        assert_eq!(wide.trailer_len(), 128 * 3 * 4 + 32 + 4 * 32);
    }

    #[test]
    fn an_image_may_fill_the_slot_up_to_the_trailer_and_not_an_octet_more() {
        let slot = SlotFile::new(DK, 4);
        assert_eq!(slot.limit(), 481_744);
        let full = vec![0; 481_744];
        assert!(slot.check(481_744).is_ok());
        let padded = slot.pad(full, true).unwrap();
        assert_eq!(padded.len(), DK as usize);
        assert_eq!(padded[DK as usize - 24], 1);
        let error = slot.pad(vec![0; 481_745], false).unwrap_err();
        assert_eq!((error.image_len, error.trailer_len, error.slot_size), (481_745, 1584, DK));
        assert!(SlotFile::new(0, 1).check(0).is_err());
        let huge = SlotFile { max_sectors: u32::MAX, ..SlotFile::new(DK, 32) };
        assert_eq!(huge.limit(), 0);
    }

    #[test]
    fn a_trailer_that_is_only_overwritten_holds_the_magic_alone() {
        let slot = SlotFile { overwrite_only: true, ..SlotFile::new(0x1000, 4) };
        let padded = slot.pad(vec![0; 100], true).unwrap();
        let set: Vec<_> = (100..0x1000).filter(|&at| padded[at] != 0xff).collect();
        assert_eq!(set, (0xff0..0x1000).collect::<Vec<_>>());
    }
}
