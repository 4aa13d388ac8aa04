//! Every key of a scenario: its type, its range, its default and where that comes from.
//!
//! The table is the single source of what may stand in a scenario file, of `--set`, and of what
//! `--explain` prints.

use super::air::{ENVIRONMENTS, RADIOS};
use super::layout::{LAYOUTS, PARTS, SECONDARY};
use super::overlay::{CENTRAL_NAMES, CPU_NAMES, PERIPHERAL_NAMES};
use super::pipe::KINDS;
use client_model::{ClientError, StrategyKind};
use flash_model::{BootMode, EXTERNAL_BASE, Part};
use server_model::Profile;

/// What values a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A whole number in a range, both ends included.
    Int {
        /// Smallest value.
        min: i64,
        /// Largest value.
        max: i64,
    },
    /// `true` or `false`.
    Bool,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// An image version, `1.2.3` or `1.2.3+4`.
    Version,
    /// 32 octets as 64 hex digits, or empty.
    Hash,
    /// Name of a file, or empty.
    Path,
    /// One line of text, perhaps empty; what is in it is for the key to say.
    Text,
    /// `none`, a code of the protocol, or group and code as `1/9`.
    Refusal,
    /// `none`, `last`, or a number counted from 1.
    Nth,
}

/// One key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Dotted path, units in the name.
    pub path: &'static str,
    /// Type and range.
    pub kind: Kind,
    /// Default as it would be written in a scenario.
    pub default: &'static str,
    /// What it is.
    pub doc: &'static str,
    /// Where the default comes from.
    pub source: &'static str,
}

impl Key {
    /// Whether numbers of this key are addresses or sizes that people read in hex.
    pub fn is_hex(&self) -> bool {
        self.default.starts_with("0x")
    }
}

type Text = &'static str;

const fn int(path: Text, range: (i64, i64), default: Text, doc: Text, source: Text) -> Key {
    Key { path, kind: Kind::Int { min: range.0, max: range.1 }, default, doc, source }
}

const fn bool(path: Text, default: Text, doc: Text, source: Text) -> Key {
    Key { path, kind: Kind::Bool, default, doc, source }
}

const fn choice(path: Text, words: &'static [Text], default: Text, doc: Text, source: Text) -> Key {
    Key { path, kind: Kind::Choice(words), default, doc, source }
}

const fn version(path: Text, default: Text, doc: Text, source: Text) -> Key {
    Key { path, kind: Kind::Version, default, doc, source }
}

const fn file(path: Text, doc: Text, source: Text) -> Key {
    Key { path, kind: Kind::Path, default: "", doc, source }
}

const fn text(path: Text, default: Text, doc: Text, source: Text) -> Key {
    Key { path, kind: Kind::Text, default, doc, source }
}

const fn refusal(path: Text, doc: Text, source: Text) -> Key {
    Key { path, kind: Kind::Refusal, default: "none", doc, source }
}

const fn nth(path: Text, doc: Text, source: Text) -> Key {
    Key { path, kind: Kind::Nth, default: "none", doc, source }
}

const fn hash(path: Text, doc: Text, source: Text) -> Key {
    Key { path, kind: Kind::Hash, default: "", doc, source }
}

/// One mebibyte: as large as most parts are.
const MIB: i64 = 1 << 20;

/// Two mebibytes: no part with a processor is larger.
const ON_CHIP: i64 = 2 * MIB;

/// Address behind the external part.
const EXTERNAL_END: i64 = EXTERNAL_BASE as i64 + Part::mx25r6435f().geometry.size as i64;

/// Outcomes that a scenario can expect.
pub const OUTCOMES: &[&str] = &["confirmed", "tested", "uploaded", "reverted", "failed"];

/// Errors that a scenario can expect: the client's, and the run's own limit.
pub const ERRORS: &[&str] = &{
    let mut names = ["none"; ClientError::NAMES.len() + 2];
    names[1] = "time_limit";
    let mut i = 0;
    while i < ClientError::NAMES.len() {
        names[i + 2] = ClientError::NAMES[i];
        i += 1;
    }
    names
};

/// Upload strategies.
pub const STRATEGIES: &[&str] = &{
    let mut names = [""; StrategyKind::ALL.len()];
    let mut i = 0;
    while i < names.len() {
        names[i] = StrategyKind::ALL[i].name();
        i += 1;
    }
    names
};

/// Modes of the boot loader.
const BOOT_MODES: &[&str] = &{
    let mut names = [""; BootMode::ALL.len()];
    let mut i = 0;
    while i < names.len() {
        names[i] = BootMode::ALL[i].name();
        i += 1;
    }
    names
};

/// Eras of the server.
const PROFILES: &[&str] = &{
    let mut names = [""; Profile::ALL.len()];
    let mut i = 0;
    while i < names.len() {
        names[i] = Profile::ALL[i].name();
        i += 1;
    }
    names
};

