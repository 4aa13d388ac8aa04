//! Scenario files inside the program.

use super::ScenarioError;

/// A scenario that comes with the program.
#[derive(Clone, Copy, Debug)]
pub struct Preset {
    /// Name on the command line.
    pub name: &'static str,
    /// The scenario file.
    pub text: &'static str,
}

macro_rules! presets {
    ($($name:literal),* $(,)?) => {
        /// All presets.
        pub const PRESETS: &[Preset] = &[$(Preset {
            name: $name,
            text: include_str!(concat!("../../presets/", $name, ".toml")),
        }),*];
    };
}

presets!(
    "reference",
    "reference-lossy",
    "reference-reassembly",
    "reference-ncs",
    "reference-udp",
    "reference-serial",
    "two-images",
    "direct-xip",
    "emulator",
    "seed-gateway",
    "seed-gateway-400",
    "seed-gateway-cellular",
    "seed-android",
    "confirm-pending-ios",
    "emsgsize",
    "enomem",
    "ebusy",
    "erase-timeout",
    "erase-link-loss",
    "settings-not-supported",
    "stuck-small-mtu",
    "stuck-rc-ignored",
    "stuck-parser",
    "lost-last-answer",
    "lost-fragment",
    "window-too-large",
    "no-memory",
    "no-reassembly",
    "key-overflow",
    "image-too-large",
    "unconfirmed",
    "not-paired",
);

pub(super) fn find(name: &str) -> Result<&'static Preset, ScenarioError> {
    PRESETS
        .iter()
        .find(|preset| preset.name == name)
        .ok_or_else(|| ScenarioError::Preset { name: name.to_owned() })
}

pub(super) fn names() -> String {
    PRESETS.iter().map(|preset| preset.name).collect::<Vec<_>>().join(", ")
}
