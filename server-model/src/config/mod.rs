//! What a server is built with: Kconfig options as settings, eras of Zephyr as profiles.

mod facts;
mod fs;
mod hook;
mod quirks;
mod rtc;
mod settings;
mod shell;
mod switches;

pub use facts::{DeviceFacts, StatGroup, Thread};
pub use fs::FsOptions;
pub use hook::HookRefusal;
pub use quirks::{Profile, Quirks};
pub use rtc::Rtc;
pub use settings::{Setting, SettingsOptions};
pub use shell::{ShellAction, ShellCommand, ShellOptions};
pub use switches::{SWITCHES, Switch};

use flash_model::{Area, BootMode, Geometry, Layout, LayoutError};
use sim_core::Span;
use smp_wire::cbor::MapForm;
use std::sync::Arc;

/// When the slot is erased for an upload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EraseMode {
    /// All pages that the image needs, and the trailer page, inside the first chunk's request. A part
    /// that needs no erase has them filled with ones (Zephyr `zephyr_img_mgmt.c`,
    /// `flash_area_flatten`).
    #[default]
    UpFront,
    /// Each page just before the first write into it (`CONFIG_IMG_ERASE_PROGRESSIVELY`), the
    /// trailer page with the last chunk. A part that needs no erase has only that one filled with
    /// ones: streams ask for its erase capability (Zephyr `flash_params_get_erase_cap`), and the
    /// trailer is cleared all the same (`flash_img.c`, `scramble_mcuboot_trailer`).
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
    /// Octets of a datagram that are read; the rest is cut off
    /// (`CONFIG_MCUMGR_TRANSPORT_UDP_MTU`).
    pub udp_mtu: u32,
    /// Requests of SMP version 1 are served by eras that know version 2
    /// (`CONFIG_MCUMGR_SMP_SUPPORT_ORIGINAL_PROTOCOL`).
    pub original_protocol: bool,
    /// The image group is built in (`CONFIG_MCUMGR_GRP_IMG`).
    pub image: bool,
    /// The statistics group is built in (`CONFIG_MCUMGR_GRP_STAT`).
    pub stat: bool,
    /// The settings group is built in (`CONFIG_MCUMGR_GRP_SETTINGS`).
    pub settings: bool,
    /// What it is built with.
    pub settings_options: Arc<SettingsOptions>,
    /// The file group is built in (`CONFIG_MCUMGR_GRP_FS`).
    pub fs: bool,
    /// What it is built with, and its file system.
    pub fs_options: Arc<FsOptions>,
    /// The shell group is built in (`CONFIG_MCUMGR_GRP_SHELL`).
    pub shell: bool,
    /// What it is built with, and the shell.
    pub shell_options: Arc<ShellOptions>,
    /// The enumeration group is built in (`CONFIG_MCUMGR_GRP_ENUM`).
    pub enumeration: bool,
    /// Its command for details is built in (`CONFIG_MCUMGR_GRP_ENUM_DETAILS`).
    pub enum_details: bool,
    /// Details tell the groups' names (`CONFIG_MCUMGR_GRP_ENUM_DETAILS_NAME`).
    pub enum_names: bool,
    /// Details tell the sizes of the groups' tables of commands
    /// (`CONFIG_MCUMGR_GRP_ENUM_DETAILS_HANDLERS`).
    pub enum_handlers: bool,
    /// Groups that a request for details may name
    /// (`CONFIG_MCUMGR_GRP_ENUM_DETAILS_BUFFER_TYPE_STACK_ENTRIES`).
    pub enum_max_entries: u32,
    /// Octets of the buffer for the name of a group of statistics, the closing 0 among them
    /// (`CONFIG_MCUMGR_GRP_STAT_MAX_NAME_LEN`).
    pub stat_name_len: u32,
    /// The echo command is built in (`CONFIG_OS_MGMT_ECHO`).
    pub echo: bool,
    /// The thread list is built in (`CONFIG_MCUMGR_GRP_OS_TASKSTAT`).
    pub taskstat: bool,
    /// The thread list leaves out what Zephyr does not know
    /// (`CONFIG_MCUMGR_GRP_OS_TASKSTAT_ONLY_SUPPORTED_STATS`).
    pub taskstat_only_supported: bool,
    /// The thread list tells negative priorities as such, instead of as large positive numbers
    /// (`CONFIG_MCUMGR_GRP_OS_TASKSTAT_SIGNED_PRIORITY`).
    pub taskstat_signed_priority: bool,
    /// The information command is built in (`CONFIG_MCUMGR_GRP_OS_INFO`).
    pub info: bool,
    /// Octets of the buffer for the information, the closing 0 among them
    /// (`CONFIG_MCUMGR_GRP_OS_INFO_MAX_RESPONSE_SIZE`).
    pub info_max: u32,
    /// The clock command is built in (`CONFIG_MCUMGR_GRP_OS_DATETIME`).
    pub datetime: bool,
    /// The clock command reads and tells milliseconds (`CONFIG_MCUMGR_GRP_OS_DATETIME_MS`).
    pub datetime_ms: bool,
    /// The clock itself. What a client sets is lost with the next reset.
    pub rtc: Rtc,
    /// The boot loader's name and mode can be asked for (`CONFIG_MCUMGR_GRP_OS_BOOTLOADER_INFO`).
    pub bootloader_info: bool,
    /// The application knows that its boot loader refuses older images
    /// (`CONFIG_MCUBOOT_BOOTLOADER_NO_DOWNGRADE`).
    pub no_downgrade: bool,
    /// The reset command is built in (`CONFIG_REBOOT`).
    pub reset: bool,
    /// What the application answers to a reset request; `None` when it has nothing against it
    /// (`CONFIG_MCUMGR_GRP_OS_RESET_HOOK`).
    pub reset_hook: Option<HookRefusal>,
    /// A request with `force` overrules that application; early servers do not read it.
    pub reset_hook_yields: bool,
    /// A reset request may choose what boots (`CONFIG_MCUMGR_GRP_OS_RESET_BOOT_MODE`).
    pub reset_boot_mode: bool,
    /// The command that tells buffer size and count is built in (`CONFIG_OS_MGMT_MCUMGR_PARAMS`).
    pub params: bool,
    /// The command that erases the storage partition is built in, if there is such a partition
    /// (`CONFIG_MCUMGR_GRP_ZBASIC_STORAGE_ERASE`).
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
    /// Maps and arrays of definite length, and nothing else accepted (`CONFIG_ZCBOR_CANONICAL`).
    pub canonical: bool,
    /// When the slot is erased for an upload.
    pub erase: EraseMode,
    /// A slot with a swap pending may be erased and written
    /// (`CONFIG_MCUMGR_GRP_IMG_ALLOW_ERASE_PENDING`); eras without the option never allow it.
    pub allow_erase_pending: bool,
    /// The image number of an upload names the slot
    /// (`CONFIG_MCUMGR_GRP_IMG_DIRECT_UPLOAD`).
    pub direct_upload: bool,
    /// The last chunk's answer says whether the image is what was announced
    /// (`CONFIG_IMG_ENABLE_IMAGE_CHECK`).
    pub image_check: bool,
    /// Slot sizes can be asked for (`CONFIG_MCUMGR_GRP_IMG_SLOT_INFO`).
    pub slot_info: bool,
    /// Build numbers count when versions are compared
    /// (`CONFIG_MCUMGR_GRP_IMG_VERSION_CMP_USE_BUILD_NUMBER`).
    pub compare_build_number: bool,
    /// Octets at the end of a slot that the boot loader keeps for itself, as the check of an upload's
    /// size takes them into account; `None` when it does not
    /// (`CONFIG_MCUMGR_GRP_IMG_TOO_LARGE_SYSBUILD`, `CONFIG_MCUBOOT_UPDATE_FOOTER_SIZE`).
    pub update_footer: Option<u32>,
    /// An image with a fixed address may only be uploaded to that address
    /// (`CONFIG_MCUMGR_GRP_IMG_REJECT_DIRECT_XIP_MISMATCHED_SLOT`).
    pub reject_mismatched_slot: bool,
    /// The secondary slot of an image besides the first may be confirmed
    /// (`CONFIG_MCUMGR_GRP_IMG_ALLOW_CONFIRM_NON_ACTIVE_IMAGE_SECONDARY`); early servers always
    /// allow it.
    pub confirm_other_secondary: bool,
    /// Any slot of an image besides the first may be confirmed
    /// (`CONFIG_MCUMGR_GRP_IMG_ALLOW_CONFIRM_NON_ACTIVE_IMAGE_ANY`).
    pub confirm_other_images: bool,
    /// What the application answers to each chunk that would be written; `None` when it has nothing
    /// against it (`CONFIG_MCUMGR_GRP_IMG_UPLOAD_CHECK_HOOK`).
    pub upload_hook: Option<HookRefusal>,
    /// Octets collected in RAM before a flash write (`CONFIG_IMG_BLOCK_BUF_SIZE`).
    pub stream_buf: u32,
    /// Milliseconds between a reset request and the reset (`CONFIG_OS_MGMT_RESET_MS`).
    pub reset_ms: u32,
    /// Time of the processor for each request, from its turn to its handler's first step.
    pub cpu: Span,
    /// Time of the processor for each octet of a request, header included, on top of `cpu`.
    pub cpu_per_octet: Span,
    /// SHA-256 of the processor, octets a second; 0 when hashing takes no time.
    pub sha_bytes_per_s: u32,
    /// Ask for a fast connection while requests arrive
    /// (`CONFIG_MCUMGR_SMP_BT_CONN_PARAM_CONTROL`).
    pub conn_param_control: bool,
    /// The boot loader that the application was built for (`CONFIG_MCUBOOT_BOOTLOADER_MODE_*`).
    pub boot_mode: BootMode,
    /// The slot that the application runs from, 0 or 1: where the boot loader runs images in place,
    /// it may be 1 (`CONFIG_FLASH_LOAD_OFFSET`). It changes from boot to boot:
    /// [`Server::set_active_slot`](crate::Server::set_active_slot).
    pub active_slot: u8,
    /// Partitions.
    pub layout: Layout,
    /// Primary and secondary slot of each image besides the first
    /// (`CONFIG_UPDATEABLE_IMAGE_NUMBER` less one).
    pub more_images: Vec<[Area; 2]>,
    /// What the device says of itself.
    pub facts: Arc<DeviceFacts>,
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
    /// An image has two slots.
    #[error("active_slot is {0}: an application runs from slot 0 or 1")]
    ActiveSlot(u8),
    /// The partitions do not fit the part.
    #[error(transparent)]
    Layout(#[from] LayoutError),
}