/// All keys, grouped by section, in the order in which `--explain` prints them.
#[rustfmt::skip]
pub const KEYS: &[Key] = &[
    choice("expect.outcome", OUTCOMES, "confirmed", "what the run must end with for exit status 0", "reference scenario"),
    choice("expect.error", ERRORS, "none", "error that an expected failure must have", "reference scenario"),
    int("run.limit_s", (1, 86_400), "900", "a run that lasts longer ends as failed, time_limit", "model choice"),
    // The image to install and what the slots hold.
    version("image.version", "1.1.0", "version of the new image", "reference scenario"),
    int("image.size", (600, MIB), "373928", "header, body and TLVs, octets", "a user's gateway log of January 2023"),
    int("image.hdr_size", (32, 0x1000), "0x200", "header with padding, octets, of all generated images", "Zephyr ROM_START_OFFSET"),
    int("image.seed", (0, 0xffff_ffff), "2", "seed of the generated body", "reference scenario"),
    hash("image.tlv_sha256", "stated SHA-256 TLV of an image that is known only by its list entry; empty: computed", "reference scenario"),
    bool("image.force", "false", "take an image that is too large for the boot loader's mode, to see what the device makes of it; false: such a scenario is refused", "model choice"),
    int("image1.size", (0, MIB), "0", "size of an image 1 to install with it, such as the network core's firmware, octets; 0: none. It needs server.images = 2 and its slots in [layout]", "reference scenario"),
    version("image1.version", "1.1.0", "version of image 1", "model choice"),
    int("image1.seed", (0, 0xffff_ffff), "5", "seed of its body", "model choice"),
    version("slot0.version", "1.0.0", "version of the running image", "reference scenario"),
    int("slot0.size", (600, MIB), "373928", "size of the running image, octets", "as image.size"),
    int("slot0.seed", (0, 0xffff_ffff), "1", "seed of its body", "reference scenario"),
    hash("slot0.tlv_sha256", "as image.tlv_sha256, for the running image", "reference scenario"),
    choice("slot1.content", &["erased", "old", "new"], "erased", "what slot 1 holds at the start: nothing, an older image, or the very image to install", "reference scenario"),
    version("slot1.version", "0.9.0", "version of the older image in slot 1", "reference scenario"),
    int("slot1.size", (600, MIB), "373928", "size of the older image in slot 1, octets", "as image.size"),
    int("slot1.seed", (0, 0xffff_ffff), "3", "seed of its body", "model choice"),
    choice("slot1.mark", &["none", "test", "permanent"], "none", "upgrade request in the trailer of slot 1 at the start", "reference scenario"),
    // Flash.
    choice("flash.part", PARTS, "nrf52840", "times of erases and writes, sizes, and the layout unless layout.preset or layout.file names one", "Product Specifications, NVMC; nRF54L15 Datasheet, RRAMC"),
    choice("flash.secondary", SECONDARY, "none", "an external part that slot 1 lies in; it halts neither processor nor radio", "slots on the chip in Zephyr's devicetrees"),
    choice("flash.radio_sync", &["none", "ticker", "mpsl", "softdevice"], "none", "whose time flash work waits for: nobody's, Zephyr's own controller's, the SoftDevice Controller's, or a SoftDevice's", "Zephyr SOC_FLASH_NRF_RADIO_SYNC without Zephyr's own controller"),
    bool("flash.partial_erase", "false", "SOC_FLASH_NRF_PARTIAL_ERASE: pages are erased in slices", "Zephyr default"),
    int("flash.partial_erase_ms", (2, 44), "3", "SOC_FLASH_NRF_PARTIAL_ERASE_MS, nominal length of a slice", "Zephyr default"),
    int("flash.partial_erase_factor_ppm", (900_000, 1_100_000), "1000000", "real length of a slice, in millionths of the nominal one; about 1050000 on silicon", "nominal, as drivers count"),
    int("flash.timeout_multiplier", (1, 1_000), "10", "SOC_FLASH_NRF_TIMEOUT_MULTIPLIER: limit of a flash call under flash.radio_sync, 2.296 s each; more by default with ticker and slices", "Zephyr default"),
    bool("flash.deaf_on_write", "true", "with flash.radio_sync none; false: only erases make the radio deaf, not writes", "NVMC halts the processor in both"),
    choice("layout.preset", LAYOUTS, "nrf52840dk", "partitions, as far as the keys below do not change them; unset: those of the development kit of flash.part", "Zephyr's devicetrees"),
    file("layout.file", "partitions.yml, pm_static.yml or devicetree to take partitions from instead, beside this file; empty: the preset", "reference scenario"),
    int("layout.slot0_start", (0, ON_CHIP), "0xc000", "start of slot 0", "layout.preset"),
    int("layout.slot1_start", (0, EXTERNAL_END), "0x82000", "start of slot 1; 0x12000000 and up lies in flash.secondary, and is the default with one", "layout.preset"),
    int("layout.slot_size", (0x1000, ON_CHIP), "0x76000", "size of slot 0, octets", "layout.preset"),
    int("layout.slot1_size", (0x1000, ON_CHIP), "0x76000", "size of slot 1, octets; as layout.slot_size when only that is set", "layout.preset"),
    int("layout.scratch_start", (0, ON_CHIP), "0x0", "start of the scratch partition", "layout.preset"),
    int("layout.scratch_size", (0, ON_CHIP), "0x0", "size of the scratch partition, octets; 0: none", "layout.preset"),
    int("layout.storage_start", (0, ON_CHIP), "0xf8000", "start of the storage partition", "layout.preset"),
    int("layout.storage_size", (0, ON_CHIP), "0x8000", "size of the storage partition, octets; 0: none", "layout.preset"),
    int("layout.slot2_start", (0, ON_CHIP), "0x0", "start of the primary slot of image 1", "no second image"),
    int("layout.slot2_size", (0, ON_CHIP), "0x0", "size of the primary slot of image 1, octets; 0: none", "no second image"),
    int("layout.slot3_start", (0, ON_CHIP), "0x0", "start of the secondary slot of image 1", "no second image"),
    int("layout.slot3_size", (0, ON_CHIP), "0x0", "size of the secondary slot of image 1, octets; 0: as layout.slot2_size", "no second image"),
    int("layout.slot4_start", (0, ON_CHIP), "0x0", "start of the primary slot of image 2", "no third image"),
    int("layout.slot4_size", (0, ON_CHIP), "0x0", "size of the primary slot of image 2, octets; 0: none", "no third image"),
    int("layout.slot5_start", (0, ON_CHIP), "0x0", "start of the secondary slot of image 2", "no third image"),
    int("layout.slot5_size", (0, ON_CHIP), "0x0", "size of the secondary slot of image 2, octets; 0: as layout.slot4_size", "no third image"),
    // Boot loader.
    choice("boot.mode", BOOT_MODES, "swap-move", "MCUboot upgrade mode; swap-scratch needs a layout with a scratch partition", "Zephyr port of MCUboot 1.10 to 2.2"),
    int("boot.max_sectors", (0, 4_096), "128", "pages that the trailer has room for; 0: as many as the larger slot has (MCUboot 2.2 and later), which is the default for slots of more than 128 pages", "MCUBOOT_MAX_IMG_SECTORS"),
    bool("boot.validate_primary", "true", "hash the primary slot at each boot", "MCUBOOT_VALIDATE_PRIMARY_SLOT"),
    choice("boot.downgrade", &["allow", "prevent"], "allow", "whether a lower version may be installed; prevent: it is erased at boot", "MCUBOOT_DOWNGRADE_PREVENTION off"),
    bool("boot.bootstrap", "false", "install a valid image of slot 1 when slot 0 holds none", "MCUBOOT_BOOTSTRAP off"),
    int("boot.sha_Bps", (1_000, 1_000_000_000), "500000", "SHA-256 of the boot loader, octets a second", "model choice for 64 MHz"),
    // A supply that fails once.
    int("power.cut_us", (0, 86_400_000_000), "0", "moment at which the device's supply fails; 0: never", "model choice"),
    choice("power.level", &["atomic", "torn"], "torn", "what is left of a flash operation in progress: nothing, or as much as its time allowed", "model choice"),
    int("power.off_us", (1, 86_400_000_000), "100000", "how long the supply is away", "model choice"),
    // What goes wrong between client and server.
    nth("fault.drop_request", "the upload request, counted with repetitions, whose writes all vanish at the server, as for want of a buffer; last: the first that reaches the end of the image", "reference scenario"),
    nth("fault.drop_fragment", "the upload request whose first write vanishes so, while what follows it arrives", "reference scenario"),
    nth("fault.drop_response", "the upload request whose answer vanishes at the client, after it came over the link", "reference scenario"),
    nth("fault.late_response", "the upload request whose answer reaches the client late", "reference scenario"),
    int("fault.late_ms", (1, 600_000), "1000", "how late that answer is", "model choice"),
    // SMP server.
    choice("server.profile", PROFILES, "z32", "era of Zephyr's server: z30 to 3.2.0, z32 3.2.99, both SMP v1; z37 3.7 and z4x 4.4, v1 and v2", "reference scenario"),
    int("server.buf_size", (64, 65_535), "512", "MCUMGR_TRANSPORT_NETBUF_SIZE, octets; Zephyr's default is 384", "reference scenario"),
    int("server.buf_count", (1, 64), "4", "MCUMGR_TRANSPORT_NETBUF_COUNT", "Zephyr default"),
    bool("server.reassembly", "false", "MCUMGR_TRANSPORT_BT_REASSEMBLY", "Zephyr default"),
    bool("server.conn_param_control", "false", "MCUMGR_TRANSPORT_BT_CONN_PARAM_CONTROL", "Zephyr default"),
    bool("server.legacy_rc", "false", "MCUMGR_SMP_LEGACY_RC_BEHAVIOUR: `rc: 0` first in success replies; z30 always does so", "Zephyr default"),
    bool("server.verbose_errors", "false", "MCUMGR_SMP_VERBOSE_ERR_RESPONSE and MCUMGR_GRP_IMG_VERBOSE_ERR: errors may state a reason", "Zephyr default"),
    bool("server.canonical", "false", "ZCBOR_CANONICAL: maps and lists of definite length, and nothing else accepted", "Zephyr default"),
    bool("server.original_protocol", "true", "MCUMGR_SMP_SUPPORT_ORIGINAL_PROTOCOL: SMP v1 is served, from z37 on", "Zephyr default"),
    int("server.udp_mtu", (64, 65_535), "1500", "MCUMGR_TRANSPORT_UDP_MTU, octets of a datagram that are read", "Zephyr default"),
    // Operating system group.
    bool("server.echo", "true", "MCUMGR_GRP_OS_ECHO", "Zephyr default"),
    bool("server.params", "false", "MCUMGR_GRP_OS_MCUMGR_PARAMS: buffer size and count can be asked for", "Zephyr default"),
    bool("server.taskstat", "false", "MCUMGR_GRP_OS_TASKSTAT", "Zephyr default"),
    bool("server.taskstat_only_supported", "true", "MCUMGR_GRP_OS_TASKSTAT_ONLY_SUPPORTED_STATS", "Zephyr default"),
    bool("server.taskstat_signed_priority", "true", "MCUMGR_GRP_OS_TASKSTAT_SIGNED_PRIORITY", "Zephyr default since 3.3"),
    bool("server.info", "false", "MCUMGR_GRP_OS_INFO", "Zephyr default"),
    int("server.info_max", (32, 512), "256", "MCUMGR_GRP_OS_INFO_MAX_RESPONSE_SIZE, octets", "Zephyr default"),
    text("server.node_name", "unknown", "NET_HOSTNAME or else BT_DEVICE_NAME, as the information command tells it", "Zephyr without either"),
    text("server.board", "nrf52840dk_nrf52840", "BOARD, as the information command tells it", "nRF52840 DK"),
    bool("server.datetime", "false", "MCUMGR_GRP_OS_DATETIME", "Zephyr default"),
    bool("server.datetime_ms", "false", "MCUMGR_GRP_OS_DATETIME_MS", "Zephyr default"),
    choice("server.rtc", &["unset", "running", "broken"], "unset", "the clock behind the datetime command", "a clock without a battery"),
    int("server.rtc_epoch_s", (0, 4_102_444_799), "0", "time of a running clock at the start, seconds since 1970", "model choice"),
    bool("server.bootloader_info", "false", "MCUMGR_GRP_OS_BOOTLOADER_INFO", "Zephyr default"),
    bool("server.no_downgrade", "false", "MCUBOOT_BOOTLOADER_NO_DOWNGRADE: the application's knowledge of boot.downgrade", "Zephyr default"),
    bool("server.reset", "true", "REBOOT: the reset command is built in", "implied by MCUMGR_GRP_OS"),
    refusal("server.reset_hook", "MCUMGR_GRP_OS_RESET_HOOK: what the application refuses a reset with", "no hook"),
    bool("server.reset_hook_yields", "true", "a reset request with `force` overrules that hook", "what the documentation asks of hooks"),
    bool("server.reset_boot_mode", "false", "MCUMGR_GRP_OS_RESET_BOOT_MODE: a reset may choose what boots", "Zephyr default"),
    int("server.reset_ms", (0, 60_000), "250", "MCUMGR_GRP_OS_RESET_MS", "Zephyr default"),
    // Image group.
    bool("server.image", "true", "MCUMGR_GRP_IMG; false: nothing can be uploaded", "every server that can be updated"),
    int("server.images", (1, 3), "1", "MCUMGR_GRP_IMG_UPDATABLE_IMAGE_NUMBER; each further image needs its two slots in [layout]", "Zephyr default"),
    choice("server.erase", &["up-front", "progressive"], "progressive", "IMG_ERASE_PROGRESSIVELY; Zephyr's default is up-front", "OTA DFU option of the nRF Connect SDK"),
    int("server.stream_buf", (4, 4_096), "512", "IMG_BLOCK_BUF_SIZE, octets, a multiple of the write size", "Zephyr default"),
    bool("server.frugal_list", "false", "MCUMGR_GRP_IMG_FRUGAL_LIST: what is false is left out of the image list", "Zephyr default"),
    bool("server.slot_info", "false", "MCUMGR_GRP_IMG_SLOT_INFO, from z37 on", "Zephyr default for one image"),
    bool("server.image_check", "false", "IMG_ENABLE_IMAGE_CHECK: the last chunk's answer says whether the SHA-256 matches", "Zephyr default"),
    bool("server.compare_build_number", "false", "MCUMGR_GRP_IMG_VERSION_CMP_USE_BUILD_NUMBER, for uploads of upgrades only", "Zephyr default"),
    bool("server.allow_erase_pending", "true", "MCUMGR_GRP_IMG_ALLOW_ERASE_PENDING; eras before z37 never allow it", "Zephyr default"),
    bool("server.direct_upload", "false", "MCUMGR_GRP_IMG_DIRECT_UPLOAD: the image number of an upload names the slot", "Zephyr default"),
    int("server.update_footer", (0, MIB), "0", "MCUBOOT_UPDATE_FOOTER_SIZE with MCUMGR_GRP_IMG_TOO_LARGE_SYSBUILD, octets; 0: not checked", "Zephyr default"),
    bool("server.reject_mismatched_slot", "false", "MCUMGR_GRP_IMG_REJECT_DIRECT_XIP_MISMATCHED_SLOT", "Zephyr default"),
    bool("server.confirm_other_secondary", "true", "MCUMGR_GRP_IMG_ALLOW_CONFIRM_NON_ACTIVE_IMAGE_SECONDARY", "Zephyr default"),
    bool("server.confirm_other_images", "false", "MCUMGR_GRP_IMG_ALLOW_CONFIRM_NON_ACTIVE_IMAGE_ANY", "Zephyr default"),
    refusal("server.upload_hook", "MCUMGR_GRP_IMG_UPLOAD_CHECK_HOOK: what the application refuses every chunk with", "no hook"),
    // Other groups.
    bool("server.stat", "false", "MCUMGR_GRP_STAT", "Zephyr default"),
    int("server.stat_name_len", (1, 256), "32", "MCUMGR_GRP_STAT_MAX_NAME_LEN, octets", "Zephyr default"),
    bool("server.settings", "false", "MCUMGR_GRP_SETTINGS, from z37 on", "Zephyr default"),
    bool("server.settings_backend", "true", "SETTINGS_NONE=n: settings can be saved in the storage partition", "Zephyr default"),
    int("server.settings_name_len", (2, 256), "32", "MCUMGR_GRP_SETTINGS_NAME_LEN, octets", "Zephyr default"),
    int("server.settings_value_len", (1, 4_096), "256", "MCUMGR_GRP_SETTINGS_VALUE_LEN, octets", "Zephyr default"),
    text("server.settings_values", "", "settings of the application: `name=hex; name=hex`", "an application without settings"),
    text("server.settings_protected", "", "MCUMGR_GRP_SETTINGS_ACCESS_HOOK: heads of names that the application refuses, `name=11; name=3/4`", "no hook"),
    bool("server.fs", "false", "MCUMGR_GRP_FS", "Zephyr default"),
    text("server.fs_mount_point", "/lfs1", "where its volume is mounted", "Zephyr sample smp_svr"),
    int("server.fs_blocks", (2, 256), "8", "erase blocks of its partition", "storage partition of the nRF52840 DK"),
    int("server.fs_path_len", (1, 256), "64", "MCUMGR_GRP_FS_PATH_LEN, octets", "Zephyr default"),
    bool("server.fs_status", "true", "MCUMGR_GRP_FS_FILE_STATUS", "Zephyr default"),
    bool("server.fs_crc32", "false", "MCUMGR_GRP_FS_CHECKSUM_IEEE_CRC32", "Zephyr default"),
    bool("server.fs_sha256", "false", "MCUMGR_GRP_FS_HASH_SHA256", "Zephyr default"),
    bool("server.fs_hash_types", "false", "MCUMGR_GRP_FS_CHECKSUM_HASH_SUPPORTED_CMD", "Zephyr default"),
    bool("server.fs_large_files", "false", "MCUMGR_GRP_FS_MAX_FILE_SIZE_4GB", "Zephyr default"),
    int("server.fs_chunk_limit", (0, 65_535), "0", "MCUMGR_GRP_FS_DL_CHUNK_SIZE, octets; 0: as much as a buffer holds", "Zephyr default"),
    int("server.fs_idle_close_ms", (1, 60_000), "1000", "MCUMGR_GRP_FS_FILE_AUTOMATIC_IDLE_CLOSE_TIME", "Zephyr default"),
    text("server.fs_protected", "", "MCUMGR_GRP_FS_FILE_ACCESS_HOOK: heads of paths that the application refuses, `/lfs1/keys=11`", "no hook"),
    bool("server.shell", "false", "MCUMGR_GRP_SHELL", "Zephyr default"),
    int("server.shell_line_len", (16, 4_096), "256", "SHELL_CMD_BUFF_SIZE, octets", "Zephyr default"),
    int("server.shell_output_len", (16, 65_535), "512", "SHELL_BACKEND_DUMMY_BUF_SIZE, octets", "Zephyr default"),
    bool("server.shell_legacy_return_code", "false", "MCUMGR_GRP_SHELL_LEGACY_RC_RETURN_CODE: `rc` instead of `ret`", "Zephyr default"),
    text("server.shell_commands", "", "commands besides Zephyr's: `word=output; word!-5=output` with a return value", "a build without further options"),
    bool("server.enum", "false", "MCUMGR_GRP_ENUM, from z37 on", "Zephyr default"),
    bool("server.enum_details", "true", "MCUMGR_GRP_ENUM_DETAILS", "the recorded servers"),
    bool("server.enum_names", "true", "MCUMGR_GRP_ENUM_DETAILS_NAME", "Zephyr default"),
    bool("server.enum_handlers", "true", "MCUMGR_GRP_ENUM_DETAILS_HANDLERS", "Zephyr default"),
    int("server.enum_max_entries", (1, 65_535), "16", "MCUMGR_GRP_ENUM_DETAILS_BUFFER_TYPE_STACK_ENTRIES", "Zephyr default"),
    bool("server.erase_storage", "false", "MCUMGR_GRP_ZBASIC_STORAGE_ERASE: the storage partition can be erased", "Zephyr default"),
    choice("server.cpu_preset", CPU_NAMES, "free", "processor that decides the defaults of server.cpu_us, server.cpu_ns_per_octet and server.sha_Bps", "reference scenario"),
    int("server.cpu_us", (0, 1_000_000), "0", "time of the processor per request, whatever is asked for", "model choice: free"),
    int("server.cpu_ns_per_octet", (0, 1_000_000), "0", "time of the processor per octet of a request, for decoding and copying it", "model choice: free"),
    int("server.sha_Bps", (0, 1_000_000_000), "0", "SHA-256 of the application, octets a second, for server.image_check and file hashes; 0: free; boot.sha_Bps is the boot loader's", "model choice: free"),
    int("server.start_us", (0, 60_000_000), "300000", "from the boot loader's jump to advertising", "model choice"),
    int("server.mtu", (23, 517), "498", "BT_L2CAP_TX_MTU of the peripheral", "OTA DFU option of the nRF Connect SDK"),
    choice("server.authentication", &["none", "encrypt", "authenticate"], "none", "what the SMP service demands of a link before a client may write and listen: encryption is MCUMGR_TRANSPORT_BT_PERM_RW_ENCRYPT, authenticated pairing is MCUMGR_TRANSPORT_BT_AUTHEN, later MCUMGR_TRANSPORT_BT_PERM_RW_AUTHEN, which is Zephyr's default where pairing is built in", "OTA DFU option of the nRF Connect SDK: open service"),
    // Link.
    choice("link.kind", KINDS, "ble", "what carries the frames: a Bluetooth LE link, datagrams as udp says, or a serial line as serial says; keys of the other kinds have no effect, and without a radio flash.radio_sync has none", "reference scenario"),
    int("link.interval_us", (7_500, 4_000_000), "11250", "connection interval, a multiple of 1250", "Android's high connection priority"),
    int("link.latency", (0, 499), "0", "anchors in a row that the peripheral may skip when it has nothing to send", "Android's high connection priority"),
    int("link.timeout_ms", (100, 32_000), "4000", "supervision timeout, a multiple of 10", "reference scenario"),
    choice("link.phy", &["1M", "2M", "coded-s2", "coded-s8"], "1M", "physical layer", "Core Specification default"),
    bool("link.phy_update", "true", "a connection starts on LE 1M and the central changes to link.phy after the data length procedure; false: link.phy is in force from the first packet", "Core Specification Vol 6 Part B 5.1.10"),
    bool("link.encrypted", "false", "whether data packets carry a MIC", "OTA DFU option of the nRF Connect SDK: open service"),
    bool("link.encryption_procedure", "false", "encryption starts by its procedure after each connecting, as bonded devices do; false: an encrypted link is so from the first packet", "model choice"),
    bool("link.authenticated", "false", "the key of an encrypted link comes from a pairing that excludes a man in the middle, by passkey or comparison", "model choice"),
    int("link.data_length", (27, 251), "251", "link layer payload after the data length procedure, octets", "OTA DFU option of the nRF Connect SDK"),
    int("link.mtu", (23, 517), "498", "ATT MTU that the central asks for", "Android's SMP library"),
    choice("link.event_end", &["worst-pair", "fit"], "worst-pair", "when the central starts another pair of packets: worst-pair, when two full packets and link.event_overhead_us still fit before the next anchor; fit, when the pair itself does, as ideal figures have it", "fits the published S132/S140 throughput tables"),
    int("link.event_overhead_us", (0, 10_000), "830", "time kept free before the next anchor", "fits the published S132/S140 throughput tables"),
    int("link.loss_ppm", (0, 1_000_000), "0", "probability that a packet arrives with a CRC error", "reference scenario"),
    int("link.miss_ppm", (0, 1_000_000), "0", "probability that a packet's access address is missed", "reference scenario"),
    int("link.csa", (1, 2), "2", "channel selection algorithm", "Core Specification Vol 6 Part B 4.5.8: #2 when both ends support it"),
    int("link.channel_map", (3, 0x1f_ffff_ffff), "0x1fffffffff", "data channels that the central's host allows, bit 0 for channel 0", "Core Specification default"),
    int("link.hop", (0, 16), "0", "hop of channel selection algorithm 1, 5 to 16; 0: drawn for each connection", "Core Specification Vol 6 Part B 2.3.3.1"),
    int("link.ber_e9", (0, 500_000_000), "0", "bit error rate in 1e-9, besides what a distance gives: a wrong bit in the access address loses the packet, another is a CRC error", "reference scenario"),
    int("link.distance_cm", (0, 10_000_000), "0", "distance of the ends, from which level and bit errors follow; 0: a signal without bit errors", "reference scenario"),
    int("link.tx_dbm", (-40, 20), "0", "transmit power of both ends, dBm", "nRF52840 Product Specification, RADIO: TXPOWER after reset"),
    int("link.path_loss_exponent_e2", (100, 600), "200", "path loss exponent in hundredths: 200 in the open, 350 indoors behind walls; 40 dB over the first metre", "model choice"),
    int("link.shadowing_db_e1", (0, 200), "0", "standard deviation of the level, tenths of a decibel, drawn once for a run; 40 to 60 indoors", "model choice"),
    choice("link.environment", ENVIRONMENTS, "clean", "Wi-Fi about the link, which decides the defaults of link.wifi_channels and link.wifi_share_ppm: on 10 data channels (home), 20 (office) or all (hostile)", "model choice"),
    text("link.wifi_channels", "", "Wi-Fi channels in use, 1 to 13, such as 1,6,11; each covers 8 to 10 data channels", "link.environment"),
    int("link.wifi_share_ppm", (0, 990_000), "0", "share of the time that Wi-Fi takes on each data channel it covers", "link.environment"),
    int("link.wifi_frame_us", (20, 100_000), "500", "mean length of a Wi-Fi frame", "model choice"),
    int("link.burst_good_ms", (1, 3_600_000), "10000", "mean time that a data channel stays good before a burst of loss", "model choice"),
    int("link.burst_bad_ms", (1, 3_600_000), "2000", "mean length of a burst of loss on a data channel", "model choice"),
    int("link.burst_good_loss_ppm", (0, 1_000_000), "0", "probability that a packet is missed outside of bursts", "model choice"),
    int("link.burst_bad_loss_ppm", (0, 1_000_000), "0", "probability that a packet is missed within a burst", "model choice"),
    int("link.adv_interval_us", (20_000, 10_240_000), "100000", "advertising interval", "Zephyr BT_GAP_ADV_FAST_INT_MIN_2"),
    int("link.win_offset_us", (0, 4_000_000), "0", "from the end of the transmit window delay after CONNECT_IND to the first anchor, a multiple of 1250, at most the interval", "model choice"),
    int("link.update_win_offset_us", (0, 4_000_000), "0", "from the anchor at the instant of a connection update to the first anchor of the new interval, a multiple of 1250; longer than that interval: as long", "model choice"),
    int("link.param_update_delay_ms", (0, 60_000), "5000", "age of a connection before the peripheral asks for parameters", "Zephyr BT_CONN_PARAM_UPDATE_TIMEOUT"),
    // Datagrams.
    int("udp.latency_us", (0, 60_000_000), "2000", "from the end of a datagram's transmission to its arrival", "model choice: a local network"),
    int("udp.jitter_us", (0, 60_000_000), "0", "most that chance adds to the latency, without changing the order of datagrams", "model choice"),
    int("udp.rate_Bps", (0, 1_000_000_000), "1250000", "octets a second in each direction, IP and UDP headers included; 0: no limit", "model choice: 10 Mbit/s"),
    int("udp.loss_ppm", (0, 1_000_000), "0", "probability that a datagram is lost", "reference scenario"),
    int("udp.reorder_ppm", (0, 1_000_000), "0", "probability that a datagram is held back by udp.reorder_us, so that later ones overtake it", "reference scenario"),
    int("udp.reorder_us", (0, 60_000_000), "20000", "how long it is held back", "model choice"),
    int("udp.duplicate_ppm", (0, 1_000_000), "0", "probability that a datagram arrives twice", "reference scenario"),
    int("udp.mtu", (128, 65_535), "1500", "longest IP packet, octets; a datagram that needs more is fragmented, and a build without NET_IPV4_FRAGMENT, which is Zephyr's default, drops it", "Ethernet"),
    // A serial line.
    int("serial.baud", (1_200, 20_000_000), "115200", "bits a second; an octet takes ten", "Zephyr's development kits"),
    int("serial.error_ppm", (0, 1_000_000), "0", "probability that an octet arrives with a bit wrong", "reference scenario"),
    int("serial.rx_ring", (0, 65_535), "65535", "octets that the device's UART keeps while the processor is halted for flash; later ones are lost", "model choice: as much as comes, by DMA"),
    int("serial.latency_us", (0, 1_000_000), "0", "what a USB adapter and its driver add to each line, in both directions", "model choice: none"),
    int("serial.line_len", (0, 1_024), "0", "longest line that the client writes, octets with its end, at least 7; 0: the client's own. Zephyr takes up to 128", "each client's own"),
    choice("central.preset", CENTRAL_NAMES, "reference", "what the central is, which decides the defaults of its keys and of some of link", "reference scenario"),
    int("central.host_latency_us", (0, 1_000_000), "0", "from a received notification to the controller having the write that answers it; phones have more", "reference scenario"),
    int("central.max_pairs", (0, 255), "0", "most pairs of packets an event, as phones limit them; 0: only time limits", "reference scenario"),
    int("central.event_length_us", (0, 4_000_000), "0", "time that the controller of the central reserves for a connection event; 0: the whole interval", "model choice: a radio with one connection"),
    bool("central.event_extension", "true", "an event may go on beyond event_length_us, up to the interval, while the radio is not wanted elsewhere", "nRF Connect SDK: BT_CTLR_SDC_CONN_EVENT_EXTEND_DEFAULT"),
    int("central.tx_buffers", (0, 255), "0", "data packets that the controller holds for sending; 0: as many as the host has", "reference scenario"),
    int("central.rx_buffers", (0, 255), "0", "received data packets that the controller holds until the host has fetched them, and without room for one it refuses it; 0: as many as come", "reference scenario"),
    int("central.host_rx_us", (0, 1_000_000), "0", "time that the host takes to fetch one received data packet", "reference scenario"),
    int("central.host_turnaround_us", (0, 1_000_000), "0", "from the acknowledgement of a data packet to the next one lying in its buffer", "reference scenario"),
    int("central.sca_ppm", (0, 500), "50", "accuracy of the sleep clock, which widens the listening window of the peripheral", "Zephyr: CLOCK_CONTROL_NRF_K32SRC_50PPM"),
    choice("central.params_rule", &["any", "apple", "apple-2013"], "any", "which connection parameters it takes when the peripheral asks: all that are lawful, or by Apple's guidelines of today or of 2013", "model choice"),
    int("central.scan_interval_us", (2_500, 10_240_000), "60000", "from one scan window to the next, each on another advertising channel", "model choice"),
    int("central.scan_window_us", (2_500, 10_240_000), "60000", "how long it scans in each; as long as the interval: always", "model choice"),
    bool("central.adaptive_map", "false", "whether the central leaves out data channels on which its packets fail", "model choice"),
    int("central.adaptive_map_period_ms", (100, 3_600_000), "2000", "time between its judgements of the channels; a channel left out comes back after eight of them", "model choice"),
    int("central.adaptive_map_per_limit_ppm", (0, 1_000_000), "250000", "share of failed packets above which it leaves a channel out", "model choice"),
    int("central.adaptive_map_min_channels", (2, 37), "15", "fewest data channels that it keeps", "model choice"),
    choice("peripheral.preset", PERIPHERAL_NAMES, "reference", "what the peripheral's controller is, which decides the defaults of its keys", "reference scenario"),
    int("peripheral.event_length_us", (0, 4_000_000), "0", "time that the controller of the peripheral reserves for a connection event; 0: the whole interval for packets, and one empty pair where flash looks for a gap", "model choice: a radio with one connection"),
    bool("peripheral.event_extension", "true", "an event may go on beyond event_length_us, up to the interval, while the radio is not wanted elsewhere", "nRF Connect SDK: BT_CTLR_SDC_CONN_EVENT_EXTEND_DEFAULT"),
    int("peripheral.tx_buffers", (0, 255), "0", "data packets that the controller holds for sending; 0: as many as the host has", "reference scenario"),
    int("peripheral.rx_buffers", (0, 255), "0", "received data packets that the controller holds until the host has fetched them, and without room for one it refuses it; 0: as many as come", "reference scenario"),
    int("peripheral.host_rx_us", (0, 1_000_000), "0", "time that the host takes to fetch one received data packet", "reference scenario"),
    int("peripheral.host_turnaround_us", (0, 1_000_000), "0", "from the acknowledgement of a data packet to the next one lying in its buffer", "reference scenario"),
    int("peripheral.sca_ppm", (0, 500), "50", "accuracy of the sleep clock, which widens the listening window of the peripheral", "Zephyr: CLOCK_CONTROL_NRF_K32SRC_50PPM"),
    choice("radio.soc", RADIOS, "nrf52840", "whose receiver sensitivity both ends have", "reference scenario"),
    // Client.
    choice("client.strategy", STRATEGIES, "android", "whose upload strategy", "reference scenario"),
    int("client.window", (1, 64), "3", "upload requests outstanding", "Android app: four buffers less one"),
    int("client.chunk", (32, 8_192), "150", "image octets a request, for strategies with fixed chunks", "DevZone sample"),
    choice("client.mode", &["test-and-confirm", "confirm-only", "test-only", "upload-only"], "test-and-confirm", "what is asked for after the upload", "Android's SMP library"),
    choice("client.era", &["modern", "legacy", "latest", "early"], "modern", "age of the Android library: legacy is before July 2023 (SMP v1, indefinite maps), early before 1.5 (as legacy, and every answer within 1 s), latest asks for the boot loader before the list; of the Go command line: legacy and early are that of 2020", "reference scenario"),
    bool("client.erase_settings", "false", "erase the application's settings before the reset", "Android's SMP library"),
    int("client.estimated_swap_s", (0, 3_600), "40", "how long the client waits after the reset before it reconnects", "reference scenario"),
    int("client.connect_timeout_s", (1, 600), "30", "length of a connect attempt; client.strategy ios: 20", "model choice"),
    int("client.connect_retries", (0, 100), "3", "further attempts; client.strategy ios: 0", "Android's SMP library"),
    int("client.connect_retry_pause_ms", (0, 60_000), "500", "pause between attempts", "Android's SMP library"),
    int("client.memory_alignment", (0, 64), "0", "chunks are cut to multiples of this; 0: the client's own, 4 for Zephyr's and 1 for others", "each client's default"),
    int("client.mtu_option", (0, 32_768), "0", "the size that the client lets its user set, octets: --mtu of mcumgr-client and of the Go CLI, the network buffer of Zephyr's client, the frame of mcumgr-toolkit, the link MTU of smpclient on UDP; 0: the client's default", "each client's default"),
    int("client.frame_max", (0, 65_535), "0", "octets of the client's own buffer for a frame, for strategies that fit their chunks; 0: as long as link and server take", "model choice"),
    bool("client.auto_frame", "false", "mcumgr-toolkit asks the server for the length of frames", "mcumgr-toolkit 0.10"),
    bool("client.sends_sha", "true", "the first chunk carries the SHA-256, where the caller of the client decides that", "Zephyr's client as its sample calls it"),
    int("client.answer_timeout_ms", (0, 600_000), "0", "how long ncs-central-sample waits for an answer before its user, or a timer, sends again and is told -16 (EBUSY); 0: for ever, as published", "DevZone sample"),
    int("client.user_retries", (1, 100), "3", "such waits in a row before the user gives up", "model choice"),
    bool("client.clears_pending", "false", "before it sends again, ncs-central-sample lets go of the answer outstanding, as unsubscribing does, so that the chunk goes out", "DevZone sample"),
    int("client.version_buf", (0, 64), "0", "octets of the buffers that ncs-central-sample copies the key version of the image list and its text into, NUL included; 5 as published; 0: long enough", "the sample as users correct it"),
    int("client.receipts", (0, 1_000), "12", "packets from receipt to receipt of nordic-secure-dfu; 0: none", "Nordic's DFU libraries for Android and iOS"),
    // The device's end of seed-own-protocol, and the faults that it can have.
    int("own_protocol.ring_size", (32, MIB), "8192", "octets of the ring between radio and writer, with seed-own-protocol", "model choice"),
    choice("own_protocol.erase", &["first", "writer"], "first", "who erases the slot: the call that takes the first packet, before it answers, or the writer, while the ring fills", "a user's description of January 2023"),
    choice("own_protocol.area", &["slot1", "slot0", "storage"], "slot1", "the flash area that the number in the source means", "as it should be"),
    int("own_protocol.error_first", (0, 0xffff_ffff), "1", "error number of a full ring, and one less than that of failed flash work; they share the numbers with offsets", "model choice"),
    int("own_protocol.overwrite_ppm", (0, 1_000_000), "333333", "chance that the write behind a variable on the stack breaks something, just before the image is marked", "a user saw it work two times in three"),
    bool("own_protocol.self_confirm", "true", "the application confirms itself when it runs", "model choice"),
    int("own_protocol.lost_packet", (0, 0xffff_ffff), "0", "the n-th packet never reaches the ring; 0: none", "no fault"),
    int("own_protocol.spoilt_octet", (0, 0xffff_ffff), "0", "offset of an octet of the image that is spoilt before the gateway has it; 0: none", "no fault"),
    // A host that the gateway gets the image from.
    int("host.rate_Bps", (0, 100_000_000), "0", "octets a second that a host brings to the gateway while it uploads; 0: the gateway has the image", "reference scenario"),
    int("host.latency_ms", (0, 600_000), "100", "from asking the host to the first octet that answers", "model choice: LTE-M"),
    int("host.outage_every_s", (0, 86_400), "0", "from the begin of an outage of the host's link to the begin of the next; 0: no outages", "model choice"),
    int("host.outage_s", (0, 86_400), "0", "length of each outage", "model choice"),
    int("host.block", (1, 65_535), "1000", "octets of a block; it counts when its last octet has come", "a user's gateway log of January 2023"),
    int("host.ring", (64, 16 * MIB), "131072", "ring in the gateway, octets; it keeps what the device has not acknowledged", "the same log: where its download pauses"),
    int("host.start_octets", (0, 16 * MIB), "131000", "octets, or the whole image, that must have come before the gateway connects", "the same log"),
    bool("host.flow_control", "true", "the host waits while the ring is full; false: what finds no room is dropped and asked for again", "model choice"),
    // The devices of one central.
    int("fleet.devices", (1, 20), "1", "peripherals that the central updates, all alike", "reference scenario"),
    choice("fleet.order", &["one-by-one", "at-once"], "one-by-one", "one update after the other, or all at once over the radio that they share", "model choice"),
];

