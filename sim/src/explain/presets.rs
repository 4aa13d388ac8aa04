//! Which preset shows an error at work, with its cause and its fix.

use super::Kind;
use smp_wire::group::{IMAGE, ZEPHYR_BASIC};

/// The preset of the gallery that shows this code, from this group where a group matters.
pub(super) fn showing(kind: Kind, code: i64, group: Option<u16>) -> Option<&'static str> {
    Some(match (kind, code, group) {
        (Kind::Rc, 2, _) => "no-memory",
        (Kind::Rc, 3, Some(IMAGE)) | (Kind::GroupError, 22, Some(IMAGE)) => "stuck-small-mtu",
        (Kind::Rc, 5, Some(IMAGE)) => "stuck-rc-ignored",
        (Kind::Rc, 9, None | Some(IMAGE)) => "no-reassembly",
        (Kind::Rc, 8, None | Some(ZEPHYR_BASIC)) => "settings-not-supported",
        (Kind::GroupError, 28, Some(IMAGE)) => "seed-android",
        (Kind::Errno, -1, _) => "not-paired",
        (Kind::Errno, -12, _) => "enomem",
        (Kind::Errno, -16, _) => "ebusy",
        (Kind::Errno, -116, _) => "erase-timeout",
        (Kind::Errno, -122, _) => "emsgsize",
        (Kind::DisconnectReason, 0x08, _) => "erase-link-loss",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use crate::explain::{Group, Kind, Query, explain};
    use crate::scenario::gallery;

    fn preset(code: &str, group: Option<&str>) -> Option<&'static str> {
        let group = group.map(|group| Group::parse(group).expect("a group"));
        explain(&Query::parse(code, group).expect("a code"))[0].preset
    }

    #[test]
    fn codes_of_the_gallery_name_their_preset() {
        assert_eq!(preset("-122", None), Some("emsgsize"));
        assert_eq!(preset("-16", None), Some("ebusy"));
        assert_eq!(preset("8", Some("63")), Some("settings-not-supported"));
        assert_eq!(preset("8", Some("shell")), None);
        assert_eq!(preset("1/22", None), Some("stuck-small-mtu"));
        assert_eq!(preset("1/28", None), Some("seed-android"));
        assert_eq!(preset("0x08", None), Some("erase-link-loss"));
        assert_eq!(preset("-5", None), None);
    }

    #[test]
    fn every_preset_that_is_named_is_of_the_gallery() {
        let presets: Vec<&str> = gallery().map(|(name, _)| name).collect();
        let groups = (0..64).map(Some).chain([None]);
        for (group, kind) in groups.flat_map(|group| {
            [Kind::Rc, Kind::GroupError, Kind::Errno, Kind::DisconnectReason]
                .map(|kind| (group, kind))
        }) {
            for code in -300..300 {
                let named = super::showing(kind, code, group);
                assert!(named.is_none_or(|name| presets.contains(&name)), "{named:?}");
            }
        }
    }
}
