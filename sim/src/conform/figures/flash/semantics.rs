//! `nor_semantics`: what a word holds, and what a part still guarantees, after operations that the
//! row tells in words.

use super::super::row::{Figures, Inputs, wrong};
use super::bench::{Bench, Radio, part};
use crate::conform::difference::Difference;
use flash_model::{
    Area, FlashOp, FlashView as _, Geometry, Part, PartialErase, RadioSync, SyncConfig,
};
use serde_json::{Map, Value};
use sim_core::Span;

/// One thing that is done to the word at address 0 or its page.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    /// The word is written.
    Write(u32),
    /// So many octets are written somewhere, whatever their contents.
    WriteSized { at: u32, len: u32 },
    /// Its page is erased.
    Erase,
    /// Its page is erased for a part of the time that an erase needs.
    EraseFor { ms: u8, of_ms: u8 },
    /// It is read.
    Read,
}

/// Runs what the row tells on a device.
pub(super) fn nor_semantics(
    inputs: &Inputs<'_>,
    _: &Map<String, Value>,
) -> Result<Figures, Difference> {
    let text = inputs.text("ops")?;
    let steps = steps(text).ok_or_else(|| wrong("ops", KNOWN, text))?;
    let part = part(inputs, Some(Part::nrf52840()))?;
    // The time of a whole erase is that of the row, where it states one.
    let whole = steps.iter().find_map(|step| match step {
        Step::EraseFor { of_ms, .. } => Some(Span::from_ms((*of_ms).into())),
        _ => None,
    });
    let part = Part {
        erase_page: whole.unwrap_or(part.erase_page),
        partial_erase: whole.or(part.partial_erase),
        ..part
    };
    let mut bench = Bench::alone(part);
    let mut carried_out = true;
    for step in &steps {
        if let Step::WriteSized { at, len } = *step {
            let op = FlashOp::Write { at, data: vec![0; len as usize] };
            carried_out &= bench.device.check(&op).is_ok();
        }
        if carried_out {
            carry_out(&mut bench, step)?;
        }
    }
    let device = &bench.device;
    let word = Area::new(0, Geometry::WORD);
    let mut octets = [0; 4];
    octets.copy_from_slice(device.bytes(word.start, word.len));
    let allowed = carried_out && device.counters().overwritten_words == 0;
    Ok(Figures::new()
        .count("value", u32::from_le_bytes(octets).into())
        .truth("allowed", allowed)
        .number("limit", part.writes_per_word)
        .truth("defined", allowed && device.is_defined(word)))
}

/// What the text may consist of.
const KNOWN: &str = "`write HEX`, `write HEX N times`, `write of N octets at address A`, `erase`, \
                     `read`, `page erased for A of B ms` or `N writes to one word between erases`, \
                     joined by `then`, perhaps with `on an erased word` or `on a word that \
                     holds HEX`";

fn carry_out(bench: &mut Bench, step: &Step) -> Result<(), Difference> {
    let part = *bench.device.part();
    match *step {
        Step::Write(value) => {
            let mut data = value.to_le_bytes().to_vec();
            data.resize(part.geometry.write_size as usize, 0xff);
            bench.run(FlashOp::Write { at: 0, data })?;
        }
        Step::EraseFor { ms, of_ms } if ms < of_ms => {
            // The driver gets time for one slice and then no more.
            let partial_erase = Some(PartialErase { slice_ms: ms, factor_ppm: 1_000_000 });
            let sync =
                SyncConfig { radio: RadioSync::Mpsl, partial_erase, ..SyncConfig::default() };
            bench.device.set_radio_sync(sync);
            bench.radio = Radio::GrantsTimes(u32::from(ms > 0));
            let course = bench.run(FlashOp::Erase { at: 0 })?;
            bench.device.set_radio_sync(SyncConfig::default());
            bench.radio = Radio::Grants;
            if !course.failed {
                return Err(Difference::new(
                    "flash",
                    "an erase that is broken off",
                    "one that ends",
                ));
            }
        }
        Step::Erase | Step::EraseFor { .. } => drop(bench.run(FlashOp::Erase { at: 0 })?),
        Step::WriteSized { at, len } => {
            bench.run(FlashOp::Write { at, data: vec![0; len as usize] })?;
        }
        Step::Read => {}
    }
    Ok(())
}

/// The operations of a text; `None` when it says anything else.
fn steps(text: &str) -> Option<Vec<Step>> {
    let text = text.to_ascii_lowercase();
    let (ops, mut steps) = match text.split_once(" on ") {
        Some((ops, state)) => (ops, held(state.trim())?),
        None => (text.as_str(), Vec::new()),
    };
    for clause in ops.split("then").map(|clause| clause.trim_matches([' ', ',', ';', '.'])) {
        steps.extend(clause_steps(clause)?);
    }
    Some(steps)
}