/// An SMP header, a map, `rc` and a code.
const MIN_BUF_SIZE: u32 = 16;

/// The longest payload that a header can announce, and the header.
const MAX_BUF_SIZE: u32 = u16::MAX as u32 + smp_wire::header::HEADER_LEN as u32;

impl ServerConfig {
    /// Whether such a server could be built for a part of this geometry.
    pub fn check(&self, geometry: &Geometry) -> Result<(), ConfigError> {
        self.check_with(geometry, None)
    }

    /// The same with an external part, whose addresses are given, beside that of this geometry.
    pub fn check_with(
        &self,
        geometry: &Geometry,
        external: Option<Area>,
    ) -> Result<(), ConfigError> {
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
        if self.active_slot > 1 {
            return Err(ConfigError::ActiveSlot(self.active_slot));
        }
        self.layout.check_with(geometry, external)?;
        Ok(self.check_more_images(geometry, external)?)
    }

    /// The slots of the other images must fit the part, and overlap neither each other nor any
    /// partition.
    fn check_more_images(
        &self,
        geometry: &Geometry,
        external: Option<Area>,
    ) -> Result<(), LayoutError> {
        let pairs = || std::iter::once(&self.layout.slots).chain(&self.more_images);
        for (n, &slots) in self.more_images.iter().enumerate() {
            Layout { slots, ..self.layout }.check_with(geometry, external)?;
            let mut others = pairs().take(n + 1).flatten();
            if others.any(|other| slots.iter().any(|slot| slot.overlaps(other))) {
                return Err(LayoutError::Overlap { a: "another image's", b: "image" });
            }
        }
        Ok(())
    }

