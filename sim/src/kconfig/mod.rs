//! Kconfig files of a build, read into the settings of a scenario: a build's `.config`, or the
//! `prj.conf` of a project and the files that are laid over it.
//!
//! What the files say of the `MCUmgr` server, of Bluetooth and of the boot loader becomes settings;
//! [`Report`] tells which option became what, which ones the models do not know, and which ones an
//! update would profit from.

mod advice;
mod build;
mod era;
mod mapping;
mod names;
mod options;
mod report;
mod rules;
mod syntax;
mod unmodelled;

pub use report::{FileDoc, MissingDoc, NotModelledDoc, Report, UsedDoc};

use crate::scenario::Settings;
use build::{Build, Owner};
use mapping::Mapping;
use report::kind_name;

/// Why a file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KconfigError {
    /// Something in a line.
    #[error("{file}:{line}: {problem}")]
    Line {
        /// File name.
        file: String,
        /// Line, counted from 1.
        line: usize,
        /// What is wrong and what was expected.
        problem: String,
    },
}

/// The options of one or more builds.
#[derive(Clone, Debug)]
pub struct Kconfig {
    builds: Vec<Build>,
}

impl Kconfig {
    /// Reads files, each by its name and its text. Those of a project are laid over each other in
    /// this order, as `CONF_FILE` and `EXTRA_CONF_FILE` do; a `.config` stands for itself.
    ///
    /// # Errors
    /// The first line that says nothing.
    pub fn read(files: &[(&str, &str)]) -> Result<Self, KconfigError> {
        let mut builds: Vec<Build> = Vec::new();
        for (name, text) in files {
            let build = Build::new(name, syntax::read(name, text)?);
            match builds.iter_mut().find(|known| known.takes(&build)) {
                Some(known) => known.extend(build),
                None => builds.push(build),
            }
        }
        Ok(Self { builds })
    }

    /// Lays what the files say over preset and scenario file, and tells what was done. Single
    /// settings still win.
    ///
    /// # Errors
    /// An option with a value of another type, or out of range.
    pub fn apply(mut self, settings: &mut Settings) -> Result<Report, KconfigError> {
        let mut report = Report::default();
        for build in &mut self.builds {
            let files = build.files.iter();
            report.files.extend(files.map(|file| FileDoc {
                file: file.clone(),
                kind: kind_name(build.kind, build.owner),
            }));
            let mut mapping = Mapping::new(settings);
            match build.owner {
                Owner::Application => mapping.application(build)?,
                Owner::BootLoader => mapping.boot_loader(build)?,
            }
            mapping.finish(&mut report);
            if build.owner == Owner::Application {
                report.missing.extend(advice::missing(build));
            }
            report.not_modelled.extend(unmodelled::of(build));
        }
        Ok(report)
    }
}

#[cfg(test)]
mod tests;
