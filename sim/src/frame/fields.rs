//! What the keys of each command mean.

use smp_wire::group::{self, enumeration, fs, image, os, settings, shell, stat, zephyr_basic};

/// One operation of a command: the keys of its request and of its response. A path names the keys
/// down to a value, `[]` for the elements of a list and `*` for a key that is a name.
#[derive(Debug)]
pub(super) struct Operation {
    group: u16,
    id: u8,
    /// A write; otherwise a read.
    write: bool,
    pub(super) request: Keys,
    pub(super) response: Keys,
}

type Keys = &'static [(&'static str, &'static str)];

/// Whether the tables know the command, and this operation of it.
pub(super) fn operation(group: u16, id: u8, write: bool) -> Result<&'static Operation, bool> {
    let mut of_command = OPERATIONS.iter().filter(|known| known.group == group && known.id == id);
    let known = of_command.clone().next().is_some();
    of_command.find(|operation| operation.write == write).ok_or(known)
}

/// What a key of a response means whatever the command.
pub(super) const ANY_RESPONSE: Keys = &[
    ("rc", "result code of the protocol; 0 is success"),
    ("rsn", "reason for the code, in words"),
    ("err.group", "group that the error belongs to"),
    ("err.rc", "the group's error"),
    ("ret.group", "group that the error belongs to (servers between Zephyr 3.3 and 3.5)"),
    ("ret.rc", "the group's error (servers between Zephyr 3.3 and 3.5)"),
];

const fn read(group: u16, id: u8, request: Keys, response: Keys) -> Operation {
    Operation { group, id, write: false, request, response }
}

const fn write(group: u16, id: u8, request: Keys, response: Keys) -> Operation {
    Operation { group, id, write: true, request, response }
}

const ECHO: (Keys, Keys) = (&[("d", "text to send back")], &[("r", "the text, sent back")]);

const IMAGES: Keys = &[
    ("images[].image", "number of the image, where there are several"),
    ("images[].slot", "slot: 0 primary, 1 secondary"),
    ("images[].version", "version; a build number follows after a dot"),
    ("images[].hash", "SHA-256 from the image's TLVs, not of the file"),
    ("images[].bootable", "the boot loader may start it"),
    ("images[].pending", "it is swapped in at the next boot"),
    ("images[].confirmed", "it stays, or comes back, after the next boot"),
    ("images[].active", "it runs"),
    ("images[].permanent", "its swap will not be reverted"),
    ("splitStatus", "unused, always 0"),
];

const FILE_AT: (&str, &str) = ("off", "offset in the file");
const FILE_NAME: (&str, &str) = ("name", "path of the file");

