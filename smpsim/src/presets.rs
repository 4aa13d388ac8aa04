//! `smpsim presets`.

use crate::output::print;
use crate::{Refusal, Verdict};
use core::fmt::Write;
use sim::scenario::{Lesson, PRESETS, Settings};

/// Lists the presets, or shows one.
pub(crate) fn run(why: Option<&str>, file: bool) -> Result<Verdict, Refusal> {
    let Some(name) = why else {
        print(&list()?);
        return Ok(Verdict::Yes);
    };
    let settings = Settings::preset(name).map_err(Refusal::new)?;
    let text = PRESETS.iter().find(|preset| preset.name == name).map_or("", |preset| preset.text);
    match settings.lesson() {
        Some(lesson) if !file => print(&why_text(name, &settings, lesson, text)),
        _ => print(text),
    }
    Ok(Verdict::Yes)
}

/// All presets in two groups: what to measure with, and failures.
fn list() -> Result<String, Refusal> {
    let mut groups = [String::new(), String::new()];
    for preset in PRESETS {
        let settings = Settings::preset(preset.name).map_err(Refusal::new)?;
        let group = &mut groups[usize::from(settings.lesson().is_some())];
        let _ = writeln!(group, "{:<22} {}", preset.name, settings.about);
    }
    let [measured, failures] = groups;
    Ok(format!(
        "{measured}\n\
         Failures, each with its symptom, its cause and what mends it: smpsim presets --why NAME\n\n\
         {failures}"
    ))
}

/// Columns of the running text.
const WIDTH: usize = 98;

/// Lines of a file that its lesson has told already.
const TOLD: [&str; 5] = ["about = ", "symptom = ", "cause = ", "fix = ", "fix_set = "];

/// The lesson of a preset, the commands that show it, and its scenario file.
fn why_text(name: &str, settings: &Settings, lesson: &Lesson, file: &str) -> String {
    let mut text = format!("{name}: {}\n", settings.about);
    for (head, said) in
        [("symptom", &lesson.symptom), ("cause", &lesson.cause), ("fix", &lesson.fix)]
    {
        paragraph(&mut text, head, said);
    }
    let _ = write!(
        text,
        "\nsee it\n  smpsim run {name}\nsee it mended\n  {}\n\nthe scenario (smpsim presets --why {name} \
         --file prints its file)\n\n",
        lesson.command(name),
    );
    for line in file.lines().filter(|line| !TOLD.iter().any(|told| line.starts_with(told))) {
        let _ = writeln!(text, "{line}");
    }
    text
}

/// A head, and a text in lines that begin two columns from the margin.
fn paragraph(text: &mut String, head: &str, said: &str) {
    let _ = write!(text, "\n{head}\n ");
    let mut column = 1;
    for word in said.split(' ') {
        let length = word.chars().count();
        if column + 1 + length > WIDTH {
            text.push_str("\n ");
            column = 1;
        }
        text.push(' ');
        text.push_str(word);
        column += 1 + length;
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::{WIDTH, paragraph};

    #[test]
    fn long_texts_are_broken_between_words_and_lose_none() {
        let said = "word ".repeat(60);
        let mut text = String::new();
        paragraph(&mut text, "cause", said.trim_end());
        let (head, body) = text.trim_start().split_once('\n').expect("two lines at least");
        assert_eq!(head, "cause");
        assert!(body.lines().all(|line| line.starts_with("  w") && line.len() <= WIDTH));
        assert_eq!(body.split_whitespace().count(), 60);
    }
}
