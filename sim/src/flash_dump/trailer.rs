//! The trailer at the end of a slot, field by field.

use super::Setup;
use super::status::{StatusRun, runs};
use crate::hex;
use flash_model::{Area, Field, Flag, FlashView, Magic, SwapType, Trailer};
use serde::Serialize;

/// A trailer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TrailerReport {
    /// `primary`, `secondary` or `scratch`.
    pub area: &'static str,
    /// First address, that of the first status entry.
    pub start: u32,
    /// Octets, status included.
    pub len: u32,
    /// `good`, `unset` or `bad`.
    pub magic: &'static str,
    /// `set`, `unset` or `bad`.
    pub image_ok: &'static str,
    /// `set`, `unset` or `bad`.
    pub copy_done: &'static str,
    /// Type of the swap in `swap_info`; `None` when unset.
    pub swap_type: Option<SwapType>,
    /// Number of the image in `swap_info`; `None` when unset.
    pub image_number: Option<u8>,
    /// TLV octets of both images; `None` when unset, or where the mode has no such field.
    pub tlv_sizes: Option<[u16; 2]>,
    /// Octets to be swapped; `None` when unset.
    pub swap_size: Option<u32>,
    /// Addresses and octets, from the end of the slot downwards.
    pub fields: Vec<FieldReport>,
    /// The swap status, run-length coded.
    pub status: Vec<StatusRun>,
}

/// One field as it lies in flash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldReport {
    /// MCUboot's name of it.
    pub name: &'static str,
    /// Address of the first octet.
    pub at: u32,
    /// Its octets in hex, without padding to whole write units.
    pub octets: String,
}

const FIELDS: [(Field, &str, u32); 6] = [
    (Field::Magic, "magic", 16),
    (Field::ImageOk, "image_ok", 1),
    (Field::CopyDone, "copy_done", 1),
    (Field::SwapInfo, "swap_info", 1),
    (Field::TlvSizes, "tlv_sizes", 4),
    (Field::SwapSize, "swap_size", 4),
];

impl TrailerReport {
    /// Reads the trailer of an area.
    pub(super) fn read(
        view: &dyn FlashView,
        setup: &Setup,
        area: Area,
        name: &'static str,
    ) -> Self {
        let geometry = view.geometry();
        let map = setup.boot.trailer_map(area, &geometry);
        let trailer = Trailer::read_at(view, &map);
        let has_tlv_sizes = map.at(Field::TlvSizes) != map.at(Field::SwapSize);
        let fields = FIELDS.into_iter().filter(|(f, ..)| *f != Field::TlvSizes || has_tlv_sizes);
        let fields = fields
            .map(|(field, name, len)| {
                let at = map.at(field);
                FieldReport { name, at, octets: hex(view.bytes(at, len)) }
            })
            .collect();
        let status = runs(view, setup, area);
        let start = status.first().map_or_else(|| map.at(Field::SwapSize), |run| run.at);
        let info = (trailer.swap_info != 0xff).then_some(trailer.swap_info);
        let sizes = view.bytes(map.at(Field::TlvSizes), 4);
        let sizes = [[sizes[0], sizes[1]], [sizes[2], sizes[3]]].map(u16::from_le_bytes);
        Self {
            area: name,
            start,
            len: area.end() - start,
            magic: name_of_magic(trailer.magic),
            image_ok: name_of_flag(trailer.image_ok),
            copy_done: name_of_flag(trailer.copy_done),
            swap_type: info.map(SwapType::from_swap_info),
            image_number: info.map(|octet| octet >> 4),
            tlv_sizes: (has_tlv_sizes && sizes != [u16::MAX; 2]).then_some(sizes),
            swap_size: (trailer.swap_size != u32::MAX).then_some(trailer.swap_size),
            fields,
            status,
        }
    }
}

const fn name_of_magic(magic: Magic) -> &'static str {
    match magic {
        Magic::Good => "good",
        Magic::Unset => "unset",
        Magic::Bad => "bad",
    }
}

const fn name_of_flag(flag: Flag) -> &'static str {
    match flag {
        Flag::Set => "set",
        Flag::Unset => "unset",
        Flag::Bad => "bad",
    }
}
