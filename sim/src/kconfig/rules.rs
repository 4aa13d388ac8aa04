//! What an option of a `prj.conf` is when the file does not set it.
//!
//! Kconfig resolves every option when a build is configured, so a build's `.config` says them all.
//! For a project's own file the rules that matter here are in these tables.

/// A default or an `imply`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    /// The option.
    pub(super) option: &'static str,
    /// Options that must be on, or off behind `!`. [`LATER`] and [`OLD`] are of the era.
    pub(super) when: &'static [&'static str],
    /// What it is then.
    pub(super) value: Fixed,
}

/// A value of a rule.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fixed {
    /// `y` or `n`.
    Truth(bool),
    /// A number.
    Number(i64),
}

/// A condition that no option states: the era is `z37` or later.
pub(super) const LATER: &str = "@later";

/// A condition that no option states: the names are those of Zephyr 3.2 and before.
pub(super) const OLD: &str = "@old";

/// The option that builds an update service into a sample of the nRF Connect SDK.
pub(super) const OTA_DFU: &str = "NCS_SAMPLE_MCUMGR_BT_OTA_DFU";

/// The option that enlarges the Bluetooth buffers with it.
pub(super) const SPEEDUP: &str = "NCS_SAMPLE_MCUMGR_BT_OTA_DFU_SPEEDUP";

