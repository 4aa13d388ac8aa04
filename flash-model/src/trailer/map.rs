//! Where the fields of a trailer lie, and the octets that a write of one puts there.
//!
//! MCUboot `docs/design.md`, "Image trailer", and `boot_magic_off` and its neighbours in
//! `bootutil_misc.c`. From the end of the slot downwards: magic, `image_ok`, `copy_done`,
//! `swap_info`, `swap_size`, swap status.

use crate::{Area, Geometry};

/// Length of the magic, in octets.
pub(crate) const MAGIC_LEN: u32 = 16;

/// The longest trailer field that one write covers: a magic with write size 32.
pub(crate) const FIELD_MAX: usize = 32;

/// The magic of trailers whose fields are 8 octets apart.
const MAGIC_8: [u8; 16] = [
    0x77, 0xc2, 0x95, 0xf3, 0x60, 0xd2, 0xef, 0x7f, 0x35, 0x52, 0x50, 0x0f, 0x2c, 0xb6, 0x79, 0x80,
];

/// The magic of wider trailers behind its first two octets, which hold the spacing.
const MAGIC_WIDE: [u8; 14] =
    [0x2d, 0xe1, 0x5d, 0x29, 0x41, 0x0b, 0x8d, 0x77, 0x67, 0x9c, 0x11, 0x0f, 0x1f, 0x8a];

/// Value of a flag that is set.
pub(crate) const FLAG_SET: u8 = 0x01;

/// A field of the trailer that is written by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// Marks the trailer as valid, in the secondary slot as a request.
    Magic,
    /// The image is confirmed.
    ImageOk,
    /// The swap is over.
    CopyDone,
    /// Type of the swap in the low half, image number in the high half.
    SwapInfo,
    /// Octets of the TLVs of both images; only swap-offset writes it.
    TlvSizes,
    /// Octets to be swapped.
    SwapSize,
}

/// The map of one slot's trailer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrailerMap {
    end: u32,
    write_size: u32,
    max_align: u32,
    /// Whether the field of the TLV sizes lies above the swap size.
    tlv_sizes: bool,
}

/// The octets of one field, padded with ones to whole write units.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FieldBytes {
    /// Address of the write.
    pub(crate) at: u32,
    octets: [u8; FIELD_MAX],
    len: u8,
}

impl FieldBytes {
    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.octets[..self.len as usize]
    }
}

impl TrailerMap {
    /// The trailer of a slot on a part with these sizes.
    pub const fn new(slot: Area, geometry: &Geometry) -> Self {
        Self {
            end: slot.end(),
            write_size: geometry.write_size,
            max_align: geometry.max_align(),
            tlv_sizes: false,
        }
    }

    /// The same trailer as swap-offset lays it out: one more field above the swap size.
    #[must_use]
    pub const fn with_tlv_sizes(self, tlv_sizes: bool) -> Self {
        Self { tlv_sizes, ..self }
    }

    /// Address of a field's first octet.
    pub const fn at(&self, field: Field) -> u32 {
        let below_magic = (self.end - MAGIC_LEN) / self.max_align * self.max_align;
        let steps = match field {
            Field::Magic => return self.end - MAGIC_LEN,
            Field::ImageOk => 1,
            Field::CopyDone => 2,
            Field::SwapInfo => 3,
            Field::TlvSizes => 4,
            Field::SwapSize => 4 + self.tlv_sizes as u32,
        };
        below_magic - steps * self.max_align
    }

    /// Address of a swap status entry, for a boot loader built for `max_sectors` pages a slot and
    /// `per_sector` entries for each of them.
    pub const fn status_at(&self, entry: u32, max_sectors: u32, per_sector: u32) -> u32 {
        self.end - self.len(max_sectors, per_sector) + entry * self.write_size
    }

    /// Length of the whole trailer in octets, status included.
    pub const fn len(&self, max_sectors: u32, per_sector: u32) -> u32 {
        self.end - self.at(Field::SwapSize) + max_sectors * per_sector * self.write_size
    }

    /// The write that puts `value` into a one-octet field.
    pub(crate) fn flag(&self, field: Field, value: u8) -> FieldBytes {
        self.pad(self.at(field), &[value])
    }

    /// The write of the swap size.
    pub(crate) fn swap_size(&self, octets: u32) -> FieldBytes {
        self.pad(self.at(Field::SwapSize), &octets.to_le_bytes())
    }

