//! Heat maps: the median of a time by two axes.

use super::svg::{Anchor, Svg, escape, width_of};
use crate::sweep::table::{name, seconds};
use sim::scenario::value::Value;
use sim::sweep::{CellSummary, Spread, Summary};
use sim_core::Span;

const CELL: (f64, f64) = (86.0, 40.0);
const HEAD: f64 = 44.0;

/// A map: rows by columns of cells.
struct Map<'s> {
    title: String,
    columns_are: String,
    rows: Vec<(String, Vec<&'s CellSummary>)>,
}

/// The maps of one time, `of` which is taken from a cell.
pub(super) fn maps(summary: &Summary, of: fn(&CellSummary) -> Option<&Spread<Span>>) -> String {
    let maps = split(summary);
    let medians = || summary.cells.iter().filter_map(of).map(|s| s.median.as_secs_f64());
    let low = medians().fold(f64::INFINITY, f64::min);
    let high = medians().fold(0.0, f64::max);
    let ramp = Ramp { low, high };
    maps.iter().map(|map| draw(map, summary, of, &ramp)).collect()
}

/// With no or one varied setting strategies are the rows; else there is a map a strategy, and the
/// last setting has the columns.
fn split(summary: &Summary) -> Vec<Map<'_>> {
    let axes = &summary.heading.axes;
    let (columns_are, before) = match axes.split_last() {
        Some((last, before)) => ((*last).to_owned(), before.len()),
        None => (String::new(), 0),
    };
    let mut maps: Vec<Map<'_>> = Vec::new();
    for cell in &summary.cells {
        let strategy = cell.cell.strategy.name();
        let row = match before {
            0 => strategy.to_owned(),
            _ => pairs(&axes[..before], &cell.cell.values[..before]),
        };
        let title = if before == 0 { String::new() } else { strategy.to_owned() };
        if maps.last().is_none_or(|map| map.title != title) {
            maps.push(Map { title, columns_are: columns_are.clone(), rows: Vec::new() });
        }
        let Some(map) = maps.last_mut() else { continue };
        match map.rows.last_mut() {
            Some((last, cells)) if *last == row => cells.push(cell),
            _ => map.rows.push((row, vec![cell])),
        }
    }
    maps
}

fn pairs(keys: &[&str], values: &[Value]) -> String {
    let pair = |(key, value): (&&str, &Value)| format!("{key}={}", shown(value));
    keys.iter().zip(values).map(pair).collect::<Vec<_>>().join(" ")
}

fn shown(value: &Value) -> String {
    value.to_string().replace('"', "")
}

fn draw(
    map: &Map<'_>,
    summary: &Summary,
    of: fn(&CellSummary) -> Option<&Spread<Span>>,
    ramp: &Ramp,
) -> String {
    let left = map.rows.iter().map(|(row, _)| width_of(row)).fold(40.0, f64::max) + 12.0;
    // All values of the last setting, also where a sweep that was stopped has no cell.
    let mut columns: Vec<Option<&Value>> = Vec::new();
    for (_, cells) in &map.rows {
        for value in cells.iter().map(|cell| cell.cell.values.last()) {
            if !columns.contains(&value) {
                columns.push(value);
            }
        }
    }
    let mut svg = Svg::new();
    svg.text((left, 14.0), Anchor::Start, r#"class="axis""#, &map.columns_are);
    for (i, value) in columns.iter().enumerate() {
        let x = left + CELL.0 * (i as f64 + 0.5);
        let label = value.map_or_else(|| "median".to_owned(), shown);
        svg.text((x, HEAD - 10.0), Anchor::Middle, r#"class="label""#, &label);
    }
    for (i, (row, cells)) in map.rows.iter().enumerate() {
        let y = HEAD + CELL.1 * i as f64;
        svg.text((left - 8.0, y + 24.0), Anchor::End, r#"class="label""#, row);
        for cell in cells {
            let column = columns.iter().position(|value| *value == cell.cell.values.last());
            let x = left + CELL.0 * column.unwrap_or_default() as f64;
            draw_cell(&mut svg, (x, y), cell, of(cell), summary, ramp);
        }
    }
    let width = left + CELL.0 * columns.len() as f64 + 4.0;
    let height = HEAD + CELL.1 * map.rows.len() as f64 + 4.0;
    let title = match map.title.as_str() {
        "" => String::new(),
        title => format!("<h3>{}</h3>\n", escape(title)),
    };
    title + &svg.finish(width, height, &format!("heat map {}", map.title))
}

fn draw_cell(
    svg: &mut Svg,
    (x, y): (f64, f64),
    cell: &CellSummary,
    spread: Option<&Spread<Span>>,
    summary: &Summary,
    ramp: &Ramp,
) {
    let (centre, size) = (x + CELL.0 / 2.0, (CELL.0 - 2.0, CELL.1 - 2.0));
    let counts = cell.counts;
    let range = match (spread, cell.reason.as_deref()) {
        (_, Some(reason)) => format!(": n/a: {reason}"),
        (Some(s), None) => {
            let (least, most) = (seconds(s.min), seconds(s.max));
            format!(": median {} s, {least} to {most} s", seconds(s.median))
        }
        (None, None) => String::new(),
    };
    let title = name(summary, cell) + &range;
    svg.titled(&title, |svg| {
        let (fill, ink) = match spread {
            Some(spread) => ramp.colours(spread.median.as_secs_f64()),
            None => (r#"class="none""#.to_owned(), r#"class="label""#.to_owned()),
        };
        svg.rect((x, y), size, &fill);
        let figure = match spread {
            Some(spread) => seconds(spread.median),
            None if cell.reason.is_some() => "n/a".to_owned(),
            None => "none".to_owned(),
        };
        let failed = counts.failed > 0;
        let line = if failed { 17.0 } else { 24.0 };
        svg.text((centre, y + line), Anchor::Middle, &ink, &figure);
        if failed {
            let text = format!("{}/{} failed", counts.failed, counts.done());
            svg.text((centre, y + 32.0), Anchor::Middle, &format!("{ink} font-size=\"10\""), &text);
        }
    });
}

/// Colours of times, from light for the shortest to dark for the longest, apart also for eyes that
/// see few colours.
struct Ramp {
    low: f64,
    high: f64,
}

const STOPS: [(f64, f64, f64); 5] = [
    (254.0, 232.0, 130.0),
    (200.0, 185.0, 120.0),
    (135.0, 134.0, 120.0),
    (75.0, 85.0, 107.0),
    (10.0, 45.0, 90.0),
];

impl Ramp {
    /// Fill and ink of a time, as attributes.
    fn colours(&self, seconds: f64) -> (String, String) {
        let range = (self.high / self.low).ln();
        let part = if range > 0.0 { (seconds / self.low).ln() / range } else { 0.0 };
        let at = part.clamp(0.0, 1.0) * (STOPS.len() - 1) as f64;
        let i = (at as usize).min(STOPS.len() - 2);
        let mix = |a: f64, b: f64| (a + (b - a) * (at - i as f64)).round() as u8;
        let ((r, g, b), (to_r, to_g, to_b)) = (STOPS[i], STOPS[i + 1]);
        let (r, g, b) = (mix(r, to_r), mix(g, to_g), mix(b, to_b));
        let bright = u32::from(r) * 3 + u32::from(g) * 6 + u32::from(b) > 1_300;
        let ink = if bright { "#111" } else { "#fff" };
        (format!(r#"fill="rgb({r},{g},{b})""#), format!(r#"fill="{ink}""#))
    }
}