const OPERATIONS: &[Operation] = &[
    read(group::OS, os::ECHO, ECHO.0, ECHO.1),
    write(group::OS, os::ECHO, ECHO.0, ECHO.1),
    read(
        group::OS,
        os::TASK_STATS,
        &[],
        &[
            ("tasks.*.prio", "priority of the thread; negative ones are cooperative"),
            ("tasks.*.tid", "number of the thread"),
            ("tasks.*.state", "state bits of the kernel"),
            ("tasks.*.stkuse", "words of 4 octets of the stack that were used"),
            ("tasks.*.stksiz", "size of the stack in words of 4 octets"),
            ("tasks.*.cswcnt", "context switches; always 0"),
            ("tasks.*.runtime", "run time of the thread"),
            ("tasks.*.last_checkin", "unused, always 0"),
            ("tasks.*.next_checkin", "unused, always 0"),
        ],
    ),
    read(
        group::OS,
        os::MEMORY_POOL_STATS,
        &[],
        &[
            ("tasks.*.blksiz", "size of a block"),
            ("tasks.*.nblks", "number of blocks"),
            ("tasks.*.nfree", "free blocks"),
            ("tasks.*.min", "fewest free blocks so far"),
        ],
    ),
    read(group::OS, os::DATETIME, &[], &[("datetime", "date and time, yyyy-MM-ddThh:mm:ss.SSS")]),
    write(group::OS, os::DATETIME, &[("datetime", "date and time, yyyy-MM-ddThh:mm:ss")], &[]),
    write(
        group::OS,
        os::RESET,
        &[
            ("force", "reset even if the application objects"),
            ("boot_mode", "what boots: 0 the application, 1 the boot loader"),
        ],
        &[],
    ),
    read(
        group::OS,
        os::PARAMS,
        &[],
        &[
            ("buf_size", "octets of a buffer: the longest frame"),
            ("buf_count", "buffers, shared by requests and responses"),
        ],
    ),
    read(
        group::OS,
        os::INFO,
        &[("format", "what to tell: letters of s n r v b m p i o, or a for all")],
        &[("output", "the answers, with spaces between")],
    ),
    read(
        group::OS,
        os::BOOTLOADER_INFO,
        &[("query", "what to tell: nothing for the name, or \"mode\"")],
        &[
            ("bootloader", "name of the boot loader"),
            ("mode", "how it installs images: 3 swap using move, 9 swap using offset"),
            ("no-downgrade", "lower versions are not installed"),
        ],
    ),
    read(group::IMAGE, image::STATE, &[], IMAGES),
    write(
        group::IMAGE,
        image::STATE,
        &[
            ("hash", "which image, by the SHA-256 that the list shows"),
            ("confirm", "true: for good; false: for one trial boot"),
        ],
        IMAGES,
    ),
    write(
        group::IMAGE,
        image::UPLOAD,
        &[
            ("image", "which image, or with direct upload which slot"),
            ("len", "octets of the whole image, with off 0"),
            ("off", "where the data stand in the image"),
            ("sha", "SHA-256 of the file, to find an interrupted upload again"),
            ("data", "octets of the image"),
            ("upgrade", "take higher versions only"),
        ],
        &[
            ("off", "where the next chunk must begin"),
            ("match", "whether the slot holds what `sha` announced"),
        ],
    ),
    write(group::IMAGE, image::ERASE, &[("slot", "slot to erase; 1 when left out")], &[]),
    read(
        group::IMAGE,
        image::SLOT_INFO,
        &[],
        &[
            ("images[].image", "number of the image"),
            ("images[].slots[].slot", "slot: 0 primary, 1 secondary"),
            ("images[].slots[].size", "octets of the slot"),
            ("images[].slots[].upload_image_id", "`image` of an upload that goes into this slot"),
            ("images[].slots[].rc", "why the slot cannot be opened, a negative errno"),
            ("images[].max_image_size", "octets of the largest image"),
        ],
    ),
    read(
        group::STAT,
        stat::SHOW,
        &[("name", "name of the group of statistics")],
        &[("name", "name of the group of statistics"), ("fields.*", "value of the counter")],
    ),
    read(group::STAT, stat::LIST, &[], &[("stat_list[]", "names of the groups of statistics")]),
    read(
        group::SETTINGS,
        settings::READ_WRITE,
        &[("name", "name of the setting"), ("max_size", "most octets to tell")],
        &[("val", "its value"), ("max_size", "octets that the server can tell at most")],
    ),
    write(
        group::SETTINGS,
        settings::READ_WRITE,
        &[("name", "name of the setting"), ("val", "its new value")],
        &[],
    ),
    write(group::SETTINGS, settings::DELETE, &[("name", "name of the setting")], &[]),
    write(group::SETTINGS, settings::COMMIT, &[], &[]),
    read(group::SETTINGS, settings::LOAD_SAVE, &[], &[]),
    write(group::SETTINGS, settings::LOAD_SAVE, &[("name", "subtree to save")], &[]),
    read(
        group::FS,
        fs::FILE,
        &[FILE_AT, FILE_NAME],
        &[FILE_AT, ("data", "octets of the file"), ("len", "octets of the whole file, with off 0")],
    ),
    write(
        group::FS,
        fs::FILE,
        &[
            FILE_AT,
            ("data", "octets of the file"),
            ("len", "octets of the whole file, with off 0"),
            FILE_NAME,
        ],
        &[("off", "where the next chunk must begin"), ("len", "the offset that is expected")],
    ),
    read(group::FS, fs::STATUS, &[FILE_NAME], &[("len", "octets of the file")]),
    read(
        group::FS,
        fs::HASH,
        &[
            FILE_NAME,
            ("type", "kind of hash or checksum"),
            ("off", "where to begin"),
            ("len", "octets to take"),
        ],
        &[
            ("type", "kind of hash or checksum"),
            ("off", "where it begins"),
            ("len", "octets that were taken"),
            ("output", "the hash or checksum"),
        ],
    ),
    read(
        group::FS,
        fs::HASH_TYPES,
        &[],
        &[("types.*.format", "0 a number, 1 octets"), ("types.*.size", "octets of the result")],
    ),
    write(group::FS, fs::CLOSE, &[], &[]),
    write(
        group::SHELL,
        shell::EXEC,
        &[("argv[]", "words of the command line")],
        &[("o", "what the command printed"), ("ret", "what the command returned")],
    ),
    read(group::ENUM, enumeration::COUNT, &[], &[("count", "number of groups")]),
    read(group::ENUM, enumeration::LIST, &[], &[("groups[]", "numbers of the groups")]),
    read(
        group::ENUM,
        enumeration::SINGLE,
        &[("index", "which group, from 0 on")],
        &[("group", "number of the group"), ("end", "it is the last one")],
    ),
    read(
        group::ENUM,
        enumeration::DETAILS,
        &[("groups[]", "numbers of the groups to tell of; all when left out")],
        &[
            ("groups[].group", "number of the group"),
            ("groups[].name", "name of the group"),
            ("groups[].handlers", "number of its commands"),
        ],
    ),
    write(group::ZEPHYR_BASIC, zephyr_basic::ERASE_STORAGE, &[], &[]),
];

#[cfg(test)]
mod tests {
    use super::{OPERATIONS, operation};
    use smp_wire::group::command_name;

    #[test]
    fn every_command_with_a_name_has_its_keys_told_but_the_one_that_nobody_has() {
        for group in 0..64 {
            for id in 0..=u8::MAX {
                let told = OPERATIONS.iter().any(|known| known.group == group && known.id == id);
                let named = command_name(group, id).is_some();
                assert_eq!(told, named && (group, id) != (0, 1), "{group}/{id}");
            }
        }
    }

    #[test]
    fn an_operation_that_a_command_lacks_is_told_apart_from_an_unknown_command() {
        assert!(operation(1, 1, true).is_ok());
        assert!(matches!(operation(1, 1, false), Err(true)));
        assert!(matches!(operation(1, 2, true), Err(false)));
    }
}
