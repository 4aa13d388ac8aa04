//! What each switch of an era means to a client: the table behind `smpsim profiles --diff`.

use super::Quirks;
use flash_model::HashScan;
use smp_wire::cbor::Dialect;

/// A difference between eras, as a client sees it.
#[derive(Clone, Copy, Debug)]
pub struct Switch {
    /// The field of [`Quirks`].
    pub field: &'static str,
    /// What it is about, in a few words.
    pub point: &'static str,
    /// What a client observes in each position, the early one first.
    pub positions: &'static [&'static str],
    /// Public document and place that the switch comes from.
    pub source: &'static str,
    /// Index into `positions`.
    position: fn(&Quirks) -> usize,
}

impl Switch {
    /// What a client of a server with these switches observes.
    pub fn observed(&self, quirks: &Quirks) -> &'static str {
        self.positions.get((self.position)(quirks)).copied().unwrap_or("other")
    }
}

/// A switch whose positions are `false` and `true`, or the numbers from 0 on.
macro_rules! switch {
    ($field:ident, $point:literal, [$($position:literal),+ $(,)?], $source:literal) => {
        switch!($field, $point, [$($position),+], $source, |quirks| usize::from(quirks.$field))
    };
    ($field:ident, $point:literal, [$($position:literal),+ $(,)?], $source:literal, $get:expr) => {
        Switch {
            field: stringify!($field),
            point: $point,
            positions: &[$($position),+],
            source: $source,
            position: $get,
        }
    };
}

