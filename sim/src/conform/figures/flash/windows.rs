//! `partial_erase`, `radio_sync`, `words_per_window`, `slices_per_window`, `sync_windows`,
//! `driver_timeout_ms` and `softdevice_flash`: a driver that shares its time with a radio.

use super::super::real::{millionths, ms};
use super::super::row::{Figures, Inputs, wrong};
use super::bench::{Bench, Course, Radio, part};
use crate::conform::difference::Difference;
use flash_model::{FlashOp, Part, PartialErase, RadioSync, SyncConfig};
use serde_json::{Map, Value};
use sim_core::Span;

/// Slice of a partial erase, ms (Zephyr `SOC_FLASH_NRF_PARTIAL_ERASE_MS`).
const SLICE_MS: u8 = 3;

/// Erases a page of this part, from its start.
const ERASE: FlashOp = FlashOp::Erase { at: 0 };

/// A page full of words.
fn page_write(part: &Part) -> FlashOp {
    FlashOp::Write { at: 0, data: vec![0; part.geometry.page as usize] }
}

fn backend(inputs: &Inputs<'_>, default: Option<RadioSync>) -> Result<RadioSync, Difference> {
    match inputs.text_or("backend")? {
        Some("ticker") => Ok(RadioSync::Ticker),
        Some("mpsl") => Ok(RadioSync::Mpsl),
        Some("softdevice") => Ok(RadioSync::SoftDevice),
        Some(other) => Err(wrong("backend", "ticker, mpsl or softdevice", other)),
        None => default.ok_or_else(|| wrong("backend", "a value", "none")),
    }
}

/// Slices, where the row asks for them. A kind that is about slices must state their length.
fn slices(inputs: &Inputs<'_>, asked: bool) -> Result<Option<PartialErase>, Difference> {
    let slice_ms =
        if asked { Some(inputs.small("slice_ms")?) } else { inputs.small_or("slice_ms")? };
    let factor = inputs.number_or("factor")?.unwrap_or(1.0);
    let about_one = (0.5..=2.0).contains(&factor);
    let factor_ppm = millionths(factor).filter(|_| about_one);
    let factor_ppm = factor_ppm.ok_or_else(|| wrong("factor", "0.5 to 2", factor))?;
    let partial = inputs.truth_or("partial_erase")?.unwrap_or(asked);
    Ok(partial.then(|| PartialErase { slice_ms: slice_ms.unwrap_or(SLICE_MS), factor_ppm }))
}

fn run(part: Part, sync: SyncConfig, radio: Radio, op: FlashOp) -> Result<Course, Difference> {
    Bench::new(part, sync, radio).run(op)
}

/// Slices of one page.
pub(super) fn partial_erase(
    inputs: &Inputs<'_>,
    _: &Map<String, Value>,
) -> Result<Figures, Difference> {
    let part = part(inputs, Some(Part::nrf52840()))?;
    let radio = backend(inputs, Some(RadioSync::Mpsl))?;
    let partial_erase = slices(inputs, true)?;
    let sync = SyncConfig { radio, partial_erase, ..SyncConfig::default() };
    let course = run(part, sync, Radio::Grants, ERASE)?;
    let real: Span = course.windows.iter().fold(Span::ZERO, |sum, window| sum + window.len);
    let slices = course.units();
    let nominal = partial_erase.map_or(0, |partial| slices * u64::from(partial.slice_ms));
    Ok(Figures::new()
        .count("slices", slices)
        .count("nvmc_ms", nominal)
        .number("real_ms", ms(real))
        .count("windows", course.windows.len() as u64))
}

/// Lengths of a window and of what belongs to it.
pub(super) fn radio_sync(
    inputs: &Inputs<'_>,
    _: &Map<String, Value>,
) -> Result<Figures, Difference> {
    let part = part(inputs, Some(Part::nrf52840()))?;
    let radio = backend(inputs, None)?;
    let sync = SyncConfig { radio, partial_erase: slices(inputs, false)?, ..SyncConfig::default() };
    let op = match inputs.text("op")? {
        "write" => page_write(&part),
        "erase" => ERASE,
        other => return Err(wrong("op", "write or erase", other)),
    };
    let granted = run(part, sync, Radio::Grants, op.clone())?;
    let request = granted.first_request()?;
    let figures = Figures::new().us("request_us", request.len).us("timeslot_us", request.len);
    if radio != RadioSync::Ticker {
        return Ok(figures);
    }
    let window = granted.windows.first();
    let window = window.ok_or_else(|| Difference::new("flash", "a window", "none"))?;
    let switch = window.began.since(window.granted);
    // Refused, the driver claims time again at each tick.
    let refused = run(part, sync, Radio::Refuses, op)?;
    let [first, second, ..] = refused.requests[..] else {
        return Err(Difference::new("flash", "another request after a refusal", "none"));
    };
    let period = second.at.since(first.at);
    Ok(figures.us("switch_us", switch).us("period_us", period).us("slot_us", period + switch))
}

/// Words of the first window of a page.
pub(super) fn words_per_window(
    inputs: &Inputs<'_>,
    _: &Map<String, Value>,
) -> Result<Figures, Difference> {
    let part = part(inputs, Some(Part::nrf52840()))?;
    let write_word = inputs.span_or("t_word_us")?.unwrap_or(part.write_word);
    let part = Part { write_word, ..part };
    let (sync, slot) = (sync_of(inputs, false)?, inputs.span_or("slot_us")?);
    let course = run(part, sync, Radio::Grants, page_write(&part))?;
    check_slot(slot, &part, sync, &page_write(&part))?;
    let words = first_units(&course)?;
    Ok(Figures::new().count("words", words).count("bytes", words * 4))
}

