//! What a client is given: the image, the strategy's name and the settings of the update.

use crate::kind::StrategyKind;
use crate::strategies;
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

/// Age of the Android library, or of the command line in Go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Era {
    /// Android: SMP v2 header (since July 2023) and definite maps (since 1.10, May 2024). Go: answers
    /// within 10 s (since July 2023), keys in the order of the structure, drawn sequence numbers.
    #[default]
    Modern,
    /// Android before both: SMP v1 header and maps `BF..FF`. Go: the tool of 2020, which answers must
    /// reach within 3 s, with keys by alphabet and sequence numbers from 0x42.
    Legacy,
    /// Android as of the version followed: modern, and the boot loader's name and mode are asked for
    /// before the list. Go as modern.
    Latest,
    /// Android before 1.5: legacy, and every answer must come within 1 s, that to the first chunk too.
    /// Go as legacy.
    Early,
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

/// Settings of clients of other protocols than SMP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OtherOptions {
    /// [`StrategyKind::NordicSecureDfu`]: packets from receipt to receipt; 0 for none.
    pub receipts: u16,
    /// [`StrategyKind::SeedOwnProtocol`]: the first of the numbers that are errors.
    pub error_first: u32,
    /// [`StrategyKind::SeedOwnProtocol`]: offset of an octet of the image that is spoilt before the
    /// client has it; 0 for none.
    pub spoilt_octet: u32,
}

impl Default for OtherOptions {
    /// Receipts as in Nordic's libraries for Android and iOS (`DfuServiceInitiator`,
    /// `DFUServiceInitiator`: 12).
    fn default() -> Self {
        Self { receipts: 12, error_first: 1, spoilt_octet: 0 }
    }
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
    /// Age of the Android library, or of the Go tool.
    pub era: Era,
    /// Clients that can cut every chunk but the last to a multiple of this do: Android with window
    /// > 1, iOS, Zephyr's client. 0: the client's own, 4 for Zephyr's and 1 for others.
    pub memory_alignment: u16,
    /// What the sample announces as `len`.
    pub len_rule: LenRule,
    /// The client is a gateway that gets the image from a host while it uploads. `None`: it has the
    /// image.
    pub uplink: Option<UplinkConfig>,
    /// The size that a client lets its user set, octets: `--mtu` of mcumgr-client and of the Go CLI,
    /// the network buffer of Zephyr's client, the frame of mcumgr-toolkit, the link MTU of smpclient
    /// on UDP. 0: the client's default.
    pub mtu_option: u16,
    /// Octets of the client's own buffer for a frame; no frame is longer. 0: as long as link and server
    /// take.
    pub frame_max: u16,
    /// Octets of the longest line of a serial console, its end included, instead of the client's own
    /// (`--line-length` of smpmgr); 0: the client's own.
    pub serial_line: u16,
    /// mcumgr-toolkit asks the server for the length of frames.
    pub auto_frame: bool,
    /// The first chunk carries the SHA-256, where the caller of the client decides that.
    pub sends_sha: bool,
    /// The sample waits this long for the answer to a chunk before its user, or a timer, has it send
    /// the chunk again. `None`: for ever, as published.
    pub answer_timeout: Option<Span>,
    /// How many such waits in a row its user bears before giving up; 0 counts as 1.
    pub user_retries: u8,
    /// Before it sends a chunk again the sample lets go of the answer to the earlier one, as
    /// unsubscribing does.
    pub clears_pending: bool,
    /// Octets of the sample's buffers for the key `version` of the image list and for its text; 5 as
    /// published, 0 for buffers that are long enough.
    pub version_buf: u8,
    /// What only clients of other protocols have.
    pub other: OtherOptions,
    /// What the client draws at its start, such as its first sequence number.
    pub draw: u64,
    /// The image to install.
    pub image: Image,
    /// Images to install with it, such as the firmware of another core.
    pub more_images: Vec<Image>,
}

impl ClientConfig {
    /// The settings that the client has when its user sets nothing.
    ///
    /// Connection attempts and pauses are those of the Android library (`McuMgrBleTransport`:
    /// `retry(3, 500)`; an attempt ends after 30 s, the stack's limit), also where it is a user who
    /// tries again (model choice). Discovery begins at once, except where a line says otherwise.
    ///
    /// - Android: window 1, alignment 1, mode test and confirm, estimated swap time 0
    ///   (`FirmwareUpgradeManager.Settings`); its sample app sets 3, 4 and 10 s. The Android BLE
    ///   library waits 300 ms before discovery when not bonded (`BleManager`).
    /// - iOS: pipeline of 1, no alignment (`FirmwareUpgradeConfiguration`); its sample app sets 3,
    ///   4 and 10 s. It connects once, for 20 s (`CONNECTION_TIMEOUT`). Its own default mode is confirm
    ///   only.
    /// - smpclient, smpmgr: nothing that could be set but the link MTU under UDP, 1500.
    /// - Sample: 150 octets; it starts discovery at once (`main.c`, `connected`). `len` is the
    ///   image's length, as users of the sample correct it.
    pub fn new(strategy: StrategyKind, image: Image) -> Self {
        let discovery_delay = match strategy {
            StrategyKind::Android => Span::from_ms(300),
            _ => Span::ZERO,
        };
        let (connect_timeout, connect_retries) = match strategy {
            StrategyKind::Ios => (Span::from_s(20), 0),
            _ => (Span::from_s(30), 3),
        };
        Self {
            strategy,
            window: 1,
            chunk: 150,
            mode: Mode::default(),
            erase_settings: false,
            estimated_swap: Span::ZERO,
            connect_timeout,
            connect_retries,
            connect_retry_pause: Span::from_ms(500),
            discovery_delay,
            era: Era::default(),
            memory_alignment: 0,
            len_rule: LenRule::default(),
            uplink: None,
            mtu_option: 0,
            frame_max: 0,
            serial_line: 0,
            auto_frame: false,
            sends_sha: true,
            answer_timeout: None,
            user_retries: 3,
            clears_pending: false,
            version_buf: 0,
            other: OtherOptions::default(),
            draw: 0,
            image,
            more_images: Vec::new(),
        }
    }

    /// Octets of the longest frame of a client with its own buffer, when server and link take
    /// `taken`.
    pub(crate) const fn longest_frame(&self, taken: u16) -> u16 {
        match self.frame_max {
            0 => taken,
            own if own < taken => own,
            _ => taken,
        }
    }

    /// The strategy that these settings describe.
    pub fn build_strategy(&self) -> Box<dyn Strategy> {
        strategies::build(self)
    }
}