/// All switches, in the order in which a request meets them.
pub const SWITCHES: &[Switch] = &[
    switch!(
        max_version,
        "version bits of the header",
        [
            "ignored; every response says SMP version 1",
            "answered in the request's version, 2 at most"
        ],
        "Zephyr 3.2 and 3.7 smp.c, smp_handle_single_req"
    ),
    switch!(
        version_checked,
        "request of an SMP version above 2",
        ["served as version 1", "rc 13 (too new), in version 2"],
        "Zephyr 3.7 smp.c, smp_handle_single_req"
    ),
    switch!(
        op_checked_first,
        "operation other than read or write",
        ["rc 3, after the command is looked up", "rc 8, before the command is looked up"],
        "Zephyr 3.2 and 3.7 smp.c, smp_handle_single_req"
    ),
    switch!(
        group_errors,
        "a handler's error",
        [
            "{\"rc\": n} with a code of the protocol; unknown hash and bad image magic: rc 3, no \
             free slot: rc 5",
            "version 2: {\"err\": {\"group\", \"rc\"}}; version 1: translated to rc; unknown hash \
             and bad image magic: rc 1, no free slot: rc 6",
        ],
        "Zephyr 3.5 smp.c, smp_add_cmd_err; img_mgmt.c, img_mgmt_translate_error_code"
    ),
    switch!(
        success_carries_rc,
        "`rc: 0` first in answers to upload and erase",
        ["only with MCUMGR_SMP_LEGACY_RC_BEHAVIOUR", "always"],
        "mcumgr img_mgmt.c before zcbor"
    ),
    switch!(
        newer_commands,
        "slot info, enum and settings groups, datetime, boot loader info",
        ["rc 8: they do not exist yet", "there, where the build has them"],
        "Zephyr 3.5 to 4.0 release notes, MCUmgr"
    ),
    switch!(
        dialect,
        "known key with a value of a wrong type; 8-octet numbers",
        [
            "null, bool, float or text is often taken as a number; an unknown key with an 8-octet \
             number or float64: rc 3",
            "wrong type: always rc 3; an unknown key with an 8-octet number or float64 is skipped",
        ],
        "zcbor 0.6 and 0.9 zcbor_decode.c, value_extract",
        |quirks| match quirks.dialect {
            Dialect::Zcbor06 => 0,
            _ => 1,
        }
    ),
    switch!(
        echo_by_hand,
        "echo",
        [
            "decoded by hand: a key behind `d`, no `d`, a malformed or empty payload: rc 1",
            "keys behind `d` are skipped, no `d`: an empty text; a malformed or empty payload: rc 3",
        ],
        "Zephyr 3.2 and 3.7 os_mgmt.c, os_mgmt_echo",
        |quirks| usize::from(!quirks.echo_by_hand)
    ),
    switch!(
        pending_slot_in_use,
        "upload or erase while an update is pending",
        ["refused: rc 5 to an upload, rc 6 to an erase", "allowed; it cancels the update"],
        "Zephyr 3.2 img_mgmt_state.c, img_mgmt_slot_in_use; later MCUMGR_GRP_IMG_ALLOW_ERASE_PENDING",
        |quirks| usize::from(!quirks.pending_slot_in_use)
    ),
    switch!(
        upload_size_checked,
        "upload larger than the slot, data behind `len`",
        [
            "accepted; the write fails late, and data behind `len` never complete the upload",
            "err 1/30 when `len` is larger than the slot, err 1/31 for data behind `len`",
        ],
        "Zephyr 3.7 zephyr_img_mgmt.c, img_mgmt_upload_inspect"
    ),
    switch!(
        refused_chunk_keeps_upload,
        "upload after a refused chunk",
        ["goes on where it was", "forgotten: it starts again at off 0"],
        "Zephyr 3.2 and 3.7 img_mgmt.c, img_mgmt_upload",
        |quirks| usize::from(!quirks.refused_chunk_keeps_upload)
    ),
    switch!(
        bare_erase_reply_fails,
        "answer to an image erase that worked",
        ["rc 7, unless MCUMGR_SMP_LEGACY_RC_BEHAVIOUR is on", "success"],
        "Zephyr 3.2 img_mgmt.c, img_mgmt_erase",
        |quirks| usize::from(!quirks.bare_erase_reply_fails)
    ),
    switch!(
        only_slot_0_runs,
        "several images, direct-xip, RAM load",
        [
            "slot 0 alone is active; test and confirm go by the flags of the slot",
            "each image has an active slot; test and confirm go by what boots next, and are rc 8 \
             where the boot loader chooses by version",
        ],
        "Zephyr 3.2 img_mgmt_state.c, img_mgmt_state_flags; 3.5 img_mgmt_get_next_boot_slot",
        |quirks| usize::from(!quirks.only_slot_0_runs)
    ),
    switch!(
        second_image_always_free,
        "upload to the second of two images, or to an image that does not exist",
        [
            "taken whatever is pending; rc 5 without such an image",
            "refused while in use; err 1/10 without such an image",
        ],
        "Zephyr 3.2 and 3.7 zephyr_img_mgmt.c, img_mgmt_get_unused_slot_area_id",
        |quirks| usize::from(!quirks.second_image_always_free)
    ),
    switch!(
        hash_scan,
        "image that has several hash TLVs, or whose hash looks like a TLV",
        [
            "hidden if the hash begins with ff xx ff ff or 10 xx 20 00; a second hash is overlooked",
            "hidden if the hash begins with ff 00 ff ff or 10 00 20 00; a second hash is overlooked",
            "listed whatever the hash; hidden if it has two",
        ],
        "Zephyr 3.2 and 3.7 img_mgmt.c, img_mgmt_read_info; 4.4 mcuboot.c, dfu_boot_read_img_info",
        |quirks| match quirks.hash_scan {
            HashScan::OctetTypes => 0,
            HashScan::IntoHash => 1,
            HashScan::OverHash => 2,
        }
    ),
    switch!(
        confirm_hides_errors,
        "confirm while a test is pending",
        ["the image list, and nothing changes", "err 1/28; version 1: rc 6"],
        "Zephyr 3.2 img_mgmt_state.c, img_mgmt_state_confirm",
        |quirks| usize::from(!quirks.confirm_hides_errors)
    ),
    switch!(
        revert_needs_erased_magic,
        "running image on trial while slot 1 has a damaged trailer",
        ["listed as confirmed", "listed as on trial: not confirmed"],
        "MCUboot of 2022 and 2024 bootutil_public.c, boot_swap_tables",
        |quirks| usize::from(!quirks.revert_needs_erased_magic)
    ),
    switch!(
        damaged_trailer_costs_slot,
        "test or confirm of an image with a damaged trailer",
        ["an error, and the slot is erased", "an error, and nothing is touched"],
        "MCUboot of 2022 and 2024 bootutil_public.c, boot_set_pending_multi",
        |quirks| usize::from(!quirks.damaged_trailer_costs_slot)
    ),
    switch!(
        file_stays_open,
        "file transfer",
        [
            "the file is opened for each chunk; wrong `off`: rc 1, data behind `len`: rc 3",
            "the file stays open, and there is a command to close it; wrong `off`: err 8/11 with \
             `len`, data behind `len` are written",
        ],
        "Zephyr 3.2 and 3.5 fs_mgmt.c, fs_mgmt_file_upload"
    ),
    switch!(
        denied_access_keeps_lock,
        "file transfers after the application has refused one",
        ["served", "rc 10 (busy) until the next reset"],
        "Zephyr 3.7 and 4.0 fs_mgmt.c, fs_mgmt_file_download"
    ),
    switch!(
        root_has_status,
        "status of the file `/`",
        ["an invalid name: rc 3 or err 8/2", "a directory: err 8/4"],
        "Zephyr 3.7 and 4.4 fs.c, fs_stat"
    ),
    switch!(
        strict_paths,
        "`..` above the root, a slash behind the name of a file",
        ["ignored", "err 8/2 and err 8/1"],
        "littlefs 2.8 and 2.10 lfs.c, lfs_dir_find"
    ),
    switch!(
        truncated_file_is_inline,
        "upload over a file when no block is free",
        ["fails: rc 1", "works as long as the new file is small"],
        "littlefs 2.5 and 2.8 lfs.c, lfs_file_truncate"
    ),
    switch!(
        settings_save_checked,
        "save of settings",
        [
            "success whatever the request holds and whatever came of it",
            "checked: err 3/8 without a back end"
        ],
        "Zephyr 3.7 and 4.4 settings_mgmt.c, settings_mgmt_save"
    ),
    switch!(
        reset_restarts_delay,
        "second reset request during the delay",
        ["starts the delay over", "changes nothing"],
        "Zephyr 3.2 and 3.7 os_mgmt.c, os_mgmt_reset",
        |quirks| usize::from(!quirks.reset_restarts_delay)
    ),
    switch!(
        bootloader_query_refused_plainly,
        "boot loader information asked for what it does not know",
        ["rc 3, in version 2 too", "err 0/3"],
        "Zephyr 3.7 and 4.4 os_mgmt.c, os_mgmt_bootloader_info",
        |quirks| usize::from(!quirks.bootloader_query_refused_plainly)
    ),
    switch!(
        knows_swap_offset,
        "mode of a boot loader that swaps using an offset",
        ["-1, unknown", "9"],
        "Zephyr 4.1 os_mgmt.c, BOOTLOADER_MODE"
    ),
    switch!(
        stat_by_hand,
        "statistics: malformed request",
        ["rc 1; what stands behind `name` is not looked at", "rc 3"],
        "Zephyr 3.2 stat_mgmt.c, stat_mgmt_show",
        |quirks| usize::from(!quirks.stat_by_hand)
    ),
    switch!(
        stat_list_carries_rc,
        "statistics: answer to list",
        ["begins with `rc: 0`", "only with MCUMGR_SMP_LEGACY_RC_BEHAVIOUR"],
        "Zephyr 3.7 and 4.4 stat_mgmt.c, stat_mgmt_list",
        |quirks| usize::from(!quirks.stat_list_carries_rc)
    ),
    switch!(
        stat_errors_of_basic_group,
        "statistics: group in an `err`",
        ["2, where there is an `err`", "63, the basic group's"],
        "Zephyr 3.7 stat_mgmt.c, stat_mgmt_show, corrected in 4.4"
    ),
];

