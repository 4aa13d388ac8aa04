//! `stream_flash`, `progressive_ingest`, `rram_ingest` and `rate_bound`: an image on its way
//! through the server's buffer into flash, erased page by page as it comes.

use super::super::real::ms;
use super::super::row::{Figures, Inputs, wrong};
use super::bench::{Bench, part};
use crate::conform::difference::Difference;
use flash_model::{Area, FlashOp, Memory, Part};
use serde_json::{Map, Value};
use server_model::StreamFlash;
use sim_core::Span;

/// Default of `IMG_BLOCK_BUF_SIZE`, octets (Zephyr `subsys/dfu/Kconfig`).
const BUFFER: u32 = 512;

/// Octets of a chunk: any number, since the buffer alone decides when flash is written.
const CHUNK: usize = 469;

/// Pages of an image whose rate is measured.
const RATE_PAGES: u32 = 64;

/// What became of octets that were fed to the buffer.
#[derive(Clone, Copy, Debug, Default)]
struct Fed {
    writes: u64,
    erases: u64,
    /// Octets of all writes, padding among them.
    written: u64,
    /// Octets that wait in the buffer.
    buffered: u64,
    erase: Span,
    write: Span,
}

/// Feeds an image into an erased or used slot at the start of the part.
fn feed(
    bench: &mut Bench,
    octets: u32,
    buffer: u32,
    erases: bool,
    flush: bool,
) -> Result<Fed, Difference> {
    let geometry = bench.device.part().geometry;
    let erases = erases && bench.device.part().needs_erase();
    if octets > geometry.size {
        return Err(wrong("bytes", &format!("at most {}", geometry.size), octets));
    }
    let mut stream = StreamFlash::default();
    stream.restart(Area::new(0, geometry.size), buffer);
    let mut fed = Fed::default();
    let mut flush_now = |stream: &mut StreamFlash, fed: &mut Fed| -> Result<(), Difference> {
        if erases && let Some(op) = stream.erase_for_flush(&geometry) {
            fed.erases += 1;
            fed.erase += bench.run(op)?.time;
        }
        let op = stream.flush(&geometry);
        if let FlashOp::Write { data, .. } = &op {
            fed.writes += 1;
            fed.written += data.len() as u64;
        }
        fed.write += bench.run(op)?.time;
        stream.take_back(Vec::with_capacity(buffer as usize));
        Ok(())
    };
    for chunk in vec![0; octets as usize].chunks(CHUNK) {
        let mut left = chunk;
        while !left.is_empty() {
            left = &left[stream.fill(left)..];
            if stream.is_full() {
                flush_now(&mut stream, &mut fed)?;
            }
        }
    }
    if flush && !stream.is_empty() {
        flush_now(&mut stream, &mut fed)?;
    }
    fed.buffered = u64::from(octets).saturating_sub(stream.next_at().into());
    Ok(fed)
}

/// A buffer that stream flash can have: whole write blocks, no larger than a page.
fn buffer(inputs: &Inputs<'_>, key: &str, part: &Part) -> Result<u32, Difference> {
    let buffer = inputs.small_or(key)?.unwrap_or(BUFFER);
    let unit = part.geometry.write_size;
    if buffer == 0 || buffer % unit != 0 || buffer > part.geometry.page {
        let what = format!("a multiple of {unit} up to {}", part.geometry.page);
        return Err(wrong(key, &what, buffer));
    }
    Ok(buffer)
}

/// Writes and erases of so many octets.
pub(super) fn stream_flash(
    inputs: &Inputs<'_>,
    _: &Map<String, Value>,
) -> Result<Figures, Difference> {
    let part = part(inputs, Some(Part::nrf52840()))?;
    if !inputs.has("buffer") {
        return Err(wrong("buffer", "a value", "none"));
    }
    let buffer = buffer(inputs, "buffer", &part)?;
    let octets = inputs.small("bytes")?;
    let flush = inputs.truth_or("final_flush")?.unwrap_or(false);
    let erases = inputs.truth_or("progressive_erase")?.unwrap_or(true);
    let fed = feed(&mut Bench::alone(part), octets, buffer, erases, flush)?;
    let in_flash = u64::from(octets) - fed.buffered;
    Ok(Figures::new()
        .count("flash_writes", fed.writes)
        .count("page_erases", fed.erases)
        .count("buffered", fed.buffered)
        .count("pad_bytes", fed.written - in_flash)
        .count("bytes_written", fed.written))
}

/// Pages, words and times of an image.
pub(super) fn progressive_ingest(
    inputs: &Inputs<'_>,
    _: &Map<String, Value>,
) -> Result<Figures, Difference> {
    let part = part(inputs, None)?;
    let buffer = buffer(inputs, "buffer_bytes", &part)?;
    let mut bench = Bench::alone(part);
    let fed = feed(&mut bench, inputs.small("image_bytes")?, buffer, true, true)?;
    Ok(Figures::new()
        .count("pages", fed.erases)
        .count("words", bench.device.counters().words)
        .us("erase_us", fed.erase)
        .us("write_us", fed.write)
        .us("total_us", fed.erase + fed.write))
}

/// Words and time of an image in memory that needs no erase.
pub(super) fn rram_ingest(
    inputs: &Inputs<'_>,
    _: &Map<String, Value>,
) -> Result<Figures, Difference> {
    let part = part(inputs, Some(Part::nrf54l15()))?;
    let part = written_as(part, inputs.text("mode")?)?;
    let buffer = buffer(inputs, "buffer_bytes", &part)?;
    let mut bench = Bench::alone(part);
    let fed = feed(&mut bench, inputs.small("image_bytes")?, buffer, true, true)?;
    Ok(Figures::new().count("words", bench.device.counters().words).us("us", fed.erase + fed.write))
}

/// Octets a second of an image that arrives as fast as flash takes it.
pub(super) fn rate_bound(
    inputs: &Inputs<'_>,
    _: &Map<String, Value>,
) -> Result<Figures, Difference> {
    let part = part(inputs, None)?;
    let mode = inputs.text("mode")?;
    let (part, erases) = match mode {
        "erase on the fly" => (part, true),
        "erased before"
        | "erased beforehand"
        | "slot erased beforehand"
        | "pre-erased"
        | "no erase"
        | "write only" => (part, false),
        _ => (written_as(part, mode)?, false),
    };
    if !part.needs_erase() && erases {
        return Err(wrong("mode", "a mode of memory that needs no erase", mode));
    }
    let buffer = buffer(inputs, "buffer_bytes", &part)?;
    let octets = RATE_PAGES * part.geometry.page;
    let fed = feed(&mut Bench::alone(part), octets, buffer, erases, true)?;
    let time = fed.erase + fed.write;
    let per_ms = f64::from(octets) / ms(time);
    Ok(Figures::new().number("kBps", per_ms).number("kbps", per_ms * 8.0))
}

/// Resistive memory with its write buffer as a row states it, or without.
fn written_as(part: Part, mode: &str) -> Result<Part, Difference> {
    let Memory::Rram { write_word_unbuffered } = part.memory else {
        return Err(wrong("mode", "a mode of this part", mode));
    };
    match mode {
        "WRITEBUFSIZE=1" | "buffered 1" | "buffered1" => Ok(part),
        "WRITEBUFSIZE=0" | "unbuffered" => Ok(Part { write_word: write_word_unbuffered, ..part }),
        _ => Err(wrong("mode", "WRITEBUFSIZE=1, buffered 1, WRITEBUFSIZE=0 or unbuffered", mode)),
    }
}
