//! Which era of Zephyr a build is of: stated, or told by the names of its options.

use super::build::{Build, Kind};
use super::names;
use super::syntax::Value;
use server_model::Profile;

/// What the files tell of the era.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Era {
    /// `None` when they do not tell.
    pub(super) profile: Option<Profile>,
    /// From what.
    pub(super) why: String,
}

/// Options by the era that brought them, the newest first (Zephyr release notes).
const SINCE: &[(Profile, &str, &[&str])] = &[
    (
        Profile::Z4x,
        "Zephyr 4.0",
        &[
            "MCUBOOT_BOOTLOADER_MODE_SWAP_USING_MOVE",
            "MCUBOOT_BOOTLOADER_MODE_SWAP_USING_OFFSET",
            "MCUMGR_GRP_ENUM",
            "MCUMGR_GRP_ENUM_DETAILS",
            "MCUMGR_GRP_IMG_SLOT_INFO",
            "MCUMGR_GRP_IMG_TOO_LARGE_BOOTLOADER_INFO",
            "MCUMGR_GRP_IMG_TOO_LARGE_DISABLED",
            "MCUMGR_GRP_IMG_TOO_LARGE_SYSBUILD",
            "MCUMGR_GRP_OS_RESET_BOOT_MODE",
        ],
    ),
    (
        Profile::Z37,
        "Zephyr 3.4",
        &[
            "MCUMGR_GRP_IMG_ALLOW_ERASE_PENDING",
            "MCUMGR_GRP_IMG_MUTEX",
            "MCUMGR_GRP_OS_BOOTLOADER_INFO",
            "MCUMGR_GRP_OS_DATETIME",
            "MCUMGR_GRP_SETTINGS",
            "MCUMGR_SMP_SUPPORT_ORIGINAL_PROTOCOL",
            "MCUMGR_TRANSPORT_BT_PERM_RW",
            "MCUMGR_TRANSPORT_BT_PERM_RW_ENCRYPT",
            "MCUMGR_TRANSPORT_BT_PERM_RW_AUTHEN",
        ],
    ),
];

/// Options that Zephyr 3.3 brought before it renamed the others.
const LAST_OLD: &[&str] = &["MCUMGR_SMP_LEGACY_RC_BEHAVIOUR", super::rules::OTA_DFU];

/// Tells the era of a build.
pub(super) fn of(build: &Build) -> Era {
    stated(build).or_else(|| by_names(build)).unwrap_or_else(|| Era {
        profile: None,
        why: "the names of its options fit several eras".to_owned(),
    })
}

fn by_names(build: &Build) -> Option<Era> {
    for (profile, release, options) in SINCE {
        if let Some(option) = options.iter().find(|option| build.mentions(option)) {
            let why = format!("CONFIG_{option} came with {release}");
            return Some(Era { profile: Some(*profile), why });
        }
    }
    let old = build.lines().find(|(_, line)| names::is_of_3_2(&line.name));
    if let Some((_, line)) = old {
        let old = &line.name;
        let (profile, why) = match LAST_OLD.iter().find(|option| build.mentions(option)) {
            Some(new) => {
                (Profile::Z32, format!("CONFIG_{old} beside CONFIG_{new}: before Zephyr 3.3"))
            }
            None => (Profile::Z30, format!("CONFIG_{old} is a name of Zephyr 3.2 and before")),
        };
        return Some(Era { profile: Some(profile), why });
    }
    (build.kind == Kind::Resolved && build.is_on("MCUMGR")).then(|| Era {
        profile: Some(Profile::Z32),
        why: "it has the names of Zephyr 3.3 and no option of 3.4".to_owned(),
    })
}

/// Who is named before a version.
const NAMES: &[(&str, Product)] = &[
    ("nrf connect sdk", Product::Ncs),
    ("ncs", Product::Ncs),
    ("sdk", Product::Ncs),
    ("zephyr", Product::Zephyr),
    ("kernel version", Product::Zephyr),
    ("kernel", Product::Zephyr),
];

#[derive(Clone, Copy, Debug)]
enum Product {
    Ncs,
    Zephyr,
}

/// A version in a comment, or in an option that holds one.
fn stated(build: &Build) -> Option<Era> {
    let texts = build.lines().filter_map(|(name, line)| match &line.value {
        Value::Text(text) if is_version_option(name) => {
            Some(format!("{} {text}", name.to_ascii_lowercase().replace('_', " ")))
        }
        _ => None,
    });
    let comments = build.comments.iter().map(|comment| comment.trim_start_matches(['#', ' ']));
    texts.chain(comments.map(str::to_owned)).find_map(|text| {
        let profile = version_in(&text)?;
        Some(Era {
            profile: Some(profile),
            why: format!("a comment or option says {:?}", shorten(&text)),
        })
    })
}

fn is_version_option(name: &str) -> bool {
    ["KERNEL_VERSION", "NCS_VERSION", "NCS_NCS_VERSION", "ZEPHYR_VERSION"]
        .iter()
        .any(|head| name.starts_with(head))
}

