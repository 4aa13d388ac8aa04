//! The options of one build: those that its files set, and what follows for the others.

use super::names;
use super::rules::{Fixed, LATER, NEEDS, OLD, RULES};
use super::syntax::{Assignment, Lines, Place, Value};
use server_model::Profile;
use std::collections::BTreeMap;

/// What kind of file options come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A build's `.config`: every option, resolved.
    Resolved,
    /// A project's own options, `prj.conf` and the like.
    Project,
}

/// Whose options they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// An application.
    Application,
    /// MCUboot itself, which is a build of its own.
    BootLoader,
}

/// Why an option is what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// A line says so.
    Set(Place),
    /// Another option brings it.
    Implied(&'static str),
    /// It cannot be on without another option, which is off.
    Needs(&'static str),
    /// Kconfig's default.
    Default,
    /// A `.config` does not have it.
    Absent,
}

/// An option as the build has it.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// Name as it is written where it is set, without `CONFIG_`.
    pub(super) name: String,
    pub(super) value: Value,
    pub(super) origin: Origin,
}

/// Options of one build.
#[derive(Clone, Debug)]
pub(super) struct Build {
    pub(super) kind: Kind,
    pub(super) owner: Owner,
    /// Names of its files.
    pub(super) files: Vec<String>,
    /// By current name; the last line that sets an option.
    settings: BTreeMap<String, Assignment>,
    /// All comments.
    pub(super) comments: Vec<String>,
    /// Whether the era is one that knows SMP version 2.
    later: bool,
}

/// A `.config` has thousands of lines, a `prj.conf` dozens.
const MANY: usize = 400;

impl Build {
    /// The options of one file.
    pub(super) fn new(file: &str, lines: Lines) -> Self {
        let kind = kind(&lines);
        let owner = owner(&lines);
        let by_name = |line: Assignment| (names::current(&line.name).to_owned(), line);
        Self {
            kind,
            owner,
            files: vec![file.to_owned()],
            settings: lines.assignments.into_iter().map(by_name).collect(),
            comments: lines.comments,
            later: false,
        }
    }

    /// Whether another file belongs to the same build: a project's files are laid over each other.
    pub(super) fn takes(&self, other: &Self) -> bool {
        self.kind == Kind::Project && other.kind == Kind::Project && self.owner == other.owner
    }

    /// Lays the options of a later file over these.
    pub(super) fn extend(&mut self, other: Self) {
        self.files.extend(other.files);
        self.settings.extend(other.settings);
        self.comments.extend(other.comments);
    }

    /// Tells which era the rules are of.
    pub(super) fn set_era(&mut self, profile: Profile) {
        self.later = profile.quirks().group_errors;
    }

    /// All lines that count.
    pub(super) fn lines(&self) -> impl Iterator<Item = (&str, &Assignment)> {
        self.settings.iter().map(|(name, line)| (name.as_str(), line))
    }

    /// The line that sets an option, if there is one.
    pub(super) fn line(&self, option: &str) -> Option<&Assignment> {
        self.settings.get(option)
    }

    /// Whether any line mentions the option, as set or not.
    pub(super) fn mentions(&self, written: &str) -> bool {
        self.settings.get(names::current(written)).is_some_and(|line| line.name == written)
    }

    /// Whether a line uses a name that only Zephyr up to 3.2 has.
    pub(super) fn has_old_names(&self) -> bool {
        self.settings.values().any(|line| names::is_of_3_2(&line.name))
    }

    /// An option as the build has it; `None` for one that is no truth value and nothing says.
    pub(super) fn find(&self, option: &str) -> Option<Found> {
        let found = self.without_needs(option)?;
        let missing = NEEDS.iter().find(|(o, need)| *o == option && !self.is_on(need));
        match missing {
            Some((_, need)) if found.value == Value::Truth(true) => {
                Some(Found { value: Value::Truth(false), origin: Origin::Needs(need), ..found })
            }
            _ => Some(found),
        }
    }

    fn without_needs(&self, option: &str) -> Option<Found> {
        if let Some(Assignment { name, value, place }) = self.settings.get(option) {
            let origin = Origin::Set(place.clone());
            return Some(Found { name: name.clone(), value: value.clone(), origin });
        }
        if self.kind == Kind::Resolved {
            return None;
        }
        let rule = RULES.iter().find(|rule| {
            rule.option == option && rule.when.iter().all(|condition| self.holds(condition))
        })?;
        let by = rule.when.iter().find(|condition| !condition.starts_with(['@', '!']));
        let value = match rule.value {
            Fixed::Truth(truth) => Value::Truth(truth),
            Fixed::Number(number) => Value::Number(number),
        };
        let origin = by.map_or(Origin::Default, |option| Origin::Implied(option));
        Some(Found { name: option.to_owned(), value, origin })
    }

    /// A truth value as the build has it: what nothing says is off.
    pub(super) fn truth(&self, option: &str) -> Found {
        self.find(option).unwrap_or_else(|| Found {
            name: option.to_owned(),
            value: Value::Truth(false),
            origin: match self.kind {
                Kind::Resolved => Origin::Absent,
                Kind::Project => Origin::Default,
            },
        })
    }

    /// Whether an option is on.
    pub(super) fn is_on(&self, option: &str) -> bool {
        match option {
            LATER => self.later,
            OLD => self.has_old_names(),
            _ => matches!(self.find(option), Some(Found { value: Value::Truth(true), .. })),
        }
    }

    /// Whether a condition of a rule holds.
    fn holds(&self, condition: &str) -> bool {
        match condition.strip_prefix('!') {
            Some(option) => !self.is_on(option),
            None => self.is_on(condition),
        }
    }

