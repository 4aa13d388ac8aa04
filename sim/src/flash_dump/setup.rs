//! What has to be known besides the octets: part, partitions, and how the boot loader was built.

use flash_model::{BootConfig, BootMode, Geometry, Layout, LayoutError, Part};

/// A device of which the flash is inspected.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The flash part, with the write size that the boot loader was built for.
    pub part: Part,
    /// Its partitions.
    pub layout: Layout,
    /// The boot loader. Which hash it wants, and how it uses its key, is taken from the images.
    pub boot: BootConfig,
}

/// Why there can be no such device.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// The partitions do not suit the part.
    #[error("{0}; --part or --layout must change")]
    Layout(#[from] LayoutError),
    /// A mode that has no scratch area to use.
    #[error(
        "--mode swap-scratch needs a layout with a scratch partition, such as --layout \
         nrf52840dk-2022"
    )]
    NoScratch,
    /// The status of so many sectors leaves no room.
    #[error(
        "--max-sectors {max_sectors} makes the trailer {trailer} octets long, and the smallest \
         slot has {slot}; expected fewer sectors"
    )]
    Trailer {
        /// As given.
        max_sectors: u32,
        /// Octets of the trailer.
        trailer: u32,
        /// Octets of the slot.
        slot: u32,
    },
}

impl Setup {
    /// Whether such a device can be.
    ///
    /// # Errors
    /// What does not fit.
    pub fn check(&self) -> Result<(), SetupError> {
        let geometry = self.geometry();
        self.layout.check(&geometry)?;
        if self.boot.mode == BootMode::SwapScratch && self.layout.scratch.is_none() {
            return Err(SetupError::NoScratch);
        }
        let trailer = self.boot.trailer_len(self.layout.primary(), &geometry);
        let slot = self.layout.slots[0].len.min(self.layout.slots[1].len);
        if trailer >= slot {
            let max_sectors = self.boot.max_sectors;
            return Err(SetupError::Trailer { max_sectors, trailer, slot });
        }
        Ok(())
    }

    /// Sizes of the flash.
    pub const fn geometry(&self) -> Geometry {
        self.part.geometry
    }

    /// First address that the boot loader looks at, and that behind the last.
    pub(super) fn needed(&self) -> (u32, u32) {
        let scratch = self.layout.scratch.filter(|_| self.boot.mode == BootMode::SwapScratch);
        let slots = match self.boot.mode {
            BootMode::SingleSlot => &self.layout.slots[..1],
            _ => &self.layout.slots[..],
        };
        let areas = slots.iter().copied().chain(scratch);
        let (start, end) = areas
            .fold((u32::MAX, 0), |(start, end), area| (start.min(area.start), end.max(area.end())));
        (start, end)
    }
}
