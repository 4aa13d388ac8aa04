//! Reading a scenario file: TOML in, checked values out, with line numbers in every complaint.

use super::ScenarioError;
use super::gallery::Lesson;
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
    /// `symptom`, `cause`, `fix` and `fix_set`: what the scenario teaches.
    pub lesson: Option<Lesson>,
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
    let mut head = Head::default();
    reader.table("", table.get_ref(), &mut head, &mut file)?;
    (file.base, file.about) = (head.base.take(), head.about.take());
    file.lesson = reader.lesson(head)?;
    Ok(file)
}

/// What stands at the head of a file.
#[derive(Default)]
struct Head {
    base: Option<String>,
    about: Option<String>,
    symptom: Option<String>,
    cause: Option<String>,
    fix: Option<String>,
    fix_set: Option<Vec<String>>,
    /// Where the first text of a lesson stands.
    lesson_at: Option<usize>,
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
        head: &mut Head,
        file: &mut ScenarioFile,
    ) -> Result<(), ScenarioError> {
        for (name, value) in table {
            let path = match prefix {
                "" => name.get_ref().to_string(),
                _ => format!("{prefix}.{}", name.get_ref()),
            };
            self.entry(&path, name.span().start, value, head, file)?;
        }
        Ok(())
    }

    fn entry(
        &self,
        path: &str,
        at: usize,
        value: &Spanned<DeValue<'_>>,
        head: &mut Head,
        file: &mut ScenarioFile,
    ) -> Result<(), ScenarioError> {
        if LESSON.contains(&path) {
            head.lesson_at = Some(head.lesson_at.map_or(at, |first| first.min(at)));
        }
        if let Some(slot) = head.text(path) {
            *slot = Some(self.text_of(path, at, value)?);
            return Ok(());
        }
        if path == "fix_set" {
            head.fix_set = Some(self.fix_set(at, value)?);
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
            return self.table(path, inner, head, file);
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

    fn text_of(
        &self,
        path: &str,
        at: usize,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<String, ScenarioError> {
        let found = value.get_ref().type_str();
        let wrong = || self.error(at, format!("{path}: expected a text, got a {found}"));
        value.get_ref().as_str().map(str::to_owned).ok_or_else(wrong)
    }

    /// Settings as `--set` takes them.
    fn fix_set(
        &self,
        at: usize,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<Vec<String>, ScenarioError> {
        let DeValue::Array(settings) = value.get_ref() else {
            let found = value.get_ref().type_str();
            let problem = format!("fix_set: expected a list of \"key=value\", got a {found}");
            return Err(self.error(at, problem));
        };
        let setting = |entry: &Spanned<DeValue<'_>>| {
            let at = entry.span().start;
            let text = self.text_of("fix_set", at, entry)?;
            let checked = match text.split_once('=') {
                None => Err("expected key=value".to_owned()),
                Some((path, word)) => match keys::find(path) {
                    None => Err(unknown(path)),
                    Some(key) => Value::parse_word(key, word).map_err(|e| format!("{path}: {e}")),
                },
            };
            checked.map_err(|e| self.error(at, format!("fix_set: {e}")))?;
            Ok(text)
        };
        settings.iter().map(setting).collect()
    }

    /// The lesson, which is told whole or not at all.
    fn lesson(&self, head: Head) -> Result<Option<Lesson>, ScenarioError> {
        let Some(at) = head.lesson_at else { return Ok(None) };
        match (head.symptom, head.cause, head.fix, head.fix_set) {
            (Some(symptom), Some(cause), Some(fix), Some(fix_set)) => {
                Ok(Some(Lesson { symptom, cause, fix, fix_set }))
            }
            _ => Err(self.error(at, format!("expected all of {}, or none", LESSON.join(", ")))),
        }
    }

    fn error(&self, at: usize, problem: String) -> ScenarioError {
        let line = self.text.bytes().take(at).filter(|b| *b == b'\n').count() + 1;
        ScenarioError::File { file: self.name.to_owned(), line, problem }
    }
}

/// What makes up a lesson.
const LESSON: [&str; 4] = ["symptom", "cause", "fix", "fix_set"];

impl Head {
    /// The text with this path.
    fn text(&mut self, path: &str) -> Option<&mut Option<String>> {
        match path {
            "base" => Some(&mut self.base),
            "about" => Some(&mut self.about),
            "symptom" => Some(&mut self.symptom),
            "cause" => Some(&mut self.cause),
            "fix" => Some(&mut self.fix),
            _ => None,
        }
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
        assert_eq!(
            complaint("fault.drop_request = 0\n"),
            "x.toml:1: fault.drop_request: expected none, last, or a number from 1 to 1000000, got \"0\""
        );
    }

    #[test]
    fn a_lesson_is_told_whole_or_not_at_all() {
        let lesson = "symptom = \"a\"\ncause = \"b\"\nfix = \"c\"\n";
        let whole = format!("{lesson}fix_set = [\"client.window=1\"]\n");
        let file = parse("x", &whole).expect("lawful");
        let lesson_read = file.lesson.expect("there is one");
        assert_eq!((lesson_read.symptom.as_str(), lesson_read.fix_set.len()), ("a", 1));
        let whole_or_none = "x.toml:2: expected all of symptom, cause, fix, fix_set, or none";
        assert_eq!(complaint(&format!("about = \"\"\n{lesson}")), whole_or_none);
        for (fix_set, problem) in [
            ("3", "fix_set: expected a list of \"key=value\", got a integer"),
            ("[3]", "fix_set: expected a text, got a integer"),
            ("[\"client.window\"]", "fix_set: expected key=value"),
            ("[\"client.window=0\"]", "fix_set: client.window: expected 1 to 64, got 0"),
            (
                "[\"client.windou=1\"]",
                "fix_set: unknown key client.windou; did you mean client.window?",
            ),
        ] {
            let complaint = complaint(&format!("{lesson}fix_set = {fix_set}\n"));
            assert_eq!(complaint, format!("x.toml:4: {problem}"));
        }
    }
}
