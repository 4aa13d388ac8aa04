//! What a server is built with: Kconfig options as settings, eras of Zephyr as profiles.

use flash_model::{BootMode, Geometry, Layout, LayoutError};
use sim_core::Span;

/// Which era of Zephyr's server answers. An era is a set of [`Quirks`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// Through Zephyr 3.2.0 (nRF Connect SDK 2.0): as `Z32`, and success replies of upload and
    /// erase carry `rc: 0` first.
    Z30,
    /// Zephyr 3.2.99 (nRF Connect SDK 2.3 and 2.4): SMP version 1 only.
    #[default]
    Z32,
}

/// One switch for each difference between eras that a client can observe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quirks {
    /// Success replies of upload and erase begin with `rc: 0`, as
    /// `CONFIG_MCUMGR_SMP_LEGACY_RC_BEHAVIOUR` does in later eras (mcumgr `img_mgmt.c` before
    /// zcbor).
    pub success_carries_rc: bool,
    /// The highest SMP version that is understood; responses carry the lower of this and the
    /// request's. The version bits of the 3.2 header are reserved: ignored on input, 0 on output
    /// (Zephyr 3.2 `smp.h`, `struct smp_hdr`).
    pub max_version: u8,
    /// An operation other than read or write is refused with `ENOTSUP` before the handler is
    /// looked up. 3.2 looks it up first and then answers `EINVAL` (Zephyr `smp.c`,
    /// `smp_handle_single_req`).
    pub op_checked_first: bool,
    /// An erase whose reply is empty says `EMSGSIZE` after erasing: `img_mgmt_erase` of 3.2 starts
    /// with a success flag that only the legacy `rc` sets (Zephyr 3.2 `img_mgmt.c`).
    pub bare_erase_reply_fails: bool,
    /// A chunk that is refused leaves the upload in progress alone; later eras forget the upload
    /// (Zephyr `img_mgmt.c`, `img_mgmt_upload`).
    pub refused_chunk_keeps_upload: bool,
    /// A slot with a swap pending counts as in use: neither upload nor erase may touch it (Zephyr
    /// 3.2 `img_mgmt_state.c`, `img_mgmt_slot_in_use`).
    pub pending_slot_in_use: bool,
    /// Confirming the running image answers the list whatever came of it: `img_mgmt_state_confirm`
    /// of 3.2 computes an error and returns 0 (Zephyr 3.2 `img_mgmt_state.c`).
    pub confirm_hides_errors: bool,
    /// The running image counts as one on trial only while the other slot's trailer magic is
    /// erased; later any magic will do unless it asks for a swap (MCUboot of 2022
    /// `bootutil_public.c`, `boot_swap_tables`, as linked into the application).
    pub revert_needs_erased_magic: bool,
    /// Testing or confirming an image whose trailer magic is damaged erases its slot before the
    /// error; later nothing is touched (MCUboot of 2022 `bootutil_public.c`,
    /// `boot_set_pending_multi`).
    pub damaged_trailer_costs_slot: bool,
    /// A second reset request starts the delay over (`k_timer_start` in 3.2, `k_work_schedule`
    /// later; Zephyr `os_mgmt.c`, `os_mgmt_reset`).
    pub reset_restarts_delay: bool,
}

/// When the slot is erased for an upload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EraseMode {
    /// All pages that the image needs, and the trailer page, inside the first chunk's request.
    #[default]
    UpFront,
    /// Each page just before the first write into it (`CONFIG_IMG_ERASE_PROGRESSIVELY`), the
    /// trailer page with the last chunk.
    Progressive,
}

/// What a server is built with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerConfig {
    /// The era.
    pub profile: Profile,
    /// Octets of one buffer (`CONFIG_MCUMGR_BUF_SIZE`): the longest request, and the longest
    /// response.
    pub buf_size: u32,
    /// Buffers shared by requests, a partial request and responses (`CONFIG_MCUMGR_BUF_COUNT`).
    pub buf_count: u32,
    /// Requests may span several GATT writes (`CONFIG_MCUMGR_SMP_REASSEMBLY_BT`).
    pub reassembly: bool,
    /// The echo command is built in (`CONFIG_OS_MGMT_ECHO`).
    pub echo: bool,
    /// The command that tells buffer size and count is built in (`CONFIG_OS_MGMT_MCUMGR_PARAMS`).
    pub params: bool,
    /// The command that erases the storage partition is built in, if there is such a partition
    /// (`CONFIG_MCUMGR_GRP_ZEPHYR_BASIC_STORAGE_ERASE`).
    pub erase_storage: bool,
    /// `rc: 0` first in success replies (`CONFIG_MCUMGR_SMP_LEGACY_RC_BEHAVIOUR`); `Z30` always
    /// does so.
    pub legacy_rc: bool,
    /// Refusals may state a reason, key `rsn` (`CONFIG_MGMT_VERBOSE_ERR_RESPONSE` and
    /// `CONFIG_IMG_MGMT_VERBOSE_ERR`).
    pub verbose_errors: bool,
    /// The image list leaves out flags that are false, and `splitStatus`
    /// (`CONFIG_IMG_MGMT_FRUGAL_LIST`).
    pub frugal_list: bool,
    /// When the slot is erased for an upload.
    pub erase: EraseMode,
    /// Octets collected in RAM before a flash write (`CONFIG_IMG_BLOCK_BUF_SIZE`).
    pub stream_buf: u32,
    /// Milliseconds between a reset request and the reset (`CONFIG_OS_MGMT_RESET_MS`).
    pub reset_ms: u32,
    /// Time of the processor for each request, from its turn to its handler's first step.
    pub cpu: Span,
    /// Ask for a fast connection while requests arrive
    /// (`CONFIG_MCUMGR_SMP_BT_CONN_PARAM_CONTROL`).
    pub conn_param_control: bool,
    /// The boot loader that the application was built for (`CONFIG_MCUBOOT_BOOTLOADER_MODE_*`).
    pub boot_mode: BootMode,
    /// Partitions.
    pub layout: Layout,
}

