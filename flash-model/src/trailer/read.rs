//! What a slot's trailer says.

use super::map::FLAG_SET;
use super::{Field, TrailerMap};
use crate::{Area, FlashView};

/// A magic as it reads (MCUboot `boot_magic_decode`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Magic {
    /// The exact value.
    Good,
    /// All ones.
    Unset,
    /// Anything else.
    Bad,
}

/// A flag as it reads (MCUboot `boot_flag_decode`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flag {
    /// 0x01.
    Set,
    /// 0xff.
    Unset,
    /// Anything else; equals neither in a decision.
    Bad,
}

/// The fields of a slot's trailer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trailer {
    /// Whether the trailer counts.
    pub magic: Magic,
    /// Whether the image is confirmed.
    pub image_ok: Flag,
    /// Whether the swap is over.
    pub copy_done: Flag,
    /// The octet as it reads; [`crate::SwapType::from_swap_info`] decodes it.
    pub swap_info: u8,
    /// Octets that a swap covers, as it reads (all ones when unset).
    pub swap_size: u32,
}

impl Trailer {
    /// Reads the trailer of a slot.
    pub fn read(view: &dyn FlashView, slot: Area) -> Self {
        Self::read_at(view, &TrailerMap::new(slot, &view.geometry()))
    }

    /// Reads a trailer that is laid out like this.
    pub fn read_at(view: &dyn FlashView, map: &TrailerMap) -> Self {
        let octet = |field| view.bytes(map.at(field), 1)[0];
        let magic = view.bytes(map.at(Field::Magic), 16);
        let size = view.bytes(map.at(Field::SwapSize), 4);
        Self {
            magic: if *magic == map.magic_octets() {
                Magic::Good
            } else if magic.iter().all(|&b| b == 0xff) {
                Magic::Unset
            } else {
                Magic::Bad
            },
            image_ok: Flag::decode(octet(Field::ImageOk)),
            copy_done: Flag::decode(octet(Field::CopyDone)),
            swap_info: octet(Field::SwapInfo),
            swap_size: u32::from_le_bytes([size[0], size[1], size[2], size[3]]),
        }
    }
}

impl Flag {
    const fn decode(octet: u8) -> Self {
        match octet {
            FLAG_SET => Self::Set,
            0xff => Self::Unset,
            _ => Self::Bad,
        }
    }
}
