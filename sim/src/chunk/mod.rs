//! How much image data fits one upload request: a calculator around [`client_model::fit`].
//!
//! A request at a larger offset has room for fewer octets, because the offset itself needs more. What
//! a link and a server take is the same for all, so a program needs one number a class of offsets.

mod formula;
mod refused;

pub use formula::Formula;
pub use refused::{RefusedClient, refused_clients};

use client_model::fit::{
    ATT_HEADER, ATTRIBUTE_MAX, ExtraKeys, frame_limit, head, largest_data, overhead,
};
use serde::Serialize;
use smp_wire::cbor::MapForm;

/// The shortest first chunk that servers take: an image's header (Zephyr `img_mgmt.c`,
/// `IMG_MGMT_ERR_INVALID_HDR`; rc 3).
pub const FIRST_MIN: u32 = 32;
/// Octets that share the buffer of a serial console with a frame: length and CRC
/// (Zephyr `serial_util.c`).
const SERIAL_OVERHEAD: u32 = 4;
/// The longest ATT MTU that a value of 512 octets fills.
const MTU_OF_LONGEST_VALUE: u16 = ATTRIBUTE_MAX + ATT_HEADER;
/// Image length that stands for all from 65,536 octets.
const LONG: u32 = 0x1_0000;

/// What a client writes beside `data` and `off`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keys {
    /// Form of the map.
    pub form: MapForm,
    /// Octets of the image, for `len` in the first chunk; `None`: 65,536 or more.
    pub len: Option<u32>,
    /// Octets of `sha` in the first chunk; 0 for no such key.
    pub sha: u32,
    /// `image`.
    pub image: Option<u32>,
    /// `upgrade`.
    pub upgrade: bool,
    /// `image` and `upgrade` stand in every chunk, not only in the first.
    pub in_every_chunk: bool,
}

impl Default for Keys {
    /// The first chunk has `len` and a SHA-256, the map is definite.
    fn default() -> Self {
        let form = MapForm::Definite;
        Self { form, len: None, sha: 32, image: None, upgrade: false, in_every_chunk: false }
    }
}

impl Keys {
    /// The keys of a chunk at `off`.
    fn extra(&self, off: u32) -> ExtraKeys {
        let first = off == 0;
        let here = first || self.in_every_chunk;
        ExtraKeys {
            len: first.then(|| self.len.unwrap_or(LONG)),
            sha: Some(self.sha).filter(|&sha| first && sha > 0),
            image: self.image.filter(|_| here),
            upgrade: self.upgrade && here,
        }
    }

    /// The most data that fit at `off` in a frame of `limit` octets.
    pub fn largest_data(&self, limit: u32, off: u32) -> Option<u32> {
        largest_data(limit, self.form, off, &self.extra(off))
    }
}

/// What takes the frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// GATT writes.
    Ble {
        /// ATT MTU.
        mtu: u16,
        /// Octets of the server's buffer, if known.
        buf_size: Option<u32>,
        /// The server puts several writes together.
        reassembly: bool,
    },
    /// Anything that takes a frame as long as the server's buffer: a datagram, or writes whose number
    /// does not matter.
    Buffer {
        /// Octets of that buffer.
        buf_size: u32,
    },
    /// A serial console.
    Serial {
        /// Octets of the server's buffer.
        buf_size: u32,
    },
}

impl Carrier {
    /// The longest frame, octets.
    pub fn limit(self) -> u32 {
        match self {
            Self::Ble { mtu, buf_size, reassembly } => frame_limit(mtu, buf_size, reassembly),
            Self::Buffer { buf_size } => buf_size,
            Self::Serial { buf_size } => buf_size.saturating_sub(SERIAL_OVERHEAD),
        }
    }

    /// What a program calls the limit, and what the limit is less than that.
    fn named(self) -> (&'static str, u32) {
        match self {
            Self::Ble { mtu, .. } if self.limit() == u32::from(mtu.saturating_sub(ATT_HEADER)) => {
                ("mtu", ATT_HEADER.into())
            }
            Self::Ble { .. } | Self::Buffer { .. } => ("buf_size", 0),
            Self::Serial { .. } => ("buf_size", SERIAL_OVERHEAD),
        }
    }

    /// GATT writes that a frame of `octets` takes; `None` where there are none.
    fn writes(self, octets: u32) -> Option<u32> {
        match self {
            Self::Ble { mtu, .. } if mtu > ATT_HEADER => {
                Some(octets.div_ceil((mtu - ATT_HEADER).into()))
            }
            _ => None,
        }
    }
}

