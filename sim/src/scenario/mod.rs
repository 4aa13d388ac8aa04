//! Scenarios: what a run starts from, as files, presets and single settings.

pub mod file;
pub mod keys;
mod presets;
mod resolve;
pub mod value;

pub use presets::{PRESETS, Preset};
pub use resolve::{Scenario, SlotSpec};

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
/// file, then single settings, the later winning.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Name for reports: the preset's, or the file's.
    pub name: String,
    /// One line for people.
    pub about: String,
    values: BTreeMap<&'static str, Value>,
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
            None => Self { name: String::new(), about: String::new(), values: defaults() },
        };
        name.clone_into(&mut settings.name);
        settings.about = file.about.unwrap_or_default();
        settings.values.extend(file.values);
        Ok(settings)
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
        self.values.insert(key.path, value);
        Ok(())
    }

    /// The value of a key.
    pub fn get(&self, path: &str) -> &Value {
        self.values.get(path).expect("every key has a default")
    }

    /// The resolved whole as a scenario file, each value with what it is and where its default
    /// comes from.
    pub fn explain(&self) -> String {
        use core::fmt::Write;
        let mut text = format!("# scenario {}\n", self.name);
        if !self.about.is_empty() {
            let _ = writeln!(text, "# {}", self.about);
        }
        let mut section = "";
        for key in keys::KEYS {
            let (head, leaf) = key.path.split_once('.').unwrap_or(("", key.path));
            if head != section {
                let _ = write!(text, "\n[{head}]\n");
                section = head;
            }
            let value = self.get(key.path);
            let shown = match value {
                Value::Int(number) if key.is_hex() => format!("{number:#x}"),
                other => other.to_string(),
            };
            let source = match Value::parse_word(key, key.default) {
                Ok(default) if default != *value => format!("set here; default {}", key.default),
                _ => key.source.to_owned(),
            };
            let line = format!("{leaf} = {shown}");
            let _ = writeln!(text, "{line:<34} # {} [{source}]", key.doc);
        }
        text
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
            assert_eq!(again.values, settings.values, "{}", preset.name);
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
