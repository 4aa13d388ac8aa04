//! What lies in flash at the start: images, fillings, trailers.

use super::meta::{Contents, Image, Meta, Patch, TrailerMeta};
use crate::frame::parse_hex;
use flash_model::{
    Area, Field, Geometry, ImageSpec, ImageVersion, KnownBytes, TrailerMap, generated_body,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The images of a session.
pub(super) struct Images {
    octets: BTreeMap<String, Vec<u8>>,
    /// Names of those whose body is not stated.
    made_up: BTreeSet<String>,
    /// Bodies that the boot loader is told the hash of, because they are made up.
    known: Vec<Arc<KnownBytes>>,
}

impl Images {
    pub(super) fn new(meta: &Meta) -> Result<Self, String> {
        let mut images =
            Self { octets: BTreeMap::new(), made_up: BTreeSet::new(), known: Vec::new() };
        for (name, image) in &meta.images {
            let problem = |e: String| format!("image {name}: {e}");
            let octets = if let Some(base64) = &image.b64 {
                from_base64(base64).ok_or_else(|| problem("`b64` is not base 64".into()))?
            } else if image.opaque {
                images.made_up.insert(name.clone());
                images.make_up(image).map_err(problem)?
            } else {
                return Err(problem("neither `b64` nor `opaque`".into()));
            };
            images.octets.insert(name.clone(), octets);
        }
        Ok(images)
    }

    /// Octets of an image.
    pub(super) fn get(&self, name: &str) -> Result<&[u8], String> {
        let octets = self.octets.get(name).ok_or_else(|| format!("`images` has no {name}"))?;
        Ok(octets)
    }

    /// Whether the body of this image is not that of the recorded device.
    pub(super) fn made_up(&self, name: &str) -> bool {
        self.made_up.contains(name)
    }

    /// What the boot loader recognises without hashing.
    pub(super) fn known(&self) -> &[Arc<KnownBytes>] {
        &self.known
    }

    /// Any body behind the header and before the TLVs that are stated.
    fn make_up(&mut self, image: &Image) -> Result<Vec<u8>, String> {
        let version: ImageVersion =
            format!("{}+{}", image.version, image.build).parse().map_err(|e| format!("{e}"))?;
        if image.hdr_size < 32 || image.img_size > 1 << 26 {
            return Err("`hdr_size` or `img_size` are out of range".into());
        }
        let spec = ImageSpec {
            version,
            hdr_size: image.hdr_size,
            body_len: image.img_size,
            flags: image.flags,
            ..ImageSpec::default()
        };
        let mut octets = spec.build();
        let hashed = usize::from(image.hdr_size) + image.img_size as usize;
        octets.truncate(hashed);
        let hash = hex(&image.hash)?.try_into().map_err(|_| "`image_hash` is not 32 octets")?;
        self.known.push(KnownBytes::stated(&octets, hash));
        octets.extend(hex(&image.tlv)?);
        if octets.len() != image.size {
            return Err(format!("`size` is {}, its parts add up to {}", image.size, octets.len()));
        }
        Ok(octets)
    }

    /// Octets of a partition.
    pub(super) fn partition(
        &self,
        contents: &Contents,
        len: u32,
        geometry: &Geometry,
    ) -> Result<Vec<u8>, String> {
        let mut octets = vec![0xff; len as usize];
        if let Some(name) = &contents.image {
            let image = self.get(name)?;
            let image = &image[..contents.truncate.unwrap_or(image.len()).min(image.len())];
            put(&mut octets, contents.off, image)?;
        }
        if let Some(fill) = &contents.fill {
            if fill.len > len {
                return Err(format!("`fill.len` is {}, the partition has {len}", fill.len));
            }
            let body: Vec<u8> = generated_body(fill.len, fill.seed).collect();
            put(&mut octets, 0, &body)?;
        }
        patch(&mut octets, &contents.patch)?;
        if let Some(trailer) = &contents.trailer {
            put_trailer(&mut octets, trailer, geometry)?;
        }
        patch(&mut octets, &contents.poke)?;
        Ok(octets)
    }
}

fn put(octets: &mut [u8], at: usize, what: &[u8]) -> Result<(), String> {
    let place = at.checked_add(what.len()).and_then(|end| octets.get_mut(at..end));
    let place =
        place.ok_or_else(|| format!("{} octets at {at} leave the partition", what.len()))?;
    place.copy_from_slice(what);
    Ok(())
}

fn patch(octets: &mut [u8], patches: &[Patch]) -> Result<(), String> {
    patches.iter().try_for_each(|patch| put(octets, patch.off, &hex(&patch.hex)?))
}

fn put_trailer(
    octets: &mut [u8],
    trailer: &TrailerMeta,
    geometry: &Geometry,
) -> Result<(), String> {
    let area = Area::new(0, octets.len() as u32);
    let map = TrailerMap::new(area, geometry);
    let magic = match trailer.magic.as_deref() {
        None | Some("unset") => [0xff; 16],
        Some("good") => GOOD_MAGIC,
        Some("bad") => [0; 16],
        Some(other) => return Err(format!("`magic` is {other}: good, bad or unset")),
    };
    let flag = |value: &Option<String>| match value.as_deref() {
        None | Some("unset") => Ok(0xff),
        Some("set") => Ok(0x01),
        Some("bad") => Ok(0x5a),
        Some(other) => Err(format!("a flag is {other}: set, bad or unset")),
    };
    put(octets, map.at(Field::Magic) as usize, &magic)?;
    put(octets, map.at(Field::ImageOk) as usize, &[flag(&trailer.image_ok)?])?;
    put(octets, map.at(Field::CopyDone) as usize, &[flag(&trailer.copy_done)?])?;
    put(octets, map.at(Field::SwapInfo) as usize, &[trailer.swap_info.unwrap_or(0xff)])
}

/// Magic of a trailer whose fields are 8 octets apart (MCUboot `bootutil_public.c`,
/// `boot_img_magic`).
pub(super) const GOOD_MAGIC: [u8; 16] = [
    0x77, 0xc2, 0x95, 0xf3, 0x60, 0xd2, 0xef, 0x7f, 0x35, 0x52, 0x50, 0x0f, 0x2c, 0xb6, 0x79, 0x80,
];

fn hex(text: &str) -> Result<Vec<u8>, String> {
    parse_hex(text).map_err(|e| format!("{text}: {e}"))
}

/// RFC 4648 section 4, padding optional.
fn from_base64(text: &str) -> Option<Vec<u8>> {
    let mut octets = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut have) = (0u32, 0);
    for digit in text.trim_end_matches('=').bytes() {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        have += 6;
        if have >= 8 {
            have -= 8;
            octets.push((bits >> have) as u8);
        }
    }
    Some(octets)
}
