//! Names of options: those of Zephyr up to 3.2, and what they are called since.

/// Old and new name (Zephyr 3.3 release notes, "MCUmgr Kconfig options have been renamed"; later
/// ones by the release notes of Zephyr 4.0 and 4.1).
const RENAMED: &[(&str, &str)] = &[
    ("FS_MGMT_CHECKSUM_HASH", "MCUMGR_GRP_FS_CHECKSUM_HASH"),
    ("FS_MGMT_CHECKSUM_IEEE_CRC32", "MCUMGR_GRP_FS_CHECKSUM_IEEE_CRC32"),
    ("FS_MGMT_DL_CHUNK_SIZE", "MCUMGR_GRP_FS_DL_CHUNK_SIZE"),
    ("FS_MGMT_DL_CHUNK_SIZE_LIMIT", "MCUMGR_GRP_FS_DL_CHUNK_SIZE_LIMIT"),
    ("FS_MGMT_FILE_ACCESS_HOOK", "MCUMGR_GRP_FS_FILE_ACCESS_HOOK"),
    ("FS_MGMT_FILE_STATUS", "MCUMGR_GRP_FS_FILE_STATUS"),
    ("FS_MGMT_HASH_SHA256", "MCUMGR_GRP_FS_HASH_SHA256"),
    ("FS_MGMT_PATH_SIZE", "MCUMGR_GRP_FS_PATH_LEN"),
    ("IMG_MGMT_DIRECT_IMAGE_UPLOAD", "MCUMGR_GRP_IMG_DIRECT_UPLOAD"),
    ("IMG_MGMT_FRUGAL_LIST", "MCUMGR_GRP_IMG_FRUGAL_LIST"),
    (
        "IMG_MGMT_REJECT_DIRECT_XIP_MISMATCHED_SLOT",
        "MCUMGR_GRP_IMG_REJECT_DIRECT_XIP_MISMATCHED_SLOT",
    ),
    ("IMG_MGMT_UPDATABLE_IMAGE_NUMBER", "MCUMGR_GRP_IMG_UPDATABLE_IMAGE_NUMBER"),
    ("IMG_MGMT_USE_HEAP_FOR_FLASH_IMG_CONTEXT", "MCUMGR_GRP_IMG_USE_HEAP_FOR_FLASH_IMG_CONTEXT"),
    ("IMG_MGMT_VERBOSE_ERR", "MCUMGR_GRP_IMG_VERBOSE_ERR"),
    ("MCUMGR_BUF_COUNT", "MCUMGR_TRANSPORT_NETBUF_COUNT"),
    ("MCUMGR_BUF_SIZE", "MCUMGR_TRANSPORT_NETBUF_SIZE"),
    ("MCUMGR_CMD_FS_MGMT", "MCUMGR_GRP_FS"),
    ("MCUMGR_CMD_IMG_MGMT", "MCUMGR_GRP_IMG"),
    ("MCUMGR_CMD_OS_MGMT", "MCUMGR_GRP_OS"),
    ("MCUMGR_CMD_SHELL_MGMT", "MCUMGR_GRP_SHELL"),
    ("MCUMGR_CMD_STAT_MGMT", "MCUMGR_GRP_STAT"),
    ("MCUMGR_GRP_BASIC_CMD_STORAGE_ERASE", "MCUMGR_GRP_ZBASIC_STORAGE_ERASE"),
    ("MCUMGR_GRP_ZEPHYR_BASIC", "MCUMGR_GRP_ZBASIC"),
    ("MCUMGR_SMP_BT", "MCUMGR_TRANSPORT_BT"),
    ("MCUMGR_SMP_BT_AUTHEN", "MCUMGR_TRANSPORT_BT_AUTHEN"),
    ("MCUMGR_SMP_BT_CONN_PARAM_CONTROL", "MCUMGR_TRANSPORT_BT_CONN_PARAM_CONTROL"),
    ("MCUMGR_SMP_BT_CONN_PARAM_CONTROL_LATENCY", "MCUMGR_TRANSPORT_BT_CONN_PARAM_CONTROL_LATENCY"),
    ("MCUMGR_SMP_BT_CONN_PARAM_CONTROL_MAX_INT", "MCUMGR_TRANSPORT_BT_CONN_PARAM_CONTROL_MAX_INT"),
    ("MCUMGR_SMP_BT_CONN_PARAM_CONTROL_MIN_INT", "MCUMGR_TRANSPORT_BT_CONN_PARAM_CONTROL_MIN_INT"),
    (
        "MCUMGR_SMP_BT_CONN_PARAM_CONTROL_RESTORE_TIME",
        "MCUMGR_TRANSPORT_BT_CONN_PARAM_CONTROL_RESTORE_TIME",
    ),
    (
        "MCUMGR_SMP_BT_CONN_PARAM_CONTROL_RETRY_TIME",
        "MCUMGR_TRANSPORT_BT_CONN_PARAM_CONTROL_RETRY_TIME",
    ),
    ("MCUMGR_SMP_BT_CONN_PARAM_CONTROL_TIMEOUT", "MCUMGR_TRANSPORT_BT_CONN_PARAM_CONTROL_TIMEOUT"),
    ("MCUMGR_SMP_REASSEMBLY_BT", "MCUMGR_TRANSPORT_BT_REASSEMBLY"),
    ("MCUMGR_SMP_SHELL", "MCUMGR_TRANSPORT_SHELL"),
    ("MCUMGR_SMP_UART", "MCUMGR_TRANSPORT_UART"),
    ("MCUMGR_SMP_UDP", "MCUMGR_TRANSPORT_UDP"),
    ("MCUMGR_SMP_UDP_MTU", "MCUMGR_TRANSPORT_UDP_MTU"),
    ("MGMT_VERBOSE_ERR_RESPONSE", "MCUMGR_SMP_VERBOSE_ERR_RESPONSE"),
    ("OS_MGMT_ECHO", "MCUMGR_GRP_OS_ECHO"),
    ("OS_MGMT_INFO", "MCUMGR_GRP_OS_INFO"),
    ("OS_MGMT_MCUMGR_PARAMS", "MCUMGR_GRP_OS_MCUMGR_PARAMS"),
    ("OS_MGMT_RESET_MS", "MCUMGR_GRP_OS_RESET_MS"),
    ("OS_MGMT_TASKSTAT", "MCUMGR_GRP_OS_TASKSTAT"),
    ("STAT_MGMT_MAX_NAME_LEN", "MCUMGR_GRP_STAT_MAX_NAME_LEN"),
];

