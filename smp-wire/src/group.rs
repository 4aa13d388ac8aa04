//! Numbers and names of the management groups and their commands.

/// OS: echo, reset, parameters and information.
pub const OS: u16 = 0;
/// Image: list, upload, test, confirm, erase.
pub const IMAGE: u16 = 1;
/// Statistics.
pub const STAT: u16 = 2;
/// Settings (`config` in early servers).
pub const SETTINGS: u16 = 3;
/// Log; no Zephyr server has it.
pub const LOG: u16 = 4;
/// Crash; no Zephyr server has it.
pub const CRASH: u16 = 5;
/// Split image; no Zephyr server has it.
pub const SPLIT: u16 = 6;
/// Run tests; no Zephyr server has it.
pub const RUN: u16 = 7;
/// File system.
pub const FS: u16 = 8;
/// Shell.
pub const SHELL: u16 = 9;
/// Enumeration of the groups a server has.
pub const ENUM: u16 = 10;
/// Zephyr's own basic commands.
pub const ZEPHYR_BASIC: u16 = 63;
/// First group number left to users.
pub const USER: u16 = 64;

/// Commands of [`OS`].
pub mod os {
    /// Sends a text back.
    pub const ECHO: u8 = 0;
    /// Switches the console's echo; no Zephyr server has it.
    pub const CONSOLE_ECHO: u8 = 1;
    /// Thread statistics.
    pub const TASK_STATS: u8 = 2;
    /// Memory pool statistics.
    pub const MEMORY_POOL_STATS: u8 = 3;
    /// Date and time.
    pub const DATETIME: u8 = 4;
    /// Restarts the device.
    pub const RESET: u8 = 5;
    /// Size and number of the server's buffers.
    pub const PARAMS: u8 = 6;
    /// What the application is.
    pub const INFO: u8 = 7;
    /// What the boot loader is.
    pub const BOOTLOADER_INFO: u8 = 8;
}

/// Commands of [`IMAGE`].
pub mod image {
    /// Lists the images (read); tests or confirms one (write).
    pub const STATE: u8 = 0;
    /// Takes a chunk of an image.
    pub const UPLOAD: u8 = 1;
    /// Erases a slot.
    pub const ERASE: u8 = 5;
    /// Sizes of the slots.
    pub const SLOT_INFO: u8 = 6;
}

/// Commands of [`STAT`].
pub mod stat {
    /// Values of one group of statistics.
    pub const SHOW: u8 = 0;
    /// Names of the groups of statistics.
    pub const LIST: u8 = 1;
}

/// Commands of [`SETTINGS`].
pub mod settings {
    /// Reads or writes a setting.
    pub const READ_WRITE: u8 = 0;
    /// Deletes a setting.
    pub const DELETE: u8 = 1;
    /// Makes written settings take effect.
    pub const COMMIT: u8 = 2;
    /// Loads from (read) or saves to (write) storage.
    pub const LOAD_SAVE: u8 = 3;
}

/// Commands of [`FS`].
pub mod fs {
    /// Downloads (read) or uploads (write) a file.
    pub const FILE: u8 = 0;
    /// Length of a file.
    pub const STATUS: u8 = 1;
    /// Hash or checksum of a file.
    pub const HASH: u8 = 2;
    /// Hashes and checksums there are.
    pub const HASH_TYPES: u8 = 3;
    /// Closes the open file.
    pub const CLOSE: u8 = 4;
}

/// Commands of [`SHELL`].
pub mod shell {
    /// Runs a command line.
    pub const EXEC: u8 = 0;
}

/// Commands of [`ENUM`].
pub mod enumeration {
    /// Number of groups.
    pub const COUNT: u8 = 0;
    /// Numbers of all groups.
    pub const LIST: u8 = 1;
    /// Number of one group, by index.
    pub const SINGLE: u8 = 2;
    /// Names and commands of groups.
    pub const DETAILS: u8 = 3;
}

/// Commands of [`ZEPHYR_BASIC`].
pub mod zephyr_basic {
    /// Erases the settings partition.
    pub const ERASE_STORAGE: u8 = 0;
}

/// What people call a group.
#[must_use]
pub fn group_name(group: u16) -> Option<&'static str> {
    Some(match group {
        OS => "os",
        IMAGE => "image",
        STAT => "stat",
        SETTINGS => "settings",
        LOG => "log",
        CRASH => "crash",
        SPLIT => "split",
        RUN => "run",
        FS => "fs",
        SHELL => "shell",
        ENUM => "enum",
        ZEPHYR_BASIC => "zephyr basic",
        _ => return None,
    })
}

/// What people call a command.
#[must_use]
pub fn command_name(group: u16, id: u8) -> Option<&'static str> {
    let names: &[(u8, &str)] = match group {
        OS => &OS_NAMES,
        IMAGE => &IMAGE_NAMES,
        STAT => &[(stat::SHOW, "show"), (stat::LIST, "list")],
        SETTINGS => &SETTINGS_NAMES,
        FS => &FS_NAMES,
        SHELL => &[(shell::EXEC, "exec")],
        ENUM => &ENUM_NAMES,
        ZEPHYR_BASIC => &[(zephyr_basic::ERASE_STORAGE, "erase storage")],
        _ => &[],
    };
    names.iter().find(|&&(known, _)| known == id).map(|&(_, name)| name)
}

const OS_NAMES: [(u8, &str); 9] = [
    (os::ECHO, "echo"),
    (os::CONSOLE_ECHO, "console echo"),
    (os::TASK_STATS, "task statistics"),
    (os::MEMORY_POOL_STATS, "memory pool statistics"),
    (os::DATETIME, "datetime"),
    (os::RESET, "reset"),
    (os::PARAMS, "params"),
    (os::INFO, "info"),
    (os::BOOTLOADER_INFO, "bootloader info"),
];

const IMAGE_NAMES: [(u8, &str); 4] = [
    (image::STATE, "state"),
    (image::UPLOAD, "upload"),
    (image::ERASE, "erase"),
    (image::SLOT_INFO, "slot info"),
];

const SETTINGS_NAMES: [(u8, &str); 4] = [
    (settings::READ_WRITE, "read/write"),
    (settings::DELETE, "delete"),
    (settings::COMMIT, "commit"),
    (settings::LOAD_SAVE, "load/save"),
];

const FS_NAMES: [(u8, &str); 5] = [
    (fs::FILE, "file"),
    (fs::STATUS, "status"),
    (fs::HASH, "hash"),
    (fs::HASH_TYPES, "hash types"),
    (fs::CLOSE, "close"),
];

const ENUM_NAMES: [(u8, &str); 4] = [
    (enumeration::COUNT, "count"),
    (enumeration::LIST, "list"),
    (enumeration::SINGLE, "single"),
    (enumeration::DETAILS, "details"),
];
