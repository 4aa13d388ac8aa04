//! How much image data fits an upload request.
//!
//! A frame is the 8-octet SMP header and one CBOR map. What the map costs depends on its form, on
//! which keys a client writes, and on how many octets CBOR needs for each number (RFC 8949,
//! section 3). Clients compute this with small errors of their own; this is the exact answer.

use smp_wire::cbor::MapForm;
use smp_wire::header::HEADER_LEN;

/// Octets of the ATT header in front of a value: opcode and handle (Core Specification Vol 3
/// Part F 3.4.5.3, `ATT_WRITE_CMD`).
pub const ATT_HEADER: u16 = 3;

/// The longest value that an attribute can hold (Core Specification Vol 3 Part F 3.2.9). A server
/// drops what is longer, so an ATT MTU above 515 gains nothing.
pub const ATTRIBUTE_MAX: u16 = 512;

/// The keys that an upload request has beside `data` and `off`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExtraKeys {
    /// `len`, the length of the image.
    pub len: Option<u32>,
    /// `sha`: how many octets of the digest.
    pub sha: Option<u32>,
    /// `image`, the image number.
    pub image: Option<u32>,
    /// `upgrade`.
    pub upgrade: bool,
}

/// Octets that CBOR needs for `n`, or for the head of a string of `n` octets.
pub const fn head(n: u32) -> u32 {
    match n {
        0..24 => 1,
        24..0x100 => 2,
        0x100..0x1_0000 => 3,
        _ => 5,
    }
}

/// The longest frame that a server takes from one write of `att_mtu - 3` octets or, with
/// `reassembly`, from as many as it needs. `buf_size` is the server's buffer, if it is known.
pub fn frame_limit(att_mtu: u16, buf_size: Option<u32>, reassembly: bool) -> u32 {
    let write = u32::from(att_mtu.saturating_sub(ATT_HEADER));
    match buf_size {
        None => write,
        Some(buf_size) if reassembly => buf_size,
        Some(buf_size) => write.min(buf_size),
    }
}

/// Octets of an upload request without its data and without the head of the data.
pub fn overhead(form: MapForm, off: u32, extra: &ExtraKeys) -> u32 {
    let map = match form {
        MapForm::Definite => 1,
        MapForm::Indefinite => 2,
    };
    let key = |name: &str| 1 + name.len() as u32;
    let number = |name, n: Option<u32>| n.map_or(0, |n| key(name) + head(n));
    HEADER_LEN as u32
        + map
        + key("data")
        + number("off", Some(off))
        + number("len", extra.len)
        + number("image", extra.image)
        + extra.sha.map_or(0, |octets| key("sha") + head(octets) + octets)
        + if extra.upgrade { key("upgrade") + 1 } else { 0 }
}

/// The most data octets that an upload request at `off` can hold in a frame of `limit` octets;
/// `None` when not even an empty one fits.
pub fn largest_data(limit: u32, form: MapForm, off: u32, extra: &ExtraKeys) -> Option<u32> {
    let room = limit.checked_sub(overhead(form, off, extra))?;
    // For each length of the head, the longest data that it can announce.
    [(1, 23), (2, 0xff), (3, 0xffff), (5, u32::MAX)]
        .into_iter()
        .filter_map(|(head, longest)| Some(room.checked_sub(head)?.min(longest)))
        .max()
}

#[cfg(test)]
mod tests {
    use super::{ExtraKeys, frame_limit, head, largest_data, overhead};
    use proptest::prelude::*;
    use smp_wire::cbor::MapForm;
    use smp_wire::image::{UploadKey, UploadRequest};

    const ORDER: [UploadKey; 6] = [
        UploadKey::Image,
        UploadKey::Data,
        UploadKey::Len,
        UploadKey::Off,
        UploadKey::Sha,
        UploadKey::Upgrade,
    ];

    /// Largest data length by frame limit: first chunk of an image of 65,536 octets or more with
    /// SHA-256, the same with the image number, of a smaller image with SHA-256, of a large one
    /// without; then later chunks at offsets of two, three and five octets.
    const TABLE: [(u32, [Option<u32>; 7]); 9] = [
        (20, [None; 7]),
        (62, [None, None, None, Some(32), Some(40), Some(39), Some(37)]),
        (182, all([114, 107, 116, 152, 160, 159, 157])),
        (244, all([176, 169, 178, 214, 222, 221, 219])),
        (495, all([426, 419, 428, 464, 472, 471, 469])),
        (514, all([445, 438, 447, 483, 491, 490, 488])),
        (384, all([315, 308, 317, 353, 361, 360, 358])),
        (1024, all([955, 948, 957, 993, 1001, 1000, 998])),
        (2475, all([2406, 2399, 2408, 2444, 2452, 2451, 2449])),
    ];

