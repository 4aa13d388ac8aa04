//! The options that are read: what they are called, their types, and the keys of a scenario that they
//! become.

use super::KconfigError;
use super::build::Build;
use super::rules::{OTA_DFU, SPEEDUP};
use super::syntax::Value;

/// Options that are a key of their own.
pub(super) const TRUTHS: &[(&str, &str)] = &[
    ("IMG_ENABLE_IMAGE_CHECK", "server.image_check"),
    ("MCUMGR_GRP_ENUM", "server.enum"),
    ("MCUMGR_GRP_ENUM_DETAILS", "server.enum_details"),
    ("MCUMGR_GRP_ENUM_DETAILS_HANDLERS", "server.enum_handlers"),
    ("MCUMGR_GRP_ENUM_DETAILS_NAME", "server.enum_names"),
    ("MCUMGR_GRP_FS", "server.fs"),
    ("MCUMGR_GRP_FS_CHECKSUM_HASH_SUPPORTED_CMD", "server.fs_hash_types"),
    ("MCUMGR_GRP_FS_CHECKSUM_IEEE_CRC32", "server.fs_crc32"),
    ("MCUMGR_GRP_FS_FILE_STATUS", "server.fs_status"),
    ("MCUMGR_GRP_FS_HASH_SHA256", "server.fs_sha256"),
    ("MCUMGR_GRP_FS_MAX_FILE_SIZE_4GB", "server.fs_large_files"),
    ("MCUMGR_GRP_IMG", "server.image"),
    ("MCUMGR_GRP_IMG_ALLOW_CONFIRM_NON_ACTIVE_IMAGE_ANY", "server.confirm_other_images"),
    ("MCUMGR_GRP_IMG_ALLOW_CONFIRM_NON_ACTIVE_IMAGE_SECONDARY", "server.confirm_other_secondary"),
    ("MCUMGR_GRP_IMG_ALLOW_ERASE_PENDING", "server.allow_erase_pending"),
    ("MCUMGR_GRP_IMG_DIRECT_UPLOAD", "server.direct_upload"),
    ("MCUMGR_GRP_IMG_FRUGAL_LIST", "server.frugal_list"),
    ("MCUMGR_GRP_IMG_REJECT_DIRECT_XIP_MISMATCHED_SLOT", "server.reject_mismatched_slot"),
    ("MCUMGR_GRP_IMG_VERSION_CMP_USE_BUILD_NUMBER", "server.compare_build_number"),
    ("MCUMGR_GRP_OS_BOOTLOADER_INFO", "server.bootloader_info"),
    ("MCUMGR_GRP_OS_DATETIME", "server.datetime"),
    ("MCUMGR_GRP_OS_DATETIME_MS", "server.datetime_ms"),
    ("MCUMGR_GRP_OS_ECHO", "server.echo"),
    ("MCUMGR_GRP_OS_INFO", "server.info"),
    ("MCUMGR_GRP_OS_MCUMGR_PARAMS", "server.params"),
    ("MCUMGR_GRP_OS_RESET_BOOT_MODE", "server.reset_boot_mode"),
    ("MCUMGR_GRP_OS_TASKSTAT", "server.taskstat"),
    ("MCUMGR_GRP_OS_TASKSTAT_ONLY_SUPPORTED_STATS", "server.taskstat_only_supported"),
    ("MCUMGR_GRP_OS_TASKSTAT_SIGNED_PRIORITY", "server.taskstat_signed_priority"),
    ("MCUMGR_GRP_SETTINGS", "server.settings"),
    ("MCUMGR_GRP_SHELL", "server.shell"),
    ("MCUMGR_GRP_SHELL_LEGACY_RC_RETURN_CODE", "server.shell_legacy_return_code"),
    ("MCUMGR_GRP_STAT", "server.stat"),
    ("MCUMGR_GRP_ZBASIC_STORAGE_ERASE", "server.erase_storage"),
    ("MCUMGR_SMP_LEGACY_RC_BEHAVIOUR", "server.legacy_rc"),
    ("MCUMGR_SMP_SUPPORT_ORIGINAL_PROTOCOL", "server.original_protocol"),
    ("MCUMGR_SMP_VERBOSE_ERR_RESPONSE", "server.verbose_errors"),
    ("MCUMGR_TRANSPORT_BT_CONN_PARAM_CONTROL", "server.conn_param_control"),
    ("MCUMGR_TRANSPORT_BT_REASSEMBLY", "server.reassembly"),
    ("REBOOT", "server.reset"),
    ("SOC_FLASH_NRF_PARTIAL_ERASE", "flash.partial_erase"),
    ("ZCBOR_CANONICAL", "server.canonical"),
];

