//! Finding images among the segments of an Intel HEX file.

use super::container::ContainedImage;
use super::intel_hex::{IntelHexError, Segment, segments};
use super::trailer::alignment;
use flash_model::{ImageHeader, ImageInfo};

/// Largest image taken out of a file, octets; addresses may lie 4 GiB apart.
pub(super) const MAX_LEN: u64 = 16 << 20;

/// Images begin where a segment does, or at a page, which is this long on the parts that matter.
const PAGE: usize = 0x1000;

/// Longest pair of TLV areas: each states its length in 16 bits.
const TLV_AREAS: u64 = 2 << 16;

/// The images of a file, by address.
pub(super) fn images(text: &[u8]) -> Result<Vec<ContainedImage>, IntelHexError> {
    let segments = segments(text)?;
    let mut images: Vec<ContainedImage> = Vec::new();
    let mut from = 0;
    while let Some(base) = first_image(&segments, from) {
        let image = image_at(&segments, base)?;
        from = u64::from(base) + image.bytes.len() as u64;
        images.push(image);
    }
    if images.is_empty() {
        return Err(IntelHexError::NoImage { segments: shown(&segments) });
    }
    Ok(images)
}

/// Where there are data, in words.
fn shown(segments: &[Segment]) -> String {
    const MOST: usize = 6;
    let places = segments.iter().take(MOST).map(|s| format!("{:#x} to {:#x}", s.start, s.end()));
    let mut places: Vec<_> = places.collect();
    if segments.is_empty() {
        places.push("no address".to_owned());
    } else if segments.len() > MOST {
        places.push(format!("{} places more", segments.len() - MOST));
    }
    places.join(", ")
}

/// The first address from `from` on where an image begins.
fn first_image(segments: &[Segment], from: u64) -> Option<u32> {
    segments.iter().filter(|segment| segment.end() > from).find_map(|segment| {
        let pages = (segment.start as usize).next_multiple_of(PAGE)..segment.end() as usize;
        let places = pages.step_by(PAGE).map(|page| page as u32);
        let begins = |at: u32| {
            let at = (at - segment.start) as usize;
            segment.bytes[at..].starts_with(&ImageHeader::MAGIC.to_le_bytes())
        };
        core::iter::once(segment.start)
            .chain(places)
            .find(|at| u64::from(*at) >= from && begins(*at))
    })
}

/// The image that begins at `base`: to the end of its TLVs, or of its slot when the trailer's magic
/// stands somewhere behind it and before the next image.
fn image_at(segments: &[Segment], base: u32) -> Result<ContainedImage, IntelHexError> {
    let start = u64::from(base);
    let whole = |end: u64| {
        if end - start > MAX_LEN {
            return Err(IntelHexError::TooLarge { base, len: end - start });
        }
        Ok(flatten(segments, start, end))
    };
    let last = segments.last().map_or(start, Segment::end);
    let (head, _) = flatten(segments, start, last.min(start + u64::from(ImageHeader::LEN)));
    let by_header = ImageHeader::parse(&head).map_or(0, |header| header.hashed_len());
    let (bytes, _) = whole(last.min(start + by_header + TLV_AREAS))?;

    let next = |from: u64| first_image(segments, from).map_or(u64::MAX, u64::from);
    let (end, next) = if let Ok(info) = ImageInfo::parse(&bytes) {
        let end = start + u64::from(info.total_len);
        (end, next(end))
    } else {
        // Whoever judges the image is to see all that there is of it.
        let own = segments.iter().find(|segment| segment.end() > start);
        let next = next(start + 1);
        (own.map_or(start, Segment::end).min(next), next)
    };
    let mut behind = segments.iter().filter(|s| end < s.end() && s.end() <= next);
    let slot_end = behind.find(|segment| alignment(&segment.bytes).is_some()).map(Segment::end);
    let (bytes, filled) = whole(slot_end.unwrap_or(end))?;
    Ok(ContainedImage { bytes, base: Some(base), filled, entry: None, manifest: None })
}

/// The octets of an address range, and how many of them no segment has; these read as erased.
fn flatten(segments: &[Segment], start: u64, end: u64) -> (Vec<u8>, u32) {
    let mut bytes = vec![0xff; (end - start) as usize];
    let mut filled = bytes.len();
    for segment in segments {
        let (from, to) = (start.max(u64::from(segment.start)), end.min(segment.end()));
        if from < to {
            let own = u64::from(segment.start);
            let stretch = &segment.bytes[(from - own) as usize..(to - own) as usize];
            bytes[(from - start) as usize..(to - start) as usize].copy_from_slice(stretch);
            filled -= stretch.len();
        }
    }
    (bytes, filled as u32)
}