/// Offsets that need the same octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Class {
    /// First offset.
    pub off_first: u32,
    /// Last offset.
    pub off_last: u32,
    /// The most data octets; `None` when not even an empty chunk fits.
    pub data: Option<u32>,
    /// Octets of the frame with that much data.
    pub frame: Option<u32>,
    /// GATT writes of that frame, `None` on other links.
    pub writes: Option<u32>,
}

/// What fits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Table {
    /// Octets of the longest frame.
    pub limit: u32,
    /// By offset: the first chunk, then the others.
    pub classes: Vec<Class>,
    /// Requests for the whole image; `None` without its length, and when it cannot be sent.
    pub frames: Option<u32>,
    /// The smallest ATT MTU at which the first chunk is long enough without reassembly; `None` on
    /// links that have none.
    pub smallest_mtu: Option<u16>,
    /// The lengths as a line of a program; `None` when nothing fits.
    pub formula: Option<Formula>,
    /// What a user should know, a sentence each.
    pub warnings: Vec<String>,
}

/// Offsets by the octets that they need. Those from 1 to 23 never come, because the first chunk has 32
/// octets.
const CLASSES: [(u32, u32); 4] = [(0, 0), (24, 0xff), (0x100, 0xffff), (LONG, u32::MAX)];

/// What fits requests with these keys.
pub fn table(keys: &Keys, carrier: Carrier) -> Table {
    let limit = carrier.limit();
    let reached = keys.len.unwrap_or(u32::MAX);
    let classes: Vec<Class> = CLASSES
        .into_iter()
        .filter(|&(first, _)| first == 0 || first < reached)
        .map(|(off_first, off_last)| class(keys, carrier, off_first, off_last))
        .collect();
    let frames = keys.len.and_then(|len| frames(&classes, len));
    let smallest_mtu = matches!(carrier, Carrier::Ble { .. }).then(|| smallest_mtu(keys)).flatten();
    let formula = Formula::new(keys, carrier, &classes);
    let warnings = warnings(keys, carrier, &classes, smallest_mtu);
    Table { limit, classes, frames, smallest_mtu, formula, warnings }
}

fn class(keys: &Keys, carrier: Carrier, off_first: u32, off_last: u32) -> Class {
    let data = keys.largest_data(carrier.limit(), off_first);
    let frame =
        data.map(|data| overhead(keys.form, off_first, &keys.extra(off_first)) + head(data) + data);
    let writes = frame.and_then(|frame| carrier.writes(frame));
    Class { off_first, off_last, data, frame, writes }
}

/// Requests for an image of `len` octets, each as long as it can be.
fn frames(classes: &[Class], len: u32) -> Option<u32> {
    let (mut off, mut frames) = (0, 0);
    for class in classes {
        let data = class.data.filter(|&data| data > 0)?;
        // The first chunk is one; of the others, as many as begin in this class.
        let end = if class.off_last == 0 { 1 } else { class.off_last.saturating_add(1).min(len) };
        let count = end.saturating_sub(off).div_ceil(data);
        frames += count;
        off = off.saturating_add(count.saturating_mul(data));
    }
    (off >= len).then_some(frames)
}

/// The smallest ATT MTU whose writes hold a first chunk that servers take.
fn smallest_mtu(keys: &Keys) -> Option<u16> {
    let least = overhead(keys.form, 0, &keys.extra(0)) + head(FIRST_MIN) + FIRST_MIN;
    u16::try_from(least).ok()?.checked_add(ATT_HEADER)
}

