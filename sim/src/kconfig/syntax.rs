//! Lines of a Kconfig file: `CONFIG_X=value`, `# CONFIG_X is not set`, comments.
//!
//! What is refused here, Zephyr's own build refuses too (`scripts/kconfig/kconfig.py` makes errors of
//! kconfiglib's warnings), but for blanks and comments around an assignment, whose meaning is clear.

use super::KconfigError;
use std::sync::Arc;

/// What an option is set to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// `y`, or `n` and `is not set`.
    Truth(bool),
    /// A whole number, decimal or hex.
    Number(i64),
    /// A text in quotes, without them.
    Text(String),
}

impl core::fmt::Display for Value {
    /// As it stands in a file.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Truth(truth) => f.write_str(if *truth { "y" } else { "n" }),
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => write!(f, "{text:?}"),
        }
    }
}

/// A place in a file, for messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// File name.
    pub(super) file: Arc<str>,
    /// Line, counted from 1.
    pub(super) line: usize,
}

impl Place {
    pub(super) fn error(&self, problem: impl Into<String>) -> KconfigError {
        KconfigError::Line { file: self.file.to_string(), line: self.line, problem: problem.into() }
    }
}

impl core::fmt::Display for Place {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// A line that sets an option.
#[derive(Clone, Debug)]
pub(super) struct Assignment {
    /// Name without `CONFIG_`.
    pub(super) name: String,
    pub(super) value: Value,
    pub(super) place: Place,
}

/// A file as it stands.
#[derive(Clone, Debug)]
pub(super) struct Lines {
    /// In the order of the file.
    pub(super) assignments: Vec<Assignment>,
    /// Other comments, with their `#`.
    pub(super) comments: Vec<String>,
}

/// Reads a file.
///
/// # Errors
/// The first line that says nothing.
pub(super) fn read(name: &str, text: &str) -> Result<Lines, KconfigError> {
    let file: Arc<str> = name.into();
    let mut lines = Lines { assignments: Vec::new(), comments: Vec::new() };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (n, line) in text.lines().enumerate() {
        let line = line.trim();
        let place = Place { file: Arc::clone(&file), line: n + 1 };
        if let Some(name) = unset(line) {
            lines.assignments.push(Assignment { name, value: Value::Truth(false), place });
        } else if line.starts_with('#') {
            lines.comments.push(line.to_owned());
        } else if !line.is_empty() {
            let (name, value) = assignment(line).map_err(|problem| place.error(problem))?;
            lines.assignments.push(Assignment { name, value, place });
        }
    }
    Ok(lines)
}

/// The option of a line `# CONFIG_X is not set`.
fn unset(line: &str) -> Option<String> {
    let name = line.strip_prefix("# CONFIG_")?.strip_suffix(" is not set")?;
    is_name(name).then(|| name.to_owned())
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn assignment(line: &str) -> Result<(String, Value), String> {
    if line.starts_with("SB_CONFIG_") {
        return Err(format!(
            "{} is an option of sysbuild.conf, not of the application",
            excerpt(line)
        ));
    }
    let Some(rest) = line.strip_prefix("CONFIG_") else {
        return Err(format!(
            "expected CONFIG_NAME=value or a comment that begins with #, got {}",
            excerpt(line)
        ));
    };
    let Some((name, value)) = rest.split_once('=') else {
        return Err(format!("expected CONFIG_NAME=value, got {}", excerpt(line)));
    };
    if !is_name(name) {
        let blank = if name.ends_with(' ') { "; no blanks around =" } else { "" };
        return Err(format!("CONFIG_{} is not the name of an option{blank}", escaped(name)));
    }
    value_of(value).map(|value| (name.to_owned(), value)).map_err(|e| format!("CONFIG_{name}: {e}"))
}

fn value_of(word: &str) -> Result<Value, String> {
    if word.starts_with(' ') {
        return Err("no blanks around =".to_owned());
    }
    if let Some(quoted) = word.strip_prefix('"') {
        return text(quoted);
    }
    match without_comment(word) {
        "y" => Ok(Value::Truth(true)),
        "n" => Ok(Value::Truth(false)),
        "m" => Err("m builds a module of Linux; Zephyr takes y or n".to_owned()),
        "" => Err("expected a value behind =".to_owned()),
        word => number(word).map(Value::Number).ok_or_else(|| {
            format!("expected y, n, a whole number or a text in quotes, got {}", excerpt(word))
        }),
    }
}

/// The text up to the closing quote; a backslash takes the next character as it is.
fn text(quoted: &str) -> Result<Value, String> {
    let mut text = String::new();
    let mut chars = quoted.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' if without_comment(chars.as_str()).is_empty() => return Ok(Value::Text(text)),
            '"' => return Err(format!("{} behind the closing quote", excerpt(chars.as_str()))),
            '\\' => text.extend(chars.next()),
            c => text.push(c),
        }
    }
    Err("the closing quote is missing".to_owned())
}

