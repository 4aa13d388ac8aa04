//! Options of the settings group, and the settings that the application has.

use super::HookRefusal;

/// What the settings group is built with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsOptions {
    /// Settings can be saved, if there is a storage partition of two pages or more
    /// (`CONFIG_SETTINGS_NONE` is off).
    pub backend: bool,
    /// Octets of a name and the zero behind it (`CONFIG_MCUMGR_GRP_SETTINGS_NAME_LEN`).
    pub name_len: u32,
    /// Octets of a value that can be read (`CONFIG_MCUMGR_GRP_SETTINGS_VALUE_LEN`).
    pub value_len: u32,
    /// What the application has registered.
    pub registered: Vec<Setting>,
    /// Names that the application lets nobody read, write or delete, and all that begins with them
    /// (`CONFIG_MCUMGR_GRP_SETTINGS_ACCESS_HOOK`).
    pub protected: Vec<(String, HookRefusal)>,
}

/// A setting of the application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its whole name. What stands before the first slash is the name of its handler.
    pub name: String,
    /// Its value before anything is loaded.
    pub value: Vec<u8>,
    /// Octets that it takes.
    pub max_len: u32,
    /// Its handler can tell it.
    pub readable: bool,
    /// Its handler can be told it.
    pub writable: bool,
}

impl Default for SettingsOptions {
    /// Zephyr's defaults; nothing is registered.
    fn default() -> Self {
        Self {
            backend: true,
            name_len: 32,
            value_len: 256,
            registered: Vec::new(),
            protected: Vec::new(),
        }
    }
}

impl Default for Setting {
    /// An empty one that can be read and written.
    fn default() -> Self {
        Self {
            name: String::new(),
            value: Vec::new(),
            max_len: 256,
            readable: true,
            writable: true,
        }
    }
}
