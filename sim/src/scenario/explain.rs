//! A scenario as a file that says it all.

use super::keys::{self, Key};
use super::value::Value;
use super::{Settings, air, layout};
use core::fmt::Write;

/// As a comment may hold it, which ends with its line (TOML 1.0 "Comment").
fn printable(text: &str) -> String {
    text.replace(char::is_control, " ")
}

impl Settings {
    /// The resolved whole as a scenario file, each value with what it is and where its default
    /// comes from. It needs no other file: what a layout's file says stands in it as numbers.
    pub fn explain(&self) -> String {
        let mut text = format!("# scenario {}\n", printable(&self.name));
        if !self.about.is_empty() {
            let _ = writeln!(text, "# {}", printable(&self.about));
        }
        if let Some(lesson) = self.lesson() {
            let text_of = |text: &String| toml::Value::String(text.clone());
            for (head, said) in
                [("symptom", &lesson.symptom), ("cause", &lesson.cause), ("fix", &lesson.fix)]
            {
                let _ = writeln!(text, "{head} = {}", text_of(said));
            }
            let fix_set = toml::Value::Array(lesson.fix_set.iter().map(text_of).collect());
            let _ = writeln!(text, "fix_set = {fix_set}");
        }
        let mut section = "";
        for key in keys::KEYS {
            let (head, leaf) = key.path.split_once('.').unwrap_or(("", key.path));
            if head != section {
                let _ = write!(text, "\n[{head}]\n");
                section = head;
            }
            let line = format!("{leaf} = {}", self.shown(key));
            let _ = writeln!(text, "{line:<34} # {} [{}]", key.doc, self.source(key));
        }
        text
    }

    fn shown(&self, key: &Key) -> String {
        match self.get(key.path) {
            Value::Path(_) => Value::Path(String::new()).to_string(),
            value => shown(key, value),
        }
    }

    /// Where a value comes from.
    fn source(&self, key: &Key) -> String {
        let value = self.get(key.path);
        if let Value::Path(file) = value
            && !file.is_empty()
        {
            return format!("set here to {value}, which the numbers below are from");
        }
        if let Some(origin) = self.origin(key.path) {
            let origin: String = origin.chars().filter(|c| !c.is_control()).collect();
            return format!("{origin}; default {}", key.default);
        }
        if let Some(source) = self.default_source(key.path) {
            let default = self.default(key.path);
            if default == value {
                return source;
            }
            return format!("set here; {source} has {}", shown(key, default));
        }
        match Value::parse_word(key, key.default) {
            Ok(default) if default != *value => format!("set here; default {}", key.default),
            _ => key.source.to_owned(),
        }
    }

    /// What decides the default of a key, besides the table of keys.
    fn default_source(&self, path: &str) -> Option<String> {
        if layout::is_place(path) {
            return Some(self.layout_source());
        }
        let decides = match path {
            layout::PRESET => layout::PART,
            _ if air::is_of_environment(path) => air::ENVIRONMENT,
            _ => return self.default_origins.get(path).cloned(),
        };
        match self.get(decides) {
            Value::Choice(word) => Some(format!("{decides} {word}")),
            other => Some(format!("{decides} {other}")),
        }
    }

    /// The key that names the layout, with the name.
    fn layout_source(&self) -> String {
        let path = match self.get(layout::FILE) {
            Value::Path(file) if !file.is_empty() => layout::FILE,
            _ => layout::PRESET,
        };
        match self.get(path) {
            Value::Choice(word) => format!("{path} {word}"),
            other => format!("{path} {other}"),
        }
    }
}

fn shown(key: &Key, value: &Value) -> String {
    match value {
        Value::Int(number) if key.is_hex() => format!("{number:#x}"),
        other => other.to_string(),
    }
}
