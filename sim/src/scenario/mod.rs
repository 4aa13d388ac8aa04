//! Scenarios: what a run starts from, as files, presets and single settings.

pub mod air;
pub mod controllers;
mod explain;
mod faults;
pub mod file;
mod flash;
mod foreign;
mod gallery;
mod gateway;
pub mod keys;
mod layout;
mod link;
mod lists;
mod overlay;
mod pipe;
mod presets;
mod resolve;
mod server;
pub mod value;

pub use faults::{FaultSpec, Nth};
pub use gallery::{Lesson, gallery};
pub use gateway::{FleetOrder, FleetSpec};
pub use pipe::{Carriage, transport_name};
pub use presets::{PRESETS, Preset};
pub use resolve::{PowerCut, Scenario, SlotSpec};

use flash_model::Layout;
use std::collections::BTreeMap;
use value::Value;

/// Why a scenario is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScenarioError {
    /// Something in a file.
    #[error("{file}:{line}: {problem}")]
    File {
        /// File name.
        file: String,
        /// Line, counted from 1.
        line: usize,
        /// What is wrong and what was expected.
        problem: String,
    },
    /// A `--set` argument.
    #[error("--set {argument}: {problem}")]
    Set {
        /// The argument as given.
        argument: String,
        /// What is wrong and what was expected.
        problem: String,
    },
    /// A preset name that does not exist.
    #[error("no preset {name:?}; there are {}", presets::names())]
    Preset {
        /// The name as given.
        name: String,
    },
    /// Values that are lawful alone but not together.
    #[error("{key}: {problem}")]
    Together {
        /// The key to change.
        key: &'static str,
        /// What is wrong and what to do.
        problem: String,
    },
}

/// All values of a scenario before they are resolved: defaults, then the base preset, then the
/// file, then a build's options, then single settings, the later winning. Where one of these names a layout, the places of
/// partitions that the earlier ones set are gone; those that it sets itself change that layout.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Name for reports: the preset's, or the file's.
    pub name: String,
    /// One line for people.
    pub about: String,
    /// What it teaches.
    lesson: Option<Lesson>,
    /// What single settings say.
    single: BTreeMap<&'static str, Value>,
    /// What preset and file say.
    values: BTreeMap<&'static str, Value>,
    /// Where values came from that were not written as settings.
    origins: BTreeMap<&'static str, String>,
    /// What the keys are that nothing sets.
    defaults: BTreeMap<&'static str, Value>,
    /// Where such a default comes from, when a preset of an end decides it.
    default_origins: BTreeMap<&'static str, String>,
    /// The layout that a file gives, with the file's name.
    layout: Option<(String, Layout)>,
}

impl Settings {
    /// The preset of this name.
    ///
    /// # Errors
    /// When there is none.
    pub fn preset(name: &str) -> Result<Self, ScenarioError> {
        let preset = presets::find(name)?;
        Self::from_text(name, preset.text, 0)
    }

    /// A scenario file's text; `name` is used in messages and reports.
    ///
    /// # Errors
    /// The first thing that is wrong in it.
    pub fn file(name: &str, text: &str) -> Result<Self, ScenarioError> {
        Self::from_text(name, text, 0)
    }

    fn from_text(name: &str, text: &str, depth: u8) -> Result<Self, ScenarioError> {
        let file = file::parse(name, text)?;
        let mut settings = match &file.base {
            Some(_) if depth > 4 => {
                return Err(ScenarioError::File {
                    file: name.to_owned(),
                    line: 1,
                    problem: "bases nested more than five deep".to_owned(),
                });
            }
            Some(base) => Self::from_text(base, presets::find(base)?.text, depth + 1)?,
            None => Self::empty(),
        };
        name.clone_into(&mut settings.name);
        settings.about = file.about.unwrap_or_default();
        settings.lesson = file.lesson;
        settings.put(file.values);
        Ok(settings)
    }

    fn empty() -> Self {
        Self {
            name: String::new(),
            about: String::new(),
            lesson: None,
            single: BTreeMap::new(),
            values: BTreeMap::new(),
            origins: BTreeMap::new(),
            defaults: defaults(),
            default_origins: BTreeMap::new(),
            layout: None,
        }
    }

    /// Lays the values of a preset or file over what is there.
    fn put(&mut self, values: BTreeMap<&'static str, Value>) {
        let names = |path| values.contains_key(path);
        if names(layout::PRESET) || names(layout::FILE) {
            self.forget_places();
        }
        self.values.extend(values);
        self.renew_defaults();
    }

    /// Lays what a build's options say over preset and file, with what each value comes from.
    pub(crate) fn put_kconfig(
        &mut self,
        values: BTreeMap<&'static str, Value>,
        origins: BTreeMap<&'static str, String>,
    ) {
        self.put(values);
        self.origins.extend(origins);
    }

    /// Forgets which layout was named, and where partitions were put, before single settings.
    fn forget_places(&mut self) {
        self.values.retain(|path, _| !layout::is_layout(path));
    }