    /// A number as the build has it.
    pub(super) fn number(&self, option: &str) -> Option<i64> {
        match self.find(option)?.value {
            Value::Number(number) => Some(number),
            _ => None,
        }
    }

    /// A text that a line sets.
    pub(super) fn text(&self, option: &str) -> Option<&str> {
        match &self.settings.get(option)?.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// Board and architecture are chosen by the build system: only a `.config` says them. Its menus end
/// in comments.
fn kind(lines: &Lines) -> Kind {
    let chosen = |name| lines.assignments.iter().any(|line| line.name == name);
    let generated = |comment: &String| {
        comment.starts_with("# end of ")
            || comment.to_ascii_lowercase().contains("generated by kconfiglib")
            || comment.to_ascii_lowercase().contains("automatically generated")
    };
    let resolved = chosen("ARCH")
        || chosen("BOARD")
        || lines.assignments.len() >= MANY
        || lines.comments.iter().any(generated);
    if resolved { Kind::Resolved } else { Kind::Project }
}

fn owner(lines: &Lines) -> Owner {
    let on = |line: &Assignment| line.value != Value::Truth(false);
    let boot = |name: &str| {
        matches!(
            name,
            "MCUBOOT"
                | "BOOT_MAX_IMG_SECTORS"
                | "BOOT_UPGRADE_ONLY"
                | "BOOT_DIRECT_XIP"
                | "BOOT_RAM_LOAD"
                | "BOOT_BOOTSTRAP"
                | "SINGLE_APPLICATION_SLOT"
        ) || name.starts_with("BOOT_SWAP_USING_")
            || name.starts_with("BOOT_SIGNATURE_TYPE_")
            || name.starts_with("BOOT_VALIDATE_SLOT0")
    };
    let application = |name: &str| matches!(name, "BOOTLOADER_MCUBOOT" | "MCUMGR" | "BT");
    let any =
        |is: &dyn Fn(&str) -> bool| lines.assignments.iter().any(|line| on(line) && is(&line.name));
    if any(&boot) && !any(&application) { Owner::BootLoader } else { Owner::Application }
}

#[cfg(test)]
mod tests {
    use super::{Build, Kind, NEEDS, Origin, Owner, RULES};
    use crate::kconfig::syntax;

    fn build(text: &str) -> Build {
        Build::new("prj.conf", syntax::read("prj.conf", text).expect("lawful"))
    }

    #[test]
    fn every_option_of_the_rules_comes_to_an_end() {
        let nothing = build("");
        for option in RULES.iter().map(|rule| rule.option).chain(NEEDS.iter().map(|n| n.0)) {
            nothing.find(option);
        }
    }

    #[test]
    fn a_generated_file_is_told_from_a_projects_own() {
        for text in [
            "CONFIG_BOARD=\"nrf52840dk\"\n",
            "CONFIG_ARCH=\"arm\"\n",
            "CONFIG_A=y\n# end of Zephyr Kernel\n",
            "# Generated by Kconfiglib (https://github.com/ulfalizer/Kconfiglib)\n",
        ] {
            assert_eq!(build(text).kind, Kind::Resolved, "{text}");
        }
        let many = "# CONFIG_A is not set\n".repeat(500);
        assert_eq!(build(&many).kind, Kind::Resolved);
        assert_eq!(build("# the end of it\nCONFIG_BT=y\n").kind, Kind::Project);
    }

    #[test]
    fn the_boot_loaders_own_options_are_told_from_an_applications() {
        assert_eq!(build("CONFIG_MCUBOOT=y\n").owner, Owner::BootLoader);
        assert_eq!(build("CONFIG_BOOT_SWAP_USING_MOVE=y\n").owner, Owner::BootLoader);
        assert_eq!(build("CONFIG_BOOTLOADER_MCUBOOT=y\n").owner, Owner::Application);
        assert_eq!(build("# CONFIG_MCUBOOT is not set\n").owner, Owner::Application);
        assert_eq!(build("").owner, Owner::Application);
    }

    #[test]
    fn the_last_line_wins_also_under_its_old_name() {
        let both = "CONFIG_MCUMGR_TRANSPORT_NETBUF_SIZE=512\nCONFIG_MCUMGR_BUF_SIZE=1024\n";
        let found = build(both).find("MCUMGR_TRANSPORT_NETBUF_SIZE").expect("set");
        assert_eq!(
            (found.name.as_str(), found.value.to_string()),
            ("MCUMGR_BUF_SIZE", "1024".into())
        );
    }

    #[test]
    fn a_project_gets_defaults_and_a_config_has_none() {
        let project = build("CONFIG_BT_SMP=y\n");
        assert_eq!(project.number("BT_L2CAP_TX_MTU"), Some(65));
        assert_eq!(
            project.find("BT_L2CAP_TX_MTU").expect("rule").origin,
            Origin::Implied("BT_SMP")
        );
        let resolved = build("CONFIG_BT_SMP=y\nCONFIG_ARCH=\"arm\"\n");
        assert_eq!(resolved.number("BT_L2CAP_TX_MTU"), None);
        assert_eq!(resolved.truth("MCUMGR_GRP_OS_ECHO").origin, Origin::Absent);
    }

    #[test]
    fn an_option_without_what_it_needs_is_off() {
        let text = "CONFIG_MCUMGR_GRP_ZBASIC_STORAGE_ERASE=y\n";
        let found = build(text).truth("MCUMGR_GRP_ZBASIC_STORAGE_ERASE");
        assert_eq!(found.origin, Origin::Needs("MCUMGR_GRP_ZBASIC"));
        let both = format!("{text}CONFIG_MCUMGR_GRP_ZBASIC=y\n");
        assert!(build(&both).is_on("MCUMGR_GRP_ZBASIC_STORAGE_ERASE"));
    }
}