fn without_comment(word: &str) -> &str {
    let end = word.find('#').filter(|at| word[..*at].ends_with([' ', '\t']) || *at == 0);
    word[..end.unwrap_or(word.len())].trim_end()
}

fn number(word: &str) -> Option<i64> {
    let (sign, digits) = match word.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, word),
    };
    let hex = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X"));
    let (digits, radix) = hex.map_or((digits, 10), |hex| (hex, 16));
    if !digits.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    i64::from_str_radix(digits, radix).ok().map(|number| sign * number)
}

/// As much of a line as a message should show.
fn excerpt(line: &str) -> String {
    const SHOWN: usize = 40;
    let shown: String = line.chars().take(SHOWN).collect();
    let dots = if line.chars().nth(SHOWN).is_some() { "..." } else { "" };
    format!("{shown:?}{dots}")
}

fn escaped(name: &str) -> String {
    name.chars().take(40).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests {
    use super::{Value, read};

    fn values(text: &str) -> Vec<(String, Value)> {
        let lines = read("prj.conf", text).unwrap_or_else(|e| panic!("{text:?}: {e}"));
        lines.assignments.into_iter().map(|line| (line.name, line.value)).collect()
    }

    #[test]
    fn every_form_of_a_line_is_read() {
        let text = |text: &str| Value::Text(text.to_owned());
        for (line, value) in [
            ("CONFIG_A=y", Value::Truth(true)),
            ("CONFIG_A=n", Value::Truth(false)),
            ("# CONFIG_A is not set", Value::Truth(false)),
            ("CONFIG_A=5", Value::Number(5)),
            ("CONFIG_A=-16", Value::Number(-16)),
            ("CONFIG_A=0x76000", Value::Number(0x76000)),
            ("CONFIG_A=0XFf", Value::Number(255)),
            ("CONFIG_A=\"\"", text("")),
            ("CONFIG_A=\"KRepet\"", text("KRepet")),
            (r#"CONFIG_A="a \"b\" \\ # c""#, text(r#"a "b" \ # c"#)),
            ("  CONFIG_A=y\t", Value::Truth(true)),
            ("CONFIG_A=y # why", Value::Truth(true)),
            ("CONFIG_A=\"b\" # why", text("b")),
            ("\u{feff}CONFIG_A=y\r\n", Value::Truth(true)),
        ] {
            assert_eq!(values(line), [("A".to_owned(), value)], "{line}");
        }
    }

    #[test]
    fn comments_and_empty_lines_set_nothing() {
        for text in ["", "\n\r\n", "#", "# CONFIG_A=y", "#CONFIG_A is not set", "# is not set"] {
            assert_eq!(values(text), [], "{text:?}");
        }
    }

    #[test]
    fn a_line_that_says_nothing_is_refused_with_its_number() {
        for (line, part) in [
            ("CONFIG_A", "expected CONFIG_NAME=value"),
            ("CONFIG_A =y", "no blanks around ="),
            ("CONFIG_A= y", "no blanks around ="),
            ("CONFIG_A-B=y", "not the name of an option"),
            ("CONFIG_=y", "not the name of an option"),
            ("CONFIG_A=m", "m builds a module"),
            ("CONFIG_A=", "expected a value"),
            ("CONFIG_A=# none", "expected a value"),
            ("CONFIG_A=yes", "expected y, n"),
            ("CONFIG_A=0x", "expected y, n"),
            ("CONFIG_A=--1", "expected y, n"),
            ("CONFIG_A=99999999999999999999", "expected y, n"),
            ("CONFIG_A=\"b", "closing quote is missing"),
            ("CONFIG_A=\"b\\\"", "closing quote is missing"),
            ("CONFIG_A=\"b\" c", "behind the closing quote"),
            ("SB_CONFIG_BOOTLOADER_MCUBOOT=y", "sysbuild.conf"),
            ("BT=y", "expected CONFIG_NAME=value or a comment"),
            ("<<<<<<< HEAD", "expected CONFIG_NAME=value or a comment"),
        ] {
            let text = format!("# first\n\n{line}\n");
            let e = read("prj.conf", &text).expect_err(line).to_string();
            assert!(e.starts_with("prj.conf:3: ") && e.contains(part), "{line}: {e}");
            assert_eq!(e.lines().count(), 1, "{line}: {e}");
        }
    }
}
