//! `smpsim explain`.

use crate::output::{print, print_json};
use crate::{Refusal, Verdict};
use serde::Serialize;
use sim::explain::{Explanation, Group, Kind, Query, explain};
use std::fmt::Write;

#[derive(Serialize)]
struct Document {
    schema: &'static str,
    explanations: Vec<Explanation>,
}

/// Explains a code.
pub(crate) fn run(code: &str, group: Option<&str>, json: bool) -> Result<Verdict, Refusal> {
    let group = group.map(Group::parse).transpose().map_err(Refusal::new)?;
    let explanations = explain(&Query::parse(code, group).map_err(Refusal::new)?);
    if json {
        print_json(&Document { schema: "smpsim.explain/1", explanations })?;
    } else {
        let texts: Vec<String> = explanations.iter().map(describe).collect();
        print(&texts.join("\n"));
    }
    Ok(Verdict::Yes)
}

fn describe(explanation: &Explanation) -> String {
    let Explanation { meaning, sender, from_group, version_1, remedy, .. } = *explanation;
    let mut text = format!("{}\n", title(explanation));
    paragraph(&mut text, "", meaning);
    paragraph(&mut text, "Who and when: ", sender);
    if let Some(from_group) = from_group {
        let name = explanation.group_name.unwrap_or("this");
        paragraph(&mut text, &format!("From the {name} group: "), from_group);
    }
    if let Some(version_1) = version_1 {
        let seen = match version_1.rc {
            0 => "no usable answer".to_owned(),
            rc => format!("rc {rc}, {}", version_1.name),
        };
        paragraph(&mut text, "A client of SMP version 1 sees: ", &format!("{seen}."));
    }
    paragraph(&mut text, "What to do: ", remedy);
    if let Some(preset) = explanation.preset {
        paragraph(&mut text, "At work: ", &format!("smpsim presets --why {preset}"));
    }
    text
}

fn title(explanation: &Explanation) -> String {
    let Explanation { kind, code, name, group, group_name, .. } = *explanation;
    match kind {
        Kind::Rc => format!("rc {code}: {name}"),
        Kind::GroupError => {
            let group = group.unwrap_or_default();
            format!(
                "err {group}/{code}: {name} (group {}, SMP version 2)",
                group_name.unwrap_or("?")
            )
        }
        Kind::Errno => format!("errno {code}: {name}"),
        Kind::DisconnectReason => format!("Bluetooth reason {code:#04x}: {name}"),
    }
}

/// Widest line, columns.
const WIDTH: usize = 92;

/// Appends indented lines, broken between words.
fn paragraph(text: &mut String, label: &str, body: &str) {
    let mut line = format!("  {label}");
    for word in body.split_whitespace() {
        if line.trim_start().len() + word.len() + 3 > WIDTH && !line.trim().is_empty() {
            let _ = writeln!(text, "{}", line.trim_end());
            "    ".clone_into(&mut line);
        }
        line.push_str(word);
        line.push(' ');
    }
    let _ = writeln!(text, "{}", line.trim_end());
}