    /// The write of the TLV sizes of the primary and the secondary image.
    pub(crate) fn tlv_sizes(&self, [primary, secondary]: [u16; 2]) -> FieldBytes {
        let octets = u32::from(primary) | u32::from(secondary) << 16;
        self.pad(self.at(Field::TlvSizes), &octets.to_le_bytes())
    }

    /// The write of the magic. Where a write unit is longer than the magic, the magic is the end of
    /// the unit.
    pub(crate) fn magic(&self) -> FieldBytes {
        let magic = self.magic_octets();
        let lead = self.write_size.saturating_sub(MAGIC_LEN) as usize;
        let mut octets = [0xff; FIELD_MAX];
        octets[lead..lead + magic.len()].copy_from_slice(&magic);
        let at = self.at(Field::Magic) - lead as u32;
        FieldBytes { at, octets, len: (lead + magic.len()) as u8 }
    }

    /// What a good magic reads as.
    pub(crate) fn magic_octets(&self) -> [u8; 16] {
        if self.max_align == 8 {
            return MAGIC_8;
        }
        let mut magic = [0; 16];
        magic[..2].copy_from_slice(&(self.max_align as u16).to_le_bytes());
        magic[2..].copy_from_slice(&MAGIC_WIDE);
        magic
    }

    /// The write of one status entry.
    pub(crate) fn status(&self, at: u32, value: u8) -> FieldBytes {
        self.pad(at, &[value])
    }

    fn pad(&self, at: u32, value: &[u8]) -> FieldBytes {
        let mut octets = [0xff; FIELD_MAX];
        octets[..value.len()].copy_from_slice(value);
        let len = (value.len() as u32).next_multiple_of(self.write_size) as u8;
        FieldBytes { at, octets, len }
    }
}

#[cfg(test)]
mod tests {
    use super::{Field, TrailerMap};
    use crate::{Area, Geometry};

    const FIELDS: [Field; 5] =
        [Field::Magic, Field::ImageOk, Field::CopyDone, Field::SwapInfo, Field::SwapSize];

    fn map(write_size: u32) -> TrailerMap {
        let geometry = Geometry { size: 0x10000, page: 0x1000, write_size };
        TrailerMap::new(Area::new(0x1000, 0x8000), &geometry)
    }

    fn below_end(write_size: u32) -> [u32; 5] {
        FIELDS.map(|field| 0x9000 - map(write_size).at(field))
    }

    #[test]
    fn fields_lie_eight_apart_unless_the_write_size_is_larger() {
        assert_eq!(below_end(4), [16, 24, 32, 40, 48]);
        assert_eq!(below_end(8), [16, 24, 32, 40, 48]);
        assert_eq!(below_end(16), [16, 32, 48, 64, 80]);
        assert_eq!(below_end(32), [16, 64, 96, 128, 160]);
    }

    #[test]
    fn the_trailer_grows_with_the_sector_limit_and_not_with_the_slot() {
        assert_eq!(map(4).len(128, 3), 1584);
        assert_eq!(map(8).len(128, 3), 3120);
        assert_eq!(map(4).len(118, 3), 1464);
        assert_eq!(map(16).len(64, 3), 3152);
        assert_eq!(map(32).len(64, 3), 6304);
    }

    #[test]
    fn status_entries_end_where_the_swap_size_begins() {
        let map = map(8);
        assert_eq!(map.status_at(3 * 128, 128, 3), map.at(Field::SwapSize));
        assert_eq!(map.status_at(1, 128, 3) - map.status_at(0, 128, 3), 8);
    }

    #[test]
    fn every_write_is_whole_units_with_the_value_first() {
        for write_size in [1, 2, 4, 8, 16, 32] {
            let map = map(write_size);
            let flag = map.flag(Field::ImageOk, 1);
            assert_eq!(flag.as_slice()[0], 1);
            assert!(flag.as_slice()[1..].iter().all(|&b| b == 0xff));
            for write in [flag, map.swap_size(0x0102_0304), map.magic()] {
                assert_eq!(write.at % write_size, 0);
                assert_eq!(write.as_slice().len() as u32 % write_size, 0);
                assert!(write.at + write.as_slice().len() as u32 <= 0x9000);
            }
            assert_eq!(map.swap_size(0x0102_0304).as_slice()[..4], [4, 3, 2, 1]);
            assert!(map.magic().as_slice().ends_with(&map.magic_octets()));
        }
    }
}