/// What leads to the contents that the word has at first.
fn held(state: &str) -> Option<Vec<Step>> {
    let state = state.strip_prefix("an ").or_else(|| state.strip_prefix("a ")).unwrap_or(state);
    if matches!(state, "erased word" | "erased page") {
        return Some(Vec::new());
    }
    let rest = state.strip_prefix("word ")?;
    let holds = ["that holds ", "holding ", "with "];
    let value = holds.iter().find_map(|verb| rest.strip_prefix(verb))?;
    Some(vec![Step::Write(hex(value)?)])
}

fn clause_steps(clause: &str) -> Option<Vec<Step>> {
    let words: Vec<&str> = clause.split_whitespace().collect();
    match words[..] {
        ["write", value] => Some(vec![Step::Write(hex(value)?)]),
        ["write", value, "twice"] => Some(vec![Step::Write(hex(value)?); 2]),
        ["write", value, number, "times"] => Some(vec![Step::Write(hex(value)?); count(number)?]),
        ["write", "of", len, "octet" | "octets" | "byte" | "bytes", ref place @ ..] => {
            let at = match place {
                [] => 0,
                ["at", "address" | "offset", at] => at.parse().ok()?,
                _ => return None,
            };
            Some(vec![Step::WriteSized { at, len: count(len)? as u32 }])
        }
        ["read"] => Some(vec![Step::Read]),
        ["erase"] | ["erase", "page"] | ["page", "erase" | "erased"] | ["page", "is", "erased"] => {
            Some(vec![Step::Erase])
        }
        ["page", "erased", "for", ms, "of", of_ms, "ms"] => {
            let (ms, of_ms) = (ms.parse().ok()?, of_ms.parse().ok()?);
            Some(vec![Step::EraseFor { ms, of_ms }])
        }
        [number, "write" | "writes", ref place @ ..] => {
            let place = place.join(" ");
            let place =
                place.trim_end_matches(" between erases").trim_end_matches(" between two erases");
            let value = match place.strip_prefix("of all ones").map_or(place, str::trim_start) {
                "to one word" | "to a word" | "to the same word" | "" => {
                    if place.starts_with("of all ones") { u32::MAX } else { 0 }
                }
                _ => return None,
            };
            Some(vec![Step::Write(value); count(number)?])
        }
        _ => None,
    }
}

/// Eight digits, with or without `0x`, or as many as there are.
fn hex(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    u32::from_str_radix(digits, 16).ok()
}

fn count(word: &str) -> Option<usize> {
    const WORDS: [&str; 11] =
        ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
    let named = WORDS.iter().position(|name| *name == word);
    named.or_else(|| word.parse().ok().filter(|n| *n <= 255))
}

#[cfg(test)]
mod tests {
    use super::{Step, steps};

    #[test]
    fn a_text_becomes_its_operations() {
        let and = "write F0F0F0F0 then write 0F0FFFFF on an erased word";
        assert_eq!(steps(and), Some(vec![Step::Write(0xf0f0_f0f0), Step::Write(0x0f0f_ffff)]));
        let held = "write 0000FFFF then erase then write 1 on a word that holds 12345678";
        let expected =
            vec![Step::Write(0x1234_5678), Step::Write(0xffff), Step::Erase, Step::Write(1)];
        assert_eq!(steps(held), Some(expected));
        let twice = "2 writes to one word between erases";
        assert_eq!(steps(twice), Some(vec![Step::Write(0); 2]));
        let ones = "three writes of all ones to one word between erases";
        assert_eq!(steps(ones), Some(vec![Step::Write(u32::MAX); 3]));
        let odd = "write of 2 octets at address 3";
        assert_eq!(steps(odd), Some(vec![Step::WriteSized { at: 3, len: 2 }]));
        assert_eq!(steps("write F0 three times"), Some(vec![Step::Write(0xf0); 3]));
        let part = "page erased for 60 of 85 ms, then read";
        assert_eq!(steps(part), Some(vec![Step::EraseFor { ms: 60, of_ms: 85 }, Step::Read]));
    }

    #[test]
    fn a_text_that_says_anything_else_is_not_guessed_at() {
        for text in ["", "write", "write XYZ", "three reads", "write 1 on a Tuesday", "wipe"] {
            assert_eq!(steps(text), None, "{text}");
        }
    }
}