fn warnings(
    keys: &Keys,
    carrier: Carrier,
    classes: &[Class],
    smallest_mtu: Option<u16>,
) -> Vec<String> {
    let mut warnings = Vec::new();
    let first = classes.first().and_then(|class| class.data).unwrap_or(0);
    if first < FIRST_MIN.min(keys.len.unwrap_or(u32::MAX)) {
        let needed = smallest_mtu
            .map_or(String::new(), |mtu| format!("; the smallest ATT MTU for these keys is {mtu}"));
        warnings.push(format!(
            "the first chunk has room for {first} octets, and servers refuse less than {FIRST_MIN} with rc 3 \
             (EINVAL){needed}"
        ));
    }
    if let Carrier::Ble { mtu, reassembly, .. } = carrier {
        if mtu > MTU_OF_LONGEST_VALUE {
            warnings.push(format!(
                "an attribute value has at most {ATTRIBUTE_MAX} octets, so servers drop longer writes: \
                 above an ATT MTU of {MTU_OF_LONGEST_VALUE} compute with {MTU_OF_LONGEST_VALUE}"
            ));
        }
        if !reassembly {
            warnings.push(format!(
                "nRF Connect SDK's bt_dfu_smp_command compares with the MTU, not with MTU - 3: frames of {} \
                 to {mtu} octets pass it and then fail with -12 (ENOMEM), longer ones with -122 (EMSGSIZE)",
                mtu.saturating_sub(2)
            ));
        }
    }
    if let Carrier::Serial { buf_size } = carrier {
        warnings.push(format!(
            "length and CRC share the buffer with the frame: frame + {SERIAL_OVERHEAD} <= {buf_size}"
        ));
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::{Carrier, Keys, MapForm, table};

    fn ble(mtu: u16) -> Carrier {
        Carrier::Ble { mtu, buf_size: None, reassembly: false }
    }

    fn data(keys: &Keys, carrier: Carrier) -> Vec<Option<u32>> {
        table(keys, carrier).classes.iter().map(|class| class.data).collect()
    }

    #[test]
    fn a_user_with_att_mtu_491_gets_the_lengths_that_were_safe() {
        let keys = Keys {
            form: MapForm::Indefinite,
            sha: 5,
            image: Some(0),
            upgrade: true,
            in_every_chunk: true,
            ..Keys::default()
        };
        assert_eq!(data(&keys, ble(491)), [Some(430), Some(448), Some(447), Some(445)]);
    }

    #[test]
    fn requests_are_counted_to_the_end_of_the_image() {
        let keys = Keys { len: Some(373_928), ..Keys::default() };
        for (limit, frames) in
            [(182, 2377), (244, 1705), (384, 1044), (495, 797), (1024, 375), (2475, 153)]
        {
            let table = table(&keys, Carrier::Buffer { buf_size: limit });
            assert_eq!(table.frames, Some(frames), "frames of {limit} octets");
        }
    }

    #[test]
    fn classes_that_a_short_image_does_not_reach_are_left_out() {
        let short = Keys { len: Some(200), ..Keys::default() };
        assert_eq!(table(&short, ble(247)).classes.len(), 2);
        assert_eq!(table(&short, ble(247)).frames, Some(2));
        let one = Keys { len: Some(100), ..Keys::default() };
        assert_eq!(table(&one, ble(247)).frames, Some(1));
    }

    #[test]
    fn writes_of_a_full_frame_are_counted() {
        let writes = |mtu, buf_size| {
            let carrier = Carrier::Ble { mtu, buf_size: Some(buf_size), reassembly: true };
            table(&Keys::default(), carrier).classes[2].writes
        };
        for (buf_size, expected) in [
            (384, [20, 7, 3, 2, 1, 1]),
            (1024, [52, 17, 6, 5, 3, 2]),
            (2475, [124, 40, 14, 11, 5, 5]),
        ] {
            let got = [23, 65, 185, 247, 498, 517].map(|mtu| writes(mtu, buf_size));
            assert_eq!(got, expected.map(Some), "buffers of {buf_size}");
        }
    }

    #[test]
    fn the_smallest_mtu_is_that_of_a_first_chunk_of_32_octets() {
        let smallest = |keys: &Keys| table(keys, ble(23)).smallest_mtu;
        assert_eq!(smallest(&Keys::default()), Some(103));
        assert_eq!(smallest(&Keys { sha: 0, ..Keys::default() }), Some(65));
        for keys in [Keys::default(), Keys { sha: 0, ..Keys::default() }] {
            let mtu = smallest(&keys).expect("a Bluetooth link");
            let refused = |mtu| table(&keys, ble(mtu)).warnings.iter().any(|w| w.contains("rc 3"));
            assert!(!refused(mtu) && refused(mtu - 1));
        }
    }

    #[test]
    fn what_a_user_should_know_is_told_and_nothing_else() {
        let told = |carrier, part: &str| {
            table(&Keys::default(), carrier).warnings.iter().any(|warning| warning.contains(part))
        };
        assert!(told(ble(516), "512") && !told(ble(515), "512"));
        assert!(told(ble(247), "frames of 245 to 247 octets"));
        let whole = Carrier::Ble { mtu: 247, buf_size: Some(2475), reassembly: true };
        assert!(!told(whole, "-122"));
        assert!(told(Carrier::Serial { buf_size: 384 }, "frame + 4 <= 384"));
        assert!(!told(Carrier::Buffer { buf_size: 384 }, "frame"));
    }

    #[test]
    fn a_serial_console_has_four_octets_less() {
        let serial = data(&Keys::default(), Carrier::Serial { buf_size: 388 });
        assert_eq!(serial, data(&Keys::default(), Carrier::Buffer { buf_size: 384 }));
        assert_eq!(data(&Keys::default(), Carrier::Serial { buf_size: 3 }), [None; 4]);
    }
}
