//! The errors of the other groups in words.

use super::image_errors::IMAGE;
use super::{Words, words};
use smp_wire::group;

/// The errors of a group, by code.
pub(super) const fn errors(of: u16) -> &'static [Words] {
    match of {
        group::OS => &OS,
        group::IMAGE => &IMAGE,
        group::STAT => &STAT,
        group::SETTINGS => &SETTINGS,
        group::FS => &FS,
        group::SHELL => &SHELL,
        group::ENUM => &ENUM,
        group::ZEPHYR_BASIC => &ZEPHYR_BASIC,
        _ => &[],
    }
}

const NONE: Words = words("No error.", "Nobody.", "Nothing.");

const UNKNOWN: Words = words(
    "Something failed for which the group has no better code.",
    "Any command of the group.",
    "Look at the device's log.",
);

const OS: [Words; 8] = [
    NONE,
    UNKNOWN,
    words(
        "The format of an information request holds a letter that is not known.",
        "Information; known are s n r v b m p i o a.",
        "Leave the letter out, or `format` altogether.",
    ),
    words(
        "The boot loader does not answer this question.",
        "Boot loader information with a `query` other than \"mode\".",
        "Ask without `query` for the name, or for \"mode\".",
    ),
    words("The clock was never set.", "Reading date and time.", "Set date and time first."),
    words(
        "The clock's driver reported an error.",
        "Reading or setting date and time.",
        "Check the real-time clock of the device.",
    ),
    words(
        "The boot loader's answer makes no sense.",
        "Boot loader information, when the shared data are missing or damaged.",
        "Build boot loader and application with the same retention settings.",
    ),
    words(
        "Heap statistics could not be fetched.",
        "Memory pool statistics.",
        "Build the application with SYS_HEAP_RUNTIME_STATS.",
    ),
];

const STAT: [Words; 6] = [
    NONE,
    UNKNOWN,
    words(
        "There is no such group of statistics.",
        "No recorded server; an unknown name gives error 3.",
        "List the groups of statistics.",
    ),
    words(
        "There is no group of statistics of this name.",
        "Show.",
        "List the groups of statistics and take a name from there.",
    ),
    words(
        "A counter has a size that the server cannot print.",
        "Show, for counters that are not 16, 32 or 64 bits wide.",
        "Change the application's statistics.",
    ),
    words(
        "Walking through the counters was cut short.",
        "Show and list, when the answer does not fit.",
        "Build the server with a larger MCUMGR_TRANSPORT_NETBUF_SIZE.",
    ),
];

const SETTINGS: [Words; 9] = [
    NONE,
    UNKNOWN,
    words(
        "The name is too long.",
        "Every settings command; the limit is MCUMGR_GRP_SETTINGS_NAME_LEN, 32 with the terminator.",
        "Use a shorter name, or raise the limit.",
    ),
    words(
        "There is no setting of this name.",
        "Delete of a name that nothing is registered for, read of a key that its handler lacks.",
        "Check the name, with its root.",
    ),
    words(
        "The setting cannot be read.",
        "Read, when the handler of its root has no function for it.",
        "Add `h_get` to the handler in the application.",
    ),
    words(
        "No handler is registered for the root of this name.",
        "Read and write.",
        "Check the part of the name before the first slash.",
    ),
    words(
        "The setting cannot be written.",
        "Write, when the handler of its root has no function for it.",
        "Add `h_set` to the handler in the application.",
    ),
    words(
        "The setting cannot be deleted.",
        "Delete, when storage does not allow it.",
        "Check the settings back end.",
    ),
    words(
        "Settings cannot be saved.",
        "Save, when no storage back end is built in.",
        "Enable one, such as SETTINGS_NVS or SETTINGS_ZMS.",
    ),
];

const FS: [Words; 17] = [
    NONE,
    UNKNOWN,
    words(
        "The name is not a valid path.",
        "Every file command.",
        "Begin the name with a mount point, such as /lfs1.",
    ),
    words("There is no file of this name.", "Download, status, hash.", "Check the path."),
    words("The name is that of a directory.", "Every file command.", "Name a file."),
    words(
        "The file could not be opened.",
        "Upload, download and hash.",
        "Check that the file system is mounted and has room.",
    ),
    words("The position in the file could not be reached.", "Download and hash.", "Check `off`."),
    words(
        "Reading the file failed.",
        "Download and hash.",
        "Check the file system; it may be damaged.",
    ),
    words(
        "The file could not be cut to length 0.",
        "Upload with off 0 over a file that exists.",
        "Check that the file system can be written.",
    ),
    words(
        "The file could not be deleted.",
        "Upload with off 0 over a file that exists.",
        "Check that the file system can be written.",
    ),
    words(
        "Writing the file failed.",
        "Upload, for one when the file system is full.",
        "Free some room.",
    ),
    words(
        "The offset is not where the file ends.",
        "Upload; the answer also holds `len`, the offset that is expected.",
        "Go on at `len`. The file stays usable.",
    ),
    words(
        "The offset lies behind the end of the file.",
        "Hash.",
        "Ask for the file's status first: it tells the length.",
    ),
    words(
        "This kind of hash or checksum is not built in.",
        "Hash.",
        "Ask for the types that there are (command 3).",
    ),
    words("Nothing is mounted there.", "Every file command.", "Check the first part of the path."),
    words(
        "The file system cannot be written.",
        "Upload to a file system that is mounted read-only.",
        "Mount it with write access.",
    ),
    words("The file is empty.", "Hash of a file without octets.", "There is nothing to hash."),
];

const SHELL: [Words; 4] = [
    NONE,
    UNKNOWN,
    words(
        "The command line is too long.",
        "Exec; the limit is SHELL_BACKEND_DUMMY_BUF_SIZE or the shell's own, 255 characters.",
        "Use a shorter line.",
    ),
    words(
        "The command line is empty.",
        "Exec with an empty `argv`, or a first word that is no text.",
        "Send the words of the command as a list of texts.",
    ),
];

const ENUM: [Words; 5] = [
    NONE,
    UNKNOWN,
    words(
        "The request names too many groups.",
        "Details.",
        "Ask for fewer at once; without `groups` all are told.",
    ),
    words(
        "The server ran out of heap while it collected the groups.",
        "Details.",
        "Ask for fewer groups, or give the server more heap.",
    ),
    words(
        "There is no group with this index.",
        "Single, with an index behind the last group.",
        "Ask for the count first; the last one carries `end`.",
    ),
];

const ZEPHYR_BASIC: [Words; 5] = [
    NONE,
    UNKNOWN,
    words(
        "The storage partition could not be opened.",
        "Erase storage.",
        "Check the partitions of the build.",
    ),
    words(
        "The layout of the storage partition could not be asked for.",
        "Erase storage. A client of SMP version 1 gets no usable answer.",
        "Check the flash driver.",
    ),
    words(
        "Erasing the storage partition failed.",
        "Erase storage. A client of SMP version 1 gets no usable answer.",
        "Check the flash driver; the part may be protected.",
    ),
];
