//! Keys that hold a list in one line of text: settings of the application, commands of its shell, and
//! what its callbacks refuse.

use server_model::{HookRefusal, Setting, ShellAction, ShellCommand};
use smp_wire::errors::{GroupError, Rc};

/// A refusal as `11` or `1/9`: a code of the protocol other than success, or group and code.
pub(super) fn refusal(text: &str) -> Option<HookRefusal> {
    if let Some((group, code)) = text.split_once('/') {
        let code: u16 = code.parse().ok().filter(|code| *code > 0)?;
        return Some(HookRefusal::Group(GroupError::new(group.parse().ok()?, code)));
    }
    let code: i32 = text.parse().ok()?;
    Rc::from_code(code).filter(|rc| *rc != Rc::Ok).map(HookRefusal::Rc)
}

/// Heads of names or paths with what access to them is refused with.
///
/// # Errors
/// What is wrong with the first entry that is.
pub(super) fn protected(text: &str) -> Result<Vec<(String, HookRefusal)>, String> {
    entries(text, |name, code| {
        let refusal = refusal(code).ok_or_else(|| {
            format!("{code:?} is neither a code from 1 to 13 nor group and code such as 3/4")
        })?;
        Ok((name.to_owned(), refusal))
    })
}

/// Settings that can be read and written, with their values in hex.
///
/// # Errors
/// What is wrong with the first entry that is.
pub(super) fn settings(text: &str) -> Result<Vec<Setting>, String> {
    entries(text, |name, hex| {
        let value = octets(hex).ok_or_else(|| format!("{hex:?} is not octets in hex"))?;
        Ok(Setting { name: name.to_owned(), value, ..Setting::default() })
    })
}

/// Commands that print a text; a return value other than 0 stands behind `!`.
///
/// # Errors
/// What is wrong with the first entry that is.
pub(super) fn shell_commands(text: &str) -> Result<Vec<ShellCommand>, String> {
    entries(text, |word, output| {
        let (name, ret) = word.split_once('!').unwrap_or((word, "0"));
        let ret = ret.parse().map_err(|_| format!("{ret:?} is no return value"))?;
        if name.is_empty() || name.contains(char::is_whitespace) {
            return Err(format!("{name:?} is no word of a command line"));
        }
        let action = Some(ShellAction::Print { text: output.to_owned(), ret });
        Ok(ShellCommand { name: name.to_owned(), action, ..ShellCommand::default() })
    })
}

/// Entries of a list, `name=value` with semicolons between them.
fn entries<T>(
    text: &str,
    read: impl Fn(&str, &str) -> Result<T, String>,
) -> Result<Vec<T>, String> {
    let entries = text.split(';').map(str::trim).filter(|entry| !entry.is_empty());
    entries
        .map(|entry| match entry.split_once('=') {
            Some((name, value)) if !name.trim().is_empty() => read(name.trim(), value.trim()),
            _ => Err(format!("expected name=value, with ; between entries, got {entry:?}")),
        })
        .collect()
}

fn octets(hex: &str) -> Option<Vec<u8>> {
    if !hex.is_ascii() || !hex.len().is_multiple_of(2) {
        return None;
    }
    (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::{protected, refusal, settings, shell_commands};
    use server_model::{HookRefusal, ShellAction};
    use smp_wire::errors::{GroupError, Rc};

    #[test]
    fn a_refusal_is_a_code_of_the_protocol_or_of_a_group() {
        assert_eq!(refusal("11"), Some(HookRefusal::Rc(Rc::AccessDenied)));
        assert_eq!(refusal("1/9"), Some(HookRefusal::Group(GroupError::new(1, 9))));
        for text in ["", "0", "14", "x", "1/", "/1", "1/0", "1/65536", "-1"] {
            assert_eq!(refusal(text), None, "{text}");
        }
    }

    #[test]
    fn lists_are_entries_with_semicolons_between() {
        let values = settings("app/name=6869; app/on = 01 ;").expect("lawful");
        let values: Vec<_> = values.iter().map(|s| (s.name.as_str(), &s.value[..])).collect();
        assert_eq!(values, [("app/name", &b"hi"[..]), ("app/on", &[1][..])]);
        let commands = shell_commands("hello=Hello, world; fail!-5=no").expect("lawful");
        assert_eq!(commands[1].name, "fail");
        let action = ShellAction::Print { text: "no".to_owned(), ret: -5 };
        assert_eq!(commands[1].action, Some(action));
        assert_eq!(protected("/lfs1/keys=11; /lfs1/a=8/2").expect("lawful").len(), 2);
        assert_eq!(settings("").expect("lawful"), []);
    }

    #[test]
    fn an_entry_that_says_nothing_is_refused() {
        for text in ["app", "=00", "app=0", "app=zz", "app=\u{e4}"] {
            assert!(settings(text).is_err(), "{text}");
        }
        for text in ["a b=c", "!1=c", "a!x=c"] {
            assert!(shell_commands(text).is_err(), "{text}");
        }
        assert!(protected("a=0").is_err());
    }
}