fn shorten(text: &str) -> String {
    text.chars().take(60).collect()
}

/// The era of a version that follows the name of a product.
fn version_in(text: &str) -> Option<Profile> {
    let text = text.to_ascii_lowercase();
    NAMES.iter().find_map(|(name, product)| {
        text.match_indices(name).find_map(|(at, _)| {
            let starts = !text[..at].ends_with(|c: char| c.is_ascii_alphanumeric());
            let rest = behind_words(&text[at + name.len()..]);
            starts.then(|| numbers(rest)).flatten().and_then(|version| era(*product, version))
        })
    })
}

/// What follows blanks, signs and the words that may stand between a product and its version.
fn behind_words(text: &str) -> &str {
    let mut rest = text;
    loop {
        let signs = rest.trim_start_matches([' ', ':', '=', '-', '(', '"']);
        let words = ["version", "string", "v"];
        let next = words.iter().find_map(|word| signs.strip_prefix(word)).unwrap_or(signs);
        if next.len() == rest.len() {
            return rest;
        }
        rest = next;
    }
}

/// Major and minor number, and the patch level, 0 without one.
fn numbers(text: &str) -> Option<(u16, u16, u16)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let mut parts = text[..end].trim_end_matches('.').split('.').map(str::parse);
    let (major, minor) = (parts.next()?.ok()?, parts.next()?.ok()?);
    Some((major, minor, parts.next().and_then(Result::ok).unwrap_or(0)))
}

/// The nRF Connect SDK 2.2 is of Zephyr 3.2, 2.4 of 3.3, 2.9 of 3.7, 3.0 of 4.0 (its release notes).
fn era(product: Product, version: (u16, u16, u16)) -> Option<Profile> {
    let (old, middle, new) = match product {
        Product::Ncs => ((2, 3, 0), (2, 5, 0), (3, 0, 0)),
        Product::Zephyr => ((3, 2, 99), (3, 4, 0), (4, 0, 0)),
    };
    // The nRF5 SDK, which has no Zephyr in it, ends with 17.
    (version.0 > 0 && version.0 < 10).then_some(match version {
        version if version < old => Profile::Z30,
        version if version < middle => Profile::Z32,
        version if version < new => Profile::Z37,
        _ => Profile::Z4x,
    })
}

#[cfg(test)]
mod tests {
    use super::{Era, of};
    use crate::kconfig::build::Build;
    use crate::kconfig::syntax;
    use server_model::Profile;

    fn era(text: &str) -> Era {
        of(&Build::new("prj.conf", syntax::read("prj.conf", text).expect("lawful")))
    }

    #[test]
    fn a_stated_version_tells() {
        for (text, profile) in [
            ("# nRF Connect SDK 2.4.1\n", Profile::Z32),
            ("# built with NCS v2.0.2, nRF52840\n", Profile::Z30),
            ("# SDK 2.9.0\n", Profile::Z37),
            ("# nRF Connect SDK v3.0.1\n", Profile::Z4x),
            ("# Zephyr 3.2.0\n", Profile::Z30),
            ("# Zephyr version: 3.2.99\n", Profile::Z32),
            ("CONFIG_KERNEL_VERSION_STRING=\"3.7.0\"\n", Profile::Z37),
            ("CONFIG_NCS_VERSION=\"2.6.1\"\n", Profile::Z37),
            ("# for Zephyr 4.4\nCONFIG_MCUMGR_BUF_SIZE=512\n", Profile::Z4x),
        ] {
            assert_eq!(era(text).profile, Some(profile), "{text}");
        }
    }

    #[test]
    fn the_names_of_options_tell() {
        for (text, profile) in [
            ("CONFIG_MCUMGR_CMD_IMG_MGMT=y\n", Some(Profile::Z30)),
            (
                "CONFIG_MCUMGR_CMD_IMG_MGMT=y\nCONFIG_NCS_SAMPLE_MCUMGR_BT_OTA_DFU=y\n",
                Some(Profile::Z32),
            ),
            ("CONFIG_MCUMGR=y\nCONFIG_ARCH=\"arm\"\n", Some(Profile::Z32)),
            ("# CONFIG_MCUMGR_GRP_SETTINGS is not set\n", Some(Profile::Z37)),
            ("CONFIG_MCUMGR_TRANSPORT_BT_PERM_RW_AUTHEN=y\n", Some(Profile::Z37)),
            ("CONFIG_MCUMGR_GRP_SETTINGS=y\nCONFIG_MCUMGR_GRP_ENUM=y\n", Some(Profile::Z4x)),
            ("CONFIG_MCUMGR=y\nCONFIG_MCUMGR_GRP_IMG=y\n", None),
            ("# nRF5 SDK 17.0.2\n# my sdks 2.4\n# Zephyr\n", None),
        ] {
            assert_eq!(era(text).profile, profile, "{text}");
        }
    }
}