    fn renew_defaults(&mut self) {
        let preset = layout::preset_of(self.get(layout::PART));
        self.defaults.insert(layout::PRESET, preset);
        let layout = self.layout();
        let slot_size = self.given(layout::SLOT_SIZE).cloned();
        let external = self.get(layout::EXTERNAL) != &Value::Choice("none");
        self.defaults.extend(layout::defaults(&layout, slot_size.as_ref(), external));
        let sectors = layout::max_sectors(self);
        self.defaults.insert(layout::MAX_SECTORS, sectors);
        let air = air::overlay(self);
        self.defaults.extend(air);
        for (path, overlay::Default { value, origin }) in overlay::defaults(self) {
            self.defaults.insert(path, value);
            self.default_origins.remove(path);
            self.default_origins.extend(origin.map(|origin| (path, origin)));
        }
    }

    /// The layout that the places of partitions start from.
    fn layout(&self) -> Layout {
        match (&self.layout, self.get(layout::FILE), self.get(layout::PRESET)) {
            (Some((given, layout)), Value::Path(file), _) if given == file => *layout,
            (_, _, Value::Choice(name)) => Layout::preset(name).expect("the choice lists presets"),
            (.., other) => unreachable!("{} is checked to be a word, not {other}", layout::PRESET),
        }
    }

    /// The file that `layout.file` names, as long as its layout was not handed in by
    /// [`Self::give_layout`]. Where it stands relative to is for the caller to know: the scenario
    /// file.
    pub fn wanted_layout(&self) -> Option<&str> {
        match self.get(layout::FILE) {
            Value::Path(file) if file.is_empty() => None,
            Value::Path(file) => {
                let given = self.layout.as_ref().is_some_and(|(given, _)| given == file);
                (!given).then_some(file)
            }
            other => unreachable!("{} is checked to be a path, not {other}", layout::FILE),
        }
    }

    /// Hands in what the file of this name says, which `layout.file` names.
    pub fn give_layout(&mut self, file: &str, layout: Layout) {
        self.layout = Some((file.to_owned(), layout));
        self.renew_defaults();
    }

    /// Takes this layout, whatever preset and file say of partitions; single settings still win.
    pub fn replace_layout(&mut self, file: &str, layout: Layout) {
        self.forget_places();
        self.values.insert(layout::FILE, Value::Path(file.to_owned()));
        self.give_layout(file, layout);
    }

    /// One setting of the form `key=value`.
    ///
    /// # Errors
    /// When the key does not exist or does not take the value.
    pub fn set(&mut self, argument: &str) -> Result<(), ScenarioError> {
        let error = |problem| ScenarioError::Set { argument: argument.to_owned(), problem };
        let (path, word) = argument.split_once('=').ok_or_else(|| {
            error("expected key=value, `link.interval_us=7500` for one".to_owned())
        })?;
        let path = path.trim();
        let key = keys::find(path).ok_or_else(|| error(file::unknown(path)))?;
        let word = word.trim().trim_matches('"');
        let value = Value::parse_word(key, word).map_err(error)?;
        if key.path == layout::PRESET || key.path == layout::FILE {
            self.forget_places();
        }
        self.single.insert(key.path, value);
        self.renew_defaults();
        Ok(())
    }

    /// The value of a key.
    pub fn get(&self, path: &str) -> &Value {
        self.given(path).unwrap_or_else(|| self.default(path))
    }

    /// What the value of a key comes from, when a build's options say it.
    fn origin(&self, path: &str) -> Option<&str> {
        let origin = self.origins.get(path).map(String::as_str);
        origin.filter(|_| !self.single.contains_key(path) && self.values.contains_key(path))
    }

    /// The value that somebody gave a key.
    fn given(&self, path: &str) -> Option<&Value> {
        self.single.get(path).or_else(|| self.values.get(path))
    }

    fn default(&self, path: &str) -> &Value {
        self.defaults.get(path).expect("every key has a default")
    }
}

fn defaults() -> BTreeMap<&'static str, Value> {
    keys::KEYS
        .iter()
        .map(|key| {
            let value = Value::parse_word(key, key.default)
                .expect("a test holds every default against its key");
            (key.path, value)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{PRESETS, Settings};

    #[test]
    fn what_explain_prints_is_a_scenario_with_the_same_values() {
        for preset in PRESETS {
            let settings = Settings::preset(preset.name).expect("presets are lawful");
            let again = Settings::file("again", &settings.explain()).expect("explain is lawful");
            for key in super::keys::KEYS {
                let (again, first) = (again.get(key.path), settings.get(key.path));
                assert_eq!(again, first, "{} of {}", key.path, preset.name);
            }
            assert_eq!(again.lesson(), settings.lesson(), "{}", preset.name);
        }
    }

    #[test]
    fn a_single_setting_wins_over_the_preset() {
        let mut settings = Settings::preset("reference").expect("there is one");
        settings.set("client.window=1").expect("lawful");
        assert_eq!(settings.get("client.window").to_string(), "1");
        let e = settings.set("client.windou=1").expect_err("must be refused").to_string();
        assert_eq!(
            e,
            "--set client.windou=1: unknown key client.windou; did you mean client.window?"
        );
        assert!(settings.set("client.window").is_err());
    }

    #[test]
    fn an_unknown_preset_names_those_that_exist() {
        let e = Settings::preset("refrence").expect_err("must be refused").to_string();
        assert!(e.contains("reference-lossy"), "{e}");
    }
}
