//! Reading a scenario file: TOML in, checked values out, with line numbers in every complaint.

use super::ScenarioError;
use super::keys::{self, Key};
use super::value::Value;
use std::collections::BTreeMap;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The keys that a file sets, and what stands at its head.
#[derive(Clone, Debug, Default)]
pub struct ScenarioFile {
    /// `base`: the preset that the rest changes.
    pub base: Option<String>,
    /// `about`: one line for people.
    pub about: Option<String>,
    /// Values by key path.
    pub values: BTreeMap<&'static str, Value>,
}

/// Reads a scenario. `name` is the file name for messages.
///
/// # Errors
/// The first thing that is wrong, with its line.
pub fn parse(name: &str, text: &str) -> Result<ScenarioFile, ScenarioError> {
    let reader = Reader { name, text };
    let table = DeTable::parse(text).map_err(|e| {
        reader.error(e.span().map_or(0, |s| s.start), format!("not TOML: {}", e.message()))
    })?;
    let mut file = ScenarioFile::default();
    reader.table("", table.get_ref(), &mut file)?;
    Ok(file)
}

struct Reader<'t> {
    name: &'t str,
    text: &'t str,
}

impl Reader<'_> {
    fn table(
        &self,
        prefix: &str,
        table: &DeTable<'_>,
        file: &mut ScenarioFile,
    ) -> Result<(), ScenarioError> {
        for (name, value) in table {
            let path = match prefix {
                "" => name.get_ref().to_string(),
                _ => format!("{prefix}.{}", name.get_ref()),
            };
            self.entry(&path, name.span().start, value, file)?;
        }
        Ok(())
    }

    fn entry(
        &self,
        path: &str,
        at: usize,
        value: &Spanned<DeValue<'_>>,
        file: &mut ScenarioFile,
    ) -> Result<(), ScenarioError> {
        if let Some(slot) = head(path, file) {
            let Some(text) = value.get_ref().as_str() else {
                let found = value.get_ref().type_str();
                return Err(self.error(at, format!("{path}: expected a text, got a {found}")));
            };
            *slot = Some(text.to_owned());
            return Ok(());
        }
        if let Some(key) = keys::find(path) {
            let value = self.value(key, value)?;
            file.values.insert(key.path, value);
            return Ok(());
        }
        if let DeValue::Table(inner) = value.get_ref() {
            if inner.is_empty() && !is_section(path) {
                return Err(self.error(at, unknown(path)));
            }
            return self.table(path, inner, file);
        }
        if is_section(path) {
            let found = value.get_ref().type_str();
            let problem = format!("{path} is a section: expected [{path}], got a {found}");
            return Err(self.error(at, problem));
        }
        Err(self.error(at, unknown(path)))
    }

    fn value(&self, key: &Key, value: &Spanned<DeValue<'_>>) -> Result<Value, ScenarioError> {
        let checked = match value.get_ref() {
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
                .map_err(|_| "the number is too large".to_owned())
                .and_then(|number| Value::integer(key, number)),
            DeValue::Boolean(truth) => Value::truth(key, *truth),
            DeValue::String(text) => Value::text(key, text),
            other => {
                Err(format!("expected {}, got a {}", super::value::expected(key), other.type_str()))
            }
        };
        checked.map_err(|e| self.error(value.span().start, format!("{}: {e}", key.path)))
    }

    fn error(&self, at: usize, problem: String) -> ScenarioError {
        let line = self.text.bytes().take(at).filter(|b| *b == b'\n').count() + 1;
        ScenarioError::File { file: self.name.to_owned(), line, problem }
    }
}

/// The field of the file's head with this path.
fn head<'f>(path: &str, file: &'f mut ScenarioFile) -> Option<&'f mut Option<String>> {
    match path {
        "base" => Some(&mut file.base),
        "about" => Some(&mut file.about),
        _ => None,
    }
}

fn is_section(path: &str) -> bool {
    keys::KEYS.iter().any(|key| key.path.split('.').next() == Some(path))
}

/// The complaint about a key that does not exist.
pub fn unknown(path: &str) -> String {
    match keys::nearest(path) {
        Some(near) => format!("unknown key {path}; did you mean {near}?"),
        None => format!("unknown key {path}; `smpsim run --explain` lists all keys"),
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    fn complaint(text: &str) -> String {
        parse("x.toml", text).expect_err("must be refused").to_string()
    }

    #[test]
    fn sections_and_dotted_keys_mean_the_same() {
        let a = parse("a", "base = \"reference\"\n[link]\ninterval_us = 7_500\n").expect("lawful");
        let b = parse("b", "base = \"reference\"\nlink.interval_us = 0x1d4c\n").expect("lawful");
        assert_eq!(a.values, b.values);
        assert_eq!(a.base.as_deref(), Some("reference"));
    }

    #[test]
    fn complaints_name_file_line_key_and_what_to_do() {
        assert_eq!(
            complaint("[link]\n\nintervall_us = 1\n"),
            "x.toml:3: unknown key link.intervall_us; did you mean link.interval_us?"
        );
        assert_eq!(
            complaint("[client]\nwindow = 0\n"),
            "x.toml:2: client.window: expected 1 to 64, got 0"
        );
        assert_eq!(
            complaint("client.window = 1.5\n"),
            "x.toml:1: client.window: expected a whole number from 1 to 64, got a float"
        );
        assert!(complaint("[link\n").starts_with("x.toml:1: not TOML"));
        assert_eq!(complaint("base = 3\n"), "x.toml:1: base: expected a text, got a integer");
        assert!(complaint("link = 3\n").contains("link is a section: expected [link]"));
        assert!(complaint("[linc]\n").contains("unknown key linc"));
    }
}