    const fn all(row: [u32; 7]) -> [Option<u32>; 7] {
        let mut out = [None; 7];
        let mut n = 0;
        while n < 7 {
            out[n] = Some(row[n]);
            n += 1;
        }
        out
    }

    fn columns(limit: u32, form: MapForm) -> [Option<u32>; 7] {
        let first = |len, sha, image| ExtraKeys { len: Some(len), sha, image, upgrade: false };
        let large = 65_536;
        [
            (0, first(large, Some(32), None)),
            (0, first(large, Some(32), Some(0))),
            (0, first(256, Some(32), None)),
            (0, first(large, None, None)),
            (24, ExtraKeys::default()),
            (256, ExtraKeys::default()),
            (65_536, ExtraKeys::default()),
        ]
        .map(|(off, extra)| largest_data(limit, form, off, &extra))
    }

    #[test]
    fn the_published_table_is_met() {
        for (limit, row) in TABLE {
            assert_eq!(columns(limit, MapForm::Definite), row, "limit {limit}");
        }
    }

    #[test]
    fn an_indefinite_map_costs_one_octet() {
        for (limit, row) in TABLE.into_iter().filter(|(limit, _)| *limit > 20) {
            let less = row.map(|data| data.map(|data| data - 1));
            assert_eq!(columns(limit, MapForm::Indefinite), less, "limit {limit}");
        }
    }

    #[test]
    fn the_keys_of_the_devzone_sample_leave_445_octets_at_att_mtu_491() {
        let later = ExtraKeys { image: Some(0), upgrade: true, ..ExtraKeys::default() };
        let first = ExtraKeys { len: Some(373_928), sha: Some(5), ..later };
        let fits = |off, extra| largest_data(488, MapForm::Indefinite, off, extra);
        assert_eq!(fits(65_536, &later), Some(445));
        assert_eq!(fits(0, &first), Some(430));
    }

    #[test]
    fn without_reassembly_the_shorter_of_write_and_buffer_counts() {
        assert_eq!(frame_limit(247, None, false), 244);
        assert_eq!(frame_limit(247, None, true), 244);
        assert_eq!(frame_limit(247, Some(2475), false), 244);
        assert_eq!(frame_limit(498, Some(384), false), 384);
        assert_eq!(frame_limit(23, Some(2475), true), 2475);
    }

    #[test]
    fn heads_grow_at_the_borders_of_cbor() {
        let borders = [0, 23, 24, 255, 256, 65_535, 65_536, u32::MAX].map(head);
        assert_eq!(borders, [1, 1, 2, 2, 3, 3, 5, 5]);
    }

    proptest! {
        /// The answer is right by measurement: that much fits, one octet more does not.
        #[test]
        fn the_largest_data_fits_and_one_octet_more_does_not(
            limit in 30u32..3000,
            off in prop_oneof![0u32..300, 60_000u32..70_000],
            len in proptest::option::of(0u32..200_000),
            sha in proptest::option::of(0u32..33),
            image in proptest::option::of(0u32..300),
            upgrade: bool,
            definite: bool,
        ) {
            let form = if definite { MapForm::Definite } else { MapForm::Indefinite };
            let extra = ExtraKeys { len, sha, image, upgrade };
            let frame = |data: u32| {
                let (digest, data) = (vec![0; sha.unwrap_or(0) as usize], vec![0; data as usize]);
                let mut body = Vec::new();
                UploadRequest {
                    image,
                    len,
                    off: Some(off),
                    sha: sha.map(|_| digest.as_slice()),
                    data: Some(&data),
                    upgrade: upgrade.then_some(false),
                }
                .emit(&mut body, form, &ORDER);
                8 + body.len() as u32
            };
            match largest_data(limit, form, off, &extra) {
                Some(data) => {
                    prop_assert!(frame(data) <= limit);
                    prop_assert!(frame(data + 1) > limit);
                    prop_assert_eq!(frame(data), overhead(form, off, &extra) + head(data) + data);
                }
                None => prop_assert!(frame(0) > limit),
            }
        }
    }
}