#[cfg(test)]
mod tests {
    use super::SWITCHES;
    use crate::Profile;

    /// Names of the fields of `Quirks`, from the one place that cannot forget any.
    fn fields() -> Vec<String> {
        let text = format!("{:#?}", Profile::Z32.quirks());
        let fields = text.lines().filter_map(|line| line.trim().split_once(": "));
        fields.map(|(name, _)| name.to_owned()).collect()
    }

    #[test]
    fn every_switch_of_an_era_says_what_a_client_observes() {
        for field in fields() {
            let told = SWITCHES.iter().filter(|switch| switch.field == field).count();
            assert_eq!(told, 1, "Quirks::{field} must have one entry in SWITCHES");
        }
        assert_eq!(fields().len(), SWITCHES.len());
    }

    #[test]
    fn what_is_observed_differs_exactly_where_the_switches_differ() {
        let told = |profile: Profile| {
            let quirks = profile.quirks();
            SWITCHES.iter().map(|switch| switch.observed(&quirks)).collect::<Vec<_>>()
        };
        let debug = |profile: Profile| format!("{:#?}", profile.quirks());
        for a in Profile::ALL {
            for b in Profile::ALL {
                let (told_a, told_b, debug_a, debug_b) = (told(a), told(b), debug(a), debug(b));
                let told = told_a.iter().zip(&told_b).filter(|(a, b)| a != b).count();
                let set = debug_a.lines().zip(debug_b.lines()).filter(|(a, b)| a != b).count();
                assert_eq!(told, set, "{a:?} {b:?}");
            }
        }
    }

    #[test]
    fn every_position_is_told_in_words_of_its_own() {
        for switch in SWITCHES {
            for profile in Profile::ALL {
                assert_ne!(switch.observed(&profile.quirks()), "other", "{}", switch.field);
            }
            for (i, position) in switch.positions.iter().enumerate() {
                assert!(!switch.positions[..i].contains(position), "{}", switch.field);
            }
            assert!(!switch.source.is_empty() && !switch.point.is_empty());
        }
    }
}
