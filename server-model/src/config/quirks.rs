//! Eras of Zephyr's server, each a set of switches.

use flash_model::HashScan;
use smp_wire::cbor::Dialect;

/// Which era of Zephyr's server answers. An era is a set of [`Quirks`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Profile {
    /// Through Zephyr 3.2.0 (nRF Connect SDK 2.0): as `Z32`, and success replies of upload and
    /// erase carry `rc: 0` first.
    Z30,
    /// Zephyr 3.2.99 (nRF Connect SDK 2.3 and 2.4): SMP version 1 only.
    #[default]
    Z32,
    /// Zephyr 3.6 and 3.7 (nRF Connect SDK 2.7 to 2.9): SMP versions 1 and 2, errors of the groups.
    Z37,
    /// Zephyr 4.4: as `Z37`, with what its options can add.
    Z4x,
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
    /// A request of a version above [`Self::max_version`] is refused (Zephyr 3.7 `smp.c`,
    /// `smp_handle_single_req`).
    pub version_checked: bool,
    /// Handlers answer with errors of their group: in version 2 as `err`, in version 1 translated
    /// to `rc` (Zephyr 3.5 `smp.c`, `smp_add_cmd_err`).
    pub group_errors: bool,
    /// Slot information, the enumeration and settings groups, the clock, the boot loader's information and the boot
    /// mode of a reset exist, so that their options can build them in (Zephyr 3.5 to 4.0 release
    /// notes, `MCUmgr`).
    pub newer_commands: bool,
    /// What the CBOR decoder takes.
    pub dialect: Dialect,
    /// Echo is decoded by hand: whatever is wrong is `EUNKNOWN`, and `d` must be the last key
    /// (Zephyr 3.2 `os_mgmt.c`, `os_mgmt_echo`). Later it is decoded as everything else, and a
    /// request without `d` is answered with an empty text.
    pub echo_by_hand: bool,
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
    /// An image larger than its slot, and data behind its stated end, are refused when they are
    /// announced or arrive (Zephyr 3.7 `zephyr_img_mgmt.c`, `img_mgmt_upload_inspect`).
    pub upload_size_checked: bool,
    /// A slot with a swap pending counts as in use: neither upload nor erase may touch it (Zephyr
    /// 3.2 `img_mgmt_state.c`, `img_mgmt_slot_in_use`). Later an option decides.
    pub pending_slot_in_use: bool,
    /// Slot 0 is the one slot that counts as running: the running slots of other images show no flags
    /// and may be erased, the mode of the boot loader plays no part, and a test or confirm goes by the
    /// flags of its slot. Later each image has a running slot, which direct-xip may choose, and a test
    /// or confirm goes by what boots next (Zephyr 3.2 `img_mgmt_state.c`, `img_mgmt_state_flags`;
    /// 3.5 `img_mgmt_get_next_boot_slot`).
    pub only_slot_0_runs: bool,
    /// Of two images, the second one takes an upload whatever its state, and a number without an image
    /// is refused as a slot in use; later it is a slot that cannot be opened (Zephyr 3.2
    /// `zephyr_img_mgmt.c`, `img_mgmt_get_unused_slot_area_id`).
    pub second_image_always_free: bool,
    /// How the hash of an image is found among its TLVs (Zephyr `img_mgmt.c`, `img_mgmt_read_info`).
    pub hash_scan: HashScan,
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
    /// A file that is transferred stays open between requests: it can be closed by a command, an
    /// upload may go on at the end of any file, and a wrong offset is answered with the right one.
    /// Early servers open it for each request (Zephyr 3.5 `fs_mgmt.c`, `fs_mgmt_file_upload`).
    pub file_stays_open: bool,
    /// Access to a file that the application refuses with a code of the protocol leaves the lock of
    /// the open file taken: all later transfers are refused as busy (Zephyr 3.7 `fs_mgmt.c`,
    /// `fs_mgmt_file_download`).
    pub denied_access_keeps_lock: bool,
    /// The root of all mount points is a directory to the status of a file; before it is an invalid
    /// name (Zephyr 4 `fs.c`, `fs_stat`).
    pub root_has_status: bool,
    /// Paths must not leave the root, and a slash behind the name of a file is an error (littlefs 2.10
    /// `lfs.c`, `lfs_dir_find`).
    pub strict_paths: bool,
    /// A file that is cut off to nothing is kept in its directory again and needs no block until it
    /// has grown (littlefs 2.7 `lfs.c`, `lfs_file_truncate`).
    pub truncated_file_is_inline: bool,
    /// A save of settings looks at its request, and tells when it failed (Zephyr 4.2
    /// `settings_mgmt.c`, `settings_mgmt_save`).
    pub settings_save_checked: bool,
    /// A second reset request starts the delay over (`k_timer_start` in 3.2, `k_work_schedule`
    /// later; Zephyr `os_mgmt.c`, `os_mgmt_reset`).
    pub reset_restarts_delay: bool,
    /// A question that the boot loader's information has no answer to is refused with the number of
    /// the group's error as a code of the protocol, `EINVAL` (Zephyr 3.7 `os_mgmt.c`,
    /// `os_mgmt_bootloader_info`); later with the error itself.
    pub bootloader_query_refused_plainly: bool,
    /// The boot loader's information knows the mode that swaps using an offset (Zephyr 4.1
    /// `os_mgmt.c`, `BOOTLOADER_MODE`).
    pub knows_swap_offset: bool,
    /// A request for statistics is decoded by hand: what is no map is `EUNKNOWN`, and nothing
    /// behind `name` is looked at (Zephyr 3.2 `stat_mgmt.c`, `stat_mgmt_show`).
    pub stat_by_hand: bool,
    /// The list of statistics begins with `rc: 0`, whatever
    /// `CONFIG_MCUMGR_SMP_LEGACY_RC_BEHAVIOUR` says (Zephyr 3.7 `stat_mgmt.c`, `stat_mgmt_list`).
    pub stat_list_carries_rc: bool,
    /// Errors of the statistics group name Zephyr's basic group as theirs (Zephyr 3.7
    /// `stat_mgmt.c`, `stat_mgmt_show`, corrected in 4.4).
    pub stat_errors_of_basic_group: bool,
}

