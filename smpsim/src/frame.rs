//! `smpsim frame`.

use crate::output::{print, print_json};
use crate::{Refusal, Verdict};
use serde::Serialize;
use sim::frame::{Field, Frame, decode, parse_hex};
use std::fmt::Write;
use std::io::Read;

#[derive(Serialize)]
struct Document {
    schema: &'static str,
    frames: Vec<Frame>,
}

/// Decodes the frames in `words`, or on standard input for `-`.
pub(crate) fn run(words: &[String], json: bool) -> Result<Verdict, Refusal> {
    let text = if words == ["-"] {
        let mut text = String::new();
        std::io::stdin()
            .read_to_string(&mut text)
            .map_err(|e| Refusal(format!("standard input: {e}")))?;
        text
    } else if words.iter().any(|word| word == "-") {
        return Err(Refusal("`-` reads standard input and stands alone".to_owned()));
    } else {
        words.join(" ")
    };
    let frames = decode(&parse_hex(&text).map_err(Refusal::new)?);
    let sound = frames.iter().all(|frame| frame.problem.is_none());
    if json {
        print_json(&Document { schema: "smpsim.frame/1", frames })?;
    } else {
        for (n, frame) in frames.iter().enumerate() {
            print(&describe(n + 1, frames.len(), frame));
        }
    }
    Ok(if sound { Verdict::Yes } else { Verdict::No })
}

fn describe(n: usize, of: usize, frame: &Frame) -> String {
    let mut text = String::new();
    if of > 1 {
        let _ = writeln!(text, "frame {n} of {of}");
    }
    if frame.whole_header {
        let _ = writeln!(text, "{}", header(frame));
    }
    if let Some(cbor) = frame.cbor.as_ref().filter(|cbor| !cbor.is_empty()) {
        let _ = writeln!(text, "  {cbor}");
    }
    let widest = frame.fields.iter().map(|field| field.path.len()).max().unwrap_or(0);
    for Field { path, meaning } in &frame.fields {
        if let Some(meaning) = meaning {
            let _ = writeln!(text, "    {path:<widest$}  {meaning}");
        }
    }
    if let Some(error) = &frame.error {
        let _ = writeln!(text, "  {error}");
    }
    if let Some(meaning) = frame.error_meaning {
        let _ = writeln!(text, "    {meaning}");
    }
    for note in &frame.notes {
        let _ = writeln!(text, "  note: {note}");
    }
    if let Some(problem) = &frame.problem {
        let _ = writeln!(text, "  not a sound frame: {problem}");
    }
    text
}

fn header(frame: &Frame) -> String {
    let named = |name: Option<&str>| name.map(|name| format!(" {name}")).unwrap_or_default();
    format!(
        "{}  group {}{}  command {}{}  seq {}  SMP v{}  flags {:#04x}  payload {} octets",
        frame.op_name,
        frame.group,
        named(frame.group_name),
        frame.id,
        named(frame.command),
        frame.seq,
        frame.version + 1,
        frame.flags,
        frame.len
    )
}