/// Numbers that are a key of their own.
pub(super) const NUMBERS: &[(&str, &str)] = &[
    ("IMG_BLOCK_BUF_SIZE", "server.stream_buf"),
    ("MCUMGR_GRP_ENUM_DETAILS_BUFFER_TYPE_STACK_ENTRIES", "server.enum_max_entries"),
    ("MCUMGR_GRP_FS_DL_CHUNK_SIZE", "server.fs_chunk_limit"),
    ("MCUMGR_GRP_FS_FILE_AUTOMATIC_IDLE_CLOSE_TIME", "server.fs_idle_close_ms"),
    ("MCUMGR_GRP_FS_PATH_LEN", "server.fs_path_len"),
    ("MCUMGR_GRP_OS_INFO_MAX_RESPONSE_SIZE", "server.info_max"),
    ("MCUMGR_GRP_OS_RESET_MS", "server.reset_ms"),
    ("MCUMGR_GRP_SETTINGS_NAME_LEN", "server.settings_name_len"),
    ("MCUMGR_GRP_SETTINGS_VALUE_LEN", "server.settings_value_len"),
    ("MCUMGR_GRP_STAT_MAX_NAME_LEN", "server.stat_name_len"),
    ("MCUMGR_TRANSPORT_NETBUF_COUNT", "server.buf_count"),
    ("MCUMGR_TRANSPORT_NETBUF_SIZE", "server.buf_size"),
    ("MCUMGR_TRANSPORT_UDP_MTU", "server.udp_mtu"),
    ("ROM_START_OFFSET", "image.hdr_size"),
    ("SHELL_BACKEND_DUMMY_BUF_SIZE", "server.shell_output_len"),
    ("SHELL_CMD_BUFF_SIZE", "server.shell_line_len"),
    ("SOC_FLASH_NRF_PARTIAL_ERASE_MS", "flash.partial_erase_ms"),
    ("SOC_FLASH_NRF_TIMEOUT_MULTIPLIER", "flash.timeout_multiplier"),
];

/// Numbers that bear on a key together with others, with Kconfig's own range.
pub(super) const RANGES: &[(&str, i64, i64)] = &[
    ("BT_BUF_ACL_RX_SIZE", 27, 65_535),
    ("BT_BUF_ACL_TX_SIZE", 27, 65_535),
    ("BT_CTLR_DATA_LENGTH_MAX", 27, 251),
    ("BT_L2CAP_TX_MTU", 23, 2_000),
    ("BOOT_MAX_IMG_SECTORS", 1, 4_096),
    ("MCUBOOT_UPDATE_FOOTER_SIZE", 0, 1 << 20),
    ("MCUMGR_GRP_IMG_UPDATABLE_IMAGE_NUMBER", 1, 3),
    ("UPDATEABLE_IMAGE_NUMBER", 1, 3),
];

/// Texts that the information command tells.
pub(super) const TEXTS: &[(&str, &str)] = &[
    ("BOARD", "server.board"),
    ("BT_DEVICE_NAME", "server.node_name"),
    ("NET_HOSTNAME", "server.node_name"),
];

