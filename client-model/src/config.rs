//! What a client is given: the image, the strategy's name and the settings of the update.

use crate::strategies::{Android, NcsCentralSample};
use crate::strategy::Strategy;
use crate::uplink::UplinkConfig;
use serde::{Deserialize, Serialize};
use sim_core::Span;
use std::fmt;
use std::sync::Arc;

/// The image to install.
#[derive(Clone, PartialEq, Eq)]
pub struct Image {
    /// The whole file, as it is uploaded.
    pub bytes: Arc<[u8]>,
    /// SHA-256 of `bytes`; clients send it with the first chunk.
    pub sha256: [u8; 32],
    /// Value of the image's SHA-256 TLV; the image list and state writes name the image by it.
    pub tlv_sha256: [u8; 32],
    /// Image number on devices with several images, else 0.
    pub number: u32,
}

impl Image {
    /// Image 0 with these octets and digests.
    pub fn new(bytes: Arc<[u8]>, sha256: [u8; 32], tlv_sha256: [u8; 32]) -> Self {
        Self { bytes, sha256, tlv_sha256, number: 0 }
    }

    /// Length in octets.
    pub fn len(&self) -> u32 {
        self.bytes.len() as u32
    }

    /// True for an image without octets.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The octets from `off`, at most `len` of them; fewer, or none, at the end.
    pub fn chunk(&self, off: u32, len: u32) -> &[u8] {
        let start = self.bytes.len().min(off as usize);
        let end = self.bytes.len().min(start + len as usize);
        &self.bytes[start..end]
    }
}

impl fmt::Debug for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Image").field("len", &self.len()).finish_non_exhaustive()
    }
}

/// The client whose ways are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StrategyKind {
    /// Nordic's mcumgr library for Android.
    Android,
    /// The DFU sample for a Zephyr central, published by `DevZone` staff.
    NcsCentralSample,
}

impl StrategyKind {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Android, Self::NcsCentralSample];

    /// The name in scenarios, kebab-case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Android => "android",
            Self::NcsCentralSample => "ncs-central-sample",
        }
    }

    /// What it is, in one line.
    pub const fn summary(self) -> &'static str {
        match self {
            Self::Android => "nRF Connect Device Manager for Android; window 1 or more",
            Self::NcsCentralSample => {
                "DevZone DFU sample for a central; fixed chunks, one at a time"
            }
        }
    }

    /// The strategy of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// What is to become of the uploaded image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Mark for a trial boot, reset, and confirm when it runs.
    #[default]
    TestAndConfirm,
    /// Mark for good, and reset.
    ConfirmOnly,
    /// Mark for a trial boot, and reset; the image must confirm itself.
    TestOnly,
    /// Leave it in its slot.
    UploadOnly,
}

/// Age of the Android library.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Era {
    /// SMP v2 header (since July 2023) and definite maps (since 1.10, May 2024).
    #[default]
    Modern,
    /// Before both: SMP v1 header and maps `BF..FF`.
    Legacy,
}

/// What the `DevZone` sample announces as `len`, and so where its upload ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LenRule {
    /// The image's length; the last chunk has what is left. As users correct the sample.
    #[default]
    Image,
    /// As published: the gateway's whole secondary slot is sent, erased octets behind the image
    /// included, and the last chunk is filled up with what the buffer held before.
    Slot {
        /// Octets of that slot.
        len: u32,
    },
}

/// Settings of one update.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientConfig {
    /// Whose ways are followed.
    pub strategy: StrategyKind,
    /// Upload requests outstanding at a time; 0 counts as 1. Only [`StrategyKind::Android`] can
    /// have more than one.
    pub window: u8,
    /// Image octets in each request of [`StrategyKind::NcsCentralSample`]; 0 counts as 1.
    pub chunk: u16,
    /// What is to become of the image.
    pub mode: Mode,
    /// Erase the application's settings before the reset (group 63, command 0).
    pub erase_settings: bool,
    /// Wait at least this long after the reset was answered before connecting again.
    pub estimated_swap: Span,
    /// A connection attempt lasts at most this long.
    pub connect_timeout: Span,
    /// Further attempts after a failed one.
    pub connect_retries: u8,
    /// Pause before a further attempt.
    pub connect_retry_pause: Span,
    /// Pause between connection and service discovery.
    pub discovery_delay: Span,
    /// Age of the Android library.
    pub era: Era,
    /// With window > 1, Android cuts every chunk but the last to a multiple of this; 0 counts as 1.
    pub memory_alignment: u16,
    /// What the sample announces as `len`.
    pub len_rule: LenRule,
    /// The client is a gateway that gets the image from a host while it uploads. `None`: it has the
    /// image.
    pub uplink: Option<UplinkConfig>,
    /// The image to install.
    pub image: Image,
}

impl ClientConfig {
    /// The settings that the client has when its user sets nothing.
    ///
    /// Connection attempts and pauses are those of the Android library for both
    /// (`McuMgrBleTransport`: `retry(3, 500)`; an attempt ends after 30 s, the stack's limit).
    ///
    /// - Android: window 1, alignment 1, mode test and confirm, estimated swap time 0
    ///   (`FirmwareUpgradeManager.Settings`); its sample app sets 3, 4 and 10 s. The Android BLE
    ///   library waits 300 ms before discovery when not bonded (`BleManager`).
    /// - Sample: 150 octets; it starts discovery at once (`main.c`, `connected`). `len` is the
    ///   image's length, as users of the sample correct it.
    pub fn new(strategy: StrategyKind, image: Image) -> Self {
        let discovery_delay = match strategy {
            StrategyKind::Android => Span::from_ms(300),
            StrategyKind::NcsCentralSample => Span::ZERO,
        };
        Self {
            strategy,
            window: 1,
            chunk: 150,
            mode: Mode::default(),
            erase_settings: false,
            estimated_swap: Span::ZERO,
            connect_timeout: Span::from_s(30),
            connect_retries: 3,
            connect_retry_pause: Span::from_ms(500),
            discovery_delay,
            era: Era::default(),
            memory_alignment: 1,
            len_rule: LenRule::default(),
            uplink: None,
            image,
        }
    }

    /// The strategy that these settings describe.
    pub fn build_strategy(&self) -> Box<dyn Strategy> {
        match self.strategy {
            StrategyKind::Android => {
                Android::build(self.era, self.window.max(1), self.memory_alignment.max(1))
            }
            StrategyKind::NcsCentralSample => {
                Box::new(NcsCentralSample::new(self.chunk.max(1), self.len_rule))
            }
        }
    }
}