/// Names that later ones replaced without changing the era of the server.
const REPLACED: &[(&str, &str)] = &[
    ("BT_CTLR_TX_BUFFER_SIZE", "BT_BUF_ACL_TX_SIZE"),
    ("MCUBOOT_BOOTLOADER_MODE_SWAP_WITHOUT_SCRATCH", "MCUBOOT_BOOTLOADER_MODE_SWAP_USING_MOVE"),
    ("MCUMGR_TRANSPORT_BT_PERM_RW_AUTHEN", "MCUMGR_TRANSPORT_BT_AUTHEN"),
];

/// The name that the tables here use for an option.
pub(super) fn current(name: &str) -> &str {
    let all = RENAMED.iter().chain(REPLACED);
    all.into_iter().find_map(|(old, new)| (*old == name).then_some(*new)).unwrap_or(name)
}

/// Whether only Zephyr up to 3.2 has an option of this name.
pub(super) fn is_of_3_2(name: &str) -> bool {
    RENAMED.iter().any(|(old, _)| *old == name)
}

/// What an option was called in Zephyr 3.2.
pub(super) fn in_3_2(name: &str) -> &str {
    RENAMED.iter().find_map(|(old, new)| (*new == name).then_some(*old)).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::{RENAMED, REPLACED, current, in_3_2, is_of_3_2};

    #[test]
    fn names_are_unique_and_lead_to_an_end() {
        for (n, (old, new)) in RENAMED.iter().chain(REPLACED).enumerate() {
            assert_eq!(current(old), *new);
            assert_eq!(current(new), *new, "{new} has a newer name");
            let mut others = RENAMED.iter().chain(REPLACED).take(n);
            assert!(others.all(|(other, _)| other != old), "{old}");
        }
    }

    #[test]
    fn only_the_renaming_of_3_3_tells_an_era() {
        assert!(is_of_3_2("MCUMGR_BUF_SIZE") && !is_of_3_2("MCUMGR_TRANSPORT_NETBUF_SIZE"));
        assert!(!is_of_3_2("MCUMGR_TRANSPORT_BT_PERM_RW_AUTHEN") && !is_of_3_2("BT_SMP"));
        assert_eq!(in_3_2("MCUMGR_GRP_ZBASIC"), "MCUMGR_GRP_ZEPHYR_BASIC");
        assert_eq!(in_3_2("BT_L2CAP_TX_MTU"), "BT_L2CAP_TX_MTU");
    }
}
