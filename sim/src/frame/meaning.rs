//! What a frame says, and what a server makes of it: keys by name, and remarks.

use super::fields::{ANY_RESPONSE, operation};
use ciborium::Value;
use serde::Serialize;
use smp_wire::group::{USER, command_name, group_name};
use smp_wire::header::Header;

/// A key of the payload and what it means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Field {
    /// The keys down to the value; `[]` stands for the elements of a list.
    pub path: String,
    /// What it means; `None` for a key that Zephyr's command does not have.
    pub meaning: Option<&'static str>,
}

/// The keys of a payload, each path once, in order.
pub(super) fn fields(header: &Header, payload: &Value) -> Vec<Field> {
    let mut paths = Vec::new();
    collect(payload, String::new(), &mut paths);
    let response = header.op & 1 == 1;
    let keys = operation(header.group, header.id, header.op & 2 != 0)
        .map_or(&[][..], |found| if response { found.response } else { found.request });
    let any = if response { ANY_RESPONSE } else { &[] };
    let meaning = |path: &str| {
        keys.iter().chain(any).find(|(pattern, _)| matches(pattern, path)).map(|(_, told)| *told)
    };
    paths.into_iter().map(|path| Field { meaning: meaning(&path), path }).collect()
}

/// Appends the paths to all values that are neither maps nor lists.
fn collect(value: &Value, path: String, paths: &mut Vec<String>) {
    match value {
        Value::Map(entries) => {
            for (key, value) in entries {
                let Value::Text(key) = key else { continue };
                let dot = if path.is_empty() { "" } else { "." };
                collect(value, format!("{path}{dot}{key}"), paths);
            }
        }
        Value::Array(items) => {
            for item in items {
                collect(item, format!("{path}[]"), paths);
            }
        }
        _ if !path.is_empty() && !paths.contains(&path) => paths.push(path),
        _ => {}
    }
}

/// Whether a path fits a pattern, in which `*` stands for one key.
fn matches(pattern: &str, path: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == path,
        Some((head, tail)) => path
            .strip_prefix(head)
            .and_then(|rest| rest.strip_suffix(tail))
            .is_some_and(|name| !name.is_empty()),
    }
}

/// What is remarkable about a header, in the order of its fields.
pub(super) fn notes(first: u8, header: &Header) -> Vec<String> {
    let Header { op, version, flags, group, id, .. } = *header;
    let mut notes = Vec::new();
    if op > 3 {
        notes.push(format!(
            "operation {op} does not exist: a server answers rc 8, before Zephyr 3.5 rc 3"
        ));
    }
    if version > 1 {
        notes.push(format!(
            "SMP version {} does not exist: a server answers rc 13, before Zephyr 3.5 it ignores \
             the version",
            version + 1
        ));
    }
    if first >> 5 != 0 {
        notes.push("reserved bits of the first octet are set; servers ignore them".to_owned());
    }
    if flags != 0 {
        notes.push("flags are set; servers ignore them and answer with 0".to_owned());
    }
    notes.extend(about_command(op, group, id));
    notes
}

fn about_command(op: u8, group: u16, id: u8) -> Option<String> {
    let Some(name) = group_name(group) else {
        return Some(if group < USER {
            format!("group {group} is none of Zephyr's: a server answers rc 8")
        } else {
            format!("group {group} belongs to the application; its keys are not known here")
        });
    };
    if command_name(group, id).is_none() {
        return Some(format!("group {group} ({name}) has no command {id}: a server answers rc 8"));
    }
    let write = op & 2 != 0;
    let asked = if write { "write" } else { "read" };
    match operation(group, id, write) {
        Err(true) if op < 4 => {
            Some(format!("this command does not take a {asked}: a server answers rc 8"))
        }
        Err(false) => Some("no Zephyr server has this command: it answers rc 8".to_owned()),
        _ => None,
    }
}

/// What is remarkable about the keys of a request.
pub(super) fn note_on_keys(header: &Header, fields: &[Field]) -> Option<String> {
    if operation(header.group, header.id, header.op & 2 != 0).is_err() {
        return None;
    }
    let unknown: Vec<&str> = fields
        .iter()
        .filter(|field| field.meaning.is_none())
        .map(|field| field.path.as_str())
        .collect();
    let ends = if header.op & 1 == 1 { "is none of Zephyr's" } else { "is skipped by servers" };
    (!unknown.is_empty()).then(|| format!("{} {ends}", unknown.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stands_for_one_name() {
        assert!(matches("fields.*", "fields.rx"));
        assert!(matches("tasks.*.prio", "tasks.main.prio"));
        assert!(!matches("tasks.*.prio", "tasks.main.tid"));
        assert!(!matches("fields.*", "fields."));
        assert!(matches("off", "off"));
        assert!(!matches("off", "offs"));
    }
}