/// Slices of the first window of a page erase.
pub(super) fn slices_per_window(
    inputs: &Inputs<'_>,
    _: &Map<String, Value>,
) -> Result<Figures, Difference> {
    let part = part(inputs, Some(Part::nrf52840()))?;
    let (sync, slot) = (sync_of(inputs, true)?, inputs.span_or("slot_us")?);
    let course = run(part, sync, Radio::Grants, ERASE)?;
    check_slot(slot, &part, sync, &ERASE)?;
    Ok(Figures::new().count("slices", first_units(&course)?))
}

fn sync_of(inputs: &Inputs<'_>, sliced: bool) -> Result<SyncConfig, Difference> {
    let partial_erase = slices(inputs, sliced)?;
    Ok(SyncConfig { radio: backend(inputs, None)?, partial_erase, ..SyncConfig::default() })
}

fn first_units(course: &Course) -> Result<u64, Difference> {
    let first = course.windows.first().map(|window| window.units.into());
    first.ok_or_else(|| Difference::new("flash", "a window", "none"))
}

/// The length of a window is the driver's own; a row may state it, but not another one.
fn check_slot(
    stated: Option<Span>,
    part: &Part,
    sync: SyncConfig,
    op: &FlashOp,
) -> Result<(), Difference> {
    let Some(stated) = stated else { return Ok(()) };
    let ticker = SyncConfig { radio: RadioSync::Ticker, ..sync };
    let refused = run(*part, ticker, Radio::Refuses, op.clone())?;
    let granted = run(*part, ticker, Radio::Grants, op.clone())?;
    let slot = match (&refused.requests[..], granted.windows.first()) {
        ([first, second, ..], Some(window)) => {
            second.at.since(first.at) + window.began.since(window.granted)
        }
        _ => Span::ZERO,
    };
    let request = run(*part, sync, Radio::Grants, op.clone())?.first_request()?.len;
    if stated == slot || stated == request {
        return Ok(());
    }
    let what = format!("{} us of work or {} us with slack", slot.as_us(), request.as_us());
    Err(wrong("slot_us", &what, format!("{} us", stated.as_us())))
}

/// Windows and slices of pages that are erased in a row, or words that are written.
pub(super) fn sync_windows(
    inputs: &Inputs<'_>,
    _: &Map<String, Value>,
) -> Result<Figures, Difference> {
    let part = part(inputs, Some(Part::nrf52840()))?;
    let op = inputs.text_or("op")?.unwrap_or("erase");
    let mut bench = Bench::new(part, sync_of(inputs, op == "erase")?, Radio::Grants);
    let mut units = 0;
    match op {
        "erase" => {
            for page in 0..inputs.small("pages")? {
                let at = page * part.geometry.page;
                units += bench.run(FlashOp::Erase { at })?.units();
            }
        }
        "write" => {
            let octets = inputs.small::<u32>("bytes")?.next_multiple_of(part.geometry.write_size);
            let data = vec![0; octets as usize];
            units += bench.run(FlashOp::Write { at: 0, data })?.units();
        }
        other => return Err(wrong("op", "erase or write", other)),
    }
    Ok(Figures::new()
        .count("slices", units)
        .count("words", units)
        .number("windows", bench.device.window_counters().windows))
}

/// When the driver gives up a call for which the radio never finds time.
pub(super) fn driver_timeout(
    inputs: &Inputs<'_>,
    _: &Map<String, Value>,
) -> Result<Figures, Difference> {
    let part = part(inputs, Some(Part::nrf52840()))?;
    let sync = SyncConfig {
        radio: backend(inputs, Some(RadioSync::Mpsl))?,
        partial_erase: slices(inputs, false)?,
        timeout_multiplier: inputs.small("multiplier")?,
    };
    let course = run(part, sync, Radio::GrantsTimes(0), page_write(&part))?;
    if !course.failed {
        return Err(Difference::new("flash", "a call that is given up", "one that ends"));
    }
    Ok(Figures::new().number("ms", ms(course.time)))
}

/// Longest interrupt of an operation of a `SoftDevice`: the time that it asks its radio for.
pub(super) fn softdevice_flash(
    inputs: &Inputs<'_>,
    _: &Map<String, Value>,
) -> Result<Figures, Difference> {
    let part = part(inputs, Some(Part::nrf52840()))?;
    let sync = SyncConfig { radio: RadioSync::SoftDevice, ..SyncConfig::default() };
    let op = match inputs.text("op")? {
        "page_erase" | "erase" => ERASE,
        "write" => {
            let words = inputs.small::<u32>("words")?;
            if words == 0 || words > part.geometry.page / 4 {
                return Err(wrong("words", "1 to those of a page", words));
            }
            FlashOp::Write { at: 0, data: vec![0; words as usize * 4] }
        }
        other => return Err(wrong("op", "page_erase or write", other)),
    };
    let course = run(part, sync, Radio::Grants, op)?;
    Ok(Figures::new().us("isr_max_us", course.first_request()?.len))
}