/// The key with this path.
pub fn find(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.path == path)
}

/// The known key whose path is most like this one, when any is like it at all.
pub fn nearest(path: &str) -> Option<&'static str> {
    let last = |p: &str| p.rsplit('.').next().map(str::to_owned).unwrap_or_default();
    KEYS.iter()
        .map(|key| {
            let whole = strsim::jaro_winkler(path, key.path);
            let leaf = strsim::jaro_winkler(&last(path), &last(key.path)) * 0.95;
            (key.path, if whole > leaf { whole } else { leaf })
        })
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .filter(|(_, likeness)| *likeness > 0.7)
        .map(|(path, _)| path)
}

#[cfg(test)]
mod tests {
    use super::{KEYS, find, nearest};
    use crate::scenario::value::Value;

    #[test]
    fn every_default_is_a_lawful_value_of_its_key() {
        for key in KEYS {
            Value::parse_word(key, key.default).unwrap_or_else(|e| panic!("{}: {e}", key.path));
        }
    }

    #[test]
    fn every_default_has_a_source() {
        assert!(KEYS.iter().all(|key| !key.source.is_empty() && !key.doc.is_empty()));
    }

    #[test]
    fn paths_are_unique() {
        for (i, key) in KEYS.iter().enumerate() {
            assert!(KEYS[..i].iter().all(|other| other.path != key.path), "{}", key.path);
        }
    }

    #[test]
    fn a_slip_of_the_keyboard_finds_the_key_that_was_meant() {
        assert!(find("link.intervall_us").is_none());
        assert_eq!(nearest("link.intervall_us"), Some("link.interval_us"));
        assert_eq!(nearest("server.window"), Some("client.window"));
        assert_eq!(nearest("zzzz"), None);
    }
}
