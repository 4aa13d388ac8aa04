//! How settings lie in the storage partition.
//!
//! The format is this model's own, not that of Zephyr's NVS, ZMS or FCB: what is stored in it, when,
//! and that a power cut leaves the settings of before, is what counts. The partition has two halves.
//! Each save writes all settings into the half that does not hold the newest ones: pages are erased,
//! the body is written, and last the header that makes it valid: magic, generation, octets of the
//! body and a CRC-32 of all that, 32 bits each, little endian. In the body each setting is a length of
//! 16 bits for the name, one for the value, the name, the value.

use crate::ServerConfig;
use crate::groups::Context;
use flash_model::{Area, FlashView, Geometry};
use std::collections::BTreeMap;

/// "SMPS"
const MAGIC: u32 = 0x5350_4d53;
/// Octets of the header.
const HEADER_LEN: u32 = 16;

/// Names and values.
pub(super) type Values = BTreeMap<Vec<u8>, Vec<u8>>;

/// What the storage partition holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) values: Values,
    /// Counts saves; the half with the higher one is valid. 0 before the first.
    generation: u32,
    /// The half that they are in.
    second: bool,
}

/// The two halves of the storage partition, if settings can be saved at all.
pub(super) fn area(cx: &Context<'_>) -> Option<[Area; 2]> {
    halves(cx.config, cx.flash.geometry().page)
}

fn halves(config: &ServerConfig, page: u32) -> Option<[Area; 2]> {
    let Area { start, len } = config.layout.storage.filter(|_| config.settings_options.backend)?;
    let half = len / 2 / page * page;
    (half > 0).then(|| [Area::new(start, half), Area::new(start + half, half)])
}

/// What the partition holds; nothing if it is blank or holds anything else.
pub(super) fn read(config: &ServerConfig, flash: &dyn FlashView) -> Stored {
    let Some([first, second]) = halves(config, flash.geometry().page) else {
        return Stored::default();
    };
    let header_len = header_len(&flash.geometry());
    let read = |half: Area| parse(flash.bytes(half.start, half.len), header_len);
    let (first, second) = (read(first), read(second));
    match (first, second) {
        (Some((a, _)), Some((b, values))) if b > a => stored(b, values, true),
        (Some((a, values)), _) => stored(a, values, false),
        (None, Some((b, values))) => stored(b, values, true),
        (None, None) => Stored::default(),
    }
}

fn stored(generation: u32, values: Values, second: bool) -> Stored {
    Stored { values, generation, second }
}

/// Octets in front of the body: a whole number of writes.
pub(super) fn header_len(geometry: &Geometry) -> u32 {
    HEADER_LEN.next_multiple_of(geometry.write_size)
}

impl Stored {
    /// These values as the next to be stored.
    pub(super) fn next(&self, values: Values) -> Self {
        stored(self.generation.saturating_add(1), values, !self.second)
    }

    /// Which half they go into.
    pub(super) fn half(&self, halves: [Area; 2]) -> Area {
        halves[usize::from(self.second)]
    }

    /// The settings one after the other.
    pub(super) fn body(&self) -> Vec<u8> {
        let mut body = Vec::new();
        for (name, value) in &self.values {
            for part in [name, value] {
                body.extend_from_slice(&(part.len() as u16).to_le_bytes());
            }
            body.extend_from_slice(name);
            body.extend_from_slice(value);
        }
        body
    }

    /// What makes a body valid.
    pub(super) fn header(&self, body: &[u8]) -> Vec<u8> {
        let words = [MAGIC, self.generation, body.len() as u32];
        let mut header: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let crc32 = checksum(&header, body);
        header.extend_from_slice(&crc32.to_le_bytes());
        header
    }
}

fn checksum(words: &[u8], body: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(words);
    hasher.update(body);
    hasher.finalize()
}

/// Generation and values of a half, if it is valid.
fn parse(half: &[u8], header_len: u32) -> Option<(u32, Values)> {
    let (words, rest) = half.split_at_checked(12)?;
    let word = |bytes: &[u8], n: usize| {
        let octets = bytes.get(4 * n..)?.first_chunk::<4>()?;
        Some(u32::from_le_bytes(*octets))
    };
    let len = word(words, 2)? as usize;
    let body = half.get(header_len as usize..)?.get(..len)?;
    if word(words, 0)? != MAGIC || word(rest, 0)? != checksum(words, body) {
        return None;
    }
    let mut values = Values::new();
    let mut left = body;
    while !left.is_empty() {
        let (name, value) = take_entry(&mut left)?;
        values.insert(name.to_vec(), value.to_vec());
    }
    Some((word(words, 1)?, values))
}

fn take_entry<'a>(left: &mut &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
    let (lens, rest) = left.split_first_chunk::<4>()?;
    let [name, value] = [[lens[0], lens[1]], [lens[2], lens[3]]].map(u16::from_le_bytes);
    let (name, rest) = rest.split_at_checked(name.into())?;
    let (value, rest) = rest.split_at_checked(value.into())?;
    *left = rest;
    Some((name, value))
}

#[cfg(test)]
mod tests {
    use super::{Stored, Values, parse};

    fn half(stored: &Stored) -> Vec<u8> {
        let body = stored.body();
        let mut half = stored.header(&body);
        half.extend_from_slice(&body);
        half.resize(4096, 0xff);
        half
    }

    #[test]
    fn what_is_stored_is_read_again() {
        let values: Values =
            [("a/b", "12"), ("a/c", ""), ("d", "x")].map(|(n, v)| (n.into(), v.into())).into();
        let stored = Stored::default().next(values.clone());
        assert_eq!(parse(&half(&stored), 16), Some((1, values)));
        assert_eq!(parse(&half(&Stored::default()), 16), Some((0, Values::new())));
    }

    #[test]
    fn a_half_with_one_wrong_bit_is_not_valid() {
        let stored = Stored::default().next([(b"a".to_vec(), b"1".to_vec())].into());
        let good = half(&stored);
        for bit in 0..8 * (16 + 6) {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(parse(&bad, 16), None, "bit {bit}");
        }
        assert_eq!(parse(&[0xff; 4096], 16), None);
        assert_eq!(parse(&[], 16), None);
    }
}