    /// The same without the commands that its era does not have.
    pub(crate) fn in_its_era(mut self) -> Self {
        let exist = self.profile.quirks().newer_commands;
        for option in [
            &mut self.slot_info,
            &mut self.enumeration,
            &mut self.settings,
            &mut self.datetime,
            &mut self.bootloader_info,
            &mut self.reset_boot_mode,
        ] {
            *option &= exist;
        }
        self
    }

    /// The longest frame, in octets.
    pub(crate) const fn frame_max(&self) -> usize {
        let size = if self.buf_size < MAX_BUF_SIZE { self.buf_size } else { MAX_BUF_SIZE };
        size as usize
    }

    /// How maps and arrays are written.
    pub(crate) const fn form(&self) -> MapForm {
        if self.canonical { MapForm::Definite } else { MapForm::Indefinite }
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
            udp_mtu: 1500,
            original_protocol: true,
            image: true,
            stat: false,
            settings: false,
            settings_options: Arc::default(),
            fs: false,
            fs_options: Arc::default(),
            shell: false,
            shell_options: Arc::default(),
            enumeration: false,
            enum_details: true,
            enum_names: true,
            enum_handlers: true,
            enum_max_entries: 16,
            stat_name_len: 32,
            echo: true,
            taskstat: false,
            taskstat_only_supported: true,
            taskstat_signed_priority: true,
            info: false,
            info_max: 256,
            datetime: false,
            datetime_ms: false,
            rtc: Rtc::Unset,
            bootloader_info: false,
            no_downgrade: false,
            reset: true,
            reset_hook: None,
            reset_hook_yields: true,
            reset_boot_mode: false,
            params: false,
            erase_storage: false,
            legacy_rc: false,
            verbose_errors: false,
            frugal_list: false,
            canonical: false,
            erase: EraseMode::UpFront,
            allow_erase_pending: true,
            direct_upload: false,
            image_check: false,
            slot_info: false,
            compare_build_number: false,
            update_footer: None,
            reject_mismatched_slot: false,
            confirm_other_secondary: true,
            confirm_other_images: false,
            upload_hook: None,
            stream_buf: 512,
            reset_ms: 250,
            cpu: Span::ZERO,
            cpu_per_octet: Span::ZERO,
            sha_bytes_per_s: 0,
            conn_param_control: false,
            boot_mode: BootMode::SwapMove,
            active_slot: 0,
            layout: Layout::nrf52840dk(),
            more_images: Vec::new(),
            facts: Arc::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ConfigError, ServerConfig};
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
}
