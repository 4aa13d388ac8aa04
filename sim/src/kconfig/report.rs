//! What became of the options: for people, and as part of the JSON document of a run.

use super::build::{Kind, Owner};
use core::fmt;
use serde::Serialize;

/// What became of the options of all files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The files, and what they were taken for.
    pub files: Vec<FileDoc>,
    /// Era of the server.
    pub profile: Option<String>,
    /// What tells the era, or why none of the files does.
    pub profile_why: Option<String>,
    /// Options that became settings.
    pub used: Vec<UsedDoc>,
    /// Options that bear on an update, but on no model.
    pub not_modelled: Vec<NotModelledDoc>,
    /// Options that are off, or small, and would help.
    pub missing: Vec<MissingDoc>,
    /// What else there is to know, as sentences.
    pub notes: Vec<String>,
}

/// A file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileDoc {
    /// Its name.
    pub file: String,
    /// `config` or `prj.conf` of an application, `mcuboot config` or `mcuboot prj.conf`.
    pub kind: &'static str,
}

/// An option that became a setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UsedDoc {
    /// The option, as the file writes it.
    pub option: String,
    /// Its value in the build.
    pub value: String,
    /// The setting, as `--set` takes it.
    pub setting: String,
    /// File and line, or why the option has its value without one.
    pub origin: String,
    /// No line and no other option says so.
    #[serde(skip)]
    pub is_default: bool,
}

/// An option that bears on no model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NotModelledDoc {
    /// The option, as the file writes it.
    pub option: String,
    /// Its value.
    pub value: String,
    /// File and line.
    pub origin: String,
    /// What the models do instead.
    pub why: String,
}

/// Lines that would help.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MissingDoc {
    /// The lines, as they would stand in a `prj.conf`.
    pub lines: Vec<String>,
    /// What they would change.
    pub why: String,
}

pub(super) const fn kind_name(kind: Kind, owner: Owner) -> &'static str {
    match (owner, kind) {
        (Owner::Application, Kind::Resolved) => "config",
        (Owner::Application, Kind::Project) => "prj.conf",
        (Owner::BootLoader, Kind::Resolved) => "mcuboot config",
        (Owner::BootLoader, Kind::Project) => "mcuboot prj.conf",
    }
}

impl fmt::Display for Report {
    /// A section of the report for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for FileDoc { file, kind } in &self.files {
            let about = match *kind {
                "config" => "a build's .config: what it does not have is off",
                "mcuboot config" | "mcuboot prj.conf" => "MCUboot's own options",
                _ => "a project's options: what it does not set is implied or Zephyr's default",
            };
            writeln!(f, "  {file}: {about}")?;
        }
        if let (Some(profile), Some(why)) = (&self.profile, &self.profile_why) {
            writeln!(f, "  server.profile = {profile}: {why}")?;
        }
        self.used(f)?;
        for note in &self.notes {
            writeln!(f, "  note: {note}")?;
        }
        if !self.not_modelled.is_empty() {
            writeln!(f, "\n  options that are not modelled")?;
        }
        for NotModelledDoc { option, value, origin, why } in &self.not_modelled {
            writeln!(f, "  {option}={value} ({})\n    {why}", self.short(origin))?;
        }
        if !self.missing.is_empty() {
            writeln!(f, "\n  lines that would help")?;
        }
        for MissingDoc { lines, why } in &self.missing {
            writeln!(f, "  # {why}")?;
            for line in lines {
                writeln!(f, "  {line}")?;
            }
        }
        Ok(())
    }
}

impl Report {
    /// A place without the name of the file when there is one file only.
    fn short(&self, origin: &str) -> String {
        match &self.files[..] {
            [only] => {
                match origin.strip_prefix(only.file.as_str()).and_then(|o| o.strip_prefix(':')) {
                    Some(line) => format!("line {line}"),
                    None => origin.to_owned(),
                }
            }
            _ => origin.to_owned(),
        }
    }

    fn used(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (silent, told): (Vec<_>, Vec<_>) = self.used.iter().partition(|used| used.is_default);
        if !told.is_empty() {
            writeln!(f, "\n  options that were used")?;
        }
        for UsedDoc { option, value, setting, origin, .. } in told {
            writeln!(f, "  {setting:<34} {option}={value} ({})", self.short(origin))?;
        }
        if silent.is_empty() {
            return Ok(());
        }
        writeln!(f, "\n  settings that no line speaks of")?;
        let mut line = String::from(" ");
        for UsedDoc { setting, .. } in silent {
            if line.len() + setting.len() > 98 {
                writeln!(f, "{line}")?;
                line = String::from(" ");
            }
            line.push(' ');
            line.push_str(setting);
        }
        writeln!(f, "{line}")
    }
}