const fn on(option: &'static str, when: &'static [&'static str]) -> Rule {
    Rule { option, when, value: Fixed::Truth(true) }
}

const fn off(option: &'static str, when: &'static [&'static str]) -> Rule {
    Rule { option, when, value: Fixed::Truth(false) }
}

const fn is(option: &'static str, value: i64, when: &'static [&'static str]) -> Rule {
    Rule { option, when, value: Fixed::Number(value) }
}

/// The first rule of an option whose conditions hold decides.
pub(super) const RULES: &[Rule] = &[
    // nRF Connect SDK, samples/common/mcumgr_bt_ota_dfu/Kconfig, from its first version of 2023 on.
    on("MCUMGR", &[OTA_DFU]),
    on("FLASH", &[OTA_DFU]),
    on("FLASH_MAP", &[OTA_DFU]),
    on("IMG_MANAGER", &[OTA_DFU]),
    on("STREAM_FLASH", &[OTA_DFU]),
    on("MCUMGR_TRANSPORT_BT", &[OTA_DFU]),
    on("MCUMGR_TRANSPORT_BT_CONN_PARAM_CONTROL", &[OTA_DFU]),
    on("MCUMGR_TRANSPORT_BT_REASSEMBLY", &[OTA_DFU]),
    off("MCUMGR_TRANSPORT_BT_AUTHEN", &[OTA_DFU]),
    is("MCUMGR_TRANSPORT_NETBUF_SIZE", 2475, &[OTA_DFU, "MCUMGR_TRANSPORT_BT_REASSEMBLY"]),
    on("MCUMGR_GRP_IMG", &[OTA_DFU]),
    on("MCUMGR_GRP_OS", &[OTA_DFU]),
    on("MCUMGR_GRP_OS_BOOTLOADER_INFO", &[OTA_DFU, LATER]),
    on("MCUMGR_GRP_OS_MCUMGR_PARAMS", &[OTA_DFU, "MCUMGR_TRANSPORT_BT_REASSEMBLY"]),
    on("MCUMGR_GRP_ZBASIC", &[OTA_DFU, "SETTINGS_FCB"]),
    on("MCUMGR_GRP_ZBASIC", &[OTA_DFU, "SETTINGS_NVS"]),
    on("MCUMGR_GRP_ZBASIC_STORAGE_ERASE", &[OTA_DFU, "SETTINGS_FCB"]),
    on("MCUMGR_GRP_ZBASIC_STORAGE_ERASE", &[OTA_DFU, "SETTINGS_NVS"]),
    on("IMG_ERASE_PROGRESSIVELY", &[OTA_DFU]),
    on(SPEEDUP, &[OTA_DFU]),
    is("BT_L2CAP_TX_MTU", 498, &[SPEEDUP]),
    is("BT_BUF_ACL_RX_SIZE", 502, &[SPEEDUP]),
    is("BT_BUF_ACL_TX_SIZE", 251, &[SPEEDUP]),
    is("BT_CTLR_DATA_LENGTH_MAX", 251, &[SPEEDUP]),
    // nRF Connect SDK, whose SoftDevice Controller is the default: flash waits for its time slots.
    on("SOC_FLASH_NRF_RADIO_SYNC_MPSL", &[OTA_DFU, "!BT_LL_SW_SPLIT"]),
    // Zephyr, drivers/flash/Kconfig.nrf.
    on("SOC_FLASH_NRF_RADIO_SYNC_TICKER", &["BT_LL_SW_SPLIT"]),
    // Zephyr, subsys/mgmt/mcumgr.
    is("MCUMGR_TRANSPORT_NETBUF_COUNT", 2, &["MCUMGR_TRANSPORT_UDP"]),
    is("MCUMGR_TRANSPORT_NETBUF_COUNT", 4, &[]),
    is("MCUMGR_TRANSPORT_NETBUF_SIZE", 2048, &["MCUMGR_TRANSPORT_UDP"]),
    is("MCUMGR_TRANSPORT_NETBUF_SIZE", 384, &[]),
    on("MCUMGR_TRANSPORT_BT_AUTHEN", &["BT_SMP"]),
    on("IMG_MANAGER", &["MCUMGR_GRP_IMG", OLD]),
    on("FLASH", &["MCUMGR_GRP_IMG", OLD]),
    on("REBOOT", &["MCUMGR_GRP_OS"]),
    on("MCUMGR_GRP_OS_ECHO", &[]),
    on("MCUMGR_GRP_OS_TASKSTAT_ONLY_SUPPORTED_STATS", &[]),
    off("MCUMGR_GRP_OS_TASKSTAT_SIGNED_PRIORITY", &[OLD]),
    on("MCUMGR_GRP_OS_TASKSTAT_SIGNED_PRIORITY", &[]),
    on("MCUMGR_GRP_ENUM_DETAILS_HANDLERS", &[]),
    on("MCUMGR_GRP_ENUM_DETAILS_NAME", &[]),
    on("MCUMGR_GRP_FS_FILE_STATUS", &[]),
    on("MCUMGR_GRP_FS_CHECKSUM_IEEE_CRC32", &["MCUMGR_GRP_FS_CHECKSUM_HASH"]),
    is("MCUMGR_GRP_OS_RESET_MS", 250, &[]),
    on("MCUMGR_SMP_VERBOSE_ERR_RESPONSE", &["MCUMGR_GRP_IMG_VERBOSE_ERR"]),
    on("MCUMGR_SMP_SUPPORT_ORIGINAL_PROTOCOL", &[]),
    on("MCUMGR_GRP_IMG_ALLOW_ERASE_PENDING", &[LATER]),
    on("MCUMGR_GRP_IMG_ALLOW_CONFIRM_NON_ACTIVE_IMAGE_SECONDARY", &[]),
    // Zephyr, subsys/dfu.
    is("IMG_BLOCK_BUF_SIZE", 512, &[]),
    // Zephyr, subsys/bluetooth.
    is("BT_L2CAP_TX_MTU", 65, &["BT_SMP"]),
    is("BT_L2CAP_TX_MTU", 23, &[]),
    is("BT_BUF_ACL_RX_SIZE", 69, &["BT_SMP"]),
    is("BT_BUF_ACL_RX_SIZE", 27, &[]),
    is("BT_BUF_ACL_TX_SIZE", 27, &[]),
    is("BT_CTLR_DATA_LENGTH_MAX", 27, &[]),
];

/// Options that Kconfig takes back when another one is off (`depends on`, or inside `if`). A reset is
/// a command of the group, although `REBOOT` alone can be on without it.
pub(super) const NEEDS: &[(&str, &str)] = &[
    ("MCUMGR_GRP_OS_BOOTLOADER_INFO", "MCUMGR_GRP_OS"),
    ("MCUMGR_GRP_OS_DATETIME", "MCUMGR_GRP_OS"),
    ("MCUMGR_GRP_OS_ECHO", "MCUMGR_GRP_OS"),
    ("MCUMGR_GRP_OS_INFO", "MCUMGR_GRP_OS"),
    ("MCUMGR_GRP_OS_MCUMGR_PARAMS", "MCUMGR_GRP_OS"),
    ("MCUMGR_GRP_OS_RESET_BOOT_MODE", "MCUMGR_GRP_OS"),
    ("MCUMGR_GRP_OS_TASKSTAT", "MCUMGR_GRP_OS"),
    ("REBOOT", "MCUMGR_GRP_OS"),
    ("MCUMGR_GRP_OS_DATETIME_MS", "MCUMGR_GRP_OS_DATETIME"),
    ("MCUMGR_GRP_OS_TASKSTAT_ONLY_SUPPORTED_STATS", "MCUMGR_GRP_OS_TASKSTAT"),
    ("MCUMGR_GRP_OS_TASKSTAT_SIGNED_PRIORITY", "MCUMGR_GRP_OS_TASKSTAT"),
    ("MCUMGR_GRP_ENUM_DETAILS", "MCUMGR_GRP_ENUM"),
    ("MCUMGR_GRP_ENUM_DETAILS_HANDLERS", "MCUMGR_GRP_ENUM_DETAILS"),
    ("MCUMGR_GRP_ENUM_DETAILS_NAME", "MCUMGR_GRP_ENUM_DETAILS"),
    ("MCUMGR_GRP_FS_CHECKSUM_HASH_SUPPORTED_CMD", "MCUMGR_GRP_FS_CHECKSUM_HASH"),
    ("MCUMGR_GRP_FS_CHECKSUM_IEEE_CRC32", "MCUMGR_GRP_FS_CHECKSUM_HASH"),
    ("MCUMGR_GRP_FS_FILE_STATUS", "MCUMGR_GRP_FS"),
    ("MCUMGR_GRP_FS_HASH_SHA256", "MCUMGR_GRP_FS_CHECKSUM_HASH"),
    ("MCUMGR_GRP_FS_MAX_FILE_SIZE_4GB", "MCUMGR_GRP_FS"),
    ("MCUMGR_GRP_SHELL_LEGACY_RC_RETURN_CODE", "MCUMGR_GRP_SHELL"),
    ("MCUMGR_GRP_IMG_DIRECT_UPLOAD", "MCUMGR_GRP_IMG"),
    ("MCUMGR_GRP_IMG_FRUGAL_LIST", "MCUMGR_GRP_IMG"),
    ("MCUMGR_GRP_IMG_SLOT_INFO", "MCUMGR_GRP_IMG"),
    ("MCUMGR_GRP_IMG_VERBOSE_ERR", "MCUMGR_GRP_IMG"),
    ("MCUMGR_GRP_IMG_VERSION_CMP_USE_BUILD_NUMBER", "MCUMGR_GRP_IMG"),
    ("MCUMGR_GRP_ZBASIC_STORAGE_ERASE", "MCUMGR_GRP_ZBASIC"),
    ("MCUMGR_TRANSPORT_BT_CONN_PARAM_CONTROL", "MCUMGR_TRANSPORT_BT"),
    ("MCUMGR_TRANSPORT_BT_REASSEMBLY", "MCUMGR_TRANSPORT_BT"),
    ("IMG_ENABLE_IMAGE_CHECK", "IMG_MANAGER"),
    ("IMG_ERASE_PROGRESSIVELY", "IMG_MANAGER"),
];
