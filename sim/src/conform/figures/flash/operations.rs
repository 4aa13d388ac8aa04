//! `erase_time`, `write_time`, `qspi_erase` and `qspi_program`: operations of a device alone.

use super::super::real::real;
use super::super::row::{Figures, Inputs, wrong};
use super::bench::{Bench, part};
use crate::conform::difference::Difference;
use flash_model::{FlashOp, Geometry, Memory, Part, Qspi};
use serde_json::{Map, Value};
use sim_core::Span;

/// Erasing the pages of a stretch from the start of the part.
pub(super) fn erase_time(
    inputs: &Inputs<'_>,
    _: &Map<String, Value>,
) -> Result<Figures, Difference> {
    let mut bench = Bench::alone(part(inputs, None)?);
    let time = erase(&mut bench, inputs.small("bytes")?)?;
    let pages = bench.device.counters().erases;
    Ok(Figures::new().number("pages", pages).us("us", time))
}

/// Erases as many pages as the octets touch, where an erase is needed.
fn erase(bench: &mut Bench, octets: u32) -> Result<Span, Difference> {
    let Part { geometry: Geometry { page, .. }, .. } = *bench.device.part();
    let pages = if bench.device.part().needs_erase() { octets.div_ceil(page) } else { 0 };
    let mut time = Span::ZERO;
    for n in 0..pages {
        time += bench.run(FlashOp::Erase { at: n * page })?.time;
    }
    Ok(time)
}

/// Writing octets, padded to the write unit, to the start of the part.
pub(super) fn write_time(
    inputs: &Inputs<'_>,
    _: &Map<String, Value>,
) -> Result<Figures, Difference> {
    let part = part(inputs, None)?;
    if inputs.has("corner") && inputs.text("corner")? == "max" && part.qspi().is_none() {
        return Err(wrong("corner", "typ: no longest time of a word is stated", "max"));
    }
    let mut bench = Bench::alone(part);
    let time = write(&mut bench, inputs.small("bytes")?)?;
    let words = bench.device.counters().words;
    Ok(Figures::new().count("words", words).us("us", time))
}

fn write(bench: &mut Bench, octets: u32) -> Result<Span, Difference> {
    let Geometry { size, write_size, .. } = bench.device.part().geometry;
    if octets > size {
        return Err(wrong("bytes", &format!("at most {size}"), octets));
    }
    let data = vec![0; octets.next_multiple_of(write_size) as usize];
    Ok(bench.run(FlashOp::Write { at: 0, data })?.time)
}

/// Erasing an external part by one of its erase commands.
pub(super) fn qspi_erase(
    inputs: &Inputs<'_>,
    _: &Map<String, Value>,
) -> Result<Figures, Difference> {
    let (part, qspi) = external_part(inputs)?;
    let granule = inputs.small("granule")?;
    let Some(erase_page) = qspi.erase(granule, granule) else {
        return Err(wrong("granule", "4096, 32768 or 65536", granule));
    };
    let geometry = Geometry { page: granule, ..part.geometry };
    let mut bench = Bench::alone(Part { geometry, erase_page, ..part });
    let time = erase(&mut bench, inputs.small("bytes")?)?;
    let erases = bench.device.counters().erases;
    Ok(Figures::new().number("erases", erases).number("pages", erases).us("us", time))
}

/// Programming an external part; the time of its bus stands apart.
pub(super) fn qspi_program(
    inputs: &Inputs<'_>,
    row: &Map<String, Value>,
) -> Result<Figures, Difference> {
    let (part, qspi) = external_part(inputs)?;
    let octets = inputs.small("bytes")?;
    // Single octets go over the bus, too; only the driver's unit is larger.
    let part = Part { geometry: Geometry { write_size: 1, ..part.geometry }, ..part };
    let program = timed(part, &qspi, Span::ZERO, octets)?;
    let bus_of = |octet: Span| -> Result<Span, Difference> {
        let whole = timed(part, &qspi, octet, octets)?;
        Ok(whole.saturating_sub(program))
    };
    let mut figures = Figures::new()
        .us("us", program)
        .us("bus_us", bus_of(qspi.octet_on_bus)?)
        .us("total_us", timed(part, &qspi, qspi.octet_on_bus, octets)?)
        .number("pages", octets.div_ceil(Qspi::PAGE));
    let expect = row.get("expect").and_then(Value::as_object);
    for name in expect.into_iter().flatten().map(|(name, _)| name) {
        if let Some(octet_us) = octet_us(name) {
            let octets_on_bus = bus_of(Span::from_us(1))?.as_us();
            figures = figures.number(name, real(octets_on_bus) * octet_us);
        }
    }
    Ok(figures)
}

/// A write on a bus that takes so long for an octet.
fn timed(part: Part, qspi: &Qspi, octet_on_bus: Span, octets: u32) -> Result<Span, Difference> {
    let memory = Memory::Qspi(Qspi { octet_on_bus, ..*qspi });
    write(&mut Bench::alone(Part { memory, ..part }), octets)
}

/// Microseconds that an octet takes on the bus that a figure such as `bus_us_8MHz_quad` is about.
fn octet_us(name: &str) -> Option<f64> {
    let (mhz, lines) = name.strip_prefix("bus_us_")?.split_once("MHz_")?;
    let lines = match lines {
        "quad" => 4.0,
        "dual" => 2.0,
        "single" => 1.0,
        _ => return None,
    };
    let mhz = mhz.parse::<f64>().ok().filter(|mhz| *mhz > 0.0)?;
    Some(8.0 / (lines * mhz))
}

fn external_part(inputs: &Inputs<'_>) -> Result<(Part, Qspi), Difference> {
    let part = part(inputs, Some(Part::mx25r6435f()))?;
    let qspi = part.qspi().copied();
    qspi.map(|qspi| (part, qspi)).ok_or_else(|| wrong("soc", "an external part", part.name))
}