impl Profile {
    /// All eras, the oldest first.
    pub const ALL: [Self; 4] = [Self::Z30, Self::Z32, Self::Z37, Self::Z4x];

    /// Its name in scenarios and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Z30 => "z30",
            Self::Z32 => "z32",
            Self::Z37 => "z37",
            Self::Z4x => "z4x",
        }
    }

    /// The switches of this era.
    pub const fn quirks(self) -> Quirks {
        let early = matches!(self, Self::Z30 | Self::Z32);
        Quirks {
            success_carries_rc: matches!(self, Self::Z30),
            max_version: if early { 0 } else { 1 },
            version_checked: !early,
            group_errors: !early,
            newer_commands: !early,
            dialect: if early { Dialect::Zcbor06 } else { Dialect::Zcbor09 },
            echo_by_hand: early,
            op_checked_first: !early,
            bare_erase_reply_fails: early,
            refused_chunk_keeps_upload: early,
            upload_size_checked: !early,
            pending_slot_in_use: early,
            only_slot_0_runs: early,
            second_image_always_free: early,
            hash_scan: match self {
                Self::Z30 | Self::Z32 => HashScan::OctetTypes,
                Self::Z37 => HashScan::IntoHash,
                Self::Z4x => HashScan::OverHash,
            },
            confirm_hides_errors: early,
            revert_needs_erased_magic: early,
            damaged_trailer_costs_slot: early,
            file_stays_open: !early,
            denied_access_keeps_lock: matches!(self, Self::Z37),
            root_has_status: matches!(self, Self::Z4x),
            strict_paths: matches!(self, Self::Z4x),
            truncated_file_is_inline: !early,
            settings_save_checked: matches!(self, Self::Z4x),
            reset_restarts_delay: early,
            bootloader_query_refused_plainly: !matches!(self, Self::Z4x),
            knows_swap_offset: matches!(self, Self::Z4x),
            stat_by_hand: early,
            stat_list_carries_rc: !matches!(self, Self::Z4x),
            stat_errors_of_basic_group: matches!(self, Self::Z37),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Profile;

    #[test]
    fn z30_differs_from_z32_by_the_leading_rc_alone() {
        let mut z30 = Profile::Z30.quirks();
        assert!(z30.success_carries_rc);
        z30.success_carries_rc = false;
        assert_eq!(z30, Profile::Z32.quirks());
    }
}
