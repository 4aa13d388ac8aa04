//! The trailer at the end of a file that is as long as its slot.

use flash_model::{Area, FlashView, Geometry, Magic, Trailer};

/// Shortest stretch in which a trailer of any alignment has its fields.
const SHORTEST: usize = 0x100;

/// Alignments that a trailer's magic tells apart, as write sizes; up to 8 all look the same.
const ALIGNMENTS: [u32; 3] = [8, 16, 32];

/// Octets as the flash of one slot.
struct Slot<'b> {
    bytes: &'b [u8],
    write_size: u32,
}

impl FlashView for Slot<'_> {
    fn geometry(&self) -> Geometry {
        Geometry { size: self.bytes.len() as u32, page: 0x1000, write_size: self.write_size }
    }

    fn bytes(&self, at: u32, len: u32) -> &[u8] {
        &self.bytes[at as usize..(at + len) as usize]
    }
}

fn read(slot: &[u8], write_size: u32) -> Trailer {
    Trailer::read(&Slot { bytes: slot, write_size }, Area::new(0, slot.len() as u32))
}

/// The alignment of the good trailer magic with which a slot ends; `None` when it ends otherwise.
pub(super) fn alignment(slot: &[u8]) -> Option<u32> {
    // The magic alone decides, also of what is shorter than a trailer.
    let mut end = [0xff; SHORTEST];
    let tail = &slot[slot.len().saturating_sub(SHORTEST)..];
    end[SHORTEST - tail.len()..].copy_from_slice(tail);
    ALIGNMENTS.into_iter().find(|align| read(&end, *align).magic == Magic::Good)
}

/// Reads the trailer at the end of a slot, with its alignment: that of the magic, or 8 when the
/// magic is not good. `None` for what is too short for a trailer.
pub fn trailer(slot: &[u8]) -> Option<(Trailer, u32)> {
    if slot.len() < SHORTEST || u32::try_from(slot.len()).is_err() {
        return None;
    }
    let align = alignment(slot).unwrap_or(ALIGNMENTS[0]);
    Some((read(slot, align), align))
}