/// Why a configuration describes no server that could be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A request alone needs one.
    #[error("buf_count is 0: a server needs at least one buffer")]
    NoBuffer,
    /// Not even an error response fits.
    #[error("buf_size is {0}: an SMP header and an error code need at least {min} octets", min = MIN_BUF_SIZE)]
    BufferTooSmall(u32),
    /// A 16-bit length cannot say so much.
    #[error("buf_size is {0}: more than the length field of an SMP header can express")]
    BufferTooLarge(u32),
    /// `stream_flash_init` refuses it.
    #[error(
        "stream_buf is {stream_buf}: not a multiple of the write size {write_size}, zero, or larger than a page of {page}"
    )]
    StreamBuffer {
        /// The setting.
        stream_buf: u32,
        /// Write size of the part.
        write_size: u32,
        /// Page size of the part.
        page: u32,
    },
    /// The partitions do not fit the part.
    #[error(transparent)]
    Layout(#[from] LayoutError),
}

/// An SMP header, a map, `rc` and a code.
const MIN_BUF_SIZE: u32 = 16;

/// The longest payload that a header can announce, and the header.
const MAX_BUF_SIZE: u32 = u16::MAX as u32 + smp_wire::header::HEADER_LEN as u32;

impl Profile {
    /// The switches of this era.
    pub const fn quirks(self) -> Quirks {
        Quirks {
            success_carries_rc: matches!(self, Self::Z30),
            max_version: 0,
            op_checked_first: false,
            bare_erase_reply_fails: true,
            refused_chunk_keeps_upload: true,
            pending_slot_in_use: true,
            confirm_hides_errors: true,
            revert_needs_erased_magic: true,
            damaged_trailer_costs_slot: true,
            reset_restarts_delay: true,
        }
    }
}

impl ServerConfig {
    /// Whether such a server could be built for a part of this geometry.
    pub fn check(&self, geometry: &Geometry) -> Result<(), ConfigError> {
        let Geometry { page, write_size, .. } = *geometry;
        if self.buf_count == 0 {
            return Err(ConfigError::NoBuffer);
        }
        if self.buf_size < MIN_BUF_SIZE {
            return Err(ConfigError::BufferTooSmall(self.buf_size));
        }
        if self.buf_size > MAX_BUF_SIZE {
            return Err(ConfigError::BufferTooLarge(self.buf_size));
        }
        let stream_buf = self.stream_buf;
        if stream_buf == 0 || stream_buf > page || !stream_buf.is_multiple_of(write_size) {
            return Err(ConfigError::StreamBuffer { stream_buf, write_size, page });
        }
        Ok(self.layout.check(geometry)?)
    }

    /// The longest frame, in octets.
    pub(crate) const fn frame_max(&self) -> usize {
        let size = if self.buf_size < MAX_BUF_SIZE { self.buf_size } else { MAX_BUF_SIZE };
        size as usize
    }

    /// Whether success replies of upload and erase begin with `rc: 0`.
    pub(crate) const fn success_carries_rc(&self) -> bool {
        self.legacy_rc || self.profile.quirks().success_carries_rc
    }
}

impl Default for ServerConfig {
    /// Zephyr's own defaults on an nRF52840 DK: 4 buffers of 384 octets, no reassembly, echo, up-front
    /// erase (Zephyr 3.2 `subsys/mgmt/mcumgr/Kconfig` and `lib/cmd/*/Kconfig`).
    fn default() -> Self {
        Self {
            profile: Profile::Z32,
            buf_size: 384,
            buf_count: 4,
            reassembly: false,
            echo: true,
            params: false,
            erase_storage: false,
            legacy_rc: false,
            verbose_errors: false,
            frugal_list: false,
            erase: EraseMode::UpFront,
            stream_buf: 512,
            reset_ms: 250,
            cpu: Span::ZERO,
            conn_param_control: false,
            boot_mode: BootMode::SwapMove,
            layout: Layout::nrf52840dk(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ConfigError, Profile, ServerConfig};
    use flash_model::Part;

    #[test]
    fn the_defaults_can_be_built() {
        assert_eq!(ServerConfig::default().check(&Part::nrf52840().geometry), Ok(()));
    }

    #[test]
    fn each_fault_is_named() {
        let geometry = Part::nrf52840().geometry;
        let good = ServerConfig::default;
        let fault = |config: ServerConfig| config.check(&geometry).unwrap_err();
        assert_eq!(fault(ServerConfig { buf_count: 0, ..good() }), ConfigError::NoBuffer);
        assert_eq!(fault(ServerConfig { buf_size: 8, ..good() }), ConfigError::BufferTooSmall(8));
        assert_eq!(
            fault(ServerConfig { buf_size: 65_544, ..good() }),
            ConfigError::BufferTooLarge(65_544)
        );
        for stream_buf in [0, 510, 8192] {
            assert!(matches!(
                fault(ServerConfig { stream_buf, ..good() }),
                ConfigError::StreamBuffer { .. }
            ));
        }
        assert!(matches!(good().check(&Part::nrf52833().geometry), Err(ConfigError::Layout(_))));
    }

    #[test]
    fn z30_differs_from_z32_by_the_leading_rc_alone() {
        let mut z30 = Profile::Z30.quirks();
        assert!(z30.success_carries_rc);
        z30.success_carries_rc = false;
        assert_eq!(z30, Profile::Z32.quirks());
    }
}
