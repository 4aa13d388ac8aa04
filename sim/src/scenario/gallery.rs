//! The gallery: presets that show a known failure, with what it looks like, why it comes about and
//! what mends it.

use super::{PRESETS, ScenarioError, Settings};

/// What a preset of the gallery teaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lesson {
    /// What the user sees.
    pub symptom: String,
    /// Why.
    pub cause: String,
    /// What to do about it.
    pub fix: String,
    /// The same as settings of a scenario, `key=value`, under which the update succeeds.
    pub fix_set: Vec<String>,
}

/// What a scenario must end with once it is mended.
const MENDED: &str = "expect.outcome=confirmed";

impl Settings {
    /// What it teaches, when it is of the gallery.
    pub fn lesson(&self) -> Option<&Lesson> {
        self.lesson.as_ref()
    }

    /// The scenario with its lesson's fix, which has to end confirmed; `None` when it teaches nothing.
    ///
    /// # Errors
    /// When a setting of the fix is refused.
    pub fn mended(&self) -> Result<Option<Self>, ScenarioError> {
        let Some(lesson) = &self.lesson else { return Ok(None) };
        let mut mended = self.clone();
        for setting in lesson.settings() {
            mended.set(setting)?;
        }
        Ok(Some(mended))
    }
}

impl Lesson {
    /// The settings of the fix, with what is then expected.
    pub fn settings(&self) -> impl Iterator<Item = &str> {
        self.fix_set.iter().map(String::as_str).chain([MENDED])
    }

    /// The command line that shows the fix of the preset with this name.
    pub fn command(&self, preset: &str) -> String {
        self.settings().fold(format!("smpsim run {preset}"), |command, setting| {
            format!("{command} --set {}", quoted(setting))
        })
    }
}

/// A word as a shell wants it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._=+-/:,".contains(c);
    if word.chars().all(plain) { word.to_owned() } else { format!("'{word}'") }
}

/// The presets of the gallery with their settings, in the order of the list.
///
/// # Panics
/// Never: a test holds each preset.
pub fn gallery() -> impl Iterator<Item = (&'static str, Settings)> {
    PRESETS.iter().filter_map(|preset| {
        let settings = Settings::preset(preset.name).expect("a test holds each preset");
        settings.lesson.is_some().then_some((preset.name, settings))
    })
}

#[cfg(test)]
mod tests {
    use super::{gallery, quoted};
    use crate::scenario::{Scenario, Settings};
    use std::collections::BTreeSet;

    #[test]
    fn every_lesson_is_made_of_whole_sentences_and_its_fix_fits_together() {
        let mut symptoms = BTreeSet::new();
        for (name, settings) in gallery() {
            let lesson = settings.lesson().expect("of the gallery");
            for text in [&lesson.symptom, &lesson.cause, &lesson.fix] {
                assert!(text.len() > 40 && text.ends_with('.'), "{name}: {text}");
                assert!(!text.contains("  ") && !text.contains('\n'), "{name}: {text}");
            }
            assert!(symptoms.insert(lesson.symptom.clone()), "{name} repeats a symptom");
            assert!(!settings.about.is_empty(), "{name}");
            let mended = settings.mended().expect("lawful").expect("of the gallery");
            Scenario::resolve(&mended).unwrap_or_else(|e| panic!("{name}: {e}"));
        }
        assert!(symptoms.len() >= 15, "{}", symptoms.len());
    }

    #[test]
    fn the_command_of_a_fix_says_what_it_sets_and_what_is_then_expected() {
        let settings = Settings::preset("emsgsize").expect("there is one");
        let lesson = settings.lesson().expect("of the gallery");
        let command = lesson.command("emsgsize");
        assert!(command.starts_with("smpsim run emsgsize --set client.chunk="), "{command}");
        assert!(command.ends_with(" --set expect.outcome=confirmed"), "{command}");
        assert_eq!(quoted("a.b=c d"), "'a.b=c d'");
    }

    #[test]
    fn a_scenario_on_top_of_a_lesson_does_not_inherit_it() {
        let settings = Settings::file("x", "base = \"emsgsize\"\n").expect("lawful");
        assert!(settings.lesson().is_none());
    }
}
