//! Files with the contents of flash: raw octets or Intel HEX.

use super::Setup;
use crate::image_file::{Container, ContainerKind, IntelHexError, Segment, segments};
use flash_model::{Area, Geometry};

/// The whole array of a part, of which a file gave some.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dump {
    bytes: Vec<u8>,
    /// What the file gave, by address; the rest reads as erased.
    given: Vec<Area>,
    /// Octets of the file that lie outside the array.
    outside: u64,
}

/// Why a file is no dump of this flash.
#[derive(Debug, thiserror::Error)]
pub enum DumpError {
    /// Nothing in it.
    #[error("the file is empty, it has 0 octets")]
    Empty,
    /// It is something else.
    #[error(
        "this is a zip archive, not a dump of flash; `smpsim image inspect` looks into packages"
    )]
    Zip,
    /// It begins like Intel HEX.
    #[error("not good Intel HEX: {0}")]
    IntelHex(#[from] IntelHexError),
    /// Intel HEX has addresses of its own.
    #[error("--base is for raw dumps; Intel HEX has addresses in it")]
    BaseForHex,
    /// Intel HEX without any octet of a slot.
    #[error(
        "no octet of it lies in the slots ({start:#x} to {end:#x}); --layout must say where the \
         slots of this device are"
    )]
    NoSlot {
        /// First address of the slots.
        start: u32,
        /// Address behind them.
        end: u32,
    },
    /// It ends behind the part.
    #[error(
        "{len} octets from {base:#x} are more than the {size} octets of this flash; --part names \
         another part"
    )]
    TooLong {
        /// Octets of the file.
        len: u64,
        /// First address.
        base: u32,
        /// Octets of the flash.
        size: u32,
    },
    /// It leaves out part of what the boot loader looks at.
    #[error(
        "{len} octets from {base:#x} do not cover {start:#x} to {end:#x}, which the boot loader \
         looks at; expected {size} octets, the whole flash, or with --base the address of the \
         first octet of a part of it{hint}"
    )]
    TooShort {
        /// Octets of the file.
        len: u64,
        /// First address.
        base: u32,
        /// First address that is needed.
        start: u32,
        /// Address behind the last that is needed.
        end: u32,
        /// Octets of the flash.
        size: u32,
        /// What may have been meant.
        hint: String,
    },
}

impl Dump {
    /// Reads a file. `base` is the address of the first octet of a raw dump, 0 when not told.
    pub fn read(file: &[u8], base: Option<u32>, setup: &Setup) -> Result<Self, DumpError> {
        if file.is_empty() {
            return Err(DumpError::Empty);
        }
        match Container::kind_of(file) {
            ContainerKind::IntelHex if file.is_ascii() && base.is_some() => {
                Err(DumpError::BaseForHex)
            }
            ContainerKind::IntelHex if file.is_ascii() => Self::intel_hex(file, setup),
            ContainerKind::DfuZip => Err(DumpError::Zip),
            _ => Self::raw(file, base.unwrap_or(0), setup),
        }
    }

    fn raw(file: &[u8], base: u32, setup: &Setup) -> Result<Self, DumpError> {
        let Geometry { size, .. } = setup.part.geometry;
        let len = file.len() as u64;
        if u64::from(base) + len > u64::from(size) {
            return Err(DumpError::TooLong { len, base, size });
        }
        let given = Area::new(base, file.len() as u32);
        let (start, end) = setup.needed();
        if base > start || given.end() < end {
            let hint = hint(len, base, setup);
            return Err(DumpError::TooShort { len, base, start, end, size, hint });
        }
        let mut bytes = vec![0xff; size as usize];
        bytes[base as usize..][..file.len()].copy_from_slice(file);
        Ok(Self { bytes, given: vec![given], outside: 0 })
    }

    fn intel_hex(text: &[u8], setup: &Setup) -> Result<Self, DumpError> {
        let mut bytes = vec![0xff; setup.part.geometry.size as usize];
        let (mut given, mut outside) = (Vec::new(), 0);
        for Segment { start, bytes: octets } in segments(text)? {
            let room = bytes.get_mut(start as usize..).unwrap_or_default();
            let len = room.len().min(octets.len());
            room[..len].copy_from_slice(&octets[..len]);
            outside += (octets.len() - len) as u64;
            if len > 0 {
                given.push(Area::new(start, len as u32));
            }
        }
        let slots = setup.layout.slots;
        if !given.iter().any(|area| slots.iter().any(|slot| area.overlaps(slot))) {
            let (start, end) = setup.needed();
            return Err(DumpError::NoSlot { start, end });
        }
        Ok(Self { bytes, given, outside })
    }

    /// The whole array.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Octets of an area that the file gave.
    pub fn given(&self, area: Area) -> u32 {
        let shared =
            |given: &Area| given.end().min(area.end()).saturating_sub(given.start.max(area.start));
        self.given.iter().map(shared).sum()
    }

    /// Octets of the file that lie outside the array, such as those of other memories.
    pub fn outside(&self) -> u64 {
        self.outside
    }
}

/// What a dump of this size may be.
fn hint(len: u64, base: u32, setup: &Setup) -> String {
    let (start, end) = setup.needed();
    if base == 0 && len == u64::from(end - start) {
        return format!("; as long as that stretch: is it --base {start:#x}?");
    }
    if base == 0 && len == 0x8_0000 && setup.part.geometry.size > 0x8_0000 {
        return "; a 512 KiB part is --part nrf52833".to_owned();
    }
    String::new()
}
