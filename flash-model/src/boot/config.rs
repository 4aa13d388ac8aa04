//! How a boot loader was built.

use crate::ImagePolicy;

/// What a boot loader does with its two slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BootMode {
    /// Swaps in place after the primary image has moved up by one page (`MCUBOOT_SWAP_USING_MOVE`).
    SwapMove,
    /// Swaps in place; an upload lies one page behind the start of the secondary slot
    /// (`MCUBOOT_SWAP_USING_OFFSET`).
    SwapOffset,
    /// Swaps through a scratch area (`MCUBOOT_SWAP_USING_SCRATCH`).
    SwapScratch,
    /// Copies the secondary image over the primary one (`MCUBOOT_OVERWRITE_ONLY`).
    OverwriteOnly {
        /// Only as much as the image is long (`MCUBOOT_OVERWRITE_ONLY_FAST`, Zephyr's choice).
        fast: bool,
    },
    /// Runs the newer image where it lies (`MCUBOOT_DIRECT_XIP`).
    DirectXip {
        /// Images are on trial until confirmed (`MCUBOOT_DIRECT_XIP_REVERT`).
        revert: bool,
    },
    /// Copies the newer image to RAM (`MCUBOOT_RAM_LOAD`).
    RamLoad,
    /// Knows one slot only (`MCUBOOT_SINGLE_APPLICATION_SLOT`).
    SingleSlot,
    /// The secondary slot holds a firmware loader, the primary one the application
    /// (`MCUBOOT_FIRMWARE_LOADER`).
    FirmwareLoader,
}

/// How the boot loader was built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BootConfig {
    /// What it does with its slots.
    pub mode: BootMode,
    /// Most pages a slot may have (`BOOT_MAX_IMG_SECTORS`); fixes the length of the trailer.
    pub max_sectors: u32,
    /// Whether the primary image is hashed at each boot (`MCUBOOT_VALIDATE_PRIMARY_SLOT`).
    pub validate_primary: bool,
    /// Whether a lower version is erased instead of installed (`MCUBOOT_DOWNGRADE_PREVENTION`
    /// without security counters).
    pub downgrade_prevention: bool,
    /// Whether a valid secondary image is installed over an unusable primary one without being
    /// asked for (`MCUBOOT_BOOTSTRAP`).
    pub bootstrap: bool,
    /// Which images it accepts.
    pub images: ImagePolicy,
    /// SHA-256 speed in octets per second; at 0 hashing takes no time.
    pub sha_bytes_per_s: u32,
}

/// MCUboot's Zephyr port before v2.2.0: swap-move, 128 sectors, primary validated, downgrades
/// allowed; SHA-256 in software at 64 MHz taken as 500 kB/s.
impl Default for BootConfig {
    fn default() -> Self {
        Self {
            mode: BootMode::SwapMove,
            max_sectors: 128,
            validate_primary: true,
            downgrade_prevention: false,
            bootstrap: false,
            images: ImagePolicy::default(),
            sha_bytes_per_s: 500_000,
        }
    }
}

impl BootMode {
    /// Every mode.
    pub const ALL: [Self; 10] = [
        Self::SwapMove,
        Self::SwapOffset,
        Self::SwapScratch,
        Self::OverwriteOnly { fast: true },
        Self::OverwriteOnly { fast: false },
        Self::DirectXip { revert: false },
        Self::DirectXip { revert: true },
        Self::RamLoad,
        Self::SingleSlot,
        Self::FirmwareLoader,
    ];

    /// Name in scenarios and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SwapMove => "swap-move",
            Self::SwapOffset => "swap-offset",
            Self::SwapScratch => "swap-scratch",
            Self::OverwriteOnly { fast: true } => "overwrite-only",
            Self::OverwriteOnly { fast: false } => "overwrite-only-plain",
            Self::DirectXip { revert: false } => "direct-xip",
            Self::DirectXip { revert: true } => "direct-xip-revert",
            Self::RamLoad => "ram-load",
            Self::SingleSlot => "single-slot",
            Self::FirmwareLoader => "firmware-loader",
        }
    }

    /// The mode of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == name)
    }

    /// Whether both images change places.
    pub const fn swaps(self) -> bool {
        matches!(self, Self::SwapMove | Self::SwapOffset | Self::SwapScratch)
    }
}