/// Truth values that bear on a key together with others.
pub(super) const SWITCHES: &[&str] = &[
    "BOOTLOADER_MCUBOOT",
    "BOOT_BOOTSTRAP",
    "BOOT_DIRECT_XIP_REVERT",
    "BOOT_VALIDATE_SLOT0",
    "BT",
    "BT_CTLR_PHY_2M",
    "BT_PERIPHERAL",
    "BT_PHY_UPDATE",
    "BT_SMP",
    "FLASH",
    "FLASH_MAP",
    "IMG_ERASE_PROGRESSIVELY",
    "IMG_MANAGER",
    "MCUBOOT",
    "MCUBOOT_BOOTLOADER_NO_DOWNGRADE",
    "MCUBOOT_DOWNGRADE_PREVENTION",
    "MCUMGR",
    "MCUMGR_GRP_IMG_SLOT_INFO",
    "MCUMGR_GRP_IMG_TOO_LARGE_SYSBUILD",
    "MCUMGR_GRP_IMG_VERBOSE_ERR",
    "MCUMGR_GRP_OS",
    "MCUMGR_GRP_ZBASIC",
    "MCUMGR_TRANSPORT_BT",
    "MCUMGR_TRANSPORT_BT_AUTHEN",
    "MCUMGR_TRANSPORT_BT_PERM_RW_ENCRYPT",
    "MCUMGR_TRANSPORT_UDP",
    OTA_DFU,
    SPEEDUP,
    "SETTINGS_FCB",
    "SETTINGS_NONE",
    "SETTINGS_NVS",
    "SOC_FLASH_NRF_RADIO_SYNC_MPSL",
    "SOC_FLASH_NRF_RADIO_SYNC_NONE",
    "SOC_FLASH_NRF_RADIO_SYNC_TICKER",
    "STREAM_FLASH",
];

/// Modes of MCUboot as the application is told of them, and as MCUboot's own build has them.
pub(super) const BOOT_MODES: &[(&str, &str)] = &[
    ("MCUBOOT_BOOTLOADER_MODE_DIRECT_XIP", "direct-xip"),
    ("MCUBOOT_BOOTLOADER_MODE_DIRECT_XIP_WITH_REVERT", "direct-xip-revert"),
    ("MCUBOOT_BOOTLOADER_MODE_FIRMWARE_UPDATER", "firmware-loader"),
    ("MCUBOOT_BOOTLOADER_MODE_OVERWRITE_ONLY", "overwrite-only"),
    ("MCUBOOT_BOOTLOADER_MODE_RAM_LOAD", "ram-load"),
    ("MCUBOOT_BOOTLOADER_MODE_SINGLE_APP", "single-slot"),
    ("MCUBOOT_BOOTLOADER_MODE_SWAP_SCRATCH", "swap-scratch"),
    ("MCUBOOT_BOOTLOADER_MODE_SWAP_USING_MOVE", "swap-move"),
    ("MCUBOOT_BOOTLOADER_MODE_SWAP_USING_OFFSET", "swap-offset"),
    ("BOOT_DIRECT_XIP", "direct-xip"),
    ("BOOT_FIRMWARE_LOADER", "firmware-loader"),
    ("BOOT_RAM_LOAD", "ram-load"),
    ("BOOT_SWAP_USING_MOVE", "swap-move"),
    ("BOOT_SWAP_USING_OFFSET", "swap-offset"),
    ("BOOT_SWAP_USING_SCRATCH", "swap-scratch"),
    ("BOOT_UPGRADE_ONLY", "overwrite-only"),
    ("SINGLE_APPLICATION_SLOT", "single-slot"),
];

/// Every option that is known here has its type, and its range.
pub(super) fn check_types(build: &Build) -> Result<(), KconfigError> {
    let truths = TRUTHS.iter().map(|(option, _)| *option);
    let modes = BOOT_MODES.iter().map(|(option, _)| *option);
    for option in truths.chain(modes).chain(SWITCHES.iter().copied()) {
        if let Some(line) = build.line(option)
            && !matches!(line.value, Value::Truth(_))
        {
            let problem = format!("CONFIG_{}: expected y or n, got {}", line.name, line.value);
            return Err(line.place.error(problem));
        }
    }
    let numbers = NUMBERS.iter().map(|(option, _)| (*option, i64::MIN, i64::MAX));
    for (option, min, max) in numbers.chain(RANGES.iter().copied()) {
        let Some(line) = build.line(option) else { continue };
        let error = |expected: String| {
            let problem = format!("CONFIG_{}: expected {expected}, got {}", line.name, line.value);
            Err(line.place.error(problem))
        };
        match line.value {
            Value::Number(number) if (min..=max).contains(&number) => {}
            Value::Number(_) => return error(format!("{min} to {max}")),
            _ => return error("a whole number".to_owned()),
        }
    }
    Ok(())
}
