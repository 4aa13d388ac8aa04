//! `constant`: what the models know of a part.

use super::super::real::ms;
use super::super::row::{Figures, Inputs, wrong};
use super::bench::part;
use crate::conform::difference::Difference;
use flash_model::{Memory, Part, Qspi};
use serde_json::{Map, Value};
use sim_core::Span;

/// A constant in the unit that it is kept in.
enum Constant {
    Count(u64),
    Time(Span),
}

use Constant::{Count, Time};

/// The named parameter of the named part.
pub(super) fn constant(
    inputs: &Inputs<'_>,
    row: &Map<String, Value>,
) -> Result<Figures, Difference> {
    let part = part(inputs, None)?;
    let name = inputs.text("parameter")?;
    let found = match &part.memory {
        Memory::Qspi(qspi) => external(qspi, name).or_else(|| general(&part, name)),
        _ => general(&part, name),
    };
    let unknown = || wrong("parameter", &format!("a constant of the {}", part.name), name);
    let unit = row.get("expect").and_then(|expect| expect["unit"].as_str());
    Ok(match (found.ok_or_else(unknown)?, unit) {
        (Count(n), unit) => Figures::new().count("value", n).unit(unit),
        (Time(span), unit @ (None | Some("us"))) => Figures::new().us("value", span).unit(unit),
        (Time(span), unit @ Some("ms")) => Figures::new().number("value", ms(span)).unit(unit),
        (Time(span), unit @ Some("s")) => Figures::new().number("value", ms(span) / 1e3).unit(unit),
        (Time(_), Some(unit)) => return Err(Difference::new("unit", "us, ms or s", unit)),
    })
}

/// Constants of parts on a chip, and those that every part has.
fn general(part: &Part, name: &str) -> Option<Constant> {
    let geometry = part.geometry;
    let rram = match part.memory {
        Memory::Rram { write_word_unbuffered } => Some(write_word_unbuffered),
        _ => None,
    };
    Some(match name {
        "flash_bytes" | "rram_bytes" | "size" | "size_bytes" => Count(geometry.size.into()),
        "page_bytes" | "page_size" => Count(geometry.page.into()),
        "pages" => Count((geometry.size / geometry.page).into()),
        "write_block_bytes" | "write_line_bytes" => Count(geometry.write_size.into()),
        "t_erase_page" => Time(part.erase_page),
        "t_erase_page_driver_max" => Time(part.erase_page_max?),
        "t_erase_all" => Time(part.erase_all?),
        "partial_erase_target_ms" => Time(part.partial_erase?),
        "t_write_word" | "t_write_word_buffered1" => Time(part.write_word),
        "t_write_word_unbuffered" => Time(rram?),
        "writes_per_word_between_erases" => Count(part.writes_per_word.into()),
        "erase_cycles_per_page" if part.needs_erase() => Count(part.endurance.into()),
        "writes_per_line" if !part.needs_erase() => Count(part.endurance.into()),
        "erase_needed" => Count(part.needs_erase().into()),
        _ => return None,
    })
}

/// Constants of the tables of an external part.
fn external(qspi: &Qspi, name: &str) -> Option<Constant> {
    Some(match name {
        "erase_4k_typ" => Time(qspi.erase_4k),
        "erase_32k_typ" => Time(qspi.erase_32k),
        "erase_64k_typ" => Time(qspi.erase_64k),
        "chip_erase_typ" | "erase_chip_typ" => Time(qspi.erase_chip),
        "erase_max_factor" => Count(qspi.erase_max_factor.into()),
        "page_program_typ" => Time(qspi.program_page),
        "byte_program_first_typ" | "byte_program_typ" | "program_first_byte_typ" => {
            Time(qspi.program_first)
        }
        "byte_program_further_typ"
        | "byte_program_additional_typ"
        | "byte_program_next_typ"
        | "program_further_byte_typ" => Time(qspi.program_further),
        "program_max_factor" => Count(qspi.program_max_factor.into()),
        "program_page_bytes" | "page_bytes" => Count(Qspi::PAGE.into()),
        "exit_dpd" => Time(qspi.exit_power_down),
        "enter_dpd" => Time(qspi.enter_power_down),
        _ => return None,
    })
}
